/*
 * trace.h: the rooms of `pptpeer trace`.  Events (daemon/trace_event.h) come from the socket of a tunnel
 * (trace.c) or from packets (trace_capture.c, by flows.h), and are shown in one of five ways.
 */
#ifndef TRACE_H
#define TRACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "tool.h"

enum trace_view {
	VIEW_TEXT,
	VIEW_SUMMARY,
	VIEW_LADDER,
	VIEW_JSON,
	VIEW_HEX,
};

struct ladder;
struct synth;

struct trace {
	struct tool *tool;
	enum trace_view view;
	bool follow, one_object;              /* of JSON: else an object a line */
	const char *file, *interface, *write; /* borrow argv; NULL: none */
	const char *phase;                    /* the heading printed last */
	unsigned connection;                  /* of the event printed last */
	size_t events;                        /* printed */
	struct ladder *ladder;                /* owns */
	struct synth *synth;                  /* owns; NULL: none is written, or real packets are */
};

/* trace_show.c: the events, one after the other, then the end; `now` is when that is, s. */
void trace_show(struct trace *trace, const json_t *event);
void trace_show_end(struct trace *trace, double now);
bool trace_is(const json_t *event, const char *kind);
/* Its octets; *len becomes their number, at most `size`. */
void trace_octets(const json_t *event, uint8_t *octets, size_t size, size_t *len);

/* trace_hex.c */
void trace_show_hex(const json_t *event);

/* trace_ladder.c */
struct ladder *ladder_new(void); /* NULL when out of memory */
void ladder_free(struct ladder *ladder);
void ladder_show(struct ladder *ladder, const json_t *event);
/* What was asked and not answered by then. */
void ladder_end(struct ladder *ladder, double now);

/* trace_synth.c: packets made up for the messages of a tunnel */
struct synth *synth_new(const char *path, char *error, size_t size); /* NULL: it is said why */
void synth_free(struct synth *synth);                                /* NULL is fine */
/* The time of the events is this now. */
void synth_now(struct synth *synth, double now);
void synth_write(struct synth *synth, const json_t *event);
/* False: not all of it is in the file; errno. */
bool synth_finish(struct synth *synth);

/* trace_capture.c: a file or an interface.  Exit code; it has said why. */
int trace_capture(struct trace *trace);

#endif
