/*
 * background.h: into the background, but not before what was asked for is there.  The process
 * that a person has started waits meanwhile; the second one does the work with the same terminal,
 * so that it can ask there and say why it failed, and leaves it at the end of the waiting.
 */
#ifndef BACKGROUND_H
#define BACKGROUND_H

#include <stdbool.h>

struct background {
	int fd; /* owns; the first process waits at its other end; -1: nobody waits */
	void (*become)(void *ctx); /* what the first process does in place of ending with 0; NULL */
	void *ctx;
	bool keeps_terminal; /* the second process leaves nothing */
};

/* Nobody waits: in the foreground. */
#define BACKGROUND_NONE  \
	{                \
		.fd = -1 \
	}

/*
 * Forks.  Returns in the second process only, or -1 with errno in the first.  The first one
 * hands SIGTERM on, leaves Ctrl-C to the second, and ends with the code of background_done(), or
 * with 1 when the second has died without it.
 */
int background_begin(struct background *background);
bool background_waits(const struct background *background);
/*
 * The first process may go, with this exit code; nothing if nobody waits.  With 0 this process
 * goes on without it: in a session, with a standard input, output and error, and in a folder
 * that are nobody's.
 */
void background_done(struct background *background, int code);
/* The first process ends with this code, also 0, and become() has no part in it. */
void background_over(struct background *background, int code);

#endif
