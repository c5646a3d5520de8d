/* trace.c: `pptpeer trace`: the control messages of a running tunnel (interface.md 7). */
#include <string.h>

#include "client.h"
#include "pptp.h"
#include "tool.h"

enum {
	OPT_SUMMARY = OPT_VERB,
	OPT_JSON,
};

#define FIELDS_INDENT 15
#define FIELDS_WIDTH  (100 - FIELDS_INDENT)

const struct option_row trace_options[] = {
    {'f', "follow", "", "go on with each new message until the tunnel ends"},
    {OPT_SUMMARY, "summary", "", "one line a message, as in Microsoft's article Q241252"},
    {OPT_JSON, "json", "", "one object; with --follow one object a line for each message"},
    {0},
};

const char trace_text[] =
    "Shows the last 200 control messages, oldest first: seconds since the start, the\n"
    "direction (-> we sent it, <- it came), the message's name and number as in\n"
    "RFC 2637, then its fields.\n";

struct trace {
	struct tool *tool;
	bool follow, summary, json;
	const char *phase; /* the heading printed last */
};

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	struct trace *run = ctx;

	(void)tool, (void)arg;
	if (id == 'f')
		run->follow = true;
	else if (id == OPT_SUMMARY)
		run->summary = true;
	else
		run->json = true;
	return TOOL_GO;
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
print_summary(const json_t *event)
{
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
	char field[1024]; /* Call Statistics: 128 octets, four each when escaped */
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

static void
print_event(struct trace *run, const json_t *event)
{
	const json_t *time = json_object_get(event, "time");
	json_int_t type = client_number(event, "type");
	bool on = run->tool->color_out, out = strcmp(client_text(event, "dir"), "out") == 0;

	if (run->phase != phase_of(type)) {
		run->phase = phase_of(type);
		printf(
		    "%s%s%s\n", text_color(on, COLOR_BOLD), run->phase, text_color(on, COLOR_NONE));
	}
	printf("%s%10.3f%s  %s ", text_color(on, COLOR_DIM), json_number_value(time),
	    text_color(on, COLOR_NONE), out ? "->" : "<-");
	text_safe(stdout, client_text(event, "name"));
	printf(" (%d)  ", (int)type);
	text_safe(stdout, client_text(event, out ? "dst" : "src"));
	putchar('\n');
	print_fields(client_text(event, "text"));
}

static void
show_event(struct trace *run, const json_t *event)
{
	if (run->summary)
		print_summary(event);
	else if (run->json) {
		json_dumpf(event, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
		putchar('\n');
	} else
		print_event(run, event);
	fflush(stdout); /* whoever follows through a pipe waits for this line */
}

static void
show_answer(struct trace *run, const json_t *answer, const char *name)
{
	json_t *events = json_object_get(answer, "events");

	if (run->json && !run->follow) {
		json_t *all =
		    json_pack("{s:i, s:s, s:O}", "schema", 1, "name", name, "events", events);

		json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
		putchar('\n');
		json_decref(all);
		return;
	}
	for (size_t i = 0; i < json_array_size(events); i++)
		show_event(run, json_array_get(events, i));
}

static int
trace_socket(struct trace *run, struct client *client, const char *name)
{
	json_t *answer;
	int code = client_ask(client,
	    json_pack("{s:s, s:b}", "verb", "trace", "follow", run->follow ? 1 : 0),
	    CLIENT_TIMEOUT_MS, &answer);

	if (code != 0)
		return code;
	show_answer(run, answer, name);
	json_decref(answer);
	while (run->follow && code == 0) {
		code = client_receive(client, CLIENT_FOR_EVER, &answer);
		if (code != 0 || answer == NULL)
			break;
		if (json_is_object(json_object_get(answer, "event")))
			show_event(run, json_object_get(answer, "event"));
		json_decref(answer);
	}
	return code;
}

int
trace_run(struct tool *tool, int argc, char **argv)
{
	struct trace run = {.tool = tool};
	struct client client;
	int first, code = tool_options(tool, argc, argv, take_option, &run, &first);

	if (code != TOOL_GO)
		return code;
	if (first + 1 != argc)
		return tool_usage(tool, "it takes one NAME: which tunnel?");
	if (run.summary && run.json)
		return tool_usage(tool, "--summary and --json exclude each other.");
	code = client_open(&client, tool->run_dir, argv[first]);
	if (code == 0)
		code = trace_socket(&run, &client, argv[first]);
	if (code != 0)
		tool_error(tool, code, "%s", client.error);
	client_close(&client);
	return code;
}
