/* peer_words.c: how a tunnel is, in a word and in numbers, without JSON. */
#include <stdio.h>
#include <string.h>

#include "peer_int.h"

/* interface.md 4: starting resolving connecting control calling gre lcp auth network up closing */
const char *
peer_state_name(const struct peer *peer)
{
	switch (peer->phase) {
	case PEER_IDLE:
		return peer->engine->wait_until != 0 ? "waiting" : "starting";
	case PEER_RESOLVING:
		return "resolving";
	case PEER_CONNECTING:
		return "connecting";
	case PEER_CONTROL:
		return "control";
	case PEER_CALLING:
		return "calling";
	case PEER_PPP:
		break;
	case PEER_HANGUP:
	case PEER_CLEARING:
	case PEER_FINISHING:
	case PEER_ENDED:
		return "closing";
	}
	if (peer->stage >= STAGE_UP)
		return "up";
	if (peer->stage < STAGE_GRE)
		return "gre";
	if (!peer->line.ppp.lcp_up)
		return "lcp";
	return peer->line.ppp.auth_ok ? "network" : "auth";
}

void
peer_gre_counters(
    const struct peer *peer, struct pptp_session_stats *stats, struct gre_errors *errors)
{
	line_counters(&peer->line, stats, errors);
}

void
peer_octets(const struct peer *peer, uint64_t *rx, uint64_t *tx)
{
	struct channel_counters counters = {0};
	struct pptp_session_stats stats = {0};

	if (peer->line.gre != NULL)
		gre_sock_stats(peer->line.gre, &stats);
	else if (peer->line.channel != NULL && config_kernel_path(peer->config))
		peer->line.channel->ops->counters(
		    peer->line.channel, peer->line.ppp.ifname, &counters);
	if (!counters.known) { /* the interface is gone, or there was none */
		counters.rx_bytes = peer->kernel_rx;
		counters.tx_bytes = peer->kernel_tx;
	}
	*rx = stats.rx_bytes + counters.rx_bytes;
	*tx = stats.tx_bytes + counters.tx_bytes;
}

void
peer_keep_octets(struct peer *peer)
{
	if (config_kernel_path(peer->config))
		peer_octets(peer, &peer->kernel_rx, &peer->kernel_tx);
}

void
peer_statistics(const struct peer *peer, uint64_t now)
{
	struct pptp_session_stats stats = {0};
	char gre[160] = "not counted by the kernel";
	uint64_t rx, tx;

	if (peer->line.gre != NULL)
		gre_sock_stats(peer->line.gre, &stats);
	if (!config_kernel_path(peer->config))
		snprintf(gre, sizeof(gre),
		    "received %llu, lost %llu, reordered %llu, duplicate %llu",
		    (unsigned long long)stats.rx_packets, (unsigned long long)stats.rx_lost,
		    (unsigned long long)stats.rx_reordered, (unsigned long long)stats.rx_duplicate);
	peer_octets(peer, &rx, &tx);
	engine_note(peer->engine, 0,
	    "statistics: state %s for %llu s, redials %u, GRE %s; octets received %llu, sent %llu",
	    peer_state_name(peer), (unsigned long long)((now - peer->phase_since) / PPTP_SEC),
	    peer->engine->history.redials, gre, (unsigned long long)rx, (unsigned long long)tx);
}
