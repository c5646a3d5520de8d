/*
 * load.c: TCP through a tunnel, and pings beside it.  Each prints one line of JSON at its end.
 *
 *   load sink ADDRESS PORT FLOWS            says "listening", takes so many connections until they end
 *   load send ADDRESS PORT FLOWS SECONDS    fills them; ends them with a reset, so that nothing lingers
 *   load ping ADDRESS SECONDS EVERY-MS      round trips by ICMP, which no process delays but ours
 *
 * The first second counts for nothing: connections are at their start then.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FLOWS_MAX 32
#define PINGS_MAX 100000
#define PING_DATA 56 /* octets, as ping(8) */
#define CHUNK     (1 << 17)
#define WARM_US   1000000
#define WAIT_US   2000000 /* for the last pings */
#define SAMPLE_US 100000
#define SILENT_MS 10000 /* the reset that ends a connection may be lost: nobody sends it again */

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int
tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		err(1, "socket");
	return fd;
}

static void
say(const char *name, double value, const char *after)
{
	printf("\"%s\": %.6g%s", name, value, after);
}

/* ------------------------------------------------------------------------------------ TCP */

static void
sink(const struct sockaddr_in *name, unsigned flows)
{
	static char octets[CHUNK];
	struct pollfd fds[FLOWS_MAX];
	int on = 1, listener = tcp_socket();
	uint64_t start = 0, last = 0, all = 0, counted = 0;
	unsigned open = flows;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (const struct sockaddr *)name, sizeof(*name)) < 0 ||
	    listen(listener, FLOWS_MAX) < 0)
		err(1, "bind");
	puts("listening");
	fflush(stdout);
	for (unsigned i = 0; i < flows; i++)
		fds[i] = (struct pollfd){accept(listener, NULL, NULL), POLLIN, 0};
	while (open > 0) {
		int ready = poll(fds, flows, SILENT_MS);

		if (ready < 0)
			err(1, "poll");
		if (ready == 0)
			break;
		for (unsigned i = 0; i < flows; i++) {
			ssize_t n =
			    fds[i].revents != 0 ? read(fds[i].fd, octets, sizeof(octets)) : -1;

			if (fds[i].revents != 0 && n <= 0) {
				close(fds[i].fd);
				fds[i].fd = -1;
				open--;
			}
			if (n <= 0)
				continue;
			last = now_us();
			if (start == 0)
				start = last;
			all += (uint64_t)n;
			if (last - start > WARM_US)
				counted += (uint64_t)n;
		}
	}
	printf("{");
	say("octets", (double)all, ", ");
	say("mbit_s",
	    last - start > WARM_US ? (double)counted * 8 / (double)(last - start - WARM_US) : 0,
	    "}\n");
}

struct flow_state {
	double rtt; /* us, summed */
	unsigned samples, retransmits;
};

static void
sample(int fd, struct flow_state *state)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return;
	state->rtt += info.tcpi_rtt;
	state->samples++;
	state->retransmits = info.tcpi_total_retrans;
}

static void
fill(const struct sockaddr_in *name, unsigned flows, unsigned seconds)
{
	static char octets[CHUNK];
	struct pollfd fds[FLOWS_MAX];
	struct flow_state states[FLOWS_MAX] = {0}, sum = {0};
	struct linger reset = {.l_onoff = 1};
	uint64_t start = now_us(), end = start + seconds * 1000000ULL, next = start + WARM_US;

	for (unsigned i = 0; i < flows; i++) {
		fds[i] = (struct pollfd){tcp_socket(), POLLOUT, 0};
		if (connect(fds[i].fd, (const struct sockaddr *)name, sizeof(*name)) < 0 ||
		    fcntl(fds[i].fd, F_SETFL, O_NONBLOCK) < 0)
			err(1, "connect");
	}
	for (uint64_t now = start; now < end; now = now_us()) {
		if (poll(fds, flows, (int)(SAMPLE_US / 1000)) < 0)
			err(1, "poll");
		for (unsigned i = 0; i < flows; i++) {
			if (fds[i].revents != 0 && write(fds[i].fd, octets, sizeof(octets)) < 0 &&
			    errno != EAGAIN)
				err(1, "write");
			if (now >= next)
				sample(fds[i].fd, &states[i]);
		}
		if (now >= next)
			next += SAMPLE_US;
	}
	for (unsigned i = 0; i < flows; i++) {
		sum.rtt += states[i].rtt;
		sum.samples += states[i].samples;
		sum.retransmits += states[i].retransmits;
		setsockopt(fds[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fds[i].fd);
	}
	printf("{");
	say("tcp_rtt_ms", sum.samples > 0 ? sum.rtt / sum.samples / 1000 : 0, ", ");
	say("retransmits", sum.retransmits, "}\n");
}

/* ----------------------------------------------------------------------------------- ping */

struct pings {
	unsigned sent, received;
	uint16_t identifier;
	uint64_t at[PINGS_MAX]; /* when it was sent */
	double ms[PINGS_MAX];   /* of those received after the first second */
	unsigned counted;
	uint64_t start;
};

static uint16_t
checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

static void
ping_send(int fd, struct pings *pings, uint64_t now)
{
	uint8_t packet[sizeof(struct icmphdr) + PING_DATA] = {0};
	struct icmphdr header = {.type = ICMP_ECHO,
	    .un.echo = {.id = pings->identifier, .sequence = htons((uint16_t)pings->sent)}};

	memcpy(packet, &header, sizeof(header));
	header.checksum = checksum(packet, sizeof(packet));
	memcpy(packet, &header, sizeof(header));
	pings->at[pings->sent++] = now;
	(void)!send(fd, packet, sizeof(packet), 0); /* a lost one is counted as such */
}

static void
ping_receive(int fd, struct pings *pings)
{
	uint8_t packet[256];
	struct icmphdr header;
	ssize_t n = recv(fd, packet, sizeof(packet), 0);
	size_t ip = (size_t)(packet[0] & 0x0f) * 4;
	unsigned number;

	if (n < (ssize_t)(ip + sizeof(header)))
		return;
	memcpy(&header, packet + ip, sizeof(header));
	if (header.type != ICMP_ECHOREPLY || header.un.echo.id != pings->identifier)
		return;
	/* Of those numbers the latest one that was sent. */
	number = ntohs(header.un.echo.sequence);
	while (number + 0x10000 < pings->sent)
		number += 0x10000;
	if (number >= pings->sent)
		return;
	pings->received++;
	if (pings->at[number] - pings->start >= WARM_US)
		pings->ms[pings->counted++] = (double)(now_us() - pings->at[number]) / 1000;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
ping(const struct sockaddr_in *name, unsigned seconds, unsigned every_ms)
{
	static struct pings pings;
	struct sockaddr_in to = *name;
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	struct pollfd fds = {fd, POLLIN, 0};
	uint64_t end, next;

	to.sin_port = 0;
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "ping");
	pings.identifier = (uint16_t)getpid();
	pings.start = next = now_us();
	end = pings.start + seconds * 1000000ULL;
	for (uint64_t now = next; now < end || (pings.received < pings.sent && now < end + WAIT_US);
	     now = now_us()) {
		if (now < end && now >= next && pings.sent < PINGS_MAX) {
			ping_send(fd, &pings, now);
			next += every_ms * 1000ULL;
		}
		if (poll(&fds, 1, now < end && next > now ? (int)((next - now) / 1000) + 1 : 10) >
		    0)
			ping_receive(fd, &pings);
	}
	qsort(pings.ms, pings.counted, sizeof(pings.ms[0]), by_size);
	printf("{");
	say("sent", pings.sent, ", ");
	say("lost", pings.sent - pings.received, ", ");
	say("median_ms", pings.counted > 0 ? pings.ms[pings.counted / 2] : -1, ", ");
	say("p95_ms", pings.counted > 0 ? pings.ms[pings.counted * 95 / 100] : -1, ", ");
	say("max_ms", pings.counted > 0 ? pings.ms[pings.counted - 1] : -1, "}\n");
}

static unsigned
number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in name = {.sin_family = AF_INET};

	if (argc < 5 || inet_aton(argv[2], &name.sin_addr) == 0)
		errx(2, "see the head of load.c");
	if (strcmp(argv[1], "ping") == 0) {
		ping(&name, number(argv[3]), number(argv[4]));
		return 0;
	}
	name.sin_port = htons((uint16_t)number(argv[3]));
	if (number(argv[4]) == 0 || number(argv[4]) > FLOWS_MAX)
		errx(2, "1 to %d flows", FLOWS_MAX);
	if (strcmp(argv[1], "sink") == 0)
		sink(&name, number(argv[4]));
	else if (strcmp(argv[1], "send") == 0 && argc > 5)
		fill(&name, number(argv[4]), number(argv[5]));
	else
		errx(2, "see the head of load.c");
	return 0;
}
