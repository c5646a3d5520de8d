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

#endif
