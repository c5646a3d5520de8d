/* config_others.h: what one configuration must know of the others in its folder. */
#ifndef CONFIG_OTHERS_H
#define CONFIG_OTHERS_H

#include "config_file.h"

/*
 * Whether another file in the folder of config->path listens on its address and port (any address
 * is each one); then `path` has the first of them.  Files that cannot be read say nothing.
 */
bool config_other_listener(const struct config *config, char path[CONFIG_PATH_MAX]);
/* Whether this is no configuration, but the users-file of one in its folder. */
bool config_is_users_file(const char *path);

#endif
