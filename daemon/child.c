/* child.c: see child.h. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_REPORT 3 /* a descriptor of its, until it runs */

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

/*
 * In the child: three descriptors, and until it runs the one by which it says why it does not.
 * They are moved out of the way first, so that no dup2() hits one that is still needed.
 */
static bool
child_fds(const struct child_program *program, int report)
{
	int in = program->in != 0 ? program->in : open("/dev/null", O_RDONLY);
	int from[] = {fcntl(in, F_DUPFD, 10), fcntl(program->out, F_DUPFD, 10),
	    fcntl(program->err, F_DUPFD, 10), fcntl(report, F_DUPFD, 10)};

	for (int i = 0; i <= CHILD_REPORT; i++) {
		if (dup3(from[i], i, i == CHILD_REPORT ? O_CLOEXEC : 0) < 0)
			return false;
	}
	return close_range(CHILD_REPORT + 1, ~0U, 0) == 0;
}

/* A process group of its own, so that what it starts can be ended with it. */
static void
child_main(const struct child_program *program, int report)
{
	setpgid(0, 0);
	if (program->ends_with_us)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (child_fds(program, report) && chdir("/") == 0)
		execve(program->argv[0], (char *const *)(uintptr_t)program->argv,
		    (char *const *)(uintptr_t)program->env);
	int error = errno;
	_exit(write(CHILD_REPORT, &error, sizeof(error)) == sizeof(error) ? 127 : 126);
}

int
child_run(const struct child_program *program, pid_t *pid)
{
	int report[2], error = 0;
	pid_t child;

	*pid = 0;
	if (pipe2(report, O_CLOEXEC) != 0)
		return errno;
	child = child_fork();
	if (child < 0)
		error = errno;
	if (child == 0)
		child_main(program, report[1]);
	close(report[1]);
	/* The end comes when it runs, or has ended. */
	if (child > 0 && read(report[0], &error, sizeof(error)) == sizeof(error)) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(report[0]);
	if (error == 0)
		*pid = child;
	return error;
}
