/*
 * keeper.h: the privileged process of one tunnel (design D3).
 */
#ifndef KEEPER_H
#define KEEPER_H

#include "config.h"
#include "reason.h"

struct secret {
	size_t len;
	char bytes[256]; /* not terminated */
};

/* Who hears what a password-command wrote to its standard error, a line each time, escaped. */
struct secret_listener {
	void (*said)(void *ctx, const char *line);
	void *ctx;
};

/* What the keeper asks of whoever runs it; called in the keeper's process only. */
struct keeper_ui {
	/*
	 * Reads the password for this dial's server; called after the engine has been forked, so that the engine never
	 * has it, and only when the tunnel is to go beyond STAGE_GRE: before each dial, but kept
	 * over a redial where keep_secret says so.  0, or an exit code of interface.md 6 when
	 * there is none to be had, then the reason is set; below 0 when a signal asked for the
	 * end meanwhile.
	 */
	int (*read_secret)(void *ctx, const struct secret_listener *listener, const char *server,
	    struct secret *secret, struct reason *reason);
	bool secret_in_child; /* it may take its time: in a process of its own, not the keeper's */
	bool keep_secret;     /* somebody was asked: not again for each redial, unless refused */
	/* One stage has been reached; text says it in words ("TCP connected to 1.2.3.4"). */
	void (*stage)(void *ctx, enum stage stage, const char *text);
	/* Something worth a line, not an end: a warning, or with -v a detail. */
	void (*note)(void *ctx, int level, const char *text);
	/*
	 * This dial has ended, and the next one begins in so many milliseconds; `tries` have
	 * failed in a row (0: it was up).  PPTP_NEVER: none does, and the peer may call.  NULL: not of
	 * interest.
	 */
	void (*waiting)(void *ctx, const struct reason *reason, uint64_t delay_ms, unsigned tries);
	/* The one reason of the end; the exit code follows from it. */
	void (*ended)(void *ctx, const struct reason *reason);
	/*
	 * Reads the configuration anew (SIGHUP, `pptpeer reload`): a new one, the caller's to
	 * free(), or NULL and in `text` what is wrong, "FILE:LINE: ...".  NULL: there is no file,
	 * and SIGHUP means the end.
	 */
	struct config *(*reload)(void *ctx, char *text, size_t size);
	/*
	 * The configuration that reload() gave is the keeper's now: levels, targets of the log,
	 * and from the next dial on the password's way: the two members above may change.
	 */
	void (*reloaded)(void *ctx, const struct config *config);
	/* This process leaves its terminal later on: the engine must not keep it open. */
	bool leaves_terminal;
	void *ctx;
};

/*
 * For whoever has something to do before keeper_run(), first of all: a signal that the keeper handles
 * waits until then, so that it neither ends us nor is lost.
 */
void keeper_hold_signals(void);
/*
 * Runs the tunnel until it ends: forks the engine, keeps the pppd, ends in order on SIGINT and
 * SIGTERM.  Returns the exit code of interface.md 6.  Nothing of it is left behind.
 */
int keeper_run(const struct config *config, const struct keeper_ui *ui);
/*
 * It cannot even begin, for this reason: state.json says so as of any other end, unless a tunnel
 * of that name, which must be one (config_check_name()), runs.
 */
void keeper_refused(const struct config *config, const struct reason *reason);
/* Prints what keeper_run() would do (routes, DNS, pppd's argv) and changes nothing. */
int keeper_dry_run(const struct config *config);

#endif
