/*
 * hook.h: programs of the administrator's that hear of the tunnel (pptpeer.conf(5), hooks): what they are
 * told, and how they are started.  Who waits for them is keeper_hook.c.
 */
#ifndef HOOK_H
#define HOOK_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "ipc.h"
#include "reason.h"

#define HOOK_ENTRIES 512

enum hook_event {
	HOOK_PRE_DIAL,
	HOOK_UP,
	HOOK_RENEW, /* after HOOK_UP, when it is not the first one */
	HOOK_DOWN,
	HOOK_AUTH_FAILED,
	HOOK_WAITING,
	HOOK_CALL_UP, /* of a listener, for each of its calls */
	HOOK_CALL_DOWN,
	HOOK_EVENTS
};

/* What is told of one tunnel; each pointer is borrowed. */
struct hook_facts {
	enum hook_event event;
	bool script; /* it is hooks.script, and is told in openconnect's words as well */
	const struct config *config;
	const char *server; /* as configured */
	struct in_addr address;
	const struct ipc_network *network; /* NULL: nothing is agreed, or not any more */
	const struct reason *reason;       /* NULL: it has not ended */
	uint64_t duration_s;
	bool counted; /* how many octets there were */
	uint64_t rx_bytes, tx_bytes;
	uint64_t wait_s; /* HOOK_WAITING */
	/* HOOK_CALL_UP and HOOK_CALL_DOWN: */
	const char *user; /* as verified; NULL: it is not such an event */
	struct in_addr caller;
	const struct config_nets *behind; /* the caller */
};

/* Its environment, `entry` for execve(). */
struct hook_env {
	const char *entry[HOOK_ENTRIES + 1];
	size_t count, used;
	char text[32768];
};

/* "up", and what the hook is called with. */
const char *hook_name(enum hook_event event);
/* The program that hears of it, by the settings; "" none.  hooks.script is not among them. */
const char *hook_path(const struct config *config, enum hook_event event);
/* The word for it in openconnect's protocol; NULL: there is none. */
const char *hook_script_reason(enum hook_event event);
/* What does not fit is left out: there is far more room than all of it can need. */
void hook_env(struct hook_env *env, const struct hook_facts *facts);
/* One more entry, "NAME=value". */
void hook_put(struct hook_env *env, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with an address, and nothing where there is none. */
void hook_put_address(struct hook_env *env, const char *name, struct in_addr address);
/* hook_script.c: openconnect's names (its vpnc-script tells them), for hook_env(). */
void hook_script_env(struct hook_env *env, const struct hook_facts *facts);
/*
 * Starts it as `hook EVENT NAME`.  0 once it runs, then *pid is its number and that of its group, and
 * *said, non-blocking, has what it prints, on either of its outputs; or an errno.
 */
int hook_start(const char *path, const struct hook_facts *facts, pid_t *pid, int *said);

#endif
