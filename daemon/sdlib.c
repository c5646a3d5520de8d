/* sdlib.c: see sdlib.h. */
#include "sdlib.h"

#ifdef HAVE_LIBSYSTEMD
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#define SONAME "libsystemd.so.0"

/* It stays, or stays away: the process has one, as it has one supervisor. */
static struct {
	bool tried;
	void *handle;
	char error[200]; /* "" none */
} library;

/* NULL: it is not to be had. */
static void *
find(const char *name)
{
	if (!library.tried) {
		library.tried = true;
		library.handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
		if (library.handle == NULL)
			snprintf(library.error, sizeof(library.error), "%s", dlerror());
	}
	return library.handle != NULL ? dlsym(library.handle, name) : NULL;
}

const char *
sdlib_missing(void)
{
	return find("sd_journal_sendv") != NULL ? NULL : library.error;
}

void
sdlib_notify(const char *state)
{
	__typeof__(&sd_notify) notify = NULL;

	if (getenv("NOTIFY_SOCKET") == NULL)
		return;
	*(void **)&notify = find("sd_notify");
	if (notify != NULL)
		notify(0, state);
}

uint64_t
sdlib_watchdog_us(void)
{
	__typeof__(&sd_watchdog_enabled) enabled = NULL;
	uint64_t us = 0;

	if (getenv("WATCHDOG_USEC") == NULL)
		return 0;
	*(void **)&enabled = find("sd_watchdog_enabled");
	return enabled != NULL && enabled(0, &us) > 0 ? us : 0;
}

void
sdlib_journal(const struct iovec *fields, int count)
{
	__typeof__(&sd_journal_sendv) send = NULL;

	*(void **)&send = find("sd_journal_sendv");
	if (send != NULL)
		send(fields, count);
}
#else
const char *
sdlib_missing(void)
{
	return "this build does without libsystemd";
}

void
sdlib_notify(const char *state)
{
	(void)state;
}

uint64_t
sdlib_watchdog_us(void)
{
	return 0;
}

void
sdlib_journal(const struct iovec *fields, int count)
{
	(void)fields, (void)count;
}
#endif
