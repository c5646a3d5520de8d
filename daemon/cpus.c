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

/* An attribute of the interface. */
static int
open_attribute(const char *interface, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", interface, name);
	return open(path, flags | O_CLOEXEC);
}

static bool
has_address(const char *interface, const uint8_t a[ETH_ALEN])
{
	char expected[sizeof("00:00:00:00:00:00")], found[sizeof(expected)] = "";
	int fd = open_attribute(interface, "address", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, found, sizeof(found) - 1);
	close(fd);
	snprintf(expected, sizeof(expected), "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2],
	    a[3], a[4], a[5]);
	return n > 0 && strcmp(found, expected) == 0;
}

bool
cpus_steer(const char *interface, const uint8_t address[ETH_ALEN], int cpu)
{
	char mask[CPUS_MASK_SIZE];
	ssize_t written;
	int fd;

	if (!has_address(interface, address))
		return false;
	fd = open_attribute(interface, "queues/rx-0/rps_cpus", O_WRONLY);
	if (fd < 0)
		return false;
	cpus_mask(cpu, mask);
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
