/*
 * config_source.c: a file's bytes, before libconfig sees them.  Its scanner ends the process when
 * an included file is a folder, takes a number that does not fit for another, and stops at a NUL.
 */
#include "config_read.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX  262144u /* octets, of the main file and each included one */
#define DEPTH_MAX 8       /* libconfig's is 10 */

/* The whole of a regular file, terminated; NULL after it said why not. */
static char *
read_whole(struct config_reader *reader, const char *path, const char *from, unsigned line)
{
	/* O_NONBLOCK: a FIFO must not hold us before we have seen that it is one. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st = {0};
	const char *wrong = NULL;
	char *text = NULL;
	ssize_t got = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		wrong = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		wrong = "not a regular file";
	else if (st.st_size > (off_t)FILE_MAX)
		wrong = "too large for a configuration file";
	else if ((text = malloc(FILE_MAX + 1)) == NULL)
		wrong = "out of memory";
	else if ((got = read(fd, text, FILE_MAX)) < 0)
		wrong = strerror(errno);
	else if (memchr(text, '\0', (size_t)got) != NULL)
		wrong = "it has a NUL octet; this is no text";
	if (fd >= 0)
		close(fd);
	if (wrong == NULL && text != NULL) {
		text[got] = '\0';
		return text;
	}
	free(text);
	if (line != 0)
		config_diag_add(reader->diags, from, line, "%s: %s.", path, wrong);
	else
		config_diag_add(reader->diags, path, 0, "%s.", wrong);
	return NULL;
}

struct scan {
	struct config_reader *reader;
	const char *path, *at;
	unsigned line, depth;
	bool fine;
};

static void scan_text(struct scan *scan);

/* After "@include": a name in quotes. */
static void
scan_include(struct scan *scan)
{
	char path[2 * CONFIG_PATH_MAX], name[CONFIG_PATH_MAX];
	size_t len;

	scan->at += strspn(scan->at, " \t");
	if (*scan->at != '"')
		return; /* libconfig's syntax error */
	len = strcspn(++scan->at, "\"\n");
	snprintf(name, sizeof(name), "%.*s", (int)(len < INT_MAX ? len : INT_MAX), scan->at);
	scan->at += len + (scan->at[len] == '"');
	snprintf(path, sizeof(path), "%s/%s", scan->reader->dir, name);
	scan->fine = false;
	if (name[0] == '/' || len >= sizeof(name) || strlen(path) >= CONFIG_PATH_MAX) {
		config_diag_add(scan->reader->diags, scan->path, scan->line,
		    "@include takes a path relative to the main file's folder, not too long.");
	} else if (scan->depth == DEPTH_MAX) {
		config_diag_add(scan->reader->diags, scan->path, scan->line,
		    "@include \"%s\" is the %dth one inside another: does it include itself?", name,
		    DEPTH_MAX + 1);
	} else {
		char *text = read_whole(scan->reader, path, scan->path, scan->line);
		struct scan inner = {scan->reader, path, text, 1, scan->depth + 1, true};

		if (text != NULL)
			scan_text(&inner);
		scan->fine = text != NULL && inner.fine;
		free(text);
	}
}

static void
scan_number(struct scan *scan)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(scan->at, &end, 0);
	if (scan->at[0] == '0' && isdigit((unsigned char)scan->at[1]))
		value = strtoull(scan->at, &end, 10);
	if (errno != 0 || (*end != 'L' && value > (scan->at[1] == 'x' || scan->at[1] == 'X'
							  ? UINT32_MAX
							  : (unsigned)INT32_MAX))) {
		config_diag_add(scan->reader->diags, scan->path, scan->line,
		    "the number %.*s is too large.", (int)(end - scan->at), scan->at);
		scan->fine = false;
	}
	scan->at = end;
	while (isalnum((unsigned char)*scan->at))
		scan->at++;
}

/* A string or a comment, up to its end; libconfig says so if it has none. */
static void
skip_until(struct scan *scan, const char *end, bool escapes)
{
	for (; *scan->at != '\0' && strncmp(scan->at, end, strlen(end)) != 0; scan->at++) {
		if (escapes && *scan->at == '\\' && scan->at[1] != '\0')
			scan->at++;
		if (*scan->at == '\n')
			scan->line++;
	}
	if (*scan->at != '\0' && *end != '\n')
		scan->at += strlen(end);
}

static void
scan_text(struct scan *scan)
{
	while (scan->fine && *scan->at != '\0') {
		const char *at = scan->at++;

		if (*at == '\n')
			scan->line++;
		else if (*at == '"')
			skip_until(scan, "\"", true);
		else if (*at == '#' || (*at == '/' && at[1] == '/'))
			skip_until(scan, "\n", false);
		else if (*at == '/' && at[1] == '*')
			skip_until(scan, "*/", false);
		else if (strncmp(at, "@include", 8) == 0) {
			scan->at = at + 8;
			scan_include(scan);
		} else if (isdigit((unsigned char)*at)) {
			scan->at = at;
			scan_number(scan);
		} else if (isalpha((unsigned char)*at) || *at == '*') {
			while (isalnum((unsigned char)*scan->at) ||
			       (*scan->at != '\0' && strchr("-_*", *scan->at) != NULL))
				scan->at++;
		}
	}
}

bool
reader_source(struct config_reader *reader)
{
	struct scan scan = {reader, reader->path, NULL, 1, 0, true};
	const char *slash = strrchr(reader->path, '/');

	if (slash == NULL)
		snprintf(reader->dir, sizeof(reader->dir), ".");
	else
		snprintf(reader->dir, sizeof(reader->dir), "%.*s", (int)(slash - reader->path),
		    reader->path);
	scan.at = reader->text = read_whole(reader, reader->path, reader->path, 0);
	if (reader->text != NULL)
		scan_text(&scan);
	return reader->text != NULL && scan.fine;
}
