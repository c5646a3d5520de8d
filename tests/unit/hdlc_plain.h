/*
 * hdlc_plain.h: asynchronous HDLC framing (RFC 1662) octet by octet, as the RFC tells it: what
 * the fast one is measured by.
 */
#ifndef HDLC_PLAIN_H
#define HDLC_PLAIN_H

#include "pptp.h"

static inline uint16_t
plain_fcs(uint16_t fcs, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		fcs ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			fcs = (uint16_t)((fcs & 1) != 0 ? fcs >> 1 ^ 0x8408 : fcs >> 1);
	}
	return fcs;
}

static inline bool
plain_in_map(uint8_t octet, uint32_t accm)
{
	return octet < 0x20 && (accm >> octet & 1) != 0;
}

static inline size_t
plain_put(uint8_t *out, uint8_t octet, uint32_t accm)
{
	if (octet != 0x7d && octet != 0x7e && !plain_in_map(octet, accm)) {
		out[0] = octet;
		return 1;
	}
	out[0] = 0x7d;
	out[1] = octet ^ 0x20;
	return 2;
}

static inline size_t
plain_encode(uint8_t *out, const uint8_t *frame, size_t len, uint32_t accm)
{
	const uint16_t fcs = pptp_fcs16(0xffff, frame, len) ^ 0xffff;
	size_t n = 0;

	out[n++] = 0x7e;
	for (size_t i = 0; i < len; i++)
		n += plain_put(out + n, frame[i], accm);
	n += plain_put(out + n, fcs & 0xff, accm);
	n += plain_put(out + n, (uint8_t)(fcs >> 8), accm);
	out[n++] = 0x7e;
	return n;
}

/* A flag came. */
static inline bool
plain_end(struct pptp_hdlc_decoder *d, size_t *frame_len)
{
	const size_t len = d->len;
	bool good = false;

	if (d->escaped)
		d->stats.aborted++;
	else if (d->overlong)
		d->stats.too_long++;
	else if (len > 0 && len < 4)
		d->stats.too_short++;
	else if (len > 0 && pptp_fcs16(0xffff, d->buf + PPTP_GRE_MAX_HEADER, len) != 0xf0b8)
		d->stats.bad_fcs++;
	else
		good = len > 0;
	d->stats.frames += good;
	*frame_len = len - 2;
	d->len = 0;
	d->escaped = d->overlong = false;
	return good;
}

static inline int
plain_decode(struct pptp_hdlc_decoder *d, const uint8_t *data, size_t len, size_t *used,
    uint8_t **frame, size_t *frame_len)
{
	for (size_t i = 0; i < len; i++) {
		const uint8_t octet = data[i];

		if (octet == 0x7e) {
			if (!plain_end(d, frame_len))
				continue;
			*used = i + 1;
			*frame = d->buf + PPTP_GRE_MAX_HEADER;
			return PPTP_OK;
		}
		if (plain_in_map(octet, d->receive_accm))
			continue;
		if (octet == 0x7d && !d->escaped) {
			d->escaped = true;
			continue;
		}
		if (d->len < PPTP_HDLC_MAX_FRAME + 2)
			d->buf[PPTP_GRE_MAX_HEADER + d->len++] = octet ^ (d->escaped ? 0x20 : 0);
		else
			d->overlong = true;
		d->escaped = false;
	}
	*used = len;
	return PPTP_ERR_AGAIN;
}

#endif
