/* peer_reason_gre.c: why no GRE comes, from all the evidence there is (design D7): E301 to E304. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>

#include "peer_int.h"

/* All that is known. */
struct evidence {
	const struct sniff_evidence *seen;
	const struct firewall_result *found;
	struct gre_errors errors;
	struct pptp_session_stats stats;
	char ip[INET_ADDRSTRLEN];
	uint64_t seconds; /* since the call is open */
	bool counted;     /* not by the kernel */
};

/* RFC 792, RFC 1812 5.2.7.1. */
static const char *
icmp_words(const struct gre_icmp *icmp, char *out, size_t size)
{
	static const char *const unreachable[] = {"network unreachable", "host unreachable",
	    "protocol unreachable", "port unreachable", "fragmentation needed",
	    "source route failed", "network unknown", "host unknown", "source host isolated",
	    "network prohibited", "host prohibited", "network unreachable for this type of service",
	    "host unreachable for this type of service", "communication prohibited"};

	if (icmp->type == ICMP_DEST_UNREACH &&
	    icmp->code < sizeof(unreachable) / sizeof(unreachable[0]))
		return unreachable[icmp->code];
	if (icmp->type == ICMP_TIME_EXCEEDED)
		return "time exceeded";
	snprintf(out, size, "type %u code %u", icmp->type, icmp->code);
	return out;
}

static bool
is_prohibited(const struct gre_icmp *icmp)
{
	return icmp->code == ICMP_NET_ANO || icmp->code == ICMP_HOST_ANO ||
	       icmp->code == ICMP_PKT_FILTERED;
}

/* Some host has said that our packets do not arrive. */
static void
gre_icmp(struct reason *reason, const struct evidence *evidence)
{
	const struct gre_icmp *icmp = &evidence->errors.icmp;
	char who[INET_ADDRSTRLEN], words[32];

	inet_ntop(AF_INET, &icmp->from, who, sizeof(who));
	reason_set(reason, 301,
	    "The call is open, but no GRE packet has come from %s in %llu s (sent %llu, received "
	    "0). Our packets came back by ICMP: %s%s says \"%s\".",
	    evidence->ip, (unsigned long long)evidence->seconds,
	    (unsigned long long)evidence->stats.tx_packets,
	    strcmp(who, evidence->ip) == 0 ? "the server " : "", who,
	    icmp_words(icmp, words, sizeof(words)));
	if (icmp->type != ICMP_DEST_UNREACH)
		return;
	if (icmp->code == ICMP_PROT_UNREACH)
		reason_next(reason,
		    "%s takes no IP protocol 47: the PPTP service there, or its GRE, does not run, "
		    "or it is "
		    "not the server that TCP reaches",
		    who);
	else if (is_prohibited(icmp))
		reason_next(reason, "allow IP protocol 47 (GRE, PPTP pass-through) on %s", who);
	else
		reason_next(reason, "mend the way for IP protocol 47 (GRE) at %s", who);
}

static void
gre_silence(struct reason *reason, const struct evidence *evidence)
{
	const struct firewall_finding *in = &evidence->found->in;
	const char *looked = firewall_looked_at(evidence->found);
	char counted[64] = "", here[256];

	if (evidence->counted)
		snprintf(counted, sizeof(counted), " (sent %llu, received 0)",
		    (unsigned long long)evidence->stats.tx_packets);
	if (in->sure != FIREWALL_NOTHING)
		snprintf(here, sizeof(here),
		    "; nothing arrived at this host, whose own firewall would %sdrop it as well "
		    "(%s)",
		    in->sure == FIREWALL_CERTAIN ? "" : "probably ", in->where);
	else if (looked[0] != '\0')
		snprintf(
		    here, sizeof(here), ". On this host nothing does (%s rules looked at)", looked);
	else
		snprintf(here, sizeof(here), "; nothing arrived at this host");
	reason_set(reason, 301,
	    "The call is open, but no GRE packet has come from %s in %llu s%s. Something on the "
	    "way, or the server itself, drops IP protocol 47%s.",
	    evidence->ip, (unsigned long long)evidence->seconds, counted, here);
}

/* Packets arrive at the interface, and none at our socket, or (`out`) sending says EPERM. */
static void
gre_dropped(struct reason *reason, const struct evidence *evidence, bool out)
{
	const struct firewall_finding *found = out ? &evidence->found->out : &evidence->found->in;
	const char *looked = firewall_looked_at(evidence->found), *to = out ? "to" : "from";
	char seen[96];

	if (!out)
		snprintf(seen, sizeof(seen),
		    "%llu packets arrived at the interface, none at our socket",
		    (unsigned long long)evidence->seen->ours);
	else if (evidence->counted)
		snprintf(seen, sizeof(seen), "sending says \"%s\"", strerror(EPERM));
	else
		snprintf(seen, sizeof(seen), "none comes back");
	if (found->sure != FIREWALL_NOTHING)
		reason_set(reason, 302, "This host's own firewall drops GRE %s %s (%s%s): %s.", to,
		    evidence->ip, found->sure == FIREWALL_CERTAIN ? "" : "probably ", found->where,
		    seen);
	else
		reason_set(reason, 302, "This host's own firewall drops GRE %s %s%s: %s.%s%s%s", to,
		    evidence->ip, out ? "" : " (or rp_filter does)", seen,
		    looked[0] != '\0' ? " No rule was found that does (" : "", looked,
		    looked[0] != '\0' ? " rules looked at)." : "");
	if (found->mend[0] != '\0')
		reason_next(reason, "%s", found->mend);
	else
		reason_next(reason, "let IP protocol 47 %s %s pass in this host's firewall%s", to,
		    evidence->ip, out ? "" : ", and look at rp_filter");
}

/*
 * It comes over another interface than the one that dial.bind has tied our socket to: no rule of a
 * firewall is to blame, and none that is mended would help.
 */
static bool
gre_elsewhere(struct reason *reason, const struct peer *peer, const struct evidence *evidence)
{
	const char *tied = peer->config->bind_device;
	char name[IF_NAMESIZE];

	if (tied[0] == '\0' || if_indextoname(evidence->seen->interface, name) == NULL ||
	    strcmp(name, tied) == 0)
		return false;
	reason_set(reason, 302,
	    "GRE from %s arrives over %s (%llu packets), and dial.bind lets in only what comes "
	    "over "
	    "%s.",
	    evidence->ip, name, (unsigned long long)evidence->seen->ours, tied);
	reason_next(reason,
	    "have the way back from the server lead over %s as well, or leave out dial.bind "
	    "(--bind)",
	    tied);
	return true;
}

/* The kernel sends by itself there, and counts nothing: what a rule says must do. */
static bool
drops_unseen(const struct evidence *evidence)
{
	return !evidence->counted && evidence->found->out.sure == FIREWALL_CERTAIN;
}

void
reason_gre(struct reason *reason, const struct peer *peer, uint64_t now)
{
	struct evidence evidence = {.seen = sniff_evidence(peer->sniff),
	    .found = &peer->found,
	    .seconds = (now - peer->phase_since) / PPTP_SEC,
	    .counted = peer->line.gre != NULL};
	const struct sniff_evidence *seen = evidence.seen;
	struct in_addr address = peer_server_address(peer);
	char other[INET_ADDRSTRLEN];

	peer_gre_counters(peer, &evidence.stats, &evidence.errors);
	inet_ntop(AF_INET, &address, evidence.ip, sizeof(evidence.ip));
	if (seen->ours > 0 && evidence.stats.rx_bad > 0) {
		/* They reach our socket: no firewall is to blame. */
		reason_set(reason, 301,
		    "The call is open, but none of the %llu GRE packets from %s can be read: their "
		    "headers are not those of RFC 2637 4.1.",
		    (unsigned long long)evidence.stats.rx_bad, evidence.ip);
		reason_next(
		    reason, "something on the way damages GRE, or the server is broken: ask there");
	} else if (seen->ours > 0) {
		if (!gre_elsewhere(reason, peer, &evidence))
			gre_dropped(reason, &evidence, false);
	} else if (evidence.errors.last_send_error == EPERM || drops_unseen(&evidence)) {
		gre_dropped(reason, &evidence, true);
	} else if (seen->other_call > 0) {
		reason_set(reason, 303,
		    "GRE comes from %s with Call ID %u, but %u was agreed: a NAT helper on the way "
		    "rewrote "
		    "one and not the other (unless another tunnel to that server runs here).",
		    evidence.ip, seen->call_id, peer->line.local_call_id);
	} else if (seen->other_address > 0) {
		reason_set(reason, 304, "GRE comes from %s, but %s was dialled.",
		    inet_ntop(AF_INET, &seen->address, other, sizeof(other)), evidence.ip);
	} else if (evidence.errors.icmp_count > 0) {
		gre_icmp(reason, &evidence);
	} else {
		gre_silence(reason, &evidence);
	}
}
