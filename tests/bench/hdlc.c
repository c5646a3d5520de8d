/* hdlc.c: see hdlc.h. */
#include "hdlc.h"

enum {
	ESCAPE = 0x7d,
	ESCAPE_BIT = 0x20,
	FCS_GOOD = 0xf0b8, /* RFC 1662 C.2 */
	FCS_POLYNOMIAL = 0x8408,
};

static uint16_t
fcs16(const uint8_t *data, size_t len)
{
	unsigned fcs = 0xffff;

	while (len-- > 0) {
		fcs ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			fcs = fcs & 1 ? fcs >> 1 ^ FCS_POLYNOMIAL : fcs >> 1;
	}
	return (uint16_t)fcs;
}

static uint8_t *
put(uint8_t *to, uint8_t octet, bool escape_controls)
{
	if (octet == HDLC_FLAG || octet == ESCAPE || (escape_controls && octet < 0x20)) {
		*to++ = ESCAPE;
		octet ^= ESCAPE_BIT;
	}
	*to++ = octet;
	return to;
}

size_t
hdlc_encode(uint8_t *to, const uint8_t *frame, size_t len, bool escape_controls)
{
	unsigned fcs = fcs16(frame, len) ^ 0xffffU;
	uint8_t *start = to;

	*to++ = HDLC_FLAG;
	for (size_t i = 0; i < len; i++)
		to = put(to, frame[i], escape_controls);
	to = put(to, (uint8_t)fcs, escape_controls);
	to = put(to, (uint8_t)(fcs >> 8), escape_controls);
	*to++ = HDLC_FLAG;
	return (size_t)(to - start);
}

bool
hdlc_decode(struct hdlc_decoder *decoder, uint8_t octet, size_t *len)
{
	if (octet == HDLC_FLAG) {
		bool whole = decoder->len > 2 && !decoder->escaped &&
			     fcs16(decoder->frame, decoder->len) == FCS_GOOD;

		*len = decoder->len - 2;
		decoder->len = 0;
		decoder->escaped = false;
		return whole;
	}
	if (octet == ESCAPE) {
		decoder->escaped = true;
		return false;
	}
	if (decoder->len < sizeof(decoder->frame))
		decoder->frame[decoder->len++] = decoder->escaped ? octet ^ ESCAPE_BIT : octet;
	decoder->escaped = false;
	return false;
}
