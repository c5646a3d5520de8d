/*
 * state.h: what is known of a tunnel beyond one dial: its last end, how often it was dialled, and
 * state.json in its run folder, which outlives the daemon (design D12).
 */
#ifndef STATE_H
#define STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "config.h"
#include "reason.h"

#define STATE_FILE "state.json"

struct last_end {
	bool known;
	int64_t when;        /* s since 1970; 0: it was killed, and nobody knows */
	uint64_t duration_s; /* how long it had been up; 0: it never was */
	struct reason reason;
};

/* What the keeper tells the engine at each turn, for `status`. */
struct history {
	unsigned server;  /* in config.servers: of the dial that begins now */
	unsigned tries;   /* in a row without success */
	unsigned redials; /* ever */
	uint64_t wait;    /* us until the next dial; PPTP_NEVER: there is none, the peer may call */
	struct last_end last_end;
	/* That of our own dial after which the peer is not dialled any more: it may only call. */
	struct last_end barred;
};

/* {when, by, code, text, exit, duration_s} of interface.md 4, or null; a new reference. */
json_t *last_end_json(const struct last_end *end);

/* The end of a keeper, of that pid, that could not tell of it. */
void last_end_killed(struct last_end *end, int64_t pid);

/*
 * Writes DIR/state.json anew, whole or not at all, for us and the group `readers` ((gid_t)-1:
 * ours): user names and a server's words are in it.  `state` is "running", "stopped" or "failed";
 * `since`, when that began, in s since 1970.  0, or -1 with errno.
 */
int state_write(int dir_fd, gid_t readers, const struct config *config, const char *state,
    int64_t since, const struct history *history);
/* The last end of the run before this one; not known if there was none or it cannot be read. */
void state_last_end(int dir_fd, struct last_end *end);

#endif
