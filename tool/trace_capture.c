/* trace_capture.c: packets of a file or an interface, by libpcap, and what of them is written again. */
#include <errno.h>
#include <grp.h>
#include <pcap/pcap.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flows.h"
#include "pptp.h"
#include "trace.h"

#define SNAPLEN    65535
#define TIMEOUT_MS 100 /* until packets are given out, where that cannot be at once */
/* Tagged frames look otherwise to the filter (pcap-filter(7), "vlan"). */
#define FILTER      "tcp port 1723 or ip proto 47"
#define FILTER_VLAN FILTER " or (vlan and (" FILTER "))"

static pcap_t *listening; /* borrows: for the handler of signals, which has no other way to it */

struct source {
	struct trace *trace;
	pcap_t *pcap;
	pcap_dumper_t *dumper; /* NULL: nothing is written */
	struct flows *flows;
	int link_type;
	bool started;
	int64_t began, last; /* us since 1970: of the first packet, and the last one */
	uint8_t *copy;       /* of a packet, to be cleaned and written */
	size_t copy_size;
};

static void
on_signal(int signal)
{
	(void)signal;
	pcap_breakloop(listening);
}

static void
on_event(void *ctx, json_t *event, unsigned connection)
{
	struct source *source = ctx;

	(void)connection;
	trace_show(source->trace, event);
	json_decref(event);
}

/* Only to open the interface is root needed: what then comes from strangers is looked at without. */
static bool
drop_root(const struct source *source)
{
	const struct passwd *nobody;

	if (source->trace->interface == NULL || geteuid() != 0)
		return true;
	nobody = getpwnam("nobody");
	return nobody == NULL || (setgroups(0, NULL) == 0 && setgid(nobody->pw_gid) == 0 &&
				     setuid(nobody->pw_uid) == 0);
}

static int
set_filter(struct source *source, const char *text)
{
	struct bpf_program program;
	int result = pcap_compile(source->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN);

	if (result != 0)
		return result;
	result = pcap_setfilter(source->pcap, &program);
	pcap_freecode(&program);
	return result;
}

static int
open_interface(struct source *source, char *error)
{
	const char *name = source->trace->interface;
	int result;

	source->pcap = pcap_create(name, error);
	if (source->pcap == NULL)
		return EXIT_SYSTEM;
	pcap_set_snaplen(source->pcap, SNAPLEN);
	pcap_set_timeout(source->pcap, TIMEOUT_MS);
	pcap_set_immediate_mode(source->pcap, 1);
	result = pcap_activate(source->pcap);
	if (result < 0) {
		const char *more = pcap_geterr(source->pcap);

		snprintf(error, PCAP_ERRBUF_SIZE, "%.64s: %s%s%.128s", name,
		    pcap_statustostr(result), more[0] != '\0' ? ": " : "", more);
		if (result == PCAP_ERROR_PERM_DENIED)
			return EXIT_PRIVILEGE;
		return result == PCAP_ERROR_NO_SUCH_DEVICE ? EXIT_USAGE : EXIT_SYSTEM;
	}
	if ((pcap_datalink(source->pcap) != DLT_EN10MB || set_filter(source, FILTER_VLAN) != 0) &&
	    set_filter(source, FILTER) != 0) {
		snprintf(error, PCAP_ERRBUF_SIZE, "%.128s", pcap_geterr(source->pcap));
		return EXIT_SYSTEM;
	}
	return TOOL_GO;
}

static int
source_open(struct source *source)
{
	struct trace *trace = source->trace;
	char error[PCAP_ERRBUF_SIZE] = "";
	int code = TOOL_GO;

	if (trace->interface != NULL)
		code = open_interface(source, error);
	else if ((source->pcap = pcap_open_offline(trace->file, error)) == NULL)
		code = EXIT_SYSTEM;
	if (code != TOOL_GO)
		return tool_error(trace->tool, code, "%s", error);
	source->link_type = pcap_datalink(source->pcap);
	if (!packet_link_is_known(source->link_type)) {
		const char *name = pcap_datalink_val_to_name(source->link_type);

		return tool_error(trace->tool, EXIT_SYSTEM,
		    "its link layer is %s (%d), which is not read here; Ethernet, Linux cooked, "
		    "raw IP, "
		    "null, loop and PPP are.",
		    name != NULL ? name : "unknown", source->link_type);
	}
	if (trace->write != NULL) {
		source->dumper = pcap_dump_open(source->pcap, trace->write);
		if (source->dumper == NULL)
			return tool_error(
			    trace->tool, EXIT_SYSTEM, "%s", pcap_geterr(source->pcap));
		pcap_dump_flush(source->dumper); /* it is a capture from now on */
	}
	source->flows = flows_new(on_event, source);
	if (source->flows == NULL)
		return tool_error(trace->tool, EXIT_INTERNAL, "out of memory");
	if (!drop_root(source))
		return tool_error(
		    trace->tool, EXIT_SYSTEM, "cannot become nobody: %s", strerror(errno));
	return TOOL_GO;
}

static int
write_packet(struct source *source, const struct pcap_pkthdr *header, const uint8_t *frame)
{
	struct pcap_pkthdr cleaned = *header;

	if (header->caplen > source->copy_size) {
		uint8_t *more = realloc(source->copy, header->caplen);

		if (more == NULL)
			return tool_error(source->trace->tool, EXIT_INTERNAL, "out of memory");
		source->copy = more;
		source->copy_size = header->caplen;
	}
	memcpy(source->copy, frame, header->caplen);
	cleaned.caplen =
	    (bpf_u_int32)flows_cleaned(source->link_type, source->copy, header->caplen);
	if (cleaned.caplen == 0)
		return TOOL_GO;
	pcap_dump((u_char *)source->dumper, &cleaned, source->copy);
	if (ferror(pcap_dump_file(source->dumper)) != 0)
		return tool_error(source->trace->tool, EXIT_SYSTEM, "%s: %s", source->trace->write,
		    strerror(errno));
	return TOOL_GO;
}

static int
take_packet(struct source *source, const struct pcap_pkthdr *header, const uint8_t *frame)
{
	source->last = (int64_t)header->ts.tv_sec * (int64_t)PPTP_SEC + (int64_t)header->ts.tv_usec;
	if (!source->started)
		source->began = source->last;
	source->started = true;
	if (header->caplen == 0)
		return TOOL_GO;
	flows_take(
	    source->flows, source->link_type, frame, header->caplen, source->last - source->began);
	return source->dumper == NULL ? TOOL_GO : write_packet(source, header, frame);
}

static int
take_all(struct source *source)
{
	struct trace *trace = source->trace;
	struct pcap_pkthdr *header;
	const uint8_t *frame;
	struct pcap_stat stat;
	int result, code = TOOL_GO;

	do {
		result = pcap_next_ex(source->pcap, &header, &frame);
		if (result == 1)
			code = take_packet(source, header, frame);
	} while (result >= 0 && code == TOOL_GO);
	flows_finish(source->flows);
	if (code == TOOL_GO && result == PCAP_ERROR)
		code = tool_error(trace->tool, EXIT_SYSTEM, "%s", pcap_geterr(source->pcap));
	if (trace->interface != NULL && pcap_stats(source->pcap, &stat) == 0 && stat.ps_drop > 0)
		tool_error(
		    trace->tool, 0, "%u packets came too fast and are not in it.", stat.ps_drop);
	return code == TOOL_GO ? EXIT_OK : code;
}

static void
source_close(struct source *source)
{
	if (source->dumper != NULL)
		pcap_dump_close(source->dumper);
	if (source->pcap != NULL)
		pcap_close(source->pcap);
	flows_free(source->flows);
	free(source->copy);
}

/* The name may be any octets: what is no UTF-8 is escaped, and then a path no more. */
static json_t *
file_json(const char *file)
{
	char text[512];
	json_t *json = json_string(file);

	if (json != NULL)
		return json;
	pptp_escape(file, text, sizeof(text));
	return json_string(text);
}

int
trace_capture(struct trace *trace)
{
	struct source source = {.trace = trace};
	struct sigaction action = {.sa_handler = on_signal};
	int code = source_open(&source);

	if (code != TOOL_GO) {
		source_close(&source);
		return code;
	}
	trace->one_object = trace->view == VIEW_JSON && trace->file != NULL;
	if (trace->one_object) {
		json_t *file = file_json(trace->file);

		fputs("{\"schema\":1,\"file\":", stdout);
		json_dumpf(file, stdout, JSON_ENCODE_ANY);
		fputs(",\"events\":[", stdout);
		json_decref(file);
	}
	if (trace->interface != NULL) {
		listening = source.pcap;
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
	}
	code = take_all(&source);
	if (trace->one_object)
		puts("]}");
	trace_show_end(trace, (double)(source.last - source.began) / (double)PPTP_SEC);
	source_close(&source);
	return code;
}
