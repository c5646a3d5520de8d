/* gre_int.h: for the files that read and write raw GRE sockets only: gre_sock.c, gre_out.c and gre_shared.c. */
#ifndef GRE_INT_H
#define GRE_INT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct engine;
struct gre_owner;
struct gre_shared;
struct gre_sock;

#define GRE_BATCH   8 /* packets a call: each has room for the longest */
#define GRE_BATCHES 8 /* a wakeup: then control and timers have their turn */

/* The arguments of recvmmsg(): the datagrams of a batch come to the engine's slots. */
struct gre_inbox {
	struct mmsghdr messages[GRE_BATCH];
	struct iovec parts[GRE_BATCH];
};
void gre_inbox_init(struct gre_inbox *inbox, const struct engine *engine);
/* Datagram i of the last batch, with the length of its IP header; false: it is none, or cut. */
bool gre_inbox_packet(
    const struct gre_inbox *inbox, unsigned i, const uint8_t **packet, size_t *len, size_t *ip_len);

/*
 * What the kernel has dropped because a socket was full (sock_diag.h), in all.  Its own counter has 32
 * bits: `full` is what was known before.  As it was where the kernel does not say.
 */
uint64_t gre_socket_full(int fd, uint64_t full);

/* A call's share of a socket: where its packets go to, and from which of our addresses. */
struct gre_share {
	struct gre_shared *shared; /* borrows for life; NULL: the socket is the call's own */
	int fd;                    /* borrows for life */
	struct in_addr local, peer;
	uint16_t call_id; /* ours */
};
struct gre_sock *gre_sock_new_shared(
    struct engine *engine, const struct gre_share *share, const struct gre_owner *owner);
/* One GRE packet of that call, without its IP header; before gre_sock_start() it is kept. */
void gre_sock_take(struct gre_sock *gre, const uint8_t *packet, size_t len, uint64_t now);
/* One that was longer than the settings make possible. */
void gre_sock_too_long(struct gre_sock *gre);
/* All that came at once has been taken. */
void gre_sock_end_batch(struct gre_sock *gre);

/* gre_shared.c: that call's share is being freed. */
void gre_shared_leave(struct gre_shared *shared, struct in_addr peer, uint16_t local_call_id);

#endif
