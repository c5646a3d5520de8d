/*
 * hdlc.c: asynchronous HDLC framing (RFC 1662), a lane of octets at a time (hdlc_lanes.h).
 * The octets of a lane that need no care are copied by whole lanes as well: what is too much
 * is written over by what comes next.
 */
#include "hdlc_lanes.h"
#include "pptp.h"

#include <string.h>

#define HDLC_XOR 0x20 /* 4.2: "bit 5 complemented" */

/* What lane functions read at most: a lane from behind the last octet of the first. */
#define LANES_READ (2 * LANE + 1)

#define FCS_INIT   0xffff
#define FCS_GOOD   0xf0b8
#define FCS_LEN    2
#define MIN_LEN    4 /* 4.3: shorter with its FCS is no frame */

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
	const unsigned escape = has_octet(special, octet);

	/* Without a branch: half of them would be guessed wrong. */
	out[0] = HDLC_ESCAPE;
	out[escape] = octet ^ (uint8_t)(escape * HDLC_XOR);
	return out + 1 + escape;
}

/* One lane of `from`, behind which another can be read. */
static inline uint8_t *
put_lane(uint8_t *out, const uint8_t *from, const struct octet_set *special, bool controls)
{
	lane_t lane = lane_load(from);
	uint64_t marks = lane_marks(lane, controls);
	unsigned done = 0;

	lane_store(out, lane);
	for (; marks != 0; marks &= marks - 1) {
		const unsigned at = first_mark(marks);

		out = put_octet(out + (at - done), from[at], special);
		done = at + 1;
		lane_store(out, lane_load(from + done));
	}
	return out + (LANE - done);
}

size_t
pptp_hdlc_encode(uint8_t *out, const uint8_t *frame, size_t len, uint32_t send_accm)
{
	const struct octet_set special = special_octets(send_accm);
	const uint16_t fcs = pptp_fcs16(FCS_INIT, frame, len) ^ 0xffff;
	uint8_t *next = out;

	*next++ = HDLC_FLAG;
	for (; len >= LANES_READ && send_accm == 0; len -= LANE, frame += LANE)
		next = put_lane(next, frame, &special, false);
	for (; len >= LANES_READ; len -= LANE, frame += LANE)
		next = put_lane(next, frame, &special, true);
	for (; len > 0; len--, frame++)
		next = put_octet(next, *frame, &special);
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

/* Any octet but a flag. */
static inline void
take_octet(struct pptp_hdlc_decoder *decoder, uint8_t octet, const struct octet_set *special)
{
	if (octet == HDLC_ESCAPE && !decoder->escaped) {
		decoder->escaped = true;
		return;
	}
	/* 4.2: a control octet in the map may have been inserted on the way, even behind an
	 * escape, which then still waits for its octet. */
	if (octet != HDLC_ESCAPE && has_octet(special, octet))
		return;
	append_octet(decoder, decoder->escaped ? octet ^ HDLC_XOR : octet);
	decoder->escaped = false;
}

/*
 * What one lane has, up to the first octet that it leaves to others: a flag, an octet in the
 * map, an escape before one of these.  *in, *out move on.  False: it has left one.
 */
static inline bool
take_lane(const uint8_t **in, uint8_t **out, const struct octet_set *special, bool controls)
{
	const uint8_t *from = *in;
	const lane_t lane = lane_load(from);
	uint64_t marks = lane_marks(lane, controls);
	unsigned done = 0;

	lane_store(*out, lane);
	for (; marks != 0; marks &= marks - 1) {
		const unsigned at = first_mark(marks);

		if (at < done)
			continue; /* behind an escape, and in no map */
		*out += at - done;
		done = at + 1;
		if (!has_octet(special, from[at])) {
			*(*out)++ = from[at];
		} else if (from[at] == HDLC_ESCAPE && !has_octet(special, from[done])) {
			*(*out)++ = from[done++] ^ HDLC_XOR;
		} else {
			*in += at;
			return false;
		}
		lane_store(*out, lane_load(from + done));
	}
	if (done < LANE)
		*out += LANE - done;
	*in += done > LANE ? done : LANE;
	return true;
}

/* As many whole lanes as there are, and as there is room for.  Returns how many octets. */
static inline size_t
take_lanes(struct pptp_hdlc_decoder *decoder, const uint8_t *data, size_t len,
    const struct octet_set *special, bool controls)
{
	uint8_t *const start = decoder->buf + PPTP_GRE_MAX_HEADER;
	const uint8_t *const room = decoder->buf + sizeof(decoder->buf) - LANES_READ;
	const uint8_t *next = data;
	uint8_t *out = start + decoder->len;

	while (len - (size_t)(next - data) >= LANES_READ && out <= room) {
		if (!take_lane(&next, &out, special, controls))
			break;
	}
	decoder->len = (size_t)(out - start);
	return (size_t)(next - data);
}

int
pptp_hdlc_decode(struct pptp_hdlc_decoder *decoder, const uint8_t *data, size_t len, size_t *used,
    uint8_t **frame, size_t *frame_len)
{
	const struct octet_set special = special_octets(decoder->receive_accm);

	for (size_t i = 0; i < len; i++) {
		if (!decoder->escaped && decoder->receive_accm == 0)
			i += take_lanes(decoder, data + i, len - i, &special, false);
		else if (!decoder->escaped)
			i += take_lanes(decoder, data + i, len - i, &special, true);
		if (data[i] != HDLC_FLAG) {
			take_octet(decoder, data[i], &special);
		} else if (end_frame(decoder, frame_len)) {
			*used = i + 1;
			*frame = decoder->buf + PPTP_GRE_MAX_HEADER;
			return PPTP_OK;
		}
	}
	*used = len;
	return PPTP_ERR_AGAIN;
}
