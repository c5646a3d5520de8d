/*
 * watch.h: hears from the kernel what becomes of this host's links, addresses and routes
 * (rtnetlink(7)), and tells what of that matters to a tunnel.  Our own routes and TAPs do not, nor
 * the interface of `pptpeer doctor`, which is gone in a moment.
 */
#ifndef WATCH_H
#define WATCH_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "net.h"

#define WATCH_DOCTOR "pptdoc" /* and a number: the interface of that tunnel */

struct watch;

/* Who is told; called from the event loop and by watch_drain(). */
struct watch_listener {
	/*
	 * Something by which a server may be reached that was not: a link that works, an address, a
	 * default route; `what` says which.  `ppp`: over a PPP interface, so perhaps a tunnel's.
	 */
	void (*appeared)(void *ctx, bool ppp, const char *what);
	/* Packets to that net (0.0.0.0/0: to any) may go another way now. */
	void (*changed)(void *ctx, const struct net *to);
	/* This interface, an index, has been deleted or set down. */
	void (*lost)(void *ctx, unsigned interface, bool deleted);
	void *ctx;
};

/* NULL with errno. */
struct watch *watch_new(struct event_base *base, const struct watch_listener *listener);
void watch_free(struct watch *watch); /* NULL is fine */
/* Tells now what has happened until now. */
void watch_drain(struct watch *watch);
/* A mark of this moment; whether an interface, an index, is there that was not at that mark. */
uint64_t watch_mark(struct watch *watch);
bool watch_is_newer(struct watch *watch, unsigned interface, uint64_t mark);

#endif
