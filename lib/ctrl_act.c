/*
 * ctrl_act.c: what the arrows of ctrl_table.c do.
 */
#include "ctrl_act.h"

#include "call.h"

#include <stdio.h>

/* SCCRQ and SCCRP say the same of us (2.1, 2.2). */
static void
fill_start(const struct pptp_ctrl *ctrl, struct pptp_sccrq *start)
{
	start->protocol_version = PPTP_PROTOCOL_VERSION;
	start->framing_capabilities = ctrl->params.framing_capabilities;
	start->bearer_capabilities = ctrl->params.bearer_capabilities;
	start->maximum_channels = ctrl->params.maximum_channels;
	start->firmware_revision = ctrl->params.firmware_revision;
	snprintf(start->host_name, sizeof(start->host_name), "%s", ctrl->params.host_name);
	snprintf(start->vendor_name, sizeof(start->vendor_name), "%s", ctrl->params.vendor_name);
}

int
act_send_start_request(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	struct pptp_msg msg = {.type = PPTP_SCCRQ};

	(void)input;
	fill_start(ctrl, &msg.u.sccrq);
	ctrl->reply_due = ctrl_after(now, ctrl->params.reply_timeout);
	return ctrl_send(ctrl, &msg);
}

static void
start_idle_timer(struct pptp_ctrl *ctrl, uint64_t now)
{
	ctrl->idle_due = ctrl_after(now, ctrl->params.echo_interval);
}

int
act_established(void *object, const void *input, uint64_t now)
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

int
act_start_refused(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *msg = input;

	ctrl->ending = (struct ending){
	    PPTP_CAUSE_START_REFUSED, msg->u.sccrp.result_code, msg->u.sccrp.error_code};
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

int
act_await_start_request(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl->reply_due = ctrl_after(now, ctrl->params.start_timeout);
	return PPTP_OK;
}

static int
answer_start(struct pptp_ctrl *ctrl, uint8_t result, uint8_t error)
{
	struct pptp_msg msg = {.type = PPTP_SCCRP};

	fill_start(ctrl, &msg.u.sccrp);
	msg.u.sccrp.result_code = result;
	msg.u.sccrp.error_code = error;
	return ctrl_answer(ctrl, &msg);
}

int
act_start_accepted(void *object, const void *input, uint64_t now)
{
	int err = answer_start(object, PPTP_SCCRP_OK, PPTP_ERROR_NONE);

	return err == PPTP_OK ? act_established(object, input, now) : err;
}

int
act_start_bad_version(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *msg = input;
	int err = answer_start(ctrl, PPTP_SCCRP_VERSION, PPTP_ERROR_NONE);

	ctrl->ending =
	    (struct ending){PPTP_CAUSE_VERSION, msg->u.sccrq.protocol_version, PPTP_ERROR_NONE};
	if (err == PPTP_OK)
		ctrl_down(ctrl, now);
	return err;
}

int
act_refuse_start(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	int err = answer_start(ctrl, ctrl->start_result, ctrl->start_error);

	(void)input;
	ctrl->ending =
	    (struct ending){PPTP_CAUSE_START_UNWANTED, ctrl->start_result, ctrl->start_error};
	if (err == PPTP_OK)
		ctrl_down(ctrl, now);
	return err;
}

int
act_offer_start(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	struct pptp_event *event;
	int err = ctrl_event_new(ctrl, PPTP_EV_START_OFFERED, &event);

	if (err != PPTP_OK)
		return err;
	event->msg = *(const struct pptp_msg *)input;
	ctrl->held = event->msg;
	ctrl->is_held = true;
	/* It has come (3.1.4); but the peer, too, waits for so long only. */
	ctrl->reply_due = ctrl_after(now, ctrl->params.answer_timeout);
	return PPTP_OK;
}

/* B.2: somebody who asks once more has lost its place, and this connection is in its. */
int
act_start_again(void *object, const void *input, uint64_t now)
{
	(void)input;
	(void)now;
	return answer_start(object, PPTP_SCCRP_EXISTS, PPTP_ERROR_NONE);
}

int
act_unexpected(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl->ending = (struct ending){PPTP_CAUSE_PROTOCOL, -PPTP_ERR_STATE, PPTP_ERROR_NONE};
	ctrl_drop_output(ctrl);
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

/* 3.1.3: "immediately close the TCP connection it initiated, without sending any further". */
int
act_collision_lost(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl->ending.cause = PPTP_CAUSE_COLLISION;
	ctrl_drop_output(ctrl);
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

/* 3.1.3: "also wait for a TCP termination indication on the connection the loser opened". */
int
act_collision_won(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl_drop_output(ctrl);
	ctrl->reply_due = ctrl_after(now, ctrl->params.stop_timeout);
	return PPTP_OK;
}

int
act_collision_over(void *object, const void *input, uint64_t now)
{
	return act_collision_lost(object, input, now);
}

int
act_send_stop_request(void *object, const void *input, uint64_t now)
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

int
act_bad_version(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *msg = input;

	ctrl_begin_stop(ctrl, PPTP_CAUSE_VERSION, PPTP_STOP_PROTOCOL);
	ctrl->ending.code = msg->u.sccrp.protocol_version;
	return act_send_stop_request(ctrl, NULL, now);
}

int
act_send_stop_reply(void *object, const void *input, uint64_t now)
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

int
act_send_echo_request(void *object, const void *input, uint64_t now)
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

int
act_send_echo_reply(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const struct pptp_msg *request = input;
	struct pptp_msg msg = {.type = PPTP_ECHO_REPLY};

	(void)now;
	msg.u.echo_reply.identifier = request->u.echo_request.identifier;
	msg.u.echo_reply.result_code = PPTP_STOP_OK;
	return ctrl_answer(ctrl, &msg);
}

int
act_echo_answered(void *object, const void *input, uint64_t now)
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

int
act_extend_echo_wait(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl->echo_extensions++;
	ctrl->echo_checked = now;
	ctrl->echo_due += RFC_TIME;
	return PPTP_OK;
}

int
act_echo_timeout(void *object, const void *input, uint64_t now)
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
int
act_ocrq_too_early(void *object, const void *input, uint64_t now)
{
	(void)now;
	return refuse_outgoing(object, input, PPTP_OCRP_GENERAL_ERROR, PPTP_ERROR_NOT_CONNECTED);
}

int
act_icrq_too_early(void *object, const void *input, uint64_t now)
{
	(void)now;
	return refuse_incoming(object, input, PPTP_ICRP_GENERAL_ERROR, PPTP_ERROR_NOT_CONNECTED);
}

int
act_to_new_call(void *object, const void *input, uint64_t now)
{
	return call_requested(object, input, now);
}

int
act_to_call(void *object, const void *input, uint64_t now)
{
	return call_recv(object, input, now);
}

/* Stopped before there was anything to stop, or after it has been stopped. */
int
act_close_tcp(void *object, const void *input, uint64_t now)
{
	(void)input;
	ctrl_down(object, now);
	return PPTP_OK;
}

int
act_start_timeout(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	ctrl->ending.cause = PPTP_CAUSE_START_TIMEOUT;
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

int
act_stop_timeout(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;

	(void)input;
	/* Where something else made us stop, that is the better reason. */
	if (ctrl->ending.cause == PPTP_CAUSE_LOCAL)
		ctrl->ending.cause = PPTP_CAUSE_STOP_TIMEOUT;
	ctrl_down(ctrl, now);
	return PPTP_OK;
}

int
act_tcp_closed(void *object, const void *input, uint64_t now)
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

int
act_failure(void *object, const void *input, uint64_t now)
{
	struct pptp_ctrl *ctrl = object;
	const int *err = input;

	/* 1.4: "must result in immediate closing": nothing more is sent. */
	ctrl->ending = (struct ending){PPTP_CAUSE_PROTOCOL, (unsigned)-*err, PPTP_ERROR_NONE};
	ctrl_drop_output(ctrl);
	ctrl_down(ctrl, now);
	return PPTP_OK;
}
