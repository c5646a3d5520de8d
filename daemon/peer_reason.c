/*
 * peer_reason.c: the one reason of an ending, from all the evidence there is (design D10,
 * interface.md 6 and 8).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "mschap.h"
#include "peer_int.h"

/* "vpn.example.com (198.51.100.7)", or the address alone. */
static void
server_text(const struct peer *peer, char *out, size_t size)
{
	char ip[INET_ADDRSTRLEN];
	struct in_addr address = peer_server_address(peer);

	inet_ntop(AF_INET, &address, ip, sizeof(ip));
	if (strcmp(ip, peer->config->server) == 0)
		snprintf(out, size, "%s", ip);
	else
		snprintf(out, size, "%.255s (%s)", peer->config->server, ip);
}

void
reason_lookup(struct reason *reason, const struct peer *peer, int gai_error)
{
	if (gai_error == EAI_NONAME || gai_error == EAI_NODATA)
		reason_set(reason, 207, "The name %.255s has no IPv4 address: %s.",
		    peer->config->server, gai_strerror(gai_error));
	else
		reason_set(reason, 207, "The name %.255s could not be looked up: %s.",
		    peer->config->server, gai_strerror(gai_error));
}

void
reason_tcp(struct reason *reason, const struct peer *peer, int error)
{
	char server[300], others[64] = "";
	unsigned port = peer->config->port;

	server_text(peer, server, sizeof(server));
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

/* ", General Error 4 (...)" where there is one (RFC 2637 2.16). */
static const char *
general_error(unsigned error_code, char *out, size_t size)
{
	if (error_code == 0)
		out[0] = '\0';
	else
		snprintf(out, size, ", general error %u (%s)", error_code,
		    pptp_general_error_name(error_code));
	return out;
}

static void
reason_refused(struct reason *reason, const struct peer *peer, const struct pptp_event *event)
{
	char server[300], error[100], cause[40] = "";

	server_text(peer, server, sizeof(server));
	general_error(event->error_code, error, sizeof(error));
	if (event->cause_code != 0)
		snprintf(cause, sizeof(cause), ", cause code %u", event->cause_code);
	if (event->cause == PPTP_CAUSE_START_REFUSED)
		reason_set(reason, 203, "%s refused the control connection: result %u (%s)%s.",
		    server, event->code, pptp_sccrp_result_name(event->code), error);
	else if (event->cause == PPTP_CAUSE_CALL_REFUSED)
		reason_set(reason, 205, "%s refused the call: result %u (%s)%s%s.", server,
		    event->code, pptp_ocrp_result_name(event->code), error, cause);
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

	server_text(peer, server, sizeof(server));
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
	server_text(peer, server, sizeof(server));
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

	server_text(peer, server, sizeof(server));
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

	server_text(peer, server, sizeof(server));
	if (event->cause == PPTP_CAUSE_START_TIMEOUT)
		reason_set(reason, 208,
		    "%s took the TCP connection, but did not answer "
		    "Start-Control-Connection-Request in %u s.",
		    server, wait);
	else if (event->cause == PPTP_CAUSE_CALL_TIMEOUT)
		reason_set(
		    reason, 209, "%s did not answer Outgoing-Call-Request in %u s.", server, wait);
	else
		reason_set(reason, 601, "%s went dead: no answer to Echo-Request in %u s.", server,
		    peer->config->control_echo_wait + 60 * event->code);
	if (event->cause == PPTP_CAUSE_ECHO_TIMEOUT && peer->stage < STAGE_UP)
		reason->exit_code = EXIT_CONTROL;
}

void
reason_ctrl(struct reason *reason, const struct peer *peer, const struct pptp_event *event)
{
	char text[128];

	switch (event->cause) {
	case PPTP_CAUSE_START_REFUSED:
	case PPTP_CAUSE_CALL_REFUSED:
	case PPTP_CAUSE_PEER_DISCONNECT:
		reason_refused(reason, peer, event);
		if (event->cause == PPTP_CAUSE_PEER_DISCONNECT && peer->stage < STAGE_UP)
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
		break;
	}
	reason_set(reason, 1, "The control connection ended: %s.", pptp_cause_name(event->cause));
}

/* --------------------------------------------------------------------------------------- GRE */

static void
gre_silence(struct reason *reason, const char *ip, uint64_t seconds, uint64_t sent,
    const struct gre_errors *errors)
{
	char icmp[96] = "";

	if (errors->last_recv_error != 0)
		snprintf(
		    icmp, sizeof(icmp), " ICMP came back: %s.", strerror(errors->last_recv_error));
	reason_set(reason, 301,
	    "The call is open, but no GRE packet has come from %s in %llu s (sent %llu, received "
	    "0).%s "
	    "Something on the way, or the server itself, drops IP protocol 47; on this host "
	    "nothing "
	    "arrived at all.",
	    ip, (unsigned long long)seconds, (unsigned long long)sent, icmp);
}

void
reason_gre(struct reason *reason, const struct peer *peer, uint64_t now)
{
	const struct sniff_evidence *seen = sniff_evidence(peer->sniff);
	const struct gre_errors *errors = gre_sock_errors(peer->gre);
	struct pptp_session_stats stats;
	char ip[INET_ADDRSTRLEN], other[INET_ADDRSTRLEN];
	struct in_addr address = peer_server_address(peer);

	gre_sock_stats(peer->gre, &stats);
	inet_ntop(AF_INET, &address, ip, sizeof(ip));
	if (seen->ours > 0 && stats.rx_bad > 0) {
		/* They reach our socket: no firewall is to blame. */
		reason_set(reason, 301,
		    "The call is open, but none of the %llu GRE packets from %s can be read: their "
		    "headers are not those of RFC 2637 4.1.",
		    (unsigned long long)stats.rx_bad, ip);
		reason_next(
		    reason, "something on the way damages GRE, or the server is broken: ask there");
	} else if (seen->ours > 0) {
		reason_set(reason, 302,
		    "This host's own firewall drops GRE from %s (or rp_filter does): %llu packets "
		    "arrived at the "
		    "interface, "
		    "none at our socket.",
		    ip, (unsigned long long)seen->ours);
		reason_next(reason,
		    "allow it, as with: nft insert rule inet filter input ip saddr %s meta l4proto "
		    "gre accept",
		    ip);
	} else if (seen->other_call > 0) {
		reason_set(reason, 303,
		    "GRE comes from %s with Call ID %u, but %u was agreed: a NAT helper on the way "
		    "rewrote "
		    "one and not the other (unless another tunnel to that server runs here).",
		    ip, seen->call_id, peer->local_call_id);
	} else if (seen->other_address > 0) {
		reason_set(reason, 304, "GRE comes from %s, but %s was dialled.",
		    inet_ntop(AF_INET, &seen->address, other, sizeof(other)), ip);
	} else if (errors->last_send_error == EPERM) {
		reason_set(reason, 302,
		    "This host's own firewall drops GRE to %s: sending says \"%s\".", ip,
		    strerror(EPERM));
		reason_next(reason,
		    "allow it, as with: nft insert rule inet filter output ip daddr %s meta "
		    "l4proto gre accept",
		    ip);
	} else {
		gre_silence(
		    reason, ip, (now - peer->phase_since) / PPTP_SEC, stats.tx_packets, errors);
	}
}

/* -------------------------------------------------------------------------------------- pppd */

void
reason_auth(struct reason *reason, const struct peer *peer)
{
	const struct ppp *ppp = &peer->ppp;
	const char *words = mschap_error_text(ppp->auth_error);
	char login[520], said[160] = "";

	if (config_login(peer->config, login, sizeof(login)) < 0)
		login[0] = '\0';
	if (ppp->auth_error != 0)
		snprintf(said, sizeof(said), " (MS-CHAP error %u%s%s)", ppp->auth_error,
		    words != NULL ? ", " : "", words != NULL ? words : "");
	else if (ppp->auth_text[0] != '\0')
		snprintf(
		    said, sizeof(said), " (%s: \"%.100s\")", auth_name(ppp->auth), ppp->auth_text);
	reason_set(reason, 401,
	    "The server refused the user name or password for %.200s%s. "
	    "pptpeer stops here so that the account is not locked.",
	    login, said);
}

static void
accept_text(unsigned accept, char *out, size_t size)
{
	static const struct {
		unsigned bit;
		const char *name;
	} methods[] = {
	    {ACCEPT_MSCHAPV2, "mschap-v2"},
	    {ACCEPT_MSCHAP, "mschap"},
	    {ACCEPT_CHAP, "chap"},
	    {ACCEPT_PAP, "pap"},
	    {ACCEPT_EAP, "eap"},
	};

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t used = strlen(out);

		if ((accept & methods[i].bit) != 0)
			snprintf(
			    out + used, size - used, "%s%s", used > 0 ? "," : "", methods[i].name);
	}
}

static void
reason_auth_asked(struct reason *reason, const struct peer *peer)
{
	static const struct {
		uint32_t auth;
		unsigned bit;
	} bits[] = {
	    {REPORT_AUTH_PAP, ACCEPT_PAP},
	    {REPORT_AUTH_CHAP, ACCEPT_CHAP},
	    {REPORT_AUTH_MSCHAP, ACCEPT_MSCHAP},
	    {REPORT_AUTH_MSCHAPV2, ACCEPT_MSCHAPV2},
	    {REPORT_AUTH_EAP, ACCEPT_EAP},
	};
	char ours[64], both[64];
	unsigned bit = 0;

	accept_text(peer->config->accept, ours, sizeof(ours));
	if (peer->ppp.asked == REPORT_AUTH_OTHER) {
		reason_set(reason, 402,
		    "The server asks for an authentication that pptpeer does not have "
		    "(PPP protocol 0x%04x); this tunnel accepts %s.",
		    peer->ppp.asked_protocol, ours);
		return;
	}
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (bits[i].auth == peer->ppp.asked)
			bit = bits[i].bit;
	}
	accept_text(peer->config->accept | bit, both, sizeof(both));
	reason_set(reason, 402, "The server asks for %s; this tunnel accepts only %s.",
	    auth_name(peer->ppp.asked), ours);
	if (bit == ACCEPT_PAP || bit == ACCEPT_CHAP)
		reason_next(reason,
		    "--accept %s --mppe off (it gives no keys: nothing is encrypted)", both);
	else
		reason_next(reason, "--accept %s", both);
}

static void
reason_ccp(struct reason *reason, const struct peer *peer)
{
	const struct ppp *ppp = &peer->ppp;

	switch ((enum report_ccp)ppp->ccp_why) {
	case REPORT_CCP_NO_KERNEL:
		reason_set(reason, 502, "This kernel has no MPPE (module ppp_mppe not found).");
		return;
	case REPORT_CCP_NO_KEYS:
		reason_set(reason, 501,
		    "Encryption is required here, but the authentication (%s) gives no "
		    "keys for MPPE.",
		    ppp->auth_ok ? auth_name(ppp->auth) : "none");
		reason_next(reason, "have the server ask for MS-CHAP-V2, or give --mppe off");
		return;
	case REPORT_CCP_REJECTED:
		reason_set(
		    reason, 501, "Encryption is required here, but the server rejected MPPE.");
		return;
	case REPORT_CCP_OTHER_KIND:
		reason_set(reason, 501,
		    "Encryption is required here with 128 bit, stateless; the server "
		    "offers only %s%s.",
		    ppp->ccp_bits == 40   ? "40 bit"
		    : ppp->ccp_bits == 56 ? "56 bit"
					  : "another kind",
		    ppp->ccp_stateful ? ", stateful" : "");
		return;
	case REPORT_CCP_ENDED:
		reason_set(reason, 501, "Encryption is required here, and the server ended it.");
		return;
	case REPORT_CCP_UNKNOWN:
		break;
	}
	reason_set(
	    reason, 501, "Encryption is required here, and the server did not agree to MPPE.");
}

/* pppd's last line, for those endings that only it can explain. */
static const char *
last_words(const struct ppp *ppp)
{
	return ppp->log_count == 0 ? "nothing" : ppp->log[(ppp->log_count - 1) % LOG_LINES];
}

/* The last line of pppd's that has `words` in it, or NULL. */
static const char *
log_line_with(const struct ppp *ppp, const char *words)
{
	for (unsigned i = 0; i < LOG_LINES && i < ppp->log_count; i++) {
		const char *line = ppp->log[(ppp->log_count - 1 - i) % LOG_LINES];

		if (strstr(line, words) != NULL)
			return line;
	}
	return NULL;
}

/* pppd did not take its options: ours for another version, or a file of its own. */
static void
reason_options(struct reason *reason, const struct peer *peer)
{
	const char *line = log_line_with(&peer->ppp, "is for pppd version");

	if (line != NULL)
		reason_set(reason, 103,
		    "pppd's plugin of pptpeer was built for another pppd. pppd said: %s", line);
	else
		reason_set(reason, 105, "pppd does not take its options. It said: %s",
		    last_words(&peer->ppp));
}

/* The peer ended the link: when, and what it said. */
static void
reason_link_ended(struct reason *reason, const struct peer *peer)
{
	char server[300], said[300] = "";

	server_text(peer, server, sizeof(server));
	if (peer->ppp.lcp_text[0] != '\0')
		snprintf(said, sizeof(said), ", saying \"%.200s\"", peer->ppp.lcp_text);
	reason_set(reason, 604, "%s ended the PPP link (LCP Terminate-Request)%s.", server, said);
	if (peer->stage < STAGE_UP) {
		reason->exit_code = EXIT_PPP;
		reason_next(reason, "-vv shows what each side asked for");
	}
}

/* Nobody said goodbye: pppd was told to end, or lost its line, and not by us. */
static void
reason_line_ended(struct reason *reason, const struct peer *peer, unsigned status)
{
	reason_set(reason, 604, "%s (pppd's status %u). It said: %s",
	    status == 5 ? "pppd was told to end by somebody else on this host"
			: "pppd's link was cut, and the server had not ended it",
	    status, last_words(&peer->ppp));
	if (peer->stage < STAGE_UP)
		reason->exit_code = EXIT_PPP;
}

static void
reason_not_agreed(struct reason *reason, const struct peer *peer)
{
	if (peer->ppp.lcp_up)
		reason_set(reason, 603,
		    "PPP did not come to addresses: the server did not agree. pppd said: %s",
		    last_words(&peer->ppp));
	else
		reason_set(reason, 603,
		    "LCP did not come up: the server did not agree, or stopped "
		    "answering. pppd said: %s",
		    last_words(&peer->ppp));
}

/* By pppd's exit status (interface.md 6), when nothing that was reported says it better. */
static void
reason_status(struct reason *reason, const struct peer *peer, unsigned status)
{
	const struct ppp *ppp = &peer->ppp;

	switch (status) {
	case 0:
	case 5:
	case 16:
		if (ppp->lcp_ended)
			reason_link_ended(reason, peer);
		else
			reason_line_ended(reason, peer, status);
		return;
	case 2:
		reason_options(reason, peer);
		return;
	case 3:
		reason_set(reason, 104, "pppd must be root. It said: %s", last_words(ppp));
		return;
	case 4:
		reason_set(reason, 101, "This kernel has no PPP. pppd said: %s", last_words(ppp));
		return;
	case 10:
		reason_not_agreed(reason, peer);
		return;
	case 11:
	case 21:
		reason_set(reason, 403,
		    "pppd asked the server to authenticate, and it did not. pppd said: %s",
		    last_words(ppp));
		return;
	case 12:
	case 13:
	case 14:
	case 20:
		reason_set(reason, 0, "pppd ended the link as it was told (status %u): %s", status,
		    last_words(ppp));
		return;
	case 15:
		reason_set(reason, 602,
		    "The tunnel went dead: %u LCP Echo-Requests, one each %u s, were not "
		    "answered.",
		    peer->config->lcp_echo_failure, peer->config->lcp_echo);
		return;
	case 17:
		reason_set(reason, 605, "Our own PPP packets come back to us.");
		return;
	case 19:
		reason_auth(reason, peer);
		return;
	default:
		reason_set(
		    reason, 106, "pppd failed (status %u). It said: %s", status, last_words(ppp));
		return;
	}
}

/*
 * A pppd at the other end whose method we refuse still opens LCP, without any authentication,
 * and ends it only then.
 */
static bool
is_auth_refused(const struct peer *peer)
{
	const struct ppp *ppp = &peer->ppp;

	return ppp->auth_asked && (!ppp->lcp_up || ppp->auth_agreed == REPORT_AUTH_NONE);
}

/* What was wrong with PPP before the tunnel was up, by the plugin's reports.  False: nothing. */
static bool
reason_reported(struct reason *reason, const struct peer *peer)
{
	const struct ppp *ppp = &peer->ppp;
	bool mppe = peer->config->mppe != MPPE_OFF && !peer->without_mppe;

	if (peer->stage >= STAGE_UP)
		return false;
	if (ppp->auth_failed)
		reason_auth(reason, peer);
	else if (ppp->proof_wrong)
		reason_set(reason, 403,
		    "The server did not prove that it knows the password: it is not the "
		    "one you mean, or not in good order.");
	else if (is_auth_refused(peer))
		reason_auth_asked(reason, peer);
	else if (mppe && ppp->ccp_why != 0)
		reason_ccp(reason, peer);
	else if (!mppe && ppp->lcp_ended && strstr(ppp->lcp_text, "MPPE required") != NULL)
		reason_set(
		    reason, 504, "The server demands encryption (MPPE), and here it is off.");
	else
		return false;
	return true;
}

bool
reason_behind(struct reason *reason, const struct peer *peer)
{
	/* That MPPE was not agreed on by then may come of the end itself. */
	return peer->ppp.ccp_why != REPORT_CCP_UNKNOWN && reason_reported(reason, peer);
}

void
reason_pppd(struct reason *reason, const struct peer *peer, int wait_status, uint64_t now)
{
	const struct ppp *ppp = &peer->ppp;

	if (WIFSIGNALED(wait_status)) {
		reason_set(reason, 106, "pppd was killed by signal %d (%s).", WTERMSIG(wait_status),
		    strsignal(WTERMSIG(wait_status)));
		return;
	}
	/* pppd 2.4.9 makes 16 of the 15 with which the link ended: the plugin knows better. */
	unsigned status =
	    ppp->exit_reported ? ppp->exit_status : (unsigned)WEXITSTATUS(wait_status);
	if (status == 10 && peer->stage < STAGE_GRE && peer->sniff != NULL)
		reason_gre(reason, peer, now);
	else if (!reason_reported(reason, peer))
		reason_status(reason, peer, status);
}

void
reason_ppp_timeout(struct reason *reason, const struct peer *peer, unsigned seconds)
{
	const struct ppp *ppp = &peer->ppp;

	if (reason_reported(reason, peer))
		return;
	if (ppp->auth_ok && !ppp->ccp_up && peer->config->mppe != MPPE_OFF && !peer->without_mppe)
		reason_set(reason, 501,
		    "Encryption is required here, and the server did not answer about MPPE in %u "
		    "s.",
		    seconds);
	else
		reason_set(reason, 603, "PPP did not come up in %u s; it had reached \"%s\".",
		    seconds, stage_name(peer->stage));
}
