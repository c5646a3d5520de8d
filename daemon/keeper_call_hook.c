/*
 * keeper_call_hook.c: hooks.call-up and hooks.call-down: a bounded number at once, for each call one
 * after the other.  Nobody waits for them.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper_int.h"
#include "pptp.h"

#define AT_ONCE   8
#define SAID_LINE 200 /* octets of a line of what it prints; the rest is another one */

/* One event of a call, until its program has ended. */
struct call_hook {
	struct keeper *keeper; /* borrows for life */
	enum hook_event event;
	struct keeper_call call; /* as it was then; its pointers are not used */
	struct config_nets routes;
	uint64_t up_for;                  /* us */
	pid_t pid;                        /* 0: it waits */
	int said;                         /* -1 none */
	struct event *said_event, *limit; /* own */
	bool overdue;
	size_t line_len;
	char line[SAID_LINE + 1];
	STAILQ_ENTRY(call_hook) link;
};

static void
note(const struct call_hook *hook, const char *before, const char *text)
{
	char line[IPC_TEXT + 4 * SAID_LINE];

	snprintf(line, sizeof(line), "%shook %s of call %u%s", before, hook_name(hook->event),
	    (unsigned)hook->call.number, text);
	hook->keeper->ui->note(hook->keeper->ui->ctx, 0, line);
}

static void
end_line(struct call_hook *hook)
{
	char text[4 * SAID_LINE + 3] = ": ";

	hook->line[hook->line_len] = '\0';
	pptp_escape(hook->line, text + 2, sizeof(text) - 2);
	if (hook->line_len > 0)
		note(hook, "", text);
	hook->line_len = 0;
}

/* False: it, and all that it has started, have closed their outputs. */
static bool
take_said(struct call_hook *hook)
{
	char buf[512];
	ssize_t n;

	while ((n = read(hook->said, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n' && buf[i] != '\0')
				hook->line[hook->line_len++] = buf[i];
			if (buf[i] == '\n' || hook->line_len == SAID_LINE)
				end_line(hook);
		}
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
on_said(evutil_socket_t fd, short what, void *ctx)
{
	struct call_hook *hook = ctx;

	(void)fd, (void)what;
	if (!take_said(hook))
		event_del(hook->said_event);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct call_hook *hook = ctx;

	(void)fd, (void)what;
	hook->overdue = true;
	kill(-hook->pid, SIGKILL); /* SIGCHLD goes on */
}

static void
put_away(struct call_hook *hook)
{
	STAILQ_REMOVE(&hook->keeper->calls.hooks, hook, call_hook, link);
	if (hook->said_event != NULL)
		event_free(hook->said_event);
	if (hook->limit != NULL)
		event_free(hook->limit);
	if (hook->said >= 0)
		close(hook->said);
	free(hook);
}

/* It runs, or errno. */
static int
start(struct call_hook *hook)
{
	struct keeper *keeper = hook->keeper;
	const struct hook_facts facts = {.event = hook->event,
	    .config = keeper->config,
	    .server = "",
	    .network = &hook->call.network,
	    .reason = hook->event == HOOK_CALL_DOWN ? &hook->call.reason : NULL,
	    .duration_s = hook->up_for / PPTP_SEC,
	    .counted = true,
	    .rx_bytes = hook->call.rx_bytes,
	    .tx_bytes = hook->call.tx_bytes,
	    .user = hook->call.user,
	    .caller = hook->call.caller,
	    .behind = &hook->routes};
	int error =
	    hook_start(hook_path(keeper->config, hook->event), &facts, &hook->pid, &hook->said);

	if (error != 0) {
		hook->pid = 0;
		return error;
	}
	hook->said_event = event_new(keeper->base, hook->said, EV_READ | EV_PERSIST, on_said, hook);
	hook->limit = evtimer_new(keeper->base, on_limit, hook);
	if (hook->said_event != NULL)
		event_add(hook->said_event, NULL);
	if (hook->limit != NULL)
		keeper_arm(hook->limit, keeper->config->hook_timeout * PPTP_SEC);
	return 0;
}

/* An earlier event of the same call is not over. */
static bool
waits(const struct call_hook *hook)
{
	const struct call_hook *other;

	STAILQ_FOREACH(other, &hook->keeper->calls.hooks, link)
	{
		if (other == hook)
			return false;
		if (other->call.number == hook->call.number)
			return true;
	}
	return false;
}

static void
start_next(struct keeper *keeper)
{
	struct call_hook *hook, *next;
	unsigned running = 0;
	char why[160];
	int error;

	STAILQ_FOREACH(hook, &keeper->calls.hooks, link)
	running += hook->pid != 0;
	for (hook = STAILQ_FIRST(&keeper->calls.hooks); hook != NULL && running < AT_ONCE;
	     hook = next) {
		next = STAILQ_NEXT(hook, link);
		if (hook->pid != 0 || waits(hook))
			continue;
		error = start(hook);
		if (error == 0) {
			running++;
			continue;
		}
		snprintf(why, sizeof(why), " cannot be started: %s", strerror(error));
		note(hook, "warning: the ", why);
		put_away(hook);
	}
}

void
keeper_call_hook(struct keeper *keeper, enum hook_event event, const struct keeper_call *call,
    const struct config_nets *behind, uint64_t up_for)
{
	struct call_hook *hook;

	if (hook_path(keeper->config, event)[0] == '\0')
		return;
	hook = calloc(1, sizeof(*hook));
	if (hook == NULL)
		return;
	hook->keeper = keeper;
	hook->event = event;
	hook->call = *call;
	if (behind != NULL)
		hook->routes = *behind;
	hook->up_for = up_for;
	hook->said = -1;
	STAILQ_INSERT_TAIL(&keeper->calls.hooks, hook, link);
	start_next(keeper);
}

bool
keeper_call_hook_ended(struct keeper *keeper, pid_t pid, int status)
{
	struct call_hook *hook;
	char why[160] = "";

	STAILQ_FOREACH(hook, &keeper->calls.hooks, link)
	{
		if (hook->pid == pid)
			break;
	}
	if (hook == NULL)
		return false;
	take_said(hook);
	end_line(hook);
	if (hook->overdue)
		snprintf(why, sizeof(why), " did not end within %u s, and was killed",
		    keeper->config->hook_timeout);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), " was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(why, sizeof(why), " ended with status %d", WEXITSTATUS(status));
	if (why[0] != '\0')
		note(hook, "warning: the ", why);
	put_away(hook);
	start_next(keeper);
	return true;
}

bool
keeper_call_hooks_run(const struct keeper *keeper)
{
	return !STAILQ_EMPTY(&keeper->calls.hooks);
}

void
keeper_call_hooks_cancel(struct keeper *keeper)
{
	struct call_hook *hook, *next;

	for (hook = STAILQ_FIRST(&keeper->calls.hooks); hook != NULL; hook = next) {
		next = STAILQ_NEXT(hook, link);
		if (hook->pid != 0) {
			kill(-hook->pid, SIGKILL);
			while (waitpid(hook->pid, NULL, 0) < 0 && errno == EINTR)
				;
		}
		put_away(hook);
	}
}
