/* background.c: see background.h. */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

static volatile sig_atomic_t second; /* the process that a signal is handed on to */

static void
hand_on(int signal_number)
{
	int saved = errno;

	kill((pid_t)second, signal_number);
	errno = saved;
}

struct word {
	unsigned char code;
	bool becomes;
};

static const struct {
	int number;
	bool of_terminal; /* which sends it to both of us */
} signals[] = {
    {SIGTERM, false}, {SIGHUP, false}, {SIGUSR1, false}, {SIGINT, true}, {SIGQUIT, true}};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* The first process, until the second has said how it went. */
static void
wait_for(const struct background *background, int fd, pid_t pid, const sigset_t *old)
{
	struct sigaction on = {.sa_handler = hand_on}, ignore = {.sa_handler = SIG_IGN};
	struct sigaction old_actions[SIGNALS];
	struct word word = {.code = 1};

	second = pid;
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i].number, NULL, &old_actions[i]);
		if (old_actions[i].sa_handler != SIG_IGN) /* as under nohup */
			sigaction(signals[i].number, signals[i].of_terminal ? &ignore : &on, NULL);
	}
	sigprocmask(SIG_SETMASK, old, NULL);
	while (read(fd, &word, sizeof(word)) < 0 && errno == EINTR)
		;
	if (word.becomes) {
		for (size_t i = 0; i < SIGNALS; i++)
			sigaction(signals[i].number, &old_actions[i], NULL);
		background->become(background->ctx);
	}
	_exit(word.code);
}

int
background_begin(struct background *background)
{
	sigset_t held, old;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	sigemptyset(&held); /* none is lost before it can be handed on */
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&held, signals[i].number);
	sigprocmask(SIG_BLOCK, &held, &old);
	pid_t pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		close(fds[0]);
		background->fd = fds[1];
		return 0;
	}
	close(fds[1]);
	if (pid > 0)
		wait_for(background, fds[0], pid, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(fds[0]);
	return -1;
}

bool
background_waits(const struct background *background)
{
	return background->fd >= 0;
}

/* Whatever cannot be had here stays as it is: the tunnel matters more. */
static void
leave(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	(void)!chdir("/");
	setsid();
}

static void
tell(struct background *background, int code, bool becomes)
{
	const struct word word = {.code = (unsigned char)code, .becomes = becomes};

	(void)!write(background->fd, &word, sizeof(word)); /* it may be gone */
	close(background->fd);
	background->fd = -1;
}

void
background_done(struct background *background, int code)
{
	if (background->fd < 0)
		return;
	if (code == 0 && !background->keeps_terminal)
		leave(); /* before a shell can think that all is over */
	tell(background, code, code == 0 && background->become != NULL);
}

void
background_over(struct background *background, int code)
{
	if (background->fd >= 0)
		tell(background, code, false);
}
