/* up.c: `pptpeer up`: through systemd where it has the unit, else by pptpeerd itself. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tunnel.h"

#define WAIT_DEFAULT 60 /* s */
#define SUFFIX       ".conf"

enum { OPT_WAIT = OPT_VERB };

const struct option_row up_options[] = {
    {OPT_WAIT, "wait", "[=SECONDS]", "until it is up, 60 s if not said; 17 when that is over"},
    {0},
};

struct up {
	bool wait;
	uint32_t seconds;
};

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	struct up *up = ctx;

	(void)id;
	up->wait = true;
	if (arg != NULL && !tool_number(arg, 0, 86400, &up->seconds))
		return tool_usage(tool, "--wait takes a whole number of seconds, up to 86400.");
	return TOOL_GO;
}

static int
is_config(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* There is no such file: says so, with the name that was meant. */
static int
no_config(const struct tool *tool, const char *name, const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(tool->config_dir, &entries, is_config, alphasort);
	const char **names = calloc(count > 0 ? (size_t)count : 1, sizeof(*names));
	const char *near = NULL;

	for (int i = 0; i < count; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
		if (names != NULL)
			names[i] = entries[i]->d_name;
	}
	if (count > 0 && names != NULL)
		near = tool_nearest(name, names, (size_t)count, sizeof(*names));
	if (near != NULL)
		tool_error(
		    tool, EXIT_NO_DAEMON, "there is no %s; did you mean \"%s\"?", path, near);
	else
		tool_error(tool, EXIT_NO_DAEMON, "there is no %s.", path);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(names);
	return EXIT_NO_DAEMON;
}

/* pptpeerd lies beside us, installed or not; it goes into the background by itself. */
static int
start_daemon(const struct tool *tool, const char *path)
{
	char program[512];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - sizeof("pptpeerd"));
	const char *argv[] = {program, "--config", path, "--run-dir", tool->run_dir, NULL};
	char *slash;
	int code;

	if (len < 0)
		return tool_error(tool, EXIT_INTERNAL, "/proc/self/exe: %s.", strerror(errno));
	program[len] = '\0';
	slash = strrchr(program, '/');
	memcpy(slash != NULL ? slash + 1 : program, "pptpeerd", sizeof("pptpeerd"));
	if (access(program, X_OK) != 0)
		return tool_error(tool, EXIT_SYSTEM, "%s: %s.", program, strerror(errno));
	code = program_run(argv);
	if (code < 0 || code > EXIT_NO_DAEMON)
		return tool_error(tool, EXIT_INTERNAL, "%s ended with status %d.", program, code);
	return code;
}

/* systemctl has said that it failed; state.json has the reason and its code. */
static int
start_unit(const struct tool *tool, const char *name, int64_t since)
{
	json_t *state;
	const json_t *last;
	json_int_t code;

	if (systemd_do("start", name) == 0)
		return EXIT_OK;
	state = tunnel_state(tool->run_dir, name);
	last = json_object_get(state, "last_end");
	code = client_number(last, "exit");
	if (client_number(last, "when") >= since && code > EXIT_OK && code <= EXIT_NO_DAEMON)
		tool_error(
		    tool, (int)code, "%s %s", client_text(last, "code"), client_text(last, "text"));
	else
		code = tool_error(tool, systemd_exit_code(),
		    "systemd did not start it. Next: pptpeer log %s", name);
	json_decref(state);
	return (int)code;
}

static int
start(const struct tool *tool, const char *name, const char *path, int64_t since)
{
	char why[512];

	if (systemd_has(tool, name))
		return start_unit(tool, name, since);
	/* What an administrator has closed is not gone round. */
	if (systemd_forbids(tool, name, why, sizeof(why)))
		return tool_error(tool, EXIT_SYSTEM, "%s", why);
	return start_daemon(tool, path);
}

int
up_run(struct tool *tool, int argc, char **argv)
{
	struct up up = {.seconds = WAIT_DEFAULT};
	int first, code = tool_options(tool, argc, argv, take_option, &up, &first);
	int64_t since = (int64_t)time(NULL);
	struct client client;
	char path[4096];

	if (code != TOOL_GO)
		return code;
	if (first + 1 != argc || !tunnel_name_ok(argv[first]))
		return tool_usage(tool, "it takes one NAME: which tunnel?");
	snprintf(path, sizeof(path), "%s/%s" SUFFIX, tool->config_dir, argv[first]);
	code = client_open(&client, tool->run_dir, argv[first]);
	client_close(&client);
	if (code == 0)
		return tool_error(tool, EXIT_EXISTS, "%s runs already.", argv[first]);
	if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return no_config(tool, argv[first], path);
	code = start(tool, argv[first], path, since);
	if (code == EXIT_OK && up.wait)
		code = tunnel_wait(tool, argv[first], true, up.seconds, since);
	if (code == EXIT_OK && tool->verbose >= 0) {
		text_safe(stdout, argv[first]);
		puts(up.wait ? " is up." : " is started.");
	}
	return code;
}
