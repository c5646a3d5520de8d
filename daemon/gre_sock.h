/*
 * gre_sock.h: the raw GRE socket of one call, with its session (design D7).
 */
#ifndef GRE_SOCK_H
#define GRE_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pptp.h"

struct engine;
struct gre_sock;

struct gre_owner {
	/* A PPP frame came, in order; it borrows the buffer. */
	void (*frame)(void *ctx, const uint8_t *frame, size_t len);
	/* All that came at once has been handed over. */
	void (*batch_end)(void *ctx);
	void *ctx;
};

/* What an ICMP message said of our packets (RFC 792). */
struct gre_icmp {
	struct in_addr from; /* who said it */
	uint8_t type, code;
};

/* What happened to the socket that the session does not know. */
struct gre_errors {
	uint64_t send_errors, recv_errors; /* counted and passed over (design D9) */
	int last_send_error;               /* errno; EPERM: this host's firewall */
	uint64_t icmp_count;               /* until the first good packet */
	struct gre_icmp icmp;              /* the last one */
	uint64_t too_long;                 /* received: over what the settings make possible */
	uint64_t full; /* received: dropped by the kernel, our socket was full */
	bool shared;   /* that is not known of this call alone */
};

/* Takes over the socket that is connected to `peer`.  NULL when out of memory (then fd is closed). */
struct gre_sock *gre_sock_new(
    struct engine *engine, int fd, struct in_addr peer, const struct gre_owner *owner);
void gre_sock_free(struct gre_sock *gre); /* NULL is fine */
/*
 * The call is up and there is where to put what comes: from now on packets are read; what came
 * before waits in the socket (protocol D13).  False when out of memory.
 */
bool gre_sock_start(struct gre_sock *gre, const struct pptp_session_params *params);
/*
 * These three only where the socket is the call's own: on one that is shared (gre_shared.h) they would
 * be for the other calls as well, so there nothing is done.
 *
 * The queue of the socket, about; the kernel counts its own structures as well, and doubles this for them.
 */
void gre_sock_bound(struct gre_sock *gre, int octets);
/* See sockets_leave_by(). */
void gre_sock_leave_by(struct gre_sock *gre, unsigned interface);
/* What comes waits in the socket until it is let go on. */
void gre_sock_hold(struct gre_sock *gre, bool hold);
/*
 * Sends one PPP frame with ENGINE_SEND_ROOM octets of room before it, at gre_sock_flush() at
 * the latest: until then it borrows the frame.
 */
void gre_sock_send(struct gre_sock *gre, uint8_t *frame, size_t len);
/* Sends all that waits, with as few calls as there can be. */
void gre_sock_flush(struct gre_sock *gre);
/*
 * Gives up holes, sends what waited for the window and acknowledgements that are due.
 * Returns the next deadline.
 */
uint64_t gre_sock_pump(struct gre_sock *gre, uint64_t now);

/* When the last good packet came, us; 0 never. */
uint64_t gre_sock_last_rx(const struct gre_sock *gre);
/* Zeroes before gre_sock_start(). */
void gre_sock_stats(const struct gre_sock *gre, struct pptp_session_stats *stats);
/* Asks the kernel for what it has dropped. */
const struct gre_errors *gre_sock_errors(struct gre_sock *gre);

#endif
