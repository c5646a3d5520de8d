/* compat_pppd.c: the drop-in's way to pppd: a pty, or the standard input; see compat.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "compat.h"
#include "daemon/child.h"
#include "daemon/reason.h"

/*
 * In the child; the pty is pppd's terminal, by its name.  It stays open as its standard input too,
 * so that a read of the master never says that pppd is gone before it has come.
 */
static void
exec_pppd(const struct compat *compat, char *tty, int slave)
{
	char speed[] = "38400", name[] = "pppd";
	size_t count = 0;
	char **argv;

	while (compat->pppd_argv[count] != NULL)
		count++;
	argv = calloc(count + 4, sizeof(*argv));
	if (argv == NULL || dup2(slave, STDIN_FILENO) < 0)
		_exit(127);
	argv[0] = name;
	argv[1] = tty;
	argv[2] = speed; /* a pty has none, but pppd wants one */
	memcpy(argv + 3, compat->pppd_argv, count * sizeof(*argv));
	setpgid(0, 0); /* Ctrl-C is ours, to end in order */
	close_range(3, ~0U, 0);
	execv(compat->config.pppd_path, argv);
	dprintf(STDERR_FILENO, "pptp: %s: %s\n", compat->config.pppd_path, strerror(errno));
	_exit(127);
}

/* Raw, so that nothing is echoed before pppd has opened it. */
int
compat_launch_pppd(const struct compat *compat, pid_t *pid)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;
	struct termios tio;
	char tty[64];

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
	    ptsname_r(master, tty, sizeof(tty)) != 0 ||
	    (slave = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || tcgetattr(slave, &tio) < 0)
		goto fail;
	cfmakeraw(&tio);
	if (tcsetattr(slave, TCSANOW, &tio) < 0)
		goto fail;
	*pid = child_fork();
	if (*pid == 0)
		exec_pppd(compat, tty, slave);
	if (*pid < 0)
		goto fail;
	close(slave);
	return master;
fail:
	*pid = 0;
	if (slave >= 0)
		close(slave);
	if (master >= 0)
		close(master);
	return -1;
}

/* A pty that pppd gave us may still echo. */
int
compat_take_stdin(void)
{
	struct termios tio;

	if (tcgetattr(STDIN_FILENO, &tio) == 0) {
		cfmakeraw(&tio);
		tcsetattr(STDIN_FILENO, TCSANOW, &tio);
	}
	return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* The loop is libevent's, and that is epoll's. */
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
bool
compat_check_stdin(struct reason *reason)
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
