/*
 * floor.c: what a packet costs at the least on this host: the parts that no program with a raw socket and a
 * pty can do without, each by itself, in batches, and nothing around them.
 *
 *   floor -n NETNS -a ADDRESS -c CLIENT
 *
 * Started in the server's namespace.  Prints JSON: ns of CPU for each packet of 64 and of 1400 octets.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "pptp.h"
#include "proto.h"

#define BATCH     32
#define PACKET    1600
#define FRAMES    4 /* of 1400 octets in one write: a pty takes 8192 octets and some */
#define BUFFER    (64 << 20)
#define TURNS     300
#define CHAIN     (FRAMES * PPTP_HDLC_ENCODED_MAX(PACKET))
#define FLUSH_US  150 /* until the kernel has moved what was written to the pty's other side */
#define GRE_DATA  12
#define MASTER_IN 65536

static double
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* --------------------------------------------------------------------------- GRE */

struct batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	uint8_t octets[BATCH][PACKET];
};

static void
batch_init(struct batch *batch, size_t len)
{
	for (int i = 0; i < BATCH; i++) {
		batch->iov[i] = (struct iovec){batch->octets[i], len};
		batch->msgs[i].msg_hdr =
		    (struct msghdr){.msg_iov = &batch->iov[i], .msg_iovlen = 1};
	}
}

static int
raw_socket(struct in_addr from, struct in_addr to)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = to};
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = from};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, PPTP_GRE_IP_PROTOCOL), size = BUFFER,
	    on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)) < 0 || /* the cheaper way */
	    bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		err(125, "raw socket");
	return fd;
}

struct end {
	int fd;
	struct in_addr address;
};

/* From one to the other: what sending and receiving take. */
static void
measure_gre(
    const struct end *from, const struct end *to, size_t size, double *send_ns, double *receive_ns)
{
	const struct iphdr header = {.version = IPVERSION,
	    .ihl = sizeof(header) / 4,
	    .ttl = IPDEFTTL,
	    .protocol = PPTP_GRE_IP_PROTOCOL,
	    .saddr = from->address.s_addr,
	    .daddr = to->address.s_addr};
	static struct batch out, in;
	double sending = 0, receiving = 0, at;
	long sent = 0, received = 0;

	for (int i = 0; i < BATCH; i++) {
		memset(out.octets[i], 0x55, PACKET);
		memcpy(out.octets[i], &header, sizeof(header));
		memcpy(out.octets[i] + sizeof(header), "\x30\x01\x88\x0b", 4);
	}
	batch_init(&out, sizeof(header) + GRE_DATA + size);
	batch_init(&in, PACKET);
	for (int turn = 0; turn < TURNS; turn++) {
		int n;

		for (int i = 0; i < 4; i++) {
			at = cpu_ns();
			n = sendmmsg(from->fd, out.msgs, BATCH, 0);
			sending += cpu_ns() - at;
			sent += n;
		}
		at = cpu_ns();
		while ((n = recvmmsg(to->fd, in.msgs, BATCH, MSG_DONTWAIT, NULL)) > 0)
			received += n;
		receiving += cpu_ns() - at;
	}
	if (sent == 0 || received == 0)
		errx(125, "no GRE passes");
	*send_ns = sending / (double)sent;
	*receive_ns = receiving / (double)received;
}

/* --------------------------------------------------------------------------- the pty */

static void
drain(int fd, size_t left)
{
	uint8_t octets[MASTER_IN];
	struct pollfd fds = {fd, POLLIN, 0};

	while (left > 0) {
		ssize_t n = poll(&fds, 1, 1000) == 1 ? read(fd, octets, sizeof(octets)) : 0;

		if (n <= 0)
			errx(125, "the pty keeps octets");
		left -= (size_t)n < left ? (size_t)n : left;
	}
}

static double
measure_pty_write(int master, int slave, const uint8_t *chain, size_t len, int frames)
{
	double used = 0, at;

	for (int turn = 0; turn < TURNS; turn++) {
		at = cpu_ns();
		if (write(master, chain, len) != (ssize_t)len)
			errx(125, "the pty does not take %zu octets", len);
		used += cpu_ns() - at;
		drain(slave, len);
	}
	return used / TURNS / frames;
}

static double
measure_pty_read(int master, int slave, const uint8_t *chain, size_t len, int frames)
{
	uint8_t octets[MASTER_IN];
	double used = 0, at;
	size_t all = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		size_t left = len;

		if (write(slave, chain, len) != (ssize_t)len)
			errx(125, "the pty does not take %zu octets", len);
		while (left > 0) {
			usleep(FLUSH_US);
			at = cpu_ns();
			ssize_t n = read(master, octets, sizeof(octets));
			if (n <= 0)
				continue;
			used += cpu_ns() - at;
			left -= (size_t)n < left ? (size_t)n : left;
			all += (size_t)n;
		}
	}
	return used / (double)all * (double)len / frames;
}

/* ------------------------------------------------------------------------------ HDLC */

static double
measure_encode(const uint8_t *frame, size_t size)
{
	static uint8_t out[PPTP_HDLC_ENCODED_MAX(PACKET)];
	double at = cpu_ns();

	for (int i = 0; i < TURNS * BATCH; i++)
		pptp_hdlc_encode(out, frame, size, 0);
	return (cpu_ns() - at) / (TURNS * BATCH);
}

static double
measure_decode(const uint8_t *chain, size_t len, int frames)
{
	static struct pptp_hdlc_decoder decoder;
	double at;
	int got = 0;

	pptp_hdlc_init(&decoder, 0);
	at = cpu_ns();
	for (int i = 0; i < TURNS; i++) {
		const uint8_t *data = chain;
		size_t left = len, used, frame_len;
		uint8_t *frame;

		while (
		    pptp_hdlc_decode(&decoder, data, left, &used, &frame, &frame_len) == PPTP_OK) {
			data += used;
			left -= used;
			got++;
		}
	}
	if (got != TURNS * frames)
		errx(125, "%d of %d frames", got, TURNS * frames);
	return (cpu_ns() - at) / got;
}

/* ------------------------------------------------------------------------------------ */

static void
measure(const struct end *server, const struct end *client, size_t size)
{
	static uint8_t chain[CHAIN];
	uint8_t frame[PACKET] = {0xff, 0x03, 0x00, 0xfd};
	int master, slave, frames = (int)(FRAMES * 1400 / size);
	double send_ns, receive_ns, write_ns, read_ns, unused;
	struct termios raw;
	size_t len = 0;

	if (frames > BATCH)
		frames = BATCH;
	for (size_t i = 4; i < size; i++)
		frame[i] = (uint8_t)(rand() >> 8);
	for (int i = 0; i < frames; i++)
		len += pptp_hdlc_encode(chain + len, frame, size, 0);
	if (openpty(&master, &slave, NULL, NULL, NULL) < 0 || tcgetattr(slave, &raw) < 0)
		err(125, "openpty");
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	fcntl(master, F_SETFL, O_NONBLOCK);
	measure_gre(client, server, size, &send_ns, &unused);
	measure_gre(server, client, size, &unused, &receive_ns);
	write_ns = measure_pty_write(master, slave, chain, len, frames);
	read_ns = measure_pty_read(master, slave, chain, len, frames);
	printf(
	    "\"%zu\": {\"send\": %.0f, \"receive\": %.0f, \"pty_write\": %.0f, \"pty_read\": %.0f, "
	    "\"encode\": %.0f, \"decode\": %.0f}",
	    size, send_ns, receive_ns, write_ns, read_ns, measure_encode(frame, size),
	    measure_decode(chain, len, frames));
	close(master);
	close(slave);
}

int
main(int argc, char **argv)
{
	struct end server = {0}, client = {0};
	const char *netns = NULL;
	cpu_set_t tested;
	int option;

	while ((option = getopt(argc, argv, "n:a:c:")) != -1) {
		if (option == 'n')
			netns = optarg;
		else if (option == '?' ||
			 inet_aton(optarg, option == 'a' ? &server.address : &client.address) == 0)
			errx(2, "see the head of floor.c");
	}
	/* That of a program under test: the server's kernel has the other one. */
	CPU_ZERO(&tested);
	CPU_SET(1, &tested);
	sched_setaffinity(0, sizeof(tested), &tested);
	server.fd = raw_socket(server.address, client.address);
	if (netns == NULL || setns(open(netns, O_RDONLY | O_CLOEXEC), CLONE_NEWNET) < 0)
		err(125, "network namespace");
	client.fd = raw_socket(client.address, server.address);
	printf("{");
	measure(&server, &client, 64);
	printf(", ");
	measure(&server, &client, 1400);
	printf("}\n");
	return 0;
}
