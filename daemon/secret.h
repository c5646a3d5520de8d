/* secret.h: the password of a tunnel that has a file, from where the file says (interface.md 3). */
#ifndef SECRET_H
#define SECRET_H

#include "keeper.h"

/* Who hears what a password-command wrote to its standard error, a line each time, escaped. */
struct secret_listener {
	void (*said)(void *ctx, const char *line);
	void *ctx;
};

/* As keeper_ui.read_secret(); in the keeper's process or in one of its own. */
int secret_read(const struct config *config, const struct secret_listener *listener,
    const char *server, struct secret *secret, struct reason *reason);

#endif
