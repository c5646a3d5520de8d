/*
 * The PNS's outgoing calls, RFC 2637 2.7, 2.8, 2.12, 2.13, 2.15, 3.2.1, 3.2.2, 3.2.4.2.
 */
#include "call.h"
#include "util.h"

#define MINUTE (60 * PPTP_SEC)

static void
receive(struct world *w, struct pptp_msg msg)
{
	assert_int_equal(peer_sends(w, &msg), PPTP_OK);
	event_is(w, PPTP_EV_RECV);
}

static void
is_ignored(struct world *w, struct pptp_msg msg)
{
	receive(w, msg);
	assert_int_equal(event_is(w, PPTP_EV_IGNORED).code, msg.type);
	no_event(w);
	we_send_nothing(w);
}

/* --------------------------------------------------------------------------- opening */

static void
rfc2_7_open_sends_outgoing_call_request(void **state)
{
	struct pptp_call_params params = {.phone_number = "5551234", .subaddress = "x"};
	struct pptp_msg first, second;
	uint16_t id, other;
	struct world w;

	(void)state;
	world_establish(&w);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_OK);
	first = we_send(&w, PPTP_OCRQ);
	assert_int_not_equal(id, 0);
	assert_int_equal(first.u.ocrq.call_id, id);
	assert_int_equal(first.u.ocrq.minimum_bps, 300);
	assert_int_equal(first.u.ocrq.maximum_bps, 100000000);
	assert_int_equal(first.u.ocrq.bearer_type, 3);
	assert_int_equal(first.u.ocrq.framing_type, 3);
	assert_int_equal(first.u.ocrq.packet_recv_window_size, 64);
	assert_int_equal(first.u.ocrq.packet_processing_delay, 0);
	assert_int_equal(first.u.ocrq.phone_number_length, 7);
	assert_int_equal(first.u.ocrq.reserved1, 0);
	assert_string_equal(first.u.ocrq.phone_number, "5551234");
	assert_string_equal(first.u.ocrq.subaddress, "x");
	params = (struct pptp_call_params){.minimum_bps = 1,
	    .maximum_bps = 2,
	    .recv_window = 3,
	    .processing_delay = 4,
	    .local_call_id = 4242};
	assert_int_equal(pptp_call_open(w.ctrl, &params, &other, w.now), PPTP_OK);
	second = we_send(&w, PPTP_OCRQ);
	assert_int_equal(other, 4242);
	assert_int_equal(second.u.ocrq.call_id, 4242);
	assert_int_equal(second.u.ocrq.minimum_bps, 1);
	assert_int_equal(second.u.ocrq.maximum_bps, 2);
	assert_int_equal(second.u.ocrq.packet_recv_window_size, 3);
	assert_int_equal(second.u.ocrq.packet_processing_delay, 4);
	assert_int_not_equal(first.u.ocrq.call_serial_number, second.u.ocrq.call_serial_number);
	/* 0 is a Call ID like any other, if it is meant (protocol A.3). */
	params = (struct pptp_call_params){.call_id_0 = true,
	    .bearer_type = PPTP_BEARER_ANALOG,
	    .framing_type = PPTP_FRAMING_ASYNC};
	assert_int_equal(pptp_call_open(w.ctrl, &params, &other, w.now), PPTP_OK);
	second = we_send(&w, PPTP_OCRQ);
	assert_int_equal(other, 0);
	assert_int_equal(second.u.ocrq.call_id, 0);
	assert_int_equal(second.u.ocrq.bearer_type, 1);
	assert_int_equal(second.u.ocrq.framing_type, 1);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &other, w.now), PPTP_ERR_CALL_ID);
	world_fini(&w);
}

static void
rfc2_7_a_phone_number_of_64_octets(void **state)
{
	struct pptp_call_params params = {0};
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	memset(params.phone_number, '7', 64);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_OK);
	msg = we_send(&w, PPTP_OCRQ);
	assert_int_equal(msg.u.ocrq.phone_number_length, 64);
	assert_string_equal(msg.u.ocrq.phone_number, params.phone_number);
	params.phone_number[64] = '7'; /* not terminated */
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_ERR_INVAL);
	params.phone_number[64] = '\0';
	memset(params.subaddress, '7', 65);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_ERR_INVAL);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
a_call_needs_an_established_connection(void **state)
{
	struct pptp_call_params params = {0};
	struct world w;
	uint16_t id;

	(void)state;
	world_start(&w);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_ERR_STATE);
	world_fini(&w);
	world_establish(&w);
	call_request(&w);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_ERR_STATE);
	pptp_ctrl_closed(w.ctrl, w.now);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_ERR_STATE);
	world_fini(&w);
}

static void
rfc3_2_4_2_good_reply_brings_the_call_up(void **state)
{
	struct pptp_event event;
	struct pptp_msg reply;
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = call_request(&w);
	reply = ocrp(0, id, PPTP_OCRP_CONNECTED); /* 0 is a good Call ID of a peer's (D4) */
	reply.u.ocrp.packet_recv_window_size = 16;
	w.now += PPTP_SEC;
	receive(&w, reply);
	assert_true(pptp_ctrl_deadline(w.ctrl) == w.now + MINUTE); /* no reply is awaited */
	event = event_is(&w, PPTP_EV_CALL_UP);
	assert_int_equal(event.local_call_id, id);
	assert_int_equal(event.peer_call_id, 0);
	assert_int_equal(event.msg.u.ocrp.packet_recv_window_size, 16);
	no_event(&w);
	is_ignored(&w, reply);
	receive(&w, cdn(0, PPTP_CDN_LOST_CARRIER));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, id);
	world_fini(&w);
}

static void
rfc2_8_each_refusal_ends_the_call(void **state)
{
	static const uint8_t results[] = {0, 2, 3, 4, 5, 6, 7, 8, 255};

	(void)state;
	for (size_t i = 0; i < COUNT(results); i++) {
		struct pptp_event event;
		struct pptp_msg reply;
		struct world w;
		uint16_t id;

		world_establish(&w);
		id = call_request(&w);
		reply = ocrp(1, id, results[i]);
		reply.u.ocrp.error_code = 4;
		reply.u.ocrp.cause_code = 17;
		receive(&w, reply);
		event = call_down_is(&w, PPTP_CAUSE_CALL_REFUSED, id);
		assert_int_equal(event.code, results[i]);
		assert_int_equal(event.error_code, 4);
		assert_int_equal(event.cause_code, 17);
		no_event(&w);
		we_send_nothing(&w);
		assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_ESTABLISHED);
		assert_int_equal(pptp_call_clear(w.ctrl, id, w.now), PPTP_ERR_CALL_ID);
		world_fini(&w);
	}
}

/* 3.2.1: "the ENTIRE CONTROL CONNECTION should be closed". */
static void
rfc3_2_1_unanswered_call_ends_the_connection(void **state)
{
	struct world w;
	uint16_t id, other;

	(void)state;
	world_establish(&w);
	other = call_establish(&w, 70);
	id = call_request(&w);
	w.now += MINUTE; /* the echo comes due with it */
	assert_int_equal(pptp_ctrl_expire(w.ctrl, w.now), PPTP_OK);
	call_down_is(&w, PPTP_CAUSE_CALL_TIMEOUT, id);
	no_event(&w);
	assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, id);
	assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, other);
	we_send(&w, PPTP_ECHO_REQUEST);
	receive(&w, cdn(70, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, other);
	assert_int_equal(we_send(&w, PPTP_STOP_REQUEST).u.stop_request.reason, PPTP_STOP_NONE);
	wait_until_due(&w, w.now + MINUTE);
	down_is(&w, PPTP_CAUSE_CALL_TIMEOUT);
	world_fini(&w);
}

/* --------------------------------------------------------------------------- clearing */

static void
rfc3_2_4_2_clear_waits_for_the_notify(void **state)
{
	struct pptp_event event;
	struct pptp_msg request, notify = cdn(312, PPTP_CDN_REQUEST);
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = call_establish(&w, 312);
	assert_int_equal(pptp_call_clear(w.ctrl, id, w.now), PPTP_OK);
	assert_int_equal(pptp_call_clear(w.ctrl, id, w.now), PPTP_OK); /* asked twice */
	request = we_send(&w, PPTP_CCR);
	assert_int_equal(request.u.ccr.call_id, id); /* 2.12: the PNS's own */
	we_send_nothing(&w);
	no_event(&w);
	notify.u.cdn.cause_code = 16;
	receive(&w, notify);
	event = call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	assert_int_equal(event.peer_call_id, 312);
	assert_int_equal(event.code, PPTP_CDN_REQUEST);
	assert_int_equal(event.cause_code, 16);
	assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_ESTABLISHED);
	assert_int_equal(pptp_call_clear(w.ctrl, id, w.now), PPTP_ERR_CALL_ID);
	world_fini(&w);
}

static void
rfc3_2_4_2_notify_of_the_peer_ends_the_call(void **state)
{
	struct pptp_msg notify = cdn(312, PPTP_CDN_ADMIN_SHUTDOWN);
	struct pptp_event event;
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = call_establish(&w, 312);
	notify.u.cdn.error_code = 6;
	receive(&w, notify);
	event = call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, id);
	assert_int_equal(event.code, PPTP_CDN_ADMIN_SHUTDOWN);
	assert_int_equal(event.error_code, 6);
	we_send_nothing(&w);
	is_ignored(&w, notify);
	world_fini(&w);
}

/* Protocol D.4: many servers never send it; the connection lives on. */
static void
an_unanswered_clear_gives_up_the_call_only(void **state)
{
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = call_establish(&w, 312);
	w.now += 30 * PPTP_SEC;
	pptp_call_clear(w.ctrl, id, w.now);
	we_send(&w, PPTP_CCR);
	assert_true(pptp_ctrl_deadline(w.ctrl) == w.now + 30 * PPTP_SEC); /* the echo */
	w.now += 30 * PPTP_SEC;
	pptp_ctrl_expire(w.ctrl, w.now);
	we_send(&w, PPTP_ECHO_REQUEST);
	wait_until_due(&w, w.now + 30 * PPTP_SEC);
	call_down_is(&w, PPTP_CAUSE_CLEAR_TIMEOUT, id);
	no_event(&w);
	we_send_nothing(&w);
	assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_ESTABLISHED);
	world_fini(&w);
}

static void
rfc3_2_4_2_abort_before_the_reply(void **state)
{
	struct world w;
	uint16_t id;

	(void)state;
	/* The notify carries an ID that we never learned (D8). */
	world_establish(&w);
	id = call_request(&w);
	pptp_call_clear(w.ctrl, id, w.now);
	assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, id);
	receive(&w, cdn(999, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	world_fini(&w);
	/* The replies cross: connected, and then the notify with that ID. */
	world_establish(&w);
	id = call_request(&w);
	pptp_call_clear(w.ctrl, id, w.now);
	we_send(&w, PPTP_CCR);
	receive(&w, ocrp(312, id, PPTP_OCRP_CONNECTED));
	no_event(&w); /* not up any more */
	is_ignored(&w, cdn(999, PPTP_CDN_REQUEST));
	receive(&w, cdn(312, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	world_fini(&w);
	/* The replies cross: refused, so there is nothing left to clear. */
	world_establish(&w);
	id = call_request(&w);
	pptp_call_clear(w.ctrl, id, w.now);
	receive(&w, ocrp(0, id, PPTP_OCRP_BUSY));
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	no_event(&w);
	world_fini(&w);
}

/* D8 needs exactly one such call. */
static void
a_notify_for_one_of_two_aborted_calls_is_ignored(void **state)
{
	struct world w;
	uint16_t first, second;

	(void)state;
	world_establish(&w);
	first = call_request(&w);
	second = call_request(&w);
	pptp_call_clear(w.ctrl, first, w.now);
	pptp_call_clear(w.ctrl, second, w.now);
	we_send(&w, PPTP_CCR);
	we_send(&w, PPTP_CCR);
	is_ignored(&w, cdn(60000, PPTP_CDN_REQUEST));
	/* One of them is known by our own ID (D7); then the other is the only one. */
	receive(&w, cdn(second, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, second);
	receive(&w, cdn(60000, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, first);
	world_fini(&w);
}

/* D7: accel-ppp puts the PNS's ID into it. */
static void
a_notify_with_our_own_id_is_understood(void **state)
{
	struct world w;
	uint16_t id, other;

	(void)state;
	world_establish(&w);
	id = call_establish(&w, 312);
	receive(&w, cdn(id, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, id);
	/* In wait_reply, too; and the peer's ID goes first where both could be meant. */
	id = call_request(&w);
	other = call_establish(&w, id);
	receive(&w, cdn(id, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, other);
	receive(&w, cdn(id, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, id);
	world_fini(&w);
}

/* ------------------------------------------------------------ with the control
 * connection */

/* B7: each call is cleared, then the connection is stopped. */
static void
rfc2_3_stop_clears_every_call_first(void **state)
{
	struct world w;
	uint16_t up, waiting, clearing;

	(void)state;
	world_establish(&w);
	up = call_establish(&w, 1);
	waiting = call_request(&w);
	clearing = call_establish(&w, 3);
	pptp_call_clear(w.ctrl, clearing, w.now);
	assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, clearing);
	assert_int_equal(pptp_ctrl_stop(w.ctrl, PPTP_STOP_LOCAL_SHUTDOWN, w.now), PPTP_OK);
	assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, waiting);
	assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, up);
	we_send_nothing(&w);
	receive(&w, cdn(1, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, up);
	receive(&w, cdn(3, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, clearing);
	we_send_nothing(&w);
	receive(&w, cdn(2, PPTP_CDN_REQUEST));
	call_down_is(&w, PPTP_CAUSE_LOCAL, waiting);
	assert_int_equal(
	    we_send(&w, PPTP_STOP_REQUEST).u.stop_request.reason, PPTP_STOP_LOCAL_SHUTDOWN);
	receive(&w, (struct pptp_msg){.type = PPTP_STOP_REPLY});
	down_is(&w, PPTP_CAUSE_LOCAL);
	world_fini(&w);
}

static void
stop_waits_for_notifies_only_so_long(void **state)
{
	struct pptp_ctrl_params params = {.clear_timeout = 3 * PPTP_SEC};
	struct pptp_msg reply = sccrp(PPTP_SCCRP_OK, 0x0100);
	struct world w;
	uint16_t id;

	(void)state;
	world_init(&w);
	pptp_ctrl_free(w.ctrl);
	w.ctrl = pptp_ctrl_new(&w.s.env, &params);
	pptp_ctrl_start(w.ctrl, w.now);
	we_send(&w, PPTP_SCCRQ);
	receive(&w, reply);
	event_is(&w, PPTP_EV_CTRL_UP);
	id = call_establish(&w, 1);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	we_send(&w, PPTP_CCR);
	wait_until_due(&w, w.now + 3 * PPTP_SEC);
	call_down_is(&w, PPTP_CAUSE_CLEAR_TIMEOUT, id);
	no_event(&w);
	we_send(&w, PPTP_STOP_REQUEST);
	world_fini(&w);
}

/* D12: pptpd closes TCP on a Call-Clear-Request. */
static void
tcp_closed_on_our_clear_is_an_orderly_end(void **state)
{
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = call_establish(&w, 1);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	we_send(&w, PPTP_CCR);
	pptp_ctrl_closed(w.ctrl, w.now);
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	down_is(&w, PPTP_CAUSE_LOCAL);
	we_send_nothing(&w);
	world_fini(&w);
	/* The same answered by a Stop-Control-Connection-Request. */
	world_establish(&w);
	id = call_establish(&w, 1);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	we_send(&w, PPTP_CCR);
	receive(&w, (struct pptp_msg){.type = PPTP_STOP_REQUEST, .u.stop_request.reason = 1});
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	down_is(&w, PPTP_CAUSE_LOCAL);
	we_send(&w, PPTP_STOP_REPLY);
	world_fini(&w);
	/* Where only the call was to be cleared, the connection was not. */
	world_establish(&w);
	id = call_establish(&w, 1);
	pptp_call_clear(w.ctrl, id, w.now);
	pptp_ctrl_closed(w.ctrl, w.now);
	call_down_is(&w, PPTP_CAUSE_LOCAL, id);
	down_is(&w, PPTP_CAUSE_TCP_CLOSED);
	world_fini(&w);
}

/* B4: whatever ends the connection, each call has its last word before it. */
static void
rfc3_the_end_of_the_connection_ends_every_call(void **state)
{
	static const uint8_t junk[8] = {0};
	struct world w;
	uint16_t up, waiting;

	(void)state;
	for (int how = 0; how < 3; how++) {
		world_establish(&w);
		up = call_establish(&w, 1);
		waiting = call_request(&w);
		if (how == 0)
			pptp_ctrl_closed(w.ctrl, w.now);
		else if (how == 1)
			receive(&w, (struct pptp_msg){.type = PPTP_STOP_REQUEST});
		else
			assert_int_equal(
			    pptp_ctrl_recv(w.ctrl, junk, sizeof(junk), w.now), PPTP_ERR_COOKIE);
		call_down_is(&w, PPTP_CAUSE_CTRL_DOWN, waiting);
		call_down_is(&w, PPTP_CAUSE_CTRL_DOWN, up);
		down_is(&w, how == 0   ? PPTP_CAUSE_TCP_CLOSED
			    : how == 1 ? PPTP_CAUSE_PEER_STOP
				       : PPTP_CAUSE_PROTOCOL);
		assert_int_equal(pptp_call_clear(w.ctrl, up, w.now), PPTP_ERR_CALL_ID);
		world_fini(&w);
	}
	/* Freed in the middle, nothing leaks. */
	world_establish(&w);
	call_establish(&w, 1);
	call_request(&w);
	world_fini(&w);
}

/* D15, C13. */
static void
rfc1_3_1_many_calls_on_one_connection(void **state)
{
	uint16_t ids[200];
	struct world w;

	(void)state;
	world_establish(&w);
	for (unsigned i = 0; i < COUNT(ids); i++) {
		ids[i] = call_request(&w);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
	}
	for (unsigned i = COUNT(ids); i-- > 0;) { /* answered in another order */
		receive(&w, ocrp((uint16_t)(50000 + i), ids[i], PPTP_OCRP_CONNECTED));
		assert_int_equal(event_is(&w, PPTP_EV_CALL_UP).local_call_id, ids[i]);
	}
	for (unsigned i = 0; i < COUNT(ids); i += 2) {
		receive(&w, cdn((uint16_t)(50000 + i), PPTP_CDN_LOST_CARRIER));
		call_down_is(&w, PPTP_CAUSE_PEER_DISCONNECT, ids[i]);
	}
	for (unsigned i = 1; i < COUNT(ids); i += 2)
		assert_int_equal(pptp_call_clear(w.ctrl, ids[i], w.now), PPTP_OK);
	for (unsigned i = 1; i < COUNT(ids); i += 2)
		assert_int_equal(we_send(&w, PPTP_CCR).u.ccr.call_id, ids[i]);
	world_fini(&w);
}

/* -------------------------------------------------------------------------- Call IDs */

static void
rfc3_2_2_call_ids_are_unique_and_not_zero(void **state)
{
	struct pptp_call_params params = {.local_call_id = 77};
	uint16_t id;
	struct world w;

	(void)state;
	world_establish(&w);
	w.s.increase = 0; /* a random source that has got stuck */
	w.s.random = 0;
	assert_int_equal(pptp_call_pick_id(w.ctrl), 1);
	w.s.random = 0xabcd0000;
	assert_int_equal(pptp_call_pick_id(w.ctrl), 1);
	w.s.random = 0xffff; /* the kernel's PPTP sockets do not take that one (D5) */
	assert_int_equal(pptp_call_pick_id(w.ctrl), 1);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_OK);
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_ERR_CALL_ID);
	w.s.random = 77;
	assert_int_equal(pptp_call_pick_id(w.ctrl), 78);
	params.local_call_id = 0;
	assert_int_equal(pptp_call_open(w.ctrl, &params, &id, w.now), PPTP_OK);
	assert_int_equal(id, 78);
	world_fini(&w);
}

/* D3: late GRE of the old call may still come. */
static void
a_call_id_is_not_used_again_soon(void **state)
{
	struct world w;
	uint16_t first;

	(void)state;
	world_establish(&w);
	w.s.increase = 0;
	w.s.random = 500;
	first = call_request(&w);
	assert_int_equal(first, 500);
	receive(&w, ocrp(1, first, PPTP_OCRP_BUSY));
	call_down_is(&w, PPTP_CAUSE_CALL_REFUSED, first);
	for (unsigned i = 1; i <= RECENT_IDS; i++) {
		uint16_t id = call_request(&w);

		assert_int_equal(id, 500 + i);
		receive(&w, ocrp(1, id, PPTP_OCRP_BUSY));
		call_down_is(&w, PPTP_CAUSE_CALL_REFUSED, id);
	}
	assert_int_equal(call_request(&w), 500); /* so many calls later */
	world_fini(&w);
}

/* --------------------------------------------------------------------- Set-Link-Info
 * etc. */

static void
rfc2_15_set_link_info(void **state)
{
	struct pptp_msg msg;
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = call_request(&w);
	assert_int_equal(pptp_call_set_link_info(w.ctrl, id, 1, 2, w.now), PPTP_ERR_STATE);
	receive(&w, ocrp(312, id, PPTP_OCRP_CONNECTED));
	event_is(&w, PPTP_EV_CALL_UP);
	assert_int_equal(pptp_call_set_link_info(w.ctrl, id, 0xffffffff, 0xa0000, w.now), PPTP_OK);
	msg = we_send(&w, PPTP_SLI);
	assert_int_equal(msg.u.sli.peers_call_id, 312); /* H4: the PAC's */
	assert_true(msg.u.sli.send_accm == 0xffffffff);
	assert_int_equal(msg.u.sli.receive_accm, 0xa0000);
	assert_int_equal(
	    pptp_call_set_link_info(w.ctrl, (uint16_t)(id + 1), 1, 2, w.now), PPTP_ERR_CALL_ID);
	pptp_call_clear(w.ctrl, id, w.now);
	assert_int_equal(pptp_call_set_link_info(w.ctrl, id, 1, 2, w.now), PPTP_ERR_STATE);
	world_fini(&w);
}

/* H5: Windows servers send it, outside the RFC. */
static void
set_link_info_of_a_pac_is_accepted(void **state)
{
	struct pptp_msg msg = {.type = PPTP_SLI, .u.sli = {.send_accm = 1, .receive_accm = 2}};
	struct world w;

	(void)state;
	world_establish(&w);
	is_ignored(&w, msg); /* no such call */
	msg.u.sli.peers_call_id = call_establish(&w, 312);
	receive(&w, msg);
	no_event(&w);
	we_send_nothing(&w);
	world_fini(&w);
}

/* Protocol A.4: never a reason to close. */
static void
messages_of_no_call_or_no_use_are_ignored(void **state)
{
	static const enum pptp_msg_type types[] = {
	    PPTP_OCRP, PPTP_ICRP, PPTP_ICCN, PPTP_CCR, PPTP_CDN, PPTP_WEN, PPTP_SLI};
	struct world w;
	uint16_t id;

	(void)state;
	world_establish(&w);
	id = call_establish(&w, 312);
	for (size_t i = 0; i < COUNT(types); i++)
		is_ignored(&w, (struct pptp_msg){.type = types[i]});
	is_ignored(&w, (struct pptp_msg){.type = PPTP_ICRP, .u.icrp.peers_call_id = id});
	is_ignored(&w, (struct pptp_msg){.type = PPTP_ICCN, .u.iccn.peers_call_id = id});
	is_ignored(&w, (struct pptp_msg){.type = PPTP_CCR, .u.ccr.call_id = 312});
	world_fini(&w);
}

/* Strangers' octets of any kind must neither crash nor leak; well-formed ones, at random.
 */
static void
any_sequence_of_messages_is_survived(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct pptp_call_params params = {0};
		unsigned opened = 0, down = 0, ended = 0;
		struct pptp_event event;
		struct world w;
		size_t len;

		world_establish(&w);
		for (unsigned n = 0; n < 100; n++) {
			struct pptp_msg msg = {0};
			uint16_t id = 0;

			seed = seed * 1664525 + 1013904223;
			msg.type = (enum pptp_msg_type)((seed >> 28) % PPTP_MSG_TYPES + 1);
			/* Stop* only now and then, or every life were short. */
			if (msg.type <= PPTP_STOP_REPLY && (seed >> 8) % 16 != 0)
				msg.type = PPTP_OCRP;
			memset(&msg.u, (int)(seed >> 16) % 4, sizeof(msg.u));
			if (msg.type == PPTP_OCRP && w.ctrl->calls != NULL)
				msg = ocrp((uint16_t)(seed >> 26), w.ctrl->calls->local_call_id,
				    (uint8_t)((seed >> 12) % 3));
			if (msg.type == PPTP_CDN)
				msg = cdn((uint16_t)(seed >> 26), 1);
			peer_sends(&w, &msg);
			if (seed >> 30 == 0 &&
			    pptp_call_open(w.ctrl, &params, &id, w.now) == PPTP_OK)
				opened++;
			if (seed >> 30 == 1 && w.ctrl->calls != NULL)
				pptp_call_clear(w.ctrl, w.ctrl->calls->local_call_id, w.now);
			w.now += seed % (7 * PPTP_SEC);
			pptp_ctrl_expire(w.ctrl, w.now);
			while (pptp_ctrl_output(w.ctrl, &len) != NULL)
				pptp_ctrl_output_done(w.ctrl);
		}
		pptp_ctrl_closed(w.ctrl, w.now);
		while (pptp_ctrl_event(w.ctrl, &event) == PPTP_OK) {
			assert_int_equal(ended, 0);
			down += event.type == PPTP_EV_CALL_DOWN;
			ended += event.type == PPTP_EV_CTRL_DOWN;
		}
		assert_int_equal(down, opened);
		assert_int_equal(ended, 1);
		world_fini(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc2_7_open_sends_outgoing_call_request),
	    cmocka_unit_test(rfc2_7_a_phone_number_of_64_octets),
	    cmocka_unit_test(a_call_needs_an_established_connection),
	    cmocka_unit_test(rfc3_2_4_2_good_reply_brings_the_call_up),
	    cmocka_unit_test(rfc2_8_each_refusal_ends_the_call),
	    cmocka_unit_test(rfc3_2_1_unanswered_call_ends_the_connection),
	    cmocka_unit_test(rfc3_2_4_2_clear_waits_for_the_notify),
	    cmocka_unit_test(rfc3_2_4_2_notify_of_the_peer_ends_the_call),
	    cmocka_unit_test(an_unanswered_clear_gives_up_the_call_only),
	    cmocka_unit_test(rfc3_2_4_2_abort_before_the_reply),
	    cmocka_unit_test(a_notify_for_one_of_two_aborted_calls_is_ignored),
	    cmocka_unit_test(a_notify_with_our_own_id_is_understood),
	    cmocka_unit_test(rfc2_3_stop_clears_every_call_first),
	    cmocka_unit_test(stop_waits_for_notifies_only_so_long),
	    cmocka_unit_test(tcp_closed_on_our_clear_is_an_orderly_end),
	    cmocka_unit_test(rfc3_the_end_of_the_connection_ends_every_call),
	    cmocka_unit_test(rfc1_3_1_many_calls_on_one_connection),
	    cmocka_unit_test(rfc3_2_2_call_ids_are_unique_and_not_zero),
	    cmocka_unit_test(a_call_id_is_not_used_again_soon),
	    cmocka_unit_test(rfc2_15_set_link_info),
	    cmocka_unit_test(set_link_info_of_a_pac_is_accepted),
	    cmocka_unit_test(messages_of_no_call_or_no_use_are_ignored),
	    cmocka_unit_test(any_sequence_of_messages_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
