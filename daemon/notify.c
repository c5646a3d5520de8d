/* notify.c: see notify.h. */
#include "notify.h"

#ifdef HAVE_LIBSYSTEMD
#include <stdio.h>
#include <systemd/sd-daemon.h>

void
notify_ready(void)
{
	sd_notify(0, "READY=1");
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
	sd_notify(0, line);
}

void
notify_watchdog(void)
{
	sd_notify(0, "WATCHDOG=1");
}

void
notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void
notify_not_yet(uint64_t us)
{
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", (unsigned long long)us);
}

uint64_t
notify_watchdog_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}
#else
void
notify_ready(void)
{
}

void
notify_status(const char *sentence)
{
	(void)sentence;
}

void
notify_watchdog(void)
{
}

void
notify_stopping(void)
{
}

void
notify_not_yet(uint64_t us)
{
	(void)us;
}

uint64_t
notify_watchdog_us(void)
{
	return 0;
}
#endif
