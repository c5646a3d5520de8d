/* clock.h: the one place where the daemon reads the time. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Monotonic microseconds. */
uint64_t clock_now(void);

#endif
