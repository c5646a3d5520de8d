/* line_status.c: what `status` shows of a line, as JSON (interface.md 4). */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "line.h"
#include "text_json.h"

/* What a session counts, under its name. */
static const struct {
	const char *key;
	size_t offset;
} gre_counters[] = {
#define COUNTER(key, member)                                     \
	{                                                        \
		key, offsetof(struct pptp_session_stats, member) \
	}
    COUNTER("rx", rx_packets),
    COUNTER("tx", tx_packets),
    COUNTER("lost", rx_lost),
    COUNTER("reordered", rx_reordered),
    COUNTER("acks_rx", rx_acks),
    COUNTER("acks_tx", tx_acks),
    COUNTER("far", rx_far),
    COUNTER("resync", rx_resync),
    COUNTER("other_call", rx_other_call),
    COUNTER("too_long", rx_too_long),
    COUNTER("wait_us", rx_wait),
    COUNTER("ack_timeouts", tx_timeouts),
    COUNTER("over_window", tx_over_window),
    COUNTER("tx_dropped", tx_dropped),
    COUNTER("ack_timeout_us", ack_timeout),
#undef COUNTER
};

json_t *
line_gre_counters_json(const struct pptp_session_stats *stats, const struct gre_errors *errors,
    bool counted, uint64_t heard, uint64_t now)
{
	uint64_t value;
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "duplicate",
	    number_if(counted, stats->rx_duplicate + stats->rx_late), "bad",
	    number_if(counted, stats->rx_bad + errors->too_long), "rx_dropped",
	    number_if(counted && !errors->shared, errors->full), "wait_packets",
	    number_if(counted, stats->rx_wait_packets), "window",
	    number_if(counted && stats->tx_window != 0, stats->tx_window), "rtt_us",
	    number_if(stats->rtt != 0, stats->rtt), "last_rx_ms", ago_ms(heard, now));

	for (size_t i = 0; i < sizeof(gre_counters) / sizeof(gre_counters[0]); i++) {
		memcpy(&value, (const char *)stats + gre_counters[i].offset, sizeof(value));
		json_object_set_new(json, gre_counters[i].key, number_if(counted, value));
	}
	return json;
}

json_t *
line_gre_json(const struct line *line, uint64_t now)
{
	struct pptp_session_stats stats;
	struct gre_errors errors;

	if (line->gre == NULL)
		return json_null();
	line_counters(line, &stats, &errors);
	return line_gre_counters_json(&stats, &errors, true, gre_sock_last_rx(line->gre), now);
}

json_t *
ppp_mppe_json(const struct ppp *ppp)
{
	if (ppp->mppe_bits == 0)
		return json_null();
	return json_pack(
	    "{s:i, s:b}", "bits", (int)ppp->mppe_bits, "stateful", (int)(ppp->mppe_stateful != 0));
}

/* Why it is this one (design D5). */
json_t *
line_path_why_json(const struct line *line)
{
	char text[160];

	if (line->channel == NULL)
		return json_null();
	if (line->engine->config->data_path != PATH_AUTO)
		return json_string("as configured");
	if (line->no_tap[0] == '\0')
		return json_string("the fastest that can be had");
	snprintf(text, sizeof(text), "no TAP: %s", line->no_tap);
	return json_string(text);
}

json_t *
line_channel_json(const struct line *line)
{
	struct channel_stats stats;

	if (line->channel == NULL || config_kernel_path(line->engine->config))
		return json_null();
	line->channel->ops->stats(line->channel, &stats);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "to_ppp", (json_int_t)stats.to_ppp,
	    "from_ppp", (json_int_t)stats.from_ppp, "dropped", (json_int_t)stats.dropped, "bad",
	    (json_int_t)stats.bad, "foreign", (json_int_t)stats.foreign);
}

/*
 * The interface's, as the kernel has them: IPv6CP agrees on the link's own only, and what is there
 * beside it has come by Router Advertisement, DHCPv6 or a hook.
 */
json_t *
ppp_ipv6_json(const struct ppp *ppp)
{
	json_t *addresses = json_array();
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in6 in6;
	struct ifaddrs *all;

	if (ppp->ifname[0] == '\0' || getifaddrs(&all) < 0)
		return addresses;
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET6 ||
		    strcmp(one->ifa_name, ppp->ifname) != 0)
			continue;
		memcpy(&in6, one->ifa_addr, sizeof(in6));
		inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text));
		json_array_append_new(addresses, json_string(text));
	}
	freeifaddrs(all);
	return addresses;
}
