/*
 * notify.h: what the supervisor (systemd) is told.  Does nothing where there is none, or where
 * the build has no libsystemd.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

void notify_ready(void);
/* STATUS=: one sentence, escaped already. */
void notify_status(const char *sentence);
void notify_watchdog(void);
void notify_stopping(void);
/* us between two signs of life that the supervisor expects; 0: it expects none. */
uint64_t notify_watchdog_us(void);

#endif
