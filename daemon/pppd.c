/* pppd.c: see pppd.h.  Runs in the keeper. */
#include "pppd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"
#include "pppd_args.h"

/* The numbers under which the child has its ends. */
#define CHILD_LOG    2
#define CHILD_REPORT 3
#define CHILD_SECRET 4

struct ends { /* what pppd gets */
	int slave, report, secret, log;
	char tty[64];
};

static void
ends_close(struct ends *ends)
{
	int *fds[] = {&ends->slave, &ends->report, &ends->secret, &ends->log};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/*
 * The pty is raw before anybody writes to it, or the line discipline would echo the peer's
 * first packets back at it.  The slave stays open as pppd's standard input, so that a read of the
 * master never says EIO (pppd is gone) before pppd has opened it by name.
 */
static int
open_pty(int *master, struct ends *ends)
{
	struct termios tio;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*master < 0)
		return -1;
	if (grantpt(*master) < 0 || unlockpt(*master) < 0)
		return -1;
	errno = ptsname_r(*master, ends->tty, sizeof(ends->tty));
	if (errno != 0)
		return -1;
	ends->slave = open(ends->tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ends->slave < 0 || tcgetattr(ends->slave, &tio) < 0)
		return -1;
	cfmakeraw(&tio);
	return tcsetattr(ends->slave, TCSANOW, &tio);
}

static int
open_secret(const struct secret *secret, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	*theirs = pair[1];
	/* It waits in the socket; our end can go at once. */
	ssize_t n = send(pair[0], secret->bytes, secret->len, MSG_NOSIGNAL);
	int saved = errno;
	close(pair[0]);
	errno = saved;
	return n < 0 ? -1 : 0;
}

static int
open_ends(const struct secret *secret, int fds[IPC_MAX_FDS], struct ends *ends, const char **what)
{
	int pair[2];

	*what = "pty";
	if (open_pty(&fds[IPC_FD_CHANNEL], ends) < 0)
		return -1;
	*what = "report socket";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	fds[IPC_FD_REPORT] = pair[0];
	ends->report = pair[1];
	*what = "secret socket";
	if (open_secret(secret, &ends->secret) < 0)
		return -1;
	*what = "log pipe";
	if (pipe2(pair, O_CLOEXEC) < 0)
		return -1;
	fds[IPC_FD_LOG] = pair[0];
	ends->log = pair[1];
	if (fcntl(fds[IPC_FD_LOG], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(fds[IPC_FD_REPORT], F_SETFL, O_NONBLOCK) < 0)
		return -1;
	return 0;
}

/*
 * In the child: descriptors 0 to 4 are pppd's, everything else is closed.  The ends are moved
 * out of the way first, so that no dup2() hits one that is still needed.
 */
static int
child_fds(const struct ends *ends)
{
	int slave = fcntl(ends->slave, F_DUPFD, 10);
	int log = fcntl(ends->log, F_DUPFD, 10);
	int report = fcntl(ends->report, F_DUPFD, 10);
	int secret = fcntl(ends->secret, F_DUPFD, 10);

	if (slave < 0 || log < 0 || report < 0 || secret < 0)
		return -1;
	if (dup2(slave, 0) < 0 || dup2(log, 1) < 0 || dup2(log, CHILD_LOG) < 0 ||
	    dup2(report, CHILD_REPORT) < 0 || dup2(secret, CHILD_SECRET) < 0)
		return -1;
	return close_range(CHILD_SECRET + 1, ~0U, 0);
}

static void
child(const struct config *config, const struct ends *ends, char *const argv[])
{
	struct rlimit no_core = {0, 0};

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setrlimit(RLIMIT_CORE, &no_core); /* pppd holds the secret */
	umask(022);
	if (child_fds(ends) < 0 || chdir("/") < 0)
		_exit(127);
	execve(config->pppd_path, argv, pppd_environment);
	dprintf(2, "pptpeer: cannot run %s: %s\n", config->pppd_path, strerror(errno));
	_exit(127);
}

int
pppd_start(const struct config *config, const struct secret *secret, int fds[IPC_MAX_FDS],
    pid_t *pid, char *what, size_t what_size, char *conflict, size_t conflict_size)
{
	size_t cursor = 0;
	struct ends ends = {.slave = -1, .report = -1, .secret = -1, .log = -1};
	struct pppd_args args;
	const char *step = "";
	int error = 0;

	conflict[0] = '\0';
	fds[IPC_FD_CHANNEL] = fds[IPC_FD_REPORT] = fds[IPC_FD_LOG] = -1;
	if (open_ends(secret, fds, &ends, &step) < 0) {
		error = errno;
	} else if (pppd_args_build(config, CHILD_REPORT, CHILD_SECRET, CHILD_LOG, ends.tty, &args) <
		   0) {
		error = E2BIG;
		step = "pppd's arguments";
	} else {
		pppd_options_conflict("", ends.tty, &cursor, conflict, conflict_size);
		step = "fork";
		*pid = child_fork();
		if (*pid == 0)
			child(config, &ends, args.argv);
		if (*pid < 0)
			error = errno;
	}
	ends_close(&ends);
	if (error == 0)
		return 0;
	snprintf(what, what_size, "%s", step);
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	return error;
}

bool
pppd_usable(const struct config *config, struct reason *reason)
{
	if (access(config->pppd_path, X_OK) < 0) {
		reason_set(
		    reason, 102, "pppd is missing: %s: %s.", config->pppd_path, strerror(errno));
		return false;
	}
	if (access(config->plugin_path, R_OK) < 0) {
		reason_set(reason, 103, "pppd's plugin of pptpeer is missing: %s: %s.",
		    config->plugin_path, strerror(errno));
		reason_next(reason, "make install (it goes where the pppd %s looks for plugins)",
		    PPPD_VERSION_BUILT);
		return false;
	}
	int fd = open("/dev/ppp", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		reason_set(reason, 101, "/dev/ppp cannot be opened: %s.", strerror(errno));
		return false;
	}
	close(fd);
	return true;
}
