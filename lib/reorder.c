/*
 * reorder.c: putting a session's packets in order (RFC 2637 4.3).
 *
 * A packet in order is never copied: it stays in the caller's datagram (`direct`) until
 * reorder_next() takes it.  A packet behind a hole is copied into a ring of slots, where it
 * is found by its number.  `next` is the first number that was neither delivered nor given
 * up; holes below `floor` have been given up and are counted as lost when `next` comes by.
 *
 * How long a hole is waited for.  A lost packet and a late one look alike at first.  To wait
 * too long for a lost one stands the line still: what is sent inside the tunnel waits for
 * what will never come.  To give up a late one too soon makes a loss of it.  So a hole is
 * waited for as long as packets have been seen to be late, counted both in time and in
 * packets, whichever is over first: after a real loss on a busy line the packets behind it
 * tell soonest.  A packet that comes late raises what is waited; each loss lowers it a
 * little, down to when TCP would call it lost as well.
 */
#include "reorder.h"

#include <string.h>

/* A jump that is shorter is loss; a longer one, or one far back, must prove itself (I2). */
#define FORWARD_WINDOW 256
#define BACKWARD_BOUND 2048
#define RESYNC_RUN     4    /* numbers in a row that prove it */
#define RESYNC_STEP    2048 /* from one to the next: a stream ahead may go on losing packets */

/* How late packets are taken to be before one was seen: a hole is waited for 20 ms then. */
#define FIRST_TIME (16 * PPTP_MSEC)

/* What a hole is waited for at least: when losses have shown that nothing is ever late. */
#define LEAST_TIME  (5 * PPTP_MSEC)
#define LEAST_COUNT 3  /* packets, as TCP's duplicate acknowledgements (RFC 5681 3.2) */
#define MARGIN      4  /* a quarter more than was seen */
#define DECAY       16 /* a loss takes a sixteenth of it */

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
	reorder->seen_time = FIRST_TIME;
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

/* The number `next` is done with, one way or the other; it came, or was missed, then. */
static void
pass(struct reorder *reorder, struct reorder_stamp stamp, bool gone)
{
	const uint64_t bit = UINT64_C(1) << reorder->next % 64;
	uint64_t *word = &reorder->gone[reorder->next % REORDER_HISTORY / 64];

	*word = gone ? *word | bit : *word & ~bit;
	reorder->neighbours[reorder->next % REORDER_NEIGHBOURS] = stamp;
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
	reorder->next = reorder->floor = reorder->missed_to = reorder->gap_end = seq;
	memset(reorder->slots, 0, reorder->depth * sizeof(*reorder->slots));
	memset(reorder->gone, 0xff, sizeof(reorder->gone));
}

/* ----------------------------------------------------------------------------- waiting */

static uint64_t
wait_time(const struct reorder *reorder)
{
	const uint64_t seen = reorder->seen_time + reorder->seen_time / MARGIN;
	const uint64_t wait = seen > LEAST_TIME ? seen : LEAST_TIME;

	return wait < reorder->params->reorder_wait ? wait : reorder->params->reorder_wait;
}

static uint32_t
wait_count(const struct reorder *reorder)
{
	const uint32_t seen = reorder->seen_count + reorder->seen_count / MARGIN;

	return seen > LEAST_COUNT ? seen : LEAST_COUNT;
}

static bool
is_later(const struct reorder_stamp *a, const struct reorder_stamp *b)
{
	return a->time > b->time || (a->time == b->time && is_before(b->order, a->order));
}

/*
 * From when on the packet `next` is late: one behind it has come, and so have those just
 * before it.  A single packet that comes early makes holes of all the numbers that it
 * overtook, but they come in their turn; none of them is late before its neighbours are.
 */
static struct reorder_stamp
missed_since(const struct reorder *reorder)
{
	struct reorder_stamp since = slot_of(reorder, reorder->next)->stamp;

	for (unsigned i = 0; i < REORDER_NEIGHBOURS; i++) {
		if (is_later(&reorder->neighbours[i], &since))
			since = reorder->neighbours[i];
	}
	return since;
}

uint64_t
reorder_deadline(const struct reorder *reorder)
{
	uint64_t due, last;

	if (reorder->held == 0)
		return PPTP_NEVER;
	due = missed_since(reorder).time + wait_time(reorder);
	/* Nothing that is held waits longer than this. */
	last = slot_of(reorder, reorder->next)->stamp.time + reorder->params->reorder_wait;
	return due < last ? due : last;
}

static bool
is_lost(const struct reorder *reorder)
{
	return reorder->now.order - missed_since(reorder).order > wait_count(reorder) ||
	       reorder_deadline(reorder) <= reorder->now.time;
}

void
reorder_waits(const struct reorder *reorder, struct pptp_session_stats *stats)
{
	stats->rx_wait = wait_time(reorder);
	stats->rx_wait_packets = wait_count(reorder);
}

/* A packet came that was missed since then. */
static void
learn(struct reorder *reorder, const struct reorder_stamp *since)
{
	const uint64_t time = reorder->now.time - since->time;
	const uint32_t count = reorder->now.order - since->order;

	/* So late that no wait would have helped, or a number that was never missed. */
	if (time > reorder->params->reorder_wait)
		return;
	if (reorder->seen_time < time)
		reorder->seen_time = time;
	if (reorder->seen_count < count)
		reorder->seen_count = count;
}

/* The packet `next` is given up.  Its slot keeps since when it was missed: it may yet come. */
static void
lose(struct reorder *reorder)
{
	const struct reorder_stamp since = missed_since(reorder);

	if (reorder->next != reorder->gap_end) { /* a gap counts once, however wide */
		reorder->seen_time -= reorder->seen_time / DECAY;
		reorder->seen_count -= (reorder->seen_count + DECAY - 1) / DECAY;
	}
	reorder->gap_end = reorder->next + 1;
	slot_of(reorder, reorder->next)->stamp = since;
	reorder->stats->rx_lost++;
	pass(reorder, since, true);
}

/* ---------------------------------------------------------------------- putting in order */

/* The numbers before `seq` that were not missed yet are from now on. */
static void
miss_before(struct reorder *reorder, uint32_t seq)
{
	if (is_before(reorder->missed_to, reorder->next))
		reorder->missed_to = reorder->next;
	for (; is_before(reorder->missed_to, seq); reorder->missed_to++)
		slot_of(reorder, reorder->missed_to)->stamp = reorder->now;
	if (reorder->missed_to == seq)
		reorder->missed_to++;
}

/* Copies the packet that came in the datagram into its slot. */
static void
hold(struct reorder *reorder)
{
	struct reorder_slot *slot = slot_of(reorder, reorder->direct.seq);

	miss_before(reorder, reorder->direct.seq);
	slot->stamp = reorder->now;
	/* It stays a hole, and will be counted as lost as well. */
	if (reorder->direct.len > reorder->params->max_payload) {
		reorder->stats->rx_too_long++;
	} else {
		memcpy(payload_of(reorder, reorder->direct.seq), reorder->direct.payload,
		    reorder->direct.len);
		slot->len = reorder->direct.len;
		reorder->held++;
	}
	reorder->direct.payload = NULL;
}

static bool
is_deliverable(const struct reorder *reorder)
{
	if (is_held(reorder, reorder->next))
		return true;
	return reorder->direct.payload != NULL && reorder->direct.seq == reorder->next;
}

/*
 * A wide forward window lets a number leap by a million.  Of those that are given up at once only
 * the last ones leave a trace; before them are none that are held, and none that has just come.
 */
static void
step_over(struct reorder *reorder)
{
	const uint32_t many = reorder->floor - reorder->next;

	if (reorder->held > 0 || many <= REORDER_HISTORY ||
	    (reorder->direct.payload != NULL && is_before(reorder->direct.seq, reorder->floor)))
		return;
	reorder->stats->rx_lost += many - REORDER_HISTORY;
	reorder->next += many - REORDER_HISTORY;
}

/*
 * Moves `next` over what is given up, as far as the next frame to deliver, and puts the
 * packet of the datagram into the ring if it has to wait and there is room.
 */
static void
settle(struct reorder *reorder)
{
	while (!is_deliverable(reorder)) {
		if (is_before(reorder->next, reorder->floor)) {
			step_over(reorder);
			reorder->stats->rx_lost++;
			pass(reorder, slot_of(reorder, reorder->next)->stamp, true);
		} else if (reorder->direct.payload != NULL && reorder->direct.jump) {
			start_at(reorder, reorder->direct.seq); /* all that was held is gone */
		} else if (reorder->direct.payload != NULL) {
			hold(reorder);
		} else if (reorder->held > 0 && is_lost(reorder)) {
			lose(reorder);
		} else {
			return;
		}
	}
}

/*
 * A packet out of bounds: whether it is the last of a run that we follow.  Behind us the run has no
 * hole, as old packets that were held up somewhere may well have.
 */
static bool
is_resync(struct reorder *reorder, uint32_t seq)
{
	uint32_t step = seq - reorder->far_next;
	bool goes_on = step == 0 || (is_before(reorder->next, seq) && step < RESYNC_STEP);

	reorder->far_run = goes_on ? reorder->far_run + 1 : 1;
	reorder->far_next = seq + 1;
	return reorder->far_run >= RESYNC_RUN;
}

/* A number below `next`: delivered or given up before (4.3: "silently discard"). */
static int
discard_old(struct reorder *reorder, uint32_t seq, uint64_t now)
{
	const uint64_t bit = UINT64_C(1) << seq % 64;
	uint64_t *word = &reorder->gone[seq % REORDER_HISTORY / 64];
	const struct reorder_slot *slot = slot_of(reorder, seq);

	if (reorder->next - seq > REORDER_HISTORY) {
		reorder->stats->rx_late++;
	} else if ((*word & bit) != 0) {
		reorder->stats->rx_late++;
		*word &= ~bit; /* now it has been seen */
		reorder->now.time = now;
		/* The slot is still that of this number. */
		if (reorder->highest - seq < reorder->depth)
			learn(reorder, &slot->stamp);
	} else {
		reorder->stats->rx_duplicate++;
	}
	return PPTP_ERR_DISCARD;
}

/* The packet is to be delivered: now, or when those before it came or were given up. */
static void
take(struct reorder *reorder, const struct pptp_gre *gre, uint64_t now)
{
	struct reorder_stamp since;

	reorder->now.time = now;
	if (gre->seq == reorder->next && reorder->held > 0) {
		since = missed_since(reorder);
		learn(reorder, &since);
	}
	/* One that leaps ahead may be early: it does not tell that those before it are late. */
	if (!is_before(reorder->highest + 1, gre->seq))
		reorder->now.order++;
	if (is_before(reorder->highest, gre->seq))
		reorder->highest = gre->seq;
	reorder->direct.payload = gre->payload;
	reorder->direct.seq = gre->seq;
	reorder->direct.len = gre->payload_len;
	reorder->direct.jump = false;
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

/*
 * Out of bounds: `ahead` is the way from `next`.  Where most of the numbers up to there have
 * come it is the stream itself, and the ring is full behind a hole.
 */
static bool
is_far(const struct reorder *reorder, int32_t ahead)
{
	uint32_t window = reorder->params->forward_window;

	if (ahead < 0)
		return ahead < -BACKWARD_BOUND;
	if (window == 0)
		window = reorder->depth > FORWARD_WINDOW ? reorder->depth : FORWARD_WINDOW;
	return (uint32_t)ahead >= window && (uint32_t)ahead - reorder->held > window / 2;
}

int
reorder_put(struct reorder *reorder, const struct pptp_gre *gre, uint64_t now)
{
	int32_t ahead;

	if (!reorder->started) {
		reorder->started = true;
		start_at(reorder, gre->seq); /* 0, 1, or any other (F6) */
		reorder->highest = gre->seq - 1;
	}
	ahead = (int32_t)(gre->seq - reorder->next);
	if (is_far(reorder, ahead))
		return put_far(reorder, gre, now);
	if (ahead < 0)
		return discard_old(reorder, gre->seq, now);
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
		pass(reorder, slot->stamp, false);
	} else {
		*frame = reorder->direct.payload;
		*len = reorder->direct.len;
		reorder->direct.payload = NULL;
		pass(reorder, reorder->now, false);
	}
	reorder->stats->rx_packets++;
	reorder->stats->rx_bytes += *len;
	return PPTP_OK;
}

void
reorder_release(struct reorder *reorder)
{
	reorder->direct.payload = NULL;
}

void
reorder_expire(struct reorder *reorder, uint64_t now)
{
	reorder->now.time = now;
	settle(reorder);
}
