/*
 * trace_event.h: one event of a trace as JSON, the same for what passes here (control.h) and for what
 * is read from a capture (tool/trace.c).
 *
 *   {"time": s, "dir": "in"|"out", "src": "1.2.3.4", "dst": "5.6.7.8", "kind": "control",
 *    "type": 7, "name": "Outgoing-Call-Request", "summary": "Outgoing Call Request",
 *    "text": "Call ID 5, ...", "hex": "00a8..."}
 *   {..., "kind": "ppp", "call_id": 5, "protocol": "LCP", "code": 1, "identifier": 1,
 *    "name": "Configure-Request", "text": "Identifier 1, MRU 1400", "hex": "c021..."}
 *
 * Of a capture only, and with "connection": 1, where it belongs to one that was seen:
 *   {..., "kind": "note", "text": "..."}     what else is to be said
 *   {..., "kind": "data", "call_id": 5, "packets": 12, "octets": 3456, "encrypted": 9, "acks": 4,
 *    "text": "12 packets, 3456 octets, ..."}    at the end: what was counted and not listed
 */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a PPP frame that are kept: no agreement is near that, but certificates in EAP. */
#define TRACE_PPP_MAX 256

struct trace_way {
	double time; /* s since the start */
	bool out;    /* from us; in a capture, from the one that opened TCP */
	struct in_addr src, dst;
};

/* Each a new reference; NULL when out of memory. */

/* NULL as well when it is none of the fifteen. */
json_t *trace_control(const struct trace_way *way, const uint8_t *octets, size_t len);
/* From the Address or Protocol field on, with its secrets hidden; `call_id` is the receiver's. */
json_t *trace_ppp(const struct trace_way *way, uint16_t call_id, const uint8_t *frame, size_t len);
struct trace_counts {
	uint64_t packets, octets, encrypted; /* of data; octets of PPP; compressed ones as well */
	uint64_t acks;                       /* packets with nothing but an acknowledgement */
};
json_t *trace_data(
    const struct trace_way *way, uint16_t call_id, const struct trace_counts *counts);
/* `text` must be printable. */
json_t *trace_note(const struct trace_way *way, const char *text);

#endif
