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

enum { OPT_JSON = OPT_VERB, OPT_FORMAT, OPT_WATCH, OPT_INTERVAL };

const struct option_row status_options[] = {
    {OPT_JSON, "json", "", "one JSON object, for scripts"},
    {OPT_FORMAT, "format", "FORMAT", "text, json, or prometheus"},
    {OPT_WATCH, "watch", "", "go on, and show each change, until Ctrl-C"},
    {OPT_INTERVAL, "interval", "S", "with --watch: look every so many seconds, 1"},
    {0},
};

const char status_text[] =
    "Without NAME: all tunnels of this host. The exit code is 0 "
    "when all that were asked for\n"
    "are up, 1 when one is not, 20 when there is none. With --watch it is 0.\n";

static const char *const formats[] = {"text", "json", "prometheus"};
enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_PROMETHEUS };

struct status {
	struct tool *tool;
	const char *name; /* NULL: all */
	enum format format;
	bool watch;
	uint32_t interval; /* s; 0 not said */
	json_t *tunnels;   /* owns */
	FILE *errors;      /* while it watches, which must not spoil the picture; else NULL */
	int code;          /* the exit code so far */
	bool none;         /* there is no tunnel at all */
};

static int
take_format(struct tool *tool, struct status *run, const char *arg)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(arg, formats[i]) == 0) {
			run->format = (enum format)i;
			return TOOL_GO;
		}
	}
	return tool_usage(tool, "--format takes text, json or prometheus.");
}

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	struct status *run = ctx;

	if (id == OPT_FORMAT)
		return take_format(tool, run, arg);
	if (id == OPT_INTERVAL && !tool_number(arg, 1, 86400, &run->interval))
		return tool_usage(
		    tool, "--interval takes a whole number of seconds, from 1 to 86400.");
	if (id == OPT_JSON)
		run->format = FORMAT_JSON;
	if (id == OPT_WATCH)
		run->watch = true;
	return TOOL_GO;
}

/* Says what is wrong; returns `code`. */
static int
complain(const struct status *run, int code, const char *words)
{
	if (run->errors == NULL)
		return tool_error(run->tool, code, "%s", words);
	text_lines(run->errors, words, 0);
	fputc('\n', run->errors);
	return code;
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
		worsen(run, client_is_up(tunnel) ? EXIT_OK : STATUS_NOT_UP);
		json_array_append_new(run->tunnels, tunnel);
	} else {
		worsen(run, complain(run, code, client.error));
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
	char words[512];

	if (count < 0 && errno != ENOENT) {
		int code = errno == EACCES ? EXIT_PRIVILEGE : EXIT_INTERNAL;

		snprintf(words, sizeof(words), "%s: %s.", run->tool->run_dir, strerror(errno));
		return complain(run, code, words);
	}
	for (int i = 0; i < count; i++) {
		if (has_tunnel(run->tool->run_dir, entries[i]->d_name)) {
			ask(run, entries[i]->d_name);
			asked++;
		}
		free(entries[i]);
	}
	free(entries);
	run->none = asked == 0;
	if (run->none)
		worsen(run, EXIT_NO_DAEMON);
	return TOOL_GO;
}

/* Asks all that it is to show, anew.  TOOL_GO or an exit code. */
static int
look(struct status *run)
{
	json_decref(run->tunnels);
	run->code = EXIT_OK;
	run->none = false;
	run->tunnels = json_array();
	if (run->tunnels == NULL)
		return complain(run, EXIT_INTERNAL, "out of memory.");
	if (run->name == NULL)
		return ask_all(run);
	ask(run, run->name);
	return TOOL_GO;
}

static void
print_json(const struct status *run, FILE *out)
{
	json_t *all = json_pack("{s:i, s:s, s:O}", "schema", SCHEMA, "version", PACKAGE_VERSION,
	    "tunnels", run->tunnels);

	json_dumpf(all, out, run->watch ? JSON_COMPACT : JSON_INDENT(2));
	fputc('\n', out);
	json_decref(all);
}

static void
print_all(const struct status *run, FILE *out)
{
	if (run->format == FORMAT_JSON) {
		print_json(run, out);
		return;
	}
	if (run->format == FORMAT_PROMETHEUS) {
		status_metrics(out, run->tunnels);
		return;
	}
	if (run->none && run->tool->verbose >= 0)
		fputs("No tunnel runs. To start one: pptpeer connect HOST -u USER\n", out);
	for (size_t i = 0; i < json_array_size(run->tunnels); i++)
		status_print(out, json_array_get(run->tunnels, i), (int64_t)time(NULL),
		    run->tool->color_out);
}

/* Without what changes from one second to the next. */
static char *
lasting(const json_t *tunnels)
{
	static const char *const passing[] = {
	    "uptime_s", "next_try_s", "gre", "channel", "control"};
	json_t *copy = json_deep_copy(tunnels), *tunnel;
	char *text;
	size_t i;

	json_array_foreach(copy, i, tunnel)
	{
		for (size_t j = 0; j < sizeof(passing) / sizeof(passing[0]); j++)
			json_object_del(tunnel, passing[j]);
		json_object_del(json_object_get(tunnel, "ppp"), "rx_bytes");
		json_object_del(json_object_get(tunnel, "ppp"), "tx_bytes");
	}
	text = json_dumps(copy, JSON_COMPACT);
	json_decref(copy);
	return text;
}

/* One picture of --watch: as it is shown, and what of it is news where it changes. */
static bool
picture(void *ctx, char **text, char **news)
{
	struct status *run = ctx;
	char *said = NULL, *all;
	size_t size, said_size;
	FILE *out = open_memstream(text, &size);

	run->errors = open_memstream(&said, &said_size);
	if (out != NULL && run->errors != NULL) {
		look(run);
		fflush(run->errors);
		print_all(run, out);
		if (run->format == FORMAT_TEXT)
			fputs(said, out);
	}
	if (out != NULL)
		fclose(out);
	if (run->errors != NULL)
		fclose(run->errors);
	all = lasting(run->tunnels);
	if (all != NULL && said != NULL && asprintf(news, "%s%s", all, said) < 0)
		*news = NULL;
	free(all);
	free(said);
	return *text != NULL && *news != NULL;
}

static int
once(struct status *run)
{
	int code = look(run);

	if (code != TOOL_GO)
		return code;
	print_all(run, stdout);
	return run->code;
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
	if (run.interval != 0 && !run.watch)
		return tool_usage(tool, "--interval goes with --watch.");
	if (run.watch && run.format == FORMAT_PROMETHEUS)
		return tool_usage(tool, "--watch and --format prometheus exclude each other.");
	run.name = first < argc ? argv[first] : NULL;
	if (run.watch)
		code = status_watch(tool, run.interval != 0 ? run.interval : 1,
		    run.format == FORMAT_TEXT, picture, &run);
	else
		code = once(&run);
	json_decref(run.tunnels);
	return code;
}
