/* child.h: forking where signals have handlers. */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

/*
 * fork(), but no handler of this process ever runs in the child: libevent's would tell *us*, through
 * the pipe that both have, of a signal that was the child's.  There every signal has its default
 * action and none is blocked; one that came meanwhile has its effect before this returns.
 */
pid_t child_fork(void);

#endif
