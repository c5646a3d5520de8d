/* read_config.c: see read_config.h. */
#include "read_config.h"

#include <stdlib.h>

int
tool_read_config(const struct tool *tool, const char *path, struct config_settings *settings,
    struct config_origins *origins)
{
	struct config_diags *diags = calloc(1, sizeof(*diags));
	char text[1024];
	int code = TOOL_GO;

	if (diags == NULL)
		return tool_error(tool, EXIT_INTERNAL, "out of memory");
	if (!config_file_read(path, tool->run_dir, CONFIG_NO_SECRET, settings, origins, diags)) {
		for (unsigned i = 0; i < diags->count; i++)
			tool_error(tool, EXIT_CONFIG, "%s",
			    config_diag_text(&diags->diag[i], text, sizeof(text)));
		code = EXIT_CONFIG;
	}
	free(diags);
	return code;
}
