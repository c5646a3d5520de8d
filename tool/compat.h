/*
 * compat.h: `pptp`, in the place of pptp-linux's program of that name (interface.md 9): its
 * options, its exit codes, and our engine behind them, in the process that carries the call.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <stdbool.h>

#include "daemon/config.h"
#include "tool.h"

enum compat_exit {
	COMPAT_ENDED = 0, /* in the ordinary way: by pppd, the server, or a signal */
	COMPAT_FATAL = 1, /* and syslog has the reason; a wrong command line too */
	COMPAT_VALUE = 2, /* --timeout or --localbind has a value that cannot be */
};

struct compat {
	const char *log_name; /* before each line of the log; borrows argv */
	int log_level;        /* 0 what goes wrong, 1 the stages too, 2 all */
	bool launch_pppd;     /* on a pty of ours; else standard input is pppd's */
	bool foreground; /* what carries the call of a pppd that we start stays on the terminal */
	bool host_route;
	char **pppd_argv;     /* its words, ends with NULL; borrows argv */
	struct config config; /* last, as its own end is not touched */
};

/* The whole program; returns its exit status. */
int compat_main(int argc, char **argv);
/* compat_run.c: dials, and stays until the end. */
int compat_run(const struct compat *compat);

#endif
