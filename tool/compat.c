/* compat.c: the options of `pptp`; see compat.h. */
#include "compat.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_PHONE = 256,
	OPT_NO_LAUNCH,
	OPT_QUIRKS,
	OPT_DEBUG,
	OPT_SYNC,
	OPT_TIMEOUT,
	OPT_NO_BUFFER,
	OPT_IDLE_WAIT,
	OPT_MAX_ECHO_WAIT,
	OPT_LOG_STRING,
	OPT_LOCAL_BIND,
	OPT_LOG_LEVEL,
	OPT_RT_MARK,
	OPT_NO_HOST_ROUTE,
	OPT_CLIENT_HOSTNAME,
	OPT_MISSING_WINDOW,
	OPT_TEST_TYPE,
	OPT_TEST_RATE,
	OPT_VERSION,
};

static const struct option options[] = {
    {"phone", required_argument, NULL, OPT_PHONE},
    {"nolaunchpppd", no_argument, NULL, OPT_NO_LAUNCH},
    {"quirks", required_argument, NULL, OPT_QUIRKS},
    {"debug", no_argument, NULL, OPT_DEBUG},
    {"sync", no_argument, NULL, OPT_SYNC},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"nobuffer", no_argument, NULL, OPT_NO_BUFFER},
    {"idle-wait", required_argument, NULL, OPT_IDLE_WAIT},
    {"max-echo-wait", required_argument, NULL, OPT_MAX_ECHO_WAIT},
    {"logstring", required_argument, NULL, OPT_LOG_STRING},
    {"localbind", required_argument, NULL, OPT_LOCAL_BIND},
    {"loglevel", required_argument, NULL, OPT_LOG_LEVEL},
    {"rtmark", required_argument, NULL, OPT_RT_MARK},
    {"nohostroute", no_argument, NULL, OPT_NO_HOST_ROUTE},
    {"client-hostname", required_argument, NULL, OPT_CLIENT_HOSTNAME},
    {"missing-window", required_argument, NULL, OPT_MISSING_WINDOW},
    {"test-type", required_argument, NULL, OPT_TEST_TYPE},
    {"test-rate", required_argument, NULL, OPT_TEST_RATE},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "Usage: pptp HOST [options] [[--] pppd's words]\n"
    "   or: pppd pty \"pptp HOST --nolaunchpppd [options]\" ...\n"
    "\n"
    "  --nolaunchpppd        standard input is pppd's pty; else pppd is started with its words\n"
    "  --phone S             phone number for the server, at most 64 octets\n"
    "  --timeout S           wait for a packet that is late, 0.01 to 10 s (0.3)\n"
    "  --nobuffer            no wait: packets go on as they come\n"
    "  --missing-window N    how far ahead a packet's number may be (256)\n"
    "  --idle-wait S         Echo-Request after so many quiet seconds, 0 never (60)\n"
    "  --max-echo-wait S     time for the Echo-Reply (60)\n"
    "  --localbind ADDR      source address\n"
    "  --rtmark N            firewall mark of our packets\n"
    "  --nohostroute         do not pin the way to HOST with a route\n"
    "  --client-hostname S   Host Name to tell (this host's)\n"
    "  --sync                synchronous HDLC, if pppd has that option too\n"
    "  --quirks QUIRK        BEZEQ_ISRAEL: Orckit's modem\n"
    "  --logstring S         before each line of the log (anon)\n"
    "  --loglevel N          0 what goes wrong, 1 the stages too, 2 all (1)\n"
    "  --debug               what carries the call of a pppd we start keeps the terminal\n"
    "  --test-type N         spoil the order of what is sent, 0 to 3; for tests of a server\n"
    "  --test-rate N         after so many packets each time (100)\n"
    "  --version\n"
    "\n"
    "This is pptpeer, in the place of pptp-linux's program. USR1 logs the counters.\n";

#define GO_ON (-1)

static int
wrong_line(const char *why)
{
	if (why != NULL)
		fprintf(stderr, "pptp: %s\n", why);
	fputs(usage, stderr);
	return COMPAT_FATAL;
}

static int
take_number(const char *text, uint32_t min, uint32_t max, unsigned *to, const char *why)
{
	uint32_t value;

	if (!tool_number(text, min, max, &value))
		return wrong_line(why);
	*to = value;
	return GO_ON;
}

static int
take_text(char *to, size_t size, const char *text, const char *why)
{
	if (strlen(text) >= size)
		return wrong_line(why);
	memcpy(to, text, strlen(text) + 1);
	return GO_ON;
}

/* Seconds with a fraction; strtod() would take "nan" and blanks. */
static int
take_timeout(struct config *config, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (text[strspn(text, "0123456789.")] != '\0' || *end != '\0' || end == text ||
	    !(seconds >= 0.01 && seconds <= 10)) {
		fprintf(stderr, "pptp: --timeout takes 0.01 to 10 seconds\n");
		return COMPAT_VALUE;
	}
	config->reorder_wait_ms = (unsigned)(seconds * 1000 + 0.5);
	return GO_ON;
}

/* That modem answers to these names only (protocol J11). */
static int
take_quirk(struct config *config, const char *text)
{
	if (strcmp(text, "BEZEQ_ISRAEL") != 0)
		return wrong_line("--quirks knows BEZEQ_ISRAEL only");
	config->quirk_orckit = true;
	strcpy(config->host_name, "RELAY_PPP1");
	strcpy(config->vendor, "MS Win NT");
	strcpy(config->phone, "RELAY_PPP1");
	return GO_ON;
}

static int
take_bind(struct config *config, const char *text)
{
	if (inet_pton(AF_INET, text, &config->bind_address) == 1)
		return GO_ON;
	fprintf(stderr, "pptp: --localbind takes an IPv4 address\n");
	return COMPAT_VALUE;
}

static int
take_log_level(struct compat *compat, const char *text)
{
	unsigned level = 0;
	int code = take_number(text, 0, 2, &level, "--loglevel takes 0, 1 or 2");

	compat->log_level = (int)level;
	compat->config.verbose = level == 2 ? 2 : 0; /* the engine's notes, too */
	return code;
}

static int
take_option(struct compat *compat, int id, const char *arg)
{
	struct config *config = &compat->config;

	switch (id) {
	case OPT_PHONE:
		return take_text(
		    config->phone, sizeof(config->phone), arg, "--phone takes at most 64 octets");
	case OPT_NO_LAUNCH:
		compat->launch_pppd = false;
		return GO_ON;
	case OPT_QUIRKS:
		return take_quirk(config, arg);
	case OPT_DEBUG:
		compat->foreground = true;
		return GO_ON;
	case OPT_SYNC:
		config->ppp_sync = true;
		return GO_ON;
	case OPT_TIMEOUT:
		return take_timeout(config, arg);
	case OPT_NO_BUFFER:
		config->reorder_depth = 1;
		return GO_ON;
	case OPT_IDLE_WAIT:
		return take_number(
		    arg, 0, 86400, &config->control_echo, "--idle-wait takes seconds");
	case OPT_MAX_ECHO_WAIT:
		return take_number(
		    arg, 1, 86400, &config->control_echo_wait, "--max-echo-wait takes seconds");
	case OPT_LOG_STRING:
		compat->log_name = arg;
		return GO_ON;
	case OPT_LOCAL_BIND:
		return take_bind(config, arg);
	case OPT_LOG_LEVEL:
		return take_log_level(compat, arg);
	case OPT_RT_MARK:
		return take_number(arg, 0, UINT32_MAX, &config->mark, "--rtmark takes a number");
	case OPT_NO_HOST_ROUTE:
		compat->host_route = false;
		return GO_ON;
	case OPT_CLIENT_HOSTNAME:
		return take_text(config->host_name, sizeof(config->host_name), arg,
		    "--client-hostname takes at most 63 octets");
	case OPT_MISSING_WINDOW:
		return take_number(arg, 1, 1U << 30, &config->forward_window,
		    "--missing-window takes a number of packets");
	case OPT_TEST_TYPE:
		return take_number(
		    arg, 0, 3, &config->damage_type, "--test-type takes 0, 1, 2 or 3");
	case OPT_TEST_RATE:
		return take_number(
		    arg, 1, 1U << 30, &config->damage_rate, "--test-rate takes a number");
	case OPT_VERSION:
		puts("pptp version 1.10.0 (pptpeer " PACKAGE_VERSION " in its place)");
		return COMPAT_ENDED;
	default: /* getopt_long() has said what is wrong */
		return wrong_line(NULL);
	}
}

static void
set_defaults(struct compat *compat)
{
	struct config *config = &compat->config;

	compat->log_name = "anon";
	compat->log_level = 1;
	compat->launch_pppd = compat->host_route = true;
	config_fill(config);
	config->reorder_wait_ms = 300;
	config->damage_rate = 100;
	config->mppe = MPPE_OFF; /* what is agreed about it is pppd's */
	strcpy(config->name, "pptp");
}

static int
take_line(struct compat *compat, int argc, char **argv)
{
	struct config *config = &compat->config;
	const char *wrong;
	char buf[256];
	int id, code = GO_ON;

	while (code == GO_ON && (id = getopt_long(argc, argv, "", options, NULL)) != -1)
		code = take_option(compat, id, optarg);
	if (code != GO_ON)
		return code;
	if (optind == argc)
		return wrong_line("HOST is missing");
	code = take_text(
	    config->servers[0], sizeof(config->servers[0]), argv[optind], "HOST is too long");
	if (code != GO_ON)
		return code;
	compat->pppd_argv = argv + optind + 1;
	wrong = config_check_call(config, buf, sizeof(buf));
	return wrong != NULL ? wrong_line(wrong) : GO_ON;
}

int
compat_main(int argc, char **argv)
{
	/* Most of the settings are a daemon's; from calloc() they stay untouched. */
	struct compat *compat = calloc(1, sizeof(*compat));
	int code;

	if (compat == NULL)
		return COMPAT_FATAL;
	set_defaults(compat);
	code = take_line(compat, argc, argv);
	if (code == GO_ON)
		code = compat_run(compat);
	free(compat);
	return code;
}
