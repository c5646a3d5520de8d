/* engine_util.h: an engine with nobody around it, for the tests of what it carries. */
#ifndef ENGINE_UTIL_H
#define ENGINE_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "daemon/engine.h"
#include "daemon/peer.h"

/* The default settings, and an engine of theirs that has a loop and a tunnel at rest. */
struct engine_room {
	struct config config;
	struct engine engine;
};

static inline void *
room_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static inline void
room_free(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

/* Of no use but to be known. */
#define ROOM_RANDOM 0x1234fffeU

static inline uint32_t
room_random(void *ctx)
{
	(void)ctx;
	return ROOM_RANDOM;
}

static inline void
engine_room_init(struct engine_room *room)
{
	config_defaults(&room->config);
	room->engine.config = &room->config;
	room->engine.env.alloc = room_alloc;
	room->engine.env.free = room_free;
	room->engine.env.random = room_random;
	assert_true(engine_slots(&room->engine));
	room->engine.base = event_base_new();
	assert_non_null(room->engine.base);
	room->engine.timer = evtimer_new(room->engine.base, NULL, NULL);
	room->engine.peer = peer_new(&room->engine);
	assert_non_null(room->engine.peer);
}

/* Whatever has events in its loop is gone by now. */
static inline void
engine_room_fini(struct engine_room *room)
{
	peer_free(room->engine.peer);
	event_free(room->engine.timer);
	event_base_free(room->engine.base);
	free(room->engine.slots);
}

/* One wakeup of the loop, if there is any. */
static inline void
engine_room_turn(struct engine_room *room)
{
	event_base_loop(room->engine.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

#endif
