/* engine.c: the loop, the messages from the keeper, the pump.  See engine.h. */
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "door.h"
#include "listener.h"
#include "peer.h"

static void *
env_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static void
env_free(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

static uint32_t
env_random(void *ctx)
{
	uint32_t value;

	(void)ctx;
	/* Up to 256 octets getrandom() gives whole or, before the pool is ready, waits. */
	while (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		;
	return value;
}

/* ---------------------------------------------------------------------------- to the keeper */

void
engine_send(struct engine *engine, const struct ipc_msg *msg)
{
	/* A keeper that is gone, or reads no more, is noticed by the end of the pair. */
	ipc_send(engine->keeper_fd, msg, NULL, 0);
}

/*
 * Words for people only, in one half of the pair's room: what has to be done fits into the
 * other, should whoever reads the keeper's words have stopped reading.
 */
static bool
has_room(const struct engine *engine)
{
	int size = 0;
	socklen_t len = sizeof(size);

	return getsockopt(engine->keeper_fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0 &&
	       ipc_unread(engine->keeper_fd) < (size_t)size / 2;
}

void
engine_stage(struct engine *engine, enum stage stage, const char *format, ...)
{
	struct ipc_msg msg;
	va_list args;

	ipc_init(&msg, IPC_STAGE);
	msg.u.stage.stage = stage;
	va_start(args, format);
	vsnprintf(msg.u.stage.text, sizeof(msg.u.stage.text), format, args);
	va_end(args);
	engine_send(engine, &msg);
}

void
engine_note(struct engine *engine, int level, const char *format, ...)
{
	struct ipc_msg msg;
	va_list args;

	if (level > engine->verbose || !has_room(engine))
		return;
	ipc_init(&msg, IPC_NOTE);
	msg.u.note.level = level;
	va_start(args, format);
	vsnprintf(msg.u.note.text, sizeof(msg.u.note.text), format, args);
	va_end(args);
	engine_send(engine, &msg);
}

void
engine_ended(struct engine *engine, const struct reason *reason, const struct engine_end *end)
{
	struct ipc_msg msg;

	ipc_init(&msg, IPC_ENDED);
	msg.u.ended.reason = *reason;
	msg.u.ended.rx_bytes = end->rx;
	msg.u.ended.tx_bytes = end->tx;
	msg.u.ended.answered = end->answered;
	engine_send(engine, &msg);
	if (engine->orphan)
		event_base_loopbreak(engine->base);
}

/* -------------------------------------------------------------------------- from the keeper */

/* Each dial has a peer of its own, each time of listening a listener: nothing of the one before is left in it. */
static void
next_turn(struct engine *engine, const struct history *history)
{
	engine->history = *history;
	if (engine->listener != NULL && listener_is_idle(engine->listener)) {
		listener_free(engine->listener);
		engine->listener = listener_new(engine);
	} else if (engine->peer != NULL && peer_has_ended(engine->peer)) {
		peer_free(engine->peer);
		engine->peer = peer_new(engine);
	}
	if (engine->peer == NULL && engine->listener == NULL)
		abort(); /* no memory for a few kilobytes: the keeper forks a new engine */
}

static void
pong(struct engine *engine)
{
	struct ipc_msg msg;

	ipc_init(&msg, IPC_PONG);
	engine_send(engine, &msg);
}

/* What is for the tunnel that is dialled. */
static void
to_peer(struct engine *engine, const struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	struct peer *peer = engine->peer;

	switch (msg->type) {
	case IPC_STATISTICS:
		peer_statistics(peer, clock_now());
		break;
	case IPC_STOP:
		peer_stop(peer);
		break;
	case IPC_LOST:
		peer_lost(peer, &msg->u.reason);
		break;
	case IPC_AWAKE:
		peer_awake(peer);
		break;
	case IPC_NO_INTERFACE:
		peer_no_interface(peer, msg->u.deleted != 0);
		break;
	case IPC_ADDRESSES:
		if (msg->u.addresses.gai_error == 0)
			door_know(engine->door, msg->u.addresses.address, msg->u.addresses.count);
		peer_addresses(peer, msg);
		break;
	case IPC_SOCKETS:
		peer_sockets(peer, msg, fds); /* takes the descriptors */
		break;
	case IPC_PPPD_STARTED:
		peer_pppd_started(peer, msg, fds); /* takes the descriptors */
		break;
	case IPC_NETWORK_UP:
		peer_network_up(peer, msg);
		break;
	case IPC_ROUTES:
		peer_routes(peer, msg);
		break;
	case IPC_DNS:
		peer_dns(peer, msg);
		break;
	case IPC_PPPD_EXITED:
		peer_pppd_exited(peer, msg->u.wait_status);
		break;
	case IPC_FIREWALL_IS:
		peer_firewall(peer, msg);
		break;
	case IPC_LISTEN:
		door_free(engine->door);
		engine->door = door_new(engine, fds[IPC_FD_LISTEN]);
		fds[IPC_FD_LISTEN] = -1;
		break;
	default:
		break; /* ours to send, or of a listener */
	}
}

static void
from_keeper(struct engine *engine, const struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	switch (msg->type) {
	case IPC_BEGIN:
		next_turn(engine, &msg->u.history);
		engine->wait_until = 0;
		if (engine->peer != NULL)
			peer_begin(engine->peer, engine->history.server);
		break;
	case IPC_WAIT:
		next_turn(engine, &msg->u.history);
		engine->wait_until = engine->history.wait == PPTP_NEVER
					 ? PPTP_NEVER
					 : clock_now() + engine->history.wait;
		break;
	case IPC_EXIT:
		event_base_loopbreak(engine->base);
		break;
	case IPC_RELOADED:
		if (engine->watch != NULL)
			engine->watch->reloaded(engine->control, msg);
		break;
	case IPC_VERBOSE:
		engine->verbose = msg->u.verbose;
		break;
	case IPC_PING:
		pong(engine);
		break;
	default:
		if (engine->listener != NULL)
			listener_hear(engine->listener, msg, fds);
		else
			to_peer(engine, msg, fds);
		break;
	}
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

static bool
all_is_down(const struct engine *engine)
{
	return engine->listener != NULL ? listener_is_idle(engine->listener)
					: peer_has_ended(engine->peer);
}

static void
on_keeper(evutil_socket_t fd, short what, void *ctx)
{
	struct engine *engine = ctx;
	struct ipc_msg msg;
	int fds[IPC_MAX_FDS];
	int rc;

	(void)what;
	while ((rc = ipc_recv(fd, &msg, fds)) > 0)
		from_keeper(engine, &msg, fds);
	if (rc == 0) {
		/* Killed: its pppd gets SIGTERM from the kernel; we end in order, alone. */
		event_del(engine->keeper_event);
		engine->orphan = true;
		if (all_is_down(engine))
			event_base_loopbreak(engine->base);
		else if (engine->listener != NULL)
			listener_orphaned(engine->listener);
		else
			peer_orphaned(engine->peer);
	}
	engine_pump(engine);
}

/* -------------------------------------------------------------------------------- the pump */

void
engine_pump(struct engine *engine)
{
	uint64_t now = clock_now();
	uint64_t deadline, door;
	struct timeval wait;

	if (engine->listener != NULL) {
		listener_pump(engine->listener, now);
		return;
	}
	door_pump(engine->door, now);
	deadline = peer_pump(engine->peer, now);
	door = door_pump(engine->door, now); /* what the tunnel says of who waits there goes out */
	deadline = door < deadline ? door : deadline;
	if (deadline == PPTP_NEVER) {
		evtimer_del(engine->timer);
		return;
	}
	deadline = deadline > now ? deadline - now : 0;
	wait.tv_sec = (time_t)(deadline / PPTP_SEC);
	wait.tv_usec = (suseconds_t)(deadline % PPTP_SEC);
	evtimer_add(engine->timer, &wait);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	engine_pump(ctx); /* it acts on every deadline that has passed */
}

void
engine_message(
    const struct engine *engine, const struct engine_way *way, const uint8_t *octets, size_t len)
{
	if (engine->watch != NULL)
		engine->watch->message(engine->control, way, octets, len);
}

void
engine_ppp(const struct engine *engine, const struct engine_way *way, uint16_t call_id,
    const uint8_t *frame, size_t len)
{
	if (engine->watch != NULL)
		engine->watch->ppp(engine->control, way, call_id, frame, len);
}

/* ------------------------------------------------------------------------------ life cycle */

bool
engine_slots(struct engine *engine)
{
	engine->slot_size = ENGINE_HEADROOM + config_frame_max(engine->config);
	engine->slots = calloc(ENGINE_SLOTS, engine->slot_size);
	return engine->slots != NULL;
}

bool
engine_init(struct engine *engine, const struct config *config, int keeper_fd)
{
	*engine = (struct engine){
	    .config = config,
	    .env = {.alloc = env_alloc, .free = env_free, .random = env_random},
	    .keeper_fd = keeper_fd,
	    .started = clock_now(),
	    .verbose = config->verbose,
	    .base = event_base_new(),
	};
	if (engine->base == NULL || !engine_slots(engine))
		return false;
	if (config->role == ROLE_LISTEN)
		engine->listener = listener_new(engine);
	else
		engine->peer = peer_new(engine);
	engine->timer = evtimer_new(engine->base, on_timer, engine);
	engine->keeper_event =
	    event_new(engine->base, engine->keeper_fd, EV_READ | EV_PERSIST, on_keeper, engine);
	return (engine->peer != NULL || engine->listener != NULL) && engine->timer != NULL &&
	       engine->keeper_event != NULL && event_add(engine->keeper_event, NULL) == 0;
}

void
engine_fini(struct engine *engine)
{
	peer_free(engine->peer);
	door_free(engine->door);
	listener_free(engine->listener);
	if (engine->timer != NULL)
		event_free(engine->timer);
	if (engine->keeper_event != NULL)
		event_free(engine->keeper_event);
	if (engine->base != NULL)
		event_base_free(engine->base);
	free(engine->slots);
	close(engine->keeper_fd);
}
