/* config_keys.c: see config_keys.h.  The defaults are those of interface.md 3. */
#include "config_keys.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

static const char *const role_words[] = {"dial", "listen", "auto", NULL};
static const char *const ready_words[] = {"dialling", "up", NULL};
static const char *const call_words[] = {"outgoing", "incoming", NULL};
static const char *const auth_failure_words[] = {"stop", "retry", NULL};
static const char *const server_route_words[] = {[false] = "off", [true] = "auto", NULL};
static const char *const dns_words[] = {[DNS_AUTO] = "auto",
    [DNS_OFF] = "off",
    [DNS_RESOLVED] = "resolved",
    [DNS_RESOLVCONF] = "resolvconf",
    [DNS_HOOK] = "hook",
    NULL};
static const char *const path_words[] = {
    [PATH_AUTO] = "auto", [PATH_PTY] = "pty", [PATH_TAP] = "tap", [PATH_KERNEL] = "kernel", NULL};
static const char *const window_words[] = {[PPTP_WINDOW_ADVISORY] = "advisory",
    [PPTP_WINDOW_STRICT] = "strict",
    [PPTP_WINDOW_OFF] = "off",
    NULL};
static const char *const mppe_words[] = {
    [MPPE_REQUIRE] = "require", [MPPE_PREFER] = "prefer", [MPPE_OFF] = "off", NULL};
static const char *const level_words[] = {[LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
    NULL};
/* In the order of enum auth_method's bits. */
static const char *const method_words[] = {"pap", "chap", "mschap", "mschap-v2", "eap", NULL};
static const char *const target_words[] = {"journal", "syslog", "stderr", NULL};
static const char *const quirk_words[] = {"auto", NULL};

/* clang-format off: a table */

/* Where it is, and how large; nothing where the reader keeps nothing. */
#define IN(member) \
	offsetof(struct config_settings, config.member), sizeof(((struct config *)0)->member)
#define KEPT(member) \
	offsetof(struct config_settings, later.member), sizeof(((struct config_later *)0)->member)
#define NOWHERE 0, 0

#define SECONDS 86400 /* a day is the most of any of them */

#define BOOL(path, where, standard, meaning)                                         \
	{                                                                            \
		path, KEY_BOOL, where, 0, 0, NULL, 0, false, standard, NULL, meaning \
	}
#define NUMBER(path, where, min, max, standard, unit, meaning)                             \
	{                                                                                  \
		path, KEY_NUMBER, where, min, max, NULL, 0, false, standard, unit, meaning \
	}
#define WORD(path, where, words, now, standard, meaning)                                \
	{                                                                               \
		path, KEY_WORD, where, 0, 0, words, now, false, standard, NULL, meaning \
	}
#define KEY(path, type, where, standard, meaning)                                \
	{                                                                        \
		path, type, where, 0, 0, NULL, 0, false, standard, NULL, meaning \
	}
#define LATER(path, type, where, words, standard, meaning)                                \
	{                                                                                 \
		path, type, where, 0, UINT32_MAX, words, 0, true, standard, NULL, meaning \
	}

const struct config_key config_keys[] = {
    WORD("role", NOWHERE, role_words, 1, "\"dial\"", "who calls: dial, listen or auto"),

    KEY("dial.server", KEY_SERVER, IN(servers), "\"\"",
	"the server, a name or an IPv4 address; looked up again at each dial"),
    KEY("dial.servers", KEY_SERVERS, IN(servers), "[ ]",
	"several servers, tried in that order; in place of server"),
    NUMBER("dial.port", IN(port), 1, 65535, "1723", NULL, "TCP port of the server"),
    KEY("dial.bind", KEY_BIND, IN(bind_address), "\"\"",
	"source address, or \"%IF\" for an interface, of TCP and GRE"),
    NUMBER("dial.mark", IN(mark), 0, UINT32_MAX, "0", NULL,
	"firewall mark of our TCP and GRE packets; 0: none"),
    WORD("dial.call", NOWHERE, call_words, 1, "\"outgoing\"", "which kind of call to ask for"),
    LATER("dial.share-control", KEY_BOOL, NOWHERE, NULL, "false",
	"several calls on one control connection"),
    KEY("dial.phone", KEY_TEXT, IN(phone), "\"\"",
	"phone number for the server, at most 64 octets"),
    NUMBER("dial.connect-timeout", IN(connect_timeout), 1, SECONDS, "10", "s",
	"time for the TCP connection"),
    NUMBER("dial.reply-timeout", IN(reply_timeout), 1, SECONDS, "60", "s",
	"time for a reply on the control connection"),

    BOOL("retry.persist", IN(persist), "true", "dial again after an end that can pass"),
    NUMBER("retry.first-delay", IN(first_delay), 1, SECONDS, "1", "s",
	"wait before the first new try; it doubles with each, give or take a quarter"),
    NUMBER("retry.max-delay", IN(max_delay), 1, SECONDS, "300", "s", "the longest wait"),
    NUMBER("retry.max-tries", IN(max_tries), 0, 1000000, "0", NULL,
	"give up after so many tries in a row; 0: never"),
    WORD("retry.on-auth-failure", IN(retry_after_auth), auth_failure_words, 0, "\"stop\"",
	"after a refused password: stop, or retry, which can lock the account"),

    KEY("auth.user", KEY_TEXT, IN(user), "\"\"", "our user name"),
    KEY("auth.domain", KEY_TEXT, IN(domain), "\"\"", "our domain, told before the user name"),
    KEY("auth.password-file", KEY_FILE, IN(password_path), "\"\"",
	"file with the password, which nobody but its owner may read"),
    KEY("auth.password-credential", KEY_CREDENTIAL, IN(password_path), "\"\"",
	"name of a systemd credential with the password"),
    KEY("auth.password-command", KEY_COMMAND, IN(password_command), "[ ]",
	"command, with its words, that prints the password"),
    KEY("auth.password-ask", KEY_ASK, IN(password_from), "false",
	"ask for the password, on the terminal or by systemd-ask-password"),
    {"auth.accept", KEY_SET, IN(accept), 0, 0, method_words, 0, false, "[ \"mschap-v2\" ]", NULL,
	"how we say who we are: mschap-v2, mschap, chap, pap, eap"},
    LATER("auth.require-peer", KEY_SET, KEPT(require_peer), method_words, "[ ]",
	"how the peer must say who it is"),

    WORD("encryption.mppe", IN(mppe), mppe_words, 0, "\"require\"",
	"encryption: require, prefer (a second try without), off"),
    KEY("encryption.bits", KEY_BITS, IN(mppe_40), "[ 128 ]", "key lengths: 40, 128"),
    BOOL("encryption.stateful", IN(mppe_stateful), "false",
	"allow MPPE's stateful mode, which suffers from each lost packet"),

    KEY("ip.interface", KEY_TEXT, IN(interface), "\"\"",
	"name of the interface, at most 15 characters; \"\": pppd takes one"),
    NUMBER("ip.mtu", IN(mtu), 0, 1500, "0", "octets",
	"MTU of the interface; 0: from the path, at most 1456 with MPPE, else 1460"),
    NUMBER("ip.mru", IN(mru), 0, 1500, "0", "octets",
	"MRU told in LCP, MPPE's 4 octets included; 0: as ip.mtu asks"),
    KEY("ip.address", KEY_ADDRESS, IN(address), "\"\"",
	"IPv4 address to ask for; \"\": the peer's choice"),
    BOOL("ip.ipv6", IN(ipv6), "false", "IPv6 in the tunnel, beside IPv4"),

    BOOL("routes.default", IN(route_default), "false", "everything through the tunnel"),
    KEY("routes.through", KEY_NETS, IN(routes_through), "[ ]", "networks through the tunnel"),
    KEY("routes.except", KEY_NETS, IN(routes_except), "[ ]",
	"networks past the tunnel, the way that they have now"),
    KEY("routes.table", KEY_TABLE, IN(route_table), "\"main\"",
	"routing table of the routes through the tunnel: main, or a number"),
    NUMBER("routes.metric", IN(route_metric), 0, UINT32_MAX, "0", NULL,
	"metric of the routes through the tunnel"),
    WORD("routes.server-route", IN(server_route), server_route_words, 0, "\"auto\"",
	"keep the way to the server where a route through the tunnel covers it: auto, off"),

    WORD("dns.use", IN(dns_use), dns_words, 0, "\"auto\"",
	"who is told of the peer's DNS servers: auto, off, resolved, resolvconf, hook"),
    KEY("dns.domains", KEY_LIST, IN(domains), "[ ]",
	"domains that the peer's DNS servers are asked for; with ~ they are not searched"),

    NUMBER("keepalive.control-echo", IN(control_echo), 0, SECONDS, "60", "s",
	"Echo-Request after so much silence on the control connection; 0: never"),
    NUMBER("keepalive.control-echo-wait", IN(control_echo_wait), 1, SECONDS, "60", "s",
	"time for the Echo-Reply"),
    NUMBER("keepalive.lcp-echo", IN(lcp_echo), 0, SECONDS, "20", "s",
	"time between LCP echo requests; 0: never"),
    NUMBER("keepalive.lcp-echo-failure", IN(lcp_echo_failure), 0, 255, "3", NULL,
	"so many without an answer end the call; 0: never"),

    WORD("data.path", IN(data_path), path_words, 0, "\"auto\"",
	"how PPP gets to the kernel: auto (tap, else pty), pty, tap, kernel (its own pptp)"),
    NUMBER("data.window", IN(window), 1, 65535, "64", "packets",
	"Packet Recv. Window Size that we tell"),
    WORD("data.window-mode", IN(window_mode), window_words, 0, "\"advisory\"",
	"the peer's window: advisory is counted, strict holds us back, off is neither"),
    NUMBER("data.reorder-wait-ms", IN(reorder_wait_ms), 0, 10000, "100", "ms",
	"the longest wait for a packet that is late; 0: none"),
    NUMBER("data.reorder-depth", IN(reorder_depth), 1, 4096, "256", "packets",
	"the most packets held meanwhile"),
    NUMBER("data.gre-timeout", IN(gre_timeout), 1, SECONDS, "30", "s",
	"time for the first GRE packet of a call"),

    KEY("hooks.up", KEY_PATH, IN(hook_up), "\"\"", "program that is started when it is up"),
    KEY("hooks.down", KEY_PATH, IN(hook_down), "\"\"", "program that is started when it is down"),
    KEY("hooks.pre-dial", KEY_PATH, IN(hook_pre_dial), "\"\"",
	"program that is started before each dial, and can forbid it"),
    KEY("hooks.renew", KEY_PATH, IN(hook_renew), "\"\"",
	"program that is started when it is up once more, after a redial"),
    KEY("hooks.auth-failed", KEY_PATH, IN(hook_auth_failed), "\"\"",
	"program that is started when the server has refused us"),
    KEY("hooks.waiting", KEY_PATH, IN(hook_waiting), "\"\"",
	"program that is started when the next dial is waited for"),
    KEY("hooks.script", KEY_PATH, IN(hook_script), "\"\"",
	"program like openconnect's vpnc-script, which sets routes and DNS in our place"),
    NUMBER("hooks.timeout", IN(hook_timeout), 1, SECONDS, "30", "s", "time for a hook"),
    BOOL("hooks.required", IN(hook_required), "false",
	"an up hook or script that fails ends the tunnel"),

    WORD("log.level", IN(log_level), level_words, 0, "\"info\"",
	"how much is logged: error, warning, notice, info, debug"),
    BOOL("log.ppp-debug", IN(ppp_debug), "false", "pppd's own packet log"),
    {"log.target", KEY_TARGET, IN(log_target), 0, 0, target_words, 0, false, "\"journal\"", NULL,
	"where the log goes: journal, syslog, stderr, or a file from / on"},

    KEY("pppd.path", KEY_PATH, IN(pppd_path), "\"\"", "the program; \"\": as built"),
    KEY("pppd.options", KEY_LIST, IN(pppd_options), "[ ]",
	"more words for its arguments, one a string; those that we set are refused"),
    BOOL("pppd.run-system-scripts", IN(run_system_scripts), "false",
	"run /etc/ppp/ip-up and ip-down as well"),

    WORD("ready", IN(ready_when_up), ready_words, 0, "\"dialling\"",
	"when systemd is told that we are ready: dialling, up"),

    KEY("identity.host-name", KEY_TEXT, IN(host_name), "\"\"",
	"Host Name that we tell, at most 63 octets; \"\": this host's"),
    KEY("identity.vendor", KEY_TEXT, IN(vendor), "\"pptpeer\"",
	"Vendor Name that we tell, at most 63 octets"),

    {"quirks", KEY_SET, NOWHERE, 0, 0, quirk_words, 0, true, "[ \"auto\" ]", NULL,
	"what to bend to for a peer"},

    /* Of those who answer. */
    LATER("listen", KEY_ANY, NOWHERE, NULL, "", "whom to listen for"),
    LATER("answer-auth", KEY_ANY, NOWHERE, NULL, "", "how callers say who they are"),
    LATER("users-file", KEY_ANY, NOWHERE, NULL, "", "users of a listener"),
    LATER("peers", KEY_ANY, NOWHERE, NULL, "", "sites behind callers"),
    LATER("auth.name", KEY_ANY, NOWHERE, NULL, "", "name of a listener"),
    LATER("auth.secrets", KEY_ANY, NOWHERE, NULL, "", "where a listener finds passwords"),
    LATER("auth.radius-config", KEY_ANY, NOWHERE, NULL, "", "RADIUS for a listener"),
    LATER("ip.local", KEY_ANY, NOWHERE, NULL, "", "a listener's address"),
    LATER("ip.remote", KEY_ANY, NOWHERE, NULL, "", "the caller's address"),
    LATER("ip.pool", KEY_ANY, NOWHERE, NULL, "", "addresses for callers"),
    LATER("ip.dns", KEY_ANY, NOWHERE, NULL, "", "DNS servers for callers"),
    LATER("hooks.call-up", KEY_ANY, NOWHERE, NULL, "", "command when a call is up"),
    LATER("hooks.call-down", KEY_ANY, NOWHERE, NULL, "", "command when a call is down"),
    {0},
};
/* clang-format on */

_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_KEYS_MAX, "too many keys");

size_t
config_keys_count(void)
{
	return sizeof(config_keys) / sizeof(config_keys[0]) - 1;
}

int
config_key_find(const char *path)
{
	for (size_t i = 0; i < config_keys_count(); i++) {
		if (strcmp(config_keys[i].path, path) == 0)
			return (int)i;
	}
	return -1;
}

/* ------------------------------------------------------------------------- its text */

struct text {
	char *buf;
	size_t size, used;
};

static void
put(struct text *text, const char *bytes)
{
	size_t len = strlen(bytes);

	if (len >= text->size - text->used)
		len = text->size - text->used - 1;
	memcpy(text->buf + text->used, bytes, len);
	text->used += len;
	text->buf[text->used] = '\0';
}

/* In quotes, so that libconfig reads it as it was. */
static void
put_quoted(struct text *text, const char *word)
{
	char piece[8];

	put(text, "\"");
	for (; *word != '\0'; word++) {
		unsigned char c = (unsigned char)*word;

		if (c == '"' || c == '\\')
			snprintf(piece, sizeof(piece), "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			snprintf(piece, sizeof(piece), "\\x%02x", c);
		else
			snprintf(piece, sizeof(piece), "%c", c);
		put(text, piece);
	}
	put(text, "\"");
}

static void
put_element(struct text *text, const char *word, bool quoted)
{
	put(text, text->buf[text->used - 1] == '[' ? " " : ", ");
	if (quoted)
		put_quoted(text, word);
	else
		put(text, word);
}

static void
put_list(struct text *text, const struct config_list *list)
{
	put(text, "[");
	for (unsigned i = 0; i < list->count; i++)
		put_element(text, list->word[i], true);
	put(text, " ]");
}

static void
put_nets(struct text *text, const struct config_nets *nets)
{
	char net[NET_TEXT];

	put(text, "[");
	for (unsigned i = 0; i < nets->count; i++) {
		net_text(&nets->net[i], net, sizeof(net));
		put_element(text, net, true);
	}
	put(text, " ]");
}

static void
put_table(struct text *text, uint32_t table)
{
	char number[16] = "main";

	if (table != RT_TABLE_MAIN)
		snprintf(number, sizeof(number), "%u", (unsigned)table);
	put_quoted(text, number);
}

static void
put_set(struct text *text, const char *const *words, unsigned bits)
{
	put(text, "[");
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (bits & 1U << i)
			put_element(text, words[i], true);
	}
	put(text, " ]");
}

static void
put_address(struct text *text, struct in_addr address)
{
	char buf[INET_ADDRSTRLEN] = "";

	if (address.s_addr != htonl(INADDR_ANY))
		inet_ntop(AF_INET, &address, buf, sizeof(buf));
	put_quoted(text, buf);
}

static void
put_bind(struct text *text, const struct config *config)
{
	char device[sizeof(config->bind_device) + 1];

	snprintf(device, sizeof(device), "%%%s", config->bind_device);
	if (config->bind_device[0] != '\0')
		put_quoted(text, device);
	else
		put_address(text, config->bind_address);
}

static void
put_servers(struct text *text, const struct config *config)
{
	put(text, "[");
	for (unsigned i = 0; config->server_count > 1 && i < config->server_count; i++)
		put_element(text, config->servers[i], true);
	put(text, " ]");
}

static void
put_bits(struct text *text, const struct config *config)
{
	put(text, "[");
	if (config->mppe_40)
		put_element(text, "40", false);
	if (config->mppe_128)
		put_element(text, "128", false);
	put(text, " ]");
}

static void
put_number(struct text *text, unsigned value)
{
	char number[16];

	/* Over that libconfig wants an L, or hexadecimal. */
	snprintf(number, sizeof(number), value > INT32_MAX ? "0x%x" : "%u", value);
	put(text, number);
}

static unsigned
unsigned_at(const struct config_key *key, const char *at)
{
	uint16_t half;
	unsigned value;

	if (key->size == 1)
		return *(const unsigned char *)at;
	if (key->size == sizeof(half)) {
		memcpy(&half, at, sizeof(half));
		return half;
	}
	memcpy(&value, at, sizeof(value));
	return value;
}

/* The settings of auth.password-*: one of them is in use. */
static void
put_password(struct text *text, const struct config_key *key, const struct config *config)
{
	static const struct config_list none;

	if (key->type == KEY_FILE)
		put_quoted(text, config->password_from == SECRET_FILE ? config->password_path : "");
	else if (key->type == KEY_CREDENTIAL)
		put_quoted(
		    text, config->password_from == SECRET_CREDENTIAL ? config->password_path : "");
	else if (key->type == KEY_COMMAND)
		put_list(text,
		    config->password_from == SECRET_COMMAND ? &config->password_command : &none);
	else
		put(text, config->password_from == SECRET_ASK ? "true" : "false");
}

const char *
config_key_format(
    const struct config_key *key, const struct config_settings *settings, char *buf, size_t size)
{
	const char *at = (const char *)settings + key->offset;
	const struct config *config = &settings->config;
	struct text text = {buf, size, 0};
	unsigned server_count = config->server_count;

	buf[0] = '\0';
	if (key->size == 0) { /* only the default is possible */
		put(&text, key->standard);
		return buf;
	}
	switch (key->type) {
	case KEY_BOOL:
		put(&text, *(const bool *)at ? "true" : "false");
		break;
	case KEY_NUMBER:
		put_number(&text, unsigned_at(key, at));
		break;
	case KEY_WORD:
		put_quoted(&text, key->words[unsigned_at(key, at)]);
		break;
	case KEY_SET:
		put_set(&text, key->words, unsigned_at(key, at));
		break;
	case KEY_TEXT:
	case KEY_PATH:
		put_quoted(&text, at);
		break;
	case KEY_LIST:
		put_list(&text, (const struct config_list *)(const void *)at);
		break;
	case KEY_NETS:
		put_nets(&text, (const struct config_nets *)(const void *)at);
		break;
	case KEY_TABLE:
		put_table(&text, config->route_table);
		break;
	case KEY_ADDRESS:
		put_address(&text, config->address);
		break;
	case KEY_BIND:
		put_bind(&text, config);
		break;
	case KEY_SERVER:
		put_quoted(&text, server_count == 1 ? config->servers[0] : "");
		break;
	case KEY_SERVERS:
		put_servers(&text, config);
		break;
	case KEY_BITS:
		put_bits(&text, config);
		break;
	case KEY_FILE:
	case KEY_CREDENTIAL:
	case KEY_COMMAND:
	case KEY_ASK:
		put_password(&text, key, config);
		break;
	case KEY_TARGET:
		put_quoted(&text, config->log_target == LOG_TO_FILE
				      ? config->log_path
				      : target_words[config->log_target]);
		break;
	case KEY_ANY:
		break;
	}
	return buf;
}
