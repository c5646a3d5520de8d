/* keeper_hook.c: starts hooks (hook.h), one at a time, and waits no longer than one may take. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "keeper_int.h"
#include "pptp.h"

/* "hook up: ...", "script down: ..." */
static void
note(const struct keeper *keeper, const char *before, const char *text)
{
	const struct hook_facts *facts = &keeper->hook.facts;
	char line[IPC_TEXT];

	snprintf(line, sizeof(line), "%s%s %s%s", before, facts->script ? "script" : "hook",
	    hook_name(facts->event), text);
	keeper->ui->note(keeper->ui->ctx, 0, line);
}

static void
on_line(void *ctx, const char *text)
{
	note(ctx, "", text);
}

static void
add_program(struct keeper_hook *hook, const char *path, bool script)
{
	if (path[0] == '\0')
		return;
	hook->program[hook->count].path = path;
	hook->program[hook->count++].script = script;
}

/* The script makes what the up hook finds, and takes it away behind the down hook. */
static void
choose_programs(struct keeper *keeper, enum hook_event event)
{
	const struct config *config = keeper->config;
	struct keeper_hook *hook = &keeper->hook;
	const char *script = config->hook_script;

	hook->count = hook->at = 0;
	if (hook_script_reason(event) == NULL || config->until <= STAGE_GRE)
		script = ""; /* nothing is in it for the script */
	if (event == HOOK_UP)
		add_program(hook, script, true);
	add_program(hook, hook_path(config, event), false);
	if (event != HOOK_UP)
		add_program(hook, script, true);
}

bool
keeper_hook_of_network(const struct config *config)
{
	return config->hook_up[0] != '\0' || config->hook_renew[0] != '\0' ||
	       config->hook_down[0] != '\0' || config->hook_script[0] != '\0';
}

/* pre-init is for what the script itself wants; a dial is not forbidden by it. */
static bool
failure_counts(const struct hook_facts *facts)
{
	return facts->event != HOOK_PRE_DIAL || !facts->script;
}

/* The rest does not hear of what will not be. */
static bool
goes_on(const struct keeper *keeper)
{
	const struct keeper_hook *hook = &keeper->hook;

	return hook->failed[0] == '\0' ||
	       (hook->facts.event != HOOK_PRE_DIAL &&
		   !(hook->facts.event == HOOK_UP && keeper->config->hook_required));
}

static void
failed(struct keeper *keeper, const char *why)
{
	struct keeper_hook *hook = &keeper->hook;

	note(keeper, "warning: the ", why);
	if (hook->failed[0] == '\0' && failure_counts(&hook->facts))
		snprintf(hook->failed, sizeof(hook->failed), "%s%s",
		    hook->facts.script ? "script" : "hook", why);
}

/* Starts number `at`, or one of those behind it. */
static void
start_next(struct keeper *keeper)
{
	struct keeper_hook *hook = &keeper->hook;
	char why[160];
	int error;

	for (; hook->at < hook->count && goes_on(keeper); hook->at++) {
		hook->facts.script = hook->program[hook->at].script;
		hook_child_init(&hook->child, on_line, keeper);
		error = hook_child_start(&hook->child, keeper->base, hook->program[hook->at].path,
		    &hook->facts, keeper->config->hook_timeout);
		if (error == 0)
			return;
		snprintf(why, sizeof(why), " cannot be started: %s", strerror(error));
		failed(keeper, why);
	}
	hook->done(keeper, hook->failed[0] != '\0' ? hook->failed : NULL);
}

void
keeper_hook_run(struct keeper *keeper, enum hook_event event,
    void (*done)(struct keeper *keeper, const char *why))
{
	struct keeper_hook *hook = &keeper->hook;
	bool ended = event == HOOK_DOWN || event == HOOK_AUTH_FAILED || event == HOOK_WAITING;
	uint64_t now = clock_now();
	bool dials = keeper->dial_at != PPTP_NEVER && keeper->dial_at > now;

	hook->facts = (struct hook_facts){.event = event,
	    .config = keeper->config,
	    .server = keeper->config->servers[keeper->server_index],
	    .address = keeper->dialled,
	    .network = keeper->hooks_up ? &keeper->network : NULL,
	    .reason = ended ? &keeper->reason : NULL,
	    .duration_s = keeper->up_for / PPTP_SEC,
	    .counted = keeper->counted,
	    .rx_bytes = keeper->rx_bytes,
	    .tx_bytes = keeper->tx_bytes,
	    .wait_s = dials ? (keeper->dial_at - now + PPTP_SEC - 1) / PPTP_SEC : 0};
	hook->done = done;
	hook->failed[0] = '\0';
	choose_programs(keeper, event);
	start_next(keeper);
}

bool
keeper_hook_ended(struct keeper *keeper, pid_t pid, int status)
{
	struct keeper_hook *hook = &keeper->hook;
	char why[160];

	if (pid != hook->child.pid || pid == 0)
		return false;
	hook_child_ended(&hook->child, status, why, sizeof(why));
	if (why[0] != '\0')
		failed(keeper, why);
	hook->at++;
	start_next(keeper);
	return true;
}

void
keeper_hook_cancel(struct keeper *keeper)
{
	if (keeper->hook.child.pid != 0)
		hook_child_cancel(&keeper->hook.child);
}
