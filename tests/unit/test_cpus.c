/* test_cpus.c: which CPU takes what the engine writes to a TAP, and that the engine leaves it alone. */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "daemon/cpus.h"
#include "util.h"

static cpu_set_t
set_of(const int *cpus, size_t count)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < count; i++)
		CPU_SET((size_t)cpus[i], &set);
	return set;
}

static void
the_later_half_is_for_taps_in_turn(void **state)
{
	static const int five[] = {0, 2, 3, 64, 1023}, two[] = {4, 7};
	cpu_set_t allowed = set_of(five, 5);

	(void)state;
	assert_int_equal(cpus_pick(&allowed, 0), 1023);
	assert_int_equal(cpus_pick(&allowed, 1), 64);
	assert_int_equal(cpus_pick(&allowed, 2), 1023);
	allowed = set_of(two, 2);
	assert_int_equal(cpus_pick(&allowed, 0), 7);
	assert_int_equal(cpus_pick(&allowed, 1), 7);
}

static void
one_cpu_is_the_engines(void **state)
{
	static const int one[] = {3};
	cpu_set_t allowed = set_of(one, 1);

	(void)state;
	assert_int_equal(cpus_pick(&allowed, 0), CPUS_NONE);
	CPU_ZERO(&allowed);
	assert_int_equal(cpus_pick(&allowed, 0), CPUS_NONE);
}

static void
a_mask_has_one_bit_and_commas(void **state)
{
	char text[CPUS_MASK_SIZE];

	(void)state;
	cpus_mask(0, text);
	assert_string_equal(text, "1");
	cpus_mask(31, text);
	assert_string_equal(text, "80000000");
	cpus_mask(32, text);
	assert_string_equal(text, "1,00000000");
	cpus_mask(69, text);
	assert_string_equal(text, "20,00000000,00000000");
	cpus_mask(CPU_SETSIZE - 1, text);
	assert_int_equal(strlen(text), CPUS_MASK_SIZE - 1);
}

static void
a_process_keeps_off_it_but_never_off_all(void **state)
{
	cpu_set_t before, after;

	(void)state;
	assert_true(cpus_allowed(&before));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &before))
			cpus_avoid(cpu);
	assert_true(cpus_allowed(&after));
	assert_int_equal(CPU_COUNT(&after), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	if (CPU_COUNT(&before) < 2)
		return;
	cpus_avoid(cpus_pick(&before, 0));
	assert_true(cpus_allowed(&after));
	assert_int_equal(CPU_COUNT(&after), CPU_COUNT(&before) - 1);
	assert_false(CPU_ISSET((size_t)cpus_pick(&before, 0), &after));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* A network and a /sys of our own; false: not allowed to have them. */
static bool
own_sysfs(void)
{
	return unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
	       mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("sysfs", "/sys", "sysfs", 0, NULL) == 0;
}

/* The mask's last word: CPU 0 to 31. */
static unsigned long
low_cpus(const char *path)
{
	char text[CPUS_MASK_SIZE + 1], *comma;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(len > 0);
	text[len] = '\0';
	comma = strrchr(text, ',');
	return strtoul(comma == NULL ? text : comma + 1, NULL, 16);
}

static void
the_kernel_takes_the_mask_for_a_tap(void **state)
{
	static const char path[] = "/sys/class/net/steered/queues/rx-0/rps_cpus";
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = "steered"};
	uint8_t address[ETH_ALEN];
	int tap;

	(void)state;
	if (!own_sysfs())
		skip();
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	assert_true(tap >= 0);
	assert_int_equal(ioctl(tap, TUNSETIFF, &request), 0);
	assert_int_equal(low_cpus(path), 0);
	assert_int_equal(ioctl(tap, SIOCGIFHWADDR, &request), 0);
	memcpy(address, request.ifr_hwaddr.sa_data, sizeof(address));
	address[5] ^= 1; /* the name is another one's */
	assert_false(cpus_steer("steered", address, 0));
	assert_int_equal(low_cpus(path), 0);
	address[5] ^= 1;
	assert_true(cpus_steer("steered", address, 0));
	assert_int_equal(low_cpus(path), 1);
	close(tap);
	assert_false(cpus_steer("steered", address, 0)); /* it is gone with its descriptor */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_later_half_is_for_taps_in_turn),
	    cmocka_unit_test(one_cpu_is_the_engines),
	    cmocka_unit_test(a_mask_has_one_bit_and_commas),
	    cmocka_unit_test(a_process_keeps_off_it_but_never_off_all),
	    cmocka_unit_test(the_kernel_takes_the_mask_for_a_tap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
