/*
 * hdlc.c: asynchronous HDLC framing (RFC 1662), octet by octet.
 */
#include "pptp.h"

#include <string.h>

#define HDLC_FLAG   0x7e
#define HDLC_ESCAPE 0x7d
#define HDLC_XOR    0x20 /* 4.2: "bit 5 complemented" */

#define FCS_INIT    0xffff
#define FCS_GOOD    0xf0b8
#define FCS_LEN     2
#define MIN_LEN     4 /* 4.3: shorter with its FCS is no frame */

/* A set of octets, a bit for each. */
struct octet_set {
	uint64_t word[4];
};

/* The flag, the escape, and the control octets of an ACCM. */
static struct octet_set
special_octets(uint32_t accm)
{
	struct octet_set set = {{accm}};

	set.word[HDLC_FLAG / 64] |= UINT64_C(1) << HDLC_FLAG % 64;
	set.word[HDLC_ESCAPE / 64] |= UINT64_C(1) << HDLC_ESCAPE % 64;
	return set;
}

static inline bool
has_octet(const struct octet_set *set, uint8_t octet)
{
	return (set->word[octet / 64] >> octet % 64 & 1) != 0;
}

static inline uint8_t *
put_octet(uint8_t *out, uint8_t octet, const struct octet_set *special)
{
	if (has_octet(special, octet)) {
		*out++ = HDLC_ESCAPE;
		octet ^= HDLC_XOR;
	}
	*out++ = octet;
	return out;
}

size_t
pptp_hdlc_encode(uint8_t *out, const uint8_t *frame, size_t len, uint32_t send_accm)
{
	const struct octet_set special = special_octets(send_accm);
	const uint16_t fcs = pptp_fcs16(FCS_INIT, frame, len) ^ 0xffff;
	uint8_t *next = out;

	*next++ = HDLC_FLAG;
	for (size_t i = 0; i < len; i++)
		next = put_octet(next, frame[i], &special);
	/* C.2: the complement, the low octet first. */
	next = put_octet(next, (uint8_t)(fcs & 0xff), &special);
	next = put_octet(next, (uint8_t)(fcs >> 8), &special);
	*next++ = HDLC_FLAG;
	return (size_t)(next - out);
}

void
pptp_hdlc_init(struct pptp_hdlc_decoder *decoder, uint32_t receive_accm)
{
	memset(decoder, 0, sizeof(*decoder));
	decoder->receive_accm = receive_accm;
}

/* A flag came: judges what came since the last one, and starts anew.  True: a good frame. */
static bool
end_frame(struct pptp_hdlc_decoder *decoder, size_t *frame_len)
{
	const uint8_t *frame = decoder->buf + PPTP_GRE_MAX_HEADER;
	const size_t len = decoder->len;
	bool good = false;

	/* The first three are "not counted as a FCS error" (4.3).  Nothing between two
	 * flags is no frame at all. */
	if (decoder->escaped)
		decoder->stats.aborted++;
	else if (decoder->overlong)
		decoder->stats.too_long++;
	else if (len > 0 && len < MIN_LEN)
		decoder->stats.too_short++;
	else if (len > 0 && pptp_fcs16(FCS_INIT, frame, len) != FCS_GOOD)
		decoder->stats.bad_fcs++;
	else
		good = len > 0;

	if (good) {
		decoder->stats.frames++;
		*frame_len = len - FCS_LEN;
	}
	decoder->len = 0;
	decoder->escaped = false;
	decoder->overlong = false;
	return good;
}

static inline void
append_octet(struct pptp_hdlc_decoder *decoder, uint8_t octet)
{
	if (decoder->len < PPTP_HDLC_MAX_FRAME + FCS_LEN)
		decoder->buf[PPTP_GRE_MAX_HEADER + decoder->len++] = octet;
	else
		decoder->overlong = true;
}

int
pptp_hdlc_decode(struct pptp_hdlc_decoder *decoder, const uint8_t *data, size_t len, size_t *used,
    uint8_t **frame, size_t *frame_len)
{
	const struct octet_set special = special_octets(decoder->receive_accm);

	for (size_t i = 0; i < len; i++) {
		uint8_t octet = data[i];

		if (has_octet(&special, octet)) {
			if (octet == HDLC_FLAG) {
				if (!end_frame(decoder, frame_len))
					continue;
				*used = i + 1;
				*frame = decoder->buf + PPTP_GRE_MAX_HEADER;
				return PPTP_OK;
			}
			/* 4.2: a control octet in the map may have been inserted on the
			 * way, even behind an escape, which then still waits for its
			 * octet. */
			if (octet != HDLC_ESCAPE)
				continue;
			if (!decoder->escaped) {
				decoder->escaped = true;
				continue;
			}
		}
		if (decoder->escaped) {
			decoder->escaped = false;
			octet ^= HDLC_XOR;
		}
		append_octet(decoder, octet);
	}
	*used = len;
	return PPTP_ERR_AGAIN;
}
