/* host_route.c: see host_route.h. */
#include "host_route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LEFT_BEHIND  16 /* looked for at a time */
#define REQUEST_SIZE (MNL_NLMSG_HDRLEN + 256)

/*
 * One request and its answer; `found` (may be NULL) takes each message, and ends it with MNL_CB_STOP
 * where the kernel does not.  0 or an errno.
 */
static int
ask(struct nlmsghdr *request, mnl_cb_t found, void *ctx)
{
	char answer[8192]; /* MNL_SOCKET_BUFFER_SIZE is at most that */
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int strict = 1, rc = MNL_CB_ERROR, error = errno;
	ssize_t n;

	if (netlink == NULL)
		return error;
	/* A dump has only what its header asks for: there may be a million routes. */
	mnl_socket_setsockopt(netlink, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict));
	request->nlmsg_seq = 1;
	if (mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(netlink, request, request->nlmsg_len) >= 0) {
		do {
			n = mnl_socket_recvfrom(netlink, answer, sizeof(answer));
			rc = n <= 0 ? MNL_CB_ERROR
				    : mnl_cb_run(answer, (size_t)n, 1,
					  mnl_socket_get_portid(netlink), found, ctx);
		} while (rc > MNL_CB_STOP);
	}
	error = errno;
	mnl_socket_close(netlink);
	return rc == MNL_CB_ERROR ? error : 0;
}

/* `buf` is all zeroes, of REQUEST_SIZE. */
static struct nlmsghdr *
route_message(char *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	rtm = mnl_nlmsg_put_extra_header(message, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	return message;
}

static void
put_destination(struct nlmsghdr *message, const struct host_route *route)
{
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	rtm->rtm_dst_len = 32;
	mnl_attr_put_u32(message, RTA_DST, route->to.s_addr);
}

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

static int
ask_way(const struct host_route *route, struct way *way)
{
	char buf[REQUEST_SIZE] = {0};
	struct nlmsghdr *message = route_message(buf, RTM_GETROUTE, 0);

	put_destination(message, route);
	return ask(message, take_way, way);
}

static int
add(const struct host_route *route, const struct way *way, unsigned flags)
{
	char buf[REQUEST_SIZE] = {0};
	struct nlmsghdr *message =
	    route_message(buf, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	put_destination(message, route);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = HOST_ROUTE_PROTOCOL;
	rtm->rtm_scope = way->gateway_kind == 0 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_flags = flags;
	if (way->gateway_kind != 0)
		mnl_attr_put(message, way->gateway_kind, way->gateway_len, way->gateway);
	if (way->source.s_addr != htonl(INADDR_ANY))
		mnl_attr_put_u32(message, RTA_PREFSRC, way->source.s_addr);
	mnl_attr_put_u32(message, RTA_OIF, way->interface);
	mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
	return ask(message, NULL, NULL);
}

/* --------------------------------------------------------------------------------- removal */

/* By what makes it ours, whichever way it leads. */
static int
remove_route(const struct host_route *route)
{
	char buf[REQUEST_SIZE] = {0};
	struct nlmsghdr *message = route_message(buf, RTM_DELROUTE, NLM_F_ACK);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	put_destination(message, route);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = HOST_ROUTE_PROTOCOL;
	rtm->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
	return ask(message, NULL, NULL);
}

struct left {
	struct in_addr to;
	unsigned count;
	uint32_t metrics[LEFT_BEHIND];
};

struct listed {
	struct in_addr to;
	uint32_t metric;
};

static int
take_listed(const struct nlattr *attr, void *ctx)
{
	struct listed *listed = ctx;

	if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return MNL_CB_OK;
	if (mnl_attr_get_type(attr) == RTA_DST)
		listed->to.s_addr = mnl_attr_get_u32(attr);
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

	if (rtm->rtm_protocol != HOST_ROUTE_PROTOCOL || rtm->rtm_table != RT_TABLE_MAIN ||
	    rtm->rtm_dst_len != 32)
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*rtm), take_listed, &listed);
	if (listed.to.s_addr == left->to.s_addr && left->count < LEFT_BEHIND &&
	    is_gone(listed.metric))
		left->metrics[left->count++] = listed.metric;
	return MNL_CB_OK;
}

/* What cannot be removed stays: then the way is what it makes of it. */
static void
remove_left(struct in_addr to)
{
	char buf[REQUEST_SIZE] = {0};
	struct nlmsghdr *message = route_message(buf, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct left left = {.to = to};

	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = HOST_ROUTE_PROTOCOL;
	ask(message, take_left, &left);
	for (unsigned i = 0; i < left.count; i++)
		remove_route(&(struct host_route){.to = to, .metric = left.metrics[i]});
}

/* ------------------------------------------------------------------------------- what is asked */

int
host_route_add(struct host_route *route, struct in_addr to)
{
	struct way way = {0};
	int error;

	*route = (struct host_route){.to = to, .metric = (uint32_t)getpid()};
	remove_left(to);
	error = ask_way(route, &way);
	if (error != 0)
		return error;
	if (way.type != RTN_UNICAST || way.interface == 0)
		return 0; /* this host itself: no tunnel's route goes before that */
	error = add(route, &way, 0);
	/* A gateway that no network of ours has, "onlink": the answer does not tell, but it is the way. */
	if (error == ENETUNREACH && way.gateway_kind != 0)
		error = add(route, &way, RTNH_F_ONLINK);
	route->added = error == 0;
	return error;
}

int
host_route_remove(struct host_route *route)
{
	if (!route->added)
		return 0;
	route->added = false;
	return remove_route(route);
}
