/* nearest.c: see nearest.h. */
#include "nearest.h"

#include <stdint.h>
#include <string.h>

size_t
word_distance(const char *a, const char *b)
{
	size_t row[NEAREST_MAX], lb = strlen(b);

	if (lb >= NEAREST_MAX || strlen(a) >= NEAREST_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			if (row[j - 1] + 1 < change)
				change = row[j - 1] + 1;
			if (row[j] + 1 < change)
				change = row[j] + 1;
			row[j] = change;
		}
	}
	return row[lb];
}

size_t
word_reach(size_t length)
{
	return length < 4 ? 1 : length < 8 ? 2 : 3;
}
