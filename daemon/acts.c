/*
 * acts.c: the closed list of what the keeper does for the engine (design D3), each request
 * checked against the configuration.  Nothing here parses an octet from the network.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper_int.h"
#include "pppd.h"
#include "pppd_args.h"
#include "sockets.h"

void
keeper_wipe_secret(void *secret)
{
	explicit_bzero(secret, sizeof(struct secret));
}

void
keeper_send(struct keeper *keeper, const struct ipc_msg *msg, const int *fds, size_t nfds)
{
	/* One that is gone is noticed by its end of the pair and by SIGCHLD. */
	if (ipc_send(keeper->engine_fd, msg, fds, nfds) < 0 && errno == EAGAIN &&
	    keeper->engine_pid > 0)
		kill(keeper->engine_pid, SIGKILL);
}

static void
close_fds(int fds[IPC_MAX_FDS])
{
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* ---------------------------------------------------------------------- act: look-up */

void
keeper_looked_up(void *ctx, const struct ipc_msg *addresses)
{
	struct keeper *keeper = ctx;

	keeper->addresses = *addresses;
	if (addresses->u.addresses.gai_error == 0)
		keeper->known = *addresses;
	keeper_send(keeper, &keeper->addresses, NULL, 0);
}

static void
act_lookup(struct keeper *keeper)
{
	ipc_init(&keeper->addresses, IPC_ADDRESSES);
	lookup_name(&keeper->lookup, keeper->config->servers[keeper->server_index],
	    keeper_wipe_secret, &keeper->secret);
}

/* ---------------------------------------------------------------- acts: sockets, pppd */

static bool
address_is_in(const struct ipc_msg *lookup, struct in_addr address)
{
	for (uint32_t i = 0; i < lookup->u.addresses.count; i++) {
		if (lookup->u.addresses.address[i].s_addr == address.s_addr)
			return true;
	}
	return false;
}

/* Whose call may be answered: listen.from, else who may be dialled. */
static bool
may_call(const struct keeper *keeper, struct in_addr address)
{
	const struct config *config = keeper->config;
	struct in_addr server;

	if (config->role != ROLE_AUTO)
		return false;
	for (unsigned i = 0; i < config->listen_from.count; i++) {
		if (net_covers(&config->listen_from.net[i], address))
			return true;
	}
	for (unsigned i = 0; config->listen_from.count == 0 && i < config->server_count; i++) {
		if (inet_pton(AF_INET, config->servers[i], &server) == 1 &&
		    server.s_addr == address.s_addr)
			return true;
	}
	return config->listen_from.count == 0 && address_is_in(&keeper->known, address);
}

void
keeper_close_kernel(struct keeper *keeper)
{
	if (keeper->kernel_fd >= 0)
		close(keeper->kernel_fd);
	keeper->kernel_fd = -1;
}

/* Only the last one may be missing. */
static size_t
count_fds(const int fds[IPC_MAX_FDS])
{
	size_t count = 0;

	while (count < IPC_MAX_FDS && fds[count] >= 0)
		count++;
	return count;
}

/* Its GRE is for the address that it has dialled.  The caller's to free; NULL: no memory. */
static struct config *
bound_to(const struct config *config, struct in_addr local)
{
	struct config *own = malloc(sizeof(*own));

	if (own != NULL) {
		*own = *config;
		own->bind_address = local;
	}
	return own;
}

static void
act_open_sockets(struct keeper *keeper, const struct ipc_msg *request)
{
	struct ipc_msg answer;
	int fds[IPC_MAX_FDS] = {-1, -1, -1};
	bool answers = request->u.open.local.s_addr != htonl(INADDR_ANY);
	struct config *own = answers ? bound_to(keeper->config, request->u.open.local) : NULL;

	ipc_init(&answer, IPC_SOCKETS);
	answer.u.failure.local_call_id = request->u.open.local_call_id;
	keeper_close_kernel(keeper);
	keeper->dialled.s_addr = htonl(INADDR_ANY);
	if (answers ? !may_call(keeper, request->u.open.address)
		    : !address_is_in(&keeper->addresses, request->u.open.address)) {
		answer.u.failure.error = EPERM; /* the name did not give this address */
		snprintf(answer.u.failure.what, sizeof(answer.u.failure.what), "keeper's check");
	} else if (answers && own == NULL) {
		answer.u.failure.error = ENOMEM;
		snprintf(answer.u.failure.what, sizeof(answer.u.failure.what), "GRE bind");
	} else {
		keeper->dialled = request->u.open.address;
		answer.u.failure.error = sockets_open(answers ? own : keeper->config,
		    request->u.open.address, request->u.open.local_call_id, fds, &keeper->kernel_fd,
		    answer.u.failure.what, sizeof(answer.u.failure.what));
	}
	free(own);
	keeper_send(keeper, &answer, fds, count_fds(fds));
	close_fds(fds);
}

/*
 * One dial, one pppd, and none with a password that was refused; a second one only without MPPE, where the configuration says
 * "prefer".
 */
static bool
start_is_allowed(const struct keeper *keeper, bool without_mppe)
{
	if (keeper->pppd_pid != 0 || keeper->config->until <= STAGE_GRE ||
	    keeper->secret.len == 0 || keeper->auth_refused)
		return false;
	if (keeper->pppd_starts == 0)
		return !without_mppe;
	return keeper->pppd_starts == 1 && without_mppe && keeper->config->mppe == MPPE_PREFER;
}

/* pppd reads its own files whatever we do (design D4): said before anything goes wrong. */
static void
warn_of_conflict(struct keeper *keeper)
{
	char text[320];

	if (keeper->conflict[0] == '\0')
		return;
	snprintf(text, sizeof(text), "warning: pppd reads %s; pptpeer cannot take that back",
	    keeper->conflict);
	keeper->ui->note(keeper->ui->ctx, 0, text);
}

/* The one number of the network's that goes to the kernel: any will do, as it is the peer's. */
static bool
connect_kernel(struct keeper *keeper, uint16_t peer_call_id, struct ipc_pppd *answer)
{
	if (!config_kernel_path(keeper->config))
		return true;
	snprintf(answer->what, sizeof(answer->what), "PPTP connect");
	answer->error = EBADF;
	if (keeper->kernel_fd >= 0)
		answer->error =
		    sockets_kernel_connect(keeper->kernel_fd, keeper->dialled, peer_call_id);
	return answer->error == 0;
}

/* Larger packets would go in pieces, or not at all. */
void
keeper_fit_mtu(const struct keeper *keeper, struct config *config, struct in_addr peer)
{
	char text[128], ip[INET_ADDRSTRLEN];
	unsigned path;

	if (config->mtu != 0)
		return;
	path = sockets_path_mtu(config, peer);
	config->mtu = pppd_mtu_of_path(config, path);
	if (config->mtu == 0)
		return;
	snprintf(text, sizeof(text), "packets of %u octets reach %s in one piece: the MTU is %u",
	    path,
	    config->role == ROLE_DIAL ? "the server" : inet_ntop(AF_INET, &peer, ip, sizeof(ip)),
	    config->mtu);
	keeper->ui->note(keeper->ui->ctx, 1, text);
}

/* One dial, one pppd, whoever has called. */
static bool
answer_is_allowed(const struct keeper *keeper)
{
	return keeper->config->role == ROLE_AUTO && keeper->pppd_pid == 0 &&
	       keeper->config->until > STAGE_GRE && keeper->pppd_starts == 0 &&
	       may_call(keeper, keeper->dialled);
}

static void
answer_pppd(struct keeper *keeper, const struct config *config, int fds[IPC_MAX_FDS],
    struct ipc_pppd *started)
{
	struct pppd_answer caller = {
	    .local = config->ip_local, .remote = config->ip_remote, .caller = keeper->dialled};

	caller.verify = keeper_verify_open(keeper, &started->reason);
	if (caller.verify < 0) {
		started->error = EACCES;
		return;
	}
	pppd_answer(config, &caller, keeper->kernel_fd, fds, started, keeper->conflict,
	    sizeof(keeper->conflict));
	close(caller.verify);
}

static void
act_start_pppd(struct keeper *keeper, const struct ipc_msg *request)
{
	struct ipc_msg answer;
	bool without_mppe = request->u.start.without_mppe != 0;
	bool answers = request->u.start.answered != 0;
	struct config config = *keeper->config;
	int fds[IPC_MAX_FDS] = {-1, -1, -1};

	ipc_init(&answer, IPC_PPPD_STARTED);
	if (answers ? !answer_is_allowed(keeper) : !start_is_allowed(keeper, without_mppe)) {
		answer.u.pppd.error = EPERM;
		snprintf(answer.u.pppd.what, sizeof(answer.u.pppd.what), "keeper's check");
	} else if (connect_kernel(keeper, request->u.start.peer_call_id, &answer.u.pppd)) {
		if (without_mppe)
			config.mppe = MPPE_OFF;
		keeper_fit_mtu(keeper, &config, keeper->dialled);
		if (config.role == ROLE_AUTO && config.address.s_addr == htonl(INADDR_ANY))
			config.address = config.ip_local; /* the same as where we answer */
		keeper->pppd_starts++;
		keeper_forget_interfaces(keeper);
		keeper->interfaces = if_nameindex();
		if (answers)
			answer_pppd(keeper, &config, fds, &answer.u.pppd);
		else
			pppd_start(&config, &keeper->secret, keeper->kernel_fd, fds, &answer.u.pppd,
			    keeper->conflict, sizeof(keeper->conflict));
		keeper->pppd_pid = answer.u.pppd.pid;
		warn_of_conflict(keeper);
		/* A second try, without MPPE, could need it again, or the next dial. */
		if (config.mppe != MPPE_PREFER && !keeper->ui->keep_secret)
			keeper_wipe_secret(&keeper->secret);
	}
	if (keeper->pppd_pid == 0)
		keeper_close_kernel(keeper);
	keeper_send(keeper, &answer, fds, count_fds(fds));
	close_fds(fds);
}

void
keeper_forget_interfaces(struct keeper *keeper)
{
	if (keeper->interfaces != NULL)
		if_freenameindex(keeper->interfaces);
	keeper->interfaces = NULL;
}

void
keeper_signal_pppd(const struct keeper *keeper, int signal)
{
	if (keeper->pppd_pid > 0 && (signal == SIGTERM || signal == SIGKILL))
		kill(keeper->pppd_pid, signal);
}

/* ------------------------------------------------------------------ the engine's messages */

/* An end before the tunnel was up may be the fault of what stands in pppd's own files. */
static void
take_reason(struct keeper *keeper, const struct reason *reason)
{
	size_t used;

	keeper->reason = *reason;
	used = strlen(keeper->reason.what);
	if (keeper->conflict[0] != '\0' && keeper->reason.ecode != 0 &&
	    keeper->stage >= STAGE_CALL && keeper->stage < STAGE_UP)
		snprintf(keeper->reason.what + used, sizeof(keeper->reason.what) - used,
		    " It may come from %s, which pptpeer cannot take back.", keeper->conflict);
}

static void
act_reload(struct keeper *keeper)
{
	struct ipc_msg answer;

	ipc_init(&answer, IPC_RELOADED);
	answer.u.reloaded.ok =
	    keeper_reload(keeper, answer.u.reloaded.text, sizeof(answer.u.reloaded.text));
	keeper_send(keeper, &answer, NULL, 0);
}

void
keeper_act(struct keeper *keeper, struct ipc_msg *msg)
{
	ipc_clean(msg);
	if (keeper->config->role == ROLE_LISTEN && msg->call != 0) {
		keeper_calls_act(keeper, msg);
		return;
	}
	switch ((enum ipc_type)msg->type) {
	case IPC_LOOKUP:
		act_lookup(keeper);
		break;
	case IPC_OPEN_SOCKETS:
		act_open_sockets(keeper, msg);
		break;
	case IPC_START_PPPD:
		act_start_pppd(keeper, msg);
		break;
	case IPC_SIGNAL_PPPD:
		keeper_signal_pppd(keeper, msg->u.signal);
		break;
	case IPC_NETWORK:
		keeper_network(keeper, &msg->u.network);
		break;
	case IPC_FIREWALL:
		keeper_firewall(keeper, &msg->u.look);
		break;
	case IPC_STAGE:
		if (msg->u.stage.stage > STAGE_UP)
			break;
		keeper_reached(keeper, (enum stage)msg->u.stage.stage, msg->u.stage.text);
		break;
	case IPC_NOTE:
		keeper->ui->note(keeper->ui->ctx, msg->u.note.level, msg->u.note.text);
		break;
	case IPC_ENDED:
		if (keeper->phase != KEEPER_DIALLING)
			break;
		take_reason(keeper, &msg->u.ended.reason);
		keeper->counted = true;
		keeper->answered = msg->u.ended.answered != 0;
		keeper->rx_bytes = msg->u.ended.rx_bytes;
		keeper->tx_bytes = msg->u.ended.tx_bytes;
		keeper_dial_ended(keeper);
		break;
	case IPC_DOWN:
		keeper_stop(keeper);
		break;
	case IPC_CALLED:
		keeper_called(keeper);
		break;
	case IPC_REDIAL:
		keeper_redial(keeper);
		break;
	case IPC_RELOAD:
		act_reload(keeper);
		break;
	case IPC_PONG:
		keeper_pong(keeper);
		break;
	case IPC_BEGIN:
	case IPC_WAIT:
	case IPC_EXIT:
	case IPC_RELOADED:
	case IPC_VERBOSE:
	case IPC_STATISTICS:
	case IPC_PING:
	case IPC_STOP:
	case IPC_LOST:
	case IPC_AWAKE:
	case IPC_ROUTES:
	case IPC_NO_INTERFACE:
	case IPC_ADDRESSES:
	case IPC_SOCKETS:
	case IPC_PPPD_STARTED:
	case IPC_PPPD_EXITED:
	case IPC_NETWORK_UP:
	case IPC_FIREWALL_IS:
	case IPC_DNS:
	case IPC_LISTEN:

	case IPC_END_CALL:
		break; /* ours to send: ignored */
	}
}
