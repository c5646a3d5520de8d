/*
 * keeper_net.c: this host's network changes (watch.h): one that waits dials at once, one that is up
 * sees whether it still goes where the server is (design D11).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_int.h"
#include "pptp.h"

#define SETTLE_TIME \
	(700 * PPTP_MSEC) /* an address, its routes, DNS: they come one after the other */
/*
 * Dials that the network asks for: some at once, as a link, an address and a route come with seconds
 * between them, then one in so long: a link that comes and goes must not hammer the server.
 */
#define DIAL_GAP   (10 * PPTP_SEC)
#define DIAL_BURST (3 * DIAL_GAP)
#define SLEPT_TIME (2 * PPTP_SEC) /* less is no sleep, but two clocks that are not read at once */

/* ------------------------------------------------------------------------- what is heard */

/* It begins with the first of a flock: one that never ends is heard as well. */
static void
settle(struct keeper *keeper)
{
	if (!evtimer_pending(keeper->net.settle, NULL))
		keeper_arm(keeper->net.settle, SETTLE_TIME);
}

/* From where a dial to that server would go now.  0 or an errno. */
static int
way_now(const struct keeper *keeper, struct way *way)
{
	const struct config *config = keeper->config;
	unsigned bound = 0;

	if (config->bind_device[0] != '\0' && (bound = if_nametoindex(config->bind_device)) == 0)
		return ENODEV;
	return way_of_host(keeper->dialled, config->mark, bound, way);
}

/*
 * Whether the last server is reached over a PPP interface.  One that comes up while we wait is perhaps the
 * line to the Internet; it is another tunnel, or `pptpeer doctor`, where the server's way is not over it.
 */
static bool
goes_over_ppp(const struct keeper *keeper)
{
	char name[IF_NAMESIZE];
	struct way way;

	if (keeper->dialled.s_addr == htonl(INADDR_ANY))
		return true; /* there was none yet: nobody knows */
	if (way_now(keeper, &way) != 0 || if_indextoname(way.interface, name) == NULL)
		return false; /* its default route is still to come */
	return keeper_ppp_index(name) != 0;
}

/* A PPP interface that comes while one dials is as a rule its own. */
static void
on_appeared(void *ctx, bool ppp, const char *what)
{
	struct keeper *keeper = ctx;

	if ((ppp && keeper->phase != KEEPER_WAITING) || keeper->net.tunnel != 0)
		return;
	if (ppp && !goes_over_ppp(keeper))
		return;
	keeper->net.appeared = true;
	snprintf(keeper->net.what, sizeof(keeper->net.what), "%s", what);
	if (keeper->phase == KEEPER_WAITING)
		settle(keeper);
}

static bool
overlap(const struct net *one, const struct net *other)
{
	return net_covers(one, other->address) || net_covers(other, one->address);
}

static void
on_changed(void *ctx, const struct net *to)
{
	struct keeper *keeper = ctx;
	bool matters = net_covers(to, keeper->dialled);

	if (keeper->net.tunnel == 0)
		return;
	for (unsigned i = 0; i < keeper->routes.past_count; i++)
		matters = matters || overlap(to, &keeper->routes.past[i].to);
	if (!matters)
		return;
	keeper->net.changed = true;
	settle(keeper);
}

static void
on_lost(void *ctx, unsigned interface, bool deleted)
{
	struct keeper *keeper = ctx;
	struct ipc_msg msg;

	if (interface != keeper->net.tunnel || keeper->phase != KEEPER_DIALLING)
		return;
	ipc_init(&msg, IPC_NO_INTERFACE);
	msg.u.deleted = deleted;
	keeper_send(keeper, &msg, NULL, 0);
}

/* ------------------------------------------------------------------------------ while it waits */

/* One of the burst, or when the next one is due. */
static uint64_t
earliest(const struct keeper_net *net, uint64_t now)
{
	return net->paid > now + DIAL_BURST - DIAL_GAP ? net->paid - (DIAL_BURST - DIAL_GAP) : now;
}

static void
pay(struct keeper_net *net, uint64_t now)
{
	net->paid = (net->paid > now ? net->paid : now) + DIAL_GAP;
}

static void
hasten(struct keeper *keeper)
{
	struct keeper_net *net = &keeper->net;
	uint64_t now = clock_now(), at = earliest(net, now);
	char text[160];

	if (at >= keeper->dial_at)
		return;
	pay(net, at);
	net->appeared = false;
	snprintf(text, sizeof(text), "the network has changed, %s: the next dial comes %s",
	    net->what, at == now ? "now" : "sooner");
	keeper->ui->note(keeper->ui->ctx, 0, text);
	keeper->dial_at = at;
	keeper_arm(keeper->dial_timer, at - now);
	keeper_tell_wait(keeper);
}

/* --------------------------------------------------------------------------------- while it is up */

static bool
is_here(struct in_addr address)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return true; /* nobody knows: then the Echo-Request will tell */
	for (const struct ifaddrs *one = all; one != NULL && !found; one = one->ifa_next)
		found =
		    one->ifa_addr != NULL && one->ifa_addr->sa_family == AF_INET &&
		    ((const struct sockaddr_in *)(const void *)one->ifa_addr)->sin_addr.s_addr ==
			address.s_addr;
	freeifaddrs(all);
	return found;
}

static void
lost(struct keeper *keeper, const struct reason *reason)
{
	struct ipc_msg msg;
	uint64_t now = clock_now();

	keeper->net.tunnel = 0; /* once */
	if (keeper->config->persist && earliest(&keeper->net, now) == now) {
		pay(&keeper->net, now);
		keeper->redial = true;
	}
	ipc_init(&msg, IPC_LOST);
	msg.u.reason = *reason;
	keeper_send(keeper, &msg, NULL, 0);
}

/*
 * Where no way is left nothing can be dialled either: the same one may come back, as when a cable
 * is pulled for a moment, and until then the tunnel is as good as a new one.
 */
static void
check_way(struct keeper *keeper)
{
	const struct keeper_net *net = &keeper->net;
	char ours[INET_ADDRSTRLEN], other[INET_ADDRSTRLEN], server[INET_ADDRSTRLEN];
	char name[IF_NAMESIZE] = "?";
	struct reason reason;
	struct way way;

	inet_ntop(AF_INET, &net->outer, ours, sizeof(ours));
	inet_ntop(AF_INET, &keeper->dialled, server, sizeof(server));
	if (!is_here(net->outer)) {
		reason_set(&reason, 606,
		    "The address from which the tunnel to %s was dialled, %s, is gone from this "
		    "host.",
		    server, ours);
		lost(keeper, &reason);
		return;
	}
	keeper_renew_routes(keeper);
	/* Over the tunnel itself: its own way is gone with its link (sockets.h), and no other one is there. */
	if (!net->source_known || way_now(keeper, &way) != 0 || way.interface == net->tunnel ||
	    way.source.s_addr == net->outer.s_addr)
		return;
	inet_ntop(AF_INET, &way.source, other, sizeof(other));
	if_indextoname(way.interface, name);
	reason_set(&reason, 606,
	    "The way to %s is another one now: over %s, from %s; the tunnel was dialled from %s.",
	    server, name, other, ours);
	lost(keeper, &reason);
}

static void
on_settled(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;
	struct keeper_net *net = &keeper->net;

	(void)fd, (void)what;
	if (net->appeared && keeper->phase == KEEPER_WAITING && keeper->dial_at != PPTP_NEVER)
		hasten(keeper);
	if (net->changed && net->tunnel != 0 && keeper->phase == KEEPER_DIALLING &&
	    !keeper->stopping)
		check_way(keeper);
	net->changed = false;
}

/* -------------------------------------------------------------------- this machine has slept */

void
keeper_net_wake(struct keeper *keeper)
{
	uint64_t asleep = clock_asleep(), slept = asleep - keeper->net.asleep;
	char text[96];
	struct ipc_msg msg;

	if (asleep < keeper->net.asleep + SLEPT_TIME)
		return;
	keeper->net.asleep = asleep;
	snprintf(text, sizeof(text), "this machine has slept for %llu s",
	    (unsigned long long)((slept + PPTP_SEC / 2) / PPTP_SEC)); /* as above: not at once */
	if (keeper->phase == KEEPER_WAITING) {
		on_appeared(keeper, false, text);
		return;
	}
	keeper->ui->note(keeper->ui->ctx, 0, text);
	ipc_init(&msg, IPC_AWAKE);
	keeper_send(keeper, &msg, NULL, 0);
}

/* Never runs out: it is cancelled when the time of day jumps, as it does after a sleep. */
static bool
await_jump(struct keeper *keeper)
{
	const struct itimerspec never = {.it_value.tv_sec = INT32_MAX};

	return timerfd_settime(keeper->net.wake_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
		   &never, NULL) == 0;
}

static void
on_jump(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;
	uint64_t times;

	(void)what;
	if (read(fd, &times, sizeof(times)) >= 0 || !await_jump(keeper))
		event_del(keeper->net.wake); /* what is asked of each ping finds it as well */
	keeper_net_wake(keeper);
}

static bool
wake_setup(struct keeper *keeper)
{
	struct keeper_net *net = &keeper->net;

	net->asleep = clock_asleep();
	net->wake_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (net->wake_fd < 0 || !await_jump(keeper))
		return net->wake_fd < 0; /* without, each ping will tell */
	net->wake = event_new(keeper->base, net->wake_fd, EV_READ | EV_PERSIST, on_jump, keeper);
	return net->wake != NULL && event_add(net->wake, NULL) == 0;
}

/* ---------------------------------------------------------------------------- from elsewhere */

void
keeper_net_dial(struct keeper *keeper)
{
	keeper->net.appeared = false;
	keeper_net_down(keeper);
}

void
keeper_net_up(struct keeper *keeper, unsigned tunnel, struct in_addr outer)
{
	struct keeper_net *net = &keeper->net;
	struct way way;

	net->tunnel = tunnel;
	net->outer = outer;
	net->appeared = false; /* that dial has succeeded */
	/* Where rules of the host say so it may differ from the first: then it tells nothing. */
	net->source_known = way_now(keeper, &way) == 0 && way.source.s_addr == outer.s_addr;
}

void
keeper_net_down(struct keeper *keeper)
{
	keeper->net.tunnel = 0;
	keeper->net.changed = false;
}

void
keeper_net_drain(struct keeper *keeper)
{
	watch_drain(keeper->net.watch);
}

void
keeper_net_waits(struct keeper *keeper)
{
	if (keeper->net.appeared)
		settle(keeper);
}

bool
keeper_net_setup(struct keeper *keeper)
{
	const struct watch_listener listener = {on_appeared, on_changed, on_lost, keeper};

	keeper->net.settle = evtimer_new(keeper->base, on_settled, keeper);
	keeper->net.watch = watch_new(keeper->base, &listener);
	return keeper->net.settle != NULL && keeper->net.watch != NULL && wake_setup(keeper);
}

void
keeper_net_free(struct keeper *keeper)
{
	if (keeper->net.settle != NULL)
		event_free(keeper->net.settle);
	if (keeper->net.wake != NULL)
		event_free(keeper->net.wake);
	if (keeper->net.wake_fd >= 0)
		close(keeper->net.wake_fd);
	watch_free(keeper->net.watch);
}
