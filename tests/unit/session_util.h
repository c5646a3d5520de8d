/*
 * session_util.h: a session with a scripted peer, in virtual time.
 */
#ifndef SESSION_UTIL_H
#define SESSION_UTIL_H

#include "util.h"

#define OUR_ID    0x1111
#define PEER_ID   0x2222
#define WAIT      (100 * PPTP_MSEC) /* reorder_wait: the most */
#define FIRST     (20 * PPTP_MSEC)  /* what a hole is waited for with nothing seen */
#define SECOND    18750             /* and with one loss seen */
#define LEAST     (5 * PPTP_MSEC)   /* and with many */
#define ACK_DELAY (100 * PPTP_MSEC)

struct line {
	struct surroundings s;
	struct pptp_session *session;
	uint64_t now;
};

static inline void
line_open(struct line *l, const struct pptp_session_params *params)
{
	surroundings_init(&l->s);
	l->now = 1000 * PPTP_SEC;
	l->session = pptp_session_new(&l->s.env, params);
	assert_non_null(l->session);
}

static inline void
line_init(struct line *l, uint16_t depth, uint16_t window)
{
	const struct pptp_session_params params = {.local_call_id = OUR_ID,
	    .peer_call_id = PEER_ID,
	    .recv_window = window,
	    .reorder_depth = depth};

	line_open(l, &params);
}

static inline void
line_fini(struct line *l)
{
	pptp_session_free(l->session);
	assert_int_equal(l->s.live, 0);
}

static inline struct pptp_session_stats
stats_of(const struct line *l)
{
	struct pptp_session_stats stats;

	pptp_session_stats(l->session, &stats);
	return stats;
}

/* The peer sends; the datagram must live until it is drained. */
static inline int
recv_gre(struct line *l, struct pptp_gre gre, const void *payload, uint8_t *datagram)
{
	size_t len;

	gre.call_id = gre.call_id != 0 ? gre.call_id : OUR_ID;
	assert_int_equal(pptp_gre_encode(&gre, datagram, PPTP_GRE_MAX_HEADER, &len), PPTP_OK);
	if (gre.payload_len > 0)
		memcpy(datagram + len, payload, gre.payload_len);
	return pptp_session_recv(l->session, datagram, len + gre.payload_len, l->now);
}

static inline void
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

static inline void
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
static inline void
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

static inline void
is_discarded(struct line *l, uint32_t seq)
{
	const struct pptp_gre gre = {.has_seq = true, .seq = seq, .payload_len = sizeof(seq)};
	uint8_t datagram[PPTP_GRE_MAX_HEADER + sizeof(seq)];

	assert_int_equal(recv_gre(l, gre, &seq, datagram), PPTP_ERR_DISCARD);
	next_is_nothing(l);
}

static inline void
peer_acks(struct line *l, uint32_t ack)
{
	uint8_t datagram[PPTP_GRE_MAX_HEADER];

	assert_int_equal(
	    recv_gre(l, (struct pptp_gre){.has_ack = true, .ack = ack}, "", datagram), PPTP_OK);
	next_is_nothing(l);
}

/* We send one frame; the header that went before it. */
static inline struct pptp_gre
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

static inline void
no_ack_is_due(struct line *l)
{
	uint8_t out[12];
	size_t len;

	assert_int_equal(
	    pptp_session_ack(l->session, out, sizeof(out), &len, l->now), PPTP_ERR_AGAIN);
}

static inline void
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

#endif
