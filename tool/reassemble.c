/* reassemble.c: see reassemble.h. */
#include "reassemble.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE (10 * (int64_t)PPTP_SEC) /* TCP sends again within it (RFC 6298) */
#define JUMP     (1 << 20) /* octets: no segment is so late, the numbers are others now */

static void note(struct stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
note(struct stream *stream, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	stream->note(stream->ctx, text);
}

/* ---------------------------------------------------------------------------- messages */

/*
 * Whether a message begins here, when that is not known: the cookie alone is not enough, as a text may
 * have one.  0: more octets are needed.
 */
static int
looks_like_message(const uint8_t *octets, size_t len)
{
	int size;

	if (len < PPTP_HEADER_LEN)
		return 0;
	size = pptp_msg_frame(octets, len);
	if (size > 0 && pptp_msg_size(pptp_msg_type(octets, len)) == (size_t)size)
		return size;
	return -1;
}

static void
search_on(struct stream *stream)
{
	size_t at = 0;

	while (at < stream->len && looks_like_message(stream->octets + at, stream->len - at) < 0)
		at++;
	stream->searched += at;
	stream->len -= at;
	memmove(stream->octets, stream->octets + at, stream->len);
	if (looks_like_message(stream->octets, stream->len) <= 0)
		return;
	if (stream->searched > 0)
		note(stream, "%zu octets are skipped, up to the next Magic Cookie",
		    stream->searched);
	stream->searching = false;
	stream->searched = 0;
}

static void
consume(struct stream *stream, size_t len)
{
	stream->len -= len;
	memmove(stream->octets, stream->octets + len, stream->len);
}

/* What is not one of the fifteen: passed over (protocol A7, A8), or synchronisation is lost (1.4). */
static void
odd_message(struct stream *stream, int size)
{
	unsigned type = pptp_msg_type(stream->octets, stream->len);
	size_t here;

	if (size < 0) {
		note(stream, "synchronisation is lost: %s", pptp_strerror(size));
		stream->searching = true;
		return;
	}
	if ((type & PPTP_MANAGEMENT_BIT) != 0)
		note(stream, "a management message of %d octets is passed over", size);
	else
		note(stream, "a control message of unknown type %u, %d octets, is passed over",
		    type, size);
	here = (size_t)size < stream->len ? (size_t)size : stream->len;
	stream->skip = (size_t)size - here;
	consume(stream, here);
}

/* False: more octets are needed. */
static bool
take_message(struct stream *stream)
{
	int size;

	if (stream->searching)
		search_on(stream);
	if (stream->searching)
		return false;
	size = pptp_msg_frame(stream->octets, stream->len);
	if (size == 0)
		return false;
	if (size < 0 || pptp_msg_size(pptp_msg_type(stream->octets, stream->len)) == 0) {
		odd_message(stream, size);
		return true;
	}
	if (stream->len < (size_t)size)
		return false;
	stream->message(stream->ctx, stream->octets, (size_t)size);
	consume(stream, (size_t)size);
	return true;
}

/* Octets in order. */
static void
feed(struct stream *stream, const uint8_t *octets, size_t len)
{
	stream->next += (uint32_t)len;
	while (len > 0) {
		size_t n = len < stream->skip ? len : stream->skip;

		if (n > 0) {
			stream->skip -= n;
		} else {
			n = sizeof(stream->octets) - stream->len;
			n = len < n ? len : n;
			memcpy(stream->octets + stream->len, octets, n);
			stream->len += n;
			while (stream->len > 0 && take_message(stream))
				;
		}
		octets += n;
		len -= n;
	}
}

/* These never come. */
static void
miss(struct stream *stream, size_t len)
{
	note(stream, "%zu octets are missing in the capture%s", len,
	    stream->len > 0 && !stream->searching ? ", and a message with them" : "");
	stream->next += (uint32_t)len;
	if (stream->skip >= len) {
		stream->skip -= len; /* they were nothing anyway */
		return;
	}
	stream->skip = 0;
	if (stream->searching)
		stream->searched += stream->len;
	stream->len = 0;
	stream->searching = true;
}

/* ---------------------------------------------------------------------------- segments */

/* How far behind `next` it is: negative, octets of it are known already. */
static int32_t
distance(const struct stream *stream, uint32_t seq)
{
	return (int32_t)(seq - stream->next);
}

/* It begins where all is known, or before. */
static void
take_known(struct stream *stream, uint32_t seq, const uint8_t *octets, size_t len)
{
	size_t known = (size_t)(-(int64_t)distance(stream, seq));

	if (known < len)
		feed(stream, octets + known, len - known);
}

static void
remove_first(struct stream *stream)
{
	free(stream->segments[0].octets);
	stream->waiting_octets -= stream->segments[0].len;
	stream->waiting--;
	memmove(
	    stream->segments, stream->segments + 1, stream->waiting * sizeof(stream->segments[0]));
}

static void
take_waiting(struct stream *stream)
{
	while (stream->waiting > 0 && distance(stream, stream->segments[0].seq) <= 0) {
		take_known(stream, stream->segments[0].seq, stream->segments[0].octets,
		    stream->segments[0].len);
		remove_first(stream);
	}
}

static void
give_up_gap(struct stream *stream)
{
	miss(stream, (size_t)distance(stream, stream->segments[0].seq));
	take_waiting(stream);
}

static void
check_gap(struct stream *stream, int64_t time)
{
	while (stream->waiting > 0 &&
	       ((stream->is_acked && (int32_t)(stream->acked - stream->segments[0].seq) >= 0) ||
		   time - stream->waits_since > PATIENCE))
		give_up_gap(stream);
}

/* One that was sent again takes no room. */
static bool
is_put_aside(const struct stream *stream, uint32_t seq, size_t len)
{
	for (unsigned i = 0; i < stream->waiting; i++) {
		uint32_t behind = seq - stream->segments[i].seq;

		if (behind + len <= stream->segments[i].len)
			return true;
	}
	return false;
}

/* Behind a gap.  Where there is no room the gap is given up. */
static void
put_aside(struct stream *stream, uint32_t seq, const uint8_t *octets, size_t len, int64_t time)
{
	unsigned at = stream->waiting;
	uint8_t *copy;

	if (is_put_aside(stream, seq, len))
		return;
	if (stream->waiting == STREAM_SEGMENTS || stream->waiting_octets + len > STREAM_OCTETS) {
		if (stream->waiting > 0)
			give_up_gap(stream);
		else
			miss(stream, (size_t)distance(stream, seq));
		stream_take(stream, seq, octets, len, 0, time);
		return;
	}
	copy = malloc(len);
	if (copy == NULL)
		return; /* it is one that was lost, then */
	memcpy(copy, octets, len);
	while (at > 0 && (int32_t)(stream->segments[at - 1].seq - seq) > 0)
		at--;
	memmove(stream->segments + at + 1, stream->segments + at,
	    (stream->waiting - at) * sizeof(stream->segments[0]));
	stream->segments[at] = (struct stream_segment){seq, len, copy};
	if (stream->waiting++ == 0)
		stream->waits_since = time;
	stream->waiting_octets += len;
}

static void
drop_waiting(struct stream *stream)
{
	while (stream->waiting > 0)
		remove_first(stream);
}

/* ---------------------------------------------------------------------------- from outside */

void
stream_fini(struct stream *stream)
{
	drop_waiting(stream);
}

void
stream_begin(struct stream *stream, uint32_t isn)
{
	drop_waiting(stream);
	stream->known = true;
	stream->next = isn + 1;
	stream->is_acked = stream->searching = false;
	stream->len = stream->skip = stream->searched = 0;
}

void
stream_take(struct stream *stream, uint32_t seq, const uint8_t *octets, size_t len, size_t missing,
    int64_t time)
{
	if (len == 0 && missing == 0)
		return;
	if (!stream->known || distance(stream, seq) < -JUMP) {
		if (stream->known)
			note(stream, "TCP's numbers jump: this is another connection");
		stream_begin(stream, seq - 1);
		stream->searching = true; /* it may be the middle of a message */
	}
	if (distance(stream, seq) <= 0) {
		take_known(stream, seq, octets, len);
		if (missing > 0 && distance(stream, seq + (uint32_t)len) == 0)
			miss(stream, missing);
		take_waiting(stream);
	} else if (len > 0) {
		put_aside(stream, seq, octets, len, time);
	}
	check_gap(stream, time);
}

void
stream_acknowledge(struct stream *stream, uint32_t ack, int64_t time)
{
	stream->is_acked = true;
	stream->acked = ack;
	check_gap(stream, time);
}

void
stream_finish(struct stream *stream)
{
	while (stream->waiting > 0)
		give_up_gap(stream);
	if (stream->searching)
		stream->searched += stream->len;
	if (stream->searching && stream->searched > 0)
		note(stream, "%zu octets are skipped: no Magic Cookie came", stream->searched);
	else if (stream->len > 0 || stream->skip > 0)
		note(stream, "it ends within a message");
	stream->len = stream->skip = stream->searched = 0;
}
