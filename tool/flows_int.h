/*
 * flows_int.h: struct flows, for the files of this room only: flows.c (what comes from outside),
 * flows_tcp.c (control connections), flows_gre.c (PPP, and what is counted of data).
 */
#ifndef FLOWS_INT_H
#define FLOWS_INT_H

#include "daemon/trace_event.h"
#include "flows.h"
#include "pptp.h"
#include "reassemble.h"

struct side {
	struct connection *connection; /* borrows for life */
	struct stream stream;
	bool has_isn, has_ended;
	uint32_t isn;
};

struct connection {
	struct flows *flows; /* borrows for life */
	unsigned number;     /* 0: this place is free */
	bool is_over;        /* what still comes of it is nothing new */
	struct in_addr client, server;
	uint16_t client_port, server_port;
	uint64_t last;        /* when it was looked up: it counts packets */
	struct side sides[2]; /* from the client, and from the server */
};

/* One direction of a call, as GRE has it. */
struct direction {
	bool used, out;
	struct in_addr src, dst;
	uint16_t call_id;
	struct trace_counts counts;
};

struct flows {
	flows_event *event;
	void *ctx;
	int64_t time;     /* us, of the packet at hand */
	uint64_t packets; /* ever */
	unsigned connections_seen;
	uint64_t fragments;
	struct trace_counts others; /* of directions for which there was no room */
	struct direction directions[FLOWS_CALLS];
	struct direction *last; /* borrows: the one of the last packet */
	struct connection connections[FLOWS_CONNECTIONS];
};

/* Takes the reference; NULL is fine. */
void flows_emit(struct flows *flows, json_t *event, unsigned connection);
/* Of the packet at hand, s. */
double flows_seconds(const struct flows *flows);

/* flows_tcp.c */
void flows_take_tcp(struct flows *flows, const struct packet *packet);
bool flows_is_control(const struct packet *packet); /* TCP with port 1723 */
/* The newest connection between the two, whichever way; NULL: none was seen. */
const struct connection *flows_connection_between(
    const struct flows *flows, struct in_addr one, struct in_addr two);
/* What waits in each comes out. */
void flows_finish_tcp(struct flows *flows);

/* flows_gre.c */
void flows_take_gre(struct flows *flows, const struct packet *packet);
/* What was counted comes out. */
void flows_finish_gre(struct flows *flows);

#endif
