/* damage.c: see damage.h. */
#include "damage.h"

#include <stdlib.h>
#include <string.h>

#define HELD       10
#define PACKET_MAX 2048 /* octets; what is longer goes through in its order */

struct damage {
	enum damage_type type;
	unsigned rate, passed; /* packets in order since the last time */
	unsigned held;
	struct {
		size_t len;
		uint8_t octets[PACKET_MAX];
	} slot[HELD];
};

struct damage *
damage_new(enum damage_type type, unsigned rate)
{
	struct damage *damage = calloc(1, sizeof(*damage));

	if (damage == NULL)
		return NULL;
	damage->type = type;
	damage->rate = rate;
	return damage;
}

void
damage_free(struct damage *damage)
{
	free(damage);
}

void
damage_packet(struct damage *damage, const uint8_t *packet, size_t len,
    void (*send)(void *ctx, const uint8_t *packet, size_t len), void *ctx)
{
	unsigned room = damage->type == DAMAGE_SWAP ? 1 : HELD;

	if (damage->passed < damage->rate || len > PACKET_MAX) {
		damage->passed++;
		send(ctx, packet, len);
		return;
	}
	if (damage->held < room) {
		memcpy(damage->slot[damage->held].octets, packet, len);
		damage->slot[damage->held++].len = len;
		return;
	}
	send(ctx, packet, len);
	for (unsigned i = 0; i < room; i++) {
		unsigned at = damage->type == DAMAGE_REVERSED ? room - 1 - i : i;

		send(ctx, damage->slot[at].octets, damage->slot[at].len);
	}
	damage->held = damage->passed = 0;
}
