/*
 * answer_gre.c: why the GRE of an answered call does not come, or ours does not arrive (design D7):
 * E301 to E304, in words about its caller.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "listener_int.h"

/* RFC 1661 4.6, the Restart timer: by then our first Configure-Request would have had an answer. */
#define ANSWER_TIME (3 * PPTP_SEC)

/* All that is known. */
struct evidence {
	struct gre_evidence beside;
	struct pptp_session_stats stats;
	struct gre_errors errors;
	const struct firewall_result *found; /* NULL: nobody has looked */
	char ip[INET_ADDRSTRLEN];
	unsigned long long seconds; /* since the call is open */
};

/* Nothing came: which rules of this host there are, if any. */
static void
reason_silence(struct reason *reason, const struct evidence *evidence)
{
	const struct firewall_result *found = evidence->found;
	const char *looked = found != NULL ? firewall_looked_at(found) : "";

	if (found != NULL && found->in.sure != FIREWALL_NOTHING) {
		reason_set(reason, 302,
		    "The call was open, but no GRE packet came from the caller in %llu s: this "
		    "host's own firewall drops GRE from %s (%s%s).",
		    evidence->seconds, evidence->ip,
		    found->in.sure == FIREWALL_CERTAIN ? "" : "probably ", found->in.where);
		reason_next(reason, "%s",
		    found->in.mend[0] != '\0' ? found->in.mend
					      : "let IP protocol 47 in, in this host's firewall");
		return;
	}
	reason_set(reason, 301,
	    "The call was open, but no GRE packet came from the caller in %llu s. Something on the "
	    "way drops IP protocol 47%s%s%s",
	    evidence->seconds, looked[0] != '\0' ? "; on this host nothing does (" : ".", looked,
	    looked[0] != '\0' ? " rules looked at)." : "");
	reason_next(reason, "let IP protocol 47 (GRE) pass at the caller's router%s",
	    looked[0] != '\0' ? "" : ", and in this host's firewall");
}

static void
reason_nothing_came(struct reason *reason, const struct answer *answer, struct evidence *evidence)
{
	char other[INET_ADDRSTRLEN];

	gre_shared_evidence(answer->listener->gre, answer->caller->address,
	    answer->line.local_call_id, answer->call_since, &evidence->beside);
	if (evidence->stats.rx_bad > 0) {
		reason_set(reason, 301,
		    "The call was open, but none of the %llu GRE packets from the caller could be "
		    "read: their headers are not those of RFC 2637 4.1.",
		    (unsigned long long)evidence->stats.rx_bad);
		reason_next(reason, "something on the way damages GRE, or the caller is broken");
	} else if (evidence->errors.last_send_error == EPERM) {
		reason_set(reason, 302,
		    "This host's own firewall drops GRE to %s: sending says \"%s\".", evidence->ip,
		    strerror(EPERM));
		reason_next(reason, "let IP protocol 47 out, in this host's firewall");
	} else if (evidence->beside.other_address > 0) {
		reason_set(reason, 304,
		    "GRE with this call's Call ID came from %s (%llu packets), but %s has called: "
		    "the caller's GRE takes another way than its TCP.",
		    inet_ntop(AF_INET, &evidence->beside.address, other, sizeof(other)),
		    (unsigned long long)evidence->beside.other_address, evidence->ip);
		reason_next(reason,
		    "have the caller's network send both from one address (its NAT, its uplinks)");
	} else if (evidence->beside.other_call > 0) {
		reason_set(reason, 303,
		    "GRE came from %s with Call ID %u (%llu packets with others than ours), but %u "
		    "was agreed: a NAT helper on the way rewrote one and not the other (unless it "
		    "is "
		    "another call's).",
		    evidence->ip, evidence->beside.call_id,
		    (unsigned long long)evidence->beside.other_call, answer->line.local_call_id);
	} else {
		reason_silence(reason, evidence);
	}
}

/*
 * The caller acknowledges what it gets, on its own packets or alone (RFC 2637 4.1): nothing of ours
 * has arrived.  A NAT without a PPTP helper is like that: it knows TCP, and lets GRE out only.
 */
static void
reason_unheard(struct reason *reason, const struct evidence *evidence)
{
	reason_set(reason, 301,
	    "GRE comes from the caller (%llu packets), but ours does not arrive there: it has "
	    "acknowledged none of %llu in %llu s.",
	    (unsigned long long)evidence->stats.rx_packets,
	    (unsigned long long)evidence->stats.tx_packets, evidence->seconds);
	reason_next(reason,
	    "switch on PPTP pass-through (the helper of its NAT) at the caller's router, or let "
	    "IP protocol 47 (GRE) in there");
}

bool
answer_reason_gre(struct reason *reason, const struct answer *answer, uint64_t now)
{
	const struct config *config = answer->listener->config;
	uint64_t open = answer->call_since != 0 ? now - answer->call_since : 0;
	struct evidence evidence = {.found = answer->found, .seconds = open / PPTP_SEC};

	if (answer->line.ppp.lcp_up)
		return false;
	line_counters(&answer->line, &evidence.stats, &evidence.errors);
	inet_ntop(AF_INET, &answer->caller->address, evidence.ip, sizeof(evidence.ip));
	if (answer->stage < STAGE_GRE &&
	    (open >= config->gre_notice * PPTP_SEC || now >= answer->gre_due))
		reason_nothing_came(reason, answer, &evidence);
	else if (answer->stage == STAGE_GRE && open >= ANSWER_TIME && evidence.stats.rtt == 0 &&
		 evidence.stats.tx_packets > 0)
		reason_unheard(reason, &evidence);
	else
		return false;
	return true;
}

void
answer_look(struct answer *answer)
{
	struct ipc_msg msg;

	answer->look_due = PPTP_NEVER;
	answer->looks = true;
	ipc_init(&msg, IPC_FIREWALL);
	msg.call = answer->number;
	msg.u.look.local = answer->line.local;
	msg.u.look.peer = answer->caller->address;
	engine_send(answer->listener->engine, &msg);
}

bool
answer_waits_for_look(struct answer *answer, uint64_t now)
{
	if (!answer->looks || answer->end_waits)
		return false;
	answer->end_waits = true;
	answer->gre_due = now + FIREWALL_WAIT * PPTP_SEC;
	return true;
}

void
answer_looked(struct answer *answer, const struct firewall_result *found)
{
	answer->looks = false;
	if (answer->end_waits && answer->gre_due != PPTP_NEVER)
		answer->gre_due = clock_now();
	if (answer->found == NULL && answer->stage < STAGE_GRE)
		answer->found = malloc(sizeof(*answer->found));
	if (answer->found != NULL)
		*answer->found = *found;
}
