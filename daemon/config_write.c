/* config_write.c: settings as a file again; see config_file.h. */
#include "config_file.h"

#include <string.h>

/* "};" of the section before, and the next one's head: a key "dial.server" is in "dial". */
static void
change_section(FILE *out, const char **open, const char *path)
{
	const char *dot = strchr(path, '.');
	size_t len = dot != NULL ? (size_t)(dot - path) : 0;

	if (*open != NULL && strncmp(*open, path, len + 1) == 0 && len != 0)
		return;
	if (*open != NULL)
		fputs("};\n", out);
	*open = NULL;
	if (len == 0)
		return;
	fprintf(out, "%.*s: {\n", (int)len, path);
	*open = path;
}

bool
config_file_write(const struct config_settings *settings, FILE *out)
{
	static struct config_settings standard;
	static char value[CONFIG_VALUE], default_value[CONFIG_VALUE];
	const char *open = NULL;

	memset(&standard, 0, sizeof(standard));
	config_file_defaults(&standard.config);
	for (size_t i = 0; i < config_keys_count(); i++) {
		const struct config_key *key = &config_keys[i];

		if (key->size == 0)
			continue; /* nothing but its default is possible */
		config_key_format(key, settings, value, sizeof(value));
		config_key_format(key, &standard, default_value, sizeof(default_value));
		if (strcmp(value, default_value) == 0)
			continue;
		change_section(out, &open, key->path);
		fprintf(out, "%s%s = %s;\n", open != NULL ? "  " : "",
		    open != NULL ? strchr(key->path, '.') + 1 : key->path, value);
	}
	if (open != NULL)
		fputs("};\n", out);
	return ferror(out) == 0;
}
