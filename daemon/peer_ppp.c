/* peer_ppp.c: what pppd's plugin reports, as stages of the tunnel. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "peer_int.h"

/* The caller has proved who it is, before this comes, or nothing was asked of it. */
static void
on_caller_ok(struct peer *peer)
{
	const struct ppp *ppp = &peer->line.ppp;
	char name[4 * sizeof(ppp->caller)], text[IPC_TEXT];

	pptp_escape(ppp->caller, name, sizeof(name));
	snprintf(
	    text, sizeof(text), "the other end is %.400s (%s)", name, ppp_auth_name(ppp->auth));
	peer_reached(peer, STAGE_AUTH, text);
}

static void
on_auth_ok(struct peer *peer, const struct report *report)
{
	char login[520], text[IPC_TEXT];

	if (peer->answered) {
		on_caller_ok(peer);
		return;
	}
	if (report->u.auth.method == REPORT_AUTH_NONE && peer->line.ppp.auth_asked)
		return; /* it asked, and we refused: it will end LCP now */
	if (report->u.auth.method == REPORT_AUTH_NONE) {
		peer_reached(peer, STAGE_AUTH, "the server asked for no authentication");
		return;
	}
	if (config_login(peer->config, login, sizeof(login)) < 0)
		return;
	snprintf(text, sizeof(text), "authenticated as %.400s (%s)", login,
	    ppp_auth_name(report->u.auth.method));
	peer_reached(peer, STAGE_AUTH, text);
}

static void
on_auth_fail(struct peer *peer)
{
	struct reason reason;

	if (peer->phase >= PEER_HANGUP)
		return; /* it counts when pppd has ended: reason_behind() */
	reason_auth(&reason, peer);
	peer_end(peer, &reason);
}

static void
on_ip_up(struct peer *peer)
{
	const struct ppp *ppp = &peer->line.ppp;
	struct in_addr remote;
	struct reason reason;
	struct ipc_msg msg;

	peer->ppp_due = PPTP_NEVER; /* what takes its time now is the keeper's: a hook */
	if (!line_may_come_up(&reason, ppp, peer->answered ? "peer" : "server", peer->answered)) {
		peer_end(peer, &reason);
		return;
	}
	if (peer->config->mppe != MPPE_OFF && !peer->without_mppe && ppp->mppe_bits == 0) {
		/* pppd was told to require it; an options file that it reads last said otherwise. */
		reason_set(&reason, 501,
		    "Encryption is required here, and pppd came up without it, as by one of its "
		    "own "
		    "options files.");
		reason_next(&reason, "look for nomppe or noccp in /etc/ppp/options*");
		peer_end(peer, &reason);
		return;
	}
	ipc_init(&msg, IPC_NETWORK);
	memcpy(msg.u.network.interface, ppp->ifname, sizeof(msg.u.network.interface));
	msg.u.network.local = ppp->local;
	msg.u.network.peer = ppp->peer;
	memcpy(msg.u.network.dns, ppp->dns, sizeof(msg.u.network.dns));
	conn_endpoints(peer->conn, &msg.u.network.outer, &remote);
	msg.u.network.mtu = ppp->mtu;
	msg.u.network.mppe_bits = ppp->mppe_bits;
	msg.u.network.call_id = peer->line.local_call_id;
	msg.u.network.peer_call_id = peer->line.peer_call_id;
	pptp_escape(peer->server.host_name, msg.u.network.peer_hostname,
	    sizeof(msg.u.network.peer_hostname));
	engine_send(peer->engine, &msg);
}

void
peer_dns(struct peer *peer, const struct ipc_msg *msg)
{
	peer->dns = msg->u.dns;
	peer->dns.why[sizeof(peer->dns.why) - 1] = '\0';
}

void
peer_routes(struct peer *peer, const struct ipc_msg *msg)
{
	const struct ipc_routes *routes = &msg->u.routes;
	const unsigned interface = routes->pinned != 0 ? if_nametoindex(routes->device) : 0;

	peer->routes = *routes;
	/* Of one that is gone for now it stays as it is: by no other. */
	if (peer->line.gre != NULL && (interface != 0 || routes->pinned == 0))
		gre_sock_leave_by(peer->line.gre, interface);
}

/* Up is up when what is to go through the tunnel does. */
void
peer_network_up(struct peer *peer, const struct ipc_msg *msg)
{
	const struct ppp *ppp = &peer->line.ppp;
	struct reason reason;
	char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN], mppe[32], text[IPC_TEXT];

	peer_routes(peer, msg);
	if (peer->phase != PEER_PPP || !ppp->ip_up)
		return;
	if (peer->routes.ecode != 0) {
		reason_set(&reason, peer->routes.ecode, "%s", peer->routes.why);
		peer_end(peer, &reason);
		return;
	}
	ppp_mppe_text(ppp, mppe, sizeof(mppe));
	snprintf(text, sizeof(text), "%s  %s -> %s, %s", ppp->ifname,
	    inet_ntop(AF_INET, &ppp->local, local, sizeof(local)),
	    inet_ntop(AF_INET, &ppp->peer, remote, sizeof(remote)), mppe);
	peer_reached(peer, STAGE_UP, text);
}

static void
on_lcp_up(struct peer *peer, const struct report *report)
{
	peer_reached(peer, STAGE_LCP, "LCP agreed");
	peer_tell_link_info(peer, report->u.lcp.send_accm, report->u.lcp.receive_accm);
}

static void
on_report(void *ctx, const struct report *report)
{
	struct peer *peer = ctx;

	switch ((enum report_kind)report->kind) {
	case REPORT_HEARD:
		peer_heard(peer);
		break;
	case REPORT_LCP_UP:
		on_lcp_up(peer, report);
		break;
	case REPORT_AUTH_OK:
		on_auth_ok(peer, report);
		break;
	case REPORT_AUTH_FAIL:
		on_auth_fail(peer);
		break;
	case REPORT_IP_UP:
		on_ip_up(peer);
		break;
	case REPORT_IP_DOWN:
		peer_keep_octets(peer);
		break;
	case REPORT_HELLO:
	case REPORT_PHASE:
	case REPORT_AUTH_ASKED:
	case REPORT_PEER_PROOF:
	case REPORT_ECHO_SPARED:
	case REPORT_LCP_ENDED:
	case REPORT_CCP_FAIL:
	case REPORT_CCP_UP:
	case REPORT_CALLER_OK:
	case REPORT_CALLER_REFUSED:
	case REPORT_LINK_DOWN:
	case REPORT_EXIT:
		break; /* they are kept: what follows from them shows at the end */
	}
}

/* A plugin of another build than ours: nothing that it says can be understood. */
static void
on_bad_report(void *ctx)
{
	struct peer *peer = ctx;
	struct reason reason;

	reason_plugin(&reason, peer->config->plugin_path);
	peer_end(peer, &reason);
}

static void
on_report_over(void *ctx)
{
	struct peer *peer = ctx;

	if (peer->orphan)
		peer->line.ppp.running = false; /* nobody else will tell us */
}

static void
on_logged(void *ctx, const char *text)
{
	const struct peer *peer = ctx;

	engine_note(peer->engine, 2, "pppd: %s", text);
}

struct line_owner
peer_line_owner(struct peer *peer)
{
	return (struct line_owner){.report = on_report,
	    .bad_report = on_bad_report,
	    .report_over = on_report_over,
	    .logged = on_logged,
	    .channel_closed = peer_channel_closed,
	    .ctx = peer};
}
