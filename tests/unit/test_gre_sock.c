/*
 * test_gre_sock.c: many packets with one call, in order, and none of them waits for another that
 * cannot be sent (design D8, D9).
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/gre_sock.h"
#include "engine_util.h"

#define LOCAL_ID 0x1111
#define PEER_ID  0x2222
#define LARGE    60000

/* The engine with the socket; `wire` is its other end, one message a packet. */
struct fixture {
	struct engine_room room;
	struct gre_sock *gre;
	int wire, ours; /* `ours` is gre's */
	unsigned frames, batches;
	unsigned hold_at; /* this many frames; 0: never */
	uint8_t large[ENGINE_SEND_ROOM + LARGE];
};

/* Each frame is one octet, its number. */
static void
on_frame(void *ctx, const uint8_t *frame, size_t len)
{
	struct fixture *f = ctx;

	assert_int_equal(len, 1);
	assert_int_equal(frame[0], f->frames++ & 0xff);
	if (f->frames == f->hold_at)
		gre_sock_hold(f->gre, true);
}

static void
on_batch_end(void *ctx)
{
	struct fixture *f = ctx;

	f->batches++;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct gre_owner owner = {on_frame, on_batch_end, f};
	const struct pptp_session_params params = {
	    .local_call_id = LOCAL_ID, .peer_call_id = PEER_ID};
	int pair[2], size = 1 << 20;

	assert_non_null(f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	f->wire = pair[0];
	f->ours = pair[1];
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	engine_room_init(&f->room);
	f->gre = gre_sock_new(&f->room.engine, pair[1], (struct in_addr){0}, &owner);
	assert_non_null(f->gre);
	assert_true(gre_sock_start(f->gre, &params));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	gre_sock_free(f->gre);
	engine_room_fini(&f->room);
	close(f->wire);
	free(f);
	return 0;
}

/* An IP header without options, GRE with this number, and `len` octets, the first of them it too. */
static void
arrive(struct fixture *f, uint32_t number, size_t len)
{
	uint8_t packet[4096] = {0x45};
	const struct pptp_gre gre = {
	    .call_id = LOCAL_ID, .payload_len = (uint16_t)len, .has_seq = true, .seq = number};
	size_t header;

	assert_int_equal(pptp_gre_encode(&gre, packet + 20, sizeof(packet) - 20, &header), PPTP_OK);
	packet[20 + header] = (uint8_t)number;
	assert_int_equal(send(f->wire, packet, 20 + header + len, 0), 20 + header + len);
}

/* The number of the packet that has come over the wire, or -1: none. */
static int
sent(struct fixture *f)
{
	static uint8_t packet[PPTP_GRE_MAX_HEADER + LARGE];
	struct pptp_gre gre;
	ssize_t n = recv(f->wire, packet, sizeof(packet), 0);

	if (n < 0)
		return -1;
	assert_int_equal(pptp_gre_decode(&gre, packet, (size_t)n), PPTP_OK);
	assert_int_equal(gre.call_id, PEER_ID);
	return (int)gre.seq;
}

static void
what_came_at_once_is_taken_at_once_and_in_order(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 20; i++)
		arrive(f, i, 1);
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 20);
	assert_int_equal(f->batches, 1);
}

static void
a_wakeup_takes_a_bounded_number(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 100; i++)
		arrive(f, i, 1);
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 64);
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 100);
	assert_int_equal(f->batches, 2);
}

static void
what_comes_while_it_is_held_waits_in_the_socket(void **state)
{
	struct fixture *f = *state;

	gre_sock_hold(f->gre, true);
	for (uint32_t i = 0; i < 3; i++)
		arrive(f, i, 1);
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 0);
	gre_sock_hold(f->gre, false);
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 3);
}

/* The wakeup ends at the next batch, not when its bound is reached. */
static void
what_is_held_by_its_own_frames_takes_no_more_of_them(void **state)
{
	struct fixture *f = *state;

	f->hold_at = 5;
	for (uint32_t i = 0; i < 60; i++)
		arrive(f, i, 1);
	engine_room_turn(&f->room);
	assert_in_range(f->frames, 5, 32);
	engine_room_turn(&f->room);
	assert_in_range(f->frames, 5, 32);
	gre_sock_hold(f->gre, false);
	while (f->frames < 60)
		engine_room_turn(&f->room);
}

static void
what_is_longer_than_anything_agreed_is_counted(void **state)
{
	struct fixture *f = *state;

	arrive(f, 0, 1);
	arrive(f, 1, (size_t)config_frame_max(&f->room.config) + 60);
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 1);
	assert_int_equal(gre_sock_errors(f->gre)->too_long, 1);
	f->frames = 2; /* its number is a hole, and the next one waits behind it */
	arrive(f, 2, 1);
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 2);
	gre_sock_pump(f->gre, UINT64_MAX / 2);
	assert_int_equal(f->frames, 3);
}

static void
frames_wait_for_the_flush_and_go_in_order(void **state)
{
	struct fixture *f = *state;
	uint8_t frames[5][ENGINE_SEND_ROOM + 1] = {0};

	for (size_t i = 0; i < 5; i++)
		gre_sock_send(f->gre, frames[i] + ENGINE_SEND_ROOM, 1);
	assert_int_equal(sent(f), -1);
	gre_sock_flush(f->gre);
	for (int i = 0; i < 5; i++)
		assert_int_equal(sent(f), i);
	assert_int_equal(sent(f), -1);
	gre_sock_flush(f->gre);
	assert_int_equal(sent(f), -1);
	assert_int_equal(gre_sock_errors(f->gre)->send_errors, 0);
}

/* More than one call takes: the first ones do not wait. */
static void
many_frames_all_go(void **state)
{
	struct fixture *f = *state;
	static uint8_t frames[100][ENGINE_SEND_ROOM + 1];

	for (size_t i = 0; i < 100; i++)
		gre_sock_send(f->gre, frames[i] + ENGINE_SEND_ROOM, 1);
	assert_int_equal(sent(f), 0);
	gre_sock_flush(f->gre);
	for (int i = 1; i < 100; i++)
		assert_int_equal(sent(f), i);
}

static void
one_that_cannot_be_sent_does_not_hold_up_the_others(void **state)
{
	struct fixture *f = *state;
	uint8_t before[ENGINE_SEND_ROOM + 1] = {0}, after[ENGINE_SEND_ROOM + 1] = {0};
	int size = 4096;

	/* A packet that is over the send buffer: EMSGSIZE. */
	setsockopt(f->ours, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	gre_sock_send(f->gre, before + ENGINE_SEND_ROOM, 1);
	gre_sock_send(f->gre, f->large + ENGINE_SEND_ROOM, LARGE);
	gre_sock_send(f->gre, after + ENGINE_SEND_ROOM, 1);
	gre_sock_flush(f->gre);
	assert_int_equal(sent(f), 0);
	assert_int_equal(sent(f), 2);
	assert_int_equal(gre_sock_errors(f->gre)->send_errors, 1);
	assert_int_equal(gre_sock_errors(f->gre)->last_send_error, EMSGSIZE);
}

/* The link is slower than pppd: the newest are dropped, and nobody waits. */
static void
what_the_socket_does_not_take_is_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	uint8_t frame[ENGINE_SEND_ROOM + 1] = {0};
	unsigned given = 0, came = 0;

	while (gre_sock_errors(f->gre)->send_errors == 0 && given < 100000) {
		for (int i = 0; i < 20; i++, given++)
			gre_sock_send(f->gre, frame + ENGINE_SEND_ROOM, 1);
		gre_sock_flush(f->gre);
	}
	assert_int_equal(gre_sock_errors(f->gre)->last_send_error, EAGAIN);
	while (sent(f) >= 0)
		came++;
	assert_int_equal(came + gre_sock_errors(f->gre)->send_errors, given);
}

/* An ICMP error, say: counted, and what comes behind it is taken. */
static void
a_peer_that_is_gone_does_not_end_it(void **state)
{
	struct fixture *f = *state;
	uint8_t frame[ENGINE_SEND_ROOM + 1] = {0};

	close(f->wire);
	f->wire = -1;
	for (int i = 0; i < 3; i++)
		gre_sock_send(f->gre, frame + ENGINE_SEND_ROOM, 1);
	gre_sock_flush(f->gre);
	assert_int_equal(gre_sock_errors(f->gre)->send_errors, 3);
	engine_room_turn(&f->room);
}

/* ------------------------------------------------------------------ over real IP, by ourselves */

#define LO_MTU 1500

/* An own network with lo.  False: not allowed to. */
static bool
own_network(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	request.ifr_mtu = LO_MTU;
	assert_int_equal(ioctl(fd, SIOCSIFMTU, &request), 0);
	close(fd);
	return true;
}

static int
raw_socket(void)
{
	const struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_RAW, PPTP_GRE_IP_PROTOCOL), pmtu = IP_PMTUDISC_DONT;

	assert_true(fd >= 0);
	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu, sizeof(pmtu));
	assert_int_equal(connect(fd, (const struct sockaddr *)&here, sizeof(here)), 0);
	return fd;
}

static bool
makes_header(int fd)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_HDRINCL, &value, &len), 0);
	return value != 0;
}

/* The packet that comes next, whole: its IP header and this many octets.  Its identification. */
static uint16_t
comes_by_ip(int fd, size_t len)
{
	static uint8_t packet[2 * LARGE];
	struct iphdr ip;
	ssize_t n = recv(fd, packet, sizeof(packet), 0);

	assert_int_equal(n, sizeof(ip) + len);
	memcpy(&ip, packet, sizeof(ip));
	assert_int_equal(ip.version, 4);
	assert_int_equal(ip.protocol, PPTP_GRE_IP_PROTOCOL);
	assert_int_equal(ip.ttl, IPDEFTTL);
	assert_int_equal(ntohl(ip.saddr), INADDR_LOOPBACK);
	assert_int_equal(ntohl(ip.daddr), INADDR_LOOPBACK);
	assert_int_equal(ntohs(ip.tot_len), n);
	assert_memory_equal(
	    packet + sizeof(ip) + 2, "\x88\x0b", 2); /* RFC 2637 4.1: Protocol Type */
	return ntohs(ip.id);
}

/* One that is longer than the MTU goes in fragments, and so do those after it. */
static void
packets_go_by_ip_whatever_their_length(void **state)
{
	struct fixture *f = *state;
	static const size_t lens[] = {1, 100, 2000, 1, LO_MTU};
	static uint8_t frames[5][ENGINE_SEND_ROOM + 2000];
	const struct pptp_session_params params = {
	    .local_call_id = LOCAL_ID, .peer_call_id = PEER_ID};
	const struct gre_owner owner = {on_frame, on_batch_end, f};
	struct gre_sock *gre;
	int other, ours;
	uint16_t id[5];

	if (!own_network())
		skip();
	other = raw_socket();
	ours = raw_socket();
	gre = gre_sock_new(&f->room.engine, ours, (struct in_addr){htonl(INADDR_LOOPBACK)}, &owner);
	assert_non_null(gre);
	assert_true(makes_header(ours));
	assert_true(gre_sock_start(gre, &params));
	for (size_t i = 0; i < 5; i++) {
		if (i == 4)
			gre_sock_flush(gre);
		gre_sock_send(gre, frames[i] + ENGINE_SEND_ROOM, lens[i]);
	}
	gre_sock_flush(gre);
	for (size_t i = 0; i < 5; i++)
		id[i] = comes_by_ip(other, lens[i] + 12); /* Key and Sequence Number */
	assert_int_equal(id[0], ROOM_RANDOM & 0xffff);
	assert_int_equal(id[1], (ROOM_RANDOM + 1) & 0xffff);
	assert_int_equal(gre_sock_errors(gre)->send_errors, 0);
	assert_false(makes_header(ours));
	gre_sock_free(gre);
	close(other);
}

/* Packets that the kernel had no room for never come to the session, which takes them for lost. */
static void
what_does_not_fit_into_the_socket_is_counted(void **state)
{
	struct fixture *f = *state;
	const struct pptp_session_params params = {
	    .local_call_id = LOCAL_ID, .peer_call_id = PEER_ID};
	const struct gre_owner owner = {on_frame, on_batch_end, f};
	struct pptp_gre packet = {.call_id = LOCAL_ID, .payload_len = 1, .has_seq = true};
	struct gre_sock *gre;
	uint8_t octets[PPTP_GRE_MAX_HEADER + 1];
	size_t header;
	int other;

	if (!own_network())
		skip();
	other = raw_socket();
	gre = gre_sock_new(
	    &f->room.engine, raw_socket(), (struct in_addr){htonl(INADDR_LOOPBACK)}, &owner);
	assert_non_null(gre);
	gre_sock_bound(gre, 8192);
	assert_true(gre_sock_start(gre, &params));
	assert_int_equal(gre_sock_errors(gre)->full, 0);
	for (; packet.seq < 300; packet.seq++) {
		assert_int_equal(
		    pptp_gre_encode(&packet, octets, sizeof(octets), &header), PPTP_OK);
		octets[header] = (uint8_t)packet.seq;
		assert_int_equal(send(other, octets, header + 1, 0), header + 1);
	}
	for (int turns = 0; turns < 10; turns++)
		engine_room_turn(&f->room);
	assert_in_range(f->frames, 1, 299);
	assert_int_equal(gre_sock_errors(gre)->full, 300 - f->frames);
	assert_int_equal(gre_sock_errors(gre)->full, 300 - f->frames); /* not again */
	gre_sock_free(gre);
	close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_came_at_once_is_taken_at_once_and_in_order),
	    TEST(a_wakeup_takes_a_bounded_number),
	    TEST(what_comes_while_it_is_held_waits_in_the_socket),
	    TEST(what_is_held_by_its_own_frames_takes_no_more_of_them),
	    TEST(what_is_longer_than_anything_agreed_is_counted),
	    TEST(frames_wait_for_the_flush_and_go_in_order),
	    TEST(many_frames_all_go),
	    TEST(one_that_cannot_be_sent_does_not_hold_up_the_others),
	    TEST(what_the_socket_does_not_take_is_dropped_and_counted),
	    TEST(a_peer_that_is_gone_does_not_end_it),
	    /* The last ones: in a network of their own. */
	    TEST(packets_go_by_ip_whatever_their_length),
	    TEST(what_does_not_fit_into_the_socket_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
