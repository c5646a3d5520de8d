/* test_password_command.c: auth.password-command, with real programs and scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/password.h"

#define LONG 60000 /* ms: a test that would need it has failed */

struct fixture {
	char path[64]; /* of the script */
	struct config config;
	struct password_environment environment;
	struct config_list command;
	struct secret secret;
	char err[512], said[16384];
};

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int fd;

	if (fixture == NULL)
		return -1;
	*state = fixture;
	while (waitpid(-1, NULL, 0) > 0)
		; /* what the test before has left */
	snprintf(fixture->path, sizeof(fixture->path), "/tmp/pptpeer-test-XXXXXX");
	fd = mkstemp(fixture->path);
	snprintf(fixture->config.name, sizeof(fixture->config.name), "office");
	snprintf(fixture->config.user, sizeof(fixture->config.user), "bob");
	password_environment_init(&fixture->environment, &fixture->config, "vpn.example.com");
	return fd < 0 || close(fd) != 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	free(fixture);
	return 0;
}

static void
assert_has(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, text);
}

static void
on_said(void *ctx, const char *line)
{
	struct fixture *fixture = ctx;
	size_t used = strlen(fixture->said);

	snprintf(fixture->said + used, sizeof(fixture->said) - used, "%s\n", line);
}

static void
word(struct fixture *fixture, const char *text)
{
	assert_true(strlen(text) < CONFIG_LIST_TEXT);
	memcpy(fixture->command.word[fixture->command.count++], text, strlen(text) + 1);
}

static int
run_within(struct fixture *fixture, unsigned limit_ms)
{
	const struct password_source source = {
	    .way = PASSWORD_COMMAND,
	    .command = &fixture->command,
	    .environment = &fixture->environment,
	    .limit_ms = limit_ms,
	    .said = on_said,
	    .ctx = fixture,
	};
	int code;

	fixture->said[0] = fixture->err[0] = '\0';
	code = password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err));
	fixture->command.count = 0;
	return code;
}

/* The words after the script are whatever word() has given. */
static int
script_within(struct fixture *fixture, unsigned limit_ms, const char *lines)
{
	int fd = open(fixture->path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", lines) > 0);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	if (fixture->command.count == 0)
		word(fixture, fixture->path);
	return run_within(fixture, limit_ms);
}

static int
script(struct fixture *fixture, const char *lines)
{
	return script_within(fixture, LONG, lines);
}

static void
assert_secret(const struct fixture *fixture, const char *text)
{
	assert_int_equal(fixture->secret.len, strlen(text));
	assert_memory_equal(fixture->secret.bytes, text, strlen(text));
}

static void
what_it_prints_is_the_password(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(script(fixture, "printf 'p w'"), 0);
	assert_secret(fixture, "p w");
	assert_int_equal(script(fixture, "echo pw"), 0);
	assert_secret(fixture, "pw");
	assert_int_equal(script(fixture, "printf 'pw\\n\\n'"), 0);
	assert_secret(fixture, "pw\n");
	assert_string_equal(fixture->said, "");
}

static void
no_shell_sees_its_words(void **state)
{
	struct fixture *fixture = *state;

	word(fixture, fixture->path);
	word(fixture, "a b");
	word(fixture, "$(id)");
	word(fixture, "*;'");
	assert_int_equal(script(fixture, "printf '%s|' \"$@\""), 0);
	assert_secret(fixture, "a b|$(id)|*;'|");
}

static void
its_environment_is_ours_alone(void **state)
{
	struct fixture *fixture = *state;

	setenv("LEAK", "1", 1);
	word(fixture, "/usr/bin/env");
	assert_int_equal(run_within(fixture, LONG), 0);
	assert_secret(fixture,
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
	    "PPTPEER_NAME=office\nPPTPEER_USER=bob\nPPTPEER_SERVER=vpn.example.com");
}

/* 3 is the folder that ls reads. */
static void
it_gets_no_descriptor_of_ours(void **state)
{
	struct fixture *fixture = *state;
	int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

	assert_true(fd >= 3);
	word(fixture, "/bin/ls");
	word(fixture, "/proc/self/fd");
	assert_int_equal(run_within(fixture, LONG), 0);
	assert_secret(fixture, "0\n1\n2\n3");
	word(fixture, "/bin/readlink");
	word(fixture, "/proc/self/fd/0");
	assert_int_equal(run_within(fixture, LONG), 0);
	assert_secret(fixture, "/dev/null");
	close(fd);
}

static void
it_leads_a_process_group(void **state)
{
	struct fixture *fixture = *state;
	int pid, group;

	word(fixture, "/usr/bin/cut");
	word(fixture, "-d ");
	word(fixture, "-f1,5"); /* proc(5): pid, pgrp */
	word(fixture, "/proc/self/stat");
	assert_int_equal(run_within(fixture, LONG), 0);
	fixture->secret.bytes[fixture->secret.len] = '\0';
	assert_int_equal(sscanf(fixture->secret.bytes, "%d %d", &pid, &group), 2);
	assert_int_equal(pid, group);
}

static void
printing_nothing_is_a_failure_that_may_pass(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(script(fixture, ":"), EXIT_HOOK);
	assert_has(fixture->err, "printed nothing.");
	assert_int_equal(script(fixture, "echo; echo locked >&2"), EXIT_HOOK);
	assert_has(fixture->err, "printed nothing: locked");
	assert_int_equal(fixture->secret.len, 0);
}

static void
what_cannot_be_a_password_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(script(fixture, "printf 'a\\000b'"), EXIT_CONFIG);
	assert_has(fixture->err, "NUL");
	assert_int_equal(script(fixture, "head -c 255 /dev/zero | tr '\\000' p"), 0);
	assert_int_equal(fixture->secret.len, 255);
	assert_int_equal(script(fixture, "head -c 256 /dev/zero | tr '\\000' p"), EXIT_CONFIG);
	assert_has(fixture->err, "over 255 octets");
	assert_int_equal(script(fixture, "head -c 3000000 /dev/zero; exit 1"), EXIT_CONFIG);
	assert_has(fixture->err, "over 255 octets");
	assert_int_equal(script(fixture, "exec yes"), EXIT_CONFIG); /* it would never end */
	assert_int_equal(fixture->secret.len, 0);
}

static void
a_status_is_told_with_its_first_words(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
	    script(fixture, "echo pw; echo 'the vault is locked' >&2; echo more >&2; exit 7"),
	    EXIT_HOOK);
	assert_has(fixture->err, fixture->path);
	assert_has(fixture->err, "ended with status 7: the vault is locked");
	assert_string_equal(fixture->said, "the vault is locked\nmore\n");
	assert_int_equal(fixture->secret.len, 0);
	assert_int_equal(script(fixture, "kill -USR1 $$"), EXIT_HOOK);
	assert_has(fixture->err, "was ended by signal 10 (User defined signal 1).");
}

static void
a_program_that_cannot_be_run_is_the_files_fault(void **state)
{
	struct fixture *fixture = *state;

	word(fixture, "/nonexistent/vault");
	assert_int_equal(run_within(fixture, LONG), EXIT_CONFIG);
	assert_has(fixture->err, "/nonexistent/vault: No such file or directory.");
	assert_int_equal(chmod(fixture->path, 0600), 0);
	word(fixture, fixture->path);
	assert_int_equal(run_within(fixture, LONG), EXIT_CONFIG);
	assert_has(fixture->err, "Permission denied");
}

/* Of one that the command has left behind: it was killed, by us. */
static void
assert_orphan_killed(void)
{
	int status;

	assert_true(waitpid(-1, &status, 0) > 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(waitpid(-1, &status, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void
one_that_hangs_is_killed_with_its_group(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(script_within(fixture, 200,
			     "trap '' TERM; echo pw; sleep 1000 & echo asking >&2; wait"),
	    EXIT_HOOK);
	assert_has(fixture->err, "did not end within 0.2 s, and was killed: asking");
	assert_int_equal(fixture->secret.len, 0);
	assert_orphan_killed();
}

static void
a_pipe_that_is_left_open_is_not_waited_for(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(script(fixture, "sleep 1000 & echo pw"), 0);
	assert_secret(fixture, "pw");
	assert_orphan_killed();
}

static void
one_that_has_closed_its_output_is_waited_for(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(script(fixture, "echo pw; exec >&- 2>&-; sleep 0.1; exit 3"), EXIT_HOOK);
	assert_has(fixture->err, "ended with status 3");
}

static void
its_errors_are_bounded_and_escaped(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(script(fixture, "printf 'a\\033[2J\\000b\\n' >&2; exit 1"), EXIT_HOOK);
	assert_has(fixture->err, "status 1: a\\x1b[2J?b");
	assert_string_equal(fixture->said, "a\\x1b[2J?b\n");
	assert_int_equal(script(fixture, "yes error | head -c 3000000 >&2; echo pw"), 0);
	assert_secret(fixture, "pw");
	assert_has(fixture->said, "(the rest is left out)");
	assert_true(strlen(fixture->said) < 1100);
}

static void
the_password_is_not_told_with_its_errors(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(script(fixture, "set -x; echo Sesam"), 0);
	assert_secret(fixture, "Sesam");
	assert_has(fixture->said, "not shown");
	assert_null(strstr(fixture->said, "Sesam"));
	assert_int_equal(script(fixture, "set -x; echo Sesam; exit 1"), EXIT_HOOK);
	assert_null(strstr(fixture->err, "Sesam"));
}

/* The signal is sent while it is blocked, so it comes when the waiting lets it come. */
static void
a_signal_ends_the_waiting_and_the_command(void **state)
{
	struct fixture *fixture = *state;
	sigset_t term, old;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &old);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(script(fixture, "exec sleep 1000"), PASSWORD_INTERRUPTED);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_it_prints_is_the_password),
	    TEST(no_shell_sees_its_words),
	    TEST(its_environment_is_ours_alone),
	    TEST(it_gets_no_descriptor_of_ours),
	    TEST(it_leads_a_process_group),
	    TEST(printing_nothing_is_a_failure_that_may_pass),
	    TEST(what_cannot_be_a_password_is_refused),
	    TEST(a_status_is_told_with_its_first_words),
	    TEST(a_program_that_cannot_be_run_is_the_files_fault),
	    TEST(one_that_hangs_is_killed_with_its_group),
	    TEST(a_pipe_that_is_left_open_is_not_waited_for),
	    TEST(one_that_has_closed_its_output_is_waited_for),
	    TEST(its_errors_are_bounded_and_escaped),
	    TEST(the_password_is_not_told_with_its_errors),
	    TEST(a_signal_ends_the_waiting_and_the_command),
	};

	/* What a command leaves behind comes to us, so that a test can see its end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests_name("password_command", tests, NULL, NULL);
}
