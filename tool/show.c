/* show.c: `pptpeer show`: every setting of a tunnel and where it comes from. */
#include "tool.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/pppd_args.h"
#include "daemon/text_json.h"
#include "read_config.h"

enum { OPT_PPPD = OPT_VERB, OPT_JSON };

const struct option_row show_options[] = {
    {OPT_PPPD, "pppd", "", "pppd's arguments, one a line; there is no secret in them"},
    {OPT_JSON, "json", "", "as JSON"},
    {0},
};

struct show {
	bool pppd, json;
	struct config_settings settings;
	struct config_origins origins;
	struct pppd_args args;
	char value[CONFIG_VALUE];
};

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	struct show *show = ctx;

	(void)tool, (void)arg;
	if (id == OPT_PPPD)
		show->pppd = true;
	else
		show->json = true;
	return TOOL_GO;
}

static int
print_json(json_t *root)
{
	int code =
	    root != NULL && json_dumpf(root, stdout, JSON_INDENT(2)) == 0 ? EXIT_OK : EXIT_INTERNAL;

	putchar('\n');
	json_decref(root);
	return code;
}

/* The descriptors and the channel are those of the moment. */
static int
show_pppd(const struct tool *tool, struct show *show)
{
	struct pppd_answer answer;
	const struct pppd_fds fds = pppd_fds_to_show(&show->settings.config, &answer);
	json_t *words = json_array();

	if (pppd_args_build(&show->settings.config, &fds, &show->args) < 0) {
		json_decref(words);
		return tool_error(tool, EXIT_CONFIG, "pppd's arguments do not fit.");
	}
	for (size_t i = 0; i < show->args.count; i++) {
		json_array_append_new(words, text_json(show->args.argv[i]));
		if (!show->json) {
			text_safe(
			    stdout, show->args.argv[i][0] != '\0' ? show->args.argv[i] : "\"\"");
			putchar('\n');
		}
	}
	if (show->json)
		return print_json(words);
	json_decref(words);
	return EXIT_OK;
}

static int
show_settings(struct show *show)
{
	char origin[CONFIG_PATH_MAX + 16];
	json_t *root = json_object();

	for (size_t i = 0; i < config_keys_count(); i++) {
		const struct config_key *key = &config_keys[i];

		if ((config_key_roles(key) & ROLE_BIT(show->settings.config.role)) == 0)
			continue;
		config_key_format(key, &show->settings, show->value, sizeof(show->value));
		config_origin_text(&show->origins, i, origin, sizeof(origin));
		if (show->json) {
			json_object_set_new(root, key->path,
			    json_pack("{s:o, s:o}", "value", text_json(show->value), "from",
				text_json(origin)));
			continue;
		}
		printf("%-28s ", key->path);
		text_safe(stdout, show->value);
		fputs("   # ", stdout);
		text_safe(stdout, origin);
		putchar('\n');
	}
	if (show->json)
		return print_json(root);
	json_decref(root);
	return EXIT_OK;
}

static int
show_name(const struct tool *tool, struct show *show, const char *name)
{
	char path[CONFIG_PATH_MAX];
	int code;

	if (config_path(tool->config_dir, name, path, sizeof(path)) < 0)
		return tool_error(tool, EXIT_CONFIG, "\"%s\" cannot be a tunnel's name.", name);
	code = tool_read_config(tool, path, &show->settings, &show->origins);
	if (code != TOOL_GO)
		return code;
	return show->pppd ? show_pppd(tool, show) : show_settings(show);
}

int
show_run(struct tool *tool, int argc, char **argv)
{
	struct show *show = calloc(1, sizeof(*show));
	int first, code;

	if (show == NULL)
		return tool_error(tool, EXIT_INTERNAL, "out of memory");
	code = tool_options(tool, argc, argv, take_option, show, &first);
	if (code == TOOL_GO && first + 1 != argc)
		code = tool_usage(tool, "which tunnel? One NAME.");
	if (code == TOOL_GO)
		code = show_name(tool, show, argv[first]);
	free(show);
	return code;
}
