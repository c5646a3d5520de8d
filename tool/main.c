/* main.c: pptpeer.  The verbs are in verb.c, a file for each. */
#include "tool.h"

int
main(int argc, char **argv)
{
	return tool_run(argc, argv);
}
