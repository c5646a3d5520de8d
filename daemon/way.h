/*
 * way.h: where packets to a host or to a network go now, as the kernel's routing says.
 */
#ifndef WAY_H
#define WAY_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "net.h"

/* A route as the kernel tells it. */
struct way {
	uint8_t type; /* RTN_; 0: none */
	struct net to;
	uint32_t metric;
	uint32_t interface; /* index; 0: several */
	struct in_addr source;
	uint16_t
	    gateway_kind; /* RTA_GATEWAY, or RTA_VIA: an address of IPv6; 0: none, it is direct */
	uint16_t gateway_len;
	uint8_t gateway[sizeof(struct rtvia) + 16];
};

/* Of a message about a route. */
void way_of_route(const struct nlmsghdr *message, struct way *way);
/*
 * Where a packet to that address would go; with a mark, and bound to that interface, where these are
 * not 0.  0 or an errno.
 */
int way_of_host(struct in_addr to, uint32_t mark, unsigned interface, struct way *way);
/*
 * Of a whole network: the route in the main table that covers all of it, but for those that are ours
 * and those over the interface `but` (0: any).  0 or an errno; EOPNOTSUPP: it has several ways at once.
 */
int way_of_network(const struct net *net, unsigned but, struct way *way);
bool way_is_same(const struct way *one, const struct way *other);

#endif
