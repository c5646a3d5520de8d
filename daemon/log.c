/* log.c: see log.h. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "sdlib.h"

/* The process has one log, as it has one standard error. */
static struct {
	enum log_target target;
	enum log_level level;
	int fd; /* LOG_TO_FILE, LOG_TO_STDERR */
	char name[64];
	char server[256];
} sink = {.target = LOG_TO_STDERR, .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

static const int priorities[] = {
    [LOG_LEVEL_ERROR] = LOG_ERR,
    [LOG_LEVEL_WARNING] = LOG_WARNING,
    [LOG_LEVEL_NOTICE] = LOG_NOTICE,
    [LOG_LEVEL_INFO] = LOG_INFO,
    [LOG_LEVEL_DEBUG] = LOG_DEBUG,
};
static const char *const words[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

void
log_close(void)
{
	if (sink.target == LOG_TO_FILE && sink.fd >= 0)
		close(sink.fd);
	if (sink.target == LOG_TO_SYSLOG)
		closelog();
	sink.target = LOG_TO_STDERR;
	sink.fd = STDERR_FILENO;
}

enum log_target
log_real_target(enum log_target target, bool foreground)
{
	if (target == LOG_TO_STDERR && !foreground)
		target = LOG_TO_JOURNAL;
	if (target == LOG_TO_JOURNAL && access("/run/systemd/journal/socket", F_OK) == 0 &&
	    sdlib_missing() == NULL)
		return target;
	return target == LOG_TO_JOURNAL ? LOG_TO_SYSLOG : target;
}

bool
log_open(const struct config *config)
{
	int fd = STDERR_FILENO;

	if (config->log_target == LOG_TO_FILE) {
		fd = open(config->log_path,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
		if (fd < 0)
			return false;
	}
	log_close();
	sink.target = config->log_target;
	sink.level = config->log_level;
	sink.fd = fd;
	snprintf(sink.name, sizeof(sink.name), "%s", config->name);
	if (sink.target == LOG_TO_SYSLOG)
		openlog("pptpeerd", LOG_PID, LOG_DAEMON);
	return true;
}

void
log_server(const char *server)
{
	snprintf(sink.server, sizeof(sink.server), "%s", server);
}

#define JOURNAL_FIELDS 10
#define JOURNAL_TEXT   2048

struct journal {
	struct iovec field[JOURNAL_FIELDS];
	int count;
	char text[JOURNAL_TEXT];
	size_t used;
};

static void put(struct journal *journal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A field that does not fit is left out; all that there can be do. */
static void
put(struct journal *journal, const char *format, ...)
{
	char *field = journal->text + journal->used;
	size_t room = sizeof(journal->text) - journal->used;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(field, room, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room || journal->count == JOURNAL_FIELDS)
		return;
	journal->field[journal->count++] = (struct iovec){field, (size_t)len};
	journal->used += (size_t)len;
}

static void
write_journal(enum log_level level, const struct log_fields *fields, const char *text, int len)
{
	struct journal journal = {.count = 0};

	put(&journal, "MESSAGE=%s: %.*s", sink.name, len, text);
	put(&journal, "PRIORITY=%d", priorities[level]);
	put(&journal, "SYSLOG_IDENTIFIER=pptpeerd");
	put(&journal, "PPTPEER_NAME=%s", sink.name);
	if (fields != NULL) {
		put(&journal, "PPTPEER_EVENT=%s", fields->event);
		if (sink.server[0] != '\0')
			put(&journal, "PPTPEER_SERVER=%s", sink.server);
		if (fields->stage != NULL)
			put(&journal, "PPTPEER_STAGE=%s", fields->stage);
		if (fields->ecode != 0)
			put(&journal, "PPTPEER_CODE=E%03u", fields->ecode);
		if (fields->exit_code >= 0)
			put(&journal, "PPTPEER_EXIT=%d", fields->exit_code);
		if (fields->by != NULL)
			put(&journal, "PPTPEER_BY=%s", fields->by);
	}
	sdlib_journal(journal.field, journal.count);
}

static void
write_line(enum log_level level, const struct log_fields *fields, const char *text, int len)
{
	char line[1200], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	switch (sink.target) {
	case LOG_TO_JOURNAL:
		write_journal(level, fields, text, len);
		return;
	case LOG_TO_SYSLOG:
		syslog(priorities[level], "%s: %.*s", sink.name, len, text);
		return;
	case LOG_TO_STDERR:
	case LOG_TO_FILE:
		break;
	}
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S%z", &tm);
	n = snprintf(line, sizeof(line), "%s pptpeerd[%d] %s %s: %.*s\n", stamp, (int)getpid(),
	    words[level], sink.name, len, text);
	if (n >= (int)sizeof(line)) {
		n = (int)sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	/* A full disk must not end the tunnel. */
	if (n > 0 && write(sink.fd, line, (size_t)n) < 0)
		return;
}

/* The fields are the first line's. */
static void
write_lines(enum log_level level, const struct log_fields *fields, const char *text)
{
	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		write_line(level, fields, line, (int)len);
		fields = NULL;
		line += len + (line[len] == '\n');
	}
}

void
log_write(enum log_level level, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (level > sink.level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_lines(level, NULL, text);
}

void
log_record(enum log_level level, const struct log_fields *fields, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (level > sink.level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_lines(level, fields, text);
}
