/*
 * keeper_caller.c: who calls, in the keeper: the secret that pppd's plugin asks for, the address in the
 * tunnel, and the networks behind that caller.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper_int.h"
#include "pppd.h"
#include "pppd_args.h"

/* ------------------------------------------------------------------------------ addresses */

static bool
is_taken(const struct keeper *keeper, struct in_addr address)
{
	const struct keeper_call *call;

	TAILQ_FOREACH(call, &keeper->calls.list, link)
	{
		if (call->address.s_addr == address.s_addr)
			return true;
	}
	for (size_t i = 0; i < keeper->calls.users.count; i++) {
		if (keeper->calls.users.user[i].address.s_addr == address.s_addr)
			return true; /* it is that user's own */
	}
	return address.s_addr == keeper->config->ip_local.s_addr;
}

/* From `from` on, in host order; 0: none. */
static uint32_t
free_address(const struct keeper *keeper, uint32_t from)
{
	const struct config_pool *pool = &keeper->config->pool;

	for (unsigned i = 0; i < pool->count; i++) {
		uint32_t at = ntohl(pool->range[i].first.s_addr);
		uint32_t last = ntohl(pool->range[i].last.s_addr);

		if (at < from)
			at = from;
		for (; at <= last && at != 0; at++) {
			if (!is_taken(keeper, (struct in_addr){.s_addr = htonl(at)}))
				return at;
		}
	}
	return 0;
}

bool
keeper_caller_address(struct keeper *keeper, struct keeper_call *call)
{
	uint32_t found;

	if (keeper->config->pool.count == 0) {
		call->address = keeper->config->ip_remote;
		return true; /* each user has its own, or pppd's own files say */
	}
	found = free_address(keeper, keeper->calls.next_address);
	if (found == 0)
		found = free_address(keeper, 0);
	call->address.s_addr = htonl(found);
	keeper->calls.next_address = found + 1;
	return found != 0;
}

/* --------------------------------------------------------------------------------- users */

static const struct config_peer *
peer_of(const struct config *config, const char *user)
{
	for (unsigned i = 0; i < config->peers.count; i++) {
		if (user[0] != '\0' && strcmp(config->peers.peer[i].user, user) == 0)
			return &config->peers.peer[i];
	}
	return NULL;
}

/* Whose line has died calls again before we know; to its address, and to what is behind it, there is one way. */
static void
end_older(struct keeper *keeper, const struct keeper_call *newer)
{
	struct keeper_call *call;
	struct ipc_msg msg;

	TAILQ_FOREACH(call, &keeper->calls.list, link)
	{
		if (call == newer || call->ended || strcmp(call->user, newer->user) != 0)
			continue;
		keeper_caller_forget(keeper, call);
		ipc_init(&msg, IPC_END_CALL);
		msg.call = call->number;
		reason_set(&msg.u.reason, 0, "%s has called again (call %u).", newer->user,
		    (unsigned)newer->number);
		keeper_send(keeper, &msg, NULL, 0);
	}
}

static void
take_user(struct keeper_call *call, const struct user *user)
{
	snprintf(call->user, sizeof(call->user), "%s", user->name);
	call->own_address = user->address.s_addr != htonl(INADDR_ANY);
	if (call->own_address)
		call->address = user->address; /* that of the pool is free again */
}

static void
stop_asking(struct keeper_call *call)
{
	if (call->verify != NULL)
		event_free(call->verify);
	if (call->verify_fd >= 0)
		close(call->verify_fd);
	call->verify = NULL;
	call->verify_fd = -1;
}

static void
on_asked(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper_call *call = ctx;
	struct keeper *keeper = call->keeper;
	const struct user *user;
	struct verify_ask ask;
	int asked = users_asked(fd, &ask);

	(void)what;
	if (asked == 0)
		return;
	user = asked > 0 ? users_find(&keeper->calls.users, ask.name) : NULL;
	if (user != NULL)
		take_user(call, user);
	if (asked < 0 || users_answer(fd, user, call->address) < 0)
		stop_asking(call);
}

/* The plugin's end, or -1: it asks for nothing, or *failed. */
static int
open_verify(struct keeper *keeper, struct keeper_call *call, bool *failed)
{
	int pair[2];

	*failed = false;
	if (keeper->config->secrets != SECRETS_USERS)
		return -1;
	*failed = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0;
	if (*failed)
		return -1;
	call->verify_fd = pair[0];
	call->verify = event_new(keeper->base, pair[0], EV_READ | EV_PERSIST, on_asked, call);
	if (call->verify == NULL || event_priority_set(call->verify, URGENT) < 0 ||
	    event_add(call->verify, NULL) < 0) {
		*failed = true;
		close(pair[1]);
		return -1;
	}
	return pair[1];
}

bool
keeper_caller_start(
    struct keeper *keeper, struct keeper_call *call, int fds[IPC_MAX_FDS], struct ipc_pppd *started)
{
	struct pppd_answer answer = {.local = keeper->config->ip_local, .caller = call->caller};
	bool failed;

	answer.remote = call->address;
	answer.verify = open_verify(keeper, call, &failed);
	if (failed) {
		started->error = ENOMEM;
		snprintf(started->what, sizeof(started->what), "verification");
		return false;
	}
	pppd_answer(
	    keeper->config, &answer, -1, fds, started, keeper->conflict, sizeof(keeper->conflict));
	if (answer.verify >= 0)
		close(answer.verify);
	return started->error == 0;
}

/* -------------------------------------------------------------------------------- routes */

static void
on_route_said(void *ctx, const char *text)
{
	const struct keeper_call *call = ctx;
	char line[320];

	snprintf(line, sizeof(line), "warning: call %u, %s: %s", (unsigned)call->number, call->user,
	    text);
	call->keeper->ui->note(call->keeper->ui->ctx, 0, line);
}

unsigned
keeper_caller_routes(
    struct keeper *keeper, struct keeper_call *call, unsigned interface, char *why, size_t why_size)
{
	const struct config_peer *peer = peer_of(keeper->config, call->user);
	const struct routes_listener listener = {on_route_said, call};
	struct routes_tunnel tunnel = {.server = call->caller, .interface = interface};
	struct config *behind;
	unsigned ecode;

	if (call->own_address || peer != NULL)
		end_older(keeper, call); /* not before this one has proved who it is */
	if (peer == NULL || peer->routes.count == 0)
		return 0;
	behind = calloc(1, sizeof(*behind));
	call->routes = calloc(1, sizeof(*call->routes));
	if (behind == NULL || call->routes == NULL) {
		free(behind);
		snprintf(why, why_size, "out of memory");
		return 107;
	}
	config_defaults(behind);
	behind->routes_through = peer->routes;
	tunnel.config = behind;
	ecode = routes_set(call->routes, &tunnel, &listener, why, why_size);
	free(behind);
	return ecode;
}

void
keeper_caller_forget(struct keeper *keeper, struct keeper_call *call)
{
	(void)keeper;
	stop_asking(call);
	if (call->routes != NULL)
		routes_remove(call->routes);
	free(call->routes);
	call->routes = NULL;
}
