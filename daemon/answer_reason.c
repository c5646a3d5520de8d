/* answer_reason.c: the one reason for which an answered call ended (design D10), in words about its caller. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "clock.h"
#include "listener_int.h"

/* As whom it may have tried; " of alice". */
static const char *
of_user(const struct answer *answer, char *out, size_t size)
{
	if (answer->user[0] == '\0')
		out[0] = '\0';
	else
		snprintf(out, size, " of %.200s", answer->user);
	return out;
}

static void
reason_ccp(struct reason *reason, const struct answer *answer)
{
	const struct ppp *ppp = &answer->line.ppp;

	line_reason_ccp(
	    reason, ppp, "caller", answer->caller_known ? ppp_auth_name(answer->auth) : "none");
	if (ppp->ccp_why == REPORT_CCP_NO_KEYS)
		reason_next(reason, "auth.require-peer = [ \"mschap-v2\" ]");
	else if (ppp->ccp_why != REPORT_CCP_NO_KERNEL)
		reason_next(reason, "switch MPPE on at the caller (128 bit)");
}

static void
reason_refused(struct reason *reason, const struct ppp *ppp)
{
	char name[4 * sizeof(ppp->caller)];

	pptp_escape(ppp->caller, name, sizeof(name));
	if (ppp->caller_refused == REPORT_REFUSED_NAME)
		reason_set(reason, 403, "There is no user %.300s.", name);
	else if (ppp->caller_refused == REPORT_REFUSED_NO_ANSWER)
		reason_set(
		    reason, 107, "The password of %.300s could not be looked up in time.", name);
	else
		reason_set(reason, 403,
		    "The caller did not prove that it knows the password of %.300s.", name);
	reason_next(reason, "%s", "");
}

/* What was wrong with PPP before the call was up, by the plugin's reports.  False: nothing. */
static bool
reason_reported(struct reason *reason, const struct answer *answer)
{
	const struct ppp *ppp = &answer->line.ppp;
	if (answer->stage >= STAGE_UP)
		return false;
	if (ppp->caller_refused != 0)
		reason_refused(reason, ppp);
	else if (answer->listener->config->mppe == MPPE_REQUIRE && ppp->ccp_why != 0)
		reason_ccp(reason, answer);
	else
		return false;
	return true;
}

/* It said so itself, in order. */
static void
reason_hung_up(struct reason *reason, const struct answer *answer, const struct pptp_event *event)
{
	char error[100];

	/* That MPPE was not agreed on by then may come of the end itself. */
	if (answer->line.ppp.ccp_why != REPORT_CCP_UNKNOWN && reason_reported(reason, answer))
		return;
	/* It has waited long enough to have hung up because of that. */
	if (answer_reason_gre(reason, answer, clock_now()))
		return;
	if (event->cause == PPTP_CAUSE_PEER_CLEAR)
		reason_set(reason, 210, "The caller hung up (Call-Clear-Request).");
	else if (event->cause == PPTP_CAUSE_PEER_STOP)
		reason_set(reason, 204,
		    "The caller closed the control connection: Stop-Control-Connection-Request, "
		    "reason %u (%s).",
		    event->code, pptp_stop_reason_name(event->code));
	else
		reason_set(reason, 210,
		    "The caller ended the call: Call-Disconnect-Notify, result %u (%s)%s.",
		    event->code, pptp_cdn_result_name(event->code),
		    reason_general_error(event->error_code, error, sizeof(error)));
	reason->exit_code = EXIT_PEER_HANGUP;
}

void
answer_reason_call(
    struct reason *reason, const struct answer *answer, const struct pptp_event *event)
{
	int error = conn_error(answer->caller->conn);

	switch (event->cause) {
	case PPTP_CAUSE_PEER_CLEAR:
	case PPTP_CAUSE_PEER_STOP:
	case PPTP_CAUSE_PEER_DISCONNECT:
		reason_hung_up(reason, answer, event);
		return;
	case PPTP_CAUSE_TCP_CLOSED:
		if (reason_reported(reason, answer) ||
		    answer_reason_gre(reason, answer, clock_now()))
			return;
		reason_set(reason, 211,
		    "The caller ended the control connection without a word: %s.",
		    error == 0 ? "it closed TCP" : strerror(error));
		return;
	case PPTP_CAUSE_ECHO_TIMEOUT:
		reason_set(reason, 601, "The caller went dead: no answer to Echo-Request in %u s.",
		    answer->listener->config->control_echo_wait + 60 * event->code);
		return;
	case PPTP_CAUSE_CALL_TIMEOUT:
		reason_set(reason, 209, "The caller did not send Incoming-Call-Connected in %u s.",
		    answer->listener->config->reply_timeout);
		return;
	case PPTP_CAUSE_PROTOCOL:
		reason_set(reason, 206, "What the caller sent is not PPTP, or broken: %s.",
		    pptp_strerror(-(int)event->code));
		return;
	case PPTP_CAUSE_NONE:
	case PPTP_CAUSE_LOCAL:
	case PPTP_CAUSE_START_REFUSED:
	case PPTP_CAUSE_VERSION:
	case PPTP_CAUSE_START_TIMEOUT:
	case PPTP_CAUSE_CALL_REFUSED:
	case PPTP_CAUSE_STOP_TIMEOUT:
	case PPTP_CAUSE_CLEAR_TIMEOUT:
	case PPTP_CAUSE_START_UNWANTED:
	case PPTP_CAUSE_COLLISION:
	case PPTP_CAUSE_ANSWER_TIMEOUT:
	case PPTP_CAUSE_CTRL_DOWN:
		break;
	}
	reason_set(reason, 211, "The call ended: %s.", pptp_cause_name(event->cause));
}

/* By pppd's exit status (pppd(8)), when nothing that was reported says it better. */
static void
reason_status(struct reason *reason, const struct answer *answer, unsigned status)
{
	const struct ppp *ppp = &answer->line.ppp;
	const char *words = ppp_last_words(ppp);
	char user[256];

	switch (status) {
	case 2:
		reason_set(reason, 105, "pppd does not take its options. It said: %s", words);
		break;
	case 4:
		reason_set(reason, 101, "This kernel has no PPP. pppd said: %s", words);
		break;
	case 10:
		if (answer_reason_gre(reason, answer, clock_now()))
			break;
		reason_set(reason, 603, "%s: the caller did not agree. pppd said: %s",
		    ppp->lcp_up ? "PPP did not come to addresses" : "LCP did not come up", words);
		break;
	case 11:
	case 19:
	case 21:
		reason_set(reason, 403, "The caller did not prove that it knows the password%s.",
		    of_user(answer, user, sizeof(user)));
		break;
	case 15:
		line_reason_echo(reason, ppp, answer->listener->config, "call", "caller");
		break;
	case 17:
		reason_set(reason, 605, "Our own PPP packets come back to us.");
		break;
	case 0:
	case 5:
	case 16:
		reason_set(reason, 604, "%s (pppd's status %u). It said: %s",
		    status == 5 ? "pppd was told to end by somebody else on this host"
				: "pppd's link was cut, and the caller had not ended it",
		    status, words);
		break;
	default:
		reason_set(reason, 106, "pppd failed (status %u). It said: %s", status, words);
		break;
	}
}

void
answer_reason_pppd(struct reason *reason, const struct answer *answer, int wait_status)
{
	const struct ppp *ppp = &answer->line.ppp;
	char said[300] = "";

	if (WIFSIGNALED(wait_status)) {
		reason_set(reason, 106, "pppd was killed by signal %d (%s).", WTERMSIG(wait_status),
		    strsignal(WTERMSIG(wait_status)));
		return;
	}
	if (reason_reported(reason, answer))
		return;
	if (ppp->lcp_ended) {
		if (ppp->lcp_text[0] != '\0')
			snprintf(said, sizeof(said), ", saying \"%.200s\"", ppp->lcp_text);
		reason_set(
		    reason, 604, "The caller ended the PPP link (LCP Terminate-Request)%s.", said);
		return;
	}
	/* pppd 2.4.9 makes 16 of the 15 with which the link ended: the plugin knows better. */
	reason_status(reason, answer,
	    ppp->exit_reported ? ppp->exit_status : (unsigned)WEXITSTATUS(wait_status));
}

void
answer_reason_slow(struct reason *reason, const struct answer *answer)
{
	if (reason_reported(reason, answer) || answer_reason_gre(reason, answer, clock_now()))
		return;
	reason_set(reason, 603, "PPP did not come up in %u s; it had reached \"%s\".", PPP_SECONDS,
	    stage_name(answer->stage));
}
