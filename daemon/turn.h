/*
 * turn.h: who has something to do, where there are many: each object has a turn, which comes when it is
 * wanted or its time has come.  So what one call costs does not grow with the number of the others.
 */
#ifndef TURN_H
#define TURN_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct engine;

TAILQ_HEAD(turn_list, turn);

/* All of an engine's. */
struct turns {
	struct engine *engine; /* borrows for life */
	struct turn_list wanted;
};

struct turn {
	struct turns *turns;                   /* borrows for life */
	void (*take)(void *ctx, uint64_t now); /* may free the object, and this with it */
	void *ctx;
	struct event *timer; /* owns */
	uint64_t armed;      /* us: when the timer fires; PPTP_NEVER: it does not */
	bool wanted;
	TAILQ_ENTRY(turn) link;
};

void turns_init(struct turns *turns, struct engine *engine);
/* Gives each its turn, until none is wanted.  A turn that wants itself again has to wait for a timer. */
void turns_run(struct turns *turns, uint64_t now);

/* False: out of memory; then it needs no turn_fini(). */
bool turn_init(
    struct turn *turn, struct turns *turns, void (*take)(void *ctx, uint64_t now), void *ctx);
void turn_fini(struct turn *turn);
/* At the next turns_run(), which engine_pump() comes to. */
void turn_want(struct turn *turn);
/* At that time, or earlier: a timer that would fire before is left as it is. */
void turn_at(struct turn *turn, uint64_t deadline, uint64_t now);

#endif
