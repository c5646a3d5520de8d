/* starter.c: see starter.h. */
#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "password.h"

struct order {      /* to the starting process */
	int code;   /* to end with; below 0: ask */
	pid_t from; /* who asks */
	char prompt[PROMPT_MAX];
};

struct reply { /* from it */
	pid_t to;
	int code; /* of password_read() */
	struct secret secret;
	char err[512];
};

/* In the starting process.  An order that comes meanwhile (to end) ends the asking. */
static void
ask_here(int fd, const struct order *order)
{
	struct password_source source;
	struct reply reply = {.to = order->from};

	password_source_init(&source);
	source.prompt = order->prompt;
	source.until_fd = fd;
	source.instead = PASSWORD_INSTEAD;
	reply.code = password_read(&source, &reply.secret, reply.err, sizeof(reply.err));
	/* One that is gone, or going, says so itself. */
	send(fd, &reply, sizeof(reply), MSG_NOSIGNAL);
	explicit_bzero(&reply, sizeof(reply));
}

static void
wait_for_daemon(int fd)
{
	struct order order;

	for (;;) {
		ssize_t n = recv(fd, &order, sizeof(order), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(order))
			_exit(EXIT_INTERNAL); /* it was killed */
		if (order.code >= 0)
			_exit(order.code);
		order.prompt[sizeof(order.prompt) - 1] = '\0';
		ask_here(fd, &order);
	}
}

int
starter_leave(struct starter *starter)
{
	int pair[2], null;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid_t pid = fork();
	if (pid < 0)
		return -1;
	if (pid > 0) {
		close(pair[1]);
		wait_for_daemon(pair[0]);
	}
	close(pair[0]);
	starter->fd = pair[1];
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || chdir("/") < 0)
		return -1;
	return 0;
}

void
starter_release(struct starter *starter, int code)
{
	struct order order = {.code = code};

	if (starter->fd < 0)
		return;
	if (send(starter->fd, &order, sizeof(order), MSG_NOSIGNAL) < 0)
		log_write(LOG_LEVEL_DEBUG, "the starting process is gone");
	close(starter->fd);
	starter->fd = -1;
	if (dup2(STDIN_FILENO, STDERR_FILENO) < 0) /* /dev/null: the terminal is no longer ours */
		log_write(LOG_LEVEL_DEBUG, "standard error stays open");
}

int
starter_ask(const struct starter *starter, const char *prompt, struct secret *secret, char *err,
    size_t err_size)
{
	struct order order = {.code = -1, .from = getpid()};
	struct reply reply = {0};
	ssize_t n;
	int code = EXIT_USAGE;

	snprintf(order.prompt, sizeof(order.prompt), "%s", prompt);
	n = send(starter->fd, &order, sizeof(order), MSG_NOSIGNAL);
	/* What one of us had asked, who was ended meanwhile, is not for us. */
	while (n > 0 && reply.to != order.from)
		n = recv(starter->fd, &reply, sizeof(reply), 0);
	if (n != (ssize_t)sizeof(reply)) {
		snprintf(err, err_size, "the process that could ask for the password has ended.");
	} else {
		*secret = reply.secret;
		code = reply.code;
		reply.err[sizeof(reply.err) - 1] = '\0';
		snprintf(err, err_size, "%s", reply.err);
	}
	explicit_bzero(&reply, sizeof(reply));
	return code;
}
