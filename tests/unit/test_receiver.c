/*
 * The control connection's receiver, RFC 2637 3.1.2, and the start collision, 3.1.3.
 */
#include "call.h"
#include "ctrl.h"
#include "util.h"

#define MINUTE (60 * PPTP_SEC)

static struct pptp_msg
sccrq(uint16_t version)
{
	struct pptp_msg msg = {.type = PPTP_SCCRQ};

	msg.u.sccrq.protocol_version = version;
	strcpy(msg.u.sccrq.host_name, "caller");
	return msg;
}

static void
receive(struct world *w, struct pptp_msg msg)
{
	assert_int_equal(peer_sends(w, &msg), PPTP_OK);
	event_is(w, PPTP_EV_RECV);
}

/* TCP is accepted, nothing has come. */
static void
world_accept(struct world *w, bool ask_start)
{
	struct pptp_ctrl_params params = {.host_name = "here",
	    .vendor_name = "us",
	    .firmware_revision = 7,
	    .maximum_channels = 99,
	    .ask_start = ask_start};

	surroundings_init(&w->s);
	w->now = 1000 * PPTP_SEC;
	w->ctrl = pptp_ctrl_new(&w->s.env, &params);
	assert_non_null(w->ctrl);
	assert_int_equal(pptp_ctrl_accept(w->ctrl, w->now), PPTP_OK);
}

/* ------------------------------------------------------------------------------- starting */

static void
rfc3_1_2_start_request_is_answered(void **state)
{
	/* "same as earlier than the peer's": a newer one is told ours. */
	static const uint16_t versions[] = {0x0100, 0x0101, 0x0200, 0xffff};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct pptp_event event;
		struct pptp_msg msg;
		struct world w;

		world_accept(&w, false);
		we_send_nothing(&w);
		receive(&w, sccrq(versions[i]));
		event = event_is(&w, PPTP_EV_CTRL_UP);
		assert_string_equal(event.msg.u.sccrq.host_name, "caller");
		no_event(&w);
		msg = we_send(&w, PPTP_SCCRP);
		assert_int_equal(msg.u.sccrp.protocol_version, 0x0100);
		assert_int_equal(msg.u.sccrp.result_code, PPTP_SCCRP_OK);
		assert_int_equal(msg.u.sccrp.error_code, 0);
		assert_int_equal(msg.u.sccrp.framing_capabilities, 3);
		assert_int_equal(msg.u.sccrp.bearer_capabilities, 3);
		assert_int_equal(msg.u.sccrp.maximum_channels, 99);
		assert_int_equal(msg.u.sccrp.firmware_revision, 7);
		assert_string_equal(msg.u.sccrp.host_name, "here");
		assert_string_equal(msg.u.sccrp.vendor_name, "us");
		we_send_nothing(&w);
		assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_ESTABLISHED);
		world_fini(&w);
	}
}

static void
rfc3_1_2_an_older_version_is_refused(void **state)
{
	static const uint16_t versions[] = {0x0000, 0x0001, 0x00ff};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct pptp_msg msg;
		struct world w;

		world_accept(&w, i == 0); /* the owner is not asked about that */
		receive(&w, sccrq(versions[i]));
		assert_int_equal(down_is(&w, PPTP_CAUSE_VERSION).code, versions[i]);
		msg = we_send(&w, PPTP_SCCRP);
		assert_int_equal(msg.u.sccrp.result_code, PPTP_SCCRP_VERSION);
		assert_int_equal(msg.u.sccrp.protocol_version, 0x0100);
		we_send_nothing(&w);
		world_fini(&w);
	}
}

static void
rfc3_1_4_start_request_is_awaited_60_s(void **state)
{
	struct pptp_ctrl_params params = {.start_timeout = 10 * PPTP_SEC};
	struct world w;

	(void)state;
	world_accept(&w, false);
	wait_until_due(&w, w.now + MINUTE);
	down_is(&w, PPTP_CAUSE_START_TIMEOUT);
	we_send_nothing(&w);
	pptp_ctrl_free(w.ctrl);
	w.ctrl = pptp_ctrl_new(&w.s.env, &params);
	pptp_ctrl_accept(w.ctrl, w.now);
	wait_until_due(&w, w.now + 10 * PPTP_SEC);
	down_is(&w, PPTP_CAUSE_START_TIMEOUT);
	world_fini(&w);
}

static void
a_connection_is_either_started_or_accepted(void **state)
{
	struct world w;

	(void)state;
	world_accept(&w, false);
	assert_int_equal(pptp_ctrl_accept(w.ctrl, w.now), PPTP_ERR_STATE);
	assert_int_equal(pptp_ctrl_start(w.ctrl, w.now), PPTP_ERR_STATE);
	world_fini(&w);
	world_start(&w);
	assert_int_equal(pptp_ctrl_accept(w.ctrl, w.now), PPTP_ERR_STATE);
	assert_int_equal(pptp_ctrl_admit(w.ctrl, w.now), PPTP_ERR_STATE);
	assert_int_equal(
	    pptp_ctrl_refuse(w.ctrl, PPTP_SCCRP_EXISTS, PPTP_ERROR_NONE, w.now), PPTP_ERR_STATE);
	world_fini(&w);
}

/* Protocol A13, B.2: who has not said who it is gets nothing. */
static void
rfc2_1_anything_else_before_it_ends_the_connection(void **state)
{
	(void)state;
	for (unsigned type = 1; type <= PPTP_MSG_TYPES; type++) {
		struct pptp_msg msg = {.type = (enum pptp_msg_type)type};
		struct world w;

		if (type == PPTP_SCCRQ || type == PPTP_STOP_REQUEST || type == PPTP_OCRQ ||
		    type == PPTP_ICRQ)
			continue;
		world_accept(&w, false);
		receive(&w, msg);
		assert_int_equal(down_is(&w, PPTP_CAUSE_PROTOCOL).code, -PPTP_ERR_STATE);
		we_send_nothing(&w);
		world_fini(&w);
	}
}

/* Protocol A.4. */
static void
a_call_before_it_is_established_is_refused(void **state)
{
	struct pptp_msg msg;
	struct world w;

	(void)state;
	world_accept(&w, true);
	receive(&w, (struct pptp_msg){.type = PPTP_OCRQ, .u.ocrq.call_id = 5});
	msg = we_send(&w, PPTP_OCRP);
	assert_int_equal(msg.u.ocrp.peers_call_id, 5);
	assert_int_equal(msg.u.ocrp.result_code, PPTP_OCRP_GENERAL_ERROR);
	assert_int_equal(msg.u.ocrp.error_code, PPTP_ERROR_NOT_CONNECTED);
	receive(&w, (struct pptp_msg){.type = PPTP_ICRQ, .u.icrq.call_id = 6});
	msg = we_send(&w, PPTP_ICRP);
	assert_int_equal(msg.u.icrp.peers_call_id, 6);
	assert_int_equal(msg.u.icrp.error_code, PPTP_ERROR_NOT_CONNECTED);
	receive(&w, sccrq(0x0100));
	event_is(&w, PPTP_EV_START_OFFERED);
	receive(&w, (struct pptp_msg){.type = PPTP_OCRQ});
	we_send(&w, PPTP_OCRP);
	world_fini(&w);
}

static void
a_stop_instead_of_a_start_is_answered(void **state)
{
	struct world w;

	(void)state;
	world_accept(&w, false);
	receive(&w, (struct pptp_msg){.type = PPTP_STOP_REQUEST, .u.stop_request.reason = 3});
	assert_int_equal(down_is(&w, PPTP_CAUSE_PEER_STOP).code, 3);
	we_send(&w, PPTP_STOP_REPLY);
	world_fini(&w);
}

static void
rfc1_4_lost_synchronisation_closes_at_once(void **state)
{
	static const uint8_t cookie[] = {0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4e};
	static const uint8_t length[] = {0, 155, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0};
	struct world w;

	(void)state;
	world_accept(&w, false);
	assert_int_equal(pptp_ctrl_recv(w.ctrl, cookie, sizeof(cookie), w.now), PPTP_ERR_COOKIE);
	assert_int_equal(down_is(&w, PPTP_CAUSE_PROTOCOL).code, -PPTP_ERR_COOKIE);
	we_send_nothing(&w);
	world_fini(&w);
	world_accept(&w, false);
	assert_int_equal(pptp_ctrl_recv(w.ctrl, length, sizeof(length), w.now), PPTP_ERR_LENGTH);
	assert_int_equal(down_is(&w, PPTP_CAUSE_PROTOCOL).code, -PPTP_ERR_LENGTH);
	we_send_nothing(&w);
	world_fini(&w);
}

/* ------------------------------------------------------------------ the owner's judgement */

static void
the_owner_is_asked_and_admits(void **state)
{
	struct pptp_event event;
	struct world w;

	(void)state;
	world_accept(&w, true);
	assert_int_equal(pptp_ctrl_admit(w.ctrl, w.now), PPTP_ERR_STATE); /* what? */
	receive(&w, sccrq(0x0100));
	event = event_is(&w, PPTP_EV_START_OFFERED);
	assert_string_equal(event.msg.u.sccrq.host_name, "caller");
	we_send_nothing(&w);
	/* 3.1.4(1) is over; the owner may forget, and the peer waits no longer than a minute. */
	assert_true(pptp_ctrl_deadline(w.ctrl) == w.now + 50 * PPTP_SEC);
	assert_int_equal(pptp_ctrl_admit(w.ctrl, w.now), PPTP_OK);
	event = event_is(&w, PPTP_EV_CTRL_UP);
	assert_string_equal(event.msg.u.sccrq.host_name, "caller");
	assert_int_equal(we_send(&w, PPTP_SCCRP).u.sccrp.result_code, PPTP_SCCRP_OK);
	assert_int_equal(pptp_ctrl_admit(w.ctrl, w.now), PPTP_ERR_STATE);
	assert_int_equal(
	    pptp_ctrl_refuse(w.ctrl, PPTP_SCCRP_EXISTS, PPTP_ERROR_NONE, w.now), PPTP_ERR_STATE);
	world_fini(&w);
	world_accept(&w, true);
	receive(&w, sccrq(0x0100));
	event_is(&w, PPTP_EV_START_OFFERED);
	wait_until_due(&w, w.now + 50 * PPTP_SEC);
	down_is(&w, PPTP_CAUSE_START_TIMEOUT);
	we_send_nothing(&w);
	world_fini(&w);
	/* Asked for twice before there is an answer: that is no PPTP (B.2). */
	world_accept(&w, true);
	receive(&w, sccrq(0x0100));
	event_is(&w, PPTP_EV_START_OFFERED);
	receive(&w, sccrq(0x0100));
	assert_int_equal(down_is(&w, PPTP_CAUSE_PROTOCOL).code, -PPTP_ERR_STATE);
	world_fini(&w);
}

static void
rfc2_2_each_refusal_is_sent_and_closes(void **state)
{
	static const struct {
		enum pptp_sccrp_result result;
		enum pptp_general_error error;
	} refusals[] = {{PPTP_SCCRP_GENERAL_ERROR, PPTP_ERROR_NO_RESOURCE},
	    {PPTP_SCCRP_EXISTS, PPTP_ERROR_NONE}, {PPTP_SCCRP_NOT_AUTHORIZED, PPTP_ERROR_NONE},
	    {PPTP_SCCRP_VERSION, PPTP_ERROR_NONE}};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(refusals); i++) {
		enum pptp_sccrp_result result = refusals[i / 2].result;
		enum pptp_general_error error = refusals[i / 2].error;
		bool before = i % 2 == 0;
		struct pptp_event event;
		struct pptp_msg msg;
		struct world w;

		world_accept(&w, !before);
		if (before)
			assert_int_equal(pptp_ctrl_refuse(w.ctrl, result, error, w.now), PPTP_OK);
		we_send_nothing(&w);
		receive(&w, sccrq(0x0100));
		if (!before) {
			event_is(&w, PPTP_EV_START_OFFERED);
			assert_int_equal(pptp_ctrl_refuse(w.ctrl, result, error, w.now), PPTP_OK);
		}
		event = down_is(&w, PPTP_CAUSE_START_UNWANTED);
		assert_int_equal(event.code, result);
		assert_int_equal(event.error_code, error);
		msg = we_send(&w, PPTP_SCCRP);
		assert_int_equal(msg.u.sccrp.result_code, result);
		assert_int_equal(msg.u.sccrp.error_code, error);
		we_send_nothing(&w);
		world_fini(&w);
	}
}

static void
rfc2_2_a_refusal_that_is_none_is_not_sent(void **state)
{
	struct world w;

	(void)state;
	world_accept(&w, false);
	assert_int_equal(
	    pptp_ctrl_refuse(w.ctrl, PPTP_SCCRP_OK, PPTP_ERROR_NONE, w.now), PPTP_ERR_INVAL);
	assert_int_equal(
	    pptp_ctrl_refuse(w.ctrl, (enum pptp_sccrp_result)6, PPTP_ERROR_NONE, w.now),
	    PPTP_ERR_INVAL);
	assert_int_equal(pptp_ctrl_refuse(w.ctrl, PPTP_SCCRP_GENERAL_ERROR, PPTP_ERROR_NONE, w.now),
	    PPTP_ERR_INVAL);
	assert_int_equal(pptp_ctrl_refuse(w.ctrl, PPTP_SCCRP_EXISTS, PPTP_ERROR_PAC_ERROR, w.now),
	    PPTP_ERR_INVAL);
	receive(&w, sccrq(0x0100));
	event_is(&w, PPTP_EV_CTRL_UP);
	world_fini(&w);
}

/* ---------------------------------------------------------------------------- established */

static void
rfc3_1_2_both_may_stop(void **state)
{
	struct world w;

	(void)state;
	world_answer(&w, &(struct pptp_ctrl_params){0});
	receive(&w, (struct pptp_msg){.type = PPTP_STOP_REQUEST, .u.stop_request.reason = 1});
	assert_int_equal(down_is(&w, PPTP_CAUSE_PEER_STOP).code, 1);
	we_send(&w, PPTP_STOP_REPLY);
	world_fini(&w);
	world_answer(&w, &(struct pptp_ctrl_params){0});
	pptp_ctrl_stop(w.ctrl, PPTP_STOP_LOCAL_SHUTDOWN, w.now);
	assert_int_equal(we_send(&w, PPTP_STOP_REQUEST).u.stop_request.reason, 3);
	assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_WAIT_STOP_REPLY);
	receive(&w, (struct pptp_msg){.type = PPTP_STOP_REPLY});
	down_is(&w, PPTP_CAUSE_LOCAL);
	world_fini(&w);
}

static void
rfc3_1_4_a_receiver_keeps_alive_as_well(void **state)
{
	struct pptp_msg msg = {.type = PPTP_ECHO_REQUEST, .u.echo_request.identifier = 42};
	struct world w;

	(void)state;
	world_answer(&w, &(struct pptp_ctrl_params){0});
	receive(&w, msg);
	assert_int_equal(we_send(&w, PPTP_ECHO_REPLY).u.echo_reply.identifier, 42);
	wait_until_due(&w, w.now + MINUTE);
	we_send(&w, PPTP_ECHO_REQUEST);
	wait_until_due(&w, w.now + MINUTE);
	down_is(&w, PPTP_CAUSE_ECHO_TIMEOUT);
	world_fini(&w);
}

/* B.2, as accel-ppp does it. */
static void
a_second_start_request_is_told_so(void **state)
{
	struct world w;

	(void)state;
	world_answer(&w, &(struct pptp_ctrl_params){0});
	receive(&w, sccrq(0x0100));
	assert_int_equal(we_send(&w, PPTP_SCCRP).u.sccrp.result_code, PPTP_SCCRP_EXISTS);
	no_event(&w);
	assert_int_equal(pptp_ctrl_state(w.ctrl), PPTP_CTRL_ESTABLISHED);
	world_fini(&w);
}

/* -------------------------------------------------------------------------- 3.1.3: collision */

#define LOWER  0xc0212d11 /* 192.33.45.17, the RFC's example */
#define HIGHER 0xc0212d59 /* 192.33.45.89 */

/* We have dialled and sent SCCRQ; the peer as well, and its SCCRQ is offered. */
static void
collision_init(struct world *ours, struct world *theirs)
{
	world_start(ours);
	we_send(ours, PPTP_SCCRQ);
	world_accept(theirs, true);
	receive(theirs, sccrq(0x0100));
	event_is(theirs, PPTP_EV_START_OFFERED);
}

static int
collide(struct world *ours, struct world *theirs, uint32_t local, uint32_t peer)
{
	return pptp_ctrl_collide(ours->ctrl, theirs->ctrl, local, peer, theirs->now);
}

static void
rfc3_1_3_the_loser_closes_its_own_and_answers(void **state)
{
	struct world ours, theirs;

	(void)state;
	collision_init(&ours, &theirs);
	assert_int_equal(pptp_ctrl_collision(ours.ctrl, LOWER, HIGHER), PPTP_COLLISION_LOST);
	assert_int_equal(collide(&ours, &theirs, LOWER, HIGHER), PPTP_OK);
	down_is(&ours, PPTP_CAUSE_COLLISION);
	we_send_nothing(&ours);
	event_is(&theirs, PPTP_EV_CTRL_UP);
	assert_int_equal(we_send(&theirs, PPTP_SCCRP).u.sccrp.result_code, PPTP_SCCRP_OK);
	world_fini(&ours);
	world_fini(&theirs);
	/* "without sending any further PPTP control messages on it": not what waits, either. */
	collision_init(&ours, &theirs);
	receive(&ours, (struct pptp_msg){.type = PPTP_OCRQ});
	assert_int_equal(collide(&ours, &theirs, LOWER, HIGHER), PPTP_OK);
	we_send_nothing(&ours);
	world_fini(&ours);
	world_fini(&theirs);
}

static void
rfc3_1_3_the_winner_waits_in_silence(void **state)
{
	struct world ours, theirs;

	(void)state;
	for (unsigned how = 0; how < 3; how++) {
		collision_init(&ours, &theirs);
		receive(&theirs, (struct pptp_msg){.type = PPTP_OCRQ}); /* its refusal waits */
		assert_int_equal(pptp_ctrl_collision(ours.ctrl, HIGHER, LOWER), PPTP_COLLISION_WON);
		assert_int_equal(collide(&ours, &theirs, HIGHER, LOWER), PPTP_OK);
		no_event(&ours);
		no_event(&theirs);
		assert_int_equal(pptp_ctrl_state(ours.ctrl), PPTP_CTRL_WAIT_CTL_REPLY);
		assert_int_equal(pptp_ctrl_state(theirs.ctrl), PPTP_CTRL_WAIT_CLOSE);
		/* "MUST NOT send any messages on the connection the loser initiated" */
		for (unsigned type = 1; type <= PPTP_MSG_TYPES; type++) {
			receive(&theirs, (struct pptp_msg){.type = (enum pptp_msg_type)type});
			assert_int_equal(event_is(&theirs, PPTP_EV_IGNORED).code, type);
		}
		we_send_nothing(&theirs);
		receive(&ours, sccrp(PPTP_SCCRP_OK, 0x0100));
		event_is(&ours, PPTP_EV_CTRL_UP);
		if (how == 0)
			pptp_ctrl_closed(theirs.ctrl, theirs.now);
		else if (how == 1)
			wait_until_due(&theirs, theirs.now + MINUTE); /* B11 */
		else
			pptp_ctrl_stop(theirs.ctrl, PPTP_STOP_NONE, theirs.now);
		down_is(&theirs, how == 2 ? PPTP_CAUSE_LOCAL : PPTP_CAUSE_COLLISION);
		we_send_nothing(&theirs);
		world_fini(&ours);
		world_fini(&theirs);
	}
}

/* "network number more significant", and unsigned. */
static void
rfc3_1_3_addresses_are_compared_unsigned(void **state)
{
	struct world ours;

	(void)state;
	world_start(&ours);
	assert_int_equal(
	    pptp_ctrl_collision(ours.ctrl, 0x80000000, 0x7fffffff), PPTP_COLLISION_WON);
	assert_int_equal(
	    pptp_ctrl_collision(ours.ctrl, 0x0a0000ff, 0x0b000001), PPTP_COLLISION_LOST);
	assert_int_equal(
	    pptp_ctrl_collision(ours.ctrl, 0x0a0000ff, 0xffffffff), PPTP_COLLISION_LOST);
	world_fini(&ours);
}

/* Protocol B11. */
static void
what_is_no_collision(void **state)
{
	struct world ours, theirs;

	(void)state;
	/* Equal addresses. */
	collision_init(&ours, &theirs);
	assert_int_equal(pptp_ctrl_collision(ours.ctrl, LOWER, LOWER), PPTP_COLLISION_NONE);
	assert_int_equal(collide(&ours, &theirs, LOWER, LOWER), PPTP_ERR_STATE);
	/* The reply came before: a second connection. */
	receive(&ours, sccrp(PPTP_SCCRP_OK, 0x0100));
	event_is(&ours, PPTP_EV_CTRL_UP);
	assert_int_equal(pptp_ctrl_collision(ours.ctrl, LOWER, HIGHER), PPTP_COLLISION_NONE);
	assert_int_equal(collide(&ours, &theirs, LOWER, HIGHER), PPTP_ERR_STATE);
	no_event(&theirs);
	we_send_nothing(&theirs);
	/* It has ended. */
	pptp_ctrl_closed(ours.ctrl, ours.now);
	assert_int_equal(pptp_ctrl_collision(ours.ctrl, LOWER, HIGHER), PPTP_COLLISION_NONE);
	world_fini(&ours);
	/* We have not asked yet. */
	world_init(&ours);
	assert_int_equal(pptp_ctrl_collision(ours.ctrl, LOWER, HIGHER), PPTP_COLLISION_NONE);
	world_fini(&ours);
	world_fini(&theirs);
	/* The peer has not asked yet. */
	world_start(&ours);
	world_accept(&theirs, true);
	assert_int_equal(collide(&ours, &theirs, LOWER, HIGHER), PPTP_ERR_STATE);
	assert_int_equal(pptp_ctrl_state(ours.ctrl), PPTP_CTRL_WAIT_CTL_REPLY);
	world_fini(&ours);
	world_fini(&theirs);
}

/* ------------------------------------------------------------------ the table, pair by pair */

/* protocol B.2 whole: what each pair sends and brings about.  Whatever is not listed must
 * have no row. */
#define SENDS_NOTHING 0
#define I             PPTP_CTRL_IDLE
#define E             PPTP_CTRL_ESTABLISHED
#define S             PPTP_CTRL_WAIT_STOP_REPLY
#define C             PPTP_CTRL_WAIT_CLOSE
static const struct {
	unsigned state, event, next, sends;
	bool ends;
} expected[] = {
    {I, CTRL_ACCEPT, I, SENDS_NOTHING, false},
    {I, CTRL_RX_SCCRQ_OK, E, PPTP_SCCRP, false},
    {I, CTRL_RX_SCCRQ_BAD_VERSION, I, PPTP_SCCRP, true},
    {I, CTRL_RX_SCCRQ_REFUSED, I, PPTP_SCCRP, true},
    {I, CTRL_RX_SCCRQ_HELD, I, SENDS_NOTHING, false},
    {I, CTRL_COLLISION_WON, C, SENDS_NOTHING, false},
    {I, CTRL_RX_STOP_REQUEST, I, PPTP_STOP_REPLY, true},
    {I, CTRL_RX_OCRQ, I, PPTP_OCRP, false},
    {I, CTRL_RX_ICRQ, I, PPTP_ICRP, false},
    {I, CTRL_RX_SCCRQ, I, SENDS_NOTHING, true},
    {I, CTRL_RX_SCCRP_OK, I, SENDS_NOTHING, true},
    {I, CTRL_RX_SCCRP_REFUSED, I, SENDS_NOTHING, true},
    {I, CTRL_RX_SCCRP_BAD_VERSION, I, SENDS_NOTHING, true},
    {I, CTRL_RX_STOP_REPLY, I, SENDS_NOTHING, true},
    {I, CTRL_RX_ECHO_REQUEST, I, SENDS_NOTHING, true},
    {I, CTRL_RX_ECHO_REPLY_OTHER, I, SENDS_NOTHING, true},
    {I, CTRL_RX_CALL, I, SENDS_NOTHING, true},
    {I, CTRL_LOCAL_STOP, I, SENDS_NOTHING, true},
    {I, CTRL_REPLY_TIMEOUT, I, SENDS_NOTHING, true},
    {I, CTRL_TCP_CLOSED, I, SENDS_NOTHING, true},
    {I, CTRL_FAILURE, I, SENDS_NOTHING, true},
    {E, CTRL_RX_SCCRQ, E, PPTP_SCCRP, false},
    {E, CTRL_RX_STOP_REQUEST, I, PPTP_STOP_REPLY, true},
    {E, CTRL_RX_ECHO_REQUEST, E, PPTP_ECHO_REPLY, false},
    {E, CTRL_RX_ECHO_REPLY, E, SENDS_NOTHING, false},
    {E, CTRL_RX_OCRQ, E, PPTP_OCRP, false},
    {E, CTRL_RX_ICRQ, E, PPTP_ICRP, false},
    {E, CTRL_RX_CALL, E, SENDS_NOTHING, false},
    {E, CTRL_LOCAL_STOP, S, PPTP_STOP_REQUEST, false},
    {E, CTRL_IDLE_TIMEOUT, E, PPTP_ECHO_REQUEST, false},
    {E, CTRL_ECHO_TIMEOUT, I, SENDS_NOTHING, true},
    {E, CTRL_ECHO_ALIVE, E, SENDS_NOTHING, false},
    {E, CTRL_ECHO_SLEPT, E, PPTP_ECHO_REQUEST, false},
    {E, CTRL_TCP_CLOSED, I, SENDS_NOTHING, true},
    {E, CTRL_FAILURE, I, SENDS_NOTHING, true},
    {S, CTRL_RX_STOP_REPLY, I, SENDS_NOTHING, true},
    {S, CTRL_RX_STOP_REQUEST, I, PPTP_STOP_REPLY, true},
    {S, CTRL_RX_ECHO_REQUEST, S, PPTP_ECHO_REPLY, false},
    {S, CTRL_REPLY_TIMEOUT, I, SENDS_NOTHING, true},
    {S, CTRL_TCP_CLOSED, I, SENDS_NOTHING, true},
    {S, CTRL_FAILURE, I, SENDS_NOTHING, true},
    {C, CTRL_LOCAL_STOP, I, SENDS_NOTHING, true},
    {C, CTRL_REPLY_TIMEOUT, I, SENDS_NOTHING, true},
    {C, CTRL_TCP_CLOSED, I, SENDS_NOTHING, true},
    {C, CTRL_FAILURE, I, SENDS_NOTHING, true},
};

static struct pptp_msg
message_for(unsigned event)
{
	struct pptp_msg msg = {.type = PPTP_WEN}; /* any; each action reads what it needs */

	if (event == CTRL_RX_OCRQ)
		msg.type = PPTP_OCRQ;
	if (event == CTRL_RX_ICRQ)
		msg.type = PPTP_ICRQ;
	return msg;
}

static void
walk_pair(unsigned in_state, unsigned event)
{
	struct pptp_msg msg = message_for(event);
	int err = PPTP_ERR_FORMAT;
	const void *input = event == CTRL_FAILURE ? (const void *)&err : &msg;
	unsigned next = in_state, sends = SENDS_NOTHING;
	bool has_row = false, ends = false;
	struct world w;
	int got;

	for (size_t i = 0; i < COUNT(expected); i++) {
		if (expected[i].state != in_state || expected[i].event != event)
			continue;
		assert_false(has_row);
		has_row = true;
		next = expected[i].next;
		sends = expected[i].sends;
		ends = expected[i].ends;
	}
	world_accept(&w, false);
	w.ctrl->state = in_state; /* the table looks at nothing else */
	got = fsm_step(&ctrl_receiver_fsm, &w.ctrl->state, event, w.ctrl, input, w.now);
	if (!has_row || (in_state == E && event == CTRL_RX_CALL)) /* that one finds no call here */
		assert_int_equal(got, PPTP_ERR_STATE);
	else
		assert_int_equal(got, PPTP_OK);
	assert_int_equal(w.ctrl->state, next);
	assert_int_equal(w.ctrl->is_down, ends);
	if (sends != SENDS_NOTHING)
		we_send(&w, (enum pptp_msg_type)sends);
	we_send_nothing(&w);
	world_fini(&w);
}

static void
rfc3_1_2_every_state_and_event(void **state)
{
	(void)state;
	assert_int_equal(ctrl_receiver_fsm.n_rows, COUNT(expected));
	assert_int_equal(ctrl_receiver_fsm.n_states, PPTP_CTRL_WAIT_CLOSE + 1);
	assert_int_equal(ctrl_receiver_fsm.n_events, CTRL_EVENTS);
	for (unsigned s = 0; s < ctrl_receiver_fsm.n_states; s++) {
		assert_non_null(ctrl_receiver_fsm.state_names[s]);
		for (unsigned event = 0; event < CTRL_EVENTS; event++)
			walk_pair(s, event);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3_1_2_start_request_is_answered),
	    cmocka_unit_test(rfc3_1_2_an_older_version_is_refused),
	    cmocka_unit_test(rfc3_1_4_start_request_is_awaited_60_s),
	    cmocka_unit_test(a_connection_is_either_started_or_accepted),
	    cmocka_unit_test(rfc2_1_anything_else_before_it_ends_the_connection),
	    cmocka_unit_test(a_call_before_it_is_established_is_refused),
	    cmocka_unit_test(a_stop_instead_of_a_start_is_answered),
	    cmocka_unit_test(rfc1_4_lost_synchronisation_closes_at_once),
	    cmocka_unit_test(the_owner_is_asked_and_admits),
	    cmocka_unit_test(rfc2_2_each_refusal_is_sent_and_closes),
	    cmocka_unit_test(rfc2_2_a_refusal_that_is_none_is_not_sent),
	    cmocka_unit_test(rfc3_1_2_both_may_stop),
	    cmocka_unit_test(rfc3_1_4_a_receiver_keeps_alive_as_well),
	    cmocka_unit_test(a_second_start_request_is_told_so),
	    cmocka_unit_test(rfc3_1_3_the_loser_closes_its_own_and_answers),
	    cmocka_unit_test(rfc3_1_3_the_winner_waits_in_silence),
	    cmocka_unit_test(rfc3_1_3_addresses_are_compared_unsigned),
	    cmocka_unit_test(what_is_no_collision),
	    cmocka_unit_test(rfc3_1_2_every_state_and_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
