/* status_metrics.c: tunnels in the text format of Prometheus, for its node_exporter's textfiles and the like. */
#include "status.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "tool.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A number of the tunnel's object; null, or not there: no sample. */
static const struct metric {
	const char *name, *type, *help;
	const char *object; /* the member that it is in, or NULL: the tunnel itself */
	const char *key;
	unsigned
	    per_unit; /* so many of the number are one of the metric's unit, which is a second or 1 */
} metrics[] = {
    {"pptpeer_state_since_seconds", "gauge", "When the state began, in seconds since 1970.", NULL,
	"since", 1},
    {"pptpeer_uptime_seconds", "gauge", "For how long it is up.", NULL, "uptime_s", 1},
    {"pptpeer_redials_total", "counter", "Dials after the first.", NULL, "redials", 1},
    {"pptpeer_tries", "gauge", "Dials in a row that did not last.", NULL, "tries", 1},
    {"pptpeer_next_try_seconds", "gauge", "Until the next dial.", NULL, "next_try_s", 1},
    {"pptpeer_mtu_bytes", "gauge", "MTU of the interface.", "ppp", "mtu", 1},
    {"pptpeer_receive_bytes_total", "counter", "Octets of PPP that came.", "ppp", "rx_bytes", 1},
    {"pptpeer_transmit_bytes_total", "counter", "Octets of PPP that were sent.", "ppp", "tx_bytes",
	1},
    {"pptpeer_gre_receive_packets_total", "counter", "GRE packets that brought PPP.", "gre", "rx",
	1},
    {"pptpeer_gre_transmit_packets_total", "counter", "GRE packets with PPP that were sent.", "gre",
	"tx", 1},
    {"pptpeer_gre_lost_packets_total", "counter", "GRE packets that never came.", "gre", "lost", 1},
    {"pptpeer_gre_reordered_packets_total", "counter",
	"GRE packets that came late and were put back in order.", "gre", "reordered", 1},
    {"pptpeer_gre_duplicate_packets_total", "counter",
	"GRE packets that came twice, or too late, and were dropped.", "gre", "duplicate", 1},
    {"pptpeer_gre_bad_packets_total", "counter", "GRE packets that could not be read.", "gre",
	"bad", 1},
    {"pptpeer_gre_far_packets_total", "counter",
	"GRE packets that were too far ahead, and were dropped.", "gre", "far", 1},
    {"pptpeer_gre_other_call_packets_total", "counter", "GRE packets with another Call ID.", "gre",
	"other_call", 1},
    {"pptpeer_gre_too_long_packets_total", "counter",
	"GRE packets that were too long to be held until it was their turn.", "gre", "too_long", 1},
    {"pptpeer_gre_receive_dropped_packets_total", "counter",
	"GRE packets that came faster than they were taken: this host dropped them.", "gre",
	"rx_dropped", 1},
    {"pptpeer_gre_resyncs_total", "counter", "Jumps of the server's numbers.", "gre", "resync", 1},
    {"pptpeer_gre_receive_acks_total", "counter", "Acknowledgements that came alone.", "gre",
	"acks_rx", 1},
    {"pptpeer_gre_transmit_acks_total", "counter", "Acknowledgements that were sent alone.", "gre",
	"acks_tx", 1},
    {"pptpeer_gre_ack_timeouts_total", "counter", "Acknowledgements that were late.", "gre",
	"ack_timeouts", 1},
    {"pptpeer_gre_over_window_packets_total", "counter",
	"GRE packets that were sent when the window was shut.", "gre", "over_window", 1},
    {"pptpeer_gre_transmit_dropped_packets_total", "counter",
	"Packets that a shut window did not let out.", "gre", "tx_dropped", 1},
    {"pptpeer_gre_window_packets", "gauge", "The window for what is sent.", "gre", "window", 1},
    {"pptpeer_gre_ack_timeout_seconds", "gauge", "After which an acknowledgement is late.", "gre",
	"ack_timeout_us", 1000000},
    {"pptpeer_gre_reorder_wait_seconds", "gauge", "For how long a missing packet is waited for.",
	"gre", "wait_us", 1000000},
    {"pptpeer_gre_rtt_seconds", "gauge", "Round trip of GRE packets.", "gre", "rtt_us", 1000000},
    {"pptpeer_gre_last_receive_seconds", "gauge", "Since the last GRE packet came.", "gre",
	"last_rx_ms", 1000},
    {"pptpeer_channel_to_ppp_frames_total", "counter", "Frames that pppd was given.", "channel",
	"to_ppp", 1},
    {"pptpeer_channel_from_ppp_frames_total", "counter", "Frames that pppd gave.", "channel",
	"from_ppp", 1},
    {"pptpeer_channel_dropped_frames_total", "counter", "Frames that pppd did not take in time.",
	"channel", "dropped", 1},
    {"pptpeer_channel_bad_frames_total", "counter", "Frames of pppd that could not be read.",
	"channel", "bad", 1},
    {"pptpeer_channel_foreign_frames_total", "counter",
	"Frames of another program in the channel to pppd.", "channel", "foreign", 1},
    {"pptpeer_control_rtt_seconds", "gauge", "Round trip of the last Echo-Request.", "control",
	"echo_rtt_us", 1000000},
    {"pptpeer_control_last_receive_seconds", "gauge", "Since the last control message came.",
	"control", "last_rx_ms", 1000},
    {"pptpeer_last_end_timestamp_seconds", "gauge", "When it ended the last time.", "last_end",
	"when", 1},
    {"pptpeer_last_end_uptime_seconds", "gauge", "For how long it had been up then.", "last_end",
	"duration_s", 1},
    {"pptpeer_last_end_exit_code", "gauge", "The exit code of its last end.", "last_end", "exit",
	1},
};

/* What is no number is a label of a metric that is always 1. */
static const struct label {
	const char *name, *object, *key;
} info_labels[] =
    {
	{"role", NULL, "role"},
	{"server", "server", "name"},
	{"address", "server", "address"},
	{"peer_hostname", "server", "peer_hostname"},
	{"peer_vendor", "server", "peer_vendor"},
	{"data_path", NULL, "data_path"},
	{"interface", "ppp", "interface"},
	{"local", "ppp", "local"},
	{"peer", "ppp", "peer"},
	{"user", "ppp", "user"},
	{"auth", "ppp", "auth"},
},
  end_labels[] = {
      {"by", "last_end", "by"},
      {"code", "last_end", "code"},
};

static const char *const states[] = {"starting", "resolving", "connecting", "control", "calling",
    "gre", "lcp", "auth", "network", "up", "closing", "waiting", "stopped", "failed", "listening"};

static const json_t *
holder(const json_t *tunnel, const char *object)
{
	return object == NULL ? tunnel : json_object_get(tunnel, object);
}

/* As the format wants it, and without what could steer a terminal. */
static void
print_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '\n')
			fputs("\\n", out);
		else if (c == '\\' || c == '"')
			fprintf(out, "\\%c", c);
		else if (c >= ' ' && c <= '~')
			fputc(c, out);
		else
			fprintf(out, "\\\\x%02x", c);
	}
	fputc('"', out);
}

static void
print_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
print_begin(FILE *out, const char *metric, const json_t *tunnel)
{
	fprintf(out, "%s{", metric);
	print_label(out, "name", client_text(tunnel, "name"));
}

static void
print_value(FILE *out, json_int_t value, unsigned per_unit)
{
	unsigned digits = 0;

	for (unsigned unit = per_unit; unit > 1; unit /= 10)
		digits++;
	fprintf(out, "} %lld", (long long)value / per_unit);
	if (digits > 0)
		fprintf(out, ".%0*lld", (int)digits, llabs((long long)value) % per_unit);
	fputc('\n', out);
}

static void
print_metric(FILE *out, const json_t *tunnels, const struct metric *metric)
{
	bool head = false;

	for (size_t i = 0; i < json_array_size(tunnels); i++) {
		const json_t *tunnel = json_array_get(tunnels, i);
		const json_t *object = holder(tunnel, metric->object);

		if (!client_has_number(object, metric->key))
			continue;
		if (!head)
			print_head(out, metric->name, metric->type, metric->help);
		head = true;
		print_begin(out, metric->name, tunnel);
		print_value(out, client_number(object, metric->key), metric->per_unit);
	}
}

static void
print_labels(
    FILE *out, const char *name, const json_t *tunnel, const struct label *labels, size_t count)
{
	print_begin(out, name, tunnel);
	for (size_t i = 0; i < count; i++) {
		fputc(',', out);
		print_label(out, labels[i].name,
		    client_text(holder(tunnel, labels[i].object), labels[i].key));
	}
	fputs("} 1\n", out);
}

static void
print_states(FILE *out, const json_t *tunnels)
{
	print_head(out, "pptpeer_state", "gauge", "1 for the state that it is in, else 0.");
	for (size_t i = 0; i < json_array_size(tunnels); i++) {
		const json_t *tunnel = json_array_get(tunnels, i);

		for (size_t j = 0; j < COUNT(states); j++) {
			print_begin(out, "pptpeer_state", tunnel);
			fputc(',', out);
			print_label(out, "state", states[j]);
			fprintf(
			    out, "} %d\n", strcmp(client_text(tunnel, "state"), states[j]) == 0);
		}
	}
}

static void
print_ends(FILE *out, const json_t *tunnels)
{
	bool head = false;

	for (size_t i = 0; i < json_array_size(tunnels); i++) {
		const json_t *tunnel = json_array_get(tunnels, i);

		if (!json_is_object(json_object_get(tunnel, "last_end")))
			continue;
		if (!head)
			print_head(out, "pptpeer_last_end_info", "gauge",
			    "Why it ended the last time; pptpeer explain CODE says more.");
		head = true;
		print_labels(out, "pptpeer_last_end_info", tunnel, end_labels, COUNT(end_labels));
	}
}

void
status_metrics(FILE *out, const json_t *tunnels)
{
	size_t count = json_array_size(tunnels);

	print_head(out, "pptpeer_build_info", "gauge", "The version of the command.");
	fputs("pptpeer_build_info{", out);
	print_label(out, "version", PACKAGE_VERSION);
	fputs("} 1\n", out);
	if (count == 0)
		return;
	print_head(out, "pptpeer_up", "gauge", "Whether the tunnel is up.");
	for (size_t i = 0; i < count; i++) {
		const json_t *tunnel = json_array_get(tunnels, i);

		print_begin(out, "pptpeer_up", tunnel);
		fprintf(out, "} %d\n", client_is_up(tunnel));
	}
	print_states(out, tunnels);
	print_head(out, "pptpeer_tunnel_info", "gauge", "What it is, and with whom.");
	for (size_t i = 0; i < count; i++)
		print_labels(out, "pptpeer_tunnel_info", json_array_get(tunnels, i), info_labels,
		    COUNT(info_labels));
	print_ends(out, tunnels);
	for (size_t i = 0; i < COUNT(metrics); i++)
		print_metric(out, tunnels, &metrics[i]);
}
