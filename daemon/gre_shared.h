/*
 * gre_shared.h: the one raw GRE socket of a listener (design D7): each packet goes to the call that
 * its sender's address and its Call ID name.
 */
#ifndef GRE_SHARED_H
#define GRE_SHARED_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "gre_sock.h"

struct gre_shared;

/* What came and was nobody's. */
struct gre_strays {
	uint64_t packets; /* of no call: late ones, or another's */
	uint64_t bad;     /* no PPTP at all, or over any length */
};

/* Of that, what may be a call's that hears nothing: why it does not reach it. */
struct gre_evidence {
	uint64_t other_call; /* packets of its peer, with the Call ID of no call: the last one is */
	uint16_t call_id;    /* this */
	uint64_t other_address; /* packets with its Call ID, of no call's peer: the last one is */
	struct in_addr address; /* this */
};

/*
 * Takes over the socket, and reads it from now on; the table is for some `calls`.  NULL when out of
 * memory (then fd is closed).
 */
struct gre_shared *gre_shared_new(struct engine *engine, int fd, unsigned calls);
/* No call is in it any more.  NULL is fine. */
void gre_shared_free(struct gre_shared *shared);
/* Whether GRE of that peer with that Call ID is some call's already (protocol D2). */
bool gre_shared_has(struct gre_shared *shared, struct in_addr peer, uint16_t local_call_id);
/*
 * The GRE of one call: as gre_sock_new(), and gre_sock_free() takes it out again.  What comes before
 * gre_sock_start() waits in it, up to a bound.  NULL when out of memory, or where gre_shared_has().
 */
struct gre_sock *gre_shared_join(struct gre_shared *shared, struct in_addr local,
    struct in_addr peer, uint16_t local_call_id, const struct gre_owner *owner);
const struct gre_strays *gre_shared_strays(const struct gre_shared *shared);
/* Since then; the last ones are remembered, not all. */
void gre_shared_evidence(const struct gre_shared *shared, struct in_addr peer,
    uint16_t local_call_id, uint64_t since, struct gre_evidence *evidence);

#endif
