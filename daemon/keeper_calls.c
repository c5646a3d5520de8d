/*
 * keeper_calls.c: the calls of a listener, in the keeper: each has its pppd, its address, the routes
 * behind it; each request is checked against the settings.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_int.h"
#include "pppd.h"
#include "pptp.h"

static struct keeper_call *
find(const struct keeper *keeper, uint32_t number)
{
	struct keeper_call *call;

	TAILQ_FOREACH(call, &keeper->calls.list, link)
	{
		if (call->number == number)
			return call;
	}
	return NULL;
}

static void
note(const struct keeper *keeper, int level, const struct keeper_call *call, const char *text)
{
	char user[4 * sizeof(call->user)], line[IPC_TEXT + sizeof(user) + 64], ip[INET_ADDRSTRLEN];

	pptp_escape(call->user, user, sizeof(user));
	snprintf(line, sizeof(line), "call %u from %s%s%s: %s", (unsigned)call->number,
	    inet_ntop(AF_INET, &call->caller, ip, sizeof(ip)), user[0] != '\0' ? ", " : "", user,
	    text);
	keeper->ui->note(keeper->ui->ctx, level, line);
}

/* ------------------------------------------------------------------------------ act: pppd */

static bool
start_is_allowed(const struct keeper *keeper, uint32_t number)
{
	return keeper->phase == KEEPER_DIALLING && !keeper->stopping &&
	       keeper->calls.count < keeper->config->max_calls && find(keeper, number) == NULL;
}

static void
forget(struct keeper *keeper, struct keeper_call *call)
{
	TAILQ_REMOVE(&keeper->calls.list, call, link);
	keeper->calls.count--;
	keeper_caller_forget(keeper, call);
	free(call);
}

static struct keeper_call *
begin(struct keeper *keeper, const struct ipc_msg *request)
{
	struct keeper_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->keeper = keeper;
	call->verifier.fd = -1;
	call->number = request->call;
	call->caller = request->u.start.peer;
	call->local_call_id = request->u.start.local_call_id;
	call->peer_call_id = request->u.start.peer_call_id;
	call->before = watch_mark(keeper->net.watch);
	TAILQ_INSERT_TAIL(&keeper->calls.list, call, link);
	keeper->calls.count++;
	return call;
}

static void
act_start(struct keeper *keeper, const struct ipc_msg *request)
{
	struct keeper_call *call =
	    start_is_allowed(keeper, request->call) ? begin(keeper, request) : NULL;

	struct ipc_msg answer;
	int fds[IPC_MAX_FDS] = {-1, -1, -1};

	ipc_init(&answer, IPC_PPPD_STARTED);
	answer.call = request->call;
	if (call == NULL) {
		answer.u.pppd.error = EPERM;
		snprintf(answer.u.pppd.what, sizeof(answer.u.pppd.what), "keeper's check");
	} else if (!keeper_caller_address(keeper, call)) {
		answer.u.pppd.error = EADDRNOTAVAIL;
		snprintf(answer.u.pppd.what, sizeof(answer.u.pppd.what), "ip.pool");
	} else if (keeper_caller_start(keeper, call, fds, &answer.u.pppd)) {
		call->pid = answer.u.pppd.pid;
	}
	keeper_send(keeper, &answer, fds, answer.u.pppd.error == 0 ? IPC_MAX_FDS : 0);
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

void
keeper_calls_signal(const struct keeper *keeper, int signal)
{
	const struct keeper_call *call;

	TAILQ_FOREACH(call, &keeper->calls.list, link)
	{
		if (call->pid > 0)
			kill(call->pid, signal);
	}
}

bool
keeper_calls_run(const struct keeper *keeper)
{
	const struct keeper_call *call;

	TAILQ_FOREACH(call, &keeper->calls.list, link)
	{
		if (call->pid > 0)
			return true;
	}
	return false;
}

bool
keeper_calls_ended(struct keeper *keeper, pid_t pid, int status)
{
	struct keeper_call *call;
	struct ipc_msg msg;

	TAILQ_FOREACH(call, &keeper->calls.list, link)
	{
		if (call->pid == pid)
			break;
	}
	if (call == NULL)
		return false;
	call->pid = 0;
	if (call->ended) {
		forget(keeper, call);
		return true;
	}
	ipc_init(&msg, IPC_PPPD_EXITED);
	msg.call = call->number;
	msg.u.wait_status = status;
	keeper_send(keeper, &msg, NULL, 0);
	return true;
}

/* ---------------------------------------------------------------------------- act: network */

/*
 * The name is the plugin's word, by way of the engine: only a PPP interface that was not there before
 * this call's pppd, and is no other call's.  Its index, or 0.
 */
static unsigned
interface_of(const struct keeper *keeper, const struct keeper_call *call, const char *name)
{
	unsigned index = keeper_ppp_index(name);
	const struct keeper_call *other;

	if (!watch_is_newer(keeper->net.watch, index, call->before))
		return 0;
	TAILQ_FOREACH(other, &keeper->calls.list, link)
	{
		if (other != call && other->pid > 0 && other->up &&
		    strcmp(other->network.interface, name) == 0)
			return 0;
	}
	return call->pid > 0 ? index : 0;
}

/* The plugin's and the caller's words, by way of the engine. */
static void
take_network(struct keeper_call *call, const struct ipc_network *told)
{
	struct ipc_network *network = &call->network;

	keeper_take_network(network, told);
	/* Where the users are not ours to know, pppd's word is all that there is. */
	if (call->keeper->config->secrets != SECRETS_USERS)
		memcpy(call->user, network->caller, sizeof(call->user));
}

static void
say_up(const struct keeper *keeper, const struct keeper_call *call)
{
	const struct ipc_network *network = &call->network;
	char text[IPC_TEXT], local[INET_ADDRSTRLEN], peer[INET_ADDRSTRLEN], mppe[32] = "";

	if (network->mppe_bits != 0)
		snprintf(mppe, sizeof(mppe), "MPPE %u-bit", (unsigned)network->mppe_bits);
	snprintf(text, sizeof(text), "up: %s  %s -> %s, %s", network->interface,
	    inet_ntop(AF_INET, &network->local, local, sizeof(local)),
	    inet_ntop(AF_INET, &network->peer, peer, sizeof(peer)),
	    mppe[0] != '\0' ? mppe : "NOT ENCRYPTED");
	note(keeper, 0, call, text);
}

/* NULL: nothing. */
static const struct config_nets *
behind(const struct keeper_call *call)
{
	return call->routes != NULL ? &call->routes->through : NULL;
}

static void
act_network(struct keeper *keeper, struct keeper_call *call, const struct ipc_network *network)
{
	struct ipc_msg answer;
	unsigned interface;

	if (call->up)
		return;
	take_network(call, network);
	interface = interface_of(keeper, call, call->network.interface);
	ipc_init(&answer, IPC_NETWORK_UP);
	answer.call = call->number;
	if (interface == 0) {
		answer.u.routes.ecode = 107;
		snprintf(answer.u.routes.why, sizeof(answer.u.routes.why),
		    "pppd's interface, as its plugin says, is no PPP interface of this call.");
	} else if (keeper->config->secrets == SECRETS_USERS && call->user[0] == '\0') {
		answer.u.routes.ecode = 403; /* no pppd has asked for any secret */
		snprintf(answer.u.routes.why, sizeof(answer.u.routes.why),
		    "The caller has not proved who it is.");
	} else {
		answer.u.routes.ecode = keeper_caller_routes(
		    keeper, call, interface, answer.u.routes.why, sizeof(answer.u.routes.why));
	}
	if (answer.u.routes.ecode == 0) {
		call->up = true;
		call->up_at = clock_now();
		keeper->calls.up++;
		keeper_listen_notify(keeper);
		say_up(keeper, call);
		keeper_call_hook(keeper, HOOK_CALL_UP, call, behind(call), 0);
	}
	keeper_send(keeper, &answer, NULL, 0);
}

/* -------------------------------------------------------------------------------- its end */

static void
say_ended(const struct keeper *keeper, const struct keeper_call *call)
{
	char text[IPC_TEXT], after[40] = "";
	uint64_t seconds = call->up ? (clock_now() - call->up_at) / PPTP_SEC : 0;

	if (call->up)
		snprintf(after, sizeof(after), " after %llu s", (unsigned long long)seconds);
	if (call->reason.ecode == 0)
		snprintf(text, sizeof(text), "ended%s: %.400s", after, call->reason.what);
	else
		snprintf(text, sizeof(text), "ended%s: E%03u %.400s", after, call->reason.ecode,
		    call->reason.what);
	note(keeper, 0, call, text);
	if (!call->up && call->reason.next[0] != '\0') {
		snprintf(text, sizeof(text), "Next: %s", call->reason.next);
		note(keeper, 0, call, text);
	}
}

static void
went_down(struct keeper *keeper, const struct keeper_call *call)
{
	if (!call->up)
		return;
	keeper->calls.up--;
	keeper_call_hook(keeper, HOOK_CALL_DOWN, call, behind(call), clock_now() - call->up_at);
}

static void
act_ended(struct keeper *keeper, struct keeper_call *call, const struct ipc_msg *msg)
{
	call->reason = msg->u.ended.reason;
	call->rx_bytes = msg->u.ended.rx_bytes;
	call->tx_bytes = msg->u.ended.tx_bytes;
	call->ended = true;
	say_ended(keeper, call);
	went_down(keeper, call);
	call->up = false;
	keeper_listen_notify(keeper);
	if (call->pid >
	    0) /* the engine is wrong: until its pppd is gone, its address is not free */
		kill(call->pid, SIGKILL);
	else
		forget(keeper, call);
}

void
keeper_calls_act(struct keeper *keeper, const struct ipc_msg *msg)
{
	struct keeper_call *call = find(keeper, msg->call);

	if (msg->type == IPC_START_PPPD)
		act_start(keeper, msg);
	else if (call == NULL || call->ended)
		return;
	else if (msg->type == IPC_SIGNAL_PPPD && call->pid > 0 &&
		 (msg->u.signal == SIGTERM || msg->u.signal == SIGKILL))
		kill(call->pid, msg->u.signal);
	else if (msg->type == IPC_FIREWALL)
		keeper_firewall_of_call(keeper, call, &msg->u.look);
	else if (msg->type == IPC_NETWORK)
		act_network(keeper, call, &msg->u.network);
	else if (msg->type == IPC_ENDED)
		act_ended(keeper, call, msg);
}

void
keeper_calls_forget(struct keeper *keeper)
{
	struct keeper_call *call;

	while ((call = TAILQ_FIRST(&keeper->calls.list)) != NULL) {
		call->reason = keeper->reason;
		went_down(keeper, call);
		forget(keeper, call);
	}
	keeper->calls.up = 0;
}
