/*
 * test_vectors.c: captures decoded by us and by tshark, field by field.
 *
 * tests/vectors/NAME.pcap is read with libpcap; NAME.tsv is what tshark reads in it
 * (tests/vectors/decode).  Each field of tshark must be one of ours with the same place,
 * the same octets and the same name, and together they must cover each message to its
 * last octet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pptp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* tshark's name of a field and the RFC's; those of the fixed header (2) have no RFC name
 * here. */
static const struct {
	const char *tshark, *rfc;
} names[] = {
    {"pptp.protocol_version", "Protocol Version"},
    {"pptp.framing_capabilities", "Framing Capabilities"},
    {"pptp.bearer_capabilities", "Bearer Capabilities"},
    {"pptp.maximum_channels", "Maximum Channels"},
    {"pptp.firmware_revision", "Firmware Revision"},
    {"pptp.host_name", "Host Name"},
    {"pptp.vendor_name", "Vendor Name"},
    {"pptp.control_result", "Result Code"},
    {"pptp.stop_result", "Result Code"},
    {"pptp.echo_result", "Result Code"},
    {"pptp.out_result", "Result Code"},
    {"pptp.in_result", "Result Code"},
    {"pptp.disc_result", "Result Code"},
    {"pptp.error", "Error Code"},
    {"pptp.reason", "Reason"},
    {"pptp.identifier", "Identifier"},
    {"pptp.call_id", "Call ID"},
    {"pptp.peer_call_id", "Peer's Call ID"},
    {"pptp.call_serial_number", "Call Serial Number"},
    {"pptp.minimum_bps", "Minimum BPS"},
    {"pptp.maximum_bps", "Maximum BPS"},
    {"pptp.framing_type", "Framing Type"},
    {"pptp.bearer_type", "Bearer Type"},
    {"pptp.bearer_type", "Call Bearer Type"}, /* Incoming-Call-Request (2.9) */
    {"pptp.packet_receive_window_size", "Packet Recv. Window Size"},
    {"pptp.packet_processing_delay", "Packet Processing Delay"},
    {"pptp.packet_processing_delay", "Packet Transmit Delay"}, /* 2.10, 2.11 */
    {"pptp.phone_number_length", "Phone Number Length"},
    {"pptp.phone_number", "Phone Number"},
    {"pptp.subaddress", "Subaddress"},
    {"pptp.cause", "Cause Code"},
    {"pptp.connect_speed", "Connect Speed"},
    {"pptp.physical_channel_id", "Physical Channel ID"},
    {"pptp.dialed_number_length", "Dialed Number Length"},
    {"pptp.dialed_number", "Dialed Number"},
    {"pptp.dialing_number_length", "Dialing Number Length"},
    {"pptp.dialing_number", "Dialing Number"},
    {"pptp.call_Statistics", "Call Statistics"},
    {"pptp.crc_errors", "CRC Errors"},
    {"pptp.framing_errors", "Framing Errors"},
    {"pptp.hardware_overruns", "Hardware Overruns"},
    {"pptp.buffer_overruns", "Buffer Overruns"},
    {"pptp.timeout_errors", "Time-out Errors"},
    {"pptp.alignment_errors", "Alignment Errors"},
    {"pptp.send_accm", "Send ACCM"},
    {"pptp.receive_accm", "Receive ACCM"},
    {"pptp.reserved", "Reserved0"},
    {"pptp.reserved", "Reserved1"},
    {"pptp.reserved", "Reserved2"},
};

/* What one frame of a capture holds for us. */
struct frame {
	enum { FRAME_OTHER, FRAME_PPTP, FRAME_GRE } kind;
	uint8_t octets[2048];
	size_t len;
	size_t covered; /* octets that tshark's fields have named */
};

/* One direction of the one TCP connection in a capture. */
struct stream {
	bool known;
	uint32_t next; /* sequence number */
	uint8_t octets[65536];
	size_t len;
};

struct capture {
	struct frame frames[512];
	size_t count;
	struct stream streams[2]; /* to port 1723, and from it */
	unsigned types[PPTP_MSG_TYPES + 1];
};

static uint32_t
number_at(const uint8_t *octets, size_t size)
{
	uint32_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | octets[i];
	return value;
}

/* A message that ends in this frame; no more than one does (see the last line). */
static void
take_tcp(struct capture *capture, struct frame *frame, const uint8_t *segment, size_t len)
{
	size_t header = (size_t)(segment[12] >> 4) * 4;
	struct stream *stream = &capture->streams[number_at(segment + 2, 2) == PPTP_PORT ? 0 : 1];
	uint32_t seq = number_at(segment + 4, 4);
	int size;

	assert_true(header >= 20 && header <= len);
	if (segment[13] & 0x02) { /* SYN */
		stream->known = true;
		stream->next = seq + 1;
		return;
	}
	len -= header;
	if (len == 0 || !stream->known || seq != stream->next)
		return; /* a bare acknowledgement, or sent again */
	assert_true(stream->len + len <= sizeof(stream->octets));
	memcpy(stream->octets + stream->len, segment + header, len);
	stream->len += len;
	stream->next += (uint32_t)len;
	size = pptp_msg_frame(stream->octets, stream->len);
	assert_true(size >= 0);
	if (size == 0 || (size_t)size > stream->len)
		return;
	frame->kind = FRAME_PPTP;
	frame->len = (size_t)size;
	memcpy(frame->octets, stream->octets, frame->len);
	stream->len -= frame->len;
	assert_int_equal(stream->len, 0);
}

static void
take_frame(struct capture *capture, const uint8_t *data, size_t len)
{
	struct frame *frame = &capture->frames[capture->count++];
	const uint8_t *ip = data + 14;
	size_t header, total;

	if (len < 34 || number_at(data + 12, 2) != 0x0800)
		return;
	header = (size_t)(ip[0] & 15) * 4;
	total = number_at(ip + 2, 2);
	assert_true(header >= 20 && header <= total && total + 14 <= len);
	if (ip[9] == 6) {
		take_tcp(capture, frame, ip + header, total - header);
	} else if (ip[9] == PPTP_GRE_IP_PROTOCOL) {
		assert_true(total - header <= sizeof(frame->octets));
		frame->kind = FRAME_GRE;
		frame->len = total - header;
		memcpy(frame->octets, ip + header, frame->len);
	}
}

static struct capture *
read_capture(const char *name)
{
	char path[512], error[PCAP_ERRBUF_SIZE];
	struct capture *capture = calloc(1, sizeof(*capture));
	struct pcap_pkthdr *header;
	const uint8_t *data;
	pcap_t *pcap;

	assert_non_null(capture);
	snprintf(path, sizeof(path), "%s/tests/vectors/%s.pcap", TOP_SRCDIR, name);
	pcap = pcap_open_offline(path, error);
	if (pcap == NULL)
		fail_msg("%s", error);
	assert_int_equal(pcap_datalink(pcap), DLT_EN10MB);
	while (pcap_next_ex(pcap, &header, &data) == 1) {
		assert_true(capture->count < COUNT(capture->frames));
		assert_int_equal(header->caplen, header->len);
		take_frame(capture, data, header->caplen);
	}
	pcap_close(pcap);
	return capture;
}

/* tshark's value, hex octets, is what stands at this place. */
static void
check_octets(const struct frame *frame, size_t offset, size_t size, const char *hex)
{
	assert_true(offset + size <= frame->len);
	assert_int_equal(strlen(hex), 2 * size);
	for (size_t i = 0; i < size; i++) {
		char two[3];

		snprintf(two, sizeof(two), "%02x", frame->octets[offset + i]);
		assert_memory_equal(two, hex + 2 * i, 2);
	}
}

static bool
same_name(const char *tshark, const char *rfc)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(names[i].tshark, tshark) == 0 && strcmp(names[i].rfc, rfc) == 0)
			return true;
	}
	return false;
}

/* Length, PPTP Message Type, Magic Cookie and Control Message Type: the first ten octets.
 */
static void
check_fixed(const struct frame *frame, const struct pptp_msg *msg, size_t offset, uint32_t value)
{
	switch (offset) {
	case 0:
		assert_int_equal(value, frame->len);
		assert_int_equal(value, pptp_msg_size(msg->type));
		break;
	case 2:
		assert_int_equal(value, PPTP_MESSAGE_CONTROL);
		break;
	case 4:
		assert_int_equal(value, PPTP_MAGIC_COOKIE);
		break;
	case 8:
		assert_int_equal(value, msg->type);
		break;
	default:
		fail_msg("tshark has a field at %zu of the fixed header", offset);
	}
}

static void
check_pptp_field(struct frame *frame, size_t offset, size_t size, const char *name, const char *hex)
{
	struct pptp_msg msg;
	struct pptp_field field;
	unsigned i = 0;

	assert_int_equal(frame->kind, FRAME_PPTP);
	assert_int_equal(pptp_msg_decode(&msg, frame->octets, frame->len), PPTP_OK);
	check_octets(frame, offset, size, hex);
	/* tshark 4.0 reads the first half of Call Statistics only; 2.13 gives it 128
	 * octets. */
	if (strcmp(name, "pptp.call_Statistics") == 0)
		size = PPTP_STATISTICS_LEN;
	frame->covered += size;
	if (offset < 10) {
		check_fixed(frame, &msg, offset, number_at(frame->octets + offset, size));
		return;
	}
	while (pptp_msg_field(&msg, i, &field) == PPTP_OK && field.offset != offset)
		i++;
	assert_int_equal(field.offset, offset);
	assert_int_equal(field.size, size);
	if (!same_name(name, field.name))
		fail_msg("tshark says %s, we %s", name, field.name);
	if (field.is_text) {
		/* Ours ends at a NUL, or after the last octet (protocol A12). */
		size_t len = strnlen((const char *)frame->octets + offset, size);

		assert_int_equal(strlen(field.text), len);
		assert_memory_equal(field.text, frame->octets + offset, len);
	} else {
		assert_int_equal(field.number, number_at(frame->octets + offset, size));
	}
}

static void
check_gre_field(struct frame *frame, size_t offset, size_t size, const char *name, const char *hex)
{
	struct pptp_gre gre;
	uint32_t value;

	assert_int_equal(frame->kind, FRAME_GRE);
	assert_int_equal(pptp_gre_decode(&gre, frame->octets, frame->len), PPTP_OK);
	check_octets(frame, offset, size, hex);
	frame->covered += size;
	value = number_at(frame->octets + offset, size);
	if (strcmp(name, "gre.flags_and_version") == 0) {
		assert_int_equal((value & 0x1000) != 0, gre.has_seq);
		assert_int_equal((value & 0x0080) != 0, gre.has_ack);
	} else if (strcmp(name, "gre.proto") == 0) {
		assert_int_equal(value, PPTP_GRE_PROTOCOL);
	} else if (strcmp(name, "gre.key.payload_length") == 0) {
		assert_int_equal(value, gre.payload_len);
	} else if (strcmp(name, "gre.key.call_id") == 0) {
		assert_int_equal(value, gre.call_id);
	} else if (strcmp(name, "gre.sequence_number") == 0) {
		assert_true(gre.has_seq);
		assert_int_equal(value, gre.seq);
	} else if (strcmp(name, "gre.ack_number") == 0) {
		assert_true(gre.has_ack);
		assert_int_equal(value, gre.ack);
	} else {
		fail_msg("tshark has a field %s", name);
	}
}

static void
check_line(struct capture *capture, const char *line)
{
	char kind[8], name[64], hex[300];
	size_t number, offset, size;

	assert_int_equal(
	    sscanf(line, "%7s %zu %zu %zu %63s %299s", kind, &number, &offset, &size, name, hex),
	    6);
	assert_in_range(number, 1, capture->count);
	if (strcmp(kind, "pptp") == 0)
		check_pptp_field(&capture->frames[number - 1], offset, size, name, hex);
	else
		check_gre_field(&capture->frames[number - 1], offset, size, name, hex);
}

/* No message and no GRE header that tshark has not read, and none of theirs read in part.
 */
static void
check_covered(struct capture *capture, const struct frame *frame)
{
	struct pptp_gre gre;

	if (frame->kind == FRAME_PPTP) {
		assert_int_equal(frame->covered, frame->len);
		capture->types[number_at(frame->octets + 8, 2)]++;
	} else if (frame->kind == FRAME_GRE) {
		assert_int_equal(pptp_gre_decode(&gre, frame->octets, frame->len), PPTP_OK);
		assert_int_equal(frame->covered, frame->len - gre.payload_len);
		assert_true(gre.payload_len == 0 || gre.payload == frame->octets + frame->covered);
	}
}

/* The whole of a capture against the whole of tshark's reading of it. */
static struct capture *
compare(const char *name)
{
	char path[512], line[512];
	struct capture *capture = read_capture(name);
	const char *fresh = getenv("PPTPEER_VECTORS_DIR"); /* tests/system: tshark's as of now */
	FILE *tsv;

	snprintf(path, sizeof(path), "%s/%s.tsv",
	    fresh != NULL ? fresh : TOP_SRCDIR "/tests/vectors", name);
	tsv = fopen(path, "r");
	if (tsv == NULL)
		fail_msg("cannot read %s", path);
	while (fgets(line, sizeof(line), tsv) != NULL)
		check_line(capture, line);
	fclose(tsv);
	for (size_t i = 0; i < capture->count; i++)
		check_covered(capture, &capture->frames[i]);
	return capture;
}

/* pptp-linux and pptpd: creation, an Echo pair, and pptp-linux's way to end. */
static void
a_session_of_pptp_linux_with_pptpd(void **state)
{
	static const enum pptp_msg_type types[] = {PPTP_SCCRQ, PPTP_SCCRP, PPTP_OCRQ, PPTP_OCRP,
	    PPTP_ECHO_REQUEST, PPTP_ECHO_REPLY, PPTP_CCR};
	struct capture *capture = compare("session");
	unsigned gre = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		assert_in_range(capture->types[types[i]], 1, 9);
	for (size_t i = 0; i < capture->count; i++)
		gre += capture->frames[i].kind == FRAME_GRE;
	assert_in_range(gre, 20, 200);
	free(capture);
}

/* tests/vectors/messages.py: each twice, ordinary and with every octet in use. */
static void
rfc2_all_fifteen_messages(void **state)
{
	struct capture *capture = compare("messages");

	(void)state;
	for (unsigned type = 1; type <= PPTP_MSG_TYPES; type++)
		assert_int_equal(capture->types[type], 2);
	free(capture);
}

/* tests/sim: what we send ourselves, in either role, with each result. */
static void
every_message_of_ours(void **state)
{
	struct capture *capture = compare("ours");

	(void)state;
	for (unsigned type = 1; type <= PPTP_MSG_TYPES; type++)
		assert_in_range(capture->types[type], 1, 9);
	assert_in_range(capture->types[PPTP_SCCRP], 2, 9);
	assert_in_range(capture->types[PPTP_OCRP], 7, 9); /* connected and each refusal */
	assert_in_range(capture->types[PPTP_ICRP], 3, 9);
	assert_in_range(capture->types[PPTP_CDN], 3, 9);
	free(capture);
}

/* What we decode we encode again to the same octets. */
static void
a_decoded_message_encodes_to_the_same_octets(void **state)
{
	static const char *const captures[] = {"session", "messages", "ours"};

	(void)state;
	for (size_t c = 0; c < COUNT(captures); c++) {
		struct capture *capture = read_capture(captures[c]);

		for (size_t i = 0; i < capture->count; i++) {
			const struct frame *frame = &capture->frames[i];
			uint8_t out[PPTP_MAX_MSG_LEN];
			struct pptp_msg msg;
			size_t len;

			if (frame->kind != FRAME_PPTP)
				continue;
			assert_int_equal(pptp_msg_decode(&msg, frame->octets, frame->len), PPTP_OK);
			assert_int_equal(pptp_msg_encode(&msg, out, sizeof(out), &len), PPTP_OK);
			assert_int_equal(len, frame->len);
			assert_memory_equal(out, frame->octets, len);
		}
		free(capture);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_of_pptp_linux_with_pptpd),
	    cmocka_unit_test(rfc2_all_fifteen_messages),
	    cmocka_unit_test(every_message_of_ours),
	    cmocka_unit_test(a_decoded_message_encodes_to_the_same_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
