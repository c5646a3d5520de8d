/*
 * The codec of the fifteen control messages.  Each message stands here twice: as octets,
 * laid out by hand from the figures of RFC 2637 section 2 with every field different, and
 * as the struct that they must become.
 */
#include "util.h"

/* clang-format off */
/* 2: Length, PPTP Message Type 1, Magic Cookie, Control Message Type, Reserved0. */
#define HEADER(length, type) 0, length, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, type, 0xf0, 0xf1

static const uint8_t sccrq_octets[156] = {HEADER(156, 1), /* 2.1 */
	[12] = 0x01, 0x02, [14] = 0x03, 0x04,			/* version, Reserved1 */
	[16] = 0x05, 0x06, 0x07, 0x08, [20] = 0x09, 0x0a, 0x0b, 0x0c, /* framing, bearer */
	[24] = 0x0d, 0x0e, [26] = 0x0f, 0x10,			/* channels, firmware */
	[28] = 'h', 'o', 's', 't', [92] = 'v', 'e', 'n'};
static const uint8_t sccrp_octets[156] = {HEADER(156, 2), /* 2.2 */
	[12] = 0x11, 0x12, [14] = 0x13, [15] = 0x14,		/* version, result, error */
	[16] = 0x15, 0x16, 0x17, 0x18, [20] = 0x19, 0x1a, 0x1b, 0x1c,
	[24] = 0x1d, 0x1e, [26] = 0x1f, 0x20,
	[28] = 'H', 'O', [92] = 'V'};
static const uint8_t stop_request_octets[16] = {HEADER(16, 3), /* 2.3 */
	[12] = 0x21, [13] = 0x22, [14] = 0x23, 0x24};
static const uint8_t stop_reply_octets[16] = {HEADER(16, 4), /* 2.4 */
	[12] = 0x25, [13] = 0x26, [14] = 0x27, 0x28};
static const uint8_t echo_request_octets[16] = {HEADER(16, 5), /* 2.5 */
	[12] = 0x29, 0x2a, 0x2b, 0x2c};
static const uint8_t echo_reply_octets[20] = {HEADER(20, 6), /* 2.6 */
	[12] = 0x2d, 0x2e, 0x2f, 0x30, [16] = 0x31, [17] = 0x32, [18] = 0x33, 0x34};
static const uint8_t ocrq_octets[168] = {HEADER(168, 7), /* 2.7 */
	[12] = 0x35, 0x36, [14] = 0x37, 0x38,			/* Call ID, serial */
	[16] = 0x39, 0x3a, 0x3b, 0x3c, [20] = 0x3d, 0x3e, 0x3f, 0x40, /* min, max BPS */
	[24] = 0x41, 0x42, 0x43, 0x44, [28] = 0x45, 0x46, 0x47, 0x48, /* bearer, framing */
	[32] = 0x49, 0x4a, [34] = 0x4b, 0x4c,			/* window, delay */
	[36] = 0x4d, 0x4e, [38] = 0x4f, 0x50,			/* number length, Reserved1 */
	[40] = '5', '5', '1', [104] = 's', 'u', 'b'};
static const uint8_t ocrp_octets[32] = {HEADER(32, 8), /* 2.8 */
	[12] = 0x51, 0x52, [14] = 0x53, 0x54,			/* Call ID, Peer's Call ID */
	[16] = 0x55, [17] = 0x56, [18] = 0x57, 0x58,		/* result, error, cause */
	[20] = 0x59, 0x5a, 0x5b, 0x5c,				/* speed */
	[24] = 0x5d, 0x5e, [26] = 0x5f, 0x60,			/* window, delay */
	[28] = 0x61, 0x62, 0x63, 0x64};				/* channel */
static const uint8_t icrq_octets[220] = {HEADER(220, 9), /* 2.9 */
	[12] = 0x65, 0x66, [14] = 0x67, 0x68,			/* Call ID, serial */
	[16] = 0x69, 0x6a, 0x6b, 0x6c, [20] = 0x6d, 0x6e, 0x6f, 0x70, /* bearer, channel */
	[24] = 0x71, 0x72, [26] = 0x73, 0x74,			/* the two lengths */
	[28] = 'd', 'e', 'd', [92] = 'i', 'n', 'g', [156] = 'a', 'd'};
static const uint8_t icrp_octets[24] = {HEADER(24, 10), /* 2.10 */
	[12] = 0x75, 0x76, [14] = 0x77, 0x78,			/* Call ID, Peer's Call ID */
	[16] = 0x79, [17] = 0x7a, [18] = 0x7b, 0x7c,		/* result, error, window */
	[20] = 0x7d, 0x7e, [22] = 0x7f, 0x80};			/* delay, Reserved1 */
static const uint8_t iccn_octets[28] = {HEADER(28, 11), /* 2.11 */
	[12] = 0x81, 0x82, [14] = 0x83, 0x84,			/* Peer's Call ID, Reserved1 */
	[16] = 0x85, 0x86, 0x87, 0x88,				/* speed */
	[20] = 0x89, 0x8a, [22] = 0x8b, 0x8c,			/* window, delay */
	[24] = 0x8d, 0x8e, 0x8f, 0x90};				/* framing */
static const uint8_t ccr_octets[16] = {HEADER(16, 12), /* 2.12 */
	[12] = 0x91, 0x92, [14] = 0x93, 0x94};			/* Call ID, Reserved1 */
static const uint8_t cdn_octets[148] = {HEADER(148, 13), /* 2.13 */
	[12] = 0x95, 0x96, [14] = 0x97, [15] = 0x98,		/* Call ID, result, error */
	[16] = 0x99, 0x9a, [18] = 0x9b, 0x9c,			/* cause, Reserved1 */
	[20] = 's', 't', 'a', 't'};
static const uint8_t wen_octets[40] = {HEADER(40, 14), /* 2.14 */
	[12] = 0xa1, 0xa2, [14] = 0xa3, 0xa4,			/* Peer's Call ID, Reserved1 */
	[16] = 0xa5, 0xa6, 0xa7, 0xa8, [20] = 0xa9, 0xaa, 0xab, 0xac, /* CRC, framing */
	[24] = 0xad, 0xae, 0xaf, 0xb0, [28] = 0xb1, 0xb2, 0xb3, 0xb4, /* hardware, buffer */
	[32] = 0xb5, 0xb6, 0xb7, 0xb8, [36] = 0xb9, 0xba, 0xbb, 0xbc}; /* time-out, alignment */
static const uint8_t sli_octets[24] = {HEADER(24, 15), /* 2.15 */
	[12] = 0xc1, 0xc2, [14] = 0xc3, 0xc4,			/* Peer's Call ID, Reserved1 */
	[16] = 0xc5, 0xc6, 0xc7, 0xc8, [20] = 0xc9, 0xca, 0xcb, 0xcc}; /* send, receive */

#define VECTOR(octets, t, member, ...) \
	{octets, sizeof(octets), {.type = t, .reserved0 = 0xf0f1, .u.member = __VA_ARGS__}}
static const struct vector {
	const uint8_t *octets;
	size_t len;
	struct pptp_msg msg;
} vectors[] = {
	VECTOR(sccrq_octets, PPTP_SCCRQ, sccrq, {.protocol_version = 0x0102, .reserved1 = 0x0304,
	    .framing_capabilities = 0x05060708, .bearer_capabilities = 0x090a0b0c,
	    .maximum_channels = 0x0d0e, .firmware_revision = 0x0f10, .host_name = "host",
	    .vendor_name = "ven"}),
	VECTOR(sccrp_octets, PPTP_SCCRP, sccrp, {.protocol_version = 0x1112, .result_code = 0x13,
	    .error_code = 0x14, .framing_capabilities = 0x15161718,
	    .bearer_capabilities = 0x191a1b1c, .maximum_channels = 0x1d1e,
	    .firmware_revision = 0x1f20, .host_name = "HO", .vendor_name = "V"}),
	VECTOR(stop_request_octets, PPTP_STOP_REQUEST, stop_request, {.reason = 0x21,
	    .reserved1 = 0x22, .reserved2 = 0x2324}),
	VECTOR(stop_reply_octets, PPTP_STOP_REPLY, stop_reply, {.result_code = 0x25,
	    .error_code = 0x26, .reserved1 = 0x2728}),
	VECTOR(echo_request_octets, PPTP_ECHO_REQUEST, echo_request, {.identifier = 0x292a2b2c}),
	VECTOR(echo_reply_octets, PPTP_ECHO_REPLY, echo_reply, {.identifier = 0x2d2e2f30,
	    .result_code = 0x31, .error_code = 0x32, .reserved1 = 0x3334}),
	VECTOR(ocrq_octets, PPTP_OCRQ, ocrq, {.call_id = 0x3536, .call_serial_number = 0x3738,
	    .minimum_bps = 0x393a3b3c, .maximum_bps = 0x3d3e3f40, .bearer_type = 0x41424344,
	    .framing_type = 0x45464748, .packet_recv_window_size = 0x494a,
	    .packet_processing_delay = 0x4b4c, .phone_number_length = 0x4d4e,
	    .reserved1 = 0x4f50, .phone_number = "551", .subaddress = "sub"}),
	VECTOR(ocrp_octets, PPTP_OCRP, ocrp, {.call_id = 0x5152, .peers_call_id = 0x5354,
	    .result_code = 0x55, .error_code = 0x56, .cause_code = 0x5758,
	    .connect_speed = 0x595a5b5c, .packet_recv_window_size = 0x5d5e,
	    .packet_processing_delay = 0x5f60, .physical_channel_id = 0x61626364}),
	VECTOR(icrq_octets, PPTP_ICRQ, icrq, {.call_id = 0x6566, .call_serial_number = 0x6768,
	    .call_bearer_type = 0x696a6b6c, .physical_channel_id = 0x6d6e6f70,
	    .dialed_number_length = 0x7172, .dialing_number_length = 0x7374,
	    .dialed_number = "ded", .dialing_number = "ing", .subaddress = "ad"}),
	VECTOR(icrp_octets, PPTP_ICRP, icrp, {.call_id = 0x7576, .peers_call_id = 0x7778,
	    .result_code = 0x79, .error_code = 0x7a, .packet_recv_window_size = 0x7b7c,
	    .packet_transmit_delay = 0x7d7e, .reserved1 = 0x7f80}),
	VECTOR(iccn_octets, PPTP_ICCN, iccn, {.peers_call_id = 0x8182, .reserved1 = 0x8384,
	    .connect_speed = 0x85868788, .packet_recv_window_size = 0x898a,
	    .packet_transmit_delay = 0x8b8c, .framing_type = 0x8d8e8f90}),
	VECTOR(ccr_octets, PPTP_CCR, ccr, {.call_id = 0x9192, .reserved1 = 0x9394}),
	VECTOR(cdn_octets, PPTP_CDN, cdn, {.call_id = 0x9596, .result_code = 0x97,
	    .error_code = 0x98, .cause_code = 0x999a, .reserved1 = 0x9b9c,
	    .call_statistics = "stat"}),
	VECTOR(wen_octets, PPTP_WEN, wen, {.peers_call_id = 0xa1a2, .reserved1 = 0xa3a4,
	    .crc_errors = 0xa5a6a7a8, .framing_errors = 0xa9aaabac,
	    .hardware_overruns = 0xadaeafb0, .buffer_overruns = 0xb1b2b3b4,
	    .time_out_errors = 0xb5b6b7b8, .alignment_errors = 0xb9babbbc}),
	VECTOR(sli_octets, PPTP_SLI, sli, {.peers_call_id = 0xc1c2, .reserved1 = 0xc3c4,
	    .send_accm = 0xc5c6c7c8, .receive_accm = 0xc9cacbcc}),
};
/* clang-format on */

/* A copy of exactly this size, so that the sanitizer sees one octet too many. */
static uint8_t *
exact(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, octets, len);
	return copy;
}

/* Every field by its own member, since padding has no value. */
static void
assert_same(const struct pptp_msg *a, const struct pptp_msg *b)
{
	struct pptp_field x, y;
	unsigned i;

	assert_int_equal(a->type, b->type);
	for (i = 0; pptp_msg_field(a, i, &x) == PPTP_OK; i++) {
		assert_int_equal(pptp_msg_field(b, i, &y), PPTP_OK);
		if (x.is_text)
			assert_string_equal(x.text, y.text);
		else
			assert_true(x.number == y.number);
	}
	assert_int_equal(pptp_msg_field(b, i, &y), PPTP_ERR_AGAIN);
}

static void
rfc2_all_fifteen_as_octets(void **state)
{
	uint8_t out[PPTP_MAX_MSG_LEN];
	size_t len;

	(void)state;
	assert_int_equal(COUNT(vectors), PPTP_MSG_TYPES);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];

		memset(out, 0xee, sizeof(out));
		assert_int_equal(pptp_msg_encode(&v->msg, out, sizeof(out), &len), PPTP_OK);
		assert_int_equal(len, v->len);
		assert_memory_equal(out, v->octets, v->len);
	}
}

/* The members are compared one by one here, without the field tables. */
static void
rfc2_all_fifteen_as_structs(void **state)
{
	struct pptp_msg msg;

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];

		assert_int_equal(pptp_msg_decode(&msg, v->octets, v->len), PPTP_OK);
		assert_int_equal(msg.type, v->msg.type);
		assert_int_equal(msg.reserved0, 0xf0f1);
		assert_memory_equal(&msg.u, &v->msg.u, sizeof(msg.u));
	}
}

static void
every_prefix_is_too_short(void **state)
{
	struct pptp_msg msg;

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];

		for (size_t len = 0; len < v->len; len++) {
			uint8_t *octets = exact(v->octets, len);
			int frame = pptp_msg_frame(octets, len);

			assert_int_equal(pptp_msg_decode(&msg, octets, len), PPTP_ERR_LENGTH);
			assert_int_equal(frame, len < PPTP_HEADER_LEN ? 0 : (int)v->len);
			free(octets);
		}
	}
}

static void
every_encoding_buffer_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];

		for (size_t size = 0; size <= v->len; size++) {
			uint8_t *out = exact(v->octets, size);
			size_t len = 0;

			assert_int_equal(pptp_msg_encode(&v->msg, out, size, &len),
			    size < v->len ? PPTP_ERR_SPACE : PPTP_OK);
			free(out);
		}
	}
}

/* A5: exactly the type's size, decided by the header alone. */
static void
rfc2_16_every_wrong_length_is_refused(void **state)
{
	struct pptp_msg msg;

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t octets[PPTP_MAX_MSG_LEN + 1] = {0};

		memcpy(octets, v->octets, v->len);
		for (unsigned length = 0; length <= UINT16_MAX; length++) {
			if (length == v->len)
				continue;
			octets[0] = (uint8_t)(length >> 8);
			octets[1] = (uint8_t)length;
			assert_int_equal(pptp_msg_frame(octets, PPTP_HEADER_LEN), PPTP_ERR_LENGTH);
			if (length < PPTP_HEADER_LEN)
				assert_int_equal(pptp_msg_frame(octets, 8), PPTP_ERR_LENGTH);
			assert_int_equal(pptp_msg_decode(&msg, octets, v->len), PPTP_ERR_LENGTH);
		}
		/* Right in the header, but one octet more is there. */
		memcpy(octets, v->octets, v->len);
		assert_int_equal(pptp_msg_decode(&msg, octets, v->len + 1), PPTP_ERR_LENGTH);
	}
}

static void
rfc1_4_every_wrong_cookie_is_refused(void **state)
{
	uint8_t octets[sizeof(echo_request_octets)];
	struct pptp_msg msg;

	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		memcpy(octets, echo_request_octets, sizeof(octets));
		octets[4 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(pptp_msg_frame(octets, 8), PPTP_ERR_COOKIE);
		assert_int_equal(pptp_msg_decode(&msg, octets, sizeof(octets)), PPTP_ERR_COOKIE);
	}
	/* An HTTP server; the same verdict however few octets come at a time. */
	assert_int_equal(pptp_msg_frame((const uint8_t *)"HTTP/1.1", 7), 0);
	assert_int_equal(pptp_msg_frame((const uint8_t *)"HTTP/1.1", 8), PPTP_ERR_COOKIE);
}

static void
rfc1_4_other_kinds_of_message(void **state)
{
	uint8_t octets[12] = {0, 12, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 16, 0, 0};
	struct pptp_msg msg = {.type = (enum pptp_msg_type)16};
	size_t len;

	(void)state;
	/* A control message of a type to come: whole, but not known (A8). */
	assert_int_equal(pptp_msg_frame(octets, sizeof(octets)), 12);
	assert_int_equal(pptp_msg_type(octets, sizeof(octets)), 16);
	assert_int_equal(pptp_msg_decode(&msg, octets, sizeof(octets)), PPTP_ERR_FORMAT);
	octets[9] = 0;
	assert_int_equal(pptp_msg_frame(octets, sizeof(octets)), 12);
	assert_int_equal(pptp_msg_decode(&msg, octets, sizeof(octets)), PPTP_ERR_FORMAT);
	/* A management message, though its number is that of an Echo-Request (A7). */
	octets[3] = 2;
	octets[9] = 5;
	assert_int_equal(pptp_msg_frame(octets, sizeof(octets)), 12);
	assert_int_equal(pptp_msg_type(octets, sizeof(octets)), 5 | PPTP_MANAGEMENT_BIT);
	assert_int_equal(pptp_msg_decode(&msg, octets, sizeof(octets)), PPTP_ERR_FORMAT);
	/* Neither. */
	octets[3] = 3;
	assert_int_equal(pptp_msg_frame(octets, 8), PPTP_ERR_FORMAT);
	octets[3] = 0;
	assert_int_equal(pptp_msg_frame(octets, 8), PPTP_ERR_FORMAT);
	/* And an unknown type is not encoded. */
	msg.type = (enum pptp_msg_type)16;
	assert_int_equal(pptp_msg_encode(&msg, octets, sizeof(octets), &len), PPTP_ERR_FORMAT);
}

/* Any octets at all in the body: what is decoded encodes to what decodes the same. */
static void
any_body_survives_a_round_trip(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 300 * COUNT(vectors); round++) {
		const struct vector *v = &vectors[round % COUNT(vectors)];
		uint8_t in[PPTP_MAX_MSG_LEN], out[PPTP_MAX_MSG_LEN];
		struct pptp_msg first, second;
		size_t len;

		memcpy(in, v->octets, PPTP_HEADER_LEN);
		for (size_t i = PPTP_HEADER_LEN; i < v->len; i++) {
			seed = seed * 1664525 + 1013904223;
			in[i] = (uint8_t)(seed >> 24);
		}
		assert_int_equal(pptp_msg_decode(&first, in, v->len), PPTP_OK);
		assert_int_equal(pptp_msg_encode(&first, out, sizeof(out), &len), PPTP_OK);
		assert_int_equal(pptp_msg_decode(&second, out, len), PPTP_OK);
		assert_same(&first, &second);
	}
}

/* A12: text may fill its field, or have junk behind its NUL; what we send has neither. */
static void
rfc2_1_text_fields_are_bounded(void **state)
{
	static const uint8_t junk[] = {'a', 'b', 0, 'j', 'u', 'n', 'k'};
	uint8_t octets[156], out[156];
	struct pptp_msg msg;
	size_t len;

	(void)state;
	memcpy(octets, sccrq_octets, sizeof(octets));
	memset(octets + 28, 'x', 64);
	memcpy(octets + 92, junk, sizeof(junk));
	assert_int_equal(pptp_msg_decode(&msg, octets, sizeof(octets)), PPTP_OK);
	assert_int_equal(strlen(msg.u.sccrq.host_name), 64);
	assert_string_equal(msg.u.sccrq.vendor_name, "ab");
	assert_int_equal(msg.u.sccrq.vendor_name[3], 0);
	assert_int_equal(pptp_msg_encode(&msg, out, sizeof(out), &len), PPTP_OK);
	assert_memory_equal(out, octets, 92 + 2);
	for (size_t i = 92 + 2; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
}

/* Fields follow each other without a gap, from Reserved0 to the last octet. */
static void
rfc2_fields_cover_the_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct pptp_field field;
		size_t end = 10;
		unsigned n;

		for (n = 0; pptp_msg_field(&v->msg, n, &field) == PPTP_OK; n++) {
			uint32_t number = 0;

			assert_int_equal(field.offset, end);
			end += field.size;
			assert_true(end <= v->len);
			for (size_t at = 0; at < field.size && !field.is_text; at++)
				number = number << 8 | v->octets[field.offset + at];
			if (field.is_text)
				assert_memory_equal(
				    field.text, v->octets + field.offset, strlen(field.text) + 1);
			else
				assert_true(field.number == number);
		}
		assert_int_equal(end, v->len);
		assert_int_equal(pptp_msg_field(&v->msg, n + 1, &field), PPTP_ERR_AGAIN);
		assert_int_equal(pptp_msg_field(&v->msg, UINT32_MAX, &field), PPTP_ERR_AGAIN);
	}
}

static void
print_says_codes_in_words(void **state)
{
	struct pptp_msg reply = {.type = PPTP_OCRP,
	    .u.ocrp = {.call_id = 7,
		.peers_call_id = 9,
		.result_code = PPTP_OCRP_BUSY,
		.connect_speed = 64000}};
	struct pptp_msg info = {.type = PPTP_SLI,
	    .u.sli = {.peers_call_id = 7, .send_accm = 0xffffffff, .receive_accm = 0xa0000}};
	struct pptp_msg odd = {.type = PPTP_STOP_REQUEST,
	    .reserved0 = 3,
	    .u.stop_request = {.reason = 77, .reserved2 = 4}};
	char line[400];

	(void)state;
	pptp_msg_print(&reply, line, sizeof(line));
	assert_string_equal(line,
	    "Call ID 7, Peer's Call ID 9, Result Code 4 (busy), "
	    "Error Code 0 (none), Cause Code 0, Connect Speed 64000, "
	    "Packet Recv. Window Size 0, Packet Processing Delay 0, Physical Channel ID "
	    "0");
	pptp_msg_print(&info, line, sizeof(line));
	assert_string_equal(
	    line, "Peer's Call ID 7, Send ACCM 0xffffffff, Receive ACCM 0x000a0000");
	pptp_msg_print(&odd, line, sizeof(line));
	assert_string_equal(line, "Reserved0 3, Reason 77 (unknown), Reserved2 4");
}

static void
print_escapes_the_text_of_peers(void **state)
{
	struct pptp_msg msg = {.type = PPTP_CDN,
	    .u.cdn = {.call_id = 1,
		.result_code = PPTP_CDN_REQUEST,
		.call_statistics = "a\n\"\\\x1b[2J\xff"}};
	char line[400];

	(void)state;
	pptp_msg_print(&msg, line, sizeof(line));
	assert_string_equal(line,
	    "Call ID 1, Result Code 4 (request), Error Code 0 (none), "
	    "Cause Code 0, Call Statistics \"a\\x0a\\x22\\x5c\\x1b[2J\\xff\"");
}

static void
print_is_bounded(void **state)
{
	char whole[2000];

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		int len = pptp_msg_print(&vectors[i].msg, whole, sizeof(whole));

		assert_int_equal(len, strlen(whole));
		for (size_t size = 0; size <= (size_t)len + 1; size++) {
			char *line = malloc(size == 0 ? 1 : size);

			assert_non_null(line);
			assert_int_equal(pptp_msg_print(&vectors[i].msg, line, size), len);
			if (size > 0) {
				assert_int_equal(strlen(line), size - 1);
				assert_memory_equal(line, whole, size - 1);
			}
			free(line);
		}
	}
}

static void
escape_never_ends_in_the_middle(void **state)
{
	static const char *const cut[] = {"", "", "a", "a", "a", "a", "a\\x01", "a\\x01b",
	    "a\\x01b", "a\\x01b", "a\\x01b", "a\\x01b\\xff"};
	char out[20];

	(void)state;
	for (size_t size = 1; size < COUNT(cut); size++) {
		memset(out, 'z', sizeof(out));
		pptp_escape("a\x01"
			    "b\xff",
		    out, size);
		assert_string_equal(out, cut[size]);
		assert_int_equal(out[size], 'z');
	}
	memset(out, 'z', sizeof(out));
	pptp_escape("a\x01"
		    "b\xff",
	    out, sizeof(out));
	assert_string_equal(out, "a\\x01b\\xff");
	out[0] = 'z';
	pptp_escape("a", out, 0);
	assert_int_equal(out[0], 'z');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc2_all_fifteen_as_octets),
	    cmocka_unit_test(rfc2_all_fifteen_as_structs),
	    cmocka_unit_test(every_prefix_is_too_short),
	    cmocka_unit_test(every_encoding_buffer_is_checked),
	    cmocka_unit_test(rfc2_16_every_wrong_length_is_refused),
	    cmocka_unit_test(rfc1_4_every_wrong_cookie_is_refused),
	    cmocka_unit_test(rfc1_4_other_kinds_of_message),
	    cmocka_unit_test(any_body_survives_a_round_trip),
	    cmocka_unit_test(rfc2_1_text_fields_are_bounded),
	    cmocka_unit_test(rfc2_fields_cover_the_message),
	    cmocka_unit_test(print_says_codes_in_words),
	    cmocka_unit_test(print_escapes_the_text_of_peers),
	    cmocka_unit_test(print_is_bounded),
	    cmocka_unit_test(escape_never_ends_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
