/* routes.c: see routes.h. */
#include "routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "rtnl.h"

struct task {
	const struct config *config;
	struct in_addr server;
	const struct routes_listener *listener;
	unsigned interface; /* index */
	uint32_t table;
	unsigned metric;
};

static const struct net all = {.bits = 0}, lower = {.bits = 1};

static struct net
upper(void)
{
	return (struct net){.address.s_addr = htonl(0x80000000), .bits = 1};
}

static void
tell(const struct task *task, const struct net *net, const char *way, const char *why)
{
	char text[160], name[NET_TEXT];

	net_text(net, name, sizeof(name));
	snprintf(text, sizeof(text), "no route to %s %s: %s", name, way, why);
	task->listener->said(task->listener->ctx, text);
}

static bool
is_one_place(const struct routes *one, const struct routes *other)
{
	return one->interface == other->interface && one->table == other->table &&
	       one->metric == other->metric;
}

static bool
is_one_net(const struct net *one, const struct net *other)
{
	return one->bits == other->bits && one->address.s_addr == other->address.s_addr;
}

/* Whether `routes` has it, and in the same place as `other`. */
static bool
is_there(const struct routes *routes, const struct routes *other, const struct net *net)
{
	for (unsigned i = 0; i < routes->through.count && is_one_place(routes, other); i++) {
		if ((routes->set & ROUTES_NET(i)) != 0 && is_one_net(&routes->through.net[i], net))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------------ through the tunnel */

static int
ask_for(const struct task *task, const struct net *net, uint16_t type, uint16_t flags)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, type, flags);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	rtnl_destination(message, net);
	rtm->rtm_protocol = ROUTES_PROTOCOL;
	rtm->rtm_scope = RT_SCOPE_LINK;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_table = RT_TABLE_COMPAT;
	mnl_attr_put_u32(message, RTA_TABLE, task->table);
	mnl_attr_put_u32(message, RTA_OIF, task->interface);
	if (task->metric != 0)
		mnl_attr_put_u32(message, RTA_PRIORITY, task->metric);
	return rtnl_ask(message, NULL, NULL);
}

/* The server by itself never goes through its own tunnel, whatever the metrics.  True: it is set. */
static bool
through(const struct task *task, const struct net *net)
{
	const char *why = NULL;

	if (net->bits == 32 && net->address.s_addr == task->server.s_addr)
		why = "it is the server itself";
	else if ((errno = ask_for(
		      task, net, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)) != 0)
		why = strerror(errno);
	if (why != NULL)
		tell(task, net, "through the tunnel", why);
	return why == NULL;
}

/*
 * In the main table in two halves: they go before any default route that there is, whatever its
 * metric, which so stays as it is and needs no putting back.
 */
static bool
everything_through(const struct task *task)
{
	struct net other = upper();
	bool set;

	if (task->table != RT_TABLE_MAIN)
		return through(task, &all);
	set = through(task, &lower);
	return through(task, &other) && set;
}

/* Those of before that the settings ask for no more, or for elsewhere; one that is not there is no loss. */
static void
remove_through(const struct routes *old, const struct routes *now)
{
	const struct task task = {
	    .interface = old->interface, .table = old->table, .metric = old->metric};
	bool main_table = old->table == RT_TABLE_MAIN;
	const struct net other = upper();

	for (unsigned i = 0; i < old->through.count; i++) {
		if ((old->set & ROUTES_NET(i)) != 0 && !is_there(now, old, &old->through.net[i]))
			ask_for(&task, &old->through.net[i], RTM_DELROUTE, NLM_F_ACK);
	}
	if (!old->everything || (now->everything && is_one_place(now, old)))
		return;
	ask_for(&task, main_table ? &lower : &all, RTM_DELROUTE, NLM_F_ACK);
	if (main_table)
		ask_for(&task, &other, RTM_DELROUTE, NLM_F_ACK);
}

/* ---------------------------------------------------------------------------- past the tunnel */

/*
 * Some servers have their outer address inside the tunnel, too.  With the interface's address came a
 * route to it, and GRE would go into the tunnel that it carries.
 */
static void
free_server(const struct task *task)
{
	struct rtnl_buffer buf = {{0}};
	char ip[INET_ADDRSTRLEN], text[160];
	struct nlmsghdr *message = rtnl_route(&buf, RTM_DELROUTE, NLM_F_ACK);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	rtnl_destination(message, &(struct net){task->server, 32});
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_KERNEL;
	rtm->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	mnl_attr_put_u32(message, RTA_OIF, task->interface);
	if (rtnl_ask(message, NULL, NULL) != 0)
		return; /* as a rule: there is none */
	snprintf(text, sizeof(text),
	    "the peer has the server's address, %s, inside the tunnel as well; its route there was "
	    "removed, or the tunnel would run into itself",
	    inet_ntop(AF_INET, &task->server, ip, sizeof(ip)));
	task->listener->said(task->listener->ctx, text);
}

/* 0, or an E-code, with the reason in `why`. */
static unsigned
keep_server(struct routes *routes, const struct task *task, char *why, size_t why_size)
{
	const struct config *config = task->config;
	char ip[INET_ADDRSTRLEN];
	int error;

	if (!config_covers_server(config, task->server))
		return 0;
	inet_ntop(AF_INET, &task->server, ip, sizeof(ip));
	if (!config->server_route) {
		snprintf(why, why_size,
		    "A route through the tunnel covers the server, %s, and "
		    "routes.server-route is \"off\".",
		    ip);
		return 701;
	}
	if (routes->server.added)
		return 0;
	error = pin_add(&routes->server, &(struct net){task->server, 32}, task->interface);
	if (error == 0)
		return 0;
	snprintf(why, why_size,
	    "A route through the tunnel covers the server, %s, and its own way cannot be kept: "
	    "%s.",
	    ip, strerror(error));
	return 107;
}

/* Takes over what is pinned already: what is left in `old` is not wanted any more. */
static void
past(struct routes *routes, struct routes *old, const struct task *task)
{
	const struct config_nets *except = &task->config->routes_except;

	for (unsigned i = 0; i < except->count; i++) {
		struct pin *pin = &routes->past[routes->past_count++];
		unsigned j = 0;
		int error;

		/* It has its own where it needs one, which must not go with this one. */
		if (is_one_net(&except->net[i], &(struct net){task->server, 32})) {
			pin->to = except->net[i];
			continue;
		}
		while (j < old->past_count &&
		       !(old->past[j].added && is_one_net(&old->past[j].to, &except->net[i])))
			j++;
		if (j < old->past_count) {
			*pin = old->past[j];
			old->past[j].added = false;
			continue;
		}
		error = pin_add(pin, &except->net[i], task->interface);
		if (error != 0)
			tell(task, &except->net[i], "past the tunnel", strerror(error));
	}
}

static void
all_through(struct routes *routes, const struct routes *old, const struct task *task)
{
	const struct config *config = task->config;

	for (unsigned i = 0; i < config->routes_through.count; i++) {
		const struct net *net = &config->routes_through.net[i];

		if (is_there(old, routes, net) || through(task, net))
			routes->set |= ROUTES_NET(i);
	}
	routes->everything = config->route_default;
	if (!config->route_default)
		return;
	if (((old->set & ROUTES_DEFAULT) != 0 && is_one_place(old, routes)) ||
	    everything_through(task))
		routes->set |= ROUTES_DEFAULT;
}

/* ------------------------------------------------------------------------------ what is asked */

bool
routes_wanted(const struct config *config)
{
	return config->route_default || config->routes_through.count != 0 ||
	       config->routes_except.count != 0;
}

unsigned
routes_set(struct routes *routes, const struct routes_tunnel *tunnel,
    const struct routes_listener *listener, char *why, size_t why_size)
{
	const struct config *config = tunnel->config;
	const struct task task = {config, tunnel->server, listener, tunnel->interface,
	    config->route_table, config->route_metric};
	struct routes old;
	unsigned ecode;

	free_server(&task);
	ecode = keep_server(routes, &task, why, why_size);
	if (ecode != 0)
		return ecode;
	old = *routes;
	*routes = (struct routes){.server = old.server,
	    .through = config->routes_through,
	    .interface = tunnel->interface,
	    .table = config->route_table,
	    .metric = config->route_metric};
	past(routes, &old, &task);
	all_through(routes, &old, &task);
	remove_through(&old, routes);
	for (unsigned i = 0; i < old.past_count; i++)
		pin_remove(&old.past[i]);
	if (!config_covers_server(config, tunnel->server))
		pin_remove(&routes->server);
	return 0;
}

static bool
cover(const struct config_nets *nets, struct in_addr address)
{
	for (unsigned i = 0; i < nets->count; i++) {
		if (net_covers(&nets->net[i], address))
			return true;
	}
	return false;
}

bool
routes_reach(const struct routes_tunnel *tunnel, const struct routes_listener *listener,
    struct in_addr address)
{
	const struct config *config = tunnel->config;
	const struct task task = {config, tunnel->server, listener, tunnel->interface,
	    config->route_table, config->route_metric};
	const struct net net = {address, 32};

	return !config->route_default && !cover(&config->routes_through, address) &&
	       !cover(&config->routes_except, address) && through(&task, &net);
}

void
routes_free_server(const struct routes_tunnel *tunnel, const struct routes_listener *listener)
{
	const struct task task = {
	    .server = tunnel->server, .listener = listener, .interface = tunnel->interface};

	free_server(&task);
}

void
routes_remove(struct routes *routes)
{
	pin_remove(&routes->server);
	for (unsigned i = 0; i < routes->past_count; i++)
		pin_remove(&routes->past[i]);
	memset(routes, 0, sizeof(*routes));
}

bool
routes_renew(struct routes *routes, const struct routes_listener *listener)
{
	struct task task = {.listener = listener};
	bool any = false;

	for (unsigned i = 0; i <= routes->past_count; i++) {
		struct pin *pin = i == 0 ? &routes->server : &routes->past[i - 1];
		bool moved;
		int error = pin_renew(pin, &moved);

		any = any || (moved && i == 0);
		if (moved && error != 0)
			tell(&task, &pin->to, "past the tunnel", strerror(error));
	}
	return any;
}

static void
print_nets(const char *name, const struct config_nets *nets)
{
	char text[NET_TEXT];

	for (unsigned i = 0; i < nets->count; i++) {
		net_text(&nets->net[i], text, sizeof(text));
		printf("%s    %s\n", name, text);
	}
}

void
routes_print(const struct config *config)
{
	if (config->route_default)
		printf("routes    everything\n");
	print_nets("routes", &config->routes_through);
	if (!config->route_default && config->routes_through.count == 0)
		printf("routes    none but the peer's inner address, which pppd sets\n");
	print_nets("except", &config->routes_except);
}
