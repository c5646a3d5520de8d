/*
 * The control connection's originator, RFC 2637 2.1 to 2.6, 3.1.1, 3.1.4, in virtual
 * time.  Its receiver is in test_receiver.c.
 */
#include "call.h"
#include "ctrl.h"
#include "util.h"

#define MINUTE (60 * PPTP_SEC)

static struct pptp_msg
echo_request(uint32_t identifier)
{
	struct pptp_msg msg = {.type = PPTP_ECHO_REQUEST};

	msg.u.echo_request.identifier = identifier;
	return msg;
}

static struct pptp_msg
echo_reply(uint32_t identifier)
{
	struct pptp_msg msg = {.type = PPTP_ECHO_REPLY};

	msg.u.echo_reply.identifier = identifier;
	msg.u.echo_reply.result_code = PPTP_STOP_OK;
	return msg;
}

static struct pptp_msg
stop_request(uint8_t reason)
{
	struct pptp_msg msg = {.type = PPTP_STOP_REQUEST};

	msg.u.stop_request.reason = reason;
	return msg;
}

static const struct pptp_msg stop_reply = {
    .type = PPTP_STOP_REPLY, .u.stop_reply.result_code = PPTP_STOP_OK};

static void
receive(struct world *w, struct pptp_msg msg)
{
	assert_int_equal(peer_sends(w, &msg), PPTP_OK);
	event_is(w, PPTP_EV_RECV);
}

/* -------------------------------------------------------------------------- starting */

static void
rfc3_1_1_open_sends_start_request(void **state)
{
	struct world w;
	struct pptp_msg msg;

	(void)state;
	world_start(&w);
	msg = we_send(&w, PPTP_SCCRQ);
	assert_int_equal(msg.reserved0, 0);
	assert_int_equal(msg.u.sccrq.reserved1, 0);
	assert_int_equal(msg.u.sccrq.protocol_version, 0x0100);
	assert_int_equal(msg.u.sccrq.framing_capabilities, 3);
	assert_int_equal(msg.u.sccrq.bearer_capabilities, 3);
	assert_int_equal(msg.u.sccrq.maximum_channels, 0);
	assert_string_equal(msg.u.sccrq.host_name, "here");
	assert_string_equal(msg.u.sccrq.vendor_name, "us");
	we_send_nothing(&w);
	no_event(&w);
	assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_WAIT_CTL_REPLY);
	assert_int_equal(pptp_ctrl_start(w.ctrl, w.now), PPTP_ERR_STATE);
	world_fini(&w);
}

static void
rfc3_1_1_good_reply_establishes(void **state)
{
	struct pptp_msg reply = sccrp(PPTP_SCCRP_OK, 0x0100);
	struct pptp_event event;
	struct world w;

	(void)state;
	world_start(&w);
	we_send(&w, PPTP_SCCRQ);
	strcpy(reply.u.sccrp.host_name, "there");
	assert_int_equal(peer_sends(&w, &reply), PPTP_OK);
	event = event_is(&w, PPTP_EV_RECV);
	assert_int_equal(event.msg.type, PPTP_SCCRP);
	event = event_is(&w, PPTP_EV_CTRL_UP);
	assert_string_equal(event.msg.u.sccrp.host_name, "there");
	assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_ESTABLISHED);
	assert_string_equal(pptp_ctrl_state_name(PPTP_CTRL_ESTABLISHED), "established");
	world_fini(&w);
}

/* Protocol A14: some modems say 0. */
static void
a_start_reply_with_result_0_is_success(void **state)
{
	struct pptp_msg reply = sccrp(0, 0x0100);
	struct world w;

	(void)state;
	world_start(&w);
	receive(&w, reply);
	assert_int_equal(event_is(&w, PPTP_EV_CTRL_UP).msg.u.sccrp.result_code, 0);
	world_fini(&w);
}

static void
rfc2_2_each_refusal_closes(void **state)
{
	static const uint8_t results[] = {2, 3, 4, 5, 6, 255};

	(void)state;
	for (size_t i = 0; i < COUNT(results); i++) {
		struct pptp_msg reply = sccrp(results[i], 0x0100);
		struct pptp_event event;
		struct world w;

		world_start(&w);
		we_send(&w, PPTP_SCCRQ);
		reply.u.sccrp.error_code = PPTP_ERROR_NO_RESOURCE;
		receive(&w, reply);
		event = down_is(&w, PPTP_CAUSE_START_REFUSED);
		assert_int_equal(event.code, results[i]);
		assert_int_equal(event.error_code, PPTP_ERROR_NO_RESOURCE);
		we_send_nothing(&w);
		world_fini(&w);
	}
}

static void
rfc3_1_1_unsupported_version_sends_stop(void **state)
{
	static const uint16_t versions[] = {0x0000, 0x00ff, 0x0001, 0x0101, 0x0200, 0xffff};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct world w;

		world_start(&w);
		we_send(&w, PPTP_SCCRQ);
		receive(&w, sccrp(PPTP_SCCRP_OK, versions[i]));
		no_event(&w);
		assert_int_equal(
		    we_send(&w, PPTP_STOP_REQUEST).u.stop_request.reason, PPTP_STOP_PROTOCOL);
		assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_WAIT_STOP_REPLY);
		switch (i % 3) { /* however it ends, that is the reason */
		case 0:
			receive(&w, stop_reply);
			break;
		case 1:
			wait_until_due(&w, w.now + MINUTE);
			break;
		default:
			assert_int_equal(pptp_ctrl_closed(w.ctrl, w.now), PPTP_OK);
			break;
		}
		assert_int_equal(down_is(&w, PPTP_CAUSE_VERSION).code, versions[i]);
		world_fini(&w);
	}
}

static void
rfc3_1_4_start_reply_is_awaited_60_s(void **state)
{
	struct world w;

	(void)state;
	world_start(&w);
	we_send(&w, PPTP_SCCRQ);
	wait_until_due(&w, w.now + MINUTE);
	down_is(&w, PPTP_CAUSE_START_TIMEOUT);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
the_times_are_settings(void **state)
{
	struct pptp_ctrl_params params = {.reply_timeout = 5 * PPTP_SEC,
	    .stop_timeout = 2 * PPTP_SEC,
	    .echo_interval = PPTP_NEVER};
	struct world w;

	(void)state;
	world_init(&w);
	pptp_ctrl_free(w.ctrl);
	w.ctrl = pptp_ctrl_new(&w.s.env, &params);
	pptp_ctrl_start(w.ctrl, w.now);
	we_send(&w, PPTP_SCCRQ);
	assert_true(pptp_ctrl_deadline(w.ctrl) == w.now + 5 * PPTP_SEC);
	receive(&w, sccrp(PPTP_SCCRP_OK, 0x0100));
	event_is(&w, PPTP_EV_CTRL_UP);
	assert_true(pptp_ctrl_deadline(w.ctrl) == PPTP_NEVER); /* no echo */
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	we_send(&w, PPTP_STOP_REQUEST);
	wait_until_due(&w, w.now + 2 * PPTP_SEC);
	down_is(&w, PPTP_CAUSE_STOP_TIMEOUT);
	world_fini(&w);
}

/* ------------------------------------------------------------------------------ echo */

static void
rfc2_5_echo_request_is_answered(void **state)
{
	struct pptp_msg reply;
	struct world w;

	(void)state;
	world_establish(&w);
	receive(&w, echo_request(0xdeadbeef));
	reply = we_send(&w, PPTP_ECHO_REPLY);
	assert_true(reply.u.echo_reply.identifier == 0xdeadbeef);
	assert_int_equal(reply.u.echo_reply.result_code, 1);
	assert_int_equal(reply.u.echo_reply.error_code, 0);
	no_event(&w);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	we_send(&w, PPTP_STOP_REQUEST);
	receive(&w, echo_request(5));
	we_send(&w, PPTP_ECHO_REPLY);
	world_fini(&w);
}

static void
rfc3_1_4_echo_after_60s_of_silence(void **state)
{
	struct pptp_msg request;
	struct world w;

	(void)state;
	world_establish(&w);
	wait_until_due(&w, w.now + MINUTE);
	request = we_send(&w, PPTP_ECHO_REQUEST);
	we_send_nothing(&w);
	w.now += 20 * PPTP_MSEC;
	receive(&w, echo_reply(request.u.echo_request.identifier));
	assert_true(event_is(&w, PPTP_EV_ECHO).rtt == 20 * PPTP_MSEC);
	wait_until_due(&w, w.now + MINUTE);
	assert_int_not_equal(we_send(&w, PPTP_ECHO_REQUEST).u.echo_request.identifier,
	    request.u.echo_request.identifier);
	world_fini(&w);
}

static void
rfc3_1_4_any_control_message_breaks_the_silence(void **state)
{
	struct pptp_msg wen = {.type = PPTP_WEN};
	struct world w;

	(void)state;
	world_establish(&w);
	w.now += 59 * PPTP_SEC;
	receive(&w, wen);
	event_is(&w, PPTP_EV_IGNORED);
	wait_until_due(&w, w.now + MINUTE);
	we_send(&w, PPTP_ECHO_REQUEST);
	world_fini(&w);
}

static void
rfc3_1_4_unanswered_echo_closes_after_60s(void **state)
{
	struct world w;

	(void)state;
	world_establish(&w);
	wait_until_due(&w, w.now + MINUTE);
	we_send(&w, PPTP_ECHO_REQUEST);
	wait_until_due(&w, w.now + MINUTE);
	assert_int_equal(down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT).code, 0);
	we_send_nothing(&w);
	world_fini(&w);
}

/* A17: another Identifier, or any other message, does not stop the reply timer. */
static void
rfc2_6_only_its_reply_stops_the_timer(void **state)
{
	struct world w;
	uint32_t identifier;

	(void)state;
	world_establish(&w);
	receive(&w, echo_reply(1)); /* none is open */
	assert_int_equal(event_is(&w, PPTP_EV_IGNORED).code, PPTP_ECHO_REPLY);
	wait_until_due(&w, w.now + MINUTE);
	identifier = we_send(&w, PPTP_ECHO_REQUEST).u.echo_request.identifier;
	w.now += 30 * PPTP_SEC;
	receive(&w, echo_reply(identifier + 1));
	event_is(&w, PPTP_EV_IGNORED);
	receive(&w, echo_request(1));
	we_send(&w, PPTP_ECHO_REPLY);
	wait_until_due(&w, w.now + 30 * PPTP_SEC);
	down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT);
	world_fini(&w);
}

static void
design_d13_live_gre_extends_the_wait_twice(void **state)
{
	struct world w;
	uint64_t start;

	(void)state;
	world_establish(&w);
	start = w.now;
	wait_until_due(&w, start + MINUTE);
	we_send(&w, PPTP_ECHO_REQUEST);
	for (unsigned minute = 2; minute <= 3; minute++) {
		pptp_ctrl_alive(w.ctrl, w.now + 10 * PPTP_SEC);
		wait_until_due(&w, start + minute * MINUTE);
		no_event(&w);
	}
	pptp_ctrl_alive(w.ctrl, w.now + 10 * PPTP_SEC);
	wait_until_due(&w, start + 4 * MINUTE); /* dead within four minutes */
	assert_int_equal(down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT).code, 2);
	world_fini(&w);
}

static void
design_d13_gre_must_be_newer_than_the_request(void **state)
{
	struct world w;

	(void)state;
	world_establish(&w);
	pptp_ctrl_alive(w.ctrl, w.now + MINUTE - 1);
	wait_until_due(&w, w.now + MINUTE);
	we_send(&w, PPTP_ECHO_REQUEST);
	wait_until_due(&w, w.now + MINUTE);
	down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT);
	world_fini(&w);
	/* And after the first extension newer than that. */
	world_establish(&w);
	wait_until_due(&w, w.now + MINUTE);
	we_send(&w, PPTP_ECHO_REQUEST);
	pptp_ctrl_alive(w.ctrl, w.now + 1);
	wait_until_due(&w, w.now + MINUTE);
	wait_until_due(&w, w.now + MINUTE);
	assert_int_equal(down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT).code, 1);
	world_fini(&w);
}

/* C11: who slept through the deadline asks once more. */
static void
a_clock_jump_sends_another_echo(void **state)
{
	struct world w;
	uint32_t identifier;

	(void)state;
	world_establish(&w);
	w.now += MINUTE;
	pptp_ctrl_expire(w.ctrl, w.now);
	identifier = we_send(&w, PPTP_ECHO_REQUEST).u.echo_request.identifier;
	w.now += 8 * 60 * MINUTE;
	pptp_ctrl_expire(w.ctrl, w.now);
	no_event(&w);
	assert_int_not_equal(we_send(&w, PPTP_ECHO_REQUEST).u.echo_request.identifier, identifier);
	wait_until_due(&w, w.now + MINUTE);
	down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT);
	world_fini(&w);
}

static void
a_probe_asks_now_and_waits_as_long_as_it_is_told(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(pptp_ctrl_probe(w.ctrl, 15 * PPTP_SEC, w.now), PPTP_ERR_STATE);
	world_fini(&w);
	world_establish(&w);
	w.now += PPTP_SEC;
	assert_int_equal(pptp_ctrl_probe(w.ctrl, 15 * PPTP_SEC, w.now), PPTP_OK);
	receive(&w, echo_reply(we_send(&w, PPTP_ECHO_REQUEST).u.echo_request.identifier));
	event_is(&w, PPTP_EV_ECHO);
	assert_int_equal(pptp_ctrl_deadline(w.ctrl), w.now + MINUTE);
	pptp_ctrl_probe(w.ctrl, 15 * PPTP_SEC, w.now);
	we_send(&w, PPTP_ECHO_REQUEST);
	wait_until_due(&w, w.now + 15 * PPTP_SEC);
	down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT);
	world_fini(&w);
}

/* C11: one at a time; what is left of its wait is not made longer. */
static void
a_probe_while_an_echo_is_open_sends_no_other_one(void **state)
{
	struct world w;

	(void)state;
	world_establish(&w);
	w.now += MINUTE;
	pptp_ctrl_expire(w.ctrl, w.now);
	we_send(&w, PPTP_ECHO_REQUEST);
	w.now += 50 * PPTP_SEC;
	assert_int_equal(pptp_ctrl_probe(w.ctrl, 15 * PPTP_SEC, w.now), PPTP_OK);
	we_send_nothing(&w);
	wait_until_due(&w, w.now + 10 * PPTP_SEC);
	down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT);
	world_fini(&w);
}

/* -------------------------------------------------------------------------- stopping */

static void
rfc3_1_1_local_stop_waits_for_the_reply(void **state)
{
	struct world w;

	(void)state;
	world_establish(&w);
	assert_int_equal(pptp_ctrl_stop(w.ctrl, PPTP_STOP_LOCAL_SHUTDOWN, w.now), PPTP_OK);
	assert_int_equal(pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now), PPTP_OK);
	assert_int_equal(
	    we_send(&w, PPTP_STOP_REQUEST).u.stop_request.reason, PPTP_STOP_LOCAL_SHUTDOWN);
	we_send_nothing(&w);
	no_event(&w);
	assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_WAIT_STOP_REPLY);
	receive(&w, stop_reply);
	down_is(&w, PPTP_CAUSE_LOCAL);
	assert_int_equal(pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now), PPTP_OK);
	no_event(&w);
	world_fini(&w);
}

static void
rfc2_4_a_refused_stop_ends_as_well(void **state)
{
	struct pptp_msg reply = stop_reply;
	struct world w;

	(void)state;
	world_establish(&w);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	reply.u.stop_reply.result_code = PPTP_STOP_GENERAL_ERROR;
	receive(&w, reply);
	down_is(&w, PPTP_CAUSE_LOCAL);
	world_fini(&w);
}

static void
rfc3_unanswered_stop_ends_after_60_s(void **state)
{
	struct world w;

	(void)state;
	world_establish(&w);
	w.now += 10 * PPTP_SEC; /* the echo would come due first */
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	we_send(&w, PPTP_STOP_REQUEST);
	wait_until_due(&w, w.now + MINUTE);
	down_is(&w, PPTP_CAUSE_STOP_TIMEOUT);
	world_fini(&w);
}

static void
stop_requests_that_cross(void **state)
{
	struct world w;

	(void)state;
	world_establish(&w);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	we_send(&w, PPTP_STOP_REQUEST);
	receive(&w, stop_request(PPTP_STOP_NONE));
	we_send(&w, PPTP_STOP_REPLY);
	down_is(&w, PPTP_CAUSE_LOCAL);
	world_fini(&w);
}

static void
rfc3_1_1_stop_of_the_peer_is_answered(void **state)
{
	static const uint8_t reasons[] = {0, 1, 2, 3, 200};

	(void)state;
	for (size_t i = 0; i < COUNT(reasons); i++) {
		struct world w;

		world_establish(&w);
		receive(&w, stop_request(reasons[i]));
		assert_int_equal(down_is(&w, PPTP_CAUSE_PEER_STOP).code, reasons[i]);
		assert_int_equal(we_send(&w, PPTP_STOP_REPLY).u.stop_reply.result_code, 1);
		world_fini(&w);
	}
}

static void
stop_before_it_is_established_closes_at_once(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	down_is(&w, PPTP_CAUSE_LOCAL);
	assert_int_equal(pptp_ctrl_start(w.ctrl, w.now), PPTP_ERR_STATE);
	world_fini(&w);
	world_start(&w);
	we_send(&w, PPTP_SCCRQ);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	down_is(&w, PPTP_CAUSE_LOCAL);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
rfc3_tcp_may_close_at_any_moment(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	pptp_ctrl_closed(w.ctrl, w.now);
	down_is(&w, PPTP_CAUSE_TCP_CLOSED);
	world_fini(&w);
	world_start(&w);
	pptp_ctrl_closed(w.ctrl, w.now);
	down_is(&w, PPTP_CAUSE_TCP_CLOSED);
	we_send_nothing(&w); /* not even the request that was waiting */
	world_fini(&w);
	world_establish(&w);
	pptp_ctrl_closed(w.ctrl, w.now);
	down_is(&w, PPTP_CAUSE_TCP_CLOSED);
	assert_int_equal(pptp_ctrl_closed(w.ctrl, w.now), PPTP_OK);
	no_event(&w);
	world_fini(&w);
	world_establish(&w);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	pptp_ctrl_closed(w.ctrl, w.now);
	down_is(&w, PPTP_CAUSE_LOCAL);
	world_fini(&w);
}

/* ----------------------------------------------------------------- octets, in any pieces
 */

/* SCCRP, an unknown type of 20 octets, Echo-Request, a management message, StopRQ. */
static size_t
stream(uint8_t *octets)
{
	static const uint8_t unknown[20] = {
	    0, 20, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 1, 2, 0, 0, 0xde, 0xad};
	static const uint8_t management[12] = {0, 12, 0, 2, 0x1a, 0x2b, 0x3c, 0x4d, 0, 5, 0, 0};
	struct pptp_msg msg = sccrp(PPTP_SCCRP_OK, 0x0100);
	size_t at = 0, len;

	pptp_msg_encode(&msg, octets, PPTP_MAX_MSG_LEN, &len);
	at += len;
	memcpy(octets + at, unknown, sizeof(unknown));
	at += sizeof(unknown);
	msg = echo_request(77);
	pptp_msg_encode(&msg, octets + at, PPTP_MAX_MSG_LEN, &len);
	at += len;
	memcpy(octets + at, management, sizeof(management));
	at += sizeof(management);
	msg = stop_request(PPTP_STOP_LOCAL_SHUTDOWN);
	pptp_msg_encode(&msg, octets + at, PPTP_MAX_MSG_LEN, &len);
	at += len;
	memset(octets + at, 0xff, 30); /* after the end nothing is looked at */
	return at + 30;
}

static void
rfc1_4_messages_come_in_any_pieces(void **state)
{
	uint8_t octets[600];
	size_t len = stream(octets);

	(void)state;
	assert_true(len < sizeof(octets));
	for (size_t piece = 1; piece <= len; piece++) {
		struct world w;

		world_start(&w);
		we_send(&w, PPTP_SCCRQ);
		for (size_t at = 0; at < len; at += piece) {
			size_t n = len - at < piece ? len - at : piece;

			assert_int_equal(pptp_ctrl_recv(w.ctrl, octets + at, n, w.now), PPTP_OK);
		}
		event_is(&w, PPTP_EV_RECV);
		event_is(&w, PPTP_EV_CTRL_UP);
		assert_int_equal(event_is(&w, PPTP_EV_SKIPPED).code, 0x0102);
		event_is(&w, PPTP_EV_RECV);
		assert_int_equal(event_is(&w, PPTP_EV_SKIPPED).code, 5 | PPTP_MANAGEMENT_BIT);
		event_is(&w, PPTP_EV_RECV);
		assert_int_equal(down_is(&w, PPTP_CAUSE_PEER_STOP).code, 3);
		assert_int_equal(we_send(&w, PPTP_ECHO_REPLY).u.echo_reply.identifier, 77);
		we_send(&w, PPTP_STOP_REPLY);
		we_send_nothing(&w);
		world_fini(&w);
	}
}

static void
a_long_unknown_message_is_skipped_without_memory(void **state)
{
	uint8_t octets[65535] = {0xff, 0xff, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 99};
	struct world w;
	size_t live;

	(void)state;
	world_establish(&w);
	pptp_ctrl_recv(w.ctrl, octets, 12, w.now);
	event_is(&w, PPTP_EV_SKIPPED);
	live = w.s.live;
	pptp_ctrl_recv(w.ctrl, octets + 12, sizeof(octets) - 12, w.now);
	assert_int_equal(w.s.live, live);
	no_event(&w);
	receive(&w, echo_request(1));
	we_send(&w, PPTP_ECHO_REPLY);
	world_fini(&w);
}

static void
breaks_with(const uint8_t *octets, size_t len, enum pptp_err err)
{
	struct pptp_event event;
	struct world w;

	world_establish(&w);
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_NONE, w.now);
	assert_int_equal(pptp_ctrl_recv(w.ctrl, octets, len, w.now), err);
	event = down_is(&w, PPTP_CAUSE_PROTOCOL);
	assert_int_equal(event.code, -(int)err);
	we_send_nothing(&w);
	assert_int_equal(pptp_ctrl_recv(w.ctrl, octets, len, w.now), PPTP_OK);
	no_event(&w);
	world_fini(&w);
}

static void
rfc1_4_lost_synchronisation_closes_at_once(void **state)
{
	static const uint8_t cookie[] = {0, 16, 0, 1, 0x1a, 0x2b, 0x3c, 0x4e};
	static const uint8_t length[] = {0, 17, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 5, 0, 0};
	static const uint8_t small[] = {0, 11, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d};
	static const uint8_t format[] = {0, 16, 0, 3, 0x1a, 0x2b, 0x3c, 0x4d};
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	(void)state;
	breaks_with(cookie, sizeof(cookie), PPTP_ERR_COOKIE);
	breaks_with(length, sizeof(length), PPTP_ERR_LENGTH);
	breaks_with(small, sizeof(small), PPTP_ERR_LENGTH);
	breaks_with(format, sizeof(format), PPTP_ERR_FORMAT);
	breaks_with((const uint8_t *)http, sizeof(http) - 1, PPTP_ERR_COOKIE);
}

/* ------------------------------------------------------------------- floods, and memory
 */

static void
a_peer_that_does_not_read_is_cut_off(void **state)
{
	struct pptp_msg request = echo_request(1);
	struct world w;

	(void)state;
	world_establish(&w);
	for (unsigned i = 0; i < MAX_ANSWERS; i++) {
		assert_int_equal(peer_sends(&w, &request), PPTP_OK);
		event_is(&w, PPTP_EV_RECV);
	}
	assert_int_equal(peer_sends(&w, &request), PPTP_ERR_FLOOD);
	event_is(&w, PPTP_EV_RECV);
	assert_int_equal(down_is(&w, PPTP_CAUSE_PROTOCOL).code, -PPTP_ERR_FLOOD);
	world_fini(&w);
	/* Who reads may go on for ever. */
	world_establish(&w);
	for (unsigned i = 0; i < 10 * MAX_ANSWERS; i++) {
		receive(&w, request);
		we_send(&w, PPTP_ECHO_REPLY);
	}
	world_fini(&w);
}

static void
events_that_nobody_takes_are_bounded(void **state)
{
	struct pptp_msg wen = {.type = PPTP_WEN};
	struct pptp_event event;
	struct world w;
	unsigned n = 0;

	(void)state;
	world_establish(&w);
	while (peer_sends(&w, &wen) == PPTP_OK)
		assert_true(++n <= MAX_EVENTS);
	for (n = 0; pptp_ctrl_event(w.ctrl, &event) == PPTP_OK; n++)
		;
	assert_int_equal(n, MAX_EVENTS + 1);
	assert_int_equal(event.type, PPTP_EV_CTRL_DOWN);
	assert_int_equal(event.code, -PPTP_ERR_FLOOD);
	world_fini(&w);
}

/* A whole life with a call; stops at the first error.  Counts what the owner was told. */
static int
life(struct world *w, unsigned *calls_opened)
{
	struct pptp_msg reply = sccrp(PPTP_SCCRP_OK, 0x0100);
	struct pptp_call_params params = {.local_call_id = 5};
	struct pptp_msg call_reply = ocrp(9, 5, PPTP_OCRP_CONNECTED);
	struct pptp_msg request = echo_request(1);
	struct pptp_msg notify = cdn(9, PPTP_CDN_REQUEST);
	uint16_t id;
	int err;

	if ((err = pptp_ctrl_start(w->ctrl, w->now)) != PPTP_OK ||
	    (err = peer_sends(w, &reply)) != PPTP_OK ||
	    (err = pptp_call_open(w->ctrl, &params, &id, w->now)) != PPTP_OK)
		return err;
	++*calls_opened;
	params.local_call_id = 6;
	if ((err = pptp_call_open(w->ctrl, &params, &id, w->now)) != PPTP_OK)
		return err;
	++*calls_opened;
	if ((err = peer_sends(w, &call_reply)) != PPTP_OK ||
	    (err = peer_sends(w, &request)) != PPTP_OK ||
	    (err = pptp_call_set_link_info(w->ctrl, 5, 0, 0, w->now)) != PPTP_OK)
		return err;
	w->now += MINUTE; /* echo, and the second call is overdue: everything is cleared */
	if ((err = pptp_ctrl_expire(w->ctrl, w->now)) != PPTP_OK ||
	    (err = peer_sends(w, &notify)) != PPTP_OK)
		return err;
	return peer_sends(w, &stop_reply);
}

static void
every_allocation_may_fail(void **state)
{
	size_t failing = 0;
	int err;

	(void)state;
	do {
		struct pptp_ctrl_params params = {0};
		unsigned calls_opened = 0, calls_down = 0, ctrls_down = 0;
		struct pptp_event event;
		struct world w = {.now = 0};

		surroundings_init(&w.s);
		w.s.fail_at = ++failing;
		w.ctrl = pptp_ctrl_new(&w.s.env, &params);
		if (w.ctrl == NULL) {
			assert_int_equal(w.s.live, 0);
			err = PPTP_ERR_NOMEM;
			continue;
		}
		err = life(&w, &calls_opened);
		while (pptp_ctrl_event(w.ctrl, &event) == PPTP_OK) {
			assert_int_equal(ctrls_down, 0); /* it is the last one */
			calls_down += event.type == PPTP_EV_CALL_DOWN;
			ctrls_down += event.type == PPTP_EV_CTRL_DOWN;
		}
		assert_int_equal(calls_down, calls_opened);
		assert_int_equal(ctrls_down, 1);
		if (err != PPTP_OK) {
			assert_int_equal(err, PPTP_ERR_NOMEM);
			assert_int_equal(event.cause, PPTP_CAUSE_PROTOCOL);
			assert_int_equal(event.code, -PPTP_ERR_NOMEM);
		}
		world_fini(&w);
	} while (err != PPTP_OK);
	assert_true(failing > 15); /* the whole life was walked */
}

/* ------------------------------------------------------------------ the table, pair by
 * pair */

/*
 * protocol B.1 whole: what each pair sends and brings about.  Whatever is not listed must
 * have no row.
 */
#define SENDS_NOTHING 0
static const struct {
	unsigned state, event, next, sends;
} expected[] = {
    {PPTP_CTRL_IDLE, CTRL_OPEN, PPTP_CTRL_WAIT_CTL_REPLY, PPTP_SCCRQ},
    {PPTP_CTRL_IDLE, CTRL_LOCAL_STOP, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_IDLE, CTRL_TCP_CLOSED, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_IDLE, CTRL_FAILURE, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_RX_SCCRP_OK, PPTP_CTRL_ESTABLISHED, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_RX_SCCRP_BAD_VERSION, PPTP_CTRL_WAIT_STOP_REPLY,
	PPTP_STOP_REQUEST},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_RX_SCCRP_REFUSED, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_COLLISION_LOST, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_RX_STOP_REQUEST, PPTP_CTRL_IDLE, PPTP_STOP_REPLY},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_RX_OCRQ, PPTP_CTRL_WAIT_CTL_REPLY, PPTP_OCRP},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_RX_ICRQ, PPTP_CTRL_WAIT_CTL_REPLY, PPTP_ICRP},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_LOCAL_STOP, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_REPLY_TIMEOUT, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_TCP_CLOSED, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_CTL_REPLY, CTRL_FAILURE, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_ESTABLISHED, CTRL_RX_STOP_REQUEST, PPTP_CTRL_IDLE, PPTP_STOP_REPLY},
    {PPTP_CTRL_ESTABLISHED, CTRL_RX_ECHO_REQUEST, PPTP_CTRL_ESTABLISHED, PPTP_ECHO_REPLY},
    {PPTP_CTRL_ESTABLISHED, CTRL_RX_ECHO_REPLY, PPTP_CTRL_ESTABLISHED, SENDS_NOTHING},
    {PPTP_CTRL_ESTABLISHED, CTRL_RX_OCRQ, PPTP_CTRL_ESTABLISHED, PPTP_OCRP},
    {PPTP_CTRL_ESTABLISHED, CTRL_RX_ICRQ, PPTP_CTRL_ESTABLISHED, PPTP_ICRP},
    {PPTP_CTRL_ESTABLISHED, CTRL_RX_CALL, PPTP_CTRL_ESTABLISHED, SENDS_NOTHING},
    {PPTP_CTRL_ESTABLISHED, CTRL_LOCAL_STOP, PPTP_CTRL_WAIT_STOP_REPLY, PPTP_STOP_REQUEST},
    {PPTP_CTRL_ESTABLISHED, CTRL_IDLE_TIMEOUT, PPTP_CTRL_ESTABLISHED, PPTP_ECHO_REQUEST},
    {PPTP_CTRL_ESTABLISHED, CTRL_ECHO_TIMEOUT, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_ESTABLISHED, CTRL_ECHO_ALIVE, PPTP_CTRL_ESTABLISHED, SENDS_NOTHING},
    {PPTP_CTRL_ESTABLISHED, CTRL_ECHO_SLEPT, PPTP_CTRL_ESTABLISHED, PPTP_ECHO_REQUEST},
    {PPTP_CTRL_ESTABLISHED, CTRL_TCP_CLOSED, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_ESTABLISHED, CTRL_FAILURE, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_STOP_REPLY, CTRL_RX_STOP_REPLY, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_STOP_REPLY, CTRL_RX_STOP_REQUEST, PPTP_CTRL_IDLE, PPTP_STOP_REPLY},
    {PPTP_CTRL_WAIT_STOP_REPLY, CTRL_RX_ECHO_REQUEST, PPTP_CTRL_WAIT_STOP_REPLY, PPTP_ECHO_REPLY},
    {PPTP_CTRL_WAIT_STOP_REPLY, CTRL_REPLY_TIMEOUT, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_STOP_REPLY, CTRL_TCP_CLOSED, PPTP_CTRL_IDLE, SENDS_NOTHING},
    {PPTP_CTRL_WAIT_STOP_REPLY, CTRL_FAILURE, PPTP_CTRL_IDLE, SENDS_NOTHING},
};

static void
world_in(struct world *w, unsigned in_state)
{
	switch (in_state) {
	case PPTP_CTRL_IDLE:
		world_init(w);
		break;
	case PPTP_CTRL_WAIT_CTL_REPLY:
		world_start(w);
		we_send(w, PPTP_SCCRQ);
		break;
	case PPTP_CTRL_ESTABLISHED:
		world_establish(w);
		break;
	default:
		world_establish(w);
		pptp_ctrl_stop(w->ctrl, PPTP_STOP_NONE, w->now);
		we_send(w, PPTP_STOP_REQUEST);
		break;
	}
	assert_int_equal(pptp_ctrl_state(w->ctrl), in_state);
}

static void
walk_pair(unsigned in_state, unsigned event)
{
	struct pptp_msg msg = {.type = PPTP_WEN}; /* any; each action reads what it needs */
	int err = PPTP_ERR_FORMAT;
	const void *input = event == CTRL_FAILURE ? (const void *)&err : &msg;
	unsigned next = in_state, sends = SENDS_NOTHING;
	bool has_row = false;
	struct world w;
	int got;

	for (size_t i = 0; i < COUNT(expected); i++) {
		if (expected[i].state != in_state || expected[i].event != event)
			continue;
		assert_false(has_row);
		has_row = true;
		next = expected[i].next;
		sends = expected[i].sends;
	}
	if (event == CTRL_RX_OCRQ)
		msg.type = PPTP_OCRQ;
	if (event == CTRL_RX_ICRQ)
		msg.type = PPTP_ICRQ;
	world_in(&w, in_state);
	if (fsm_find(&ctrl_originator_fsm, in_state, event) == NULL)
		assert_false(has_row);
	got = fsm_step(&ctrl_originator_fsm, &w.ctrl->state, event, w.ctrl, input, w.now);
	if (!has_row || event == CTRL_RX_CALL) /* that one finds no call here */
		assert_int_equal(got, PPTP_ERR_STATE);
	else
		assert_int_equal(got, PPTP_OK);
	assert_int_equal(w.ctrl->state, next);
	assert_int_equal(w.ctrl->is_down, has_row && next == PPTP_CTRL_IDLE);
	if (sends != SENDS_NOTHING)
		we_send(&w, (enum pptp_msg_type)sends);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
rfc3_1_1_every_state_and_event(void **state)
{
	(void)state;
	assert_int_equal(ctrl_originator_fsm.n_rows, COUNT(expected));
	assert_int_equal(ctrl_originator_fsm.n_states, PPTP_CTRL_WAIT_CLOSE + 1);
	assert_int_equal(ctrl_originator_fsm.n_events, CTRL_EVENTS);
	for (unsigned event = 0; event < CTRL_EVENTS; event++)
		assert_non_null(ctrl_originator_fsm.event_names[event]);
	for (unsigned s = 0; s < PPTP_CTRL_WAIT_CLOSE; s++) /* that one is a receiver's */
		for (unsigned event = 0; event < CTRL_EVENTS; event++)
			walk_pair(s, event);
}

/* A13 and more: each message without a row in each state is reported, and harmless. */
static void
rfc2_1_messages_without_a_place_are_ignored(void **state)
{
	(void)state;
	for (unsigned s = 0; s < 4; s++) {
		for (unsigned type = 1; type <= PPTP_MSG_TYPES; type++) {
			struct pptp_msg msg = {.type = (enum pptp_msg_type)type};
			struct world w;

			world_in(&w, s);
			if (type == PPTP_SCCRP)
				msg = sccrp(PPTP_SCCRP_OK, 0x0100);
			if (fsm_find(&ctrl_originator_fsm, s, ctrl_verify(w.ctrl, &msg)) == NULL) {
				receive(&w, msg);
				assert_int_equal(event_is(&w, PPTP_EV_IGNORED).code, type);
				no_event(&w);
				we_send_nothing(&w);
				assert_int_equal(pptp_ctrl_state(w.ctrl), s);
			}
			world_fini(&w);
		}
	}
}

/* Protocol A.4: we take no calls. */
static void
requests_of_calls_are_refused(void **state)
{
	struct pptp_msg outgoing = {.type = PPTP_OCRQ, .u.ocrq.call_id = 11};
	struct pptp_msg incoming = {.type = PPTP_ICRQ, .u.icrq.call_id = 12};
	struct pptp_msg msg;
	struct world w;

	(void)state;
	for (int early = 0; early < 2; early++) {
		world_in(&w, early ? PPTP_CTRL_WAIT_CTL_REPLY : PPTP_CTRL_ESTABLISHED);
		receive(&w, outgoing);
		msg = we_send(&w, PPTP_OCRP);
		assert_int_equal(msg.u.ocrp.call_id, 0);
		assert_int_equal(msg.u.ocrp.peers_call_id, 11);
		assert_int_equal(msg.u.ocrp.result_code, early ? 2 : 7);
		assert_int_equal(msg.u.ocrp.error_code, early ? PPTP_ERROR_NOT_CONNECTED : 0);
		receive(&w, incoming);
		msg = we_send(&w, PPTP_ICRP);
		assert_int_equal(msg.u.icrp.call_id, 0);
		assert_int_equal(msg.u.icrp.peers_call_id, 12);
		assert_int_equal(msg.u.icrp.result_code, early ? 2 : 3);
		assert_int_equal(msg.u.icrp.error_code, early ? PPTP_ERROR_NOT_CONNECTED : 0);
		no_event(&w);
		world_fini(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3_1_1_open_sends_start_request),
	    cmocka_unit_test(rfc3_1_1_good_reply_establishes),
	    cmocka_unit_test(a_start_reply_with_result_0_is_success),
	    cmocka_unit_test(rfc2_2_each_refusal_closes),
	    cmocka_unit_test(rfc3_1_1_unsupported_version_sends_stop),
	    cmocka_unit_test(rfc3_1_4_start_reply_is_awaited_60_s),
	    cmocka_unit_test(the_times_are_settings),
	    cmocka_unit_test(rfc2_5_echo_request_is_answered),
	    cmocka_unit_test(rfc3_1_4_echo_after_60s_of_silence),
	    cmocka_unit_test(rfc3_1_4_any_control_message_breaks_the_silence),
	    cmocka_unit_test(rfc3_1_4_unanswered_echo_closes_after_60s),
	    cmocka_unit_test(rfc2_6_only_its_reply_stops_the_timer),
	    cmocka_unit_test(design_d13_live_gre_extends_the_wait_twice),
	    cmocka_unit_test(design_d13_gre_must_be_newer_than_the_request),
	    cmocka_unit_test(a_clock_jump_sends_another_echo),
	    cmocka_unit_test(a_probe_asks_now_and_waits_as_long_as_it_is_told),
	    cmocka_unit_test(a_probe_while_an_echo_is_open_sends_no_other_one),
	    cmocka_unit_test(rfc3_1_1_local_stop_waits_for_the_reply),
	    cmocka_unit_test(rfc2_4_a_refused_stop_ends_as_well),
	    cmocka_unit_test(rfc3_unanswered_stop_ends_after_60_s),
	    cmocka_unit_test(stop_requests_that_cross),
	    cmocka_unit_test(rfc3_1_1_stop_of_the_peer_is_answered),
	    cmocka_unit_test(stop_before_it_is_established_closes_at_once),
	    cmocka_unit_test(rfc3_tcp_may_close_at_any_moment),
	    cmocka_unit_test(rfc1_4_messages_come_in_any_pieces),
	    cmocka_unit_test(a_long_unknown_message_is_skipped_without_memory),
	    cmocka_unit_test(rfc1_4_lost_synchronisation_closes_at_once),
	    cmocka_unit_test(a_peer_that_does_not_read_is_cut_off),
	    cmocka_unit_test(events_that_nobody_takes_are_bounded),
	    cmocka_unit_test(every_allocation_may_fail),
	    cmocka_unit_test(rfc3_1_1_every_state_and_event),
	    cmocka_unit_test(rfc2_1_messages_without_a_place_are_ignored),
	    cmocka_unit_test(requests_of_calls_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
