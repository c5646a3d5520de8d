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

#define PROMPT_MAX       600   /* octets of a prompt with its NUL */
#define COMMAND_LIMIT_MS 30000 /* a vault may ask its server */
#define PASSWORD_INSTEAD "set auth.password-file, password-credential or password-command"

enum password_way {
	PASSWORD_ASK, /* the terminal, else systemd-ask-password */
	PASSWORD_FD,
	PASSWORD_FILE,
	PASSWORD_COMMAND, /* what a program prints; never through a shell */
};

/* The whole environment of a command: where its programs are, and what the password is for. */
struct password_environment {
	char name[80], user[280], server[280];
	const char *entry[5]; /* ends with NULL */
};
void password_environment_init(
    struct password_environment *environment, const struct config *config, const char *server);

struct password_source {
	enum password_way way;
	int fd;              /* PASSWORD_FD; closed afterwards unless it is standard input */
	const char *path;    /* PASSWORD_FILE */
	const char *tty;     /* PASSWORD_ASK: the terminal's path */
	const char *asker;   /* PASSWORD_ASK without a terminal: the path of systemd-ask-password */
	const char *prompt;  /* PASSWORD_ASK */
	const char *instead; /* PASSWORD_ASK: where nobody can be asked; NULL: connect's options */

	/* PASSWORD_COMMAND */
	const struct config_list *command; /* its argv; the first word is a path from / on */
	const struct password_environment *environment;
	unsigned limit_ms; /* then it is killed */
	/* NULL, or hears what it wrote to its standard error: bounded, escaped, a line each time. */
	void (*said)(void *ctx, const char *line);
	void *ctx;
};

/* PASSWORD_ASK on this process's terminal. */
void password_source_init(struct password_source *source);
#define PASSWORD_INTERRUPTED (-1)

/*
 * 0 and the secret, or an exit code with the reason in err.  EXIT_USAGE: nobody can be
 * asked, or nobody answered; EXIT_CONFIG: what came cannot be a password, or others can
 * read its file, or there is no such command; EXIT_HOOK: the command failed, which may pass (a
 * vault that is locked, a network that is not there yet).  PASSWORD_INTERRUPTED, without a
 * reason: a signal that asks for the end came.
 */
int password_read(
    const struct password_source *source, struct secret *secret, char *err, size_t err_size);

#endif
