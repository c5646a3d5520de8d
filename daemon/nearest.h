/* nearest.h: what somebody who wrote an unknown word most likely meant. */
#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 64 /* octets of the longest word that is compared, with its NUL */

/*
 * How many letters must be put in, left out or changed to make one word of the other; a large
 * number if one of them is too long.
 */
size_t word_distance(const char *a, const char *b);
/* The greatest distance at which a word of that length still means the other. */
size_t word_reach(size_t length);

#endif
