/*
 * keeper_verify.c: who calls, where role "auto" answers: the plugin asks by name, and is told the secret
 * of the one peer (report.h).  The engine never sees it.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper_int.h"

void
keeper_verify_close(struct keeper *keeper)
{
	struct keeper_verify *verify = &keeper->verify;

	if (verify->event != NULL)
		event_free(verify->event);
	if (verify->fd >= 0)
		close(verify->fd);
	verify->event = NULL;
	verify->fd = -1;
	users_free(&verify->users);
}

static void
on_asked(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;
	struct verify_ask ask;
	const struct in_addr as_started = {.s_addr = htonl(INADDR_ANY)};
	int rc = users_asked(fd, &ask);

	(void)what;
	if (rc > 0)
		rc = users_answer(fd, users_find(&keeper->verify.users, ask.name), as_started);
	if (rc < 0)
		keeper_verify_close(keeper);
}

int
keeper_verify_open(struct keeper *keeper, struct reason *reason)
{
	struct keeper_verify *verify = &keeper->verify;
	int pair[2];

	keeper_verify_close(keeper);
	if (!users_of_config(keeper->config, &verify->users, reason))
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		reason_set(reason, 107, "The socket for the caller's name: %s.", strerror(errno));
		return -1;
	}
	verify->fd = pair[0];
	verify->event = event_new(keeper->base, pair[0], EV_READ | EV_PERSIST, on_asked, keeper);
	if (verify->event != NULL && event_add(verify->event, NULL) == 0)
		return pair[1];
	close(pair[1]);
	keeper_verify_close(keeper);
	reason_set(reason, 107, "The socket for the caller's name: no memory.");
	return -1;
}
