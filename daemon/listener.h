/*
 * listener.h: role = "listen": many callers, each with its control connection and its calls.  It
 * decides; the keeper starts their pppds.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipc.h"

struct engine;
struct listener;

/* NULL when out of memory. */
struct listener *listener_new(struct engine *engine);
void listener_free(struct listener *listener); /* NULL is fine */

/* One message of the keeper's; takes those of `fds` that it keeps, and sets them to -1. */
void listener_hear(struct listener *listener, const struct ipc_msg *msg, int fds[IPC_MAX_FDS]);
/* The keeper is gone, and the pppds with it. */
void listener_orphaned(struct listener *listener);
/* All is down, and the keeper was told; or it has not begun. */
bool listener_is_idle(const struct listener *listener);
/* Does all that is due.  Its timers are its own. */
void listener_pump(struct listener *listener, uint64_t now);

/* One element of `tunnels` (interface.md 4); a new reference, NULL when out of memory. */
json_t *listener_status(const struct listener *listener, uint64_t now);

#endif
