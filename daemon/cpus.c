/* cpus.c: see cpus.h. */
#include "cpus.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORD_CPUS 32 /* of a mask's words, which commas part; the last one has CPU 0 */

int
cpus_pick(const cpu_set_t *allowed, unsigned number)
{
	unsigned count = (unsigned)CPU_COUNT(allowed), left;

	if (count < 2)
		return CPUS_NONE;
	left = number % (count / 2);
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET((size_t)cpu, allowed) && left-- == 0)
			return cpu;
	return CPUS_NONE;
}

void
cpus_mask(int cpu, char text[CPUS_MASK_SIZE])
{
	int len = snprintf(text, CPUS_MASK_SIZE, "%x", 1U << cpu % WORD_CPUS);

	for (int word = cpu / WORD_CPUS; word > 0; word--)
		len += snprintf(text + len, CPUS_MASK_SIZE - (size_t)len, ",00000000");
}

bool
cpus_steer(const char *interface, int cpu)
{
	char path[64], mask[CPUS_MASK_SIZE];
	ssize_t written;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-0/rps_cpus", interface);
	cpus_mask(cpu, mask);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	written = write(fd, mask, strlen(mask));
	close(fd);
	return written == (ssize_t)strlen(mask);
}

bool
cpus_allowed(cpu_set_t *allowed)
{
	CPU_ZERO(allowed);
	return sched_getaffinity(0, sizeof(*allowed), allowed) == 0;
}

void
cpus_avoid(int cpu)
{
	cpu_set_t allowed;

	if (!cpus_allowed(&allowed) || CPU_COUNT(&allowed) < 2)
		return;
	CPU_CLR((size_t)cpu, &allowed);
	sched_setaffinity(0, sizeof(allowed), &allowed);
}
