/* connect.h: one run of `pptpeer connect`, between its command line and its output. */
#ifndef CONNECT_H
#define CONNECT_H

#include "daemon/background.h"
#include "daemon/config_file.h"
#include "daemon/keeper.h"
#include "daemon/password.h"
#include "tool.h"

#define CONNECT_OPTIONS 64 /* the most on one command line */

/* The options; `pptpeer doctor` has some of them as well. */
enum {
	OPT_MPPE = OPT_VERB,
	OPT_ACCEPT,
	OPT_IFNAME,
	OPT_MTU,
	OPT_BIND,
	OPT_MARK,
	OPT_PORT,
	OPT_PHONE,
	OPT_CALL,
	OPT_DATA_PATH,
	OPT_TIMEOUT,
	OPT_CONNECT_TIMEOUT,
	OPT_REPLY_TIMEOUT,
	OPT_GRE_TIMEOUT,
	OPT_UNTIL,
	OPT_NAME,
	OPT_DRY_RUN,
	OPT_SAVE,
	OPT_BACKGROUND,
	OPT_PERSIST,
	OPT_HOST_NAME,
	OPT_VENDOR,
	OPT_PASSWORD_STDIN,
	OPT_PASSWORD_FD,
	OPT_PASSWORD_FILE,
	OPT_DEFAULT_ROUTE,
	OPT_ROUTE,
	OPT_EXCEPT,
	OPT_SCRIPT,
	OPT_NO_DNS,
	OPT_JSON, /* of doctor only */
};

/* An option as it came: it overrides the file, which is known only once all words are. */
struct connect_option {
	int id;
	const char *arg; /* borrows argv */
};

struct connect {
	struct tool *tool;
	struct config_settings settings;
	struct password_source password;
	char prompt[PROMPT_MAX];
	struct connect_option options[CONNECT_OPTIONS];
	size_t option_count;
	bool password_flag; /* an option said where it is, not the file */
	const char *save;   /* NAME of the file to make, or NULL; borrows argv */
	bool dry_run;
	bool json;          /* doctor: one object in the place of lines */
	bool user_optional; /* doctor: without one it ends at STAGE_GRE */
	bool background;
	struct background first; /* the process that waits until it is up */
	bool logs;               /* it has gone, and our words go to the log */
	uint64_t start;          /* us */
	uint64_t up;             /* us; 0 not up yet */
};

/* From argv to a checked config and a password's source.  TOOL_GO or an exit code. */
int connect_parse(struct connect *run, int argc, char **argv);
/* keeper_ui.read_secret() of a run (`ctx`): by its options, its file, or the one who types. */
int connect_read_secret(void *ctx, const struct secret_listener *listener, const char *server,
    struct secret *secret, struct reason *reason);
/* --save: makes NAME.conf, or with --dry-run shows it.  TOOL_GO or an exit code. */
int connect_save(struct connect *run);

#endif
