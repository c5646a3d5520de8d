/*
 * config_source.c: the text that libconfig gets: the files' own, without comments, and with what
 * is included put in.  So it is we who say where a quoted text or a comment ends: outside of
 * quotes libconfig sees no sign that begins a comment, and no @.  Its own scanner (1.5 is that of
 * Debian 12, 1.7.3 that of Debian 13)
 *
 *   ends the process when an included file is a folder (both);
 *   goes on with a quoted text or a comment where the file that it began in ends (both);
 *   takes # and // without a newline after them for garbage (1.5), or not (1.7.3);
 *   knows \" and \\ in the name of an included file, and newlines (both);
 *   stops at a NUL octet (both);
 *   leaves \x00 out of a quoted text (1.5), or ends the text there (1.7.3);
 *   takes a backslash that means nothing for one (both); from release to release more of them mean
 *   something;
 *   takes 010 for 10 (1.5) or 8 (1.7.3), 4294967301 for 5 (1.5) or itself (1.7.3), 0x100000005 for
 *   5 (both);
 *   takes 5persist and 0b1 for a number and a name after it (both).
 */
#include "config_read.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX  262144u /* octets, of all files */
#define DEPTH_MAX 8       /* of files that include one another */
#define WORD_SAID 40      /* octets of a word that we say */

#define DIGITS    "0123456789"
#define LETTERS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* The whole of a regular file, terminated; NULL after it said why not, at a line or the file. */
static char *
read_whole(struct config_reader *reader, const char *path, const char *from, unsigned line)
{
	/* O_NONBLOCK: a FIFO must not hold us before we have seen that it is one. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t most = FILE_MAX - reader->source.octets;
	struct stat st = {0};
	const char *wrong = NULL;
	char *text = NULL;
	ssize_t got = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		wrong = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		wrong = "not a regular file";
	else if (st.st_size > (off_t)most)
		wrong = "too large for a configuration file";
	else if ((text = malloc(most + 1)) == NULL)
		wrong = "out of memory";
	else if ((got = read(fd, text, most)) < 0)
		wrong = strerror(errno);
	else if (memchr(text, '\0', (size_t)got) != NULL)
		wrong = "it has a NUL octet; this is no text";
	if (fd >= 0)
		close(fd);
	if (wrong == NULL && text != NULL) {
		reader->source.octets += (unsigned)got;
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

/* One file, while it is read through. */
struct scan {
	struct config_reader *reader;
	FILE *out;              /* the text, borrowed */
	const char *begin, *at; /* the file's */
	unsigned line, depth;
	unsigned char file; /* index of struct config_origins' file[] */
	bool fine;
};

static void scan_text(struct scan *scan);

/* No more is read after it. */
static void __attribute__((format(printf, 2, 3)))
scan_wrong(struct scan *scan, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_diag_add(
	    scan->reader->diags, scan->reader->origins->file[scan->file], scan->line, "%s", text);
	scan->fine = false;
}

static void
put(struct scan *scan, char c)
{
	fputc(c, scan->out);
	scan->reader->source.lines += c == '\n';
}

/* The next octets, as they are. */
static void
copy(struct scan *scan, size_t len)
{
	for (const char *end = scan->at + len; scan->at < end; scan->at++) {
		put(scan, *scan->at);
		scan->line += *scan->at == '\n';
	}
}

/* The lines of the text from the next on are those of `scan`. */
static void
begin_part(struct scan *scan)
{
	struct config_source *source = &scan->reader->source;

	put(scan, '\n');
	source->part[source->parts++] = (struct source_part){source->lines, scan->line, scan->file};
}

/* The file in the place of its @include; false after it said why not. */
static bool
include(struct scan *scan, const char *path)
{
	struct config_reader *reader = scan->reader;
	struct config_origins *origins = reader->origins;
	struct scan inner = {.reader = reader, .out = scan->out, .line = 1, .fine = true};
	char *text = read_whole(reader, path, origins->file[scan->file], scan->line);

	if (text == NULL)
		return false;
	inner.begin = inner.at = text;
	inner.depth = scan->depth + 1;
	inner.file = (unsigned char)origins->files++;
	memcpy(origins->file[inner.file], path, strlen(path) + 1);
	begin_part(&inner);
	scan_text(&inner);
	free(text);
	if (inner.fine)
		begin_part(scan);
	return inner.fine;
}

/* libconfig, too, knows it only where a line begins. */
static bool
begins_line(const struct scan *scan)
{
	const char *at = scan->at;

	while (at > scan->begin && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	return at == scan->begin || at[-1] == '\n';
}

static void
scan_include(struct scan *scan)
{
	const struct config_reader *reader = scan->reader;
	const char *after = scan->at + strlen("@include"), *quote;
	char name[CONFIG_PATH_MAX], path[2 * CONFIG_PATH_MAX];
	size_t len;

	if (strncmp(scan->at, "@include", strlen("@include")) != 0) {
		scan_wrong(scan, SYNTAX_ERROR);
		return;
	}
	quote = after + strspn(after, " \t");
	if (!begins_line(scan) || quote == after || *quote != '"') {
		scan_wrong(scan, "@include \"FILE\" stands on a line of its own.");
		return;
	}
	len = strcspn(quote + 1, "\"\\\n");
	snprintf(name, sizeof(name), "%.*s", (int)len, quote + 1);
	snprintf(path, sizeof(path), "%s/%s", reader->dir, name);
	if (quote[1 + len] != '"' || quote[1] == '/' || len >= sizeof(name) ||
	    strlen(path) >= CONFIG_PATH_MAX) {
		scan_wrong(scan, "@include takes a path relative to the main file's folder, in one "
				 "line, without a backslash, not too long.");
		return;
	}
	if (scan->depth == DEPTH_MAX)
		scan_wrong(scan,
		    "@include \"%s\" is the %dth one inside another: does it include itself?", name,
		    DEPTH_MAX + 1);
	else if (reader->origins->files == CONFIG_FILES)
		scan_wrong(scan, "@include \"%s\" is one too many: %d are the most.", name,
		    CONFIG_FILES - 1);
	else
		scan->fine = include(scan, path);
	scan->at = quote + 1 + len + 1;
}

/* What is wrong with a word that begins with a digit, or NULL. */
static const char *
number_wrong(const char *word, size_t len)
{
	bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	size_t digits = hex ? strspn(word + 2, DIGITS "ABCDEFabcdef") : strspn(word, DIGITS);
	const char *end = word + digits + (hex ? 2 : 0);
	unsigned long long most = hex ? UINT32_MAX : INT32_MAX;

	if (*end == 'L') {
		most = INT64_MAX;
		end += end[1] == 'L' ? 2 : 1;
	}
	if (digits == 0 || end != word + len)
		return "is neither decimal nor hexadecimal with 0x before it";
	if (!hex && digits > 1 && word[0] == '0')
		return "begins with a 0, which makes it octal to some: leave the 0 out";
	errno = 0;
	if (strtoull(word, NULL, hex ? 16 : 10) > most || errno != 0)
		return "is too large";
	return NULL;
}

static void
scan_number(struct scan *scan)
{
	size_t len = strspn(scan->at, DIGITS LETTERS "_*");
	const char *wrong = number_wrong(scan->at, len);

	if (wrong == NULL)
		copy(scan, len);
	else
		scan_wrong(scan, "the number %.*s %s.", (int)(len < WORD_SAID ? len : WORD_SAID),
		    scan->at, wrong);
}

/* How many octets a backslash and what it makes of them are; 0 if nothing is made. */
static size_t
escape_len(const char *at)
{
	if (at[1] != '\0' && strchr("\\\"nrtf", at[1]) != NULL)
		return 2;
	if ((at[1] == 'x' || at[1] == 'X') && isxdigit((unsigned char)at[2]) &&
	    isxdigit((unsigned char)at[3]))
		return 4;
	return 0;
}

static void
scan_quoted(struct scan *scan)
{
	const char *end = scan->at + 1, *bad = NULL;

	while (*end != '"' && *end != '\0') {
		size_t len = *end == '\\' ? escape_len(end) : 1;

		if (bad == NULL && (len == 0 || (len == 4 && strncmp(end + 2, "00", 2) == 0)))
			bad = end;
		end += len != 0 ? len : 1;
	}
	if (*end == '\0')
		scan_wrong(scan, "a text begins here that does not end: is a '\"' missing?");
	else if (bad != NULL && escape_len(bad) == 0)
		scan_wrong(scan,
		    "the backslash before %.1s means nothing: in a text, write it twice.", bad + 1);
	else if (bad != NULL)
		scan_wrong(scan, "a text cannot have the octet 0, \\x00.");
	else
		copy(scan, (size_t)(end + 1 - scan->at));
}

/* Only its lines are left, and a blank: it keeps words apart. */
static void
scan_comment(struct scan *scan)
{
	const char *end = strstr(scan->at + 2, "*/");

	if (end == NULL) {
		scan_wrong(scan, "a comment begins here that does not end.");
		return;
	}
	put(scan, ' ');
	for (end += 2; scan->at < end; scan->at++) {
		if (*scan->at == '\n') {
			put(scan, '\n');
			scan->line++;
		}
	}
}

static void
scan_text(struct scan *scan)
{
	while (scan->fine && *scan->at != '\0') {
		const char *at = scan->at;

		if (*at == '"')
			scan_quoted(scan);
		else if (*at == '#' || (*at == '/' && at[1] == '/'))
			scan->at += strcspn(at, "\n");
		else if (*at == '/' && at[1] == '*')
			scan_comment(scan);
		else if (*at == '@')
			scan_include(scan);
		else if (isdigit((unsigned char)*at))
			scan_number(scan);
		else if (*at == '.') /* the rest of a number that no key takes */
			copy(scan, 1 + strspn(at + 1, DIGITS));
		else
			copy(scan, isalpha((unsigned char)*at) || *at == '*'
				       ? strspn(at, DIGITS LETTERS "-_*")
				       : 1);
	}
}

bool
reader_source(struct config_reader *reader)
{
	struct config_source *source = &reader->source;
	struct scan scan = {.reader = reader, .line = 1, .fine = true};
	const char *slash = strrchr(reader->path, '/');
	char *text = read_whole(reader, reader->path, NULL, 0);
	size_t size;
	bool written;

	if (text == NULL)
		return false;
	if (slash == NULL)
		snprintf(reader->dir, sizeof(reader->dir), ".");
	else
		snprintf(reader->dir, sizeof(reader->dir), "%.*s", (int)(slash - reader->path),
		    reader->path);
	snprintf(reader->origins->file[0], CONFIG_PATH_MAX, "%s", reader->path);
	reader->origins->files = 1;
	source->lines = source->parts = 1;
	source->part[0] = (struct source_part){1, 1, 0};
	scan.begin = scan.at = text;
	scan.out = open_memstream(&source->text, &size);
	if (scan.out != NULL)
		scan_text(&scan);
	written = scan.out != NULL && ferror(scan.out) == 0;
	if (scan.out != NULL && fclose(scan.out) != 0)
		written = false;
	if (!written)
		config_diag_add(reader->diags, reader->path, 0, "out of memory.");
	free(text);
	return written;
}
