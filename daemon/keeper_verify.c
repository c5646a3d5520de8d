/*
 * keeper_verify.c: who calls: the plugin of a pppd that answers asks by name, and is told that user's
 * secret (report.h).  The engine never sees it.  A listener's calls have one each; role "auto" has one.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper_int.h"

void
verifier_close(struct verifier *verifier)
{
	if (verifier->event != NULL)
		event_free(verifier->event);
	if (verifier->fd >= 0)
		close(verifier->fd);
	verifier->event = NULL;
	verifier->fd = -1;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct verifier *verifier = ctx;
	const struct user *user;
	struct verify_ask ask;
	int rc = users_asked(fd, &ask);

	(void)what;
	if (rc > 0) {
		user = users_find(verifier->users, ask.name);
		rc = users_answer(fd, user, verifier->asked(verifier->ctx, user));
	}
	if (rc < 0)
		verifier_close(verifier);
}

int
verifier_open(struct verifier *verifier, struct event_base *base)
{
	int pair[2];

	verifier_close(verifier);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	verifier->fd = pair[0];
	verifier->event = event_new(base, pair[0], EV_READ | EV_PERSIST, on_readable, verifier);
	if (verifier->event != NULL && event_priority_set(verifier->event, URGENT) == 0 &&
	    event_add(verifier->event, NULL) == 0)
		return pair[1];
	close(pair[1]);
	verifier_close(verifier);
	errno = ENOMEM;
	return -1;
}

/* -------------------------------------------------------------------------- role "auto" */

void
keeper_verify_close(struct keeper *keeper)
{
	verifier_close(&keeper->verify.verifier);
	users_free(&keeper->verify.users);
}

/* As its pppd was started with. */
static struct in_addr
on_asked(void *ctx, const struct user *user)
{
	(void)ctx, (void)user;
	return (struct in_addr){.s_addr = htonl(INADDR_ANY)};
}

int
keeper_verify_open(struct keeper *keeper, struct reason *reason)
{
	struct keeper_verify *verify = &keeper->verify;
	int fd;

	keeper_verify_close(keeper);
	if (!users_of_config(keeper->config, &verify->users, reason))
		return -1;
	verify->verifier.users = &verify->users;
	verify->verifier.asked = on_asked;
	fd = verifier_open(&verify->verifier, keeper->base);
	if (fd < 0) {
		reason_set(reason, 107, "The socket for the caller's name: %s.", strerror(errno));
		keeper_verify_close(keeper);
	}
	return fd;
}
