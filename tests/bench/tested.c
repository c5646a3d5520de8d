/* tested.c: the processes of the program under test: CPU, system calls, memory. */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

#define TRACEPOINT "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id"

static bool
same_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static FILE *
open_proc(int pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

void
tested_find(const char *netns, struct tested *tested)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	tested->count = 0;
	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		char net[PATH_MAX], exe[PATH_MAX];
		int pid = atoi(entry->d_name);

		if (pid <= 0 || tested->count == sizeof(tested->pids) / sizeof(tested->pids[0]))
			continue;
		snprintf(net, sizeof(net), "/proc/%d/ns/net", pid);
		snprintf(exe, sizeof(exe), "/proc/%d/exe", pid);
		if (same_file(net, netns) && !same_file(exe, "/proc/self/exe")) {
			tested->calls[tested->count] = -1;
			tested->pids[tested->count++] = pid;
		}
	}
	if (proc != NULL)
		closedir(proc);
}

/* Through perf's tracepoint: ptrace would slow the program down and change its batches. */
void
tested_count_calls(struct tested *tested, bool on)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr)};
	FILE *file = fopen(TRACEPOINT, "re");
	unsigned long long id = 0;

	if (file != NULL) {
		if (fscanf(file, "%llu", &id) != 1)
			id = 0;
		fclose(file);
	}
	attr.config = id;
	for (size_t i = 0; i < tested->count; i++) {
		if (tested->calls[i] >= 0)
			close(tested->calls[i]);
		tested->calls[i] = -1;
		if (on && id != 0)
			tested->calls[i] = (int)syscall(SYS_perf_event_open, &attr, tested->pids[i],
			    -1, -1, PERF_FLAG_FD_CLOEXEC);
	}
}

static void
add_cpu(int pid, struct usage *usage)
{
	unsigned long long run = 0;
	unsigned long user = 0, system = 0;
	long hz = sysconf(_SC_CLK_TCK);
	char line[1024], *name_end;
	FILE *file = open_proc(pid, "schedstat");

	if (file == NULL || fscanf(file, "%llu", &run) != 1)
		errx(125, "the program under test has ended");
	fclose(file);
	usage->cpu += run;
	file = open_proc(pid, "stat");
	if (file == NULL || fgets(line, sizeof(line), file) == NULL ||
	    (name_end = strrchr(line, ')')) == NULL ||
	    sscanf(name_end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		&system) != 2)
		errx(125, "the program under test has ended");
	fclose(file);
	usage->user += user * (1000000000UL / (unsigned long)hz);
	usage->system += system * (1000000000UL / (unsigned long)hz);
}

/* Of all processors: what was not idle (proc(5), /proc/stat). */
static uint64_t
machine_cpu(void)
{
	unsigned long long user = 0, nice = 0, system = 0, irq = 0, softirq = 0, steal = 0;
	FILE *file = fopen("/proc/stat", "re");
	struct timespec own;

	if (file == NULL || fscanf(file, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice,
				&system, &irq, &softirq, &steal) != 6)
		err(125, "/proc/stat");
	fclose(file);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	return (user + nice + system + irq + softirq + steal) *
		   (1000000000ULL / (unsigned long)sysconf(_SC_CLK_TCK)) -
	       ((uint64_t)own.tv_sec * 1000000000 + (uint64_t)own.tv_nsec);
}

void
tested_usage(const struct tested *tested, struct usage *usage)
{
	memset(usage, 0, sizeof(*usage));
	usage->calls_known = tested->count > 0;
	for (size_t i = 0; i < tested->count; i++) {
		uint64_t calls = 0;

		add_cpu(tested->pids[i], usage);
		if (tested->calls[i] < 0 ||
		    read(tested->calls[i], &calls, sizeof(calls)) != sizeof(calls))
			usage->calls_known = false;
		usage->calls += calls;
	}
	usage->others = machine_cpu() - usage->cpu;
}

void
tested_print_memory(const struct tested *tested)
{
	const char *comma = "";

	printf("{\"memory\": [");
	for (size_t i = 0; i < tested->count; i++) {
		long pss = 0, rss = 0, dirty = 0;
		char line[256], name[32] = "";
		FILE *file = open_proc(tested->pids[i], "comm");

		if (file != NULL && fgets(name, sizeof(name), file) != NULL)
			name[strcspn(name, "\n")] = '\0';
		if (file != NULL)
			fclose(file);
		file = open_proc(tested->pids[i], "smaps_rollup");
		while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
			if (sscanf(line, "Pss: %ld", &pss) == 1 ||
			    sscanf(line, "Rss: %ld", &rss) == 1 ||
			    sscanf(line, "Private_Dirty: %ld", &dirty) == 1)
				continue;
		}
		if (file != NULL)
			fclose(file);
		printf("%s{\"pid\": %d, \"name\": \"%s\", \"pss_kb\": %ld, \"rss_kb\": %ld, "
		       "\"dirty_kb\": %ld}",
		    comma, tested->pids[i], name, pss, rss, dirty);
		comma = ", ";
	}
	printf("]}\n");
}
