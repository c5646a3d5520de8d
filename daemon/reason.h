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

/*
 * Fills *reason: what happened by `format`, exit code and advice by the table of E-codes.
 * 0 is "ended as asked".
 */
void reason_set(struct reason *reason, unsigned ecode, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Other advice than the table's. */
void reason_next(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Whether what ended so may pass by itself, so that dialling again makes sense (interface.md 6). */
bool exit_code_redials(int exit_code);
/* "user", "peer" or "here": who brought the end about. */
const char *reason_by(const struct reason *reason);
/* No reason has been chosen yet. */
bool reason_is_none(const struct reason *reason);

#endif
