/*
 * Calls that a peer asks for, and those of a PAC: RFC 2637 2.7 to 2.15, 3.2.3, 3.2.4.1.
 */
#include "call.h"
#include "util.h"

#define MINUTE (60 * PPTP_SEC)

static const struct pptp_ctrl_params takes_both = {.takes_outgoing = true, .takes_incoming = true};

static void
receive(struct world *w, struct pptp_msg msg)
{
	assert_int_equal(peer_sends(w, &msg), PPTP_OK);
	event_is(w, PPTP_EV_RECV);
}

static struct pptp_msg
ocrq(uint16_t call_id)
{
	struct pptp_msg msg = {.type = PPTP_OCRQ};

	msg.u.ocrq.call_id = call_id;
	msg.u.ocrq.maximum_bps = 64000;
	msg.u.ocrq.packet_recv_window_size = 16;
	msg.u.ocrq.packet_processing_delay = 3;
	return msg;
}

static struct pptp_msg
icrq(uint16_t call_id)
{
	struct pptp_msg msg = {.type = PPTP_ICRQ};

	msg.u.icrq.call_id = call_id;
	return msg;
}

static struct pptp_msg
icrp(uint16_t peer_id, uint16_t our_id, uint8_t result)
{
	struct pptp_msg msg = {.type = PPTP_ICRP};

	msg.u.icrp.call_id = peer_id;
	msg.u.icrp.peers_call_id = our_id;
	msg.u.icrp.result_code = result;
	msg.u.icrp.packet_recv_window_size = 8;
	msg.u.icrp.packet_transmit_delay = 2;
	return msg;
}

static struct pptp_msg
ccr(uint16_t call_id)
{
	struct pptp_msg msg = {.type = PPTP_CCR};

	msg.u.ccr.call_id = call_id;
	return msg;
}

/* The peer asks, and the owner is told: our Call ID. */
static uint16_t
offered(struct world *w, struct pptp_msg request)
{
	struct pptp_event event;

	receive(w, request);
	event = event_is(w, PPTP_EV_CALL_OFFERED);
	assert_int_equal(event.msg.type, request.type);
	we_send_nothing(w);
	no_event(w);
	assert_int_not_equal(event.local_call_id, 0);
	return event.local_call_id;
}

static uint16_t
pac_call(struct world *w, uint16_t peer_id)
{
	uint16_t id = offered(w, ocrq(peer_id));

	assert_int_equal(
	    pptp_call_accept(w->ctrl, id, &(struct pptp_call_answer){0}, w->now), PPTP_OK);
	we_send(w, PPTP_OCRP);
	event_is(w, PPTP_EV_CALL_UP);
	return id;
}

static uint16_t
pns_call(struct world *w, uint16_t peer_id)
{
	struct pptp_msg connected = {.type = PPTP_ICCN};
	uint16_t id = offered(w, icrq(peer_id));

	assert_int_equal(
	    pptp_call_accept(w->ctrl, id, &(struct pptp_call_answer){0}, w->now), PPTP_OK);
	we_send(w, PPTP_ICRP);
	connected.u.iccn.peers_call_id = id;
	receive(w, connected);
	event_is(w, PPTP_EV_CALL_UP);
	return id;
}

static uint16_t
rung(struct world *w)
{
	struct pptp_ring_params params = {0};
	uint16_t id = 0;

	assert_int_equal(pptp_call_ring(w->ctrl, &params, &id, w->now), PPTP_OK);
	assert_int_equal(we_send(w, PPTP_ICRQ).u.icrq.call_id, id);
	return id;
}

/* ------------------------------------------------------------------- 3.2.4.1: the PAC dials */

static void
rfc3_2_4_1_answered(void **state)
{
	const struct pptp_call_answer answer = {
	    .recv_window = 5, .processing_delay = 6, .connect_speed = 7, .physical_channel_id = 8};
	struct pptp_event event;
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	id = offered(&w, ocrq(0)); /* a Call ID like any other (D4) */
	assert_int_equal(pptp_call_accept(w.ctrl, id, &answer, w.now), PPTP_OK);
	msg = we_send(&w, PPTP_OCRP);
	assert_int_equal(msg.u.ocrp.call_id, id);
	assert_int_equal(msg.u.ocrp.peers_call_id, 0);
	assert_int_equal(msg.u.ocrp.result_code, PPTP_OCRP_CONNECTED);
	assert_int_equal(msg.u.ocrp.error_code, 0);
	assert_int_equal(msg.u.ocrp.packet_recv_window_size, 5);
	assert_int_equal(msg.u.ocrp.packet_processing_delay, 6);
	assert_int_equal(msg.u.ocrp.connect_speed, 7);
	assert_int_equal(msg.u.ocrp.physical_channel_id, 8);
	event = event_is(&w, PPTP_EV_CALL_UP);
	assert_int_equal(event.local_call_id, id);
	assert_int_equal(event.peer_call_id, 0);
	assert_int_equal(event.peer_window, 16);
	assert_int_equal(event.peer_delay, 3);
	assert_int_equal(event.msg.u.ocrp.connect_speed, 7);
	assert_int_equal(pptp_call_accept(w.ctrl, id, &answer, w.now), PPTP_ERR_STATE);
	assert_int_equal(
	    pptp_call_accept(w.ctrl, (uint16_t)(id + 1), &answer, w.now), PPTP_ERR_CALL_ID);
	receive(&w, ccr(0));
	call_down_is(&w, PPTP_CAUSE_PEER_CLEAR, id);
	msg = we_send(&w, PPTP_CDN);
	assert_int_equal(msg.u.cdn.call_id, id); /* 2.13: the PAC's own */
	assert_int_equal(msg.u.cdn.result_code, PPTP_CDN_REQUEST);
	world_fini(&w);
}

/* Deployed servers say the client's own maximum (J.2); 64 packets. */
static void
an_answer_has_defaults(void **state)
{
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	id = offered(&w, ocrq(9));
	pptp_call_accept(w.ctrl, id, &(struct pptp_call_answer){0}, w.now);
	msg = we_send(&w, PPTP_OCRP);
	assert_int_equal(msg.u.ocrp.connect_speed, 64000);
	assert_int_equal(msg.u.ocrp.packet_recv_window_size, 64);
	world_fini(&w);
}

static void
rfc2_8_each_refusal_is_sent(void **state)
{
	(void)state;
	for (unsigned result = 2; result <= 7; result++) {
		enum pptp_general_error error =
		    result == 2 ? PPTP_ERROR_PAC_ERROR : PPTP_ERROR_NONE;
		struct pptp_event event;
		struct pptp_msg msg;
		struct world w;
		uint16_t id;

		world_answer(&w, &takes_both);
		id = offered(&w, ocrq(77));
		assert_int_equal(
		    pptp_call_refuse(w.ctrl, id, (uint8_t)result, error, 17, w.now), PPTP_OK);
		msg = we_send(&w, PPTP_OCRP);
		assert_int_equal(msg.u.ocrp.call_id, 0);
		assert_int_equal(msg.u.ocrp.peers_call_id, 77);
		assert_int_equal(msg.u.ocrp.result_code, result);
		assert_int_equal(msg.u.ocrp.error_code, error);
		assert_int_equal(msg.u.ocrp.cause_code, 17);
		event = call_down_is(&w, PPTP_CAUSE_LOCAL, id);
		assert_int_equal(event.code, result);
		assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_ESTABLISHED);
		assert_int_equal(pptp_call_refuse(w.ctrl, id, (uint8_t)result, error, 0, w.now),
		    PPTP_ERR_CALL_ID);
		world_fini(&w);
	}
}

static void
a_refusal_that_is_none_is_not_sent(void **state)
{
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	id = offered(&w, ocrq(1));
	assert_int_equal(
	    pptp_call_refuse(w.ctrl, id, 1, PPTP_ERROR_NONE, 0, w.now), PPTP_ERR_INVAL);
	assert_int_equal(
	    pptp_call_refuse(w.ctrl, id, 8, PPTP_ERROR_NONE, 0, w.now), PPTP_ERR_INVAL);
	assert_int_equal(
	    pptp_call_refuse(w.ctrl, id, 2, PPTP_ERROR_NONE, 0, w.now), PPTP_ERR_INVAL);
	assert_int_equal(
	    pptp_call_refuse(w.ctrl, id, 7, PPTP_ERROR_BAD_VALUE, 0, w.now), PPTP_ERR_INVAL);
	id = offered(&w, icrq(2));
	assert_int_equal(
	    pptp_call_refuse(w.ctrl, id, 4, PPTP_ERROR_NONE, 0, w.now), PPTP_ERR_INVAL);
	id = pac_call(&w, 3);
	assert_int_equal(
	    pptp_call_refuse(w.ctrl, id, 7, PPTP_ERROR_NONE, 0, w.now), PPTP_ERR_STATE);
	we_send_nothing(&w);
	no_event(&w);
	world_fini(&w);
}

/* Protocol A.4. */
static void
a_call_that_cannot_be_is_not_offered(void **state)
{
	struct pptp_ctrl_params params = takes_both;
	struct pptp_msg msg;
	struct world w;

	(void)state;
	params.max_calls = 2;
	world_answer(&w, &params);
	pac_call(&w, 10);
	receive(&w, ocrq(10)); /* its Call ID is in use */
	msg = we_send(&w, PPTP_OCRP);
	assert_int_equal(msg.u.ocrp.call_id, 0);
	assert_int_equal(msg.u.ocrp.peers_call_id, 10);
	assert_int_equal(msg.u.ocrp.result_code, PPTP_OCRP_GENERAL_ERROR);
	assert_int_equal(msg.u.ocrp.error_code, PPTP_ERROR_BAD_CALL_ID);
	pac_call(&w, 11);
	receive(&w, ocrq(12)); /* one too many */
	msg = we_send(&w, PPTP_OCRP);
	assert_int_equal(msg.u.ocrp.result_code, PPTP_OCRP_GENERAL_ERROR);
	assert_int_equal(msg.u.ocrp.error_code, PPTP_ERROR_NO_RESOURCE);
	receive(&w, icrq(12));
	msg = we_send(&w, PPTP_ICRP);
	assert_int_equal(msg.u.icrp.peers_call_id, 12);
	assert_int_equal(msg.u.icrp.result_code, PPTP_ICRP_GENERAL_ERROR);
	assert_int_equal(msg.u.icrp.error_code, PPTP_ERROR_NO_RESOURCE);
	no_event(&w);
	assert_int_equal(w.ctrl->n_calls, 2);
	world_fini(&w);
}

static void
nobody_takes_the_call(void **state)
{
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	id = offered(&w, ocrq(5));
	wait_until_due(&w, w.now + 50 * PPTP_SEC); /* before the peer's 60 s (C10) */
	call_down_is(&w, PPTP_CAUSE_ANSWER_TIMEOUT, id);
	assert_int_equal(we_send(&w, PPTP_OCRP).u.ocrp.result_code, PPTP_OCRP_TIME_OUT);
	world_fini(&w);
	world_answer(&w, &takes_both);
	id = offered(&w, icrq(5));
	wait_until_due(&w, w.now + 50 * PPTP_SEC);
	call_down_is(&w, PPTP_CAUSE_ANSWER_TIMEOUT, id);
	msg = we_send(&w, PPTP_ICRP);
	assert_int_equal(msg.u.icrp.result_code, PPTP_ICRP_GENERAL_ERROR);
	assert_int_equal(msg.u.icrp.error_code, PPTP_ERROR_NO_RESOURCE);
	assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_ESTABLISHED);
	world_fini(&w);
}

/* "Recv. Call Clear Req. /Send Disconnect Notify", and no Outgoing-Call-Reply. */
static void
rfc3_2_4_1_cleared_while_it_rings(void **state)
{
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	id = offered(&w, ocrq(5));
	receive(&w, ccr(5));
	call_down_is(&w, PPTP_CAUSE_PEER_CLEAR, id);
	msg = we_send(&w, PPTP_CDN);
	assert_int_equal(msg.u.cdn.call_id, id);
	assert_int_equal(msg.u.cdn.result_code, PPTP_CDN_REQUEST);
	we_send_nothing(&w);
	assert_int_equal(
	    pptp_call_accept(w.ctrl, id, &(struct pptp_call_answer){0}, w.now), PPTP_ERR_CALL_ID);
	world_fini(&w);
}

/* A.4: never a reason to close, and no other call's notify. */
static void
a_clear_for_no_call_is_answered(void **state)
{
	struct pptp_msg msg;
	struct world w;

	(void)state;
	world_answer(&w, &takes_both);
	pac_call(&w, 5);
	receive(&w, ccr(6));
	msg = we_send(&w, PPTP_CDN);
	assert_int_equal(msg.u.cdn.call_id, 0);
	assert_int_equal(msg.u.cdn.result_code, PPTP_CDN_GENERAL_ERROR);
	assert_int_equal(msg.u.cdn.error_code, PPTP_ERROR_BAD_CALL_ID);
	no_event(&w);
	assert_int_equal(w.ctrl->n_calls, 1);
	world_fini(&w);
	/* A PNS sends no such message. */
	world_establish(&w);
	receive(&w, ccr(6));
	event_is(&w, PPTP_EV_IGNORED);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
rfc2_13_each_disconnect(void **state)
{
	(void)state;
	for (unsigned result = 1; result <= 4; result++) {
		struct pptp_cdn why = {.result_code = (uint8_t)result,
		    .error_code = result == 2 ? PPTP_ERROR_PAC_ERROR : PPTP_ERROR_NONE,
		    .cause_code = 16,
		    .reserved1 = 1,
		    .call_id = 1,
		    .call_statistics = "rx 1"};
		struct pptp_msg msg;
		struct world w;
		uint16_t id;

		world_answer(&w, &takes_both);
		id = pac_call(&w, 5);
		assert_int_equal(pptp_call_disconnect(w.ctrl, id, &why, w.now), PPTP_OK);
		assert_int_equal(call_down_is(&w, PPTP_CAUSE_LOCAL, id).code, result);
		msg = we_send(&w, PPTP_CDN);
		assert_int_equal(msg.u.cdn.call_id, id);
		assert_int_equal(msg.u.cdn.result_code, result);
		assert_int_equal(msg.u.cdn.error_code, why.error_code);
		assert_int_equal(msg.u.cdn.cause_code, 16);
		assert_int_equal(msg.u.cdn.reserved1, 0);
		assert_string_equal(msg.u.cdn.call_statistics, "rx 1");
		assert_int_equal(pptp_call_disconnect(w.ctrl, id, &why, w.now), PPTP_ERR_CALL_ID);
		world_fini(&w);
	}
}

static void
a_disconnect_that_is_none_is_not_sent(void **state)
{
	struct pptp_cdn why = {.result_code = PPTP_CDN_REQUEST};
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	assert_int_equal(
	    pptp_call_disconnect(w.ctrl, pns_call(&w, 1), &why, w.now), PPTP_ERR_STATE);
	assert_int_equal(
	    pptp_call_disconnect(w.ctrl, offered(&w, ocrq(2)), &why, w.now), PPTP_ERR_STATE);
	id = pac_call(&w, 3);
	why.error_code = 1;
	assert_int_equal(pptp_call_disconnect(w.ctrl, id, &why, w.now), PPTP_ERR_INVAL);
	why = (struct pptp_cdn){.result_code = 0};
	assert_int_equal(pptp_call_disconnect(w.ctrl, id, &why, w.now), PPTP_ERR_INVAL);
	why.result_code = 5;
	assert_int_equal(pptp_call_disconnect(w.ctrl, id, &why, w.now), PPTP_ERR_INVAL);
	why.result_code = 2;
	assert_int_equal(pptp_call_disconnect(w.ctrl, id, &why, w.now), PPTP_ERR_INVAL);
	why.result_code = 4;
	memset(why.call_statistics, 'x', sizeof(why.call_statistics));
	assert_int_equal(pptp_call_disconnect(w.ctrl, id, &why, w.now), PPTP_ERR_INVAL);
	we_send_nothing(&w);
	world_fini(&w);
}

/* B7: a PAC notifies of each call, and waits for nothing. */
static void
stop_disconnects_every_call_of_a_pac(void **state)
{
	struct world w;
	uint16_t up, ringing, asked;

	(void)state;
	world_answer(&w, &takes_both);
	up = pac_call(&w, 1);
	ringing = rung(&w);
	asked = offered(&w, ocrq(3));
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_LOCAL_SHUTDOWN, w.now);
	assert_int_equal(we_send(&w, PPTP_OCRP).u.ocrp.result_code, PPTP_OCRP_DO_NOT_ACCEPT);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.call_id, ringing);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.result_code, PPTP_CDN_ADMIN_SHUTDOWN);
	we_send(&w, PPTP_STOP_REQUEST);
	we_send_nothing(&w);
	call_down_is(&w, PPTP_CAUSE_LOCAL, asked);
	call_down_is(&w, PPTP_CAUSE_LOCAL, ringing);
	call_down_is(&w, PPTP_CAUSE_LOCAL, up);
	no_event(&w);
	world_fini(&w);
}

/* A peer that asks while we wait for its notify, on the way to our stop. */
static void
a_call_that_comes_while_we_stop_is_refused(void **state)
{
	struct world w;

	(void)state;
	world_answer(&w, &takes_both);
	pns_call(&w, 1);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	we_send(&w, PPTP_CCR);
	receive(&w, ocrq(2));
	assert_int_equal(we_send(&w, PPTP_OCRP).u.ocrp.result_code, PPTP_OCRP_DO_NOT_ACCEPT);
	no_event(&w);
	world_fini(&w);
}

/* ------------------------------------------------------------------ 3.2.3.1: a line rings */

static void
rfc3_2_3_1_taken(void **state)
{
	const struct pptp_ring_params params = {.recv_window = 5,
	    .transmit_delay = 6,
	    .connect_speed = 7,
	    .framing_type = 2,
	    .bearer_type = 1,
	    .physical_channel_id = 8,
	    .dialed_number = "12",
	    .dialing_number = "345",
	    .subaddress = "6"};
	struct pptp_event event;
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	assert_int_equal(pptp_call_ring(w.ctrl, &params, &id, w.now), PPTP_OK);
	msg = we_send(&w, PPTP_ICRQ);
	assert_int_equal(msg.u.icrq.call_id, id);
	assert_int_equal(msg.u.icrq.call_bearer_type, 1);
	assert_int_equal(msg.u.icrq.physical_channel_id, 8);
	assert_int_equal(msg.u.icrq.dialed_number_length, 2);
	assert_int_equal(msg.u.icrq.dialing_number_length, 3);
	assert_string_equal(msg.u.icrq.dialed_number, "12");
	assert_string_equal(msg.u.icrq.dialing_number, "345");
	assert_string_equal(msg.u.icrq.subaddress, "6");
	receive(&w, icrp(0, id, PPTP_ICRP_CONNECT)); /* 0 is a good Call ID (D4) */
	msg = we_send(&w, PPTP_ICCN);
	assert_int_equal(msg.u.iccn.peers_call_id, 0);
	assert_int_equal(msg.u.iccn.connect_speed, 7);
	assert_int_equal(msg.u.iccn.packet_recv_window_size, 5);
	assert_int_equal(msg.u.iccn.packet_transmit_delay, 6);
	assert_int_equal(msg.u.iccn.framing_type, 2);
	event = event_is(&w, PPTP_EV_CALL_UP);
	assert_int_equal(event.local_call_id, id);
	assert_int_equal(event.peer_call_id, 0);
	assert_int_equal(event.peer_window, 8);
	assert_int_equal(event.peer_delay, 2);
	receive(&w, ccr(0));
	call_down_is(&w, PPTP_CAUSE_PEER_CLEAR, id);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.call_id, id);
	world_fini(&w);
}

static void
rfc2_10_each_refusal_ends_the_call(void **state)
{
	static const uint8_t results[] = {0, 2, 3, 4, 255};

	(void)state;
	for (size_t i = 0; i < COUNT(results); i++) {
		struct pptp_event event;
		struct pptp_msg reply;
		struct world w;
		uint16_t id;

		world_establish(&w);
		id = rung(&w);
		reply = icrp(0, id, results[i]);
		reply.u.icrp.error_code = 4;
		receive(&w, reply);
		event = call_down_is(&w, PPTP_CAUSE_CALL_REFUSED, id);
		assert_int_equal(event.code, results[i]);
		assert_int_equal(event.error_code, 4);
		we_send_nothing(&w);
		world_fini(&w);
	}
}

static void
a_ring_needs_what_a_call_needs(void **state)
{
	struct pptp_ring_params params = {0};
	struct world w;
	uint16_t id;

	(void)state;
	world_start(&w);
	assert_int_equal(pptp_call_ring(w.ctrl, &params, &id, w.now), PPTP_ERR_STATE);
	world_fini(&w);
	world_establish(&w);
	params.local_call_id = rung(&w);
	assert_int_equal(pptp_call_ring(w.ctrl, &params, &id, w.now), PPTP_ERR_CALL_ID);
	params.local_call_id = 0;
	memset(params.subaddress, 'x', sizeof(params.subaddress));
	assert_int_equal(pptp_call_ring(w.ctrl, &params, &id, w.now), PPTP_ERR_INVAL);
	params.subaddress[0] = '\0';
	memset(params.dialed_number, 'x', sizeof(params.dialed_number));
	assert_int_equal(pptp_call_ring(w.ctrl, &params, &id, w.now), PPTP_ERR_INVAL);
	params.dialed_number[0] = '\0';
	memset(params.dialing_number, 'x', sizeof(params.dialing_number));
	assert_int_equal(pptp_call_ring(w.ctrl, &params, &id, w.now), PPTP_ERR_INVAL);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
the_caller_hangs_up_before_the_reply(void **state)
{
	struct pptp_cdn why = {.result_code = PPTP_CDN_LOST_CARRIER};
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = rung(&w);
	assert_int_equal(pptp_call_disconnect(w.ctrl, id, &why, w.now), PPTP_OK);
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.call_id, id);
	/* Its reply crossed; it will have the notify. */
	receive(&w, icrp(4, id, PPTP_ICRP_CONNECT));
	event_is(&w, PPTP_EV_IGNORED);
	we_send_nothing(&w);
	world_fini(&w);
}

/* 2.12: in any state; whose it is can be told if there is but one. */
static void
a_clear_before_the_reply_is_understood(void **state)
{
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = rung(&w);
	receive(&w, ccr(99));
	call_down_is(&w, PPTP_CAUSE_PEER_CLEAR, id);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.call_id, id);
	rung(&w);
	rung(&w);
	receive(&w, ccr(99));
	no_event(&w);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.error_code, PPTP_ERROR_BAD_CALL_ID);
	world_fini(&w);
}

/* 3.2.1: "the ENTIRE CONTROL CONNECTION should be closed". */
static void
rfc3_2_1_an_unanswered_ring_ends_the_connection(void **state)
{
	struct pptp_ctrl_params params = {.echo_interval = PPTP_NEVER};
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &params);
	id = rung(&w);
	wait_until_due(&w, w.now + MINUTE);
	call_down_is(&w, PPTP_CAUSE_CALL_TIMEOUT, id);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.call_id, id);
	we_send(&w, PPTP_STOP_REQUEST);
	receive(&w, (struct pptp_msg){.type = PPTP_STOP_REPLY});
	down_is(&w, PPTP_CAUSE_CALL_TIMEOUT);
	world_fini(&w);
}

/* ------------------------------------------------- 3.2.3.2: the PNS takes an incoming call */

static void
rfc3_2_3_2_taken(void **state)
{
	const struct pptp_call_answer answer = {.recv_window = 5, .processing_delay = 6};
	struct pptp_msg msg, connected = {.type = PPTP_ICCN};
	struct pptp_event event;
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	id = offered(&w, icrq(0));
	assert_int_equal(pptp_call_accept(w.ctrl, id, &answer, w.now), PPTP_OK);
	no_event(&w); /* not before the ICCN */
	msg = we_send(&w, PPTP_ICRP);
	assert_int_equal(msg.u.icrp.call_id, id);
	assert_int_equal(msg.u.icrp.peers_call_id, 0);
	assert_int_equal(msg.u.icrp.result_code, PPTP_ICRP_CONNECT);
	assert_int_equal(msg.u.icrp.packet_recv_window_size, 5);
	assert_int_equal(msg.u.icrp.packet_transmit_delay, 6);
	connected.u.iccn.peers_call_id = id;
	connected.u.iccn.packet_recv_window_size = 9;
	connected.u.iccn.packet_transmit_delay = 4;
	receive(&w, connected);
	event = event_is(&w, PPTP_EV_CALL_UP);
	assert_int_equal(event.local_call_id, id);
	assert_int_equal(event.peer_call_id, 0);
	assert_int_equal(event.peer_window, 9);
	assert_int_equal(event.peer_delay, 4);
	pptp_call_clear(w.ctrl, id, w.now);
	assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, id);
	receive(&w, cdn(0, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	world_fini(&w);
}

static void
rfc3_2_3_2_refused(void **state)
{
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	id = offered(&w, icrq(8));
	assert_int_equal(
	    pptp_call_refuse(w.ctrl, id, PPTP_ICRP_DO_NOT_ACCEPT, PPTP_ERROR_NONE, 0, w.now),
	    PPTP_OK);
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	msg = we_send(&w, PPTP_ICRP);
	assert_int_equal(msg.u.icrp.call_id, 0);
	assert_int_equal(msg.u.icrp.peers_call_id, 8);
	assert_int_equal(msg.u.icrp.result_code, 3);
	id = offered(&w, icrq(8)); /* its ID is free again */
	assert_int_equal(
	    pptp_call_refuse(w.ctrl, id, PPTP_ICRP_GENERAL_ERROR, PPTP_ERROR_NO_RESOURCE, 0, w.now),
	    PPTP_OK);
	assert_int_equal(we_send(&w, PPTP_ICRP).u.icrp.error_code, PPTP_ERROR_NO_RESOURCE);
	world_fini(&w);
}

/* "an accidental standard voice call": the PAC gives up at any of its moments. */
static void
rfc3_2_3_2_the_pac_gives_up(void **state)
{
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	id = offered(&w, icrq(8));
	receive(&w, cdn(8, PPTP_CDN_LOST_CARRIER));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, id);
	id = offered(&w, icrq(8));
	pptp_call_accept(w.ctrl, id, &(struct pptp_call_answer){0}, w.now);
	we_send(&w, PPTP_ICRP);
	receive(&w, cdn(8, PPTP_CDN_LOST_CARRIER));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, id);
	id = pns_call(&w, 8);
	receive(&w, cdn(8, PPTP_CDN_LOST_CARRIER));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, id);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
rfc3_2_1_a_call_that_never_connects_ends_the_connection(void **state)
{
	struct pptp_ctrl_params params = takes_both;
	struct world w;
	uint16_t id;

	(void)state;
	params.echo_interval = PPTP_NEVER;
	world_answer(&w, &params);
	id = offered(&w, icrq(8));
	pptp_call_accept(w.ctrl, id, &(struct pptp_call_answer){0}, w.now);
	we_send(&w, PPTP_ICRP);
	wait_until_due(&w, w.now + MINUTE);
	call_down_is(&w, PPTP_CAUSE_CALL_TIMEOUT, id);
	assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, id);
	we_send(&w, PPTP_STOP_REQUEST);
	world_fini(&w);
}

/* --------------------------------------------------------------- 2.14: WAN-Error-Notify */

static void
rfc2_14_errors_are_told_once_a_minute(void **state)
{
	struct pptp_ctrl_params params = takes_both;
	struct pptp_wen counted = {.crc_errors = 1, .framing_errors = 2, .reserved1 = 3};
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	params.echo_interval = PPTP_NEVER;
	world_answer(&w, &params);
	id = pac_call(&w, 70);
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &(struct pptp_wen){0}, w.now), PPTP_OK);
	we_send_nothing(&w); /* only on errors */
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &counted, w.now), PPTP_OK);
	msg = we_send(&w, PPTP_WEN);
	assert_int_equal(msg.u.wen.peers_call_id, 70);
	assert_int_equal(msg.u.wen.reserved1, 0);
	assert_int_equal(msg.u.wen.crc_errors, 1);
	assert_int_equal(msg.u.wen.framing_errors, 2);
	/* More within the minute waits, and goes as one. */
	counted.buffer_overruns = 3;
	w.now += PPTP_SEC;
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &counted, w.now), PPTP_OK);
	counted.crc_errors = 10;
	w.now += PPTP_SEC;
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &counted, w.now), PPTP_OK);
	we_send_nothing(&w);
	wait_until_due(&w, w.now + 58 * PPTP_SEC);
	msg = we_send(&w, PPTP_WEN);
	assert_int_equal(msg.u.wen.crc_errors, 10);
	assert_int_equal(msg.u.wen.framing_errors, 2); /* since the call began */
	assert_int_equal(msg.u.wen.buffer_overruns, 3);
	/* Nothing new: nothing is told. */
	assert_true(pptp_ctrl_deadline(w.ctrl) == PPTP_NEVER);
	w.now += 10 * MINUTE;
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &counted, w.now), PPTP_OK);
	we_send_nothing(&w);
	counted.alignment_errors = 1;
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &counted, w.now), PPTP_OK);
	we_send(&w, PPTP_WEN);
	/* What waits goes with its call. */
	counted.hardware_overruns = 1;
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &counted, w.now), PPTP_OK);
	receive(&w, ccr(70));
	assert_true(pptp_ctrl_deadline(w.ctrl) == PPTP_NEVER);
	world_fini(&w);
}

static void
rfc2_14_only_a_pac_tells_and_counts_go_up(void **state)
{
	struct pptp_wen counted = {.time_out_errors = 5};
	struct world w;
	uint16_t id;

	(void)state;
	world_answer(&w, &takes_both);
	assert_int_equal(
	    pptp_call_wan_errors(w.ctrl, pns_call(&w, 1), &counted, w.now), PPTP_ERR_STATE);
	assert_int_equal(
	    pptp_call_wan_errors(w.ctrl, offered(&w, ocrq(2)), &counted, w.now), PPTP_ERR_STATE);
	assert_int_equal(pptp_call_wan_errors(w.ctrl, 9, &counted, w.now), PPTP_ERR_CALL_ID);
	id = pac_call(&w, 3);
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &counted, w.now), PPTP_OK);
	we_send(&w, PPTP_WEN);
	counted.time_out_errors = 4;
	assert_int_equal(pptp_call_wan_errors(w.ctrl, id, &counted, w.now), PPTP_ERR_INVAL);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
rfc2_14_errors_are_heard(void **state)
{
	struct pptp_msg msg = {.type = PPTP_WEN, .u.wen.crc_errors = 12};
	struct pptp_event event;
	struct world w;
	uint16_t id;

	(void)state;
	for (int incoming = 0; incoming < 2; incoming++) {
		world_answer(&w, &takes_both);
		id = incoming ? pns_call(&w, 7) : call_establish(&w, 7);
		msg.u.wen.peers_call_id = id;
		receive(&w, msg);
		event = event_is(&w, PPTP_EV_WAN_ERROR);
		assert_int_equal(event.local_call_id, id);
		assert_int_equal(event.peer_call_id, 7);
		assert_int_equal(event.msg.u.wen.crc_errors, 12);
		world_fini(&w);
	}
	/* Not by a PAC. */
	world_answer(&w, &takes_both);
	msg.u.wen.peers_call_id = pac_call(&w, 7);
	receive(&w, msg);
	event_is(&w, PPTP_EV_IGNORED);
	world_fini(&w);
}

/* ----------------------------------------------------------------- 2.15: Set-Link-Info */

static void
rfc2_15_a_pac_hears_of_the_link(void **state)
{
	struct pptp_msg msg = {.type = PPTP_SLI, .u.sli = {.send_accm = 1, .receive_accm = 2}};
	struct pptp_event event;
	struct world w;

	(void)state;
	world_answer(&w, &takes_both);
	msg.u.sli.peers_call_id = pac_call(&w, 7);
	for (unsigned i = 0; i < 2; i++) { /* "may be sent many times" */
		receive(&w, msg);
		event = event_is(&w, PPTP_EV_LINK_INFO);
		assert_int_equal(event.local_call_id, msg.u.sli.peers_call_id);
		assert_int_equal(event.msg.u.sli.send_accm, 1);
		assert_int_equal(event.msg.u.sli.receive_accm, 2);
	}
	we_send_nothing(&w);
	/* A PNS that answers sends it as one that dials does. */
	assert_int_equal(pptp_call_set_link_info(w.ctrl, pns_call(&w, 8), 3, 4, w.now), PPTP_OK);
	assert_int_equal(we_send(&w, PPTP_SLI).u.sli.peers_call_id, 8);
	world_fini(&w);
}

/* --------------------------------------------------------------- many calls, and their IDs */

static bool
all_but_three(void *ctx, uint16_t id)
{
	(void)ctx;
	return id != 5 && id != 7 && id != 9;
}

static void
rfc3_2_2_call_ids_taken_elsewhere_are_not_used(void **state)
{
	struct pptp_ctrl_params params = takes_both;
	struct pptp_call_params call = {0};
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	params.is_taken = all_but_three;
	world_answer(&w, &params);
	for (unsigned i = 0; i < 3; i++) {
		id = i == 0 ? pac_call(&w, 1) : i == 1 ? pns_call(&w, 2) : rung(&w);
		assert_false(all_but_three(NULL, id));
	}
	/* None is left. */
	assert_int_equal(pptp_call_pick_id(w.ctrl), 0);
	assert_int_equal(pptp_call_open(w.ctrl, &call, &id, w.now), PPTP_ERR_CALL_ID);
	receive(&w, ocrq(4));
	msg = we_send(&w, PPTP_OCRP);
	assert_int_equal(msg.u.ocrp.result_code, PPTP_OCRP_GENERAL_ERROR);
	assert_int_equal(msg.u.ocrp.error_code, PPTP_ERROR_NO_RESOURCE);
	world_fini(&w);
}

/* Every kind at once, on one control connection, each by its own IDs. */
static void
rfc1_3_1_calls_of_every_kind_side_by_side(void **state)
{
	struct world w;
	uint16_t out, in, dialled, ring;

	(void)state;
	world_answer(&w, &takes_both);
	out = pac_call(&w, 1);
	in = pns_call(&w, 2);
	dialled = call_establish(&w, 3);
	ring = rung(&w);
	receive(&w, icrp(4, ring, PPTP_ICRP_CONNECT));
	we_send(&w, PPTP_ICCN);
	event_is(&w, PPTP_EV_CALL_UP);
	receive(&w, ccr(4));
	call_down_is(&w, PPTP_CAUSE_PEER_CLEAR, ring);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.call_id, ring);
	receive(&w, cdn(2, PPTP_CDN_LOST_CARRIER));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, in);
	receive(&w, ccr(1));
	call_down_is(&w, PPTP_CAUSE_PEER_CLEAR, out);
	assert_int_equal(we_send(&w, PPTP_CDN).u.cdn.call_id, out);
	receive(&w, cdn(3, PPTP_CDN_LOST_CARRIER));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, dialled);
	assert_int_equal(w.ctrl->n_calls, 0);
	world_fini(&w);
}

/* I5: one answer for each call that there was at a time does not count. */
static void
many_calls_may_be_cleared_at_once(void **state)
{
	struct world w;

	(void)state;
	world_answer(&w, &takes_both);
	for (uint16_t i = 0; i < 3 * MAX_ANSWERS; i++)
		pac_call(&w, i);
	for (uint16_t i = 0; i < 3 * MAX_ANSWERS; i++) {
		receive(&w, ccr(i));
		event_is(&w, PPTP_EV_CALL_DOWN);
	}
	for (uint16_t i = 0; i < 3 * MAX_ANSWERS; i++)
		we_send(&w, PPTP_CDN);
	world_fini(&w);
	/* But who asks and clears for ever without reading is cut off. */
	world_answer(&w, &takes_both);
	for (unsigned i = 0; i <= MAX_ANSWERS; i++) {
		struct pptp_msg request = ocrq(1), clear = ccr(1);

		assert_int_equal(peer_sends(&w, &request), PPTP_OK);
		assert_int_equal(peer_sends(&w, &clear), PPTP_OK);
	}
	assert_int_equal(
	    peer_sends(&w, &(struct pptp_msg){.type = PPTP_ECHO_REQUEST}), PPTP_ERR_FLOOD);
	world_fini(&w);
}

/* ------------------------------------------------------------------------------- memory */

/* A whole life as the answering side; stops at the first error.  Counts what the owner was told
 * of, and what it rang itself. */
static int
life(struct world *w, unsigned *calls)
{
	const struct pptp_msg requests[] = {
	    {.type = PPTP_SCCRQ, .u.sccrq.protocol_version = PPTP_PROTOCOL_VERSION}, ocrq(1),
	    ocrq(1), icrq(2), ccr(9)};
	struct pptp_ring_params ring = {.local_call_id = 7};
	const struct pptp_wen counted = {.crc_errors = 1};
	struct pptp_msg reply = icrp(3, 7, PPTP_ICRP_CONNECT);
	struct pptp_event event;
	uint16_t id;
	int err;

	if ((err = pptp_ctrl_accept(w->ctrl, w->now)) != PPTP_OK)
		return err;
	for (size_t i = 0; i < COUNT(requests); i++) {
		if ((err = peer_sends(w, &requests[i])) != PPTP_OK ||
		    (i == 0 && (err = pptp_ctrl_admit(w->ctrl, w->now)) != PPTP_OK))
			return err;
	}
	while (pptp_ctrl_event(w->ctrl, &event) == PPTP_OK) {
		if (event.type != PPTP_EV_CALL_OFFERED)
			continue;
		++*calls;
		if ((err = pptp_call_accept(w->ctrl, event.local_call_id,
			 &(struct pptp_call_answer){0}, w->now)) != PPTP_OK)
			return err;
	}
	if ((err = pptp_call_ring(w->ctrl, &ring, &id, w->now)) != PPTP_OK)
		return err;
	++*calls;
	if ((err = peer_sends(w, &reply)) != PPTP_OK ||
	    (err = pptp_call_wan_errors(w->ctrl, 7, &counted, w->now)) != PPTP_OK)
		return err;
	reply = (struct pptp_msg){.type = PPTP_SLI, .u.sli.peers_call_id = 7};
	if ((err = peer_sends(w, &reply)) != PPTP_OK)
		return err;
	return pptp_ctrl_stop(w->ctrl, PPTP_STOP_NONE, w->now);
}

static void
every_allocation_may_fail(void **state)
{
	struct pptp_ctrl_params params = takes_both;
	size_t failing = 0;
	int err;

	(void)state;
	params.ask_start = true;
	do {
		unsigned calls = 0, down = 0, ended = 0;
		struct pptp_event event;
		struct world w;

		surroundings_init(&w.s);
		w.now = 1000 * PPTP_SEC;
		w.s.fail_at = ++failing;
		w.ctrl = pptp_ctrl_new(&w.s.env, &params);
		if (w.ctrl == NULL) {
			assert_int_equal(w.s.live, 0);
			err = PPTP_ERR_NOMEM;
			continue;
		}
		err = life(&w, &calls);
		assert_true(err == PPTP_OK || err == PPTP_ERR_NOMEM);
		pptp_ctrl_closed(w.ctrl, w.now);
		while (pptp_ctrl_event(w.ctrl, &event) == PPTP_OK) {
			assert_int_equal(ended, 0); /* nothing comes after it */
			calls += event.type == PPTP_EV_CALL_OFFERED;
			down += event.type == PPTP_EV_CALL_DOWN;
			ended += event.type == PPTP_EV_CTRL_DOWN;
		}
		assert_int_equal(ended, 1);
		assert_int_equal(down, calls);
		world_fini(&w);
	} while (err != PPTP_OK);
	assert_in_range(failing, 20, 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3_2_4_1_answered),
	    cmocka_unit_test(an_answer_has_defaults),
	    cmocka_unit_test(rfc2_8_each_refusal_is_sent),
	    cmocka_unit_test(a_refusal_that_is_none_is_not_sent),
	    cmocka_unit_test(a_call_that_cannot_be_is_not_offered),
	    cmocka_unit_test(nobody_takes_the_call),
	    cmocka_unit_test(rfc3_2_4_1_cleared_while_it_rings),
	    cmocka_unit_test(a_clear_for_no_call_is_answered),
	    cmocka_unit_test(rfc2_13_each_disconnect),
	    cmocka_unit_test(a_disconnect_that_is_none_is_not_sent),
	    cmocka_unit_test(stop_disconnects_every_call_of_a_pac),
	    cmocka_unit_test(a_call_that_comes_while_we_stop_is_refused),
	    cmocka_unit_test(rfc3_2_3_1_taken),
	    cmocka_unit_test(rfc2_10_each_refusal_ends_the_call),
	    cmocka_unit_test(a_ring_needs_what_a_call_needs),
	    cmocka_unit_test(the_caller_hangs_up_before_the_reply),
	    cmocka_unit_test(a_clear_before_the_reply_is_understood),
	    cmocka_unit_test(rfc3_2_1_an_unanswered_ring_ends_the_connection),
	    cmocka_unit_test(rfc3_2_3_2_taken),
	    cmocka_unit_test(rfc3_2_3_2_refused),
	    cmocka_unit_test(rfc3_2_3_2_the_pac_gives_up),
	    cmocka_unit_test(rfc3_2_1_a_call_that_never_connects_ends_the_connection),
	    cmocka_unit_test(rfc2_14_errors_are_told_once_a_minute),
	    cmocka_unit_test(rfc2_14_only_a_pac_tells_and_counts_go_up),
	    cmocka_unit_test(rfc2_14_errors_are_heard),
	    cmocka_unit_test(rfc2_15_a_pac_hears_of_the_link),
	    cmocka_unit_test(rfc3_2_2_call_ids_taken_elsewhere_are_not_used),
	    cmocka_unit_test(rfc1_3_1_calls_of_every_kind_side_by_side),
	    cmocka_unit_test(many_calls_may_be_cleared_at_once),
	    cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
