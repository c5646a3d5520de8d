/*
 * keeper_dial.c: one dial after the other: the secret, the engine's part, the end of it, and what
 * retry.h makes of that end.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <time.h>

#include "clock.h"
#include "keeper_int.h"
#include "log.h"
#include "notify.h"
#include "pptp.h"

#define EXIT_SECONDS 5               /* after that an engine that was told to exit is killed */
#define REFORK_TIME  (1 * PPTP_SEC)  /* one that always dies must not make a loop of forks */
#define PING_TIME    (10 * PPTP_SEC) /* without a supervisor that wants to hear more often */
#define PINGS        3               /* without an answer: it hangs */

void
keeper_arm(struct event *timer, uint64_t us)
{
	struct timeval wait = {
	    .tv_sec = (time_t)(us / PPTP_SEC), .tv_usec = (suseconds_t)(us % PPTP_SEC)};

	evtimer_add(timer, &wait);
}

void
keeper_write_state(struct keeper *keeper, const char *state)
{
	/* The log is where the newest configuration says. */
	const struct config *config =
	    keeper->next_config != NULL ? keeper->next_config : keeper->config;

	/* It is for people only: a full disk must not end a tunnel. */
	if (config->keep_state && state_write(keeper->rundir.dir_fd, keeper->rundir.readers, config,
				      state, keeper->since, &keeper->history) < 0) {
		char text[128];

		snprintf(text, sizeof(text), "warning: " STATE_FILE " cannot be written: %s",
		    strerror(errno));
		keeper->ui->note(keeper->ui->ctx, 0, text);
	}
}

static void
send_history(struct keeper *keeper, enum ipc_type type)
{
	struct ipc_msg msg;

	ipc_init(&msg, type);
	if (!keeper->retry.barred)
		keeper->history.barred.known = false;
	msg.u.history = keeper->history;
	keeper_send(keeper, &msg, NULL, 0);
}

void
keeper_remember(struct keeper *keeper, uint64_t up_for)
{
	struct last_end *end = &keeper->history.last_end;

	end->known = true;
	end->when = time(NULL);
	end->duration_s = (up_for + PPTP_SEC - 1) / PPTP_SEC; /* 0: it never was up */
	end->reason = keeper->reason;
}

void
keeper_finish(struct keeper *keeper, uint64_t up_for)
{
	struct ipc_msg msg;

	keeper_remember(keeper, up_for);
	keeper_hook_cancel(keeper); /* one that only tells, and nothing follows it */
	keeper->phase = KEEPER_DONE;
	evtimer_del(keeper->dial_timer);
	ipc_init(&msg, IPC_EXIT);
	keeper_send(keeper, &msg, NULL, 0);
	keeper_arm(keeper->stop_timer, EXIT_SECONDS * PPTP_SEC);
	keeper_check_done(keeper);
}

/* ------------------------------------------------------------------------------ one dial */

/* The boot goes on, whatever comes of this dial, unless it is to wait for the address. */
static void
tell_ready(struct keeper *keeper)
{
	if (keeper->told_ready || (keeper->config->ready_when_up && keeper->stage < STAGE_UP))
		return;
	keeper->told_ready = true;
	notify_ready();
}

static void
begin(struct keeper *keeper)
{
	keeper->phase = KEEPER_DIALLING;
	keeper->stage = STAGE_NONE;
	keeper->pppd_starts = 0;
	memset(&keeper->reason, 0, sizeof(keeper->reason));
}

void
keeper_secret_done(struct keeper *keeper, int code)
{
	if (code < 0) {
		keeper->interrupted = true;
		reason_set(&keeper->reason, 0, "Ended as asked, at the question for the password.");
		keeper_finish(keeper, 0);
		return;
	}
	begin(keeper);
	if (code > 0) {
		keeper->reason = keeper->no_secret;
		keeper->reason.exit_code = code;
		keeper_dial_ended(keeper);
		return;
	}
	keeper->server_index = keeper->history.server = keeper->retry.server;
	keeper->history.wait = 0;
	log_server(keeper->config->servers[keeper->server_index]);
	send_history(keeper, IPC_BEGIN);
	tell_ready(keeper);
}

void
keeper_take_next_config(struct keeper *keeper)
{
	keeper_secret_renew(keeper, keeper->next_config);
	free(keeper->own_config);
	keeper->own_config = keeper->next_config;
	keeper->next_config = NULL;
	keeper->config = keeper->own_config;
	keeper_close_door(keeper); /* it may be another one */
	keeper->retry.server = 0;
	keeper->retry.barred = false;
	keeper->renew = true;
}

static void
on_pre_dial_hook(struct keeper *keeper, const char *why)
{
	if (why == NULL) {
		keeper->phase = KEEPER_SECRET;
		keeper_secret_start(keeper);
		return;
	}
	begin(keeper);
	reason_set(&keeper->reason, 704, "The pre-dial %s: there was no dial.", why);
	keeper_dial_ended(keeper);
}

/* Nothing of the one before is this dial's, whatever becomes of it. */
static void
forget_dial(struct keeper *keeper)
{
	keeper->up_at = keeper->up_for = 0;
	keeper->hooks_up = keeper->counted = keeper->answered = false;
	keeper->server_index = keeper->retry.server;
	keeper->dialled.s_addr = htonl(INADDR_ANY);
}

void
keeper_dial(struct keeper *keeper)
{
	keeper->dial_held = keeper->hook.pid != 0;
	if (keeper->dial_held)
		return; /* on_waiting_hook() goes on */
	keeper->phase = KEEPER_SECRET;
	keeper_net_dial(keeper);
	forget_dial(keeper);
	if (keeper->next_config != NULL)
		keeper_take_next_config(keeper);
	if (keeper->renew && keeper->engine_pid > 0) {
		struct ipc_msg msg;

		ipc_init(&msg, IPC_EXIT);
		keeper_send(keeper, &msg, NULL, 0);
		keeper_arm(keeper->stop_timer, EXIT_SECONDS * PPTP_SEC);
		return; /* keeper_engine_lost() goes on */
	}
	keeper->renew = false;
	if (keeper->engine_pid == 0 && !keeper_fork_engine(keeper)) {
		reason_set(&keeper->reason, 107, "No new engine can be started.");
		keeper_finish(keeper, 0);
		return;
	}
	if (keeper->config->role == ROLE_LISTEN) {
		begin(keeper);
		keeper->history.wait = 0;
		send_history(keeper, IPC_BEGIN);
		keeper_listen(keeper);
		return;
	}
	if (!keeper_open_door(keeper)) {
		keeper_finish(keeper, 0);
		return;
	}
	keeper->phase = KEEPER_PRE_DIAL;
	keeper_hook_run(keeper, HOOK_PRE_DIAL, on_pre_dial_hook);
}

void
keeper_dial_first(struct keeper *keeper)
{
	if (!keeper->stopping) {
		keeper_dial(keeper);
		return;
	}
	reason_set(&keeper->reason, 0, "Ended as asked, before the tunnel was up.");
	keeper_finish(keeper, 0);
}

static void
on_dial_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	keeper_dial(ctx);
}

/* STATUS=: "up since 09:41: ppp-office 10.20.0.57 -> ...", or how far it has come. */
static void
notify_stage(enum stage stage, const char *text)
{
	char sentence[IPC_TEXT + 64], since[32];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(since, sizeof(since), "since %Y-%m-%d %H:%M:%S", &tm);
	snprintf(sentence, sizeof(sentence), "%s%s%s: %s", stage_name(stage),
	    stage == STAGE_UP ? " " : "", stage == STAGE_UP ? since : "", text);
	notify_status(sentence);
}

void
keeper_reached(struct keeper *keeper, enum stage stage, const char *text)
{
	keeper->stage = stage;
	if (stage == STAGE_UP && keeper->up_at == 0)
		keeper->up_at = clock_now();
	keeper->ui->stage(keeper->ui->ctx, stage, text);
	if (keeper->config->role == ROLE_LISTEN)
		keeper_listen_notify(keeper);
	else
		notify_stage(stage, text);
	if (stage == STAGE_UP && keeper->next_config != NULL) /* of a reload meanwhile */
		keeper_reload_routes(keeper, keeper->next_config);
	tell_ready(keeper);
}

/* ------------------------------------------------------------------- the end of one dial */

static uint32_t
chance(void)
{
	uint32_t value = UINT32_MAX / 2;

	return getrandom(&value, sizeof(value), GRND_NONBLOCK) == (ssize_t)sizeof(value)
		   ? value
		   : UINT32_MAX / 2;
}

/* To an engine that is to wait; it may be another one than that which began to. */
void
keeper_tell_wait(struct keeper *keeper)
{
	uint64_t now = clock_now();

	if (keeper->dial_at == PPTP_NEVER)
		keeper->history.wait = PPTP_NEVER;
	else
		keeper->history.wait = keeper->dial_at > now ? keeper->dial_at - now : 0;
	send_history(keeper, IPC_WAIT);
}

static void
on_waiting_hook(struct keeper *keeper, const char *why)
{
	(void)why;
	if (keeper->dial_held)
		keeper_dial(keeper);
}

static void
notify_waiting(const struct keeper *keeper, uint64_t wait)
{
	char text[sizeof(keeper->reason.what) + 64], try[32] = "";

	if (keeper->retry.tries != 0)
		snprintf(try, sizeof(try), ", try %u", keeper->retry.tries);
	if (wait == PPTP_NEVER)
		snprintf(text, sizeof(text), "waiting to be called, and not dialling: E%03u %s",
		    keeper->reason.ecode, keeper->reason.what);
	else
		snprintf(text, sizeof(text), "waiting %llu s%s: E%03u %s",
		    (unsigned long long)(wait / PPTP_SEC), try, keeper->reason.ecode,
		    keeper->reason.what);
	notify_status(text);
}

static void
wait_for_next(struct keeper *keeper, uint64_t wait)
{
	keeper_net_drain(keeper); /* of our own interface's end */
	keeper->phase = KEEPER_WAITING;
	keeper->dial_at = wait == PPTP_NEVER ? PPTP_NEVER : clock_now() + wait;
	if (keeper->engine_pid == 0)
		keeper_fork_engine(keeper); /* if not now, then keeper_dial() says so */
	keeper_tell_wait(keeper);
	keeper_write_state(keeper, "running");
	tell_ready(keeper); /* a password that cannot be had yet is like a server that is away */
	if (keeper->ui->waiting != NULL)
		keeper->ui->waiting(keeper->ui->ctx, &keeper->reason,
		    wait == PPTP_NEVER ? wait : wait / PPTP_MSEC, keeper->retry.tries);
	notify_waiting(keeper, wait);
	if (wait != PPTP_NEVER) {
		keeper_arm(keeper->dial_timer, wait);
		keeper_net_waits(keeper);
	}
	keeper_hook_run(keeper, HOOK_WAITING, on_waiting_hook);
}

/* It could pass by itself, but the file says how often to try. */
static void
say_given_up(struct keeper *keeper)
{
	unsigned tries = keeper->retry.tries;
	char *what = keeper->reason.what;
	size_t used = strlen(what);

	if (tries != 0 && tries == keeper->config->max_tries)
		snprintf(what + used, sizeof(keeper->reason.what) - used,
		    " Given up after %u %s (retry.max-tries).", tries,
		    tries == 1 ? "try" : "tries");
}

/*
 * Told to end is exit code 0, whatever the other end or the network did meanwhile: whether its end or
 * ours was heard first is chance, and a supervisor calls a unit that it has stopped failed by any other.
 */
static void
take_as_asked(struct keeper *keeper)
{
	char was[sizeof(keeper->reason.what)];
	unsigned ecode = keeper->reason.ecode;

	if (!keeper->stopping || keeper->reason.exit_code < EXIT_LOOKUP ||
	    keeper->reason.exit_code > EXIT_PEER_HANGUP)
		return;
	memcpy(was, keeper->reason.what, sizeof(was));
	reason_set(
	    &keeper->reason, 0, "Ended as asked; it was ending already: E%03u %.440s", ecode, was);
}

/* What becomes of that dial, once all that belongs to it is gone. */
static void
dial_over(struct keeper *keeper)
{
	struct retry_end end = {.random = chance(),
	    .asked = keeper->redial,
	    .answered = keeper->answered,
	    .up_for = keeper->up_for};
	uint64_t wait;
	bool again;

	end.exit_code = keeper->reason.exit_code;
	keeper->redial = false;
	again = !keeper->stopping && retry_next(&keeper->retry, keeper->config, &end, &wait);
	keeper->history.tries = keeper->retry.tries;
	keeper->history.redials = keeper->retry.redials;
	if (!again) {
		if (!keeper->stopping)
			say_given_up(keeper);
		take_as_asked(keeper);
		keeper_finish(keeper, end.up_for);
		return;
	}
	keeper_remember(keeper, end.up_for);
	if (keeper->retry.barred && !keeper->history.barred.known)
		keeper->history.barred = keeper->history.last_end;
	wait_for_next(keeper, wait);
}

static void
on_auth_hook(struct keeper *keeper, const char *why)
{
	(void)why; /* it was told, and changes nothing */
	dial_over(keeper);
}

static void
on_down_hook(struct keeper *keeper, const char *why)
{
	(void)why; /* it was told; the tunnel is down in each case */
	keeper->hooks_up = false;
	if (keeper->reason.exit_code == EXIT_AUTH)
		keeper_hook_run(keeper, HOOK_AUTH_FAILED, on_auth_hook);
	else
		dial_over(keeper);
}

static void
on_dns_back(struct keeper *keeper)
{
	if (keeper->hooks_up)
		keeper_hook_run(keeper, HOOK_DOWN, on_down_hook);
	else
		on_down_hook(keeper, NULL);
}

void
keeper_dial_ended(struct keeper *keeper)
{
	if (keeper->phase != KEEPER_DIALLING)
		return;
	keeper->up_for = keeper->up_at != 0 ? clock_now() - keeper->up_at : 0;
	if (keeper->reason.exit_code == EXIT_AUTH &&
	    !keeper->answered) /* which pppd, ended by us, may not have come to say */
		keeper->auth_refused = true;
	lookup_cancel(&keeper->lookup);
	keeper_close_kernel(keeper);
	keeper_hook_cancel(keeper);
	routes_remove(&keeper->routes);
	keeper_net_down(keeper);
	keeper->network_up = false;
	if (!keeper->ui->keep_secret)
		keeper_wipe_secret(&keeper->secret);
	keeper->phase = KEEPER_HOOK;
	keeper_dns_unset(keeper, on_dns_back);
}

/* Somebody may ask how it is, or for its end. */
static void
on_refork(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)fd, (void)what;
	if (keeper->phase != KEEPER_WAITING || keeper->engine_pid != 0)
		return;
	if (keeper_fork_engine(keeper))
		keeper_tell_wait(keeper);
	else
		keeper_arm(keeper->refork_timer, REFORK_TIME);
}

void
keeper_engine_lost(struct keeper *keeper)
{
	switch (keeper->phase) {
	case KEEPER_PRE_DIAL:
		keeper->phase = KEEPER_DIALLING;
		keeper_dial_ended(keeper);
		break;
	case KEEPER_SECRET:
		if (keeper->renew) {
			keeper_dial(keeper);
		} else {
			keeper_secret_cancel(keeper);
			keeper->phase = KEEPER_DIALLING;
			keeper_dial_ended(keeper);
		}
		break;
	case KEEPER_DIALLING:
		keeper_dial_ended(keeper);
		break;
	case KEEPER_WAITING:
		keeper_arm(keeper->refork_timer, REFORK_TIME);
		break;
	case KEEPER_HOOK: /* what follows it forks another one, or needs none */
	case KEEPER_DONE:
		break;
	}
}

/* ------------------------------------------------------------------------------ watchdog */

/* `ready = "up"`: a server that is away is waited for, and not TimeoutStartSec. */
static void
keep_starting(const struct keeper *keeper)
{
	if (!keeper->told_ready && keeper->config->ready_when_up && !keeper->stopping)
		notify_not_yet(3 * keeper->watch_every);
}

static void
on_watch(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;
	struct ipc_msg msg;

	(void)fd, (void)what;
	keep_starting(keeper);
	keeper_net_wake(keeper);
	if (keeper->engine_pid == 0) {
		notify_watchdog(); /* between two engines: there is none that could hang */
	} else if (keeper->unanswered >= PINGS) {
		keeper->hung = true;
		kill(keeper->engine_pid, SIGKILL);
	} else {
		keeper->unanswered++;
		ipc_init(&msg, IPC_PING);
		keeper_send(keeper, &msg, NULL, 0);
	}
}

void
keeper_pong(struct keeper *keeper)
{
	keeper->unanswered = 0;
	notify_watchdog();
}

/* ---------------------------------------------------------------------------- life cycle */

bool
keeper_dial_setup(struct keeper *keeper)
{
	struct timeval every;

	keeper->watch_every = notify_watchdog_us() / 2;
	if (keeper->watch_every == 0)
		keeper->watch_every = PING_TIME;
	every.tv_sec = (time_t)(keeper->watch_every / PPTP_SEC);
	every.tv_usec = (suseconds_t)(keeper->watch_every % PPTP_SEC);
	keep_starting(keeper);
	keeper->since = time(NULL);
	state_last_end(keeper->rundir.dir_fd, &keeper->history.last_end);
	keeper_write_state(keeper, "running");
	keeper->dial_timer = evtimer_new(keeper->base, on_dial_timer, keeper);
	keeper->watch_timer = event_new(keeper->base, -1, EV_PERSIST, on_watch, keeper);
	keeper->refork_timer = evtimer_new(keeper->base, on_refork, keeper);
	return keeper->dial_timer != NULL && keeper->watch_timer != NULL &&
	       keeper->refork_timer != NULL && event_add(keeper->watch_timer, &every) == 0;
}

void
keeper_dial_free(struct keeper *keeper)
{
	struct event *timers[] = {keeper->dial_timer, keeper->watch_timer, keeper->refork_timer};

	keeper_secret_cancel(keeper);
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		if (timers[i] != NULL)
			event_free(timers[i]);
	}
}
