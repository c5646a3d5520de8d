/* secret.h: the password of a tunnel that has a file, from where the file says (interface.md 3). */
#ifndef SECRET_H
#define SECRET_H

#include "keeper.h"

/* As keeper_ui.read_secret(); in the keeper's process or in one of its own. */
int secret_read(const struct config *config, const struct secret_listener *listener,
    const char *server, struct secret *secret, struct reason *reason);

#endif
