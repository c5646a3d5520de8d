/* password_command.c: auth.password-command: a password that a program prints. */
#include "password_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "pptp.h"

#define SAID_MAX 1024 /* octets of its standard error that are kept */

struct command {
	const char *program;
	pid_t pid;
	int out, err;
	struct raw raw;
	size_t said_len;
	char said[SAID_MAX + 1];
};

void
password_environment_init(
    struct password_environment *environment, const struct config *config, const char *server)
{
	snprintf(environment->name, sizeof(environment->name), "PPTPEER_NAME=%s", config->name);
	snprintf(environment->user, sizeof(environment->user), "PPTPEER_USER=%s", config->user);
	snprintf(environment->server, sizeof(environment->server), "PPTPEER_SERVER=%s", server);
	environment->entry[0] = CHILD_PATH;
	environment->entry[1] = environment->name;
	environment->entry[2] = environment->user;
	environment->entry[3] = environment->server;
	environment->entry[4] = NULL;
}

/* Its group first, while the process that was its leader keeps the number taken. */
static int
reap(const struct command *command)
{
	int status = 0;

	kill(-command->pid, SIGKILL);
	while (waitpid(command->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* 0 once it runs, or an errno, that of a program that cannot be run as well. */
static int
start(struct command *command, const struct password_source *source)
{
	const char *argv[CONFIG_LIST + 1] = {NULL};
	int pipes[2][2] = {{-1, -1}, {-1, -1}}, error = 0;

	for (unsigned i = 0; i < source->command->count; i++)
		argv[i] = source->command->word[i];
	for (size_t i = 0; i < 2 && error == 0; i++)
		error = pipe2(pipes[i], O_CLOEXEC) != 0 ? errno : 0;
	if (error == 0 && (fcntl(pipes[0][0], F_SETFL, O_NONBLOCK) < 0 ||
			      fcntl(pipes[1][0], F_SETFL, O_NONBLOCK) < 0))
		error = errno;
	if (error == 0)
		error = child_run(&(struct child_program){.argv = argv,
				      .env = source->environment->entry,
				      .out = pipes[0][1],
				      .err = pipes[1][1],
				      .ends_with_us = true},
		    &command->pid);
	for (size_t i = 0; i < 2; i++) {
		if (pipes[i][1] >= 0)
			close(pipes[i][1]);
	}
	command->out = pipes[0][0];
	command->err = pipes[1][0];
	return error;
}

/* What there is, behind the `len` octets in `buf`; more than fits is thrown away.  False: its end. */
static bool
take(int fd, char *buf, size_t size, size_t *len)
{
	char scrap[4096];
	ssize_t got =
	    *len < size ? read(fd, buf + *len, size - *len) : read(fd, scrap, sizeof(scrap));

	if (got > 0 && *len < size)
		*len += (size_t)got;
	return got > 0 || (got < 0 && errno == EINTR);
}

static bool
has_ended(const struct command *command)
{
	siginfo_t info = {0}; /* it stays: reap() needs its number */

	return waitid(P_PID, (id_t)command->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	       info.si_pid != 0;
}

/*
 * Until it has ended: a process that it leaves behind may keep its pipes open.  0, ETIMEDOUT,
 * EMSGSIZE once it has printed too much, or an errno; EINTR: a signal came.  SIGCHLD wakes it.
 */
static int
collect(struct command *command, const sigset_t *mask, unsigned limit_ms)
{
	uint64_t end = clock_now() + limit_ms * PPTP_MSEC;
	struct pollfd fds[] = {{command->out, POLLIN, 0}, {command->err, POLLIN, 0}};
	struct raw *raw = &command->raw;

	while (!has_ended(command)) {
		uint64_t now = clock_now(), left = end > now ? end - now : 0;
		struct timespec wait = {
		    .tv_sec = (time_t)(left / PPTP_SEC), .tv_nsec = (long)(left % PPTP_SEC) * 1000};
		int ready = ppoll(fds, 2, &wait, mask);

		if (ready < 0 && (errno != EINTR || waiting_interrupted()))
			return errno;
		if (ready == 0)
			return ETIMEDOUT;
		if (ready < 0)
			continue;
		if (fds[0].revents != 0 &&
		    !take(command->out, raw->bytes, sizeof(raw->bytes), &raw->len))
			fds[0].fd = -1;
		if (fds[1].revents != 0 &&
		    !take(command->err, command->said, SAID_MAX, &command->said_len))
			fds[1].fd = -1;
		if (raw->len == sizeof(raw->bytes))
			return EMSGSIZE;
	}
	while (raw->len < sizeof(raw->bytes) &&
	       take(command->out, raw->bytes, sizeof(raw->bytes), &raw->len))
		;
	while (command->said_len < SAID_MAX &&
	       take(command->err, command->said, SAID_MAX, &command->said_len))
		;
	return raw->len == sizeof(raw->bytes) ? EMSGSIZE : 0;
}

/* Its own words: a text, and none that has in it what may be the password. */
static void
clean_said(struct command *command)
{
	const struct raw *raw = &command->raw;
	size_t len = raw->len > 0 && raw->bytes[raw->len - 1] == '\n' ? raw->len - 1 : raw->len;

	if (len > 0 && memmem(command->said, command->said_len, raw->bytes, len) != NULL)
		command->said_len = (size_t)snprintf(command->said, sizeof(command->said),
		    "(not shown: what it printed is in its errors too)");
	for (size_t i = 0; i < command->said_len; i++) {
		if (command->said[i] == '\0')
			command->said[i] = '?';
	}
	command->said[command->said_len] = '\0';
}

static void
tell(const struct command *command, const struct password_source *source)
{
	char line[SAID_MAX + 1], escaped[4 * SAID_MAX + 1];

	for (const char *at = command->said; source->said != NULL && *at != '\0';) {
		size_t length = strcspn(at, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, at);
		pptp_escape(line, escaped, sizeof(escaped));
		if (length != 0)
			source->said(source->ctx, escaped);
		at += length + (at[length] == '\n');
	}
	if (source->said != NULL && command->said_len == SAID_MAX)
		source->said(source->ctx, "(the rest is left out)");
}

/* In `what`, why it gave no password; false: it did. */
static bool
has_failed(const struct command *command, const struct password_source *source, int error,
    int status, char *what, size_t size)
{
	if (error == EMSGSIZE) /* more than a password can have, whatever else */
		return false;
	if (error == ETIMEDOUT)
		snprintf(what, size, "did not end within %g s, and was killed",
		    source->limit_ms / 1000.0);
	else if (error != 0)
		snprintf(what, size, "cannot be waited for (%s)", strerror(error));
	else if (WIFSIGNALED(status))
		snprintf(what, size, "was ended by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		snprintf(what, size, "ended with status %d", WEXITSTATUS(status));
	else if (command->raw.len == 0 || (command->raw.len == 1 && command->raw.bytes[0] == '\n'))
		snprintf(what, size, "printed nothing");
	else
		return false;
	return true;
}

static int
judge(struct command *command, const struct password_source *source, int error, int status,
    struct secret *secret, char *err, size_t err_size)
{
	char what[128], line[200], words[200];

	if (!has_failed(command, source, error, status, what, sizeof(what)))
		return raw_take(&command->raw, secret, err, err_size);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(command->said, "\n"), command->said);
	pptp_escape(line, words, sizeof(words));
	snprintf(err, err_size, "auth.password-command: %s %s%s%s", command->program, what,
	    words[0] != '\0' ? ": " : ".", words);
	return EXIT_HOOK;
}

/* It cannot even be run: for a person to put right, unless it is this host that is short of something. */
static int
not_started(const struct command *command, int error, char *err, size_t err_size)
{
	snprintf(
	    err, err_size, "auth.password-command: %s: %s.", command->program, strerror(error));
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ENOEXEC
		   ? EXIT_CONFIG
		   : EXIT_HOOK;
}

static void
on_child(int signo)
{
	(void)signo; /* it is there to end ppoll() */
}

int
command_read(
    const struct password_source *source, struct secret *secret, char *err, size_t err_size)
{
	struct command command = {.program = source->command->word[0], .out = -1, .err = -1};
	struct sigaction action = {.sa_handler = on_child}, old_action;
	struct waiting waiting;
	sigset_t child;
	int error, status, code;

	waiting_begin(&waiting);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigdelset(&waiting.mask, SIGCHLD);
	sigaction(SIGCHLD, &action, &old_action);
	error = start(&command, source);
	if (error != 0) {
		code = not_started(&command, error, err, err_size);
	} else {
		error = collect(&command, &waiting.mask, source->limit_ms);
		status = reap(&command);
		clean_said(&command);
		tell(&command, source);
		code = waiting_interrupted()
			   ? PASSWORD_INTERRUPTED
			   : judge(&command, source, error, status, secret, err, err_size);
	}
	sigaction(SIGCHLD, &old_action, NULL);
	waiting_end(&waiting);
	if (command.out >= 0)
		close(command.out);
	if (command.err >= 0)
		close(command.err);
	explicit_bzero(&command, sizeof(command));
	return code;
}
