/* systemd.c: tunnels that are units of systemd, asked by systemctl; see tunnel.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tunnel.h"

#define UNIT_MAX 256 /* octets of a unit's name, systemd.unit(5) */

/* With `out`, what it prints goes there and its errors nowhere. */
static int
run(const char *const argv[], char *out, size_t size)
{
	int fds[2] = {-1, -1}, status;
	size_t len = 0;
	ssize_t n;

	if (out != NULL && pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		if (out != NULL) {
			int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			dup2(fds[1], STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
		}
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	if (out != NULL) {
		close(fds[1]);
		while (len + 1 < size && (n = read(fds[0], out + len, size - 1 - len)) != 0) {
			if (n < 0 && errno != EINTR)
				break;
			len += n > 0 ? (size_t)n : 0;
		}
		out[len] = '\0';
		close(fds[0]);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
program_run(const char *const argv[])
{
	return run(argv, NULL, 0);
}

/* "pptpeer@NAME"; false for a name that systemd would want escaped. */
static bool
unit_name(const char *name, char *unit, size_t size)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789:_.-";
	int len = snprintf(unit, size, "pptpeer@%s.service", name);

	return tunnel_name_ok(name) && name[strspn(name, good)] == '\0' && len > 0 &&
	       (size_t)len < size;
}

/* One property of the unit; false if systemd has nothing to say here. */
static bool
unit_property(
    const struct tool *tool, const char *name, const char *property, char *said, size_t size)
{
	char unit[UNIT_MAX];
	const char *argv[] = {"systemctl", "show", "--value", "-p", property, "--", unit, NULL};
	struct stat st;

	if (stat("/run/systemd/system", &st) != 0 || !S_ISDIR(st.st_mode) ||
	    strcmp(tool->run_dir, DEFAULT_RUN_DIR) != 0 ||
	    strcmp(tool->config_dir, CONFIG_DIR) != 0 || !unit_name(name, unit, sizeof(unit)) ||
	    run(argv, said, size) != 0)
		return false;
	said[strcspn(said, "\n")] = '\0';
	return true;
}

static bool
unit_is(const struct tool *tool, const char *name, const char *property, const char *const values[])
{
	char said[64];

	if (!unit_property(tool, name, property, said, sizeof(said)))
		return false;
	for (; *values != NULL; values++)
		if (strcmp(said, *values) == 0)
			return true;
	return false;
}

bool
systemd_has(const struct tool *tool, const char *name)
{
	return unit_is(tool, name, "LoadState", (const char *const[]){"loaded", NULL});
}

bool
systemd_forbids(const struct tool *tool, const char *name, char *buf, size_t size)
{
	char said[64];

	if (!unit_property(tool, name, "LoadState", said, sizeof(said)) ||
	    strcmp(said, "loaded") == 0 || strcmp(said, "not-found") == 0)
		return false;
	if (strcmp(said, "masked") == 0)
		snprintf(buf, size, "its unit is masked. Next: systemctl unmask pptpeer@%s", name);
	else
		snprintf(buf, size,
		    "systemd cannot use its unit (%s). Next: systemctl status pptpeer@%s", said,
		    name);
	return true;
}

bool
systemd_runs(const struct tool *tool, const char *name)
{
	/* "activating" is also one that waits for its restart (auto-restart) */
	return unit_is(tool, name, "ActiveState",
	    (const char *const[]){"active", "activating", "reloading", "deactivating", NULL});
}

int
systemd_do(const char *verb, const char *name)
{
	char unit[UNIT_MAX];

	if (!unit_name(name, unit, sizeof(unit)))
		return -1;
	return program_run((const char *const[]){"systemctl", verb, "--", unit, NULL});
}

int
systemd_exit_code(void)
{
	return geteuid() != 0 ? EXIT_PRIVILEGE : EXIT_INTERNAL;
}
