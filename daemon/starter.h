/*
 * starter.h: the process that a person started, while the daemon is in the background already: it
 * stays until the tunnel is ready or has ended, its exit code is the daemon's, and it lends its
 * terminal when a password is to be asked for.
 */
#ifndef STARTER_H
#define STARTER_H

#include "keeper.h"

struct starter {
	int fd; /* the starting process waits at its other end; -1: nobody */
};

/* Into the background.  Returns in the daemon only; -1 on failure. */
int starter_leave(struct starter *starter);
/* It may go, with this exit code. */
void starter_release(struct starter *starter, int code);
/*
 * Asks whoever sits there, from the process that reads the password; as password_read() does
 * with PASSWORD_ASK.
 */
int starter_ask(const struct starter *starter, const char *prompt, struct secret *secret, char *err,
    size_t err_size);

#endif
