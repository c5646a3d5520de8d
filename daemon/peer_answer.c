/*
 * peer_answer.c: the tunnel of role "auto" where the peer connects to us (design D14): which connection
 * stays, and the call that comes on it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "door.h"
#include "peer_int.h"

/* s: for the peer of the old connection to say that it is there, when a new one comes. */
#define STILL_THERE 5

/* ------------------------------------------------------------------------ which connection stays */

/* The dial that has begun is not needed: what it has opened goes, and what it asked for is not heard. */
static void
drop_own_dial(struct peer *peer)
{
	conn_free(peer->conn);
	peer->conn = NULL;
	gre_sock_free(peer->line.gre);
	peer->line.gre = NULL;
	sniff_free(peer->sniff);
	peer->sniff = NULL;
}

/* The peer's connection is this tunnel's now; it has been admitted, or is to be. */
static void
take_theirs(struct peer *peer)
{
	struct in_addr local, remote;
	char ip[INET_ADDRSTRLEN], text[64];

	drop_own_dial(peer);
	peer->conn = door_take(peer->engine->door);
	peer->answered = true;
	peer->tcp_open = true;
	conn_endpoints(peer->conn, &local, &remote);
	peer->addresses[0] = remote;
	peer->address_count = 1;
	peer->address_index = 0;
	peer_set_phase(peer, PEER_CONTROL);
	snprintf(text, sizeof(text), "%s has connected to us",
	    inet_ntop(AF_INET, &remote, ip, sizeof(ip)));
	peer_reached(peer, STAGE_TCP, text);
}

static void
answer(struct peer *peer, uint64_t now)
{
	take_theirs(peer);
	if (pptp_ctrl_admit(conn_ctrl(peer->conn), now) != PPTP_OK)
		peer_internal(peer, "control connection", ENOMEM);
}

/* RFC 2637 3.1.3: both have sent Start-Control-Connection-Request. */
static void
collide(struct peer *peer, struct conn *theirs, uint64_t now)
{
	struct pptp_ctrl *ours = conn_ctrl(peer->conn);
	struct in_addr local, remote;
	enum pptp_collision collision;

	conn_endpoints(peer->conn, &local, &remote);
	collision = pptp_ctrl_collision(ours, ntohl(local.s_addr), ntohl(remote.s_addr));
	if (collision ==
	    PPTP_COLLISION_NONE) /* our TCP has just ended: what follows is the end of this dial */
		return;
	engine_note(peer->engine, 0,
	    "both ends have dialled: the connection of the higher address, %s, stays",
	    collision == PPTP_COLLISION_WON ? "ours" : "the other end's");
	pptp_ctrl_collide(ours, conn_ctrl(theirs), ntohl(local.s_addr), ntohl(remote.s_addr), now);
	if (collision == PPTP_COLLISION_WON)
		door_let_close(peer->engine->door);
	else
		take_theirs(peer);
}

/*
 * There is a tunnel.  A peer that was switched off knows nothing of it and dials: the old connection is
 * dead then, which an Echo-Request shows soon (protocol C11).  If it is not, this one is one too many (B2).
 */
static void
second_connection(struct peer *peer, uint64_t now)
{
	struct door *door = peer->engine->door;

	if (door_is_new(door)) {
		peer->doubt_since = now;
		if (peer->echo_wait > STILL_THERE)
			peer->echo_wait = STILL_THERE;
		pptp_ctrl_probe(conn_ctrl(peer->conn), peer->echo_wait * PPTP_SEC, now);
	} else if (conn_last_rx(peer->conn) > peer->doubt_since) {
		door_refuse(door, PPTP_SCCRP_EXISTS, PPTP_ERROR_NONE, now);
	}
}

void
peer_see_caller(struct peer *peer, uint64_t now)
{
	struct door *door = peer->engine->door;
	struct conn *theirs = door_caller(door);
	struct ipc_msg msg;

	if (theirs == NULL) {
		peer->called = false;
		return;
	}
	switch (peer->phase) {
	case PEER_IDLE:
	case PEER_ENDED:
		if (peer->called) /* the keeper goes on when it can */
			break;
		peer->called = true;
		ipc_init(&msg, IPC_CALLED);
		engine_send(peer->engine, &msg);
		break;
	case PEER_RESOLVING:
	case PEER_CONNECTING:
		answer(peer, now);
		break;
	case PEER_CONTROL:
		if (peer->answered)
			second_connection(peer, now);
		else
			collide(peer, theirs, now);
		break;
	case PEER_CALLING:
	case PEER_PPP:
		second_connection(peer, now);
		break;
	case PEER_HANGUP: /* then it has its turn */
	case PEER_CLEARING:
	case PEER_FINISHING:
		break;
	}
}

/* -------------------------------------------------------------------------------- its call */

void
peer_await_call(struct peer *peer, uint64_t now)
{
	peer->call_due = now + peer->config->setup_timeout * PPTP_SEC;
}

void
peer_call_offered(struct peer *peer, const struct pptp_event *event, uint64_t now)
{
	struct in_addr local, remote;
	struct ipc_msg msg;

	if (!peer->answered || peer->phase != PEER_CALLING || peer->call_offered) {
		pptp_call_clear(conn_ctrl(peer->conn), event->local_call_id, now); /* refuses it */
		return;
	}
	peer->call_offered = true;
	peer->call_due = PPTP_NEVER; /* from here on it is the library's time */
	peer->is_pac = event->msg.type == PPTP_OCRQ;
	peer->line.local_call_id = event->local_call_id;
	conn_endpoints(peer->conn, &local, &remote);
	ipc_init(&msg, IPC_OPEN_SOCKETS);
	msg.u.open.address = remote;
	msg.u.open.local = local;
	msg.u.open.local_call_id = event->local_call_id;
	engine_send(peer->engine, &msg);
}

void
peer_take_call(struct peer *peer)
{
	const struct pptp_call_answer answer = {.recv_window = (uint16_t)peer->config->window};
	int rc =
	    pptp_call_accept(conn_ctrl(peer->conn), peer->line.local_call_id, &answer, clock_now());

	/* Else it has been taken back meanwhile, and its end is on its way to us. */
	if (rc == PPTP_ERR_NOMEM)
		peer_internal(peer, "call", ENOMEM);
}

void
peer_refuse_call(struct peer *peer)
{
	pptp_call_refuse(conn_ctrl(peer->conn), peer->line.local_call_id, PPTP_OCRP_GENERAL_ERROR,
	    PPTP_ERROR_NO_RESOURCE, 0, clock_now());
}
