/* peer_status.c: what `status` shows of a tunnel, as JSON (interface.md 4). */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dns.h"
#include "peer_int.h"
#include "routes.h"

/* A text or null. */
static json_t *
text_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

/* What is told later than the rest of its object is null until then. */
static json_t *
number_if(bool known, uint64_t number)
{
	return known ? json_integer((json_int_t)number) : json_null();
}

static json_t *
address_json(struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	if (address.s_addr == htonl(INADDR_ANY))
		return json_null();
	return json_string(inet_ntop(AF_INET, &address, text, sizeof(text)));
}

static json_t *
server_json(const struct peer *peer)
{
	char host[4 * PPTP_NAME_LEN + 1], vendor[4 * PPTP_NAME_LEN + 1];
	struct in_addr address = {.s_addr = htonl(INADDR_ANY)};

	pptp_escape(peer->server.host_name, host, sizeof(host));
	pptp_escape(peer->server.vendor_name, vendor, sizeof(vendor));
	if (peer->address_count > 0)
		address = peer_server_address(peer);
	return json_pack("{s:s, s:o, s:i, s:o, s:o, s:o}", "name", peer_server_name(peer),
	    "address", address_json(address), "port", peer->config->port, "peer_hostname",
	    text_or_null(host), "peer_vendor", text_or_null(vendor), "firmware",
	    number_if(peer->control_up, peer->server.firmware_revision));
}

static json_t *
call_json(const struct peer *peer)
{
	if (!peer->call_up)
		return json_null();
	return json_pack("{s:i, s:i, s:s, s:I, s:i}", "local_id", peer->local_call_id, "peer_id",
	    peer->peer_call_id, "direction", "outgoing", "speed_bps",
	    (json_int_t)peer->call.connect_speed, "window", peer->call.packet_recv_window_size);
}

static json_t *
ago_ms(uint64_t then, uint64_t now)
{
	return number_if(then != 0, (now - then) / PPTP_MSEC);
}

/* What a session counts, under its name; on the kernel's path nobody does. */
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

static json_t *
gre_json(const struct peer *peer, uint64_t now)
{
	bool by_kernel =
	    peer->gre == NULL && peer->phase > PEER_CONNECTING && config_kernel_path(peer->config);
	struct pptp_session_stats stats = {0};
	struct gre_errors errors;
	uint64_t heard = by_kernel ? peer->kernel_heard : 0, value;
	json_t *json;

	if (peer->gre == NULL && !by_kernel)
		return json_null();
	peer_gre_counters(peer, &stats, &errors);
	if (peer->gre != NULL)
		heard = gre_sock_last_rx(peer->gre);
	json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "duplicate",
	    number_if(!by_kernel, stats.rx_duplicate + stats.rx_late), "bad",
	    number_if(!by_kernel, stats.rx_bad + errors.too_long), "wait_packets",
	    number_if(!by_kernel, stats.rx_wait_packets), "window",
	    number_if(!by_kernel && stats.tx_window != 0, stats.tx_window), "rtt_us",
	    number_if(stats.rtt != 0, stats.rtt), "last_rx_ms", ago_ms(heard, now));
	for (size_t i = 0; i < sizeof(gre_counters) / sizeof(gre_counters[0]); i++) {
		memcpy(&value, (const char *)&stats + gre_counters[i].offset, sizeof(value));
		json_object_set_new(json, gre_counters[i].key, number_if(!by_kernel, value));
	}
	return json;
}

static json_t *
dns_json(const struct ppp *ppp)
{
	json_t *dns = json_array();

	for (size_t i = 0; i < 2; i++) {
		if (ppp->dns[i].s_addr != 0)
			json_array_append_new(dns, address_json(ppp->dns[i]));
	}
	return dns;
}

/*
 * The interface's, as the kernel has them: IPv6CP agrees on the link's own only, and what is there
 * beside it has come by Router Advertisement, DHCPv6 or a hook.
 */
static json_t *
ipv6_json(const struct ppp *ppp)
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

/* How they were set, once that is known. */
static json_t *
dns_use_json(const struct ipc_dns *dns)
{
	return dns->use == DNS_AUTO || dns->use > DNS_HOOK
		   ? json_null()
		   : json_string(dns->ecode != 0 ? "off" : dns_use_name(dns->use));
}

static json_t *
ppp_json(const struct peer *peer)
{
	const struct ppp *ppp = &peer->ppp;
	uint64_t rx, tx;
	char login[520], user[4 * sizeof(login)];
	json_t *mppe = json_null();

	if (!ppp->running || ppp->pid == 0) /* or it has ended, and its interface with it */
		return json_null();
	if (config_login(peer->config, login, sizeof(login)) < 0)
		login[0] = '\0';
	pptp_escape(login, user, sizeof(user)); /* JSON takes UTF-8 only */
	peer_octets(peer, &rx, &tx);
	if (ppp->mppe_bits != 0)
		mppe = json_pack("{s:i, s:b}", "bits", (int)ppp->mppe_bits, "stateful",
		    (int)(ppp->mppe_stateful != 0));
	return json_pack(
	    "{s:o, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}",
	    "interface", text_or_null(ppp->ifname), "pppd_pid", (int)ppp->pid, "auth",
	    ppp->auth_ok ? json_string(auth_name(ppp->auth)) : json_null(), "user", user, "mppe",
	    mppe, "local", address_json(ppp->local), "peer", address_json(ppp->peer), "ipv6",
	    ipv6_json(ppp), "mtu", number_if(ppp->mtu != 0, ppp->mtu), "dns", dns_json(ppp),
	    "dns_use", dns_use_json(&peer->dns), "dns_why", text_or_null(peer->dns.why),
	    "dns_error", peer->dns.ecode != 0 ? json_string("E702") : json_null(), "rx_bytes",
	    (json_int_t)rx, "tx_bytes", (json_int_t)tx);
}

/* Why it is this one (design D5). */
static json_t *
path_why_json(const struct peer *peer)
{
	char text[160];

	if (peer->channel == NULL)
		return json_null();
	if (peer->config->data_path != PATH_AUTO)
		return json_string("as configured");
	if (peer->no_tap[0] == '\0')
		return json_string("the fastest that can be had");
	snprintf(text, sizeof(text), "no TAP: %s", peer->no_tap);
	return json_string(text);
}

static json_t *
channel_json(const struct peer *peer)
{
	struct channel_stats stats;

	if (peer->channel == NULL || config_kernel_path(peer->config))
		return json_null();
	peer->channel->ops->stats(peer->channel, &stats);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "to_ppp", (json_int_t)stats.to_ppp,
	    "from_ppp", (json_int_t)stats.from_ppp, "dropped", (json_int_t)stats.dropped, "bad",
	    (json_int_t)stats.bad, "foreign", (json_int_t)stats.foreign);
}

static json_t *
control_json(const struct peer *peer, uint64_t now)
{
	if (!peer->control_up)
		return json_null();
	return json_pack("{s:o, s:o}", "echo_rtt_us",
	    number_if(peer->echo_rtt != 0, peer->echo_rtt), "last_rx_ms",
	    ago_ms(conn_last_rx(peer->conn), now));
}

static json_t *
routes_json(const struct peer *peer, bool up)
{
	const struct config_nets *through = &peer->routes.through;
	json_t *routes = json_array();
	char net[NET_TEXT];

	if (up && (peer->routes.set & ROUTES_DEFAULT) != 0)
		json_array_append_new(routes, json_string("default"));
	for (unsigned i = 0; up && i < through->count; i++) {
		if ((peer->routes.set & ROUTES_NET(i)) == 0)
			continue;
		net_text(&through->net[i], net, sizeof(net));
		json_array_append_new(routes, json_string(net));
	}
	return routes;
}

static json_t *
server_route_json(const struct peer *peer, bool up)
{
	if (!up || peer->routes.pinned == 0)
		return json_null();
	return json_pack("{s:o, s:s, s:b}", "via", text_or_null(peer->routes.via), "dev",
	    peer->routes.device, "added", 1);
}

json_t *
peer_status(const struct peer *peer, uint64_t now)
{
	const struct engine *engine = peer->engine;
	bool up = peer->phase == PEER_PPP && peer->stage >= STAGE_UP;
	uint64_t wait = engine->wait_until > now ? engine->wait_until - now : 0;

	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:i, s:i, s:o, s:[]}",
	    "name", peer->config->name, "role", "dial", "state", peer_state_name(peer), "since",
	    (json_int_t)peer->since_wall, "uptime_s",
	    number_if(up, (now - peer->up_since) / PPTP_SEC), "server", server_json(peer), "call",
	    call_json(peer), "data_path",
	    peer->channel != NULL ? json_string(peer->channel->ops->name) : json_null(),
	    "data_path_why", path_why_json(peer), "channel", channel_json(peer), "gre",
	    gre_json(peer, now), "ppp", ppp_json(peer), "control", control_json(peer, now),
	    "routes", routes_json(peer, up), "server_route", server_route_json(peer, up),
	    "last_end", last_end_json(&engine->history.last_end), "redials",
	    (int)engine->history.redials, "tries", (int)engine->history.tries, "next_try_s",
	    number_if(engine->wait_until != 0, wait / PPTP_SEC), "calls");
}
