/*
 * call_pns.c: the PNS's calls, RFC 2637 3.2.3.2 and 3.2.4.2, as tables.
 */
#include "call.h"

/* ---------------------------------------------------------------------------- actions */

static int
send_clear(struct call *call)
{
	struct pptp_msg msg = {.type = PPTP_CCR};

	msg.u.ccr.call_id = call->local_call_id;
	return ctrl_send(call->ctrl, &msg);
}

static int
clear(void *object, const void *input, uint64_t now)
{
	struct call *call = object;

	(void)input;
	call->due = ctrl_after(now, call->ctrl->params.clear_timeout);
	return send_clear(call);
}

static int
connected(void *object, const void *input, uint64_t now)
{
	const struct pptp_msg *msg = input;

	(void)now;
	call_learn_peer(object, msg->u.ocrp.call_id);
	return call_up(
	    object, msg, msg->u.ocrp.packet_recv_window_size, msg->u.ocrp.packet_processing_delay);
}

static int
accept_incoming(void *object, const void *input, uint64_t now)
{
	struct call *call = object;
	const struct pptp_call_answer *answer = input;
	struct pptp_msg msg = {.type = PPTP_ICRP};

	/* The window and the delay are the PNS's, whatever 2.10 says (J1). */
	msg.u.icrp.call_id = call->local_call_id;
	msg.u.icrp.peers_call_id = call->peer_call_id;
	msg.u.icrp.result_code = PPTP_ICRP_CONNECT;
	msg.u.icrp.packet_recv_window_size = answer->recv_window;
	msg.u.icrp.packet_transmit_delay = answer->processing_delay;
	call->due = ctrl_after(now, call->ctrl->params.reply_timeout);
	return ctrl_send(call->ctrl, &msg);
}

static int
decline(void *object, const void *input, uint64_t now)
{
	const struct call_refusal refusal = {.result = PPTP_ICRP_DO_NOT_ACCEPT};

	(void)input;
	return call_act_refuse(object, &refusal, now);
}

/* 3.2.3: "No resources are available to handle more sessions" comes nearest. */
static int
answer_timeout(void *object, const void *input, uint64_t now)
{
	const struct call_refusal refusal = {
	    .result = PPTP_ICRP_GENERAL_ERROR, .error = PPTP_ERROR_NO_RESOURCE};

	(void)input;
	(void)now;
	call_down(object, PPTP_CAUSE_ANSWER_TIMEOUT);
	return call_send_refusal(object, &refusal);
}

static int
incoming_connected(void *object, const void *input, uint64_t now)
{
	const struct pptp_msg *msg = input;

	(void)now;
	return call_up(
	    object, msg, msg->u.iccn.packet_recv_window_size, msg->u.iccn.packet_transmit_delay);
}

static int
wan_error(void *object, const void *input, uint64_t now)
{
	struct pptp_event *event;

	(void)now;
	return call_event_new(object, PPTP_EV_WAN_ERROR, input, &event);
}

/* The OCRP crossed our Call-Clear-Request; the CDN that follows carries this ID. */
static int
learn_crossed(void *object, const void *input, uint64_t now)
{
	const struct pptp_msg *msg = input;

	(void)now;
	call_learn_peer(object, msg->u.ocrp.call_id);
	return PPTP_OK;
}

static void
down_by_notify(struct call *call, enum pptp_cause cause, const struct pptp_cdn *cdn)
{
	struct pptp_event *event = call_down(call, cause);

	event->code = cdn->result_code;
	event->error_code = cdn->error_code;
	event->cause_code = cdn->cause_code;
}

static int
disconnected(void *object, const void *input, uint64_t now)
{
	const struct pptp_msg *msg = input;

	(void)now;
	down_by_notify(object, PPTP_CAUSE_PEER_DISCONNECT, &msg->u.cdn);
	return PPTP_OK;
}

static int
cleared(void *object, const void *input, uint64_t now)
{
	const struct pptp_msg *msg = input;

	(void)now;
	down_by_notify(object, PPTP_CAUSE_LOCAL, &msg->u.cdn);
	return PPTP_OK;
}

/* No notify, but it is over, and we had asked for that (protocol D12). */
static int
cleared_silently(void *object, const void *input, uint64_t now)
{
	(void)input;
	(void)now;
	call_down(object, PPTP_CAUSE_LOCAL);
	return PPTP_OK;
}

/*
 * 3.2.1: "the ENTIRE CONTROL CONNECTION should be closed and restarted"; the
 * Call-Clear-Request before it lets NAT helpers forget the call (protocol D.4).
 */
static int
reply_timeout(void *object, const void *input, uint64_t now)
{
	struct call *call = object;

	(void)input;
	(void)now;
	call_down(call, PPTP_CAUSE_CALL_TIMEOUT);
	ctrl_begin_stop(call->ctrl, PPTP_CAUSE_CALL_TIMEOUT, PPTP_STOP_NONE);
	return send_clear(call);
}

/* Many servers never send the notify: only this call is given up (protocol D.4). */
static int
clear_timeout(void *object, const void *input, uint64_t now)
{
	(void)input;
	(void)now;
	call_down(object, PPTP_CAUSE_CLEAR_TIMEOUT);
	return PPTP_OK;
}

/* ----------------------------------------------------------------------------- tables */

/* clang-format off */
/* Rows marked (I) are arrows that the figure lacks, from protocol D.2 and D.4. */
static const struct fsm_row outgoing_rows[] = {
	{CALL_IDLE,		CALL_OPEN,		call_act_send_request,	CALL_WAIT_REPLY},

	{CALL_WAIT_REPLY,	CALL_RX_OCRP_OK,	connected,		CALL_ESTABLISHED},
	{CALL_WAIT_REPLY,	CALL_RX_OCRP_ERROR,	call_act_refused,	CALL_IDLE},
	{CALL_WAIT_REPLY,	CALL_LOCAL_CLEAR,	clear,			CALL_WAIT_DISCONNECT},
	{CALL_WAIT_REPLY,	CALL_RX_CDN,		disconnected,		CALL_IDLE}, /* (I) */
	{CALL_WAIT_REPLY,	CALL_RX_SLI,		NULL,			CALL_WAIT_REPLY}, /* (I) H5 */
	{CALL_WAIT_REPLY,	CALL_TIMEOUT,		reply_timeout,		CALL_IDLE}, /* 3.2.1 */
	{CALL_WAIT_REPLY,	CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */

	{CALL_ESTABLISHED,	CALL_RX_CDN,		disconnected,		CALL_IDLE},
	{CALL_ESTABLISHED,	CALL_LOCAL_CLEAR,	clear,			CALL_WAIT_DISCONNECT},
	{CALL_ESTABLISHED,	CALL_RX_SLI,		NULL,			CALL_ESTABLISHED}, /* (I) H5 */
	{CALL_ESTABLISHED,	CALL_RX_WEN,		wan_error,		CALL_ESTABLISHED}, /* 2.14 */
	{CALL_ESTABLISHED,	CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */

	{CALL_WAIT_DISCONNECT,	CALL_RX_CDN,		cleared,		CALL_IDLE},
	{CALL_WAIT_DISCONNECT,	CALL_RX_OCRP_OK,	learn_crossed,		CALL_WAIT_DISCONNECT}, /* (I) */
	{CALL_WAIT_DISCONNECT,	CALL_RX_OCRP_ERROR,	cleared_silently,	CALL_IDLE}, /* (I) */
	{CALL_WAIT_DISCONNECT,	CALL_RX_SLI,		NULL,			CALL_WAIT_DISCONNECT}, /* (I) H5 */
	{CALL_WAIT_DISCONNECT,	CALL_RX_WEN,		NULL,			CALL_WAIT_DISCONNECT}, /* (I) too late */
	{CALL_WAIT_DISCONNECT,	CALL_LOCAL_CLEAR,	NULL,			CALL_WAIT_DISCONNECT}, /* asked twice */
	{CALL_WAIT_DISCONNECT,	CALL_TIMEOUT,		clear_timeout,		CALL_IDLE}, /* (I) */
	{CALL_WAIT_DISCONNECT,	CALL_CTRL_DOWN,		cleared_silently,	CALL_IDLE}, /* (I) D12 */
};

static const struct fsm_row incoming_rows[] = {
	{CALL_IDLE,		CALL_RX_ICRQ_ERROR,	call_act_reject,	CALL_IDLE},
	/* The figure answers at once; the owner is asked before, and 60 s are not over (C10). */
	{CALL_IDLE,		CALL_RX_ICRQ_OK,	call_act_offer,		CALL_OFFERED},

	{CALL_OFFERED,		CALL_ANSWER,		accept_incoming,	CALL_WAIT_CONNECT},
	{CALL_OFFERED,		CALL_REFUSE,		call_act_refuse,	CALL_IDLE},
	{CALL_OFFERED,		CALL_LOCAL_CLEAR,	decline,		CALL_IDLE}, /* (I) */
	{CALL_OFFERED,		CALL_RX_CDN,		disconnected,		CALL_IDLE}, /* (I) the caller hung up */
	{CALL_OFFERED,		CALL_TIMEOUT,		answer_timeout,		CALL_IDLE}, /* (I) C10 */
	{CALL_OFFERED,		CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */

	{CALL_WAIT_CONNECT,	CALL_RX_ICCN,		incoming_connected,	CALL_ESTABLISHED},
	{CALL_WAIT_CONNECT,	CALL_RX_CDN,		disconnected,		CALL_IDLE},
	{CALL_WAIT_CONNECT,	CALL_LOCAL_CLEAR,	clear,			CALL_WAIT_DISCONNECT}, /* (I) */
	{CALL_WAIT_CONNECT,	CALL_RX_SLI,		NULL,			CALL_WAIT_CONNECT}, /* (I) H5 */
	{CALL_WAIT_CONNECT,	CALL_TIMEOUT,		reply_timeout,		CALL_IDLE}, /* 3.2.1 */
	{CALL_WAIT_CONNECT,	CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */

	{CALL_ESTABLISHED,	CALL_RX_CDN,		disconnected,		CALL_IDLE},
	{CALL_ESTABLISHED,	CALL_LOCAL_CLEAR,	clear,			CALL_WAIT_DISCONNECT},
	{CALL_ESTABLISHED,	CALL_RX_SLI,		NULL,			CALL_ESTABLISHED}, /* (I) H5 */
	{CALL_ESTABLISHED,	CALL_RX_WEN,		wan_error,		CALL_ESTABLISHED}, /* 2.14 */
	{CALL_ESTABLISHED,	CALL_CTRL_DOWN,		call_act_lost,		CALL_IDLE}, /* 3 */

	{CALL_WAIT_DISCONNECT,	CALL_RX_CDN,		cleared,		CALL_IDLE},
	{CALL_WAIT_DISCONNECT,	CALL_RX_ICCN,		NULL,			CALL_WAIT_DISCONNECT}, /* (I) crossed */
	{CALL_WAIT_DISCONNECT,	CALL_RX_SLI,		NULL,			CALL_WAIT_DISCONNECT}, /* (I) H5 */
	{CALL_WAIT_DISCONNECT,	CALL_RX_WEN,		NULL,			CALL_WAIT_DISCONNECT}, /* (I) too late */
	{CALL_WAIT_DISCONNECT,	CALL_LOCAL_CLEAR,	NULL,			CALL_WAIT_DISCONNECT}, /* asked twice */
	{CALL_WAIT_DISCONNECT,	CALL_TIMEOUT,		clear_timeout,		CALL_IDLE}, /* (I) */
	{CALL_WAIT_DISCONNECT,	CALL_CTRL_DOWN,		cleared_silently,	CALL_IDLE}, /* (I) D12 */
};
/* clang-format on */

const struct fsm call_pns_outgoing_fsm = CALL_FSM("PNS outgoing call (3.2.4.2)", outgoing_rows);
const struct fsm call_pns_incoming_fsm = CALL_FSM("PNS incoming call (3.2.3.2)", incoming_rows);
