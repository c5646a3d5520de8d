/*
 * peer_reason.c: the one reason of an ending, from all the evidence there is (design D10,
 * interface.md 6 and 8).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "peer_int.h"

void
reason_server(const struct peer *peer, char *out, size_t size)
{
	char ip[INET_ADDRSTRLEN];
	struct in_addr address = peer_server_address(peer);

	inet_ntop(AF_INET, &address, ip, sizeof(ip));
	if (strcmp(ip, peer_server_name(peer)) == 0)
		snprintf(out, size, "%s", ip);
	else
		snprintf(out, size, "%.255s (%s)", peer_server_name(peer), ip);
}

void
reason_lookup(struct reason *reason, const struct peer *peer, int gai_error)
{
	if (gai_error == EAI_NONAME || gai_error == EAI_NODATA)
		reason_set(reason, 207, "The name %.255s has no IPv4 address: %s.",
		    peer_server_name(peer), gai_strerror(gai_error));
	else
		reason_set(reason, 207, "The name %.255s could not be looked up: %s.",
		    peer_server_name(peer), gai_strerror(gai_error));
}

void
reason_tcp(struct reason *reason, const struct peer *peer, int error)
{
	char server[300], others[64] = "";
	unsigned port = peer->config->port;

	reason_server(peer, server, sizeof(server));
	if (peer->address_count > 1)
		snprintf(
		    others, sizeof(others), " (the last of %u addresses)", peer->address_count);
	if (error == ETIMEDOUT)
		reason_set(reason, 201, "No answer from %s%s on TCP %u within %u s.", server,
		    others, port, peer->config->connect_timeout);
	else if (error == ECONNREFUSED)
		reason_set(reason, 202, "%s%s refuses TCP %u: nothing listens there.", server,
		    others, port);
	else if (error == EPERM || error == EACCES) {
		reason_set(reason, 202, "This host does not let us reach %s%s on TCP %u: %s.",
		    server, others, port, strerror(error));
		reason_next(reason, "look at this host's firewall (nft list ruleset)");
	} else
		reason_set(reason, 202, "%s%s cannot be reached on TCP %u: %s.", server, others,
		    port, strerror(error));
}

void
reason_sockets(struct reason *reason, const struct peer *peer, int error, const char *what)
{
	bool bound = peer->config->bind_device[0] != '\0' ||
		     peer->config->bind_address.s_addr != htonl(INADDR_ANY);

	if (bound && (error == EADDRNOTAVAIL || error == ENODEV)) {
		reason_set(reason, 108,
		    "This host does not have the address or interface to dial from (%s: %s).", what,
		    strerror(error));
		return;
	}
	reason_set(reason, error == EPERM || error == EACCES ? 104 : 107, "%s: %s.", what,
	    strerror(error));
	if (reason->ecode == 104)
		reason_next(reason,
		    "run it as root with CAP_NET_RAW and CAP_NET_ADMIN; in a container: "
		    "--cap-add NET_ADMIN --cap-add NET_RAW");
}

/* ------------------------------------------------------------- the control connection's end */

static void
reason_refused(struct reason *reason, const struct peer *peer, const struct pptp_event *event)
{
	char server[300], error[100], cause[40] = "";

	reason_server(peer, server, sizeof(server));
	reason_general_error(event->error_code, error, sizeof(error));
	if (event->cause_code != 0)
		snprintf(cause, sizeof(cause), ", cause code %u", event->cause_code);
	if (event->cause == PPTP_CAUSE_START_REFUSED)
		reason_set(reason, 203, "%s refused the control connection: result %u (%s)%s.",
		    server, event->code, pptp_sccrp_result_name(event->code), error);
	else if (event->cause == PPTP_CAUSE_CALL_REFUSED && peer->is_pac)
		reason_set(reason, 205, "%s refused the incoming call: result %u (%s)%s.", server,
		    event->code, pptp_icrp_result_name(event->code), error);
	else if (event->cause == PPTP_CAUSE_CALL_REFUSED)
		reason_set(reason, 205, "%s refused the call: result %u (%s)%s%s.", server,
		    event->code, pptp_ocrp_result_name(event->code), error, cause);
	else if (event->cause == PPTP_CAUSE_PEER_CLEAR)
		reason_set(reason, 210, "%s ended the call: Call-Clear-Request.", server);
	else
		reason_set(reason, 210,
		    "%s ended the call: Call-Disconnect-Notify, result %u (%s)%s%s.", server,
		    event->code, pptp_cdn_result_name(event->code), error, cause);
}

/* Octets that are not PPTP, or an end before any answer: it is something else. */
static void
reason_not_pptp(struct reason *reason, const struct peer *peer, const char *what)
{
	char server[300];
	const char *words = conn_first_words(peer->conn);

	reason_server(peer, server, sizeof(server));
	reason_set(reason, 206, "%s on TCP %u is not a PPTP server, or a broken one: %s%s%s%s.",
	    server, peer->config->port, what, words[0] != '\0' ? "; its first octets: \"" : "",
	    words, words[0] != '\0' ? "\"" : "");
}

static void
reason_tcp_closed(struct reason *reason, const struct peer *peer)
{
	char server[300], how[64];
	int error = conn_error(peer->conn);

	snprintf(how, sizeof(how), "%s", error == 0 ? "it closed TCP" : strerror(error));
	reason_server(peer, server, sizeof(server));
	if (!peer->control_up) {
		reason_not_pptp(reason, peer, how);
		return;
	}
	reason_set(reason, 211, "%s ended the control connection without a word: %s.", server, how);
	if (peer->stage < STAGE_UP)
		reason->exit_code = peer->call_up ? EXIT_PPP : EXIT_CONTROL;
}

static void
reason_peer_stop(struct reason *reason, const struct peer *peer, const struct pptp_event *event)
{
	char server[300], after[40] = "";
	const char *name = pptp_stop_reason_name(event->code);

	reason_server(peer, server, sizeof(server));
	if (peer->stage >= STAGE_UP)
		snprintf(after, sizeof(after), ", after the tunnel was up");
	reason_set(reason, 204,
	    "%s closed the control connection: Stop-Control-Connection-Request, reason %u (%s)%s.",
	    server, event->code, name, after);
	if (peer->stage >= STAGE_UP)
		reason->exit_code = EXIT_PEER_HANGUP;
}

static void
reason_silence(struct reason *reason, const struct peer *peer, const struct pptp_event *event)
{
	char server[300];
	unsigned wait = peer->config->reply_timeout;

	reason_server(peer, server, sizeof(server));
	if (event->cause == PPTP_CAUSE_START_TIMEOUT)
		reason_set(reason, 208,
		    "%s took the TCP connection, but did not answer "
		    "Start-Control-Connection-Request in %u s.",
		    server, wait);
	else if (event->cause == PPTP_CAUSE_CALL_TIMEOUT)
		reason_set(reason, 209, "%s did not %s %s in %u s.", server,
		    peer->answered ? "send" : "answer",
		    pptp_msg_name(peer->answered ? PPTP_ICCN
				  : peer->is_pac ? PPTP_ICRQ
						 : PPTP_OCRQ),
		    wait);
	else
		reason_set(reason, 601, "%s went dead: no answer to Echo-Request in %u s.", server,
		    peer->echo_wait + 60 * event->code);
	if (event->cause == PPTP_CAUSE_ECHO_TIMEOUT && peer->stage < STAGE_UP)
		reason->exit_code = EXIT_CONTROL;
}

static void
reason_event(struct reason *reason, const struct peer *peer, const struct pptp_event *event)
{
	char text[128];

	switch (event->cause) {
	case PPTP_CAUSE_START_REFUSED:
	case PPTP_CAUSE_CALL_REFUSED:
	case PPTP_CAUSE_PEER_DISCONNECT:
	case PPTP_CAUSE_PEER_CLEAR:
		reason_refused(reason, peer, event);
		if (event->cause != PPTP_CAUSE_START_REFUSED &&
		    event->cause != PPTP_CAUSE_CALL_REFUSED && peer->stage < STAGE_UP)
			reason->exit_code = EXIT_CALL;
		return;
	case PPTP_CAUSE_VERSION:
		snprintf(text, sizeof(text), "it speaks version 0x%04x of PPTP, we 0x%04x",
		    event->code, PPTP_PROTOCOL_VERSION);
		reason_not_pptp(reason, peer, text);
		return;
	case PPTP_CAUSE_START_TIMEOUT:
	case PPTP_CAUSE_CALL_TIMEOUT:
	case PPTP_CAUSE_ECHO_TIMEOUT:
		reason_silence(reason, peer, event);
		return;
	case PPTP_CAUSE_PEER_STOP:
		reason_peer_stop(reason, peer, event);
		return;
	case PPTP_CAUSE_TCP_CLOSED:
		reason_tcp_closed(reason, peer);
		return;
	case PPTP_CAUSE_PROTOCOL:
		reason_not_pptp(reason, peer, pptp_strerror(-(int)event->code));
		if (peer->control_up)
			reason->exit_code = EXIT_CONTROL;
		return;
	case PPTP_CAUSE_NONE:
	case PPTP_CAUSE_LOCAL:
	case PPTP_CAUSE_STOP_TIMEOUT:
	case PPTP_CAUSE_CLEAR_TIMEOUT:
	case PPTP_CAUSE_CTRL_DOWN:
	case PPTP_CAUSE_START_UNWANTED: /* these are of who answers */
	case PPTP_CAUSE_COLLISION:
	case PPTP_CAUSE_ANSWER_TIMEOUT:
		break;
	}
	reason_set(reason, 1, "The control connection ended: %s.", pptp_cause_name(event->cause));
}

/* It ends the call itself, and has waited for GRE long enough to do so for that. */
static bool
gave_up_on_gre(const struct peer *peer, const struct pptp_event *event, uint64_t now)
{
	return peer->phase == PEER_PPP && peer->stage == STAGE_CALL && peer->sniff != NULL &&
	       peer_last_gre(peer) == 0 &&
	       now - peer->phase_since >= peer->config->gre_notice * PPTP_SEC &&
	       (event->cause == PPTP_CAUSE_PEER_DISCONNECT ||
		   event->cause == PPTP_CAUSE_PEER_CLEAR || event->cause == PPTP_CAUSE_PEER_STOP ||
		   event->cause == PPTP_CAUSE_TCP_CLOSED);
}

bool
reason_ctrl(
    struct reason *reason, const struct peer *peer, const struct pptp_event *event, uint64_t now)
{
	struct reason end;
	size_t len;

	reason_event(reason, peer, event);
	if (!gave_up_on_gre(peer, event, now))
		return false;
	end = *reason;
	reason_gre(reason, peer, now);
	len = strlen(reason->what);
	snprintf(reason->what + len, sizeof(reason->what) - len, " Then %s", end.what);
	return true;
}

void
reason_no_call(struct reason *reason, const struct peer *peer)
{
	char server[300];

	reason_server(peer, server, sizeof(server));
	reason_set(reason, 209, "%s has connected to us, and placed no call within %u s.", server,
	    peer->config->setup_timeout);
}

void
reason_interface(struct reason *reason, const struct peer *peer)
{
	reason_set(reason, 607,
	    peer->interface_deleted
		? "The tunnel's interface, %s, has been deleted, and not by its pppd."
		: "The tunnel's interface, %s, has been set down, and not by its pppd.",
	    peer->line.ppp.ifname);
}
