/*
 * call.c: calls on a control connection, RFC 2637 3.2.
 */
#include "call.h"

#include <string.h>

/* D3 (3.2.2): twice as many Call IDs as calls, at least. */
#define MAX_CALLS 32767

/* ----------------------------------------------------------------------------- Call IDs
 */

static struct call *
find_local(const struct pptp_ctrl *ctrl, uint16_t id)
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

/*
 * Call-Disconnect-Notify carries the PAC's Call ID, which we do not know if we cleared
 * the call before its reply: then it is the only such call's, if there is but one
 * (protocol D8).
 */
static struct call *
find_cleared_early(const struct pptp_ctrl *ctrl)
{
	struct call *found = NULL;

	for (struct call *call = ctrl->calls; call != NULL; call = call->next) {
		if (call->state != CALL_WAIT_DISCONNECT || call->has_peer_call_id)
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
		call = find_local(ctrl, id);
	if (call == NULL)
		call = find_cleared_early(ctrl);
	return call;
}

/* Protocol D6: a Peer's Call ID is ours, a Call ID the sender's. */
struct call *
call_find(const struct pptp_ctrl *ctrl, const struct pptp_msg *msg)
{
	switch (msg->type) {
	case PPTP_OCRP:
		return find_local(ctrl, msg->u.ocrp.peers_call_id);
	case PPTP_ICRP:
		return find_local(ctrl, msg->u.icrp.peers_call_id);
	case PPTP_ICCN:
		return find_local(ctrl, msg->u.iccn.peers_call_id);
	case PPTP_WEN:
		return find_local(ctrl, msg->u.wen.peers_call_id);
	case PPTP_SLI:
		return find_local(ctrl, msg->u.sli.peers_call_id);
	case PPTP_CCR:
		return find_peer(ctrl, msg->u.ccr.call_id);
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

/*
 * 0 and 65535 are never picked: Linux's PPTP sockets take neither (protocol D4, D5). With
 * at most MAX_CALLS calls there is always one to be found.
 */
uint16_t
pptp_call_pick_id(struct pptp_ctrl *ctrl)
{
	uint16_t id = (uint16_t)ctrl->env->random(ctrl->env->ctx);

	while (id == 0 || id == UINT16_MAX || is_recent(ctrl, id) || find_local(ctrl, id) != NULL)
		id++;
	return id;
}

/* ---------------------------------------------------------------------- making, freeing
 */

static void
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

static struct call *
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
	call->next = ctrl->calls;
	ctrl->calls = call;
	ctrl->n_calls++;
	return call;
}

/* ------------------------------------------------------------------------------ running
 */

int
call_step(struct call *call, enum call_event event, const void *input, uint64_t now)
{
	int err = fsm_step(call->fsm, &call->state, event, call, input, now);

	if (call->state == CALL_IDLE)
		call_free(call);
	return err;
}

int
call_recv(struct pptp_ctrl *ctrl, const struct pptp_msg *msg, uint64_t now)
{
	struct call *call = call_find(ctrl, msg);

	return call == NULL ? PPTP_ERR_STATE : call_step(call, call_verify(msg), msg, now);
}

struct call *
call_due(const struct pptp_ctrl *ctrl, uint64_t now)
{
	struct call *call = ctrl->calls;

	while (call != NULL && call->due > now)
		call = call->next;
	return call;
}

/* ------------------------------------------------------------------- what an owner can
 * do */

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
	return value == 0 ? otherwise : value;
}

static void
fill_request(struct pptp_ocrq *ocrq, const struct pptp_call_params *params)
{
	/* The defaults are what a Windows client sends (protocol J12). */
	ocrq->minimum_bps = or_default(params->minimum_bps, 300);
	ocrq->maximum_bps = or_default(params->maximum_bps, 100000000);
	ocrq->bearer_type = or_default(params->bearer_type, PPTP_BEARER_ANY);
	ocrq->framing_type = or_default(params->framing_type, PPTP_FRAMING_EITHER);
	ocrq->packet_recv_window_size = (uint16_t)or_default(params->recv_window, 64);
	ocrq->packet_processing_delay = params->processing_delay;
	ocrq->phone_number_length = (uint16_t)strlen(params->phone_number);
	memcpy(ocrq->phone_number, params->phone_number, strlen(params->phone_number));
	memcpy(ocrq->subaddress, params->subaddress, strlen(params->subaddress));
}

static bool
is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

int
pptp_call_open(struct pptp_ctrl *ctrl, const struct pptp_call_params *params,
    uint16_t *local_call_id, uint64_t now)
{
	struct pptp_msg msg = {.type = PPTP_OCRQ};
	uint16_t id = params->local_call_id;
	struct call *call;
	int err;

	if (ctrl->state != PPTP_CTRL_ESTABLISHED || ctrl->is_stopping)
		return PPTP_ERR_STATE;
	if (!is_terminated(params->phone_number, sizeof(params->phone_number)) ||
	    !is_terminated(params->subaddress, sizeof(params->subaddress)))
		return PPTP_ERR_INVAL;
	if (ctrl->n_calls >= MAX_CALLS ||
	    ((id != 0 || params->call_id_0) && find_local(ctrl, id) != NULL))
		return PPTP_ERR_CALL_ID;
	if (id == 0 && !params->call_id_0)
		id = pptp_call_pick_id(ctrl);
	call = call_new(ctrl, &call_pns_outgoing_fsm, id);
	if (call == NULL)
		return ctrl_settle(ctrl, PPTP_ERR_NOMEM, now);
	fill_request(&msg.u.ocrq, params);
	msg.u.ocrq.call_id = id;
	msg.u.ocrq.call_serial_number = ctrl->next_serial++;
	err = call_step(call, CALL_OPEN, &msg, now);
	if (err != PPTP_OK) {
		call_free(call); /* it was never opened: no CALL_DOWN for it */
		return ctrl_settle(ctrl, err, now);
	}
	*local_call_id = id;
	return PPTP_OK;
}

int
pptp_call_clear(struct pptp_ctrl *ctrl, uint16_t local_call_id, uint64_t now)
{
	struct call *call = find_local(ctrl, local_call_id);

	if (call == NULL)
		return PPTP_ERR_CALL_ID;
	return ctrl_settle(ctrl, call_step(call, CALL_LOCAL_CLEAR, NULL, now), now);
}

int
pptp_call_set_link_info(struct pptp_ctrl *ctrl, uint16_t local_call_id, uint32_t send_accm,
    uint32_t receive_accm, uint64_t now)
{
	struct pptp_msg msg = {.type = PPTP_SLI};
	struct call *call = find_local(ctrl, local_call_id);

	if (call == NULL)
		return PPTP_ERR_CALL_ID;
	if (call->state != CALL_ESTABLISHED)
		return PPTP_ERR_STATE;
	msg.u.sli.peers_call_id = call->peer_call_id;
	msg.u.sli.send_accm = send_accm;
	msg.u.sli.receive_accm = receive_accm;
	return ctrl_settle(ctrl, ctrl_send(ctrl, &msg), now);
}
