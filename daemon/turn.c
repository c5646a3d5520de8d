/* turn.c: see turn.h. */
#include "turn.h"

#include "engine.h"
#include "pptp.h"

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct turn *turn = ctx;

	(void)fd, (void)what;
	turn->armed = PPTP_NEVER;
	turn_want(turn);
	engine_pump(turn->turns->engine);
}

void
turns_init(struct turns *turns, struct engine *engine)
{
	turns->engine = engine;
	TAILQ_INIT(&turns->wanted);
}

void
turns_run(struct turns *turns, uint64_t now)
{
	struct turn *turn;

	while ((turn = TAILQ_FIRST(&turns->wanted)) != NULL) {
		TAILQ_REMOVE(&turns->wanted, turn, link);
		turn->wanted = false;
		turn->take(turn->ctx, now);
	}
}

bool
turn_init(struct turn *turn, struct turns *turns, void (*take)(void *ctx, uint64_t now), void *ctx)
{
	*turn = (struct turn){.turns = turns, .take = take, .ctx = ctx, .armed = PPTP_NEVER};
	turn->timer = evtimer_new(turns->engine->base, on_timer, turn);
	return turn->timer != NULL;
}

void
turn_fini(struct turn *turn)
{
	if (turn->wanted)
		TAILQ_REMOVE(&turn->turns->wanted, turn, link);
	turn->wanted = false;
	event_free(turn->timer);
}

void
turn_want(struct turn *turn)
{
	if (turn->wanted)
		return;
	turn->wanted = true;
	TAILQ_INSERT_TAIL(&turn->turns->wanted, turn, link);
}

void
turn_at(struct turn *turn, uint64_t deadline, uint64_t now)
{
	struct timeval wait;

	if (deadline >= turn->armed)
		return;
	turn->armed = deadline;
	deadline = deadline > now ? deadline - now : 0;
	wait.tv_sec = (time_t)(deadline / PPTP_SEC);
	wait.tv_usec = (suseconds_t)(deadline % PPTP_SEC);
	evtimer_add(turn->timer, &wait);
}
