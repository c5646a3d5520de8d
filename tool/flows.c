/* flows.c: see flows.h. */
#include "flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/trace_event.h"
#include "pptp.h"
#include "reassemble.h"

#define PROTOCOL_TCP 6
#define TCP_FIN      0x01
#define TCP_SYN      0x02
#define TCP_RST      0x04
#define TCP_ACK      0x10

struct tcp {
	uint16_t src_port, dst_port;
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *octets;
	size_t len;
};

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

static void
emit(struct flows *flows, json_t *event, unsigned connection)
{
	if (event == NULL)
		return;
	if (connection != 0)
		json_object_set_new(event, "connection", json_integer(connection));
	flows->event(flows->ctx, event, connection);
}

static double
seconds(const struct flows *flows)
{
	return flows->time < 0 ? 0 : (double)flows->time / (double)PPTP_SEC;
}

/* ---------------------------------------------------------------------------------- TCP */

static struct trace_way
way_of(const struct side *side)
{
	const struct connection *connection = side->connection;
	bool out = side == &connection->sides[0];

	return (struct trace_way){
	    .time = seconds(connection->flows),
	    .out = out,
	    .src = out ? connection->client : connection->server,
	    .dst = out ? connection->server : connection->client,
	};
}

static void
on_message(void *ctx, const uint8_t *octets, size_t len)
{
	struct side *side = ctx;
	struct trace_way way = way_of(side);

	emit(side->connection->flows, trace_control(&way, octets, len), side->connection->number);
}

static void
on_note(void *ctx, const char *text)
{
	struct side *side = ctx;
	struct trace_way way = way_of(side);

	emit(side->connection->flows, trace_note(&way, text), side->connection->number);
}

static void
connection_finish(struct connection *connection)
{
	for (size_t i = 0; i < 2; i++)
		stream_finish(&connection->sides[i].stream);
	connection->is_over = true;
}

/* A free place, or that of the one which is over or silent longest. */
static struct connection *
place_for(struct flows *flows)
{
	struct connection *best = NULL;

	for (size_t i = 0; i < FLOWS_CONNECTIONS; i++) {
		struct connection *at = &flows->connections[i];

		if (at->number == 0)
			return at;
		if (best == NULL || at->is_over > best->is_over ||
		    (at->is_over == best->is_over && at->last < best->last))
			best = at;
	}
	if (!best->is_over) {
		on_note(&best->sides[0], "there are too many connections: this one is given up");
		connection_finish(best);
	}
	for (size_t i = 0; i < 2; i++)
		stream_fini(&best->sides[i].stream);
	return best;
}

static struct connection *
connection_new(struct flows *flows, const struct packet *packet, const struct tcp *tcp)
{
	struct connection *new = place_for(flows);
	/* Port 1723 is the server's; where both have it, the first word is the client's. */
	bool answer = tcp->dst_port != PPTP_PORT ||
		      (tcp->src_port == PPTP_PORT && (tcp->flags & TCP_SYN) != 0 &&
			  (tcp->flags & TCP_ACK) != 0);
	char text[128];

	memset(new, 0, sizeof(*new));
	new->flows = flows;
	new->number = ++flows->connections_seen;
	new->client = answer ? packet->dst : packet->src;
	new->server = answer ? packet->src : packet->dst;
	new->client_port = answer ? tcp->dst_port : tcp->src_port;
	new->server_port = answer ? tcp->src_port : tcp->dst_port;
	for (size_t i = 0; i < 2; i++) {
		new->sides[i].connection = new;
		new->sides[i].stream.message = on_message;
		new->sides[i].stream.note = on_note;
		new->sides[i].stream.ctx = &new->sides[i];
	}
	snprintf(text, sizeof(text), "connection %u, from port %u to port %u%s", new->number,
	    new->client_port, new->server_port,
	    (tcp->flags & TCP_SYN) != 0 ? "" : "; its beginning is not in the capture");
	on_note(&new->sides[0], text);
	return new;
}

static struct connection *
connection_find(struct flows *flows, const struct packet *packet, const struct tcp *tcp)
{
	for (size_t i = 0; i < FLOWS_CONNECTIONS; i++) {
		struct connection *at = &flows->connections[i];

		if (at->number == 0)
			continue;
		if (at->client.s_addr == packet->src.s_addr &&
		    at->server.s_addr == packet->dst.s_addr && at->client_port == tcp->src_port &&
		    at->server_port == tcp->dst_port)
			return at;
		if (at->client.s_addr == packet->dst.s_addr &&
		    at->server.s_addr == packet->src.s_addr && at->client_port == tcp->dst_port &&
		    at->server_port == tcp->src_port)
			return at;
	}
	return NULL;
}

/* RFC 9293 3.1 */
static bool
tcp_decode(struct tcp *tcp, const struct packet *packet)
{
	const uint8_t *at = packet->payload;
	size_t header;

	if (packet->len < 20)
		return false;
	header = (size_t)(at[12] >> 4) * 4;
	if (header < 20 || header > packet->len)
		return false;
	*tcp = (struct tcp){
	    .src_port = (uint16_t)(at[0] << 8 | at[1]),
	    .dst_port = (uint16_t)(at[2] << 8 | at[3]),
	    .seq = (uint32_t)at[4] << 24 | (uint32_t)at[5] << 16 | (uint32_t)at[6] << 8 | at[7],
	    .ack = (uint32_t)at[8] << 24 | (uint32_t)at[9] << 16 | (uint32_t)at[10] << 8 | at[11],
	    .flags = at[13],
	    .octets = at + header,
	    .len = packet->len - header,
	};
	return tcp->src_port == PPTP_PORT || tcp->dst_port == PPTP_PORT;
}

static struct side *
side_of(struct connection *connection, const struct packet *packet, const struct tcp *tcp)
{
	bool from_client = connection->client.s_addr == packet->src.s_addr &&
			   connection->client_port == tcp->src_port;

	return &connection->sides[from_client ? 0 : 1];
}

/* The one that it is of; a SYN with another number begins a new one.  NULL: it is of no interest. */
static struct connection *
connection_of(struct flows *flows, const struct packet *packet, const struct tcp *tcp)
{
	struct connection *connection = connection_find(flows, packet, tcp);
	bool syn = (tcp->flags & TCP_SYN) != 0;

	if (connection != NULL && syn) {
		const struct side *side = side_of(connection, packet, tcp);

		if (side->has_isn ? side->isn != tcp->seq : side->stream.known) {
			connection_finish(connection);
			connection->number = 0; /* its streams have nothing left */
			connection = NULL;
		}
	}
	if (connection == NULL &&
	    (syn || tcp->len > 0)) /* else the last words of one that is over */
		connection = connection_new(flows, packet, tcp);
	return connection;
}

static void
take_tcp(struct flows *flows, const struct packet *packet)
{
	struct connection *connection;
	struct side *side, *other;
	struct tcp tcp;

	if (!tcp_decode(&tcp, packet))
		return;
	connection = connection_of(flows, packet, &tcp);
	if (connection == NULL || connection->is_over)
		return;
	connection->last = flows->packets;
	side = side_of(connection, packet, &tcp);
	other = &connection->sides[side == &connection->sides[0]];
	if ((tcp.flags & TCP_SYN) != 0) {
		if (!side->has_isn)
			stream_begin(&side->stream, tcp.seq);
		side->has_isn = true;
		side->isn = tcp.seq++;
	}
	if ((tcp.flags & TCP_ACK) != 0)
		stream_acknowledge(&other->stream, tcp.ack, flows->time);
	stream_take(&side->stream, tcp.seq, tcp.octets, tcp.len, packet->missing, flows->time);
	if ((tcp.flags & (TCP_FIN | TCP_RST)) != 0 && !side->has_ended) {
		side->has_ended = true;
		on_note(side,
		    (tcp.flags & TCP_RST) != 0 ? "this side resets TCP" : "this side closes TCP");
	}
	if ((tcp.flags & TCP_RST) != 0 || (side->has_ended && other->has_ended))
		connection_finish(connection);
}

/* ---------------------------------------------------------------------------------- GRE */

/* The newest connection between the two, whichever way. */
static const struct connection *
connection_between(const struct flows *flows, struct in_addr one, struct in_addr two)
{
	const struct connection *best = NULL;

	for (size_t i = 0; i < FLOWS_CONNECTIONS; i++) {
		const struct connection *at = &flows->connections[i];

		if (at->number == 0 || (best != NULL && at->number < best->number))
			continue;
		if ((at->client.s_addr == one.s_addr && at->server.s_addr == two.s_addr) ||
		    (at->client.s_addr == two.s_addr && at->server.s_addr == one.s_addr))
			best = at;
	}
	return best;
}

/* Without a control connection to tell, whoever came first is on the left. */
static bool
leads_out(const struct flows *flows, const struct packet *packet)
{
	const struct connection *connection = connection_between(flows, packet->src, packet->dst);

	if (connection != NULL)
		return connection->client.s_addr == packet->src.s_addr;
	for (size_t i = 0; i < FLOWS_CALLS && flows->directions[i].used; i++) {
		const struct direction *at = &flows->directions[i];

		if (at->src.s_addr == packet->dst.s_addr && at->dst.s_addr == packet->src.s_addr)
			return !at->out;
	}
	return true;
}

static bool
is_of(const struct direction *direction, const struct packet *packet, uint16_t call_id)
{
	return direction->used && direction->call_id == call_id &&
	       direction->src.s_addr == packet->src.s_addr &&
	       direction->dst.s_addr == packet->dst.s_addr;
}

/* NULL: there is no room for one more. */
static struct direction *
direction_of(struct flows *flows, const struct packet *packet, uint16_t call_id)
{
	size_t i = 0;

	if (flows->last != NULL && is_of(flows->last, packet, call_id))
		return flows->last;
	while (i < FLOWS_CALLS && flows->directions[i].used &&
	       !is_of(&flows->directions[i], packet, call_id))
		i++;
	if (i == FLOWS_CALLS)
		return NULL;
	if (!flows->directions[i].used)
		flows->directions[i] = (struct direction){
		    .used = true,
		    .out = leads_out(flows, packet),
		    .src = packet->src,
		    .dst = packet->dst,
		    .call_id = call_id,
		};
	flows->last = &flows->directions[i];
	return flows->last;
}

static void
take_ppp(struct flows *flows, const struct packet *packet, const struct pptp_gre *gre, size_t len)
{
	const struct connection *connection = connection_between(flows, packet->src, packet->dst);
	struct trace_way way = {seconds(flows), leads_out(flows, packet), packet->src, packet->dst};
	uint8_t frame[TRACE_PPP_MAX];

	if (len > sizeof(frame))
		len = sizeof(frame);
	memcpy(frame, gre->payload, len);
	pptp_ppp_hide(frame, len);
	emit(flows, trace_ppp(&way, gre->call_id, frame, len),
	    connection == NULL ? 0 : connection->number);
}

static void
take_gre(struct flows *flows, const struct packet *packet)
{
	struct trace_counts *counts = &flows->others;
	struct direction *direction;
	struct pptp_gre gre;
	struct pptp_ppp ppp;
	size_t len;

	if (pptp_gre_decode_cut(&gre, packet->payload, packet->len, &len) != PPTP_OK)
		return; /* of another kind */
	direction = direction_of(flows, packet, gre.call_id);
	if (direction != NULL)
		counts = &direction->counts;
	if (gre.payload == NULL) {
		counts->acks++;
	} else if (pptp_ppp_is_control(gre.payload, len)) {
		take_ppp(flows, packet, &gre, len);
	} else {
		counts->packets++;
		counts->octets += gre.payload_len;
		if (pptp_ppp_decode(&ppp, gre.payload, len) == PPTP_OK && ppp.protocol == 0x00fd)
			counts->encrypted++;
	}
}

/* ------------------------------------------------------------------------- from outside */

struct flows *
flows_new(flows_event *event, void *ctx)
{
	struct flows *flows = calloc(1, sizeof(*flows));

	if (flows == NULL)
		return NULL;
	flows->event = event;
	flows->ctx = ctx;
	return flows;
}

void
flows_free(struct flows *flows)
{
	if (flows == NULL)
		return;
	for (size_t i = 0; i < FLOWS_CONNECTIONS; i++) {
		stream_fini(&flows->connections[i].sides[0].stream);
		stream_fini(&flows->connections[i].sides[1].stream);
	}
	free(flows);
}

void
flows_take(struct flows *flows, int link_type, const uint8_t *frame, size_t len, int64_t time)
{
	struct packet packet;
	enum packet_kind kind = packet_decode(&packet, link_type, frame, len);

	flows->time = time;
	flows->packets++;
	if (kind == PACKET_FRAGMENT &&
	    (packet.protocol == PROTOCOL_TCP || packet.protocol == PPTP_GRE_IP_PROTOCOL))
		flows->fragments++;
	if (kind != PACKET_WHOLE)
		return;
	if (packet.protocol == PROTOCOL_TCP)
		take_tcp(flows, &packet);
	else if (packet.protocol == PPTP_GRE_IP_PROTOCOL)
		take_gre(flows, &packet);
}

void
flows_finish(struct flows *flows)
{
	struct trace_way nowhere = {.time = seconds(flows), .out = true};
	char text[128];

	for (size_t i = 0; i < FLOWS_CONNECTIONS; i++) {
		struct connection *at = &flows->connections[i];

		if (at->number != 0 && !at->is_over)
			connection_finish(at);
	}
	for (size_t i = 0; i < FLOWS_CALLS && flows->directions[i].used; i++) {
		const struct direction *at = &flows->directions[i];
		const struct connection *connection = connection_between(flows, at->src, at->dst);
		struct trace_way way = {seconds(flows), at->out, at->src, at->dst};

		if (at->counts.packets + at->counts.acks > 0)
			emit(flows, trace_data(&way, at->call_id, &at->counts),
			    connection == NULL ? 0 : connection->number);
	}
	if (flows->others.packets + flows->others.acks > 0) {
		snprintf(text, sizeof(text), "%llu packets of more calls are not counted apart",
		    (unsigned long long)(flows->others.packets + flows->others.acks));
		emit(flows, trace_note(&nowhere, text), 0);
	}
	if (flows->fragments > 0) {
		snprintf(text, sizeof(text),
		    "%llu fragments of packets are left out: they are not put together",
		    (unsigned long long)flows->fragments);
		emit(flows, trace_note(&nowhere, text), 0);
	}
}

#define DATA_SHOWN 4 /* octets: Address, Control and Protocol, or MPPE's header (RFC 3078 3.1) */

size_t
flows_cleaned(int link_type, uint8_t *frame, size_t len)
{
	struct packet packet;
	struct pptp_gre gre;
	struct tcp tcp;
	size_t there;

	if (packet_decode(&packet, link_type, frame, len) != PACKET_WHOLE)
		return 0;
	if (packet.protocol == PROTOCOL_TCP)
		return tcp_decode(&tcp, &packet) ? len : 0;
	if (packet.protocol != PPTP_GRE_IP_PROTOCOL ||
	    pptp_gre_decode_cut(&gre, packet.payload, packet.len, &there) != PPTP_OK)
		return 0;
	if (gre.payload == NULL)
		return len;
	if (pptp_ppp_is_control(gre.payload, there))
		pptp_ppp_hide(frame + (gre.payload - frame), there);
	else if (there > DATA_SHOWN)
		there = DATA_SHOWN;
	return (size_t)(gre.payload - frame) + there;
}
