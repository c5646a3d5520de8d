/*
 * Asynchronous HDLC framing (RFC 1662).
 */
#include "util.h"

#include "hdlc_plain.h"

static struct pptp_hdlc_decoder *
decoder_new(uint32_t receive_accm)
{
	struct pptp_hdlc_decoder *decoder = malloc(sizeof(*decoder));

	assert_non_null(decoder);
	pptp_hdlc_init(decoder, receive_accm);
	return decoder;
}

/* Feeds it all; returns how many frames came; the last one is copied to `out`. */
static unsigned
feed(struct pptp_hdlc_decoder *decoder, const uint8_t *data, size_t len, uint8_t *out,
    size_t *out_len)
{
	unsigned frames = 0;
	size_t used, frame_len;
	uint8_t *frame;

	while (pptp_hdlc_decode(decoder, data, len, &used, &frame, &frame_len) == PPTP_OK) {
		assert_true(used <= len);
		data += used;
		len -= used;
		memset(frame - PPTP_GRE_MAX_HEADER, 0xaa, PPTP_GRE_MAX_HEADER);
		if (out != NULL) {
			memcpy(out, frame, frame_len);
			*out_len = frame_len;
		}
		frames++;
	}
	assert_int_equal(used, len);
	return frames;
}

static void
rfc1662_c2_fcs_vectors(void **state)
{
	/* LCP Configure-Request without options; its FCS worked out apart from ours, by
	 * bits: 0xb5d1. */
	static const uint8_t lcp[] = {0xff, 0x03, 0xc0, 0x21, 0x01, 0x01, 0x00, 0x04, 0xd1, 0xb5};

	(void)state;
	/* The published check value of this CRC. */
	assert_int_equal(pptp_fcs16(0xffff, (const uint8_t *)"123456789", 9) ^ 0xffff, 0x906e);
	assert_int_equal(pptp_fcs16(0xffff, lcp, sizeof(lcp)), 0xf0b8);
	for (unsigned octet = 0; octet < 256; octet++) {
		const uint8_t data = (uint8_t)octet;

		assert_int_equal(pptp_fcs16(0xffff, &data, 1), plain_fcs(0xffff, &data, 1));
		assert_int_equal(pptp_fcs16(0, &data, 1), plain_fcs(0, &data, 1));
	}
}

/* Sixteen at a time, and what is left. */
static void
fcs_of_every_length_is_that_of_the_bits(void **state)
{
	uint8_t data[200];
	uint32_t seed = 1662;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)prng(&seed);
	for (size_t start = 0; start < 16; start++) {
		for (size_t len = 0; len <= sizeof(data) - start; len++) {
			const uint16_t fcs = (uint16_t)prng(&seed);

			assert_int_equal(
			    pptp_fcs16(fcs, data + start, len), plain_fcs(fcs, data + start, len));
		}
	}
}

static void
rfc1662_4_2_what_is_escaped(void **state)
{
	static const uint8_t lcp[] = {0xff, 0x03, 0xc0, 0x21, 0x01, 0x01, 0x00, 0x04};
	static const uint8_t all[] = {0x7e, 0xff, 0x7d, 0x23, 0xc0, 0x21, 0x7d, 0x21, 0x7d, 0x21,
	    0x7d, 0x20, 0x7d, 0x24, 0xd1, 0xb5, 0x7e};
	static const uint8_t none[] = {
	    0x7e, 0xff, 0x03, 0xc0, 0x21, 0x01, 0x01, 0x00, 0x04, 0xd1, 0xb5, 0x7e};
	static const uint8_t specials[] = {0x7e, 0x7d, 0x11, 0x03, 0x91};
	static const uint8_t xon[] = {0x7e, 0x7d, 0x5e, 0x7d, 0x5d, 0x7d, 0x31, 0x03, 0x91};
	uint8_t out[PPTP_HDLC_ENCODED_MAX(sizeof(lcp))];

	(void)state;
	assert_int_equal(pptp_hdlc_encode(out, lcp, sizeof(lcp), 0xffffffff), sizeof(all));
	assert_memory_equal(out, all, sizeof(all));
	assert_int_equal(pptp_hdlc_encode(out, lcp, sizeof(lcp), 0), sizeof(none));
	assert_memory_equal(out, none, sizeof(none));
	pptp_hdlc_encode(out, specials, sizeof(specials), UINT32_C(1) << 0x11);
	assert_memory_equal(out, xon, sizeof(xon));
}

static void
random_frames_round_trip_in_every_split(void **state)
{
	static const uint32_t maps[] = {0, 0xffffffff, 0x000a0000};
	uint32_t seed = 2637;

	(void)state;
	for (unsigned round = 0; round < 150; round++) {
		const uint32_t accm = maps[round % COUNT(maps)];
		uint8_t frame[96], wire[PPTP_HDLC_ENCODED_MAX(sizeof(frame))],
		    out[PPTP_HDLC_MAX_FRAME];
		const size_t len = 2 + prng(&seed) % (sizeof(frame) - 2);
		struct pptp_hdlc_decoder *decoder = decoder_new(accm);
		size_t wire_len, out_len = 0;

		/* Half of the octets are ones that need care. */
		for (size_t i = 0; i < len; i++) {
			uint32_t r = prng(&seed);

			frame[i] = (uint8_t)((r & 0x100) != 0 ? r : 0x7c + (r & 3));
		}
		wire_len = pptp_hdlc_encode(wire, frame, len, accm);
		assert_true(wire_len <= PPTP_HDLC_ENCODED_MAX(len));
		for (size_t split = 0; split <= wire_len; split++) {
			unsigned frames = feed(decoder, wire, split, out, &out_len);

			frames += feed(decoder, wire + split, wire_len - split, out, &out_len);
			assert_int_equal(frames, 1);
			assert_int_equal(out_len, len);
			assert_memory_equal(out, frame, len);
		}
		for (size_t i = 0; i + 1 < wire_len; i++)
			assert_int_equal(feed(decoder, wire + i, 1, out, &out_len), 0);
		assert_int_equal(feed(decoder, wire + wire_len - 1, 1, out, &out_len), 1);
		assert_memory_equal(out, frame, len);
		assert_int_equal(decoder->stats.frames, wire_len + 2);
		assert_int_equal(decoder->stats.bad_fcs + decoder->stats.aborted +
				     decoder->stats.too_short + decoder->stats.too_long,
		    0);
		free(decoder);
	}
}

static void
rfc1662_4_3_invalid_frames_are_discarded(void **state)
{
	static const uint8_t too_short[] = {0x7e, 0xff, 0x03, 0xc0, 0x7e};
	static const uint8_t aborted[] = {0x7e, 0xff, 0x03, 0xc0, 0x21, 0x01, 0x7d, 0x7e};
	static const uint8_t good[] = {
	    0x7e, 0xff, 0x03, 0xc0, 0x21, 0x01, 0x01, 0x00, 0x04, 0xd1, 0xb5, 0x7e};
	uint8_t bad[sizeof(good)];
	struct pptp_hdlc_decoder *decoder = decoder_new(0);

	(void)state;
	assert_int_equal(feed(decoder, too_short, sizeof(too_short), NULL, NULL), 0);
	assert_int_equal(decoder->stats.too_short, 1);
	assert_int_equal(feed(decoder, aborted, sizeof(aborted), NULL, NULL), 0);
	assert_int_equal(decoder->stats.aborted, 1);
	assert_int_equal(decoder->stats.bad_fcs, 0);
	/* Every single wrong bit between the flags that leaves neither flag nor escape. */
	for (unsigned bit = 8; bit < (sizeof(good) - 1) * 8; bit++) {
		memcpy(bad, good, sizeof(good));
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bad[bit / 8] == 0x7d || bad[bit / 8] == 0x7e)
			continue;
		decoder->stats.bad_fcs = 0;
		assert_int_equal(feed(decoder, bad, sizeof(bad), NULL, NULL), 0);
		assert_int_equal(decoder->stats.bad_fcs, 1);
	}
	assert_int_equal(feed(decoder, good, sizeof(good), NULL, NULL), 1);
	free(decoder);
}

static void
rfc1662_3_1_one_flag_between_frames(void **state)
{
	static const uint8_t good[] = {
	    0xff, 0x03, 0xc0, 0x21, 0x01, 0x01, 0x00, 0x04, 0xd1, 0xb5, 0x7e};
	static const uint8_t flags[] = {0x7e, 0x7e, 0x7e};
	struct pptp_hdlc_decoder *decoder = decoder_new(0);
	uint8_t wire[3 * sizeof(good)];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		memcpy(wire + i * sizeof(good), good, sizeof(good));
	assert_int_equal(feed(decoder, flags, sizeof(flags), NULL, NULL), 0);
	assert_int_equal(feed(decoder, wire, sizeof(wire), NULL, NULL), 3);
	assert_int_equal(feed(decoder, flags, sizeof(flags), NULL, NULL), 0);
	assert_int_equal(decoder->stats.too_short, 0);
	free(decoder);
}

static void
overlong_frames_are_dropped_until_the_next_flag(void **state)
{
	struct pptp_hdlc_decoder *decoder = decoder_new(0);
	uint8_t *frame = calloc(1, PPTP_HDLC_MAX_FRAME + 1);
	uint8_t *wire = malloc(PPTP_HDLC_ENCODED_MAX(PPTP_HDLC_MAX_FRAME + 1));
	uint8_t *out = malloc(PPTP_HDLC_MAX_FRAME);
	size_t len, out_len = 0;

	(void)state;
	assert_true(frame != NULL && wire != NULL && out != NULL);
	len = pptp_hdlc_encode(wire, frame, PPTP_HDLC_MAX_FRAME + 1, 0);
	assert_int_equal(feed(decoder, wire, len, out, &out_len), 0);
	assert_int_equal(decoder->stats.too_long, 1);
	assert_int_equal(decoder->stats.bad_fcs, 0);
	len = pptp_hdlc_encode(wire, frame, PPTP_HDLC_MAX_FRAME, 0);
	assert_int_equal(feed(decoder, wire, len, out, &out_len), 1);
	assert_int_equal(out_len, PPTP_HDLC_MAX_FRAME);
	assert_int_equal(decoder->stats.too_long, 1);
	free(out);
	free(wire);
	free(frame);
	free(decoder);
}

/* 4.2: "the following octet is exclusive-or'd", unless it is the flag: an escape as well. */
static void
rfc1662_4_2_escape_behind_an_escape_is_an_octet(void **state)
{
	static const uint8_t wire[] = {0x7e, 0xff, 0x03, 0x7d, 0x7d, 0x21, 0x7e};
	static const uint8_t octets[] = {0xff, 0x03, 0x5d, 0x21};
	struct pptp_hdlc_decoder *decoder = decoder_new(0);

	(void)state;
	assert_int_equal(feed(decoder, wire, sizeof(wire), NULL, NULL), 0);
	assert_int_equal(decoder->stats.bad_fcs, 1);
	assert_memory_equal(decoder->buf + PPTP_GRE_MAX_HEADER, octets, sizeof(octets));
	free(decoder);
}

/* 4.2: "it is simply removed", behind an escape as well. */
static void
rfc1662_4_2_receive_map_removes_inserted_octets(void **state)
{
	static const uint8_t wire[] = {0x7e, 0xff, 0x11, 0x7d, 0x13, 0x23, 0xc0, 0x21, 0x7d, 0x21,
	    0x7d, 0x21, 0x7d, 0x20, 0x7d, 0x24, 0x11, 0xd1, 0xb5, 0x7e};
	static const uint8_t lcp[] = {0xff, 0x03, 0xc0, 0x21, 0x01, 0x01, 0x00, 0x04};
	struct pptp_hdlc_decoder *decoder = decoder_new(0xffffffff);
	uint8_t out[PPTP_HDLC_MAX_FRAME];
	size_t len = 0;

	(void)state;
	assert_int_equal(feed(decoder, wire, sizeof(wire), out, &len), 1);
	assert_int_equal(len, sizeof(lcp));
	assert_memory_equal(out, lcp, len);
	decoder->receive_accm = 0;
	assert_int_equal(feed(decoder, wire, sizeof(wire), out, &len), 0);
	assert_int_equal(decoder->stats.bad_fcs, 1);
	free(decoder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc1662_c2_fcs_vectors),
	    cmocka_unit_test(fcs_of_every_length_is_that_of_the_bits),
	    cmocka_unit_test(rfc1662_4_2_what_is_escaped),
	    cmocka_unit_test(random_frames_round_trip_in_every_split),
	    cmocka_unit_test(rfc1662_4_3_invalid_frames_are_discarded),
	    cmocka_unit_test(rfc1662_3_1_one_flag_between_frames),
	    cmocka_unit_test(overlong_frames_are_dropped_until_the_next_flag),
	    cmocka_unit_test(rfc1662_4_2_escape_behind_an_escape_is_an_octet),
	    cmocka_unit_test(rfc1662_4_2_receive_map_removes_inserted_octets),
	};

	return cmocka_run_group_tests_name("hdlc", tests, NULL, NULL);
}
