/* compat_pppd.c: see compat_pppd.h. */
#include "compat_pppd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* ------------------------------------------------------------------------- standard input */

/* The loop is epoll's, in small/event.c as in libevent. */
static int
epoll_error(int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC), error = 0;

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		error = errno;
	if (epoll >= 0)
		close(epoll);
	return error;
}

/* One that was closed is /dev/null by now: tool/standard.c. */
static bool
check_stdin(struct reason *reason)
{
	int flags = fcntl(STDIN_FILENO, F_GETFL), error = epoll_error(STDIN_FILENO);
	const char *what = NULL;
	struct stat st;

	if (flags < 0 || fstat(STDIN_FILENO, &st) < 0)
		error = errno;
	else if (S_ISREG(st.st_mode))
		what = "is a regular file, not";
	else if (error == EPERM)
		what = "is closed, or a device like /dev/null, not";
	else if ((flags & O_ACCMODE) != O_RDWR)
		what = "cannot be both read and written, as can";
	if (what == NULL && error == 0)
		return true;
	if (what != NULL)
		reason_set(reason, 107, "Standard input %s pppd's pty.", what);
	else
		reason_set(reason, 107, "Standard input cannot be used: %s.", strerror(error));
	reason_next(reason, "let pppd start it: pppd pty \"pptp HOST --nolaunchpppd\" ...");
	return false;
}

/* A pty that pppd gave us may still echo. */
static int
take_stdin(void)
{
	struct termios tio;

	if (tcgetattr(STDIN_FILENO, &tio) == 0) {
		cfmakeraw(&tio);
		tcsetattr(STDIN_FILENO, TCSANOW, &tio);
	}
	return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* -------------------------------------------------------------------------- a pppd of ours */

/* In the first process; what is ours alone is closed by itself. */
static void
become_pppd(void *ctx)
{
	struct compat_pppd *pppd = ctx;
	char speed[] = "38400", name[] = "pppd";
	char **words = pppd->compat->pppd_argv, **argv;
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	argv = calloc(count + 4, sizeof(*argv));
	/*
	 * The pty stays open, so that it is not at its end before pppd opens it by its name; but not as
	 * standard input: a pppd that finds its device there does not go to the background.
	 */
	if (argv == NULL || fcntl(pppd->slave, F_SETFD, 0) < 0)
		_exit(COMPAT_FATAL);
	argv[0] = name;
	argv[1] = pppd->tty;
	argv[2] = speed; /* a pty has none, but pppd wants one */
	memcpy(argv + 3, words, count * sizeof(*argv));
	execv(pppd->compat->config.pppd_path, argv);
	dprintf(STDERR_FILENO, "pptp: %s: %s\n", pppd->compat->config.pppd_path, strerror(errno));
	_exit(COMPAT_FATAL);
}

/* Raw, so that nothing is echoed before pppd has opened it. */
static bool
open_pty(struct compat_pppd *pppd)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	struct termios tio;

	pppd->master = posix_openpt(flags);
	if (pppd->master < 0 || grantpt(pppd->master) < 0 || unlockpt(pppd->master) < 0 ||
	    ptsname_r(pppd->master, pppd->tty, sizeof(pppd->tty)) != 0)
		return false;
	pppd->slave = open(pppd->tty, flags);
	if (pppd->slave < 0 || tcgetattr(pppd->slave, &tio) < 0)
		return false;
	cfmakeraw(&tio);
	return tcsetattr(pppd->slave, TCSANOW, &tio) == 0;
}

static void
drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ------------------------------------------------------------------------------- what is asked */

bool
compat_pppd_begin(struct compat_pppd *pppd, const struct compat *compat, struct reason *reason)
{
	*pppd = (struct compat_pppd){
	    .compat = compat, .background = BACKGROUND_NONE, .master = -1, .slave = -1};
	if (!compat->launch_pppd)
		return check_stdin(reason);
	pppd->background.become = become_pppd;
	pppd->background.ctx = pppd;
	pppd->background.keeps_terminal = compat->foreground;
	pppd->first = getpid();
	if (!open_pty(pppd) || background_begin(&pppd->background) < 0) {
		reason_set(
		    reason, 107, "pppd's pty and process cannot be had: %s.", strerror(errno));
		return false;
	}
	drop(&pppd->slave);
	return true;
}

int
compat_pppd_start(struct compat_pppd *pppd)
{
	int fd = pppd->master;

	if (!pppd->compat->launch_pppd)
		return take_stdin();
	pppd->master = -1;
	background_done(&pppd->background, 0);
	return fd;
}

pid_t
compat_pppd_pid(const struct compat_pppd *pppd)
{
	return pppd->first != 0 && getppid() == pppd->first ? pppd->first : 0;
}

void
compat_pppd_end(struct compat_pppd *pppd, int code)
{
	background_over(&pppd->background, code);
	drop(&pppd->master);
	drop(&pppd->slave);
}
