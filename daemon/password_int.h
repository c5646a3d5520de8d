/*
 * password_int.h: what the ways of a password share, for the files of this room only: password.c
 * (descriptors, files, people) and password_command.c.
 */
#ifndef PASSWORD_INT_H
#define PASSWORD_INT_H

#include <signal.h>
#include <stdbool.h>

#include "password.h"
#include "report.h"

/* The longest password, its newline, and one octet more to see that it is too long. */
struct raw {
	size_t len;
	char bytes[SECRET_MAX + 2];
};

#define ENDING_SIGNALS 4

/*
 * While a password is waited for: a signal that ends us, be it blocked or handled by our caller
 * or not, ends the waiting only.
 */
struct waiting {
	struct sigaction old_actions[ENDING_SIGNALS];
	sigset_t old_mask;
	sigset_t mask; /* for ppoll(): they come then, and at no other time */
};

void waiting_begin(struct waiting *waiting);
void waiting_end(const struct waiting *waiting);
/* Since the last waiting_begin() one of those signals has come. */
bool waiting_interrupted(void);

/* Checks it, takes it over and wipes it; as password_read(). */
int raw_take(struct raw *raw, struct secret *secret, char *err, size_t err_size);

/* PASSWORD_COMMAND; as password_read(). */
int command_read(
    const struct password_source *source, struct secret *secret, char *err, size_t err_size);

#endif
