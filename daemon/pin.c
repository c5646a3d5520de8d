/* pin.c: see pin.h. */
#include "pin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "rtnl.h"

#define LEFT_BEHIND 64 /* looked for at a time */

/* ----------------------------------------------------------------------------- the way now */

struct way {
	uint8_t type;       /* RTN_ */
	uint32_t interface; /* index */
	struct in_addr source;
	uint16_t
	    gateway_kind; /* RTA_GATEWAY, or RTA_VIA: an address of IPv6; 0: none, it is direct */
	uint16_t gateway_len;
	uint8_t gateway[sizeof(struct rtvia) + 16];
};

static int
take_attribute(const struct nlattr *attr, void *ctx)
{
	struct way *way = ctx;
	uint16_t type = mnl_attr_get_type(attr), len = mnl_attr_get_payload_len(attr);

	if (type == RTA_OIF && len == sizeof(uint32_t)) {
		way->interface = mnl_attr_get_u32(attr);
	} else if (type == RTA_PREFSRC && len == sizeof(uint32_t)) {
		way->source.s_addr = mnl_attr_get_u32(attr);
	} else if ((type == RTA_GATEWAY || type == RTA_VIA) && len <= sizeof(way->gateway)) {
		way->gateway_kind = type;
		way->gateway_len = len;
		memcpy(way->gateway, mnl_attr_get_payload(attr), len);
	}
	return MNL_CB_OK;
}

static int
take_way(const struct nlmsghdr *message, void *ctx)
{
	struct way *way = ctx;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	way->type = rtm->rtm_type;
	mnl_attr_parse(message, sizeof(*rtm), take_attribute, way);
	return MNL_CB_STOP;
}

/* Of a network the first address that can be a machine's: its own is no destination. */
static int
ask_way(const struct pin *pin, struct way *way)
{
	char buf[RTNL_REQUEST_SIZE] = {0};
	struct nlmsghdr *message = rtnl_route(buf, RTM_GETROUTE, 0);
	struct net first = {pin->to.address, 32};

	if (pin->to.bits < 31)
		first.address.s_addr |= htonl(1);
	rtnl_destination(message, &first);
	return rtnl_ask(message, take_way, way);
}

/* In words, for people. */
static void
tell_way(struct pin *pin, const struct way *way)
{
	struct rtvia via;

	if (if_indextoname(way->interface, pin->device) == NULL)
		pin->device[0] = '\0';
	if (way->gateway_kind == RTA_GATEWAY) {
		inet_ntop(AF_INET, way->gateway, pin->via, sizeof(pin->via));
	} else if (way->gateway_kind == RTA_VIA) {
		memcpy(&via, way->gateway, sizeof(via));
		inet_ntop(via.rtvia_family, way->gateway + sizeof(via), pin->via, sizeof(pin->via));
	}
}

static int
add(const struct pin *pin, const struct way *way, unsigned flags)
{
	char buf[RTNL_REQUEST_SIZE] = {0};
	struct nlmsghdr *message =
	    rtnl_route(buf, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	rtnl_destination(message, &pin->to);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = PIN_PROTOCOL;
	rtm->rtm_scope = way->gateway_kind == 0 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_flags = flags;
	if (way->gateway_kind != 0)
		mnl_attr_put(message, way->gateway_kind, way->gateway_len, way->gateway);
	if (way->source.s_addr != htonl(INADDR_ANY))
		mnl_attr_put_u32(message, RTA_PREFSRC, way->source.s_addr);
	mnl_attr_put_u32(message, RTA_OIF, way->interface);
	mnl_attr_put_u32(message, RTA_PRIORITY, pin->metric);
	return rtnl_ask(message, NULL, NULL);
}

/* --------------------------------------------------------------------------------- removal */

/* By what makes it ours, whichever way it leads. */
static int
remove_route(const struct net *to, uint32_t metric)
{
	char buf[RTNL_REQUEST_SIZE] = {0};
	struct nlmsghdr *message = rtnl_route(buf, RTM_DELROUTE, NLM_F_ACK);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	rtnl_destination(message, to);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = PIN_PROTOCOL;
	rtm->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	mnl_attr_put_u32(message, RTA_PRIORITY, metric);
	return rtnl_ask(message, NULL, NULL);
}

/* What processes that are gone have left, of all of it or of one destination. */
struct left {
	const struct net *to; /* NULL: all */
	unsigned count;
	struct listed {
		struct net to;
		uint32_t metric;
	} routes[LEFT_BEHIND];
};

static int
take_listed(const struct nlattr *attr, void *ctx)
{
	struct listed *listed = ctx;

	if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return MNL_CB_OK;
	if (mnl_attr_get_type(attr) == RTA_DST)
		listed->to.address.s_addr = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == RTA_PRIORITY)
		listed->metric = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

/* Nobody has this process number; our own is nobody else's either, and we have added none yet. */
static bool
is_gone(uint32_t metric)
{
	if (metric == 0 || metric > INT_MAX)
		return false;
	return (pid_t)metric == getpid() || (kill((pid_t)metric, 0) < 0 && errno == ESRCH);
}

static int
take_left(const struct nlmsghdr *message, void *ctx)
{
	struct left *left = ctx;
	struct listed listed = {.metric = 0};
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	if (rtm->rtm_protocol != PIN_PROTOCOL || rtm->rtm_table != RT_TABLE_MAIN)
		return MNL_CB_OK;
	listed.to.bits = rtm->rtm_dst_len;
	mnl_attr_parse(message, sizeof(*rtm), take_listed, &listed);
	if (left->to != NULL && (listed.to.address.s_addr != left->to->address.s_addr ||
				    listed.to.bits != left->to->bits))
		return MNL_CB_OK;
	if (left->count < LEFT_BEHIND && is_gone(listed.metric))
		left->routes[left->count++] = listed;
	return MNL_CB_OK;
}

/* What cannot be removed stays: then the way is what it makes of it. */
static void
remove_left(const struct net *to)
{
	char buf[RTNL_REQUEST_SIZE] = {0};
	struct nlmsghdr *message = rtnl_route(buf, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct left left = {.to = to};

	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = PIN_PROTOCOL;
	rtnl_ask(message, take_left, &left);
	for (unsigned i = 0; i < left.count; i++)
		remove_route(&left.routes[i].to, left.routes[i].metric);
}

/* ------------------------------------------------------------------------------- what is asked */

int
pin_add(struct pin *pin, const struct net *to)
{
	struct way way = {0};
	int error;

	*pin = (struct pin){.to = *to, .metric = (uint32_t)getpid()};
	remove_left(to);
	error = ask_way(pin, &way);
	if (error != 0)
		return error;
	if (way.type != RTN_UNICAST || way.interface == 0)
		return 0; /* this host itself: no tunnel's route goes before that */
	tell_way(pin, &way);
	error = add(pin, &way, 0);
	/* A gateway that no network of ours has, "onlink": the answer does not tell, but it is the way. */
	if (error == ENETUNREACH && way.gateway_kind != 0)
		error = add(pin, &way, RTNH_F_ONLINK);
	pin->added = error == 0;
	return error;
}

int
pin_remove(struct pin *pin)
{
	if (!pin->added)
		return 0;
	pin->added = false;
	return remove_route(&pin->to, pin->metric);
}

void
pin_sweep(void)
{
	remove_left(NULL);
}
