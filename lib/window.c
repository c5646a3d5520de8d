/*
 * window.c: the send window (RFC 2637 4.2), the adaptive time-out (4.4), and what waits.
 *
 * Nothing is sent again, ever: an acknowledgement is credit and a sample of the round-trip
 * time, no more.  What is awaited when the time-out comes is written off.  Where the mode is
 * advisory all of it is computed, for the statistics, and holds nothing back: many peers
 * acknowledge only when they have data to send, and a window would throttle them (G13).
 */
#include "window.h"

#include <string.h>

/* 4.4.1: gains of the average and of the deviation, and of the time-out. */
#define ALPHA 8 /* 1/alpha */
#define BETA  4 /* 1/beta */
#define CHI   4
#define DELTA 2 /* 4.4.2 */
#define SCALE 8 /* "they should be scaled by 8 to eliminate all division" */

/*
 * MinTimeOut, to which the RFC gives no number: an acknowledgement may rightly be this late, as
 * peers keep it back for 100 ms to ride on data.
 */
#define MIN_TIMEOUT (200 * PPTP_MSEC)
#define TENTH       (100 * PPTP_MSEC) /* the unit of the Packet Processing Delay */

static void
set_ato(struct window *window)
{
	const uint64_t ato = (window->rtt + CHI * window->dev) / SCALE;
	const uint64_t max = window->params->max_timeout;

	window->ato = ato < max ? ato : max;
	if (window->ato < MIN_TIMEOUT)
		window->ato = MIN_TIMEOUT;
}

bool
window_init(struct window *window, const struct pptp_env *env,
    const struct pptp_session_params *params, struct pptp_session_stats *stats)
{
	const size_t slot = PPTP_GRE_MAX_HEADER + params->max_payload;

	memset(window, 0, sizeof(*window));
	window->env = env;
	window->params = params;
	window->stats = stats;
	window->rtt = params->peer_delay * TENTH * SCALE; /* "Initially, it is set to PPD." */
	set_ato(window);
	if (params->window_mode != PPTP_WINDOW_OFF) {
		window->max =
		    params->peer_window < WINDOW_TIMES ? params->peer_window : WINDOW_TIMES;
		window->size = (window->max + 1) / 2; /* 4.2.1 */
	}
	if (params->window_mode != PPTP_WINDOW_STRICT || window->max == 0)
		return true;
	window->queue = env->alloc(env->ctx, params->send_queue * slot);
	window->lens = env->alloc(env->ctx, params->send_queue * sizeof(*window->lens));
	return window->queue != NULL && window->lens != NULL;
}

void
window_fini(struct window *window)
{
	const struct pptp_env *env = window->env;

	env->free(env->ctx, window->lens);
	env->free(env->ctx, window->queue);
}

/* ------------------------------------------------------------------------------ window */

/* "The transmitter stops sending packets when the number of packets awaiting acknowledgment
 * is equal to the current window size." (4.2.1) */
static bool
is_full(const struct window *window)
{
	return window->size != 0 && window->next - window->base >= window->size;
}

bool
window_is_open(const struct window *window)
{
	return window->params->window_mode != PPTP_WINDOW_STRICT || !is_full(window);
}

uint32_t
window_send(struct window *window, uint64_t now)
{
	if (is_full(window))
		window->stats->tx_over_window++;
	window->sent[window->next % WINDOW_TIMES] = now;
	return window->next++;
}

static void
sample(struct window *window, uint64_t time)
{
	const uint64_t most = window->params->max_timeout;
	uint64_t rtt, diff;

	/* For people: it knows no seed and no back-off. */
	if (window->stats->rtt == 0)
		window->stats->rtt = time;
	else
		window->stats->rtt += time / ALPHA - window->stats->rtt / ALPHA;

	/* DIFF is taken from the RTT before, DEV from DIFF (G14). */
	if (time > most)
		time = most;
	rtt = window->rtt / SCALE;
	diff = time > rtt ? time - rtt : rtt - time;
	window->dev += diff * SCALE / BETA - window->dev / BETA;
	window->rtt += time * SCALE / ALPHA - window->rtt / ALPHA;
	set_ato(window);
}

void
window_ack(struct window *window, uint32_t ack, uint64_t now)
{
	/* Old, or for what was never sent (G8). */
	if (ack - window->unacked >= window->next - window->unacked)
		return;
	window->unacked = ack + 1;
	if (window->next - ack <= WINDOW_TIMES)
		sample(window, now - window->sent[ack % WINDOW_TIMES]);
	if (ack - window->base >= window->next - window->base)
		return; /* it was written off */
	window->digested += ack + 1 - window->base;
	window->base = ack + 1;
	/* 4.2.3: "With every successful transmission of a window's worth of packets" */
	if (window->digested >= window->size && window->size < window->max) {
		window->size++;
		window->digested = 0;
	}
}

uint64_t
window_deadline(const struct window *window)
{
	if (window->size == 0 || window->base == window->next)
		return PPTP_NEVER;
	/* Where nothing is held back it may be the time of a later one: later, then. */
	return window->sent[window->base % WINDOW_TIMES] + window->ato;
}

void
window_expire(struct window *window, uint64_t now)
{
	const uint64_t most = window->params->max_timeout * SCALE;

	if (window_deadline(window) > now)
		return;
	window->stats->tx_timeouts++;
	window->rtt *= DELTA; /* 4.4.2; G15: but for a bound it would grow for ever */
	if (window->rtt > most)
		window->rtt = most;
	set_ato(window);
	/* 4.2.2: "Fractions are rounded up, and the minimum window size is one." */
	window->size = (window->size + 1) / 2;
	window->digested = 0;
	window->base = window->next;
}

/* ------------------------------------------------------------------------ what waits */

static uint8_t *
slot_of(const struct window *window, uint32_t index)
{
	const size_t slot = PPTP_GRE_MAX_HEADER + window->params->max_payload;

	return window->queue + index % window->params->send_queue * slot + PPTP_GRE_MAX_HEADER;
}

bool
window_queue(struct window *window, const uint8_t *frame, size_t len)
{
	const uint32_t last = window->first + window->count;

	if (window->count == window->params->send_queue || len > window->params->max_payload)
		return false;
	memcpy(slot_of(window, last), frame, len);
	window->lens[last % window->params->send_queue] = (uint16_t)len;
	window->count++;
	return true;
}

uint8_t *
window_unqueue(struct window *window, size_t *len)
{
	const uint32_t first = window->first;

	if (window->count == 0 || !window_is_open(window))
		return NULL;
	*len = window->lens[first];
	window->first = (first + 1) % window->params->send_queue;
	window->count--;
	return slot_of(window, first);
}
