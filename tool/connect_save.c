/* connect_save.c: `pptpeer connect ... --save NAME`: the settings of one run as NAME.conf. */
#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "read_config.h"

/* A file that is never taken for another: what is not an absolute path is made one. */
static int
keep_password_file(struct connect *run, struct config *config)
{
	char *path = realpath(run->password.path, NULL);
	int code = TOOL_GO;

	if (path == NULL)
		code = tool_error(
		    run->tool, EXIT_CONFIG, "%s: %s.", run->password.path, strerror(errno));
	else if (strlen(path) >= sizeof(config->password_path))
		code = tool_error(run->tool, EXIT_CONFIG, "%s: the path is too long.", path);
	else
		snprintf(config->password_path, sizeof(config->password_path), "%s", path);
	free(path);
	config->password_from = SECRET_FILE;
	return code;
}

/* What of this run is the tunnel's, and what was said for once only. */
static int
settings_to_save(struct connect *run, struct config_settings *settings)
{
	struct config *config = &settings->config;

	*settings = run->settings;
	config->persist = true;
	if (run->password_flag && run->password.way == PASSWORD_FILE)
		return keep_password_file(run, config);
	/* What came on standard input, or was typed, is nobody's to keep. */
	if (run->password_flag || config->password_from == SECRET_UNSET)
		config->password_from = SECRET_ASK;
	return TOOL_GO;
}

/* The key at which the file, read again, differs from what was to be saved; NULL: none. */
static const char *
difference(const struct config_settings *saved, const struct config_settings *wanted)
{
	char one[8192], other[8192];

	for (size_t i = 0; i < config_keys_count(); i++) {
		config_key_format(&config_keys[i], saved, one, sizeof(one));
		config_key_format(&config_keys[i], wanted, other, sizeof(other));
		if (strcmp(one, other) != 0)
			return config_keys[i].path;
	}
	return NULL;
}

static int
cannot(const struct connect *run, const char *path)
{
	return tool_error(run->tool,
	    errno == EACCES || errno == EPERM || errno == EROFS ? EXIT_PRIVILEGE : EXIT_SYSTEM,
	    "%s: %s.", path, strerror(errno));
}

/* Never in the place of a file that is there. */
static int
make_file(const struct connect *run, const struct config_settings *settings, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool good;
	int error;

	if (file == NULL && errno == EEXIST)
		return tool_error(run->tool, EXIT_CONFIG,
		    "%s is there already, and stays as it is: take another NAME, or remove it.",
		    path);
	if (file == NULL)
		return cannot(run, path);
	fprintf(file, "# Saved by pptpeer connect. Every key: man pptpeer.conf; pptpeer show %s\n",
	    settings->config.name);
	good = config_file_write(settings, file) && fflush(file) == 0 && fsync(fd) == 0;
	error = good ? 0 : errno;
	if (fclose(file) == 0 && good)
		return TOOL_GO;
	if (!good)
		errno = error; /* the first reason, which fclose() may have replaced */
	(void)cannot(run, path);
	unlink(path);
	return EXIT_SYSTEM;
}

/* What is saved must be what was said, or nothing is. */
static int
save(const struct connect *run, const struct config_settings *settings, const char *path)
{
	struct config_settings *again = calloc(1, sizeof(*again));
	const char *key = NULL;
	int code = again != NULL ? make_file(run, settings, path) : EXIT_INTERNAL;

	if (code == TOOL_GO) {
		code = tool_read_config(run->tool, path, again, NULL);
		if (code == TOOL_GO && (key = difference(again, settings)) != NULL)
			code = tool_error(run->tool, EXIT_CONFIG,
			    "%s cannot be saved as it is; nothing is saved.", key);
		if (code != TOOL_GO)
			unlink(path);
	}
	free(again);
	return code;
}

int
connect_save(struct connect *run)
{
	struct config_settings *settings = calloc(1, sizeof(*settings));
	char path[CONFIG_PATH_MAX];
	int code = EXIT_INTERNAL;

	if (config_path(run->tool->config_dir, run->save, path, sizeof(path)) < 0)
		code = tool_error(
		    run->tool, EXIT_CONFIG, "\"%s\" cannot be a tunnel's name.", run->save);
	else if (settings != NULL)
		code = settings_to_save(run, settings);
	if (code == TOOL_GO && run->dry_run) {
		printf("would be saved as %s:\n", path);
		config_file_write(settings, stdout);
	} else if (code == TOOL_GO) {
		code = save(run, settings, path);
		if (code == TOOL_GO && run->tool->verbose >= 0)
			printf("Saved as %s. Next time: pptpeer connect %s, or pptpeer up %s\n%s",
			    path, run->save, run->save,
			    settings->config.password_from == SECRET_ASK
				? "The password is not in it, and will be asked for "
				  "(auth.password-file is another way).\n"
				: "");
	}
	free(settings);
	return code;
}
