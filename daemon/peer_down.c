/*
 * peer_down.c: the end of a tunnel, in order: pppd first while GRE still flows, then the call, the
 * control connection, TCP (design: The life of a tunnel, 7).
 */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "peer_int.h"

#define PPPD_HANGUP    16 /* pppd(8), EXIT STATUS: what it reads from is gone */
#define INTERFACE_TIME (1 * PPTP_SEC)
#define LOST_KILL_TIME (1 * PPTP_SEC)
#define KILL_TIME      (8 * PPTP_SEC) /* pppd says goodbye to LCP in at most 6 s, twice 3 s */
/* As retry.first-delay: pptpd 1.4 drops a connection whose first message comes late while it reaps the one before (conn.c). */
#define AGAIN_DELAY (1 * PPTP_SEC)

/* pppd itself has no "if the peer can". */
static bool
may_dial_again(const struct peer *peer)
{
	return peer->reason.exit_code == EXIT_ENCRYPTION && peer->config->mppe == MPPE_PREFER &&
	       !peer->without_mppe && !peer->answered;
}

/*
 * The TAP is ours as long as we run.  One that is down or gone took pppd's line away, and with it the tunnel's
 * interface, of which we may have heard first.
 */
static bool
tap_was_cut(const struct peer *peer)
{
	struct ifreq request = {0};
	bool cut;
	int fd;

	if (peer->line.tap_name[0] == '\0')
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", peer->line.tap_name);
	cut = ioctl(fd, SIOCGIFFLAGS, &request) < 0 || (request.ifr_flags & IFF_UP) == 0;
	close(fd);
	return cut;
}

void
peer_pppd_exited(struct peer *peer, int wait_status)
{
	struct reason reason;

	line_ppp_drain(&peer->line);
	peer->line.ppp.running = false;
	peer->kill_due = PPTP_NEVER;
	if (peer->phase < PEER_HANGUP) {
		if (peer->interface_due != PPTP_NEVER && WIFEXITED(wait_status) &&
		    WEXITSTATUS(wait_status) == PPPD_HANGUP && !tap_was_cut(peer))
			reason_interface(&reason, peer);
		else
			reason_pppd(&reason, peer, wait_status, clock_now());
		peer_end(peer, &reason);
		peer->again = may_dial_again(peer);
	} else if (peer->ppp_may_know && reason_behind(&reason, peer)) {
		peer->reason = reason;
		peer->again = may_dial_again(peer);
	}
	peer->ppp_may_know = false;
}

void
peer_stop(struct peer *peer)
{
	struct reason reason;

	peer->stopped = true;
	if (peer->up_since != 0)
		reason_set(&reason, 0, "Hung up in order.");
	else
		reason_set(&reason, 0, "Ended as asked, before the tunnel was up.");
	peer_end(peer, &reason);
}

/*
 * Whoever waits for the tunnel has another way by now: pppd gets no time to say goodbye to a peer
 * that does not hear it.
 */
void
peer_lost(struct peer *peer, const struct reason *reason)
{
	if (peer->phase >= PEER_HANGUP)
		return;
	peer->lost = true;
	peer_end(peer, reason);
	peer->kill_due = peer->line.ppp.running ? clock_now() + LOST_KILL_TIME : PPTP_NEVER;
}

/* When pppd ends, its interface goes first: then its exit is there at once, or its report was. */
void
peer_no_interface(struct peer *peer, bool deleted)
{
	line_ppp_drain(&peer->line);
	if (peer->phase != PEER_PPP || !peer->line.ppp.ip_up || peer->line.ppp.ip_down)
		return;
	peer->interface_deleted = deleted; /* which comes after it was set down */
	if (peer->interface_due != PPTP_NEVER)
		return;
	peer->interface_due = clock_now() + INTERFACE_TIME;
}

void
peer_orphaned(struct peer *peer)
{
	struct reason reason;

	peer->orphan = true;
	reason_set(&reason, 1, "The keeper was killed.");
	peer_end(peer, &reason);
}

/* ---------------------------------------------------------------------------- the way down */

void
peer_end(struct peer *peer, const struct reason *reason)
{
	if (reason_is_none(&peer->reason) || peer->again)
		peer->reason = *reason;
	peer->again = peer->ppp_may_know = false; /* now something else wants the end */
	if (peer->phase >= PEER_HANGUP)
		return;
	peer->come_up_due = peer->gre_notice_due = peer->gre_due = PPTP_NEVER;
	peer->probe_due = peer->ppp_due = peer->interface_due = peer->call_due = PPTP_NEVER;
	peer_set_phase(peer, PEER_HANGUP);
	if (peer->line.ppp.running) {
		peer_keep_octets(peer);
		peer_signal_pppd(peer, SIGTERM);
		peer->kill_due = clock_now() + KILL_TIME;
	}
}

/* mppe = "prefer", and the server has none: once more, in the clear, and loudly. */
static void
dial_again(struct peer *peer)
{
	engine_note(peer->engine, 0,
	    "warning: %s Dialling again WITHOUT ENCRYPTION, as mppe = \"prefer\" "
	    "allows.",
	    peer->reason.what);
	peer->again = false;
	peer->again_due = PPTP_NEVER;
	peer->without_mppe = true;
	memset(&peer->reason, 0, sizeof(peer->reason));
	line_fini(&peer->line);
	sniff_free(peer->sniff);
	peer->sniff = NULL;
	peer->control_up = peer->call_up = peer->line_over = false;
	peer->stage = STAGE_LOOKUP;
	if (peer->config->timeout != 0)
		peer->come_up_due = peer->began + peer->config->timeout * PPTP_SEC;
	peer_dial(peer);
}

/*
 * Without a peer pppd would say goodbye for 6 s, and the next dial wait for it: as with a modem, the
 * line hangs up.  The kernel's own path has no line of ours.
 */
static void
hang_up_line(struct peer *peer)
{
	if (!config_kernel_path(peer->config))
		line_close_channel(&peer->line);
}

/* pppd has ended, or there was none: now the call, the control connection, TCP. */
void
peer_go_down(struct peer *peer, uint64_t now)
{
	struct engine_end end = {.answered = peer->answered};

	if (peer->line_over && peer->line.ppp.running)
		hang_up_line(peer);
	if (now >= peer->kill_due) {
		peer->kill_due = PPTP_NEVER;
		peer_signal_pppd(peer, SIGKILL);
		peer->rough = "pppd had to be killed";
		if (peer->orphan)
			peer->line.ppp.running = false; /* who could tell is gone */
	}
	if (peer->phase == PEER_HANGUP && !peer->line.ppp.running) {
		peer_set_phase(peer, PEER_CLEARING);
		if (peer->conn != NULL && peer->tcp_open && peer->lost)
			conn_abort(peer->conn, now);
		else if (peer->conn != NULL && peer->tcp_open) {
			peer_hang_up_call(peer, now);
			pptp_ctrl_stop(conn_ctrl(peer->conn), PPTP_STOP_NONE, now);
		} else
			peer_set_phase(peer, PEER_FINISHING);
		if (peer->conn != NULL && !peer->tcp_open)
			conn_finish(peer->conn, now);
	}
	if (peer->phase == PEER_FINISHING && (peer->conn == NULL || conn_is_closed(peer->conn))) {
		if (peer->again) {
			if (peer->again_due == PPTP_NEVER)
				peer->again_due = now + AGAIN_DELAY;
			else if (now >= peer->again_due)
				dial_again(peer);
			return;
		}
		peer_set_phase(peer, PEER_ENDED);
		if (peer->stopped && peer->reason.ecode == 0 && peer->rough != NULL)
			reason_set(&peer->reason, 0, "Hung up, but %s.", peer->rough);
		peer_octets(peer, &end.rx, &end.tx);
		engine_ended(peer->engine, &peer->reason, &end);
	}
}
