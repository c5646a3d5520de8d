/*
 * flows.h: the packets of a capture become the events of a trace (daemon/trace_event.h), several tunnels
 * at once.  Of data only the number is kept.  Memory is bounded whatever comes.
 */
#ifndef FLOWS_H
#define FLOWS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define FLOWS_CONNECTIONS 256 /* at once; one more, and the one that was silent longest goes */
#define FLOWS_CALLS       256 /* directions of calls whose data is counted apart */

struct flows;

/* Takes the reference.  `connection` counts from 1; 0: it belongs to none that was seen. */
typedef void flows_event(void *ctx, json_t *event, unsigned connection);

/* NULL when out of memory. */
struct flows *flows_new(flows_event *event, void *ctx);
void flows_free(struct flows *flows); /* NULL is fine */
/* `time`: us since the first packet. */
void flows_take(struct flows *flows, int link_type, const uint8_t *frame, size_t len, int64_t time);
/* No more comes: what waited comes out, and then what was counted. */
void flows_finish(struct flows *flows);
/*
 * How much of a frame may be written to a file: secrets in it are hidden, and what is cut off is the
 * contents of data.  0: nothing of it, as it is of no tunnel.
 */
size_t flows_cleaned(int link_type, uint8_t *frame, size_t len);

#endif
