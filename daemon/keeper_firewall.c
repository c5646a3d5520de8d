/* keeper_firewall.c: the act "read the firewall's rules" (design D3), in the keeper's loop. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper_int.h"
#include "pptp.h"

static void
put_away(struct keeper *keeper)
{
	struct keeper_look *look = &keeper->look;

	if (look->answered != NULL)
		event_free(look->answered);
	if (look->limit != NULL)
		event_free(look->limit);
	if (look->fd >= 0)
		close(look->fd);
	look->answered = look->limit = NULL;
	look->fd = -1;
}

/* Each look has an answer: an engine waits for it.  `result` NULL: nothing was looked at. */
static void
tell_of(struct keeper *keeper, uint32_t call, const struct firewall_result *result)
{
	struct ipc_msg answer;

	ipc_init(&answer, IPC_FIREWALL_IS);
	answer.call = call;
	if (result != NULL)
		answer.u.found = *result;
	keeper_send(keeper, &answer, NULL, 0);
}

static void
tell(struct keeper *keeper, const struct firewall_result *result)
{
	put_away(keeper);
	tell_of(keeper, keeper->look.call, result);
}

static void
on_answer(evutil_socket_t fd, short what, void *ctx)
{
	struct firewall_result result;

	(void)what;
	firewall_answer(fd, &result);
	tell(ctx, &result);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)fd, (void)what;
	if (keeper->look.pid > 0)
		kill(keeper->look.pid, SIGKILL);
	tell(keeper, NULL);
}

static bool
watch(struct keeper *keeper)
{
	struct keeper_look *look = &keeper->look;

	look->answered = event_new(keeper->base, look->fd, EV_READ, on_answer, keeper);
	look->limit = evtimer_new(keeper->base, on_limit, keeper);
	if (look->answered == NULL || look->limit == NULL || event_add(look->answered, NULL) < 0)
		return false;
	keeper_arm(look->limit, FIREWALL_SECONDS * PPTP_SEC);
	return true;
}

/* In the child: no secret is its business. */
static void
wipe(void *ctx)
{
	struct keeper *keeper = ctx;

	keeper_wipe_secret(&keeper->secret);
	users_free(&keeper->calls.users);
}

/* One child at a time, and only for whom the keeper knows. */
static void
look(struct keeper *keeper, const struct firewall_request *request, struct in_addr known)
{
	pid_t pid = -1;

	if (keeper->look.pid == 0 && keeper->phase == KEEPER_DIALLING &&
	    known.s_addr != htonl(INADDR_ANY) && request->peer.s_addr == known.s_addr)
		pid = firewall_start(request, wipe, keeper, &keeper->look.fd);
	if (pid > 0)
		keeper->look.pid = pid;
	if (pid < 0 || !watch(keeper))
		tell(keeper, NULL);
}

void
keeper_firewall(struct keeper *keeper, const struct firewall_request *request)
{
	keeper_firewall_cancel(keeper); /* that of an earlier dial */
	keeper->look.call = 0;
	look(keeper, request, keeper->dialled);
}

void
keeper_firewall_of_call(
    struct keeper *keeper, const struct keeper_call *call, const struct firewall_request *request)
{
	if (keeper->look.pid != 0) { /* another call's: this one does without */
		tell_of(keeper, call->number, NULL);
		return;
	}
	put_away(keeper);
	keeper->look.call = call->number;
	look(keeper, request, call->caller);
}

void
keeper_firewall_cancel(struct keeper *keeper)
{
	put_away(keeper);
	if (keeper->look.pid <= 0)
		return;
	kill(keeper->look.pid, SIGKILL);
	while (waitpid(keeper->look.pid, NULL, 0) < 0 && errno == EINTR)
		;
	keeper->look.pid = 0;
}
