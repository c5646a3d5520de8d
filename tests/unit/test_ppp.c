/*
 * test_ppp.c: PPP packets in words, and that no word and no kept octet is a secret.  The packets
 * are laid out by their RFCs here; tests/system compares with tshark and scapy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pptp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t
from_hex(const char *hex, uint8_t *out, size_t size)
{
	size_t len = 0;
	unsigned octet;

	for (; *hex != '\0'; hex += *hex == ' ' ? 1 : 2) {
		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex, "%2x", &octet), 1);
		assert_true(len < size);
		out[len++] = (uint8_t)octet;
	}
	return len;
}

static const struct {
	const char *hex, *protocol, *code, *text;
} packets[] = {
    /* RFC 1661, RFC 1662, RFC 1570 */
    {"ff03 c021 01 07 001d 0104 0578 0206 000a0000 0305 c22381 0506 01020304 0702 0802", "LCP",
	"Configure-Request",
	"Identifier 7, MRU 1400, ACCM 0x000a0000, Authentication-Protocol CHAP MS-CHAPv2 (0x81), "
	"Magic-Number 0x01020304, Protocol-Field-Compression, "
	"Address-and-Control-Field-Compression"},
    {"c021 04 01 000d 0d03 06 1104 0640 1202", "LCP", "Configure-Reject",
	"Identifier 1, Callback 0x06, Multilink-MRRU 1600, Multilink-Short-Sequence-Number"},
    {"ff03 c021 03 01 0008 0304 c023", "LCP", "Configure-Nak",
	"Identifier 1, Authentication-Protocol PAP"},
    {"ff03 c021 02 01 0008 0304 c227", "LCP", "Configure-Ack",
	"Identifier 1, Authentication-Protocol EAP"},
    {"ff03 c021 01 01 0008 0304 c123", "LCP", "Configure-Request",
	"Identifier 1, Authentication-Protocol unknown 0xc123"},
    {"ff03 c021 01 01 000a 6306 deadbeef", "LCP", "Configure-Request",
	"Identifier 1, option 99 0xdeadbeef"},
    {"ff03 c021 01 01 0007 0103 05", "LCP", "Configure-Request",
	"Identifier 1, MRU of 1 octets 0x05"},
    {"ff03 c021 01 01 0008 0109 0578", "LCP", "Configure-Request",
	"Identifier 1, option 1 is cut or malformed"},
    {"ff03 c021 01 01 0006 0100", "LCP", "Configure-Request",
	"Identifier 1, option 1 is cut or malformed"},
    {"ff03 c021 01 01 0003", "LCP", "Configure-Request", "Identifier 1, Length 3 is malformed"},
    {"ff03 c021 01 01 0020 0104 0578", "LCP", "Configure-Request",
	"Identifier 1, MRU 1400, cut: 8 of 32 octets"},
    {"ff03 c021 01 01 0004 00 00 00", "LCP", "Configure-Request", "Identifier 1"}, /* padding */
    {"ff03 c021 05 02 0010 4d5050452072223b1b5b", "LCP", "Terminate-Request",
	"Identifier 2, Data \"MPPE r\\x22;\\x1b[\", cut: 14 of 16 octets"},
    {"ff03 c021 07 03 0009 0e 000000 00", "LCP", "Code-Reject",
	"Identifier 3, rejected Code 14 (unknown)"},
    {"ff03 c021 08 04 000a 80fd 01010004", "LCP", "Protocol-Reject",
	"Identifier 4, Rejected-Protocol 0x80fd (CCP)"},
    {"ff03 c021 09 05 0008 11223344", "LCP", "Echo-Request",
	"Identifier 5, Magic-Number 0x11223344"},
    {"ff03 c021 0c 06 000b 11223344 4d5352", "LCP", "Identification",
	"Identifier 6, Magic-Number 0x11223344, Message \"MSR\""},
    {"ff03 c021 63 06 0004", "LCP", "unknown", "Code 99, Identifier 6"},
    /* RFC 1334 */
    {"ff03 c023 01 01 0010 03 626f62 07 73656372657421", "PAP", "Authenticate-Request",
	"Identifier 1, Peer-ID \"bob\", Password hidden"},
    {"ff03 c023 03 01 0008 03 6e6f21", "PAP", "Authenticate-Nak", "Identifier 1, Message \"no!\""},
    /* RFC 1994, RFC 2433, RFC 2759 */
    {"ff03 c223 01 02 000b 04 01020304 7376", "CHAP", "Challenge",
	"Identifier 2, Value of 4 octets, Name \"sv\""},
    {"ff03 c223 02 02 000c 04 05060708 626f62", "CHAP", "Response",
	"Identifier 2, Value of 4 octets hidden, Name \"bob\""},
    {"ff03 c223 03 02 0007 533d41", "CHAP", "Success", "Identifier 2, Message hidden"},
    {"ff03 c223 04 02 000d 453d36393120523d30", "CHAP", "Failure",
	"Identifier 2, Message \"E=691 R=0\""},
    /* RFC 3748 */
    {"ff03 c227 01 01 0005 01", "EAP", "Request", "Identifier 1, Type 1 (Identity)"},
    {"ff03 c227 02 01 0008 01 626f62", "EAP", "Response",
	"Identifier 1, Type 1 (Identity), Type-Data \"bob\""},
    {"ff03 c227 02 01 0007 03 1a 0d", "EAP", "Response",
	"Identifier 1, Type 3 (Nak), wants 26 (MSCHAPv2), wants 13 (TLS)"},
    {"ff03 c227 02 01 0008 04 626f62", "EAP", "Response",
	"Identifier 1, Type 4 (MD5-Challenge), Type-Data of 3 octets hidden"},
    {"ff03 c227 03 01 0004", "EAP", "Success", "Identifier 1"},
    /* RFC 3078 */
    {"ff03 80fd 01 01 000a 1206 01000040", "CCP", "Configure-Request",
	"Identifier 1, MPPE 0x01000040 (128-bit, stateless)"},
    {"80fd 01 01 000a 1206 000000e1", "CCP", "Configure-Request",
	"Identifier 1, MPPE 0x000000e1 (128-bit, 56-bit, 40-bit, MPPC compression, stateful)"},
    {"80fd 03 01 000a 1206 01000001", "CCP", "Configure-Nak",
	"Identifier 1, MPPE 0x01000001 (MPPC compression, no encryption, stateless)"},
    {"80fd 03 01 000a 1206 00000000", "CCP", "Configure-Nak",
	"Identifier 1, MPPE 0x00000000 (no encryption, stateful)"},
    {"80fd 0e 01 0004", "CCP", "Reset-Request", "Identifier 1"},
    /* RFC 1332, RFC 1877, RFC 5072 */
    {"ff03 8021 01 01 0016 0306 0a140039 8106 00000000 8306 08080404", "IPCP", "Configure-Request",
	"Identifier 1, IP-Address 10.20.0.57, Primary-DNS 0.0.0.0, Secondary-DNS 8.8.4.4"},
    {"ff03 8021 04 01 000a 0206 002d 0f01", "IPCP", "Configure-Reject",
	"Identifier 1, IP-Compression-Protocol VJ Compressed TCP/IP 0x0f01"},
    {"ff03 8057 01 01 000e 010a 0011223344556677", "IPV6CP", "Configure-Request",
	"Identifier 1, Interface-Identifier 0x0011223344556677"},
    /* What has no words here. */
    {"ff03 c027 01 01 0008 01020304", "SPAP", "Configure-Request", "Identifier 1, the rest hidden"},
    {"ff03 8281 01 01 0004", "unknown", "Configure-Request", "Protocol 0x8281, Identifier 1"},
    {"ff03 c025 01020304 05060708", "LQR", "Link-Quality-Report", "8 octets"},
    {"ff03 c021 01", "LCP", "unknown", "Protocol 0xc021, 1 octets"},
    {"ff03 00fd 9000 01", "compressed or encrypted", "unknown", "Protocol 0x00fd, 3 octets"},
    {"21 45", "IPv4", "unknown", "Protocol 0x0021, 1 octets"},
};

static void
each_packet_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(packets); i++) {
		uint8_t frame[64];
		size_t len = from_hex(packets[i].hex, frame, sizeof(frame));
		struct pptp_ppp ppp;
		char text[512];

		assert_int_equal(pptp_ppp_decode(&ppp, frame, len), PPTP_OK);
		assert_string_equal(pptp_ppp_protocol_name(ppp.protocol), packets[i].protocol);
		if (ppp.has_code)
			assert_string_equal(
			    pptp_ppp_code_name(ppp.protocol, ppp.code), packets[i].code);
		/* What is hidden before it is printed gives the same words. */
		for (int hidden = 0; hidden < 2; hidden++) {
			int said = pptp_ppp_print(frame, len, text, sizeof(text));

			assert_int_equal(said, strlen(text));
			assert_string_equal(text, packets[i].text);
			pptp_ppp_hide(frame, len);
		}
	}
}

/* Cut anywhere, in a buffer of its own so that a sanitizer sees each octet too far. */
static void
any_part_of_a_packet_is_an_ordinary_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(packets); i++) {
		uint8_t frame[64];
		size_t len = from_hex(packets[i].hex, frame, sizeof(frame));

		for (size_t part = 0; part <= len; part++) {
			uint8_t *copy = malloc(part > 0 ? part : 1);
			struct pptp_ppp ppp;
			char text[24];

			assert_non_null(copy);
			memcpy(copy, frame, part);
			pptp_ppp_hide(copy, part);
			assert_true(pptp_ppp_print(copy, part, text, sizeof(text)) > 0);
			assert_in_range(strlen(text), 1, sizeof(text) - 1);
			if (part == 0)
				assert_int_equal(
				    pptp_ppp_decode(&ppp, copy, part), PPTP_ERR_DISCARD);
			free(copy);
		}
	}
}

/* The upper case of each is the secret: what is left of it is asterisks. */
static void
secrets_are_hidden(void **state)
{
	static const struct {
		const char *head, *body; /* hex; text */
		const char *left;
	} cases[] = {
	    {"ff03c023 01 01 0010 03", "bob\007SECRET!", "bob\007*******"},
	    {"c023 01 01 0010 03", "bob\007SECRET!", "bob\007*******"},
	    {"ff03c023 01 01 000c 03", "bob\007SECRETPADDING", "bob\007*************"},
	    {"ff03c023 01 01 0010 ff", "BOBSECRET", NULL},
	    {"ff03c023 02 01 0010 03", "yes", "yes"},
	    {"ff03c223 01 01 0010 04", "1234server", "1234server"},
	    {"ff03c223 02 01 000c 04", "HASHbobREST", "****bob****"},
	    {"ff03c223 02 01 000c 40", "HASHBOB", "*******"},
	    {"ff03c223 03 01 000c", "S=HASH", "******"},
	    {"ff03c223 04 01 000c", "E=691 R=1", "E=691 R=1"},
	    {"ff03c223 07 01 000c", "NEWPASSWORD", "***********"},
	    {"ff03c227 02 01 000c 04", "HASH", "****"},
	    {"ff03c227 01 01 000c 1a", "HASH", "****"},
	    {"ff03c227 02 01 000c 01", "bob", "bob"},
	    {"ff03c027 02 01 000c", "SPAP", "****"},
	    {"ff03c021 08 01 0016 c023 01 01 0010 03", "bob\007SECRET!", "bob\007*******"},
	    {"ff03c021 08 01 0016 c021 08 01 0016 c223 03 01 0010", "S=HASH", "******"},
	    {"ff03c021 05 01 0010", "words", "words"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t frame[128];
		size_t head = from_hex(cases[i].head, frame, sizeof(frame));
		size_t len = strlen(cases[i].body);

		memcpy(frame + head, cases[i].body, len);
		pptp_ppp_hide(frame, head + len);
		if (cases[i].left != NULL)
			assert_memory_equal(frame + head, cases[i].left, len);
		for (size_t at = head; cases[i].left == NULL && at < head + len; at++)
			assert_int_equal(frame[at], '*');
	}
}

/* With and without Address and Control, the Protocol field in one octet or two. */
static void
rfc1661_2_control_is_told_from_data(void **state)
{
	static const struct {
		const char *hex;
		bool control;
	} cases[] = {
	    {"ff03c0210101", true},
	    {"c0210101", true},
	    {"ff038021", true},
	    {"80fd01", true},
	    {"ff03002145", false},
	    {"ff032145", false},
	    {"2145", false},
	    {"00fd90", false},
	    {"fd90", false},
	    {"ff03fd90", false},
	    {"ff03", false},
	    {"c0", false},
	    {"", false},
	    {"ff03c0", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t frame[16];
		size_t len = from_hex(cases[i].hex, frame, sizeof(frame));

		assert_int_equal(pptp_ppp_is_control(frame, len), cases[i].control);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_packet_in_words),
	    cmocka_unit_test(any_part_of_a_packet_is_an_ordinary_case),
	    cmocka_unit_test(secrets_are_hidden),
	    cmocka_unit_test(rfc1661_2_control_is_told_from_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
