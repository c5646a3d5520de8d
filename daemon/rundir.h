/* rundir.h: run_dir/NAME with the control socket; the keeper's (interface.md 1). */
#ifndef RUNDIR_H
#define RUNDIR_H

#include <sys/types.h>

#include "config.h"
#include "reason.h"

struct rundir {
	int dir_fd;    /* -1 none */
	int lock_fd;   /* holds the lock that makes a name run once; -1 none */
	int socket_fd; /* listening, for the engine; -1 none */
	gid_t readers; /* the group that may ask how it is; (gid_t)-1 none */
	char path[330];
};

/* False with *reason (E111 the name runs already, E107) if it cannot be had. */
bool rundir_open(struct rundir *rundir, const struct config *config, struct reason *reason);
/* Removes the socket and the folder, and lets the name go. */
void rundir_close(struct rundir *rundir);

#endif
