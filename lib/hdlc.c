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

/*
 * The table of C.2.  Division by x**0 + x**5 + x**12 + x**16 is linear, so the entry of
 * an octet is the sum of the entries of its bits: 0x8408 for bit 7, each lower bit's one
 * step on.
 */
#define FCS(n)                                                                                  \
	((((n)&0x01) ? 0x1189 : 0) ^ (((n)&0x02) ? 0x2312 : 0) ^ (((n)&0x04) ? 0x4624 : 0) ^    \
	    (((n)&0x08) ? 0x8c48 : 0) ^ (((n)&0x10) ? 0x1081 : 0) ^ (((n)&0x20) ? 0x2102 : 0) ^ \
	    (((n)&0x40) ? 0x4204 : 0) ^ (((n)&0x80) ? 0x8408 : 0))
#define FCS4(n)  FCS(n), FCS((n) + 1), FCS((n) + 2), FCS((n) + 3)
#define FCS16(n) FCS4(n), FCS4((n) + 4), FCS4((n) + 8), FCS4((n) + 12)
#define FCS64(n) FCS16(n), FCS16((n) + 16), FCS16((n) + 32), FCS16((n) + 48)

static const uint16_t fcs_table[256] = {FCS64(0), FCS64(64), FCS64(128), FCS64(192)};

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

static inline uint16_t
fcs_step(uint16_t fcs, uint8_t octet)
{
	return (uint16_t)(fcs >> 8 ^ fcs_table[(fcs ^ octet) & 0xff]);
}

uint16_t
pptp_fcs16(uint16_t fcs, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fcs = fcs_step(fcs, data[i]);
	return fcs;
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
	uint8_t *next = out;
	uint16_t fcs = FCS_INIT;

	*next++ = HDLC_FLAG;
	for (size_t i = 0; i < len; i++) {
		fcs = fcs_step(fcs, frame[i]);
		next = put_octet(next, frame[i], &special);
	}
	/* C.2: the complement, the low octet first. */
	fcs ^= 0xffff;
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
