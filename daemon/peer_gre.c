/* peer_gre.c: the data path of a tunnel: GRE to PPP and back, and whether GRE comes at all. */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "peer_int.h"

#define PROBE_EVERY (3 * PPTP_SEC) /* RFC 1661 4.6: Restart timer */

/* Of our own pppd the exit status tells; of somebody else's there is only this. */
void
peer_channel_closed(void *ctx)
{
	struct peer *peer = ctx;
	struct reason reason;

	if (peer->line.ppp.pid != 0)
		return;
	peer->line.ppp.running = false;
	reason_set(&reason, 0, "pppd has closed its end.");
	peer_end(peer, &reason);
}

/*
 * Some servers and NATs say nothing before we do, so `--until gre` sends an LCP
 * Configure-Request without options (RFC 1661 5.1), again after each Restart timer.
 */
void
peer_send_probe(struct peer *peer, uint64_t now)
{
	uint8_t buf[ENGINE_SEND_ROOM + 8] = {0};
	uint8_t *frame = buf + ENGINE_SEND_ROOM;
	/* Address, Control, LCP, Configure-Request, Identifier 1, Length 4. */
	const uint8_t lcp[] = {0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4};

	memcpy(frame, lcp, sizeof(lcp));
	line_record(&peer->line, true, frame, sizeof(lcp));
	gre_sock_send(peer->line.gre, frame, sizeof(lcp));
	gre_sock_flush(peer->line.gre);
	peer->probe_due = now + PROBE_EVERY;
}

void
peer_up_unheard(struct peer *peer)
{
	if (peer->line.channel != NULL && peer->line.ppp.report_fd < 0 && peer->stage == STAGE_GRE)
		peer_reached(peer, STAGE_UP, "the rest is between pppd and the server");
}

/* What the interface counts are the signs of life; what came since the last look came now. */
static void
look_at_kernel(struct peer *peer, uint64_t now)
{
	struct channel_counters counters;

	if (peer->line.channel == NULL || peer->line.ppp.ifname[0] == '\0')
		return;
	peer->line.channel->ops->counters(peer->line.channel, peer->line.ppp.ifname, &counters);
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
	return peer->line.gre != NULL ? gre_sock_last_rx(peer->line.gre) : peer->kernel_heard;
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
	if (!peer->look_asked && peer->look_told && peer->found.looked == 0)
		return false; /* nothing could be looked at, and nft may take all of its time again */
	*waits = true;
	*due = now + FIREWALL_WAIT * PPTP_SEC;
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
	else if (peer->line.gre == NULL)
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
