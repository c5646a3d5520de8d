/* keeper_hook.c: waits for a hook (hook.h), one at a time, and no longer than it may take. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_int.h"
#include "pptp.h"

#define SAID_LINE 200 /* octets of a line of what it prints; the rest is another one */

static const char *
path_of(const struct keeper *keeper, const char *event)
{
	return strcmp(event, "up") == 0 ? keeper->config->hook_up : keeper->config->hook_down;
}

static void
note(const struct keeper *keeper, const char *before, const char *text)
{
	char line[IPC_TEXT];

	snprintf(line, sizeof(line), "%s %s%s", before, keeper->hook.event, text);
	keeper->ui->note(keeper->ui->ctx, 0, line);
}

static void
end_line(struct keeper *keeper)
{
	struct keeper_hook *hook = &keeper->hook;
	char text[4 * SAID_LINE + 3] = ": ";

	hook->line[hook->line_len] = '\0';
	pptp_escape(hook->line, text + 2, sizeof(text) - 2);
	if (hook->line_len > 0)
		note(keeper, "hook", text);
	hook->line_len = 0;
}

/* All that it has printed; false: it and all that it has started have closed their outputs. */
static bool
take_said(struct keeper *keeper)
{
	struct keeper_hook *hook = &keeper->hook;
	char buf[512];
	ssize_t n;

	while ((n = read(hook->said, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n' && buf[i] != '\0')
				hook->line[hook->line_len++] = buf[i];
			if (buf[i] == '\n' || hook->line_len == SAID_LINE)
				end_line(keeper);
		}
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
on_said(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)fd, (void)what;
	if (!take_said(keeper))
		event_del(keeper->hook.said_event);
}

/* What it has started, and left, keeps the pipe: that is its own matter from here on. */
static void
put_away(struct keeper *keeper)
{
	struct keeper_hook *hook = &keeper->hook;

	if (hook->said_event != NULL)
		event_free(hook->said_event);
	if (hook->limit != NULL)
		event_free(hook->limit);
	if (hook->said >= 0)
		close(hook->said);
	hook->said_event = hook->limit = NULL;
	hook->said = -1;
	hook->pid = 0;
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)fd, (void)what;
	keeper->hook.overdue = true;
	kill(-keeper->hook.pid, SIGKILL); /* SIGCHLD goes on */
}

static bool
watch(struct keeper *keeper)
{
	struct keeper_hook *hook = &keeper->hook;

	hook->said_event =
	    event_new(keeper->base, hook->said, EV_READ | EV_PERSIST, on_said, keeper);
	hook->limit = evtimer_new(keeper->base, on_limit, keeper);
	if (hook->said_event == NULL || hook->limit == NULL ||
	    event_add(hook->said_event, NULL) < 0)
		return false;
	keeper_arm(hook->limit, keeper->config->hook_timeout * PPTP_SEC);
	return true;
}

static void
over(struct keeper *keeper, const char *why)
{
	if (why != NULL)
		note(keeper, "warning: the hook", why);
	keeper->hook.done(keeper, why);
}

void
keeper_hook_run(struct keeper *keeper, const char *event, const struct reason *reason,
    uint64_t duration_s, void (*done)(struct keeper *keeper, const char *why))
{
	struct keeper_hook *hook = &keeper->hook;
	const struct hook_facts facts = {.event = event,
	    .config = keeper->config,
	    .server = keeper->config->servers[keeper->server_index],
	    .address = keeper->dialled,
	    .network = &keeper->network,
	    .reason = reason,
	    .duration_s = duration_s};
	char why[160];
	int error;

	hook->event = event;
	hook->done = done;
	hook->overdue = false;
	hook->line_len = 0;
	error = hook_start(path_of(keeper, event), &facts, &hook->pid, &hook->said);
	if (error == 0 && watch(keeper))
		return;
	if (error == 0) {
		error = ENOMEM;
		keeper_hook_cancel(keeper);
	}
	snprintf(why, sizeof(why), " cannot be started: %s", strerror(error));
	over(keeper, why);
}

bool
keeper_hook_ended(struct keeper *keeper, pid_t pid, int status)
{
	struct keeper_hook *hook = &keeper->hook;
	char why[160] = "";

	if (pid != hook->pid || pid == 0)
		return false;
	take_said(keeper);
	end_line(keeper);
	if (hook->overdue)
		snprintf(why, sizeof(why), " did not end within %u s, and was killed",
		    keeper->config->hook_timeout);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), " was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(why, sizeof(why), " ended with status %d", WEXITSTATUS(status));
	put_away(keeper);
	over(keeper, why[0] != '\0' ? why : NULL);
	return true;
}

void
keeper_hook_cancel(struct keeper *keeper)
{
	pid_t pid = keeper->hook.pid;

	if (pid == 0)
		return;
	kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	put_away(keeper);
}
