/* main.c: pptpeer.  The verbs are in verb.c, a file for each. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

/*
 * Started without 0, 1 or 2, the first descriptors that are opened would be taken for them: a
 * socket for standard error, say.
 */
static int
open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	return fd < 0 ? -1 : close(fd);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

	if (open_standard() < 0)
		return 1;
	name = name != NULL ? name + 1 : argc > 0 ? argv[0] : "";
	return strcmp(name, "pptp") == 0 ? compat_main(argc, argv) : tool_run(argc, argv);
}
