/*
 * session.c: one session, the GRE side of a call (RFC 2637 4): sequence numbers, order,
 * acknowledgements.
 *
 * A packet in order is never copied: it stays in the caller's datagram (`direct`) until
 * pptp_session_next() takes it.  A packet behind a hole is copied into a ring of slots,
 * where it is found by its number.  `next` is the first number that was neither delivered
 * nor given up; holes below `floor` have been given up and are counted as lost when
 * `next` comes by.
 */
#include "pptp.h"

#include <string.h>

#define DEFAULT_RECV_WINDOW   64
#define DEFAULT_REORDER_DEPTH 256
#define DEFAULT_REORDER_WAIT  (100 * PPTP_MSEC)
#define DEFAULT_ACK_DELAY     (100 * PPTP_MSEC)
#define DEFAULT_MAX_PAYLOAD   1600

/* A jump that is shorter is loss; a longer one must prove itself (I2, G6). */
#define FORWARD_BOUND 2048
#define RESYNC_RUN    4    /* consecutive numbers that prove it */
#define HISTORY       1024 /* numbers below `next` of which we know how they ended */
#define SEND_TIMES    256  /* packets sent whose time is remembered; a power of two */
#define RTT_GAIN      8    /* 1/alpha (4.4.1) */

struct slot {
	uint64_t arrived; /* us */
	uint16_t len;     /* octets; 0: the slot is free */
};

struct pptp_session {
	const struct pptp_env *env; /* borrows */
	struct pptp_session_params params;
	struct pptp_session_stats stats;

	/* Receiving. */
	bool received; /* anything; until then no number below means anything */
	uint32_t next;
	uint32_t floor;   /* `next` or after it */
	uint32_t highest; /* received: what we acknowledge (4.1) */
	uint32_t depth;   /* slots; a power of two, so that numbers wrap with the ring */
	uint32_t held;
	struct slot *slots; /* owns depth of them */
	uint8_t *payloads;  /* owns depth times max_payload octets */
	struct {
		const uint8_t *payload; /* borrows the datagram; NULL: none */
		uint32_t seq;
		uint16_t len;
		uint64_t arrived;
		bool jump; /* `next` moves to seq once nothing is held any more */
	} direct;
	/* us: when the first packet behind the hole at `next` came; PPTP_NEVER: no hole */
	uint64_t hole_since;
	/* Bit n % HISTORY: the number n was given up, or never known. */
	uint64_t gone[HISTORY / 64];
	uint32_t far_next; /* what the next packet out of bounds would have to be */
	unsigned far_run;

	/* Acknowledging: owed while acked differs from highest. */
	uint32_t acked;   /* the last number that we acknowledged */
	uint64_t ack_due; /* us, or PPTP_NEVER */

	/* Sending. */
	uint32_t tx_next;
	uint32_t tx_unacked; /* the first number that the peer has not acknowledged */
	uint64_t sent[SEND_TIMES];
	uint64_t rtt_scaled; /* us, times RTT_GAIN */
};

/* ---------------------------------------------------------------------- life and death */

static uint32_t
power_of_two(uint32_t atleast)
{
	uint32_t power = 1;

	while (power < atleast)
		power *= 2;
	return power;
}

static void
set_defaults(struct pptp_session_params *params)
{
	if (params->recv_window == 0)
		params->recv_window = DEFAULT_RECV_WINDOW;
	if (params->reorder_depth == 0)
		params->reorder_depth = DEFAULT_REORDER_DEPTH;
	if (params->reorder_wait == 0)
		params->reorder_wait = DEFAULT_REORDER_WAIT;
	if (params->ack_delay == 0)
		params->ack_delay = DEFAULT_ACK_DELAY;
	if (params->max_payload == 0)
		params->max_payload = DEFAULT_MAX_PAYLOAD;
}

struct pptp_session *
pptp_session_new(const struct pptp_env *env, const struct pptp_session_params *params)
{
	struct pptp_session *session = env->alloc(env->ctx, sizeof(*session));

	if (session == NULL)
		return NULL;
	session->env = env;
	session->params = *params;
	set_defaults(&session->params);
	session->depth = power_of_two(session->params.reorder_depth);
	session->hole_since = PPTP_NEVER;
	session->ack_due = PPTP_NEVER;
	session->slots = env->alloc(env->ctx, session->depth * sizeof(*session->slots));
	session->payloads =
	    env->alloc(env->ctx, (size_t)session->depth * session->params.max_payload);
	if (session->slots == NULL || session->payloads == NULL) {
		pptp_session_free(session);
		return NULL;
	}
	return session;
}

void
pptp_session_free(struct pptp_session *session)
{
	const struct pptp_env *env;

	if (session == NULL)
		return;
	env = session->env;
	env->free(env->ctx, session->payloads);
	env->free(env->ctx, session->slots);
	env->free(env->ctx, session);
}

/* ------------------------------------------------------------------------------ numbers */

/* Numbers wrap at 2^32 (F4): before is less than half of the circle behind. */
static bool
is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static struct slot *
slot_of(const struct pptp_session *session, uint32_t seq)
{
	return &session->slots[seq & (session->depth - 1)];
}

static uint8_t *
payload_of(const struct pptp_session *session, uint32_t seq)
{
	return session->payloads +
	       (size_t)(seq & (session->depth - 1)) * session->params.max_payload;
}

static bool
is_held(const struct pptp_session *session, uint32_t seq)
{
	return slot_of(session, seq)->len > 0;
}

/* The number `next` is done with, one way or the other. */
static void
pass(struct pptp_session *session, bool gone)
{
	const uint64_t bit = UINT64_C(1) << session->next % 64;
	uint64_t *word = &session->gone[session->next % HISTORY / 64];

	*word = gone ? *word | bit : *word & ~bit;
	if (session->floor == session->next)
		session->floor++;
	session->next++;
}

/* No number before `seq` is waited for any more. */
static void
give_up_before(struct pptp_session *session, uint32_t seq)
{
	if (is_before(session->floor, seq))
		session->floor = seq;
}

/* The peer's numbers start (again) at `seq`: nothing is known of those below. */
static void
start_at(struct pptp_session *session, uint32_t seq)
{
	session->next = session->floor = seq;
	memset(session->gone, 0xff, sizeof(session->gone));
}

/* ---------------------------------------------------------------------- putting in order */

/* Copies the packet that came in the datagram into its slot. */
static void
hold(struct pptp_session *session)
{
	struct slot *slot = slot_of(session, session->direct.seq);

	/* It stays a hole, and will be counted as lost as well. */
	if (session->direct.len > session->params.max_payload) {
		session->stats.rx_too_long++;
	} else {
		memcpy(payload_of(session, session->direct.seq), session->direct.payload,
		    session->direct.len);
		slot->len = session->direct.len;
		slot->arrived = session->direct.arrived;
		session->held++;
	}
	session->direct.payload = NULL;
}

/* When the first of those held behind the hole at `next` arrived. */
static uint64_t
first_arrival(const struct pptp_session *session)
{
	uint64_t first = PPTP_NEVER;
	uint32_t left = session->held;

	for (uint32_t seq = session->next + 1; left > 0; seq++) {
		if (!is_held(session, seq))
			continue;
		left--;
		if (slot_of(session, seq)->arrived < first)
			first = slot_of(session, seq)->arrived;
	}
	return first;
}

static bool
is_deliverable(const struct pptp_session *session)
{
	if (is_held(session, session->next))
		return true;
	return session->direct.payload != NULL && session->direct.seq == session->next;
}

/*
 * Moves `next` over what has been given up, as far as the next frame to deliver, and puts
 * the packet of the datagram into the ring if it has to wait and there is room.
 */
static void
settle(struct pptp_session *session)
{
	while (is_before(session->next, session->floor) && !is_deliverable(session)) {
		session->stats.rx_lost++;
		pass(session, true);
	}
	if (session->direct.payload != NULL && session->direct.jump && session->held == 0) {
		session->direct.jump = false;
		start_at(session, session->direct.seq);
	}
	if (is_deliverable(session)) {
		session->hole_since = PPTP_NEVER;
		return;
	}
	if (session->direct.payload != NULL)
		hold(session);
	/* Otherwise `next` has not moved: it does not step over a held frame by itself. */
	if (session->hole_since == PPTP_NEVER)
		session->hole_since = first_arrival(session);
}

/* A packet out of bounds: whether it is the last of a run that we follow. */
static bool
is_resync(struct pptp_session *session, uint32_t seq)
{
	session->far_run = seq == session->far_next ? session->far_run + 1 : 1;
	session->far_next = seq + 1;
	return session->far_run >= RESYNC_RUN;
}

/* A number below `next`: delivered or given up before (4.3: "silently discard"). */
static int
discard_old(struct pptp_session *session, uint32_t seq)
{
	const uint64_t bit = UINT64_C(1) << seq % 64;
	uint64_t *word = &session->gone[seq % HISTORY / 64];

	if (session->next - seq > HISTORY) {
		session->stats.rx_late++;
	} else if ((*word & bit) != 0) {
		session->stats.rx_late++;
		*word &= ~bit; /* now it has been seen */
	} else {
		session->stats.rx_duplicate++;
	}
	return PPTP_ERR_DISCARD;
}

/* `seq` was received: the highest one is owed to the peer (4.1, F5). */
static void
owe_ack(struct pptp_session *session, uint32_t seq, uint64_t now)
{
	const uint32_t half =
	    session->params.recv_window > 1 ? session->params.recv_window / 2u : 1;

	if (!is_before(session->highest, seq))
		return;
	session->highest = seq;
	if (session->ack_due == PPTP_NEVER)
		session->ack_due = now + session->params.ack_delay;
	/* A peer that keeps to the window must not stand still for us (G12). */
	if (session->highest - session->acked >= half && now < session->ack_due)
		session->ack_due = now;
}

/* The packet is to be delivered: now, or when those before it came or were given up. */
static void
take(struct pptp_session *session, const struct pptp_gre *gre, uint64_t now)
{
	session->direct.payload = gre->payload;
	session->direct.seq = gre->seq;
	session->direct.len = gre->payload_len;
	session->direct.arrived = now;
	session->direct.jump = false;
}

static int
recv_payload(struct pptp_session *session, const struct pptp_gre *gre, uint64_t now)
{
	const int32_t bound =
	    (int32_t)(4 * session->depth > FORWARD_BOUND ? 4 * session->depth : FORWARD_BOUND);
	int32_t ahead;

	if (!session->received) {
		session->received = true;
		start_at(session, gre->seq); /* 0, 1, or any other (F6) */
		session->highest = session->acked = gre->seq - 1;
	}
	ahead = (int32_t)(gre->seq - session->next);
	if (ahead >= bound || ahead < -bound) {
		if (!is_resync(session, gre->seq)) {
			session->stats.rx_far++;
			return PPTP_ERR_DISCARD;
		}
		session->stats.rx_resync++;
		session->far_run = 0;
		take(session, gre, now);
		session->direct.jump = true;
		give_up_before(session, session->highest + 1); /* what is held goes first */
		session->highest = session->acked = gre->seq - 1;
	} else if (ahead < 0) {
		return discard_old(session, gre->seq);
	} else if (ahead < (int32_t)session->depth && is_held(session, gre->seq)) {
		session->stats.rx_duplicate++;
		return PPTP_ERR_DISCARD;
	} else {
		session->far_run = 0;
		if (is_before(gre->seq, session->highest) &&
		    (ahead == 0 || gre->payload_len <= session->params.max_payload))
			session->stats.rx_reordered++;
		take(session, gre, now);
		/* The ring ends before it: the oldest holes make room. */
		if (ahead >= (int32_t)session->depth)
			give_up_before(session, gre->seq - session->depth + 1);
	}
	owe_ack(session, gre->seq, now);
	settle(session);
	return PPTP_OK;
}

/* ----------------------------------------------------------------------------- the peer */

/* The peer has received everything up to `ack` (4.2.5). */
static void
recv_ack(struct pptp_session *session, uint32_t ack, uint64_t now)
{
	uint64_t sample;

	/* Old, or for what was never sent (G8). */
	if (ack - session->tx_unacked >= session->tx_next - session->tx_unacked)
		return;
	session->tx_unacked = ack + 1;
	if (session->tx_next - ack > SEND_TIMES)
		return;
	sample = now - session->sent[ack % SEND_TIMES];
	if (session->rtt_scaled == 0)
		session->rtt_scaled = sample * RTT_GAIN;
	else
		session->rtt_scaled += sample - session->rtt_scaled / RTT_GAIN;
	session->stats.rtt = session->rtt_scaled / RTT_GAIN;
}

int
pptp_session_recv(struct pptp_session *session, const uint8_t *data, size_t len, uint64_t now)
{
	struct pptp_gre gre;

	session->direct.payload = NULL;
	if (pptp_gre_decode(&gre, data, len) != PPTP_OK || (!gre.has_seq && !gre.has_ack)) {
		session->stats.rx_bad++;
		return PPTP_ERR_DISCARD;
	}
	if (gre.call_id != session->params.local_call_id) {
		session->stats.rx_other_call++;
		return PPTP_ERR_DISCARD;
	}
	if (gre.has_ack)
		recv_ack(session, gre.ack, now);
	if (gre.has_seq)
		return recv_payload(session, &gre, now);
	session->stats.rx_acks++;
	return PPTP_OK;
}

int
pptp_session_next(struct pptp_session *session, const uint8_t **frame, size_t *len)
{
	struct slot *slot;

	settle(session);
	if (!is_deliverable(session))
		return PPTP_ERR_AGAIN;
	slot = slot_of(session, session->next);
	if (slot->len > 0) {
		*frame = payload_of(session, session->next);
		*len = slot->len;
		slot->len = 0;
		session->held--;
	} else {
		*frame = session->direct.payload;
		*len = session->direct.len;
		session->direct.payload = NULL;
	}
	pass(session, false);
	session->stats.rx_packets++;
	session->stats.rx_bytes += *len;
	return PPTP_OK;
}

/* The acknowledgement that is owed, into a header.  Nothing before the first packet (F5). */
static void
pay_ack(struct pptp_session *session, struct pptp_gre *gre)
{
	if (!session->received || session->highest == session->acked)
		return;
	gre->has_ack = true;
	gre->ack = session->highest;
	session->acked = session->highest;
	session->ack_due = PPTP_NEVER;
}

int
pptp_session_send(struct pptp_session *session, uint8_t *frame, size_t len, uint8_t **packet,
    size_t *packet_len, uint64_t now)
{
	struct pptp_gre gre = {.call_id = session->params.peer_call_id, .has_seq = true};
	uint8_t header[PPTP_GRE_MAX_HEADER];
	size_t header_len;
	int err;

	if (len == 0 || len > UINT16_MAX)
		return PPTP_ERR_INVAL;
	gre.payload_len = (uint16_t)len;
	gre.seq = session->tx_next;
	pay_ack(session, &gre);
	err = pptp_gre_encode(&gre, header, sizeof(header), &header_len);
	if (err != PPTP_OK)
		return err;
	session->sent[session->tx_next % SEND_TIMES] = now;
	session->tx_next++;
	session->stats.tx_packets++;
	session->stats.tx_bytes += len;
	*packet = frame - header_len;
	*packet_len = header_len + len;
	memcpy(*packet, header, header_len);
	return PPTP_OK;
}

int
pptp_session_ack(struct pptp_session *session, uint8_t *out, size_t size, size_t *len, uint64_t now)
{
	struct pptp_gre gre = {.call_id = session->params.peer_call_id, .has_ack = true};
	int err;

	if (session->ack_due == PPTP_NEVER || session->ack_due > now)
		return PPTP_ERR_AGAIN;
	gre.ack = session->highest;
	err = pptp_gre_encode(&gre, out, size, len);
	if (err != PPTP_OK)
		return err;
	pay_ack(session, &gre);
	session->stats.tx_acks++;
	return PPTP_OK;
}

uint64_t
pptp_session_deadline(const struct pptp_session *session)
{
	uint64_t hole_due = PPTP_NEVER;

	if (session->hole_since != PPTP_NEVER)
		hole_due = session->hole_since + session->params.reorder_wait;
	return hole_due < session->ack_due ? hole_due : session->ack_due;
}

void
pptp_session_expire(struct pptp_session *session, uint64_t now)
{
	uint32_t left = session->held;

	if (session->hole_since == PPTP_NEVER ||
	    session->hole_since + session->params.reorder_wait > now)
		return;
	/* No packet waits longer than reorder_wait: every hole before one that did is
	 * over. */
	for (uint32_t seq = session->next + 1; left > 0; seq++) {
		if (!is_held(session, seq))
			continue;
		left--;
		if (slot_of(session, seq)->arrived + session->params.reorder_wait <= now)
			give_up_before(session, seq);
	}
	settle(session);
}

void
pptp_session_stats(const struct pptp_session *session, struct pptp_session_stats *stats)
{
	*stats = session->stats;
}
