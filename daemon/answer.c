/* answer.c: one call that was offered to us, on the way up. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "listener_int.h"

/* ------------------------------------------------------------------------------ the offer */

/* Of one address: its control connections may be many. */
static unsigned
calls_of(const struct listener *listener, struct in_addr address)
{
	const struct caller *caller;
	unsigned count = 0;

	TAILQ_FOREACH(caller, &listener->callers, link)
	{
		if (caller->address.s_addr == address.s_addr)
			count += caller->answer_count;
	}
	return count;
}

/* NULL: it is taken; else why not. */
static const char *
why_not(const struct caller *caller)
{
	const struct listener *listener = caller->listener;

	if (listener->phase != LISTENER_OPEN || caller->stopping)
		return "this listener is ending";
	if (listener->answer_count >= listener->config->max_calls)
		return "there are listen.max-calls calls";
	if (calls_of(listener, caller->address) >= listener->config->max_calls_per_peer)
		return "it has listen.max-calls-per-peer calls";
	return NULL;
}

/* By the words of 2.8 and 2.10: there is no line free for it. */
static void
refuse(struct caller *caller, const struct pptp_event *event, const char *why, uint64_t now)
{
	char what[96];

	snprintf(what, sizeof(what), "its call was refused, %s", why);
	gate_turned_away(caller->listener, caller->address, what);
	if (event->msg.type == PPTP_ICRQ)
		pptp_call_refuse(conn_ctrl(caller->conn), event->local_call_id,
		    PPTP_ICRP_DO_NOT_ACCEPT, PPTP_ERROR_NONE, 0, now);
	else
		pptp_call_refuse(conn_ctrl(caller->conn), event->local_call_id, PPTP_OCRP_BUSY,
		    PPTP_ERROR_NONE, 0, now);
}

static struct answer *
answer_new(struct caller *caller, const struct pptp_event *event)
{
	struct listener *listener = caller->listener;
	struct answer *answer = calloc(1, sizeof(*answer));

	if (answer == NULL ||
	    !turn_init(&answer->turn, &listener->turns, answer_take_turn, answer)) {
		free(answer);
		return NULL;
	}
	answer->listener = listener;
	answer->caller = caller;
	const struct line_owner owner = answer_line_owner(answer);
	const struct gre_owner gre_owner = line_gre_owner(&answer->line);
	line_init(&answer->line, listener->engine, &owner);
	answer->line.local_call_id = event->local_call_id;
	answer->line.peer_call_id = event->peer_call_id;
	answer->line.local = caller->local;
	answer->line.remote = caller->address;
	answer->line.gre = gre_shared_join(
	    listener->gre, caller->local, caller->address, event->local_call_id, &gre_owner);
	if (answer->line.gre == NULL) {
		turn_fini(&answer->turn);
		free(answer);
		return NULL;
	}
	if (++listener->last_number == 0)
		listener->last_number = 1;
	answer->number = listener->last_number;
	answer->incoming = event->msg.type == PPTP_ICRQ;
	answer->call_alive = true;
	answer->began = clock_now();
	answer->since_wall = time(NULL);
	answer->start_due = answer->gre_due = answer->look_due = PPTP_NEVER;
	answer->ppp_due = answer->kill_due = PPTP_NEVER;
	TAILQ_INSERT_TAIL(&caller->answers, answer, link);
	caller->answer_count++;
	listener->answer_count++;
	listener->calls_ever++;
	return answer;
}

void
answer_free(struct answer *answer)
{
	struct caller *caller = answer->caller;
	struct listener *listener = answer->listener;

	if (answer->phase == ANSWER_QUEUED)
		TAILQ_REMOVE(&listener->to_start, answer, start_link);
	answer_started(answer);
	TAILQ_REMOVE(&caller->answers, answer, link);
	caller->answer_count--;
	listener->answer_count--;
	caller->since = clock_now();
	line_fini(&answer->line);
	turn_fini(&answer->turn);
	free(answer->found);
	free(answer);
	turn_want(&caller->turn);
	turn_want(&listener->turn);
}

void
answer_offer(struct caller *caller, const struct pptp_event *event, uint64_t now)
{
	const struct config *config = caller->listener->config;
	const struct pptp_call_answer taken = {.recv_window = (uint16_t)config->window};
	const char *why = why_not(caller);
	struct answer *answer = why == NULL ? answer_new(caller, event) : NULL;

	if (answer == NULL) {
		refuse(caller, event, why != NULL ? why : "out of memory", now);
		return;
	}
	if (event->msg.type == PPTP_OCRQ)
		answer->connect_speed = event->msg.u.ocrq.maximum_bps;
	if (pptp_call_accept(conn_ctrl(caller->conn), event->local_call_id, &taken, now) !=
	    PPTP_OK) {
		struct reason reason;

		reason_set(&reason, 107, "The call could not be taken: out of memory.");
		answer_end(answer, &reason);
	}
	turn_want(&answer->turn);
}

/* ------------------------------------------------------------------------------ the way up */

void
answer_reached(struct answer *answer, enum stage stage)
{
	if (answer->phase >= ANSWER_HANGUP || stage <= answer->stage)
		return;
	answer->stage = stage;
	if (stage >= STAGE_GRE)
		answer->gre_due = answer->look_due = PPTP_NEVER;
	if (stage == STAGE_GRE)
		answer->ppp_due = clock_now() + PPP_SECONDS * PPTP_SEC;
	if (stage != STAGE_UP)
		return;
	answer->ppp_due = PPTP_NEVER;
	answer->up_since = clock_now();
	answer->since_wall = time(NULL);
}

void
answer_call_up(struct answer *answer, const struct pptp_event *event)
{
	if (answer->phase != ANSWER_OFFERED)
		return; /* its end began before */
	answer->line.peer_call_id = event->peer_call_id;
	answer->line.peer_window = event->peer_window;
	answer->line.peer_delay = event->peer_delay;
	if (answer->incoming)
		answer->connect_speed = event->msg.u.iccn.connect_speed;
	answer->phase = ANSWER_QUEUED;
	answer_reached(answer, STAGE_CALL);
	TAILQ_INSERT_TAIL(&answer->listener->to_start, answer, start_link);
	listener_start_next(answer->listener);
	turn_want(&answer->turn);
}

void
answer_start(struct answer *answer)
{
	const struct config *config = answer->listener->config;
	const uint64_t now = clock_now();
	struct ipc_msg msg;

	TAILQ_REMOVE(&answer->listener->to_start, answer, start_link);
	answer->phase = ANSWER_PPP;
	answer->asked = answer->line.ppp.running = true;
	answer->starting = true;
	answer->start_due = now + START_TIME;
	answer->listener->starting++;
	/* How long it has waited for its turn is not the caller's fault. */
	answer->call_since = now;
	if (answer->stage < STAGE_GRE) { /* it may have come meanwhile */
		answer->gre_due = now + config->gre_timeout * PPTP_SEC;
		answer->look_due = now + config->gre_notice * PPTP_SEC;
	}
	ipc_init(&msg, IPC_START_PPPD);
	msg.call = answer->number;
	msg.u.start.local_call_id = answer->line.local_call_id;
	msg.u.start.peer_call_id = answer->line.peer_call_id;
	msg.u.start.peer = answer->caller->address;
	engine_send(answer->listener->engine, &msg);
}

void
answer_started(struct answer *answer)
{
	if (!answer->starting)
		return;
	answer->starting = false;
	answer->start_due = PPTP_NEVER;
	answer->listener->starting--;
	listener_start_next(answer->listener);
}

static int
take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static void
internal(struct answer *answer, const char *what, int error)
{
	struct reason reason;

	reason_set(&reason, 107, "%s: %s.", what, strerror(error));
	answer_end(answer, &reason);
}

static void
pppd_failed(struct answer *answer, const struct ipc_pppd *pppd)
{
	struct reason reason;

	if (pppd->error == 0) { /* it runs, and its end will be told */
		internal(answer, "pppd's descriptors", EMFILE);
		return;
	}
	answer->line.ppp.running = false;
	answer_started(answer);
	if (pppd->path == PATH_TAP && pppd->why[0] != '\0') {
		reason_set(&reason, 113, "The data path \"tap\" cannot be had: %s.", pppd->why);
		answer_end(answer, &reason);
	} else if (pppd->error == EADDRNOTAVAIL) {
		reason_set(&reason, 118, "No address of ip.pool is free.");
		answer_end(answer, &reason);
	} else {
		internal(answer, pppd->what, pppd->error);
	}
}

void
answer_pppd_started(struct answer *answer, const struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	if (msg->u.pppd.error != 0 || fds[IPC_FD_CHANNEL] < 0) {
		pppd_failed(answer, &msg->u.pppd);
		return;
	}
	/* Even when the end has begun meanwhile, its exit is ours to wait for. */
	if (!line_ppp_open(
		&answer->line, msg->u.pppd.pid, take(&fds[IPC_FD_REPORT]), take(&fds[IPC_FD_LOG])))
		internal(answer, "pppd", ENOMEM);
	if (!line_open_channel(&answer->line, &msg->u.pppd, take(&fds[IPC_FD_CHANNEL])))
		internal(answer, "channel to pppd", ENOMEM);
	else if (!line_hear(&answer->line))
		internal(answer, "GRE session", ENOMEM);
	answer->listener->told_of_path = true;
	if (answer->phase >= ANSWER_HANGUP) { /* which was asked of none */
		struct ipc_msg signal;

		ipc_init(&signal, IPC_SIGNAL_PPPD);
		signal.call = answer->number;
		signal.u.signal = SIGTERM;
		engine_send(answer->listener->engine, &signal);
	}
}

void
answer_network_up(struct answer *answer, const struct ipc_msg *msg, uint64_t now)
{
	struct reason reason;

	(void)now;
	if (answer->phase != ANSWER_PPP || !answer->line.ppp.ip_up)
		return;
	if (msg->u.routes.ecode != 0) {
		reason_set(&reason, msg->u.routes.ecode, "%s", msg->u.routes.why);
		answer_end(answer, &reason);
		return;
	}
	answer_reached(answer, STAGE_UP);
}
