/* trace_event.c: see trace_event.h. */
#include "trace_event.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pptp.h"

#define TEXT_MAX 2048 /* 256 octets, four each when escaped, and words */

static json_t *
way_json(const struct trace_way *way, const char *kind)
{
	char src[INET_ADDRSTRLEN], dst[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &way->src, src, sizeof(src));
	inet_ntop(AF_INET, &way->dst, dst, sizeof(dst));
	return json_pack("{s:f, s:s, s:s, s:s, s:s}", "time", way->time, "dir",
	    way->out ? "out" : "in", "src", src, "dst", dst, "kind", kind);
}

static json_t *
hex_json(const uint8_t *octets, size_t len)
{
	char *hex = malloc(2 * len + 1);
	json_t *json;

	if (hex == NULL)
		return NULL;
	hex[0] = '\0';
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", octets[i]);
	json = json_string(hex);
	free(hex);
	return json;
}

/* Takes both references; both or none become the event. */
static json_t *
joined(json_t *event, json_t *more)
{
	if (event == NULL || more == NULL || json_object_update(event, more) != 0) {
		json_decref(event);
		event = NULL;
	}
	json_decref(more);
	return event;
}

json_t *
trace_control(const struct trace_way *way, const uint8_t *octets, size_t len)
{
	struct pptp_msg msg;
	char text[TEXT_MAX];

	if (pptp_msg_decode(&msg, octets, len) != PPTP_OK)
		return NULL;
	pptp_msg_print(&msg, text, sizeof(text));
	return joined(way_json(way, "control"),
	    json_pack("{s:i, s:s, s:s, s:s, s:o}", "type", (int)msg.type, "name",
		pptp_msg_name(msg.type), "summary", pptp_msg_summary_name(msg.type), "text", text,
		"hex", hex_json(octets, len)));
}

json_t *
trace_ppp(const struct trace_way *way, uint16_t call_id, const uint8_t *frame, size_t len)
{
	struct pptp_ppp ppp;
	char text[TEXT_MAX];

	if (pptp_ppp_decode(&ppp, frame, len) != PPTP_OK)
		return NULL;
	pptp_ppp_print(frame, len, text, sizeof(text));
	return joined(way_json(way, "ppp"),
	    json_pack("{s:i, s:s, s:i, s:i, s:s, s:s, s:o}", "call_id", call_id, "protocol",
		pptp_ppp_protocol_name(ppp.protocol), "code", ppp.code, "identifier",
		ppp.identifier, "name", pptp_ppp_code_name(ppp.protocol, ppp.code), "text", text,
		"hex", hex_json(frame, len)));
}

json_t *
trace_data(const struct trace_way *way, uint16_t call_id, const struct trace_counts *counts)
{
	char text[160];

	snprintf(text, sizeof(text),
	    "Packets %" PRIu64 ", Octets %" PRIu64 ", Encrypted or compressed %" PRIu64
	    ", Acknowledgements %" PRIu64,
	    counts->packets, counts->octets, counts->encrypted, counts->acks);
	return joined(way_json(way, "data"),
	    json_pack("{s:i, s:I, s:I, s:I, s:I, s:s}", "call_id", call_id, "packets",
		(json_int_t)counts->packets, "octets", (json_int_t)counts->octets, "encrypted",
		(json_int_t)counts->encrypted, "acks", (json_int_t)counts->acks, "text", text));
}

json_t *
trace_note(const struct trace_way *way, const char *text)
{
	return joined(way_json(way, "note"), json_pack("{s:s}", "text", text));
}
