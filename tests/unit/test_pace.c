/* test_pace.c: when a descriptor is looked at less often, and when at once again. */
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/pace.h"
#include "util.h"

struct fixture {
	struct event_base *base;
	struct pace pace;
	int ends[2];
	unsigned calls;
	uint64_t now;
};

/* It reads nothing: its descriptor stays readable. */
static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct fixture *f = ctx;

	(void)fd, (void)what;
	f->calls++;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->base = event_base_new();
	assert_non_null(f->base);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->ends), 0);
	assert_int_equal(write(f->ends[1], "x", 1), 1);
	assert_true(pace_init(&f->pace, f->base, f->ends[0], on_readable, f));
	assert_true(pace_start(&f->pace));
	f->now = 1000000;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	pace_fini(&f->pace);
	event_base_free(f->base);
	close(f->ends[0]);
	close(f->ends[1]);
	free(f);
	return 0;
}

/* So many wakeups, one after the other. */
static void
wake(struct fixture *f, unsigned times, unsigned packets, uint64_t apart)
{
	while (times-- > 0)
		pace_next(&f->pace, packets, f->now += apart);
}

static bool
is_looked_at(struct fixture *f)
{
	return event_pending(f->pace.read, EV_READ, NULL) != 0;
}

/* Little and often, until it is looked at less often. */
static void
wake_until_paced(struct fixture *f, uint64_t apart)
{
	for (unsigned i = 0; i < 20 && is_looked_at(f); i++)
		wake(f, 1, 1, apart);
	assert_false(is_looked_at(f));
}

/* The callback, whoever calls it. */
static void
await_call(struct fixture *f)
{
	f->calls = 0;
	assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
	assert_int_equal(f->calls, 1);
}

static void
few_and_often_is_paced(void **state)
{
	struct fixture *f = *state;

	await_call(f);
	wake_until_paced(f, PACE_WAIT_US - 1);
	await_call(f); /* by the timer */
	pace_next(&f->pace, 5, f->now);
	assert_false(is_looked_at(f));
	await_call(f);
}

static void
slow_is_not(void **state)
{
	struct fixture *f = *state;

	wake(f, 100, 1, PACE_WAIT_US);
	assert_true(is_looked_at(f));
}

static void
many_are_not(void **state)
{
	struct fixture *f = *state;

	wake(f, 100, 16, 1);
	assert_true(is_looked_at(f));
}

static void
a_burst_is_not(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 10; i++) {
		wake(f, 5, 1, 10);
		wake(f, 1, 1, 10 * PACE_WAIT_US);
	}
	assert_true(is_looked_at(f));
}

/* It ends with the first wait in which next to nothing came, and begins again only after as many wakeups. */
static void
it_ends(void **state)
{
	struct fixture *f = *state;

	wake_until_paced(f, 10);
	wake(f, 1, 1, PACE_WAIT_US);
	assert_true(is_looked_at(f));
	await_call(f);
	wake(f, 2, 1, 10);
	assert_true(is_looked_at(f));
	wake_until_paced(f, 10);
	await_call(f);
}

static void
much_ends_it(void **state)
{
	struct fixture *f = *state;

	wake_until_paced(f, 10);
	wake(f, 1, PACE_MUCH, PACE_WAIT_US);
	assert_true(is_looked_at(f));
	wake(f, 100, PACE_MUCH, 1);
	assert_true(is_looked_at(f));
}

static void
stopped_is_stopped(void **state)
{
	struct fixture *f = *state;
	struct itimerspec left = {{0}, {0, 1}};

	wake_until_paced(f, 10);
	pace_stop(&f->pace);
	assert_false(is_looked_at(f));
	assert_int_equal(timerfd_gettime(f->pace.timer, &left), 0);
	assert_int_equal(left.it_value.tv_nsec, 0);
	f->calls = 0;
	assert_true(event_base_loop(f->base, EVLOOP_NONBLOCK) >= 0);
	assert_int_equal(f->calls, 0);
	assert_true(pace_start(&f->pace));
	await_call(f);
}

/* Another callback of the same round stops it: it is not called any more in this round either. */
static void
stopped_in_the_round_in_which_it_is_due(void **state)
{
	struct fixture *f = *state;

	wake_until_paced(f, 10);
	while (poll(&(struct pollfd){.fd = f->pace.timer, .events = POLLIN}, 1, -1) != 1)
		;
	event_active(f->pace.due, EV_READ, 0);
	pace_stop(&f->pace);
	f->calls = 0;
	assert_true(event_base_loop(f->base, EVLOOP_NONBLOCK) >= 0);
	assert_int_equal(f->calls, 0);
	assert_true(pace_start(&f->pace));
	wake_until_paced(f, 10);
	await_call(f);
}

/* Where no descriptor is to be had all goes on without. */
static void
without_a_descriptor(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	wake(f, 20, 1, 10);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(is_looked_at(f));
	await_call(f);
	wake_until_paced(f, 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(few_and_often_is_paced, setup, teardown),
	    cmocka_unit_test_setup_teardown(slow_is_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(many_are_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_burst_is_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(it_ends, setup, teardown),
	    cmocka_unit_test_setup_teardown(much_ends_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(stopped_is_stopped, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		stopped_in_the_round_in_which_it_is_due, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_a_descriptor, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
