/* check.c: `pptpeer check`: reads configurations, says what is wrong with them. */
#include "check.h"

#include <errno.h>
#include <glob.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config_others.h"

enum { OPT_OFFLINE = OPT_VERB };

const struct option_row check_options[] = {
    {OPT_OFFLINE, "offline", "", "look at the file only: no names, no programs, no password file"},
    {0},
};

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	struct check *check = ctx;

	(void)tool, (void)id, (void)arg;
	check->offline = true;
	return TOOL_GO;
}

void
check_add(const struct check *check, struct config_diags *to, const char *path, const char *key,
    const char *text, const char *why)
{
	const struct config_origin *origin = &check->origins.key[config_key_find(key)];

	if (origin->from == FROM_LINE)
		config_diag_add(
		    to, check->origins.file[origin->file], origin->line, "%s: %s.", text, why);
	else
		config_diag_add(to, path, 1, "%s: %s.", text, why);
}

static void
wrong(struct check *check, const char *path, const char *key, const char *text, const char *why)
{
	check_add(check, &check->diags, path, key, text, why);
}

/* What is outside of the file. */
static void
look_around(struct check *check, const char *path)
{
	const struct config *config = &check->settings.config;
	const char *servers = config->server_count > 1 ? "dial.servers" : "dial.server";

	for (unsigned i = 0; config->role != ROLE_LISTEN && i < config->server_count; i++) {
		const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
		struct addrinfo *found = NULL;
		int error = getaddrinfo(config->servers[i], NULL, &hints, &found);

		if (error != 0)
			wrong(check, path, servers, config->servers[i], gai_strerror(error));
		else
			freeaddrinfo(found);
	}
	if (access(config->pppd_path, X_OK) != 0)
		wrong(check, path, "pppd.path", config->pppd_path, strerror(errno));
	if (access(config->plugin_path, R_OK) != 0)
		wrong(check, path, "pppd.path", config->plugin_path, strerror(errno));
	if (config->password_from == SECRET_FILE && access(config->password_path, R_OK) != 0)
		wrong(check, path, "auth.password-file", config->password_path, strerror(errno));
	if (config->answer_password_from == SECRET_FILE &&
	    access(config->answer_password_path, R_OK) != 0)
		wrong(check, path, "answer-auth.peer-password-file", config->answer_password_path,
		    strerror(errno));
	if (config->password_from == SECRET_COMMAND &&
	    access(config->password_command.word[0], X_OK) != 0)
		wrong(check, path, "auth.password-command", config->password_command.word[0],
		    strerror(errno));
}

static void
print(const struct config_diags *diags)
{
	char text[1024];

	for (unsigned i = 0; i < diags->count; i++) {
		text_safe(stdout, config_diag_text(&diags->diag[i], text, sizeof(text)));
		putchar('\n');
	}
	if (diags->more)
		puts("... and more.");
}

static int
check_file(const struct tool *tool, struct check *check, const char *path)
{
	bool fine;

	memset(&check->warnings, 0, sizeof(check->warnings));
	fine = config_file_read(path, tool->run_dir,
	    CONFIG_OTHERS | (check->offline ? CONFIG_OFFLINE : 0), &check->settings,
	    &check->origins, &check->diags);
	if (fine && !check->offline) {
		look_around(check, path);
		check_unit(tool, check, path);
	}
	print(&check->diags);
	print(&check->warnings);
	if (check->diags.count == 0 && tool->verbose >= 0)
		printf("%s: fine\n", path);
	return check->diags.count == 0 ? EXIT_OK : EXIT_CONFIG;
}

static int
check_all(const struct tool *tool, struct check *check)
{
	char pattern[CONFIG_PATH_MAX];
	int code = EXIT_OK;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*.conf", tool->config_dir);
	if (glob(pattern, 0, NULL, &found) != 0)
		return tool_error(tool, EXIT_CONFIG, "no configuration: %s", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (!config_is_users_file(found.gl_pathv[i]) &&
		    check_file(tool, check, found.gl_pathv[i]) != EXIT_OK)
			code = EXIT_CONFIG;
	}
	globfree(&found);
	return code;
}

/* As for connect, a word with a file in the config folder is a NAME; else it may be a FILE here. */
static int
check_word(const struct tool *tool, struct check *check, const char *word)
{
	char path[CONFIG_PATH_MAX];

	if (config_path(tool->config_dir, word, path, sizeof(path)) == 0 &&
	    (access(path, F_OK) == 0 || access(word, F_OK) != 0))
		return check_file(tool, check, path);
	return check_file(tool, check, word);
}

int
check_run(struct tool *tool, int argc, char **argv)
{
	struct check *check = calloc(1, sizeof(*check));
	int first, code;

	if (check == NULL)
		return tool_error(tool, EXIT_INTERNAL, "out of memory");
	code = tool_options(tool, argc, argv, take_option, check, &first);
	if (code == TOOL_GO && first + 1 < argc)
		code = tool_usage(tool, "one NAME or FILE only.");
	else if (code == TOOL_GO && first == argc)
		code = check_all(tool, check);
	else if (code == TOOL_GO)
		code = check_word(tool, check, argv[first]);
	free(check);
	return code;
}
