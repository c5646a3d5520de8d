/*
 * sdlib.h: libsystemd, loaded when systemd is there to be told something, and not before: six more
 * libraries come along with it, and were an eighth of what a daemon takes to start.
 * Where it cannot be loaded nothing is told.
 */
#ifndef SDLIB_H
#define SDLIB_H

#include <stdint.h>
#include <sys/uio.h>

/* Loads it.  NULL: it is there; else why it is not. */
const char *sdlib_missing(void);
/* sd_notify(3), without a look at the library where nobody wants to be notified. */
void sdlib_notify(const char *state);
/* sd_watchdog_enabled(3): us, or 0. */
uint64_t sdlib_watchdog_us(void);
/* sd_journal_sendv(3). */
void sdlib_journal(const struct iovec *fields, int count);

#endif
