/* ppp_options.c: the options of Configure packets in words (RFC 1661 6 and its followers). */
#include "ppp.h"

#include <string.h>

enum option_kind {
	OPTION_FLAG, /* nothing follows the name */
	OPTION_NUMBER,
	OPTION_HEX,
	OPTION_ADDRESS,  /* IPv4 */
	OPTION_PROTOCOL, /* a PPP protocol; what follows is its own */
	OPTION_AUTH,     /* the same, and CHAP has an algorithm */
	OPTION_MPPE,
};

struct option_row {
	unsigned protocol, type;
	const char *name;
	enum option_kind kind;
	size_t size; /* octets of its value; 0: as many as there are */
};

static const struct option_row rows[] = {
    {PPP_LCP, 1, "MRU", OPTION_NUMBER, 2},
    {PPP_LCP, 2, "ACCM", OPTION_HEX, 4}, /* RFC 1662 7.1 */
    {PPP_LCP, 3, "Authentication-Protocol", OPTION_AUTH, 0},
    {PPP_LCP, 4, "Quality-Protocol", OPTION_PROTOCOL, 0},
    {PPP_LCP, 5, "Magic-Number", OPTION_HEX, 4},
    {PPP_LCP, 7, "Protocol-Field-Compression", OPTION_FLAG, 0},
    {PPP_LCP, 8, "Address-and-Control-Field-Compression", OPTION_FLAG, 0},
    {PPP_LCP, 9, "FCS-Alternatives", OPTION_HEX, 1}, /* RFC 1570 2.3 */
    {PPP_LCP, 13, "Callback", OPTION_HEX, 0},
    {PPP_LCP, 17, "Multilink-MRRU", OPTION_NUMBER, 2}, /* RFC 1990 5.1 */
    {PPP_LCP, 18, "Multilink-Short-Sequence-Number", OPTION_FLAG, 0},
    {PPP_LCP, 19, "Endpoint-Discriminator", OPTION_HEX, 0},
    {PPP_CCP, 1, "Predictor-1", OPTION_FLAG, 0}, /* RFC 1978 */
    {PPP_CCP, 2, "Predictor-2", OPTION_FLAG, 0},
    {PPP_CCP, 17, "Stac-LZS", OPTION_HEX, 0}, /* RFC 1974 */
    {PPP_CCP, 18, "MPPE", OPTION_MPPE, 4},    /* RFC 3078 2.1 */
    {PPP_CCP, 21, "BSD-Compress", OPTION_HEX, 1},
    {PPP_CCP, 24, "Deflate (draft)", OPTION_HEX, 2},
    {PPP_CCP, 26, "Deflate", OPTION_HEX, 2}, /* RFC 1979 */
    {PPP_IPCP, 1, "IP-Addresses", OPTION_HEX, 8},
    {PPP_IPCP, 2, "IP-Compression-Protocol", OPTION_PROTOCOL, 0}, /* RFC 1332 3 */
    {PPP_IPCP, 3, "IP-Address", OPTION_ADDRESS, 4},
    {PPP_IPCP, 129, "Primary-DNS", OPTION_ADDRESS, 4}, /* RFC 1877 1 */
    {PPP_IPCP, 130, "Primary-NBNS", OPTION_ADDRESS, 4},
    {PPP_IPCP, 131, "Secondary-DNS", OPTION_ADDRESS, 4},
    {PPP_IPCP, 132, "Secondary-NBNS", OPTION_ADDRESS, 4},
    {PPP_IPV6CP, 1, "Interface-Identifier", OPTION_HEX, 8}, /* RFC 5072 4.1 */
    {PPP_IPV6CP, 2, "IPv6-Compression-Protocol", OPTION_PROTOCOL, 0},
};

const char *
ppp_chap_algorithm(unsigned algorithm)
{
	switch (algorithm) {
	case 5:
		return "MD5"; /* RFC 1994 3 */
	case 0x80:
		return "MS-CHAP"; /* RFC 2433 3 */
	case 0x81:
		return "MS-CHAPv2"; /* RFC 2759 3 */
	default:
		return "unknown";
	}
}

static uint32_t
number_of(const uint8_t *value, size_t len)
{
	uint32_t number = 0;

	for (size_t i = 0; i < len; i++)
		number = number << 8 | value[i];
	return number;
}

#define SHOWN_MAX 24 /* octets of an option that has no words */

static void
add_hex(struct words *words, const uint8_t *value, size_t len)
{
	words_add(words, " 0x");
	for (size_t i = 0; i < len && i < SHOWN_MAX; i++)
		words_addf(words, "%02x", value[i]);
	if (len > SHOWN_MAX)
		words_add(words, "...");
}

/* RFC 3078 2.1 and RFC 2118; M is the 56 bits that were never in an RFC (draft of 2000). */
static void
add_mppe(struct words *words, uint32_t bits)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} names[] = {
	    {0x00000040, "128-bit"},
	    {0x00000080, "56-bit"},
	    {0x00000020, "40-bit"},
	    {0x00000001, "MPPC compression"},
	    {0x00000010, "obsolete bit D"},
	};
	const uint32_t encryption = 0xe0;
	const char *separator = " (";

	words_addf(words, " 0x%08x", bits);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((bits & names[i].bit) == 0)
			continue;
		words_addf(words, "%s%s", separator, names[i].word);
		separator = ", ";
	}
	if ((bits & encryption) == 0) {
		words_addf(words, "%sno encryption", separator);
		separator = ", ";
	}
	words_addf(words, "%s%s)", separator, (bits & 0x01000000) != 0 ? "stateless" : "stateful");
}

static void
add_value(struct words *words, const struct option_row *row, const uint8_t *value, size_t len)
{
	unsigned protocol;

	switch (row->kind) {
	case OPTION_FLAG:
		if (len > 0)
			add_hex(words, value, len);
		break;
	case OPTION_NUMBER:
		words_addf(words, " %u", number_of(value, len));
		break;
	case OPTION_HEX:
		add_hex(words, value, len);
		break;
	case OPTION_ADDRESS:
		words_addf(words, " %u.%u.%u.%u", value[0], value[1], value[2], value[3]);
		break;
	case OPTION_PROTOCOL:
	case OPTION_AUTH:
		if (len < 2) {
			add_hex(words, value, len);
			break;
		}
		protocol = number_of(value, 2);
		words_addf(words, " %s", pptp_ppp_protocol_name(protocol));
		if (strcmp(pptp_ppp_protocol_name(protocol), "unknown") == 0)
			words_addf(words, " 0x%04x", protocol);
		if (row->kind == OPTION_AUTH && protocol == PPP_CHAP && len == 3)
			words_addf(words, " %s (0x%02x)", ppp_chap_algorithm(value[2]), value[2]);
		else if (len > 2)
			add_hex(words, value + 2, len - 2);
		break;
	case OPTION_MPPE:
		add_mppe(words, number_of(value, len));
		break;
	}
}

void
ppp_options_print(struct words *words, unsigned protocol, struct wire_reader *reader)
{
	while (wire_left(reader) > 0) {
		uint8_t type = wire_get_u8(reader), len = wire_get_u8(reader);
		const uint8_t *value = len < 2 ? NULL : wire_get_bytes(reader, (size_t)len - 2);
		const struct option_row *row = NULL;

		if (value == NULL) {
			words_addf(words, ", option %u is cut or malformed", type);
			return;
		}
		len = (uint8_t)(len - 2);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && row == NULL; i++) {
			if (rows[i].protocol == protocol && rows[i].type == type)
				row = &rows[i];
		}
		if (row == NULL) {
			words_addf(words, ", option %u", type);
			add_hex(words, value, len);
		} else if (row->size != 0 && row->size != len) {
			words_addf(words, ", %s of %u octets", row->name, len);
			add_hex(words, value, len);
		} else {
			words_addf(words, ", %s", row->name);
			add_value(words, row, value, len);
		}
	}
}
