/*
 * tool.h: what the verbs of pptpeer share.
 *
 * main() calls tool_run(); it takes the verb from the table in verb.c and calls
 * verb->run(), which calls tool_options() with its own option handler and then does its
 * work.  Every function that says "exit code" returns one of interface.md 6.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/reason.h"

/* One option of a verb: parsing and help come from the same row. */
struct option_row {
	int id;           /* its letter, or a number from OPT_FIRST on */
	const char *name; /* the long one, without "--" */
	const char *arg;  /* what follows it, "" if nothing does, "[=X]" if it may, NULL: hidden */
	const char *help; /* NULL: not in the help */
};

#define OPT_FIRST 256

enum { /* options that every verb has */
	OPT_NO_COLOR = OPT_FIRST,
	OPT_RUN_DIR,
	OPT_CONFIG_DIR,
	OPT_PASSWORD, /* to be refused: no secret belongs in argv */
	OPT_VERB,     /* the first one of a verb itself */
};

struct tool;

struct verb {
	const char *name;
	const char *args;                 /* "HOST [options]" */
	const char *summary;              /* one line for the list */
	const char *text;                 /* what the help says below the options */
	const struct option_row *options; /* ends with id 0 */
	int (*run)(struct tool *tool, int argc, char **argv);
};

#define DEFAULT_RUN_DIR "/run/pptpeer"
#ifndef CONFIG_DIR /* the Makefile knows sysconfdir */
#define CONFIG_DIR "/etc/pptpeer"
#endif

/* What came of the options that every verb has. */
struct tool {
	const struct verb *verb;
	const char *run_dir;    /* borrows argv or the environment, as the next one does */
	const char *config_dir; /* of NAME.conf */
	int verbose;            /* -1 quiet */
	bool color_out, color_err;
};

/* The verbs, ending with a NULL name. */
extern const struct verb verbs[];
/* NULL if there is none. */
const struct verb *verb_find(const char *name);
/* The whole tool; returns the exit code. */
int tool_run(int argc, char **argv);

int connect_run(struct tool *tool, int argc, char **argv);
int status_run(struct tool *tool, int argc, char **argv);
int up_run(struct tool *tool, int argc, char **argv);
int redial_run(struct tool *tool, int argc, char **argv);
int reload_run(struct tool *tool, int argc, char **argv);
int wait_run(struct tool *tool, int argc, char **argv);
int log_run(struct tool *tool, int argc, char **argv);
int doctor_run(struct tool *tool, int argc, char **argv);
int down_run(struct tool *tool, int argc, char **argv);
int trace_run(struct tool *tool, int argc, char **argv);
int check_run(struct tool *tool, int argc, char **argv);
int show_run(struct tool *tool, int argc, char **argv);
int explain_run(struct tool *tool, int argc, char **argv);
int version_run(struct tool *tool, int argc, char **argv);
int help_run(struct tool *tool, int argc, char **argv);
extern const struct option_row connect_options[], status_options[], down_options[], trace_options[],
    up_options[], redial_options[], reload_options[], wait_options[], log_options[],
    version_options[], help_options[], check_options[], show_options[], explain_options[],
    doctor_options[];
extern const char connect_text[], status_text[], trace_text[], explain_help[], doctor_text[];

/*
 * Started without 0, 1 or 2, the first descriptors that are opened would be taken for them: a
 * socket for standard error, say.  They become /dev/null; 0, or -1 with errno.
 */
int open_standard(void);

/* ---------------------------------------------------------------------- options.c */

#define TOOL_GO (-1) /* no exit code: go on */

/* Takes one option of the verb.  TOOL_GO or an exit code (it has said why). */
typedef int option_handler(struct tool *tool, void *ctx, int id, const char *arg);
/*
 * Walks argv[1..]; the words that are no options are moved to its end and *first is the
 * index of the first one.  `handler` may be NULL if the verb has no rows.  TOOL_GO, or an
 * exit code: 0 after --help, 2 for a bad command line.
 */
int tool_options(
    struct tool *tool, int argc, char **argv, option_handler *handler, void *ctx, int *first);
/* Says what is wrong with the command line and returns EXIT_USAGE. */
int tool_usage(const struct tool *tool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "pptpeer VERB: ..." on stderr; returns `code`. */
int tool_error(const struct tool *tool, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A whole number, decimal or 0x, from min to max; false if `text` is none. */
bool tool_number(const char *text, uint32_t min, uint32_t max, uint32_t *value);
/*
 * The candidate that `word` most likely meant, NULL if none is near; `count` candidates,
 * the next one `stride` octets after the one before.
 */
const char *tool_nearest(const char *word, const char *const *first, size_t count, size_t stride);
/* The help of one verb. */
void tool_help(const struct verb *verb, FILE *out);

/* ------------------------------------------------------------------------- text.c */

/* Prints with everything but printable ASCII as \xNN: no text can steer the terminal. */
void text_safe(FILE *out, const char *text);
/* The same, but each newline starts a line indented by `indent` blanks. */
void text_lines(FILE *out, const char *text, int indent);
/* "3 h 12 min", "12 s": the two largest units that say something. */
const char *text_duration(uint64_t seconds, char *buf, size_t size);
/* "412.7 MiB" */
const char *text_bytes(uint64_t bytes, char *buf, size_t size);
/* "401 233": thousands apart */
const char *text_count(uint64_t count, char *buf, size_t size);

enum color { COLOR_NONE, COLOR_GOOD, COLOR_BAD, COLOR_DIM, COLOR_BOLD };
/* The escape sequence to begin a colour, or to end all (COLOR_NONE); "" if !on. */
const char *text_color(bool on, enum color color);

#endif
