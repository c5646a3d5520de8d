/* status_text.c: see status.h. */
#include "status.h"

#include <ctype.h>
#include <string.h>

#include "client.h"
#include "tool.h"

#define LABEL_INDENT 9

/* A line of the block, its label in a column of its own. */
static void
label(FILE *out, const char *name)
{
	fprintf(out, "%*s%-11s ", LABEL_INDENT, "", name);
}

static uint64_t
count_of(const json_t *object, const char *key)
{
	json_int_t value = client_number(object, key);

	return value > 0 ? (uint64_t)value : 0;
}

static bool
is(const json_t *tunnel, const char *state)
{
	return strcmp(client_text(tunnel, "state"), state) == 0;
}

static void
print_server(FILE *out, const json_t *server)
{
	const char *name = client_text(server, "name"), *address = client_text(server, "address");

	if (name[0] == '\0' && address[0] == '\0')
		return;
	fputs("   ", out);
	text_safe(out, name[0] != '\0' ? name : address);
	if (name[0] != '\0' && address[0] != '\0' && strcmp(name, address) != 0) {
		fputs(" (", out);
		text_safe(out, address);
		fputc(')', out);
	}
}

/* "   192.0.2.1:1723   14 calls of 200" */
static void
print_listen(FILE *out, const json_t *tunnel)
{
	const json_t *listen = json_object_get(tunnel, "listen");

	if (!json_is_object(listen))
		return;
	fputs("   ", out);
	text_safe(out, client_text(listen, "address"));
	fprintf(out, ":%u   %u calls of %u", (unsigned)count_of(listen, "port"),
	    (unsigned)json_array_size(json_object_get(tunnel, "calls")),
	    (unsigned)count_of(listen, "max_calls"));
}

/* "office   UP 3 h 12 min   ppp0 10.20.0.57 -> 10.20.0.1   vpn.example.com
 * (198.51.100.7)" */
static void
print_head(FILE *out, const json_t *tunnel, int64_t now, bool color)
{
	const json_t *ppp = json_object_get(tunnel, "ppp");
	const char *state = client_text(tunnel, "state"), *name = client_text(tunnel, "name");
	int64_t since = client_number(tunnel, "since");
	bool up = client_is_up(tunnel);
	enum color of_state = up ? COLOR_GOOD : is(tunnel, "failed") ? COLOR_BAD : COLOR_BOLD;
	char duration[32];

	fputs(text_color(color, COLOR_BOLD), out);
	text_safe(out, name);
	fprintf(out, "%s%*s %s", text_color(color, COLOR_NONE),
	    strlen(name) < LABEL_INDENT - 1 ? (int)(LABEL_INDENT - 1 - strlen(name)) : 0, "",
	    text_color(color, of_state));
	for (const char *c = state[0] != '\0' ? state : "unknown"; *c != '\0'; c++)
		fputc(isalpha((unsigned char)*c) ? toupper((unsigned char)*c) : '?', out);
	fputs(text_color(color, COLOR_NONE), out);
	if (client_has_number(tunnel, "next_try_s"))
		fprintf(out, " %s",
		    text_duration(count_of(tunnel, "next_try_s"), duration, sizeof(duration)));
	else if (client_has_number(tunnel, "uptime_s") && up)
		fprintf(out, " %s",
		    text_duration(count_of(tunnel, "uptime_s"), duration, sizeof(duration)));
	else if (since > 0 && now >= since)
		fprintf(
		    out, " %s", text_duration((uint64_t)(now - since), duration, sizeof(duration)));
	if (client_text(ppp, "interface")[0] != '\0') {
		fputs("   ", out);
		text_safe(out, client_text(ppp, "interface"));
	}
	if (client_text(ppp, "local")[0] != '\0') {
		fputc(' ', out);
		text_safe(out, client_text(ppp, "local"));
		fputs(" -> ", out);
		text_safe(out, client_text(ppp, "peer"));
	}
	print_server(out, json_object_get(tunnel, "server"));
	print_listen(out, tunnel);
	fputc('\n', out);
}

/* "encryption  MPPE 128-bit stateless   authenticated as CORP\bob (MS-CHAP-V2)" */
static void
print_encryption(FILE *out, const json_t *tunnel)
{
	const json_t *ppp = json_object_get(tunnel, "ppp"), *mppe = json_object_get(ppp, "mppe");
	const char *user = client_text(ppp, "user"), *method = client_text(ppp, "auth");
	bool up = is(tunnel, "up");

	if (!up && count_of(mppe, "bits") == 0 && method[0] == '\0')
		return;
	label(out, "encryption");
	if (count_of(mppe, "bits") != 0)
		fprintf(out, "MPPE %u-bit %s", (unsigned)count_of(mppe, "bits"),
		    json_is_true(json_object_get(mppe, "stateful")) ? "stateful" : "stateless");
	else
		fputs(up ? "none: all of it can be read on the way" : "none yet", out);
	if (method[0] != '\0') {
		fputs("   authenticated", out);
		if (user[0] != '\0') {
			fputs(" as ", out);
			text_safe(out, user);
		}
		fputs(" (", out);
		text_safe(out, method);
		fputc(')', out);
	}
	fputc('\n', out);
}

static void
print_traffic(FILE *out, const json_t *tunnel)
{
	const json_t *ppp = json_object_get(tunnel, "ppp");
	const char *path = client_text(tunnel, "data_path");
	const char *why = client_text(tunnel, "data_path_why");
	const char *gap = "";
	char down[32], up[32];

	if (!client_has_number(ppp, "rx_bytes") && path[0] == '\0' &&
	    !client_has_number(ppp, "mtu"))
		return;
	label(out, "traffic");
	if (client_has_number(ppp, "rx_bytes")) {
		fprintf(out, "down %s  up %s",
		    text_bytes(count_of(ppp, "rx_bytes"), down, sizeof(down)),
		    text_bytes(count_of(ppp, "tx_bytes"), up, sizeof(up)));
		gap = "   ";
	}
	if (path[0] != '\0') {
		fprintf(out, "%sdata path ", gap);
		text_safe(out, path);
		/* Worth a word where it is not the one that is taken by itself. */
		if (why[0] != '\0' && strcmp(path, "tap") != 0) {
			fputs(" (", out);
			text_safe(out, why);
			fputc(')', out);
		}
		gap = "   ";
	}
	if (count_of(ppp, "mtu") != 0)
		fprintf(out, "%sMTU %u", gap, (unsigned)count_of(ppp, "mtu"));
	fputc('\n', out);
}

/* "0.3 s ago", "14 s ago" */
static void
print_ago(FILE *out, const char *before, uint64_t ms)
{
	char duration[32];

	if (ms < 10000)
		fprintf(
		    out, "%s%u.%u s ago", before, (unsigned)(ms / 1000), (unsigned)(ms / 100 % 10));
	else
		fprintf(
		    out, "%s%s ago", before, text_duration(ms / 1000, duration, sizeof(duration)));
}

/* Before there is a call none is awaited. */
static void
print_gre(FILE *out, const json_t *tunnel)
{
	static const char *const more[] = {"lost", "reordered", "duplicate"};
	const json_t *gre = json_object_get(tunnel, "gre");
	char text[32];

	if (!json_is_object(gre) || !json_is_object(json_object_get(tunnel, "call")))
		return;
	label(out, "gre");
	if (!client_has_number(gre, "rx")) {
		fputs("not counted by the kernel\n", out);
		return;
	}
	fprintf(out, "received %s", text_count(count_of(gre, "rx"), text, sizeof(text)));
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (client_has_number(gre, more[i]))
			fprintf(out, ", %s %s", more[i],
			    text_count(count_of(gre, more[i]), text, sizeof(text)));
	if (count_of(gre, "bad") != 0)
		fprintf(out, ", bad %s", text_count(count_of(gre, "bad"), text, sizeof(text)));
	if (client_has_number(gre, "last_rx_ms"))
		print_ago(out, "   last ", count_of(gre, "last_rx_ms"));
	fputc('\n', out);
}

static void
print_control(FILE *out, const json_t *tunnel)
{
	const json_t *control = json_object_get(tunnel, "control");
	const json_t *call = json_object_get(tunnel, "call");
	bool has_rtt = client_has_number(control, "echo_rtt_us");
	bool has_last = client_has_number(control, "last_rx_ms");
	uint64_t rtt = count_of(control, "echo_rtt_us");

	if (!has_last && !client_has_number(call, "local_id"))
		return;
	label(out, "control");
	if (has_rtt && rtt < 10000)
		fprintf(out, "echo %u.%u ms, ", (unsigned)(rtt / 1000), (unsigned)(rtt / 100 % 10));
	else if (has_rtt)
		fprintf(out, "echo %u ms, ", (unsigned)(rtt / 1000));
	if (has_last)
		print_ago(out, "last message ", count_of(control, "last_rx_ms"));
	if (client_has_number(call, "local_id"))
		fprintf(out, "%scall id %u here, %u there", has_last ? "   " : "",
		    (unsigned)count_of(call, "local_id"), (unsigned)count_of(call, "peer_id"));
	fputc('\n', out);
}

/* The peer as it calls itself in its Start-Control-Connection-Reply. */
static void
print_peer(FILE *out, const json_t *server)
{
	const char *host = client_text(server, "peer_hostname");
	const char *vendor = client_text(server, "peer_vendor");

	if (host[0] == '\0' && vendor[0] == '\0')
		return;
	label(out, "peer");
	text_safe(out, host[0] != '\0' ? host : "(no host name)");
	if (vendor[0] != '\0') {
		fputs(", ", out);
		text_safe(out, vendor);
	}
	if (client_has_number(server, "firmware"))
		fprintf(out, ", firmware %u", (unsigned)count_of(server, "firmware"));
	fputc('\n', out);
}

/* The texts of an array; false: it has none, and nothing is printed. */
static bool
print_texts(FILE *out, const char *name, const json_t *array)
{
	if (json_array_size(array) == 0)
		return false;
	label(out, name);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));

		fputs(i == 0 ? "" : "  ", out);
		text_safe(out, text != NULL ? text : "?");
	}
	return true;
}

/* "dns         10.20.0.1   by resolved: /etc/resolv.conf leads to it", or why it is not used */
static void
print_dns(FILE *out, const json_t *ppp)
{
	const char *use = client_text(ppp, "dns_use"), *error = client_text(ppp, "dns_error");

	if (!print_texts(out, "dns", json_object_get(ppp, "dns")))
		return;
	if (error[0] != '\0') {
		fputs("   ", out);
		text_safe(out, error);
		fputc(' ', out);
		text_safe(out, client_text(ppp, "dns_why"));
	} else if (use[0] != '\0') {
		fputs(strcmp(use, "off") == 0 ? "   not used" : "   by ", out);
		text_safe(out, strcmp(use, "off") == 0 ? "" : use);
		fputs(": ", out);
		text_safe(out, client_text(ppp, "dns_why"));
	}
	fputc('\n', out);
}

/* "routes      10.20.0.0/16     server 198.51.100.7 via 192.0.2.254 dev eth0" */
static void
print_routes(FILE *out, const json_t *tunnel)
{
	const json_t *server = json_object_get(tunnel, "server_route");
	const char *via = client_text(server, "via");
	bool has_routes = print_texts(out, "routes", json_object_get(tunnel, "routes"));

	if (json_is_object(server)) {
		if (has_routes)
			fputs("     server ", out);
		else
			label(out, "server");
		text_safe(out, client_text(json_object_get(tunnel, "server"), "address"));
		if (via[0] != '\0') {
			fputs(" via ", out);
			text_safe(out, via);
		}
		fputs(" dev ", out);
		text_safe(out, client_text(server, "dev"));
	}
	if (has_routes || json_is_object(server))
		fputc('\n', out);
}

/* One that has ended: its head has said when. */
static bool
has_ended(const json_t *tunnel)
{
	return is(tunnel, "stopped") || is(tunnel, "failed");
}

/*
 * "E601 The tunnel went dead. It was up for 6 s.   12 s ago", and on a line of its own what to do,
 * unless it has come back from that.
 */
static void
print_end(FILE *out, const json_t *last, int64_t now, bool with_age, bool with_advice)
{
	int64_t when = client_number(last, "when");
	char duration[32];

	if (client_text(last, "code")[0] != '\0') {
		text_safe(out, client_text(last, "code"));
		fputc(' ', out);
	}
	text_safe(out, client_text(last, "text"));
	if (count_of(last, "duration_s") != 0)
		fprintf(out, " It was up for %s.",
		    text_duration(count_of(last, "duration_s"), duration, sizeof(duration)));
	if (with_age && when > 0 && now >= when)
		fprintf(out, "   %s ago",
		    text_duration((uint64_t)(now - when), duration, sizeof(duration)));
	fputc('\n', out);
	if (with_advice && client_text(last, "next")[0] != '\0') {
		label(out, "next");
		text_safe(out, client_text(last, "next"));
		fputc('\n', out);
	}
}

static void
print_last(FILE *out, const json_t *tunnel, int64_t now)
{
	print_end(
	    out, json_object_get(tunnel, "last_end"), now, !has_ended(tunnel), !is(tunnel, "up"));
}

/* "last call   3 from 192.0.2.7 alice: E301 The call was open, ...   12 s ago" */
static void
print_last_call(FILE *out, const json_t *call, int64_t now)
{
	const char *user = client_text(call, "user");

	if (!json_is_object(call))
		return;
	label(out, "last call");
	fprintf(out, "%u from ", (unsigned)count_of(call, "number"));
	text_safe(out, client_text(call, "caller"));
	if (user[0] != '\0') {
		fputc(' ', out);
		text_safe(out, user);
	}
	fputs(": ", out);
	/* What to do is for one that did not come up. */
	print_end(out, json_object_get(call, "end"), now, true,
	    count_of(json_object_get(call, "end"), "duration_s") == 0);
}

/* Role "auto": "not dialled any more: E401 The server refused ...   12 s ago", and it may call. */
static void
print_refused(FILE *out, const json_t *tunnel, int64_t now)
{
	const json_t *refused = json_object_get(tunnel, "dial_refused");

	if (!json_is_object(refused))
		return;
	label(out, "dialling");
	fputs("not any more, its calls are answered: ", out);
	print_end(out, refused, now, true, true);
}

/* "waiting     try 4: E201 No answer ...   3 s ago" */
static void
print_waiting(FILE *out, const json_t *tunnel, int64_t now)
{
	label(out, "waiting");
	if (count_of(tunnel, "tries") != 0)
		fprintf(out, "try %u: ", (unsigned)count_of(tunnel, "tries"));
	print_last(out, tunnel, now);
	if (count_of(tunnel, "redials") != 0) {
		label(out, "redials");
		fprintf(out, "%u\n", (unsigned)count_of(tunnel, "redials"));
	}
}

/*
 * "redials     2; last: peer stopped answering echo, after 6 s, 09:41 today".  Of one that has ended
 * only the end counts.  That somebody had stopped an earlier run says nothing about this one.
 */
static void
print_redials(FILE *out, const json_t *tunnel, int64_t now)
{
	const json_t *last = json_object_get(tunnel, "last_end");
	const json_t *refused = json_object_get(tunnel, "dial_refused");
	bool has_redials = !has_ended(tunnel) && count_of(tunnel, "redials") != 0;

	if (json_is_object(refused) && json_equal(refused, last))
		return; /* it has just been told */
	if (!has_redials &&
	    (client_text(last, "text")[0] == '\0' ||
		(!has_ended(tunnel) && strcmp(client_text(last, "by"), "user") == 0)))
		return;
	label(out, has_redials ? "redials" : "last end");
	if (has_redials)
		fprintf(out, "%u; last: ", (unsigned)count_of(tunnel, "redials"));
	print_last(out, tunnel, now);
}

void
status_print(FILE *out, const json_t *tunnel, int64_t now, bool color)
{
	print_head(out, tunnel, now, color);
	print_peer(out, json_object_get(tunnel, "server"));
	print_encryption(out, tunnel);
	print_traffic(out, tunnel);
	print_gre(out, tunnel);
	print_control(out, tunnel);
	if (print_texts(out, "ipv6", json_object_get(json_object_get(tunnel, "ppp"), "ipv6")))
		fputc('\n', out);
	print_dns(out, json_object_get(tunnel, "ppp"));
	print_routes(out, tunnel);
	status_print_calls(out, json_object_get(tunnel, "calls"));
	print_last_call(out, json_object_get(json_object_get(tunnel, "listen"), "last_call"), now);
	print_refused(out, tunnel, now);
	if (is(tunnel, "waiting") && !json_is_object(json_object_get(tunnel, "dial_refused")))
		print_waiting(out, tunnel, now);
	else
		print_redials(out, tunnel, now);
}
