/*
 * routes.h: what goes through a tunnel and what past it (pptpeer.conf(5), routes).  Routes through it
 * lie on its interface and go with it; those past it are pins (pin.h), and removed.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "config.h"
#include "pin.h"

/* Which of those through the tunnel are there: everything, and each of `through`. */
#define ROUTES_DEFAULT UINT64_C(1)
#define ROUTES_NET(i)  (UINT64_C(2) << (i))

struct routes {
	uint64_t set;
	bool everything;            /* asked for */
	struct config_nets through; /* as the settings asked for */
	unsigned interface, metric; /* where they are */
	uint32_t table;
	struct pin server;
	unsigned past_count;
	struct pin past[CONFIG_LIST];
};

struct routes_tunnel {
	const struct config *config;
	struct in_addr server; /* the address that was dialled */
	unsigned interface;    /* its index, not 0 */
};

/* Who hears of each route that could not be set, or was taken away: a sentence without its full stop. */
struct routes_listener {
	void (*said)(void *ctx, const char *text);
	void *ctx;
};

/* Whether the settings ask for any. */
bool routes_wanted(const struct config *config);
/*
 * Sets all that the settings ask for, and removes what is there and they do not: what they ask for as
 * before is not touched.  A route that cannot be set is told, and the others are set.  One to
 * the server itself, which the kernel made because the peer has that address inside the tunnel as
 * well, is taken away.  0; or, when the tunnel would run into itself, an E-code with the reason in `why`: then
 * all is as it was, and when none was there, none is.
 */
unsigned routes_set(struct routes *routes, const struct routes_tunnel *tunnel,
    const struct routes_listener *listener, char *why, size_t why_size);
/*
 * The host's routes have changed: those past the tunnel lead where they would without it.  True: the
 * server's is another one now.
 */
bool routes_renew(struct routes *routes, const struct routes_listener *listener);
/* Where a script sets them: the one that routes_set() would take away, is.  Before the script. */
void routes_free_server(const struct routes_tunnel *tunnel, const struct routes_listener *listener);
/*
 * Behind it: which of those that the settings ask for are there, and by which way the server is, for
 * people only; none of them is ours to remove.  True: the server has a route of its own past the tunnel.
 */
bool routes_look(struct routes *routes, const struct routes_tunnel *tunnel);
/*
 * A route through the tunnel to that address alone, unless one of the others leads there, or
 * routes.except past it.  It goes with the interface.  True: it is set.
 */
bool routes_reach(const struct routes_tunnel *tunnel, const struct routes_listener *listener,
    struct in_addr address);
/* What routes_set() would do, on standard output. */
void routes_print(const struct config *config);
/* Removes those past the tunnel. */
void routes_remove(struct routes *routes);

#endif
