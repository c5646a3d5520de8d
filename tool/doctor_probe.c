/* doctor_probe.c: see doctor_probe.h. */
#include "doctor_probe.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <grp.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/child.h"

#define NOBODY      65534 /* as the look-up's child */
#define PINGS       5
#define PING_SIZE   84 /* octets with the IP header, as ping(8) sends */
#define PING_MS     1000
#define DNS_TRIES   3
#define DNS_MS      2000
#define MTU_TRIES   3
#define MTU_MS      1000
#define HELD_MS     300
#define PACKET_MAX  65535
#define ICMP_FILTER 1 /* <linux/icmp.h> defines again what <netinet/ip_icmp.h> has */

struct pinger {
	int fd;
	bool raw; /* else the kernel's own ping socket, for those who are not root */
	struct in_addr peer;
	uint16_t id, sequence;
	uint8_t packet[PACKET_MAX];
};

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---------------------------------------------------------------------------------- sockets */

static bool
bind_and_connect(int fd, const struct probe *probe, struct in_addr to, uint16_t port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr = to, .sin_port = htons(port)};

	return fd >= 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, probe->interface,
		   (socklen_t)strlen(probe->interface)) == 0 &&
	       connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/* 0 or an errno. */
static int
open_pinger(struct pinger *pinger, const struct probe *probe)
{
	const uint32_t all_but_replies = ~(1U << ICMP_ECHOREPLY);
	int pmtu = IP_PMTUDISC_PROBE; /* DF, whatever was heard of the path before */

	*pinger = (struct pinger){.raw = true, .peer = probe->peer, .id = (uint16_t)getpid()};
	pinger->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (pinger->fd < 0 && (errno == EPERM || errno == EACCES)) {
		pinger->raw = false;
		pinger->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
	}
	if (!bind_and_connect(pinger->fd, probe, probe->peer, 0) ||
	    setsockopt(pinger->fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu, sizeof(pmtu)) < 0)
		return errno;
	if (pinger->raw && setsockopt(pinger->fd, SOL_RAW, ICMP_FILTER, &all_but_replies,
			       sizeof(all_but_replies)) < 0)
		return errno;
	return 0;
}

/* ------------------------------------------------------------------------------------- ping */

/* RFC 1071 */
static uint16_t
checksum(const uint8_t *octets, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)octets[i] << 8 | octets[i + 1];
	if (len % 2 != 0)
		sum += (uint32_t)octets[len - 1] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* `size` octets with the IP header.  0 or an errno. */
static int
send_echo(struct pinger *pinger, unsigned size)
{
	size_t len = size - sizeof(struct iphdr);
	struct icmphdr header = {.type = ICMP_ECHO};

	header.un.echo.id = htons(pinger->id);
	header.un.echo.sequence = htons(++pinger->sequence);
	for (size_t i = 0; i < len; i++)
		pinger->packet[i] = (uint8_t)i;
	memcpy(pinger->packet, &header, sizeof(header));
	header.checksum = checksum(pinger->packet, len);
	memcpy(pinger->packet, &header, sizeof(header));
	return send(pinger->fd, pinger->packet, len, 0) < 0 ? errno : 0;
}

/* Whether that is the answer to the last one; its source is the peer, as the socket is connected. */
static bool
is_answer(const struct pinger *pinger, size_t len)
{
	const uint8_t *at = pinger->packet;
	struct icmphdr header;

	if (pinger->raw) {
		size_t ip = len > 0 ? (size_t)(at[0] & 15) * 4 : 0;

		if (ip < sizeof(struct iphdr) || len < ip)
			return false;
		at += ip;
		len -= ip;
	}
	if (len < sizeof(header))
		return false;
	memcpy(&header, at, sizeof(header));
	return header.type == ICMP_ECHOREPLY && header.code == 0 &&
	       header.un.echo.sequence == htons(pinger->sequence) &&
	       (!pinger->raw || header.un.echo.id == htons(pinger->id));
}

/* One ping.  False: no answer within that time; *error is an errno if one was told. */
static bool
ping(struct pinger *pinger, unsigned size, unsigned wait_ms, uint32_t *us, int32_t *error)
{
	struct pollfd answer = {.fd = pinger->fd, .events = POLLIN};
	uint64_t began = now_us(), end = began + (uint64_t)wait_ms * 1000;
	int failed = send_echo(pinger, size);

	if (failed != 0) {
		*error = failed;
		return false;
	}
	for (uint64_t now = began; now < end; now = now_us()) {
		ssize_t n;

		if (poll(&answer, 1, (int)((end - now + 999) / 1000)) <= 0)
			continue;
		n = recv(pinger->fd, pinger->packet, sizeof(pinger->packet), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			*error = errno;
			return false;
		}
		if (n > 0 && is_answer(pinger, (size_t)n)) {
			*us = (uint32_t)(now_us() - began);
			return true;
		}
	}
	return false;
}

static void
probe_ping(struct pinger *pinger, struct probe_report *report)
{
	uint64_t sum = 0;
	uint32_t us;

	for (; report->sent < PINGS; report->sent++) {
		if (!ping(pinger, PING_SIZE, PING_MS, &us, &report->error))
			continue;
		report->received++;
		sum += us;
	}
	if (report->received != 0)
		report->us = (uint32_t)(sum / report->received);
}

/* --------------------------------------------------------------------------------- path MTU */

/*
 * A short one comes back, so that what follows is longer by its acknowledgement (RFC 2637 4.1).
 * After one that was lost the server may hold the next back, to put them in order, until there is
 * one more.
 */
static void
settle(struct pinger *pinger, int32_t *error)
{
	uint32_t us;

	if (!ping(pinger, PING_SIZE, HELD_MS, &us, error))
		ping(pinger, PING_SIZE, MTU_MS, &us, error);
}

static bool
passes(struct pinger *pinger, unsigned size, unsigned tries, struct probe_report *report)
{
	uint32_t us;

	while (tries-- > 0) {
		settle(pinger, &report->error);
		report->sent++;
		if (ping(pinger, size, MTU_MS, &us, &report->error)) {
			report->received++;
			return true;
		}
	}
	return false;
}

/* Between one that passes and one that does not, those that are next to each other. */
static void
halve(struct pinger *pinger, unsigned *low, unsigned *high, struct probe_report *report)
{
	while (*high - *low > 1) {
		unsigned size = *low + (*high - *low) / 2;

		if (passes(pinger, size, 1, report))
			*low = size;
		else
			*high = size;
	}
}

/*
 * The longest that comes back: all of the MTU, or what lies between that and an ordinary ping.  One
 * that was only lost must not look like a path that is too narrow: what is said not to pass has had
 * as many tries as the first.
 */
static void
probe_mtu(struct pinger *pinger, unsigned mtu, struct probe_report *report)
{
	unsigned low = PING_SIZE, high = mtu;

	report->size = mtu;
	if (mtu <= PING_SIZE || passes(pinger, mtu, MTU_TRIES, report))
		return;
	halve(pinger, &low, &high, report);
	while (high < mtu && passes(pinger, high, MTU_TRIES, report)) {
		low = high;
		high = mtu;
		halve(pinger, &low, &high, report);
	}
	report->size = low;
}

/* -------------------------------------------------------------------------------------- DNS */

/* Whether that is the answer to this query; then its RCODE. */
static bool
is_dns_answer(const uint8_t *query, const uint8_t *octets, int len, uint32_t *rcode)
{
	ns_msg message;

	if (ns_initparse(octets, len, &message) < 0 || ns_msg_getflag(message, ns_f_qr) == 0 ||
	    memcmp(query, octets, 2) != 0) /* the ID */
		return false;
	*rcode = (uint32_t)ns_msg_getflag(message, ns_f_rcode);
	return true;
}

static bool
dns_try(int fd, const uint8_t *query, int len, struct probe_report *report)
{
	struct pollfd answer = {.fd = fd, .events = POLLIN};
	uint64_t began = now_us(), end = began + (uint64_t)DNS_MS * 1000;
	uint8_t octets[NS_PACKETSZ * 4];

	report->sent++;
	if (send(fd, query, (size_t)len, 0) < 0) {
		report->error = errno;
		return false;
	}
	for (uint64_t now = began; now < end; now = now_us()) {
		ssize_t n;

		if (poll(&answer, 1, (int)((end - now + 999) / 1000)) <= 0)
			continue;
		n = recv(fd, octets, sizeof(octets), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			report->error = errno; /* ECONNREFUSED: nobody listens there */
			return false;
		}
		if (n > 0 && is_dns_answer(query, octets, (int)n, &report->rcode)) {
			report->received++;
			report->us = (uint32_t)(now_us() - began);
			return true;
		}
	}
	return false;
}

/* Who the root's name servers are: every server has an answer to that, if only a refusal. */
static void
probe_dns(int fd, struct probe_report *report)
{
	uint8_t query[NS_PACKETSZ];
	int len = res_mkquery(
	    ns_o_query, ".", ns_c_in, ns_t_ns, NULL, 0, NULL, query, (int)sizeof(query));

	for (int try = 0; len > 0 && try < DNS_TRIES && report->received == 0; try++)
		dns_try(fd, query, len, report);
	if (report->received != 0)
		report->error = 0;
}

/* ---------------------------------------------------------------------------------- the child */

static void
tell(int fd, const struct probe_report *report)
{
	if (send(fd, report, sizeof(*report), MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* From here on octets of others come in. */
static void
drop_rights(pid_t parent)
{
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
				  setresuid(NOBODY, NOBODY, NOBODY) < 0))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static void
child(const struct probe *probe, int fd, pid_t parent)
{
	static struct pinger pinger; /* of 64 KiB */
	struct probe_report first = {.kind = PROBE_PING}, last = {.kind = PROBE_MTU};
	int dns[2] = {-1, -1}, dns_error[2] = {0};
	bool asked = false, answered = false;

	first.error = open_pinger(&pinger, probe);
	for (unsigned i = 0; i < 2; i++) {
		if (probe->dns[i].s_addr == htonl(INADDR_ANY))
			continue;
		dns[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (dns[i] < 0 || !bind_and_connect(dns[i], probe, probe->dns[i], NS_DEFAULTPORT))
			dns_error[i] = errno;
	}
	drop_rights(parent);
	if (first.error == 0)
		probe_ping(&pinger, &first);
	tell(fd, &first);
	if (first.received == 0)
		_exit(0);
	for (unsigned i = 0; i < 2; i++) {
		struct probe_report report = {
		    .kind = PROBE_DNS, .server = i, .error = dns_error[i]};

		if (probe->dns[i].s_addr == htonl(INADDR_ANY))
			continue;
		asked = true;
		if (dns[i] >= 0 && dns_error[i] == 0)
			probe_dns(dns[i], &report);
		answered = answered || report.received != 0;
		tell(fd, &report);
	}
	if (!asked || answered) {
		probe_mtu(&pinger, probe->mtu, &last);
		tell(fd, &last);
	}
	_exit(0);
}

pid_t
probe_start(const struct probe *probe, int *fd)
{
	pid_t parent = getpid(), pid;
	int pair[2], saved;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid = child_fork();
	if (pid == 0) {
		close(pair[0]);
		child(probe, pair[1], parent);
	}
	saved = errno;
	close(pair[1]);
	if (pid < 0)
		close(pair[0]);
	else
		*fd = pair[0];
	errno = saved;
	return pid;
}

int
probe_next(int fd, struct probe_report *report)
{
	ssize_t n = recv(fd, report, sizeof(*report), 0);

	if (n < 0 && errno == EINTR)
		return -1;
	return n == (ssize_t)sizeof(*report);
}
