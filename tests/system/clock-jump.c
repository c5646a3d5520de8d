/*
 * clock-jump.c: for LD_PRELOAD: once the file $CLOCK_JUMP exists, this machine has slept for an hour,
 * which no test can make it do.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	const char *path = getenv("CLOCK_JUMP");
	int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (rc == 0 && clock == CLOCK_BOOTTIME && path != NULL && access(path, F_OK) == 0)
		now->tv_sec += 3600;
	return rc;
}
