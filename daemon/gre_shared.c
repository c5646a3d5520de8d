/* gre_shared.c: see gre_shared.h. */
#include "gre_shared.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"
#include "gre_int.h"
#include "pace.h"

#define MIN_HEADER 8  /* octets of GRE (RFC 2637 4.1) */
#define AT_SOURCE  12 /* in an IP header (RFC 791) */
#define AT_CALL_ID 6  /* in a GRE header (RFC 2637 4.1) */
#define STRAYS     64 /* senders that are remembered: whoever floods us only makes us forget */

/* A call's place in the table. */
struct member {
	struct in_addr peer;
	uint16_t call_id;
	struct gre_sock *gre; /* borrows: it leaves before it is freed */
	struct member *next;  /* owns; of one bucket */
	struct member *next_fed;
	bool fed; /* in the list of those to which the present batch brought something */
};

/* A sender's packets with one Call ID that is no call's. */
struct stray {
	struct in_addr peer;
	uint16_t call_id;
	uint64_t count, last; /* packets; us */
};

struct gre_shared {
	struct engine *engine; /* borrows for life */
	int fd;                /* owns */
	struct pace pace;
	struct gre_inbox inbox;
	struct member *fed; /* borrows */
	struct gre_strays strays;
	uint64_t full;              /* as it was asked for the last time */
	struct stray stray[STRAYS]; /* each in the place that its hash gives */
	unsigned mask;              /* buckets less one; a power of two less one */
	struct member *buckets[];
};

/* Call IDs are random, and ours; addresses are the peers' choice. */
static uint32_t
hash(struct in_addr peer, uint16_t call_id)
{
	return call_id ^ (peer.s_addr * UINT32_C(2654435761)) >> 16;
}

static struct member **
bucket(struct gre_shared *shared, struct in_addr peer, uint16_t call_id)
{
	return &shared->buckets[hash(peer, call_id) & shared->mask];
}

static struct member *
find(struct gre_shared *shared, struct in_addr peer, uint16_t call_id)
{
	struct member *member = *bucket(shared, peer, call_id);

	while (member != NULL && (member->peer.s_addr != peer.s_addr || member->call_id != call_id))
		member = member->next;
	return member;
}

bool
gre_shared_has(struct gre_shared *shared, struct in_addr peer, uint16_t local_call_id)
{
	return find(shared, peer, local_call_id) != NULL;
}

/* -------------------------------------------------------------------------------- reading */

static void
remember(struct gre_shared *shared, struct in_addr peer, uint16_t call_id, uint64_t now)
{
	struct stray *stray = &shared->stray[hash(peer, call_id) % STRAYS];

	shared->strays.packets++;
	if (stray->peer.s_addr != peer.s_addr || stray->call_id != call_id)
		*stray = (struct stray){.peer = peer, .call_id = call_id};
	stray->count++;
	stray->last = now;
}

static void
one_packet(struct gre_shared *shared, unsigned i, uint64_t now)
{
	const uint8_t *packet;
	size_t len, ip_len;
	bool whole = gre_inbox_packet(&shared->inbox, i, &packet, &len, &ip_len);
	struct member *member;
	struct in_addr peer;
	uint16_t call_id;

	if (ip_len == 0 || len < ip_len + MIN_HEADER) {
		shared->strays.bad++;
		return;
	}
	memcpy(&peer, packet + AT_SOURCE, sizeof(peer));
	call_id = (uint16_t)(packet[ip_len + AT_CALL_ID] << 8 | packet[ip_len + AT_CALL_ID + 1]);
	member = find(shared, peer, call_id);
	if (member == NULL) {
		remember(shared, peer, call_id, now);
		return;
	}
	if (whole)
		gre_sock_take(member->gre, packet + ip_len, len - ip_len, now);
	else
		gre_sock_too_long(member->gre);
	if (!member->fed) {
		member->fed = true;
		member->next_fed = shared->fed;
		shared->fed = member;
	}
}

static void
end_batch(struct gre_shared *shared)
{
	while (shared->fed != NULL) {
		struct member *member = shared->fed;

		shared->fed = member->next_fed;
		member->fed = false;
		gre_sock_end_batch(member->gre);
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct gre_shared *shared = ctx;
	struct engine *engine = shared->engine;
	uint64_t now = clock_now();
	unsigned packets = 0;
	int count;

	(void)fd, (void)what;
	do {
		count = recvmmsg(shared->fd, shared->inbox.messages, GRE_BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < count; i++)
			one_packet(shared, (unsigned)i, now);
		packets += count > 0 ? (unsigned)count : 0;
	} while (count > 1 && packets < GRE_BATCHES * GRE_BATCH);
	end_batch(shared);
	pace_next(&shared->pace, packets, now);
	engine_pump(engine);
}

/* ---------------------------------------------------------------------------- life cycle */

struct gre_sock *
gre_shared_join(struct gre_shared *shared, struct in_addr local, struct in_addr peer,
    uint16_t local_call_id, const struct gre_owner *owner)
{
	struct member **at = bucket(shared, peer, local_call_id);
	struct member *member;

	if (gre_shared_has(shared, peer, local_call_id))
		return NULL;
	member = calloc(1, sizeof(*member));
	if (member == NULL)
		return NULL;
	member->gre = gre_sock_new_shared(shared->engine,
	    &(struct gre_share){shared, shared->fd, local, peer, local_call_id}, owner);
	if (member->gre == NULL) {
		free(member);
		return NULL;
	}
	member->peer = peer;
	member->call_id = local_call_id;
	member->next = *at;
	*at = member;
	return member->gre;
}

static void
drop_fed(struct gre_shared *shared, const struct member *member)
{
	struct member **at = &shared->fed;

	while (*at != NULL && *at != member)
		at = &(*at)->next_fed;
	if (*at != NULL)
		*at = member->next_fed;
}

void
gre_shared_leave(struct gre_shared *shared, struct in_addr peer, uint16_t local_call_id)
{
	struct member **at = bucket(shared, peer, local_call_id);

	while (
	    *at != NULL && ((*at)->peer.s_addr != peer.s_addr || (*at)->call_id != local_call_id))
		at = &(*at)->next;
	if (*at != NULL) {
		struct member *member = *at;

		*at = member->next;
		drop_fed(shared, member);
		free(member);
	}
}

struct gre_shared *
gre_shared_new(struct engine *engine, int fd, unsigned calls)
{
	struct gre_shared *shared;
	unsigned buckets = 16;

	while (buckets < calls && buckets < 65536)
		buckets *= 2;
	shared = calloc(1, sizeof(*shared) + buckets * sizeof(struct member *));
	if (shared == NULL) {
		close(fd);
		return NULL;
	}
	shared->engine = engine;
	shared->fd = fd;
	shared->mask = buckets - 1;
	gre_inbox_init(&shared->inbox, engine);
	if (!pace_init(&shared->pace, engine->base, fd, on_readable, shared) ||
	    !pace_start(&shared->pace)) {
		gre_shared_free(shared);
		return NULL;
	}
	return shared;
}

void
gre_shared_free(struct gre_shared *shared)
{
	if (shared == NULL)
		return;
	pace_fini(&shared->pace);
	close(shared->fd);
	free(shared);
}

uint64_t
gre_shared_full(struct gre_shared *shared)
{
	shared->full = gre_socket_full(shared->fd, shared->full);
	return shared->full;
}

const struct gre_strays *
gre_shared_strays(const struct gre_shared *shared)
{
	return &shared->strays;
}

void
gre_shared_evidence(const struct gre_shared *shared, struct in_addr peer, uint16_t local_call_id,
    uint64_t since, struct gre_evidence *evidence)
{
	uint64_t last_call = 0, last_address = 0;

	memset(evidence, 0, sizeof(*evidence));
	for (size_t i = 0; i < STRAYS; i++) {
		const struct stray *stray = &shared->stray[i];

		if (stray->count == 0 || stray->last < since)
			continue;
		if (stray->peer.s_addr == peer.s_addr) {
			evidence->other_call += stray->count;
			if (stray->last >= last_call)
				evidence->call_id = stray->call_id;
			last_call = stray->last > last_call ? stray->last : last_call;
		} else if (stray->call_id == local_call_id) {
			evidence->other_address += stray->count;
			if (stray->last >= last_address)
				evidence->address = stray->peer;
			last_address = stray->last > last_address ? stray->last : last_address;
		}
	}
}
