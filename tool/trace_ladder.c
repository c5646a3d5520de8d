/*
 * trace_ladder.c: arrows between two columns, one for each side.  What was asked is kept until it is
 * answered, so that an answer that does not come can be drawn where it should have been.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "pptp.h"
#include "trace.h"

#define INNER    60   /* between the columns */
#define PATIENCE 60.0 /* s: the RFC's, for a reply (3.1.4) */
#define ASKED    64   /* that wait for an answer at a time */
#define ADDRESS  40

/* What answers what; of PPP by Code, of control messages by Control Message Type. */
struct rule {
	const char *protocol; /* NULL: any other of PPP; "": a control message */
	unsigned request, first, last;
	const char *answer;
};

static const struct rule rules[] = {
    {"", PPTP_SCCRQ, PPTP_SCCRP, PPTP_SCCRP, "Start-Control-Connection-Reply"},
    {"", PPTP_STOP_REQUEST, PPTP_STOP_REPLY, PPTP_STOP_REPLY, "Stop-Control-Connection-Reply"},
    {"", PPTP_ECHO_REQUEST, PPTP_ECHO_REPLY, PPTP_ECHO_REPLY, "Echo-Reply"},
    {"", PPTP_OCRQ, PPTP_OCRP, PPTP_OCRP, "Outgoing-Call-Reply"},
    {"", PPTP_ICRQ, PPTP_ICRP, PPTP_ICRP, "Incoming-Call-Reply"},
    {"", PPTP_ICRP, PPTP_ICCN, PPTP_ICCN, "Incoming-Call-Connected"},
    {"", PPTP_CCR, PPTP_CDN, PPTP_CDN, "Call-Disconnect-Notify"},
    {"PAP", 1, 2, 3, "Authenticate-Ack or -Nak"},
    {"CHAP", 1, 2, 2, "Response"},
    {"CHAP", 2, 3, 4, "Success or Failure"},
    {"EAP", 1, 2, 2, "Response"},
    {NULL, 1, 2, 4, "Configure-Ack, -Nak or -Reject"},
    {NULL, 5, 6, 6, "Terminate-Ack"},
    {"LCP", 9, 10, 10, "Echo-Reply"},
};

struct asked {
	const struct rule *rule; /* NULL: free */
	double time;
	bool out;
	char protocol[24], left[ADDRESS], right[ADDRESS];
	uint32_t id;
};

struct ladder {
	char left[ADDRESS], right[ADDRESS]; /* of the heading printed last */
	struct asked asked[ASKED];
};

struct ladder *
ladder_new(void)
{
	return calloc(1, sizeof(struct ladder));
}

void
ladder_free(struct ladder *ladder)
{
	free(ladder);
}

/* -------------------------------------------------------------------------------- drawing */

static void
print_heading(struct ladder *ladder, const char *left, const char *right)
{
	if (strcmp(ladder->left, left) == 0 && strcmp(ladder->right, right) == 0)
		return;
	snprintf(ladder->left, sizeof(ladder->left), "%s", left);
	snprintf(ladder->right, sizeof(ladder->right), "%s", right);
	printf("%12s%s%*s\n", "", ladder->left, (int)(INNER + 2 - strlen(ladder->left)),
	    ladder->right);
}

/* `count` octets of a pattern of two, the one at `at` of the whole first. */
static void
print_dashes(size_t at, size_t count, bool broken)
{
	for (size_t i = 0; i < count; i++)
		putchar(broken && (at + i) % 2 == 1 ? ' ' : '-');
}

/* A broken one does not arrive: "|x - - - NAME - -|". */
static void
print_arrow(double time, bool out, bool broken, const char *name)
{
	char text[INNER - 8];
	size_t len, rest;

	snprintf(text, sizeof(text), " %s ", name);
	len = strlen(text);
	rest = INNER - len - 3;
	printf("%10.3f  |", time);
	if (out) {
		print_dashes(0, 2, broken);
		text_safe(stdout, text);
		print_dashes(0, rest, broken);
		putchar(broken ? 'x' : '>');
	} else {
		putchar(broken ? 'x' : '<');
		print_dashes(1, rest, broken);
		text_safe(stdout, text);
		print_dashes(0, 2, broken);
	}
	putchar('|');
}

static void
print_missing(struct ladder *ladder, struct asked *asked, double now)
{
	print_heading(ladder, asked->left, asked->right);
	print_arrow(now, !asked->out, true, asked->rule->answer);
	printf("  none in %.3f s\n", now - asked->time);
	asked->rule = NULL;
}

static void
print_event(struct ladder *ladder, const json_t *event, bool out)
{
	const char *src = client_text(event, "src"), *dst = client_text(event, "dst");
	double time = json_number_value(json_object_get(event, "time"));
	char name[96];

	if (trace_is(event, "note") || trace_is(event, "data")) {
		printf("%10.3f  | ", time);
		text_safe(stdout, src);
		fputs(": ", stdout);
		text_safe(stdout, client_text(event, "text"));
		putchar('\n');
		return;
	}
	print_heading(ladder, out ? src : dst, out ? dst : src);
	if (trace_is(event, "ppp"))
		snprintf(name, sizeof(name), "%s %s, Identifier %d", client_text(event, "protocol"),
		    client_text(event, "name"), (int)client_number(event, "identifier"));
	else
		snprintf(name, sizeof(name), "%s (%d)", client_text(event, "name"),
		    (int)client_number(event, "type"));
	print_arrow(time, out, false, name);
	putchar('\n');
}

/* ------------------------------------------------------------------- questions and answers */

/* What a question and its answer have in common, and no other pair of the same kind. */
static uint32_t
id_of(const json_t *event, bool answer)
{
	uint8_t octets[PPTP_MAX_MSG_LEN];
	struct pptp_msg msg;
	size_t len;

	if (trace_is(event, "ppp"))
		return (uint32_t)client_number(event, "identifier");
	trace_octets(event, octets, sizeof(octets), &len);
	if (pptp_msg_decode(&msg, octets, len) != PPTP_OK)
		return 0;
	switch (msg.type) {
	case PPTP_ECHO_REQUEST:
		return msg.u.echo_request.identifier;
	case PPTP_ECHO_REPLY:
		return msg.u.echo_reply.identifier;
	case PPTP_OCRQ:
		return msg.u.ocrq.call_id;
	case PPTP_OCRP:
		return msg.u.ocrp.peers_call_id;
	case PPTP_ICRQ:
		return msg.u.icrq.call_id;
	case PPTP_ICRP:
		return answer ? msg.u.icrp.peers_call_id : msg.u.icrp.call_id;
	case PPTP_ICCN:
		return msg.u.iccn.peers_call_id;
	case PPTP_SCCRQ:
	case PPTP_SCCRP:
	case PPTP_STOP_REQUEST:
	case PPTP_STOP_REPLY:
	case PPTP_CCR: /* it has the caller's Call ID, and its answer the other one (2.13) */
	case PPTP_CDN:
	case PPTP_WEN:
	case PPTP_SLI:
		return 0;
	}
	return 0;
}

static bool
is_protocol(const struct rule *rule, const char *protocol)
{
	if (rule->protocol != NULL)
		return strcmp(rule->protocol, protocol) == 0;
	return protocol[0] != '\0' && strcmp(protocol, "PAP") != 0 &&
	       strcmp(protocol, "CHAP") != 0 && strcmp(protocol, "EAP") != 0;
}

static const char *
protocol_of(const json_t *event)
{
	return trace_is(event, "ppp") ? client_text(event, "protocol") : "";
}

static unsigned
code_of(const json_t *event)
{
	return (unsigned)client_number(event, trace_is(event, "ppp") ? "code" : "type");
}

static bool
is_between(const struct asked *asked, const char *left, const char *right)
{
	return strcmp(asked->left, left) == 0 && strcmp(asked->right, right) == 0;
}

/* Takes what this answers from the list. */
static void
answered(struct ladder *ladder, const json_t *event, bool out, const char *left, const char *right)
{
	const char *protocol = protocol_of(event);
	unsigned code = code_of(event);

	for (size_t i = 0; i < ASKED; i++) {
		struct asked *at = &ladder->asked[i];

		if (at->rule != NULL && code >= at->rule->first && code <= at->rule->last &&
		    at->out != out && strcmp(at->protocol, protocol) == 0 &&
		    is_between(at, left, right) && at->id == id_of(event, true))
			at->rule = NULL;
	}
}

/* The same question again: that which was asked before has no answer. */
static void
asks(struct ladder *ladder, const json_t *event, bool out, const char *left, const char *right)
{
	const char *protocol = protocol_of(event);
	double time = json_number_value(json_object_get(event, "time"));
	const struct rule *rule = NULL;
	struct asked *place = NULL;
	uint32_t id = id_of(event, false);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && rule == NULL; i++) {
		if (is_protocol(&rules[i], protocol) && rules[i].request == code_of(event))
			rule = &rules[i];
	}
	if (rule == NULL)
		return;
	for (size_t i = 0; i < ASKED; i++) {
		struct asked *at = &ladder->asked[i];

		if (at->rule == rule && at->out == out && at->id == id &&
		    strcmp(at->protocol, protocol) == 0 && is_between(at, left, right))
			print_missing(ladder, at, time);
		if (place == NULL ||
		    (place->rule != NULL && (at->rule == NULL || at->time < place->time)))
			place = at;
	}
	if (place->rule != NULL)
		print_missing(ladder, place, time);
	*place = (struct asked){.rule = rule, .time = time, .out = out, .id = id};
	snprintf(place->protocol, sizeof(place->protocol), "%s", protocol);
	snprintf(place->left, sizeof(place->left), "%s", left);
	snprintf(place->right, sizeof(place->right), "%s", right);
}

void
ladder_show(struct ladder *ladder, const json_t *event)
{
	bool out = strcmp(client_text(event, "dir"), "out") == 0;
	const char *left = client_text(event, out ? "src" : "dst");
	const char *right = client_text(event, out ? "dst" : "src");
	double time = json_number_value(json_object_get(event, "time"));
	bool packet = trace_is(event, "control") || trace_is(event, "ppp");

	for (size_t i = 0; i < ASKED; i++) {
		struct asked *at = &ladder->asked[i];

		if (at->rule != NULL && time - at->time > PATIENCE)
			print_missing(ladder, at, at->time + PATIENCE);
	}
	if (packet)
		answered(ladder, event, out, left, right);
	if (packet)
		asks(ladder, event, out, left, right);
	print_event(ladder, event, out);
}

void
ladder_end(struct ladder *ladder, double now)
{
	for (;;) {
		struct asked *first = NULL;

		for (size_t i = 0; i < ASKED; i++) {
			struct asked *at = &ladder->asked[i];

			if (at->rule != NULL && (first == NULL || at->time < first->time))
				first = at;
		}
		if (first == NULL)
			return;
		print_missing(ladder, first, now < first->time ? first->time : now);
	}
}
