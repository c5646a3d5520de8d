/*
 * session.c: one session, the GRE side of a call (RFC 2637 4): headers, sequence numbers,
 * acknowledgements.  reorder.c puts in order what came; window.c has the peer's credit.
 */
#include "pptp.h"
#include "reorder.h"
#include "window.h"

#include <string.h>

#define DEFAULT_RECV_WINDOW   64
#define DEFAULT_REORDER_DEPTH 256
#define DEFAULT_REORDER_WAIT  (100 * PPTP_MSEC)
#define DEFAULT_ACK_DELAY     (100 * PPTP_MSEC)
#define DEFAULT_MAX_PAYLOAD   1600
#define DEFAULT_MAX_TIMEOUT   (10 * PPTP_SEC)
#define DEFAULT_SEND_QUEUE    64

struct pptp_session {
	const struct pptp_env *env; /* borrows */
	struct pptp_session_params params;
	struct pptp_session_stats stats;
	struct reorder reorder;
	struct window window;

	/* Acknowledging: owed while acked differs from the highest number received (4.1). */
	uint32_t acked;   /* the last number that we acknowledged */
	uint64_t ack_due; /* us, or PPTP_NEVER */
};

/* ---------------------------------------------------------------------- life and death */

static void
set_defaults(struct pptp_session_params *params)
{
	if (params->recv_window == 0)
		params->recv_window = DEFAULT_RECV_WINDOW;
	if (params->reorder_depth == 0)
		params->reorder_depth = DEFAULT_REORDER_DEPTH;
	if (params->reorder_wait == 0)
		params->reorder_wait = DEFAULT_REORDER_WAIT;
	if (params->ack_delay == 0)
		params->ack_delay = DEFAULT_ACK_DELAY;
	if (params->max_payload == 0)
		params->max_payload = DEFAULT_MAX_PAYLOAD;
	if (params->max_timeout == 0)
		params->max_timeout = DEFAULT_MAX_TIMEOUT;
	if (params->send_queue == 0)
		params->send_queue = DEFAULT_SEND_QUEUE;
}

struct pptp_session *
pptp_session_new(const struct pptp_env *env, const struct pptp_session_params *params)
{
	struct pptp_session *session = env->alloc(env->ctx, sizeof(*session));
	bool whole;

	if (session == NULL)
		return NULL;
	session->env = env;
	session->params = *params;
	set_defaults(&session->params);
	session->ack_due = PPTP_NEVER;
	whole = window_init(&session->window, env, &session->params, &session->stats);
	whole = reorder_init(&session->reorder, env, &session->params, &session->stats) && whole;
	if (!whole) {
		pptp_session_free(session);
		return NULL;
	}
	return session;
}

void
pptp_session_free(struct pptp_session *session)
{
	const struct pptp_env *env;

	if (session == NULL)
		return;
	env = session->env;
	reorder_fini(&session->reorder);
	window_fini(&session->window);
	env->free(env->ctx, session);
}

/* --------------------------------------------------------------------------- receiving */

/* The highest number received is owed to the peer (4.1, F5). */
static void
owe_ack(struct pptp_session *session, uint64_t now)
{
	const uint32_t half =
	    session->params.recv_window > 1 ? session->params.recv_window / 2u : 1;
	const uint32_t owed = session->reorder.highest - session->acked;

	if (owed == 0)
		return;
	if (session->ack_due == PPTP_NEVER)
		session->ack_due = now + session->params.ack_delay;
	/* A peer that keeps to the window must not stand still for us (G12). */
	if (owed >= half && now < session->ack_due)
		session->ack_due = now;
}

static int
recv_payload(struct pptp_session *session, const struct pptp_gre *gre, uint64_t now)
{
	int err;

	if (!session->reorder.started)
		session->acked = gre->seq - 1;
	err = reorder_put(&session->reorder, gre, now);
	if (err == PPTP_OK)
		owe_ack(session, now);
	return err;
}

int
pptp_session_recv(struct pptp_session *session, const uint8_t *data, size_t len, uint64_t now)
{
	struct pptp_gre gre;

	reorder_release(&session->reorder);
	if (pptp_gre_decode(&gre, data, len) != PPTP_OK || (!gre.has_seq && !gre.has_ack)) {
		session->stats.rx_bad++;
		return PPTP_ERR_DISCARD;
	}
	if (gre.call_id != session->params.local_call_id) {
		session->stats.rx_other_call++;
		return PPTP_ERR_DISCARD;
	}
	if (gre.has_ack)
		window_ack(&session->window, gre.ack, now);
	if (gre.has_seq)
		return recv_payload(session, &gre, now);
	session->stats.rx_acks++;
	return PPTP_OK;
}

int
pptp_session_next(struct pptp_session *session, const uint8_t **frame, size_t *len)
{
	return reorder_next(&session->reorder, frame, len);
}

/* ----------------------------------------------------------------------------- sending */

/* The acknowledgement that is owed, into a header.  Nothing before the first packet (F5). */
static void
pay_ack(struct pptp_session *session, struct pptp_gre *gre)
{
	session->ack_due = PPTP_NEVER; /* a stream that went back may owe nothing any more */
	if (!session->reorder.started || session->reorder.highest == session->acked)
		return;
	gre->has_ack = true;
	gre->ack = session->reorder.highest;
	session->acked = gre->ack;
}

/* The header goes in front of the frame, with the next number. */
static void
put_header(struct pptp_session *session, uint8_t *frame, size_t len, uint8_t **packet,
    size_t *packet_len, uint64_t now)
{
	struct pptp_gre gre = {.call_id = session->params.peer_call_id,
	    .has_seq = true,
	    .payload_len = (uint16_t)len,
	    .seq = window_send(&session->window, now)};
	uint8_t header[PPTP_GRE_MAX_HEADER];
	size_t header_len = 0;

	pay_ack(session, &gre);
	pptp_gre_encode(&gre, header, sizeof(header), &header_len); /* it fits */
	*packet = frame - header_len;
	*packet_len = header_len + len;
	memcpy(*packet, header, header_len);
	session->stats.tx_packets++;
	session->stats.tx_bytes += len;
}

int
pptp_session_send(struct pptp_session *session, uint8_t *frame, size_t len, uint8_t **packet,
    size_t *packet_len, uint64_t now)
{
	if (len == 0 || len > UINT16_MAX)
		return PPTP_ERR_INVAL;
	if (session->window.count == 0 && window_is_open(&session->window)) {
		put_header(session, frame, len, packet, packet_len, now);
		return PPTP_OK;
	}
	if (window_queue(&session->window, frame, len))
		return PPTP_ERR_AGAIN;
	session->stats.tx_dropped++;
	return PPTP_ERR_DISCARD;
}

int
pptp_session_send_queued(
    struct pptp_session *session, uint8_t **packet, size_t *packet_len, uint64_t now)
{
	size_t len = 0;
	uint8_t *frame = window_unqueue(&session->window, &len);

	if (frame == NULL)
		return PPTP_ERR_AGAIN;
	put_header(session, frame, len, packet, packet_len, now);
	return PPTP_OK;
}

int
pptp_session_ack(struct pptp_session *session, uint8_t *out, size_t size, size_t *len, uint64_t now)
{
	struct pptp_gre gre = {.call_id = session->params.peer_call_id, .has_ack = true};
	int err;

	if (session->ack_due == PPTP_NEVER || session->ack_due > now)
		return PPTP_ERR_AGAIN;
	gre.ack = session->reorder.highest;
	err = pptp_gre_encode(&gre, out, size, len);
	if (err != PPTP_OK)
		return err;
	pay_ack(session, &gre);
	session->stats.tx_acks++;
	return PPTP_OK;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
pptp_session_deadline(const struct pptp_session *session)
{
	return earlier(session->ack_due,
	    earlier(reorder_deadline(&session->reorder), window_deadline(&session->window)));
}

void
pptp_session_expire(struct pptp_session *session, uint64_t now)
{
	reorder_expire(&session->reorder, now);
	window_expire(&session->window, now);
}

void
pptp_session_stats(const struct pptp_session *session, struct pptp_session_stats *stats)
{
	*stats = session->stats;
	reorder_waits(&session->reorder, stats);
	stats->tx_window = session->window.size;
	stats->ack_timeout = session->window.ato;
}
