/* lookup.h: names are looked up in a short-lived child without privileges (design D3). */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <event2/event.h>
#include <sys/types.h>

#include "ipc.h"

/* Of one process at a time, in the caller's loop; the caller reaps its children. */
struct lookup {
	struct event_base *base; /* borrows */
	void (*done)(void *ctx, const struct ipc_msg *addresses);
	void *ctx;
	pid_t pid; /* 0: none; never used after it was reaped */
	int fd;    /* -1: none is under way */
	struct event *answered, *limit;
};

/* Nothing is under way. */
#define LOOKUP_NONE      \
	{                \
		.fd = -1 \
	}

/* On a LOOKUP_NONE; `done` gets each answer.  False: out of memory. */
bool lookup_init(struct lookup *lookup, struct event_base *base,
    void (*done)(void *ctx, const struct ipc_msg *addresses), void *ctx);
/*
 * Looks the name up, unless one is under way; done() follows, at once for an IPv4 address.
 * `wipe` is called in the child before anything else: it forgets the secret.
 */
void lookup_name(struct lookup *lookup, const char *name, void (*wipe)(void *), void *wipe_ctx);
/* The caller has reaped this child; true if it was the look-up's. */
bool lookup_reaped(struct lookup *lookup, pid_t pid);
/* No answer is wanted any more. */
void lookup_cancel(struct lookup *lookup);
/* Cancels, and waits for the child that was killed. */
void lookup_free(struct lookup *lookup);

/* The child alone: its answer comes through *fd (non-blocking, the caller's).  The pid, or -1 with errno. */
pid_t lookup_start(const char *name, void (*wipe)(void *), void *ctx, int *fd);

#endif
