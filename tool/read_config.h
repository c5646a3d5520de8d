/* read_config.h: a tunnel's file, for the verbs that want it right. */
#ifndef READ_CONFIG_H
#define READ_CONFIG_H

#include "daemon/config_file.h"
#include "tool.h"

/*
 * All of the file but the password, which somebody may be asked for.  TOOL_GO, or an exit code
 * after it said what is wrong, with the line.  `origins` may be NULL.
 */
int tool_read_config(const struct tool *tool, const char *path, struct config_settings *settings,
    struct config_origins *origins);

#endif
