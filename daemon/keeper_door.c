/*
 * keeper_door.c: the listening socket of role "auto".  It is the keeper's, so that the peer's connection
 * waits in its queue while there is no engine.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper_int.h"
#include "sockets.h"

/* One that another configuration listens on as well is nobody's (design D14). */
static void
cannot_listen(struct keeper *keeper, const char *what)
{
	const struct config *config = keeper->config;
	char ip[INET_ADDRSTRLEN];
	int error = errno;

	inet_ntop(AF_INET, &config->listen_address, ip, sizeof(ip));
	reason_set(&keeper->reason, error == EADDRNOTAVAIL ? 108 : 107,
	    "The peer cannot be listened for on %s, TCP port %u: %s: %s.", ip, config->listen_port,
	    what, strerror(error));
	if (error == EADDRINUSE)
		reason_next(&keeper->reason,
		    "find out who listens there (ss -tlnp), another tunnel perhaps; or another "
		    "listen.address or listen.port");
	else if (error == EADDRNOTAVAIL)
		reason_next(&keeper->reason, "correct listen.address");
}

bool
keeper_open_door(struct keeper *keeper)
{
	const char *what;

	if (keeper->config->role != ROLE_AUTO || keeper->door_fd >= 0)
		return true;
	keeper->door_fd = sockets_door(keeper->config, &what);
	if (keeper->door_fd < 0) {
		cannot_listen(keeper, what);
		return false;
	}
	keeper_show_door(keeper);
	return true;
}

void
keeper_show_door(struct keeper *keeper)
{
	struct ipc_msg msg;

	if (keeper->door_fd < 0 || keeper->engine_pid <= 0)
		return;
	ipc_init(&msg, IPC_LISTEN);
	keeper_send(keeper, &msg, &keeper->door_fd, 1);
}

void
keeper_close_door(struct keeper *keeper)
{
	if (keeper->door_fd >= 0)
		close(keeper->door_fd);
	keeper->door_fd = -1;
}

void
keeper_called(struct keeper *keeper)
{
	if (keeper->phase == KEEPER_WAITING && keeper->config->role == ROLE_AUTO &&
	    !keeper->stopping && keeper->dial_timer != NULL) {
		evtimer_del(keeper->dial_timer);
		keeper_dial(keeper);
	}
}
