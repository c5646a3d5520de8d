/* ppp_print.c: a PPP packet in words. */
#include "ppp.h"

#include <string.h>

static void
add_rest_quoted(struct words *words, const char *name, struct wire_reader *reader)
{
	size_t len = wire_left(reader);
	const uint8_t *text = wire_get_bytes(reader, len);

	if (len == 0)
		return;
	words_addf(words, ", %s ", name);
	words_add_quoted(words, (const char *)text, len);
}

static void
add_counted_quoted(struct words *words, const char *name, struct wire_reader *reader)
{
	size_t len = wire_get_u8(reader);
	const uint8_t *text = wire_get_bytes(reader, len);

	if (text == NULL)
		return;
	words_addf(words, ", %s ", name);
	words_add_quoted(words, (const char *)text, len);
}

/* RFC 1661 5.5 to 5.9, RFC 1570 2.1 and 2.2: Terminate-Request and what comes after it. */
static void
print_link(
    struct words *words, unsigned protocol, const struct pptp_ppp *ppp, struct wire_reader *reader)
{
	unsigned number;

	switch (ppp->code) {
	case 5:
	case 6:
		add_rest_quoted(words, "Data", reader);
		break;
	case 7:
		number = wire_get_u8(reader);
		if (!reader->failed)
			words_addf(words, ", rejected Code %u (%s)", number,
			    pptp_ppp_code_name(protocol, number));
		break;
	case PPP_PROTOCOL_REJECT:
		number = wire_get_u16(reader);
		if (protocol == PPP_LCP && !reader->failed)
			words_addf(words, ", Rejected-Protocol 0x%04x (%s)", number,
			    pptp_ppp_protocol_name(number));
		break;
	case 9:
	case 10:
	case 11:
	case 12:
		number = wire_get_u32(reader);
		if (protocol != PPP_LCP || reader->failed)
			break;
		words_addf(words, ", Magic-Number 0x%08x", number);
		if (ppp->code == 12)
			add_rest_quoted(words, "Message", reader);
		break;
	default:
		break;
	}
}

/* RFC 1334 2.2 */
static void
print_pap(struct words *words, const struct pptp_ppp *ppp, struct wire_reader *reader)
{
	if (ppp->code == 1) {
		add_counted_quoted(words, "Peer-ID", reader);
		words_add(words, ", Password hidden");
	} else {
		add_counted_quoted(words, "Message", reader);
	}
}

/* RFC 2759 5: in a Success, S= and 40 digits, which prove that the server knows the password. */
static void
print_chap_success(struct words *words, struct wire_reader *reader)
{
	size_t len = wire_left(reader);

	wire_get_bytes(reader, len);
	if (len > 0)
		words_add(words, ", Message hidden");
}

/* RFC 1994 4 */
static void
print_chap(struct words *words, const struct pptp_ppp *ppp, struct wire_reader *reader)
{
	size_t len;

	switch (ppp->code) {
	case 1:
	case 2:
		len = wire_get_u8(reader);
		if (wire_get_bytes(reader, len) == NULL)
			return;
		words_addf(words, ", Value of %zu octets", len);
		/* RFC 2433 5, RFC 2759 4: LM or peer's Challenge, NT-Response, Flags */
		if (ppp->code == 2)
			words_addf(words, " hidden%s", len == 49 ? " (MS-CHAP)" : "");
		add_rest_quoted(words, "Name", reader);
		break;
	case 3:
		print_chap_success(words, reader);
		break;
	case 4:
		add_rest_quoted(words, "Message", reader);
		break;
	default: /* a new password */
		words_add(words, ", hidden");
		break;
	}
}

static const char *
eap_type(unsigned type)
{
	static const struct {
		unsigned type;
		const char *name;
	} names[] = {
	    /* https://www.iana.org/assignments/eap-numbers */
	    {1, "Identity"},
	    {2, "Notification"},
	    {3, "Nak"},
	    {4, "MD5-Challenge"},
	    {5, "OTP"},
	    {6, "GTC"},
	    {13, "TLS"},
	    {17, "LEAP"},
	    {18, "SIM"},
	    {21, "TTLS"},
	    {23, "AKA"},
	    {25, "PEAP"},
	    {26, "MSCHAPv2"},
	    {33, "TLV"},
	    {43, "FAST"},
	    {52, "PWD"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].type == type)
			return names[i].name;
	}
	return "unknown";
}

/* RFC 3748 4 and 5 */
static void
print_eap(struct words *words, const struct pptp_ppp *ppp, struct wire_reader *reader)
{
	unsigned type;

	if ((ppp->code != 1 && ppp->code != 2) || wire_left(reader) == 0)
		return;
	type = wire_get_u8(reader);
	words_addf(words, ", Type %u (%s)", type, eap_type(type));
	if (type <= 2) {
		add_rest_quoted(words, "Type-Data", reader);
	} else if (type == 3) {
		while (wire_left(reader) > 0) {
			type = wire_get_u8(reader);
			words_addf(words, ", wants %u (%s)", type, eap_type(type));
		}
	} else {
		words_addf(words, ", Type-Data of %zu octets hidden", wire_left(reader));
	}
}

int
pptp_ppp_print(const uint8_t *frame, size_t len, char *out, size_t size)
{
	struct wire_reader reader;
	struct pptp_ppp ppp;
	struct words words;
	unsigned said;

	words_init(&words, out, size);
	if (pptp_ppp_decode(&ppp, frame, len) != PPTP_OK) {
		words_add(&words, "too short for a Protocol field");
		return (int)words.len;
	}
	if (!ppp.has_code) {
		words_addf(&words, "Protocol 0x%04x, %zu octets", ppp.protocol, ppp.packet_len);
		return (int)words.len;
	}
	wire_reader_init(&reader, ppp.packet, ppp.packet_len);
	wire_get_u16(&reader);
	said = wire_get_u16(&reader);
	if (strcmp(pptp_ppp_protocol_name(ppp.protocol), "unknown") == 0)
		words_addf(&words, "Protocol 0x%04x, ", ppp.protocol);
	if (ppp.protocol == PPP_LQR) {
		words_addf(&words, "%zu octets", ppp.packet_len);
		return (int)words.len;
	}
	if (strcmp(pptp_ppp_code_name(ppp.protocol, ppp.code), "unknown") == 0)
		words_addf(&words, "Code %u, ", ppp.code);
	words_addf(&words, "Identifier %u", ppp.identifier);
	if (ppp.protocol == PPP_PAP)
		print_pap(&words, &ppp, &reader);
	else if (ppp.protocol == PPP_CHAP)
		print_chap(&words, &ppp, &reader);
	else if (ppp.protocol == PPP_EAP)
		print_eap(&words, &ppp, &reader);
	else if (ppp.protocol >= 0xc000 && ppp.protocol != PPP_LCP)
		words_add(&words, ", the rest hidden");
	else if (ppp.code >= PPP_CONFIGURE_REQUEST && ppp.code <= PPP_CONFIGURE_REJECT)
		ppp_options_print(&words, ppp.protocol, &reader);
	else
		print_link(&words, ppp.protocol, &ppp, &reader);
	if (said < PPP_HEADER_LEN)
		words_addf(&words, ", Length %u is malformed", said);
	else if (said > ppp.packet_len)
		words_addf(&words, ", cut: %zu of %u octets", ppp.packet_len, said);
	return (int)words.len;
}
