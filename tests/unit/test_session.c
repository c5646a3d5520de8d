/*
 * Sessions (RFC 2637 4): sequence numbers and acknowledgements.  Virtual time only.
 */
#include "session_util.h"

/* ----------------------------------------------------------------------------- sending */

static void
rfc4_1_first_number_sent_is_zero(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	for (uint32_t seq = 0; seq < 600; seq++) {
		struct pptp_gre gre = we_send_frame(&l);

		assert_true(gre.seq == seq && !gre.has_ack);
	}
	assert_int_equal(stats_of(&l).tx_packets, 600);
	assert_int_equal(stats_of(&l).tx_bytes, 1200);
	line_fini(&l);
}

static void
nothing_or_too_much_cannot_be_sent(void **state)
{
	uint8_t room[PPTP_GRE_MAX_HEADER + 1];
	struct line l;
	uint8_t *packet;
	size_t len;

	(void)state;
	line_init(&l, 0, 0);
	assert_int_equal(
	    pptp_session_send(l.session, room + PPTP_GRE_MAX_HEADER, 0, &packet, &len, l.now),
	    PPTP_ERR_INVAL);
	assert_int_equal(
	    pptp_session_send(l.session, room + PPTP_GRE_MAX_HEADER, 65536, &packet, &len, l.now),
	    PPTP_ERR_INVAL);
	assert_int_equal(we_send_frame(&l).seq, 0);
	line_fini(&l);
}

static void
rfc4_4_1_round_trip_time_is_smoothed_by_an_eighth(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	peer_acks(&l, 0); /* nothing was sent yet (protocol G8) */
	assert_int_equal(stats_of(&l).rtt, 0);
	we_send_frame(&l);
	we_send_frame(&l);
	l.now += 8000;
	peer_acks(&l, 2); /* never sent */
	assert_int_equal(stats_of(&l).rtt, 0);
	peer_acks(&l, 1);
	assert_int_equal(stats_of(&l).rtt, 8000);
	l.now += 90000;
	peer_acks(&l, 1); /* old */
	peer_acks(&l, 0);
	assert_int_equal(stats_of(&l).rtt, 8000);
	we_send_frame(&l);
	l.now += 16000;
	peer_acks(&l, 2);
	assert_int_equal(stats_of(&l).rtt, 9000);
	assert_int_equal(stats_of(&l).rx_acks, 6);
	/* Its time is remembered no more: no sample. */
	for (unsigned i = 0; i < 1100; i++)
		we_send_frame(&l);
	l.now += 50000;
	peer_acks(&l, 3);
	assert_int_equal(stats_of(&l).rtt, 9000);
	line_fini(&l);
}

/* ----------------------------------------------------------------------- acknowledging */

static void
rfc4_1_nothing_is_acknowledged_before_something_came(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
	l.now += 10 * PPTP_SEC;
	no_ack_is_due(&l);
	assert_false(we_send_frame(&l).has_ack);
	peer_acks(&l, 0); /* an acknowledgement is not acknowledged */
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
	line_fini(&l);
}

/* Whatever the first number is, 0 included, it alone is acknowledged. */
static void
rfc4_1_first_packet_alone_is_acknowledged(void **state)
{
	static const uint32_t firsts[] = {0, 1, 77, 0x80000000, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		struct line l;

		line_init(&l, 0, 0);
		arrives(&l, firsts[i], firsts[i], 1);
		no_ack_is_due(&l);
		assert_true(pptp_session_deadline(l.session) == l.now + ACK_DELAY);
		l.now += ACK_DELAY - 1;
		no_ack_is_due(&l);
		l.now++;
		ack_is_due(&l, firsts[i]);
		assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
		assert_int_equal(stats_of(&l).tx_acks, 1);
		line_fini(&l);
	}
}

static void
rfc4_2_acknowledgement_rides_on_data(void **state)
{
	struct pptp_gre gre;
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 1, 1, 1);
	gre = we_send_frame(&l);
	assert_true(gre.has_ack && gre.ack == 1);
	assert_false(we_send_frame(&l).has_ack);
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
	l.now += PPTP_SEC;
	no_ack_is_due(&l);
	line_fini(&l);
}

static void
rfc4_3_highest_number_is_acknowledged_across_a_hole(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 3, 3, 1);
	assert_true(we_send_frame(&l).ack == 3);
	arrives(&l, 5, 0, 0);
	assert_true(we_send_frame(&l).ack == 5);
	arrives(&l, 4, 4, 2);
	assert_false(we_send_frame(&l).has_ack);
	line_fini(&l);
}

/* A stream that jumps away and back within one batch: the acknowledgement it owes is sent once. */
static void
an_acknowledgement_is_owed_once(void **state)
{
	static const uint32_t jumps[] = {100000, 100001, 100002, 100003, 4997, 4998, 4999, 5000};
	uint8_t datagram[PPTP_GRE_MAX_HEADER + sizeof(uint32_t)], out[12];
	const uint8_t *frame;
	struct line l;
	size_t len;

	(void)state;
	line_init(&l, 0, 0);
	for (uint32_t seq = 0; seq <= 5000; seq++)
		arrives(&l, seq, seq, 1);
	assert_true(we_send_frame(&l).ack == 5000);
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		const struct pptp_gre gre = {
		    .has_seq = true, .seq = jumps[i], .payload_len = sizeof(uint32_t)};

		recv_gre(&l, gre, &jumps[i], datagram);
		while (pptp_session_next(l.session, &frame, &len) == PPTP_OK)
			;
	}
	l.now += ACK_DELAY;
	pptp_session_ack(l.session, out, sizeof(out), &len, l.now);
	no_ack_is_due(&l);
	assert_true(pptp_session_deadline(l.session) > l.now);
	line_fini(&l);
}

static void
half_a_window_is_acknowledged_at_once(void **state)
{
	static const uint16_t windows[] = {1, 2, 3, 8};

	(void)state;
	for (size_t i = 0; i < COUNT(windows); i++) {
		const uint32_t half = windows[i] > 1 ? windows[i] / 2 : 1;
		struct line l;
		uint32_t seq = 0;

		line_init(&l, 0, windows[i]);
		for (unsigned round = 0; round < 3; round++) {
			for (uint32_t n = 1; n < half; n++, seq++) {
				arrives(&l, seq, seq, 1);
				no_ack_is_due(&l);
			}
			arrives(&l, seq, seq, 1);
			assert_true(pptp_session_deadline(l.session) == l.now);
			ack_is_due(&l, seq++);
		}
		line_fini(&l);
	}
}

/* ------------------------------------------------------------------------ odd datagrams */

static void
malformed_and_foreign_datagrams_are_counted(void **state)
{
	static const uint8_t empty[] = {0x20, 0x01, 0x88, 0x0b, 0x00, 0x00, 0x11, 0x11};
	uint8_t datagram[PPTP_GRE_MAX_HEADER + 1];
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	assert_int_equal(pptp_session_recv(l.session, empty, 7, l.now), PPTP_ERR_DISCARD);
	assert_int_equal(pptp_session_recv(l.session, empty, 8, l.now), PPTP_ERR_DISCARD);
	assert_int_equal(stats_of(&l).rx_bad, 2);
	assert_int_equal(
	    recv_gre(&l,
		(struct pptp_gre){.call_id = OUR_ID + 1, .has_seq = true, .payload_len = 1}, "x",
		datagram),
	    PPTP_ERR_DISCARD);
	assert_int_equal(stats_of(&l).rx_other_call, 1);
	next_is_nothing(&l);
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
	line_fini(&l);
}

/* Against the contract; it costs the frame, and nothing worse. */
static void
session_that_is_not_drained_loses_the_borrowed_frame(void **state)
{
	uint8_t *datagram = malloc(PPTP_GRE_MAX_HEADER + 4);
	const uint32_t number = 1;
	struct line l;

	(void)state;
	assert_non_null(datagram);
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	assert_int_equal(
	    recv_gre(&l, (struct pptp_gre){.has_seq = true, .seq = 1, .payload_len = 4}, &number,
		datagram),
	    PPTP_OK);
	free(datagram);
	peer_acks(&l, 0); /* it gives no frame */
	arrives(&l, 2, 0, 0);
	l.now += FIRST;
	pptp_session_expire(l.session, l.now);
	next_is(&l, 2);
	next_is_nothing(&l);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	line_fini(&l);
}

static void
every_failing_allocation_gives_null_and_leaks_nothing(void **state)
{
	const struct pptp_session_params params = {
	    .local_call_id = OUR_ID, .window_mode = PPTP_WINDOW_STRICT, .peer_window = 8};
	struct surroundings s;

	(void)state;
	for (size_t n = 1;; n++) {
		struct pptp_session *session;

		surroundings_init(&s);
		s.fail_at = n;
		session = pptp_session_new(&s.env, &params);
		pptp_session_free(session);
		assert_int_equal(s.live, 0);
		if (session != NULL)
			break;
	}
	assert_int_equal(s.taken, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc4_1_first_number_sent_is_zero),
	    cmocka_unit_test(nothing_or_too_much_cannot_be_sent),
	    cmocka_unit_test(rfc4_4_1_round_trip_time_is_smoothed_by_an_eighth),
	    cmocka_unit_test(rfc4_1_nothing_is_acknowledged_before_something_came),
	    cmocka_unit_test(rfc4_1_first_packet_alone_is_acknowledged),
	    cmocka_unit_test(rfc4_2_acknowledgement_rides_on_data),
	    cmocka_unit_test(rfc4_3_highest_number_is_acknowledged_across_a_hole),
	    cmocka_unit_test(an_acknowledgement_is_owed_once),
	    cmocka_unit_test(half_a_window_is_acknowledged_at_once),
	    cmocka_unit_test(malformed_and_foreign_datagrams_are_counted),
	    cmocka_unit_test(session_that_is_not_drained_loses_the_borrowed_frame),
	    cmocka_unit_test(every_failing_allocation_gives_null_and_leaks_nothing),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
