/*
 * users.h: who may call, and with which secret: the users file (interface.md 3), or the one peer
 * of role "auto".  The keeper's only: the engine never has a secret.
 */
#ifndef USERS_H
#define USERS_H

#include <netinet/in.h>
#include <stddef.h>

#include "config.h"
#include "config_file.h"
#include "reason.h"
#include "report.h"

struct user {
	char name[256]; /* the octets behind its NUL are NUL as well */
	char secret[SECRET_MAX + 1];
	struct in_addr address; /* its own in the tunnel; INADDR_ANY: one of the pool */
	unsigned line;          /* where it stands in the file */
};

struct users {
	size_t count;
	struct user *user; /* owned */
};

/*
 * Reads the file: users: ( { name = "alice"; password = "..."; address = "10.99.0.20"; }, ... );
 * True, or false with all that is wrong in *diags and none in *users.
 */
bool users_load(const char *path, struct users *users, struct config_diags *diags);
/*
 * Those that this configuration names: of its users-file, with the addresses of its peers, or of
 * its answer-auth; none where chap-secrets or RADIUS know them.  True, or false with the reason.
 */
bool users_of_config(const struct config *config, struct users *users, struct reason *reason);
/* Wipes them. */
void users_free(struct users *users);

/*
 * The user that a caller names, who may say DOMAIN\user: all of that is looked for first, then
 * what stands behind the last backslash.  NULL: nobody.  Every user is looked at each time, so
 * that no time tells whether there is one of that name.
 */
const struct user *users_find(const struct users *users, const char *name);

/*
 * The keeper's end of the plugin's pptpeer-verify (report.h), a call's; both never wait.  1: a
 * question was there; 0: none is there yet; -1: pppd is gone, or that is no question: close it.
 */
int users_asked(int fd, struct verify_ask *ask);
/*
 * Answers it; `user` NULL: nobody.  `address` is the caller's in the tunnel, INADDR_ANY: the one
 * that its pppd was started with.  -1: it cannot be sent.
 */
int users_answer(int fd, const struct user *user, struct in_addr address);

#endif
