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
/* One record; a newline in it begins another one. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
