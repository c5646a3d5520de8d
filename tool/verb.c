/* verb.c: the table of verbs, and which one a command line means. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct verb verbs[] = {
    {"connect", "HOST|NAME [options]", "dial in the foreground, until Ctrl-C", connect_text,
	connect_options, connect_run},
    {"status", "[NAME] [options]", "how the tunnels are; the default verb", status_text,
	status_options, status_run},
    {"up", "NAME [options]", "start the tunnel of NAME.conf", NULL, up_options, up_run},
    {"down", "NAME [options]", "hang up in order, and wait for it", NULL, down_options, down_run},
    {"redial", "NAME", "dial anew, now", NULL, redial_options, redial_run},
    {"reload", "NAME", "read NAME.conf anew", NULL, reload_options, reload_run},
    {"wait", "NAME [options]", "until it is up, or down", NULL, wait_options, wait_run},
    {"log", "NAME [options]", "what it has logged", NULL, log_options, log_run},
    {"doctor", "HOST|NAME [options]", "walk the way hop by hop, and say which one fails",
	doctor_text, doctor_options, doctor_run},
    {"trace", "[NAME] [options]", "what two peers say, live or in a capture", trace_text,
	trace_options, trace_run},
    {"check", "[NAME|FILE] [options]", "whether a configuration is right", NULL, check_options,
	check_run},
    {"show", "NAME [options]", "every setting, and where it comes from", NULL, show_options,
	show_run},
    {"explain", "CODE|\"LOG LINE\" [options]", "what a code or a line of a log means", explain_help,
	explain_options, explain_run},
    {"version", "", "the version", NULL, version_options, version_run},
    {"help", "[VERB]", "this list, or all about one verb", NULL, help_options, help_run},
    {0},
};

const struct verb *
verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}

static int
unknown_verb(const struct tool *tool, const char *name)
{
	size_t count = sizeof(verbs) / sizeof(verbs[0]) - 1;
	const char *near = tool_nearest(name, &verbs[0].name, count, sizeof(verbs[0]));

	fputs("pptpeer: there is no verb \"", stderr);
	text_safe(stderr, name);
	if (near != NULL)
		fprintf(stderr, "\"; did you mean \"%s\"?\n", near);
	else
		fputs("\".\n", stderr);
	fputs("Try: pptpeer help\n", stderr);
	(void)tool;
	return EXIT_USAGE;
}

/* https://no-color.org: set and not empty, whatever it says. */
static bool
no_color(void)
{
	const char *value = getenv("NO_COLOR");

	return value != NULL && value[0] != '\0';
}

/* Set but empty is as good as not set. */
static const char *
folder(const char *variable, const char *otherwise)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

static void
tool_init(struct tool *tool)
{
	*tool = (struct tool){
	    .run_dir = folder("PPTPEER_RUN_DIR", DEFAULT_RUN_DIR),
	    .config_dir = folder("PPTPEER_CONFIG_DIR", CONFIG_DIR),
	    .color_out = !no_color() && isatty(STDOUT_FILENO),
	    .color_err = !no_color() && isatty(STDERR_FILENO),
	};
}

int
tool_run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "status";
	struct tool tool;

	tool_init(&tool);
	if (strcmp(word, "--version") == 0)
		word = "version";
	else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		word = "help";
	else if (word[0] == '-') { /* `pptpeer --json`: the verb is left out */
		tool.verb = verb_find("status");
		return tool.verb->run(&tool, argc, argv);
	}
	tool.verb = verb_find(word);
	if (tool.verb == NULL)
		return unknown_verb(&tool, word);
	/* The verb takes its name for what a program takes argv[0] for. */
	return tool.verb->run(&tool, argc > 1 ? argc - 1 : argc, argc > 1 ? argv + 1 : argv);
}
