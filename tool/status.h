/* status.h: the text of `pptpeer status`, apart from where its object comes from. */
#ifndef STATUS_H
#define STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Prints a tunnel object of interface.md 4 in sentences.  Members that are missing, null
 * or of another kind are left out.  `now` is in seconds since 1970, as "since" is.
 */
void status_print(FILE *out, const json_t *tunnel, int64_t now, bool color);

#endif
