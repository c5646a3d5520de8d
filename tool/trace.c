/* trace.c: `pptpeer trace`: what two peers say to each other (interface.md 7). */
#include "trace.h"

#include <errno.h>
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
    {'w', "write", "FILE", "the packets as pcap too: secrets hidden, data cut off"},
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

static void
take_event(struct trace *trace, const json_t *event)
{
	trace_show(trace, event);
	if (trace->synth != NULL)
		synth_write(trace->synth, event);
}

/* What one object of JSON has beside the events. */
static void
begin_object(const char *name)
{
	json_t *json = json_string(name);

	fputs("{\"schema\":1,\"name\":", stdout);
	json_dumpf(json, stdout, JSON_ENCODE_ANY);
	fputs(",\"events\":[", stdout);
	json_decref(json);
}

/* When this is, s since the start. */
static double
show_answer(struct trace *trace, const json_t *answer, const char *name)
{
	const json_t *events = json_object_get(answer, "events");
	double now = json_number_value(json_object_get(answer, "now"));

	trace->one_object = trace->view == VIEW_JSON && !trace->follow;
	if (trace->one_object)
		begin_object(name);
	if (trace->synth != NULL)
		synth_now(trace->synth, now);
	for (size_t i = 0; i < json_array_size(events); i++)
		take_event(trace, json_array_get(events, i));
	if (trace->one_object)
		puts("]}");
	return now;
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
			take_event(trace, event);
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
	char error[256];
	int code = client_open(&client, trace->tool->run_dir, name);

	if (code == 0 && trace->write != NULL) {
		trace->synth = synth_new(trace->write, error, sizeof(error));
		if (trace->synth == NULL) {
			client_close(&client);
			return tool_error(trace->tool, EXIT_SYSTEM, "%s", error);
		}
	}
	if (code == 0)
		code = trace_socket(trace, &client, name);
	if (code != 0)
		tool_error(trace->tool, code, "%s", client.error);
	else if (trace->synth != NULL && !synth_finish(trace->synth))
		code =
		    tool_error(trace->tool, EXIT_SYSTEM, "%s: %s", trace->write, strerror(errno));
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
	synth_free(trace.synth);
	return code;
}
