/* ppp.c: which PPP packets agree on something, and what of them nobody may read (RFC 1661). */
#include "ppp.h"

#include <string.h>

#define HIDDEN '*'

bool
pptp_ppp_is_control(const uint8_t *frame, size_t len)
{
	size_t at = len > 2 && frame[0] == 0xff ? 2 : 0;

	/*
	 * RFC 1661 2: 8*** and c*** are control protocols, 0*** data, 4*** data without one; a
	 * Protocol field of one octet is odd, and data.
	 */
	return len > at + 1 && (frame[at] & 0x81) == 0x80;
}

int
pptp_ppp_decode(struct pptp_ppp *ppp, const uint8_t *frame, size_t len)
{
	struct wire_reader reader;
	size_t said;

	memset(ppp, 0, sizeof(*ppp));
	wire_reader_init(&reader, frame, len);
	/* RFC 1661 6.6: Address and Control may be left out. */
	if (len >= 2 && frame[0] == 0xff && frame[1] == 0x03)
		wire_get_u16(&reader);
	ppp->protocol = wire_get_u8(&reader);
	if ((ppp->protocol & 1) == 0) /* 6.5: else it is compressed */
		ppp->protocol = (uint16_t)(ppp->protocol << 8 | wire_get_u8(&reader));
	if (reader.failed)
		return PPTP_ERR_DISCARD;
	ppp->packet_len = wire_left(&reader);
	ppp->packet = wire_get_bytes(&reader, ppp->packet_len);
	if (ppp->protocol < 0x8000 || ppp->packet_len < PPP_HEADER_LEN)
		return PPTP_OK;
	ppp->has_code = true;
	ppp->code = ppp->packet[0];
	ppp->identifier = ppp->packet[1];
	said = (size_t)ppp->packet[2] << 8 | ppp->packet[3];
	/* 5: octets behind Length are padding; where there are too few it is said when printed. */
	if (said >= PPP_HEADER_LEN && said < ppp->packet_len)
		ppp->packet_len = said;
	return PPTP_OK;
}

/* Where in a packet of this protocol the secret begins; `len` if there is none. */
static size_t
secret_at(unsigned protocol, const uint8_t *packet, size_t len)
{
	if (len <= PPP_HEADER_LEN)
		return len;
	switch (protocol) {
	case PPP_LCP:
	case PPP_LQR:
		return len;
	case PPP_PAP:
		/* RFC 1334 2.2.1: Peer-ID-Length, Peer-ID, Passwd-Length, Password. */
		if (packet[0] != 1)
			return len;
		return packet[4] + 6U <= len ? packet[4] + 6U : PPP_HEADER_LEN;
	case PPP_CHAP:
		/* RFC 1994 4.1: what answers a Challenge can be tried with all passwords; so can
		 * the proof in a Success of MS-CHAPv2 (RFC 2759 5). */
		return packet[0] == 1 || packet[0] == 4 ? len : PPP_HEADER_LEN + (packet[0] == 2);
	case PPP_EAP:
		/* RFC 3748 5: Identity, Notification and Nak have none. */
		return packet[4] <= 3 ? len : PPP_HEADER_LEN + 1;
	default:
		/* c***: other kinds of authentication. */
		return protocol < 0xc000 ? len : PPP_HEADER_LEN;
	}
}

static void
hide_packet(unsigned protocol, uint8_t *packet, size_t len)
{
	size_t at = secret_at(protocol, packet, len);
	size_t end = len, said;

	if (protocol == PPP_CHAP && at < len && packet[0] == 2 && packet[4] <= len - at) {
		end = at + packet[4]; /* behind the Value is the Name, which is none */
		said = (size_t)packet[2] << 8 | packet[3];
		if (said >= end && said < len) /* and then what the sender's buffer had */
			memset(packet + said, HIDDEN, len - said);
	}
	memset(packet + at, HIDDEN, end - at);
}

void
pptp_ppp_hide(uint8_t *frame, size_t len)
{
	struct pptp_ppp ppp;
	uint8_t *packet;
	unsigned protocol;

	if (pptp_ppp_decode(&ppp, frame, len) != PPTP_OK || !ppp.has_code)
		return;
	protocol = ppp.protocol;
	packet = frame + (ppp.packet - frame);
	len -= (size_t)(packet - frame);
	/* RFC 1661 5.7: a Protocol-Reject has the packet that was rejected in it. */
	while (protocol == PPP_LCP && packet[0] == PPP_PROTOCOL_REJECT &&
	       len > 2 * PPP_HEADER_LEN + 2) {
		protocol = (unsigned)packet[4] << 8 | packet[5];
		packet += PPP_HEADER_LEN + 2;
		len -= PPP_HEADER_LEN + 2;
	}
	hide_packet(protocol, packet, len);
}

/* ------------------------------------------------------------------------------- names */

const char *
pptp_ppp_protocol_name(unsigned protocol)
{
	static const struct {
		unsigned protocol;
		const char *name;
	} names[] = {
	    {0x0021, "IPv4"},
	    {0x002d, "VJ Compressed TCP/IP"},
	    {0x002f, "VJ Uncompressed TCP/IP"},
	    {0x003d, "Multilink"},
	    {0x0057, "IPv6"},
	    {0x00fd, "compressed or encrypted"},
	    {PPP_IPCP, "IPCP"},
	    {0x803f, "NBFCP"},
	    {0x8053, "ECP"},
	    {PPP_IPV6CP, "IPV6CP"},
	    {0x80fb, "Link CCP"},
	    {PPP_CCP, "CCP"},
	    {PPP_LCP, "LCP"},
	    {PPP_PAP, "PAP"},
	    {PPP_LQR, "LQR"},
	    {0xc027, "SPAP"},
	    {0xc029, "CBCP"},
	    {0xc02b, "BACP"},
	    {0xc02d, "BAP"},
	    {PPP_CHAP, "CHAP"},
	    {PPP_EAP, "EAP"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].protocol == protocol)
			return names[i].name;
	}
	return "unknown";
}

const char *
pptp_ppp_code_name(unsigned protocol, unsigned code)
{
	static const char *const pap[] = {
	    "Authenticate-Request", "Authenticate-Ack", "Authenticate-Nak"}; /* RFC 1334 2.2 */
	static const char *const chap[] = {"Challenge", "Response", "Success", "Failure",
	    "Change-Password-1", "Change-Password-2", "Change-Password-3"};
	static const char *const eap[] = {"Request", "Response", "Success", "Failure"};
	static const char *const lcp[] = {"Configure-Request", "Configure-Ack", "Configure-Nak",
	    "Configure-Reject", "Terminate-Request", "Terminate-Ack", "Code-Reject",
	    /* LCP's own: RFC 1661 5.7 to 5.9, RFC 1570 2; CCP's: RFC 1962 3 */
	    "Protocol-Reject", "Echo-Request", "Echo-Reply", "Discard-Request", "Identification",
	    "Time-Remaining", "Reset-Request", "Reset-Ack"};
	const char *const *names = lcp;
	unsigned count = protocol == PPP_LCP ? 13 : 7;

	if (protocol == PPP_PAP) {
		names = pap;
		count = 3;
	} else if (protocol == PPP_CHAP) {
		names = chap;
		count = 7; /* 5 to 7: RFC 2433 9, RFC 2759 7 */
	} else if (protocol == PPP_EAP) {
		names = eap;
		count = 4;
	} else if (protocol == PPP_CCP && (code == 14 || code == 15)) {
		return names[code - 1];
	} else if (protocol == PPP_LQR) {
		return "Link-Quality-Report"; /* RFC 1989 2.6: it has no Code */
	}
	return code >= 1 && code <= count ? names[code - 1] : "unknown";
}
