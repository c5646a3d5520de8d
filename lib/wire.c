/*
 * wire.c: see wire.h.
 */
#include "wire.h"

#include <string.h>

void
wire_reader_init(struct wire_reader *reader, const uint8_t *data, size_t len)
{
	reader->next = data;
	reader->end = data + len;
	reader->failed = false;
}

size_t
wire_left(const struct wire_reader *reader)
{
	return reader->failed ? 0 : (size_t)(reader->end - reader->next);
}

const uint8_t *
wire_get_bytes(struct wire_reader *reader, size_t len)
{
	const uint8_t *bytes = reader->next;

	if (reader->failed || wire_left(reader) < len) {
		reader->failed = true;
		return NULL;
	}
	reader->next += len;
	return bytes;
}

uint8_t
wire_get_u8(struct wire_reader *reader)
{
	const uint8_t *p = wire_get_bytes(reader, 1);

	return p == NULL ? 0 : p[0];
}

uint16_t
wire_get_u16(struct wire_reader *reader)
{
	const uint8_t *p = wire_get_bytes(reader, 2);

	return p == NULL ? 0 : (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t
wire_get_u32(struct wire_reader *reader)
{
	const uint8_t *p = wire_get_bytes(reader, 4);

	if (p == NULL)
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void
wire_writer_init(struct wire_writer *writer, uint8_t *out, size_t size)
{
	writer->start = out;
	writer->next = out;
	writer->end = out + size;
	writer->failed = false;
}

size_t
wire_written(const struct wire_writer *writer)
{
	return (size_t)(writer->next - writer->start);
}

/* Room for `len` octets, or NULL. */
static uint8_t *
wire_room(struct wire_writer *writer, size_t len)
{
	uint8_t *room = writer->next;

	if (writer->failed || (size_t)(writer->end - writer->next) < len) {
		writer->failed = true;
		return NULL;
	}
	writer->next += len;
	return room;
}

void
wire_put_u8(struct wire_writer *writer, uint8_t value)
{
	uint8_t *p = wire_room(writer, 1);

	if (p != NULL)
		p[0] = value;
}

void
wire_put_u16(struct wire_writer *writer, uint16_t value)
{
	uint8_t *p = wire_room(writer, 2);

	if (p == NULL)
		return;
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

void
wire_put_u32(struct wire_writer *writer, uint32_t value)
{
	uint8_t *p = wire_room(writer, 4);

	if (p == NULL)
		return;
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

void
wire_put_padded(struct wire_writer *writer, const void *data, size_t len, size_t size)
{
	uint8_t *p;

	if (len > size) {
		writer->failed = true;
		return;
	}
	p = wire_room(writer, size);
	if (p == NULL)
		return;
	if (len > 0)
		memcpy(p, data, len);
	memset(p + len, 0, size - len);
}
