/*
 * hdlc.h: asynchronous HDLC, octet by octet (RFC 1662 4): the far side of the pty.  None of lib/'s
 * code: what it would get wrong, the rig must not get wrong as well.
 */
#ifndef BENCH_HDLC_H
#define BENCH_HDLC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HDLC_FLAG       0x7e
#define HDLC_FRAME_MAX  2048
#define HDLC_OCTETS_MAX (2 * (HDLC_FRAME_MAX + 2) + 2)

struct hdlc_decoder {
	size_t len;
	bool escaped;
	uint8_t frame[HDLC_FRAME_MAX + 2]; /* Address to FCS */
};

/* escape_controls: octets under 0x20 as well, as before LCP has agreed on a map. */
size_t hdlc_encode(uint8_t *to, const uint8_t *frame, size_t len, bool escape_controls);
/* True when the octet ends a frame that is whole; then `*len` octets of decoder->frame are it. */
bool hdlc_decode(struct hdlc_decoder *decoder, uint8_t octet, size_t *len);

#endif
