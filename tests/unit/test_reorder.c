/*
 * Putting in order (RFC 2637 4.3).  Virtual time only.
 */
#include <unistd.h>

#include "session_util.h"

/* So much time passes, and exactly `count` frames from `first` on come out at its end. */
static void
passes(struct line *l, uint64_t time, uint32_t first, uint32_t count)
{
	l->now += time;
	pptp_session_expire(l->session, l->now);
	for (uint32_t i = 0; i < count; i++)
		next_is(l, first + i);
	next_is_nothing(l);
}

/* ---------------------------------------------------------------------- putting in order */

static void
rfc4_3_packets_are_put_in_order(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0xfffffffe, 0xfffffffe, 1);
	arrives(&l, 1, 0, 0);
	arrives(&l, 0, 0, 0);
	arrives(&l, 0xffffffff, 0xffffffff, 3); /* across 2^32 (protocol F4) */
	assert_int_equal(stats_of(&l).rx_reordered, 2);
	assert_int_equal(stats_of(&l).rx_packets, 4);
	assert_int_equal(stats_of(&l).rx_bytes, 16);
	assert_int_equal(stats_of(&l).rx_lost, 0);
	line_fini(&l);
}

static void
rfc4_3_late_packet_is_dropped(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 1, 1, 1);
	is_discarded(&l, 0); /* below the first: never known */
	assert_int_equal(stats_of(&l).rx_late, 1);
	arrives(&l, 3, 0, 0);
	passes(&l, FIRST, 3, 1);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	is_discarded(&l, 2);
	assert_int_equal(stats_of(&l).rx_late, 2);
	assert_int_equal(stats_of(&l).rx_duplicate, 0);
	is_discarded(&l, 2);
	assert_int_equal(stats_of(&l).rx_duplicate, 1);
	line_fini(&l);
}

static void
rfc4_3_duplicates_are_dropped(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	is_discarded(&l, 0);
	arrives(&l, 2, 0, 0);
	is_discarded(&l, 2); /* held */
	arrives(&l, 1, 1, 2);
	is_discarded(&l, 1);
	is_discarded(&l, 2);
	assert_int_equal(stats_of(&l).rx_duplicate, 4);
	assert_int_equal(stats_of(&l).rx_packets, 3);
	line_fini(&l);
}

/* The datagram that does not fit yet must not come over a frame that is being delivered. */
static void
full_ring_gives_up_the_oldest_holes(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 4, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 2, 0, 0);
	arrives(&l, 3, 0, 0);
	arrives(&l, 4, 0, 0);
	arrives(&l, 6, 2, 3); /* 1 is given up; 5 is waited for */
	assert_int_equal(stats_of(&l).rx_lost, 1);
	arrives(&l, 7, 0, 0);
	arrives(&l, 5, 5, 3);
	arrives(&l, 100, 0, 0);
	assert_int_equal(stats_of(&l).rx_lost, 1 + 97 - 8);
	arrives(&l, 97, 97, 1);
	arrives(&l, 98, 98, 1);
	arrives(&l, 99, 99, 2);
	line_fini(&l);
}

static void
depth_of_one_holds_nothing(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 1, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 2, 2, 1);
	is_discarded(&l, 1);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	assert_int_equal(stats_of(&l).rx_late, 1);
	line_fini(&l);
}

static void
frame_too_long_to_be_held_is_dropped(void **state)
{
	static uint8_t datagram[PPTP_GRE_MAX_HEADER + 1601], payload[1601];
	struct line l;
	const uint8_t *frame;
	size_t len;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	assert_int_equal(
	    recv_gre(&l, (struct pptp_gre){.has_seq = true, .seq = 2, .payload_len = 1601}, payload,
		datagram),
	    PPTP_OK);
	next_is_nothing(&l);
	assert_int_equal(stats_of(&l).rx_too_long, 1);
	/* In order it is not held, and passes. */
	assert_int_equal(
	    recv_gre(&l, (struct pptp_gre){.has_seq = true, .seq = 1, .payload_len = 1601}, payload,
		datagram),
	    PPTP_OK);
	assert_int_equal(pptp_session_next(l.session, &frame, &len), PPTP_OK);
	assert_int_equal(len, 1601);
	next_is_nothing(&l);
	/* The longest that is held. */
	assert_int_equal(
	    recv_gre(&l, (struct pptp_gre){.has_seq = true, .seq = 3, .payload_len = 1600}, payload,
		datagram),
	    PPTP_OK);
	l.now += FIRST;
	pptp_session_expire(l.session, l.now);
	assert_int_equal(pptp_session_next(l.session, &frame, &len), PPTP_OK);
	assert_int_equal(len, 1600);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	line_fini(&l);
}

/* ----------------------------------------------------------------------------- waiting */

static struct pptp_session_stats
wait_is(struct line *l, uint64_t time, uint32_t packets)
{
	const struct pptp_session_stats stats = stats_of(l);

	assert_int_equal(stats.rx_wait, time);
	assert_int_equal(stats.rx_wait_packets, packets);
	return stats;
}

/* Each hole from the first packet behind it; and each loss makes the next wait shorter. */
static void
hole_is_waited_for_20_ms_when_nothing_was_ever_late(void **state)
{
	struct line l;
	uint64_t start;

	(void)state;
	line_init(&l, 0, 1000);
	start = l.now;
	arrives(&l, 0, 0, 1);
	we_send_frame(&l);
	arrives(&l, 3, 0, 0); /* 1 and 2 are missing */
	l.now = start + 3 * PPTP_MSEC;
	arrives(&l, 5, 0, 0); /* and 4 */
	l.now = start + 6 * PPTP_MSEC;
	arrives(&l, 7, 0, 0); /* and 6 */
	we_send_frame(&l);
	assert_true(pptp_session_deadline(l.session) == start + FIRST);
	passes(&l, FIRST - 6 * PPTP_MSEC - 1, 0, 0);
	passes(&l, 1, 3, 1);
	assert_int_equal(stats_of(&l).rx_lost, 2);
	assert_true(pptp_session_deadline(l.session) == start + 3 * PPTP_MSEC + SECOND);
	/* Late to the timer: both are over at once. */
	l.now = start + 6 * PPTP_MSEC + SECOND;
	pptp_session_expire(l.session, l.now);
	next_is(&l, 5);
	next_is(&l, 7);
	next_is_nothing(&l);
	assert_int_equal(stats_of(&l).rx_lost, 4);
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
	line_fini(&l);
}

/* As a TCP sender would: it calls lost what three later ones were acknowledged before. */
static void
hole_is_waited_for_three_packets_when_nothing_was_ever_late(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 2, 0, 0);
	arrives(&l, 3, 0, 0);
	arrives(&l, 4, 0, 0);
	arrives(&l, 5, 0, 0);
	arrives(&l, 6, 2, 5);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	line_fini(&l);
}

/*
 * The line overtakes itself: 40 comes at once, those before it each in its turn.  Nothing is
 * late, however long 40 is held, and nothing is learnt.
 */
static void
early_packet_waits_for_the_stream(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 40, 0, 0);
	arrives(&l, 45, 0, 0);
	for (uint32_t seq = 1; seq < 39; seq++) {
		l.now += 2 * PPTP_MSEC;
		pptp_session_expire(l.session, l.now);
		arrives(&l, seq, seq, 1);
	}
	arrives(&l, 39, 39, 2);
	arrives(&l, 41, 41, 1);
	wait_is(&l, FIRST, 3);
	assert_int_equal(stats_of(&l).rx_lost, 0);
	line_fini(&l);
}

/* One is lost while another is held early: that one, and not all up to the early one. */
static void
loss_before_an_early_packet_is_one_loss(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 40, 0, 0);
	for (uint32_t seq = 1; seq < 20; seq++) {
		l.now += PPTP_MSEC;
		pptp_session_expire(l.session, l.now);
		arrives(&l, seq, seq, 1);
	}
	arrives(&l, 21, 0, 0); /* 20 is lost */
	arrives(&l, 22, 0, 0);
	arrives(&l, 23, 0, 0);
	arrives(&l, 24, 21, 4);
	for (uint32_t seq = 25; seq < 39; seq++) {
		l.now += PPTP_MSEC;
		pptp_session_expire(l.session, l.now);
		arrives(&l, seq, seq, 1);
	}
	arrives(&l, 39, 39, 2);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	line_fini(&l);
}

/* 40 ms late once, then 40 ms are waited, and a quarter more. */
static void
late_packet_is_waited_for_the_next_time(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 2, 0, 0);
	passes(&l, FIRST, 2, 1);
	l.now += FIRST;
	for (uint32_t seq = 3; seq < 11; seq++)
		arrives(&l, seq, seq, 1);
	is_discarded(&l, 1); /* too late: 40 ms, and 8 packets behind the one that leapt */
	wait_is(&l, 50 * PPTP_MSEC, 10);
	arrives(&l, 12, 0, 0);
	for (uint32_t seq = 13; seq < 23; seq++)
		arrives(&l, seq, 0, 0);
	passes(&l, 50 * PPTP_MSEC - 1, 0, 0);
	arrives(&l, 11, 11, 12);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	/* This one came in time, and taught by how late it was. */
	wait_is(&l, 62498, 12);
	line_fini(&l);
}

/* It counts from when its neighbours had come, not from the early one. */
static void
late_packet_behind_an_early_one_teaches_how_late_it_was(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 12, 0, 0);
	for (uint32_t seq = 1; seq < 11; seq++) {
		l.now += 7 * PPTP_MSEC;
		arrives(&l, seq, seq, 1);
	}
	passes(&l, FIRST, 12, 1);
	l.now += 4 * PPTP_MSEC;
	is_discarded(&l, 11);
	wait_is(&l, 30 * PPTP_MSEC, 3);
	line_fini(&l);
}

/* What could not have been held so long teaches nothing. */
static void
packet_later_than_the_bounds_teaches_nothing(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 8, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 2, 0, 0);
	passes(&l, FIRST, 2, 1);
	l.now += WAIT - FIRST + 1;
	is_discarded(&l, 1);
	wait_is(&l, SECOND, 3);
	arrives(&l, 4, 0, 0);
	passes(&l, SECOND, 4, 1);
	for (uint32_t seq = 5; seq < 12; seq++)
		arrives(&l, seq, seq, 1);
	is_discarded(&l, 3); /* its slot has been another's since */
	wait_is(&l, 17578, 3);
	assert_int_equal(stats_of(&l).rx_late, 2);
	line_fini(&l);
}

/* Each gap takes a sixteenth, however wide it is. */
static void
losses_shorten_the_wait_again(void **state)
{
	struct line l;
	uint32_t seq = 3;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 2, 0, 0);
	passes(&l, FIRST, 2, 1);
	l.now += 64 * PPTP_MSEC - FIRST;
	is_discarded(&l, 1);
	wait_is(&l, 80 * PPTP_MSEC, 3);
	arrives(&l, seq + 9, 0, 0); /* nine are lost */
	passes(&l, 80 * PPTP_MSEC, seq + 9, 1);
	wait_is(&l, 75 * PPTP_MSEC, 3);
	for (seq += 10; seq < 120; seq += 2) {
		arrives(&l, seq + 1, 0, 0);
		passes(&l, stats_of(&l).rx_wait, seq + 1, 1);
	}
	wait_is(&l, LEAST, 3);
	line_fini(&l);
}

/* Not even an early one, nor when more than that has been seen. */
static void
nothing_is_held_longer_than_reorder_wait(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 0);
	arrives(&l, 0, 0, 1);
	arrives(&l, 2, 0, 0);
	passes(&l, FIRST, 2, 1);
	l.now += WAIT - FIRST;
	is_discarded(&l, 1);
	wait_is(&l, WAIT, 3);
	arrives(&l, 200, 0, 0);
	for (uint32_t seq = 3; seq < 12; seq++) {
		l.now += WAIT / 10;
		pptp_session_expire(l.session, l.now);
		arrives(&l, seq, seq, 1);
	}
	passes(&l, WAIT / 10 - 1, 0, 0);
	passes(&l, 1, 200, 1);
	assert_int_equal(stats_of(&l).rx_lost, 1 + 200 - 12);
	line_fini(&l);
}

/* ------------------------------------------------------------------------------- jumps */

static void
one_far_packet_changes_nothing(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 1000);
	arrives(&l, 10, 10, 1);
	we_send_frame(&l);
	is_discarded(&l, 11 + 256);
	is_discarded(&l, 0x80000000);
	is_discarded(&l, 11u - 2049);
	assert_int_equal(stats_of(&l).rx_far, 3);
	is_discarded(&l, 11u - 2048);
	assert_int_equal(stats_of(&l).rx_late, 1);
	assert_false(we_send_frame(&l).has_ack);
	arrives(&l, 11, 11, 1);
	assert_true(we_send_frame(&l).ack == 11);
	/* Genuine packets in between: no run. */
	for (uint32_t i = 0; i < 10; i++) {
		is_discarded(&l, 500000 + i);
		arrives(&l, 12 + i, 12 + i, 1);
	}
	assert_int_equal(stats_of(&l).rx_resync, 0);
	line_fini(&l);
}

static void
forward_window_is_the_callers_or_as_wide_as_the_ring(void **state)
{
	static const struct {
		uint32_t window;
		uint16_t depth;
		uint32_t far;
	} cases[] = {{0, 16, 256}, {0, 1000, 1024}, {10, 16, 10}, {5000, 16, 5000}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct pptp_session_params params = {.local_call_id = OUR_ID,
		    .reorder_depth = cases[i].depth,
		    .forward_window = cases[i].window};
		struct line l;

		line_open(&l, &params);
		arrives(&l, 0, 0, 1);
		is_discarded(&l, 1 + cases[i].far);
		assert_int_equal(stats_of(&l).rx_far, 1);
		arrives(&l, cases[i].far, 0, 0);
		assert_int_equal(stats_of(&l).rx_far, 1);
		line_fini(&l);
	}
}

/* Leaps of every width: each number is lost or comes once, and the line does not stand still. */
static void
leap_within_a_wide_window_is_so_many_losses(void **state)
{
	static const uint32_t leaps[] = {
	    1, 2, 3, 255, 256, 257, 1023, 1024, 1025, 1026, 1500, 70000, 1000000, (1U << 30) - 1};
	uint32_t seed = 1, seq = 0;
	uint64_t lost;
	struct line l;

	(void)state;
	alarm(60); /* else it would go on for hours, counting one by one */
	for (uint32_t depth = 1; depth <= 4096; depth *= 8) {
		const struct pptp_session_params params = {.local_call_id = OUR_ID,
		    .reorder_depth = (uint16_t)depth,
		    .forward_window = 1U << 30};

		line_open(&l, &params);
		arrives(&l, seq, seq, 1);
		lost = 0;
		for (unsigned i = 0; i < 200; i++) {
			const uint32_t leap = leaps[prng(&seed) % COUNT(leaps)];
			struct pptp_session_stats before;

			seq += leap;
			lost += leap - 1;
			if (leap == 1 || depth == 1) {
				arrives(&l, seq, seq, 1);
			} else {
				arrives(&l, seq, 0, 0);
				passes(&l, WAIT, seq, 1);
			}
			before = stats_of(&l);
			assert_true(before.rx_lost == lost);
			if (leap > 1) {
				is_discarded(&l, seq - 1);
				assert_true(stats_of(&l).rx_late == before.rx_late + 1);
				is_discarded(&l, seq - 1);
				assert_true(stats_of(&l).rx_duplicate == before.rx_duplicate + 1);
			}
			before = stats_of(&l);
			if (leap < 1024) { /* the one before the leap is remembered still */
				is_discarded(&l, seq - leap);
				assert_true(stats_of(&l).rx_duplicate == before.rx_duplicate + 1);
			}
		}
		line_fini(&l);
	}
	alarm(0);
}

/* Where the numbers before it have come, a packet behind the ring is the stream itself. */
static void
full_ring_behind_a_hole_is_not_far(void **state)
{
	const struct pptp_session_params params = {
	    .local_call_id = OUR_ID, .reorder_depth = 256, .reorder_wait = PPTP_SEC};
	struct line l;
	uint32_t seq;

	(void)state;
	line_open(&l, &params);
	arrives(&l, 0, 0, 1);
	/* 200 packets late is learnt first. */
	arrives(&l, 2, 0, 0);
	passes(&l, FIRST, 2, 1);
	for (seq = 3; seq < 253; seq++)
		arrives(&l, seq, seq, 1);
	is_discarded(&l, 1);
	assert_true(stats_of(&l).rx_wait_packets > 256);
	for (seq = 254; seq < 253 + 256; seq++)
		arrives(&l, seq, 0, 0);
	arrives(&l, seq, 254, 256);
	assert_int_equal(stats_of(&l).rx_far, 0);
	assert_int_equal(stats_of(&l).rx_lost, 2);
	line_fini(&l);
}

/* Four consecutive numbers are believed; what is held goes first. */
static void
run_of_far_packets_is_followed(void **state)
{
	static const uint32_t jumps[] = {300, 509, 3000, 0x80000000, 0xfffff000};

	(void)state;
	for (size_t i = 0; i < COUNT(jumps); i++) {
		const uint32_t base = 5 + jumps[i];
		struct line l;
		uint32_t far;

		line_init(&l, 0, 1000);
		arrives(&l, 3, 3, 1);
		arrives(&l, 5, 0, 0);
		for (far = base; far != base + 3; far++)
			is_discarded(&l, far);
		l.now += 12 * PPTP_MSEC;
		{
			const struct pptp_gre gre = {
			    .has_seq = true, .seq = far, .payload_len = sizeof(far)};
			uint8_t datagram[PPTP_GRE_MAX_HEADER + sizeof(far)];

			assert_int_equal(recv_gre(&l, gre, &far, datagram), PPTP_OK);
			next_is(&l, 5);
			next_is(&l, far);
			next_is_nothing(&l);
		}
		arrives(&l, far + 1, far + 1, 1);
		assert_true(we_send_frame(&l).ack == far + 1);
		l.now += 12 * PPTP_MSEC;
		is_discarded(&l, far - 1); /* late, not a duplicate: it was never delivered */
		assert_int_equal(stats_of(&l).rx_late, 1);
		wait_is(&l, FIRST, 3); /* and nobody knows how late */
		assert_int_equal(stats_of(&l).rx_far, 3);
		assert_int_equal(stats_of(&l).rx_resync, 1);
		assert_int_equal(stats_of(&l).rx_lost, 1);
		line_fini(&l);
	}
}

/* An overload: after a long hole only each third packet comes through, for as long as it lasts. */
static void
a_far_stream_that_goes_on_losing_is_followed(void **state)
{
	struct line l;

	(void)state;
	line_init(&l, 0, 1000);
	arrives(&l, 3, 3, 1);
	for (uint32_t i = 0; i < 3; i++)
		is_discarded(&l, 1000 + 3 * i);
	arrives(&l, 1009, 1009, 1);
	assert_int_equal(stats_of(&l).rx_resync, 1);
	arrives(&l, 1012, 0, 0);
	passes(&l, FIRST, 1012, 1);
	/* Each further ahead than the one before, but none near it: nobody's stream. */
	for (uint32_t i = 0; i < 20; i++)
		is_discarded(&l, 5000 + 3000 * i);
	/* Far behind it must be a row without a hole: old packets come like that. */
	for (uint32_t i = 0; i < 20; i++)
		is_discarded(&l, 0x90000000 + 2 * i);
	assert_int_equal(stats_of(&l).rx_resync, 1);
	line_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc4_3_packets_are_put_in_order),
	    cmocka_unit_test(rfc4_3_late_packet_is_dropped),
	    cmocka_unit_test(rfc4_3_duplicates_are_dropped),
	    cmocka_unit_test(full_ring_gives_up_the_oldest_holes),
	    cmocka_unit_test(depth_of_one_holds_nothing),
	    cmocka_unit_test(frame_too_long_to_be_held_is_dropped),
	    cmocka_unit_test(hole_is_waited_for_20_ms_when_nothing_was_ever_late),
	    cmocka_unit_test(hole_is_waited_for_three_packets_when_nothing_was_ever_late),
	    cmocka_unit_test(early_packet_waits_for_the_stream),
	    cmocka_unit_test(loss_before_an_early_packet_is_one_loss),
	    cmocka_unit_test(late_packet_is_waited_for_the_next_time),
	    cmocka_unit_test(late_packet_behind_an_early_one_teaches_how_late_it_was),
	    cmocka_unit_test(packet_later_than_the_bounds_teaches_nothing),
	    cmocka_unit_test(losses_shorten_the_wait_again),
	    cmocka_unit_test(nothing_is_held_longer_than_reorder_wait),
	    cmocka_unit_test(one_far_packet_changes_nothing),
	    cmocka_unit_test(forward_window_is_the_callers_or_as_wide_as_the_ring),
	    cmocka_unit_test(leap_within_a_wide_window_is_so_many_losses),
	    cmocka_unit_test(full_ring_behind_a_hole_is_not_far),
	    cmocka_unit_test(run_of_far_packets_is_followed),
	    cmocka_unit_test(a_far_stream_that_goes_on_losing_is_followed),
	};

	return cmocka_run_group_tests_name("reorder", tests, NULL, NULL);
}
