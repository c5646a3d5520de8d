/*
 * wire.h: bounded reading and writing of network order.  Only wire.c knows byte order.
 *
 * A reader and a writer carry their own end.  Going past it sets `failed`, which stays
 * set: a codec reads or writes everything and asks once.  Inside lib/ only.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader {
	const uint8_t *next; /* borrows the caller's octets */
	const uint8_t *end;
	bool failed;
};

void wire_reader_init(struct wire_reader *reader, const uint8_t *data, size_t len);
/* Octets that are left; 0 once it has failed. */
size_t wire_left(const struct wire_reader *reader);
/* 0 when there is too little left. */
uint8_t wire_get_u8(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
/* `len` octets that borrow the input, or NULL when there is less left. */
const uint8_t *wire_get_bytes(struct wire_reader *reader, size_t len);

struct wire_writer {
	uint8_t *start; /* borrows the caller's buffer */
	uint8_t *next;
	uint8_t *end;
	bool failed;
};

void wire_writer_init(struct wire_writer *writer, uint8_t *out, size_t size);
/* Octets written so far. */
size_t wire_written(const struct wire_writer *writer);
void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
/* `len` octets of `data`, then zeros up to `size`.  Fails if len > size. */
void wire_put_padded(struct wire_writer *writer, const void *data, size_t len, size_t size);

#endif
