/*
 * pace.h: a descriptor that is readable all the time, with next to nothing each time, is looked at when some has
 * gathered: then many packets go with one call, where each had been a wakeup, a read and a send of its own.  It is
 * what interrupt moderation is to a network card, and as there it costs a little delay, PACE_WAIT_US, and only while packets
 * come faster than that.
 */
#ifndef PACE_H
#define PACE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#define PACE_WAIT_US 100
#define PACE_MUCH    64 /* packets a call: with so many nothing is to be won by a wait for more */

struct pace {
	struct event_base *base; /* borrows for life */
	event_callback_fn callback;
	void *ctx;
	struct event *read; /* owns; NULL when there was no memory */
	struct event *due;  /* owns; NULL until it is needed */
	int timer;          /* owns; -1 until then */
	uint64_t last;      /* us: the wakeup before */
	unsigned rapid;     /* wakeups in a row, each soon after the other, with little */
	bool paced;         /* `due` is in the place of `read` */
};

/*
 * Makes the event of `fd`, which is borrowed; pace_start() adds it.  The callback's descriptor is not always `fd`.
 * False: out of memory; pace_fini() in each case.
 */
bool pace_init(
    struct pace *pace, struct event_base *base, int fd, event_callback_fn callback, void *ctx);
void pace_fini(struct pace *pace);
/* From now on the callback is called.  False: libevent cannot. */
bool pace_start(struct pace *pace);
/* It is called no more. */
void pace_stop(struct pace *pace);

/*
 * At the end of each call of the callback, unless it has stopped it: how many packets it has had, at `now` (us,
 * monotonic).  Without a descriptor or memory to be had nothing is paced.
 */
void pace_next(struct pace *pace, unsigned packets, uint64_t now);

#endif
