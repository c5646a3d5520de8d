/* connect_args.c: the options of `pptpeer connect` and what becomes of them. */
#include "connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "read_config.h"

const struct option_row connect_options[] = {
    {'u', "user", "USER", "user name; \"DOMAIN\\USER\" is taken as it is"},
    {'d', "domain", "DOMAIN", "domain, put before the user name"},
    {OPT_PASSWORD_STDIN, "password-stdin", "", "read the password from standard input"},
    {OPT_PASSWORD_FD, "password-fd", "N", "read it from descriptor N"},
    {OPT_PASSWORD_FILE, "password-file", "F", "read it from F, which others must not read"},
    {OPT_MPPE, "mppe", "MODE", "encryption: require (default), prefer, off"},
    {OPT_ACCEPT, "accept", "LIST",
	"how we say who we are, with commas: mschap-v2 (default)\nmschap chap pap eap"},
    {OPT_UNTIL, "until", "STAGE",
	"reach the stage, end in order, exit 0: control call gre\nlcp auth up"},
    {OPT_TIMEOUT, "timeout", "S", "give up, with exit code 17, if it is not up in S seconds"},
    {OPT_DRY_RUN, "dry-run", "", "show what would be done, pppd's arguments included; do nothing"},
    {OPT_PERSIST, "persist", "", "dial again after an end that can pass"},
    {OPT_BACKGROUND, "background", "", "come back when it is up, and leave it running"},
    {OPT_SAVE, "save", "NAME",
	"keep these settings as NAME.conf as well; the password is not in it"},
    {OPT_NAME, "name", "NAME", "name of the tunnel for status, trace, down (default: HOST)"},
    {OPT_ROUTE, "route", "NET", "reach NET, as 10.1.0.0/16, through the tunnel; may be repeated"},
    {OPT_DEFAULT_ROUTE, "default-route", "", "reach everything through the tunnel"},
    {OPT_EXCEPT, "except", "NET", "but not NET; may be repeated"},
    {OPT_SCRIPT, "script", "FILE", "let FILE set routes and DNS, as openconnect's vpnc-script"},
    {OPT_NO_DNS, "no-dns", "", "leave this host's DNS alone"},
    {OPT_IFNAME, "ifname", "NAME", "name of the interface (default: pppd takes one)"},
    {OPT_MTU, "mtu", "N", "MTU of the interface (default: from the path)"},
    {OPT_PORT, "port", "N", "TCP port (default: 1723)"},
    {OPT_BIND, "bind", "ADDR|%IF", "source address, or interface, of TCP and GRE"},
    {OPT_MARK, "mark", "N", "firewall mark of TCP and GRE packets"},
    {OPT_PHONE, "phone", "S", "phone number for the server, at most 64 octets"},
    {OPT_CALL, "call", "KIND", "which kind of call: outgoing (default), incoming"},
    {OPT_DATA_PATH, "data-path", "PATH",
	"how PPP gets to the kernel: auto (default), tap, pty, kernel"},
    {OPT_CONNECT_TIMEOUT, "connect-timeout", "S", "for the TCP connection (default: 10)"},
    {OPT_REPLY_TIMEOUT, "reply-timeout", "S", "for replies on the control connection (60)"},
    {OPT_GRE_TIMEOUT, "gre-timeout", "S", "for the first GRE packet (default: 30)"},
    {OPT_HOST_NAME, "host-name", "S", "Host Name to tell (default: this host's)"},
    {OPT_VENDOR, "vendor", "S", "Vendor Name to tell (default: pptpeer)"},
    {0},
};

const char connect_text[] =
    "Dials HOST (a name or an IPv4 address), or the server of NAME.conf with all that\n"
    "stands there; options go before the file. Asks for the password if nothing says where\n"
    "it is, and says each stage as it is reached. Ctrl-C hangs up in order. One dial, unless\n"
    "--persist: retry.persist of the file is for pptpeerd. The exit code is 0 after an end\n"
    "that was asked for; else it tells the reason, as the last line does.\n"
    "\n"
    "The stages control, call and gre need root, but no password, no pppd and no\n"
    "/dev/ppp:\n"
    "    pptpeer connect vpn.example.com --until gre\n"
    "tells whether the server answers and the way to it lets GRE through.\n"
    "\n"
    "PPTP does not keep secrets from those who listen on the way: MS-CHAP-V2 and MPPE "
    "were\n"
    "broken long ago. Use it where nothing else is to be had.\n";

/* A word that does not fit is a wrong setting, not a wrong command line. */
static int
set_text(struct tool *tool, char *to, size_t size, const char *option, const char *arg)
{
	if (strlen(arg) >= size)
		return tool_error(tool, EXIT_CONFIG, "%s has %zu octets; %zu is the most.", option,
		    strlen(arg), size - 1);
	memcpy(to, arg, strlen(arg) + 1);
	return TOOL_GO;
}

static int
set_number(struct tool *tool, unsigned *to, uint32_t max, const char *option, const char *arg)
{
	uint32_t value;

	if (!tool_number(arg, 0, max, &value))
		return tool_usage(
		    tool, "%s takes a whole number up to %u, not \"%s\".", option, max, arg);
	*to = value;
	return TOOL_GO;
}

static int
set_mppe(struct tool *tool, struct config *config, const char *arg)
{
	static const char *const words[] = {
	    [MPPE_REQUIRE] = "require",
	    [MPPE_PREFER] = "prefer",
	    [MPPE_OFF] = "off",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(arg, words[i]) == 0) {
			config->mppe = (enum mppe_mode)i;
			return TOOL_GO;
		}
	}
	return tool_usage(tool, "--mppe takes require, prefer or off, not \"%s\".", arg);
}

static int
set_accept(struct tool *tool, struct config *config, const char *arg)
{
	static const struct {
		const char *word;
		unsigned bit;
	} methods[] = {
	    {"mschap-v2", ACCEPT_MSCHAPV2},
	    {"mschap", ACCEPT_MSCHAP},
	    {"chap", ACCEPT_CHAP},
	    {"pap", ACCEPT_PAP},
	    {"eap", ACCEPT_EAP},
	};

	config->accept = 0;
	while (*arg != '\0') {
		size_t len = strcspn(arg, ", "), i = 0;

		while (i < sizeof(methods) / sizeof(methods[0]) &&
		       (strlen(methods[i].word) != len || strncmp(methods[i].word, arg, len) != 0))
			i++;
		if (len != 0 && i == sizeof(methods) / sizeof(methods[0]))
			return tool_usage(tool,
			    "--accept takes a list of mschap-v2, mschap, chap, pap and "
			    "eap; \"%.*s\" is none of them.",
			    (int)len, arg);
		if (len != 0)
			config->accept |= methods[i].bit;
		arg += len + strspn(arg + len, ", ");
	}
	return TOOL_GO;
}

static int
set_bind(struct tool *tool, struct config *config, const char *arg)
{
	if (strcmp(arg, "%") == 0) /* "%$IF" with an empty $IF is no wish to bind to nothing */
		return tool_usage(tool, "--bind %% has no interface after the %%.");
	if (arg[0] == '%')
		return set_text(
		    tool, config->bind_device, sizeof(config->bind_device), "--bind", arg + 1);
	if (inet_pton(AF_INET, arg, &config->bind_address) != 1)
		return tool_usage(
		    tool, "--bind takes an IPv4 address or %%INTERFACE, not \"%s\".", arg);
	return TOOL_GO;
}

static int
add_net(struct tool *tool, struct config_nets *nets, const char *option, const char *arg)
{
	const char *wrong;

	if (nets->count == CONFIG_LIST)
		return tool_usage(tool, "over %d of %s are too many.", CONFIG_LIST, option);
	wrong = net_parse(arg, &nets->net[nets->count]);
	if (wrong != NULL)
		return tool_usage(tool, "%s: \"%s\" %s.", option, arg, wrong);
	nets->count++;
	return TOOL_GO;
}

/* It is started in the folder /. */
static int
set_script(struct tool *tool, struct config *config, const char *arg)
{
	char folder[CONFIG_PATH_MAX] = "", path[2 * CONFIG_PATH_MAX];

	if (access(arg, X_OK) != 0)
		return tool_error(
		    tool, EXIT_CONFIG, "--script: %s cannot be run: %s.", arg, strerror(errno));
	if (arg[0] != '/' && getcwd(folder, sizeof(folder)) == NULL)
		return tool_error(tool, EXIT_CONFIG, "--script: give its path from / on.");
	snprintf(path, sizeof(path), "%s%s%s", folder, arg[0] != '/' ? "/" : "", arg);
	return set_text(tool, config->hook_script, sizeof(config->hook_script), "--script", path);
}

static int
set_until(struct tool *tool, struct config *config, const char *arg)
{
	int stage = stage_from_name(arg);

	if (stage < (int)STAGE_CONTROL)
		return tool_usage(
		    tool, "--until takes control, call, gre, lcp, auth or up, not \"%s\".", arg);
	config->until = (enum stage)stage;
	config->stay_up = false;
	return TOOL_GO;
}

static int
set_data_path(struct tool *tool, struct config *config, const char *arg)
{
	if (strcmp(arg, "auto") == 0)
		config->data_path = PATH_AUTO;
	else if (strcmp(arg, "tap") == 0)
		config->data_path = PATH_TAP;
	else if (strcmp(arg, "pty") == 0)
		config->data_path = PATH_PTY;
	else if (strcmp(arg, "kernel") == 0)
		config->data_path = PATH_KERNEL;
	else
		return tool_usage(
		    tool, "--data-path takes auto, tap, pty or kernel, not \"%s\".", arg);
	return TOOL_GO;
}

static int
set_call(struct tool *tool, struct config *config, const char *arg)
{
	config->call_incoming = strcmp(arg, "incoming") == 0;
	if (!config->call_incoming && strcmp(arg, "outgoing") != 0)
		return tool_usage(tool, "--call takes outgoing or incoming, not \"%s\".", arg);
	return TOOL_GO;
}

/* Where the password comes from; the last one said counts. */
static int
set_password(struct connect *run, int id, const char *arg)
{
	uint32_t fd = 0;

	run->password_flag = true;
	if (id == OPT_PASSWORD_FILE) {
		run->password.way = PASSWORD_FILE;
		run->password.path = arg;
		return TOOL_GO;
	}
	if (id == OPT_PASSWORD_FD && !tool_number(arg, 0, 65535, &fd))
		return tool_usage(
		    run->tool, "--password-fd takes a descriptor's number, and only that.");
	run->password.way = PASSWORD_FD;
	run->password.fd = (int)fd;
	return TOOL_GO;
}

static int
set_port(struct tool *tool, struct config *config, const char *arg)
{
	uint32_t port;

	if (!tool_number(arg, 1, 65535, &port))
		return tool_usage(tool, "--port takes a number from 1 to 65535, not \"%s\".", arg);
	config->port = (uint16_t)port;
	return TOOL_GO;
}

static int
take_text(struct tool *tool, struct config *config, int id, const char *arg)
{
#define TEXT(member, option) set_text(tool, config->member, sizeof(config->member), option, arg)
	switch (id) {
	case 'u':
		return TEXT(user, "--user");
	case 'd':
		return TEXT(domain, "--domain");
	case OPT_IFNAME:
		return TEXT(interface, "--ifname");
	case OPT_PHONE:
		return TEXT(phone, "--phone");
	case OPT_NAME:
		return TEXT(name, "--name");
	case OPT_HOST_NAME:
		return TEXT(host_name, "--host-name");
	default: /* OPT_VENDOR */
		return TEXT(vendor, "--vendor");
	}
#undef TEXT
}

/* Kept until the word that it stands beside is known. */
static int
note_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	struct connect *run = ctx;

	if (run->option_count == CONNECT_OPTIONS)
		return tool_usage(tool, "over %d options are too many.", CONNECT_OPTIONS);
	run->options[run->option_count++] = (struct connect_option){id, arg};
	return TOOL_GO;
}

static int
take_option(struct connect *run, int id, const char *arg)
{
	struct tool *tool = run->tool;
	struct config *config = &run->settings.config;

	switch (id) {
	case OPT_MPPE:
		return set_mppe(tool, config, arg);
	case OPT_ACCEPT:
		return set_accept(tool, config, arg);
	case OPT_MTU:
		return set_number(tool, &config->mtu, 65535, "--mtu", arg);
	case OPT_BIND:
		return set_bind(tool, config, arg);
	case OPT_MARK:
		return set_number(tool, &config->mark, UINT32_MAX, "--mark", arg);
	case OPT_PORT:
		return set_port(tool, config, arg);
	case OPT_CALL:
		return set_call(tool, config, arg);
	case OPT_DATA_PATH:
		return set_data_path(tool, config, arg);
	case OPT_TIMEOUT:
		return set_number(tool, &config->timeout, 86400, "--timeout", arg);
	case OPT_CONNECT_TIMEOUT:
		return set_number(tool, &config->connect_timeout, 86400, "--connect-timeout", arg);
	case OPT_REPLY_TIMEOUT:
		return set_number(tool, &config->reply_timeout, 86400, "--reply-timeout", arg);
	case OPT_GRE_TIMEOUT:
		return set_number(tool, &config->gre_timeout, 86400, "--gre-timeout", arg);
	case OPT_DEFAULT_ROUTE:
		config->route_default = true;
		return TOOL_GO;
	case OPT_ROUTE:
		return add_net(tool, &config->routes_through, "--route", arg);
	case OPT_EXCEPT:
		return add_net(tool, &config->routes_except, "--except", arg);
	case OPT_SCRIPT:
		return set_script(tool, config, arg);
	case OPT_NO_DNS:
		config->dns_use = DNS_OFF;
		config->domains.count = 0;
		return TOOL_GO;
	case OPT_UNTIL:
		return set_until(tool, config, arg);
	case OPT_DRY_RUN:
		run->dry_run = true;
		return TOOL_GO;
	case OPT_BACKGROUND:
		run->background = true;
		return TOOL_GO;
	case OPT_SAVE:
		run->save = arg;
		return take_text(tool, config, OPT_NAME, arg);
	case OPT_PERSIST:
		config->persist = true;
		return TOOL_GO;
	case OPT_JSON:
		run->json = true;
		return TOOL_GO;
	case OPT_PASSWORD_STDIN:
	case OPT_PASSWORD_FD:
	case OPT_PASSWORD_FILE:
		return set_password(run, id, arg);
	default:
		return take_text(tool, config, id, arg);
	}
}

static int
take_host(struct connect *run, const char *host)
{
	struct config *config = &run->settings.config;
	int code =
	    set_text(run->tool, config->servers[0], sizeof(config->servers[0]), "HOST", host);

	if (code != TOOL_GO)
		return code;
	return set_text(run->tool, config->run_dir, sizeof(config->run_dir), "the run folder",
	    run->tool->run_dir);
}

/* A word with a file in the config folder is a NAME, else a HOST (interface.md 2). */
static int
take_word(struct connect *run, const char *word)
{
	struct config *config = &run->settings.config;
	char path[CONFIG_PATH_MAX];
	int code;

	if (config_path(run->tool->config_dir, word, path, sizeof(path)) < 0 ||
	    access(path, F_OK) != 0)
		return take_host(run, word);
	code = tool_read_config(run->tool, path, &run->settings, NULL);
	if (code != TOOL_GO)
		return code;
	if (config->role == ROLE_LISTEN)
		return tool_error(run->tool, EXIT_USAGE,
		    "%s answers calls (role = \"%s\"), which takes the daemon: pptpeer up %s", word,
		    config_role_name(config->role), word);
	config->persist = false; /* one dial, unless --persist says otherwise */
	return TOOL_GO;
}

/* The tunnel of a HOST has its name. */
static int
name_after_host(struct connect *run, const char *host)
{
	struct config *config = &run->settings.config;

	if (config->name[0] != '\0')
		return TOOL_GO;
	if (strlen(host) >= sizeof(config->name))
		return tool_error(run->tool, EXIT_CONFIG,
		    "HOST is too long for the tunnel's name; give a shorter one with --name.");
	memcpy(config->name, host, strlen(host) + 1);
	return TOOL_GO;
}

int
connect_parse(struct connect *run, int argc, char **argv)
{
	struct tool *tool = run->tool;
	struct config *config = &run->settings.config;
	char buf[256];
	const char *wrong;
	int first, code;

	code = tool_options(tool, argc, argv, note_option, run, &first);
	if (code != TOOL_GO)
		return code;
	if (first == argc)
		return tool_usage(tool, "HOST or NAME is missing: which server?");
	if (first + 1 < argc)
		return tool_usage(
		    tool, "one HOST or NAME only; \"%s\" is one word too many.", argv[first + 1]);
	code = take_word(run, argv[first]);
	for (size_t i = 0; code == TOOL_GO && i < run->option_count; i++)
		code = take_option(run, run->options[i].id, run->options[i].arg);
	if (code == TOOL_GO)
		code = name_after_host(run, argv[first]);
	if (code != TOOL_GO)
		return code;
	if (run->background && !config->stay_up)
		return tool_usage(tool, "--until and --background exclude each other.");
	if (run->user_optional && config->user[0] == '\0')
		config->until = STAGE_GRE;
	if (config->until > STAGE_GRE && config->user[0] == '\0')
		return tool_usage(tool, "the user's name is missing: -u USER");
	config->verbose = tool->verbose;
	if (run->background) { /* the log is all that will be left of it */
		config->keep_state = true;
		if (config_verbose(config->log_level) > tool->verbose)
			config->verbose = config_verbose(config->log_level);
	}
	wrong = config_check(config, buf, sizeof(buf));
	return wrong == NULL ? TOOL_GO : tool_error(tool, EXIT_CONFIG, "%s", wrong);
}
