/* test_retry.c: when it dials again, and when never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/retry.h"
#include "pptp.h"

#define MIDDLE 0x7fffffffu /* of the jitter: none, but for a few microseconds */

static bool
next(struct retry *retry, const struct config *config, int code, uint64_t up_for, uint64_t *wait)
{
	const struct retry_end end = {.exit_code = code, .up_for = up_for, .random = MIDDLE};

	return retry_next(retry, config, &end, wait);
}

static void
a_refused_password_is_not_tried_again(void **state)
{
	struct config config = {
	    .server_count = 2, .persist = true, .first_delay = 1, .max_delay = 8};
	static const int never[] = {EXIT_OK, EXIT_USAGE, EXIT_CONFIG, EXIT_PRIVILEGE, EXIT_SYSTEM,
	    EXIT_AUTH, EXIT_PEER_AUTH, EXIT_ENCRYPTION, EXIT_TIMEOUT, EXIT_EXISTS, EXIT_NO_DAEMON};
	uint64_t wait;

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		struct retry retry = {0};

		assert_false(next(&retry, &config, never[i], 0, &wait));
	}
	struct retry retry = {0};
	config.retry_after_auth = true;
	assert_true(next(&retry, &config, EXIT_AUTH, 0, &wait));
}

/* Role "auto": who calls with a wrong password must not end what dials, too; our own host's faults do. */
static void
what_is_the_callers_fault_is_no_end(void **state)
{
	static const int passing[] = {EXIT_PEER_AUTH, EXIT_AUTH, EXIT_ENCRYPTION, EXIT_GRE};
	static const int never[] = {EXIT_OK, EXIT_CONFIG, EXIT_PRIVILEGE, EXIT_SYSTEM};
	const struct config config = {
	    .server_count = 1, .persist = true, .first_delay = 3, .max_delay = 20};
	struct retry retry = {0};
	uint64_t wait;

	(void)state;
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		const struct retry_end end = {.exit_code = passing[i], .answered = true};

		assert_true(retry_next(&retry, &config, &end, &wait));
		assert_true(wait > 0);
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		const struct retry_end end = {.exit_code = never[i], .answered = true};

		assert_false(retry_next(&retry, &config, &end, &wait));
	}
}

/* Role "auto" (design D14): refused for good, it is not dialled again, and is needed to answer. */
static void
who_answers_goes_on_when_its_dial_is_refused(void **state)
{
	static const int refused[] = {EXIT_AUTH, EXIT_PEER_AUTH, EXIT_ENCRYPTION};
	struct config config = {.role = ROLE_AUTO,
	    .server_count = 2,
	    .persist = true,
	    .first_delay = 3,
	    .max_delay = 20,
	    .max_tries = 1};
	const struct retry_end answered = {
	    .exit_code = EXIT_PEER_HANGUP, .answered = true, .up_for = 99 * PPTP_SEC};
	const struct retry_end broken = {.exit_code = EXIT_SYSTEM, .answered = true};
	const struct retry_end asked = {.exit_code = EXIT_OK, .asked = true};
	uint64_t wait;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct retry retry = {.server = 1, .tries = 5};

		assert_true(next(&retry, &config, refused[i], 0, &wait));
		assert_true(wait == PPTP_NEVER && retry.barred);
		assert_int_equal(retry.server + retry.tries, 0);
		/* A call of the peer's, up or not, changes nothing of that. */
		assert_true(retry_next(&retry, &config, &answered, &wait));
		assert_true(wait == PPTP_NEVER);
		assert_true(next(&retry, &config, EXIT_GRE, 0, &wait));
		assert_true(wait == PPTP_NEVER);
		assert_false(retry_next(&retry, &config, &broken, &wait));
		assert_true(retry_next(&retry, &config, &asked, &wait));
		assert_true(wait == 0 && !retry.barred);
	}
	struct retry retry = {0};
	config.persist = false; /* once, it was said */
	assert_false(next(&retry, &config, EXIT_AUTH, 0, &wait));
	config.persist = true;
	config.retry_after_auth = true;
	config.server_count = 1;
	config.max_tries = 0;
	assert_true(next(&retry, &config, EXIT_AUTH, 0, &wait));
	assert_true(wait != PPTP_NEVER && !retry.barred);
}

static void
the_delay_doubles_up_to_the_most(void **state)
{
	const struct config config = {
	    .server_count = 1, .persist = true, .first_delay = 3, .max_delay = 20};
	static const unsigned seconds[] = {3, 6, 12, 20, 20};
	struct retry retry = {0};
	uint64_t wait;

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		assert_true(next(&retry, &config, EXIT_TCP, 0, &wait));
		assert_in_range(wait, seconds[i] * PPTP_SEC - 1000, seconds[i] * PPTP_SEC + 1000);
	}
	/* A good while up: from the start again. */
	assert_true(next(&retry, &config, EXIT_DEAD_PEER, 60 * PPTP_SEC, &wait));
	assert_in_range(wait, 3 * PPTP_SEC - 1000, 3 * PPTP_SEC + 1000);
}

static void
chance_moves_it_by_a_quarter(void **state)
{
	const struct config config = {
	    .server_count = 1, .persist = true, .first_delay = 8, .max_delay = 8};
	struct retry_end end = {.exit_code = EXIT_TCP};
	struct retry retry = {0};
	uint64_t wait;

	(void)state;
	assert_true(retry_next(&retry, &config, &end, &wait));
	assert_int_equal(wait, 6 * PPTP_SEC);
	end.random = UINT32_MAX;
	assert_true(retry_next(&retry, &config, &end, &wait));
	assert_int_equal(wait, 10 * PPTP_SEC);
}

static void
max_tries_is_the_end(void **state)
{
	const struct config config = {
	    .server_count = 1, .persist = true, .first_delay = 1, .max_delay = 1, .max_tries = 3};
	struct retry retry = {0};
	uint64_t wait;

	(void)state;
	assert_true(next(&retry, &config, EXIT_TCP, 0, &wait));
	assert_true(next(&retry, &config, EXIT_TCP, 0, &wait));
	assert_false(next(&retry, &config, EXIT_TCP, 0, &wait));
}

/* The end of one that held is no try; of one that breaks at once it is, and is never the last. */
static void
having_been_up_is_no_try(void **state)
{
	const struct config config = {
	    .server_count = 1, .persist = true, .first_delay = 4, .max_delay = 8, .max_tries = 2};
	struct retry retry = {0};
	uint64_t wait;

	(void)state;
	assert_true(next(&retry, &config, EXIT_DEAD_PEER, 60 * PPTP_SEC, &wait));
	assert_int_equal(retry.tries, 0);
	assert_in_range(wait, 4 * PPTP_SEC - 1000, 4 * PPTP_SEC + 1000);
	assert_true(next(&retry, &config, EXIT_TCP, 0, &wait));
	assert_false(next(&retry, &config, EXIT_TCP, 0, &wait));
	assert_int_equal(retry.tries, 2);
	for (unsigned i = 3; i < 6; i++) {
		assert_true(next(&retry, &config, EXIT_PEER_HANGUP, PPTP_SEC, &wait));
		assert_int_equal(retry.tries, i);
	}
}

static void
every_server_has_its_turn_without_persist(void **state)
{
	const struct config config = {.server_count = 3};
	struct retry retry = {0};
	uint64_t wait = 1;

	(void)state;
	assert_true(next(&retry, &config, EXIT_TCP, 0, &wait));
	assert_int_equal(retry.server, 1);
	assert_int_equal(wait, 0);
	assert_true(next(&retry, &config, EXIT_LOOKUP, 0, &wait));
	assert_int_equal(retry.server, 2);
	assert_false(next(&retry, &config, EXIT_TCP, 0, &wait));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_refused_password_is_not_tried_again),
	    cmocka_unit_test(who_answers_goes_on_when_its_dial_is_refused),
	    cmocka_unit_test(what_is_the_callers_fault_is_no_end),
	    cmocka_unit_test(the_delay_doubles_up_to_the_most),
	    cmocka_unit_test(chance_moves_it_by_a_quarter),
	    cmocka_unit_test(max_tries_is_the_end),
	    cmocka_unit_test(having_been_up_is_no_try),
	    cmocka_unit_test(every_server_has_its_turn_without_persist),
	};

	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
