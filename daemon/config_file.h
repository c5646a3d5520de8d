/*
 * config_file.h: a tunnel's configuration file (interface.md 3), read and checked whole.
 * The keys are a table, config_keys.h; this reads a file by it.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config.h"
#include "config_keys.h"

#define CONFIG_PATH_MAX 256 /* octets of a file's name with its NUL */
#define CONFIG_DIAGS    32
#define CONFIG_FILES    33 /* the main file and what it includes */

/* One thing that is wrong, where it stands. */
struct config_diag {
	char file[CONFIG_PATH_MAX];
	unsigned line; /* 0: the file itself */
	char text[512];
};

struct config_diags {
	unsigned count;
	bool more; /* than fit */
	struct config_diag diag[CONFIG_DIAGS];
};

/* Where a setting comes from. */
enum config_from { FROM_DEFAULT, FROM_LINE, FROM_FLAG };

struct config_origin {
	enum config_from from;
	unsigned line;      /* FROM_LINE */
	unsigned char file; /* FROM_LINE: index of struct config_origins' file[] */
};

struct config_origins {
	char file[CONFIG_FILES][CONFIG_PATH_MAX];
	unsigned files;
	struct config_origin key[CONFIG_KEYS_MAX]; /* as config_keys[] */
};

/*
 * Reads the file at `path` into *config: everything that is set, the defaults for what is not,
 * the tunnel's `name` (NULL: the file's, less .conf), `run_dir` (NULL: the default).  The result
 * passes config_check() and has what a daemon needs (a user, a place for the password).  True, or
 * false with all that is wrong in *diags, in the order of the lines, and *config without a meaning.
 */
bool config_load(const char *path, const char *name, const char *run_dir, struct config *config,
    struct config_diags *diags);

/* How config_file_read() differs from config_load(). */
enum {
	CONFIG_NO_SECRET = 1, /* the password may be missing: somebody will be asked */
	CONFIG_OFFLINE = 2,   /* the files of passwords are not looked at */
	CONFIG_OTHERS = 4, /* the others in its folder are: does one listen where this one does? */
};
/*
 * The same with everything that is in the file, that of later versions too (for `check`), and the
 * name of the file.  `origins` may be NULL.
 */
bool config_file_read(const char *path, const char *run_dir, unsigned flags,
    struct config_settings *settings, struct config_origins *origins, struct config_diags *diags);

/* The defaults of a file: config_defaults(), and what only `pptpeer connect` has otherwise. */
void config_file_defaults(struct config *config);
/*
 * The text of a file that gives these settings: what differs from the defaults, section by
 * section.  No secret is in it.  False: `out` has an error.
 */
bool config_file_write(const struct config_settings *settings, FILE *out);

/* "DIR/NAME.conf"; -1 if it does not fit or NAME cannot be one.  `dir` NULL: CONFIG_DIR. */
int config_path(const char *dir, const char *name, char *buf, size_t size);

/* Adds one; `line` 0: the file itself. */
void config_diag_add(struct config_diags *diags, const char *file, unsigned line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "FILE:LINE: text", or "FILE: text" without a line, escaped; returns `buf`. */
const char *config_diag_text(const struct config_diag *diag, char *buf, size_t size);
/* Where the key number `index` was set, "FILE:LINE", "flag" or "default"; returns `buf`. */
const char *config_origin_text(
    const struct config_origins *origins, size_t index, char *buf, size_t size);

#endif
