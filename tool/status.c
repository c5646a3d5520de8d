/* status.c: `pptpeer status`: asks each tunnel's control socket how it is. */

#include "status.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tunnel.h"

#define SCHEMA        1 /* of --json; grows only when a member changes its meaning */
#define STATUS_NOT_UP 1 /* interface.md 2: known but not up */

enum { OPT_JSON = OPT_VERB };

const struct option_row status_options[] = {
    {OPT_JSON, "json", "", "one JSON object, for scripts"},
    {0},
};

const char status_text[] = "Without NAME: all tunnels of this host. The exit code is 0 "
			   "when all that were asked for\n"
			   "are up, 1 when one is not, 20 when there is none.\n";

struct status {
	struct tool *tool;
	bool json;
	json_t *tunnels; /* owns */
	int code;        /* the exit code so far */
};

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	struct status *run = ctx;

	(void)tool, (void)id, (void)arg;
	run->json = true;
	return TOOL_GO;
}

/* The worst answer counts: an error before "not up" before "up". */
static void
worsen(struct status *run, int code)
{
	if (run->code == EXIT_OK || (run->code == STATUS_NOT_UP && code != EXIT_OK))
		run->code = code;
}

static void
ask(struct status *run, const char *name)
{
	struct client client;
	json_t *tunnel = NULL;
	int code = tunnel_status(&client, run->tool->run_dir, name, &tunnel);

	if (code == 0) {
		worsen(
		    run, strcmp(client_text(tunnel, "state"), "up") == 0 ? EXIT_OK : STATUS_NOT_UP);
		json_array_append_new(run->tunnels, tunnel);
	} else {
		worsen(run, tool_error(run->tool, code, "%s", client.error));
	}
}

/* A tunnel is a folder with a socket or a state.json in it; "." and ".." have none, hidden ones are no
 * names. */
static int
is_tunnel(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool
has_file(const char *run_dir, const char *name, const char *file, mode_t kind)
{
	char path[512];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s/%s/%s", run_dir, name, file);

	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	/* In a folder that we may not enter there could be one: asking will say so. */
	return stat(path, &st) == 0 ? (st.st_mode & S_IFMT) == kind : errno == EACCES;
}

/* Alive, or with an end that is known. */
static bool
has_tunnel(const char *run_dir, const char *name)
{
	return has_file(run_dir, name, "control.sock", S_IFSOCK) ||
	       has_file(run_dir, name, "state.json", S_IFREG);
}

static int
ask_all(struct status *run)
{
	struct dirent **entries = NULL;
	int count = scandir(run->tool->run_dir, &entries, is_tunnel, alphasort), asked = 0;

	if (count < 0 && errno != ENOENT)
		return tool_error(run->tool, errno == EACCES ? EXIT_PRIVILEGE : EXIT_INTERNAL,
		    "%s: %s.", run->tool->run_dir, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (has_tunnel(run->tool->run_dir, entries[i]->d_name)) {
			ask(run, entries[i]->d_name);
			asked++;
		}
		free(entries[i]);
	}
	free(entries);
	if (asked == 0) {
		worsen(run, EXIT_NO_DAEMON);
		if (!run->json && run->tool->verbose >= 0)
			puts("No tunnel runs. To start one: pptpeer connect HOST -u USER");
	}
	return TOOL_GO;
}

static void
print_all(struct status *run)
{
	json_t *all;

	if (run->json) {
		all = json_pack("{s:i, s:s, s:O}", "schema", SCHEMA, "version", PACKAGE_VERSION,
		    "tunnels", run->tunnels);
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
		return;
	}
	for (size_t i = 0; i < json_array_size(run->tunnels); i++)
		status_print(stdout, json_array_get(run->tunnels, i), (int64_t)time(NULL),
		    run->tool->color_out);
}

int
status_run(struct tool *tool, int argc, char **argv)
{
	struct status run = {.tool = tool};
	int first, code = tool_options(tool, argc, argv, take_option, &run, &first);

	if (code != TOOL_GO)
		return code;
	if (first + 1 < argc)
		return tool_usage(tool, "one NAME, or none for all.");
	run.tunnels = json_array();
	if (run.tunnels == NULL)
		return tool_error(tool, EXIT_INTERNAL, "out of memory.");
	if (first < argc)
		ask(&run, argv[first]);
	else
		code = ask_all(&run);
	if (code == TOOL_GO) {
		print_all(&run);
		code = run.code;
	}
	json_decref(run.tunnels);
	return code;
}
