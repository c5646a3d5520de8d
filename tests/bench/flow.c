/*
 * flow.c: packets through the program under test, as fast as it goes or at a given rate, and what of
 * CPU and system calls they took.  All threads of the rig share one CPU; the program has the other.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hdlc.h"
#include "rig.h"
#include "proto.h"

#define BATCH       32 /* packets in one sendmmsg() */
#define WINDOW      64 /* packets on the way at most, unless there is a rate */
#define ACK_EVERY   32 /* the server acknowledges at half a window */
#define SINK_BATCH  64
#define SINK_HEAD   64 /* octets of a packet that are looked at */
#define SINK_NS     100000
#define FRAMES      16 /* different ones, in turn */
#define SENDER_NICE 10
#define STALL_NS    200000000ULL
#define WARM_NS     200000000ULL
#define QUIET_NS    60000000ULL
#define DRAIN_NS    3000000000ULL

static void
doze(uint64_t ns)
{
	struct timespec time = {.tv_sec = 0, .tv_nsec = (long)ns};

	nanosleep(&time, NULL);
}

/* ----------------------------------------------------------------- what comes out */

static void
acknowledge(struct rig *rig, uint32_t seq)
{
	uint8_t packet[12];

	put16(packet, GRE_KEY | GRE_ACK);
	put16(packet + 2, PPTP_GRE_PROTOCOL);
	put16(packet + 4, 0);
	put16(packet + 6, rig->control.peer_call_id);
	put32(packet + 8, seq);
	(void)!send(rig->gre, packet, sizeof(packet), MSG_DONTWAIT);
}

static void
sink_packet(struct rig *rig, const uint8_t *gre, uint32_t *expected)
{
	uint32_t seq = get32(gre + 8);

	if ((get16(gre) & GRE_SEQ) == 0) {
		rig->gre_acks++;
		return;
	}
	rig->gre_packets++;
	if (seq != *expected)
		rig->gaps++;
	*expected = seq + 1;
	if (seq % ACK_EVERY == 0)
		acknowledge(rig, seq);
}

static void *
sink(void *arg)
{
	struct rig *rig = arg;
	uint8_t heads[SINK_BATCH][SINK_HEAD] = {0};
	struct mmsghdr msgs[SINK_BATCH] = {0};
	struct iovec iov[SINK_BATCH];
	uint32_t expected = 0;

	for (int i = 0; i < SINK_BATCH; i++) {
		iov[i] = (struct iovec){heads[i], SINK_HEAD};
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;) {
		int n = recvmmsg(
		    rig->gre, msgs, SINK_BATCH, rig->polling ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);

		if (n <= 0)
			doze(SINK_NS);
		for (int i = 0; i < n; i++)
			sink_packet(rig, heads[i] + IP_HEADER, &expected);
	}
	return NULL;
}

/* A flag that ends something ends a frame; its octets are not looked at (link_open() did). */
static void *
reader(void *arg)
{
	static uint8_t octets[1 << 16];
	struct rig *rig = arg;
	bool inside = false;
	ssize_t n;

	while ((n = read(rig->pty, octets, sizeof(octets))) > 0) {
		const uint8_t *at = octets, *end = octets + n;

		while (at < end) {
			const uint8_t *flag = memchr(at, HDLC_FLAG, (size_t)(end - at));
			const uint8_t *stop = flag != NULL ? flag : end;

			inside = inside || stop > at;
			if (flag != NULL && inside) {
				rig->frames++;
				inside = false;
			}
			at = stop + (flag != NULL);
		}
	}
	return NULL;
}

void
flow_open(struct rig *rig)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sink, rig) != 0 ||
	    pthread_create(&thread, NULL, reader, rig) != 0)
		errx(125, "no thread to be had");
}

/* ---------------------------------------------------------------------- what goes in */

struct sender {
	struct rig *rig;
	const struct flow *flow;
};

/*
 * Straight to the veth: an IP packet sent by a raw socket costs the rig's CPU twice as much, and that
 * CPU reads the pty as well.
 */
struct packets {
	struct sockaddr_ll to;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	uint8_t octets[BATCH][IP_HEADER + GRE_DATA + PAYLOAD_MAX];
};

static void
ip_header(const struct rig *rig, uint8_t *to, size_t len)
{
	uint32_t sum = 0;

	memset(to, 0, IP_HEADER);
	to[0] = 0x45;
	put16(to + 2, (unsigned)len);
	put16(to + 6, 0x4000); /* Don't Fragment */
	to[8] = 64;
	to[9] = PPTP_GRE_IP_PROTOCOL;
	memcpy(to + 12, &rig->address, 4);
	memcpy(to + 16, &rig->client, 4);
	for (int i = 0; i < IP_HEADER; i += 2)
		sum += get16(to + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(to + 10, ~(sum + (sum >> 16)) & 0xffff);
}

/* The client's address on the wire: ARP knows it since TCP was there. */
static void
find_neighbour(const struct rig *rig, struct sockaddr_ll *to)
{
	struct arpreq request = {0};
	struct sockaddr_in *address = (struct sockaddr_in *)&request.arp_pa;

	address->sin_family = AF_INET;
	address->sin_addr = rig->client;
	snprintf(request.arp_dev, sizeof(request.arp_dev), "%s", rig->interface);
	if (ioctl(rig->gre, SIOCGARP, &request) < 0)
		err(125, "ARP");
	to->sll_family = AF_PACKET;
	to->sll_protocol = htons(ETH_P_IP);
	to->sll_ifindex = (int)if_nametoindex(rig->interface);
	to->sll_halen = ETH_ALEN;
	memcpy(to->sll_addr, request.arp_ha.sa_data, ETH_ALEN);
}

static void
prepare(struct rig *rig, size_t size, struct packets *packets)
{
	memset(packets, 0, sizeof(*packets));
	find_neighbour(rig, &packets->to);
	for (int i = 0; i < BATCH; i++) {
		struct msghdr *msg = &packets->msgs[i].msg_hdr;
		uint8_t *octets = packets->octets[i];

		ip_header(rig, octets, IP_HEADER + GRE_DATA + size);
		random_frame(octets + IP_HEADER + GRE_DATA, size);
		packets->iov[i] = (struct iovec){octets, IP_HEADER + GRE_DATA + size};
		*msg = (struct msghdr){.msg_name = &packets->to,
		    .msg_namelen = sizeof(packets->to),
		    .msg_iov = &packets->iov[i],
		    .msg_iovlen = 1};
	}
}

static int
open_packet_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1, size = 8 << 20;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		err(125, "packet socket");
	return fd;
}

/* How many may go now, at least half a batch; 0: the flow is over. */
static unsigned
await_window(struct rig *rig, uint64_t sent, uint64_t *frames_before)
{
	uint64_t since = clock_ns(), last = rig->frames;

	while (!rig->stopping) {
		uint64_t frames = rig->frames, out = sent - (frames - *frames_before);

		if (out <= WINDOW - BATCH / 2)
			return out <= WINDOW - BATCH ? BATCH : (unsigned)(WINDOW - out);
		if (frames != last) {
			last = frames;
			since = clock_ns();
		} else if (clock_ns() - since > STALL_NS) { /* they are lost */
			rig->stalls++;
			*frames_before = frames - sent;
		}
		doze(2000);
	}
	return 0;
}

/* The same by the clock: a batch whenever it is due. */
static unsigned
await_rate(struct rig *rig, unsigned rate, uint64_t sent, uint64_t start)
{
	uint64_t due = start + sent * 1000000000ULL / rate;

	for (uint64_t now = clock_ns(); now < due && !rig->stopping; now = clock_ns())
		doze(due - now < 1000000 ? due - now : 1000000);
	return rig->stopping ? 0 : BATCH;
}

static void *
send_down(void *arg)
{
	static struct packets packets;
	struct sender *sender = arg;
	struct rig *rig = sender->rig;
	uint64_t sent = 0, start = clock_ns(), frames_before = rig->frames;
	int fd = open_packet_socket();
	unsigned n;

	/* An overload is the program's to bear, not that of the reader, on the same CPU. */
	setpriority(PRIO_PROCESS, 0, SENDER_NICE);
	prepare(rig, sender->flow->size, &packets);
	while ((n = sender->flow->rate != 0 ? await_rate(rig, sender->flow->rate, sent, start)
					    : await_window(rig, sent, &frames_before)) != 0) {
		for (unsigned i = 0; i < n; i++)
			gre_header(rig, packets.octets[i] + IP_HEADER, sender->flow->size);
		for (unsigned i = 0; i < n;) {
			int gone = sendmmsg(fd, packets.msgs + i, n - i, 0);

			if (gone < 0)
				err(125, "sendmmsg");
			i += (unsigned)gone;
		}
		sent += n;
		rig->sent += n;
	}
	close(fd);
	return NULL;
}

/* One write a frame, as the kernel's ppp_async does. */
static void
write_frame(struct rig *rig, const uint8_t *octets, size_t len)
{
	struct pollfd fds = {rig->pty, POLLOUT, 0};

	while (len > 0) {
		ssize_t n = write(rig->pty, octets, len);

		if (n < 0 && errno == EAGAIN) {
			poll(&fds, 1, 100);
			continue;
		}
		if (n < 0)
			return;
		octets += n;
		len -= (size_t)n;
	}
}

static void *
send_up(void *arg)
{
	static uint8_t octets[FRAMES][HDLC_OCTETS_MAX];
	struct sender *sender = arg;
	uint8_t frame[PAYLOAD_MAX];
	size_t len[FRAMES];

	for (int i = 0; i < FRAMES; i++) {
		random_frame(frame, sender->flow->size);
		len[i] = hdlc_encode(octets[i], frame, sender->flow->size, false);
	}
	for (unsigned i = 0; !sender->rig->stopping; i = (i + 1) % FRAMES)
		write_frame(sender->rig, octets[i], len[i]);
	return NULL;
}

/* ------------------------------------------------------------------------- a measurement */

struct snapshot {
	uint64_t time, packets, acks, gaps, frames, sent, stalls;
	struct usage usage;
};

static void
take(const struct rig *rig, const struct tested *tested, struct snapshot *snapshot)
{
	tested_usage(tested, &snapshot->usage);
	snapshot->time = clock_ns();
	snapshot->packets = rig->gre_packets;
	snapshot->acks = rig->gre_acks;
	snapshot->gaps = rig->gaps;
	snapshot->frames = rig->frames;
	snapshot->sent = rig->sent;
	snapshot->stalls = rig->stalls;
}

/* Until nothing has come for a while. */
static void
drain(const struct rig *rig)
{
	uint64_t start = clock_ns(), since = start, last = 0, now;

	while ((now = clock_ns()) - since < QUIET_NS && now - start < DRAIN_NS) {
		uint64_t sum = rig->frames + rig->gre_packets;

		if (sum != last)
			since = now;
		last = sum;
		doze(5000000);
	}
}

static void
print_number(const char *name, uint64_t number)
{
	printf("\"%s\": %llu, ", name, (unsigned long long)number);
}

/* all_sent and all_came: of the whole flow, the rest of it of the time that was measured. */
static void
print(const struct flow *flow, const struct snapshot *a, const struct snapshot *b,
    uint64_t all_sent, uint64_t all_came)
{
	printf("{");
	print_number("ns", b->time - a->time);
	print_number("up", b->packets - a->packets);
	print_number("down", b->frames - a->frames);
	print_number("sent", b->sent - a->sent);
	print_number("acks", b->acks - a->acks);
	print_number("gaps", b->gaps - a->gaps);
	print_number("stalls", b->stalls - a->stalls);
	print_number("all_sent", all_sent);
	print_number("all_came", all_came);
	print_number("cpu_ns", b->usage.cpu - a->usage.cpu);
	print_number("user_ns", b->usage.user - a->usage.user);
	print_number("system_ns", b->usage.system - a->usage.system);
	/* By ticks less by nanoseconds: on a quiet machine it may be a little under nothing. */
	print_number("foreign_ns",
	    b->usage.others > a->usage.others ? b->usage.others - a->usage.others : 0);
	if (flow->count_calls && a->usage.calls_known && b->usage.calls_known)
		print_number("calls", b->usage.calls - a->usage.calls);
	printf("\"processors\": %ld}\n", sysconf(_SC_NPROCESSORS_ONLN));
}

void
flow_run(struct rig *rig, struct tested *tested, const struct flow *flow)
{
	struct sender sender = {rig, flow};
	struct snapshot before, after;
	uint64_t sent = rig->sent, frames = rig->frames;
	pthread_t up = 0, down = 0;

	rig->stopping = false;
	if ((flow->ways & FLOW_UP && pthread_create(&up, NULL, send_up, &sender) != 0) ||
	    (flow->ways & FLOW_DOWN && pthread_create(&down, NULL, send_down, &sender) != 0))
		errx(125, "no thread to be had");
	doze(WARM_NS);
	tested_count_calls(tested, flow->count_calls);
	take(rig, tested, &before);
	for (uint64_t now = clock_ns(), end = now + flow->time; now < end; now = clock_ns())
		doze(end - now < 100000000 ? end - now : 100000000);
	take(rig, tested, &after);
	tested_count_calls(tested, false);
	rig->stopping = true;
	if (flow->ways & FLOW_UP)
		pthread_join(up, NULL);
	if (flow->ways & FLOW_DOWN)
		pthread_join(down, NULL);
	drain(rig);
	print(flow, &before, &after, rig->sent - sent, rig->frames - frames);
}
