/* pptp.c: the drop-in as a program of its own, with no more libraries than it needs. */
#include <malloc.h>

#include "compat.h"
#include "tool.h"

/*
 * Buffers of some 50 kB that are used to a small part, as most tunnels' are, come untouched from
 * the kernel and cost nothing; from the heap they would be cleared first.
 */
#define OWN_MAPPING 16384 /* octets, from which on an allocation has one */

int
main(int argc, char **argv)
{
	mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
	mallopt(M_TOP_PAD, 0); /* or the heap's first 128 kB would hold them all the same */
	return open_standard() < 0 ? COMPAT_FATAL : compat_main(argc, argv);
}
