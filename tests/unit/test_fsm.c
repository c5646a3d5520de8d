/*
 * The engine of the state tables.
 */
#include "fsm.h"
#include "util.h"

enum { OFF, ON };
enum { PUSH, PULL, BREAK };

struct lamp {
	unsigned state;
	unsigned state_seen;
	unsigned lit;
};

static int
light(void *object, const void *input, uint64_t now)
{
	struct lamp *lamp = object;

	assert_int_equal(*(const int *)input, 42);
	assert_int_equal(now, 7);
	lamp->lit++;
	lamp->state_seen = lamp->state;
	return PPTP_OK;
}

static int
explode(void *object, const void *input, uint64_t now)
{
	(void)object;
	(void)input;
	(void)now;
	return PPTP_ERR_NOMEM;
}

static const char *const states[] = {"off", "on"};
static const char *const events[] = {"push", "pull", "break"};
static const struct fsm_row rows[] = {
    {OFF, PUSH, light, ON},
    {ON, PULL, NULL, OFF},
    {ON, BREAK, explode, OFF},
};
static const struct fsm fsm = {"lamp", states, 2, events, 3, rows, 3};

static void
an_arrow_moves_and_then_acts(void **state)
{
	struct lamp lamp = {.state = OFF};
	int input = 42;

	(void)state;
	assert_int_equal(fsm_step(&fsm, &lamp.state, PUSH, &lamp, &input, 7), PPTP_OK);
	assert_int_equal(lamp.state, ON);
	assert_int_equal(lamp.state_seen, ON);
	assert_int_equal(lamp.lit, 1);
}

static void
an_arrow_without_action_only_moves(void **state)
{
	struct lamp lamp = {.state = ON};

	(void)state;
	assert_int_equal(fsm_step(&fsm, &lamp.state, PULL, &lamp, NULL, 7), PPTP_OK);
	assert_int_equal(lamp.state, OFF);
	assert_int_equal(lamp.lit, 0);
}

static void
no_arrow_changes_nothing(void **state)
{
	struct lamp lamp = {.state = OFF};

	(void)state;
	assert_null(fsm_find(&fsm, OFF, PULL));
	assert_int_equal(fsm_step(&fsm, &lamp.state, PULL, &lamp, NULL, 7), PPTP_ERR_STATE);
	assert_int_equal(lamp.state, OFF);
}

static void
the_error_of_an_action_comes_back(void **state)
{
	struct lamp lamp = {.state = ON};

	(void)state;
	assert_int_equal(fsm_step(&fsm, &lamp.state, BREAK, &lamp, NULL, 7), PPTP_ERR_NOMEM);
}

static void
names_are_bounded(void **state)
{
	(void)state;
	assert_string_equal(fsm_state_name(&fsm, ON), "on");
	assert_string_equal(fsm_event_name(&fsm, BREAK), "break");
	assert_string_equal(fsm_state_name(&fsm, 2), "unknown");
	assert_string_equal(fsm_event_name(&fsm, 3), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_arrow_moves_and_then_acts),
	    cmocka_unit_test(an_arrow_without_action_only_moves),
	    cmocka_unit_test(no_arrow_changes_nothing),
	    cmocka_unit_test(the_error_of_an_action_comes_back),
	    cmocka_unit_test(names_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
