/*
 * ctrl_table.c: the control connection's originator, RFC 2637 3.1.1, as a table.
 */
#include "call.h"
#include "ctrl.h"

#include <stdio.h>

/* --------------------------------------------------------------------------- verify */

static enum ctrl_event
verify_sccrp(const struct pptp_sccrq *sccrp)
{
	/* Some ADSL modems say 0 for success (protocol A14). */
	if (sccrp->result_code != PPTP_SCCRP_OK && sccrp->result_code != 0)
		return CTRL_RX_SCCRP_REFUSED;
	/*
	 * 3.1.1: "the older (lower) version should be used provided it is supported";
	 * there is none older than ours.  A higher one is no answer to our request
	 * (protocol B.1).
	 */
	if (sccrp->protocol_version != PPTP_PROTOCOL_VERSION)
		return CTRL_RX_SCCRP_BAD_VERSION;
	return CTRL_RX_SCCRP_OK;
}

enum ctrl_event
ctrl_verify(const struct pptp_ctrl *ctrl, const struct pptp_msg *msg)
{
	switch (msg->type) {
	case PPTP_SCCRQ:
		return CTRL_RX_SCCRQ;
	case PPTP_SCCRP:
		return verify_sccrp(&msg->u.sccrp);
	case PPTP_STOP_REQUEST:
		return CTRL_RX_STOP_REQUEST;
	case PPTP_STOP_REPLY:
		return CTRL_RX_STOP_REPLY;
	case PPTP_ECHO_REQUEST:
		return CTRL_RX_ECHO_REQUEST;
	case PPTP_ECHO_REPLY:
		/* A17: only the Identifier decides; a Result Code of 2 is an answer, too.
		 */
		if (ctrl->echo_due != PPTP_NEVER &&
		    msg->u.echo_reply.identifier == ctrl->echo_identifier)
			return CTRL_RX_ECHO_REPLY;
		return CTRL_RX_ECHO_REPLY_OTHER;
	case PPTP_OCRQ:
		return CTRL_RX_OCRQ;
	case PPTP_ICRQ:
		return CTRL_RX_ICRQ;
	case PPTP_OCRP:
	case PPTP_ICRP:
	case PPTP_ICCN:
	case PPTP_CCR:
	case PPTP_CDN:
	case PPTP_WEN:
	case PPTP_SLI:
		break;
	}
	return CTRL_RX_CALL;
}

/* Design D13: live GRE extends the wait so often. */
#define MAX_EXTENSIONS 2
/* So late, us, no busy loop runs: the machine was asleep (protocol C11). */
#define CLOCK_JUMP (10 * PPTP_SEC)

enum ctrl_event
ctrl_verify_echo(const struct pptp_ctrl *ctrl, uint64_t now)
{
	if (now - ctrl->echo_due >= CLOCK_JUMP)
		return CTRL_ECHO_SLEPT;
	if (ctrl->gre_seen > ctrl->echo_checked && ctrl->echo_extensions < MAX_EXTENSIONS)
		return CTRL_ECHO_ALIVE;
	return CTRL_ECHO_TIMEOUT;
}

/* ---------------------------------------------------------------------------- actions */

static int
send_start_request(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	struct pptp_msg msg = {.type = PPTP_SCCRQ};
	struct pptp_sccrq *sccrq = &msg.u.sccrq;

	(void)input;
	sccrq->protocol_version = PPTP_PROTOCOL_VERSION;
	sccrq->framing_capabilities = ctrl->params.framing_capabilities;
	sccrq->bearer_capabilities = ctrl->params.bearer_capabilities;
	sccrq->maximum_channels = ctrl->params.maximum_channels;
	sccrq->firmware_revision = ctrl->params.firmware_revision;
	snprintf(sccrq->host_name, sizeof(sccrq->host_name), "%s", ctrl->params.host_name);
	snprintf(sccrq->vendor_name, sizeof(sccrq->vendor_name), "%s", ctrl->params.vendor_name);
	ctrl->reply_due = ctrl_after(now, ctrl->params.reply_timeout);
	return ctrl_send(ctrl, &msg);
}

static void
start_idle_timer(struct pptp_ctrl *ctrl, uint64_t now)
{
	ctrl->idle_due = ctrl_after(now, ctrl->params.echo_interval);
}

static int
established(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *msg = input;
	struct pptp_event *event;
	int err;

	ctrl->reply_due = PPTP_NEVER;
	start_idle_timer(ctrl, now);
	err = ctrl_event_new(ctrl, PPTP_EV_CTRL_UP, &event);
	if (err == PPTP_OK)
		event->msg = *msg;
	return err;
}

static int
start_refused(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *msg = input;

	ctrl->ending = (struct ending){
	    PPTP_CAUSE_START_REFUSED, msg->u.sccrp.result_code, msg->u.sccrp.error_code};
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

static int
send_stop_request(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	struct pptp_msg msg = {.type = PPTP_STOP_REQUEST};

	(void)input;
	msg.u.stop_request.reason = (uint8_t)ctrl->stop_reason;
	ctrl->reply_due = ctrl_after(now, ctrl->params.stop_timeout);
	ctrl->idle_due = PPTP_NEVER;
	ctrl->echo_due = PPTP_NEVER;
	return ctrl_send(ctrl, &msg);
}

static int
bad_version(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *msg = input;

	ctrl_begin_stop(ctrl, PPTP_CAUSE_VERSION, PPTP_STOP_PROTOCOL);
	ctrl->ending.code = msg->u.sccrp.protocol_version;
	return send_stop_request(ctrl, NULL, now);
}

static int
send_stop_reply(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *request = input;
	struct pptp_msg msg = {.type = PPTP_STOP_REPLY};
	int err;

	msg.u.stop_reply.result_code = PPTP_STOP_OK;
	err = ctrl_answer(ctrl, &msg);
	if (err != PPTP_OK)
		return err;
	if (!ctrl->is_stopping) /* else the requests crossed */
		ctrl->ending = (struct ending){
		    PPTP_CAUSE_PEER_STOP, request->u.stop_request.reason, PPTP_ERROR_NONE};
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

static int
send_echo_request(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	struct pptp_msg msg = {.type = PPTP_ECHO_REQUEST};

	(void)input;
	msg.u.echo_request.identifier = ++ctrl->echo_identifier;
	ctrl->echo_sent = now;
	ctrl->echo_checked = now;
	ctrl->echo_extensions = 0;
	ctrl->echo_due = ctrl_after(now, ctrl->params.echo_timeout);
	ctrl->idle_due = PPTP_NEVER;
	return ctrl_send(ctrl, &msg);
}

static int
send_echo_reply(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *request = input;
	struct pptp_msg msg = {.type = PPTP_ECHO_REPLY};

	(void)now;
	msg.u.echo_reply.identifier = request->u.echo_request.identifier;
	msg.u.echo_reply.result_code = PPTP_STOP_OK;
	return ctrl_answer(ctrl, &msg);
}

static int
echo_answered(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	struct pptp_event *event;
	int err;

	(void)input;
	ctrl->echo_due = PPTP_NEVER;
	start_idle_timer(ctrl, now);
	err = ctrl_event_new(ctrl, PPTP_EV_ECHO, &event);
	if (err == PPTP_OK)
		event->rtt = now - ctrl->echo_sent;
	return err;
}

static int
extend_echo_wait(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl->echo_extensions++;
	ctrl->echo_checked = now;
	ctrl->echo_due += RFC_TIME;
	return PPTP_OK;
}

static int
echo_timeout(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl->ending =
	    (struct ending){PPTP_CAUSE_ECHO_TIMEOUT, ctrl->echo_extensions, PPTP_ERROR_NONE};
	ctrl_drop_output(ctrl);
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

static int
refuse_outgoing(
    struct pptp_ctrl *ctrl, const struct pptp_msg *request, uint8_t result, uint8_t error)
{
	struct pptp_msg msg = {.type = PPTP_OCRP};

	msg.u.ocrp.peers_call_id = request->u.ocrq.call_id;
	msg.u.ocrp.result_code = result;
	msg.u.ocrp.error_code = error;
	return ctrl_answer(ctrl, &msg);
}

static int
refuse_incoming(
    struct pptp_ctrl *ctrl, const struct pptp_msg *request, uint8_t result, uint8_t error)
{
	struct pptp_msg msg = {.type = PPTP_ICRP};

	msg.u.icrp.peers_call_id = request->u.icrq.call_id;
	msg.u.icrp.result_code = result;
	msg.u.icrp.error_code = error;
	return ctrl_answer(ctrl, &msg);
}

/* A call before the control connection is established (protocol A.4). */
static int
ocrq_too_early(void *object, const void *input, uint64_t now)
{
	(void)now;
	return refuse_outgoing(object, input, PPTP_OCRP_GENERAL_ERROR, PPTP_ERROR_NOT_CONNECTED);
}

static int
icrq_too_early(void *object, const void *input, uint64_t now)
{
	(void)now;
	return refuse_incoming(object, input, PPTP_ICRP_GENERAL_ERROR, PPTP_ERROR_NOT_CONNECTED);
}

/* We offer neither role that could take a call (protocol A.4). */
static int
ocrq_refused(void *object, const void *input, uint64_t now)
{
	(void)now;
	return refuse_outgoing(object, input, PPTP_OCRP_DO_NOT_ACCEPT, PPTP_ERROR_NONE);
}

static int
icrq_refused(void *object, const void *input, uint64_t now)
{
	(void)now;
	return refuse_incoming(object, input, PPTP_ICRP_DO_NOT_ACCEPT, PPTP_ERROR_NONE);
}

static int
to_call(void *object, const void *input, uint64_t now)
{
	return call_recv(object, input, now);
}

/* Stopped before there was anything to stop, or after it has been stopped. */
static int
close_tcp(void *object, const void *input, uint64_t now)
{
	(void)input;
	ctrl_down(object, now);
	return PPTP_OK;
}

static int
start_timeout(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl->ending.cause = PPTP_CAUSE_START_TIMEOUT;
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

static int
stop_timeout(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	/* Where something else made us stop, that is the better reason. */
	if (ctrl->ending.cause == PPTP_CAUSE_LOCAL)
		ctrl->ending.cause = PPTP_CAUSE_STOP_TIMEOUT;
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

static int
tcp_closed(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	/* pptpd closes TCP on a Call-Clear-Request: who is about to stop takes it (D12).
	 */
	if (!ctrl->is_stopping)
		ctrl->ending.cause = PPTP_CAUSE_TCP_CLOSED;
	ctrl_drop_output(ctrl);
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

static int
failure(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const int *err = input;

	/* 1.4: "must result in immediate closing": nothing more is sent. */
	ctrl->ending = (struct ending){PPTP_CAUSE_PROTOCOL, (unsigned)-*err, PPTP_ERROR_NONE};
	ctrl_drop_output(ctrl);
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

/* ------------------------------------------------------------------------------ table */

static const char *const state_names[] = {
    [PPTP_CTRL_IDLE] = "idle",
    [PPTP_CTRL_WAIT_CTL_REPLY] = "wait_ctl_reply",
    [PPTP_CTRL_ESTABLISHED] = "established",
    [PPTP_CTRL_WAIT_STOP_REPLY] = "wait_stop_reply",
};

static const char *const event_names[] = {
    [CTRL_OPEN] = "TCP open",
    [CTRL_RX_SCCRQ] = "received Start-Control-Connection-Request",
    [CTRL_RX_SCCRP_OK] = "received Start-Control-Connection-Reply, good",
    [CTRL_RX_SCCRP_REFUSED] = "received Start-Control-Connection-Reply, refused",
    [CTRL_RX_SCCRP_BAD_VERSION] = "received Start-Control-Connection-Reply, bad version",
    [CTRL_RX_STOP_REQUEST] = "received Stop-Control-Connection-Request",
    [CTRL_RX_STOP_REPLY] = "received Stop-Control-Connection-Reply",
    [CTRL_RX_ECHO_REQUEST] = "received Echo-Request",
    [CTRL_RX_ECHO_REPLY] = "received Echo-Reply",
    [CTRL_RX_ECHO_REPLY_OTHER] = "received Echo-Reply that answers nothing",
    [CTRL_RX_OCRQ] = "received Outgoing-Call-Request",
    [CTRL_RX_ICRQ] = "received Incoming-Call-Request",
    [CTRL_RX_CALL] = "received a message about a call",
    [CTRL_LOCAL_STOP] = "local terminate",
    [CTRL_REPLY_TIMEOUT] = "reply overdue",
    [CTRL_IDLE_TIMEOUT] = "quiet for long",
    [CTRL_ECHO_TIMEOUT] = "Echo-Reply overdue",
    [CTRL_ECHO_ALIVE] = "Echo-Reply overdue, GRE alive",
    [CTRL_ECHO_SLEPT] = "Echo-Reply overdue, machine slept",
    [CTRL_TCP_CLOSED] = "TCP closed",
    [CTRL_FAILURE] = "failure",
};

/* clang-format off */
/*
 * Rows marked (I) are arrows that the figure lacks, from protocol B.1.  Whatever has no row is
 * reported as ignored: in idle and wait_ctl_reply nothing but the answer and Stop is valid (2.1).
 */
static const struct fsm_row rows[] = {
	/* state		    event			action		    next */
	{PPTP_CTRL_IDLE,	    CTRL_OPEN,			send_start_request, PPTP_CTRL_WAIT_CTL_REPLY},
	{PPTP_CTRL_IDLE,	    CTRL_LOCAL_STOP,		close_tcp,	    PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_IDLE,	    CTRL_TCP_CLOSED,		tcp_closed,	    PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_IDLE,	    CTRL_FAILURE,		failure,	    PPTP_CTRL_IDLE}, /* (I) */

	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_RX_SCCRP_OK,		established,	    PPTP_CTRL_ESTABLISHED},
	/* The figure goes to idle; its text sends a Stop and waits, and so do we. */
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_RX_SCCRP_BAD_VERSION,	bad_version,	    PPTP_CTRL_WAIT_STOP_REPLY},
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_RX_SCCRP_REFUSED,	start_refused,	    PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_RX_STOP_REQUEST,	send_stop_reply,    PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_RX_OCRQ,		ocrq_too_early,	    PPTP_CTRL_WAIT_CTL_REPLY}, /* (I) A.4 */
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_RX_ICRQ,		icrq_too_early,	    PPTP_CTRL_WAIT_CTL_REPLY}, /* (I) A.4 */
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_LOCAL_STOP,		close_tcp,	    PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_REPLY_TIMEOUT,		start_timeout,	    PPTP_CTRL_IDLE}, /* 3.1.4(1) */
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_TCP_CLOSED,		tcp_closed,	    PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_WAIT_CTL_REPLY,  CTRL_FAILURE,		failure,	    PPTP_CTRL_IDLE}, /* 3 */

	{PPTP_CTRL_ESTABLISHED,	    CTRL_RX_STOP_REQUEST,	send_stop_reply,    PPTP_CTRL_IDLE},
	{PPTP_CTRL_ESTABLISHED,	    CTRL_RX_ECHO_REQUEST,	send_echo_reply,    PPTP_CTRL_ESTABLISHED}, /* 2.5 */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_RX_ECHO_REPLY,		echo_answered,	    PPTP_CTRL_ESTABLISHED}, /* 2.6 */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_RX_OCRQ,		ocrq_refused,	    PPTP_CTRL_ESTABLISHED}, /* (I) A.4 */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_RX_ICRQ,		icrq_refused,	    PPTP_CTRL_ESTABLISHED}, /* (I) A.4 */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_RX_CALL,		to_call,	    PPTP_CTRL_ESTABLISHED}, /* 3.2 */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_LOCAL_STOP,		send_stop_request,  PPTP_CTRL_WAIT_STOP_REPLY},
	{PPTP_CTRL_ESTABLISHED,	    CTRL_IDLE_TIMEOUT,		send_echo_request,  PPTP_CTRL_ESTABLISHED}, /* 3.1.4(2) */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_ECHO_TIMEOUT,		echo_timeout,	    PPTP_CTRL_IDLE}, /* 3.1.4(2) */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_ECHO_ALIVE,		extend_echo_wait,   PPTP_CTRL_ESTABLISHED}, /* design D13 */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_ECHO_SLEPT,		send_echo_request,  PPTP_CTRL_ESTABLISHED}, /* (I) C11 */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_TCP_CLOSED,		tcp_closed,	    PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_ESTABLISHED,	    CTRL_FAILURE,		failure,	    PPTP_CTRL_IDLE}, /* 3 */

	{PPTP_CTRL_WAIT_STOP_REPLY, CTRL_RX_STOP_REPLY,		close_tcp,	    PPTP_CTRL_IDLE},
	{PPTP_CTRL_WAIT_STOP_REPLY, CTRL_RX_STOP_REQUEST,	send_stop_reply,    PPTP_CTRL_IDLE}, /* (I) crossed */
	{PPTP_CTRL_WAIT_STOP_REPLY, CTRL_RX_ECHO_REQUEST,	send_echo_reply,    PPTP_CTRL_WAIT_STOP_REPLY}, /* (I) */
	{PPTP_CTRL_WAIT_STOP_REPLY, CTRL_REPLY_TIMEOUT,		stop_timeout,	    PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_WAIT_STOP_REPLY, CTRL_TCP_CLOSED,		tcp_closed,	    PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_WAIT_STOP_REPLY, CTRL_FAILURE,		failure,	    PPTP_CTRL_IDLE}, /* 3 */
};
/* clang-format on */

const struct fsm ctrl_fsm = {
    .name = "control connection originator (3.1.1)",
    .state_names = state_names,
    .n_states = sizeof(state_names) / sizeof(state_names[0]),
    .event_names = event_names,
    .n_events = sizeof(event_names) / sizeof(event_names[0]),
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
};
