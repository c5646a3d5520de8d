/* child.h: forking where signals have handlers. */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * fork(), but no handler of this process ever runs in the child: libevent's would tell *us*, through
 * the pipe that both have, of a signal that was the child's.  There every signal has its default
 * action and none is blocked; one that came meanwhile has its effect before this returns.
 */
pid_t child_fork(void);

/* Where every program of ours finds others. */
#define CHILD_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct child_program {
	const char *const *argv; /* its path first; no shell comes near it */
	const char *const *env;
	int in;       /* its standard input; 0: /dev/null */
	int out, err; /* its standard output and error: the only other descriptors that it has */
	bool ends_with_us; /* it is killed when this process dies */
};

/*
 * Starts it in `/`, in a process group of its own, whose number is its own.  0 once it runs; or an
 * errno, that of a program that cannot be run as well, and then there is no process.
 */
int child_run(const struct child_program *program, pid_t *pid);

#endif
