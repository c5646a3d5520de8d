/* answer_down.c: the end of an answered call, in order: pppd first while GRE still flows, then the call. */
#include <signal.h>
#include <string.h>

#include "clock.h"
#include "listener_int.h"

#define KILL_TIME (8 * PPTP_SEC) /* pppd says goodbye to LCP in at most 6 s, twice 3 s */

static void
signal_pppd(const struct answer *answer, int number)
{
	struct ipc_msg msg;

	ipc_init(&msg, IPC_SIGNAL_PPPD);
	msg.call = answer->number;
	msg.u.signal = number;
	engine_send(answer->listener->engine, &msg);
}

void
answer_end(struct answer *answer, const struct reason *reason)
{
	if (reason_is_none(&answer->reason))
		answer->reason = *reason;
	if (answer->phase >= ANSWER_HANGUP)
		return;
	if (answer->phase == ANSWER_QUEUED)
		TAILQ_REMOVE(&answer->listener->to_start, answer, start_link);
	answer->phase = ANSWER_HANGUP;
	answer->gre_due = answer->look_due = answer->ppp_due = PPTP_NEVER;
	if (answer->line.ppp.running) {
		signal_pppd(answer, SIGTERM);
		answer->kill_due = clock_now() + KILL_TIME;
	}
	turn_want(&answer->turn);
}

void
answer_hung_up(struct answer *answer, const struct pptp_event *event)
{
	struct reason reason;

	answer->no_line = true;        /* whoever was there reads no GRE any more */
	line_ppp_drain(&answer->line); /* PPP's own end may have come first, and says more */
	answer_reason_call(&reason, answer, event);
	answer_end(answer, &reason);
}

void
answer_call_down(struct answer *answer, const struct pptp_event *event)
{
	answer->call_alive = false;
	turn_want(&answer->turn);
	if (event->cause != PPTP_CAUSE_CTRL_DOWN)
		answer_hung_up(answer, event);
}

void
answer_pppd_exited(struct answer *answer, int wait_status)
{
	struct reason reason;

	line_ppp_drain(&answer->line);
	answer->line.ppp.running = false;
	answer_started(answer);
	answer->kill_due = PPTP_NEVER;
	if (answer->phase < ANSWER_HANGUP) {
		answer_reason_pppd(&reason, answer, wait_status);
		answer_end(answer, &reason);
	}
}

/* As the PAC: why, in the words of 2.13; as the PNS it is the other end that says so. */
static void
clear_call(struct answer *answer, uint64_t now)
{
	struct pptp_ctrl *ctrl = conn_ctrl(answer->caller->conn);
	const struct pptp_cdn lost = {.result_code = PPTP_CDN_LOST_CARRIER};
	bool ours = answer->reason.ecode == 0;

	if (answer->incoming || ours ||
	    pptp_call_disconnect(ctrl, answer->line.local_call_id, &lost, now) != PPTP_OK)
		pptp_call_clear(ctrl, answer->line.local_call_id, now);
	turn_want(&answer->caller->turn);
}

static void
tell_keeper(const struct answer *answer)
{
	struct pptp_session_stats stats;
	struct gre_errors errors;
	struct ipc_msg msg;

	if (!answer->asked)
		return;
	line_counters(&answer->line, &stats, &errors);
	ipc_init(&msg, IPC_ENDED);
	msg.call = answer->number;
	msg.u.ended.reason = answer->reason;
	msg.u.ended.rx_bytes = stats.rx_bytes;
	msg.u.ended.tx_bytes = stats.tx_bytes;
	engine_send(answer->listener->engine, &msg);
}

/* For `status`: who asks why a caller does not get in does not search the log. */
static void
remember(const struct answer *answer, uint64_t now)
{
	struct listener *listener = answer->listener;
	uint64_t up_for = answer->up_since != 0 ? now - answer->up_since : 0;

	listener->last_call.number = answer->number;
	listener->last_call.caller = answer->caller->address;
	memcpy(listener->last_call.user, answer->user, sizeof(listener->last_call.user));
	listener->last_call.end =
	    (struct last_end){true, time(NULL), (up_for + PPTP_SEC - 1) / PPTP_SEC, answer->reason};
}

/* True: it is gone. */
static bool
go_down(struct answer *answer, uint64_t now)
{
	if (answer->no_line && answer->line.ppp.running)
		line_close_channel(&answer->line);
	if (now >= answer->kill_due) {
		answer->kill_due = PPTP_NEVER;
		signal_pppd(answer, SIGKILL);
		if (answer->listener->engine->orphan)
			answer->line.ppp.running = false; /* who could tell is gone */
	}
	if (answer->phase == ANSWER_HANGUP && !answer->line.ppp.running) {
		answer->phase = ANSWER_CLEARING;
		if (answer->call_alive)
			clear_call(answer, now);
	}
	if (answer->phase != ANSWER_CLEARING || answer->call_alive)
		return false;
	tell_keeper(answer);
	remember(answer, now);
	answer_free(answer);
	return true;
}

static uint64_t
min_time(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
pump_gre(struct answer *answer, uint64_t now)
{
	uint64_t deadline = gre_sock_pump(answer->line.gre, now);

	if (gre_sock_last_rx(answer->line.gre) != 0) {
		if (answer->call_alive)
			pptp_ctrl_alive(
			    conn_ctrl(answer->caller->conn), gre_sock_last_rx(answer->line.gre));
		answer_reached(answer, STAGE_GRE);
	}
	return deadline;
}

void
answer_take_turn(void *ctx, uint64_t now)
{
	struct answer *answer = ctx;
	struct reason reason;
	uint64_t deadline;

	answer->in_turn = true;
	deadline = pump_gre(answer, now);
	answer->in_turn = false;
	if (now >= answer->start_due)
		answer_started(answer);
	if (now >= answer->gre_due && !answer_waits_for_look(answer, now)) {
		answer_reason_gre(&reason, answer, now);
		answer->no_line = true;
		answer_end(answer, &reason);
	} else if (now >= answer->look_due) {
		answer_look(answer);
	} else if (now >= answer->ppp_due) {
		answer_reason_slow(&reason, answer);
		answer_end(answer, &reason);
	}
	if (answer->phase >= ANSWER_HANGUP && go_down(answer, now))
		return;
	deadline = min_time(deadline, answer->start_due);
	deadline = min_time(deadline, answer->gre_due);
	deadline = min_time(deadline, answer->look_due);
	deadline = min_time(deadline, answer->ppp_due);
	turn_at(&answer->turn, min_time(deadline, answer->kill_due), now);
}
