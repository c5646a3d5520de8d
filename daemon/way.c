/* way.c: see way.h. */
#include "way.h"

#include <errno.h>
#include <string.h>

#include "pin.h"
#include "rtnl.h"

static int
take_attribute(const struct nlattr *attr, void *ctx)
{
	struct way *way = ctx;
	uint16_t type = mnl_attr_get_type(attr), len = mnl_attr_get_payload_len(attr);

	if ((type == RTA_GATEWAY || type == RTA_VIA) && len <= sizeof(way->gateway)) {
		way->gateway_kind = type;
		way->gateway_len = len;
		memcpy(way->gateway, mnl_attr_get_payload(attr), len);
	} else if (len != sizeof(uint32_t)) {
		return MNL_CB_OK;
	} else if (type == RTA_OIF) {
		way->interface = mnl_attr_get_u32(attr);
	} else if (type == RTA_PREFSRC) {
		way->source.s_addr = mnl_attr_get_u32(attr);
	} else if (type == RTA_DST) {
		way->to.address.s_addr = mnl_attr_get_u32(attr);
	} else if (type == RTA_PRIORITY) {
		way->metric = mnl_attr_get_u32(attr);
	}
	return MNL_CB_OK;
}

void
way_of_route(const struct nlmsghdr *message, struct way *way)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	*way = (struct way){.type = rtm->rtm_type, .to.bits = rtm->rtm_dst_len};
	mnl_attr_parse(message, sizeof(*rtm), take_attribute, way);
}

static int
take_way(const struct nlmsghdr *message, void *ctx)
{
	way_of_route(message, ctx);
	return MNL_CB_STOP;
}

struct covering {
	const struct net *net;
	unsigned but;    /* index: not over this one */
	struct way best; /* the longest that covers all of it, of those the one that goes first */
};

static int
take_covering(const struct nlmsghdr *message, void *ctx)
{
	struct covering *covering = ctx;
	struct way *best = &covering->best, way;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	if (rtm->rtm_table != RT_TABLE_MAIN || rtm->rtm_type != RTN_UNICAST || rtm->rtm_tos != 0 ||
	    (rtm->rtm_flags & RTNH_F_DEAD) != 0 || rtm->rtm_protocol == PIN_PROTOCOL ||
	    rtm->rtm_protocol == ROUTES_PROTOCOL)
		return MNL_CB_OK;
	way_of_route(message, &way);
	if ((covering->but == 0 || way.interface != covering->but) &&
	    way.to.bits <= covering->net->bits && net_covers(&way.to, covering->net->address) &&
	    (best->type == 0 || way.to.bits > best->to.bits ||
		(way.to.bits == best->to.bits && way.metric < best->metric)))
		*best = way;
	return MNL_CB_OK;
}

/*
 * The way of a network is that of the route that covers all of it: where a part of it has another
 * one, that route is longer, and goes before ours as well.
 */
int
way_of_network(const struct net *net, unsigned but, struct way *way)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct covering covering = {.net = net, .but = but};
	int error;

	rtm->rtm_table = RT_TABLE_MAIN;
	error = rtnl_ask(message, take_covering, &covering);
	*way = covering.best;
	if (error == 0 && way->type == 0)
		error = ENETUNREACH;
	if (error == 0 && way->interface == 0)
		error = EOPNOTSUPP; /* several at once */
	return error;
}

int
way_of_host(struct in_addr to, uint32_t mark, unsigned interface, struct way *way)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, RTM_GETROUTE, 0);

	rtnl_destination(message, &(struct net){to, 32});
	if (mark != 0)
		mnl_attr_put_u32(message, RTA_MARK, mark);
	if (interface != 0)
		mnl_attr_put_u32(message, RTA_OIF, interface);
	return rtnl_ask(message, take_way, way);
}

bool
way_is_same(const struct way *one, const struct way *other)
{
	return one->type == other->type && one->interface == other->interface &&
	       one->source.s_addr == other->source.s_addr &&
	       one->gateway_kind == other->gateway_kind && one->gateway_len == other->gateway_len &&
	       memcmp(one->gateway, other->gateway, one->gateway_len) == 0;
}
