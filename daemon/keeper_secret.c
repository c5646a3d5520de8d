/*
 * keeper_secret.c: how the password comes to the keeper, before each dial.  A way that may take
 * its time (a command, a person) has a process of its own, so that the keeper goes on answering.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "keeper_int.h"

/* From that process, at last. */
struct answer {
	int code; /* of keeper_ui.read_secret() */
	struct secret secret;
	struct reason reason;
};

/* And before that, what the password-command says, told apart by its size. */
struct line {
	char text[1024];
};
_Static_assert(sizeof(struct line) != sizeof(struct answer), "they are told apart by it");

static void
child_gone(struct keeper *keeper)
{
	if (keeper->secret_event != NULL)
		event_free(keeper->secret_event);
	keeper->secret_event = NULL;
	if (keeper->secret_fd >= 0)
		close(keeper->secret_fd);
	keeper->secret_fd = -1;
}

void
keeper_secret_cancel(struct keeper *keeper)
{
	/* It ends what it has started, and puts the terminal back; stopped, it could not. */
	if (keeper->secret_pid > 0 && kill(keeper->secret_pid, SIGTERM) == 0)
		kill(keeper->secret_pid, SIGCONT);
	child_gone(keeper);
}

/* Told by the keeper: the journal forgets whose a process was that has ended. */
static void
on_said(void *ctx, const char *line)
{
	const struct keeper *keeper = ctx;
	char text[sizeof(struct line) + 32];

	snprintf(text, sizeof(text), "password-command: %s", line);
	keeper->ui->note(keeper->ui->ctx, 0, text);
}

static void
on_answer(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;
	union {
		struct answer answer;
		struct line line;
	} msg = {0};
	ssize_t n = recv(fd, &msg, sizeof(msg), 0);
	int code = msg.answer.code;

	(void)what;
	if (n == (ssize_t)sizeof(msg.line)) {
		msg.line.text[sizeof(msg.line.text) - 1] = '\0';
		on_said(keeper, msg.line.text);
		return;
	}
	child_gone(keeper);
	if (n != (ssize_t)sizeof(msg.answer)) {
		reason_set(&keeper->no_secret, 109, "The process that reads the password ended.");
		keeper_secret_done(keeper, EXIT_INTERNAL);
		return;
	}
	keeper->secret = msg.answer.secret;
	keeper->no_secret = msg.answer.reason;
	explicit_bzero(&msg, sizeof(msg));
	keeper_secret_done(keeper, code);
}

static int
read_secret(const struct keeper *keeper, const struct secret_listener *listener,
    struct secret *secret, struct reason *reason)
{
	return keeper->ui->read_secret(keeper->ui->ctx, listener,
	    keeper->config->servers[keeper->retry.server], secret, reason);
}

/* In the child. */
static void
pass_on(void *ctx, const char *text)
{
	struct line line = {""};

	snprintf(line.text, sizeof(line.text), "%s", text);
	send(*(const int *)ctx, &line, sizeof(line), MSG_NOSIGNAL);
}

/* In the child. */
static void
read_and_tell(const struct keeper *keeper, int fd)
{
	const struct secret_listener listener = {pass_on, &fd};
	struct answer answer = {0};

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* not longer than the keeper */
	signal(SIGPIPE, SIG_IGN);
	close(keeper->engine_fd);
	answer.code = read_secret(keeper, &listener, &answer.secret, &answer.reason);
	if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
		_exit(1);
	explicit_bzero(&answer, sizeof(answer));
	_exit(0);
}

static bool
start_child(struct keeper *keeper)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	keeper->secret_pid = child_fork();
	if (keeper->secret_pid == 0) {
		close(pair[0]);
		read_and_tell(keeper, pair[1]);
	}
	close(pair[1]);
	keeper->secret_fd = pair[0];
	if (keeper->secret_pid < 0) {
		keeper->secret_pid = 0;
		child_gone(keeper);
		return false;
	}
	keeper->secret_event =
	    event_new(keeper->base, pair[0], EV_READ | EV_PERSIST, on_answer, keeper);
	return keeper->secret_event != NULL && event_add(keeper->secret_event, NULL) == 0;
}

static bool
same_secret(const struct config *a, const struct config *b)
{
	return strcmp(a->user, b->user) == 0 && strcmp(a->domain, b->domain) == 0 &&
	       a->password_from == b->password_from && a->server_count == b->server_count &&
	       memcmp(a->servers, b->servers, sizeof(a->servers)) == 0;
}

void
keeper_secret_renew(struct keeper *keeper, const struct config *old)
{
	if (!same_secret(keeper->config, old))
		keeper_wipe_secret(&keeper->secret);
}

void
keeper_secret_start(struct keeper *keeper)
{
	if (keeper->config->until <= STAGE_GRE ||
	    (keeper->secret.len != 0 && !keeper->auth_refused)) {
		keeper_secret_done(keeper, 0);
		return;
	}
	keeper_wipe_secret(&keeper->secret);
	keeper->auth_refused = false; /* it was another one */
	if (!keeper->ui->secret_in_child) {
		const struct secret_listener listener = {on_said, keeper};

		keeper_secret_done(
		    keeper, read_secret(keeper, &listener, &keeper->secret, &keeper->no_secret));
	} else if (!start_child(keeper)) {
		reason_set(
		    &keeper->no_secret, 109, "The password cannot be read: %s.", strerror(errno));
		keeper_secret_done(keeper, EXIT_INTERNAL);
	}
}
