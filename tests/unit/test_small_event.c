/*
 * test_small_event.c: what the drop-in asks of its loop.  Two programs are made of this: over
 * small/event.c, and over libevent itself, which says what is right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 40

/* A loop, two pairs of sockets, and what its events' calls have done. */
struct room {
	struct event_base *base;
	int one[2], two[2];
	struct event *first, *second, *third;
	unsigned calls;
	unsigned seconds; /* calls of `second` */
	int what, fd;     /* of the last call */
	int spare;        /* a descriptor for whoever needs one */
};

static const struct timeval AT_ONCE = {0, 0}, SOON = {0, 1000}, HOUR = {3600, 0};

static int
room_init(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	assert_non_null(room);
	room->base = event_base_new();
	assert_non_null(room->base);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, room->one), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, room->two), 0);
	*state = room;
	return 0;
}

static int
room_fini(void **state)
{
	struct room *room = *state;
	struct event *events[] = {room->first, room->second, room->third};

	for (size_t i = 0; i < 3; i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	event_base_free(room->base);
	for (size_t i = 0; i < 2; i++) {
		close(room->one[i]);
		close(room->two[i]);
	}
	free(room);
	return 0;
}

static void
fill(const int pair[2])
{
	assert_int_equal(write(pair[1], "x", 1), 1);
}

static void
empty(int fd)
{
	char octet;

	assert_int_equal(read(fd, &octet, 1), 1);
}

static struct event *
added(struct event *event, const struct timeval *after)
{
	assert_non_null(event);
	assert_int_equal(event_add(event, after), 0);
	return event;
}

static struct event *
reader(struct room *room, int fd, event_callback_fn callback)
{
	return added(event_new(room->base, fd, EV_READ | EV_PERSIST, callback, room), NULL);
}

/* It ends when nothing is left to wait for. */
static void
run_out(struct room *room)
{
	assert_int_equal(event_base_dispatch(room->base), 1);
}

static void
count(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	room->calls++;
	room->fd = fd;
	room->what = what;
}

static void
count_second(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	(void)fd, (void)what;
	room->seconds++;
}

static void
count_and_break(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	count(fd, what, ctx);
	event_base_loopbreak(room->base);
}

static void
drop_all(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;
	struct event *events[] = {room->first, room->second, room->third};

	count(fd, what, ctx);
	for (size_t i = 0; i < 3; i++) {
		if (events[i] != NULL)
			event_del(events[i]);
	}
}

/* ------------------------------------------------------------------------------ descriptors */

static void
nothing_to_wait_for_ends_the_loop(void **state)
{
	run_out(*state);
}

static void
a_readable_descriptor_is_told_once(void **state)
{
	struct room *room = *state;

	room->first = added(event_new(room->base, room->one[0], EV_READ, count, room), NULL);
	fill(room->one);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->what, EV_READ);
	assert_int_equal(room->fd, room->one[0]);
	assert_int_equal(event_pending(room->first, EV_READ, NULL), 0);
}

static void
read_until_two(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	count(fd, what, ctx);
	empty(fd);
	if (room->calls == 2)
		event_del(room->first);
}

static void
what_is_not_read_is_told_again(void **state)
{
	struct room *room = *state;

	room->first = reader(room, room->one[0], read_until_two);
	fill(room->one);
	fill(room->one); /* the first call takes one of the two */
	run_out(room);
	assert_int_equal(room->calls, 2);
}

static void
added_twice_is_added_once(void **state)
{
	struct room *room = *state;

	room->first = reader(room, room->one[0], drop_all);
	assert_int_equal(event_add(room->first, NULL), 0);
	fill(room->one);
	run_out(room);
	assert_int_equal(room->calls, 1);
}

static void
both_directions_of_a_descriptor_are_two_events(void **state)
{
	struct room *room = *state;

	room->first = reader(room, room->one[0], drop_all);
	room->second =
	    added(event_new(room->base, room->one[0], EV_WRITE, count_second, room), NULL);
	event_del(room->second); /* and what is left waits on */
	fill(room->one);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->seconds, 0);

	assert_int_equal(event_add(room->first, NULL), 0);
	assert_int_equal(event_add(room->second, NULL), 0);
	event_del(room->first);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->seconds, 1);
}

static void
one_event_may_be_both(void **state)
{
	struct room *room = *state;

	fill(room->one);
	room->first =
	    added(event_new(room->base, room->one[0], EV_READ | EV_WRITE, count, room), NULL);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->what, EV_READ | EV_WRITE);
}

/* Two readers of one descriptor are both told, and either may leave. */
static void
events_of_one_kind_share_a_descriptor(void **state)
{
	struct room *room = *state;

	room->first = reader(room, room->one[0], drop_all);
	room->second = reader(room, room->one[0], count_second);
	fill(room->one);
	event_del(room->second);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->seconds, 0);
}

static void
the_end_of_the_other_side_is_told_to_both(void **state)
{
	struct room *room = *state;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	room->first = added(event_new(room->base, ends[1], EV_WRITE, count, room), NULL);
	room->second = added(event_new(room->base, ends[0], EV_READ, count_second, room), NULL);
	close(ends[0]);
	event_del(room->second);
	run_out(room); /* EPOLLERR */
	assert_int_equal(room->calls, 1);
	close(ends[1]);

	room->third = reader(room, room->one[0], drop_all);
	close(room->one[1]);
	run_out(room); /* EPOLLHUP */
	assert_int_equal(room->calls, 2);
	assert_int_equal(room->what, EV_READ);
	room->one[1] = dup(room->one[0]);
}

static void
a_file_cannot_be_waited_for(void **state)
{
	struct room *room = *state;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	room->first = event_new(room->base, fd, EV_READ, count, room);
	assert_int_equal(event_add(room->first, &HOUR), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(event_pending(room->first, EV_READ | EV_TIMEOUT, NULL), 0);
	close(fd);
}

static void
removed_in_another_ones_call_is_not_called(void **state)
{
	struct room *room = *state;

	room->first = reader(room, room->one[0], drop_all);
	room->second = reader(room, room->two[0], drop_all);
	fill(room->one);
	fill(room->two);
	run_out(room);
	assert_int_equal(room->calls, 1);
}

static void
free_all(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	count(fd, what, ctx);
	event_free(room->first);
	event_free(room->second);
	room->first = room->second = NULL;
}

static void
freed_in_its_own_call_and_in_another_ones(void **state)
{
	struct room *room = *state;

	room->first = reader(room, room->one[0], free_all);
	room->second = reader(room, room->two[0], free_all);
	fill(room->one);
	fill(room->two);
	run_out(room);
	assert_int_equal(room->calls, 1);
}

/* The other one's descriptor is another file's from now on, which is not ready. */
static void
reuse_number(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;
	bool is_first = fd == room->one[0];
	struct event **other = is_first ? &room->second : &room->first;
	int number = is_first ? room->two[0] : room->one[0];

	count(fd, what, ctx);
	event_free(*other);
	close(number);
	assert_int_equal(fcntl(room->spare, F_DUPFD_CLOEXEC, number), number);
	*other = reader(room, number, count_second);
	event_del(is_first ? room->first : room->second);
	room->third = added(evtimer_new(room->base, drop_all, room), &SOON);
}

static void
a_number_that_is_reused_is_not_ready_for_what_it_was(void **state)
{
	struct room *room = *state;
	int quiet[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, quiet), 0);
	room->spare = quiet[0];
	room->first = reader(room, room->one[0], reuse_number);
	room->second = reader(room, room->two[0], reuse_number);
	fill(room->one);
	fill(room->two);
	run_out(room);
	assert_int_equal(room->calls, 2); /* and the timer */
	assert_int_equal(room->seconds, 0);
	close(quiet[0]);
	close(quiet[1]);
}

static void
all_of_many_are_called(void **state)
{
	struct room *room = *state;
	struct event *events[MANY];
	int pairs[MANY][2];

	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
		events[i] = added(event_new(room->base, pairs[i][0], EV_READ, count, room), NULL);
		fill(pairs[i]);
	}
	run_out(room);
	assert_int_equal(room->calls, MANY);
	for (size_t i = 0; i < MANY; i++) {
		event_free(events[i]);
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
}

/* ----------------------------------------------------------------------------------- timers */

static void
a_timer_goes_off_once(void **state)
{
	struct room *room = *state;

	room->first = added(evtimer_new(room->base, count, room), &SOON);
	assert_int_equal(evtimer_pending(room->first, NULL), EV_TIMEOUT);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->what, EV_TIMEOUT);
	assert_int_equal(evtimer_pending(room->first, NULL), 0);
}

static void
a_timer_without_a_time_is_none(void **state)
{
	struct room *room = *state;

	room->first = added(evtimer_new(room->base, count, room), NULL);
	run_out(room);
	assert_int_equal(room->calls, 0);
}

static void
timers_are_in_the_order_of_their_time(void **state)
{
	struct room *room = *state;

	room->first = added(evtimer_new(room->base, count_and_break, room), &HOUR);
	room->second = added(evtimer_new(room->base, count_second, room), &HOUR);
	room->third = added(evtimer_new(room->base, drop_all, room), &HOUR);
	evtimer_add(room->second, &SOON); /* a time of its own replaces the one before */
	evtimer_add(room->third, &(struct timeval){.tv_usec = 200000});
	run_out(room);
	assert_int_equal(room->seconds, 1);
	assert_int_equal(room->calls, 1);
}

static void
put_off_second(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	count(fd, what, ctx);
	evtimer_add(room->second, &HOUR);
}

/* engine_pump() does that: a message comes when the timer is due as well. */
static void
a_due_timer_that_is_put_off_is_not_called(void **state)
{
	struct room *room = *state;

	room->first = added(evtimer_new(room->base, put_off_second, room), &AT_ONCE);
	room->second = added(evtimer_new(room->base, count_second, room), &AT_ONCE);
	room->third = added(evtimer_new(room->base, drop_all, room), &SOON);
	run_out(room);
	assert_int_equal(room->calls, 2);
	assert_int_equal(room->seconds, 0);
}

static void
a_descriptor_and_a_time_whichever_is_first(void **state)
{
	struct room *room = *state;

	room->first = added(event_new(room->base, room->one[0], EV_READ, count, room), &SOON);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->what, EV_TIMEOUT);
	assert_int_equal(event_pending(room->first, EV_READ | EV_TIMEOUT, NULL), 0);

	fill(room->one);
	assert_int_equal(event_add(room->first, &HOUR), 0);
	assert_int_equal(
	    event_pending(room->first, EV_READ | EV_TIMEOUT, NULL), EV_READ | EV_TIMEOUT);
	run_out(room);
	assert_int_equal(room->calls, 2);
	assert_int_equal(room->what, EV_READ);
}

static void
added_without_a_time_keeps_the_one_it_has(void **state)
{
	struct room *room = *state;

	room->first = added(event_new(room->base, room->one[0], EV_READ, count, room), &SOON);
	assert_int_equal(event_add(room->first, NULL), 0);
	run_out(room);
	assert_int_equal(room->what, EV_TIMEOUT);
}

static void
thrice(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	count(fd, what, ctx);
	assert_int_equal(
	    event_pending(room->first, EV_READ | EV_TIMEOUT, NULL), EV_READ | EV_TIMEOUT);
	if (room->calls == 3)
		event_del(room->first);
}

static void
a_persistent_one_times_out_again_and_again(void **state)
{
	struct room *room = *state;

	room->first =
	    added(event_new(room->base, room->one[0], EV_READ | EV_PERSIST, thrice, room), &SOON);
	run_out(room);
	assert_int_equal(room->calls, 3);
	assert_int_equal(room->what, EV_TIMEOUT);
}

static void
a_persistent_one_is_timed_again_after_it_was_ready(void **state)
{
	struct room *room = *state;

	fill(room->one);
	room->first =
	    added(event_new(room->base, room->one[0], EV_READ | EV_PERSIST, thrice, room), &HOUR);
	run_out(room);
	assert_int_equal(room->calls, 3);
	assert_int_equal(room->what, EV_READ);
}

/* In the time of day. */
static void
the_time_that_is_left_is_told(void **state)
{
	struct room *room = *state;
	struct timeval day, when = {0};

	room->first = added(evtimer_new(room->base, count, room), &HOUR);
	gettimeofday(&day, NULL);
	assert_int_equal(evtimer_pending(room->first, &when), EV_TIMEOUT);
	assert_in_range(when.tv_sec - day.tv_sec, 1800, 5400);
	assert_in_range(when.tv_usec, 0, 999999);
	assert_int_equal(event_pending(room->first, EV_READ, &when), 0);
}

/* ---------------------------------------------------------------------------------- signals */

static void
ignore_usr1(void)
{
	signal(SIGUSR1, SIG_IGN);
}

static void
assert_usr1_is_ignored(void)
{
	struct sigaction now;

	assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
	assert_ptr_equal(now.sa_handler, SIG_IGN);
}

static struct event *
catcher(struct room *room, int number, event_callback_fn callback)
{
	return added(evsignal_new(room->base, number, callback, room), NULL);
}

static void
a_signal_is_told_and_then_as_before(void **state)
{
	struct room *room = *state;

	ignore_usr1();
	room->first = catcher(room, SIGUSR1, drop_all);
	assert_int_equal(event_pending(room->first, EV_SIGNAL, NULL), EV_SIGNAL);
	raise(SIGUSR1);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->what, EV_SIGNAL);
	assert_int_equal(room->fd, SIGUSR1);
	assert_usr1_is_ignored();
}

static void
raise_twice(evutil_socket_t fd, short what, void *ctx)
{
	count(fd, what, ctx);
	raise(SIGUSR1);
	raise(SIGUSR1);
}

static void
count_to_two(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	(void)fd, (void)what;
	if (++room->seconds == 2)
		event_del(room->second);
}

static void
each_signal_that_comes_in_a_call_is_told(void **state)
{
	struct room *room = *state;

	room->first = added(event_new(room->base, room->one[0], EV_READ, raise_twice, room), NULL);
	room->second = catcher(room, SIGUSR1, count_to_two);
	fill(room->one);
	run_out(room);
	assert_int_equal(room->seconds, 2);
}

static void
free_second(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	(void)fd, (void)what;
	room->seconds++;
	event_free(room->second);
	room->second = NULL;
}

static void
a_signals_event_is_freed_in_its_call_though_more_have_come(void **state)
{
	struct room *room = *state;

	room->first = added(event_new(room->base, room->one[0], EV_READ, raise_twice, room), NULL);
	room->second = catcher(room, SIGUSR1, free_second);
	fill(room->one);
	run_out(room);
	assert_int_equal(room->seconds, 1);
}

/* A child that sends it to us when we sleep. */
static pid_t
wake_when_asleep(int number)
{
	char name[64], state = 0;
	pid_t us = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	snprintf(name, sizeof(name), "/proc/%d/stat", (int)us);
	while (state != 'S') {
		FILE *file = fopen(name, "re");

		if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			_exit(1);
		fclose(file);
	}
	kill(us, number);
	_exit(0);
}

static void
a_signal_ends_the_sleep(void **state)
{
	struct room *room = *state;
	int status = -1;

	room->first = catcher(room, SIGUSR1, drop_all);
	room->second = added(evtimer_new(room->base, count_second, room), &HOUR);
	pid_t pid = wake_when_asleep(SIGUSR1);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->fd, SIGUSR1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
one_signal_leaves_the_others_alone(void **state)
{
	struct room *room = *state;

	ignore_usr1();
	room->first = catcher(room, SIGUSR1, count);
	room->second = catcher(room, SIGUSR2, drop_all);
	event_del(room->first);
	assert_usr1_is_ignored();
	raise(SIGUSR1);
	raise(SIGUSR2);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->fd, SIGUSR2);
}

static void
two_events_of_one_signal(void **state)
{
	struct room *room = *state;

	ignore_usr1();
	room->first = catcher(room, SIGUSR1, drop_all);
	room->second = catcher(room, SIGUSR1, count_second);
	event_del(room->second);
	assert_int_equal(event_add(room->second, NULL), 0);
	event_del(room->first);
	assert_int_equal(event_add(room->first, NULL), 0);
	event_del(room->second);
	raise(SIGUSR1);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->seconds, 0);
	assert_usr1_is_ignored();
}

/* --------------------------------------------------------------------------------- the loop */

static void
broken_off_it_goes_on_where_it_was(void **state)
{
	struct room *room = *state;

	event_base_loopbreak(room->base); /* of a loop that does not run: nothing */
	room->first =
	    added(event_new(room->base, room->one[0], EV_READ, count_and_break, room), NULL);
	room->second =
	    added(event_new(room->base, room->two[0], EV_READ, count_and_break, room), NULL);
	fill(room->one);
	fill(room->two);
	assert_int_equal(event_base_dispatch(room->base), 0);
	assert_int_equal(room->calls, 1);
	assert_int_equal(event_base_dispatch(room->base), 0);
	assert_int_equal(room->calls, 2);
	run_out(room);
	assert_int_equal(room->calls, 2);
}

static void
add_first_again(evutil_socket_t fd, short what, void *ctx)
{
	struct room *room = ctx;

	count(fd, what, ctx);
	if (room->calls < 3)
		assert_int_equal(event_add(room->first, NULL), 0);
}

static void
added_again_in_its_own_call(void **state)
{
	struct room *room = *state;

	room->first =
	    added(event_new(room->base, room->one[0], EV_WRITE, add_first_again, room), NULL);
	run_out(room);
	assert_int_equal(room->calls, 3);
}

/* A process that we fork has the same epoll and the same descriptors, until it ends. */
static void
a_child_does_not_disturb(void **state)
{
	struct room *room = *state;
	int status = -1;
	pid_t pid;

	room->first = reader(room, room->one[0], drop_all);
	room->second = reader(room, room->two[0], count_second);
	pid = fork();
	if (pid == 0) {
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fill(room->one);
	run_out(room);
	assert_int_equal(room->calls, 1);
	assert_int_equal(room->seconds, 0);
}

static unsigned
open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
a_loop_that_is_freed_leaves_nothing(void **state)
{
	unsigned before = open_descriptors();
	struct event_base *base = event_base_new();
	struct event *event;

	(void)state;
	ignore_usr1();
	event = added(evsignal_new(base, SIGUSR1, count, NULL), NULL);
	assert_true(open_descriptors() > before);
	event_free(event);
	event_base_free(base);
	assert_int_equal(open_descriptors(), before);
	assert_usr1_is_ignored();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, room_init, room_fini)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_to_wait_for_ends_the_loop),
	    TEST(a_readable_descriptor_is_told_once),
	    TEST(what_is_not_read_is_told_again),
	    TEST(added_twice_is_added_once),
	    TEST(both_directions_of_a_descriptor_are_two_events),
	    TEST(one_event_may_be_both),
	    TEST(events_of_one_kind_share_a_descriptor),
	    TEST(the_end_of_the_other_side_is_told_to_both),
	    TEST(a_file_cannot_be_waited_for),
	    TEST(removed_in_another_ones_call_is_not_called),
	    TEST(freed_in_its_own_call_and_in_another_ones),
	    TEST(a_number_that_is_reused_is_not_ready_for_what_it_was),
	    TEST(all_of_many_are_called),
	    TEST(a_timer_goes_off_once),
	    TEST(a_timer_without_a_time_is_none),
	    TEST(timers_are_in_the_order_of_their_time),
	    TEST(a_due_timer_that_is_put_off_is_not_called),
	    TEST(a_descriptor_and_a_time_whichever_is_first),
	    TEST(added_without_a_time_keeps_the_one_it_has),
	    TEST(a_persistent_one_times_out_again_and_again),
	    TEST(a_persistent_one_is_timed_again_after_it_was_ready),
	    TEST(the_time_that_is_left_is_told),
	    TEST(a_signal_is_told_and_then_as_before),
	    TEST(each_signal_that_comes_in_a_call_is_told),
	    TEST(a_signals_event_is_freed_in_its_call_though_more_have_come),
	    TEST(a_signal_ends_the_sleep),
	    TEST(one_signal_leaves_the_others_alone),
	    TEST(two_events_of_one_signal),
	    TEST(broken_off_it_goes_on_where_it_was),
	    TEST(added_again_in_its_own_call),
	    TEST(a_child_does_not_disturb),
	    TEST(a_loop_that_is_freed_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
