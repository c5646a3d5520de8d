/*
 * The send window and its time-out (RFC 2637 4.2, 4.4).  Virtual time only.
 */
#include "session_util.h"

#define MIN_TIMEOUT (200 * PPTP_MSEC)

static void
line_window(struct line *l, enum pptp_window_mode mode, uint16_t peer_window)
{
	const struct pptp_session_params params = {.local_call_id = OUR_ID,
	    .peer_call_id = PEER_ID,
	    .window_mode = mode,
	    .peer_window = peer_window,
	    .send_queue = 4};

	line_open(l, &params);
}

/* A frame of ours that carries `mark`. */
static int
offer(struct line *l, uint8_t mark, uint8_t **packet, size_t *len)
{
	static uint8_t room[PPTP_GRE_MAX_HEADER + 2];

	room[PPTP_GRE_MAX_HEADER] = 0xff;
	room[PPTP_GRE_MAX_HEADER + 1] = mark;
	return pptp_session_send(l->session, room + PPTP_GRE_MAX_HEADER, 2, packet, len, l->now);
}

static void
packet_is(const uint8_t *packet, size_t len, uint32_t seq, uint8_t mark)
{
	struct pptp_gre gre;

	assert_int_equal(pptp_gre_decode(&gre, packet, len), PPTP_OK);
	assert_true(gre.call_id == PEER_ID && gre.has_seq && gre.seq == seq);
	assert_int_equal(gre.payload_len, 2);
	assert_int_equal(gre.payload[1], mark);
}

static void
goes(struct line *l, uint32_t seq, uint8_t mark)
{
	uint8_t *packet;
	size_t len;

	assert_int_equal(offer(l, mark, &packet, &len), PPTP_OK);
	packet_is(packet, len, seq, mark);
}

static void
waits(struct line *l, uint8_t mark)
{
	uint8_t *packet;
	size_t len;

	assert_int_equal(offer(l, mark, &packet, &len), PPTP_ERR_AGAIN);
}

static void
goes_after_waiting(struct line *l, uint32_t seq, uint8_t mark)
{
	uint8_t *packet;
	size_t len;

	assert_int_equal(pptp_session_send_queued(l->session, &packet, &len, l->now), PPTP_OK);
	packet_is(packet, len, seq, mark);
}

static void
nothing_goes(struct line *l)
{
	uint8_t *packet;
	size_t len;

	assert_int_equal(
	    pptp_session_send_queued(l->session, &packet, &len, l->now), PPTP_ERR_AGAIN);
}

/* The time-out is due then, and not before. */
static void
times_out(struct line *l, uint64_t at)
{
	const uint64_t before = stats_of(l).tx_timeouts;

	assert_true(pptp_session_deadline(l->session) == at);
	pptp_session_expire(l->session, at - 1);
	assert_int_equal(stats_of(l).tx_timeouts, before);
	l->now = at;
	pptp_session_expire(l->session, at);
	assert_int_equal(stats_of(l).tx_timeouts, before + 1);
}

/* ------------------------------------------------------------------------------ window */

static void
rfc4_2_1_first_window_is_half_of_the_peers(void **state)
{
	static const uint16_t windows[][2] = {{1, 1}, {2, 1}, {3, 2}, {64, 32}, {65535, 512}};

	(void)state;
	for (size_t i = 0; i < COUNT(windows); i++) {
		struct line l;
		uint32_t seq = 0;

		line_window(&l, PPTP_WINDOW_STRICT, windows[i][0]);
		assert_int_equal(stats_of(&l).tx_window, windows[i][1]);
		for (; seq < windows[i][1]; seq++)
			goes(&l, seq, 1);
		waits(&l, 2);
		nothing_goes(&l);
		/* 4.2.5: one acknowledgement for all of them. */
		peer_acks(&l, seq - 1);
		goes_after_waiting(&l, seq, 2);
		line_fini(&l);
	}
}

static void
rfc4_2_3_window_grows_by_one_with_each_that_is_digested(void **state)
{
	struct line l;
	uint32_t seq = 0;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 6);
	for (uint32_t size = 3; size < 6; size++) {
		assert_int_equal(stats_of(&l).tx_window, size);
		for (uint32_t i = 0; i < size; i++) { /* each by itself: the same */
			assert_int_equal(stats_of(&l).tx_window, size);
			goes(&l, seq, 1);
			peer_acks(&l, seq++);
		}
	}
	for (uint32_t i = 0; i < 20; i++) {
		goes(&l, seq, 1);
		peer_acks(&l, seq++);
		assert_int_equal(stats_of(&l).tx_window, 6);
	}
	line_fini(&l);
}

static void
rfc4_2_2_time_out_halves_the_window_and_sending_goes_on(void **state)
{
	static const uint32_t sizes[] = {5, 3, 2, 1, 1, 1};
	struct line l;
	uint32_t seq = 0, awaited = 0;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 10);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_int_equal(stats_of(&l).tx_window, sizes[i]);
		for (; awaited < sizes[i]; awaited++)
			goes(&l, seq++, 1);
		waits(&l, 77);
		times_out(&l, l.now + MIN_TIMEOUT);
		goes_after_waiting(&l, seq++, 77); /* nothing is sent again */
		awaited = 1;
	}
	line_fini(&l);
}

static void
rfc4_2_2_what_timed_out_gives_no_credit_later(void **state)
{
	struct line l;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 4);
	goes(&l, 0, 1);
	goes(&l, 1, 1);
	times_out(&l, l.now + MIN_TIMEOUT);
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
	goes(&l, 2, 1);
	waits(&l, 2);
	peer_acks(&l, 0);
	peer_acks(&l, 1);
	nothing_goes(&l);
	assert_int_equal(stats_of(&l).tx_window, 1);
	peer_acks(&l, 2);
	goes_after_waiting(&l, 3, 2);
	line_fini(&l);
}

/* 4.2.3: "a window's worth of packets without a time-out" */
static void
rfc4_2_3_what_came_before_a_time_out_does_not_open_the_window(void **state)
{
	struct line l;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 6);
	for (uint32_t seq = 0; seq < 3; seq++)
		goes(&l, seq, 1);
	peer_acks(&l, 1);
	times_out(&l, l.now + MIN_TIMEOUT);
	goes(&l, 3, 1);
	peer_acks(&l, 3);
	assert_int_equal(stats_of(&l).tx_window, 2);
	goes(&l, 4, 1);
	peer_acks(&l, 4);
	assert_int_equal(stats_of(&l).tx_window, 3);
	line_fini(&l);
}

/* Each packet has its own time: the timer is that of the oldest. */
static void
rfc4_4_oldest_packet_times_out(void **state)
{
	struct line l;
	uint64_t start;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 64);
	start = l.now;
	for (uint32_t seq = 0; seq < 10; seq++) {
		l.now = start + seq * PPTP_MSEC;
		goes(&l, seq, 1);
	}
	peer_acks(&l, 4);
	times_out(&l, start + 5 * PPTP_MSEC + MIN_TIMEOUT);
	line_fini(&l);
}

static void
rfc4_2_5_acknowledgements_that_say_nothing_new_are_no_credit(void **state)
{
	struct line l;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 6);
	peer_acks(&l, 0); /* nothing was sent yet (protocol G8) */
	goes(&l, 0, 1);
	goes(&l, 1, 1);
	goes(&l, 2, 1);
	peer_acks(&l, 3);          /* never sent */
	peer_acks(&l, 0x80000000); /* nor that */
	waits(&l, 2);
	nothing_goes(&l);
	peer_acks(&l, 1);
	goes_after_waiting(&l, 3, 2);
	goes(&l, 4, 3);
	peer_acks(&l, 1); /* old */
	peer_acks(&l, 0);
	waits(&l, 4);
	nothing_goes(&l);
	line_fini(&l);
}

static void
rfc4_2_4_frames_wait_in_order_and_too_many_are_dropped(void **state)
{
	uint8_t big[PPTP_GRE_MAX_HEADER + 1601] = {0}, *packet;
	struct line l;
	size_t len;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 2);
	goes(&l, 0, 1);
	for (uint8_t mark = 2; mark < 6; mark++)
		waits(&l, mark);
	assert_int_equal(offer(&l, 6, &packet, &len), PPTP_ERR_DISCARD);
	assert_int_equal(stats_of(&l).tx_dropped, 1);
	peer_acks(&l, 0); /* the window is 2 now */
	goes_after_waiting(&l, 1, 2);
	goes_after_waiting(&l, 2, 3);
	nothing_goes(&l);
	peer_acks(&l, 1);
	waits(&l, 7); /* the window is open, but others wait */
	goes_after_waiting(&l, 3, 4);
	peer_acks(&l, 3);
	goes_after_waiting(&l, 4, 5);
	goes_after_waiting(&l, 5, 7);
	nothing_goes(&l);
	assert_int_equal(
	    pptp_session_send(l.session, big + PPTP_GRE_MAX_HEADER, 1601, &packet, &len, l.now),
	    PPTP_ERR_DISCARD);
	assert_int_equal(stats_of(&l).tx_dropped, 2);
	peer_acks(&l, 5);
	assert_int_equal(
	    pptp_session_send(l.session, big + PPTP_GRE_MAX_HEADER, 1601, &packet, &len, l.now),
	    PPTP_OK);
	assert_int_equal(stats_of(&l).tx_packets, 7);
	line_fini(&l);
}

/* "Ack-only packets are always allowed" (protocol G2), and a packet that waited carries one. */
static void
rfc4_2_acknowledgements_do_not_wait(void **state)
{
	struct pptp_gre gre;
	uint8_t *packet;
	struct line l;
	size_t len;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 1);
	goes(&l, 0, 1);
	waits(&l, 2);
	arrives(&l, 0, 0, 1);
	l.now += ACK_DELAY;
	ack_is_due(&l, 0);
	arrives(&l, 1, 1, 1);
	peer_acks(&l, 0);
	assert_int_equal(pptp_session_send_queued(l.session, &packet, &len, l.now), PPTP_OK);
	assert_int_equal(pptp_gre_decode(&gre, packet, len), PPTP_OK);
	assert_true(gre.has_ack && gre.ack == 1);
	line_fini(&l);
}

static void
no_window_is_kept_when_off_or_not_stated(void **state)
{
	static const struct {
		enum pptp_window_mode mode;
		uint16_t peer_window;
	} cases[] = {{PPTP_WINDOW_OFF, 4}, {PPTP_WINDOW_ADVISORY, 0}, {PPTP_WINDOW_STRICT, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct line l;

		line_window(&l, cases[i].mode, cases[i].peer_window);
		for (uint32_t seq = 0; seq < 5000; seq++)
			goes(&l, seq, 1);
		assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
		assert_int_equal(stats_of(&l).tx_window, 0);
		assert_int_equal(stats_of(&l).tx_over_window + stats_of(&l).tx_timeouts, 0);
		line_fini(&l);
	}
}

static void
advisory_window_counts_and_holds_nothing_back(void **state)
{
	struct line l;

	(void)state;
	line_window(&l, PPTP_WINDOW_ADVISORY, 8);
	for (uint32_t seq = 0; seq < 10; seq++)
		goes(&l, seq, 1);
	assert_int_equal(stats_of(&l).tx_over_window, 6);
	times_out(&l, l.now + MIN_TIMEOUT);
	assert_int_equal(stats_of(&l).tx_window, 2);
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
	/* More than there are times for: the oldest are as good as acknowledged. */
	for (uint32_t seq = 10; seq < 5000; seq++)
		goes(&l, seq, 1);
	peer_acks(&l, 20);
	peer_acks(&l, 4999);
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
	line_fini(&l);
}

/* ----------------------------------------------------------------------------- time-out */

/* One packet that is acknowledged after so long; the time-out that the next one has. */
static void
round_trip(struct line *l, uint32_t seq, uint64_t time, uint64_t ato)
{
	goes(l, seq, 1);
	l->now += time;
	peer_acks(l, seq);
	assert_int_equal(stats_of(l).ack_timeout, ato);
}

/* Worked out by hand from the RFC's formulas. */
static void
rfc4_4_1_adaptive_time_out(void **state)
{
	const struct pptp_session_params params = {
	    .local_call_id = OUR_ID, .peer_call_id = PEER_ID, .peer_window = 64, .peer_delay = 10};
	struct line l;

	(void)state;
	line_open(&l, &params);
	/* "Initially, it is set to PPD": RTT 1 s, DEV 0. */
	assert_int_equal(stats_of(&l).ack_timeout, PPTP_SEC);
	/* DIFF -0.8, DEV 0.2, RTT 0.9 */
	round_trip(&l, 0, 200 * PPTP_MSEC, 1700 * PPTP_MSEC);
	/* DIFF 0, DEV 0.15, RTT 0.9 */
	round_trip(&l, 1, 900 * PPTP_MSEC, 1500 * PPTP_MSEC);
	/* DIFF 0.8, DEV 0.3125, RTT 1.0 */
	round_trip(&l, 2, 1700 * PPTP_MSEC, 2250 * PPTP_MSEC);
	line_fini(&l);
}

static void
comes_down(struct line *l, uint32_t seq)
{
	for (uint32_t i = 0; i < 45; i++) {
		goes(l, seq + i, 1);
		peer_acks(l, seq + i);
	}
	assert_int_equal(stats_of(l).ack_timeout, MIN_TIMEOUT);
}

static void
rfc4_4_2_time_out_backs_off_up_to_the_maximum(void **state)
{
	const struct pptp_session_params params = {.local_call_id = OUR_ID,
	    .peer_call_id = PEER_ID,
	    .peer_window = 64,
	    .peer_delay = 10,
	    .max_timeout = 5 * PPTP_SEC};
	static const uint64_t seconds[] = {1, 2, 4, 5, 5};
	struct line l;

	(void)state;
	line_open(&l, &params);
	for (uint32_t i = 0; i < COUNT(seconds); i++) {
		goes(&l, i, 1);
		times_out(&l, l.now + seconds[i] * PPTP_SEC);
	}
	/*
	 * RTT is bounded as well, by a time-out and by a sample, or it would be long until the
	 * time-out comes down again: 7/8 for each acknowledgement that comes at once.
	 */
	comes_down(&l, COUNT(seconds));
	round_trip(&l, COUNT(seconds) + 45, 1000 * PPTP_SEC, 5 * PPTP_SEC);
	comes_down(&l, COUNT(seconds) + 46);
	line_fini(&l);
}

/* What comes after the time-out was lost to the window, but is a sample all the same. */
static void
late_acknowledgement_is_a_sample(void **state)
{
	struct line l;

	(void)state;
	line_window(&l, PPTP_WINDOW_STRICT, 64);
	goes(&l, 0, 1);
	times_out(&l, l.now + MIN_TIMEOUT);
	l.now += 300 * PPTP_MSEC;
	peer_acks(&l, 0);
	assert_int_equal(stats_of(&l).rtt, 500 * PPTP_MSEC);
	assert_int_equal(stats_of(&l).ack_timeout, 562500); /* DEV 0.125, RTT 0.0625 */
	line_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc4_2_1_first_window_is_half_of_the_peers),
	    cmocka_unit_test(rfc4_2_3_window_grows_by_one_with_each_that_is_digested),
	    cmocka_unit_test(rfc4_2_2_time_out_halves_the_window_and_sending_goes_on),
	    cmocka_unit_test(rfc4_2_2_what_timed_out_gives_no_credit_later),
	    cmocka_unit_test(rfc4_2_3_what_came_before_a_time_out_does_not_open_the_window),
	    cmocka_unit_test(rfc4_4_oldest_packet_times_out),
	    cmocka_unit_test(rfc4_2_5_acknowledgements_that_say_nothing_new_are_no_credit),
	    cmocka_unit_test(rfc4_2_4_frames_wait_in_order_and_too_many_are_dropped),
	    cmocka_unit_test(rfc4_2_acknowledgements_do_not_wait),
	    cmocka_unit_test(no_window_is_kept_when_off_or_not_stated),
	    cmocka_unit_test(advisory_window_counts_and_holds_nothing_back),
	    cmocka_unit_test(rfc4_4_1_adaptive_time_out),
	    cmocka_unit_test(rfc4_4_2_time_out_backs_off_up_to_the_maximum),
	    cmocka_unit_test(late_acknowledgement_is_a_sample),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
