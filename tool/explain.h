/*
 * explain.h: what `pptpeer explain` knows: our own codes (daemon/reason_table.h), and pppd's, MS-CHAP's
 * and RFC 2637's numbers and the lines of other programs' logs.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

enum family { /* each a bit, as one number may be of several */
	FAMILY_ECODE = 1,
	FAMILY_EXIT = 2,
	FAMILY_PPPD = 4,
	FAMILY_MSCHAP = 8,
	FAMILY_START = 16, /* result of Start-Control-Connection-Reply, RFC 2637 2.2 */
	FAMILY_STOP = 32,  /* reason of Stop-Control-Connection-Request, 2.3 */
	FAMILY_REPLY = 64, /* result of Stop-Control-Connection-Reply and Echo-Reply, 2.4, 2.6 */
	FAMILY_OUTGOING = 128,
	FAMILY_INCOMING = 256,
	FAMILY_DISCONNECT = 512,
	FAMILY_GENERAL = 1024, /* General Error Code, 2.16 */
	FAMILY_CAUSE = 2048,   /* ITU-T Q.931, by 2.8 and 2.13 */
	FAMILY_LINE = 4096,    /* no number: a line of a log */
};
#define FAMILY_RESULTS \
	(FAMILY_START | FAMILY_REPLY | FAMILY_OUTGOING | FAMILY_INCOMING | FAMILY_DISCONNECT)
#define FAMILY_LAST FAMILY_CAUSE /* of those with numbers */

/* All that can be said of one of them; texts borrow, and may be NULL. */
struct meaning {
	enum family family;
	unsigned number;
	const char *name, *what;
	const char *causes; /* apart by "; " */
	const char *next;   /* what to do */
	const char *maps;   /* pppd's statuses: what pptpeer makes of it */
	const char *also;   /* E-codes: other exit codes, and when */
	int exit_code;      /* or -1 */
	unsigned ecode;     /* lines: the E-code for the same thing, or 0 */
};

/* The meaning of a number in one family; false if it has none there. */
bool explain_number(enum family family, unsigned number, struct meaning *meaning);
/* "exit code", "pppd's exit status", "General Error Code of RFC 2637 2.16", ... */
const char *explain_family_title(enum family family);
/* A short word for scripts. */
const char *explain_family_kind(enum family family);

#define EXPLAIN_MEANINGS 32
struct explanation {
	struct meaning meaning[EXPLAIN_MEANINGS];
	size_t count;
	enum family unknown; /* a number was named as one of this family, which has it not; or 0 */
	unsigned unknown_number;
};
/* All that `text`, a code or a line of a log, has in it that is known; the same only once. */
void explain_text(const char *text, struct explanation *explanation);

/* A line of pppd, of pptp-linux or of the kernel, by some of its words. */
struct known_line {
	const char *words; /* lower case */
	const char *from;  /* the program */
	const char *what;
	unsigned ecode; /* ours for the same thing, with its causes and advice; 0 none */
	const char *causes, *next;
};
/* Ends with NULL words. */
extern const struct known_line known_lines[];

#endif
