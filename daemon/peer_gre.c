/* peer_gre.c: the data path of a tunnel: GRE to PPP and back, and whether GRE comes at all. */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "peer_int.h"

#define PROBE_EVERY (3 * PPTP_SEC) /* RFC 1661 4.6: Restart timer */
/* For the firewall's rules; the keeper answers before. */
#define LOOK_WAIT ((FIREWALL_SECONDS + 1) * PPTP_SEC)

/* GRE to PPP; without a channel (--until gre) the frame was all that was wanted. */
static void
on_gre_frame(void *ctx, const uint8_t *frame, size_t len)
{
	struct peer *peer = ctx;

	if (peer->channel != NULL)
		peer->channel->ops->send(peer->channel, frame, len);
}

static void
on_gre_batch_end(void *ctx)
{
	struct peer *peer = ctx;

	if (peer->channel != NULL)
		peer->channel->ops->flush(peer->channel);
}

static void
on_ppp_frame(void *ctx, uint8_t *frame, size_t len)
{
	struct peer *peer = ctx;

	if (peer->gre != NULL)
		gre_sock_send(peer->gre, frame, len);
}

static void
on_ppp_batch_end(void *ctx)
{
	struct peer *peer = ctx;

	if (peer->gre != NULL)
		gre_sock_flush(peer->gre);
}

struct gre_owner
peer_gre_owner(struct peer *peer)
{
	return (struct gre_owner){on_gre_frame, on_gre_batch_end, peer};
}

/* Of our own pppd the exit status tells; of somebody else's there is only this. */
static void
on_channel_closed(void *ctx)
{
	struct peer *peer = ctx;
	struct reason reason;

	if (peer->ppp.pid != 0)
		return;
	peer->ppp.running = false;
	reason_set(&reason, 0, "pppd has closed its end.");
	peer_end(peer, &reason);
}

/* What pppd does not take yet waits in the kernel, which drops what is too much at no cost of ours. */
static void
on_channel_full(void *ctx, bool full)
{
	struct peer *peer = ctx;

	if (peer->gre != NULL)
		gre_sock_hold(peer->gre, full);
}

struct channel_owner
peer_channel_owner(struct peer *peer)
{
	return (struct channel_owner){
	    on_ppp_frame, on_ppp_batch_end, on_channel_closed, on_channel_full, peer};
}

void
peer_session_params(const struct peer *peer, struct pptp_session_params *params)
{
	const struct config *config = peer->config;

	*params = (struct pptp_session_params){
	    .local_call_id = peer->local_call_id,
	    .peer_call_id = peer->peer_call_id,
	    .recv_window = (uint16_t)config->window,
	    .reorder_depth = (uint16_t)(config->reorder_wait_ms == 0 ? 1 : config->reorder_depth),
	    .reorder_wait = config->reorder_wait_ms * PPTP_MSEC,
	    .forward_window = config->forward_window,
	    .max_payload = config_frame_max(config),
	    .window_mode = config->window_mode,
	    .peer_window = peer->call.packet_recv_window_size,
	    .peer_delay = peer->call.packet_processing_delay,
	};
}

/*
 * Some servers and NATs say nothing before we do, so `--until gre` sends an LCP
 * Configure-Request without options (RFC 1661 5.1), again after each Restart timer.
 */
void
peer_send_probe(struct peer *peer, uint64_t now)
{
	uint8_t buf[PPTP_GRE_MAX_HEADER + 8] = {0};
	uint8_t *frame = buf + PPTP_GRE_MAX_HEADER;
	/* Address, Control, LCP, Configure-Request, Identifier 1, Length 4. */
	const uint8_t lcp[] = {0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4};

	memcpy(frame, lcp, sizeof(lcp));
	gre_sock_send(peer->gre, frame, sizeof(lcp));
	gre_sock_flush(peer->gre);
	peer->probe_due = now + PROBE_EVERY;
}

void
peer_up_unheard(struct peer *peer)
{
	if (peer->channel != NULL && peer->ppp.report_fd < 0 && peer->stage == STAGE_GRE)
		peer_reached(peer, STAGE_UP, "the rest is between pppd and the server");
}

/* What the interface counts are the signs of life; what came since the last look came now. */
static void
look_at_kernel(struct peer *peer, uint64_t now)
{
	struct channel_counters counters;

	if (peer->channel == NULL || peer->ppp.ifname[0] == '\0')
		return;
	channel_kernel_counters(peer->channel, peer->ppp.ifname, &counters);
	if (counters.rx_packets > peer->kernel_packets)
		peer->kernel_heard = now;
	peer->kernel_packets = counters.rx_packets;
}

void
peer_heard(struct peer *peer)
{
	peer->kernel_heard = clock_now();
}

uint64_t
peer_last_gre(const struct peer *peer)
{
	return peer->gre != NULL ? gre_sock_last_rx(peer->gre) : peer->kernel_heard;
}

/* Asks what on this host drops GRE; true: nothing is to be told before the answer, or this new deadline. */
static bool
waits_for_look(struct peer *peer, bool *waits, uint64_t *due, uint64_t now)
{
	struct firewall_request *look;
	struct in_addr remote;
	struct gre_errors errors;
	struct pptp_session_stats stats;
	struct ipc_msg msg;

	if (*waits) { /* it has come, or will not */
		*waits = false;
		peer->look_asked = peer->notice_waits || peer->end_waits;
		return false;
	}
	*waits = true;
	*due = now + LOOK_WAIT;
	if (peer->look_asked) {
		if (peer->look_told)
			*due = now;
		return true;
	}
	peer->look_asked = true;
	peer->look_told = false;
	ipc_init(&msg, IPC_FIREWALL);
	look = &msg.u.look;
	peer_endpoints(peer, &look->local, &remote);
	look->peer = peer_server_address(peer);
	peer_gre_counters(peer, &stats, &errors);
	look->refused = errors.last_send_error == EPERM;
	if (sniff_evidence(peer->sniff)->ours > 0 && stats.rx_bad == 0)
		look->interface = sniff_evidence(peer->sniff)->interface;
	engine_send(peer->engine, &msg);
	return true;
}

void
peer_firewall(struct peer *peer, const struct ipc_msg *msg)
{
	uint64_t now = clock_now();

	if (!peer->look_asked || peer->look_told)
		return;
	peer->look_told = true;
	peer->found = msg->u.found;
	if (peer->notice_waits && peer->gre_notice_due != PPTP_NEVER)
		peer->gre_notice_due = now;
	if (peer->end_waits && peer->gre_due != PPTP_NEVER)
		peer->gre_due = now;
}

void
peer_check_gre(struct peer *peer, uint64_t now)
{
	struct reason reason;

	if (peer->phase != PEER_PPP)
		return;
	if (config_kernel_path(peer->config))
		look_at_kernel(peer, now);
	else if (peer->gre == NULL)
		return;
	if (peer_last_gre(peer) != 0) {
		pptp_ctrl_alive(conn_ctrl(peer->conn), peer_last_gre(peer));
		if (peer->stage >= STAGE_GRE)
			return;
		peer->gre_notice_due = peer->gre_due = peer->probe_due = PPTP_NEVER;
		peer->ppp_due = now + PPP_SECONDS * PPTP_SEC;
		sniff_free(peer->sniff);
		peer->sniff = NULL;
		peer_reached(peer, STAGE_GRE, "GRE comes and goes");
		peer_up_unheard(peer);
		return;
	}
	if (now >= peer->probe_due)
		peer_send_probe(peer, now);
	if (now >= peer->gre_due) {
		if (waits_for_look(peer, &peer->end_waits, &peer->gre_due, now))
			return;
		reason_gre(&reason, peer, now);
		peer_end(peer, &reason);
		peer->line_over = true;
	} else if (now >= peer->gre_notice_due) {
		if (waits_for_look(peer, &peer->notice_waits, &peer->gre_notice_due, now))
			return;
		peer->gre_notice_due = PPTP_NEVER;
		reason_gre(&reason, peer, now);
		engine_note(peer->engine, 0, "E%u %s", reason.ecode, reason.what);
		engine_note(peer->engine, 0, "Next: %s", reason.next);
	}
}
