/* trace_show.c: the events of a trace for people and programs. */
#include <string.h>

#include "client.h"
#include "pptp.h"
#include "trace.h"

#define FIELDS_INDENT 15
#define FIELDS_WIDTH  (100 - FIELDS_INDENT)

bool
trace_is(const json_t *event, const char *kind)
{
	const char *is = client_text(event, "kind");

	/* Before there was anything else, a daemon of then did not say it. */
	return strcmp(is[0] == '\0' ? "control" : is, kind) == 0;
}

void
trace_octets(const json_t *event, uint8_t *octets, size_t size, size_t *len)
{
	const char *hex = client_text(event, "hex");
	unsigned octet;

	for (*len = 0; *len < size && sscanf(hex, "%2x", &octet) == 1; hex += 2) {
		octets[(*len)++] = (uint8_t)octet;
		if (hex[1] == '\0')
			break;
	}
}

/* Q241252 tells the life of a tunnel in these three phases. */
static const char *
phase_of(json_int_t type)
{
	switch (type) {
	case PPTP_STOP_REQUEST:
	case PPTP_STOP_REPLY:
	case PPTP_CCR:
	case PPTP_CDN:
		return "deletion";
	case PPTP_ECHO_REQUEST:
	case PPTP_ECHO_REPLY:
	case PPTP_WEN:
	case PPTP_SLI:
		return "maintenance";
	default:
		return "creation";
	}
}

static void
show_summary(const json_t *event)
{
	if (!trace_is(event, "control"))
		return;
	fputs("PPTP Control Packet (1): ", stdout);
	text_safe(stdout, client_text(event, "summary"));
	printf(" (%d) ", (int)client_number(event, "type"));
	text_safe(stdout, client_text(event, "src"));
	putchar(' ');
	text_safe(stdout, client_text(event, "dst"));
	putchar('\n');
}

/* "Name value, Name value" broken between fields. */
static void
print_fields(const char *text)
{
	char field[2048]; /* Call Statistics: 128 octets, four each when escaped */
	size_t column = 0;

	while (*text != '\0') {
		const char *comma = strstr(text, ", ");
		size_t len = comma != NULL ? (size_t)(comma - text) + 1 : strlen(text);

		snprintf(field, sizeof(field), "%.*s", (int)len, text);
		text += comma != NULL ? len + 1 : len;
		if (column != 0 && column + 1 + len <= FIELDS_WIDTH) {
			putchar(' ');
		} else {
			printf("%s%*s", column == 0 ? "" : "\n", FIELDS_INDENT, "");
			column = 0;
		}
		text_safe(stdout, field);
		column += len + 1;
	}
	if (column != 0)
		putchar('\n');
}

/* Over the control messages of one connection; PPP goes on in all of them. */
static void
print_phase(struct trace *trace, const json_t *event)
{
	const char *phase = phase_of(client_number(event, "type"));
	unsigned connection = (unsigned)client_number(event, "connection");
	bool on = trace->tool->color_out;

	if (trace->phase == phase && trace->connection == connection)
		return;
	printf("%s%s", text_color(on, COLOR_BOLD), phase);
	if (connection > 1 || trace->connection > connection)
		printf(", connection %u", connection);
	printf("%s\n", text_color(on, COLOR_NONE));
	trace->phase = phase;
	trace->connection = connection;
}

static void
print_time(const struct trace *trace, const json_t *event)
{
	bool on = trace->tool->color_out;

	printf("%s%10.3f%s  ", text_color(on, COLOR_DIM),
	    json_number_value(json_object_get(event, "time")), text_color(on, COLOR_NONE));
}

static void
print_note(const struct trace *trace, const json_t *event)
{
	print_time(trace, event);
	printf(".. ");
	text_safe(stdout, client_text(event, "src"));
	fputs(": ", stdout);
	text_safe(stdout, client_text(event, "text"));
	putchar('\n');
}

/* "     0.010  -> NAME (7)  10.10.10.10": the other side's address. */
static void
print_head(const struct trace *trace, const json_t *event)
{
	bool out = strcmp(client_text(event, "dir"), "out") == 0;

	print_time(trace, event);
	fputs(out ? "-> " : "<- ", stdout);
	if (trace_is(event, "data")) {
		printf("data, Call ID %d", (int)client_number(event, "call_id"));
	} else if (trace_is(event, "ppp")) {
		text_safe(stdout, client_text(event, "protocol"));
		putchar(' ');
		text_safe(stdout, client_text(event, "name"));
		printf(" (%d)", (int)client_number(event, "code"));
	} else {
		text_safe(stdout, client_text(event, "name"));
		printf(" (%d)", (int)client_number(event, "type"));
	}
	fputs("  ", stdout);
	text_safe(stdout, client_text(event, out ? "dst" : "src"));
	putchar('\n');
}

static void
show_text(struct trace *trace, const json_t *event)
{
	if (trace_is(event, "note")) {
		print_note(trace, event);
		return;
	}
	if (trace_is(event, "control"))
		print_phase(trace, event);
	print_head(trace, event);
	if (trace->view == VIEW_HEX && !trace_is(event, "data"))
		trace_show_hex(event);
	else
		print_fields(client_text(event, "text"));
}

static void
show_json(struct trace *trace, const json_t *event)
{
	if (trace->one_object && trace->events > 0)
		putchar(',');
	json_dumpf(event, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
	if (!trace->one_object)
		putchar('\n');
}

void
trace_show(struct trace *trace, const json_t *event)
{
	switch (trace->view) {
	case VIEW_TEXT:
	case VIEW_HEX:
		show_text(trace, event);
		break;
	case VIEW_SUMMARY:
		show_summary(event);
		break;
	case VIEW_LADDER:
		ladder_show(trace->ladder, event);
		break;
	case VIEW_JSON:
		show_json(trace, event);
		break;
	}
	trace->events++;
	/* Whoever follows through a pipe waits for this line. */
	if (trace->follow || trace->interface != NULL)
		fflush(stdout);
}

void
trace_show_end(struct trace *trace, double now)
{
	if (trace->view == VIEW_LADDER)
		ladder_end(trace->ladder, now);
	fflush(stdout);
}
