/* config_others.c: see config_others.h. */
#include "config_others.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool
same_file(const char *one, const char *two)
{
	struct stat first, second;

	return stat(one, &first) == 0 && stat(two, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static bool
same_door(const struct config *one, const struct config *two)
{
	in_addr_t any = htonl(INADDR_ANY);

	return one->listen_port == two->listen_port &&
	       (one->listen_address.s_addr == any || two->listen_address.s_addr == any ||
		   one->listen_address.s_addr == two->listen_address.s_addr);
}

/* What each other file in a folder is looked at for. */
typedef bool fits_fn(const struct config *other, const void *ctx);

static bool
listens_there(const struct config *other, const void *ctx)
{
	return other->role != ROLE_DIAL && same_door(other, ctx);
}

static bool
has_users_file(const struct config *other, const void *ctx)
{
	return other->users_file[0] != '\0' && same_file(other->users_file, ctx);
}

/* What is wrong with the file is no matter here. */
static bool
file_fits(const char *path, fits_fn *fits, const void *ctx)
{
	struct config_settings *settings = calloc(1, sizeof(*settings));
	struct config_diags *diags = calloc(1, sizeof(*diags));
	bool found = false;

	if (settings != NULL && diags != NULL) {
		config_file_read(
		    path, NULL, CONFIG_NO_SECRET | CONFIG_OFFLINE, settings, NULL, diags);
		found = fits(&settings->config, ctx);
	}
	free(settings);
	free(diags);
	return found;
}

static int
is_config(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

/* The first other file in the folder of `self` that fits. */
static bool
find_other(const char *self, fits_fn *fits, const void *ctx, char path[CONFIG_PATH_MAX])
{
	const char *slash = strrchr(self, '/');
	size_t len = slash != NULL ? (size_t)(slash - self) + 1 : 0;
	char dir[CONFIG_PATH_MAX] = ".";
	struct dirent **entries;
	bool found = false;
	int count;

	if (len >= sizeof(dir))
		return false;
	if (len != 0) {
		memcpy(dir, self, len);
		dir[len] = '\0';
	}
	count = scandir(dir, &entries, is_config, alphasort);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (!found && len + strlen(name) < CONFIG_PATH_MAX) {
			memcpy(path, self, len);
			memcpy(path + len, name, strlen(name) + 1);
			found = !same_file(path, self) && file_fits(path, fits, ctx);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free((void *)entries);
	return found;
}

bool
config_other_listener(const struct config *config, char path[CONFIG_PATH_MAX])
{
	return find_other(config->path, listens_there, config, path);
}

bool
config_is_users_file(const char *path)
{
	char other[CONFIG_PATH_MAX];

	return find_other(path, has_users_file, path, other);
}
