/*
 * pin.h: pins the way to a server, or to a network, as it is now, with a route of its own: a route
 * that the tunnel brings may cover it, and a tunnel to that server would run into itself.
 */
#ifndef PIN_H
#define PIN_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "net.h"
#include "way.h"

/* Who made it, in `ip route show proto 158`, and a route through a tunnel (routes.h) (design D12). */
#define PIN_PROTOCOL    158
#define ROUTES_PROTOCOL 159

struct pin {
	bool added; /* by us, so ours to remove */
	struct net to;
	uint32_t metric; /* of this process alone: another tunnel's to the same server stays */
	char via[INET6_ADDRSTRLEN]; /* the gateway, of IPv4 or IPv6; "": it is direct */
	char device[IF_NAMESIZE];
	unsigned tunnel; /* index of its interface, over which it never goes; 0: any */
	struct way way,
	    before; /* as it is pinned; and by the main table without us, .type 0: none */
};

/*
 * Asks the kernel for the way to `to` and adds it as a route in the main table.  Nothing is added for
 * an address of this host.  `tunnel`: the index of the interface over which it is not to go; 0: none.  What a process that was killed has left for the same network goes first:
 * the way may be another one now.  0, or an errno; EOPNOTSUPP: it has several ways at once.
 */
int pin_add(struct pin *pin, const struct net *to, unsigned tunnel);
/*
 * The host's routes have changed: it leads where they would now, which it did not when *moved.  While
 * they lead nowhere it stays as it is.  0, or an errno.
 */
int pin_renew(struct pin *pin, bool *moved);
/* Removes it if it is ours.  0, or an errno. */
int pin_remove(struct pin *pin);
/* Removes what processes that were killed have left, where all processes of the machine are seen. */
void pin_sweep(void);

#endif
