/*
 * reorder.c: putting a session's packets in order (RFC 2637 4.3).
 *
 * A packet in order is never copied: it stays in the caller's datagram (`direct`) until
 * reorder_next() takes it.  A packet behind a hole is copied into a ring of slots, where it
 * is found by its number.  `next` is the first number that was neither delivered nor given
 * up; holes below `floor` have been given up and are counted as lost when `next` comes by.
 */
#include "reorder.h"

#include <string.h>

/* A jump that is shorter is loss; a longer one must prove itself (I2, G6). */
#define FORWARD_BOUND 2048
#define RESYNC_RUN    4 /* consecutive numbers that prove it */

/* ---------------------------------------------------------------------- life and death */

static uint32_t
power_of_two(uint32_t atleast)
{
	uint32_t power = 1;

	while (power < atleast)
		power *= 2;
	return power;
}

bool
reorder_init(struct reorder *reorder, const struct pptp_env *env,
    const struct pptp_session_params *params, struct pptp_session_stats *stats)
{
	memset(reorder, 0, sizeof(*reorder));
	reorder->env = env;
	reorder->params = params;
	reorder->stats = stats;
	reorder->depth = power_of_two(params->reorder_depth);
	reorder->hole_since = PPTP_NEVER;
	reorder->slots = env->alloc(env->ctx, reorder->depth * sizeof(*reorder->slots));
	reorder->payloads = env->alloc(env->ctx, (size_t)reorder->depth * params->max_payload);
	return reorder->slots != NULL && reorder->payloads != NULL;
}

void
reorder_fini(struct reorder *reorder)
{
	const struct pptp_env *env = reorder->env;

	env->free(env->ctx, reorder->payloads);
	env->free(env->ctx, reorder->slots);
}

/* ------------------------------------------------------------------------------ numbers */

/* Numbers wrap at 2^32 (F4): before is less than half of the circle behind. */
static bool
is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static struct reorder_slot *
slot_of(const struct reorder *reorder, uint32_t seq)
{
	return &reorder->slots[seq & (reorder->depth - 1)];
}

static uint8_t *
payload_of(const struct reorder *reorder, uint32_t seq)
{
	return reorder->payloads +
	       (size_t)(seq & (reorder->depth - 1)) * reorder->params->max_payload;
}

static bool
is_held(const struct reorder *reorder, uint32_t seq)
{
	return slot_of(reorder, seq)->len > 0;
}

/* The number `next` is done with, one way or the other. */
static void
pass(struct reorder *reorder, bool gone)
{
	const uint64_t bit = UINT64_C(1) << reorder->next % 64;
	uint64_t *word = &reorder->gone[reorder->next % REORDER_HISTORY / 64];

	*word = gone ? *word | bit : *word & ~bit;
	if (reorder->floor == reorder->next)
		reorder->floor++;
	reorder->next++;
}

/* No number before `seq` is waited for any more. */
static void
give_up_before(struct reorder *reorder, uint32_t seq)
{
	if (is_before(reorder->floor, seq))
		reorder->floor = seq;
}

/* The peer's numbers start (again) at `seq`: nothing is known of those below. */
static void
start_at(struct reorder *reorder, uint32_t seq)
{
	reorder->next = reorder->floor = seq;
	memset(reorder->gone, 0xff, sizeof(reorder->gone));
}

/* ---------------------------------------------------------------------- putting in order */

/* Copies the packet that came in the datagram into its slot. */
static void
hold(struct reorder *reorder)
{
	struct reorder_slot *slot = slot_of(reorder, reorder->direct.seq);

	/* It stays a hole, and will be counted as lost as well. */
	if (reorder->direct.len > reorder->params->max_payload) {
		reorder->stats->rx_too_long++;
	} else {
		memcpy(payload_of(reorder, reorder->direct.seq), reorder->direct.payload,
		    reorder->direct.len);
		slot->len = reorder->direct.len;
		slot->arrived = reorder->direct.arrived;
		reorder->held++;
	}
	reorder->direct.payload = NULL;
}

/* When the first of those held behind the hole at `next` arrived. */
static uint64_t
first_arrival(const struct reorder *reorder)
{
	uint64_t first = PPTP_NEVER;
	uint32_t left = reorder->held;

	for (uint32_t seq = reorder->next + 1; left > 0; seq++) {
		if (!is_held(reorder, seq))
			continue;
		left--;
		if (slot_of(reorder, seq)->arrived < first)
			first = slot_of(reorder, seq)->arrived;
	}
	return first;
}

static bool
is_deliverable(const struct reorder *reorder)
{
	if (is_held(reorder, reorder->next))
		return true;
	return reorder->direct.payload != NULL && reorder->direct.seq == reorder->next;
}

/*
 * Moves `next` over what has been given up, as far as the next frame to deliver, and puts
 * the packet of the datagram into the ring if it has to wait and there is room.
 */
static void
settle(struct reorder *reorder)
{
	while (is_before(reorder->next, reorder->floor) && !is_deliverable(reorder)) {
		reorder->stats->rx_lost++;
		pass(reorder, true);
	}
	if (reorder->direct.payload != NULL && reorder->direct.jump && reorder->held == 0) {
		reorder->direct.jump = false;
		start_at(reorder, reorder->direct.seq);
	}
	if (is_deliverable(reorder)) {
		reorder->hole_since = PPTP_NEVER;
		return;
	}
	if (reorder->direct.payload != NULL)
		hold(reorder);
	/* Otherwise `next` has not moved: it does not step over a held frame by itself. */
	if (reorder->hole_since == PPTP_NEVER)
		reorder->hole_since = first_arrival(reorder);
}

/* A packet out of bounds: whether it is the last of a run that we follow. */
static bool
is_resync(struct reorder *reorder, uint32_t seq)
{
	reorder->far_run = seq == reorder->far_next ? reorder->far_run + 1 : 1;
	reorder->far_next = seq + 1;
	return reorder->far_run >= RESYNC_RUN;
}

/* A number below `next`: delivered or given up before (4.3: "silently discard"). */
static int
discard_old(struct reorder *reorder, uint32_t seq)
{
	const uint64_t bit = UINT64_C(1) << seq % 64;
	uint64_t *word = &reorder->gone[seq % REORDER_HISTORY / 64];

	if (reorder->next - seq > REORDER_HISTORY) {
		reorder->stats->rx_late++;
	} else if ((*word & bit) != 0) {
		reorder->stats->rx_late++;
		*word &= ~bit; /* now it has been seen */
	} else {
		reorder->stats->rx_duplicate++;
	}
	return PPTP_ERR_DISCARD;
}

/* The packet is to be delivered: now, or when those before it came or were given up. */
static void
take(struct reorder *reorder, const struct pptp_gre *gre, uint64_t now)
{
	reorder->direct.payload = gre->payload;
	reorder->direct.seq = gre->seq;
	reorder->direct.len = gre->payload_len;
	reorder->direct.arrived = now;
	reorder->direct.jump = false;
	if (is_before(reorder->highest, gre->seq))
		reorder->highest = gre->seq;
}

/* Out of bounds: dropped, unless it is one of a run, which the peer's numbers then follow. */
static int
put_far(struct reorder *reorder, const struct pptp_gre *gre, uint64_t now)
{
	if (!is_resync(reorder, gre->seq)) {
		reorder->stats->rx_far++;
		return PPTP_ERR_DISCARD;
	}
	reorder->stats->rx_resync++;
	reorder->far_run = 0;
	give_up_before(reorder, reorder->highest + 1); /* what is held goes first */
	reorder->highest = gre->seq;
	take(reorder, gre, now);
	reorder->direct.jump = true;
	settle(reorder);
	return PPTP_OK;
}

int
reorder_put(struct reorder *reorder, const struct pptp_gre *gre, uint64_t now)
{
	const int32_t bound =
	    (int32_t)(4 * reorder->depth > FORWARD_BOUND ? 4 * reorder->depth : FORWARD_BOUND);
	int32_t ahead;

	if (!reorder->started) {
		reorder->started = true;
		start_at(reorder, gre->seq); /* 0, 1, or any other (F6) */
		reorder->highest = gre->seq - 1;
	}
	ahead = (int32_t)(gre->seq - reorder->next);
	if (ahead >= bound || ahead < -bound)
		return put_far(reorder, gre, now);
	if (ahead < 0)
		return discard_old(reorder, gre->seq);
	if (ahead < (int32_t)reorder->depth && is_held(reorder, gre->seq)) {
		reorder->stats->rx_duplicate++;
		return PPTP_ERR_DISCARD;
	}
	reorder->far_run = 0;
	if (is_before(gre->seq, reorder->highest) &&
	    (ahead == 0 || gre->payload_len <= reorder->params->max_payload))
		reorder->stats->rx_reordered++;
	take(reorder, gre, now);
	/* The ring ends before it: the oldest holes make room. */
	if (ahead >= (int32_t)reorder->depth)
		give_up_before(reorder, gre->seq - reorder->depth + 1);
	settle(reorder);
	return PPTP_OK;
}

int
reorder_next(struct reorder *reorder, const uint8_t **frame, size_t *len)
{
	struct reorder_slot *slot;

	settle(reorder);
	if (!is_deliverable(reorder))
		return PPTP_ERR_AGAIN;
	slot = slot_of(reorder, reorder->next);
	if (slot->len > 0) {
		*frame = payload_of(reorder, reorder->next);
		*len = slot->len;
		slot->len = 0;
		reorder->held--;
	} else {
		*frame = reorder->direct.payload;
		*len = reorder->direct.len;
		reorder->direct.payload = NULL;
	}
	pass(reorder, false);
	reorder->stats->rx_packets++;
	reorder->stats->rx_bytes += *len;
	return PPTP_OK;
}

void
reorder_release(struct reorder *reorder)
{
	reorder->direct.payload = NULL;
}

uint64_t
reorder_deadline(const struct reorder *reorder)
{
	if (reorder->hole_since == PPTP_NEVER)
		return PPTP_NEVER;
	return reorder->hole_since + reorder->params->reorder_wait;
}

void
reorder_expire(struct reorder *reorder, uint64_t now)
{
	const uint64_t wait = reorder->params->reorder_wait;
	uint32_t left = reorder->held;

	if (reorder_deadline(reorder) > now)
		return;
	/* No packet waits longer than that: every hole before one that did is over. */
	for (uint32_t seq = reorder->next + 1; left > 0; seq++) {
		if (!is_held(reorder, seq))
			continue;
		left--;
		if (slot_of(reorder, seq)->arrived + wait <= now)
			give_up_before(reorder, seq);
	}
	settle(reorder);
}
