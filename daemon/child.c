/* child.c: see child.h. */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

pid_t
child_fork(void)
{
	sigset_t all, none, old;

	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid_t pid = fork();
	int saved = errno;
	for (int sig = 1; pid == 0 && sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, pid == 0 ? &none : &old, NULL);
	errno = saved;
	return pid;
}
