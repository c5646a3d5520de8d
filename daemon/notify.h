/* notify.h: what the supervisor (systemd) is told.  Does nothing where there is none. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/* NULL, or why a supervisor that waits for these words will not get them: libsystemd cannot be loaded. */
const char *notify_lost(void);
void notify_ready(void);
/* STATUS=: one sentence; it may have been the engine's, and is made one line. */
void notify_status(const char *sentence);
void notify_watchdog(void);
void notify_stopping(void);
/* It is not ready yet, and that is as it should be, for so many us from now on. */
void notify_not_yet(uint64_t us);
/* us between two signs of life that the supervisor expects; 0: it expects none. */
uint64_t notify_watchdog_us(void);

#endif
