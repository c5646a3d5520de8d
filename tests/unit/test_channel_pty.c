/* test_channel_pty.c: when pppd's line is ready for what the peer sends (design D5). */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "engine_util.h"

/* Configure-Request, with the address and control fields (RFC 1661 5.1, RFC 1662 3.1). */
static const uint8_t request[] = {0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4};

/* The engine with the channel; `line` is pppd's end. */
struct fixture {
	struct engine_room room;
	struct channel *channel;
	int line;
	unsigned frames; /* from pppd; the last one: */
	uint8_t last[64];
	size_t last_len;
	bool full;
	unsigned closed;                  /* times */
	struct pptp_hdlc_decoder decoder; /* pppd's: a read may end within a frame */
	bool late;                        /* the test has taken far too long */
};

static void
on_frame(void *ctx, uint8_t *frame, size_t len)
{
	struct fixture *f = ctx;

	assert_in_range(len, 1, sizeof(f->last));
	memcpy(f->last, frame, len);
	f->last_len = len;
	f->frames++;
}

static void
on_batch_end(void *ctx)
{
	(void)ctx;
}

static void
on_full(void *ctx, bool full)
{
	struct fixture *f = ctx;

	assert_int_not_equal(f->full, full);
	f->full = full;
}

static void
on_closed(void *ctx)
{
	struct fixture *f = ctx;

	f->closed++;
}

static void
on_late(evutil_socket_t fd, short what, void *ctx)
{
	struct fixture *f = ctx;

	(void)fd, (void)what;
	f->late = true;
}

static int
setup_line(void **state, bool sync)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct channel_owner owner = {on_frame, on_batch_end, on_closed, on_full, f};
	struct termios raw;
	int master;

	assert_non_null(f);
	memset(&raw, 0, sizeof(raw));
	cfmakeraw(&raw);
	assert_int_equal(openpty(&master, &f->line, NULL, &raw, NULL), 0);
	assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	engine_room_init(&f->room);
	pptp_hdlc_init(&f->decoder, 0);
	f->channel = channel_pty_new(&f->room.engine, master, sync, &owner);
	assert_non_null(f->channel);
	*state = f;
	return 0;
}

static int
setup(void **state)
{
	return setup_line(state, false);
}

static int
setup_sync(void **state)
{
	return setup_line(state, true);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	f->channel->ops->free(f->channel);
	engine_room_fini(&f->room);
	if (f->line >= 0)
		close(f->line);
	free(f);
	return 0;
}

static void
from_peer(struct fixture *f)
{
	f->channel->ops->send(f->channel, request, sizeof(request));
	f->channel->ops->flush(f->channel);
}

/* What pppd can read now, as frames. */
static unsigned
came_to_pppd(struct fixture *f)
{
	struct pollfd ready = {.fd = f->line, .events = POLLIN};
	uint8_t buf[4096], *frame;
	size_t frame_len, used, done = 0;
	unsigned frames = 0;

	if (poll(&ready, 1, 0) == 0)
		return 0;
	ssize_t n = read(f->line, buf, sizeof(buf));
	assert_true(n > 0);
	for (; pptp_hdlc_decode(
		   &f->decoder, buf + done, (size_t)n - done, &used, &frame, &frame_len) == PPTP_OK;
	     done += used, frames++) {
		assert_int_equal(frame_len, sizeof(request));
		assert_memory_equal(frame, request, frame_len);
	}
	return frames;
}

static void
from_pppd(struct fixture *f, const uint8_t *frame, size_t frame_len)
{
	uint8_t buf[PPTP_HDLC_ENCODED_MAX(64)];
	size_t len = pptp_hdlc_encode(buf, frame, frame_len, UINT32_MAX);
	unsigned before = f->frames;

	assert_int_equal(write(f->line, buf, len), len);
	for (int turns = 0; f->frames == before && turns < 100; turns++)
		event_base_loop(f->room.engine.base, EVLOOP_ONCE);
	assert_int_equal(f->frames, before + 1);
	assert_int_equal(f->last_len, frame_len);
	assert_memory_equal(f->last, frame, frame_len);
}

static void
frames_wait_for_the_first_one_of_pppd(void **state)
{
	struct fixture *f = *state;

	from_peer(f);
	from_peer(f);
	assert_int_equal(came_to_pppd(f), 0);
	from_pppd(f, request, sizeof(request));
	assert_int_equal(came_to_pppd(f), 2);
}

/* With its option `silent` it waits for the peer: each would wait for the other. */
static void
a_silent_pppd_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	const struct timeval limit = {.tv_sec = 20};
	unsigned came = 0;

	event_base_once(f->room.engine.base, -1, EV_TIMEOUT, on_late, f, &limit);
	from_peer(f);
	while (came == 0 && !f->late) {
		event_base_loop(
		    f->room.engine.base, EVLOOP_ONCE); /* sleeps until there is an event */
		came = came_to_pppd(f);
	}
	assert_int_equal(came, 1);
	from_peer(f);
	assert_int_equal(came_to_pppd(f), 1);
}

/* So many that the kernel's pty does not take them all: it takes some 10,000 octets. */
static unsigned
fill(struct fixture *f)
{
	unsigned sent = 0;

	for (; !f->full && sent < 10000; sent++)
		f->channel->ops->send(f->channel, request, sizeof(request));
	assert_true(f->full);
	return sent;
}

static uint64_t
dropped(const struct fixture *f)
{
	struct channel_stats stats;

	f->channel->ops->stats(f->channel, &stats);
	return stats.dropped;
}

/* Nothing is dropped of a burst, and the owner hears when it may go on. */
static void
a_burst_waits_until_pppd_has_read(void **state)
{
	struct fixture *f = *state;
	unsigned sent, came = 0;

	from_pppd(f, request, sizeof(request));
	sent = fill(f);
	for (unsigned i = 0; i < 500; i++, sent++)
		f->channel->ops->send(f->channel, request, sizeof(request));
	f->channel->ops->flush(f->channel);
	assert_true(f->full);
	while (came < sent) {
		came += came_to_pppd(f);
		event_base_loop(f->room.engine.base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(came, sent);
	assert_false(f->full);
	assert_int_equal(dropped(f), 0);
}

/* One that hangs: the peer is heard all the same, and what is too much for it is dropped. */
static void
a_pppd_that_reads_no_more_is_not_waited_for(void **state)
{
	struct fixture *f = *state;

	from_pppd(f, request, sizeof(request));
	fill(f);
	while (f->full)
		event_base_loop(f->room.engine.base, EVLOOP_ONCE);
	for (unsigned i = 0; i < 100000 && dropped(f) == 0; i++) {
		f->channel->ops->send(f->channel, request, sizeof(request));
		assert_false(f->full);
	}
	assert_true(dropped(f) > 0);
}

/* One that hangs again, after it has read a little, is not waited for either. */
static void
a_pppd_that_hangs_twice_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	const struct timeval limit = {.tv_sec = 20};

	event_base_once(f->room.engine.base, -1, EV_TIMEOUT, on_late, f, &limit);
	from_pppd(f, request, sizeof(request));
	fill(f);
	for (unsigned i = 0; i < 5000; i++) /* more than it will read */
		f->channel->ops->send(f->channel, request, sizeof(request));
	while (f->full)
		event_base_loop(f->room.engine.base, EVLOOP_ONCE);
	while (!f->full) { /* the kernel moves what was read in its own time */
		came_to_pppd(f);
		f->channel->ops->flush(f->channel);
	}
	while (f->full && !f->late)
		event_base_loop(f->room.engine.base, EVLOOP_ONCE);
	assert_false(f->late);
	assert_false(f->full);
}

/* Each side asks for an asyncmap of 0 and has the other's word for it (RFC 1662 7.1). */
static void
agree_on_no_escapes(struct fixture *f)
{
	const uint8_t ours[] = {0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 10, 2, 6, 0, 0, 0, 0};
	const uint8_t ours_acked[] = {0xff, 0x03, 0xc0, 0x21, 2, 1, 0, 10, 2, 6, 0, 0, 0, 0};
	const uint8_t theirs[] = {0xff, 0x03, 0xc0, 0x21, 1, 9, 0, 10, 2, 6, 0, 0, 0, 0};
	const uint8_t theirs_acked[] = {0xff, 0x03, 0xc0, 0x21, 2, 9, 0, 10, 2, 6, 0, 0, 0, 0};
	uint8_t junk[256];

	from_pppd(f, ours, sizeof(ours));
	f->channel->ops->send(f->channel, ours_acked, sizeof(ours_acked));
	f->channel->ops->send(f->channel, theirs, sizeof(theirs));
	f->channel->ops->flush(f->channel);
	from_pppd(f, theirs_acked, sizeof(theirs_acked));
	assert_true(read(f->line, junk, sizeof(junk)) > 0);
}

/* Octets on the line of a frame to pppd with all those under 0x20 in it, less the two flags and the FCS. */
static size_t
length_on_the_line(struct fixture *f)
{
	uint8_t frame[36] = {0xff, 0x03, 0x00, 0x21}, buf[256];

	for (uint8_t octet = 0; octet < 0x20; octet++)
		frame[4 + octet] = octet;
	f->channel->ops->send(f->channel, frame, sizeof(frame));
	f->channel->ops->flush(f->channel);
	ssize_t n = read(f->line, buf, sizeof(buf));
	assert_true(n > 4);
	return (size_t)n - 4;
}

static void
rfc2_15_what_the_send_accm_says_is_escaped_from_the_next_frame_on(void **state)
{
	struct fixture *f = *state;

	agree_on_no_escapes(f);
	assert_in_range(length_on_the_line(f), 36, 38); /* the FCS may have an escape of its own */
	f->channel->ops->link_info(f->channel, 0x000a0000);
	assert_in_range(length_on_the_line(f), 38, 40);
	f->channel->ops->link_info(f->channel, UINT32_MAX);
	assert_in_range(length_on_the_line(f), 36 + 33, 36 + 33 + 2); /* the control field, too */
	f->channel->ops->link_info(f->channel, 0);
	assert_in_range(length_on_the_line(f), 36, 38);
}

static void
frames_with_a_wrong_fcs_are_counted(void **state)
{
	struct fixture *f = *state;
	struct channel_stats stats;
	uint8_t buf[PPTP_HDLC_ENCODED_MAX(sizeof(request))];
	size_t len = pptp_hdlc_encode(buf, request, sizeof(request), UINT32_MAX);

	buf[3] ^= 1;
	assert_int_equal(write(f->line, buf, len), len);
	from_pppd(f, request, sizeof(request));
	f->channel->ops->stats(f->channel, &stats);
	assert_int_equal(stats.bad, 1);
	assert_int_equal(stats.bad_fcs, 1);
	assert_int_equal(stats.from_ppp, 1);
}

/* Then the pty is looked at less often (pace.h): nothing is lost, and the end is seen, once. */
static void
frames_that_come_one_by_one_come_all_and_then_the_end(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 500; i++)
		from_pppd(f, request, sizeof(request));
	close(f->line);
	f->line = -1;
	while (f->closed == 0)
		event_base_loop(f->room.engine.base, EVLOOP_ONCE);
	event_base_loop(f->room.engine.base, EVLOOP_NONBLOCK);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->frames, 500);
}

static unsigned
count_timers(void)
{
	char path[32], name[64];
	unsigned count = 0;

	for (int fd = 0; fd < 100; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, name, sizeof(name));
		count += n > 0 && memmem(name, (size_t)n, "timerfd", 7) != NULL;
	}
	return count;
}

/* Without HDLC a read is a frame: what gathers in a wait would be one. */
static void
sync_frames_are_not_gathered(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 500; i++) {
		assert_int_equal(write(f->line, request, sizeof(request)), sizeof(request));
		while (f->frames == i)
			event_base_loop(f->room.engine.base, EVLOOP_ONCE);
		assert_int_equal(f->last_len, sizeof(request));
	}
	assert_int_equal(count_timers(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(frames_wait_for_the_first_one_of_pppd),
	    TEST(a_silent_pppd_is_not_waited_for),
	    TEST(a_burst_waits_until_pppd_has_read),
	    TEST(a_pppd_that_reads_no_more_is_not_waited_for),
	    TEST(a_pppd_that_hangs_twice_is_not_waited_for),
	    TEST(rfc2_15_what_the_send_accm_says_is_escaped_from_the_next_frame_on),
	    TEST(frames_with_a_wrong_fcs_are_counted),
	    TEST(frames_that_come_one_by_one_come_all_and_then_the_end),
	    cmocka_unit_test_setup_teardown(sync_frames_are_not_gathered, setup_sync, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
