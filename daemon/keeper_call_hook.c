/*
 * keeper_call_hook.c: hooks.call-up and hooks.call-down: a bounded number at once, for each call one
 * after the other.  Nobody waits for them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keeper_int.h"
#include "pptp.h"

#define AT_ONCE 8

/* One event of a call, until its program has ended. */
struct call_hook {
	struct keeper *keeper; /* borrows for life */
	enum hook_event event;
	struct keeper_call call; /* as it was then; its pointers are not used */
	struct config_nets routes;
	uint64_t up_for;         /* us */
	struct hook_child child; /* none: it waits */
	STAILQ_ENTRY(call_hook) link;
};

static void
note(const struct call_hook *hook, const char *before, const char *text)
{
	char line[IPC_TEXT + 4 * HOOK_LINE];

	snprintf(line, sizeof(line), "%shook %s of call %u%s", before, hook_name(hook->event),
	    (unsigned)hook->call.number, text);
	hook->keeper->ui->note(hook->keeper->ui->ctx, 0, line);
}

static void
on_line(void *ctx, const char *text)
{
	note(ctx, "", text);
}

static void
put_away(struct call_hook *hook)
{
	STAILQ_REMOVE(&hook->keeper->calls.hooks, hook, call_hook, link);
	hook_child_cancel(&hook->child);
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

	return hook_child_start(&hook->child, keeper->base, hook_path(keeper->config, hook->event),
	    &facts, keeper->config->hook_timeout);
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
	running += hook->child.pid != 0;
	for (hook = STAILQ_FIRST(&keeper->calls.hooks); hook != NULL && running < AT_ONCE;
	     hook = next) {
		next = STAILQ_NEXT(hook, link);
		if (hook->child.pid != 0 || waits(hook))
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
	hook_child_init(&hook->child, on_line, hook);
	STAILQ_INSERT_TAIL(&keeper->calls.hooks, hook, link);
	start_next(keeper);
}

bool
keeper_call_hook_ended(struct keeper *keeper, pid_t pid, int status)
{
	struct call_hook *hook;
	char why[160];

	STAILQ_FOREACH(hook, &keeper->calls.hooks, link)
	{
		if (hook->child.pid == pid)
			break;
	}
	if (hook == NULL)
		return false;
	hook_child_ended(&hook->child, status, why, sizeof(why));
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
		put_away(hook);
	}
}
