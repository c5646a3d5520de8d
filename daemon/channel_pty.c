/*
 * channel_pty.c: PPP frames as asynchronous HDLC on a pty in raw mode; pppd has put the
 * kernel's ppp_async on the other end.
 */
#include "channel.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"
#include "pace.h"
#include "pptp.h"

#define READ_SIZE 4096 /* all that one read can give (N_TTY_BUF_SIZE) */
/*
 * Octets of a frame, on average, up to which many of them fit in there: to wait for more of long ones would
 * make whoever writes them wait.
 */
#define SMALL 256
/* Slots that a batch fills before its last frame: memory that the drop-in need not touch. */
#define BATCH_LEN 7
_Static_assert(BATCH_LEN < ENGINE_SLOTS, "there is room for the last one");
#define READS 16 /* a wakeup: then control and timers have their turn */
/* So much is written at once: more the kernel's pty does not take (pty_common_install()). */
#define WRITE_SIZE 8192

/*
 * Octets queued towards pppd at most.  As long as some wait for the line the owner sends no more: so this
 * is for what comes all at once, the frames behind a hole that has been filled.  TCP takes nothing worse
 * than a burst that is dropped.
 */
#define OUT_SIZE 262144

/* A line that takes nothing for so long is not waited for: the peer is still to be heard. */
#define STALLED_AFTER       \
	(struct timeval)    \
	{                   \
		.tv_sec = 1 \
	}

/*
 * So long pppd may take from here to its first frame, without its option `silent`.  It needs some
 * milliseconds to put ppp_async on the other end, and its peer sends again after 3 s (RFC 1661 4.6).
 */
#define OPEN_AFTER          \
	(struct timeval)    \
	{                   \
		.tv_sec = 1 \
	}

#define RECEIVE_ACCM 0 /* what pppd sends is taken in any escaping */

struct channel_pty {
	struct channel channel;
	struct engine *engine; /* borrows for life */
	struct channel_owner owner;
	struct pace pace;
	struct event *write_event, *open_event; /* owns */
	int fd;                                 /* owns */
	bool sync;
	/*
	 * pppd has sent its first frame, so ppp_async is in place.  What is written before that
	 * would be thrown away when the line discipline changes: the peer's first LCP packet,
	 * which it sends again only after 3 s.  A `silent` pppd waits for that one: OPEN_AFTER.
	 */
	bool open;
	bool full;    /* as the owner was told */
	bool stalled; /* since STALLED_AFTER the line has taken nothing */
	struct channel_stats stats;
	struct pptp_hdlc_decoder decoder;
	struct pptp_accm accm;
	uint32_t link_accm; /* what Set-Link-Info adds to that */
	size_t out_len;
	uint8_t out[OUT_SIZE];
	/* The frames of a batch, one behind the other in the engine's slots; the decoder keeps but one. */
	unsigned batch;
	size_t batch_len;
};

static struct channel_pty *
self(struct channel *channel)
{
	return (struct channel_pty *)channel; /* its first member */
}

static void
tell_full(struct channel_pty *pty)
{
	bool full = pty->open && pty->out_len > 0 && !pty->stalled;

	if (full == pty->full)
		return;
	pty->full = full;
	if (pty->owner.full != NULL)
		pty->owner.full(pty->owner.ctx, full);
}

static void
pty_flush(struct channel *channel)
{
	struct channel_pty *pty = self(channel);

	if (!pty->open || pty->out_len == 0)
		return;
	ssize_t n = write(pty->fd, pty->out, pty->out_len);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		pty->out_len = 0; /* pppd is gone; its exit status tells the rest */
	if (n > 0) {
		pty->out_len -= (size_t)n;
		pty->stalled = false;
		memmove(pty->out, pty->out + n, pty->out_len);
	}
	/* Whenever it takes something its time begins anew; one that had stalled had no limit. */
	if (pty->out_len > 0 && (n > 0 || !event_pending(pty->write_event, EV_WRITE, NULL)))
		event_add(pty->write_event, pty->stalled ? NULL : &STALLED_AFTER);
	tell_full(pty);
}

static void
pty_send(struct channel *channel, const uint8_t *frame, size_t len)
{
	struct channel_pty *pty = self(channel);

	if (pty->out_len >= WRITE_SIZE && !pty->full)
		pty_flush(channel);
	if (PPTP_HDLC_ENCODED_MAX(len) > OUT_SIZE - pty->out_len) {
		pty->stats.dropped++; /* whole frames, at the tail */
		return;
	}
	pptp_accm_to_ppp(&pty->accm, frame, len);
	pty->out_len += pptp_hdlc_encode(pty->out + pty->out_len, frame, len,
	    pptp_accm_map(&pty->accm, frame, len) | pty->link_accm);
	pty->stats.to_ppp++;
}

/* Each write is a frame to ppp_synctty, so nothing can be queued in one buffer. */
static void
sync_send(struct channel *channel, const uint8_t *frame, size_t len)
{
	struct channel_pty *pty = self(channel);

	if (pty->open && write(pty->fd, frame, len) == (ssize_t)len)
		pty->stats.to_ppp++;
	else
		pty->stats.dropped++;
}

static void
end_batch(struct channel_pty *pty)
{
	pty->owner.batch_end(pty->owner.ctx);
	pty->batch = 0;
	pty->batch_len = 0;
}

static void
one_frame(struct channel_pty *pty, const uint8_t *frame, size_t len)
{
	const size_t size = pty->engine->slot_size;
	uint8_t *room = pty->engine->slots + pty->batch_len + ENGINE_SEND_ROOM;

	if (len > size - ENGINE_HEADROOM) {
		pty->stats.bad++;
		return;
	}
	pty->stats.from_ppp++;
	memcpy(room, frame, len);
	pty->owner.frame(pty->owner.ctx, room, len);
	pty->batch_len += ENGINE_SEND_ROOM + len;
	if (++pty->batch == CHANNEL_BATCH || pty->batch_len > BATCH_LEN * size)
		end_batch(pty);
}

static void
decode(struct channel_pty *pty, const uint8_t *data, size_t len)
{
	while (len > 0) {
		uint8_t *frame;
		size_t frame_len, used;

		if (pptp_hdlc_decode(&pty->decoder, data, len, &used, &frame, &frame_len) !=
		    PPTP_OK)
			return;
		data += used;
		len -= used;
		pty->open = true;
		pptp_accm_from_ppp(&pty->accm, frame, frame_len);
		one_frame(pty, frame, frame_len);
	}
}

/*
 * Two frames that pppd's side has written quickly come in one read: then PPP repairs it.  So this is never
 * paced: each wait would make one of many.
 */
static void
sync_frame(struct channel_pty *pty, const uint8_t *frame, size_t len)
{
	pty->open = true;
	one_frame(pty, frame, len);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct channel_pty *pty = ctx;
	struct engine *engine = pty->engine;
	uint64_t before = pty->stats.from_ppp;
	uint8_t buf[READ_SIZE];
	size_t octets = 0;
	bool closed = false;
	int reads;

	(void)fd, (void)what;
	for (reads = 0; reads < READS && !closed; reads++) {
		ssize_t n = read(pty->fd, buf, sizeof(buf));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		closed = n <= 0; /* EIO: pppd has closed its end */
		octets += closed ? 0 : (size_t)n;
		if (!closed && pty->sync)
			sync_frame(pty, buf, (size_t)n);
		else if (!closed)
			decode(pty, buf, (size_t)n);
	}
	end_batch(pty);
	unsigned frames = (unsigned)(pty->stats.from_ppp - before);
	if (closed)
		pace_stop(&pty->pace);
	else
		pace_next(&pty->pace,
		    pty->sync || reads == READS || octets > frames * SMALL ? PACE_MUCH : frames,
		    clock_now());
	pty_flush(&pty->channel);
	if (closed)
		pty->owner.closed(pty->owner.ctx);
	engine_pump(engine);
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct channel_pty *pty = ctx;

	(void)fd;
	if ((what & EV_TIMEOUT) != 0)
		pty->stalled = true;
	pty_flush(&pty->channel);
}

static void
on_open_due(evutil_socket_t fd, short what, void *ctx)
{
	struct channel_pty *pty = ctx;

	(void)fd, (void)what;
	pty->open = true;
	pty_flush(&pty->channel);
}

static void
pty_stats(const struct channel *channel, struct channel_stats *stats)
{
	struct channel_pty *pty = self((struct channel *)(uintptr_t)channel);

	*stats = pty->stats;
	stats->bad_fcs = pty->decoder.stats.bad_fcs;
	stats->bad += pty->decoder.stats.bad_fcs + pty->decoder.stats.too_long +
		      pty->decoder.stats.too_short + pty->decoder.stats.aborted;
}

/*
 * The Receive ACCM has no use here: a pty makes up no octets, so what pppd does not escape is meant
 * (RFC 1662 7.1), whatever the PNS believes; Windows tells all ones (protocol H5).
 */
static void
pty_link_info(struct channel *channel, uint32_t send_accm)
{
	self(channel)->link_accm = send_accm;
}

static void
pty_free(struct channel *channel)
{
	struct channel_pty *pty = self(channel);

	pace_fini(&pty->pace);
	if (pty->write_event != NULL)
		event_free(pty->write_event);
	if (pty->open_event != NULL)
		event_free(pty->open_event);
	close(pty->fd);
	free(pty);
}

static const struct channel_ops pty_ops = {
    .name = "pty",
    .send = pty_send,
    .flush = pty_flush,
    .stats = pty_stats,
    .link_info = pty_link_info,
    .free = pty_free,
};

static const struct channel_ops sync_ops = {
    .name = "pty",
    .send = sync_send,
    .flush = pty_flush,
    .stats = pty_stats,
    .free = pty_free,
};

struct channel *
channel_pty_new(struct engine *engine, int master, bool sync, const struct channel_owner *owner)
{
	struct channel_pty *pty = calloc(1, sizeof(*pty));

	if (pty == NULL) {
		close(master);
		return NULL;
	}
	pty->channel.ops = sync ? &sync_ops : &pty_ops;
	pty->sync = sync;
	pty->engine = engine;
	pty->owner = *owner;
	pty->fd = master;
	pptp_hdlc_init(&pty->decoder, RECEIVE_ACCM);
	pptp_accm_init(&pty->accm);
	pty->write_event = event_new(engine->base, master, EV_WRITE, on_writable, pty);
	pty->open_event = evtimer_new(engine->base, on_open_due, pty);
	if (!pace_init(&pty->pace, engine->base, master, on_readable, pty) ||
	    pty->write_event == NULL || pty->open_event == NULL || !pace_start(&pty->pace) ||
	    evtimer_add(pty->open_event, &OPEN_AFTER) < 0) {
		pty_free(&pty->channel);
		return NULL;
	}
	return &pty->channel;
}
