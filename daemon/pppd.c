/* pppd.c: see pppd.h.  Runs in the keeper. */
#include "pppd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
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
#include "sockets.h"
#include "tap.h"

/* The numbers under which the child has its ends. */
#define CHILD_LOG     2
#define CHILD_REPORT  3
#define CHILD_SECRET  4
#define CHILD_CHANNEL 5 /* none where pppd has a pty */

struct ends { /* what pppd gets; -1 none */
	int input, report, secret, log, channel;
	char tty[64]; /* "" none */
};

static void
ends_close(struct ends *ends)
{
	int *fds[] = {&ends->input, &ends->report, &ends->secret, &ends->log, &ends->channel};

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
	ends->input = open(ends->tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ends->input < 0 || tcgetattr(ends->input, &tio) < 0)
		return -1;
	cfmakeraw(&tio);
	return tcsetattr(ends->input, TCSANOW, &tio);
}

/* The end that pppd gets is no terminal; its standard input is nobody's. */
static int
take_socket(struct ends *ends, int fd)
{
	ends->channel = fd;
	ends->input = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fd < 0 || ends->input < 0 ? -1 : 0;
}

/* A TAP; where it need not be one and none is to be had, a pty. */
static int
open_tap(const struct config *config, int *fd, struct ends *ends, struct ipc_pppd *started)
{
	int socket;
	int error = tap_open(config->data_path == PATH_TAP, fd, &socket, &started->session,
	    started->why, sizeof(started->why));

	started->path = PATH_TAP;
	if (error == 0)
		return take_socket(ends, socket);
	if (config->data_path == PATH_AUTO) {
		started->path = PATH_PTY;
		return open_pty(fd, ends);
	}
	errno = error;
	return -1;
}

static int
open_channel(
    const struct config *config, int kernel, int *fd, struct ends *ends, struct ipc_pppd *started)
{
	switch (config->data_path) {
	case PATH_AUTO:
	case PATH_TAP:
		return open_tap(config, fd, ends, started);
	case PATH_KERNEL:
		started->path = PATH_KERNEL;
		*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
		if (*fd < 0)
			return -1;
		return take_socket(ends, fcntl(kernel, F_DUPFD_CLOEXEC, 0));
	case PATH_PTY:
		break;
	}
	started->path = PATH_PTY;
	return open_pty(fd, ends);
}

/* What pppd is started for: one of them is NULL. */
struct purpose {
	const struct secret *secret;      /* to dial */
	const struct pppd_answer *answer; /* to answer */
};

/* Where nothing is asked over it the number is taken all the same. */
static int
open_verify(const struct pppd_answer *answer, int *theirs)
{
	*theirs = answer->verify >= 0 ? fcntl(answer->verify, F_DUPFD_CLOEXEC, 0)
				      : open("/dev/null", O_RDWR | O_CLOEXEC);
	return *theirs < 0 ? -1 : 0;
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

/* The engine's ends are in `fds`, the words of what failed in *what. */
static int
open_ends(const struct purpose *purpose, int fds[IPC_MAX_FDS], struct ends *ends, const char **what)
{
	int pair[2];

	*what = "report socket";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	fds[IPC_FD_REPORT] = pair[0];
	ends->report = pair[1];
	*what = "secret socket";
	if (purpose->answer != NULL ? open_verify(purpose->answer, &ends->secret) < 0
				    : open_secret(purpose->secret, &ends->secret) < 0)
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
 * In the child: descriptors 0 to 5 are pppd's, everything else is closed.  The ends are moved
 * out of the way first, so that no dup2() hits one that is still needed.
 */
static int
child_fds(const struct ends *ends)
{
	int input = fcntl(ends->input, F_DUPFD, 10);
	int log = fcntl(ends->log, F_DUPFD, 10);
	int report = fcntl(ends->report, F_DUPFD, 10);
	int secret = fcntl(ends->secret, F_DUPFD, 10);
	int channel = ends->channel < 0 ? -1 : fcntl(ends->channel, F_DUPFD, 10);
	unsigned others = CHILD_CHANNEL;

	if (input < 0 || log < 0 || report < 0 || secret < 0)
		return -1;
	if (dup2(input, 0) < 0 || dup2(log, 1) < 0 || dup2(log, CHILD_LOG) < 0 ||
	    dup2(report, CHILD_REPORT) < 0 || dup2(secret, CHILD_SECRET) < 0)
		return -1;
	if (channel >= 0 && dup2(channel, (int)others++) < 0)
		return -1;
	return close_range(others, ~0U, 0);
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

static void
close_fds(int fds[IPC_MAX_FDS])
{
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* 0, or -1 with errno and the failed call in *what. */
static int
start_child(const struct config *config, const struct purpose *purpose, const struct ends *ends,
    struct ipc_pppd *started, const char **what, char *conflict, size_t conflict_size)
{
	struct pppd_answer answer;
	struct pppd_fds numbers = {.report = CHILD_REPORT,
	    .secret = CHILD_SECRET,
	    .log = CHILD_LOG,
	    .channel = CHILD_CHANNEL,
	    .tty = ends->channel < 0 ? ends->tty : NULL};
	struct pppd_args args;
	size_t cursor = 0;

	if (purpose->answer != NULL) {
		answer = *purpose->answer;
		if (answer.verify >= 0)
			answer.verify = CHILD_SECRET;
		numbers.answer = &answer;
	}
	*what = "pppd's arguments";
	if (pppd_args_build(config, &numbers, &args) < 0) {
		errno = E2BIG;
		return -1;
	}
	pppd_options_conflict("", numbers.tty, &cursor, conflict, conflict_size);
	*what = "fork";
	started->pid = child_fork();
	if (started->pid == 0)
		child(config, ends, args.argv);
	return started->pid < 0 ? -1 : 0;
}

static void
start(const struct config *config, const struct purpose *purpose, int kernel, int fds[IPC_MAX_FDS],
    struct ipc_pppd *started, char *conflict, size_t conflict_size)
{
	struct ends ends = {.input = -1, .report = -1, .secret = -1, .log = -1, .channel = -1};
	const char *step = "channel";

	conflict[0] = '\0';
	memset(started, 0, sizeof(*started));
	fds[IPC_FD_CHANNEL] = fds[IPC_FD_REPORT] = fds[IPC_FD_LOG] = -1;
	if (open_channel(config, kernel, &fds[IPC_FD_CHANNEL], &ends, started) < 0 ||
	    open_ends(purpose, fds, &ends, &step) < 0 ||
	    start_child(config, purpose, &ends, started, &step, conflict, conflict_size) < 0) {
		started->error = errno;
		started->pid = 0;
		snprintf(started->what, sizeof(started->what), "%s", step);
		close_fds(fds);
	}
	ends_close(&ends);
}

void
pppd_start(const struct config *config, const struct secret *secret, int kernel,
    int fds[IPC_MAX_FDS], struct ipc_pppd *started, char *conflict, size_t conflict_size)
{
	const struct purpose purpose = {.secret = secret};

	start(config, &purpose, kernel, fds, started, conflict, conflict_size);
}

void
pppd_answer(const struct config *config, const struct pppd_answer *answer, int fds[IPC_MAX_FDS],
    struct ipc_pppd *started, char *conflict, size_t conflict_size)
{
	const struct purpose purpose = {.answer = answer};

	start(config, &purpose, -1, fds, started, conflict, conflict_size);
}

/* Where nothing but this data path will do: is it to be had? */
static bool
tap_usable(struct reason *reason)
{
	struct tap_session session;
	char why[128];
	int tap, pppox;

	if (tap_open(true, &tap, &pppox, &session, why, sizeof(why)) != 0) {
		reason_set(reason, 113, "The data path \"tap\" cannot be had: %s.", why);
		return false;
	}
	close(pppox);
	close(tap);
	return true;
}

static bool
kernel_usable(struct reason *reason)
{
	int error = sockets_kernel_probe();

	if (error != 0)
		reason_set(reason, 115, "This kernel has no PPTP of its own: %s.", strerror(error));
	return error == 0;
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
	return (config->data_path != PATH_TAP || tap_usable(reason)) &&
	       (config->data_path != PATH_KERNEL || kernel_usable(reason));
}
