/* pace.c: see pace.h. */
#include "pace.h"

#include <sys/timerfd.h>
#include <unistd.h>

#define FEW   4 /* packets: not worth a wakeup */
#define AFTER 8 /* so many rapid wakeups: a single burst is not delayed */
#define LEAST 2 /* packets in a wait; with fewer they come no faster than that */

bool
pace_init(struct pace *pace, struct event_base *base, int fd, event_callback_fn callback, void *ctx)
{
	*pace = (struct pace){.base = base, .callback = callback, .ctx = ctx, .timer = -1};
	pace->read = event_new(base, fd, EV_READ | EV_PERSIST, callback, ctx);
	return pace->read != NULL;
}

static void
free_timer(struct pace *pace)
{
	if (pace->due != NULL)
		event_free(pace->due);
	if (pace->timer >= 0)
		close(pace->timer);
	pace->due = NULL;
	pace->timer = -1;
}

void
pace_fini(struct pace *pace)
{
	if (pace->read == NULL)
		return;
	free_timer(pace);
	event_free(pace->read);
	pace->read = NULL;
}

/* libevent's own timers have milliseconds, or cost a call more, all of them. */
static bool
make_timer(struct pace *pace)
{
	if (pace->due != NULL)
		return event_add(pace->due, NULL) == 0;
	pace->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (pace->timer >= 0)
		pace->due = event_new(
		    pace->base, pace->timer, EV_READ | EV_PERSIST, pace->callback, pace->ctx);
	if (pace->due != NULL && event_add(pace->due, NULL) == 0)
		return true;
	free_timer(pace);
	return false;
}

/* To set it again makes it unreadable as well; so nothing reads it. */
static bool
set_timer(const struct pace *pace, long ns)
{
	const struct itimerspec at = {.it_value.tv_nsec = ns};

	return timerfd_settime(pace->timer, 0, &at, NULL) == 0;
}

/* It may have fired already in this round of the loop: event_del() takes it out of what is to be called. */
static void
unpace(struct pace *pace)
{
	if (pace->paced) {
		set_timer(pace, 0);
		event_del(pace->due);
	}
	pace->paced = false;
	pace->rapid = 0;
}

bool
pace_start(struct pace *pace)
{
	return event_add(pace->read, NULL) == 0;
}

void
pace_stop(struct pace *pace)
{
	unpace(pace);
	event_del(pace->read);
}

/* From now on the timer calls. */
static bool
begin(struct pace *pace)
{
	pace->rapid = 0;
	pace->paced = make_timer(pace) && set_timer(pace, PACE_WAIT_US * 1000L);
	return pace->paced;
}

void
pace_next(struct pace *pace, unsigned packets, uint64_t now)
{
	if (pace->paced) {
		if (packets >= LEAST && packets < PACE_MUCH &&
		    set_timer(pace, PACE_WAIT_US * 1000L))
			return;
		unpace(pace);
		if (!pace_start(pace)) { /* the kernel is short of memory, perhaps only now */
			begin(pace);
			return;
		}
	}
	pace->rapid = packets <= FEW && now - pace->last < PACE_WAIT_US ? pace->rapid + 1 : 0;
	pace->last = now;
	if (pace->rapid >= AFTER && begin(pace))
		event_del(pace->read);
}
