/* main.c: pptpeer.  The verbs are in verb.c, a file for each. */
#include <string.h>

#include "compat.h"

int
main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

	if (open_standard() < 0)
		return 1;
	name = name != NULL ? name + 1 : argc > 0 ? argv[0] : "";
	return strcmp(name, "pptp") == 0 ? compat_main(argc, argv) : tool_run(argc, argv);
}
