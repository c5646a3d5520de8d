/* host_route.c: see host_route.h. */
#include "host_route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

/* One request and its answer; `found` (may be NULL) takes each message.  0 or an errno. */
static int
ask(struct nlmsghdr *request, mnl_cb_t found, void *ctx)
{
	char answer[8192]; /* MNL_SOCKET_BUFFER_SIZE is at most that */
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	ssize_t n = -1;
	int rc = MNL_CB_ERROR, error = errno;

	if (netlink == NULL)
		return error;
	request->nlmsg_seq = 1;
	if (mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(netlink, request, request->nlmsg_len) >= 0)
		n = mnl_socket_recvfrom(netlink, answer, sizeof(answer));
	if (n > 0)
		rc = mnl_cb_run(answer, (size_t)n, 1, mnl_socket_get_portid(netlink), found, ctx);
	error = errno;
	mnl_socket_close(netlink);
	return rc == MNL_CB_ERROR ? error : 0;
}

static struct nlmsghdr *
route_message(char *buf, uint16_t type, uint16_t flags, const struct host_route *route)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	rtm = mnl_nlmsg_put_extra_header(message, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 32;
	mnl_attr_put_u32(message, RTA_DST, route->to.s_addr);
	return message;
}

struct way {
	struct host_route *route;
	uint8_t type; /* RTN_ */
};

static int
take_attribute(const struct nlattr *attr, void *ctx)
{
	struct host_route *route = ctx;

	if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return MNL_CB_OK;
	if (mnl_attr_get_type(attr) == RTA_GATEWAY)
		route->via.s_addr = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == RTA_OIF)
		route->interface = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int
take_way(const struct nlmsghdr *message, void *ctx)
{
	struct way *way = ctx;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	way->type = rtm->rtm_type;
	return mnl_attr_parse(message, sizeof(*rtm), take_attribute, way->route);
}

/* The route itself, the same when it is added and when it is removed. */
static void
put_route(struct nlmsghdr *message, const struct host_route *route)
{
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	bool direct = route->via.s_addr == htonl(INADDR_ANY);

	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = HOST_ROUTE_PROTOCOL;
	rtm->rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	if (!direct)
		mnl_attr_put_u32(message, RTA_GATEWAY, route->via.s_addr);
	mnl_attr_put_u32(message, RTA_OIF, route->interface);
	mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
}

int
host_route_add(struct host_route *route, struct in_addr to)
{
	char buf[MNL_NLMSG_HDRLEN + 256];
	struct way way = {.route = route};
	struct nlmsghdr *message;
	int error;

	memset(route, 0, sizeof(*route));
	memset(buf, 0, sizeof(buf));
	route->to = to;
	route->metric = (uint32_t)getpid();
	error = ask(route_message(buf, RTM_GETROUTE, 0, route), take_way, &way);
	if (error != 0)
		return error;
	if (way.type != RTN_UNICAST || route->interface == 0)
		return 0; /* this host itself: no tunnel's route goes before that */
	memset(buf, 0, sizeof(buf));
	message = route_message(buf, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, route);
	put_route(message, route);
	error = ask(message, NULL, NULL);
	route->added = error == 0;
	return error;
}

int
host_route_remove(struct host_route *route)
{
	char buf[MNL_NLMSG_HDRLEN + 256] = {0};
	struct nlmsghdr *message;

	if (!route->added)
		return 0;
	route->added = false;
	message = route_message(buf, RTM_DELROUTE, NLM_F_ACK, route);
	put_route(message, route);
	return ask(message, NULL, NULL);
}
