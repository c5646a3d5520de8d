/* keeper_listen.c: the keeper of a listener: its sockets, and how it is told to the supervisor. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper_int.h"
#include "notify.h"
#include "sockets.h"

/* Octets of the pair's room that one call may need, one way, before the other end reads; and at most. */
#define ROOM_FOR_CALL (8 * 4096)
#define ROOM_MAX      (1 << 29)

void
keeper_listen_room(const struct keeper *keeper, const int pair[2])
{
	uint64_t need = ((uint64_t)keeper->config->max_calls + 16) * ROOM_FOR_CALL;
	int size = need < ROOM_MAX ? (int)need : ROOM_MAX;

	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
}

bool
keeper_listen_users(struct keeper *keeper)
{
	struct users users;

	if (!users_of_config(keeper->config, &users, &keeper->reason))
		return false;
	users_free(&keeper->calls.users);
	keeper->calls.users = users;
	return true;
}

/* keeper->next_config is that configuration, and its users are ours from now on. */
void
keeper_listen_reload(struct keeper *keeper, const struct users *users)
{
	keeper_take_next_config(keeper);
	users_free(&keeper->calls.users);
	keeper->calls.users = *users;
}

void
keeper_listen(struct keeper *keeper)
{
	struct ipc_msg msg;
	int fds[IPC_MAX_FDS];

	if (!keeper_listen_users(keeper)) {
		keeper_dial_ended(keeper);
		return;
	}
	ipc_init(&msg, IPC_LISTEN);
	msg.u.failure.error =
	    sockets_listen(keeper->config, fds, msg.u.failure.what, sizeof(msg.u.failure.what));
	keeper_send(keeper, &msg, fds, msg.u.failure.error == 0 ? 2 : 0);
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

void
keeper_listen_notify(const struct keeper *keeper)
{
	const struct config *config = keeper->config;
	char ip[INET_ADDRSTRLEN], text[128];

	snprintf(text, sizeof(text), "listening on %s:%u, %u calls of %u",
	    inet_ntop(AF_INET, &config->listen_address, ip, sizeof(ip)), config->listen_port,
	    keeper->calls.up, config->max_calls);
	notify_status(text);
}
