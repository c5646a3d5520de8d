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
/* status_calls.c: those of a listener. */
void status_print_calls(FILE *out, const json_t *calls);
/* status_metrics.c: an array of such objects in the text format of Prometheus; what is null is left out. */
void status_metrics(FILE *out, const json_t *tunnels);

/*
 * status_watch.c: shows `*text` again when it has changed, until a signal ends it: over the earlier one
 * on a terminal, where `repaints`; else below it, and only when `*news` has changed.  Both are new.
 * Returns an exit code.
 */
typedef bool watch_picture(void *ctx, char **text, char **news);
struct tool;
int status_watch(
    const struct tool *tool, unsigned interval_s, bool repaints, watch_picture *picture, void *ctx);

#endif
