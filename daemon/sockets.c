/* sockets.c: see sockets.h.  Runs in the keeper. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pptp.h"

/* After the headers that it would define again. */
#include <linux/if_pppox.h>

/* Enough of a packet for the sniffer: the longest IP header and the longest GRE header. */
#define SNIFF_LEN (60 + PPTP_GRE_MAX_HEADER)
/* 64 packets of 1500 octets come in a burst without loss; also bounds the queue (octets). */
#define GRE_RCVBUF      (160 * 1024)
#define DOOR_BACKLOG    8 /* connections of one peer */
#define CALLERS_BACKLOG 128

static int
common_options(int fd, const struct config *config)
{
	if (config->mark != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &config->mark, sizeof(config->mark)) < 0)
		return -1;
	if (config->bind_device[0] != '\0' &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, config->bind_device,
		(socklen_t)strlen(config->bind_device)) < 0)
		return -1;
	return 0;
}

static int
bind_local(int fd, const struct config *config)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = config->bind_address};

	if (config->bind_address.s_addr == htonl(INADDR_ANY))
		return 0;
	return bind(fd, (struct sockaddr *)&local, sizeof(local));
}

static int
open_tcp(const struct config *config, const char **what)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*what = "TCP socket";
	if (fd < 0)
		return -1;
	*what = "TCP socket option";
	if (common_options(fd, config) < 0)
		goto fail;
	*what = "TCP bind";
	if (bind_local(fd, config) < 0)
		goto fail;
	return fd;
fail:
	close(fd);
	return -1;
}

/* GRE version 1 with protocol 0x880b and our Call ID in the key; x is the IP header's length. */
static int
filter_gre(int fd, uint16_t local_call_id)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* x = 4 * ihl */
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),  /* Protocol Type */
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PPTP_GRE_PROTOCOL, 0, 3),
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 6), /* Call ID */
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, local_call_id, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one));
}

static int
open_gre(
    const struct config *config, struct in_addr server, uint16_t local_call_id, const char **what)
{
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr = server};
	int size = GRE_RCVBUF;
	int pmtu = IP_PMTUDISC_DONT; /* a tunnel MTU that is too large fragments, as peers do */
	int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, PPTP_GRE_IP_PROTOCOL);

	*what = "GRE socket";
	if (fd < 0)
		return -1;
	*what = "GRE socket option";
	if (common_options(fd, config) < 0 || filter_gre(fd, local_call_id) < 0)
		goto fail;
	/* Beyond net.core.rmem_max the kernel takes what it allows: no error. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu, sizeof(pmtu));
	*what = "GRE bind";
	if (bind_local(fd, config) < 0)
		goto fail;
	*what = "GRE connect";
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0)
		goto fail;
	return fd;
fail:
	close(fd);
	return -1;
}

/*
 * The sniffer: arriving IP protocol 47 before any firewall rule (AF_PACKET is ahead of
 * netfilter), unfragmented or first fragments, cut to the headers.
 */
static int
filter_sniff(int fd)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 5, 0),
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), /* protocol */
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PPTP_GRE_IP_PROTOCOL, 0, 3),
	    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6), /* fragment offset */
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 1, 0),
	    BPF_STMT(BPF_RET | BPF_K, SNIFF_LEN),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one));
}

static int
open_sniff(const char **what)
{
	/* Protocol 0: nothing is received before the filter stands and bind() says IP. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};

	*what = "GRE sniffer";
	if (fd < 0)
		return -1;
	if (filter_sniff(fd) < 0 || bind(fd, (struct sockaddr *)&all, sizeof(all)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* On the way of the dial, though nothing is ever sent on it; -1 with errno. */
static int
open_probe(const struct config *config, struct in_addr server)
{
	struct sockaddr_in peer = {
	    .sin_family = AF_INET, .sin_addr = server, .sin_port = htons(config->port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0 || (common_options(fd, config) == 0 && bind_local(fd, config) == 0 &&
			  connect(fd, (struct sockaddr *)&peer, sizeof(peer)) == 0))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

unsigned
sockets_path_mtu(const struct config *config, struct in_addr server)
{
	int fd = open_probe(config, server), mtu = 0;
	socklen_t len = sizeof(mtu);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len) < 0 || mtu < 0)
		mtu = 0;
	close(fd);
	return (unsigned)mtu;
}

/* The kernel's PPTP wants it before it knows the peer. */
static int
local_address(const struct config *config, struct in_addr server, struct in_addr *local)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int fd = open_probe(config, server), error = 0;

	if (fd < 0)
		return -1;
	if (getsockname(fd, (struct sockaddr *)&name, &len) < 0)
		error = errno;
	else
		*local = name.sin_addr;
	close(fd);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
sockets_door(const struct config *config, const char **what)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
	    .sin_addr = config->listen_address,
	    .sin_port = htons(config->listen_port)};
	int one = 1, error;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*what = "socket";
	if (fd < 0)
		return -1;
	*what = "socket option"; /* those that are accepted inherit it */
	if (common_options(fd, config) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0) {
		*what = "bind";
		if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 &&
		    listen(fd, config->role == ROLE_LISTEN ? CALLERS_BACKLOG : DOOR_BACKLOG) == 0)
			return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static struct sockaddr_pppox
pptp_address(struct in_addr address, uint16_t call_id)
{
	struct sockaddr_pppox name = {.sa_family = AF_PPPOX, .sa_protocol = PX_PROTO_PPTP};

	name.sa_addr.pptp.sin_addr = address;
	name.sa_addr.pptp.call_id = call_id;
	return name;
}

static int
kernel_socket(void)
{
	return socket(AF_PPPOX, SOCK_STREAM | SOCK_CLOEXEC, PX_PROTO_PPTP);
}

static int
open_kernel(
    const struct config *config, struct in_addr server, uint16_t local_call_id, const char **what)
{
	struct sockaddr_pppox name;
	struct in_addr local = {.s_addr = htonl(INADDR_ANY)};
	int fd, error;

	*what = "GRE connect"; /* as without it: the way is looked for */
	if (local_address(config, server, &local) < 0)
		return -1;
	*what = "PPTP socket of the kernel";
	fd = kernel_socket();
	if (fd < 0)
		return -1;
	*what = "PPTP bind";
	name = pptp_address(local, local_call_id);
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* On a socket that is bound to an interface there is no other one: an error is none. */
void
sockets_leave_by(int gre, unsigned interface)
{
	const uint32_t index = htonl(interface);

	setsockopt(gre, IPPROTO_IP, IP_UNICAST_IF, &index, sizeof(index));
}

/* It routes each packet by the interface that the socket is bound to, if by any, and knows no IP_UNICAST_IF. */
void
sockets_kernel_leave_by(int pptp, unsigned interface)
{
	const int index = (int)interface;

	setsockopt(pptp, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index));
}

int
sockets_kernel_connect(int fd, struct in_addr server, uint16_t peer_call_id)
{
	struct sockaddr_pppox name = pptp_address(server, peer_call_id);

	return connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ? errno : 0;
}

int
sockets_kernel_probe(void)
{
	int fd = kernel_socket();

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

int
sockets_open(const struct config *config, struct in_addr server, uint16_t local_call_id,
    int fds[IPC_MAX_FDS], int *kernel, char *what, size_t what_size)
{
	bool ours = kernel == NULL || !config_kernel_path(config);
	int *data = ours ? &fds[IPC_FD_GRE] : kernel;
	const char *step = "";
	int error;

	fds[IPC_FD_TCP] = fds[IPC_FD_GRE] = fds[IPC_FD_SNIFF] = -1;
	if (kernel != NULL)
		*kernel = -1;
	if ((fds[IPC_FD_TCP] = open_tcp(config, &step)) >= 0 &&
	    (*data = (ours ? open_gre : open_kernel)(config, server, local_call_id, &step)) >= 0 &&
	    (fds[IPC_FD_SNIFF] = open_sniff(&step)) >= 0)
		return 0;
	error = errno;
	if (kernel != NULL && *kernel >= 0) {
		close(*kernel);
		*kernel = -1;
	}
	snprintf(what, what_size, "%s", step);
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	return error;
}

/* --------------------------------------------------------------------------- of a listener */

#define SHARED_RCVBUF (4 * 1024 * 1024) /* octets; of all calls */

/* As filter_gre(), with any Call ID. */
static int
filter_pptp(int fd)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* x = 4 * ihl */
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),  /* Protocol Type */
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PPTP_GRE_PROTOCOL, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

static int
open_shared_gre(const struct config *config, const char **what)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = config->listen_address};
	int size = SHARED_RCVBUF, pmtu = IP_PMTUDISC_DONT;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, PPTP_GRE_IP_PROTOCOL);

	*what = "GRE socket";
	if (fd < 0)
		return -1;
	*what = "GRE socket option";
	if (common_options(fd, config) < 0 || filter_pptp(fd) < 0)
		goto fail;
	/* In a container without the capability: what net.core.rmem_max allows. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu, sizeof(pmtu));
	*what = "GRE bind";
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		goto fail;
	return fd;
fail:
	close(fd);
	return -1;
}

int
sockets_listen(const struct config *config, int fds[IPC_MAX_FDS], char *what, size_t what_size)
{
	const char *step = "";
	int error;

	for (size_t i = 0; i < IPC_MAX_FDS; i++)
		fds[i] = -1;
	if ((fds[IPC_FD_LISTEN] = sockets_door(config, &step)) >= 0 &&
	    (fds[IPC_FD_LISTEN_GRE] = open_shared_gre(config, &step)) >= 0)
		return 0;
	error = errno;
	snprintf(what, what_size, "%s", step);
	if (fds[IPC_FD_LISTEN] >= 0)
		close(fds[IPC_FD_LISTEN]);
	fds[IPC_FD_LISTEN] = -1;
	return error;
}
