/*
 * test_child.c: a signal that comes right after a fork is the child's.  pthread_atfork() sends it
 * before the child has done anything; the handler is one as libevent's, which tells its loop by a
 * pipe that parent and child share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/lookup.h"
#include "daemon/pppd.h"

static int loop[2];
static bool armed;

static void
on_term(int signal_number)
{
	(void)!write(loop[1], "", (size_t)(signal_number != 0));
}

static void
send_term(void)
{
	if (armed)
		raise(SIGTERM);
}

static int
setup(void **state)
{
	struct sigaction on = {.sa_handler = on_term};

	(void)state;
	return pthread_atfork(NULL, NULL, send_term) != 0 || pipe2(loop, O_NONBLOCK) != 0 ||
	       sigaction(SIGTERM, &on, NULL) != 0;
}

static void
assert_it_was_the_childs(pid_t pid)
{
	char octet;
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(read(loop[0], &octet, 1), -1); /* else our own loop would end */
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	raise(SIGTERM); /* ours is handled as before */
	assert_int_equal(read(loop[0], &octet, 1), 1);
}

static void
pppd_told_to_end_at_once(void **state)
{
	struct secret secret = {.len = 1, .bytes = "x"};
	struct config config;
	int fds[IPC_MAX_FDS];
	char conflict[256];
	struct ipc_pppd started = {0};

	(void)state;
	config_defaults(&config);
	snprintf(config.name, sizeof(config.name), "office");
	snprintf(config.user, sizeof(config.user), "bob");
	snprintf(config.pppd_path, sizeof(config.pppd_path), "/bin/true");
	armed = true;
	config.data_path = PATH_PTY;
	pppd_start(&config, &secret, fds, &started, conflict, sizeof(conflict));
	armed = false;
	for (size_t i = 0; i < IPC_MAX_FDS; i++)
		close(fds[i]);
	assert_int_equal(started.error, 0);
	assert_it_was_the_childs(started.pid);
}

static void
forget(void *ctx)
{
	(void)ctx;
}

static void
a_lookup_told_to_end_at_once(void **state)
{
	int fd;
	pid_t pid;

	(void)state;
	armed = true;
	pid = lookup_start("localhost", forget, NULL, &fd);
	armed = false;
	assert_true(pid > 0);
	close(fd);
	assert_it_was_the_childs(pid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pppd_told_to_end_at_once),
	    cmocka_unit_test(a_lookup_told_to_end_at_once),
	};

	return cmocka_run_group_tests_name("child", tests, setup, NULL);
}
