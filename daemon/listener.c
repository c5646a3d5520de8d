/* listener.c: the life of a listener: open, many callers, closing, ended.  See listener.h. */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "listener_int.h"

struct answer *
listener_find(const struct listener *listener, uint32_t number)
{
	const struct caller *caller;
	struct answer *answer;

	TAILQ_FOREACH(caller, &listener->callers, link)
	{
		TAILQ_FOREACH(answer, &caller->answers, link)
		{
			if (answer->number == number)
				return answer;
		}
	}
	return NULL;
}

void
listener_start_next(struct listener *listener)
{
	struct answer *answer;

	while (listener->starting < MAX_STARTING &&
	       (answer = TAILQ_FIRST(&listener->to_start)) != NULL)
		answer_start(answer);
}

/* ------------------------------------------------------------------------- from the keeper */

static void
begin_ended(struct listener *listener, int error, const char *what)
{
	const struct config *config = listener->config;
	char ip[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &config->listen_address, ip, sizeof(ip));
	if (error == EADDRINUSE)
		reason_set(&listener->reason, 116, "Another program listens on TCP %s:%u (%s).", ip,
		    config->listen_port, what);
	else if (error == EADDRNOTAVAIL)
		reason_set(&listener->reason, 117, "This host does not have the address %s (%s).",
		    ip, what);
	else
		reason_set(&listener->reason, 107, "%s: %s.", what, strerror(error));
	listener->phase = LISTENER_CLOSING;
	turn_want(&listener->turn);
}

static void
open_sockets(struct listener *listener, const struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	const struct config *config = listener->config;
	char ip[INET_ADDRSTRLEN];
	int listening = fds[IPC_FD_LISTEN], gre = fds[IPC_FD_LISTEN_GRE];

	if (listener->phase != LISTENER_IDLE)
		return;
	if (msg->u.failure.error != 0 || listening < 0 || gre < 0) {
		begin_ended(listener, msg->u.failure.error, msg->u.failure.what);
		return;
	}
	fds[IPC_FD_LISTEN] = fds[IPC_FD_LISTEN_GRE] = -1;
	listener->phase = LISTENER_OPEN;
	listener->since_wall = time(NULL);
	listener->gre = gre_shared_new(listener->engine, gre, config->max_calls);
	if (!gate_open(listener, listening) || listener->gre == NULL) {
		begin_ended(listener, ENOMEM, "listening");
		return;
	}
	engine_stage(listener->engine, STAGE_UP, "listening on %s:%u",
	    inet_ntop(AF_INET, &config->listen_address, ip, sizeof(ip)), config->listen_port);
}

static void
stop(struct listener *listener, const struct reason *reason)
{
	struct caller *caller;

	if (listener->phase == LISTENER_CLOSING || listener->phase == LISTENER_ENDED)
		return;
	listener->reason = *reason;
	listener->phase = LISTENER_CLOSING;
	gate_close(listener);
	TAILQ_FOREACH(caller, &listener->callers, link)
	{
		struct answer *answer;

		TAILQ_FOREACH(answer, &caller->answers, link)
		answer_end(answer, reason);
		turn_want(&caller->turn);
	}
	turn_want(&listener->turn);
}

static void
of_call(struct listener *listener, const struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	struct answer *answer = listener_find(listener, msg->call);

	if (answer == NULL)
		return;
	if (msg->type == IPC_PPPD_STARTED) {
		answer_pppd_started(answer, msg, fds);
	} else if (msg->type == IPC_PPPD_EXITED) {
		answer_pppd_exited(answer, msg->u.wait_status);
	} else if (msg->type == IPC_NETWORK_UP) {
		answer_network_up(answer, msg, clock_now());
	} else if (msg->type == IPC_FIREWALL_IS) {
		answer_looked(answer, &msg->u.found);
	} else if (msg->type == IPC_END_CALL) {
		answer_end(answer, &msg->u.reason);
	}
	turn_want(&answer->turn);
}

static void
probe_all(const struct listener *listener)
{
	struct caller *caller;
	uint64_t now = clock_now();

	TAILQ_FOREACH(caller, &listener->callers, link)
	{
		if (caller->established && !caller->down)
			pptp_ctrl_probe(conn_ctrl(caller->conn),
			    listener->config->control_echo_wait * PPTP_SEC, now);
		turn_want(&caller->turn);
	}
}

void
listener_hear(struct listener *listener, const struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	struct reason reason;

	switch (msg->type) {
	case IPC_LISTEN:
		open_sockets(listener, msg, fds);
		break;
	case IPC_STOP:
		reason_set(&reason, 0, "Ended as asked.");
		stop(listener, &reason);
		break;
	case IPC_AWAKE:
		if (listener->config->control_echo != 0)
			probe_all(listener);
		break;
	case IPC_STATISTICS:
		engine_note(listener->engine, 0,
		    "statistics: %u calls, %u control connections, %u of them not begun; ever: "
		    "%llu "
		    "calls, %llu turned away; GRE of nobody's: %llu packets",
		    listener->answer_count, listener->caller_count, listener->half_open,
		    (unsigned long long)listener->calls_ever,
		    (unsigned long long)listener->refused_ever,
		    listener->gre == NULL
			? 0
			: (unsigned long long)gre_shared_strays(listener->gre)->packets);
		break;
	default:
		if (msg->call != 0)
			of_call(listener, msg, fds);
		break;
	}
}

void
listener_orphaned(struct listener *listener)
{
	struct reason reason;
	struct caller *caller;
	struct answer *answer;

	reason_set(&reason, 1, "The keeper was killed.");
	stop(listener, &reason);
	/* Nobody tells of a pppd's end any more: its reports do. */
	TAILQ_FOREACH(caller, &listener->callers, link)
	{
		TAILQ_FOREACH(answer, &caller->answers, link)
		{
			if (answer->line.ppp.report_fd < 0)
				answer->line.ppp.running = false;
		}
	}
}

bool
listener_is_idle(const struct listener *listener)
{
	return listener->phase == LISTENER_IDLE || listener->phase == LISTENER_ENDED;
}

/* ---------------------------------------------------------------------------- life cycle */

static void
close_all(struct listener *listener)
{
	struct caller *caller;

	TAILQ_FOREACH(caller, &listener->callers, link)
	{
		if (caller->answer_count == 0 && !caller->stopping)
			caller_stop(caller);
	}
	if (!TAILQ_EMPTY(&listener->callers))
		return;
	gate_close(listener);
	listener->phase = LISTENER_ENDED;
	engine_ended(listener->engine, &listener->reason, &(struct engine_end){0});
}

static void
take_turn(void *ctx, uint64_t now)
{
	struct listener *listener = ctx;

	(void)now;
	if (listener->phase == LISTENER_CLOSING)
		close_all(listener);
}

void
listener_pump(struct listener *listener, uint64_t now)
{
	turns_run(&listener->turns, now);
}

struct listener *
listener_new(struct engine *engine)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL)
		return NULL;
	listener->engine = engine;
	listener->config = engine->config;
	listener->gate.fd = -1;
	listener->since_wall = time(NULL);
	TAILQ_INIT(&listener->callers);
	TAILQ_INIT(&listener->to_start);
	turns_init(&listener->turns, engine);
	if (!turn_init(&listener->turn, &listener->turns, take_turn, listener)) {
		free(listener);
		return NULL;
	}
	return listener;
}

void
listener_free(struct listener *listener)
{
	struct caller *caller;

	if (listener == NULL)
		return;
	gate_close(listener);
	while ((caller = TAILQ_FIRST(&listener->callers)) != NULL)
		caller_free(caller);
	gre_shared_free(listener->gre);
	turn_fini(&listener->turn);
	free(listener);
}
