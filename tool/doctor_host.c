/* doctor_host.c: what `pptpeer doctor` looks at before anybody is dialled. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ppp-comp.h>
#include <linux/ppp-ioctl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/lookup.h"
#include "daemon/pppd.h"
#include "daemon/rtnl.h"
#include "doctor.h"
#include "pptp.h"

#define LOOKUP_MS 20000 /* as long as a dial waits for it */

/* --------------------------------------------------------------------------- this host */

/*
 * Whether this kernel has MPPE: by an interface of PPP that is gone with its descriptor, as pppd
 * asks, so that its module is loaded.  0 or an errno.
 */
static int
mppe_missing(void)
{
	unsigned char option[CILEN_MPPE + 16] = {CI_MPPE, CILEN_MPPE}; /* and a key */
	struct ppp_option_data data = {.ptr = option, .length = sizeof(option), .transmit = 1};
	int fd = open("/dev/ppp", O_RDWR | O_CLOEXEC), unit = -1, error = 0;

	if (fd < 0)
		return errno;
	if (ioctl(fd, PPPIOCNEWUNIT, &unit) < 0 || ioctl(fd, PPPIOCSCOMPRESS, &data) < 0)
		error = errno;
	close(fd);
	return error;
}

static bool
has_pppd(struct doctor *doctor)
{
	const struct config *config = &doctor->run.settings.config;
	struct reason reason;
	int missing = 0;

	if (!pppd_usable(config, &reason)) {
		doctor_fail(doctor, HOP_HOST, &reason);
		return false;
	}
	if (config->mppe != MPPE_OFF)
		missing = mppe_missing();
	if (missing != 0 && config->mppe == MPPE_REQUIRE) {
		reason_set(&reason, 502, "This kernel has no MPPE (module ppp_mppe): %s.",
		    strerror(missing));
		doctor_fail(doctor, HOP_HOST, &reason);
		return false;
	}
	doctor_ok(doctor, HOP_HOST, NO_TIME, "root; %s with our plugin, /dev/ppp%s",
	    config->pppd_path,
	    config->mppe == MPPE_OFF ? ""
	    : missing == 0           ? ", MPPE in the kernel"
				     : "; no MPPE in the kernel");
	return true;
}

static bool
this_host(struct doctor *doctor)
{
	struct reason reason;

	if (geteuid() != 0) {
		reason_set(&reason, 104,
		    "pptpeer doctor must be root to dial: it opens raw sockets and starts pppd.");
		doctor_fail(doctor, HOP_HOST, &reason);
		return false;
	}
	if (doctor->run.settings.config.until > STAGE_GRE)
		return has_pppd(doctor);
	doctor_ok(doctor, HOP_HOST, NO_TIME, "root; no more is needed up to GRE");
	return true;
}

/* ------------------------------------------------------------------------------- the name */

static void
nothing_to_forget(void *ctx)
{
	(void)ctx;
}

/* In the child without rights that dials have for it; getaddrinfo()'s error, 0 good. */
static int
look_up(const char *name, struct ipc_msg *msg)
{
	struct pollfd answer = {.events = POLLIN};
	pid_t pid = lookup_start(name, nothing_to_forget, NULL, &answer.fd);
	int error = EAI_AGAIN;

	ipc_init(msg, IPC_ADDRESSES);
	if (pid < 0)
		return EAI_SYSTEM;
	if (poll(&answer, 1, LOOKUP_MS) > 0)
		error = recv(answer.fd, msg, sizeof(*msg), 0) == (ssize_t)sizeof(*msg) &&
				msg->u.addresses.count <= IPC_MAX_ADDRESSES
			    ? msg->u.addresses.gai_error
			    : EAI_FAIL;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(answer.fd);
	return error == 0 && msg->u.addresses.count == 0 ? EAI_NONAME : error;
}

static void
take_address(struct doctor *doctor, struct in_addr address)
{
	struct doctor_address *to = &doctor->addresses[doctor->address_count++];

	*to = (struct doctor_address){.address = address};
	inet_ntop(AF_INET, &address, to->text, sizeof(to->text));
}

static bool
the_name(struct doctor *doctor)
{
	const char *server = doctor->run.settings.config.servers[0];
	char name[4 * 256], list[IPC_MAX_ADDRESSES * (INET_ADDRSTRLEN + 2)] = "";
	uint64_t began = doctor_now();
	struct in_addr address;
	struct reason reason;
	struct ipc_msg msg;
	int error;

	pptp_escape(server, name, sizeof(name));
	if (inet_pton(AF_INET, server, &address) == 1) {
		take_address(doctor, address);
		doctor_none(doctor, HOP_NAME, "%s is an address: nothing to look up", name);
		return true;
	}
	error = look_up(server, &msg);
	if (error != 0) {
		reason_set(&reason, 207, "The name %.255s %s: %s.", name,
		    error == EAI_NONAME || error == EAI_NODATA ? "has no IPv4 address"
							       : "could not be looked up",
		    gai_strerror(error));
		doctor_fail(doctor, HOP_NAME, &reason);
		return false;
	}
	for (uint32_t i = 0; i < msg.u.addresses.count; i++) {
		take_address(doctor, msg.u.addresses.address[i]);
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
		    i == 0 ? "" : ", ", doctor->addresses[i].text);
	}
	doctor_ok(doctor, HOP_NAME, doctor_now() - began, "%s is %s, after %u ms", name, list,
	    (unsigned)((doctor_now() - began) / 1000));
	return true;
}

/* ------------------------------------------------------------------------------ the route */

struct route {
	uint8_t type; /* RTN_ */
	uint32_t interface;
	char source[INET_ADDRSTRLEN], via[INET6_ADDRSTRLEN];
};

static int
take_attribute(const struct nlattr *attr, void *ctx)
{
	struct route *route = ctx;
	uint16_t len = mnl_attr_get_payload_len(attr);
	struct rtvia via;

	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		if (len == sizeof(uint32_t))
			route->interface = mnl_attr_get_u32(attr);
		break;
	case RTA_PREFSRC:
		if (len == sizeof(struct in_addr))
			inet_ntop(AF_INET, mnl_attr_get_payload(attr), route->source,
			    sizeof(route->source));
		break;
	case RTA_GATEWAY:
		if (len == sizeof(struct in_addr))
			inet_ntop(
			    AF_INET, mnl_attr_get_payload(attr), route->via, sizeof(route->via));
		break;
	case RTA_VIA: /* a gateway of IPv6 */
		if (len < sizeof(via) + sizeof(struct in6_addr))
			break;
		inet_ntop(AF_INET6, (const char *)mnl_attr_get_payload(attr) + sizeof(via),
		    route->via, sizeof(route->via));
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int
take_route(const struct nlmsghdr *message, void *ctx)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(message);
	struct route *route = ctx;

	route->type = rtm->rtm_type;
	mnl_attr_parse(message, sizeof(*rtm), take_attribute, route);
	return MNL_CB_STOP;
}

/* As the packets of a dial go: with its source, interface and mark.  0 or an errno. */
static int
ask_route(const struct config *config, struct in_addr address, struct route *route)
{
	const struct net to = {address, 32};
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *message = rtnl_route(&buf, RTM_GETROUTE, 0);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	*route = (struct route){.type = RTN_UNSPEC};
	rtnl_destination(message, &to);
	if (config->bind_address.s_addr != htonl(INADDR_ANY)) {
		rtm->rtm_src_len = 32;
		mnl_attr_put_u32(message, RTA_SRC, config->bind_address.s_addr);
	}
	if (config->bind_device[0] != '\0')
		mnl_attr_put_u32(message, RTA_OIF, if_nametoindex(config->bind_device));
	if (config->mark != 0)
		mnl_attr_put_u32(message, RTA_MARK, config->mark);
	return rtnl_ask(message, take_route, route);
}

/* One address more in the evidence. */
static int
tell_route(const struct config *config, struct doctor_address *to, char *text, size_t size)
{
	char device[IF_NAMESIZE] = "";
	struct route route;
	int error = ask_route(config, to->address, &route);
	size_t used = strlen(text);

	used += (size_t)snprintf(text + used, size - used, "%s%s", used == 0 ? "" : "; ", to->text);
	if (error != 0) {
		snprintf(text + used, size - used, ": %s", strerror(error));
		return error;
	}
	if_indextoname(route.interface, device);
	snprintf(text + used, size - used, "%s%s%s dev %s source %s",
	    route.type == RTN_LOCAL ? " (this host itself)" : "",
	    route.via[0] != '\0' ? " via " : "", route.via, device,
	    route.source[0] != '\0' ? route.source : "not known");
	snprintf(to->from, sizeof(to->from), "source %s dev %s", route.source, device);
	return 0;
}

static bool
the_route(struct doctor *doctor)
{
	const struct config *config = &doctor->run.settings.config;
	char text[IPC_MAX_ADDRESSES * 96] = "";
	struct reason reason;
	bool any = false;

	for (unsigned i = 0; i < doctor->address_count; i++) {
		if (tell_route(config, &doctor->addresses[i], text, sizeof(text)) == 0)
			any = true;
	}
	if (any) {
		doctor_ok(doctor, HOP_ROUTE, NO_TIME, "%s", text);
		return true;
	}
	reason_set(&reason, 202, "This host has no route to the server: %.400s.", text);
	reason_next(&reason, "look at ip route get %s; a default route may be missing",
	    doctor->addresses[0].text);
	doctor_fail(doctor, HOP_ROUTE, &reason);
	return false;
}

bool
doctor_host(struct doctor *doctor)
{
	return this_host(doctor) && the_name(doctor) && the_route(doctor);
}
