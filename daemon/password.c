/* password.c: see password.h. */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "report.h"

extern char **environ;

/* The longest password, its newline, and one octet more to see that it is too long. */
struct raw {
	size_t len;
	char bytes[SECRET_MAX + 2];
};

static volatile sig_atomic_t caught;

static void
on_signal(int signo)
{
	caught = signo;
}

void
password_source_init(struct password_source *source)
{
	*source = (struct password_source){
	    .way = PASSWORD_ASK,
	    .fd = -1,
	    .tty = "/dev/tty",
	    .prompt = "Password: ",
	};
	/* Without a running systemd nobody would answer, and it would wait 90 s for that.
	 */
	if (access("/run/systemd/system", F_OK) == 0)
		source->asker = access("/usr/bin/systemd-ask-password", X_OK) == 0
				    ? "/usr/bin/systemd-ask-password"
				    : "/bin/systemd-ask-password";
}

void
password_source_of(
    struct password_source *source, const struct config *config, char path[PASSWORD_PATH_MAX])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (config->password_from != SECRET_FILE && config->password_from != SECRET_CREDENTIAL)
		return;
	source->way = PASSWORD_FILE;
	source->path = path;
	if (config->password_from == SECRET_FILE)
		snprintf(path, PASSWORD_PATH_MAX, "%s", config->password_path);
	else
		snprintf(path, PASSWORD_PATH_MAX, "%s/%s",
		    folder != NULL ? folder : "/(CREDENTIALS_DIRECTORY is not set)",
		    config->password_path);
}

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDING_SIGNALS (sizeof(ending_signals) / sizeof(ending_signals[0]))

/*
 * While a password is waited for: a signal that ends us, be it blocked or handled by our caller
 * or not, ends the waiting only.
 */
struct waiting {
	struct sigaction old_actions[ENDING_SIGNALS];
	sigset_t old_mask;
	sigset_t mask; /* for ppoll(): they come then, and at no other time */
};

static void
waiting_begin(struct waiting *waiting)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t block;

	caught = 0;
	sigprocmask(SIG_BLOCK, NULL, &waiting->old_mask);
	block = waiting->old_mask;
	sigaddset(&block, SIGTSTP); /* Ctrl-Z waits until the terminal is put back */
	for (size_t i = 0; i < ENDING_SIGNALS; i++)
		sigaddset(&block, ending_signals[i]);
	waiting->mask = block;
	sigprocmask(SIG_SETMASK, &block, NULL);
	for (size_t i = 0; i < ENDING_SIGNALS; i++) {
		sigaction(ending_signals[i], &action, &waiting->old_actions[i]);
		if (waiting->old_actions[i].sa_handler != SIG_IGN)
			sigdelset(&waiting->mask, ending_signals[i]);
	}
}

static void
waiting_end(const struct waiting *waiting)
{
	for (size_t i = 0; i < ENDING_SIGNALS; i++)
		sigaction(ending_signals[i], &waiting->old_actions[i], NULL);
	sigprocmask(SIG_SETMASK, &waiting->old_mask, NULL);
}

/*
 * Up to the end, a full buffer, or, where somebody is waited for, the end of the line: whoever
 * writes it may keep the other end open.  0 or an errno; EINTR: a signal came.
 */
static int
read_raw(int fd, struct raw *raw, const struct waiting *waiting)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	raw->len = 0;
	while (raw->len < sizeof(raw->bytes)) {
		ssize_t got;

		if (waiting != NULL && ppoll(&poll_fd, 1, NULL, &waiting->mask) < 0) {
			if (errno == EINTR && caught == 0)
				continue;
			return errno;
		}
		got = read(fd, raw->bytes + raw->len, sizeof(raw->bytes) - raw->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return 0;
		raw->len += (size_t)got;
		if (waiting != NULL && raw->bytes[raw->len - 1] == '\n')
			return 0;
	}
	return 0;
}

/* Checks it, takes it over and wipes it. */
static int
take_raw(struct raw *raw, struct secret *secret, char *err, size_t err_size)
{
	size_t len = raw->len;
	int code = 0;

	if (len > 0 && raw->bytes[len - 1] == '\n')
		len--;
	/* An empty one cannot be handed over: an empty datagram reads like a closed
	 * socket. */
	if (len == 0) {
		snprintf(err, err_size, "the password is empty.");
		code = EXIT_CONFIG;
	} else if (len > SECRET_MAX) {
		snprintf(err, err_size, "the password is over %d octets, the most that pppd takes.",
		    SECRET_MAX);
		code = EXIT_CONFIG;
	} else if (memchr(raw->bytes, '\0', len) != NULL) {
		snprintf(err, err_size, "the password has a NUL octet, which pppd cannot take.");
		code = EXIT_CONFIG;
	} else {
		memcpy(secret->bytes, raw->bytes, len);
		secret->len = len;
	}
	explicit_bzero(raw, sizeof(*raw));
	return code;
}

static int
read_fd(const struct password_source *source, struct secret *secret, char *err, size_t err_size)
{
	struct waiting waiting;
	struct raw raw;
	int error;

	if (isatty(source->fd)) {
		snprintf(err, err_size,
		    "descriptor %d is a terminal, on which the password would be "
		    "seen; leave that option out and you are asked.",
		    source->fd);
		return EXIT_USAGE;
	}
	waiting_begin(&waiting);
	error = read_raw(source->fd, &raw, &waiting);
	waiting_end(&waiting);
	if (source->fd != STDIN_FILENO)
		close(source->fd);
	if (caught != 0) {
		explicit_bzero(&raw, sizeof(raw));
		return PASSWORD_INTERRUPTED;
	}
	if (error != 0) {
		explicit_bzero(&raw, sizeof(raw));
		snprintf(err, err_size, "the password cannot be read from descriptor %d: %s.",
		    source->fd, strerror(error));
		return error == EBADF ? EXIT_USAGE : EXIT_CONFIG;
	}
	return take_raw(&raw, secret, err, err_size);
}

static int
check_file(int fd, const char *path, char *err, size_t err_size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		snprintf(err, err_size, "%s: %s.", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		snprintf(err, err_size, "%s is not a regular file.", path);
	else if ((st.st_mode & 077) != 0)
		snprintf(err, err_size,
		    "others can read or change %s (mode %04o): chmod 600 it, and "
		    "think of the password as known.",
		    path, (unsigned)(st.st_mode & 07777));
	else
		return 0;
	return EXIT_CONFIG;
}

static int
read_file(const struct password_source *source, struct secret *secret, char *err, size_t err_size)
{
	/* O_NONBLOCK: a FIFO must not hold us before we have seen that it is none of
	 * ours. */
	int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct raw raw;
	int error;

	if (fd < 0) {
		snprintf(err, err_size, "%s: %s.", source->path, strerror(errno));
		return EXIT_CONFIG;
	}
	if (check_file(fd, source->path, err, err_size) != 0) {
		close(fd);
		return EXIT_CONFIG;
	}
	error = read_raw(fd, &raw, NULL);
	close(fd);
	if (error != 0) {
		explicit_bzero(&raw, sizeof(raw));
		snprintf(err, err_size, "%s: %s.", source->path, strerror(error));
		return EXIT_CONFIG;
	}
	return take_raw(&raw, secret, err, err_size);
}

/*
 * One line from a terminal that does not show it; the terminal is put back in each case.
 * 0, an errno, or -1 when a signal or Ctrl-D came.
 */
static int
ask_silently(int tty, const char *prompt, struct raw *raw)
{
	struct termios shown, silent;
	struct waiting waiting;
	int error;

	if (tcgetattr(tty, &shown) != 0)
		return errno;
	waiting_begin(&waiting);
	silent = shown;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ICANON | ISIG;
	error = tcsetattr(tty, TCSAFLUSH, &silent) != 0 ? errno : 0;
	if (error == 0) {
		dprintf(tty, "%s", prompt);
		error = read_raw(tty, raw, &waiting);
		/* the rest of a line that is too long is not for the shell to see */
		tcsetattr(tty, TCSAFLUSH, &shown);
		dprintf(tty, "\n");
	}
	waiting_end(&waiting);
	if (caught != 0 || (error == 0 && raw->len == 0))
		return -1;
	return error;
}

/* systemd-ask-password, its answer through a pipe.  0 or an errno; -1 when it gave none.
 */
static int
ask_systemd(const char *path, const char *prompt, struct raw *raw)
{
	char name[] = "systemd-ask-password", words[PROMPT_MAX];
	char *argv[] = {name, words, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	struct waiting waiting;
	sigset_t none, all;
	int error, status = 0, pipe_fds[2];
	pid_t pid;

	snprintf(words, sizeof(words), "%s", prompt);
	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		return errno;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawn(&pid, path, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	if (error == 0) {
		waiting_begin(&waiting);
		error = read_raw(pipe_fds[0], raw, &waiting);
		waiting_end(&waiting);
		if (caught != 0)
			kill(pid, SIGTERM); /* ours, and not reaped */
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (caught != 0 || (error == 0 && (status != 0 || raw->len == 0)))
			error = -1;
	}
	close(pipe_fds[0]);
	return error;
}

static int
read_answer(const struct password_source *source, struct secret *secret, char *err, size_t err_size)
{
	int error, tty = open(source->tty, O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct raw raw = {0};

	if (tty >= 0) {
		error = ask_silently(tty, source->prompt, &raw);
		close(tty);
	} else if (source->asker != NULL && access(source->asker, X_OK) == 0) {
		error = ask_systemd(source->asker, source->prompt, &raw);
	} else {
		snprintf(err, err_size,
		    "there is no terminal to ask for the password on; give it by "
		    "--password-stdin, --password-fd N or --password-file F.");
		return EXIT_USAGE;
	}
	if (error == 0)
		return take_raw(&raw, secret, err, err_size);
	explicit_bzero(&raw, sizeof(raw));
	if (caught != 0)
		return PASSWORD_INTERRUPTED;
	if (error < 0)
		snprintf(err, err_size, "no password was given.");
	else
		snprintf(err, err_size, "the password cannot be asked for: %s.", strerror(error));
	return EXIT_USAGE;
}

int
password_read(
    const struct password_source *source, struct secret *secret, char *err, size_t err_size)
{
	memset(secret, 0, sizeof(*secret));
	caught = 0;
	switch (source->way) {
	case PASSWORD_ASK:
		return read_answer(source, secret, err, err_size);
	case PASSWORD_FD:
		return read_fd(source, secret, err, err_size);
	case PASSWORD_FILE:
		return read_file(source, secret, err, err_size);
	}
	return EXIT_INTERNAL;
}
