/* clock.h: the one place where the daemon reads the time. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Monotonic microseconds. */
uint64_t clock_now(void);
/* How long, us, this machine has been asleep since it was started: then the above stands still. */
uint64_t clock_asleep(void);

#endif
