/*
 * window.h: the send window, its time-out, and what waits for it (RFC 2637 4.2, 4.4).
 * Inside lib/ only.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "pptp.h"

#define WINDOW_TIMES 1024 /* packets sent whose time is remembered; a power of two */

struct window {
	const struct pptp_env *env;               /* borrows for life */
	const struct pptp_session_params *params; /* borrows for life; defaults filled in */
	struct pptp_session_stats *stats;         /* borrows for life */

	uint32_t next;     /* the number of the next packet */
	uint32_t unacked;  /* the first one that the peer has not acknowledged */
	uint32_t base;     /* the first one still awaited: neither that nor timed out */
	uint32_t size;     /* packets that may be awaited; 0: no window is kept */
	uint32_t max;      /* what size grows to */
	uint32_t digested; /* acknowledged since size was changed last */

	uint64_t rtt, dev; /* 4.4.1, us times 8 */
	uint64_t ato;      /* 4.4.1, us */
	uint64_t sent[WINDOW_TIMES];

	/* Strict only: frames that wait for the window, a ring. */
	uint8_t *queue; /* owns params->send_queue slots */
	uint16_t *lens; /* owns as many */
	uint32_t first, count;
};

/* False when out of memory; then window_fini() is still fine.  Takes all it will ever need. */
bool window_init(struct window *window, const struct pptp_env *env,
    const struct pptp_session_params *params, struct pptp_session_stats *stats);
void window_fini(struct window *window);

/* May a packet with a payload be sent now?  What waits goes first. */
bool window_is_open(const struct window *window);
/* One is sent: its number. */
uint32_t window_send(struct window *window, uint64_t now);
/* The peer has received everything up to `ack`. */
void window_ack(struct window *window, uint32_t ack, uint64_t now);
/* When the oldest packet that is awaited times out, or PPTP_NEVER. */
uint64_t window_deadline(const struct window *window);
void window_expire(struct window *window, uint64_t now);

/* Copies a frame that has to wait.  False: there is no room for it. */
bool window_queue(struct window *window, const uint8_t *frame, size_t len);
/*
 * The first frame that waits, if the window is open; PPTP_GRE_MAX_HEADER octets before it are
 * free as well, and both stay until the next window_queue().  NULL: none.
 */
uint8_t *window_unqueue(struct window *window, size_t *len);

#endif
