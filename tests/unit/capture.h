/* capture.h: what a piece of the tool prints and returns, for the tests. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tool/tool.h"

struct capture {
	int code;
	char out[16384], err[16384];
};

static int
capture_begin(int fd)
{
	int saved = dup(fd), memory = memfd_create("capture", MFD_CLOEXEC);

	assert(saved >= 0 && memory >= 0);
	dup2(memory, fd);
	close(memory);
	return saved;
}

static void
capture_end(int fd, int saved, char *text, size_t size)
{
	ssize_t len = pread(fd, text, size - 1, 0);

	assert(len >= 0);
	text[len] = '\0';
	dup2(saved, fd);
	close(saved);
}

/* Runs the whole tool; `words` are separated by blanks and are without "pptpeer". */
static inline void
capture_tool(struct capture *capture, const char *words)
{
	char line[1024], *argv[64] = {(char[]){"pptpeer"}}, *rest = line;
	int out, err, argc = 1;

	snprintf(line, sizeof(line), "%s", words);
	for (char *word; (word = strsep(&rest, " ")) != NULL && argc < 63;)
		if (*word != '\0')
			argv[argc++] = word;
	fflush(stdout);
	out = capture_begin(STDOUT_FILENO);
	err = capture_begin(STDERR_FILENO);
	capture->code = tool_run(argc, argv);
	fflush(stdout);
	capture_end(STDOUT_FILENO, out, capture->out, sizeof(capture->out));
	capture_end(STDERR_FILENO, err, capture->err, sizeof(capture->err));
}

#endif
