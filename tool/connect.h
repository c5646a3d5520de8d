/* connect.h: one run of `pptpeer connect`, between its command line and its output. */
#ifndef CONNECT_H
#define CONNECT_H

#include "daemon/keeper.h"
#include "daemon/password.h"
#include "tool.h"

struct connect {
	struct tool *tool;
	struct config config;
	struct password_source password;
	char prompt[PROMPT_MAX];
	bool dry_run;
	uint64_t start; /* us */
	uint64_t up;    /* us; 0 not up yet */
};

/* From argv to a checked config and a password's source.  TOOL_GO or an exit code. */
int connect_parse(struct connect *run, int argc, char **argv);

#endif
