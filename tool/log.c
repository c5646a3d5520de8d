/* log.c: `pptpeer log`: the journal or the file, whichever the tunnel writes to. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tunnel.h"

#define FOLLOW_MS 250 /* between two looks at the file's end */

const struct option_row log_options[] = {
    {'f', "follow", "", "go on with what comes"},
    {0},
};

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	(void)tool, (void)id, (void)arg;
	*(bool *)ctx = true;
	return TOOL_GO;
}

/* Its pager and its escaping are its own. */
static int
show_journal(const struct tool *tool, const char *match, const char *value, bool follow)
{
	const char *argv[] = {"journalctl", match, value, follow ? "-f" : NULL, NULL};

	execvp(argv[0], (char **)(uintptr_t)argv);
	return tool_error(tool, EXIT_SYSTEM, "journalctl: %s.", strerror(errno));
}

/* A file that was rotated: another one has its name now. */
static bool
replaced(FILE *file, const char *path)
{
	struct stat open_one, named;

	return fstat(fileno(file), &open_one) == 0 && stat(path, &named) == 0 &&
	       (open_one.st_ino != named.st_ino || open_one.st_dev != named.st_dev);
}

static int
show_file(const struct tool *tool, const char *path, bool follow)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};
	FILE *file = fopen(path, "re");

	while (file != NULL) {
		for (int c; (c = getc(file)) != EOF;) {
			/* what a peer said may be in it: no octet may steer the terminal */
			if (c == '\n' || c == '\t')
				putchar(c);
			else if (c != '\0')
				text_safe(stdout, (char[]){(char)c, '\0'});
		}
		fflush(stdout);
		if (!follow) {
			fclose(file);
			return EXIT_OK;
		}
		nanosleep(&pause, NULL);
		clearerr(file);
		if (replaced(file, path)) {
			fclose(file);
			file = fopen(path, "re");
		}
	}
	return tool_error(tool, errno == EACCES ? EXIT_PRIVILEGE : EXIT_INTERNAL, "%s: %s.", path,
	    strerror(errno));
}

int
log_run(struct tool *tool, int argc, char **argv)
{
	bool follow = false;
	int first, code = tool_options(tool, argc, argv, take_option, &follow, &first);
	const char *target;
	char value[1024];
	json_t *state, *log;

	if (code != TOOL_GO)
		return code;
	if (first + 1 != argc || !tunnel_name_ok(argv[first]))
		return tool_usage(tool, "it takes one NAME: which tunnel?");
	state = tunnel_state(tool->run_dir, argv[first]);
	log = json_object_get(state, "log");
	target = client_text(log, "target");
	if (strcmp(target, "file") == 0 && client_text(log, "path")[0] == '/')
		code = show_file(tool, client_text(log, "path"), follow);
	else if (json_is_true(json_object_get(state, "supervised")) ||
		 (state == NULL && systemd_has(tool, argv[first]))) {
		snprintf(value, sizeof(value), "pptpeer@%s", argv[first]);
		code = show_journal(tool, "-u", value, follow);
	} else if (state == NULL) {
		snprintf(value, sizeof(value), "no tunnel \"%s\" has run here.", argv[first]);
		code = tunnel_state_missing(tool->run_dir, argv[first], value, sizeof(value));
		tool_error(tool, code, "%s", value);
	} else if (strcmp(target, "journal") == 0) {
		snprintf(value, sizeof(value), "PPTPEER_NAME=%s", argv[first]);
		code = show_journal(tool, "--all", value, follow);
	} else
		code = tool_error(tool, EXIT_SYSTEM,
		    "%s logs to %s, which cannot be read from here.", argv[first],
		    strcmp(target, "syslog") == 0 ? "syslog"
						  : "the standard error it was started with");
	json_decref(state);
	return code;
}
