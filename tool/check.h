/* check.h: one configuration under `pptpeer check`; for check.c and check_unit.c only. */
#ifndef CHECK_H
#define CHECK_H

#include "daemon/config_file.h"
#include "tool.h"

struct check {
	bool offline;
	struct config_settings settings;
	struct config_origins origins;
	struct config_diags diags; /* faults */
	struct config_diags
	    warnings; /* what keeps the unit of it, but not pptpeerd, from working */
};

/* Something about a key, at the line that set it. */
void check_add(const struct check *check, struct config_diags *to, const char *path,
    const char *key, const char *text, const char *why);
/* What the sandbox of pptpeer@NAME does not allow, where systemd has that unit. */
void check_unit(const struct tool *tool, struct check *check, const char *path);

#endif
