/*
 * hook.h: a program of the administrator's that hears of the tunnel (pptpeer.conf(5), hooks): what it is
 * told, and how it is started.  Who waits for it is keeper_hook.c.
 */
#ifndef HOOK_H
#define HOOK_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "ipc.h"
#include "reason.h"

#define HOOK_ENTRIES 48

/* What is told of one tunnel; each pointer is borrowed. */
struct hook_facts {
	const char *event; /* "up", "down" */
	const struct config *config;
	const char *server; /* as configured */
	struct in_addr address;
	const struct ipc_network *network;
	const struct reason *reason; /* NULL: it has not ended */
	uint64_t duration_s;
};

/* Its environment, `entry` for execve(). */
struct hook_env {
	const char *entry[HOOK_ENTRIES + 1];
	size_t count, used;
	char text[8192];
};

/* What does not fit is left out: 8192 octets are far more than all of it can have. */
void hook_env(struct hook_env *env, const struct hook_facts *facts);
/*
 * Starts it as `hook EVENT NAME`.  0 once it runs, then *pid is its number and that of its group, and
 * *said, non-blocking, has what it prints, on either of its outputs; or an errno.
 */
int hook_start(const char *path, const struct hook_facts *facts, pid_t *pid, int *said);

#endif
