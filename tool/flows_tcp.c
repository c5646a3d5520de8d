/* flows_tcp.c: the control connections of a capture; see flows_int.h. */
#include "flows_int.h"

#include <stdio.h>
#include <string.h>

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct tcp {
	uint16_t src_port, dst_port;
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *octets;
	size_t len;
};

static struct trace_way
way_of(const struct side *side)
{
	const struct connection *connection = side->connection;
	bool out = side == &connection->sides[0];

	return (struct trace_way){
	    .time = flows_seconds(connection->flows),
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

	flows_emit(
	    side->connection->flows, trace_control(&way, octets, len), side->connection->number);
}

static void
on_note(void *ctx, const char *text)
{
	struct side *side = ctx;
	struct trace_way way = way_of(side);

	flows_emit(side->connection->flows, trace_note(&way, text), side->connection->number);
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

void
flows_take_tcp(struct flows *flows, const struct packet *packet)
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

bool
flows_is_control(const struct packet *packet)
{
	struct tcp tcp;

	return tcp_decode(&tcp, packet);
}

const struct connection *
flows_connection_between(const struct flows *flows, struct in_addr one, struct in_addr two)
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

void
flows_finish_tcp(struct flows *flows)
{
	for (size_t i = 0; i < FLOWS_CONNECTIONS; i++) {
		struct connection *at = &flows->connections[i];

		if (at->number != 0 && !at->is_over)
			connection_finish(at);
	}
}
