/* tap.c: see tap.h.  Runs in the keeper. */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* After the headers that it would define again. */
#include <linux/if_pppox.h>
#include <linux/if_tun.h>
#include <linux/ppp-ioctl.h>

#include "cpus.h"
#include "rtnl.h"

#define NAME_PATTERN TAP_NAME "%d" /* the kernel puts a number there */
/* Frames that wait for the engine; the kernel drops what comes then.  Some 10 ms at 100 Mbit/s. */
#define QUEUE_LEN 100
/* Where the kernel tells everybody the numbers and addresses of all sessions. */
#define SESSIONS "/proc/net/pppoe"
/*
 * Its mode, once we have been there: nobody but root has ever been able to open it since the module
 * was loaded, or somebody may have.  To root the bit by which they differ is nothing.
 */
#define HIDDEN      (S_IRUSR)
#define HIDDEN_LATE (S_IRUSR | S_IWUSR)

/* The link in the making. */
struct link {
	int tap, pppox;
	unsigned index;
	char name[IFNAMSIZ];
	const char *step; /* of the last call */
};
_Static_assert(sizeof(((struct tap_session *)0)->name) == IFNAMSIZ, "the kernel's names");

/* ------------------------------------------------------------------- frames of the session */

void
tap_header(uint8_t header[TAP_HEADER_LEN], const uint8_t *destination, const uint8_t *source,
    uint16_t session)
{
	memcpy(header, destination, TAP_ADDRESS_LEN);
	memcpy(header + 6, source, TAP_ADDRESS_LEN);
	header[12] = ETH_P_PPP_SES >> 8;
	header[13] = ETH_P_PPP_SES & 0xff;
	header[14] = 0x11; /* version 1, type 1 */
	header[15] = 0;    /* code: data */
	header[16] = (uint8_t)(session >> 8);
	header[17] = (uint8_t)session;
}

void
tap_filter(struct sock_filter *code, const struct tap_session *session)
{
	static const uint32_t words[] = {0, 4, 8, 12, TAP_HEADER_LEN - 4}; /* two octets twice */
	uint8_t header[TAP_HEADER_LEN];
	uint32_t word;
	uint8_t n = 0;

	tap_header(header, session->engine, session->kernel, session->id);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		memcpy(&word, header + words[i], sizeof(word));
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, words[i]);
		/* Another one: to the last instruction. */
		code[n] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, ntohl(word), 0, (uint8_t)(TAP_FILTER_LEN - 2 - n));
		n++;
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	code[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
}

/* -------------------------------------------------------------------------------- netlink */

static void
link_message(struct nlmsghdr *nlh, const struct link *link, unsigned flags, unsigned mask)
{
	struct ifinfomsg *info;

	nlh->nlmsg_type = RTM_NEWLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)link->index;
	info->ifi_flags = flags;
	info->ifi_change = mask;
}

/*
 * Addresses and queue, before it is up.  An address that was set is one that udev leaves as it is; a change later
 * would end the session.
 */
static int
set_quiet(const struct link *link, const struct tap_session *session, bool ipv6)
{
	struct rtnl_buffer buf = {{0}}; /* with the gaps that alignment leaves */
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf.octets);

	link_message(nlh, link, 0, 0);
	mnl_attr_put(nlh, IFLA_ADDRESS, TAP_ADDRESS_LEN, session->kernel);
	mnl_attr_put_u32(nlh, IFLA_TXQLEN, QUEUE_LEN);
	if (ipv6) {
		/* No address of its own, and so not a word about it. */
		struct nlattr *families = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
		struct nlattr *inet6 = mnl_attr_nest_start(nlh, AF_INET6);

		mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		mnl_attr_nest_end(nlh, inet6);
		mnl_attr_nest_end(nlh, families);
	}
	return rtnl_ask(nlh, NULL, NULL);
}

/*
 * Whatever the system's default is may sort by flows, and MPPE dies of frames out of order.  The TAP has a
 * queue of its own, which drops at its end: none before it.
 */
static int
set_no_qdisc(const struct link *link)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf.octets);
	struct tcmsg *tc;

	nlh->nlmsg_type = RTM_NEWQDISC;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = (int)link->index;
	tc->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(nlh, TCA_KIND, "noqueue");
	return rtnl_ask(nlh, NULL, NULL);
}

/* Without multicast, so that nobody looks for names or routers behind it. */
static int
set_up(const struct link *link)
{
	struct rtnl_buffer buf = {{0}};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf.octets);

	link_message(nlh, link, IFF_UP | IFF_NOARP, IFF_UP | IFF_NOARP | IFF_MULTICAST);
	return rtnl_ask(nlh, NULL, NULL);
}

/* 0, or -1 with errno. */
static int
configure(struct link *link, const struct tap_session *session)
{
	int error;

	link->step = "TAP settings";
	error = set_quiet(link, session, true);
	if (error == EAFNOSUPPORT) /* a kernel without IPv6 */
		error = set_quiet(link, session, false);
	if (error == 0) {
		link->step = "TAP queue";
		error = set_no_qdisc(link);
	}
	if (error == 0) {
		link->step = "TAP up";
		error = set_up(link);
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

/* -------------------------------------------------------------------------------- its CPU */

/* By the interface's number: of many on this host, whoever made them, each has another one. */
static int
receiver(const struct link *link, const struct tap_session *session)
{
	unsigned number = (unsigned)strtoul(link->name + strlen(TAP_NAME), NULL, 10);
	cpu_set_t allowed;
	int cpu = cpus_allowed(&allowed) ? cpus_pick(&allowed, number) : CPUS_NONE;

	return cpu != CPUS_NONE && cpus_steer(link->name, session->kernel, cpu) ? cpu : CPUS_NONE;
}

/* ----------------------------------------------------------------------- TAP and session */

static int
make_tap(struct link *link)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	link->step = "/dev/net/tun";
	link->tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (link->tap < 0)
		return -1;
	link->step = "TAP";
	memcpy(request.ifr_name, NAME_PATTERN, sizeof(NAME_PATTERN));
	if (ioctl(link->tap, TUNSETIFF, &request) < 0)
		return -1;
	memcpy(link->name, request.ifr_name, sizeof(link->name));
	link->index = if_nametoindex(link->name);
	return link->index == 0 ? -1 : 0;
}

/*
 * Any user may open a PPPoE session of his own on any interface that is up, and send on it without
 * any privilege.  His frames must not take the place of ours in the queue to the engine.
 */
static int
keep_to_session(struct link *link, const struct tap_session *session)
{
	struct sock_filter code[TAP_FILTER_LEN];
	struct sock_fprog program;

	link->step = "TAP filter";
	tap_filter(code, session);
	memset(&program, 0, sizeof(program)); /* the gap that alignment leaves */
	program.len = TAP_FILTER_LEN;
	program.filter = code;
	return ioctl(link->tap, TUNATTACHFILTER, &program);
}

/*
 * Whoever knows number and address of a session needs no privilege to have frames forwarded on it
 * (PPPOEIOCSFWD on a socket of his own on lo), or to take it over: a socket's connect() to what is taken
 * fails, and its second one removes what the first has found (both seen on Linux 6.1).  To a filter such
 * frames are the channel's own.  So nobody else may ever have been able to open the file, for a
 * descriptor goes on reading.  Without the module it is not there: our socket loads that.
 */
static int
look_at_sessions(struct link *link, bool demanded, bool *exposed)
{
	struct stat st;

	link->step = SESSIONS;
	if (stat(SESSIONS, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	*exposed = (st.st_mode & ALLPERMS) != HIDDEN;
	errno = EACCES;
	return *exposed && !demanded ? -1 : 0;
}

static int
hide_sessions(struct link *link, bool exposed)
{
	link->step = SESSIONS;
	return chmod(SESSIONS, exposed ? HIDDEN_LATE : HIDDEN);
}

static int
connect_session(struct link *link, const struct tap_session *session)
{
	struct sockaddr_pppox peer = {.sa_family = AF_PPPOX, .sa_protocol = PX_PROTO_OE};
	int channel;

	link->step = "PPPoE socket";
	link->pppox = socket(AF_PPPOX, SOCK_STREAM | SOCK_CLOEXEC, PX_PROTO_OE);
	if (link->pppox < 0 || hide_sessions(link, session->exposed) < 0)
		return -1;
	link->step = "PPPoE session";
	peer.sa_addr.pppoe.sid = htons(session->id);
	memcpy(peer.sa_addr.pppoe.remote, session->engine, TAP_ADDRESS_LEN);
	memcpy(peer.sa_addr.pppoe.dev, link->name, sizeof(peer.sa_addr.pppoe.dev));
	if (connect(link->pppox, (struct sockaddr *)&peer, sizeof(peer)) < 0)
		return -1;
	/* What pppd will ask first: is it a channel of the kernel's PPP? */
	return ioctl(link->pppox, PPPIOCGCHAN, &channel);
}

/* Of one host, and not a group's (IEEE 802: the two low bits of the first octet). */
static void
make_local(uint8_t address[TAP_ADDRESS_LEN])
{
	address[0] = (uint8_t)((address[0] & 0xfc) | 0x02);
}

static int
pick_session(struct tap_session *session)
{
	uint8_t random[2 * TAP_ADDRESS_LEN + 2];

	memset(session, 0, sizeof(*session));
	session->receiver = CPUS_NONE;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -1;
	memcpy(session->kernel, random, TAP_ADDRESS_LEN);
	memcpy(session->engine, random + TAP_ADDRESS_LEN, TAP_ADDRESS_LEN);
	make_local(session->kernel);
	make_local(session->engine);
	session->id = (uint16_t)((random[12] << 8 | random[13]) % 0xfffe + 1);
	return 0;
}

int
tap_open(
    bool demanded, int *tap, int *pppox, struct tap_session *session, char *why, size_t why_size)
{
	struct link link = {.tap = -1, .pppox = -1, .step = "random numbers"};
	int error;

	if (pick_session(session) == 0 &&
	    look_at_sessions(&link, demanded, &session->exposed) == 0 && make_tap(&link) == 0 &&
	    keep_to_session(&link, session) == 0 && configure(&link, session) == 0 &&
	    connect_session(&link, session) == 0) {
		*tap = link.tap;
		*pppox = link.pppox;
		memcpy(session->name, link.name, sizeof(session->name));
		session->receiver = receiver(&link, session);
		return 0;
	}
	error = errno;
	if (session->exposed && !demanded)
		snprintf(why, why_size,
		    "all users have been able to read %s (pptpeer.conf(5): data.path)", SESSIONS);
	else
		snprintf(why, why_size, "%s: %s", link.step, strerror(error));
	if (link.pppox >= 0)
		close(link.pppox);
	if (link.tap >= 0)
		close(link.tap);
	return error;
}
