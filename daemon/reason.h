/*
 * reason.h: every ending has one reason (design D10): an E-code, an exit code, a sentence,
 * the evidence, and what to do next.  interface.md 6 and 8.
 */
#ifndef REASON_H
#define REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_code { /* interface.md 6 */
	EXIT_OK = 0,
	EXIT_INTERNAL = 1,
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3,
	EXIT_PRIVILEGE = 4,
	EXIT_SYSTEM = 5,
	EXIT_LOOKUP = 6,
	EXIT_TCP = 7,
	EXIT_CONTROL = 8,
	EXIT_CALL = 9,
	EXIT_GRE = 10,
	EXIT_PPP = 11,
	EXIT_AUTH = 12,
	EXIT_PEER_AUTH = 13,
	EXIT_ENCRYPTION = 14,
	EXIT_DEAD_PEER = 15,
	EXIT_PEER_HANGUP = 16,
	EXIT_TIMEOUT = 17,
	EXIT_HOOK = 18,
	EXIT_EXISTS = 19,
	EXIT_NO_DAEMON = 20,
};

struct reason {
	unsigned ecode; /* 101 for E101; 0: ended as asked */
	int exit_code;  /* enum exit_code */
	char what[512]; /* what happened with its evidence; escaped, one or two lines */
	char next[256]; /* what to do next; may be "" */
};

/* What is known of an E-code; `pptpeer explain` says it. */
struct reason_row {
	unsigned ecode;
	int exit_code;    /* enum exit_code */
	const char *next; /* what to do next; may be "" */
	const char *name; /* a short word */
	const char *meaning;
	const char *causes; /* the usual ones, apart by "; ", or NULL */
	const char *also;   /* the exit codes that it can have besides, and when, or NULL */
	/* What to do, where `next` says nothing or is made of the evidence; or NULL. */
	const char *advice;
};
const struct reason_row *reason_rows(size_t *count);

struct exit_row {
	int exit_code;
	const char *name;
	bool redials; /* what ended so may pass by itself: dialling again makes sense */
	const char *meaning;
};
/* NULL if there is none. */
const struct exit_row *exit_row(int exit_code);

/*
 * Fills *reason: what happened by `format`, exit code and advice by the table of E-codes.
 * 0 is "ended as asked".
 */
void reason_set(struct reason *reason, unsigned ecode, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Other advice than the table's. */
void reason_next(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* pppd's plugin at that path is of another build than ours: nothing that it says can be understood. */
void reason_plugin(struct reason *reason, const char *plugin_path);
/* ", general error 4 (...)", or "" where there is none (RFC 2637 2.16); returns `out`. */
const char *reason_general_error(unsigned error_code, char *out, size_t size);
/* Of its row; false if there is none (interface.md 6). */
bool exit_code_redials(int exit_code);
/* "user", "peer" or "here": who brought the end about. */
const char *reason_by(const struct reason *reason);
/* No reason has been chosen yet. */
bool reason_is_none(const struct reason *reason);

#endif
