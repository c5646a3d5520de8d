/*
 * hook_script.c: what a script of openconnect's protocol is told (the head of vpnc-script has its
 * names), so that Debian's vpnc-script works as it is.
 *
 * The interface and its address are pppd's, and are there; the script may set them again.  A netmask
 * is not told: the link is point-to-point, and has no network of its own.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#include "dns.h"
#include "hook.h"

const char *
hook_script_reason(enum hook_event event)
{
	switch (event) {
	case HOOK_PRE_DIAL:
		return "pre-init";
	case HOOK_UP:
		return "connect";
	case HOOK_DOWN:
		return "disconnect";
	/*
	 * No reconnect: that is a session that goes on over the same interface.  A redial makes
	 * a new one, between a disconnect and a connect.
	 */
	case HOOK_RENEW:
	case HOOK_AUTH_FAILED:
	case HOOK_WAITING:
	case HOOK_CALL_UP: /* of many, and of no client */
	case HOOK_CALL_DOWN:
	case HOOK_EVENTS:
		break;
	}
	return NULL;
}

/* kind: "INC", "EXC". */
static void
put_net(struct hook_env *env, const char *kind, unsigned number, const struct net *net)
{
	struct in_addr mask = {
	    .s_addr = net->bits == 0 ? 0 : htonl(UINT32_MAX << (32 - net->bits))};
	char ip[INET_ADDRSTRLEN];

	hook_put(env, "CISCO_SPLIT_%s_%u_ADDR=%s", kind, number,
	    inet_ntop(AF_INET, &net->address, ip, sizeof(ip)));
	hook_put(env, "CISCO_SPLIT_%s_%u_MASK=%s", kind, number,
	    inet_ntop(AF_INET, &mask, ip, sizeof(ip)));
	hook_put(env, "CISCO_SPLIT_%s_%u_MASKLEN=%u", kind, number, (unsigned)net->bits);
	hook_put(env, "CISCO_SPLIT_%s_%u_PROTOCOL=0", kind, number);
	hook_put(env, "CISCO_SPLIT_%s_%u_SPORT=0", kind, number);
	hook_put(env, "CISCO_SPLIT_%s_%u_DPORT=0", kind, number);
}

static unsigned
put_nets(struct hook_env *env, const char *kind, const struct config_nets *nets)
{
	for (unsigned i = 0; i < nets->count; i++)
		put_net(env, kind, i, &nets->net[i]);
	return nets->count;
}

/*
 * Without CISCO_SPLIT_INC everything goes through the tunnel; with 0 of them nothing does.  Everything,
 * and some networks besides: 0.0.0.0 is everything there.
 */
static void
put_routes(struct hook_env *env, const struct config *config)
{
	static const struct net everything = {.bits = 0};
	unsigned count;

	if (!config->route_default || config->routes_through.count != 0) {
		count = put_nets(env, "INC", &config->routes_through);
		if (config->route_default)
			put_net(env, "INC", count++, &everything);
		hook_put(env, "CISCO_SPLIT_INC=%u", count);
	}
	count = put_nets(env, "EXC", &config->routes_except);
	if (count != 0)
		hook_put(env, "CISCO_SPLIT_EXC=%u", count);
}

/* A server that has only one may tell it twice, as pppd does. */
static void
put_dns(struct hook_env *env, const struct in_addr dns[2])
{
	char first[INET_ADDRSTRLEN] = "", second[INET_ADDRSTRLEN] = "";

	if (dns[0].s_addr != htonl(INADDR_ANY))
		inet_ntop(AF_INET, &dns[0], first, sizeof(first));
	if (dns[1].s_addr != htonl(INADDR_ANY) && dns[1].s_addr != dns[0].s_addr)
		inet_ntop(AF_INET, &dns[1], second, sizeof(second));
	if (first[0] != '\0' || second[0] != '\0')
		hook_put(env, "INTERNAL_IP4_DNS=%s%s%s", first,
		    first[0] != '\0' && second[0] != '\0' ? " " : "", second);
}

void
hook_script_env(struct hook_env *env, const struct hook_facts *facts)
{
	const struct ipc_network *network = facts->network;

	hook_put(env, "reason=%s", hook_script_reason(facts->event));
	hook_put(env, "VPNPID=%d", (int)getpid());
	if (facts->address.s_addr != htonl(INADDR_ANY))
		hook_put_address(env, "VPNGATEWAY", facts->address);
	else
		hook_put(env, "VPNGATEWAY=%s", facts->server);
	put_routes(env, facts->config);
	if (network == NULL) {
		if (facts->config->interface[0] != '\0')
			hook_put(env, "TUNDEV=%s", facts->config->interface);
		return;
	}
	hook_put(env, "TUNDEV=%s", network->interface);
	hook_put_address(env, "INTERNAL_IP4_ADDRESS", network->local);
	hook_put(env, "INTERNAL_IP4_MTU=%u", (unsigned)network->mtu);
	if (dns_is_scripts(facts->config))
		put_dns(env, network->dns);
}
