/*
 * hook_child.h: one program of a hook while it runs: what it prints goes line by line to its owner, and it is
 * killed, with all that it has started and kept in its group, when its time is over.
 */
#ifndef HOOK_CHILD_H
#define HOOK_CHILD_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hook.h"

#define HOOK_LINE 200 /* octets of a line of what it prints; the rest is another one */

struct hook_child {
	pid_t pid; /* 0: none */
	int said;  /* -1 none: what it prints */
	struct event *said_event, *limit;
	unsigned seconds; /* that it may take */
	bool overdue;
	/* A line that it has printed, escaped: ": ...". */
	void (*line)(void *ctx, const char *text);
	void *ctx;
	size_t line_len;
	char octets[HOOK_LINE + 1];
};

/* None; `line` is the owner's. */
void hook_child_init(
    struct hook_child *child, void (*line)(void *ctx, const char *text), void *ctx);
/* Starts the program, for at most so many seconds.  0 once it runs, or errno, and there is none. */
int hook_child_start(struct hook_child *child, struct event_base *base, const char *path,
    const struct hook_facts *facts, unsigned seconds);
/*
 * That process has ended, and was reaped: what it still said is told, and all is put away.  `why` gets
 * what was wrong with it, " ended with status 1", or "".
 */
void hook_child_ended(struct hook_child *child, int status, char *why, size_t size);
/* Kills it, if it runs, and waits for that. */
void hook_child_cancel(struct hook_child *child);

#endif
