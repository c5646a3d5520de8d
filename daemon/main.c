/* main.c: pptpeerd: one configuration file, one tunnel, for years (interface.md 2). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "background.h"
#include "config_file.h"
#include "keeper_log.h"
#include "log.h"
#include "notify.h"
#include "pptp.h"
#include "secret.h"

struct daemon {
	const char *path, *run_dir;
	const char *name; /* NULL: the file's */
	bool foreground;
	const struct config *config; /* as last read: the first, or the later one */
	struct config first, later;  /* a page of either costs nothing before it is written */
	struct background background;
	struct keeper_ui ui;
};

static const char usage[] =
    "Usage: pptpeerd [--foreground] --config FILE [--name NAME] [--run-dir DIR]\n"
    "\n"
    "  -c, --config FILE   the tunnel's configuration\n"
    "  -n, --name NAME     the tunnel's name, if not the file's less .conf\n"
    "  -f, --foreground    stay in the foreground, for a supervisor\n"
    "      --run-dir DIR   instead of /run/pptpeer (also PPTPEER_RUN_DIR)\n"
    "  -V, --version\n"
    "  -h, --help\n"
    "\n"
    "TERM and INT hang up in order, HUP reads FILE again, USR1 logs the counters, USR2 dials\n"
    "again. More: pptpeer help\n";

/* ------------------------------------------------------------------------------- the file */

static void
diagnose(const struct config_diags *diags)
{
	char text[1024];

	for (unsigned i = 0; i < diags->count; i++)
		fprintf(stderr, "%s\n", config_diag_text(&diags->diag[i], text, sizeof(text)));
}

static void
say(const struct reason *reason)
{
	if (reason->exit_code != EXIT_OK)
		fprintf(stderr, "E%03u ", reason->ecode);
	fprintf(stderr, "%s%s%s\n", reason->what, reason->next[0] != '\0' ? "\nNext: " : "",
	    reason->next);
}

/* For `status` and `up`: standard error may be systemd's. */
static void
remember_fault(const struct daemon *daemon, const struct config_diag *diag)
{
	struct config config = daemon->first;
	struct reason reason;
	char text[sizeof(reason.what)];

	if (daemon->name != NULL && strlen(daemon->name) < sizeof(config.name))
		snprintf(config.name, sizeof(config.name), "%s", daemon->name);
	if (config_check_name(&config, text, sizeof(text)) != NULL)
		return;
	reason_set(&reason, 110, "%s", config_diag_text(diag, text, sizeof(text)));
	keeper_refused(&config, &reason);
}

static bool
load(const struct daemon *daemon, struct config *config, struct config_diags *diags)
{
	if (!config_load(daemon->path, daemon->name, daemon->run_dir, config, diags))
		return false;
	config->log_target = log_real_target(config->log_target, daemon->foreground);
	return true;
}

/* After log_open(), of which errno is. */
static void
log_reason(const struct config *config, struct reason *reason)
{
	char path[sizeof(reason->what)];
	int error = errno;

	pptp_escape(config->log_path, path, sizeof(path));
	reason_set(reason, 110, "log.target: %s: %s.", path, strerror(error));
	if (error == EROFS)
		reason_next(reason,
		    "under systemd, take a file in /var/log/pptpeer, or open another "
		    "folder by ReadWritePaths= in a drop-in");
}

/* In the place of the one that is in use: all of it, or nothing; the log follows it at once. */
static bool
reload(const struct daemon *daemon, struct config *config, char *text, size_t size)
{
	struct config_diags *diags = calloc(1, sizeof(*diags));
	struct reason reason;
	bool fine = false;

	if (diags == NULL) {
		snprintf(text, size, "out of memory");
	} else if (!load(daemon, config, diags)) {
		config_diag_text(&diags->diag[0], text, size);
	} else if (!log_open(config)) {
		log_reason(config, &reason);
		snprintf(text, size, "%s", reason.what);
	} else {
		fine = true;
	}
	free(diags);
	return fine;
}

static struct config *
on_reload(void *ctx, char *text, size_t size)
{
	const struct daemon *daemon = ctx;
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL) {
		snprintf(text, size, "out of memory");
	} else if (reload(daemon, config, text, size)) {
		return config;
	}
	log_open(daemon->config); /* a file that was rotated */
	log_write(LOG_LEVEL_ERROR, "not reloaded: %s", text);
	free(config);
	return NULL;
}

/* What takes its time has a process of its own; people are not asked for each redial. */
static void
set_secret_way(struct daemon *daemon)
{
	enum password_from from = daemon->config->password_from;

	daemon->ui.secret_in_child = from == SECRET_COMMAND || from == SECRET_ASK;
	daemon->ui.keep_secret = from == SECRET_ASK;
}

static void
on_reloaded(void *ctx, const struct config *config)
{
	struct daemon *daemon = ctx;

	daemon->later = *config;
	daemon->config = &daemon->later;
	set_secret_way(daemon);
	log_write(LOG_LEVEL_NOTICE,
	    "%s is read again: the log follows it now, the rest with the next %s", daemon->path,
	    config->role == ROLE_LISTEN ? "call, but for address and limits" : "dial");
}

/* ------------------------------------------------------------------ what the keeper says */

static int
on_read_secret(void *ctx, const struct secret_listener *listener, const char *server,
    struct secret *secret, struct reason *reason)
{
	const struct daemon *daemon = ctx;

	return secret_read(daemon->config, listener, server, secret, reason);
}

static void
on_stage(void *ctx, enum stage stage, const char *text)
{
	struct daemon *daemon = ctx;

	keeper_log_stage(stage, text);
	if (stage == STAGE_UP || !daemon->config->ready_when_up)
		background_done(&daemon->background, EXIT_OK);
}

static void
on_note(void *ctx, int level, const char *text)
{
	(void)ctx;
	keeper_log_note(level, text);
}

static void
on_waiting(void *ctx, const struct reason *reason, uint64_t delay_ms, unsigned tries)
{
	struct daemon *daemon = ctx;

	keeper_log_waiting(reason, delay_ms, tries, daemon->config->role);
	if (!daemon->config->ready_when_up)
		background_done(&daemon->background, EXIT_OK);
}

/* Somebody who started it by hand, and does not see the log. */
static bool
has_onlooker(const struct daemon *daemon)
{
	return daemon->foreground && daemon->config->log_target != LOG_TO_STDERR &&
	       isatty(STDERR_FILENO);
}

static void
on_ended(void *ctx, const struct reason *reason)
{
	const struct daemon *daemon = ctx;

	keeper_log_ended(reason);
	if (background_waits(&daemon->background) || has_onlooker(daemon))
		say(reason);
}

/* -------------------------------------------------------------------------- life cycle */

/* It would wait for a word as long as its unit says, and then know nothing but that none came. */
static void
warn_of_supervisor(void)
{
	const char *why = notify_lost();

	if (why != NULL)
		log_write(LOG_LEVEL_WARNING,
		    "systemd will not be told that the tunnel is ready: %s; install libsystemd0",
		    why);
}

static int
run(struct daemon *daemon)
{
	const struct keeper_ui ui = {
	    .read_secret = on_read_secret,
	    .stage = on_stage,
	    .note = on_note,
	    .waiting = on_waiting,
	    .ended = on_ended,
	    .reload = on_reload,
	    .reloaded = on_reloaded,
	    .leaves_terminal = !daemon->foreground,
	    .ctx = daemon,
	};
	struct config_diags *diags = calloc(1, sizeof(*diags));
	const struct config *config = &daemon->first;
	struct reason reason;
	int code;

	if (diags == NULL)
		return EXIT_INTERNAL;
	if (!load(daemon, &daemon->first, diags)) {
		diagnose(diags);
		remember_fault(daemon, &diags->diag[0]);
		free(diags);
		return EXIT_CONFIG;
	}
	free(diags);
	daemon->config = config;
	daemon->ui = ui;
	set_secret_way(daemon);
	if (!log_open(config)) {
		log_reason(config, &reason);
		say(&reason);
		keeper_refused(config, &reason);
		return EXIT_CONFIG;
	}
	warn_of_supervisor();
	if (!daemon->foreground && background_begin(&daemon->background) < 0) {
		fprintf(stderr, "pptpeerd: %s\n", strerror(errno));
		return EXIT_INTERNAL;
	}
	code = keeper_run(config, &daemon->ui);
	/* What has ended before it was ready was not started. */
	background_done(&daemon->background, code == EXIT_OK ? EXIT_NO_DAEMON : code);
	log_close();
	return code;
}

/*
 * Read again after chdir("/").  A link is not followed: the tunnel has the link's name, and what its
 * file includes is beside the link.
 */
static const char *
absolute(const char *path)
{
	char cwd[4096], *whole;

	if (path[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL ||
	    asprintf(&whole, "%s/%s", cwd, path) < 0)
		return path;
	return whole;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"name", required_argument, NULL, 'n'},
	    {"foreground", no_argument, NULL, 'f'},
	    {"run-dir", required_argument, NULL, 'r'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	static struct daemon daemon = {.background = BACKGROUND_NONE};
	int option;

	keeper_hold_signals();
	daemon.run_dir = getenv("PPTPEER_RUN_DIR");
	while ((option = getopt_long(argc, argv, "c:fhn:V", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			daemon.path = optarg;
			break;
		case 'f':
			daemon.foreground = true;
			break;
		case 'n':
			daemon.name = optarg;
			break;
		case 'r':
			daemon.run_dir = optarg;
			break;
		case 'V':
			puts("pptpeerd " PACKAGE_VERSION);
			return EXIT_OK;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		default:
			fputs("Try: pptpeerd --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (daemon.path == NULL || optind != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	daemon.path = absolute(daemon.path);
	if (daemon.run_dir != NULL && daemon.run_dir[0] == '\0')
		daemon.run_dir = NULL;
	return run(&daemon);
}
