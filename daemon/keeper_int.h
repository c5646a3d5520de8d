/*
 * keeper_int.h: struct keeper, for the files of this room only: keeper.c (its life: processes,
 * signals, the loop) and acts.c (the closed list of what it does for the engine).
 */
#ifndef KEEPER_INT_H
#define KEEPER_INT_H

#include <event2/event.h>
#include <sys/types.h>

#include "ipc.h"
#include "keeper.h"
#include "rundir.h"

#define STOP_SIGNALS 4

struct keeper {
	const struct config *config;
	const struct keeper_ui *ui;
	struct event_base *base;
	struct secret secret;
	struct rundir rundir;
	struct reason reason;
	struct reason no_secret;  /* why there is no password to be had */
	unsigned server_index;    /* in config.servers: the one of this dial */
	struct ipc_msg addresses; /* what the look-up gave; the only ones that may be dialled */
	char conflict[256];       /* a word in pppd's own files that we cannot take back; "" none */
	enum stage stage;         /* reached */
	int engine_fd;
	pid_t engine_pid, pppd_pid, lookup_pid; /* 0: none; never used after it was reaped */
	int lookup_fd;
	struct event *engine_event, *lookup_event, *stop_timer, *lookup_timer;
	struct event *signals[1 + STOP_SIGNALS]; /* SIGCHLD first */
	bool stopping;                           /* the user has asked for the end */
	bool forced;                             /* and again: at once */
	uint64_t stop_since;                     /* us: the first time */
	unsigned pppd_starts;
};

/* acts.c */

/* One message of the engine's: checked against the configuration, then done. */
void keeper_act(struct keeper *keeper, struct ipc_msg *request);
/* To the engine; one that does not read is broken, and killed. */
void keeper_send(struct keeper *keeper, const struct ipc_msg *msg, const int *fds, size_t nfds);
void keeper_signal_pppd(const struct keeper *keeper, int signal);
/* Libevent's callback: the look-up has taken too long. */
void keeper_lookup_timeout(evutil_socket_t fd, short what, void *ctx);
void keeper_wipe_secret(void *secret);

#endif
