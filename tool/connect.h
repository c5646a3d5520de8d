/* connect.h: one run of `pptpeer connect`, between its command line and its output. */
#ifndef CONNECT_H
#define CONNECT_H

#include "daemon/background.h"
#include "daemon/config_file.h"
#include "daemon/keeper.h"
#include "daemon/password.h"
#include "tool.h"

#define CONNECT_OPTIONS 64 /* the most on one command line */

/* An option as it came: it overrides the file, which is known only once all words are. */
struct connect_option {
	int id;
	const char *arg; /* borrows argv */
};

struct connect {
	struct tool *tool;
	struct config_settings settings;
	struct password_source password;
	char password_path[PASSWORD_PATH_MAX];
	char prompt[PROMPT_MAX];
	struct connect_option options[CONNECT_OPTIONS];
	size_t option_count;
	bool password_flag; /* an option said where it is, not the file */
	const char *save;   /* NAME of the file to make, or NULL; borrows argv */
	bool dry_run;
	bool background;
	struct background first; /* the process that waits until it is up */
	bool logs;               /* it has gone, and our words go to the log */
	uint64_t start;          /* us */
	uint64_t up;             /* us; 0 not up yet */
};

/* From argv to a checked config and a password's source.  TOOL_GO or an exit code. */
int connect_parse(struct connect *run, int argc, char **argv);
/* --save: makes NAME.conf, or with --dry-run shows it.  TOOL_GO or an exit code. */
int connect_save(struct connect *run);

#endif
