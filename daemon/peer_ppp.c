/* peer_ppp.c: what pppd's plugin reports and pppd's log says, as stages of the tunnel. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "peer_int.h"

const char *
auth_name(uint32_t report_auth)
{
	switch ((enum report_auth)report_auth) {
	case REPORT_AUTH_NONE:
		return "none";
	case REPORT_AUTH_PAP:
		return "PAP";
	case REPORT_AUTH_CHAP:
		return "CHAP";
	case REPORT_AUTH_MSCHAP:
		return "MS-CHAP";
	case REPORT_AUTH_MSCHAPV2:
		return "MS-CHAP-V2";
	case REPORT_AUTH_EAP:
		return "EAP";
	case REPORT_AUTH_OTHER:
		break;
	}
	return "unknown";
}

/* --------------------------------------------------------------------------- the plugin's word */

static void
mppe_text(const struct ppp *ppp, char *out, size_t size)
{
	if (ppp->mppe_bits == 0)
		snprintf(out, size, "NOT ENCRYPTED");
	else
		snprintf(out, size, "MPPE %u-bit %s", ppp->mppe_bits,
		    ppp->mppe_stateful ? "stateful" : "stateless");
}

static void
on_auth_ok(struct peer *peer, const struct report *report)
{
	char login[520], text[IPC_TEXT];

	peer->ppp.auth_ok = true;
	peer->ppp.auth = report->u.auth.method;
	if (report->u.auth.method == REPORT_AUTH_NONE && peer->ppp.auth_asked)
		return; /* it asked, and we refused: it will end LCP now */
	if (report->u.auth.method == REPORT_AUTH_NONE) {
		peer_reached(peer, STAGE_AUTH, "the server asked for no authentication");
		return;
	}
	if (config_login(peer->config, login, sizeof(login)) < 0)
		return;
	snprintf(text, sizeof(text), "authenticated as %.400s (%s)", login,
	    auth_name(report->u.auth.method));
	peer_reached(peer, STAGE_AUTH, text);
}

static void
on_auth_fail(struct peer *peer, const struct report *report)
{
	struct reason reason;

	peer->ppp.auth_failed = true;
	peer->ppp.auth = report->u.auth.method;
	peer->ppp.auth_error = report->u.auth.error_code;
	pptp_escape(report->text, peer->ppp.auth_text, sizeof(peer->ppp.auth_text));
	if (peer->phase >= PEER_HANGUP)
		return; /* it counts when pppd has ended: reason_behind() */
	reason_auth(&reason, peer);
	peer_end(peer, &reason);
}

static void
on_ip_up(struct peer *peer, const struct report *report)
{
	struct ppp *ppp = &peer->ppp;
	struct in_addr remote;
	struct reason reason;
	struct ipc_msg msg;

	ppp->ip_up = true;
	peer->ppp_due = PPTP_NEVER; /* what takes its time now is the keeper's: a hook */
	ppp->local.s_addr = report->u.ip.local;
	ppp->peer.s_addr = report->u.ip.peer;
	ppp->dns[0].s_addr = report->u.ip.dns1;
	ppp->dns[1].s_addr = report->u.ip.dns2;
	ppp->mtu = report->u.ip.mtu;
	snprintf(ppp->ifname, sizeof(ppp->ifname), "%.*s", PPP_IFNAME_MAX, report->u.ip.ifname);
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
	msg.u.network.call_id = peer->local_call_id;
	msg.u.network.peer_call_id = peer->peer_call_id;
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

/* Up is up when what is to go through the tunnel does. */
void
peer_network_up(struct peer *peer, const struct ipc_msg *msg)
{
	const struct ppp *ppp = &peer->ppp;
	struct reason reason;
	char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN], mppe[32], text[IPC_TEXT];

	peer->routes = msg->u.routes;
	if (peer->phase != PEER_PPP || !ppp->ip_up)
		return;
	if (peer->routes.ecode != 0) {
		reason_set(&reason, peer->routes.ecode, "%s", peer->routes.why);
		peer_end(peer, &reason);
		return;
	}
	mppe_text(ppp, mppe, sizeof(mppe));
	snprintf(text, sizeof(text), "%s  %s -> %s, %s", ppp->ifname,
	    inet_ntop(AF_INET, &ppp->local, local, sizeof(local)),
	    inet_ntop(AF_INET, &ppp->peer, remote, sizeof(remote)), mppe);
	peer_reached(peer, STAGE_UP, text);
}

void
peer_routes(struct peer *peer, const struct ipc_msg *msg)
{
	peer->routes = msg->u.routes;
}

static void
on_lcp_up(struct peer *peer, const struct report *report)
{
	peer->ppp.lcp_up = true;
	peer->ppp.auth_agreed = report->u.lcp.auth;
	peer_reached(peer, STAGE_LCP, "LCP agreed");
	peer_tell_link_info(peer, report->u.lcp.send_accm, report->u.lcp.receive_accm);
}

static void
on_report(struct peer *peer, const struct report *report)
{
	struct ppp *ppp = &peer->ppp;

	switch ((enum report_kind)report->kind) {
	case REPORT_HELLO:
	case REPORT_PHASE:
		break; /* the reports below say more */
	case REPORT_HEARD:
		peer_heard(peer);
		break;
	case REPORT_LCP_UP:
		on_lcp_up(peer, report);
		break;
	case REPORT_AUTH_OK:
		on_auth_ok(peer, report);
		break;
	case REPORT_AUTH_ASKED:
		ppp->auth_asked = true;
		ppp->asked = report->u.auth.method;
		ppp->asked_protocol = report->u.auth.error_code;
		break;
	case REPORT_PEER_PROOF:
		ppp->proof_wrong = true;
		break;
	case REPORT_LCP_ENDED:
		ppp->lcp_ended = true;
		pptp_escape(report->text, ppp->lcp_text, sizeof(ppp->lcp_text));
		break;
	case REPORT_CCP_FAIL:
		ppp->ccp_why = report->u.ccp.why;
		ppp->ccp_bits = report->u.ccp.peer_bits;
		ppp->ccp_stateful = report->u.ccp.peer_stateful;
		break;
	case REPORT_AUTH_FAIL:
		on_auth_fail(peer, report);
		break;
	case REPORT_CCP_UP:
		ppp->ccp_up = true;
		ppp->mppe_bits = report->u.mppe.bits;
		ppp->mppe_stateful = report->u.mppe.stateful;
		break;
	case REPORT_IP_UP:
		on_ip_up(peer, report);
		break;
	case REPORT_IP_DOWN: /* pppd ends: its status tells why; it takes its interface along */
		if (config_kernel_path(peer->config))
			peer_octets(peer, &peer->kernel_rx, &peer->kernel_tx);
		ppp->ip_down = true;
		break;
	case REPORT_LINK_DOWN:
		ppp->ip_down = true;
		break;
	case REPORT_EXIT:
		ppp->exit_reported = true;
		ppp->exit_status = report->u.status;
		break;
	}
}

/* A plugin of another build than ours: nothing that it says can be understood. */
static void
on_bad_report(struct peer *peer)
{
	struct reason reason;

	reason_set(&reason, 103, "pppd's plugin %s is of another version of pptpeer.",
	    peer->config->plugin_path);
	reason_next(&reason, "make install, so that both are of one build");
	peer_end(peer, &reason);
}

/* 1: one was read; 0: the plugin is gone; -1: none now. */
static int
read_report(struct peer *peer)
{
	struct report report;
	ssize_t n = recv(peer->ppp.report_fd, &report, sizeof(report), MSG_DONTWAIT | MSG_TRUNC);

	if (n <= 0)
		return n == 0 || (errno != EAGAIN && errno != EINTR) ? 0 : -1;
	if (n != (ssize_t)sizeof(report) || report.version != REPORT_VERSION) {
		on_bad_report(peer);
		return 1;
	}
	report.text[REPORT_TEXT_MAX] = '\0';
	on_report(peer, &report);
	return 1;
}

static void
on_report_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct peer *peer = ctx;
	struct engine *engine = peer->engine;

	(void)fd, (void)what;
	if (read_report(peer) == 0) {
		event_del(peer->ppp.report_event); /* pppd ends; its exit tells */
		if (peer->orphan)
			peer->ppp.running = false; /* nobody else will tell us */
	}
	engine_pump(engine);
}

/* ----------------------------------------------------------------------------- pppd's log */

static void
log_line(struct peer *peer)
{
	struct ppp *ppp = &peer->ppp;

	ppp->log_line[ppp->log_len] = '\0';
	ppp->log_len = 0;
	if (ppp->log_line[0] == '\0')
		return;
	pptp_escape(ppp->log_line, ppp->log[ppp->log_count % LOG_LINES], LOG_LINE);
	engine_note(peer->engine, 2, "pppd: %s", ppp->log[ppp->log_count % LOG_LINES]);
	ppp->log_count++;
}

/* 1: something was read; 0: pppd has closed it; -1: nothing now. */
static int
read_log(struct peer *peer)
{
	struct ppp *ppp = &peer->ppp;
	char buf[1024];
	ssize_t n = read(ppp->log_fd, buf, sizeof(buf));

	if (n <= 0)
		return n == 0 || (errno != EAGAIN && errno != EINTR) ? 0 : -1;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n')
			log_line(peer);
		else if (buf[i] != '\0' && ppp->log_len < sizeof(ppp->log_line) - 1)
			ppp->log_line[ppp->log_len++] = buf[i];
	}
	return 1;
}

static void
on_log_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct peer *peer = ctx;

	(void)fd, (void)what;
	if (read_log(peer) == 0)
		event_del(peer->ppp.log_event);
}

/* -------------------------------------------------------------------------------- life cycle */

bool
ppp_open(struct peer *peer, pid_t pid, int report_fd, int log_fd)
{
	struct ppp *ppp = &peer->ppp;

	ppp->running = true;
	ppp->pid = pid;
	ppp->report_fd = report_fd;
	ppp->log_fd = log_fd;
	if (report_fd < 0)
		return true;
	ppp->report_event = event_new(
	    peer->engine->base, report_fd, EV_READ | EV_PERSIST, on_report_readable, peer);
	ppp->log_event =
	    event_new(peer->engine->base, log_fd, EV_READ | EV_PERSIST, on_log_readable, peer);
	return ppp->report_event != NULL && ppp->log_event != NULL &&
	       event_add(ppp->report_event, NULL) == 0 && event_add(ppp->log_event, NULL) == 0;
}

void
ppp_drain(struct peer *peer)
{
	if (peer->ppp.report_fd >= 0) {
		while (read_report(peer) > 0)
			;
	}
	if (peer->ppp.log_fd >= 0) {
		while (read_log(peer) > 0)
			;
	}
	log_line(peer); /* what pppd ended in the middle of */
}

void
ppp_close(struct peer *peer)
{
	struct ppp *ppp = &peer->ppp;

	if (ppp->report_event != NULL)
		event_free(ppp->report_event);
	if (ppp->log_event != NULL)
		event_free(ppp->log_event);
	if (ppp->report_fd >= 0)
		close(ppp->report_fd);
	if (ppp->log_fd >= 0)
		close(ppp->log_fd);
	ppp->report_event = ppp->log_event = NULL;
	ppp->report_fd = ppp->log_fd = -1;
}
