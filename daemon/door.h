/*
 * door.h: where the one peer of role "auto" connects to us (design D14).  Each connection waits here
 * until its Start-Control-Connection-Request has come, and then for the tunnel to say what becomes of it.
 */
#ifndef DOOR_H
#define DOOR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "conn.h"

struct door;
struct engine;

/* Takes over a listening socket.  NULL when out of memory; the socket is closed then. */
struct door *door_new(struct engine *engine, int fd);
void door_free(struct door *door); /* NULL is fine, here and below */

/*
 * The server's addresses, as the look-up gave them: whoever is to be let in, unless listen.from says it.
 * Until then nobody is accepted, and who connects waits in the socket's queue.
 */
void door_know(struct door *door, const struct in_addr *addresses, unsigned count);

/* Does all that is due and returns the next deadline. */
uint64_t door_pump(struct door *door, uint64_t now);

/* The connection that asks to start, borrowed; NULL: none. */
struct conn *door_caller(const struct door *door);
/* Is it the first time that this is asked of it? */
bool door_is_new(struct door *door);
/* It is the tunnel's from now on, who owns it. */
struct conn *door_take(struct door *door);
/* A start collision (RFC 2637 3.1.3) was decided, for ours: it stays here until the peer closes it. */
void door_let_close(struct door *door);
/* Refuses it, by the Result Code of 2.2. */
void door_refuse(
    struct door *door, enum pptp_sccrp_result result, enum pptp_general_error error, uint64_t now);

#endif
