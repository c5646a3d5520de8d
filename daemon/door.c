/* door.c: see door.h. */
#include "door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"

#define VISITORS 8 /* at a time; the tunnel takes one of them */
/* Of those, for who is not to be let in: it is told so when it has asked. */
#define STRANGERS  2
#define TELL_EVERY (10 * PPTP_SEC) /* of them in the log */
#define PAUSE_TIME 1               /* s, without descriptors: some may come free */

/* One connection. */
struct visitor {
	struct conn *conn; /* owns; NULL: there is none */
	struct in_addr address;
	bool stranger;
	bool asks;    /* to start */
	bool told;    /* door_is_new() has been asked of it */
	bool is_over; /* for the protocol; TCP is being closed */
};

struct door {
	struct engine *engine;       /* borrows for life */
	int fd;                      /* owns */
	struct event *event, *pause; /* own */
	uint64_t told;               /* us: a stranger was last made known */
	unsigned known_count;
	struct in_addr known[IPC_MAX_ADDRESSES + CONFIG_SERVERS];
	unsigned literals; /* the first ones of those: servers that are addresses */
	struct visitor visitors[VISITORS];
};

/* ------------------------------------------------------------------------------ who may come */

static bool
is_welcome(const struct door *door, struct in_addr address)
{
	const struct config *config = door->engine->config;

	for (unsigned i = 0; i < config->listen_from.count; i++) {
		if (net_covers(&config->listen_from.net[i], address))
			return true;
	}
	for (unsigned i = 0; config->listen_from.count == 0 && i < door->known_count; i++) {
		if (door->known[i].s_addr == address.s_addr)
			return true;
	}
	return false;
}

static struct visitor *
free_place(struct door *door, bool stranger)
{
	struct visitor *place = NULL;
	unsigned strangers = 0;

	for (unsigned i = 0; i < VISITORS; i++) {
		if (door->visitors[i].conn == NULL)
			place = &door->visitors[i];
		else if (door->visitors[i].stranger)
			strangers++;
	}
	return stranger && strangers >= STRANGERS ? NULL : place;
}

/* ------------------------------------------------------------------------------- accepting */

/* Takes over the socket. */
static void
receive(struct door *door, int fd, struct in_addr address)
{
	const struct conn_owner nobody = {0};
	const struct conn_answer answer = {.start_timeout = door->engine->config->setup_timeout,
	    .max_calls = 1,
	    .takes_outgoing = true,
	    .takes_incoming = true,
	    .ask_start = true};
	bool stranger = !is_welcome(door, address);
	struct visitor *visitor = free_place(door, stranger);
	uint64_t now = clock_now();
	char ip[INET_ADDRSTRLEN];

	if (stranger && (door->told == 0 || now - door->told >= TELL_EVERY)) {
		door->told = now;
		engine_note(door->engine, 0,
		    "%s was turned away: it is not the one to be answered "
		    "(listen.from)",
		    inet_ntop(AF_INET, &address, ip, sizeof(ip)));
	}
	if (visitor == NULL) {
		close(fd);
		return;
	}
	*visitor = (struct visitor){.address = address, .stranger = stranger};
	visitor->conn = conn_new(door->engine, &nobody, &answer);
	if (visitor->conn == NULL) {
		close(fd);
		return;
	}
	if (!conn_adopt(visitor->conn, fd, address, now)) {
		conn_free(visitor->conn);
		visitor->conn = NULL;
		return;
	}
	if (stranger) /* when it asks (protocol A.4) */
		pptp_ctrl_refuse(
		    conn_ctrl(visitor->conn), PPTP_SCCRP_NOT_AUTHORIZED, PPTP_ERROR_NONE, now);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *ctx)
{
	struct door *door = ctx;

	(void)fd, (void)what;
	event_add(door->event, NULL);
}

static void
on_acceptable(evutil_socket_t fd, short what, void *ctx)
{
	struct door *door = ctx;
	struct engine *engine = door->engine;
	const struct timeval pause = {.tv_sec = PAUSE_TIME};
	struct sockaddr_in from = {0};
	socklen_t len = sizeof(from);
	int accepted = accept4(fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (accepted >= 0) {
		receive(door, accepted, from.sin_addr);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		event_del(door->event);
		evtimer_add(door->pause, &pause);
	}
	engine_pump(engine);
}

void
door_know(struct door *door, const struct in_addr *addresses, unsigned count)
{
	if (door == NULL)
		return;
	if (count > IPC_MAX_ADDRESSES)
		count = IPC_MAX_ADDRESSES;
	memcpy(door->known + door->literals, addresses, count * sizeof(*addresses));
	door->known_count = door->literals + count;
	event_add(door->event, NULL);
}

/* -------------------------------------------------------------------------------- the pump */

static void
leave(struct visitor *visitor)
{
	conn_free(visitor->conn);
	memset(visitor, 0, sizeof(*visitor));
}

/* True if there was any. */
static bool
drain(struct visitor *visitor, uint64_t now)
{
	struct pptp_event event;
	bool any = false;

	/* Behind an offer there is nothing before it is answered, but its end. */
	while (conn_event(visitor->conn, &event) == PPTP_OK) {
		any = true;
		if (event.type == PPTP_EV_START_OFFERED)
			visitor->asks = true;
		if (event.type != PPTP_EV_CTRL_DOWN)
			continue;
		visitor->asks = false;
		visitor->is_over = true;
		conn_finish(visitor->conn, now);
	}
	return any;
}

static uint64_t
pump_visitor(struct visitor *visitor, uint64_t now)
{
	uint64_t due;

	do
		due = conn_pump(visitor->conn, now);
	while (drain(visitor, now));
	if (visitor->is_over && conn_is_closed(visitor->conn)) {
		leave(visitor);
		return PPTP_NEVER;
	}
	return due;
}

uint64_t
door_pump(struct door *door, uint64_t now)
{
	uint64_t deadline = PPTP_NEVER;

	for (unsigned i = 0; door != NULL && i < VISITORS; i++) {
		uint64_t due = door->visitors[i].conn == NULL
				   ? PPTP_NEVER
				   : pump_visitor(&door->visitors[i], now);

		deadline = due < deadline ? due : deadline;
	}
	return deadline;
}

/* --------------------------------------------------------------------- what becomes of it */

static struct visitor *
caller(struct door *door)
{
	for (unsigned i = 0; door != NULL && i < VISITORS; i++) {
		if (door->visitors[i].conn != NULL && door->visitors[i].asks)
			return &door->visitors[i];
	}
	return NULL;
}

struct conn *
door_caller(const struct door *door)
{
	const struct visitor *visitor = caller((struct door *)(uintptr_t)door);

	return visitor == NULL ? NULL : visitor->conn;
}

bool
door_is_new(struct door *door)
{
	struct visitor *visitor = caller(door);
	bool is_new = visitor != NULL && !visitor->told;

	if (visitor != NULL)
		visitor->told = true;
	return is_new;
}

struct conn *
door_take(struct door *door)
{
	struct visitor *visitor = caller(door);
	struct conn *conn = visitor == NULL ? NULL : visitor->conn;

	if (visitor != NULL)
		memset(visitor, 0, sizeof(*visitor));
	return conn;
}

void
door_let_close(struct door *door)
{
	struct visitor *visitor = caller(door);

	if (visitor != NULL)
		visitor->asks = false;
}

void
door_refuse(
    struct door *door, enum pptp_sccrp_result result, enum pptp_general_error error, uint64_t now)
{
	struct visitor *visitor = caller(door);

	if (visitor == NULL)
		return;
	visitor->asks = false;
	pptp_ctrl_refuse(conn_ctrl(visitor->conn), result, error, now);
}

/* ------------------------------------------------------------------------------ life cycle */

/* Servers that are addresses need no look-up to be known. */
static void
know_literals(struct door *door)
{
	const struct config *config = door->engine->config;

	for (unsigned i = 0; i < config->server_count; i++) {
		if (inet_pton(AF_INET, config->servers[i], &door->known[door->known_count]) == 1)
			door->known_count++;
	}
	door->literals = door->known_count;
}

struct door *
door_new(struct engine *engine, int fd)
{
	struct door *door = calloc(1, sizeof(*door));

	if (door == NULL) {
		close(fd);
		return NULL;
	}
	door->engine = engine;
	door->fd = fd;
	door->event = event_new(engine->base, fd, EV_READ | EV_PERSIST, on_acceptable, door);
	door->pause = evtimer_new(engine->base, on_pause_over, door);
	know_literals(door);
	if (door->event == NULL || door->pause == NULL ||
	    ((door->known_count > 0 || engine->config->listen_from.count > 0) &&
		event_add(door->event, NULL) < 0)) {
		door_free(door);
		return NULL;
	}
	return door;
}

void
door_free(struct door *door)
{
	if (door == NULL)
		return;
	for (unsigned i = 0; i < VISITORS; i++)
		conn_free(door->visitors[i].conn);
	if (door->event != NULL)
		event_free(door->event);
	if (door->pause != NULL)
		event_free(door->pause);
	close(door->fd);
	free(door);
}
