/*
 * log.h: where the daemon's words go: the journal, syslog, standard error or a file, by level.
 * Every text is escaped already (struct reason, the engine's notes).
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

/*
 * Where the words for `target` can go: without a journal to syslog, and in the background, where
 * standard error is nobody's, not there.
 */
enum log_target log_real_target(enum log_target target, bool foreground);
/* Begins, or goes over to other settings, of which the target is a real one.  False: the file cannot be opened (errno). */
bool log_open(const struct config *config);
void log_close(void);
/* The server that is dialled from here on. */
void log_server(const char *server);
/* One record; a newline in it begins another one. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a record is about, which the journal keeps as fields of its own: PPTPEER_EVENT and so on. */
struct log_fields {
	const char *event; /* "stage", "note", "waiting", "ended" */
	const char *stage; /* NULL: it is about none */
	unsigned ecode;    /* 0: none */
	int exit_code;     /* below 0: none */
	const char *by;    /* who brought the end about; or NULL */
};
/* The same, of which the first line has the fields. */
void log_record(enum log_level level, const struct log_fields *fields, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
