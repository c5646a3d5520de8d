/* main.c: pptpeerd: one configuration file, one tunnel, for years (interface.md 2). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_file.h"
#include "keeper.h"
#include "log.h"
#include "secret.h"
#include "starter.h"

struct daemon {
	const char *path, *run_dir;
	bool foreground;
	struct config config; /* as last read */
	struct starter starter;
	struct keeper_ui ui;
};

static const char usage[] =
    "Usage: pptpeerd [--foreground] --config FILE [--run-dir DIR]\n"
    "\n"
    "  -c, --config FILE   the tunnel's configuration; its name less .conf is the tunnel's\n"
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

static bool
load(const struct daemon *daemon, struct config *config, struct config_diags *diags)
{
	static const int verbose[] = {[LOG_LEVEL_INFO] = 1, [LOG_LEVEL_DEBUG] = 2};

	if (!config_load(daemon->path, daemon->run_dir, config, NULL, diags))
		return false;
	config->keep_state = true;
	config->log_target = log_real_target(config->log_target, daemon->foreground);
	config->verbose = config->log_level >= LOG_LEVEL_INFO ? verbose[config->log_level] : 0;
	return true;
}

static struct config *
on_reload(void *ctx, char *text, size_t size)
{
	const struct daemon *daemon = ctx;
	struct config *config = calloc(1, sizeof(*config));
	struct config_diags *diags = calloc(1, sizeof(*diags));

	if (config == NULL || diags == NULL) {
		snprintf(text, size, "out of memory");
	} else if (load(daemon, config, diags)) {
		free(diags);
		return config;
	} else {
		config_diag_text(&diags->diag[0], text, size);
		log_write(LOG_LEVEL_ERROR, "not reloaded: %s", text);
	}
	free(config);
	free(diags);
	return NULL;
}

/* What takes its time has a process of its own; people are not asked for each redial. */
static void
set_secret_way(struct daemon *daemon)
{
	enum password_from from = daemon->config.password_from;

	daemon->ui.secret_in_child = from == SECRET_COMMAND || from == SECRET_ASK;
	daemon->ui.keep_secret = from == SECRET_ASK;
}

static void
on_reloaded(void *ctx, const struct config *config)
{
	struct daemon *daemon = ctx;

	daemon->config = *config;
	set_secret_way(daemon);
	if (!log_open(config))
		log_write(LOG_LEVEL_ERROR, "%s: %s", config->log_path, strerror(errno));
	log_write(LOG_LEVEL_NOTICE,
	    "%s is read again: the log follows it now, the rest with the next dial", daemon->path);
}

/* ------------------------------------------------------------------ what the keeper says */

static int
on_read_secret(void *ctx, const char *server, struct secret *secret, struct reason *reason)
{
	const struct daemon *daemon = ctx;

	return secret_read(&daemon->config, &daemon->starter, server, secret, reason);
}

static void
on_stage(void *ctx, enum stage stage, const char *text)
{
	struct daemon *daemon = ctx;

	log_write(stage == STAGE_UP ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO, "%s: %s",
	    stage_name(stage), text);
	if (stage == STAGE_UP || !daemon->config.ready_when_up)
		starter_release(&daemon->starter, 0);
}

static void
on_note(void *ctx, int level, const char *text)
{
	(void)ctx;
	if (level > 0)
		log_write(level == 1 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "%s", text);
	else
		log_write(strncmp(text, "warning", 7) == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE,
		    "%s", text);
}

static void
on_waiting(void *ctx, const struct reason *reason, uint64_t delay_ms, unsigned tries)
{
	struct daemon *daemon = ctx;

	if (reason->ecode == 0)
		log_write(LOG_LEVEL_NOTICE, "%s Dialling again, as asked.", reason->what);
	else if (delay_ms == 0) /* the next server */
		log_write(LOG_LEVEL_WARNING, "E%03u %s Dialling again at once.", reason->ecode,
		    reason->what);
	else
		log_write(LOG_LEVEL_WARNING, "E%03u %s Dialling again in %llu.%llu s (try %u).",
		    reason->ecode, reason->what, (unsigned long long)(delay_ms / 1000),
		    (unsigned long long)(delay_ms % 1000 / 100), tries + 1);
	if (!daemon->config.ready_when_up)
		starter_release(&daemon->starter, 0);
}

static void
on_ended(void *ctx, const struct reason *reason)
{
	struct daemon *daemon = ctx;

	if (reason->exit_code == EXIT_OK) {
		log_write(LOG_LEVEL_NOTICE, "%s",
		    reason->what[0] != '\0' ? reason->what : "Ended as asked.");
		if (daemon->starter.fd >= 0) /* somebody waits at a terminal */
			fprintf(stderr, "%s\n", reason->what);
		return;
	}
	log_write(LOG_LEVEL_ERROR, "E%03u %s%s%s", reason->ecode, reason->what,
	    reason->next[0] != '\0' ? "\nNext: " : "", reason->next);
	if (daemon->starter.fd >= 0)
		fprintf(stderr, "E%03u %s\n", reason->ecode, reason->what);
}

/* -------------------------------------------------------------------------- life cycle */

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
	    .ctx = daemon,
	};
	struct config_diags *diags = calloc(1, sizeof(*diags));
	struct config config;
	int code;

	if (diags == NULL)
		return EXIT_INTERNAL;
	if (!load(daemon, &daemon->config, diags)) {
		diagnose(diags);
		free(diags);
		return EXIT_CONFIG;
	}
	free(diags);
	config = daemon->config;
	daemon->ui = ui;
	set_secret_way(daemon);
	if (!log_open(&config)) {
		fprintf(stderr, "pptpeerd: %s: %s\n", config.log_path, strerror(errno));
		return EXIT_CONFIG;
	}
	if (!daemon->foreground && starter_leave(&daemon->starter) < 0) {
		fprintf(stderr, "pptpeerd: %s\n", strerror(errno));
		return EXIT_INTERNAL;
	}
	code = keeper_run(&config, &daemon->ui);
	/* What has ended before it was ready was not started. */
	starter_release(&daemon->starter, code == EXIT_OK ? EXIT_NO_DAEMON : code);
	log_close();
	return code;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"foreground", no_argument, NULL, 'f'},
	    {"run-dir", required_argument, NULL, 'r'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	static struct daemon daemon = {.starter = {.fd = -1}};
	static char absolute[4096];
	int option;

	daemon.run_dir = getenv("PPTPEER_RUN_DIR");
	while ((option = getopt_long(argc, argv, "c:fhV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			daemon.path = optarg;
			break;
		case 'f':
			daemon.foreground = true;
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
	/* Read again after chdir("/"). */
	if (realpath(daemon.path, absolute) != NULL)
		daemon.path = absolute;
	if (daemon.run_dir != NULL && daemon.run_dir[0] == '\0')
		daemon.run_dir = NULL;
	return run(&daemon);
}
