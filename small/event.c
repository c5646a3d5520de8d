/*
 * event.c: of libevent what the drop-in uses, behind libevent's own header, so that the code above it
 * is the same for all programs and the compiler holds the two together.
 *
 * The drop-in runs once for each tunnel, and libevent_core was a third of its code: for other systems
 * than Linux, threads, priorities and much else that it never asks for.  Whatever is here behaves as in
 * libevent 2.1: tests/unit/test_small_event.c runs over both.  As there, a descriptor is closed
 * after event_del(), and of all loops the last one to add a signal has the signals.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#define READY 16 /* descriptors at a time; whatever is more is ready in the next round as well */

struct event {
	struct event_base *base; /* borrows */
	event_callback_fn callback;
	void *ctx;
	int fd;            /* EV_SIGNAL: its number */
	short what;        /* EV_...: as it was made */
	short result;      /* EV_...: what it is to be called for; 0: it is not active */
	bool waits, timed; /* in that list */
	uint64_t due;      /* us, while timed */
	uint64_t interval; /* us: EV_PERSIST: due so long after each time; 0: never */
	LIST_ENTRY(event) waiting;
	LIST_ENTRY(event) timer;
	TAILQ_ENTRY(event) active;
	struct sigaction before[]; /* EV_SIGNAL: one, what was done with it before */
};
LIST_HEAD(events, event);

struct event_base {
	int epoll, caught; /* caught: a pipe's end, an octet for each signal */
	int catcher;       /* its other end */
	bool stopped;
	uint64_t now;                    /* us: the clock when it woke; 0: it does not run */
	struct events fds, signals;      /* that wait */
	struct events timers;            /* the next one first */
	TAILQ_HEAD(queue, event) active; /* in the order of their calls */
};

/* ---------------------------------------------------------------------------------- timers */

static uint64_t
read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t
now(const struct event_base *base)
{
	return base->now != 0 ? base->now : read_clock(CLOCK_MONOTONIC);
}

static void
untime(struct event *event)
{
	if (event->timed)
		LIST_REMOVE(event, timer);
	event->timed = false;
}

static void
set_timer(struct event *event, uint64_t due)
{
	struct event *before = NULL, *next;

	untime(event);
	LIST_FOREACH(next, &event->base->timers, timer)
	{
		if (next->due > due)
			break;
		before = next;
	}
	if (before != NULL)
		LIST_INSERT_AFTER(before, event, timer);
	else
		LIST_INSERT_HEAD(&event->base->timers, event, timer);
	event->due = due;
	event->timed = true;
}

/* For epoll_wait(): ms, so that none is early; -1 for ever. */
static int
time_left(struct event_base *base)
{
	const struct event *first = LIST_FIRST(&base->timers);
	uint64_t left;

	if (!TAILQ_EMPTY(&base->active))
		return 0;
	if (first == NULL)
		return -1;
	left = first->due > now(base) ? (first->due - now(base) + 999) / 1000 : 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* ------------------------------------------------------------------------------ descriptors */

static uint32_t
epoll_words(const struct event *event)
{
	return ((event->what & EV_READ) != 0 ? EPOLLIN : 0) |
	       ((event->what & EV_WRITE) != 0 ? EPOLLOUT : 0);
}

/* What the other events of its descriptor wait for. */
static uint32_t
others_want(const struct event *event)
{
	const struct event *other;
	uint32_t words = 0;

	LIST_FOREACH(other, &event->base->fds, waiting)
	{
		if (other != event && other->fd == event->fd)
			words |= epoll_words(other);
	}
	return words;
}

static int
tell_kernel(const struct event *event, uint32_t old, uint32_t new)
{
	struct epoll_event wanted = {.events = new, .data.fd = event->fd};
	int how = old == 0 ? EPOLL_CTL_ADD : new == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	return old == new ? 0 : epoll_ctl(event->base->epoll, how, event->fd, &wanted);
}

/* ---------------------------------------------------------------------------------- signals */

static int catcher; /* of the loop that has the signals */

static void
on_signal(int number)
{
	int saved = errno;
	unsigned char octet = (unsigned char)number;

	(void)!write(catcher, &octet, sizeof(octet)); /* full: thousands wait already */
	errno = saved;
}

static struct event *
other_of_signal(const struct event *event)
{
	struct event *other;

	LIST_FOREACH(other, &event->base->signals, waiting)
	{
		if (other != event && other->fd == event->fd)
			break;
	}
	return other;
}

static int
catch_signal(struct event *event)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	const struct event *other = other_of_signal(event);

	catcher = event->base->catcher;
	if (other != NULL) {
		event->before[0] = other->before[0];
		return 0;
	}
	sigfillset(&action.sa_mask);
	return sigaction(event->fd, &action, event->before);
}

/* ------------------------------------------------------------------------ waiting and calling */

static int
start_waiting(struct event *event)
{
	struct event_base *base = event->base;
	uint32_t old;

	if (event->waits)
		return 0;
	if ((event->what & EV_SIGNAL) != 0) {
		if (catch_signal(event) < 0)
			return -1;
		LIST_INSERT_HEAD(&base->signals, event, waiting);
		event->waits = true;
	} else if ((event->what & (EV_READ | EV_WRITE)) != 0) {
		old = others_want(event);
		if (tell_kernel(event, old, old | epoll_words(event)) < 0)
			return -1;
		LIST_INSERT_HEAD(&base->fds, event, waiting);
		event->waits = true;
	}
	return 0;
}

static void
stop_waiting(struct event *event)
{
	uint32_t new;

	if (!event->waits)
		return;
	LIST_REMOVE(event, waiting);
	event->waits = false;
	if ((event->what & EV_SIGNAL) == 0) {
		new = others_want(event);
		tell_kernel(event, new | epoll_words(event), new); /* it may be closed */
	} else if (other_of_signal(event) == NULL) {
		sigaction(event->fd, event->before, NULL);
	}
}

static void
activate(struct event *event, short why)
{
	if (event->result == 0)
		TAILQ_INSERT_TAIL(&event->base->active, event, active);
	event->result |= why;
}

static void
deactivate(struct event *event)
{
	if (event->result != 0)
		TAILQ_REMOVE(&event->base->active, event, active);
	event->result = 0;
}

/* One signal in a round: the next one is still in the pipe, and is a call of its own. */
static void
take_signal(struct event_base *base)
{
	struct event *event;
	unsigned char number;

	if (read(base->caught, &number, sizeof(number)) != sizeof(number))
		return;
	LIST_FOREACH(event, &base->signals, waiting)
	{
		if (event->fd == number)
			activate(event, EV_SIGNAL);
	}
}

/* An error, or an end in both directions, is for both to find. */
static void
take_ready(struct event_base *base, const struct epoll_event *ready)
{
	bool ended = (ready->events & (EPOLLERR | EPOLLHUP)) != 0;
	short is = (short)((ended || (ready->events & EPOLLIN) != 0 ? EV_READ : 0) |
			   (ended || (ready->events & EPOLLOUT) != 0 ? EV_WRITE : 0));
	struct event *event;

	if (ready->data.fd == base->caught) {
		take_signal(base);
		return;
	}
	LIST_FOREACH(event, &base->fds, waiting)
	{
		if (event->fd == ready->data.fd && (event->what & is) != 0)
			activate(event, event->what & is);
	}
}

/* What is ready is not called late. */
static void
take_due(struct event_base *base)
{
	struct event *event;

	while ((event = LIST_FIRST(&base->timers)) != NULL && event->due <= now(base)) {
		untime(event);
		if (event->result == 0)
			activate(event, EV_TIMEOUT);
	}
}

/*
 * The interval is from one time-out to the next, so that it does not drift, but from now on where
 * something has come meanwhile, or the loop has been kept for longer than that.
 */
static void
start_again(struct event *event, short result)
{
	uint64_t due = event->due + event->interval, anew = now(event->base) + event->interval;

	set_timer(event, (result & EV_TIMEOUT) != 0 && due >= now(event->base) ? due : anew);
}

static void
call_active(struct event_base *base)
{
	struct event *event;

	while (!base->stopped && (event = TAILQ_FIRST(&base->active)) != NULL) {
		short result = event->result;

		if ((event->what & EV_PERSIST) == 0)
			event_del(event);
		deactivate(event);
		if ((event->what & EV_PERSIST) != 0 && event->interval != 0)
			start_again(event, result);
		event->callback(event->fd, result, event->ctx); /* which may free it */
	}
}

/* ----------------------------------------------------------------------- libevent's functions */

struct event *
event_new(
    struct event_base *base, evutil_socket_t fd, short what, event_callback_fn callback, void *ctx)
{
	size_t signals = (what & EV_SIGNAL) != 0 ? 1 : 0;
	struct event *event = calloc(1, sizeof(*event) + signals * sizeof(event->before[0]));

	if (event != NULL) {
		event->base = base;
		event->fd = fd;
		event->what = what;
		event->callback = callback;
		event->ctx = ctx;
	}
	return event;
}

int
event_add(struct event *event, const struct timeval *after)
{
	uint64_t wait;

	if (start_waiting(event) < 0)
		return -1;
	if (after == NULL)
		return 0; /* one that it has stays */
	if ((event->result & EV_TIMEOUT) != 0)
		deactivate(event);
	wait = (uint64_t)after->tv_sec * 1000000 + (uint64_t)after->tv_usec;
	event->interval = (event->what & EV_PERSIST) != 0 ? wait : 0;
	set_timer(event, now(event->base) + wait);
	return 0;
}

int
event_del(struct event *event)
{
	stop_waiting(event);
	untime(event);
	deactivate(event);
	return 0;
}

void
event_free(struct event *event)
{
	event_del(event);
	free(event);
}

int
event_pending(const struct event *event, short what, struct timeval *when)
{
	int is = event->result | (event->timed ? EV_TIMEOUT : 0) |
		 (event->waits ? event->what & (EV_READ | EV_WRITE | EV_SIGNAL) : 0);
	uint64_t left;

	if (when != NULL && event->timed && (what & EV_TIMEOUT) != 0) {
		left = event->due > now(event->base) ? event->due - now(event->base) : 0;
		left += read_clock(CLOCK_REALTIME);
		when->tv_sec = (time_t)(left / 1000000);
		when->tv_usec = (suseconds_t)(left % 1000000);
	}
	return is & what;
}

struct event_base *
event_base_new(void)
{
	struct event_base *base = calloc(1, sizeof(*base));
	struct epoll_event wanted = {.events = EPOLLIN};
	int ends[2] = {-1, -1};

	if (base == NULL)
		return NULL;
	TAILQ_INIT(&base->active);
	base->epoll = epoll_create1(EPOLL_CLOEXEC);
	(void)!pipe2(ends, O_CLOEXEC | O_NONBLOCK);
	base->caught = wanted.data.fd = ends[0];
	base->catcher = ends[1];
	if (epoll_ctl(base->epoll, EPOLL_CTL_ADD, base->caught, &wanted) == 0)
		return base;
	event_base_free(base);
	return NULL;
}

static void
drop(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The events are whose who made them, but they wait no more. */
void
event_base_free(struct event_base *base)
{
	struct event *event;

	while ((event = LIST_FIRST(&base->fds)) != NULL ||
	       (event = LIST_FIRST(&base->signals)) != NULL ||
	       (event = LIST_FIRST(&base->timers)) != NULL ||
	       (event = TAILQ_FIRST(&base->active)) != NULL)
		event_del(event);
	drop(base->epoll);
	drop(base->caught);
	drop(base->catcher);
	free(base);
}

int
event_base_loopbreak(struct event_base *base)
{
	base->stopped = true;
	return 0;
}

static bool
is_idle(const struct event_base *base)
{
	return LIST_EMPTY(&base->fds) && LIST_EMPTY(&base->signals) && LIST_EMPTY(&base->timers) &&
	       TAILQ_EMPTY(&base->active);
}

/* 1: nothing is waited for; 0: event_base_loopbreak(); -1: an error, errno. */
int
event_base_dispatch(struct event_base *base)
{
	struct epoll_event ready[READY];
	bool failed = false;

	base->stopped = false;
	while (!base->stopped && !is_idle(base) && !failed) {
		int n = epoll_wait(base->epoll, ready, READY, time_left(base));

		failed = n < 0 && errno != EINTR;
		base->now = read_clock(CLOCK_MONOTONIC);
		for (int i = 0; i < n; i++)
			take_ready(base, &ready[i]);
		take_due(base);
		call_active(base);
	}
	base->now = 0;
	return failed ? -1 : base->stopped ? 0 : 1;
}
