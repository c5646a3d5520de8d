/*
 * peer_call.c: the call of a tunnel: who asks for it (RFC 2637 3.2.3, 3.2.4), and what the two sides
 * tell each other of its line (2.14, 2.15).
 */
#include <stdio.h>

#include "clock.h"
#include "peer_int.h"

/* An outgoing one, as the PNS. */
static int
ask(struct peer *peer, uint64_t now)
{
	struct pptp_call_params params = {
	    .local_call_id = peer->line.local_call_id,
	    .recv_window = (uint16_t)peer->config->window,
	};
	uint16_t id;

	snprintf(params.phone_number, sizeof(params.phone_number), "%s", peer->config->phone);
	if (peer->config->quirk_orckit) {
		params.call_id_0 = true;
		params.framing_type = PPTP_FRAMING_ASYNC;
		params.bearer_type = PPTP_BEARER_ANALOG;
	}
	return pptp_call_open(conn_ctrl(peer->conn), &params, &id, now);
}

/* An incoming one, as the PAC: the line that rings is ours. */
static int
ring(struct peer *peer, uint64_t now)
{
	struct pptp_ring_params params = {
	    .local_call_id = peer->line.local_call_id,
	    .connect_speed = RING_SPEED,
	    .recv_window = (uint16_t)peer->config->window,
	};
	uint16_t id;

	snprintf(params.dialed_number, sizeof(params.dialed_number), "%s", peer->config->phone);
	return pptp_call_ring(conn_ctrl(peer->conn), &params, &id, now);
}

int
peer_place_call(struct peer *peer, uint64_t now)
{
	peer->is_pac = peer->config->call_incoming;
	return peer->is_pac ? ring(peer, now) : ask(peer, now);
}

void
peer_call_facts(struct peer *peer, const struct pptp_event *event)
{
	peer_endpoints(peer, &peer->line.local, &peer->line.remote);
	peer->line.peer_call_id = event->peer_call_id;
	peer->line.peer_window = event->peer_window;
	peer->line.peer_delay = event->peer_delay;
	/* The PAC tells it: in its reply to an outgoing call, or when an incoming one is connected. */
	peer->call_speed = event->msg.type == PPTP_OCRP   ? event->msg.u.ocrp.connect_speed
			   : event->msg.type == PPTP_ICCN ? event->msg.u.iccn.connect_speed
							  : RING_SPEED;
}

/* The PAC says why: 3, Admin Shutdown, is for an end that somebody asked for (2.13). */
void
peer_hang_up_call(struct peer *peer, uint64_t now)
{
	const struct pptp_cdn lost = {.result_code = PPTP_CDN_LOST_CARRIER};

	if (peer->is_pac && peer->call_up && peer->reason.ecode != 0)
		pptp_call_disconnect(conn_ctrl(peer->conn), peer->line.local_call_id, &lost, now);
}

/* ------------------------------------------------------------------------- Set-Link-Info, 2.15 */

/*
 * LCP has agreed, for the first time or anew.  Inside GRE nothing is escaped, so a VPN server takes any
 * value (protocol H3).  Of a PAC's no word is in the RFC, and some NAT routers drop the connection for
 * it (H6).
 */
void
peer_tell_link_info(struct peer *peer, uint32_t send_accm, uint32_t receive_accm)
{
	enum link_info who = peer->config->link_info;

	if (who == LINK_INFO_OFF || (peer->is_pac && who != LINK_INFO_BOTH))
		return;
	pptp_call_set_link_info(
	    conn_ctrl(peer->conn), peer->line.local_call_id, send_accm, receive_accm, clock_now());
}

/* The PNS has told what its PPP has agreed: on the fly it is so from the next frame on. */
void
peer_link_info(struct peer *peer, const struct pptp_sli *sli)
{
	engine_note(peer->engine, 1, "Set-Link-Info: Send ACCM 0x%08x, Receive ACCM 0x%08x",
	    sli->send_accm, sli->receive_accm);
	if (peer->line.channel != NULL && peer->line.channel->ops->link_info != NULL)
		peer->line.channel->ops->link_info(peer->line.channel, sli->send_accm);
}

/* ----------------------------------------------------------------------- WAN-Error-Notify, 2.14 */

/* The line of our calls as the PAC is the pty, where there is one. */
void
peer_line_errors(struct peer *peer, uint64_t now)
{
	struct channel_stats stats;
	struct pptp_wen errors = {0};

	if (!peer->is_pac || peer->phase != PEER_PPP || peer->line.channel == NULL ||
	    peer->line.channel->ops->link_info == NULL)
		return;
	peer->line.channel->ops->stats(peer->line.channel, &stats);
	errors.crc_errors = (uint32_t)stats.bad_fcs;
	errors.framing_errors = (uint32_t)(stats.bad - stats.bad_fcs);
	errors.buffer_overruns = (uint32_t)stats.dropped;
	pptp_call_wan_errors(conn_ctrl(peer->conn), peer->line.local_call_id, &errors, now);
}

void
peer_wan_error(struct peer *peer, const struct pptp_wen *wen)
{
	engine_note(peer->engine, 0,
	    "the line at the other end has errors: %u of CRC, %u of framing, %u hardware and %u "
	    "buffer "
	    "overruns, %u time-outs, %u of alignment",
	    wen->crc_errors, wen->framing_errors, wen->hardware_overruns, wen->buffer_overruns,
	    wen->time_out_errors, wen->alignment_errors);
}
