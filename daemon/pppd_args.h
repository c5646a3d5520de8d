/*
 * pppd_args.h: how pppd is started (design D4): its whole argument list, its environment,
 * and what the system's own options files may hold that no argument takes back.
 */
#ifndef PPPD_ARGS_H
#define PPPD_ARGS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct config;

enum {
	PPPD_ARGS_MAX = 128,  /* words, with the NULL at the end */
	PPPD_TEXT_MAX = 4096, /* octets, with their NULs */
};

struct pppd_args {
	char *argv[PPPD_ARGS_MAX]; /* into text; do not copy this struct */
	size_t count;
	char text[PPPD_TEXT_MAX];
	size_t used;
};

/* A call that we answer: the caller says who it is, and we tell it its address. */
struct pppd_answer {
	struct in_addr local;  /* ours in the tunnel: config->ip_local */
	struct in_addr remote; /* the caller's; its user's own goes before it.  INADDR_ANY: none */
	struct in_addr caller; /* its address outside, for RADIUS; INADDR_ANY: none */
	int verify; /* the plugin's end of the socket on which users.h answers; -1: none */
};

/* What pppd inherits, by its numbers there, and the channel on which it speaks. */
struct pppd_fds {
	int report, log;
	int secret;                       /* not where we answer */
	const char *tty;                  /* slave of a raw pty ("/dev/pts/3"), or NULL: */
	int channel;                      /* a connected socket of the kernel's PPPoX */
	const struct pppd_answer *answer; /* NULL: we dial; borrowed for the call */
};

/*
 * For people to see, before there is a pppd: the pty has no number yet, with "auto" whether
 * there is a TAP shows at the dial, and a caller gets any address of the pool.  `answer` is where
 * the result's own is kept; role "auto" is shown as it dials.
 */
struct pppd_fds pppd_fds_to_show(const struct config *config, struct pppd_answer *answer);

/* The only environment pppd gets: a PATH.  It needs no other, its scripts get its own. */
extern char *const pppd_environment[];

/*
 * argv[0] is config->pppd_path.  There is no secret in it.  0, or -1 if something is
 * too long; nothing is ever cut.
 */
int pppd_args_build(const struct config *config, const struct pppd_fds *fds, struct pppd_args *out);

/*
 * The interface's MTU where so many octets of IP reach the server in one piece; 0: the path asks for
 * none that is smaller than ours.
 */
unsigned pppd_mtu_of_path(const struct config *config, unsigned path);

/*
 * Why this word must not stand in pppd.options: it would break the list above, or what it is
 * for; with `answers`, what a caller could come in by.  NULL: it may.
 */
const char *pppd_option_refused(const char *word, bool answers);

/*
 * pppd reads /etc/ppp/options, ~/.ppprc and, where it has one, /etc/ppp/options.TTY before or
 * after our arguments, whatever we do.  Puts into `out` the first of their words, from file number
 * *cursor on, that can change our tunnel and that nothing can take back, as
 * "/etc/ppp/options:3: plugin" with the reason.  1: found one, call again; 0: no more.
 * `root` is put before the files' names: "" but in tests.  `tty` is NULL where there is none.
 * *cursor is 0 at the start.
 */
int pppd_options_conflict(
    const char *root, const char *tty, size_t *cursor, char *out, size_t size);

#endif
