/* wait.c: `pptpeer wait`: for scripts and units that depend on a tunnel. */
#include <string.h>
#include <time.h>

#include "tunnel.h"

enum { OPT_TIMEOUT = OPT_VERB, OPT_STATE };

const struct option_row wait_options[] = {
    {OPT_TIMEOUT, "timeout", "S", "for how long, 60; then the exit code is 17"},
    {OPT_STATE, "state", "STATE", "for up (if not said) or down"},
    {0},
};

struct wait {
	uint32_t seconds;
	bool down;
};

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	struct wait *wait = ctx;

	if (id == OPT_TIMEOUT && !tool_number(arg, 0, UINT32_MAX / 2, &wait->seconds))
		return tool_usage(tool, "--timeout takes a whole number of seconds.");
	if (id == OPT_STATE && strcmp(arg, "up") != 0 && strcmp(arg, "down") != 0)
		return tool_usage(tool, "--state takes up or down.");
	if (id == OPT_STATE)
		wait->down = strcmp(arg, "down") == 0;
	return TOOL_GO;
}

int
wait_run(struct tool *tool, int argc, char **argv)
{
	struct wait wait = {.seconds = 60};
	int first, code = tool_options(tool, argc, argv, take_option, &wait, &first);

	if (code != TOOL_GO)
		return code;
	if (first + 1 != argc || !tunnel_name_ok(argv[first]))
		return tool_usage(tool, "it takes one NAME: which tunnel?");
	return tunnel_wait(tool, argv[first], !wait.down, wait.seconds, (int64_t)time(NULL));
}
