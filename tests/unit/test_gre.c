/*
 * The enhanced GRE header (RFC 2637 4.1).
 */
#include "util.h"

/* protocol F: the four kinds.  Call ID 0x1234, payload ff 03 c0 21. */
static const uint8_t data_packet[] = {
    0x30, 0x01, 0x88, 0x0b, 0x00, 0x04, 0x12, 0x34, 0x01, 0x02, 0x03, 0x84, 0xff, 0x03, 0xc0, 0x21};
static const uint8_t data_ack_packet[] = {0x30, 0x81, 0x88, 0x0b, 0x00, 0x04, 0x12, 0x34, 0x01,
    0x02, 0x03, 0x84, 0x85, 0x86, 0x87, 0x88, 0xff, 0x03, 0xc0, 0x21};
static const uint8_t ack_packet[] = {
    0x20, 0x81, 0x88, 0x0b, 0x00, 0x00, 0x12, 0x34, 0x85, 0x86, 0x87, 0x88};
static const uint8_t empty_packet[] = {0x20, 0x01, 0x88, 0x0b, 0x00, 0x00, 0x12, 0x34};

static const struct kind {
	const uint8_t *octets;
	size_t len, header_len;
	bool has_seq, has_ack;
} kinds[] = {
    {data_packet, sizeof(data_packet), 12, true, false},
    {data_ack_packet, sizeof(data_ack_packet), 16, true, true},
    {ack_packet, sizeof(ack_packet), 12, false, true},
    {empty_packet, sizeof(empty_packet), 8, false, false},
};

/* Decodes from a piece of memory of exactly this size. */
static int
decode_copy(const uint8_t *octets, size_t len)
{
	struct pptp_gre gre;
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	int err;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	err = pptp_gre_decode(&gre, copy, len);
	free(copy);
	return err;
}

static void
rfc4_1_all_four_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct kind *kind = &kinds[i];
		struct pptp_gre gre;

		assert_int_equal(pptp_gre_decode(&gre, kind->octets, kind->len), PPTP_OK);
		assert_int_equal(gre.call_id, 0x1234);
		assert_int_equal(gre.has_seq, kind->has_seq);
		assert_int_equal(gre.has_ack, kind->has_ack);
		assert_true(gre.seq == (kind->has_seq ? 0x01020384 : 0));
		assert_true(gre.ack == (kind->has_ack ? 0x85868788 : 0));
		assert_int_equal(gre.payload_len, kind->len - kind->header_len);
		assert_ptr_equal(
		    gre.payload, kind->has_seq ? kind->octets + kind->header_len : NULL);
	}
}

static void
rfc4_1_encode_is_the_reverse(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct kind *kind = &kinds[i];
		uint8_t out[PPTP_GRE_MAX_HEADER];
		struct pptp_gre gre;
		size_t len = 0;

		assert_int_equal(pptp_gre_decode(&gre, kind->octets, kind->len), PPTP_OK);
		for (size_t size = 0; size < kind->header_len; size++)
			assert_int_equal(pptp_gre_encode(&gre, out, size, &len), PPTP_ERR_SPACE);
		assert_int_equal(pptp_gre_encode(&gre, out, kind->header_len, &len), PPTP_OK);
		assert_int_equal(len, kind->header_len);
		assert_memory_equal(out, kind->octets, len);
	}
}

static void
rfc4_1_sequence_number_means_payload(void **state)
{
	static const struct pptp_gre wrong[] = {
	    {.has_seq = false, .has_ack = false},
	    {.has_seq = true, .payload_len = 0},
	    {.has_seq = false, .has_ack = true, .payload_len = 1},
	};
	uint8_t out[PPTP_GRE_MAX_HEADER];
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(
		    pptp_gre_encode(&wrong[i], out, sizeof(out), &len), PPTP_ERR_INVAL);
}

static void
rfc4_1_every_truncated_prefix_is_discarded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		for (size_t len = 0; len < kinds[i].len; len++)
			assert_int_equal(decode_copy(kinds[i].octets, len), PPTP_ERR_DISCARD);
		assert_int_equal(decode_copy(kinds[i].octets, kinds[i].len), PPTP_OK);
	}
}

/* C, R, K, s, Recur, Flags, Ver and each bit of Protocol Type; S and A are the open ones. */
static void
rfc4_1_every_wrong_bit_is_discarded(void **state)
{
	unsigned checked = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		for (unsigned bit = 0; bit < 32; bit++) {
			uint8_t octets[32] = {0};

			if (bit == 3 || bit == 8)
				continue;
			memcpy(octets, kinds[i].octets, kinds[i].len);
			octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			assert_int_equal(decode_copy(octets, sizeof(octets)), PPTP_ERR_DISCARD);
			checked++;
		}
	}
	assert_int_equal(checked, 4 * 30);
}

static void
trailing_octets_are_ignored(void **state)
{
	uint8_t octets[sizeof(data_ack_packet) + 9];
	struct pptp_gre gre;

	(void)state;
	memset(octets, 0xee, sizeof(octets));
	memcpy(octets, data_ack_packet, sizeof(data_ack_packet));
	assert_int_equal(pptp_gre_decode(&gre, octets, sizeof(octets)), PPTP_OK);
	assert_int_equal(gre.payload_len, 4);
}

/* protocol F7: the payload is no payload, but the acknowledgement counts. */
static void
contradicting_s_bit_keeps_the_acknowledgement(void **state)
{
	static const uint8_t no_payload[] = {0x30, 0x81, 0x88, 0x0b, 0x00, 0x00, 0x12, 0x34, 0x00,
	    0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x06};
	static const uint8_t no_number[] = {
	    0x20, 0x81, 0x88, 0x0b, 0x00, 0x02, 0x12, 0x34, 0x00, 0x00, 0x00, 0x06, 0xff, 0x03};
	struct pptp_gre gre;

	(void)state;
	assert_int_equal(pptp_gre_decode(&gre, no_payload, sizeof(no_payload)), PPTP_OK);
	assert_true(!gre.has_seq && gre.payload == NULL && gre.has_ack && gre.ack == 6);
	assert_int_equal(pptp_gre_decode(&gre, no_number, sizeof(no_number)), PPTP_OK);
	assert_true(!gre.has_seq && gre.payload == NULL && gre.has_ack && gre.ack == 6);
	assert_int_equal(gre.payload_len, 0);
	assert_int_equal(decode_copy(no_number, sizeof(no_number) - 1), PPTP_ERR_DISCARD);
}

/* A capture may have less than there was, down to the header. */
static void
what_of_a_payload_was_captured_is_told(void **state)
{
	struct pptp_gre gre;
	size_t there;

	(void)state;
	for (size_t cut = 0; cut <= 4; cut++) {
		size_t len = sizeof(data_ack_packet) - cut;

		assert_int_equal(pptp_gre_decode_cut(&gre, data_ack_packet, len, &there), PPTP_OK);
		assert_int_equal(gre.payload_len, 4);
		assert_int_equal(there, 4 - cut);
		assert_ptr_equal(gre.payload, data_ack_packet + sizeof(data_ack_packet) - 4);
	}
	assert_int_equal(
	    pptp_gre_decode_cut(&gre, data_ack_packet, sizeof(data_ack_packet) - 5, &there),
	    PPTP_ERR_DISCARD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc4_1_all_four_kinds),
	    cmocka_unit_test(rfc4_1_encode_is_the_reverse),
	    cmocka_unit_test(rfc4_1_sequence_number_means_payload),
	    cmocka_unit_test(rfc4_1_every_truncated_prefix_is_discarded),
	    cmocka_unit_test(rfc4_1_every_wrong_bit_is_discarded),
	    cmocka_unit_test(trailing_octets_are_ignored),
	    cmocka_unit_test(what_of_a_payload_was_captured_is_told),
	    cmocka_unit_test(contradicting_s_bit_keeps_the_acknowledgement),
	};

	return cmocka_run_group_tests_name("gre", tests, NULL, NULL);
}
