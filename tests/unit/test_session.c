/*
 * Sessions (RFC 2637 4): sequence numbers, order, acknowledgements.  Virtual time only.
 */
#include "util.h"

#define OUR_ID    0x1111
#define PEER_ID   0x2222
#define WAIT      (100 * PPTP_MSEC)
#define ACK_DELAY (100 * PPTP_MSEC)

struct line {
	struct surroundings s;
	struct pptp_session *session;
	uint64_t now;
};

static void
line_init(struct line *l, uint16_t depth, uint16_t window)
{
	const struct pptp_session_params params = {.local_call_id = OUR_ID,
	    .peer_call_id = PEER_ID,
	    .recv_window = window,
	    .reorder_depth = depth};

	surroundings_init(&l->s);
	l->now = 1000 * PPTP_SEC;
	l->session = pptp_session_new(&l->s.env, &params);
	assert_non_null(l->session);
}

static void
line_fini(struct line *l)
{
	pptp_session_free(l->session);
	assert_int_equal(l->s.live, 0);
}

static struct pptp_session_stats
stats_of(const struct line *l)
{
	struct pptp_session_stats stats;

	pptp_session_stats(l->session, &stats);
	return stats;
}

/* The peer sends; the datagram must live until it is drained. */
static int
recv_gre(struct line *l, struct pptp_gre gre, const void *payload, uint8_t *datagram)
{
	size_t len;

	gre.call_id = gre.call_id != 0 ? gre.call_id : OUR_ID;
	assert_int_equal(pptp_gre_encode(&gre, datagram, PPTP_GRE_MAX_HEADER, &len), PPTP_OK);
	if (gre.payload_len > 0)
		memcpy(datagram + len, payload, gre.payload_len);
	return pptp_session_recv(l->session, datagram, len + gre.payload_len, l->now);
}

static void
next_is(struct line *l, uint32_t expected)
{
	const uint8_t *frame;
	uint32_t number;
	size_t len;

	assert_int_equal(pptp_session_next(l->session, &frame, &len), PPTP_OK);
	assert_int_equal(len, sizeof(number));
	memcpy(&number, frame, sizeof(number));
	assert_true(number == expected);
}

static void
next_is_nothing(struct line *l)
{
	const uint8_t *frame;
	size_t len;

	assert_int_equal(pptp_session_next(l->session, &frame, &len), PPTP_ERR_AGAIN);
}

/*
 * The peer sends the packet `seq`, which carries its own number, and exactly `count`
 * frames from `first` on come out.  The datagram is gone afterwards.
 */
static void
arrives(struct line *l, uint32_t seq, uint32_t first, uint32_t count)
{
	const struct pptp_gre gre = {.has_seq = true, .seq = seq, .payload_len = sizeof(seq)};
	uint8_t *datagram = malloc(PPTP_GRE_MAX_HEADER + sizeof(seq));

	assert_non_null(datagram);
	assert_int_equal(recv_gre(l, gre, &seq, datagram), PPTP_OK);
	for (uint32_t i = 0; i < count; i++)
		next_is(l, first + i);
	next_is_nothing(l);
	free(datagram);
}

static void
is_discarded(struct line *l, uint32_t seq)
{
	const struct pptp_gre gre = {.has_seq = true, .seq = seq, .payload_len = sizeof(seq)};
	uint8_t datagram[PPTP_GRE_MAX_HEADER + sizeof(seq)];

	assert_int_equal(recv_gre(l, gre, &seq, datagram), PPTP_ERR_DISCARD);
	next_is_nothing(l);
}

static void
peer_acks(struct line *l, uint32_t ack)
{
	uint8_t datagram[PPTP_GRE_MAX_HEADER];

	assert_int_equal(
	    recv_gre(l, (struct pptp_gre){.has_ack = true, .ack = ack}, NULL, datagram), PPTP_OK);
	next_is_nothing(l);
}

/* We send one frame; the header that went before it. */
static struct pptp_gre
we_send_frame(struct line *l)
{
	uint8_t room[PPTP_GRE_MAX_HEADER + 2] = {0};
	struct pptp_gre gre;
	uint8_t *packet;
	size_t len;

	room[PPTP_GRE_MAX_HEADER] = 0xff;
	room[PPTP_GRE_MAX_HEADER + 1] = 0x03;
	assert_int_equal(
	    pptp_session_send(l->session, room + PPTP_GRE_MAX_HEADER, 2, &packet, &len, l->now),
	    PPTP_OK);
	assert_true(packet >= room && packet + len == room + sizeof(room));
	assert_int_equal(pptp_gre_decode(&gre, packet, len), PPTP_OK);
	assert_int_equal(gre.call_id, PEER_ID);
	assert_true(gre.has_seq && gre.payload_len == 2);
	assert_memory_equal(gre.payload, "\xff\x03", 2);
	gre.payload = NULL;
	return gre;
}

static void
no_ack_is_due(struct line *l)
{
	uint8_t out[12];
	size_t len;

	assert_int_equal(
	    pptp_session_ack(l->session, out, sizeof(out), &len, l->now), PPTP_ERR_AGAIN);
}

static void
ack_is_due(struct line *l, uint32_t expected)
{
	struct pptp_gre gre;
	uint8_t out[12];
	size_t len;

	assert_int_equal(pptp_session_ack(l->session, out, 11, &len, l->now), PPTP_ERR_SPACE);
	assert_int_equal(pptp_session_ack(l->session, out, sizeof(out), &len, l->now), PPTP_OK);
	assert_int_equal(len, 12);
	assert_int_equal(pptp_gre_decode(&gre, out, len), PPTP_OK);
	assert_true(gre.call_id == PEER_ID && !gre.has_seq && gre.has_ack && gre.ack == expected);
	no_ack_is_due(l);
}

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
	for (unsigned i = 0; i < 300; i++)
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
	l.now += WAIT;
	pptp_session_expire(l.session, l.now);
	next_is(&l, 3);
	next_is_nothing(&l);
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

/* Each hole has its own time, from the first packet that was held behind it. */
static void
hole_is_waited_for_from_the_first_packet_behind_it(void **state)
{
	struct line l;
	uint64_t start;

	(void)state;
	line_init(&l, 0, 1000);
	start = l.now;
	arrives(&l, 0, 0, 1);
	we_send_frame(&l);
	l.now += 10;
	arrives(&l, 3, 0, 0); /* 1 and 2 are missing */
	l.now += 10;
	arrives(&l, 5, 0, 0); /* and 4 */
	l.now += 10;
	arrives(&l, 7, 0, 0); /* and 6 */
	l.now += 10;
	arrives(&l, 2, 0, 0);
	we_send_frame(&l);
	assert_true(pptp_session_deadline(l.session) == start + 10 + WAIT);
	pptp_session_expire(l.session, start + 10 + WAIT - 1);
	next_is_nothing(&l);
	pptp_session_expire(l.session, start + 10 + WAIT);
	next_is(&l, 2);
	next_is(&l, 3);
	next_is_nothing(&l);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	assert_true(pptp_session_deadline(l.session) == start + 20 + WAIT);
	/* Late to the timer: both are over at once. */
	pptp_session_expire(l.session, start + 30 + WAIT);
	next_is(&l, 5);
	next_is(&l, 7);
	next_is_nothing(&l);
	assert_int_equal(stats_of(&l).rx_lost, 3);
	assert_true(pptp_session_deadline(l.session) == PPTP_NEVER);
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
	l.now += WAIT;
	pptp_session_expire(l.session, l.now);
	assert_int_equal(pptp_session_next(l.session, &frame, &len), PPTP_OK);
	assert_int_equal(len, 1600);
	assert_int_equal(stats_of(&l).rx_lost, 1);
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
	is_discarded(&l, 11 + 2048);
	is_discarded(&l, 0x80000000);
	is_discarded(&l, 11u - 2049);
	assert_int_equal(stats_of(&l).rx_far, 3);
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

/* Four consecutive numbers are believed; what is held goes first. */
static void
run_of_far_packets_is_followed(void **state)
{
	static const uint32_t jumps[] = {3000, 0x80000000, 0xfffff000};

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
		is_discarded(&l, far - 1); /* late, not a duplicate: it was never delivered */
		assert_int_equal(stats_of(&l).rx_late, 1);
		assert_int_equal(stats_of(&l).rx_far, 3);
		assert_int_equal(stats_of(&l).rx_resync, 1);
		assert_int_equal(stats_of(&l).rx_lost, 1);
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
	arrives(&l, 2, 0, 0);
	l.now += WAIT;
	pptp_session_expire(l.session, l.now);
	next_is(&l, 2);
	next_is_nothing(&l);
	assert_int_equal(stats_of(&l).rx_lost, 1);
	line_fini(&l);
}

static void
every_failing_allocation_gives_null_and_leaks_nothing(void **state)
{
	const struct pptp_session_params params = {.local_call_id = OUR_ID};
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
	assert_int_equal(s.taken, 3);
}

/* ----------------------------------------------------------- the whole, by chance */

#define PACKETS 4000

struct arrival {
	uint64_t at;
	uint32_t index; /* of the packet, from 0 */
};

struct stream {
	uint32_t seed;
	uint32_t first;        /* number */
	unsigned percent_lost; /* and as many duplicated */
	uint64_t delay;        /* us at most */
	uint16_t depth;
};

struct outcome {
	uint8_t times[PACKETS]; /* delivered */
	bool arrived[PACKETS];
	uint32_t last; /* index delivered last */
	uint64_t delivered, acks;
};

static uint32_t
prng(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static int
by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* A packet each millisecond; the first one arrives first, the last ones arrive at all. */
static size_t
plan(const struct stream *stream, struct arrival *arrivals, uint64_t start)
{
	uint32_t seed = stream->seed;
	size_t count = 0;

	for (uint32_t i = 0; i < PACKETS; i++) {
		const bool edge = i == 0 || i >= PACKETS - 1;
		unsigned copies = 1;

		if (!edge && prng(&seed) % 100 < stream->percent_lost)
			copies = 0;
		else if (prng(&seed) % 100 < stream->percent_lost)
			copies = 2;
		for (; copies > 0; copies--) {
			arrivals[count].at = start + i * PPTP_MSEC;
			if (!edge && prng(&seed) % 4 == 0)
				arrivals[count].at += prng(&seed) % stream->delay;
			arrivals[count++].index = i;
		}
	}
	qsort(arrivals, count, sizeof(*arrivals), by_time);
	return count;
}

static void
drain(struct line *l, const struct stream *stream, struct outcome *outcome)
{
	const uint8_t *frame;
	size_t len;

	while (pptp_session_next(l->session, &frame, &len) == PPTP_OK) {
		uint32_t index;

		/* The octets are the packet's own. */
		assert_true(len >= sizeof(index));
		memcpy(&index, frame, sizeof(index));
		index -= stream->first;
		assert_true(index < PACKETS);
		assert_int_equal(len, sizeof(index) + index % 1000);
		for (size_t i = sizeof(index); i < len; i++)
			assert_int_equal(frame[i], (index + i) & 0xff);
		assert_true(outcome->delivered == 0 || index > outcome->last);
		outcome->last = index;
		outcome->times[index]++;
		outcome->delivered++;
	}
}

static void
run_timers(struct line *l, const struct stream *stream, struct outcome *outcome, uint64_t until)
{
	uint64_t due;

	while ((due = pptp_session_deadline(l->session)) <= until) {
		uint8_t out[12];
		size_t len;

		assert_true(due >= l->now);
		l->now = due;
		pptp_session_expire(l->session, l->now);
		drain(l, stream, outcome);
		if (pptp_session_ack(l->session, out, sizeof(out), &len, l->now) == PPTP_OK)
			outcome->acks++;
		/* Whatever was due is done. */
		assert_true(pptp_session_deadline(l->session) > l->now);
	}
}

static void
run_stream(const struct stream *stream, struct outcome *outcome, struct pptp_session_stats *stats)
{
	struct arrival *arrivals = calloc((size_t)2 * PACKETS, sizeof(*arrivals));
	struct line l;
	size_t count;

	assert_non_null(arrivals);
	memset(outcome, 0, sizeof(*outcome));
	line_init(&l, stream->depth, 0);
	count = plan(stream, arrivals, l.now);
	for (size_t i = 0; i < count; i++) {
		const uint32_t index = arrivals[i].index, seq = stream->first + index;
		const uint16_t len = (uint16_t)(sizeof(index) + index % 1000);
		const struct pptp_gre gre = {.has_seq = true, .seq = seq, .payload_len = len};
		uint8_t payload[1100], datagram[PPTP_GRE_MAX_HEADER + sizeof(payload)];

		memcpy(payload, &seq, sizeof(seq));
		for (size_t n = sizeof(seq); n < len; n++)
			payload[n] = (uint8_t)(index + n);
		run_timers(&l, stream, outcome, arrivals[i].at);
		l.now = arrivals[i].at;
		recv_gre(&l, gre, payload, datagram);
		drain(&l, stream, outcome);
		memset(datagram, 0xdd, sizeof(datagram));
		outcome->arrived[index] = true;
	}
	run_timers(&l, stream, outcome, PPTP_NEVER - 1);
	*stats = stats_of(&l);

	/* Every arrival became one thing, and every number became one thing. */
	assert_int_equal(stats->rx_packets, outcome->delivered);
	assert_int_equal(stats->rx_packets + stats->rx_duplicate + stats->rx_late, count);
	assert_int_equal(stats->rx_packets + stats->rx_lost, PACKETS);
	assert_int_equal(stats->rx_far + stats->rx_resync + stats->rx_bad + stats->rx_too_long, 0);
	assert_int_equal(stats->tx_acks, outcome->acks);
	assert_int_equal(outcome->last, PACKETS - 1);
	line_fini(&l);
	free(arrivals);
}

/* Delays below reorder_wait: what arrives at all is delivered, exactly once and in order. */
static void
rfc4_3_shuffled_lossy_stream_comes_out_in_order(void **state)
{
	static const uint32_t firsts[] = {0, 1, 0xfffff800, 0x7ffff800};
	static struct outcome outcome;

	(void)state;
	for (uint32_t seed = 1; seed <= 12; seed++) {
		const struct stream stream = {
		    seed * 7919, firsts[seed % COUNT(firsts)], 5, WAIT - 20 * PPTP_MSEC, 256};
		struct pptp_session_stats stats;

		run_stream(&stream, &outcome, &stats);
		for (uint32_t i = 0; i < PACKETS; i++)
			assert_int_equal(outcome.times[i], outcome.arrived[i]);
		assert_int_equal(stats.rx_late, 0);
		assert_true(
		    stats.rx_reordered > 100 && stats.rx_lost > 100 && stats.rx_duplicate > 100);
	}
}

/* Delays beyond the wait and the ring: some are late, but nothing twice or out of order. */
static void
rfc4_3_hopeless_stream_is_still_in_order(void **state)
{
	static struct outcome outcome;

	(void)state;
	for (uint32_t seed = 1; seed <= 12; seed++) {
		const struct stream stream = {seed * 104729, 0u - PACKETS / 2, 20, 400 * PPTP_MSEC,
		    (uint16_t)(1u << seed % 8)};
		struct pptp_session_stats stats;

		run_stream(&stream, &outcome, &stats);
		for (uint32_t i = 0; i < PACKETS; i++)
			assert_true(outcome.times[i] <= outcome.arrived[i]);
		assert_true(stats.rx_late > 100);
	}
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
	    cmocka_unit_test(half_a_window_is_acknowledged_at_once),
	    cmocka_unit_test(rfc4_3_packets_are_put_in_order),
	    cmocka_unit_test(rfc4_3_late_packet_is_dropped),
	    cmocka_unit_test(rfc4_3_duplicates_are_dropped),
	    cmocka_unit_test(hole_is_waited_for_from_the_first_packet_behind_it),
	    cmocka_unit_test(full_ring_gives_up_the_oldest_holes),
	    cmocka_unit_test(depth_of_one_holds_nothing),
	    cmocka_unit_test(frame_too_long_to_be_held_is_dropped),
	    cmocka_unit_test(one_far_packet_changes_nothing),
	    cmocka_unit_test(run_of_far_packets_is_followed),
	    cmocka_unit_test(malformed_and_foreign_datagrams_are_counted),
	    cmocka_unit_test(session_that_is_not_drained_loses_the_borrowed_frame),
	    cmocka_unit_test(every_failing_allocation_gives_null_and_leaks_nothing),
	    cmocka_unit_test(rfc4_3_shuffled_lossy_stream_comes_out_in_order),
	    cmocka_unit_test(rfc4_3_hopeless_stream_is_still_in_order),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
