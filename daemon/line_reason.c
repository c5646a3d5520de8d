/* line_reason.c: what of an ending is told alike of a dialled and of an answered call; see line.h. */
#include "config.h"
#include "line.h"
#include "reason.h"

void
line_reason_ccp(
    struct reason *reason, const struct ppp *ppp, const char *other, const char *auth_name)
{
	switch ((enum report_ccp)ppp->ccp_why) {
	case REPORT_CCP_NO_KERNEL:
		reason_set(reason, 502, "This kernel has no MPPE (module ppp_mppe not found).");
		return;
	case REPORT_CCP_NO_KEYS:
		reason_set(reason, 501,
		    "Encryption is required here, but the authentication (%s) gives no keys for "
		    "MPPE.",
		    auth_name);
		return;
	case REPORT_CCP_REJECTED:
		reason_set(
		    reason, 501, "Encryption is required here, but the %s rejected MPPE.", other);
		return;
	case REPORT_CCP_OTHER_KIND:
		reason_set(reason, 501,
		    "Encryption is required here with 128 bit, stateless; the %s offers only %s%s.",
		    other,
		    ppp->ccp_bits == 40   ? "40 bit"
		    : ppp->ccp_bits == 56 ? "56 bit"
					  : "another kind",
		    ppp->ccp_stateful ? ", stateful" : "");
		return;
	case REPORT_CCP_ENDED:
		reason_set(reason, 501, "Encryption is required here, and the %s ended it.", other);
		return;
	case REPORT_CCP_UNKNOWN:
		break;
	}
	reason_set(
	    reason, 501, "Encryption is required here, and the %s did not agree to MPPE.", other);
}

void
line_reason_echo(struct reason *reason, const struct ppp *ppp, const struct config *config,
    const char *what, const char *other)
{
	const unsigned requests = config->lcp_echo_failure + ppp->echo_spared;

	/* To the last one: packets came all the time.  Fewer are lost on a full line, too. */
	if (ppp->echo_spared == 0 || ppp->echo_spared < 2 * config->lcp_echo_failure) {
		reason_set(reason, 602,
		    "The %s went dead: %u LCP Echo-Requests, one each %u s, were not answered.",
		    what, requests, config->lcp_echo);
		return;
	}
	reason_set(reason, 602,
	    "The %s went dead: %u LCP Echo-Requests, one each %u s, were not answered, though "
	    "packets came from the %s meanwhile.",
	    what, requests, config->lcp_echo, other);
	reason_next(reason,
	    "find what on the way drops the packets that go to the %s; or its PPP hangs", other);
}

bool
line_may_come_up(struct reason *reason, const struct ppp *ppp, const char *other, bool answered)
{
	if (ppp->ip_anew) {
		reason_set(reason, 608,
		    "The %s has agreed PPP anew; for that pppd took the addresses of %s away, and "
		    "the kernel its routes.",
		    other, ppp->ifname);
		return false;
	}
	if (answered && !ppp->caller_proved) {
		reason_set(reason, 403, "pppd let the caller in, which has not proved who it is.");
		reason_next(reason, "look in /etc/ppp for allow-ip and noauth, and for a line of "
				    "pap-secrets with an empty password");
		return false;
	}
	return true;
}
