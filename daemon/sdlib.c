/* sdlib.c: see sdlib.h. */
#include "sdlib.h"

#ifdef HAVE_LIBSYSTEMD
#include <dlfcn.h>
#include <stdlib.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#define SONAME "libsystemd.so.0"

/* It stays: the process has one, as it has one supervisor.  NULL: it is not to be had. */
static void *
find(const char *name)
{
	static void *library;

	if (library == NULL)
		library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	return library != NULL ? dlsym(library, name) : NULL;
}

bool
sdlib_is_there(void)
{
	return find("sd_journal_sendv") != NULL;
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
bool
sdlib_is_there(void)
{
	return false;
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
