/* peer_status.c: what `status` shows of a tunnel, as JSON (interface.md 4). */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "config_keys.h"
#include "dns.h"
#include "peer_int.h"
#include "routes.h"
#include "text_json.h"

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
	return json_pack("{s:i, s:i, s:s, s:I, s:i}", "local_id", peer->line.local_call_id,
	    "peer_id", peer->line.peer_call_id, "direction",
	    peer->is_pac == peer->answered ? "outgoing" : "incoming", "speed_bps",
	    (json_int_t)peer->call_speed, "window", peer->line.peer_window);
}

static json_t *
gre_json(const struct peer *peer, uint64_t now)
{
	const struct pptp_session_stats none = {0};
	const struct gre_errors no_errors = {0};

	if (peer->line.gre != NULL)
		return line_gre_json(&peer->line, now);
	if (peer->phase <= PEER_CONNECTING || !config_kernel_path(peer->config))
		return json_null();
	return line_gre_counters_json(&none, &no_errors, false, peer->kernel_heard, now);
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
	const struct ppp *ppp = &peer->line.ppp;
	uint64_t rx, tx;
	char login[520], user[4 * sizeof(login)];

	if (!ppp->running || ppp->pid == 0) /* or it has ended, and its interface with it */
		return json_null();
	if (peer->answered) /* whoever calls says who it is */
		snprintf(login, sizeof(login), "%s", ppp->caller);
	else if (config_login(peer->config, login, sizeof(login)) < 0)
		login[0] = '\0';
	pptp_escape(login, user, sizeof(user)); /* JSON takes UTF-8 only */
	peer_octets(peer, &rx, &tx);
	return json_pack(
	    "{s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}",
	    "interface", text_or_null(ppp->ifname), "pppd_pid", (int)ppp->pid, "auth",
	    ppp->auth_ok ? json_string(ppp_auth_name(ppp->auth)) : json_null(), "user",
	    text_or_null(user), "mppe", ppp_mppe_json(ppp), "local", address_json(ppp->local),
	    "peer", address_json(ppp->peer), "ipv6", ipv6_json(ppp), "mtu",
	    number_if(ppp->mtu != 0, ppp->mtu), "dns", dns_json(ppp), "dns_use",
	    dns_use_json(&peer->dns), "dns_why", text_or_null(peer->dns.why), "dns_error",
	    peer->dns.ecode != 0 ? json_string("E702") : json_null(), "rx_bytes", (json_int_t)rx,
	    "tx_bytes", (json_int_t)tx);
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
			 "s:o, s:o, s:i, s:i, s:o, s:o, s:[]}",
	    "name", peer->config->name, "role", config_role_name(peer->config->role), "state",
	    peer_state_name(peer), "since", (json_int_t)peer->since_wall, "uptime_s",
	    number_if(up, (now - peer->up_since) / PPTP_SEC), "server", server_json(peer), "call",
	    call_json(peer), "data_path",
	    peer->line.channel != NULL ? json_string(peer->line.channel->ops->name) : json_null(),
	    "data_path_why", line_path_why_json(&peer->line), "channel",
	    line_channel_json(&peer->line), "gre", gre_json(peer, now), "ppp", ppp_json(peer),
	    "control", control_json(peer, now), "routes", routes_json(peer, up), "server_route",
	    server_route_json(peer, up), "last_end", last_end_json(&engine->history.last_end),
	    "redials", (int)engine->history.redials, "tries", (int)engine->history.tries,
	    "next_try_s",
	    number_if(engine->wait_until != 0 && engine->wait_until != PPTP_NEVER, wait / PPTP_SEC),
	    "dial_refused", last_end_json(&engine->history.barred), "calls");
}
