/* hook_child.c: see hook_child.h. */
#include "hook_child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pptp.h"

static void
end_line(struct hook_child *child)
{
	char text[4 * HOOK_LINE + 3] = ": ";

	child->octets[child->line_len] = '\0';
	pptp_escape(child->octets, text + 2, sizeof(text) - 2);
	if (child->line_len > 0)
		child->line(child->ctx, text);
	child->line_len = 0;
}

/* All that it has printed; false: it and all that it has started have closed their outputs. */
static bool
take_said(struct hook_child *child)
{
	char buf[512];
	ssize_t n;

	while ((n = read(child->said, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n' && buf[i] != '\0')
				child->octets[child->line_len++] = buf[i];
			if (buf[i] == '\n' || child->line_len == HOOK_LINE)
				end_line(child);
		}
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
on_said(evutil_socket_t fd, short what, void *ctx)
{
	struct hook_child *child = ctx;

	(void)fd, (void)what;
	if (!take_said(child))
		event_del(child->said_event);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct hook_child *child = ctx;

	(void)fd, (void)what;
	child->overdue = true;
	kill(-child->pid, SIGKILL); /* SIGCHLD goes on */
}

/* What it has started, and left, keeps the pipe: that is its own matter from here on. */
static void
put_away(struct hook_child *child)
{
	if (child->said_event != NULL)
		event_free(child->said_event);
	if (child->limit != NULL)
		event_free(child->limit);
	if (child->said >= 0)
		close(child->said);
	hook_child_init(child, child->line, child->ctx);
}

void
hook_child_init(struct hook_child *child, void (*line)(void *ctx, const char *text), void *ctx)
{
	memset(child, 0, sizeof(*child));
	child->said = -1;
	child->line = line;
	child->ctx = ctx;
}

static bool
watch(struct hook_child *child, struct event_base *base)
{
	struct timeval wait = {.tv_sec = (time_t)child->seconds};

	child->said_event = event_new(base, child->said, EV_READ | EV_PERSIST, on_said, child);
	child->limit = evtimer_new(base, on_limit, child);
	return child->said_event != NULL && child->limit != NULL &&
	       event_add(child->said_event, NULL) == 0 && evtimer_add(child->limit, &wait) == 0;
}

int
hook_child_start(struct hook_child *child, struct event_base *base, const char *path,
    const struct hook_facts *facts, unsigned seconds)
{
	int error = hook_start(path, facts, &child->pid, &child->said);

	if (error != 0) {
		hook_child_init(child, child->line, child->ctx);
		return error;
	}
	child->seconds = seconds;
	if (watch(child, base))
		return 0;
	hook_child_cancel(child);
	return ENOMEM;
}

void
hook_child_ended(struct hook_child *child, int status, char *why, size_t size)
{
	why[0] = '\0';
	take_said(child);
	end_line(child);
	if (child->overdue)
		snprintf(why, size, " did not end within %u s, and was killed", child->seconds);
	else if (WIFSIGNALED(status))
		snprintf(why, size, " was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(why, size, " ended with status %d", WEXITSTATUS(status));
	put_away(child);
}

void
hook_child_cancel(struct hook_child *child)
{
	pid_t pid = child->pid;

	if (pid != 0) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	put_away(child);
}
