/*
 * acts_network.c: what the keeper does when PPP's network is there: routes, DNS and hooks in turn, on the
 * plugin's word, by way of the engine.
 */
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper_int.h"
#include "sockets.h"

/* What the kernel says of an interface. */
static bool
ask_interface(const char *interface, unsigned long what, struct ifreq *answer)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool known;

	memset(answer, 0, sizeof(*answer));
	snprintf(answer->ifr_name, sizeof(answer->ifr_name), "%s", interface);
	known = fd >= 0 && ioctl(fd, what, answer) == 0;
	if (fd >= 0)
		close(fd);
	return known;
}

unsigned
keeper_ppp_index(const char *interface)
{
	struct ifreq answer;

	if (!ask_interface(interface, SIOCGIFHWADDR, &answer) ||
	    answer.ifr_hwaddr.sa_family != ARPHRD_PPP)
		return 0;
	return if_nametoindex(interface);
}

/*
 * The name is the plugin's word, by way of the engine: only a PPP interface that was not there before
 * this dial's pppd gets a route.  Its index, or 0.
 */
static unsigned
tunnel_index(const struct keeper *keeper, const char *interface)
{
	unsigned index = keeper_ppp_index(interface);

	for (const struct if_nameindex *old = keeper->interfaces; old != NULL && old->if_index != 0;
	     old++) {
		if (old->if_index == index)
			return 0;
	}
	return keeper->pppd_pid > 0 && (keeper->config->interface[0] == '\0' ||
					   strcmp(keeper->config->interface, interface) == 0)
		   ? index
		   : 0;
}

static void
on_route_said(void *ctx, const char *text)
{
	const struct keeper *keeper = ctx;
	char line[256];

	snprintf(line, sizeof(line), "warning: %s", text);
	keeper->ui->note(keeper->ui->ctx, 0, line);
}

/* The kernel knows better than an engine which addresses an interface has; `told` where it has none. */
static struct in_addr
address_of(const char *interface, unsigned long which, struct in_addr told)
{
	struct ifreq answer;
	const struct sockaddr_in *found = (const struct sockaddr_in *)&answer.ifr_addr;

	if (!ask_interface(interface, which, &answer) || found->sin_family != AF_INET)
		return told;
	return found->sin_addr;
}

void
keeper_take_network(struct ipc_network *network, const struct ipc_network *told)
{
	*network = *told;
	network->local = address_of(told->interface, SIOCGIFADDR, told->local);
	network->peer = address_of(told->interface, SIOCGIFDSTADDR, told->peer);
}

static void
tell_network(struct keeper *keeper)
{
	struct ipc_msg answer;

	ipc_init(&answer, IPC_NETWORK_UP);
	answer.u.routes = keeper->routes_told;
	keeper_send(keeper, &answer, NULL, 0);
}

static struct routes_tunnel
tunnel_of(const struct keeper *keeper)
{
	return (struct routes_tunnel){.config = keeper->config,
	    .server = keeper->dialled,
	    .interface = tunnel_index(keeper, keeper->network.interface)};
}

static void
fill_routes(struct keeper *keeper)
{
	const struct routes *routes = &keeper->routes;
	struct ipc_routes *told = &keeper->routes_told;

	told->set = routes->set;
	told->through = routes->through;
	told->pinned = routes->server.added;
	snprintf(told->via, sizeof(told->via), "%s", routes->server.via);
	snprintf(told->device, sizeof(told->device), "%s", routes->server.device);
}

/* As the engine does with its GRE socket (peer_routes). */
static void
leave_by_pin(const struct keeper *keeper)
{
	const struct ipc_routes *told = &keeper->routes_told;
	unsigned interface = told->pinned ? if_nametoindex(told->device) : 0;

	if (keeper->kernel_fd >= 0 && (interface != 0 || !told->pinned))
		sockets_kernel_leave_by(keeper->kernel_fd, interface);
}

static void
on_renew_hook(struct keeper *keeper, const char *why)
{
	(void)why; /* it was told, and is no more than that */
	tell_network(keeper);
}

static void
on_up_hook(struct keeper *keeper, const char *why)
{
	struct ipc_routes *told = &keeper->routes_told;
	bool again = keeper->been_up;

	keeper->been_up = true;
	if (keeper->config->hook_script[0] != '\0') {
		const struct routes_tunnel tunnel = tunnel_of(keeper);
		bool kept = routes_look(&keeper->routes, &tunnel);

		fill_routes(keeper);
		told->pinned = kept;
		leave_by_pin(keeper);
	}
	if (why != NULL && keeper->config->hook_required) {
		told->ecode = 703;
		snprintf(
		    told->why, sizeof(told->why), "The up %s, and hooks.required is set.", why);
	}
	if (told->ecode == 0 && again)
		keeper_hook_run(keeper, HOOK_RENEW, on_renew_hook);
	else
		tell_network(keeper);
}

/* Where the interface is gone again its pppd is, and the engine will hear of that. */
static void
set_routes(struct keeper *keeper)
{
	const struct routes_listener listener = {on_route_said, keeper};
	const struct routes_tunnel tunnel = tunnel_of(keeper);
	struct ipc_routes *told = &keeper->routes_told;

	memset(told, 0, sizeof(*told));
	if (tunnel.interface == 0) {
		keeper->network.interface[0] = '\0'; /* no hook hears of it, of the end neither */
		if (!routes_wanted(keeper->config) && !keeper_hook_of_network(keeper->config))
			return;
		told->ecode = 107;
		snprintf(told->why, sizeof(told->why),
		    "pppd's interface, as its plugin says, is no PPP interface of this tunnel.");
		return;
	}
	keeper_net_up(keeper, tunnel.interface, keeper->network.outer);
	if (keeper->config->hook_script[0] != '\0') {
		routes_free_server(&tunnel, &listener); /* the rest is the script's */
		return;
	}
	told->ecode = routes_set(&keeper->routes, &tunnel, &listener, told->why, sizeof(told->why));
	fill_routes(keeper);
	leave_by_pin(keeper);
}

static void
send_routes(struct keeper *keeper)
{
	struct ipc_msg msg;

	fill_routes(keeper);
	leave_by_pin(keeper);
	ipc_init(&msg, IPC_ROUTES);
	msg.u.routes = keeper->routes_told;
	keeper_send(keeper, &msg, NULL, 0);
}

void
keeper_renew_routes(struct keeper *keeper)
{
	const struct routes_listener listener = {on_route_said, keeper};

	if (routes_renew(&keeper->routes, &listener))
		send_routes(keeper);
}

bool
keeper_reload_routes(struct keeper *keeper, const struct config *config)
{
	const struct routes_listener listener = {on_route_said, keeper};
	const struct routes_tunnel tunnel = {
	    .config = config, .server = keeper->dialled, .interface = keeper->net.tunnel};
	char why[sizeof(keeper->routes_told.why)], line[sizeof(why) + 64];

	/* While the hook runs, what the engine hears then is not all that there is. */
	if (keeper->phase != KEEPER_DIALLING || tunnel.interface == 0 || keeper->stage < STAGE_UP)
		return false;
	if (keeper->config->hook_script[0] != '\0' || config->hook_script[0] != '\0')
		return false; /* it hears of them with the next dial */
	if (routes_set(&keeper->routes, &tunnel, &listener, why, sizeof(why)) != 0) {
		snprintf(line, sizeof(line), "warning: the routes stay as they are: %s", why);
		keeper->ui->note(keeper->ui->ctx, 0, line);
		return false;
	}
	send_routes(keeper);
	return true;
}

/* Hooks hear of a tunnel that is there with its routes and its DNS. */
static void
on_dns_set(struct keeper *keeper)
{
	keeper_hook_run(keeper, HOOK_UP, on_up_hook);
}

/* Once a dial: with routes of ours in place the way to the server would be asked in vain. */
void
keeper_network(struct keeper *keeper, const struct ipc_network *network)
{
	if (keeper->phase != KEEPER_DIALLING || keeper->network_up)
		return;
	keeper_take_network(&keeper->network, network);
	set_routes(keeper);
	keeper->network_up = true;
	keeper->hooks_up = keeper->routes_told.ecode == 0 && keeper->network.interface[0] != '\0';
	if (keeper->hooks_up)
		keeper_dns_set(keeper, on_dns_set);
	else
		tell_network(keeper);
}
