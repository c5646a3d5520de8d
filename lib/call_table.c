/*
 * call_table.c: the PNS's outgoing call, RFC 2637 3.2.4.2, as a table.
 */
#include "call.h"

/* ----------------------------------------------------------------------------- verify */

enum call_event
call_verify(const struct pptp_msg *msg)
{
	switch (msg->type) {
	case PPTP_OCRP:
		/* 0 is no success here, nor is a code that the RFC does not list (A.3,
		 * E8). */
		return msg->u.ocrp.result_code == PPTP_OCRP_CONNECTED ? CALL_RX_OCRP_OK
								      : CALL_RX_OCRP_ERROR;
	case PPTP_CDN:
		return CALL_RX_CDN;
	case PPTP_SLI:
		return CALL_RX_SLI;
	case PPTP_SCCRQ:
	case PPTP_SCCRP:
	case PPTP_STOP_REQUEST:
	case PPTP_STOP_REPLY:
	case PPTP_ECHO_REQUEST:
	case PPTP_ECHO_REPLY:
	case PPTP_OCRQ:
	case PPTP_ICRQ:
	case PPTP_ICRP:
	case PPTP_ICCN:
	case PPTP_CCR:
	case PPTP_WEN:
		break;
	}
	return CALL_RX_OTHER;
}

/* ---------------------------------------------------------------------------- actions */

static int
send_request(void *object, const void *input, uint64_t now)
{
	struct call *call = object;

	call->due = ctrl_after(now, call->ctrl->params.reply_timeout);
	return ctrl_send(call->ctrl, input);
}

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

static void
learn_peer(struct call *call, const struct pptp_ocrp *ocrp)
{
	call->peer_call_id = ocrp->call_id;
	call->has_peer_call_id = true;
}

static int
call_up(void *object, const void *input, uint64_t now)
{
	struct call *call = object;
	const struct pptp_msg *msg = input;
	struct pptp_event *event;
	int err;

	(void)now;
	learn_peer(call, &msg->u.ocrp);
	call->due = PPTP_NEVER;
	err = ctrl_event_new(call->ctrl, PPTP_EV_CALL_UP, &event);
	if (err != PPTP_OK)
		return err;
	event->local_call_id = call->local_call_id;
	event->peer_call_id = call->peer_call_id;
	event->msg = *msg;
	return PPTP_OK;
}

/* The OCRP crossed our Call-Clear-Request; the CDN that follows carries this ID. */
static int
learn_crossed(void *object, const void *input, uint64_t now)
{
	const struct pptp_msg *msg = input;

	(void)now;
	learn_peer(object, &msg->u.ocrp);
	return PPTP_OK;
}

/* The last word on a call. */
static struct pptp_event *
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

static int
refused(void *object, const void *input, uint64_t now)
{
	const struct pptp_msg *msg = input;
	struct pptp_event *event = call_down(object, PPTP_CAUSE_CALL_REFUSED);

	(void)now;
	event->code = msg->u.ocrp.result_code;
	event->error_code = msg->u.ocrp.error_code;
	event->cause_code = msg->u.ocrp.cause_code;
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

static int
lost(void *object, const void *input, uint64_t now)
{
	(void)input;
	(void)now;
	call_down(object, PPTP_CAUSE_CTRL_DOWN);
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

/* ------------------------------------------------------------------------------ table */

static const char *const state_names[] = {
    [CALL_IDLE] = "idle",
    [CALL_WAIT_REPLY] = "wait_reply",
    [CALL_ESTABLISHED] = "established",
    [CALL_WAIT_DISCONNECT] = "wait_disconnect",
};

static const char *const event_names[] = {
    [CALL_OPEN] = "open",
    [CALL_RX_OCRP_OK] = "received Outgoing-Call-Reply, no error",
    [CALL_RX_OCRP_ERROR] = "received Outgoing-Call-Reply, error",
    [CALL_RX_CDN] = "received Call-Disconnect-Notify",
    [CALL_RX_SLI] = "received Set-Link-Info",
    [CALL_RX_OTHER] = "received another message",
    [CALL_LOCAL_CLEAR] = "local terminate",
    [CALL_TIMEOUT] = "overdue",
    [CALL_CTRL_DOWN] = "control connection down",
};

/* clang-format off */
/* Rows marked (I) are arrows that the figure lacks, from protocol D.4. */
static const struct fsm_row rows[] = {
	/* state	       event		   action	     next */
	{CALL_IDLE,	       CALL_OPEN,	   send_request,     CALL_WAIT_REPLY},

	{CALL_WAIT_REPLY,      CALL_RX_OCRP_OK,	   call_up,	     CALL_ESTABLISHED},
	{CALL_WAIT_REPLY,      CALL_RX_OCRP_ERROR, refused,	     CALL_IDLE},
	{CALL_WAIT_REPLY,      CALL_LOCAL_CLEAR,   clear,	     CALL_WAIT_DISCONNECT},
	{CALL_WAIT_REPLY,      CALL_RX_CDN,	   disconnected,     CALL_IDLE}, /* (I) */
	{CALL_WAIT_REPLY,      CALL_RX_SLI,	   NULL,	     CALL_WAIT_REPLY}, /* (I) H5 */
	{CALL_WAIT_REPLY,      CALL_TIMEOUT,	   reply_timeout,    CALL_IDLE}, /* 3.2.1 */
	{CALL_WAIT_REPLY,      CALL_CTRL_DOWN,	   lost,	     CALL_IDLE}, /* 3 */

	{CALL_ESTABLISHED,     CALL_RX_CDN,	   disconnected,     CALL_IDLE},
	{CALL_ESTABLISHED,     CALL_LOCAL_CLEAR,   clear,	     CALL_WAIT_DISCONNECT},
	{CALL_ESTABLISHED,     CALL_RX_SLI,	   NULL,	     CALL_ESTABLISHED}, /* (I) H5 */
	{CALL_ESTABLISHED,     CALL_CTRL_DOWN,	   lost,	     CALL_IDLE}, /* 3 */

	{CALL_WAIT_DISCONNECT, CALL_RX_CDN,	   cleared,	     CALL_IDLE},
	{CALL_WAIT_DISCONNECT, CALL_RX_OCRP_OK,	   learn_crossed,    CALL_WAIT_DISCONNECT}, /* (I) */
	{CALL_WAIT_DISCONNECT, CALL_RX_OCRP_ERROR, cleared_silently, CALL_IDLE}, /* (I) */
	{CALL_WAIT_DISCONNECT, CALL_RX_SLI,	   NULL,	     CALL_WAIT_DISCONNECT}, /* (I) H5 */
	{CALL_WAIT_DISCONNECT, CALL_LOCAL_CLEAR,   NULL,	     CALL_WAIT_DISCONNECT}, /* asked twice */
	{CALL_WAIT_DISCONNECT, CALL_TIMEOUT,	   clear_timeout,    CALL_IDLE}, /* (I) */
	{CALL_WAIT_DISCONNECT, CALL_CTRL_DOWN,	   cleared_silently, CALL_IDLE}, /* (I) D12 */
};
/* clang-format on */

const struct fsm call_pns_outgoing_fsm = {
    .name = "PNS outgoing call (3.2.4.2)",
    .state_names = state_names,
    .n_states = sizeof(state_names) / sizeof(state_names[0]),
    .event_names = event_names,
    .n_events = sizeof(event_names) / sizeof(event_names[0]),
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
};
