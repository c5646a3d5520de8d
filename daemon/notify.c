/* notify.c: see notify.h. */
#include "notify.h"

#include <stdio.h>
#include <stdlib.h>

#include "sdlib.h"

const char *
notify_lost(void)
{
	return getenv("NOTIFY_SOCKET") != NULL ? sdlib_missing() : NULL;
}

void
notify_ready(void)
{
	sdlib_notify("READY=1");
}

void
notify_status(const char *sentence)
{
	char line[1024];

	snprintf(line, sizeof(line), "STATUS=%s", sentence);
	/* A newline would begin another assignment, MAINPID= say. */
	for (char *at = line; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ')
			*at = ' ';
	}
	sdlib_notify(line);
}

void
notify_watchdog(void)
{
	sdlib_notify("WATCHDOG=1");
}

void
notify_stopping(void)
{
	sdlib_notify("STOPPING=1");
}

void
notify_not_yet(uint64_t us)
{
	char line[64];

	snprintf(line, sizeof(line), "EXTEND_TIMEOUT_USEC=%llu", (unsigned long long)us);
	sdlib_notify(line);
}

uint64_t
notify_watchdog_us(void)
{
	return sdlib_watchdog_us();
}
