/* keeper_hook.c: starts hooks (hook.h), one at a time, and waits no longer than one may take. */
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
end_line(struct keeper *keeper)
{
	struct keeper_hook *hook = &keeper->hook;
	char text[4 * SAID_LINE + 3] = ": ";

	hook->line[hook->line_len] = '\0';
	pptp_escape(hook->line, text + 2, sizeof(text) - 2);
	if (hook->line_len > 0)
		note(keeper, "", text);
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
		hook->overdue = false;
		hook->line_len = 0;
		error =
		    hook_start(hook->program[hook->at].path, &hook->facts, &hook->pid, &hook->said);
		if (error == 0 && watch(keeper))
			return;
		if (error == 0) {
			error = ENOMEM;
			keeper_hook_cancel(keeper);
		}
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
	if (why[0] != '\0')
		failed(keeper, why);
	hook->at++;
	start_next(keeper);
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
