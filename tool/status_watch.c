/* status_watch.c: `pptpeer status --watch`: the same again, when it has changed. */
#include "status.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

/* On a terminal a line stays a line: what is too long for it is cut, and not wrapped. */
#define WRAP_OFF "\033[?7l"
#define WRAP_ON  "\033[?7h"

static bool
can_repaint(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

/* Over what is there, line by line, so that nothing flickers; what does not fit is left out. */
static void
repaint(const char *text)
{
	struct winsize size = {0};
	unsigned rows = 24;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1)
		rows = size.ws_row;
	fputs(WRAP_OFF "\033[H", stdout);
	for (unsigned row = 1; *text != '\0' && row < rows; row++) {
		int len = (int)strcspn(text, "\n");

		printf("%.*s\033[K\n", len, text);
		text += len + (text[len] == '\n');
	}
	fputs("\033[J" WRAP_ON, stdout);
	fflush(stdout);
}

/* As the next one is, if it differs. */
static void
show(bool repaints, char **shown, char **seen, char *text, char *news)
{
	if (repaints && (*shown == NULL || strcmp(*shown, text) != 0))
		repaint(text);
	/* Clocks and counters change each time, which on paper is no news. */
	if (!repaints && (*seen == NULL || strcmp(*seen, news) != 0)) {
		fputs(text, stdout);
		fflush(stdout);
	}
	free(*shown);
	free(*seen);
	*shown = text;
	*seen = news;
}

int
status_watch(
    const struct tool *tool, unsigned interval_s, bool repaints, watch_picture *picture, void *ctx)
{
	const struct timespec interval = {.tv_sec = (time_t)interval_s};
	char *shown = NULL, *seen = NULL, *text, *news;
	bool fine;
	sigset_t ends;
	int number;

	/* From here on they are taken below only, so that none comes between two lines. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	repaints = repaints && can_repaint();
	if (repaints)
		fputs("\033[H\033[2J", stdout);
	do {
		text = news = NULL;
		fine = picture(ctx, &text, &news);
		if (fine) {
			show(repaints, &shown, &seen, text, news);
		} else {
			free(text);
			free(news);
		}
		do
			number = sigtimedwait(&ends, NULL, &interval);
		while (number < 0 && errno == EINTR);
	} while (fine && number < 0 && !ferror(stdout));
	free(shown);
	free(seen);
	if (!fine)
		return tool_error(tool, EXIT_INTERNAL, "out of memory.");
	if (ferror(stdout))
		return tool_error(tool, EXIT_INTERNAL, "standard output: %s.", strerror(errno));
	return EXIT_OK;
}
