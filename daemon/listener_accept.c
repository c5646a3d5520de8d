/* listener_accept.c: who may connect: the networks, how often, how many at once (protocol I3). */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "listener_int.h"

#define ACCEPTS    16             /* a wakeup */
#define PAUSE_TIME (1 * PPTP_SEC) /* without descriptors: some may come free */
#define TELL_EVERY (10 * PPTP_SEC)
/* Strangers are told that they are, but must not hold all that may be half open. */
#define STRANGERS_SHARE 4

void
gate_turned_away(struct listener *listener, struct in_addr address, const char *why)
{
	struct gate *gate = &listener->gate;
	char ip[INET_ADDRSTRLEN], more[48] = "";
	uint64_t now = clock_now();

	listener->refused_ever++;
	gate->turned_away++;
	if (gate->told != 0 && now - gate->told < TELL_EVERY)
		return;
	if (gate->turned_away > 1)
		snprintf(more, sizeof(more), " (and %llu more)",
		    (unsigned long long)gate->turned_away - 1);
	engine_note(listener->engine, 0, "%s was turned away: %s%s",
	    inet_ntop(AF_INET, &address, ip, sizeof(ip)), why, more);
	gate->told = now;
	gate->turned_away = 0;
}

/* ------------------------------------------------------------------------------ the limits */

static bool
is_welcome(const struct config *config, struct in_addr address)
{
	for (unsigned i = 0; i < config->listen_from.count; i++) {
		if (net_covers(&config->listen_from.net[i], address))
			return true;
	}
	return config->listen_from.count == 0;
}

/* Its entry; a new one takes the place of the oldest. */
static struct source *
source_of(struct gate *gate, struct in_addr address)
{
	struct source *oldest = &gate->sources[0];

	for (unsigned i = 0; i < SOURCES; i++) {
		struct source *source = &gate->sources[i];

		if (source->count > 0 && source->address.s_addr == address.s_addr)
			return source;
		if (source->count == 0 || (oldest->count > 0 && source->since < oldest->since))
			oldest = source;
	}
	*oldest = (struct source){.address = address};
	return oldest;
}

static bool
comes_too_often(struct listener *listener, struct in_addr address, uint64_t now)
{
	const struct config *config = listener->config;
	struct source *source;

	if (config->rate_count == 0)
		return false;
	source = source_of(&listener->gate, address);
	if (source->count == 0 || now - source->since >= config->rate_seconds * PPTP_SEC) {
		source->since = now;
		source->count = 0;
	}
	if (source->count >= config->rate_count)
		return true;
	source->count++;
	return false;
}

/* Takes over the socket. */
static void
receive(struct listener *listener, int fd, struct in_addr address)
{
	const struct config *config = listener->config;
	enum pptp_sccrp_result refuse = PPTP_SCCRP_OK;
	bool welcome = is_welcome(config, address);
	unsigned half_open = config->max_half_open;
	const char *why = NULL;

	if (!welcome)
		half_open /= STRANGERS_SHARE;
	if (comes_too_often(listener, address, clock_now()))
		why = "it connects too often (listen.rate)";
	else if (listener->half_open >= half_open)
		why = "too many connections have not begun (listen.max-half-open)";
	if (why != NULL) {
		gate_turned_away(listener, address, why);
		close(fd);
		return;
	}
	if (!welcome) {
		gate_turned_away(listener, address, "its address is in no network of listen.from");
		refuse = PPTP_SCCRP_NOT_AUTHORIZED;
	} else if (listener->caller_count >= config->max_control && !caller_make_room(listener)) {
		gate_turned_away(listener, address, "there are listen.max-control connections");
		refuse = PPTP_SCCRP_GENERAL_ERROR;
	}
	caller_new(listener, fd, address, refuse);
}

/* ------------------------------------------------------------------------------ the socket */

static void
on_pause_over(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *listener = ctx;

	(void)fd, (void)what;
	if (listener->gate.event != NULL)
		event_add(listener->gate.event, NULL);
}

/* Out of descriptors or memory: the queue of the socket keeps whoever comes. */
static void
pause_accepting(struct listener *listener, int error)
{
	const struct timeval wait = {.tv_sec = PAUSE_TIME / PPTP_SEC};

	engine_note(listener->engine, 0,
	    "warning: no connection can be accepted: %s; the next try is in 1 s", strerror(error));
	event_del(listener->gate.event);
	evtimer_add(listener->gate.pause, &wait);
}

static void
on_acceptable(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *listener = ctx;
	struct engine *engine = listener->engine;

	(void)what;
	for (unsigned i = 0; i < ACCEPTS; i++) {
		struct sockaddr_in from = {.sin_family = AF_INET};
		socklen_t len = sizeof(from);
		int accepted =
		    accept4(fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (accepted >= 0) {
			receive(listener, accepted, from.sin_addr);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			pause_accepting(listener, errno);
			break;
		}
		if (errno == EAGAIN)
			break;
		/* accept(2): an error of that connection, which is gone. */
	}
	engine_pump(engine);
}

bool
gate_open(struct listener *listener, int fd)
{
	struct gate *gate = &listener->gate;
	struct event_base *base = listener->engine->base;

	gate->fd = fd;
	gate->event = event_new(base, fd, EV_READ | EV_PERSIST, on_acceptable, listener);
	gate->pause = evtimer_new(base, on_pause_over, listener);
	return gate->event != NULL && gate->pause != NULL && event_add(gate->event, NULL) == 0;
}

void
gate_close(struct listener *listener)
{
	struct gate *gate = &listener->gate;

	if (gate->event != NULL)
		event_free(gate->event);
	if (gate->pause != NULL)
		event_free(gate->pause);
	if (gate->fd >= 0)
		close(gate->fd);
	gate->event = gate->pause = NULL;
	gate->fd = -1;
}
