/*
 * gre.c: the enhanced GRE header (RFC 2637 4.1).
 */
#include "pptp.h"
#include "wire.h"

#include <string.h>

/* The first 16 bits, as the figure in 4.1 draws them. */
#define GRE_K       0x2000 /* Key Present */
#define GRE_S       0x1000 /* Sequence Number Present */
#define GRE_A       0x0080 /* Acknowledgment sequence number present */
#define GRE_VERSION 0x0001 /* Ver 1: enhanced */

/* What 4.1 leaves open; everything else is fixed: C, R, s, Recur, Flags 0, K 1, Ver 1
 * (F1). */
#define GRE_OPEN (GRE_S | GRE_A)

/* The header up to where the payload begins. */
static bool
take_header(struct pptp_gre *gre, struct wire_reader *reader)
{
	uint16_t flags, protocol;

	memset(gre, 0, sizeof(*gre));
	flags = wire_get_u16(reader);
	protocol = wire_get_u16(reader);
	gre->payload_len = wire_get_u16(reader);
	gre->call_id = wire_get_u16(reader);
	if (reader->failed)
		return false;
	if ((flags & ~GRE_OPEN) != (GRE_K | GRE_VERSION) || protocol != PPTP_GRE_PROTOCOL)
		return false;

	gre->has_seq = (flags & GRE_S) != 0;
	gre->has_ack = (flags & GRE_A) != 0;
	if (gre->has_seq)
		gre->seq = wire_get_u32(reader);
	/* Where there is no sequence number the acknowledgment is at offset 8 (F3). */
	if (gre->has_ack)
		gre->ack = wire_get_u32(reader);
	return !reader->failed;
}

/* "S: set to one if a payload packet is present": one without the other is not a payload, but its
 * acknowledgment counts (F7). */
static void
judge_payload(struct pptp_gre *gre)
{
	if (gre->has_seq && gre->payload_len > 0)
		return;
	gre->has_seq = false;
	gre->seq = 0;
	gre->payload = NULL;
	gre->payload_len = 0;
}

int
pptp_gre_decode(struct pptp_gre *gre, const uint8_t *data, size_t len)
{
	struct wire_reader reader;

	wire_reader_init(&reader, data, len);
	if (!take_header(gre, &reader))
		return PPTP_ERR_DISCARD;
	gre->payload = wire_get_bytes(&reader, gre->payload_len);
	if (reader.failed)
		return PPTP_ERR_DISCARD;
	judge_payload(gre);
	return PPTP_OK;
}

int
pptp_gre_decode_cut(struct pptp_gre *gre, const uint8_t *data, size_t len, size_t *there)
{
	struct wire_reader reader;

	wire_reader_init(&reader, data, len);
	if (!take_header(gre, &reader))
		return PPTP_ERR_DISCARD;
	*there = wire_left(&reader) < gre->payload_len ? wire_left(&reader) : gre->payload_len;
	gre->payload = wire_get_bytes(&reader, *there);
	judge_payload(gre);
	if (gre->payload == NULL)
		*there = 0;
	return PPTP_OK;
}

int
pptp_gre_encode(const struct pptp_gre *gre, uint8_t *out, size_t size, size_t *len)
{
	struct wire_writer writer;
	uint16_t flags = GRE_K | GRE_VERSION;

	if (gre->has_seq != (gre->payload_len > 0) || (!gre->has_seq && !gre->has_ack))
		return PPTP_ERR_INVAL;
	if (gre->has_seq)
		flags |= GRE_S;
	if (gre->has_ack)
		flags |= GRE_A;

	wire_writer_init(&writer, out, size);
	wire_put_u16(&writer, flags);
	wire_put_u16(&writer, PPTP_GRE_PROTOCOL);
	wire_put_u16(&writer, gre->payload_len);
	wire_put_u16(&writer, gre->call_id);
	if (gre->has_seq)
		wire_put_u32(&writer, gre->seq);
	if (gre->has_ack)
		wire_put_u32(&writer, gre->ack);
	if (writer.failed)
		return PPTP_ERR_SPACE;
	*len = wire_written(&writer);
	return PPTP_OK;
}
