/* doctor.c: `pptpeer doctor`: walks the way to a tunnel, and stops at the first hop that fails. */
#include "doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/watch.h"
#include "pptp.h"
#include "tunnel.h"

#define SCHEMA      1         /* of --json; grows only when a member changes its meaning */
#define OWN_NAME    "doctor-" /* before the name that the tunnel would have */
#define TEXT_COLUMN 20

const struct option_row doctor_options[] = {
    {OPT_JSON, "json", "", "one JSON object, for scripts"},
    {'u', "user", "USER", "user name; \"DOMAIN\\USER\" is taken as it is"},
    {'d', "domain", "DOMAIN", "domain, put before the user name"},
    {OPT_PASSWORD_STDIN, "password-stdin", "", "read the password from standard input"},
    {OPT_PASSWORD_FD, "password-fd", "N", "read it from descriptor N"},
    {OPT_PASSWORD_FILE, "password-file", "F", "read it from F, which others must not read"},
    {OPT_MPPE, "mppe", "MODE", "encryption: require (default), prefer, off"},
    {OPT_ACCEPT, "accept", "LIST",
	"how we say who we are, with commas: mschap-v2 (default)\nmschap chap pap eap"},
    {OPT_NAME, "name", "NAME", "the tunnel that is looked for first (default: HOST)"},
    {OPT_MTU, "mtu", "N", "MTU of the interface (default: from the path)"},
    {OPT_PORT, "port", "N", "TCP port (default: 1723)"},
    {OPT_BIND, "bind", "ADDR|%IF", "source address, or interface, of TCP and GRE"},
    {OPT_MARK, "mark", "N", "firewall mark of TCP and GRE packets"},
    {OPT_PHONE, "phone", "S", "phone number for the server, at most 64 octets"},
    {OPT_DATA_PATH, "data-path", "PATH",
	"how PPP gets to the kernel: auto (default), tap, pty, kernel"},
    {OPT_CONNECT_TIMEOUT, "connect-timeout", "S", "for the TCP connection (default: 10)"},
    {OPT_REPLY_TIMEOUT, "reply-timeout", "S", "for replies on the control connection (60)"},
    {OPT_GRE_TIMEOUT, "gre-timeout", "S", "for the first GRE packet (default: 30)"},
    {0},
};

const char doctor_text[] =
    "Walks this host, name, route, TCP 1723, control connection, call, GRE out, GRE in, LCP,\n"
    "authentication, encryption, addresses, ping, DNS and path MTU; a line for each with what\n"
    "was seen. It stops at the first that fails, and says why and what to do. The exit code is\n"
    "0, or that of the reason.\n"
    "\n"
    "A HOST without -u is walked up to GRE in: that takes no password and no pppd. A tunnel\n"
    "that is up is not dialled again: its own hops are told, then ping, DNS and path MTU go\n"
    "through it. Else it hangs up at the end; no routes are set, and no hooks run.\n";

static const struct {
	const char *name, *label; /* in --json, and for people */
} hops[HOPS] = {
    [HOP_HOST] = {"this host", "this host"},
    [HOP_NAME] = {"name", "name"},
    [HOP_ROUTE] = {"route", "route"},
    [HOP_TCP] = {"tcp", "TCP"},
    [HOP_CONTROL] = {"control", "control"},
    [HOP_CALL] = {"call", "call"},
    [HOP_GRE_OUT] = {"gre out", "GRE out"},
    [HOP_GRE_IN] = {"gre in", "GRE in"},
    [HOP_LCP] = {"lcp", "LCP"},
    [HOP_AUTH] = {"authentication", "authentication"},
    [HOP_ENCRYPTION] = {"encryption", "encryption"},
    [HOP_ADDRESSES] = {"addresses", "addresses"},
    [HOP_PING] = {"ping", "ping"},
    [HOP_DNS] = {"dns", "DNS"},
    [HOP_MTU] = {"path mtu", "path MTU"},
};

uint64_t
doctor_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ------------------------------------------------------------------------------ one hop */

static void
print_hop(const struct doctor *doctor, enum hop hop, const char *verdict, enum color color,
    const char *text)
{
	bool on = doctor->tool->color_out;
	char label[32];

	if (hop == HOP_TCP)
		snprintf(label, sizeof(label), "TCP %u", doctor->run.settings.config.port);
	else
		snprintf(label, sizeof(label), "%s", hops[hop].label);
	printf("%s%s%s  %-15s ", text_color(on, color), verdict, text_color(on, COLOR_NONE), label);
	text_lines(stdout, text, TEXT_COLUMN);
	putchar('\n');
	fflush(stdout);
}

static void
add_hop(struct doctor *doctor, enum hop hop, json_t *ok, uint64_t us, const char *text)
{
	json_t *ms = us == NO_TIME ? json_null() : json_integer((json_int_t)((us + 500) / 1000));

	json_array_append_new(
	    doctor->hops, json_pack("{s:s, s:o, s:s, s:o}", "name", hops[hop].name, "ok", ok,
			      "evidence", text, "ms", ms));
	if (hop >= doctor->next)
		doctor->next = (enum hop)(hop + 1);
}

void
doctor_ok(struct doctor *doctor, enum hop hop, uint64_t us, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (hop < doctor->next)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_hop(doctor, hop, json_true(), us, text);
	if (!doctor->json && doctor->tool->verbose >= 0)
		print_hop(doctor, hop, "ok", COLOR_GOOD, text);
}

void
doctor_none(struct doctor *doctor, enum hop hop, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (hop < doctor->next)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_hop(doctor, hop, json_null(), NO_TIME, text);
	if (!doctor->json && doctor->tool->verbose >= 0)
		print_hop(doctor, hop, "--", COLOR_DIM, text);
}

void
doctor_fail(struct doctor *doctor, enum hop hop, const struct reason *reason)
{
	char text[sizeof(reason->what) + 16] = "";

	doctor->failed = true;
	doctor->failed_at = hop;
	doctor->reason = *reason;
	add_hop(doctor, hop, json_false(), NO_TIME, reason->what);
	if (doctor->json)
		return;
	if (reason->ecode != 0)
		snprintf(text, sizeof(text), "E%03u ", reason->ecode);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", reason->what);
	print_hop(doctor, hop, "no", COLOR_BAD, text);
	if (reason->next[0] != '\0') {
		printf("%*sNext: ", TEXT_COLUMN, "");
		text_lines(stdout, reason->next, TEXT_COLUMN + 6);
		putchar('\n');
	}
}

void
doctor_note(const struct doctor *doctor, int level, const char *text)
{
	if (doctor->json || level > doctor->tool->verbose || doctor->tool->verbose < 0)
		return;
	printf("%*s", TEXT_COLUMN, "");
	text_lines(stdout, text, TEXT_COLUMN);
	putchar('\n');
	fflush(stdout);
}

/* ------------------------------------------------------------------------------ all of them */

/* The name is free, and nothing of what the tunnel is for comes with this one. */
static void
settings_of_our_own(struct config *config)
{
	char name[sizeof(config->name)];

	snprintf(name, sizeof(name), "%s%.*s", OWN_NAME, (int)(sizeof(name) - sizeof(OWN_NAME)),
	    config->name);
	memcpy(config->name, name, sizeof(name));
	/* A tunnel that waits knows by it that this is no network to dial over. */
	snprintf(config->interface, sizeof(config->interface), WATCH_DOCTOR "%d", (int)getpid());
	config->route_default = false;
	config->routes_through.count = config->routes_except.count = 0;
	config->dns_use = DNS_OFF; /* what is asked is asked of the server itself */
	config_no_hooks(config);
	config->persist = config->keep_state = false;
	config->ready_when_up = false;
	config->timeout = 0;
	config->stay_up = true; /* until we have seen enough */
	config->log_target = LOG_TO_STDERR;
}

/* The tunnel of that name, if it is up; a new reference. */
static json_t *
tunnel_that_is_up(const struct doctor *doctor)
{
	const struct config *config = &doctor->run.settings.config;
	struct client client;
	json_t *tunnel = NULL;

	if (tunnel_status(&client, config->run_dir, config->name, &tunnel) == 0 &&
	    strcmp(client_text(tunnel, "state"), "up") == 0)
		return tunnel;
	json_decref(tunnel);
	return NULL;
}

static void
walk(struct doctor *doctor)
{
	struct config *config = &doctor->run.settings.config;
	json_t *tunnel = tunnel_that_is_up(doctor);

	if (tunnel != NULL) {
		doctor_known(doctor, tunnel);
		doctor_through(doctor, tunnel);
		json_decref(tunnel);
		return;
	}
	settings_of_our_own(config);
	if (doctor_host(doctor))
		doctor_dial(doctor);
}

static json_t *
reason_json(const struct reason *reason)
{
	char code[16];

	snprintf(code, sizeof(code), "E%03u", reason->ecode);
	return json_pack("{s:o, s:i, s:s, s:s}", "code",
	    reason->ecode != 0 ? json_string(code) : json_null(), "exit", reason->exit_code, "text",
	    reason->what, "next", reason->next);
}

static void
print_json(const struct doctor *doctor)
{
	char target[4 * 256];
	json_t *all;

	pptp_escape(doctor->target, target, sizeof(target));
	all = json_pack("{s:i, s:s, s:s, s:O, s:o, s:o}", "schema", SCHEMA, "version",
	    PACKAGE_VERSION, "target", target, "hops", doctor->hops, "failed",
	    doctor->failed ? json_string(hops[doctor->failed_at].name) : json_null(), "reason",
	    doctor->failed ? reason_json(&doctor->reason) : json_null());
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void
print_end(const struct doctor *doctor)
{
	if (doctor->failed || doctor->tool->verbose < 0)
		return;
	if (doctor->next <= HOP_LCP)
		puts("All is well so far; further hops need a user: -u USER");
	else
		puts("All is well.");
}

int
doctor_run(struct tool *tool, int argc, char **argv)
{
	struct doctor doctor = {
	    .tool = tool,
	    .run = {.tool = tool, .first = BACKGROUND_NONE, .user_optional = true},
	};
	int code;

	config_defaults(&doctor.run.settings.config);
	password_source_init(&doctor.run.password);
	code = connect_parse(&doctor.run, argc, argv);
	if (code != TOOL_GO)
		return code;
	doctor.target = argv[argc - 1]; /* getopt_long() has moved it there */
	doctor.json = doctor.run.json;
	doctor.hops = json_array();
	if (doctor.hops == NULL)
		return tool_error(tool, EXIT_INTERNAL, "out of memory.");
	walk(&doctor);
	if (doctor.json)
		print_json(&doctor);
	else
		print_end(&doctor);
	json_decref(doctor.hops);
	return doctor.failed ? doctor.reason.exit_code : EXIT_OK;
}
