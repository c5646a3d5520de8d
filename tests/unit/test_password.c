/* test_password.c: each way of a password, on real pipes, files and a pseudo-terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/password.h"

#define INTERRUPTED 102 /* a child's status for PASSWORD_INTERRUPTED */

struct fixture {
	char dir[64], path[96];
	struct secret secret;
	char err[512];
};

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	*state = fixture; /* freed by teardown(), whatever comes of the rest */
	snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/pptpeer-test-XXXXXX");
	if (mkdtemp(fixture->dir) == NULL)
		return -1;
	snprintf(fixture->path, sizeof(fixture->path), "%s/file", fixture->dir);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	rmdir(fixture->dir);
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
write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static int
read_file(struct fixture *fixture)
{
	const struct password_source source = {.way = PASSWORD_FILE, .path = fixture->path};

	return password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err));
}

static int
read_pipe(struct fixture *fixture, const void *bytes, size_t len)
{
	struct password_source source = {.way = PASSWORD_FD};
	int fds[2], code;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], bytes, len), (ssize_t)len);
	close(fds[1]);
	source.fd = fds[0];
	code = password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err));
	assert_int_equal(fcntl(fds[0], F_GETFD), -1); /* closed: no child inherits it */
	return code;
}

static void
assert_secret(const struct fixture *fixture, const char *text)
{
	assert_int_equal(fixture->secret.len, strlen(text));
	assert_memory_equal(fixture->secret.bytes, text, strlen(text));
}

static void
exactly_one_newline_is_taken_off(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(read_pipe(fixture, "pw", 2), 0);
	assert_secret(fixture, "pw");
	assert_int_equal(read_pipe(fixture, "pw\n", 3), 0);
	assert_secret(fixture, "pw");
	assert_int_equal(read_pipe(fixture, "pw\n\n", 4), 0);
	assert_secret(fixture, "pw\n");
	assert_int_equal(read_pipe(fixture, " p w\r\n", 6), 0);
	assert_secret(fixture, " p w\r");
}

static void
at_most_255_octets(void **state)
{
	struct fixture *fixture = *state;
	char bytes[1000];

	memset(bytes, 'p', sizeof(bytes));
	assert_int_equal(read_pipe(fixture, bytes, 255), 0);
	assert_int_equal(fixture->secret.len, 255);
	assert_int_equal(read_pipe(fixture, bytes, 256), EXIT_CONFIG);
	assert_has(fixture->err, "over 255 octets");
	assert_int_equal(fixture->secret.len, 0);
	assert_int_equal(read_pipe(fixture, bytes, sizeof(bytes)), EXIT_CONFIG);
	bytes[255] = '\n';
	assert_int_equal(read_pipe(fixture, bytes, 256), 0);
	assert_int_equal(fixture->secret.len, 255);
	assert_int_equal(read_pipe(fixture, bytes, 257), EXIT_CONFIG);
}

static void
empty_ones_and_nul_octets_are_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(read_pipe(fixture, "", 0), EXIT_CONFIG);
	assert_has(fixture->err, "empty");
	assert_int_equal(read_pipe(fixture, "\n", 1), EXIT_CONFIG);
	assert_has(fixture->err, "empty");
	assert_int_equal(read_pipe(fixture, "a\0b", 3), EXIT_CONFIG);
	assert_has(fixture->err, "NUL");
}

static void
a_descriptor_that_is_none_is_a_usage_error(void **state)
{
	const struct password_source source = {.way = PASSWORD_FD, .fd = 9999};
	struct fixture *fixture = *state;

	assert_int_equal(
	    password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err)),
	    EXIT_USAGE);
	assert_has(fixture->err, "descriptor 9999");
}

static void
a_file_must_be_ours_alone(void **state)
{
	static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0777};
	struct fixture *fixture = *state;

	write_file(fixture->path, "pw\n", 3, 0600);
	assert_int_equal(read_file(fixture), 0);
	assert_secret(fixture, "pw");
	assert_int_equal(chmod(fixture->path, 0400), 0);
	assert_int_equal(read_file(fixture), 0);
	for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
		assert_int_equal(chmod(fixture->path, open_modes[i]), 0);
		assert_int_equal(read_file(fixture), EXIT_CONFIG);
		assert_has(fixture->err, "others can read or change");
		assert_int_equal(fixture->secret.len, 0);
	}
}

static void
a_file_must_be_a_regular_one(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(read_file(fixture), EXIT_CONFIG);
	assert_has(fixture->err, "No such file");
	assert_int_equal(mkfifo(fixture->path, 0600), 0); /* nobody writes: it must not wait */
	assert_int_equal(read_file(fixture), EXIT_CONFIG);
	assert_has(fixture->err, "not a regular file");
	unlink(fixture->path);
	assert_int_equal(mkdir(fixture->path, 0700), 0);
	assert_int_equal(read_file(fixture), EXIT_CONFIG);
	assert_has(fixture->err, "not a regular file");
	rmdir(fixture->path);
}

static void
without_a_terminal_the_other_ways_are_named(void **state)
{
	const struct password_source source = {.tty = "/nonexistent", .prompt = "?"};
	struct password_source other = source;
	struct fixture *fixture = *state;

	assert_int_equal(
	    password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err)),
	    EXIT_USAGE);
	assert_has(fixture->err, "--password-stdin, --password-fd N or --password-file F");
	other.instead = PASSWORD_INSTEAD;
	assert_int_equal(
	    password_read(&other, &fixture->secret, fixture->err, sizeof(fixture->err)),
	    EXIT_USAGE);
	assert_has(fixture->err, "set auth.password-file, password-credential");
	assert_null(strstr(fixture->err, "--password"));
}

/* A script stands for systemd-ask-password, which needs a running systemd. */
static int
ask_script(struct fixture *fixture, const char *script)
{
	const struct password_source source = {
	    .tty = "/nonexistent", .asker = fixture->path, .prompt = "Password for bob: "};

	write_file(fixture->path, script, strlen(script), 0700);
	return password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err));
}

static void
without_a_terminal_the_asker_is_run(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
	    ask_script(fixture, "#!/bin/sh\n[ \"$*\" = 'Password for bob: ' ] && echo pw\n"), 0);
	assert_secret(fixture, "pw");
	assert_int_equal(ask_script(fixture, "#!/bin/sh\necho pw; exit 1\n"), EXIT_USAGE);
	assert_has(fixture->err, "no password was given");
	assert_int_equal(fixture->secret.len, 0);
	assert_int_equal(ask_script(fixture, "#!/bin/sh\nexit 0\n"), EXIT_USAGE);
}

/* ------------------------------------------------------------------- a pseudo-terminal
 */

struct terminal {
	int master, slave;
	char path[64];
	pid_t child; /* asks on the slave; its status is password_read()'s code */
};

static void
terminal_open(struct terminal *terminal)
{
	assert_int_equal(
	    openpty(&terminal->master, &terminal->slave, terminal->path, NULL, NULL), 0);
}

static bool
terminal_echoes(const struct terminal *terminal)
{
	struct termios termios;

	assert_int_equal(tcgetattr(terminal->slave, &termios), 0);
	return (termios.c_lflag & ECHO) != 0;
}

/* What the child does: asks, then exits 100 if the password is "pw", else with the code.
 */
static void
child_asks(const struct terminal *terminal)
{
	const struct password_source source = {.tty = terminal->path, .prompt = "Password: "};
	struct secret secret;
	char err[512];
	int code;

	/* The controlling terminal, so that Ctrl-C typed on it is a signal here. */
	setsid();
	ioctl(terminal->slave, TIOCSCTTY, 0);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	code = password_read(&source, &secret, err, sizeof(err));
	if (code == 0)
		code = secret.len == 2 && memcmp(secret.bytes, "pw", 2) == 0 ? 100 : 101;
	_exit(code == PASSWORD_INTERRUPTED ? INTERRUPTED : code);
}

static void
terminal_ask(struct terminal *terminal)
{
	char text[64] = "";
	size_t len = 0;

	terminal_open(terminal);
	terminal->child = fork();
	assert_true(terminal->child >= 0);
	if (terminal->child == 0)
		child_asks(terminal);
	while (strstr(text, "Password: ") == NULL) { /* then it waits for us, without echo */
		ssize_t got = read(terminal->master, text + len, sizeof(text) - 1 - len);

		assert_true(got > 0);
		len += (size_t)got;
		text[len] = '\0';
	}
	assert_false(terminal_echoes(terminal));
}

/* The child's exit code; what it printed after the prompt is in `text`. */
static int
terminal_end(struct terminal *terminal, char *text, size_t size)
{
	struct pollfd poll_fd = {.fd = terminal->master, .events = POLLIN};
	ssize_t got = 0;
	int status;

	assert_int_equal(waitpid(terminal->child, &status, 0), terminal->child);
	assert_true(terminal_echoes(terminal));
	if (poll(&poll_fd, 1, 0) == 1)
		got = read(terminal->master, text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	close(terminal->slave);
	close(terminal->master);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
a_terminal_shows_the_prompt_and_not_the_password(void **state)
{
	struct terminal terminal;
	char text[64];

	(void)state;
	terminal_ask(&terminal);
	assert_int_equal(write(terminal.master, "pw\n", 3), 3);
	assert_int_equal(terminal_end(&terminal, text, sizeof(text)), 100);
	assert_string_equal(text, "\r\n");
}

static void
ctrl_d_gives_no_password(void **state)
{
	struct terminal terminal;
	char text[64];

	(void)state;
	terminal_ask(&terminal);
	assert_int_equal(write(terminal.master, "\004", 1), 1);
	assert_int_equal(terminal_end(&terminal, text, sizeof(text)), EXIT_USAGE);
}

static void
ctrl_c_and_signals_restore_the_echo(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	struct terminal terminal;
	char text[64];

	(void)state;
	terminal_ask(&terminal);
	assert_int_equal(write(terminal.master, "half\003", 5), 5);
	assert_int_equal(terminal_end(&terminal, text, sizeof(text)), INTERRUPTED);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		terminal_ask(&terminal);
		assert_int_equal(kill(terminal.child, signals[i]), 0);
		assert_int_equal(terminal_end(&terminal, text, sizeof(text)), INTERRUPTED);
	}
}

/* `(echo pw; cat) | pptpeer connect --password-stdin`: the line is all that is waited for. */
static void
a_pipe_that_stays_open_ends_with_the_line(void **state)
{
	struct password_source source = {.way = PASSWORD_FD};
	struct fixture *fixture = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "pw\n", 3), 3);
	source.fd = ends[0];
	assert_int_equal(
	    password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err)), 0);
	assert_int_equal(fixture->secret.len, 2);
	close(ends[1]);
}

/* The signal is sent while it is blocked, so it comes when the waiting lets it come. */
static void
a_signal_ends_the_waiting_for_a_pipe(void **state)
{
	struct password_source source = {.way = PASSWORD_FD};
	struct fixture *fixture = *state;
	sigset_t term, old;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	source.fd = ends[0];
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &old);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(
	    password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err)),
	    PASSWORD_INTERRUPTED);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(ends[1]);
}

static void
standard_input_that_is_a_terminal_is_refused(void **state)
{
	struct password_source source = {.way = PASSWORD_FD};
	struct fixture *fixture = *state;
	struct terminal terminal;

	terminal_open(&terminal);
	source.fd = terminal.slave;
	assert_int_equal(
	    password_read(&source, &fixture->secret, fixture->err, sizeof(fixture->err)),
	    EXIT_USAGE);
	assert_has(fixture->err, "is a terminal");
	close(terminal.slave);
	close(terminal.master);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(exactly_one_newline_is_taken_off),
	    TEST(at_most_255_octets),
	    TEST(empty_ones_and_nul_octets_are_refused),
	    TEST(a_descriptor_that_is_none_is_a_usage_error),
	    TEST(a_file_must_be_ours_alone),
	    TEST(a_file_must_be_a_regular_one),
	    TEST(without_a_terminal_the_other_ways_are_named),
	    TEST(without_a_terminal_the_asker_is_run),
	    TEST(a_terminal_shows_the_prompt_and_not_the_password),
	    TEST(ctrl_d_gives_no_password),
	    TEST(ctrl_c_and_signals_restore_the_echo),
	    TEST(a_pipe_that_stays_open_ends_with_the_line),
	    TEST(a_signal_ends_the_waiting_for_a_pipe),
	    TEST(standard_input_that_is_a_terminal_is_refused),
	};

	/* Whoever runs us may ignore them, as nohup does; the tests send them. */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
