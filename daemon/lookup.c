/* lookup.c: see lookup.h. */
#include "lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

#define NOBODY 65534 /* Debian's nobody and nogroup; the child needs no name, only no rights */
#define LIMIT  20    /* s, longer than a resolver's two tries of 5 s with two servers */

static void
look_up(const char *name, struct ipc_msg *msg)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;

	msg->u.addresses.gai_error = getaddrinfo(name, NULL, &hints, &list);
	if (msg->u.addresses.gai_error != 0)
		return;
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		if (ai->ai_family != AF_INET || msg->u.addresses.count == IPC_MAX_ADDRESSES)
			continue;
		struct sockaddr_in sin;
		memcpy(&sin, ai->ai_addr, sizeof(sin));
		msg->u.addresses.address[msg->u.addresses.count++] = sin.sin_addr;
	}
	freeaddrinfo(list);
}

/* The child: no rights, no descriptors but the pipe, no secret. */
static void
child(const char *name, int fd)
{
	struct ipc_msg msg = {.type = IPC_ADDRESSES};

	pid_t parent = getppid();
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	if (null < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0 || close_range(3, ~0U, 0) < 0)
		_exit(1);
	/* Nobody but root may become nobody; the drop-in need not be root, if it has the capabilities. */
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
				  setresuid(NOBODY, NOBODY, NOBODY) < 0))
		_exit(1);
	/* Other rights undo it, so not before; and our parent may have died meanwhile. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	look_up(name, &msg);
	_exit(write(STDIN_FILENO, &msg, sizeof(msg)) == (ssize_t)sizeof(msg) ? 0 : 1);
}

pid_t
lookup_start(const char *name, void (*wipe)(void *), void *ctx, int *fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	pid_t pid = child_fork();
	if (pid == 0) {
		wipe(ctx);
		child(name, pair[1]);
	}
	int saved = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		errno = saved;
		return -1;
	}
	*fd = pair[0];
	return pid;
}

/* False: there was no answer (the child died). */
static bool
read_answer(int fd, struct ipc_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	/* The child is not trusted either: exactly one message of the one type, and in bounds. */
	return recv(fd, msg, sizeof(*msg), 0) == (ssize_t)sizeof(*msg) &&
	       msg->type == IPC_ADDRESSES && msg->u.addresses.count <= IPC_MAX_ADDRESSES &&
	       (msg->u.addresses.gai_error != 0 || msg->u.addresses.count > 0);
}

/* -------------------------------------------------------------------- in the caller's loop */

static void
put_away(struct lookup *lookup)
{
	if (lookup->answered != NULL)
		event_free(lookup->answered);
	lookup->answered = NULL;
	if (lookup->fd >= 0)
		close(lookup->fd);
	lookup->fd = -1;
	if (lookup->limit != NULL)
		evtimer_del(lookup->limit);
}

static void
failed(struct lookup *lookup, int gai_error)
{
	struct ipc_msg msg;

	put_away(lookup);
	ipc_init(&msg, IPC_ADDRESSES);
	msg.u.addresses.gai_error = gai_error;
	lookup->done(lookup->ctx, &msg);
}

static void
on_answer(evutil_socket_t fd, short what, void *ctx)
{
	struct lookup *lookup = ctx;
	struct ipc_msg msg;

	(void)what;
	if (!read_answer(fd, &msg)) {
		failed(lookup, EAI_FAIL);
		return;
	}
	put_away(lookup);
	lookup->done(lookup->ctx, &msg);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct lookup *lookup = ctx;

	(void)fd, (void)what;
	if (lookup->fd < 0)
		return;
	if (lookup->pid > 0)
		kill(lookup->pid, SIGKILL);
	failed(lookup, EAI_AGAIN);
}

bool
lookup_init(struct lookup *lookup, struct event_base *base,
    void (*done)(void *ctx, const struct ipc_msg *addresses), void *ctx)
{
	lookup->base = base;
	lookup->done = done;
	lookup->ctx = ctx;
	lookup->limit = evtimer_new(base, on_limit, lookup);
	return lookup->limit != NULL;
}

void
lookup_name(struct lookup *lookup, const char *name, void (*wipe)(void *), void *wipe_ctx)
{
	const struct timeval limit = {.tv_sec = LIMIT};
	struct ipc_msg msg;

	if (lookup->fd >= 0)
		return; /* one at a time; the answer is on its way */
	ipc_init(&msg, IPC_ADDRESSES);
	if (inet_pton(AF_INET, name, &msg.u.addresses.address[0]) == 1) {
		msg.u.addresses.count = 1;
		lookup->done(lookup->ctx, &msg);
		return;
	}
	pid_t pid = lookup_start(name, wipe, wipe_ctx, &lookup->fd);
	if (pid < 0) {
		failed(lookup, EAI_SYSTEM);
		return;
	}
	lookup->pid = pid;
	lookup->answered = event_new(lookup->base, lookup->fd, EV_READ, on_answer, lookup);
	if (lookup->answered == NULL || event_add(lookup->answered, NULL) < 0 ||
	    evtimer_add(lookup->limit, &limit) < 0)
		failed(lookup, EAI_MEMORY);
}

bool
lookup_reaped(struct lookup *lookup, pid_t pid)
{
	if (lookup->pid != pid)
		return false;
	lookup->pid = 0; /* its answer, or its EOF, is in the socket */
	return true;
}

void
lookup_cancel(struct lookup *lookup)
{
	if (lookup->fd < 0)
		return;
	if (lookup->pid > 0)
		kill(lookup->pid, SIGKILL);
	put_away(lookup);
}

void
lookup_free(struct lookup *lookup)
{
	lookup_cancel(lookup);
	if (lookup->pid > 0)
		waitpid(lookup->pid, NULL, 0);
	if (lookup->limit != NULL)
		event_free(lookup->limit);
	*lookup = (struct lookup)LOOKUP_NONE;
}
