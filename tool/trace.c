/* trace.c: `pptpeer trace`: what two peers say to each other (interface.md 7). */
#include "trace.h"

#include <string.h>

#include "client.h"
#include "pptp.h"

enum {
	OPT_SUMMARY = OPT_VERB,
	OPT_LADDER,
	OPT_JSON,
	OPT_HEX,
};

const struct option_row trace_options[] = {
    {'r', "read", "FILE", "from a capture, pcap or pcapng, instead of a tunnel"},
    {'i', "interface", "IFACE", "from what passes an interface, until Ctrl-C; needs root"},
    {'f', "follow", "", "of a tunnel: go on with each new message until it ends"},
    {OPT_SUMMARY, "summary", "", "one line a message, as in Microsoft's article Q241252"},
    {OPT_LADDER, "ladder", "",
	"arrows between two columns; a broken one is an answer that did not come"},
    {OPT_JSON, "json", "", "one object; with --follow and --interface one a line for each message"},
    {OPT_HEX, "hex", "", "the octets, with the RFC's names of the fields"},
    {'w', "write", "FILE", "with -r or -i: the packets too, secrets hidden, data cut off"},
    {0},
};

const char trace_text[] =
    "Shows the last 200 control messages of a tunnel and what PPP agreed on, or those in\n"
    "a capture, oldest first: seconds since the start, the direction (-> we sent it, or\n"
    "the one that opened TCP did; <- it came), the message's name and number as in\n"
    "RFC 2637 or PPP's, then its fields.  Passwords and what is made of them are hidden.\n";

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	static const enum trace_view views[] = {
	    VIEW_SUMMARY, VIEW_LADDER, VIEW_JSON, VIEW_HEX}; /* as the options */
	struct trace *trace = ctx;

	switch (id) {
	case 'f':
		trace->follow = true;
		return TOOL_GO;
	case 'r':
		trace->file = arg;
		return TOOL_GO;
	case 'i':
		trace->interface = arg;
		return TOOL_GO;
	case 'w':
		trace->write = arg;
		return TOOL_GO;
	default:
		break;
	}
	if (trace->view != VIEW_TEXT && trace->view != views[id - OPT_SUMMARY])
		return tool_usage(
		    tool, "--summary, --ladder, --json and --hex exclude each other.");
	trace->view = views[id - OPT_SUMMARY];
	return TOOL_GO;
}

static double
last_time(const json_t *events)
{
	size_t count = json_array_size(events);

	return count == 0
		   ? 0
		   : json_number_value(json_object_get(json_array_get(events, count - 1), "time"));
}

static double
show_answer(struct trace *trace, const json_t *answer, const char *name)
{
	json_t *events = json_object_get(answer, "events");
	const json_t *now = json_object_get(answer, "now");

	trace->one_object = trace->view == VIEW_JSON && !trace->follow;
	if (trace->one_object) {
		json_t *all =
		    json_pack("{s:i, s:s, s:O}", "schema", 1, "name", name, "events", events);

		json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
		putchar('\n');
		json_decref(all);
		return 0;
	}
	for (size_t i = 0; i < json_array_size(events); i++)
		trace_show(trace, json_array_get(events, i));
	return json_is_number(now) ? json_number_value(now) : last_time(events);
}

static int
trace_socket(struct trace *trace, struct client *client, const char *name)
{
	double now;
	json_t *answer;
	int code = client_ask(client,
	    json_pack("{s:s, s:b}", "verb", "trace", "follow", trace->follow ? 1 : 0),
	    CLIENT_TIMEOUT_MS, &answer);

	if (code != 0)
		return code;
	now = show_answer(trace, answer, name);
	json_decref(answer);
	while (trace->follow && code == 0) {
		const json_t *event;

		code = client_receive(client, CLIENT_FOR_EVER, &answer);
		if (code != 0 || answer == NULL)
			break;
		event = json_object_get(answer, "event");
		if (json_is_object(event)) {
			trace_show(trace, event);
			now = json_number_value(json_object_get(event, "time"));
		}
		json_decref(answer);
	}
	trace_show_end(trace, now);
	return code;
}

static int
trace_tunnel(struct trace *trace, const char *name)
{
	struct client client;
	int code = client_open(&client, trace->tool->run_dir, name);

	if (code == 0)
		code = trace_socket(trace, &client, name);
	if (code != 0)
		tool_error(trace->tool, code, "%s", client.error);
	client_close(&client);
	return code;
}

/* TOOL_GO, or it has said what does not go together. */
static int
check_words(const struct trace *trace, int words)
{
	bool of_packets = trace->file != NULL || trace->interface != NULL;

	if (trace->file != NULL && trace->interface != NULL)
		return tool_usage(trace->tool, "--read and --interface exclude each other.");
	if (of_packets && words > 0)
		return tool_usage(
		    trace->tool, "a NAME is for a tunnel; --read and --interface look at packets.");
	if (of_packets && trace->follow)
		return tool_usage(trace->tool, "--follow is for the NAME of a tunnel.");
	if (!of_packets && trace->write != NULL)
		return tool_usage(trace->tool, "--write needs packets: --read or --interface.  A "
					       "tunnel has its messages only.");
	if (!of_packets && words != 1)
		return tool_usage(trace->tool, "it takes one NAME: which tunnel?");
	return TOOL_GO;
}

int
trace_run(struct tool *tool, int argc, char **argv)
{
	struct trace trace = {.tool = tool};
	int first, code = tool_options(tool, argc, argv, take_option, &trace, &first);

	if (code == TOOL_GO)
		code = check_words(&trace, argc - first);
	if (code != TOOL_GO)
		return code;
	if (trace.view == VIEW_LADDER) {
		trace.ladder = ladder_new();
		if (trace.ladder == NULL)
			return tool_error(tool, EXIT_INTERNAL, "out of memory");
	}
	if (trace.file != NULL || trace.interface != NULL)
		code = trace_capture(&trace);
	else
		code = trace_tunnel(&trace, argv[first]);
	ladder_free(trace.ladder);
	return code;
}
