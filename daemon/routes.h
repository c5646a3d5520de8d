/*
 * routes.h: what goes through a tunnel and what past it (pptpeer.conf(5), routes).  Routes through it
 * lie on its interface and go with it; those past it are pins (pin.h), and removed.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "config.h"
#include "pin.h"

#define ROUTES_PROTOCOL 159 /* those through tunnels, in `ip route show proto 159` */

struct routes {
	struct pin server;
	unsigned past_count;
	struct pin past[CONFIG_LIST];
};

/* Who hears of each route that could not be set, or was taken away: a sentence without its full stop. */
struct routes_listener {
	void (*said)(void *ctx, const char *text);
	void *ctx;
};

/* Whether the settings ask for any. */
bool routes_wanted(const struct config *config);
/*
 * Sets all that the settings ask for, for a tunnel to `server` on that interface.  A route that
 * cannot be set is told, and the others are set.  One to the server itself, which the kernel made because
 * the peer has that address inside the tunnel as well, is taken away.  0; or -1 when the tunnel would run
 * into itself, with the reason in `why`: then none of those through it is there.
 */
int routes_set(struct routes *routes, const struct config *config, const char *interface,
    struct in_addr server, const struct routes_listener *listener, char *why, size_t why_size);
/* What routes_set() would do, on standard output. */
void routes_print(const struct config *config);
/* Removes those past the tunnel. */
void routes_remove(struct routes *routes);

#endif
