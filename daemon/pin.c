/* pin.c: see pin.h. */
#include "pin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rtnl.h"

#define LEFT_BEHIND         64         /* looked for at a time */
#define FIRST_PID_NAMESPACE 0xeffffffc /* the kernel's PROC_PID_INIT_INO: the one that has all */
#define NOBODYS_METRIC      0x40000000 /* no process number is that large */

/* ----------------------------------------------------------------------------- the way now */

/* A route as the kernel tells it. */
struct way {
	uint8_t type; /* RTN_; 0: none */
	struct net to;
	uint32_t metric;
	uint32_t interface; /* index; 0: several */
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

static void
take_route(const struct nlmsghdr *message, struct way *way)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	*way = (struct way){.type = rtm->rtm_type, .to.bits = rtm->rtm_dst_len};
	mnl_attr_parse(message, sizeof(*rtm), take_attribute, way);
}

static int
take_way(const struct nlmsghdr *message, void *ctx)
{
	take_route(message, ctx);
	return MNL_CB_STOP;
}

struct covering {
	const struct net *net;
	struct way best; /* the longest that covers all of it, of those the one that goes first */
};

static int
take_covering(const struct nlmsghdr *message, void *ctx)
{
	struct covering *covering = ctx;
	struct way *best = &covering->best, way;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	if (rtm->rtm_table != RT_TABLE_MAIN || rtm->rtm_type != RTN_UNICAST || rtm->rtm_tos != 0 ||
	    rtm->rtm_protocol == PIN_PROTOCOL || rtm->rtm_protocol == ROUTES_PROTOCOL)
		return MNL_CB_OK;
	take_route(message, &way);
	if (way.to.bits <= covering->net->bits && net_covers(&way.to, covering->net->address) &&
	    (best->type == 0 || way.to.bits > best->to.bits ||
		(way.to.bits == best->to.bits && way.metric < best->metric)))
		*best = way;
	return MNL_CB_OK;
}

/*
 * The way of a network is that of the route that covers all of it: where a part of it has another
 * one, that route is longer, and goes before ours as well.
 */
static int
network_way(const struct net *net, struct way *way)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct covering covering = {.net = net};
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

static int
ask_way(const struct net *to, struct way *way)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message;

	if (to->bits < 32)
		return network_way(to, way);
	message = rtnl_route(&buf, RTM_GETROUTE, 0);
	rtnl_destination(message, to);
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
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message =
	    rtnl_route(&buf, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
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
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, RTM_DELROUTE, NLM_F_ACK);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	rtnl_destination(message, to);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = PIN_PROTOCOL;
	rtm->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	mnl_attr_put_u32(message, RTA_PRIORITY, metric);
	return rtnl_ask(message, NULL, NULL);
}

/*
 * A process number says whose a route is where all processes are seen.  In a PID namespace another
 * machine's part of this one may have it as well: there any number will do that no process can have.
 */
static bool
sees_all_processes(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PID_NAMESPACE;
}

static uint32_t
own_metric(void)
{
	uint32_t random = 0;

	if (sees_all_processes())
		return (uint32_t)getpid();
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return NOBODYS_METRIC | random >> 2;
}

/* Our own number is nobody else's either, and we have added none to there yet. */
static bool
is_gone(uint32_t metric)
{
	return metric != 0 && metric < NOBODYS_METRIC &&
	       ((pid_t)metric == getpid() || (kill((pid_t)metric, 0) < 0 && errno == ESRCH));
}

/* What processes that are gone have left, of all of it or of one destination. */
struct left {
	const struct net *to; /* NULL: all */
	unsigned count;
	struct {
		struct net to;
		uint32_t metric;
	} routes[LEFT_BEHIND];
};

static int
take_left(const struct nlmsghdr *message, void *ctx)
{
	struct left *left = ctx;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct way way;

	if (rtm->rtm_protocol != PIN_PROTOCOL || rtm->rtm_table != RT_TABLE_MAIN ||
	    left->count == LEFT_BEHIND)
		return MNL_CB_OK;
	take_route(message, &way);
	if (left->to != NULL &&
	    (way.to.address.s_addr != left->to->address.s_addr || way.to.bits != left->to->bits))
		return MNL_CB_OK;
	if (is_gone(way.metric)) {
		left->routes[left->count].to = way.to;
		left->routes[left->count++].metric = way.metric;
	}
	return MNL_CB_OK;
}

/* What cannot be removed stays: then the way is what it makes of it.  True: there may be more. */
static bool
remove_left(const struct net *to)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct left left = {.to = to};
	bool removed = false;

	if (!sees_all_processes())
		return false;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = PIN_PROTOCOL;
	rtnl_ask(message, take_left, &left);
	for (unsigned i = 0; i < left.count; i++)
		removed = remove_route(&left.routes[i].to, left.routes[i].metric) == 0 || removed;
	return removed && left.count == LEFT_BEHIND;
}

/* ------------------------------------------------------------------------------- what is asked */

int
pin_add(struct pin *pin, const struct net *to)
{
	struct way way = {0};
	int error;

	*pin = (struct pin){.to = *to, .metric = own_metric()};
	remove_left(to);
	error = ask_way(to, &way);
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
	while (remove_left(NULL))
		;
}
