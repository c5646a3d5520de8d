/*
 * call_act.c: names of states and events, and what the tables of call_pns.c and call_pac.c have in
 * common.
 */
#include "call.h"

const char *const call_state_names[] = {
    [CALL_IDLE] = "idle",
    [CALL_WAIT_REPLY] = "wait_reply",
    [CALL_ESTABLISHED] = "established",
    [CALL_WAIT_DISCONNECT] = "wait_disconnect",
    [CALL_OFFERED] = "offered",
    [CALL_WAIT_CONNECT] = "wait_connect",
    [CALL_WAIT_CS_ANS] = "wait_cs_ans",
};

const char *const call_event_names[] = {
    [CALL_OPEN] = "open",
    [CALL_RX_OCRQ_OK] = "received Outgoing-Call-Request, no error",
    [CALL_RX_OCRQ_ERROR] = "received Outgoing-Call-Request, in error",
    [CALL_RX_OCRP_OK] = "received Outgoing-Call-Reply, no error",
    [CALL_RX_OCRP_ERROR] = "received Outgoing-Call-Reply, error",
    [CALL_RX_ICRQ_OK] = "received Incoming-Call-Request, acceptable",
    [CALL_RX_ICRQ_ERROR] = "received Incoming-Call-Request, not acceptable",
    [CALL_RX_ICRP_OK] = "received Incoming-Call-Reply, accepting",
    [CALL_RX_ICRP_ERROR] = "received Incoming-Call-Reply, not accepting",
    [CALL_RX_ICCN] = "received Incoming-Call-Connected",
    [CALL_RX_CCR] = "received Call-Clear-Request",
    [CALL_RX_CDN] = "received Call-Disconnect-Notify",
    [CALL_RX_SLI] = "received Set-Link-Info",
    [CALL_RX_WEN] = "received WAN-Error-Notify",
    [CALL_RX_OTHER] = "received another message",
    [CALL_ANSWER] = "answered",
    [CALL_REFUSE] = "incomplete, or refused here",
    [CALL_LOCAL_CLEAR] = "local terminate",
    [CALL_TIMEOUT] = "overdue",
    [CALL_ERRORS_DUE] = "errors on the line to be told",
    [CALL_CTRL_DOWN] = "control connection down",
};

/* The last word on a call. */
struct pptp_event *
call_down(struct call *call, enum pptp_cause cause)
{
	struct queued_event *down = call->down;

	call->down = NULL;
	down->event.type = PPTP_EV_CALL_DOWN;
	down->event.cause = cause;
	down->event.local_call_id = call->local_call_id;
	down->event.peer_call_id = call->peer_call_id;
	ctrl_event_queue(call->ctrl, down);
	return &down->event;
}

int
call_event_new(struct call *call, enum pptp_event_type type, const struct pptp_msg *msg,
    struct pptp_event **event)
{
	int err = ctrl_event_new(call->ctrl, type, event);

	if (err != PPTP_OK)
		return err;
	(*event)->local_call_id = call->local_call_id;
	(*event)->peer_call_id = call->peer_call_id;
	(*event)->msg = *msg;
	return PPTP_OK;
}

void
call_learn_peer(struct call *call, uint16_t peer_call_id)
{
	call->peer_call_id = peer_call_id;
	call->has_peer_call_id = true;
}

int
call_up(struct call *call, const struct pptp_msg *msg, uint16_t window, uint16_t delay)
{
	struct pptp_event *event;
	int err = call_event_new(call, PPTP_EV_CALL_UP, msg, &event);

	if (err != PPTP_OK)
		return err;
	call->due = PPTP_NEVER;
	event->peer_window = window;
	event->peer_delay = delay;
	return PPTP_OK;
}

int
call_act_send_request(void *object, const void *input, uint64_t now)
{
	struct call *call = object;

	call->due = ctrl_after(now, call->ctrl->params.reply_timeout);
	return ctrl_send(call->ctrl, input);
}

int
call_act_offer(void *object, const void *input, uint64_t now)
{
	struct call *call = object;
	struct pptp_event *event;

	call->due = ctrl_after(now, call->ctrl->params.answer_timeout);
	return call_event_new(call, PPTP_EV_CALL_OFFERED, input, &event);
}

int
call_act_lost(void *object, const void *input, uint64_t now)
{
	(void)input;
	(void)now;
	call_down(object, PPTP_CAUSE_CTRL_DOWN);
	return PPTP_OK;
}

/* Our Call ID is 0 there: there is no call (A.4). */
int
call_send_refusal(struct call *call, const struct call_refusal *refusal)
{
	struct pptp_msg msg = {.type = PPTP_ICRP};

	if (call_is_pac(call)) {
		msg.type = PPTP_OCRP;
		msg.u.ocrp.peers_call_id = call->peer_call_id;
		msg.u.ocrp.result_code = refusal->result;
		msg.u.ocrp.error_code = refusal->error;
		msg.u.ocrp.cause_code = refusal->cause_code;
	} else {
		msg.u.icrp.peers_call_id = call->peer_call_id;
		msg.u.icrp.result_code = refusal->result;
		msg.u.icrp.error_code = refusal->error;
	}
	return ctrl_answer(call->ctrl, &msg);
}

int
call_act_reject(void *object, const void *input, uint64_t now)
{
	(void)now;
	return call_send_refusal(object, input);
}

int
call_act_refuse(void *object, const void *input, uint64_t now)
{
	const struct call_refusal *refusal = input;
	struct pptp_event *event = call_down(object, PPTP_CAUSE_LOCAL);

	(void)now;
	event->code = refusal->result;
	event->error_code = refusal->error;
	event->cause_code = refusal->cause_code;
	return call_send_refusal(object, refusal);
}

int
call_act_refused(void *object, const void *input, uint64_t now)
{
	const struct pptp_msg *msg = input;
	struct pptp_event *event = call_down(object, PPTP_CAUSE_CALL_REFUSED);

	(void)now;
	if (msg->type == PPTP_ICRP) {
		event->code = msg->u.icrp.result_code;
		event->error_code = msg->u.icrp.error_code;
		return PPTP_OK;
	}
	event->code = msg->u.ocrp.result_code;
	event->error_code = msg->u.ocrp.error_code;
	event->cause_code = msg->u.ocrp.cause_code;
	return PPTP_OK;
}
