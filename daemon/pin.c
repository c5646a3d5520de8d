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

/* In words, for people. */
static void
tell_way(struct pin *pin, const struct way *way)
{
	struct rtvia via;

	pin->via[0] = '\0';
	if (if_indextoname(way->interface, pin->device) == NULL)
		pin->device[0] = '\0';
	if (way->gateway_kind == RTA_GATEWAY) {
		inet_ntop(AF_INET, way->gateway, pin->via, sizeof(pin->via));
	} else if (way->gateway_kind == RTA_VIA) {
		memcpy(&via, way->gateway, sizeof(via));
		inet_ntop(via.rtvia_family, way->gateway + sizeof(via), pin->via, sizeof(pin->via));
	}
}

/* Not through the tunnel, where that is there already. */
static int
ask_way(const struct pin *pin, struct way *way)
{
	int error;

	if (pin->to.bits < 32)
		return way_of_network(&pin->to, pin->tunnel, way);
	error = way_of_host(pin->to.address, 0, 0, way);
	if (error == 0 && pin->tunnel != 0 && way->interface == pin->tunnel)
		error = way_of_network(&pin->to, pin->tunnel, way);
	return error;
}

static int
put(const struct pin *pin, const struct way *way, uint16_t how, unsigned flags)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message =
	    rtnl_route(&buf, RTM_NEWROUTE, (uint16_t)(NLM_F_ACK | NLM_F_CREATE | how));
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

/* NLM_F_EXCL: a new one; NLM_F_REPLACE: there may be one, and at no time is there none. */
static int
add(const struct pin *pin, const struct way *way, uint16_t how)
{
	int error = put(pin, way, how, 0);

	/* A gateway that no network of ours has, "onlink": the answer does not tell, but it is the way. */
	if (error == ENETUNREACH && way->gateway_kind != 0)
		error = put(pin, way, how, RTNH_F_ONLINK);
	return error;
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
	way_of_route(message, &way);
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
pin_add(struct pin *pin, const struct net *to, unsigned tunnel)
{
	int error;

	*pin = (struct pin){.to = *to, .metric = own_metric(), .tunnel = tunnel};
	remove_left(to);
	error = ask_way(pin, &pin->way);
	if (error != 0)
		return error;
	if (pin->way.type != RTN_UNICAST || pin->way.interface == 0)
		return 0; /* this host itself: no tunnel's route goes before that */
	if (way_of_network(to, tunnel, &pin->before) != 0)
		pin->before.type = 0; /* other tables have it, or several routes */
	tell_way(pin, &pin->way);
	error = add(pin, &pin->way, NLM_F_EXCL);
	pin->added = error == 0;
	return error;
}

int
pin_renew(struct pin *pin, bool *moved)
{
	struct way now = {0};
	int error;

	*moved = false;
	if (!pin->added)
		return 0;
	if (pin->before.type != 0) {
		error = way_of_network(&pin->to, pin->tunnel, &now);
		if (error != 0)
			return error;
		*moved = !way_is_same(&now, &pin->before);
	}
	if (*moved) {
		pin->way = pin->before = now;
		tell_way(pin, &now);
	}
	return add(pin, &pin->way, NLM_F_REPLACE); /* the kernel may have removed it meanwhile */
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
