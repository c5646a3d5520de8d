/* help.c: `pptpeer help`. */
#include "tool.h"

const struct option_row help_options[] = {{0}};

int
help_run(struct tool *tool, int argc, char **argv)
{
	int first, code = tool_options(tool, argc, argv, NULL, NULL, &first);

	if (code != TOOL_GO)
		return code;
	if (first + 1 < argc)
		return tool_usage(tool, "help takes one verb.");
	if (first < argc) {
		const struct verb *verb = verb_find(argv[first]);

		if (verb == NULL)
			return tool_usage(tool, "there is no verb \"%s\".", argv[first]);
		tool_help(verb, stdout);
		return EXIT_OK;
	}
	puts("pptpeer: PPTP tunnels (RFC 2637)\n\nUsage: pptpeer [VERB] [words and "
	     "options]\n");
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		printf("  %-9s %-24s %s\n", verb->name, verb->args, verb->summary);
	puts("\nAll about one: pptpeer help VERB");
	return EXIT_OK;
}
