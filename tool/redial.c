/* redial.c: `pptpeer redial`: a tunnel hangs up, or stops waiting, and dials at once. */
#include "tunnel.h"

const struct option_row redial_options[] = {{0}};

int
redial_run(struct tool *tool, int argc, char **argv)
{
	int first, code = tool_options(tool, argc, argv, NULL, NULL, &first);
	json_t *answer;

	if (code != TOOL_GO)
		return code;
	if (first + 1 != argc)
		return tool_usage(tool, "it takes one NAME: which tunnel?");
	code = tunnel_ask(tool, argv[first], "redial", &answer);
	if (code == EXIT_OK && tool->verbose >= 0) {
		text_safe(stdout, argv[first]);
		fputs(": ", stdout);
		text_safe(stdout, client_text(answer, "text")[0] != '\0'
				      ? client_text(answer, "text")
				      : "it hangs up, or stops waiting, and dials at once.");
		putchar('\n');
	}
	json_decref(answer);
	return code;
}
