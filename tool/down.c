/* down.c: `pptpeer down`: asks for an end in order and waits for it. */
#include "tunnel.h"

/*
 * An end in order takes about 16 s at most (8 for pppd, 3 each for the answers to
 * Call-Clear-Request and Stop-Control-Connection-Request, 2 for TCP), and an engine that does not
 * end is killed after 20: three times that.
 */
#define DOWN_TIMEOUT_MS 60000
#define END_TIMEOUT_MS  10000 /* what is left then: a pppd is killed after 5 s */

const struct option_row down_options[] = {{0}};

/* systemctl has said why not. */
static int
stop_unit(const struct tool *tool, const char *name)
{
	if (systemd_do("stop", name) == 0)
		return EXIT_OK;
	return tool_error(tool, systemd_exit_code(), "systemd did not stop it.");
}

int
down_run(struct tool *tool, int argc, char **argv)
{
	struct client client;
	json_t *answer;
	int first, code = tool_options(tool, argc, argv, NULL, NULL, &first);

	if (code != TOOL_GO)
		return code;
	if (first + 1 != argc)
		return tool_usage(tool, "it takes one NAME: which tunnel?");
	if (systemd_runs(tool, argv[first])) /* else systemd would start it again */
		return stop_unit(tool, argv[first]);
	code = client_call(&client, tool->run_dir, argv[first], "down", &answer);
	if (code == 0) {
		do { /* whatever it still says, until it closes */
			json_decref(answer);
			code = client_receive(&client, DOWN_TIMEOUT_MS, &answer);
		} while (code == 0 && answer != NULL);
	}
	if (code != 0)
		tool_error(tool, code, "%s", client.error);
	else if (!client_wait_end(&client, END_TIMEOUT_MS))
		code = tool_error(tool, EXIT_INTERNAL, "it has hung up, and does not end.");
	else if (tool->verbose >= 0) {
		text_safe(stdout, argv[first]);
		puts(" is down.");
	}
	client_close(&client);
	return code;
}
