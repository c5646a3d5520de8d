/*
 * channel.h: how PPP frames get from the engine to pppd's kernel PPP and back (design D5).
 * One interface for every kind; the pty is the one that works on every kernel with PPP, the TAP
 * the fast one.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Frames that a channel keeps until batch_end(): so many go out with one call. */
#define CHANNEL_BATCH 32

struct channel;
struct engine;
struct tap_session;

struct channel_owner {
	/*
	 * A frame from pppd, from the address octet on.  It may be changed, has PPTP_GRE_MAX_HEADER
	 * octets of room before it, and borrows the channel's buffer until batch_end() has returned.
	 */
	void (*frame)(void *ctx, uint8_t *frame, size_t len);
	/* All that came at once has been handed over, or as much as the channel can keep. */
	void (*batch_end)(void *ctx);
	/* pppd has closed its end: no more frames come.  NULL: its exit status tells. */
	void (*closed)(void *ctx);
	/* What was sent waits, or does so no more: nothing should be sent meanwhile.  NULL: no matter. */
	void (*full)(void *ctx, bool full);
	void *ctx;
};

struct channel_stats {
	uint64_t to_ppp, from_ppp; /* frames */
	uint64_t dropped;          /* towards pppd: it did not take them fast enough */
	uint64_t bad;              /* from pppd: damaged frames */
	uint64_t bad_fcs;          /* those of them whose FCS is wrong */
	uint64_t foreign;          /* from somebody else than our pppd, on a TAP */
};

struct channel_counters {
	bool known; /* the interface is there */
	uint64_t rx_packets, rx_bytes, tx_bytes;
};

struct channel_ops {
	const char *name; /* "pty", "tap", "kernel", as `status` and --data-path say it */
	/* Queues one frame for pppd; it does not keep `frame`. */
	void (*send)(struct channel *channel, const uint8_t *frame, size_t len);
	/* Writes what is queued: one write for many frames. */
	void (*flush)(struct channel *channel);
	void (*stats)(const struct channel *channel, struct channel_stats *stats);
	/*
	 * Set-Link-Info (RFC 2637 2.15): these octets are escaped towards pppd as well.  NULL where
	 * nothing ever is.
	 */
	void (*link_info)(struct channel *channel, uint32_t send_accm);
	/* What the kernel counts on pppd's interface.  NULL where the engine counts. */
	void (*counters)(
	    const struct channel *channel, const char *ifname, struct channel_counters *counters);
	void (*free)(struct channel *channel);
};

/* Each kind begins with this. */
struct channel {
	const struct channel_ops *ops;
};

/*
 * Takes over the pty's master.  `sync`: pppd has the sync option, and there is no HDLC.  NULL when
 * out of memory (then fd is closed).
 */
struct channel *channel_pty_new(
    struct engine *engine, int master, bool sync, const struct channel_owner *owner);
/* The same with a TAP, on which this session is. */
struct channel *channel_tap_new(struct engine *engine, int fd, const struct tap_session *session,
    const struct channel_owner *owner);
/* One for what the kernel does by itself.  Takes over a netlink socket; else the same. */
struct channel *channel_kernel_new(int netlink);

#endif
