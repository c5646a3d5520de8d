/*
 * HDLC by chance: many octets at a time give what one at a time gives (hdlc_plain.h), for
 * every length, alignment, map and split, and what stands before and behind is left alone.
 * test_hdlc_words is the same for the words of machines without vectors.
 *
 * CHANCE=10000 tests/unit/test_hdlc_chance is a long run: 100 times as many.
 */
#include "util.h"

#include "hdlc_plain.h"

#define ENCODED 500000 /* inputs */
#define DECODED 500000
#define LONGEST (PPTP_HDLC_MAX_FRAME + 64) /* octets, more than are taken */
#define GUARD   64

/* Mostly a few lanes, now and then a whole packet, seldom more than there is room for. */
static size_t
any_len(uint32_t *seed)
{
	const uint32_t r = prng(seed);

	if (r % 1024 == 0)
		return prng(seed) % LONGEST;
	return r % 64 == 0 ? prng(seed) % 1600 : prng(seed) % 80;
}

static uint32_t
any_map(uint32_t *seed)
{
	switch (prng(seed) % 4) {
	case 0:
		return 0;
	case 1:
		return 0xffffffff;
	case 2:
		return UINT32_C(1) << prng(seed) % 32;
	default:
		return prng(seed);
	}
}

/* Octets of one kind: any; only those that need care; care here and there; controls. */
static void
fill(uint8_t *to, size_t len, uint32_t *seed)
{
	static const uint8_t care[] = {0x7d, 0x7e, 0x7d, 0x7d, 0x00, 0x1f, 0x20, 0x11};
	const uint32_t kind = prng(seed) % 5;
	uint32_t r = 0;

	for (size_t i = 0; i < len; i++) {
		r = i % 2 == 0 ? prng(seed) : r >> 16;
		if (kind == 0)
			to[i] = (uint8_t)r;
		else if (kind == 1)
			to[i] = care[r % 8];
		else if (kind == 2)
			to[i] = r % 16 == 0 ? care[r / 16 % 8] : 'a';
		else if (kind == 3)
			to[i] = (uint8_t)(r % 0x24);
		else
			to[i] = (uint8_t)(0x7b + r % 5);
	}
}

/* Room whose end is where the octets end: a sanitizer sees one that is read behind it. */
struct room {
	uint8_t *octets; /* owns */
	size_t size;
};

static struct room
room_new(size_t size)
{
	const struct room room = {malloc(size), size};

	assert_non_null(room.octets);
	return room;
}

static uint8_t *
room_for(const struct room *room, size_t len)
{
	assert_true(len <= room->size);
	return room->octets + room->size - len;
}

/* None for the sanitizer, or some, so that each length has each alignment. */
static size_t
any_slack(uint32_t *seed)
{
	const uint32_t r = prng(seed);

	return r % 2 == 0 ? 0 : r / 2 % 16;
}

static void
encoded_is_the_plain_ones(void **state)
{
	const struct room frames = room_new(LONGEST + 16), outs = room_new(4 * LONGEST);
	static uint8_t expected[4 * LONGEST];
	uint32_t seed = 2637;

	(void)state;
	for (uint32_t i = 0; i < by_chance(ENCODED); i++) {
		const size_t len = any_len(&seed), most = PPTP_HDLC_ENCODED_MAX(len);
		const uint32_t accm = any_map(&seed);
		uint8_t *frame = room_for(&frames, len + any_slack(&seed));
		uint8_t *out = room_for(&outs, most + any_slack(&seed));
		size_t expected_len;

		fill(frame, len, &seed);
		memset(out - GUARD, 0xa5, GUARD);
		expected_len = plain_encode(expected, frame, len, accm);
		assert_int_equal(pptp_hdlc_encode(out, frame, len, accm), expected_len);
		if (memcmp(out, expected, expected_len) != 0)
			fail_msg("input %u: %zu octets, map %#x", i, len, accm);
		for (size_t n = 1; n <= GUARD; n++)
			assert_int_equal(out[-(ptrdiff_t)n], 0xa5);
	}
	free(outs.octets);
	free(frames.octets);
}

/* Frames as they are sent, some of them damaged, or no frames at all. */
static size_t
any_stream(uint8_t *to, size_t size, uint32_t *seed)
{
	static uint8_t frame[LONGEST];
	size_t len = 0;

	if (prng(seed) % 4 == 0) {
		len = any_len(seed);
		fill(to, len, seed);
		return len;
	}
	for (unsigned frames = 1 + prng(seed) % 3; frames > 0; frames--) {
		const size_t frame_len = any_len(seed);

		if (PPTP_HDLC_ENCODED_MAX(frame_len) > size - len)
			break;
		fill(frame, frame_len, seed);
		len += plain_encode(to + len, frame, frame_len, any_map(seed));
		if (prng(seed) % 4 == 0)
			fill(to + prng(seed) % len, 1, seed);
	}
	return len;
}

/* Both take one piece; they must do the same with it. */
static void
decode_piece(struct pptp_hdlc_decoder *fast, struct pptp_hdlc_decoder *plain, const uint8_t *data,
    size_t len)
{
	size_t used = 0, plain_used = 0, frame_len = 0, plain_len = 0;
	uint8_t *frame = NULL, *plain_frame = NULL;
	int err;

	do {
		err = pptp_hdlc_decode(fast, data, len, &used, &frame, &frame_len);
		assert_int_equal(
		    plain_decode(plain, data, len, &plain_used, &plain_frame, &plain_len), err);
		assert_int_equal(used, plain_used);
		if (err == PPTP_OK) {
			assert_int_equal(frame_len, plain_len);
			assert_memory_equal(frame, plain_frame, frame_len);
		}
		assert_int_equal(fast->len, plain->len);
		assert_int_equal(fast->escaped, plain->escaped);
		assert_int_equal(fast->overlong, plain->overlong);
		data += used;
		len -= used;
	} while (err == PPTP_OK);
	assert_int_equal(len, 0);
	assert_int_equal(
	    memcmp(fast->buf + PPTP_GRE_MAX_HEADER, plain->buf + PPTP_GRE_MAX_HEADER, fast->len),
	    0);
	assert_int_equal(memcmp(&fast->stats, &plain->stats, sizeof(fast->stats)), 0);
}

static void
decoded_is_the_plain_ones(void **state)
{
	const struct room pieces = room_new(16 * LONGEST);
	static struct pptp_hdlc_decoder fast, plain;
	static uint8_t stream[16 * LONGEST];
	uint32_t seed = 1661;

	(void)state;
	for (uint32_t i = 0; i < by_chance(DECODED); i++) {
		size_t len = any_stream(stream, sizeof(stream), &seed), at = 0;

		/* Whatever the last one left unfinished goes on in this one. */
		fast.receive_accm = plain.receive_accm = any_map(&seed);
		while (at < len) {
			size_t piece = 1 + prng(&seed) % (prng(&seed) % 4 == 0 ? 20 : len);
			uint8_t *data;

			if (piece > len - at)
				piece = len - at;
			data = room_for(&pieces, piece + any_slack(&seed));
			memcpy(data, stream + at, piece);
			decode_piece(&fast, &plain, data, piece);
			at += piece;
		}
	}
	/* There were good ones, and each kind of bad ones. */
	assert_true(fast.stats.frames > 0 && fast.stats.bad_fcs > 0 && fast.stats.aborted > 0 &&
		    fast.stats.too_short > 0);
	free(pieces.octets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(encoded_is_the_plain_ones),
	    cmocka_unit_test(decoded_is_the_plain_ones),
	};

	return cmocka_run_group_tests_name("HDLC by chance", tests, NULL, NULL);
}
