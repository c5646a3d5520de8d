/*
 * peer.h: the life of one tunnel (design: The life of a tunnel): look-up, sockets, TCP, control
 * connection, call, pppd, up, and down again in order.  It decides; the others do.
 */
#ifndef PEER_H
#define PEER_H

#include <jansson.h>
#include <stdint.h>

#include "gre_sock.h"
#include "ipc.h"

struct engine;
struct peer;

/* NULL when out of memory. */
struct peer *peer_new(struct engine *engine);
void peer_free(struct peer *peer); /* NULL is fine */

/* From the keeper. Functions with `fds` take those they keep and set them to -1. */
/* `server`: in config.servers, the one to dial. */
void peer_begin(struct peer *peer, unsigned server);
void peer_addresses(struct peer *peer, const struct ipc_msg *msg);
void peer_sockets(struct peer *peer, const struct ipc_msg *msg, int fds[IPC_MAX_FDS]);
void peer_pppd_started(struct peer *peer, const struct ipc_msg *msg, int fds[IPC_MAX_FDS]);
void peer_network_up(struct peer *peer, const struct ipc_msg *msg);
void peer_firewall(struct peer *peer, const struct ipc_msg *msg);
void peer_routes(struct peer *peer, const struct ipc_msg *msg);
void peer_dns(struct peer *peer, const struct ipc_msg *msg);
void peer_pppd_exited(struct peer *peer, int wait_status);
/* The user asked for the end. */
void peer_stop(struct peer *peer);
/* Nothing that we send reaches the server any more: no goodbye. */
void peer_lost(struct peer *peer, const struct reason *reason);
/* This machine has slept: asks the server whether it is still there. */
void peer_awake(struct peer *peer);
/* pppd's interface is deleted, or down; it may be pppd that ends. */
void peer_no_interface(struct peer *peer, bool deleted);
/* The keeper is gone. */
void peer_orphaned(struct peer *peer);

/* All is down, and the keeper was told. */
bool peer_has_ended(const struct peer *peer);
/* Those of the data path; zeroes while there is none. */
void peer_gre_counters(
    const struct peer *peer, struct pptp_session_stats *stats, struct gre_errors *errors);
/* The counters, as notes. */
void peer_statistics(const struct peer *peer, uint64_t now);

/* Does all that is due and returns the next deadline. */
uint64_t peer_pump(struct peer *peer, uint64_t now);

/* One element of `tunnels` (interface.md 4); a new reference, NULL when out of memory. */
json_t *peer_status(const struct peer *peer, uint64_t now);
/* The addresses of the control connection, for the trace; 0.0.0.0 while there is none. */
void peer_endpoints(const struct peer *peer, struct in_addr *local, struct in_addr *remote);

#endif
