/*
 * call.c: calls on a control connection, RFC 2637 3.2.
 */
#include "call.h"

/* ----------------------------------------------------------------------------- Call IDs
 */

bool
call_is_pac(const struct call *call)
{
	return call->fsm == &call_pac_outgoing_fsm || call->fsm == &call_pac_incoming_fsm;
}

struct call *
call_find_local(const struct pptp_ctrl *ctrl, uint16_t id)
{
	struct call *call = ctrl->calls;

	while (call != NULL && call->local_call_id != id)
		call = call->next;
	return call;
}

static struct call *
find_peer(const struct pptp_ctrl *ctrl, uint16_t id)
{
	struct call *call = ctrl->calls;

	while (call != NULL && (!call->has_peer_call_id || call->peer_call_id != id))
		call = call->next;
	return call;
}

/* The call of this table and state whose peer's ID is not known, if there is but one. */
static struct call *
find_unknown(const struct pptp_ctrl *ctrl, bool is_pac, enum call_state state)
{
	struct call *found = NULL;

	for (struct call *call = ctrl->calls; call != NULL; call = call->next) {
		if (call_is_pac(call) != is_pac || call->state != state || call->has_peer_call_id)
			continue;
		if (found != NULL)
			return NULL;
		found = call;
	}
	return found;
}

static struct call *
find_disconnected(const struct pptp_ctrl *ctrl, uint16_t id)
{
	struct call *call = find_peer(ctrl, id);

	/* accel-ppp puts our ID there, and so do others that echo the request (protocol
	 * D7). */
	if (call == NULL)
		call = call_find_local(ctrl, id);
	if (call == NULL)
		/* It carries the PAC's Call ID, which we do not know if we cleared the call
		 * before its reply (protocol D8). */
		call = find_unknown(ctrl, false, CALL_WAIT_DISCONNECT);
	return call;
}

/*
 * The same the other way: 2.12 allows Call-Clear-Request in any state, and so before we know the
 * PNS's Call ID, which it carries.
 */
static struct call *
find_cleared(const struct pptp_ctrl *ctrl, uint16_t id)
{
	struct call *call = find_peer(ctrl, id);

	return call != NULL ? call : find_unknown(ctrl, true, CALL_WAIT_REPLY);
}

/* Protocol D6: a Peer's Call ID is ours, a Call ID the sender's. */
struct call *
call_find(const struct pptp_ctrl *ctrl, const struct pptp_msg *msg)
{
	switch (msg->type) {
	case PPTP_OCRP:
		return call_find_local(ctrl, msg->u.ocrp.peers_call_id);
	case PPTP_ICRP:
		return call_find_local(ctrl, msg->u.icrp.peers_call_id);
	case PPTP_ICCN:
		return call_find_local(ctrl, msg->u.iccn.peers_call_id);
	case PPTP_WEN:
		return call_find_local(ctrl, msg->u.wen.peers_call_id);
	case PPTP_SLI:
		return call_find_local(ctrl, msg->u.sli.peers_call_id);
	case PPTP_CCR:
		return find_cleared(ctrl, msg->u.ccr.call_id);
	case PPTP_CDN:
		return find_disconnected(ctrl, msg->u.cdn.call_id);
	case PPTP_OCRQ:
	case PPTP_ICRQ:
	case PPTP_SCCRQ:
	case PPTP_SCCRP:
	case PPTP_STOP_REQUEST:
	case PPTP_STOP_REPLY:
	case PPTP_ECHO_REQUEST:
	case PPTP_ECHO_REPLY:
		break;
	}
	return NULL;
}

static bool
is_recent(const struct pptp_ctrl *ctrl, uint16_t id)
{
	for (size_t i = 0; i < RECENT_IDS; i++)
		if (ctrl->recent_ids[i] == id)
			return true;
	return false;
}

static bool
is_free(const struct pptp_ctrl *ctrl, uint16_t id)
{
	const struct pptp_ctrl_params *params = &ctrl->params;

	/* Linux's PPTP sockets take neither 0 nor 65535 (protocol D4, D5). */
	return id != 0 && id != UINT16_MAX && !is_recent(ctrl, id) &&
	       call_find_local(ctrl, id) == NULL &&
	       (params->is_taken == NULL || !params->is_taken(params->taken_ctx, id));
}

uint16_t
pptp_call_pick_id(struct pptp_ctrl *ctrl)
{
	uint16_t id = (uint16_t)ctrl->env->random(ctrl->env->ctx);

	for (unsigned tries = 0; tries <= UINT16_MAX; tries++, id++)
		if (is_free(ctrl, id))
			return id;
	return 0;
}

/* ---------------------------------------------------------------------- making, freeing
 */

void
call_free(struct call *call)
{
	struct pptp_ctrl *ctrl = call->ctrl;
	struct call **at = &ctrl->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	ctrl->n_calls--;
	ctrl->recent_ids[ctrl->next_recent] = call->local_call_id;
	ctrl->next_recent = (ctrl->next_recent + 1) % RECENT_IDS;
	ctrl->env->free(ctrl->env->ctx, call->down);
	ctrl->env->free(ctrl->env->ctx, call);
}

struct call *
call_new(struct pptp_ctrl *ctrl, const struct fsm *fsm, uint16_t id)
{
	struct call *call = ctrl->env->alloc(ctrl->env->ctx, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->down = ctrl_event_reserve(ctrl);
	if (call->down == NULL) {
		ctrl->env->free(ctrl->env->ctx, call);
		return NULL;
	}
	call->ctrl = ctrl;
	call->fsm = fsm;
	call->state = CALL_IDLE;
	call->local_call_id = id;
	call->due = PPTP_NEVER;
	call->errors_due = PPTP_NEVER;
	call->next = ctrl->calls;
	ctrl->calls = call;
	ctrl->n_calls++;
	if (ctrl->most_calls < ctrl->n_calls)
		ctrl->most_calls = ctrl->n_calls;
	return call;
}

/* ------------------------------------------------------------------------------ running
 */

enum call_event
call_verify(const struct pptp_msg *msg)
{
	switch (msg->type) {
	case PPTP_OCRP:
		/* 0 is no success here, nor is a code that the RFC does not list (A.3,
		 * E8). */
		return msg->u.ocrp.result_code == PPTP_OCRP_CONNECTED ? CALL_RX_OCRP_OK
								      : CALL_RX_OCRP_ERROR;
	case PPTP_ICRP:
		return msg->u.icrp.result_code == PPTP_ICRP_CONNECT ? CALL_RX_ICRP_OK
								    : CALL_RX_ICRP_ERROR;
	case PPTP_ICCN:
		return CALL_RX_ICCN;
	case PPTP_CCR:
		return CALL_RX_CCR;
	case PPTP_CDN:
		return CALL_RX_CDN;
	case PPTP_SLI:
		return CALL_RX_SLI;
	case PPTP_WEN:
		return CALL_RX_WEN;
	case PPTP_SCCRQ:
	case PPTP_SCCRP:
	case PPTP_STOP_REQUEST:
	case PPTP_STOP_REPLY:
	case PPTP_ECHO_REQUEST:
	case PPTP_ECHO_REPLY:
	case PPTP_OCRQ: /* makes a call: verify_request() */
	case PPTP_ICRQ:
		break;
	}
	return CALL_RX_OTHER;
}

int
call_step(struct call *call, enum call_event event, const void *input, uint64_t now)
{
	int err = fsm_step(call->fsm, &call->state, event, call, input, now);

	if (call->state == CALL_IDLE)
		call_free(call);
	return err;
}

/* A.4: "CDN result 2 error 5"; there is no call, and so no Call ID of ours to put into it. */
static int
refuse_clear(struct pptp_ctrl *ctrl)
{
	struct pptp_msg msg = {.type = PPTP_CDN};

	msg.u.cdn.result_code = PPTP_CDN_GENERAL_ERROR;
	msg.u.cdn.error_code = PPTP_ERROR_BAD_CALL_ID;
	return ctrl_answer(ctrl, &msg);
}

int
call_recv(struct pptp_ctrl *ctrl, const struct pptp_msg *msg, uint64_t now)
{
	struct call *call = call_find(ctrl, msg);

	if (call != NULL)
		return call_step(call, call_verify(msg), msg, now);
	return msg->type == PPTP_CCR && ctrl->is_pac ? refuse_clear(ctrl) : PPTP_ERR_STATE;
}

/* Whether a call can be made of OCRQ or ICRQ; why not, in *refusal (A.4); pure. */
static bool
verify_request(const struct pptp_ctrl *ctrl, bool is_wanted, uint8_t unwanted, uint16_t peer_id,
    uint16_t local_id, struct call_refusal *refusal)
{
	static const uint8_t general_error = 2; /* 2.8, 2.10 */

	if (!is_wanted || ctrl->is_stopping)
		*refusal = (struct call_refusal){.result = unwanted};
	else if (find_peer(ctrl, peer_id) != NULL)
		*refusal = (struct call_refusal){general_error, PPTP_ERROR_BAD_CALL_ID, 0};
	else if (local_id == 0 || ctrl->n_calls >= ctrl->params.max_calls)
		*refusal = (struct call_refusal){general_error, PPTP_ERROR_NO_RESOURCE, 0};
	else
		return true;
	return false;
}

/* Takes from OCRQ what is needed later. */
static void
learn_request(struct call *call, const struct pptp_msg *msg)
{
	if (msg->type == PPTP_ICRQ) {
		call_learn_peer(call, msg->u.icrq.call_id);
		return;
	}
	call_learn_peer(call, msg->u.ocrq.call_id);
	call->maximum_bps = msg->u.ocrq.maximum_bps;
	call->peer_window = msg->u.ocrq.packet_recv_window_size;
	call->peer_delay = msg->u.ocrq.packet_processing_delay;
}

int
call_requested(struct pptp_ctrl *ctrl, const struct pptp_msg *msg, uint64_t now)
{
	bool outgoing = msg->type == PPTP_OCRQ;
	uint16_t id = pptp_call_pick_id(ctrl);
	struct call_refusal refusal;
	struct call *call;
	bool good;
	int err;

	good = outgoing ? verify_request(ctrl, ctrl->params.takes_outgoing, PPTP_OCRP_DO_NOT_ACCEPT,
			      msg->u.ocrq.call_id, id, &refusal)
			: verify_request(ctrl, ctrl->params.takes_incoming, PPTP_ICRP_DO_NOT_ACCEPT,
			      msg->u.icrq.call_id, id, &refusal);
	call = call_new(
	    ctrl, outgoing ? &call_pac_outgoing_fsm : &call_pns_incoming_fsm, good ? id : 0);
	if (call == NULL)
		return PPTP_ERR_NOMEM;
	learn_request(call, msg);
	if (!good)
		return call_step(
		    call, outgoing ? CALL_RX_OCRQ_ERROR : CALL_RX_ICRQ_ERROR, &refusal, now);
	err = call_step(call, outgoing ? CALL_RX_OCRQ_OK : CALL_RX_ICRQ_OK, msg, now);
	if (err != PPTP_OK)
		call_free(call); /* it was never offered: no CALL_DOWN for it */
	return err;
}

uint64_t
call_deadline(const struct call *call)
{
	return call->due < call->errors_due ? call->due : call->errors_due;
}

struct call *
call_due(const struct pptp_ctrl *ctrl, uint64_t now)
{
	struct call *call = ctrl->calls;

	while (call != NULL && call_deadline(call) > now)
		call = call->next;
	return call;
}

int
call_expire(struct call *call, uint64_t now)
{
	return call_step(call, call->due <= now ? CALL_TIMEOUT : CALL_ERRORS_DUE, NULL, now);
}
