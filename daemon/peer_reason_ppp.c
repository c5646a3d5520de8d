/*
 * peer_reason_ppp.c: why PPP ended, by what the plugin has seen, and where that says nothing by
 * pppd's exit status (interface.md 6 and 8).
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "mschap.h"
#include "peer_int.h"

void
reason_auth(struct reason *reason, const struct peer *peer)
{
	const struct ppp *ppp = &peer->line.ppp;
	const char *words = mschap_error_text(ppp->auth_error);
	bool goes_on = peer->config->role == ROLE_AUTO && peer->config->persist;
	char login[520], said[160] = "";

	if (config_login(peer->config, login, sizeof(login)) < 0)
		login[0] = '\0';
	if (ppp->auth_error != 0)
		snprintf(said, sizeof(said), " (MS-CHAP error %u%s%s)", ppp->auth_error,
		    words != NULL ? ", " : "", words != NULL ? words : "");
	else if (ppp->auth_text[0] != '\0')
		snprintf(said, sizeof(said), " (%s: \"%.100s\")", ppp_auth_name(ppp->auth),
		    ppp->auth_text);
	reason_set(reason, 401, "The server refused the user name or password for %.200s%s.%s",
	    login, said,
	    peer->config->retry_after_auth ? ""
	    : goes_on ? " pptpeer dials no more, so that the account is not locked."
		      : " pptpeer stops here so that the account is not locked.");
	if (goes_on && !peer->config->retry_after_auth)
		reason_next(
		    reason, "correct the password, then: pptpeer reload %s", peer->config->name);
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
	if (peer->line.ppp.asked == REPORT_AUTH_OTHER) {
		reason_set(reason, 402,
		    "The server asks for an authentication that pptpeer does not have "
		    "(PPP protocol 0x%04x); this tunnel accepts %s.",
		    peer->line.ppp.asked_protocol, ours);
		return;
	}
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (bits[i].auth == peer->line.ppp.asked)
			bit = bits[i].bit;
	}
	accept_text(peer->config->accept | bit, both, sizeof(both));
	reason_set(reason, 402, "The server asks for %s; this tunnel accepts only %s.",
	    ppp_auth_name(peer->line.ppp.asked), ours);
	if (bit == ACCEPT_PAP || bit == ACCEPT_CHAP)
		reason_next(reason,
		    "--accept %s --mppe off (auth.accept, encryption.mppe; it gives no keys: "
		    "nothing is encrypted)",
		    both);
	else
		reason_next(reason, "--accept %s (auth.accept)", both);
}

static void
reason_ccp(struct reason *reason, const struct peer *peer)
{
	const struct ppp *ppp = &peer->line.ppp;

	line_reason_ccp(reason, ppp, "server", ppp->auth_ok ? ppp_auth_name(ppp->auth) : "none");
	if (ppp->ccp_why == REPORT_CCP_NO_KEYS)
		reason_next(reason,
		    "have the server ask for MS-CHAP-V2, or give --mppe off (encryption.mppe)");
}

/* pppd did not take its options: ours for another version, or a file of its own. */
static void
reason_options(struct reason *reason, const struct peer *peer)
{
	const char *line = ppp_log_with(&peer->line.ppp, "is for pppd version");

	if (line != NULL)
		reason_set(reason, 103,
		    "pppd's plugin of pptpeer was built for another pppd. pppd said: %s", line);
	else
		reason_set(reason, 105, "pppd does not take its options. It said: %s",
		    ppp_last_words(&peer->line.ppp));
}

/* The peer ended the link: when, and what it said. */
static void
reason_link_ended(struct reason *reason, const struct peer *peer)
{
	char server[300], said[300] = "";

	reason_server(peer, server, sizeof(server));
	if (peer->line.ppp.lcp_text[0] != '\0')
		snprintf(said, sizeof(said), ", saying \"%.200s\"", peer->line.ppp.lcp_text);
	reason_set(reason, 604, "%s ended the PPP link (LCP Terminate-Request)%s.", server, said);
	if (peer->stage < STAGE_UP) {
		reason->exit_code = EXIT_PPP;
		reason_next(reason, "-vv (log.level = \"debug\") shows what each side asked for");
	}
}

/* Nobody said goodbye: pppd was told to end, or lost its line, and not by us. */
static void
reason_line_ended(struct reason *reason, const struct peer *peer, unsigned status)
{
	/* Our own end of it stays as long as pppd does. */
	if (status == 16 && peer->line.tap_name[0] != '\0') {
		reason_set(reason, 114,
		    "Another program took down or changed %s, the interface through which the "
		    "kernel's PPP speaks to us.",
		    peer->line.tap_name);
		return;
	}
	reason_set(reason, 604, "%s (pppd's status %u). It said: %s",
	    status == 5 ? "pppd was told to end by somebody else on this host"
			: "pppd's link was cut, and the server had not ended it",
	    status, ppp_last_words(&peer->line.ppp));
	if (peer->stage < STAGE_UP)
		reason->exit_code = EXIT_PPP;
}

static void
reason_not_agreed(struct reason *reason, const struct peer *peer)
{
	if (peer->line.ppp.lcp_up)
		reason_set(reason, 603,
		    "PPP did not come to addresses: the server did not agree. pppd said: %s",
		    ppp_last_words(&peer->line.ppp));
	else
		reason_set(reason, 603,
		    "LCP did not come up: the server did not agree, or stopped "
		    "answering. pppd said: %s",
		    ppp_last_words(&peer->line.ppp));
}

/*
 * pppd's 19 is also the end of its patience.  Only a refusal is one (the plugin sees each): who was
 * not answered is to try again, and has no password to correct.
 */
static void
reason_not_accepted(struct reason *reason, const struct peer *peer)
{
	const struct ppp *ppp = &peer->line.ppp;

	if (ppp->auth_failed)
		reason_auth(reason, peer);
	else
		reason_set(reason, 603,
		    "The server neither took nor refused our user name and password (%s). pppd "
		    "said: %s",
		    ppp_auth_name(ppp->auth_agreed), ppp_last_words(ppp));
}

/* By pppd's exit status (interface.md 6), when nothing that was reported says it better. */
static void
reason_status(struct reason *reason, const struct peer *peer, unsigned status)
{
	const struct ppp *ppp = &peer->line.ppp;

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
		reason_set(reason, 104, "pppd must be root. It said: %s", ppp_last_words(ppp));
		return;
	case 4:
		reason_set(
		    reason, 101, "This kernel has no PPP. pppd said: %s", ppp_last_words(ppp));
		return;
	case 10:
		reason_not_agreed(reason, peer);
		return;
	case 11:
	case 21:
		reason_set(reason, 403,
		    "pppd asked the server to authenticate, and it did not. pppd said: %s",
		    ppp_last_words(ppp));
		return;
	case 12:
	case 13:
	case 14:
	case 20:
		reason_set(reason, 0, "pppd ended the link as it was told (status %u): %s", status,
		    ppp_last_words(ppp));
		return;
	case 15:
		line_reason_echo(reason, ppp, peer->config, "tunnel", "server");
		return;
	case 17:
		reason_set(reason, 605, "Our own PPP packets come back to us.");
		return;
	case 19:
		reason_not_accepted(reason, peer);
		return;
	default:
		reason_set(reason, 106, "pppd failed (status %u). It said: %s", status,
		    ppp_last_words(ppp));
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
	const struct ppp *ppp = &peer->line.ppp;

	return ppp->auth_asked && (!ppp->lcp_up || ppp->auth_agreed == REPORT_AUTH_NONE);
}

/* It has called us, and is not who it should be. */
static void
reason_caller(struct reason *reason, const struct peer *peer)
{
	const struct ppp *ppp = &peer->line.ppp;
	char server[300], name[4 * sizeof(ppp->caller)];

	reason_server(peer, server, sizeof(server));
	pptp_escape(ppp->caller, name, sizeof(name));
	if (ppp->caller_refused == REPORT_REFUSED_NO_ANSWER)
		reason_set(reason, 107,
		    "%s has called as %.200s, whose password the keeper did not tell in time.",
		    server, name);
	else if (ppp->caller_refused == REPORT_REFUSED_NAME)
		reason_set(reason, 403,
		    "%s has called as %.200s, which is not the name that answer-auth.peer-user "
		    "has.",
		    server, name);
	else
		reason_set(reason, 403, "%s has called as %.200s, with another password than ours.",
		    server, name);
	reason_next(reason, "make answer-auth here and auth at the other end agree");
}

/* What was wrong with PPP before the tunnel was up, by the plugin's reports.  False: nothing. */
static bool
reason_reported(struct reason *reason, const struct peer *peer)
{
	const struct ppp *ppp = &peer->line.ppp;
	bool mppe = peer->config->mppe != MPPE_OFF && !peer->without_mppe;

	if (peer->stage >= STAGE_UP)
		return false;
	if (ppp->auth_failed)
		reason_auth(reason, peer);
	else if (ppp->caller_refused != 0)
		reason_caller(reason, peer);
	else if (ppp->proof_wrong)
		reason_set(reason, 403,
		    "The server did not prove that it knows the password: it is not the "
		    "one you mean, or not in good order.");
	else if (!peer->answered && is_auth_refused(peer))
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
	return peer->line.ppp.ccp_why != REPORT_CCP_UNKNOWN && reason_reported(reason, peer);
}

void
reason_pppd(struct reason *reason, const struct peer *peer, int wait_status, uint64_t now)
{
	const struct ppp *ppp = &peer->line.ppp;

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
	const struct ppp *ppp = &peer->line.ppp;

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
