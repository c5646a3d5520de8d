/*
 * Sessions by chance: whatever the line does to the order of packets, each comes out at most
 * once and in order, and all that came within the bounds do.  Virtual time only.
 *
 * CHANCE=10000 tests/unit/test_session_chance is a long run: 100 times as many lines.
 */
#include "session_util.h"

#define LINES   6000
#define PACKETS 500
#define WINDOW  256 /* numbers: a leap that is longer is not believed at once */
#define NEVER   PPTP_NEVER

struct path {
	uint32_t first;                    /* number */
	uint64_t spacing;                  /* us from one packet to the next */
	uint64_t delay;                    /* us, of every packet; early ones have none */
	unsigned lost, twice, early, late; /* percent */
	uint32_t burst;                    /* packets lost in a row */
	uint64_t jitter;                   /* us: more delay of the late ones at most */
	uint16_t depth;
	uint64_t wait;
};

struct arrival {
	uint64_t at;
	uint32_t index; /* of the packet, from 0 */
};

/* What the line did, and what must come of it. */
struct story {
	const struct path *path;
	struct line l;
	struct arrival arrivals[2 * PACKETS];
	uint64_t came[PACKETS];   /* when the session took it, NEVER: not yet */
	uint64_t missed[PACKETS]; /* when a later one was taken first */
	uint32_t order[PACKETS];  /* how many had been taken then that did not leap */
	bool delivered[PACKETS];
	uint32_t taken, top, oldest, count;
	uint32_t last; /* index delivered last */
	uint64_t acks, held;
	struct pptp_session_stats stats; /* at the end */
};

static uint32_t
one_of(uint32_t *seed, const uint32_t *choices, size_t count)
{
	return choices[prng(seed) % count];
}
#define ONE_OF(seed, ...)                             \
	one_of(seed, (const uint32_t[]){__VA_ARGS__}, \
	    sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static bool
happens(uint32_t *seed, unsigned percent)
{
	return prng(seed) % 100 < percent;
}

static struct path
any_path(uint32_t *seed)
{
	struct path path = {
	    .first = ONE_OF(seed, 0, 1, 0u - PACKETS / 2, 0x80000000 - PACKETS / 2, 77777),
	    .spacing = ONE_OF(seed, 5, 50, 400, 1000, 7000),
	    .delay = ONE_OF(seed, 500, 10000, 60000, 200000),
	    .lost = ONE_OF(seed, 0, 1, 5, 30),
	    .burst = ONE_OF(seed, 0, 0, 0, 20, 300),
	    .twice = ONE_OF(seed, 0, 0, 5),
	    .early = ONE_OF(seed, 0, 0, 5, 20),
	    .late = ONE_OF(seed, 0, 0, 5, 50),
	    .jitter = ONE_OF(seed, 1000, 4000, 20000, 300000),
	    .wait = ONE_OF(seed, 2000, 20000, 100000),
	};

	path.depth = (uint16_t)ONE_OF(seed, 1, 4, 32, 256, 256);
	return path;
}

static int
by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* The first packet comes first: it says where the numbers start. */
static size_t
plan(struct story *story, uint32_t *seed, uint64_t start)
{
	const struct path *path = story->path;
	size_t count = 0;

	for (uint32_t i = 0; i < PACKETS; i++) {
		unsigned copies = happens(seed, path->twice) ? 2 : 1;

		if (i > 0 && (happens(seed, path->lost) || i - 100 < path->burst))
			copies = 0;
		for (; copies > 0; copies--) {
			uint64_t delay = path->delay;

			if (happens(seed, path->early))
				delay = 0;
			else if (happens(seed, path->late))
				delay += prng(seed) % path->jitter;
			if (i == 0)
				delay = 0;
			story->arrivals[count].at = start + i * path->spacing + delay;
			story->arrivals[count++].index = i;
		}
	}
	qsort(story->arrivals, count, sizeof(*story->arrivals), by_time);
	return count;
}

static uint16_t
payload_len(uint32_t index)
{
	return (uint16_t)(sizeof(index) + index % 13);
}

/* Everything that the session gives: each at most once, in order, whole, not held too long. */
static void
drain(struct story *story)
{
	const struct path *path = story->path;
	const uint8_t *frame;
	size_t len;

	while (pptp_session_next(story->l.session, &frame, &len) == PPTP_OK) {
		uint32_t index;

		assert_true(len >= sizeof(index));
		memcpy(&index, frame, sizeof(index));
		assert_true(index < PACKETS);
		assert_int_equal(len, payload_len(index));
		for (size_t i = sizeof(index); i < len; i++)
			assert_int_equal(frame[i], (index + i) & 0xff);
		assert_true(story->count == 0 || index > story->last);
		assert_true(story->l.now - story->came[index] <= path->wait);
		if (path->early + path->late + path->twice == 0)
			assert_true(story->l.now - story->came[index] <= FIRST);
		if (story->l.now > story->came[index])
			story->held++;
		story->last = index;
		story->delivered[index] = true;
		story->count++;
	}
}

static void
run_timers(struct story *story, uint64_t until)
{
	struct line *l = &story->l;
	uint64_t due;

	while ((due = pptp_session_deadline(l->session)) <= until) {
		uint8_t out[12];
		size_t len;

		assert_true(due >= l->now);
		l->now = due;
		pptp_session_expire(l->session, l->now);
		drain(story);
		if (pptp_session_ack(l->session, out, sizeof(out), &len, l->now) == PPTP_OK)
			story->acks++;
		/* Whatever was due is done. */
		assert_true(pptp_session_deadline(l->session) > l->now);
	}
}

/*
 * Is this packet, which comes for the first time, within the bounds?  It is not late at all;
 * or by less than the shortest wait, in time and in packets, while the ring reached that far.
 */
static bool
is_within_bounds(struct story *story, uint32_t index)
{
	const uint64_t now = story->l.now, wait = story->path->wait;

	/* Numbers below `oldest` came, or have been given up by now whatever was learnt. */
	while (story->oldest < index && (story->came[story->oldest] != NEVER ||
					    (story->missed[story->oldest] != NEVER &&
						story->missed[story->oldest] + wait <= now)))
		story->oldest++;
	if (index - story->oldest >= WINDOW)
		return false;
	if (story->missed[index] == NEVER)
		return true;
	return now - story->missed[index] < (wait < LEAST ? wait : LEAST) &&
	       story->taken - story->order[index] <= 3 && story->top - index < story->path->depth;
}

static void
was_taken(struct story *story, uint32_t index)
{
	if (story->top + 1 >= index)
		story->taken++;
	for (; story->top < index; story->top++) {
		if (story->top + 1 == index)
			continue;
		story->missed[story->top + 1] = story->l.now;
		story->order[story->top + 1] = story->taken;
	}
	story->came[index] = story->l.now;
}

static void
arrive(struct story *story, const struct arrival *arrival)
{
	const uint32_t index = arrival->index;
	const struct pptp_gre gre = {
	    .has_seq = true, .seq = story->path->first + index, .payload_len = payload_len(index)};
	uint8_t payload[32], datagram[PPTP_GRE_MAX_HEADER + sizeof(payload)];
	bool due;

	run_timers(story, arrival->at);
	story->l.now = arrival->at;
	memcpy(payload, &index, sizeof(index));
	for (size_t n = sizeof(index); n < gre.payload_len; n++)
		payload[n] = (uint8_t)(index + n);
	due = story->came[index] == NEVER && is_within_bounds(story, index);
	if (recv_gre(&story->l, gre, payload, datagram) == PPTP_OK)
		was_taken(story, index);
	else if (due && stats_of(&story->l).rx_resync == 0)
		fail_msg("packet %u was dropped within the bounds", index);
	drain(story);
	memset(datagram, 0xdd, sizeof(datagram));
}

/* Every arrival became one thing, and so did every number. */
static void
add_up(struct story *story, size_t arrivals)
{
	const struct pptp_session_stats stats = story->stats = stats_of(&story->l);

	assert_int_equal(stats.rx_packets, story->count);
	assert_int_equal(
	    stats.rx_packets + stats.rx_duplicate + stats.rx_late + stats.rx_far, arrivals);
	assert_int_equal(stats.rx_bad + stats.rx_too_long + stats.rx_other_call, 0);
	assert_int_equal(stats.tx_acks, story->acks);
	for (uint32_t i = 0; i < PACKETS; i++)
		assert_int_equal(story->delivered[i], story->came[i] != NEVER);
	if (stats.rx_resync == 0)
		assert_int_equal(stats.rx_packets + stats.rx_lost, story->top + 1);
}

static void
run_line(struct story *story, const struct path *path, uint32_t *seed)
{
	const struct pptp_session_params params = {
	    .local_call_id = OUR_ID, .reorder_depth = path->depth, .reorder_wait = path->wait};
	size_t count, pieces;

	memset(story, 0, sizeof(*story));
	memset(story->came, 0xff, sizeof(story->came));
	memset(story->missed, 0xff, sizeof(story->missed));
	story->path = path;
	line_open(&story->l, &params);
	pieces = story->l.s.taken;
	count = plan(story, seed, story->l.now);
	for (size_t i = 0; i < count; i++)
		arrive(story, &story->arrivals[i]);
	run_timers(story, NEVER - 1);
	add_up(story, count);
	assert_int_equal(story->l.s.taken, pieces); /* no allocation on the way */
	line_fini(&story->l);
}

static void
rfc4_3_each_once_in_order_and_all_within_the_bounds(void **state)
{
	static struct story story;
	uint64_t delivered = 0, held = 0, lost = 0, late = 0, far = 0, resync = 0;

	(void)state;
	for (uint32_t i = 0; i < by_chance(LINES); i++) {
		uint32_t seed = 0x9e3779b9 * (i + 1) | 1;
		const struct path path = any_path(&seed);

		run_line(&story, &path, &seed);
		delivered += story.count;
		held += story.held;
		lost += story.stats.rx_lost;
		late += story.stats.rx_late;
		far += story.stats.rx_far;
		resync += story.stats.rx_resync;
	}
	/* The lines were such that all of it happened, and not only that. */
	assert_true(held > delivered / 20 && lost > delivered / 50 && late > delivered / 100);
	assert_true(far > 0 && resync > 0);
	assert_true(delivered > (uint64_t)by_chance(LINES) * PACKETS / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc4_3_each_once_in_order_and_all_within_the_bounds),
	};

	return cmocka_run_group_tests_name("session by chance", tests, NULL, NULL);
}
