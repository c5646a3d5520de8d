/* test_channel_tap.c: PPP frames in the frames of a PPPoE session (RFC 2516 4, 7), and whose they are. */
#include <linux/filter.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "daemon/cpus.h"
#include "daemon/tap.h"
#include "engine_util.h"

static const struct tap_session session = {
    .kernel = {0x02, 1, 2, 3, 4, 5},
    .engine = {0x06, 9, 8, 7, 6, 5},
    .id = 0x1234,
    .receiver = CPUS_NONE,
};

/* The header of the session, from the kernel. */
#define FROM_KERNEL 0x06, 9, 8, 7, 6, 5, 0x02, 1, 2, 3, 4, 5, 0x88, 0x64, 0x11, 0, 0x12, 0x34
#define TO_KERNEL   0x02, 1, 2, 3, 4, 5, 0x06, 9, 8, 7, 6, 5, 0x88, 0x64, 0x11, 0, 0x12, 0x34

/* The engine with the channel; `kernel` is the other end of the TAP, one datagram a frame. */
struct fixture {
	struct engine_room room;
	struct channel *channel;
	int kernel, tap;
	uint8_t frame[8192]; /* the last one that was taken */
	size_t len;
	unsigned frames;
	/* Those of the batch, where the channel keeps them, and how many batches there were. */
	struct {
		const uint8_t *frame;
		size_t len;
	} kept[CHANNEL_BATCH];
	unsigned in_batch, batches;
	bool numbered;
};

static void
on_frame(void *ctx, uint8_t *frame, size_t len)
{
	struct fixture *f = ctx;

	memset(frame - PPTP_GRE_MAX_HEADER, 0xee, PPTP_GRE_MAX_HEADER); /* the room before it */
	memcpy(f->frame, frame, len);
	f->len = len;
	f->frames++;
	assert_true(f->in_batch < CHANNEL_BATCH);
	f->kept[f->in_batch].frame = frame;
	f->kept[f->in_batch++].len = len;
}

/* All of the batch are still there: the last octet of each is its number. */
static void
on_batch_end(void *ctx)
{
	struct fixture *f = ctx;

	for (unsigned i = 0; f->numbered && i < f->in_batch; i++)
		assert_int_equal(f->kept[i].frame[f->kept[i].len - 1], f->frames - f->in_batch + i);
	f->batches += f->in_batch > 0;
	f->in_batch = 0;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct channel_owner owner = {on_frame, on_batch_end, NULL, NULL, f};
	int pair[2];

	assert_non_null(f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	f->kernel = pair[0];
	f->tap = pair[1];
	engine_room_init(&f->room);
	f->channel = channel_tap_new(&f->room.engine, pair[1], &session, &owner);
	assert_non_null(f->channel);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	f->channel->ops->free(f->channel);
	engine_room_fini(&f->room);
	close(f->kernel);
	free(f);
	return 0;
}

static struct channel_stats
stats_of(const struct fixture *f)
{
	struct channel_stats stats;

	f->channel->ops->stats(f->channel, &stats);
	return stats;
}

static void
from_kernel(struct fixture *f, const uint8_t *frame, size_t len)
{
	assert_int_equal(send(f->kernel, frame, len, 0), len);
	engine_room_turn(&f->room);
}

static void
a_frame_of_the_session_becomes_a_ppp_frame(void **state)
{
	/* Ethernet fills up to 60 octets: what is behind PPPoE's length is not the frame's. */
	const uint8_t wire[] = {FROM_KERNEL, 0, 6, 0xc0, 0x21, 1, 1, 0, 4, 0xaa, 0xbb};
	const uint8_t frame[] = {0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4};
	struct fixture *f = *state;

	from_kernel(f, wire, sizeof(wire));
	assert_int_equal(f->frames, 1);
	assert_int_equal(f->len, sizeof(frame));
	assert_memory_equal(f->frame, frame, sizeof(frame));
	assert_int_equal(stats_of(f).from_ppp, 1);
	assert_int_equal(stats_of(f).foreign, 0);
	assert_int_equal(stats_of(f).bad, 0);
}

static void
every_bit_of_the_header_tells_whose_it_is(void **state)
{
	const uint8_t good[] = {FROM_KERNEL, 0, 4, 0x00, 0x21, 1, 1};
	struct fixture *f = *state;
	unsigned flips = 0;

	for (size_t i = 0; i < 18; i++) {
		for (int bit = 0; bit < 8; bit++) {
			uint8_t wire[sizeof(good)];

			memcpy(wire, good, sizeof(good));
			wire[i] ^= (uint8_t)(1 << bit);
			from_kernel(f, wire, sizeof(wire));
			flips++;
		}
	}
	for (size_t len = 1; len < 20; len++, flips++)
		from_kernel(f, good, len);
	assert_int_equal(f->frames, 0);
	assert_int_equal(stats_of(f).foreign, flips);
	from_kernel(f, good, sizeof(good));
	assert_int_equal(f->frames, 1);
}

/* The same ones do not even come to the queue: with this filter, which the TAP gets. */
static void
the_kernel_keeps_frames_of_others_from_us(void **state)
{
	const uint8_t good[] = {FROM_KERNEL, 0, 4, 0x00, 0x21, 1, 1};
	struct fixture *f = *state;
	struct sock_filter code[TAP_FILTER_LEN];
	const struct sock_fprog program = {TAP_FILTER_LEN, code};

	tap_filter(code, &session);
	assert_int_equal(
	    setsockopt(f->tap, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	for (size_t i = 0; i < 18 * 8; i++) {
		uint8_t wire[sizeof(good)];

		memcpy(wire, good, sizeof(good));
		wire[i / 8] ^= (uint8_t)(1 << i % 8);
		from_kernel(f, wire, sizeof(wire));
	}
	for (size_t len = 1; len < 18; len++)
		from_kernel(f, good, len);
	assert_int_equal(f->frames, 0);
	assert_int_equal(stats_of(f).foreign, 0);
	from_kernel(f, good, sizeof(good));
	assert_int_equal(f->frames, 1);
	assert_int_equal(f->len, sizeof(good) - 18);
}

static void
a_length_that_is_not_there_is_bad(void **state)
{
	const uint8_t nothing[] = {FROM_KERNEL, 0, 0};
	const uint8_t missing[] = {FROM_KERNEL, 0, 5, 0x00, 0x21, 1, 1};
	const uint8_t largest[] = {FROM_KERNEL, 0xff, 0xff, 0x00, 0x21, 1, 1};
	struct fixture *f = *state;

	from_kernel(f, nothing, sizeof(nothing));
	from_kernel(f, missing, sizeof(missing));
	from_kernel(f, largest, sizeof(largest));
	assert_int_equal(f->frames, 0);
	assert_int_equal(stats_of(f).bad, 3);
	assert_int_equal(stats_of(f).foreign, 0);
}

/* What the settings make possible; a longer one is cut by the read, and then bad. */
static void
the_longest_frame(void **state)
{
	const uint8_t header[] = {FROM_KERNEL};
	struct fixture *f = *state;
	const size_t longest =
	    config_frame_max(&f->room.config) - 2; /* without address and control */
	uint8_t wire[20 + 2000];

	assert_in_range(longest, 1500 + 2 + 4, 2000 - 1);
	memset(wire, 0x55, sizeof(wire));
	memcpy(wire, header, sizeof(header));
	wire[18] = (uint8_t)(longest >> 8);
	wire[19] = (uint8_t)longest;
	from_kernel(f, wire, 20 + longest);
	assert_int_equal(f->len, longest + 2);
	wire[19]++;
	from_kernel(f, wire, 20 + longest + 1);
	assert_int_equal(f->frames, 1);
	assert_int_equal(stats_of(f).bad, 1);
}

/* Protocol F8: with and without address and control, and with either form of the protocol. */
static void
what_the_kernel_gets(void **state)
{
	static const struct {
		uint8_t frame[8];
		size_t len;
		uint8_t ppp[8]; /* with PPPoE's length before it */
		size_t ppp_len;
	} rows[] = {
	    {{0xff, 0x03, 0xc0, 0x21, 9, 1}, 6, {0, 4, 0xc0, 0x21, 9, 1}, 6},
	    {{0xc0, 0x21, 9, 1}, 4, {0, 4, 0xc0, 0x21, 9, 1}, 6},
	    {{0xff, 0x03, 0x21, 0x45}, 4, {0, 3, 0x00, 0x21, 0x45}, 5},
	    {{0xfd, 0x90, 0x00}, 3, {0, 4, 0x00, 0xfd, 0x90, 0x00}, 6},
	    {{0x00, 0xfd, 0x90, 0x00}, 4, {0, 4, 0x00, 0xfd, 0x90, 0x00}, 6},
	};
	const uint8_t header[] = {TO_KERNEL};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t wire[64];

		f->channel->ops->send(f->channel, rows[i].frame, rows[i].len);
		f->channel->ops->flush(f->channel);
		ssize_t n = recv(f->kernel, wire, sizeof(wire), 0);
		assert_int_equal(n, sizeof(header) + rows[i].ppp_len);
		assert_memory_equal(wire, header, sizeof(header));
		assert_memory_equal(wire + sizeof(header), rows[i].ppp, rows[i].ppp_len);
	}
	assert_int_equal(stats_of(f).to_ppp, sizeof(rows) / sizeof(rows[0]));
}

static void
what_is_no_frame_and_what_is_not_taken_is_dropped(void **state)
{
	const uint8_t frame[] = {0xff, 0x03, 0x00, 0x21};
	struct fixture *f = *state;
	char none;

	f->channel->ops->send(f->channel, frame, 0);
	f->channel->ops->send(f->channel, frame, 2);
	assert_int_equal(stats_of(f).dropped, 2);
	assert_int_equal(recv(f->kernel, &none, 1, 0), -1);
	while (stats_of(f).dropped == 2) /* until the socket is full: never waits */
		f->channel->ops->send(f->channel, frame, sizeof(frame));
	assert_int_equal(stats_of(f).dropped, 3);
}

/* Control and timers have their turn in between. */
static void
a_wakeup_takes_a_bounded_number(void **state)
{
	uint8_t wire[] = {FROM_KERNEL, 0, 4, 0x00, 0x21, 1, 0};
	struct fixture *f = *state;
	int size = 1 << 20;

	f->numbered = true;
	setsockopt(f->kernel, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (; wire[sizeof(wire) - 1] < 100; wire[sizeof(wire) - 1]++)
		assert_int_equal(send(f->kernel, wire, sizeof(wire), 0), sizeof(wire));
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 64);
	assert_int_equal(f->batches, 2); /* so many calls send them on */
	engine_room_turn(&f->room);
	assert_int_equal(f->frames, 100);
	assert_int_equal(f->batches, 4);
}

/* It must not be looked at for ever; that pppd ends is told elsewhere. */
static void
a_tap_that_is_gone_is_let_go(void **state)
{
	struct fixture *f = *state;

	close(f->kernel);
	f->kernel = -1;
	engine_room_turn(&f->room);
	assert_int_equal(event_base_get_num_events(f->room.engine.base, EVENT_BASE_COUNT_ADDED), 0);
	f->channel->ops->send(f->channel, (const uint8_t[]){0x00, 0x21}, 2);
	assert_int_equal(stats_of(f).dropped, 1);
}

static void
the_engine_leaves_the_taps_cpu_alone(void **state)
{
	const struct channel_owner owner = {on_frame, on_batch_end, NULL, NULL, *state};
	struct fixture *f = *state;
	struct tap_session steered = session;
	struct channel *channel;
	cpu_set_t before, after;

	assert_true(cpus_allowed(&before));
	steered.receiver = cpus_pick(&before, 0);
	if (steered.receiver == CPUS_NONE)
		return; /* of one CPU nobody can be kept off */
	channel = channel_tap_new(&f->room.engine, dup(f->tap), &steered, &owner);
	assert_non_null(channel);
	assert_true(cpus_allowed(&after));
	assert_false(CPU_ISSET((size_t)steered.receiver, &after));
	channel->ops->free(channel);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_frame_of_the_session_becomes_a_ppp_frame),
	    TEST(every_bit_of_the_header_tells_whose_it_is),
	    TEST(the_kernel_keeps_frames_of_others_from_us),
	    TEST(a_length_that_is_not_there_is_bad),
	    TEST(the_longest_frame),
	    TEST(what_the_kernel_gets),
	    TEST(what_is_no_frame_and_what_is_not_taken_is_dropped),
	    TEST(a_wakeup_takes_a_bounded_number),
	    TEST(a_tap_that_is_gone_is_let_go),
	    TEST(the_engine_leaves_the_taps_cpu_alone),
	};

	signal(SIGPIPE, SIG_IGN); /* as the engine does; a TAP sends none */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
