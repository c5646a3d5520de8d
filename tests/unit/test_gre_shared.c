/*
 * test_gre_shared.c: on a listener's one socket each packet goes to the call that its sender's address
 * and its Call ID name, and to no other (RFC 2637 3.2.2; design D7).
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/gre_shared.h"
#include "engine_util.h"

#define PEER_ID 0x2222
#define CALLS   4

/* One of the calls, and what came to it. */
struct heard {
	struct gre_sock *gre;
	unsigned frames, batches;
	uint8_t last;
};

struct fixture {
	struct engine_room room;
	struct gre_shared *shared;
	int wire,
	    ours; /* the socket's other end, one message a packet; and itself, which is shared's */
	struct heard calls[CALLS];
};

static void
on_frame(void *ctx, const uint8_t *frame, size_t len)
{
	struct heard *heard = ctx;

	assert_int_equal(len, 1);
	heard->frames++;
	heard->last = frame[0];
}

static void
on_batch_end(void *ctx)
{
	struct heard *heard = ctx;

	heard->batches++;
}

static struct in_addr
address(const char *text)
{
	return (struct in_addr){.s_addr = inet_addr(text)};
}

static void
join(struct fixture *f, unsigned i, const char *peer, uint16_t call_id)
{
	const struct gre_owner owner = {on_frame, on_batch_end, &f->calls[i]};

	f->calls[i].gre =
	    gre_shared_join(f->shared, address("192.0.2.1"), address(peer), call_id, &owner);
	assert_non_null(f->calls[i].gre);
}

static void
start(struct fixture *f, unsigned i, uint16_t call_id)
{
	const struct pptp_session_params params = {
	    .local_call_id = call_id, .peer_call_id = PEER_ID};

	assert_true(gre_sock_start(f->calls[i].gre, &params));
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	assert_non_null(f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	f->wire = pair[0];
	f->ours = pair[1];
	engine_room_init(&f->room);
	f->shared = gre_shared_new(&f->room.engine, pair[1], CALLS);
	assert_non_null(f->shared);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < CALLS; i++)
		gre_sock_free(f->calls[i].gre);
	gre_shared_free(f->shared);
	engine_room_fini(&f->room);
	close(f->wire);
	free(f);
	return 0;
}

/* An IP header without options (RFC 791), GRE with a number (4.1), and one octet. */
static void
packet(const struct fixture *f, const char *from, uint16_t call_id, uint32_t seq, uint8_t octet)
{
	uint8_t data[20 + 12 + 1] = {
	    0x45, [20] = 0x30, [21] = 0x01, [22] = 0x88, [23] = 0x0b, [25] = 1};
	const struct in_addr source = address(from);

	memcpy(data + 12, &source, sizeof(source));
	data[26] = (uint8_t)(call_id >> 8);
	data[27] = (uint8_t)call_id;
	data[31] = (uint8_t)seq;
	data[32] = octet;
	assert_int_equal(send(f->wire, data, sizeof(data), 0), sizeof(data));
}

/* A pppd that is slow is its own call's business: what it does not take is dropped behind this socket, by the channel. */
static void
a_call_that_would_wait_holds_up_nobody(void **state)
{
	struct fixture *f = *state;
	int before = 0, after = 0;
	socklen_t len = sizeof(before);

	join(f, 0, "198.51.100.1", 7);
	join(f, 1, "198.51.100.2", 7);
	start(f, 0, 7);
	start(f, 1, 7);
	getsockopt(f->ours, SOL_SOCKET, SO_RCVBUF, &before, &len);
	gre_sock_bound(f->calls[0].gre, 4096);
	assert_int_equal(getsockopt(f->ours, SOL_SOCKET, SO_RCVBUF, &after, &len), 0);
	assert_int_equal(after, before);
	gre_sock_hold(f->calls[0].gre, true);
	for (unsigned i = 0; i < 40; i++) {
		packet(f, "198.51.100.1", 7, i, (uint8_t)i);
		packet(f, "198.51.100.2", 7, i, (uint8_t)i);
	}
	engine_room_turn(&f->room);
	engine_room_turn(&f->room);
	assert_int_equal(f->calls[1].frames, 40);
	assert_int_equal(f->calls[0].frames, 40);
	/* What the kernel drops there is nobody's alone. */
	assert_true(gre_sock_errors(f->calls[0].gre)->shared);
	assert_int_equal(gre_shared_full(f->shared), 0);
	gre_sock_hold(f->calls[0].gre, false);
	packet(f, "198.51.100.2", 7, 40, 40);
	engine_room_turn(&f->room);
	assert_int_equal(f->calls[1].frames, 41);
}

/* Two peers may be given one Call ID: it is unique in a tunnel only. */
static void
rfc3_2_2_a_call_is_an_address_and_a_call_id(void **state)
{
	struct fixture *f = *state;

	join(f, 0, "198.51.100.1", 7);
	join(f, 1, "198.51.100.2", 7);
	join(f, 2, "198.51.100.1", 8);
	start(f, 0, 7);
	start(f, 1, 7);
	start(f, 2, 8);
	packet(f, "198.51.100.1", 7, 0, 'a');
	packet(f, "198.51.100.2", 7, 0, 'b');
	packet(f, "198.51.100.1", 8, 0, 'c');
	packet(f, "198.51.100.1", 7, 1, 'd');
	packet(f, "198.51.100.2", 8, 0, 'e'); /* nobody's */
	packet(f, "198.51.100.3", 7, 0, 'f');
	engine_room_turn(&f->room);
	assert_int_equal(f->calls[0].frames, 2);
	assert_int_equal(f->calls[0].last, 'd');
	assert_int_equal(f->calls[1].frames, 1);
	assert_int_equal(f->calls[1].last, 'b');
	assert_int_equal(f->calls[2].frames, 1);
	assert_int_equal(f->calls[2].last, 'c');
	assert_int_equal(f->calls[0].batches, 1); /* for both of its packets */
	assert_int_equal(gre_shared_strays(f->shared)->packets, 2);
}

/* The caller's first Configure-Request comes long before there is a pppd. */
static void
what_comes_early_waits_and_is_bounded(void **state)
{
	struct fixture *f = *state;

	join(f, 0, "198.51.100.1", 7);
	for (unsigned i = 0; i < 40; i++)
		packet(f, "198.51.100.1", 7, i, (uint8_t)i);
	engine_room_turn(&f->room);
	engine_room_turn(&f->room);
	assert_int_equal(f->calls[0].frames, 0);
	start(f, 0, 7);
	assert_int_equal(f->calls[0].frames, 8);
	assert_int_equal(f->calls[0].last, 7);
}

static void
a_call_that_has_left_hears_nothing(void **state)
{
	struct fixture *f = *state;

	join(f, 0, "198.51.100.1", 7);
	assert_true(gre_shared_has(f->shared, address("198.51.100.1"), 7));
	packet(f, "198.51.100.1", 7, 0, 'a'); /* waits in it, and goes with it */
	engine_room_turn(&f->room);
	gre_sock_free(f->calls[0].gre);
	f->calls[0].gre = NULL;
	assert_false(gre_shared_has(f->shared, address("198.51.100.1"), 7));
	packet(f, "198.51.100.1", 7, 1, 'b');
	engine_room_turn(&f->room);
	assert_int_equal(gre_shared_strays(f->shared)->packets, 1);
	join(f, 1, "198.51.100.1", 7); /* its place is free */
}

static void
one_call_id_of_one_peer_is_one_call(void **state)
{
	struct fixture *f = *state;
	const struct gre_owner owner = {on_frame, on_batch_end, &f->calls[1]};

	join(f, 0, "198.51.100.1", 7);
	assert_null(
	    gre_shared_join(f->shared, address("192.0.2.1"), address("198.51.100.1"), 7, &owner));
}

/* Design D7: why a call hears nothing, of what comes beside it. */
static void
what_may_be_a_calls_is_remembered_for_it(void **state)
{
	struct fixture *f = *state;
	const struct in_addr caller = address("198.51.100.1");
	struct gre_evidence evidence;
	uint64_t since;

	join(f, 0, "198.51.100.1", 7);
	join(f, 1, "198.51.100.2", 9); /* its packets are no stray ones */
	gre_shared_evidence(f->shared, caller, 7, 0, &evidence);
	assert_int_equal(evidence.other_call + evidence.other_address, 0);
	packet(f, "198.51.100.1", 70, 0, 'a');
	packet(f, "198.51.100.1", 71, 0, 'b');
	packet(f, "198.51.100.2", 9, 0, 'c');
	packet(f, "203.0.113.5", 7, 0, 'd');
	packet(f, "203.0.113.5", 8, 0, 'e'); /* has nothing to do with it */
	engine_room_turn(&f->room);
	gre_shared_evidence(f->shared, caller, 7, 0, &evidence);
	assert_int_equal(evidence.other_call, 2);
	assert_int_equal(evidence.call_id, 71);
	assert_int_equal(evidence.other_address, 1);
	assert_int_equal(evidence.address.s_addr, address("203.0.113.5").s_addr);
	since = clock_now() + 1;
	gre_shared_evidence(f->shared, caller, 7, since, &evidence);
	assert_int_equal(evidence.other_call + evidence.other_address, 0);
}

/* Whoever sends with all Call IDs takes no memory and no time of ours. */
static void
a_flood_is_forgotten_and_harms_no_call(void **state)
{
	struct fixture *f = *state;
	struct gre_evidence evidence;

	join(f, 0, "198.51.100.1", 7);
	start(f, 0, 7);
	for (unsigned id = 0; id < 1000; id++) {
		packet(f, "203.0.113.5", (uint16_t)(id + 1000), 0, 'x');
		engine_room_turn(&f->room);
	}
	/* So many, one by one, are looked at less often (pace.h): the last ones after a wait. */
	while (gre_shared_strays(f->shared)->packets < 1000)
		assert_int_equal(event_base_loop(f->room.engine.base, EVLOOP_ONCE), 0);
	assert_int_equal(gre_shared_strays(f->shared)->packets, 1000);
	packet(f, "198.51.100.1", 70, 0, 'a');
	packet(f, "198.51.100.1", 7, 0, 'b');
	while (f->calls[0].last != 'b')
		assert_int_equal(event_base_loop(f->room.engine.base, EVLOOP_ONCE), 0);
	gre_shared_evidence(f->shared, address("198.51.100.1"), 7, 0, &evidence);
	assert_int_equal(evidence.other_call, 1);
	assert_int_equal(evidence.call_id, 70);
	assert_int_equal(f->calls[0].last, 'b');
}

/* Whatever a stranger sends: too short for a Call ID, no IP header, more than fits. */
static void
what_is_no_packet_of_ours_is_counted(void **state)
{
	static const uint8_t junk[4000] = {0x45};
	struct fixture *f = *state;

	join(f, 0, "198.51.100.1", 7);
	start(f, 0, 7);
	for (size_t len = 1; len < 28; len += 9)
		assert_int_equal(send(f->wire, junk, len, 0), len);
	assert_int_equal(send(f->wire, junk + 1, 100, 0), 100);
	assert_int_equal(send(f->wire, junk, sizeof(junk), 0), sizeof(junk));
	engine_room_turn(&f->room);
	assert_int_equal(f->calls[0].frames, 0);
	assert_int_equal(gre_shared_strays(f->shared)->bad, 4);
	assert_int_equal(gre_shared_strays(f->shared)->packets, 1); /* Call ID 0 of 0.0.0.0 */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		rfc3_2_2_a_call_is_an_address_and_a_call_id, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_call_that_would_wait_holds_up_nobody, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_comes_early_waits_and_is_bounded, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_call_that_has_left_hears_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_call_id_of_one_peer_is_one_call, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_may_be_a_calls_is_remembered_for_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_flood_is_forgotten_and_harms_no_call, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_no_packet_of_ours_is_counted, setup, teardown),
	};

	return cmocka_run_group_tests_name("gre_shared", tests, NULL, NULL);
}
