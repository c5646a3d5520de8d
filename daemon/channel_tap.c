/*
 * channel_tap.c: PPP frames as they are, in the Ethernet frames of a PPPoE session on a TAP; on
 * its other end is the kernel's PPPoE channel (RFC 2516 4, 7).
 */
#include "channel.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cpus.h"
#include "engine.h"
#include "pptp.h"
#include "tap.h"

#define BATCHES 2 /* a wakeup: then control and timers have their turn */

/* Offsets in a frame, behind what tap_header() makes; numbers in network order. */
enum {
	AT_LENGTH = TAP_HEADER_LEN, /* of what follows */
	AT_PPP = 20,                /* the PPP protocol: no address, no control octet */
};

/* The PPP address and control octets (RFC 1662 3.1) take the place of the length. */
#define PPP_ADDRESS  0xff
#define PPP_CONTROL  0x03
#define AT_PPP_FRAME AT_LENGTH
_Static_assert(
    CHANNEL_BATCH <= ENGINE_SLOTS && AT_PPP_FRAME <= ENGINE_SEND_ROOM, "each has its slot");

struct channel_tap {
	struct channel channel;
	struct engine *engine; /* borrows for life */
	struct channel_owner owner;
	struct event *read_event; /* owns */
	int fd;                   /* owns */
	struct channel_stats stats;
	uint8_t
	    to_kernel[AT_PPP + 1]; /* header of what we send; room for a protocol's first octet */
	uint8_t from_kernel[AT_LENGTH]; /* with which every frame of our session begins */
};

static struct channel_tap *
self(struct channel *channel)
{
	return (struct channel_tap *)channel; /* its first member */
}

static size_t
get_length(const uint8_t *frame)
{
	return (size_t)frame[AT_LENGTH] << 8 | frame[AT_LENGTH + 1];
}

/*
 * Anybody on this host may send a PPPoE frame on any interface; only the kernel's channel has our
 * session's number and address.  The TAP's filter drops all others before they come here; what may
 * leave this host is not left to that alone.
 */
static bool
is_ours(const struct channel_tap *tap, const uint8_t *frame, size_t len)
{
	return len >= AT_PPP && memcmp(frame, tap->from_kernel, AT_LENGTH) == 0;
}

static void
one_frame(struct channel_tap *tap, uint8_t *frame, size_t len)
{
	size_t payload;

	if (!is_ours(tap, frame, len)) {
		tap->stats.foreign++;
		return;
	}
	payload = get_length(frame);
	if (payload < 1 || payload > len - AT_PPP) {
		tap->stats.bad++;
		return;
	}
	tap->stats.from_ppp++;
	frame[AT_PPP_FRAME] = PPP_ADDRESS;
	frame[AT_PPP_FRAME + 1] = PPP_CONTROL;
	tap->owner.frame(tap->owner.ctx, frame + AT_PPP_FRAME, payload + AT_PPP - AT_PPP_FRAME);
}

/* How many there were. */
static unsigned
read_batch(struct channel_tap *tap)
{
	const size_t size = tap->engine->slot_size;
	unsigned count = 0;
	ssize_t n = 1;

	while (count < CHANNEL_BATCH) {
		uint8_t *slot = tap->engine->slots + count * size;
		uint8_t *frame = slot + ENGINE_SEND_ROOM - AT_PPP_FRAME;

		n = read(tap->fd, frame, size - ENGINE_HEADROOM + AT_PPP_FRAME);
		if (n <= 0)
			break;
		one_frame(tap, frame, (size_t)n);
		count++;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		/* Somebody has taken the TAP away; pppd sees it as well, and ends. */
		event_del(tap->read_event);
	tap->owner.batch_end(tap->owner.ctx);
	return count;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct channel_tap *tap = ctx;
	struct engine *engine = tap->engine;

	unsigned frames = 0, count;

	(void)fd, (void)what;
	/* While some go out others come: to look is cheaper than another turn of the loop. */
	do {
		count = read_batch(tap);
		frames += count;
	} while (count > 1 && frames < BATCHES * CHANNEL_BATCH);
	engine_pump(engine);
}

/* A peer may leave out address and control, and the protocol's first octet (RFC 1661 6.5, 6.6). */
static void
tap_send(struct channel *channel, const uint8_t *frame, size_t len)
{
	struct channel_tap *tap = self(channel);
	size_t header = AT_PPP;
	struct iovec parts[2];

	if (len >= 2 && frame[0] == PPP_ADDRESS && frame[1] == PPP_CONTROL) {
		frame += 2;
		len -= 2;
	}
	if (len == 0) {
		tap->stats.dropped++;
		return;
	}
	if ((frame[0] & 1) != 0)
		header++;
	tap->to_kernel[AT_LENGTH] = (uint8_t)((len + header - AT_PPP) >> 8);
	tap->to_kernel[AT_LENGTH + 1] = (uint8_t)(len + header - AT_PPP);
	parts[0] = (struct iovec){.iov_base = tap->to_kernel, .iov_len = header};
	parts[1] = (struct iovec){.iov_base = (void *)(uintptr_t)frame, .iov_len = len};
	if (writev(tap->fd, parts, 2) < 0)
		tap->stats.dropped++;
	else
		tap->stats.to_ppp++;
}

/* Each frame is a write of its own. */
static void
tap_flush(struct channel *channel)
{
	(void)channel;
}

static void
tap_stats(const struct channel *channel, struct channel_stats *stats)
{
	*stats = ((const struct channel_tap *)channel)->stats;
}

static void
tap_free(struct channel *channel)
{
	struct channel_tap *tap = self(channel);

	if (tap->read_event != NULL)
		event_free(tap->read_event);
	close(tap->fd);
	free(tap);
}

static const struct channel_ops tap_ops = {
    .name = "tap",
    .send = tap_send,
    .flush = tap_flush,
    .stats = tap_stats,
    .free = tap_free,
};

struct channel *
channel_tap_new(struct engine *engine, int fd, const struct tap_session *session,
    const struct channel_owner *owner)
{
	struct channel_tap *tap = calloc(1, sizeof(*tap));

	if (tap == NULL) {
		close(fd);
		return NULL;
	}
	tap->channel.ops = &tap_ops;
	tap->engine = engine;
	tap->owner = *owner;
	tap->fd = fd;
	tap_header(tap->to_kernel, session->kernel, session->engine, session->id);
	tap_header(tap->from_kernel, session->engine, session->kernel, session->id);
	if (session->receiver != CPUS_NONE)
		cpus_avoid(session->receiver);
	tap->read_event = event_new(engine->base, fd, EV_READ | EV_PERSIST, on_readable, tap);
	if (tap->read_event == NULL || event_add(tap->read_event, NULL) < 0) {
		tap_free(&tap->channel);
		return NULL;
	}
	return &tap->channel;
}
