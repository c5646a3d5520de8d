/* check_unit.c: a configuration that is right, in the sandbox of systemd/pptpeer@.service. */
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "tunnel.h"

#define LOGS "/var/log/pptpeer/" /* LogsDirectory= */

/* The folder of the unit's own that lies over the one in which `path` is, or NULL. */
static const char *
hidden(const char *path)
{
	static const char *const folders[] = {
	    "/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			return folders[i];
	}
	return NULL;
}

static void
warn(struct check *check, const char *path, const char *key, const char *file, const char *why)
{
	char text[CONFIG_PATH_MAX + 32];

	snprintf(text, sizeof(text), "warning: %s", file);
	check_add(check, &check->warnings, path, key, text, why);
}

static void
look_at(struct check *check, const char *path, const char *key, const char *file)
{
	const char *folder = hidden(file);
	char why[64];

	if (folder == NULL)
		return;
	snprintf(why, sizeof(why), "under systemd nothing is in %s", folder);
	warn(check, path, key, file, why);
}

void
check_unit(const struct tool *tool, struct check *check, const char *path)
{
	const struct config *config = &check->settings.config;
	size_t len = strlen(tool->config_dir);
	struct stat st;

	if (strncmp(path, tool->config_dir, len) != 0 || path[len] != '/' ||
	    !systemd_has(tool, config->name))
		return;
	if (config->password_from == SECRET_FILE) {
		look_at(check, path, "auth.password-file", config->password_path);
		if (stat(config->password_path, &st) == 0 && st.st_uid != 0)
			warn(check, path, "auth.password-file", config->password_path,
			    "under systemd it cannot be read, as it is not root's; chown it");
	}
	if (config->password_from == SECRET_COMMAND)
		look_at(check, path, "auth.password-command", config->password_command.word[0]);
	if (config->log_target == LOG_TO_FILE && strncmp(config->log_path, LOGS, strlen(LOGS)) != 0)
		warn(check, path, "log.target", config->log_path,
		    "under systemd a log file can be written in " LOGS
		    " only, unless a drop-in opens another folder");
}
