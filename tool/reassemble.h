/*
 * reassemble.h: one direction of a TCP connection of a capture, put in order again and cut into control
 * messages.  Segments may be lost, repeated, overlap, come in any order or be forged; memory is bounded.
 * What came first counts where two say different things.
 */
#ifndef REASSEMBLE_H
#define REASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pptp.h"

#define STREAM_SEGMENTS 32    /* that wait for one before them */
#define STREAM_OCTETS   65536 /* of them together */

struct stream_segment {
	uint32_t seq;
	size_t len;
	uint8_t *octets; /* owns */
};

struct stream {
	/* A whole message of the fifteen; what else is to be said. */
	void (*message)(void *ctx, const uint8_t *octets, size_t len);
	void (*note)(void *ctx, const char *text);
	void *ctx;
	bool known; /* the number that is next */
	uint32_t next;
	bool is_acked; /* by the other side, up to this number */
	uint32_t acked;
	int64_t waits_since; /* us: when the first one of those was put there */
	unsigned waiting;
	size_t waiting_octets;
	struct stream_segment segments[STREAM_SEGMENTS]; /* in order */
	bool searching;                                  /* for a Magic Cookie */
	size_t searched;                                 /* octets, in vain so far */
	size_t skip;                                     /* octets of a message of unknown type */
	size_t len;
	uint8_t octets[PPTP_MAX_MSG_LEN]; /* of a message in the making */
};

/* The callbacks are set; all else is zero. */
void stream_fini(struct stream *stream);
/* SYN: numbers begin behind this one. */
void stream_begin(struct stream *stream, uint32_t isn);
/* `missing`: octets of the segment that were not captured.  Times are us and need not grow. */
void stream_take(struct stream *stream, uint32_t seq, const uint8_t *octets, size_t len,
    size_t missing, int64_t time);
/* The other side has all before `ack`: what of that is not in the capture never comes. */
void stream_acknowledge(struct stream *stream, uint32_t ack, int64_t time);
/* No more comes: what waits is taken as it is. */
void stream_finish(struct stream *stream);

#endif
