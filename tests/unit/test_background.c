/* test_background.c: who waits, what it ends with, and what the other one has left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/background.h"

/* What the second process says of itself at its end. */
struct told {
	pid_t pid, sid;
	bool at_root, all_null;
	int signal_number;
};

static volatile sig_atomic_t caught;

static void
on_signal(int signal_number)
{
	caught = signal_number;
}

static bool
is_null(int fd)
{
	struct stat one, null;

	return fstat(fd, &one) == 0 && stat("/dev/null", &null) == 0 && one.st_rdev == null.st_rdev;
}

static void
tell(int to)
{
	char dir[64];
	struct told told = {.pid = getpid(),
	    .sid = getsid(0),
	    .all_null = is_null(0) && is_null(1) && is_null(2),
	    .signal_number = caught};

	told.at_root = getcwd(dir, sizeof(dir)) != NULL && strcmp(dir, "/") == 0;
	if (write(to, &told, sizeof(told)) != (ssize_t)sizeof(told))
		_exit(1);
	_exit(0);
}

/* Of the fork in background_begin(): the first one gets this there, and the second handles it; 0: none. */
static int armed, to_arm;

static void
in_the_first(void)
{
	if (armed != 0)
		raise(armed);
}

static void
in_the_second(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (armed != 0)
		sigaction(armed, &action, NULL);
}

static void
waits_for_a_signal(struct background *background, int to)
{
	sigset_t held, none;

	sigemptyset(&none);
	sigemptyset(&held);
	sigaddset(&held, armed);
	sigprocmask(SIG_BLOCK, &held, NULL);
	alarm(10); /* else a fault here would leave it behind */
	if (caught == 0)
		sigsuspend(&none);
	background_done(background, 0);
	tell(to);
}

/* The test's own process is not asked to be another program: an exit code tells. */
static void
end_with(void *ctx)
{
	struct sigaction interrupt;

	sigaction(SIGINT, NULL, &interrupt);
	_exit(interrupt.sa_handler == SIG_DFL ? *(int *)ctx : 1);
}

static int becomes_with;

/* In a process of its own: background_begin(), then `second` in the second one. */
static pid_t
start(void (*second)(struct background *background, int to), int *from)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct background background = BACKGROUND_NONE;

		close(fds[0]);
		armed = second == waits_for_a_signal ? to_arm : 0;
		/* Whoever runs the tests may ignore them: nohup, a shell's background. */
		signal(SIGINT, SIG_DFL);
		if (armed != 0)
			signal(armed, SIG_DFL);
		if (becomes_with != 0) {
			background.become = end_with;
			background.ctx = &becomes_with;
			background.keeps_terminal = true;
		}
		if (background_begin(&background) == 0)
			second(&background, fds[1]);
		_exit(99);
	}
	assert_true(pid > 0);
	close(fds[1]);
	*from = fds[0];
	return pid;
}

static int
exit_code(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
comes_up(struct background *background, int to)
{
	if (!background_waits(background))
		_exit(1);
	background_done(background, 0);
	background_done(background, 5); /* nobody waits any more */
	if (background_waits(background))
		_exit(1);
	tell(to);
}

static void
the_first_ends_with_0_and_the_second_has_left_all(void **state)
{
	struct told told;
	int from;
	pid_t pid = start(comes_up, &from);

	(void)state;
	assert_int_equal(exit_code(pid), 0);
	assert_int_equal(read(from, &told, sizeof(told)), sizeof(told));
	close(from);
	assert_int_not_equal(told.pid, pid);
	assert_int_equal(told.sid, told.pid);
	assert_true(told.at_root);
	assert_true(told.all_null);
}

static void
fails(struct background *background, int to)
{
	background_done(background, 12);
	tell(to);
}

static void
a_failure_is_the_exit_code_of_the_first(void **state)
{
	struct told told;
	int from;
	pid_t pid = start(fails, &from);

	(void)state;
	assert_int_equal(exit_code(pid), 12);
	assert_int_equal(read(from, &told, sizeof(told)), sizeof(told));
	close(from);
	assert_int_not_equal(told.sid, told.pid); /* it still says why, on the terminal */
}

static void
comes_up_on_its_terminal(struct background *background, int to)
{
	background_done(background, 0);
	tell(to);
}

static void
is_over(struct background *background, int to)
{
	background_over(background, 0);
	tell(to);
}

static void
the_first_becomes_something_else(void **state)
{
	struct told told;
	int from;
	pid_t pid;

	(void)state;
	becomes_with = 42;
	pid = start(comes_up_on_its_terminal, &from);
	becomes_with = 0;
	assert_int_equal(exit_code(pid), 42);
	assert_int_equal(read(from, &told, sizeof(told)), sizeof(told));
	close(from);
	assert_int_not_equal(told.sid, told.pid);
	assert_false(told.at_root);
	pid = start(is_over, &from);
	assert_int_equal(exit_code(pid), 0);
	close(from);
	pid = start(fails, &from);
	assert_int_equal(exit_code(pid), 12);
	close(from);
	becomes_with = 0;
}

static void
dies(struct background *background, int to)
{
	(void)background, (void)to;
	raise(SIGKILL);
}

static void
a_second_that_dies_is_told_as_1(void **state)
{
	int from;
	pid_t pid = start(dies, &from);

	(void)state;
	assert_int_equal(exit_code(pid), 1);
	close(from);
}

static void
the_first_hands_signals_on(void **state)
{
	static const int numbers[] = {SIGTERM, SIGHUP, SIGUSR1};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct told told;
		int from;

		to_arm = numbers[i];
		pid_t pid = start(waits_for_a_signal, &from);
		assert_int_equal(exit_code(pid), 0);
		assert_int_equal(read(from, &told, sizeof(told)), sizeof(told));
		close(from);
		assert_int_equal(told.signal_number, numbers[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_ends_with_0_and_the_second_has_left_all),
	    cmocka_unit_test(a_failure_is_the_exit_code_of_the_first),
	    cmocka_unit_test(the_first_becomes_something_else),
	    cmocka_unit_test(a_second_that_dies_is_told_as_1),
	    cmocka_unit_test(the_first_hands_signals_on),
	};

	if (pthread_atfork(NULL, in_the_first, in_the_second) != 0)
		return 1;
	return cmocka_run_group_tests_name("background", tests, NULL, NULL);
}
