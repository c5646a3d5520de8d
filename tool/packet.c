/* packet.c: see packet.h. */
#include "packet.h"

#include <pcap/dlt.h>
#include <string.h>

#define ETHERTYPE_IPV4  0x0800
#define ETHERTYPE_VLAN  0x8100 /* 802.1Q */
#define ETHERTYPE_QINQ  0x88a8 /* 802.1ad */
#define ETHERTYPE_QINQ2 0x9100 /* what came before that */
#define ETHERTYPE_PPPOE 0x8864 /* RFC 2516: an access line, captured below its PPP */
#define PPPOE_LEN       8      /* with PPP's Protocol field */
#define FAMILY_IPV4     2      /* AF_INET, the same everywhere */

struct rest {
	const uint8_t *data;
	size_t len;
};

static uint16_t
u16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static bool
step(struct rest *rest, size_t len)
{
	if (rest->len < len)
		return false;
	rest->data += len;
	rest->len -= len;
	return true;
}

/* `rest` begins behind the type; tags and PPPoE are stepped over.  Each takes octets, so it ends. */
static bool
behind_type(struct rest *rest, unsigned type)
{
	while (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ2) {
		if (rest->len < 4)
			return false;
		type = u16(rest->data + 2);
		step(rest, 4);
	}
	if (type == ETHERTYPE_PPPOE && rest->len >= PPPOE_LEN) {
		type = u16(rest->data + 6) == 0x0021 ? ETHERTYPE_IPV4 : 0;
		step(rest, PPPOE_LEN);
	}
	return type == ETHERTYPE_IPV4;
}

/* A header of `len` octets with an Ethernet type at `at`. */
static bool
typed(struct rest *rest, size_t len, size_t at)
{
	const uint8_t *header = rest->data;

	return step(rest, len) && behind_type(rest, u16(header + at));
}

bool
packet_link_is_known(int link_type)
{
	switch (link_type) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
#ifdef DLT_LINUX_SLL2
	case DLT_LINUX_SLL2:
#endif
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_NULL:
	case DLT_LOOP:
	case DLT_PPP:
		return true;
	default:
		return false;
	}
}

/* True: what is left begins with an IPv4 header. */
static bool
behind_link(struct rest *rest, int link_type)
{
	const uint8_t *data = rest->data;

	switch (link_type) {
	case DLT_EN10MB:
		return typed(rest, 14, 12);
	case DLT_LINUX_SLL: /* https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html */
		return typed(rest, 16, 14);
#ifdef DLT_LINUX_SLL2
	case DLT_LINUX_SLL2:
		return typed(rest, 20, 0);
#endif
	case DLT_RAW:
	case DLT_IPV4:
		return true;
	case DLT_NULL: /* a number in the order of octets of whoever captured */
	case DLT_LOOP: /* the same in the network's */
		return step(rest, 4) && data[1] == 0 && data[2] == 0 &&
		       (data[0] | data[3]) == FAMILY_IPV4;
	case DLT_PPP: /* Address and Control are there or not (RFC 1661 6.6) */
		if (rest->len >= 2 && data[0] == 0xff && data[1] == 0x03)
			step(rest, 2);
		data = rest->data;
		return step(rest, 2) && u16(data) == 0x0021;
	default:
		return false;
	}
}

enum packet_kind
packet_decode(struct packet *packet, int link_type, const uint8_t *frame, size_t len)
{
	struct rest rest = {frame, len};
	const uint8_t *ip;
	size_t header, total;
	unsigned offset;

	memset(packet, 0, sizeof(*packet));
	if (!behind_link(&rest, link_type) || rest.len < 20 || rest.data[0] >> 4 != 4)
		return PACKET_OTHER;
	ip = rest.data; /* RFC 791 3.1 */
	header = (size_t)(ip[0] & 15) * 4;
	total = u16(ip + 2);
	if (total == 0) /* the segmentation was left to the network card: all there is */
		total = rest.len;
	if (header < 20 || header > rest.len || header > total)
		return PACKET_OTHER;
	packet->protocol = ip[9];
	memcpy(&packet->src, ip + 12, sizeof(packet->src));
	memcpy(&packet->dst, ip + 16, sizeof(packet->dst));
	packet->payload = ip + header;
	/* What a card pads short frames with is behind the total. */
	packet->len = (total < rest.len ? total : rest.len) - header;
	packet->missing = total - header - packet->len;
	offset = u16(ip + 6);
	if ((offset & 0x1fff) != 0)
		return PACKET_FRAGMENT;
	packet->is_fragment = (offset & 0x2000) != 0;
	return PACKET_WHOLE;
}
