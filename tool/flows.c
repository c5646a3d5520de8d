/* flows.c: see flows.h. */
#include "flows_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL_TCP 6

void
flows_emit(struct flows *flows, json_t *event, unsigned connection)
{
	if (event == NULL)
		return;
	if (connection != 0)
		json_object_set_new(event, "connection", json_integer(connection));
	flows->event(flows->ctx, event, connection);
}

double
flows_seconds(const struct flows *flows)
{
	return flows->time < 0 ? 0 : (double)flows->time / (double)PPTP_SEC;
}

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
		flows_take_tcp(flows, &packet);
	else if (packet.protocol == PPTP_GRE_IP_PROTOCOL)
		flows_take_gre(flows, &packet);
}

void
flows_finish(struct flows *flows)
{
	struct trace_way nowhere = {.time = flows_seconds(flows), .out = true};
	char text[128];

	flows_finish_tcp(flows);
	flows_finish_gre(flows);
	if (flows->fragments > 0) {
		snprintf(text, sizeof(text),
		    "%" PRIu64 " fragments of packets are left out: they are not put together",
		    flows->fragments);
		flows_emit(flows, trace_note(&nowhere, text), 0);
	}
}

#define DATA_SHOWN 4 /* octets: Address, Control and Protocol, or MPPE's header (RFC 3078 3.1) */

size_t
flows_cleaned(int link_type, uint8_t *frame, size_t len)
{
	struct packet packet;
	struct pptp_gre gre;
	size_t there;

	if (packet_decode(&packet, link_type, frame, len) != PACKET_WHOLE)
		return 0;
	if (packet.protocol == PROTOCOL_TCP)
		return flows_is_control(&packet) ? len : 0;
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
