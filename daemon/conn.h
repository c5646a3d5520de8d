/*
 * conn.h: one control connection: its TCP socket and the protocol machine on it.
 */
#ifndef CONN_H
#define CONN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "pptp.h"

struct conn;
struct engine;

/* Who is told; called from the event loop, before engine_pump().  NULL: it is of no interest. */
struct conn_owner {
	void (*connected)(void *ctx);
	void (*connect_failed)(void *ctx, int error); /* errno; ETIMEDOUT: our own limit too */
	void (*stirred)(void *ctx);                   /* conn_pump() may have something to do */
	void *ctx;
};

/* What a connection takes that the peer has opened; else as struct pptp_ctrl_params. */
struct conn_answer {
	unsigned start_timeout; /* s until its Start-Control-Connection-Request */
	unsigned max_calls;     /* at a time */
	bool takes_outgoing, takes_incoming, ask_start;
	bool (*is_taken)(void *ctx, uint16_t call_id);
	void *taken_ctx;
};

/*
 * NULL when out of memory.  The protocol machine is there from the start, TCP is not.  `answer` is NULL
 * where we dial.
 */
struct conn *conn_new(
    struct engine *engine, const struct conn_owner *owner, const struct conn_answer *answer);
void conn_free(struct conn *conn); /* closes TCP at once; NULL is fine */

/* Borrowed for life: for pptp_call_*() and pptp_ctrl_stop(), followed by engine_pump(). */
struct pptp_ctrl *conn_ctrl(struct conn *conn);

/* Takes over an unconnected TCP socket and connects it, at most until `deadline` (us). */
void conn_connect(
    struct conn *conn, int fd, struct in_addr address, uint16_t port, uint64_t deadline);
/* The same with one that was accepted.  False: it is gone already, or there is no memory. */
bool conn_adopt(struct conn *conn, int fd, struct in_addr address, uint64_t now);

/* Acts on deadlines and sends what is to be sent.  Returns the next deadline. */
uint64_t conn_pump(struct conn *conn, uint64_t now);
/* The next event of the protocol machine; PPTP_OK or PPTP_ERR_AGAIN. */
int conn_event(struct conn *conn, struct pptp_event *event);

/* After PPTP_EV_CTRL_DOWN: sends the rest, shuts our side, waits for the peer's (protocol B5). */
void conn_finish(struct conn *conn, uint64_t now);
/* Ends TCP at once, with what has not been sent: the peer cannot be reached. */
void conn_abort(struct conn *conn, uint64_t now);
/* TCP is closed. */
bool conn_is_closed(const struct conn *conn);

/* Both ends' addresses, 0.0.0.0 while not connected. */
void conn_endpoints(const struct conn *conn, struct in_addr *local, struct in_addr *remote);
/* The first octets that ever came, escaped: evidence when they are not PPTP.  May be "". */
const char *conn_first_words(const struct conn *conn);
/* Why TCP ended: errno, 0 for an orderly end. */
int conn_error(const struct conn *conn);
/* When the last control message came, us; 0 never. */
uint64_t conn_last_rx(const struct conn *conn);

#endif
