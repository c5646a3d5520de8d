/*
 * session.c: one session, the GRE side of a call (RFC 2637 4): headers, sequence numbers,
 * acknowledgements.  reorder.c puts in order what came.
 */
#include "pptp.h"
#include "reorder.h"

#include <string.h>

#define DEFAULT_RECV_WINDOW   64
#define DEFAULT_REORDER_DEPTH 256
#define DEFAULT_REORDER_WAIT  (100 * PPTP_MSEC)
#define DEFAULT_ACK_DELAY     (100 * PPTP_MSEC)
#define DEFAULT_MAX_PAYLOAD   1600

#define SEND_TIMES            256 /* packets sent whose time is remembered; a power of two */
#define RTT_GAIN              8   /* 1/alpha (4.4.1) */

struct pptp_session {
	const struct pptp_env *env; /* borrows */
	struct pptp_session_params params;
	struct pptp_session_stats stats;
	struct reorder reorder;

	/* Acknowledging: owed while acked differs from the highest number received (4.1). */
	uint32_t acked;   /* the last number that we acknowledged */
	uint64_t ack_due; /* us, or PPTP_NEVER */

	/* Sending. */
	uint32_t tx_next;
	uint32_t tx_unacked; /* the first number that the peer has not acknowledged */
	uint64_t sent[SEND_TIMES];
	uint64_t rtt_scaled; /* us, times RTT_GAIN */
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
}

struct pptp_session *
pptp_session_new(const struct pptp_env *env, const struct pptp_session_params *params)
{
	struct pptp_session *session = env->alloc(env->ctx, sizeof(*session));

	if (session == NULL)
		return NULL;
	session->env = env;
	session->params = *params;
	set_defaults(&session->params);
	session->ack_due = PPTP_NEVER;
	if (!reorder_init(&session->reorder, env, &session->params, &session->stats)) {
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

/* The peer has received everything up to `ack` (4.2.5). */
static void
recv_ack(struct pptp_session *session, uint32_t ack, uint64_t now)
{
	uint64_t sample;

	/* Old, or for what was never sent (G8). */
	if (ack - session->tx_unacked >= session->tx_next - session->tx_unacked)
		return;
	session->tx_unacked = ack + 1;
	if (session->tx_next - ack > SEND_TIMES)
		return;
	sample = now - session->sent[ack % SEND_TIMES];
	if (session->rtt_scaled == 0)
		session->rtt_scaled = sample * RTT_GAIN;
	else
		session->rtt_scaled += sample - session->rtt_scaled / RTT_GAIN;
	session->stats.rtt = session->rtt_scaled / RTT_GAIN;
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
		recv_ack(session, gre.ack, now);
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
	if (!session->reorder.started || session->reorder.highest == session->acked)
		return;
	gre->has_ack = true;
	gre->ack = session->reorder.highest;
	session->acked = gre->ack;
	session->ack_due = PPTP_NEVER;
}

int
pptp_session_send(struct pptp_session *session, uint8_t *frame, size_t len, uint8_t **packet,
    size_t *packet_len, uint64_t now)
{
	struct pptp_gre gre = {.call_id = session->params.peer_call_id, .has_seq = true};
	uint8_t header[PPTP_GRE_MAX_HEADER];
	size_t header_len;
	int err;

	if (len == 0 || len > UINT16_MAX)
		return PPTP_ERR_INVAL;
	gre.payload_len = (uint16_t)len;
	gre.seq = session->tx_next;
	pay_ack(session, &gre);
	err = pptp_gre_encode(&gre, header, sizeof(header), &header_len);
	if (err != PPTP_OK)
		return err;
	session->sent[session->tx_next % SEND_TIMES] = now;
	session->tx_next++;
	session->stats.tx_packets++;
	session->stats.tx_bytes += len;
	*packet = frame - header_len;
	*packet_len = header_len + len;
	memcpy(*packet, header, header_len);
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

uint64_t
pptp_session_deadline(const struct pptp_session *session)
{
	const uint64_t hole_due = reorder_deadline(&session->reorder);

	return hole_due < session->ack_due ? hole_due : session->ack_due;
}

void
pptp_session_expire(struct pptp_session *session, uint64_t now)
{
	reorder_expire(&session->reorder, now);
}

void
pptp_session_stats(const struct pptp_session *session, struct pptp_session_stats *stats)
{
	*stats = session->stats;
	reorder_waits(&session->reorder, stats);
}
