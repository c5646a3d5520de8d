/*
 * call_ask.c: what an owner can do with calls, RFC 2637 3.2.
 */
#include "call.h"

#include <string.h>

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
	return value == 0 ? otherwise : value;
}

static bool
is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
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

/* ----------------------------------------------------------------------- calls of ours */

/* `id` 0 is one to be picked, unless `is_0` says that it is meant. */
static int
make_call(struct pptp_ctrl *ctrl, const struct fsm *fsm, uint16_t id, bool is_0, struct call **call)
{
	if (ctrl->n_calls >= ctrl->params.max_calls)
		return PPTP_ERR_CALL_ID;
	if (id == 0 && !is_0) {
		id = pptp_call_pick_id(ctrl);
		if (id == 0)
			return PPTP_ERR_CALL_ID;
	} else if (call_find_local(ctrl, id) != NULL) {
		return PPTP_ERR_CALL_ID;
	}
	*call = call_new(ctrl, fsm, id);
	return *call == NULL ? PPTP_ERR_NOMEM : PPTP_OK;
}

/* Sends the request that opens it. */
static int
open_call(struct call *call, const struct pptp_msg *msg, uint16_t *local_call_id, uint64_t now)
{
	struct pptp_ctrl *ctrl = call->ctrl;
	int err = call_step(call, CALL_OPEN, msg, now);

	if (err != PPTP_OK) {
		call_free(call); /* it was never opened: no CALL_DOWN for it */
		return ctrl_settle(ctrl, err, now);
	}
	*local_call_id = call->local_call_id;
	return PPTP_OK;
}

static bool
takes_calls(const struct pptp_ctrl *ctrl)
{
	return ctrl->state == PPTP_CTRL_ESTABLISHED && !ctrl->is_stopping;
}

int
pptp_call_open(struct pptp_ctrl *ctrl, const struct pptp_call_params *params,
    uint16_t *local_call_id, uint64_t now)
{
	struct pptp_msg msg = {.type = PPTP_OCRQ};
	struct call *call;
	int err;

	if (!takes_calls(ctrl))
		return PPTP_ERR_STATE;
	if (!is_terminated(params->phone_number, sizeof(params->phone_number)) ||
	    !is_terminated(params->subaddress, sizeof(params->subaddress)))
		return PPTP_ERR_INVAL;
	err = make_call(
	    ctrl, &call_pns_outgoing_fsm, params->local_call_id, params->call_id_0, &call);
	if (err != PPTP_OK)
		return ctrl_settle(ctrl, err, now);
	fill_request(&msg.u.ocrq, params);
	msg.u.ocrq.call_id = call->local_call_id;
	msg.u.ocrq.call_serial_number = ctrl->next_serial++;
	return open_call(call, &msg, local_call_id, now);
}

static void
fill_ring(struct pptp_icrq *icrq, const struct pptp_ring_params *params)
{
	icrq->call_bearer_type = or_default(params->bearer_type, PPTP_BEARER_DIGITAL);
	icrq->physical_channel_id = params->physical_channel_id;
	icrq->dialed_number_length = (uint16_t)strlen(params->dialed_number);
	icrq->dialing_number_length = (uint16_t)strlen(params->dialing_number);
	memcpy(icrq->dialed_number, params->dialed_number, strlen(params->dialed_number));
	memcpy(icrq->dialing_number, params->dialing_number, strlen(params->dialing_number));
	memcpy(icrq->subaddress, params->subaddress, strlen(params->subaddress));
}

int
pptp_call_ring(struct pptp_ctrl *ctrl, const struct pptp_ring_params *params,
    uint16_t *local_call_id, uint64_t now)
{
	struct pptp_msg msg = {.type = PPTP_ICRQ};
	struct call *call;
	int err;

	if (!takes_calls(ctrl))
		return PPTP_ERR_STATE;
	if (!is_terminated(params->dialed_number, sizeof(params->dialed_number)) ||
	    !is_terminated(params->dialing_number, sizeof(params->dialing_number)) ||
	    !is_terminated(params->subaddress, sizeof(params->subaddress)))
		return PPTP_ERR_INVAL;
	err = make_call(ctrl, &call_pac_incoming_fsm, params->local_call_id, false, &call);
	if (err != PPTP_OK)
		return ctrl_settle(ctrl, err, now);
	ctrl->is_pac = true;
	call->iccn.connect_speed = or_default(params->connect_speed, 100000000);
	call->iccn.packet_recv_window_size = (uint16_t)or_default(params->recv_window, 64);
	call->iccn.packet_transmit_delay = params->transmit_delay;
	call->iccn.framing_type = or_default(params->framing_type, PPTP_FRAMING_ASYNC);
	fill_ring(&msg.u.icrq, params);
	msg.u.icrq.call_id = call->local_call_id;
	msg.u.icrq.call_serial_number = ctrl->next_serial++;
	return open_call(call, &msg, local_call_id, now);
}

/* -------------------------------------------------------------------- calls of the peer */

static bool
is_offered(const struct call *call)
{
	return call->state == CALL_OFFERED || call->state == CALL_WAIT_CS_ANS;
}

int
pptp_call_accept(struct pptp_ctrl *ctrl, uint16_t local_call_id,
    const struct pptp_call_answer *answer, uint64_t now)
{
	struct call *call = call_find_local(ctrl, local_call_id);
	struct pptp_call_answer whole = *answer;

	if (call == NULL)
		return PPTP_ERR_CALL_ID;
	whole.recv_window = (uint16_t)or_default(answer->recv_window, 64);
	return ctrl_settle(ctrl, call_step(call, CALL_ANSWER, &whole, now), now);
}

int
pptp_call_refuse(struct pptp_ctrl *ctrl, uint16_t local_call_id, uint8_t result,
    enum pptp_general_error error, uint16_t cause_code, uint64_t now)
{
	struct call *call = call_find_local(ctrl, local_call_id);
	const struct call_refusal refusal = {result, (uint8_t)error, cause_code};
	bool is_general = result == PPTP_OCRP_GENERAL_ERROR; /* 2 in ICRP as well */

	if (call == NULL)
		return PPTP_ERR_CALL_ID;
	if (!is_offered(call))
		return PPTP_ERR_STATE;
	if (result < PPTP_OCRP_GENERAL_ERROR || is_general != (error != PPTP_ERROR_NONE) ||
	    result > (call_is_pac(call) ? PPTP_OCRP_DO_NOT_ACCEPT : PPTP_ICRP_DO_NOT_ACCEPT))
		return PPTP_ERR_INVAL;
	return ctrl_settle(ctrl, call_step(call, CALL_REFUSE, &refusal, now), now);
}

/* --------------------------------------------------------------------------- any call */

int
pptp_call_clear(struct pptp_ctrl *ctrl, uint16_t local_call_id, uint64_t now)
{
	struct call *call = call_find_local(ctrl, local_call_id);

	if (call == NULL)
		return PPTP_ERR_CALL_ID;
	return ctrl_settle(ctrl, call_step(call, CALL_LOCAL_CLEAR, NULL, now), now);
}

int
pptp_call_disconnect(
    struct pptp_ctrl *ctrl, uint16_t local_call_id, const struct pptp_cdn *why, uint64_t now)
{
	struct call *call = call_find_local(ctrl, local_call_id);
	bool is_general = why->result_code == PPTP_CDN_GENERAL_ERROR;

	if (call == NULL)
		return PPTP_ERR_CALL_ID;
	if (!call_is_pac(call) || is_offered(call))
		return PPTP_ERR_STATE;
	if (why->result_code < PPTP_CDN_LOST_CARRIER || why->result_code > PPTP_CDN_REQUEST ||
	    is_general != (why->error_code != PPTP_ERROR_NONE) ||
	    !is_terminated(why->call_statistics, sizeof(why->call_statistics)))
		return PPTP_ERR_INVAL;
	return ctrl_settle(ctrl, call_step(call, CALL_LOCAL_CLEAR, why, now), now);
}

int
pptp_call_set_link_info(struct pptp_ctrl *ctrl, uint16_t local_call_id, uint32_t send_accm,
    uint32_t receive_accm, uint64_t now)
{
	struct pptp_msg msg = {.type = PPTP_SLI};
	struct call *call = call_find_local(ctrl, local_call_id);

	if (call == NULL)
		return PPTP_ERR_CALL_ID;
	if (call->state != CALL_ESTABLISHED)
		return PPTP_ERR_STATE;
	msg.u.sli.peers_call_id = call->peer_call_id;
	msg.u.sli.send_accm = send_accm;
	msg.u.sli.receive_accm = receive_accm;
	return ctrl_settle(ctrl, ctrl_send(ctrl, &msg), now);
}

/* ----------------------------------------------------------------------- line errors, 2.14 */

/* Whether a count is more than it was: *grown; false when one is less. */
static bool
compare_errors(const struct pptp_wen *was, const struct pptp_wen *is, bool *grown)
{
	const uint32_t old[] = {was->crc_errors, was->framing_errors, was->hardware_overruns,
	    was->buffer_overruns, was->time_out_errors, was->alignment_errors};
	const uint32_t new[] = {is->crc_errors, is->framing_errors, is->hardware_overruns,
	    is->buffer_overruns, is->time_out_errors, is->alignment_errors};

	*grown = false;
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		if (new[i] < old[i])
			return false;
		if (new[i] > old[i])
			*grown = true;
	}
	return true;
}

int
pptp_call_wan_errors(
    struct pptp_ctrl *ctrl, uint16_t local_call_id, const struct pptp_wen *counted, uint64_t now)
{
	struct call *call = call_find_local(ctrl, local_call_id);
	bool grown;

	if (call == NULL)
		return PPTP_ERR_CALL_ID;
	if (!call_is_pac(call) || call->state != CALL_ESTABLISHED)
		return PPTP_ERR_STATE;
	if (!compare_errors(&call->errors, counted, &grown))
		return PPTP_ERR_INVAL;
	if (!grown)
		return PPTP_OK;
	call->errors = *counted;
	call->errors.reserved1 = 0;
	call->errors_due = call->errors_next > now ? call->errors_next : now;
	if (call->errors_due > now)
		return PPTP_OK;
	return ctrl_settle(ctrl, call_step(call, CALL_ERRORS_DUE, NULL, now), now);
}
