/* peer.c: the life of a tunnel, on the way up, and the pump.  See peer.h and design: The life of a tunnel. */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "door.h"
#include "peer_int.h"

/* s: a network card needs some to be there again, and then each second is one without a tunnel. */
#define AWAKE_WAIT 15

struct in_addr
peer_server_address(const struct peer *peer)
{
	return peer->addresses[peer->address_index];
}

const char *
peer_server_name(const struct peer *peer)
{
	return peer->config->servers[peer->server_index];
}

void
peer_set_phase(struct peer *peer, enum peer_phase phase)
{
	peer->phase = phase;
	peer->phase_since = clock_now();
	peer->since_wall = time(NULL);
}

void
peer_signal_pppd(struct peer *peer, int signal)
{
	struct ipc_msg msg;

	ipc_init(&msg, IPC_SIGNAL_PPPD);
	msg.u.signal = signal;
	engine_send(peer->engine, &msg);
}

/* ------------------------------------------------------------------------------ the way up */

void
peer_reached(struct peer *peer, enum stage stage, const char *text)
{
	struct reason reason;

	if (peer->phase >= PEER_HANGUP || stage <= peer->stage)
		return;
	peer->stage = stage;
	peer->since_wall = time(NULL);
	if (stage == STAGE_UP) {
		peer->up_since = clock_now();
		peer->come_up_due = peer->ppp_due = PPTP_NEVER;
	}
	engine_stage(peer->engine, stage, "%s", text);
	if (stage >= peer->config->until && !peer->config->stay_up) {
		reason_set(&reason, 0, "Reached \"%s\", as asked.", stage_name(stage));
		peer_end(peer, &reason);
	}
}

void
peer_internal(struct peer *peer, const char *what, int error)
{
	struct reason reason;

	reason_set(&reason, 107, "%s: %s.", what, strerror(error));
	peer_end(peer, &reason);
}

static void
open_address(struct peer *peer)
{
	struct ipc_msg msg;

	peer_set_phase(peer, PEER_CONNECTING);
	peer->line.local_call_id =
	    peer->config->quirk_orckit ? 0 : pptp_call_pick_id(conn_ctrl(peer->conn));
	ipc_init(&msg, IPC_OPEN_SOCKETS);
	msg.u.open.address = peer_server_address(peer);
	msg.u.open.local_call_id = peer->line.local_call_id;
	engine_send(peer->engine, &msg);
}

static void on_connected(void *ctx);
static void on_connect_failed(void *ctx, int error);

static bool
new_conn(struct peer *peer)
{
	struct conn_owner owner = {on_connected, on_connect_failed, NULL, peer};

	conn_free(peer->conn);
	peer->conn = conn_new(peer->engine, &owner, NULL);
	return peer->conn != NULL;
}

void
peer_dial(struct peer *peer)
{
	if (new_conn(peer))
		open_address(peer);
	else
		peer_internal(peer, "control connection", ENOMEM);
}

/* Every address of the name is tried, in order; the last one's failure is told. */
static void
next_address(struct peer *peer, int error)
{
	struct reason reason;
	char text[INET_ADDRSTRLEN];
	struct in_addr address = peer_server_address(peer);

	gre_sock_free(peer->line.gre);
	sniff_free(peer->sniff);
	peer->line.gre = NULL;
	peer->sniff = NULL;
	if (peer->phase != PEER_CONNECTING)
		return;
	if (peer->address_index + 1 >= peer->address_count) {
		reason_tcp(&reason, peer, error);
		peer_end(peer, &reason);
		return;
	}
	engine_note(peer->engine, 0, "%s: %s; trying the next address",
	    inet_ntop(AF_INET, &address, text, sizeof(text)), strerror(error));
	peer->address_index++;
	peer_dial(peer);
}

static void
on_connect_failed(void *ctx, int error)
{
	next_address(ctx, error);
}

static void
on_connected(void *ctx)
{
	struct peer *peer = ctx;
	struct in_addr address = peer_server_address(peer);
	char ip[INET_ADDRSTRLEN], text[64];

	if (peer->phase != PEER_CONNECTING)
		return;
	peer->tcp_open = true;
	peer_set_phase(peer, PEER_CONTROL);
	snprintf(text, sizeof(text), "connected to %s, TCP port %u",
	    inet_ntop(AF_INET, &address, ip, sizeof(ip)), peer->config->port);
	peer_reached(peer, STAGE_TCP, text);
	if (pptp_ctrl_start(conn_ctrl(peer->conn), clock_now()) != PPTP_OK)
		peer_internal(peer, "control connection", ENOMEM);
}

static bool
hear_gre(struct peer *peer)
{
	if (line_hear(&peer->line))
		return true;
	peer_internal(peer, "GRE session", ENOMEM);
	return false;
}

static void
call_up(struct peer *peer, const struct pptp_event *event, uint64_t now)
{
	struct ipc_msg msg;
	struct in_addr local, remote;
	char text[96];

	if (peer->phase != PEER_CALLING)
		return; /* the end began before this was looked at; Call-Clear is on its way */
	peer->call_up = true;
	peer_call_facts(peer, event);
	peer_set_phase(peer, PEER_PPP);
	snprintf(text, sizeof(text), "call open (Call ID %u here, %u there)", event->local_call_id,
	    event->peer_call_id);
	if (peer->config->quirk_orckit) /* at once, or that modem sends nothing */
		pptp_call_set_link_info(
		    conn_ctrl(peer->conn), event->local_call_id, UINT32_MAX, UINT32_MAX, now);
	conn_endpoints(peer->conn, &local, &remote);
	sniff_start(peer->sniff, remote, local, event->local_call_id);
	peer_reached(peer, STAGE_CALL, text);
	if (peer->phase != PEER_PPP)
		return;
	peer->gre_notice_due = now + peer->config->gre_notice * PPTP_SEC;
	peer->gre_due = now + peer->config->gre_timeout * PPTP_SEC;
	ipc_init(&msg, IPC_START_PPPD);
	msg.u.start.without_mppe = peer->without_mppe;
	msg.u.start.answered = peer->answered;
	msg.u.start.peer_call_id = event->peer_call_id;
	if (peer->config->until > STAGE_GRE) {
		engine_send(peer->engine, &msg);
		peer->line.ppp.running =
		    true; /* or soon: its exit, or that it failed, will be told */
	} else if (hear_gre(peer))
		peer_send_probe(peer, now);
}

/* --------------------------------------------------------------------------- from the keeper */

void
peer_begin(struct peer *peer, unsigned server)
{
	struct reason reason;
	struct ipc_msg msg;
	uint64_t now = clock_now();

	if (peer->phase != PEER_IDLE)
		return;
	peer->began = now;
	peer->server_index = server < peer->config->server_count ? server : 0;
	if (peer->config->timeout != 0)
		peer->come_up_due = now + peer->config->timeout * PPTP_SEC;
	peer_set_phase(peer, PEER_RESOLVING);
	if (door_caller(peer->engine->door) != NULL) {
		peer_see_caller(peer, now);
		return;
	}
	if (peer->engine->history.barred.known) {
		reason_set(&reason, 209, "The other end had connected to us, and has gone again.");
		peer->answered = true;
		peer_end(peer, &reason);
		return;
	}
	ipc_init(&msg, IPC_LOOKUP);
	engine_send(peer->engine, &msg);
}

void
peer_addresses(struct peer *peer, const struct ipc_msg *msg)
{
	struct reason reason;
	char ip[INET_ADDRSTRLEN], text[320];
	int n;

	if (peer->phase != PEER_RESOLVING)
		return;
	if (msg->u.addresses.gai_error != 0) {
		reason_lookup(&reason, peer, msg->u.addresses.gai_error);
		peer_end(peer, &reason);
		return;
	}
	peer->address_count = msg->u.addresses.count;
	memcpy(peer->addresses, msg->u.addresses.address, sizeof(peer->addresses));
	n = snprintf(text, sizeof(text), "%s is %s", peer_server_name(peer),
	    inet_ntop(AF_INET, &peer->addresses[0], ip, sizeof(ip)));
	if (peer->address_count > 1 && n > 0 && (size_t)n < sizeof(text))
		snprintf(
		    text + n, sizeof(text) - (size_t)n, " and %u more", peer->address_count - 1);
	if (strcmp(ip, peer_server_name(peer)) != 0)
		peer_reached(peer, STAGE_LOOKUP, text);
	peer_dial(peer);
}

static int
take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/*
 * No route to it shows here first: the GRE socket is connected before TCP is.  Anything else is
 * this host's own matter, and the same for every address.
 */
static void
sockets_failed(struct peer *peer, int error, const char *what)
{
	struct reason reason;

	if (peer->answered) {
		peer_refuse_call(peer);
	} else if (error == ENETUNREACH || error == EHOSTUNREACH) {
		next_address(peer, error);
		return;
	}
	reason_sockets(&reason, peer, error, what);
	peer_end(peer, &reason);
}

/* What the peer's call needs was asked for. */
static bool
takes_call(const struct peer *peer)
{
	return peer->phase == PEER_CALLING && peer->call_offered;
}

void
peer_sockets(struct peer *peer, const struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	struct gre_owner owner = line_gre_owner(&peer->line);
	bool ours = !config_kernel_path(peer->config);

	if ((peer->phase != PEER_CONNECTING && !takes_call(peer)) ||
	    msg->u.failure.local_call_id != peer->line.local_call_id)
		return; /* they were for a dial that is given up */
	if (msg->u.failure.error != 0 || fds[IPC_FD_TCP] < 0 || fds[IPC_FD_SNIFF] < 0 ||
	    (ours && fds[IPC_FD_GRE] < 0)) {
		sockets_failed(peer, msg->u.failure.error, msg->u.failure.what);
		return;
	}
	if (ours)
		peer->line.gre = gre_sock_new(
		    peer->engine, take(&fds[IPC_FD_GRE]), peer_server_address(peer), &owner);
	peer->sniff = sniff_new(peer->engine, take(&fds[IPC_FD_SNIFF]));
	if ((ours && peer->line.gre == NULL) || peer->sniff == NULL) {
		peer_internal(peer, "GRE", ENOMEM);
		return;
	}
	if (peer->answered) {
		peer_take_call(peer); /* a TCP socket is not needed */
		return;
	}
	conn_connect(peer->conn, take(&fds[IPC_FD_TCP]), peer_server_address(peer),
	    peer->config->port, clock_now() + peer->config->connect_timeout * PPTP_SEC);
}

static void
pppd_failed(struct peer *peer, const struct ipc_pppd *pppd)
{
	struct reason reason;

	if (!reason_is_none(&pppd->reason)) {
		peer_end(peer, &pppd->reason);
		return;
	}
	if (pppd->path != PATH_TAP || pppd->why[0] == '\0') {
		peer_internal(peer, pppd->what, pppd->error);
		return;
	}
	reason_set(&reason, 113, "The data path \"tap\" cannot be had: %s.", pppd->why);
	peer_end(peer, &reason);
}

void
peer_pppd_started(struct peer *peer, const struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	if (msg->u.pppd.error != 0 || fds[IPC_FD_CHANNEL] < 0) {
		peer->line.ppp.running = false;
		pppd_failed(peer, &msg->u.pppd);
		return;
	}
	/* Even when the end has begun meanwhile, its exit is ours to wait for. */
	if (!line_ppp_open(
		&peer->line, msg->u.pppd.pid, take(&fds[IPC_FD_REPORT]), take(&fds[IPC_FD_LOG])))
		peer_internal(peer, "pppd", ENOMEM);
	if (!line_open_channel(&peer->line, &msg->u.pppd, take(&fds[IPC_FD_CHANNEL])))
		peer_internal(peer, "channel to pppd", ENOMEM);
	else
		hear_gre(peer);
	if (peer->phase >= PEER_HANGUP) /* peer_end() has asked in vain */
		peer_signal_pppd(peer, SIGTERM);
}

/* ------------------------------------------------------------------------------------ the pump */

static void
control_up(struct peer *peer, const struct pptp_event *event, uint64_t now)
{
	char vendor[4 * PPTP_NAME_LEN + 1], text[IPC_TEXT];

	peer->control_up = true;
	peer->server = event->msg.u.sccrp;
	pptp_escape(peer->server.vendor_name, vendor, sizeof(vendor));
	snprintf(text, sizeof(text), "control connection established%s%s",
	    vendor[0] == '\0' ? ""
	    : peer->answered  ? "; the other end says it is "
			      : "; the server says it is ",
	    vendor);
	peer_reached(peer, STAGE_CONTROL, text);
	if (peer->phase != PEER_CONTROL)
		return;
	peer_set_phase(peer, PEER_CALLING);
	if (peer->answered) {
		peer_await_call(peer, now);
		return;
	}
	int rc = peer_place_call(peer, now);
	if (rc != PPTP_OK)
		peer_internal(peer, pptp_strerror(rc), 0);
}

static void
on_event(struct peer *peer, const struct pptp_event *event, uint64_t now)
{
	struct reason reason;
	bool gave_up;

	switch (event->type) {
	case PPTP_EV_RECV:
		break;
	case PPTP_EV_SKIPPED:
		engine_note(
		    peer->engine, 1, "a message of unknown type %u was skipped", event->code);
		break;
	case PPTP_EV_IGNORED:
		engine_note(peer->engine, 1, "%s has no place now and was ignored",
		    pptp_msg_name(event->code));
		break;
	case PPTP_EV_CTRL_UP:
		control_up(peer, event, now);
		break;
	case PPTP_EV_CALL_UP:
		call_up(peer, event, now);
		break;
	case PPTP_EV_CALL_DOWN:
	case PPTP_EV_CTRL_DOWN:
		if (peer->phase < PEER_HANGUP && event->cause != PPTP_CAUSE_CTRL_DOWN) {
			gave_up = reason_ctrl(&reason, peer, event, now);
			peer_end(peer, &reason);
			/* Whether TCP's end or PPP's is seen first is chance. */
			peer->ppp_may_know =
			    peer->stage < STAGE_UP && peer->line.ppp.running && !gave_up;
			peer->line_over = !peer->ppp_may_know;
		}
		if (event->cause == PPTP_CAUSE_CLEAR_TIMEOUT)
			peer->rough = "the server did not answer Call-Clear-Request";
		if (event->cause == PPTP_CAUSE_STOP_TIMEOUT)
			peer->rough = "the server did not answer Stop-Control-Connection-Request";
		if (event->type == PPTP_EV_CTRL_DOWN) {
			peer->tcp_open = false;
			conn_finish(peer->conn, now);
			if (peer->phase == PEER_CLEARING)
				peer_set_phase(peer, PEER_FINISHING);
		}
		break;
	case PPTP_EV_ECHO:
		peer->echo_rtt = event->rtt;
		peer->echo_wait = peer->config->control_echo_wait;
		break;
	case PPTP_EV_LINK_INFO:
		peer_link_info(peer, &event->msg.u.sli);
		break;
	case PPTP_EV_WAN_ERROR:
		peer_wan_error(peer, &event->msg.u.wen);
		break;
	case PPTP_EV_CALL_OFFERED:
		peer_call_offered(peer, event, now);
		break;
	case PPTP_EV_START_OFFERED: /* that is the door's */
		break;
	}
}

static void
check_timeout(struct peer *peer, uint64_t now)
{
	struct reason reason;

	if (now >= peer->ppp_due) {
		reason_ppp_timeout(&reason, peer, PPP_SECONDS);
		peer_end(peer, &reason);
	}
	if (now >= peer->interface_due) {
		reason_interface(&reason, peer);
		peer_end(peer, &reason);
	}
	if (now >= peer->call_due) {
		reason_no_call(&reason, peer);
		peer_end(peer, &reason);
	}
	if (now < peer->come_up_due)
		return;
	reason_set(&reason, 112, "The tunnel was not up after %u s; it had reached \"%s\".",
	    peer->config->timeout, stage_name(peer->stage));
	peer_end(peer, &reason);
}

/* True if there was any. */
static bool
drain_events(struct peer *peer, uint64_t now)
{
	struct pptp_event event;
	bool any = false;

	while (peer->conn != NULL && conn_event(peer->conn, &event) == PPTP_OK) {
		on_event(peer, &event, now);
		any = true;
	}
	return any;
}

static uint64_t
min_time(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
peer_pump(struct peer *peer, uint64_t now)
{
	uint64_t deadline = PPTP_NEVER;

	peer_see_caller(peer, now);
	check_timeout(peer, now);
	if (peer->line.gre != NULL)
		deadline = gre_sock_pump(peer->line.gre, now);
	peer_check_gre(peer, now);
	peer_line_errors(peer, now);
	peer_go_down(peer, now);
	if (peer->conn != NULL) {
		/* What came before what answers it: the flight recorder keeps this order. */
		bool any = drain_events(peer, now);
		uint64_t conn_due = conn_pump(peer->conn, now);

		if (drain_events(peer, now) || any)
			conn_due =
			    now; /* it may have put out something, or begun the end: once more */
		deadline = min_time(deadline, conn_due);
	}
	if (peer->phase == PEER_ENDED)
		return PPTP_NEVER;
	if (peer->phase >= PEER_HANGUP && peer->conn != NULL && conn_is_closed(peer->conn) &&
	    !peer->line.ppp.running)
		deadline = peer->again_due != PPTP_NEVER ? peer->again_due : now;
	deadline = min_time(deadline, peer->come_up_due);
	deadline = min_time(deadline, peer->gre_notice_due);
	deadline = min_time(deadline, peer->gre_due);
	deadline = min_time(deadline, peer->probe_due);
	deadline = min_time(deadline, peer->interface_due);
	deadline = min_time(deadline, peer->ppp_due);
	deadline = min_time(deadline, peer->call_due);
	return min_time(deadline, peer->kill_due);
}

void
peer_awake(struct peer *peer)
{
	/* Where it is off the server may have no answer to it. */
	if (peer->phase != PEER_PPP || peer->config->control_echo == 0)
		return;
	if (peer->echo_wait > AWAKE_WAIT)
		peer->echo_wait = AWAKE_WAIT;
	pptp_ctrl_probe(conn_ctrl(peer->conn), peer->echo_wait * PPTP_SEC, clock_now());
}

bool
peer_has_ended(const struct peer *peer)
{
	return peer->phase == PEER_ENDED;
}

struct peer *
peer_new(struct engine *engine)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	const struct line_owner owner = peer_line_owner(peer);
	peer->engine = engine;
	peer->config = engine->config;
	peer->echo_wait = engine->config->control_echo_wait;
	peer->come_up_due = peer->gre_notice_due = peer->gre_due = PPTP_NEVER;
	peer->interface_due = PPTP_NEVER;
	peer->probe_due = peer->ppp_due = peer->kill_due = peer->again_due = PPTP_NEVER;
	peer->call_due = PPTP_NEVER;
	line_init(&peer->line, engine, &owner);
	peer_set_phase(peer, PEER_IDLE);
	return peer;
}

void
peer_free(struct peer *peer)
{
	if (peer == NULL)
		return;
	line_fini(&peer->line);
	sniff_free(peer->sniff);
	conn_free(peer->conn);
	free(peer);
}

void
peer_endpoints(const struct peer *peer, struct in_addr *local, struct in_addr *remote)
{
	local->s_addr = remote->s_addr = htonl(INADDR_ANY);
	if (peer->conn != NULL)
		conn_endpoints(peer->conn, local, remote);
}
