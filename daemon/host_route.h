/*
 * host_route.h: pins the way to a server, as it is now, with a route of its own: a route that the
 * tunnel brings later may cover the server, and the tunnel would run into itself.
 */
#ifndef HOST_ROUTE_H
#define HOST_ROUTE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define HOST_ROUTE_PROTOCOL 158 /* who made it, in `ip route show proto 158` (design D12) */

struct host_route {
	bool added; /* by us, so ours to remove */
	struct in_addr to;
	uint32_t metric; /* of this process alone: another tunnel's to the same server stays */
};

/*
 * Asks the kernel for the way to `to` and adds it as a host route in the main table.  Nothing is
 * added for an address of this host.  What a process that was killed has left there goes first: the
 * way may be another one now.  0, or an errno.
 */
int host_route_add(struct host_route *route, struct in_addr to);
/* Removes it if it is ours.  0, or an errno. */
int host_route_remove(struct host_route *route);

#endif
