/* config_read.h: between the rooms of the configuration's reader; nobody else includes it. */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include <libconfig.h>

#include "config_file.h"

struct config_reader {
	const char *path; /* of the main file, borrowed */
	char dir[CONFIG_PATH_MAX];
	struct config_settings *settings;
	struct config_origins *origins;
	struct config_diags *diags;
	char *text; /* of the main file, owned */
};

/* Says what is wrong at a setting. */
void reader_wrong(struct config_reader *reader, const config_setting_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * Reads the main file and looks through it and all that it includes for what libconfig would not
 * tell, or end our process for.  False: it said what.
 */
bool reader_source(struct config_reader *reader);
/* One setting of the table into the settings; it says what is wrong. */
void reader_value(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at);
/* What no single line shows; `root` tells the lines. */
void reader_cross(struct config_reader *reader, const config_t *root, unsigned flags);

#endif
