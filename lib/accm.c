/*
 * accm.c: which octets under 0x20 pppd wants escaped, learnt by watching LCP pass (RFC 1661 5.2,
 * RFC 1662 7.1).
 */
#include "pptp.h"

#define ALL            UINT32_C(0xffffffff)
#define LCP            0xc021
#define CONFIGURE_REQ  1
#define CONFIGURE_ACK  2
#define OPTION_ACCM    2 /* Async-Control-Character-Map */
#define ACCM_LEN       6
#define LCP_HEADER_LEN 4

void
pptp_accm_init(struct pptp_accm *accm)
{
	*accm = (struct pptp_accm){.map = ALL};
}

/* The protocol number, and how many octets stand before what it carries; 0 if there is none. */
static unsigned
protocol_of(const uint8_t *frame, size_t len, size_t *header)
{
	size_t at = len >= 2 && frame[0] == 0xff && frame[1] == 0x03 ? 2 : 0;

	*header = at + 1;
	if (len < *header)
		return 0;
	if ((frame[at] & 1) != 0) /* compressed to one octet (RFC 1661 6.5) */
		return frame[at];
	*header = at + 2;
	return len < *header ? 0 : (unsigned)frame[at] << 8 | frame[at + 1];
}

/* A whole Configure-Request or -Ack: its code, and its options in *options; else 0. */
static unsigned
configure(const uint8_t *frame, size_t len, uint8_t *id, const uint8_t **options, size_t *size)
{
	size_t header, length;

	if (protocol_of(frame, len, &header) != LCP || len < header + LCP_HEADER_LEN)
		return 0;
	frame += header;
	length = (size_t)frame[2] << 8 | frame[3];
	if (length < LCP_HEADER_LEN || length > len - header ||
	    (frame[0] != CONFIGURE_REQ && frame[0] != CONFIGURE_ACK))
		return 0;
	*id = frame[1];
	*options = frame + LCP_HEADER_LEN;
	*size = length - LCP_HEADER_LEN;
	return frame[0];
}

/* The map that they have; without one it is the default, all (RFC 1662 7.1). */
static uint32_t
map_of(const uint8_t *options, size_t size)
{
	while (size >= 2 && options[1] >= 2 && options[1] <= size) {
		if (options[0] == OPTION_ACCM && options[1] == ACCM_LEN)
			return (uint32_t)options[2] << 24 | (uint32_t)options[3] << 16 |
			       (uint32_t)options[4] << 8 | options[5];
		size -= options[1];
		options += options[1];
	}
	return ALL;
}

void
pptp_accm_from_ppp(struct pptp_accm *accm, const uint8_t *frame, size_t len)
{
	const uint8_t *options;
	size_t size;
	uint8_t id;
	unsigned code = configure(frame, len, &id, &options, &size);

	if (code == CONFIGURE_REQ) {
		accm->our_id = id;
		accm->is_ours_acked = false;
	} else if (code == CONFIGURE_ACK && id == accm->their_id) {
		accm->is_theirs_acked = true;
	}
}

void
pptp_accm_to_ppp(struct pptp_accm *accm, const uint8_t *frame, size_t len)
{
	const uint8_t *options;
	size_t size;
	uint8_t id;
	unsigned code = configure(frame, len, &id, &options, &size);

	if (code == CONFIGURE_REQ) {
		accm->their_id = id;
		accm->is_theirs_acked = false;
	} else if (code == CONFIGURE_ACK && id == accm->our_id) {
		accm->map = map_of(options, size);
		accm->is_ours_acked = true;
	}
}

uint32_t
pptp_accm_map(const struct pptp_accm *accm, const uint8_t *frame, size_t len)
{
	size_t header;
	unsigned protocol = protocol_of(frame, len, &header);

	/*
	 * pppd tells the kernel of the map a moment after LCP is open, and what is unescaped
	 * before that is lost.  Only control protocols (0x8000 and more) can come so early.
	 */
	if (!accm->is_ours_acked || !accm->is_theirs_acked || protocol == 0 || protocol >= 0x8000)
		return ALL;
	return accm->map;
}
