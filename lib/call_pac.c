/*
 * call_pac.c: the PAC's calls, RFC 2637 3.2.3.1 and 3.2.4.1, as tables.
 */
#include "call.h"

/* 2.14: not "more often than once every 60 seconds" (C7). */
#define ERRORS_SPACING (60 * PPTP_SEC)

/* ---------------------------------------------------------------------------- actions */

static int
accept_outgoing(void *object, const void *input, uint64_t now)
{
	struct call *call = object;
	const struct pptp_call_answer *answer = input;
	struct pptp_msg msg = {.type = PPTP_OCRP};
	int err;

	(void)now;
	msg.u.ocrp.call_id = call->local_call_id;
	msg.u.ocrp.peers_call_id = call->peer_call_id;
	msg.u.ocrp.result_code = PPTP_OCRP_CONNECTED;
	msg.u.ocrp.connect_speed =
	    answer->connect_speed == 0 ? call->maximum_bps : answer->connect_speed;
	msg.u.ocrp.packet_recv_window_size = answer->recv_window;
	msg.u.ocrp.packet_processing_delay = answer->processing_delay;
	msg.u.ocrp.physical_channel_id = answer->physical_channel_id;
	err = ctrl_send(call->ctrl, &msg);
	return err == PPTP_OK ? call_up(call, &msg, call->peer_window, call->peer_delay) : err;
}

static int
answer_line(void *object, const void *input, uint64_t now)
{
	struct call *call = object;
	const struct pptp_msg *reply = input;
	struct pptp_msg msg = {.type = PPTP_ICCN, .u.iccn = call->iccn};
	int err;

	(void)now;
	call_learn_peer(call, reply->u.icrp.call_id);
	msg.u.iccn.peers_call_id = call->peer_call_id;
	err = ctrl_send(call->ctrl, &msg);
	if (err != PPTP_OK)
		return err;
	return call_up(call, reply, reply->u.icrp.packet_recv_window_size,
	    reply->u.icrp.packet_transmit_delay);
}

/* 2.13: "sent whenever a call is disconnected, due to the receipt by the PAC of a Call-Clear-
 * Request or for any other reason". */
static int
send_notify(struct call *call, const struct pptp_cdn *why)
{
	struct pptp_msg msg = {.type = PPTP_CDN, .u.cdn = *why};

	msg.u.cdn.call_id = call->local_call_id;
	msg.u.cdn.reserved1 = 0;
	return ctrl_answer(call->ctrl, &msg);
}

static int
disconnect(void *object, const void *input, uint64_t now)
{
	static const struct pptp_cdn shutdown = {.result_code = PPTP_CDN_ADMIN_SHUTDOWN};
	const struct pptp_cdn *why = input != NULL ? input : &shutdown;
	struct pptp_event *event = call_down(object, PPTP_CAUSE_LOCAL);

	(void)now;
	event->code = why->result_code;
	event->error_code = why->error_code;
	event->cause_code = why->cause_code;
	return send_notify(object, why);
}

static int
cleared_by_peer(void *object, const void *input, uint64_t now)
{
	const struct pptp_cdn request = {.result_code = PPTP_CDN_REQUEST};

	(void)input;
	(void)now;
	call_down(object, PPTP_CAUSE_PEER_CLEAR);
	return send_notify(object, &request);
}

static int
decline(void *object, const void *input, uint64_t now)
{
	const struct call_refusal refusal = {.result = PPTP_OCRP_DO_NOT_ACCEPT};

	(void)input;
	return call_act_refuse(object, &refusal, now);
}

static int
answer_timeout(void *object, const void *input, uint64_t now)
{
	const struct call_refusal refusal = {.result = PPTP_OCRP_TIME_OUT};

	(void)input;
	(void)now;
	call_down(object, PPTP_CAUSE_ANSWER_TIMEOUT);
	return call_send_refusal(object, &refusal);
}

/* 3.2.1: "the ENTIRE CONTROL CONNECTION should be closed and restarted". */
static int
reply_timeout(void *object, const void *input, uint64_t now)
{
	const struct pptp_cdn lost = {.result_code = PPTP_CDN_LOST_CARRIER};
	struct call *call = object;

	(void)input;
	(void)now;
	call_down(call, PPTP_CAUSE_CALL_TIMEOUT);
	ctrl_begin_stop(call->ctrl, PPTP_CAUSE_CALL_TIMEOUT, PPTP_STOP_NONE);
	return send_notify(call, &lost);
}

static int
link_info(void *object, const void *input, uint64_t now)
{
	struct pptp_event *event;

	(void)now;
	return call_event_new(object, PPTP_EV_LINK_INFO, input, &event);
}

static int
tell_errors(void *object, const void *input, uint64_t now)
{
	struct call *call = object;
	struct pptp_msg msg = {.type = PPTP_WEN, .u.wen = call->errors};

	(void)input;
	msg.u.wen.peers_call_id = call->peer_call_id;
	call->errors_due = PPTP_NEVER;
	call->errors_next = ctrl_after(now, ERRORS_SPACING);
	return ctrl_send(call->ctrl, &msg);
}

/* ----------------------------------------------------------------------------- tables */

/* clang-format off */
/* Rows marked (I) are arrows that the figure lacks, from protocol D.1 and D.3. */
static const struct fsm_row outgoing_rows[] = {
	{CALL_IDLE,		CALL_RX_OCRQ_ERROR,	call_act_reject,	CALL_IDLE},
	{CALL_IDLE,		CALL_RX_OCRQ_OK,	call_act_offer,		CALL_WAIT_CS_ANS},

	{CALL_WAIT_CS_ANS,	CALL_ANSWER,		accept_outgoing,	CALL_ESTABLISHED},
	{CALL_WAIT_CS_ANS,	CALL_REFUSE,		call_act_refuse,	CALL_IDLE},
	{CALL_WAIT_CS_ANS,	CALL_RX_CCR,		cleared_by_peer,	CALL_IDLE},
	{CALL_WAIT_CS_ANS,	CALL_LOCAL_CLEAR,	decline,		CALL_IDLE}, /* (I) */
	{CALL_WAIT_CS_ANS,	CALL_TIMEOUT,		answer_timeout,		CALL_IDLE}, /* 3.2.4.1: "if a timer expires" */
	{CALL_WAIT_CS_ANS,	CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */

	{CALL_ESTABLISHED,	CALL_RX_CCR,		cleared_by_peer,	CALL_IDLE},
	{CALL_ESTABLISHED,	CALL_LOCAL_CLEAR,	disconnect,		CALL_IDLE},
	{CALL_ESTABLISHED,	CALL_RX_SLI,		link_info,		CALL_ESTABLISHED}, /* 2.15 */
	{CALL_ESTABLISHED,	CALL_ERRORS_DUE,	tell_errors,		CALL_ESTABLISHED}, /* 2.14 */
	{CALL_ESTABLISHED,	CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */
};

static const struct fsm_row incoming_rows[] = {
	{CALL_IDLE,		CALL_OPEN,		call_act_send_request,	CALL_WAIT_REPLY},

	{CALL_WAIT_REPLY,	CALL_RX_ICRP_OK,	answer_line,		CALL_ESTABLISHED},
	{CALL_WAIT_REPLY,	CALL_RX_ICRP_ERROR,	call_act_refused,	CALL_IDLE},
	{CALL_WAIT_REPLY,	CALL_LOCAL_CLEAR,	disconnect,		CALL_IDLE},
	{CALL_WAIT_REPLY,	CALL_RX_CCR,		cleared_by_peer,	CALL_IDLE}, /* 2.12: in any state */
	{CALL_WAIT_REPLY,	CALL_TIMEOUT,		reply_timeout,		CALL_IDLE}, /* 3.2.1 */
	{CALL_WAIT_REPLY,	CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */

	{CALL_ESTABLISHED,	CALL_RX_CCR,		cleared_by_peer,	CALL_IDLE},
	{CALL_ESTABLISHED,	CALL_LOCAL_CLEAR,	disconnect,		CALL_IDLE},
	{CALL_ESTABLISHED,	CALL_RX_SLI,		link_info,		CALL_ESTABLISHED}, /* 2.15 */
	{CALL_ESTABLISHED,	CALL_ERRORS_DUE,	tell_errors,		CALL_ESTABLISHED}, /* 2.14 */
	{CALL_ESTABLISHED,	CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */
};
/* clang-format on */

const struct fsm call_pac_outgoing_fsm = CALL_FSM("PAC outgoing call (3.2.4.1)", outgoing_rows);
const struct fsm call_pac_incoming_fsm = CALL_FSM("PAC incoming call (3.2.3.1)", incoming_rows);
