/* answer_ppp.c: what the pppd of an answered call reports. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "listener_int.h"

/* We are the PNS of an incoming call: its PAC is told the maps (RFC 2637 2.15). */
static void
on_lcp_up(struct answer *answer, const struct report *report)
{
	answer_reached(answer, STAGE_LCP);
	if (answer->incoming && answer->call_alive) {
		pptp_call_set_link_info(conn_ctrl(answer->caller->conn), answer->line.local_call_id,
		    report->u.lcp.send_accm, report->u.lcp.receive_accm, clock_now());
		turn_want(&answer->caller->turn);
	}
}

static void
on_ip_up(struct answer *answer)
{
	const struct ppp *ppp = &answer->line.ppp;
	struct reason reason;
	struct ipc_msg msg;

	answer->ppp_due = PPTP_NEVER; /* what takes its time now is the keeper's: a hook */
	if (!line_may_come_up(&reason, ppp, "caller", true)) {
		answer_end(answer, &reason);
		return;
	}
	if (answer->listener->config->mppe == MPPE_REQUIRE && ppp->mppe_bits == 0) {
		reason_set(&reason, 501,
		    "Encryption is required here, and pppd came up without it, as by one of its "
		    "own options files.");
		reason_next(&reason, "look for nomppe or noccp in /etc/ppp/options*");
		answer_end(answer, &reason);
		return;
	}
	ipc_init(&msg, IPC_NETWORK);
	msg.call = answer->number;
	memcpy(msg.u.network.interface, ppp->ifname, sizeof(msg.u.network.interface));
	msg.u.network.local = ppp->local;
	msg.u.network.peer = ppp->peer;
	msg.u.network.outer = answer->caller->local;
	msg.u.network.mtu = ppp->mtu;
	msg.u.network.mppe_bits = ppp->mppe_bits;
	msg.u.network.call_id = answer->line.local_call_id;
	msg.u.network.peer_call_id = answer->line.peer_call_id;
	pptp_escape(answer->caller->peer.host_name, msg.u.network.peer_hostname,
	    sizeof(msg.u.network.peer_hostname));
	memcpy(msg.u.network.caller, ppp->caller, sizeof(msg.u.network.caller));
	engine_send(answer->listener->engine, &msg);
}

static void
on_report(void *ctx, const struct report *report)
{
	struct answer *answer = ctx;

	turn_want(&answer->turn);
	answer_started(answer);
	if (answer->phase != ANSWER_PPP)
		return; /* it is kept */
	switch ((enum report_kind)report->kind) {
	case REPORT_LCP_UP:
		on_lcp_up(answer, report);
		break;
	case REPORT_AUTH_OK:
		answer_reached(answer, STAGE_AUTH);
		break;
	case REPORT_IP_UP:
		on_ip_up(answer);
		break;
	case REPORT_CALLER_OK:
		answer->caller_known = true;
		answer->auth = report->u.auth.method;
		pptp_escape(answer->line.ppp.caller, answer->user, sizeof(answer->user));
		break;
	case REPORT_CALLER_REFUSED:
	case REPORT_AUTH_FAIL: /* pppd ends, and what was reported says why */
	case REPORT_HEARD:
	case REPORT_IP_DOWN:
	case REPORT_HELLO:
	case REPORT_PHASE:
	case REPORT_AUTH_ASKED:
	case REPORT_PEER_PROOF:
	case REPORT_ECHO_SPARED:
	case REPORT_LCP_ENDED:
	case REPORT_CCP_FAIL:
	case REPORT_CCP_UP:
	case REPORT_LINK_DOWN:
	case REPORT_EXIT:
		break;
	}
}

static void
on_bad_report(void *ctx)
{
	struct answer *answer = ctx;
	struct reason reason;

	reason_plugin(&reason, answer->listener->config->plugin_path);
	answer_end(answer, &reason);
}

static void
on_report_over(void *ctx)
{
	struct answer *answer = ctx;

	if (answer->listener->engine->orphan)
		answer->line.ppp.running = false; /* nobody else will tell us */
	turn_want(&answer->turn);
}

static void
on_logged(void *ctx, const char *text)
{
	const struct answer *answer = ctx;

	engine_note(answer->listener->engine, 2, "call %u: pppd: %s", answer->number, text);
}

/* Its exit status tells. */
static void
on_channel_closed(void *ctx)
{
	(void)ctx;
}

static void
on_carried(void *ctx)
{
	struct answer *answer = ctx;

	if (!answer->in_turn)
		turn_want(&answer->turn);
}

struct line_owner
answer_line_owner(struct answer *answer)
{
	return (struct line_owner){.report = on_report,
	    .bad_report = on_bad_report,
	    .report_over = on_report_over,
	    .logged = on_logged,
	    .channel_closed = on_channel_closed,
	    .carried = on_carried,
	    .note_level = answer->listener->told_of_path ? 1 : 0,
	    .ctx = answer};
}
