/* firewall_ways.c: the interfaces of the way to the peer, and rp_filter; see firewall_rules.h. */
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firewall_rules.h"
#include "rtnl.h"

static int
setting(const char *interface)
{
	char path[96];
	int value = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	int c = fgetc(file);
	value = c >= '0' && c <= '9' ? c - '0' : 0;
	fclose(file);
	return value;
}

/* The interfaces of a route. */
struct route {
	uint32_t wanted;
	bool uses_wanted, known;
	uint32_t first;
};

static void
take_interface(struct route *route, uint32_t interface)
{
	if (!route->known)
		route->first = interface;
	route->known = true;
	route->uses_wanted |= interface == route->wanted;
}

static int
take_attribute(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_get_payload_len(attr) == 4)
		take_interface(ctx, mnl_attr_get_u32(attr));
	if (mnl_attr_get_type(attr) != RTA_MULTIPATH)
		return MNL_CB_OK;
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);
	while (left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		take_interface(ctx, (uint32_t)hop->rtnh_ifindex);
		size_t len = RTNH_ALIGN((size_t)hop->rtnh_len);

		left -= left < len ? left : len;
		hop = (const void *)((const uint8_t *)hop + len);
	}
	return MNL_CB_OK;
}

static int
take_route(const struct nlmsghdr *message, void *ctx)
{
	mnl_attr_parse(message, sizeof(struct rtmsg), take_attribute, ctx);
	return MNL_CB_STOP;
}

/* The way to the peer, as the kernel looks for it when it asks whether a packet comes by that. */
static void
ask_route(const struct firewall_request *request, struct route *route)
{
	const struct net to = {request->peer, 32};
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, RTM_GETROUTE, 0);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	*route = (struct route){.wanted = request->interface};
	rtm->rtm_flags = RTM_F_FIB_MATCH; /* all next hops of it */
	rtnl_destination(message, &to);
	if (request->local.s_addr != htonl(INADDR_ANY)) {
		rtm->rtm_src_len = 32;
		mnl_attr_put_u32(message, RTA_SRC, request->local.s_addr);
	}
	rtnl_ask(message, take_route, route);
}

static bool
has_address(const char *interface)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	bool has = fd >= 0 && ioctl(fd, SIOCGIFADDR, &request) == 0;
	if (fd >= 0)
		close(fd);
	return has;
}

/* rp_filter = 1 takes a packet only by an interface over which the way back goes (RFC 3704 2.2). */
void
fw_ways(struct fw_ways *ways, const struct firewall_request *request)
{
	struct route route;

	ask_route(request, &route);
	if (!route.known || if_indextoname(route.first, ways->way) == NULL)
		ways->way[0] = '\0';
	if (request->interface == 0 || if_indextoname(request->interface, ways->arrival) == NULL) {
		ways->arrival[0] = '\0';
		return;
	}
	int all = setting("all"), own = setting(ways->arrival);
	int value = all > own ? all : own;
	/* 2 is content with any way back, but not on an interface that has no address. */
	bool numbered = has_address(ways->arrival);
	ways->reverse_drops =
	    (value == 1 || (value == 2 && !numbered)) && route.known && !route.uses_wanted;
	ways->reverse_mends = numbered ? 2 : all == 0 ? 0 : -1;
}
