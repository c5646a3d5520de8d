/* version.c: `pptpeer version`. */

#include "tool.h"

const struct option_row version_options[] = {{0}};

int
version_run(struct tool *tool, int argc, char **argv)
{
	int first, code = tool_options(tool, argc, argv, NULL, NULL, &first);

	if (code != TOOL_GO)
		return code;
	if (first < argc)
		return tool_usage(tool, "version takes no words.");
	printf("pptpeer %s (plugin for pppd %s)\n", PACKAGE_VERSION, PPPD_VERSION_BUILT);
	return EXIT_OK;
}
