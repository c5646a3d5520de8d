/* lookup.h: names are looked up in a short-lived child without privileges (design D3). */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <sys/types.h>

#include "ipc.h"

/*
 * Starts the child; its answer comes through *fd (non-blocking, the caller's).  `wipe` is called
 * in the child before anything else: it forgets the secret.  The pid, or -1 with errno.
 */
pid_t lookup_start(const char *name, void (*wipe)(void *), void *ctx, int *fd);
/* The same in this process, which waits meanwhile: fills an IPC_ADDRESSES. */
void lookup_here(const char *name, struct ipc_msg *msg);
/* Reads the answer when *fd is readable.  False: it was no answer (the child died). */
bool lookup_answer(int fd, struct ipc_msg *msg);

#endif
