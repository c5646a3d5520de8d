/*
 * keeper_ask.c: what is asked of the keeper while it runs: the end, another dial, its file anew; by
 * signals here, by the tool through the engine (acts.c).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "again.h"
#include "clock.h"
#include "keeper_int.h"
#include "notify.h"
#include "pptp.h"

void
keeper_stop(struct keeper *keeper)
{
	struct ipc_msg msg;

	if (keeper->stopping)
		return;
	keeper->stopping = true;
	keeper->stop_since = clock_now();
	notify_stopping();
	switch (keeper->phase) {
	case KEEPER_PRE_DIAL:
		reason_set(&keeper->reason, 0, "Ended as asked, before the tunnel was up.");
		keeper_finish(keeper, 0);
		break;
	case KEEPER_SECRET:
		keeper_secret_cancel(keeper);
		reason_set(&keeper->reason, 0, "Ended as asked, before the tunnel was up.");
		keeper_finish(keeper, 0);
		break;
	case KEEPER_WAITING:
		reason_set(&keeper->reason, 0, "Ended as asked, while waiting for the next dial.");
		keeper_finish(keeper, 0);
		break;
	case KEEPER_DIALLING:
		ipc_init(&msg, IPC_STOP);
		keeper_send(keeper, &msg, NULL, 0);
		keeper_arm(keeper->stop_timer, STOP_SECONDS * PPTP_SEC);
		break;
	case KEEPER_HOOK: /* it has its own time */
	case KEEPER_DONE:
		break;
	}
}

void
keeper_redial(struct keeper *keeper)
{
	struct ipc_msg msg;

	if (keeper->stopping)
		return;
	if (keeper->config->role == ROLE_LISTEN && keeper->phase == KEEPER_DIALLING)
		return; /* it dials nobody, and has no call to end for that */
	if (keeper->phase == KEEPER_WAITING) {
		keeper->retry.barred = false; /* whoever asks has seen to it */
		evtimer_del(keeper->dial_timer);
		keeper_dial(keeper);
	} else if (keeper->phase == KEEPER_DIALLING) {
		keeper->redial = true;
		ipc_init(&msg, IPC_STOP);
		keeper_send(keeper, &msg, NULL, 0);
	}
}

/* Those of a listener are read at once: one that cannot be is no configuration. */
static bool
users_for(const struct config *config, struct users *users, char *text, size_t size)
{
	struct reason reason;

	if (config->role != ROLE_LISTEN) {
		snprintf(text, size,
		    "role is \"listen\" as long as it runs: stop it, and start it again");
		return false;
	}
	if (users_of_config(config, users, &reason))
		return true;
	snprintf(text, size, "%s", reason.what);
	return false;
}

bool
keeper_reload(struct keeper *keeper, char *text, size_t size)
{
	const struct config *before =
	    keeper->next_config != NULL ? keeper->next_config : keeper->config;
	struct config *config, *old = keeper->next_config;
	bool routes, listens = keeper->config->role == ROLE_LISTEN;
	struct users users = {0};
	struct ipc_msg msg;

	if (keeper->ui->reload == NULL) {
		snprintf(text, size, "%s",
		    keeper->config->path[0] != '\0'
			? "`pptpeer connect` reads the file once: hang up, and connect again"
			: "this tunnel has no configuration file");
		return false;
	}
	config = keeper->ui->reload(keeper->ui->ctx, text, size);
	if (config == NULL)
		return false;
	if (listens && !users_for(config, &users, text, size)) {
		free(config);
		return false;
	}
	if (keeper->ui->reloaded != NULL)
		keeper->ui->reloaded(keeper->ui->ctx, config);
	keeper->next_config = config;
	if (keeper->phase != KEEPER_DONE)
		keeper_write_state(keeper, "running");
	ipc_init(&msg, IPC_VERBOSE);
	msg.u.verbose = config->verbose;
	keeper_send(keeper, &msg, NULL, 0);
	if (listens) {
		keeper_listen_reload(keeper, &users);
		snprintf(text, size,
		    "the configuration was read: the log follows it now, users, peers and pppd's "
		    "settings with the next call, address and limits with the next start");
		return true;
	}
	if (keeper->phase == KEEPER_WAITING && keeper->dial_at == PPTP_NEVER) {
		/* The file may have another password now; after the answer, or its engine is gone. */
		keeper->dial_at = clock_now();
		keeper_arm(keeper->dial_timer, 0);
	}
	routes = keeper_reload_routes(keeper, config);
	keeper_dns_reload(keeper, before);
	free(old);
	snprintf(text, size,
	    "the configuration was read: the log%s follow it now, the rest with the next dial",
	    routes ? ", DNS and the routes" : " and DNS");
	return true;
}

/* ------------------------------------------------------------------------------- signals */

static void
on_redial_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	(void)signal_number, (void)what;
	keeper_redial(ctx);
}

static void
on_statistics_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	struct ipc_msg msg;

	(void)signal_number, (void)what;
	ipc_init(&msg, IPC_STATISTICS);
	keeper_send(ctx, &msg, NULL, 0);
}

static void
on_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	struct keeper *keeper = ctx;
	char text[IPC_TEXT]; /* the log has it */

	(void)what;
	if (signal_number == SIGHUP && keeper->ui->reload != NULL) {
		keeper_reload(keeper, text, sizeof(text));
	} else if (!keeper->stopping) {
		keeper_stop(keeper);
	} else if (again_is_at_once(signal_number, keeper->stop_since, clock_now())) {
		keeper->forced = true;
		event_active(keeper->stop_timer, EV_TIMEOUT, 0);
	}
}

static const struct {
	int number;
	event_callback_fn handler;
} signals[ASK_SIGNALS] = {
    {SIGINT, on_signal},
    {SIGTERM, on_signal},
    {SIGHUP, on_signal},
    {SIGQUIT, on_signal},
    {SIGUSR1, on_statistics_signal},
    {SIGUSR2, on_redial_signal},
};

static void
mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ASK_SIGNALS; i++)
		sigaddset(&set, signals[i].number);
	sigprocmask(how, &set, NULL);
}

void
keeper_hold_signals(void)
{
	mask_signals(SIG_BLOCK);
}

bool
keeper_ask_setup(struct keeper *keeper)
{
	for (size_t i = 0; i < ASK_SIGNALS; i++) {
		struct sigaction old;

		/* Under nohup a hang-up of the terminal stays ignored. */
		if (signals[i].number == SIGHUP && keeper->ui->reload == NULL &&
		    sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		keeper->ask_events[i] =
		    evsignal_new(keeper->base, signals[i].number, signals[i].handler, keeper);
		if (keeper->ask_events[i] == NULL || event_add(keeper->ask_events[i], NULL) < 0)
			return false;
	}
	mask_signals(SIG_UNBLOCK);
	return true;
}

void
keeper_ask_free(struct keeper *keeper)
{
	/* From here on one more would end us before all is put away. */
	keeper_hold_signals();
	for (size_t i = 0; i < ASK_SIGNALS; i++) {
		if (keeper->ask_events[i] != NULL)
			event_free(keeper->ask_events[i]);
	}
}
