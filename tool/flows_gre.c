/* flows_gre.c: the GRE of a capture; see flows_int.h. */
#include "flows_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Without a control connection to tell, whoever came first is on the left. */
static bool
leads_out(const struct flows *flows, const struct packet *packet)
{
	const struct connection *connection =
	    flows_connection_between(flows, packet->src, packet->dst);

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
	const struct connection *connection =
	    flows_connection_between(flows, packet->src, packet->dst);
	struct trace_way way = {
	    flows_seconds(flows), leads_out(flows, packet), packet->src, packet->dst};
	uint8_t frame[TRACE_PPP_MAX];

	if (len > sizeof(frame))
		len = sizeof(frame);
	memcpy(frame, gre->payload, len);
	pptp_ppp_hide(frame, len);
	flows_emit(flows, trace_ppp(&way, gre->call_id, frame, len),
	    connection == NULL ? 0 : connection->number);
}

void
flows_take_gre(struct flows *flows, const struct packet *packet)
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

void
flows_finish_gre(struct flows *flows)
{
	struct trace_way nowhere = {.time = flows_seconds(flows), .out = true};
	char text[128];

	for (size_t i = 0; i < FLOWS_CALLS && flows->directions[i].used; i++) {
		const struct direction *at = &flows->directions[i];
		const struct connection *connection =
		    flows_connection_between(flows, at->src, at->dst);
		struct trace_way way = {flows_seconds(flows), at->out, at->src, at->dst};

		if (at->counts.packets + at->counts.acks > 0)
			flows_emit(flows, trace_data(&way, at->call_id, &at->counts),
			    connection == NULL ? 0 : connection->number);
	}
	if (flows->others.packets + flows->others.acks > 0) {
		snprintf(text, sizeof(text),
		    "%" PRIu64 " packets of more calls are not counted apart",
		    flows->others.packets + flows->others.acks);
		flows_emit(flows, trace_note(&nowhere, text), 0);
	}
}
