/* routes_seen.c: which of the routes asked for are there, when somebody else sets them (hooks.script). */
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "routes.h"
#include "rtnl.h"

struct seen {
	const struct routes_tunnel *tunnel;
	struct routes *routes;
	bool kept; /* the server's way */
};

struct route {
	struct net to;
	uint32_t interface;
	struct in_addr gateway;
};

static int
take_attribute(const struct nlattr *attr, void *ctx)
{
	struct route *route = ctx;

	if (mnl_attr_get_payload_len(attr) != sizeof(uint32_t))
		return MNL_CB_OK;
	if (mnl_attr_get_type(attr) == RTA_DST)
		route->to.address.s_addr = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == RTA_OIF)
		route->interface = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == RTA_GATEWAY)
		route->gateway.s_addr = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static bool
same(const struct net *a, const struct net *b)
{
	return a->bits == b->bits && a->address.s_addr == b->address.s_addr;
}

/* Past the tunnel, for the server alone. */
static bool
take_pin(struct pin *pin, const struct route *route)
{
	if (if_indextoname(route->interface, pin->device) == NULL)
		return false;
	pin->via[0] = '\0';
	if (route->gateway.s_addr != htonl(INADDR_ANY))
		inet_ntop(AF_INET, &route->gateway, pin->via, sizeof(pin->via));
	return true;
}

static int
take_route(const struct nlmsghdr *message, void *ctx)
{
	static const struct net everything = {.bits = 0};
	struct seen *seen = ctx;
	const struct config *config = seen->tunnel->config;
	const struct net server = {seen->tunnel->server, 32};
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct route route = {.to.bits = rtm->rtm_dst_len};

	if (rtm->rtm_table != RT_TABLE_MAIN || rtm->rtm_type != RTN_UNICAST || rtm->rtm_tos != 0)
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*rtm), take_attribute, &route);
	if (route.interface != seen->tunnel->interface) {
		if (same(&route.to, &server))
			seen->kept = take_pin(&seen->routes->server, &route);
		return MNL_CB_OK;
	}
	if (config->route_default && same(&route.to, &everything))
		seen->routes->set |= ROUTES_DEFAULT;
	for (unsigned i = 0; i < config->routes_through.count; i++) {
		if (same(&route.to, &config->routes_through.net[i]))
			seen->routes->set |= ROUTES_NET(i);
	}
	return MNL_CB_OK;
}

bool
routes_look(struct routes *routes, const struct routes_tunnel *tunnel)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct seen seen = {tunnel, routes, false};

	*routes = (struct routes){.through = tunnel->config->routes_through};
	rtm->rtm_table = RT_TABLE_MAIN;
	return rtnl_ask(message, take_route, &seen) == 0 && seen.kept;
}
