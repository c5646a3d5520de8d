/*
 * password.h: the ways in which a password comes to us.
 *
 * It is read with read(2) into a buffer that is wiped, never through stdio, and never
 * comes from argv or the environment.  One newline at its end is not part of it.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stddef.h>

#include "keeper.h"

#define PROMPT_MAX        600  /* octets of a prompt with its NUL */
#define PASSWORD_PATH_MAX 1024 /* of a file of systemd's credentials */

enum password_way {
	PASSWORD_ASK, /* the terminal, else systemd-ask-password */
	PASSWORD_FD,
	PASSWORD_FILE,
};

struct password_source {
	enum password_way way;
	int fd;             /* PASSWORD_FD; closed afterwards unless it is standard input */
	const char *path;   /* PASSWORD_FILE */
	const char *tty;    /* PASSWORD_ASK: the terminal's path */
	const char *asker;  /* PASSWORD_ASK without a terminal: the path of systemd-ask-password */
	const char *prompt; /* PASSWORD_ASK */
};

/* PASSWORD_ASK on this process's terminal. */
void password_source_init(struct password_source *source);
/*
 * Where the settings say that it is; nothing is changed where they do not.  `path` (of
 * PASSWORD_PATH_MAX octets) is borrowed.
 */
void password_source_of(
    struct password_source *source, const struct config *config, char path[PASSWORD_PATH_MAX]);

#define PASSWORD_INTERRUPTED (-1)

/*
 * 0 and the secret, or an exit code with the reason in err.  EXIT_USAGE: nobody can be
 * asked, or nobody answered; EXIT_CONFIG: what came cannot be a password, or others can
 * read its file.  PASSWORD_INTERRUPTED, without a reason: a signal that asks for the end came.
 */
int password_read(
    const struct password_source *source, struct secret *secret, char *err, size_t err_size);

#endif
