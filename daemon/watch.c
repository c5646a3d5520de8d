/* watch.c: see watch.h.  Runs in the keeper: what is parsed here is the kernel's word. */
#include "watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pin.h"
#include "rtnl.h"
#include "tap.h"

#define AT_ONCE 64 /* messages' buffers a wakeup, so that others have their turn */

/* What was last heard of an interface: most messages about one tell of nothing that matters. */
struct link {
	unsigned index;
	bool up, running, ppp;
	bool ours; /* a TAP of a tunnel, or the doctor's tunnel */
	bool seen; /* when all were learnt anew */
	/*
	 * Which one it was of all that have come.  The index does not tell: one that comes from
	 * another namespace, as a container's does, keeps its own, and those made later have less.
	 */
	uint64_t came;
};

struct watch {
	struct watch_listener listener;
	struct mnl_socket *netlink;
	struct event *event;
	bool quiet; /* it is being learnt what there is */
	size_t count, room;
	struct link *links; /* owns */
	uint64_t came;      /* so many interfaces, until now */
};

static const struct net everything = {.bits = 0};

/* ------------------------------------------------------------------------------------ links */

static struct link *
find_link(const struct watch *watch, unsigned index)
{
	for (size_t i = 0; i < watch->count; i++) {
		if (watch->links[i].index == index)
			return &watch->links[i];
	}
	return NULL;
}

static struct link *
find_or_add(struct watch *watch, unsigned index)
{
	struct link *link = find_link(watch, index);

	if (link != NULL)
		return link;
	if (watch->count == watch->room) {
		size_t room = 2 * watch->room + 8;
		struct link *links = realloc(watch->links, room * sizeof(*links));

		if (links == NULL)
			return NULL;
		watch->links = links;
		watch->room = room;
	}
	link = &watch->links[watch->count++];
	*link = (struct link){.index = index, .came = ++watch->came};
	return link;
}

static void
tell_changed(const struct watch *watch, const struct net *to)
{
	if (!watch->quiet)
		watch->listener.changed(watch->listener.ctx, to);
}

static void
tell_lost(const struct watch *watch, unsigned index, bool deleted)
{
	if (watch->quiet)
		return;
	watch->listener.lost(watch->listener.ctx, index, deleted);
	watch->listener.changed(watch->listener.ctx, &everything);
}

/* `before`, and the interface's name; without a link: more than one can be told. */
static void
tell_appeared(const struct watch *watch, const struct link *link, const char *before)
{
	char name[IF_NAMESIZE] = "?", text[96];

	if (watch->quiet || (link != NULL && link->ours))
		return;
	if (link != NULL)
		if_indextoname(link->index, name);
	snprintf(text, sizeof(text), "%s%s", before, link != NULL ? name : "several ways");
	watch->listener.appeared(watch->listener.ctx, link != NULL && link->ppp, text);
}

static int
take_name(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == IFLA_IFNAME)
		*(const char **)ctx = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static void
take_link(struct watch *watch, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	bool up = (info->ifi_flags & IFF_UP) != 0, running = (info->ifi_flags & IFF_RUNNING) != 0;
	struct link *link;
	const char *name = "";
	bool was_up, was_running;

	if (info->ifi_family != AF_UNSPEC || (info->ifi_flags & IFF_LOOPBACK) != 0)
		return; /* a bridge speaks of its ports in this way, too */
	link = find_or_add(watch, (unsigned)info->ifi_index);
	if (link == NULL)
		return;
	link->seen = true;
	was_up = link->up;
	was_running = link->up && link->running;
	if (message->nlmsg_type == RTM_DELLINK) {
		*link = watch->links[--watch->count];
		tell_lost(watch, (unsigned)info->ifi_index, true);
		return;
	}
	mnl_attr_parse(message, sizeof(*info), take_name, &name);
	link->up = up;
	link->running = running;
	link->ppp = info->ifi_type == ARPHRD_PPP;
	link->ours = strncmp(name, TAP_NAME, strlen(TAP_NAME)) == 0 ||
		     strncmp(name, WATCH_DOCTOR, strlen(WATCH_DOCTOR)) == 0;
	if (was_up && !up)
		tell_lost(watch, link->index, false);
	else if (up && running && !was_running)
		tell_appeared(watch, link, "a link has come up: ");
}

/* ------------------------------------------------------------------------ addresses, routes */

static int
take_local(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == IFA_LOCAL && mnl_attr_get_payload_len(attr) == 4)
		((struct in_addr *)ctx)->s_addr = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static void
take_address(struct watch *watch, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct link *link = find_link(watch, info->ifa_index);
	struct in_addr address = {.s_addr = htonl(INADDR_ANY)};
	char ip[INET_ADDRSTRLEN], text[64];

	if (link == NULL) /* the loopback interface's, or of one that is gone already */
		return;
	if (message->nlmsg_type == RTM_NEWADDR) {
		mnl_attr_parse(message, sizeof(*info), take_local, &address);
		snprintf(text, sizeof(text), "a new address, %s, is on ",
		    inet_ntop(AF_INET, &address, ip, sizeof(ip)));
		tell_appeared(watch, link, text);
	}
	tell_changed(watch, &everything);
}

static void
take_route(struct watch *watch, const struct nlmsghdr *message)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct way way;

	if (rtm->rtm_type != RTN_UNICAST || (rtm->rtm_flags & RTM_F_CLONED) != 0 ||
	    rtm->rtm_protocol == PIN_PROTOCOL || rtm->rtm_protocol == ROUTES_PROTOCOL)
		return;
	way_of_route(message, &way);
	if (message->nlmsg_type == RTM_NEWROUTE && way.to.bits == 0)
		tell_appeared(
		    watch, find_link(watch, way.interface), "there is a new default route, over ");
	tell_changed(watch, &way.to);
}

static int
take_message(const struct nlmsghdr *message, void *ctx)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		take_link(ctx, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		take_address(ctx, message);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		take_route(ctx, message);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

/* --------------------------------------------------------------------------------- the socket */

static void
learn_links(struct watch *watch)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf.octets);

	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	watch->quiet = true;
	for (size_t i = 0; i < watch->count; i++)
		watch->links[i].seen = false;
	rtnl_ask(message, take_message, watch);
	for (size_t i = watch->count; i-- > 0;) {
		if (!watch->links[i].seen)
			watch->links[i] = watch->links[--watch->count];
	}
	watch->quiet = false;
}

/* More has happened than the socket could hold. */
static void
overrun(struct watch *watch)
{
	learn_links(watch);
	tell_appeared(watch, NULL, "much has changed at once: ");
	tell_changed(watch, &everything);
}

/* Takes so many messages at most; true: there may be more. */
static bool
drain(struct watch *watch, unsigned atmost)
{
	_Alignas(struct nlmsghdr) char octets[8192]; /* MNL_SOCKET_BUFFER_SIZE is at most that */
	ssize_t n;

	for (unsigned i = 0; i < atmost; i++) {
		n = mnl_socket_recvfrom(watch->netlink, octets, sizeof(octets));
		if (n < 0 && errno == ENOBUFS)
			overrun(watch);
		else if (n > 0)
			mnl_cb_run(octets, (size_t)n, 0, 0, take_message, watch);
		else
			return false;
	}
	return true;
}

void
watch_drain(struct watch *watch)
{
	drain(watch, AT_ONCE);
}

uint64_t
watch_mark(struct watch *watch)
{
	while (drain(watch, AT_ONCE))
		;
	return watch->came;
}

bool
watch_is_newer(struct watch *watch, unsigned interface, uint64_t mark)
{
	const struct link *link;

	while (drain(watch, AT_ONCE))
		;
	link = find_link(watch, interface);
	return link != NULL && link->came > mark;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	watch_drain(ctx);
}

struct watch *
watch_new(struct event_base *base, const struct watch_listener *listener)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->listener = *listener;
	watch->netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (watch->netlink == NULL ||
	    mnl_socket_bind(watch->netlink, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE,
		MNL_SOCKET_AUTOPID) < 0)
		goto fail;
	watch->event = event_new(
	    base, mnl_socket_get_fd(watch->netlink), EV_READ | EV_PERSIST, on_readable, watch);
	if (watch->event == NULL || event_add(watch->event, NULL) < 0)
		goto fail;
	learn_links(watch); /* after the groups were joined: nothing is missed */
	return watch;
fail:
	watch_free(watch);
	return NULL;
}

void
watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->event != NULL)
		event_free(watch->event);
	if (watch->netlink != NULL)
		mnl_socket_close(watch->netlink);
	free(watch->links);
	free(watch);
}
