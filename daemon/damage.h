/*
 * damage.h: spoils the order of what is sent, on purpose, to test a server (the drop-in's
 * --test-type and --test-rate).
 */
#ifndef DAMAGE_H
#define DAMAGE_H

#include <stddef.h>
#include <stdint.h>

enum damage_type {
	DAMAGE_NONE,
	DAMAGE_SWAP,     /* 1 2 4 3 5 */
	DAMAGE_LATE,     /* eleven packets, the last one first: 13 3 4 ... 12 14 */
	DAMAGE_REVERSED, /* eleven packets backwards: 13 12 ... 3 14 */
};

struct damage;

/* Each time after `rate` packets.  NULL when out of memory; the caller owns it. */
struct damage *damage_new(enum damage_type type, unsigned rate);
void damage_free(struct damage *damage); /* with what it still holds; NULL is fine */
/* Takes one packet, and hands none, one or some to `send`, which does not keep them. */
void damage_packet(struct damage *damage, const uint8_t *packet, size_t len,
    void (*send)(void *ctx, const uint8_t *packet, size_t len), void *ctx);

#endif
