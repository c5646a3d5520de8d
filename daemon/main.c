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
#include "password.h"

struct daemon {
	const char *path, *run_dir;
	struct config config; /* as last read */
	int ready_fd;         /* the starting process waits at its other end; -1: nobody */
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
	config->verbose = config->log_level >= LOG_LEVEL_INFO ? verbose[config->log_level] : 0;
	if (config->password_from != SECRET_COMMAND)
		return true;
	config_diag_add(
	    diags, daemon->path, 0, "auth.password-command is not supported by this version yet");
	return false;
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
		log_write(LOG_LEVEL_NOTICE, "%s is read again", daemon->path);
		return config;
	} else {
		config_diag_text(&diags->diag[0], text, size);
		log_write(LOG_LEVEL_ERROR, "not reloaded: %s", text);
	}
	free(config);
	free(diags);
	return NULL;
}

static void
on_reloaded(void *ctx, const struct config *config)
{
	struct daemon *daemon = ctx;

	daemon->config = *config;
	if (!log_open(config))
		log_write(LOG_LEVEL_ERROR, "%s: %s", config->log_path, strerror(errno));
}

/* ------------------------------------------------------------------ what the keeper says */

static int
on_read_secret(void *ctx, struct secret *secret, struct reason *reason)
{
	const struct daemon *daemon = ctx;
	const struct config *config = &daemon->config;
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	struct password_source source;
	char path[1024], prompt[PROMPT_MAX], err[512];
	int code;

	password_source_init(&source);
	snprintf(
	    prompt, sizeof(prompt), "Password for %s at %s: ", config->user, config->servers[0]);
	source.prompt = prompt;
	source.tty = "";
	snprintf(path, sizeof(path), "%s", config->password_path);
	if (config->password_from == SECRET_CREDENTIAL)
		snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "/nonexistent",
		    config->password_path);
	if (config->password_from != SECRET_ASK) {
		source.way = PASSWORD_FILE;
		source.path = path;
	}
	code = password_read(&source, secret, err, sizeof(err));
	if (code > 0) {
		reason_set(reason, 109, "%s", err);
		reason->exit_code = code;
	}
	return code;
}

/* The process that started us may go. */
static void
tell_ready(struct daemon *daemon, int code)
{
	unsigned char octet = (unsigned char)code;

	if (daemon->ready_fd < 0)
		return;
	if (write(daemon->ready_fd, &octet, 1) < 0)
		log_write(LOG_LEVEL_DEBUG, "the starting process is gone");
	close(daemon->ready_fd);
	daemon->ready_fd = -1;
	if (dup2(STDIN_FILENO, STDERR_FILENO) < 0) /* /dev/null: the terminal is no longer ours */
		log_write(LOG_LEVEL_DEBUG, "standard error stays open");
}

static void
on_stage(void *ctx, enum stage stage, const char *text)
{
	struct daemon *daemon = ctx;

	log_write(stage == STAGE_UP ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO, "%s: %s",
	    stage_name(stage), text);
	if (stage == STAGE_UP || !daemon->config.ready_when_up)
		tell_ready(daemon, 0);
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
	else
		log_write(LOG_LEVEL_WARNING, "E%03u %s Dialling again in %llu.%llu s (try %u).",
		    reason->ecode, reason->what, (unsigned long long)(delay_ms / 1000),
		    (unsigned long long)(delay_ms % 1000 / 100), tries + 1);
	if (!daemon->config.ready_when_up)
		tell_ready(daemon, 0);
}

static void
on_ended(void *ctx, const struct reason *reason)
{
	struct daemon *daemon = ctx;

	if (reason->exit_code == EXIT_OK) {
		log_write(LOG_LEVEL_NOTICE, "%s",
		    reason->what[0] != '\0' ? reason->what : "Ended as asked.");
		return;
	}
	log_write(LOG_LEVEL_ERROR, "E%03u %s%s%s", reason->ecode, reason->what,
	    reason->next[0] != '\0' ? "\nNext: " : "", reason->next);
	if (daemon->ready_fd >= 0) /* somebody waits at a terminal */
		fprintf(stderr, "E%03u %s\n", reason->ecode, reason->what);
}

/* -------------------------------------------------------------------------- life cycle */

/*
 * Into the background.  The first process stays until the tunnel is ready or has ended, and its
 * exit code is the daemon's.  Returns in the second one only; -1 on failure.
 */
static int
go_background(struct daemon *daemon)
{
	int ready[2], null;
	unsigned char code = EXIT_INTERNAL;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();
	if (pid < 0)
		return -1;
	if (pid > 0) {
		close(ready[1]);
		while (read(ready[0], &code, 1) < 0 && errno == EINTR)
			;
		_exit(code);
	}
	close(ready[0]);
	daemon->ready_fd = ready[1];
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || chdir("/") < 0)
		return -1;
	return 0;
}

static int
run(struct daemon *daemon, bool foreground)
{
	struct keeper_ui ui = {
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
	ui.secret_in_child = ui.keep_secret = config.password_from == SECRET_ASK;
	if (!log_open(&config)) {
		fprintf(stderr, "pptpeerd: %s: %s\n", config.log_path, strerror(errno));
		return EXIT_CONFIG;
	}
	if (!foreground && go_background(daemon) < 0) {
		fprintf(stderr, "pptpeerd: %s\n", strerror(errno));
		return EXIT_INTERNAL;
	}
	code = keeper_run(&config, &ui);
	tell_ready(daemon, code);
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
	static struct daemon daemon = {.ready_fd = -1};
	static char absolute[4096];
	bool foreground = false;
	int option;

	daemon.run_dir = getenv("PPTPEER_RUN_DIR");
	while ((option = getopt_long(argc, argv, "c:fhV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			daemon.path = optarg;
			break;
		case 'f':
			foreground = true;
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
	return run(&daemon, foreground);
}
