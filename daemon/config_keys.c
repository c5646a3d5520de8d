/* config_keys.c: see config_keys.h.  The defaults are those of interface.md 3. */
#include "config_keys.h"

#include <string.h>

static const char *const role_words[] = {"dial", "listen", "auto", NULL};
static const char *const ready_words[] = {"dialling", "up", NULL};
static const char *const call_words[] = {[false] = "outgoing", [true] = "incoming", NULL};
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
static const char *const link_info_words[] = {
    [LINK_INFO_PNS] = "pns", [LINK_INFO_BOTH] = "both", [LINK_INFO_OFF] = "off", NULL};
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
static const char *const secrets_words[] = {
    [SECRETS_USERS] = "users", [SECRETS_CHAP] = "chap-secrets", [SECRETS_RADIUS] = "radius", NULL};
static const char *const target_words[] = {"journal", "syslog", "stderr", NULL};
static const char *const quirk_words[] = {"auto", NULL};

/* clang-format off: a table */

/* Where it is, and how large; nothing where the reader keeps nothing. */
#define IN(member) \
	offsetof(struct config_settings, config.member), sizeof(((struct config *)0)->member)
#define NOWHERE  0, 0

#define ROLE_ANY (ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_LISTEN) | ROLE_BIT(ROLE_AUTO))

#define SECONDS  86400 /* a day is the most of any of them */

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
    WORD("role", IN(role), role_words, 0, "\"dial\"", "who calls: dial, listen or auto"),

    KEY("dial.server", KEY_SERVER, IN(servers), "\"\"",
	"the server, a name or an IPv4 address; looked up again at each dial"),
    KEY("dial.servers", KEY_SERVERS, IN(servers), "[ ]",
	"several servers, tried in that order; in place of server"),
    NUMBER("dial.port", IN(port), 1, 65535, "1723", NULL, "TCP port of the server"),
    KEY("dial.bind", KEY_BIND, IN(bind_address), "\"\"",
	"source address, or \"%IF\" for an interface, of TCP and GRE"),
    NUMBER("dial.mark", IN(mark), 0, UINT32_MAX, "0", NULL,
	"firewall mark of our TCP and GRE packets; 0: none"),
    WORD("dial.call", IN(call_incoming), call_words, 0, "\"outgoing\"",
	"which kind of call: outgoing, or incoming, which we offer"),
    LATER("dial.share-control", KEY_BOOL, NOWHERE, NULL, "false",
	"several calls on one control connection"),
    KEY("dial.phone", KEY_TEXT, IN(phone), "\"\"",
	"phone number for the server, at most 64 octets"),
    NUMBER("dial.connect-timeout", IN(connect_timeout), 1, SECONDS, "10", "s",
	"time for the TCP connection"),
    NUMBER("dial.reply-timeout", IN(reply_timeout), 1, SECONDS, "60", "s",
	"time for a reply on the control connection"),

    KEY("listen.address", KEY_ADDRESS, IN(listen_address), "\"\"",
	"our address that callers connect to; \"\": each"),
    NUMBER("listen.port", IN(listen_port), 1, 65535, "1723", NULL, "our TCP port"),
    KEY("listen.from", KEY_NETS, IN(listen_from), "[ ]",
	"who may connect; [ ]: anybody, but with role auto only the server"),
    NUMBER("listen.max-control", IN(max_control), 1, 65535, "200", NULL,
	"the most control connections"),
    NUMBER("listen.max-half-open", IN(max_half_open), 1, 65535, "32", NULL,
	"the most connections that have not begun"),
    NUMBER("listen.max-calls", IN(max_calls), 1, 65535, "200", NULL, "the most calls"),
    NUMBER("listen.max-calls-per-peer", IN(max_calls_per_peer), 1, 65535, "4", NULL,
	"the most calls from one address"),
    NUMBER("listen.setup-timeout", IN(setup_timeout), 1, SECONDS, "10", "s",
	"time for a caller's next step until its call is open"),
    KEY("listen.rate", KEY_RATE, IN(rate_count), "\"10/minute\"",
	"connections that one address may begin: N/second, N/minute, N/hour; \"\": any number"),

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
    {"auth.require-peer", KEY_SET, IN(require_peer), 0, 0, method_words, 0, false, "[ ]", NULL,
	"how callers must say who they are: mschap-v2, mschap, chap, pap"},
    KEY("auth.name", KEY_TEXT, IN(auth_name), "\"pptpeer\"", "our name, told to callers"),
    WORD("auth.secrets", IN(secrets), secrets_words, 0, "\"users\"",
	"where callers' passwords are: users (users-file), chap-secrets, radius"),
    KEY("auth.radius-config", KEY_PATH, IN(radius_config), "\"\"",
	"configuration file of pppd's RADIUS client; \"\": its own"),

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
    KEY("ip.local", KEY_ADDRESS, IN(ip_local), "\"\"", "our address in the tunnel"),
    KEY("ip.remote", KEY_ADDRESS, IN(ip_remote), "\"\"", "the peer's address in the tunnel"),
    KEY("ip.pool", KEY_POOL, IN(pool), "[ ]", "addresses for callers, \"FIRST-LAST\" each"),
    KEY("ip.dns", KEY_DNS, IN(ip_dns), "[ ]", "DNS servers that callers are told"),
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
    WORD("data.set-link-info", IN(link_info), link_info_words, 0, "\"pns\"",
	"who sends Set-Link-Info: pns, as RFC 2637 has it, both, off"),

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
    KEY("hooks.call-up", KEY_PATH, IN(hook_call_up), "\"\"",
	"program that is started when a caller's call is up"),
    KEY("hooks.call-down", KEY_PATH, IN(hook_call_down), "\"\"",
	"program that is started when such a call is down"),
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
    {"answer-auth.require-peer", KEY_SET, IN(answer_require_peer), 0, 0, method_words, 0, false,
	"[ ]", NULL, "how the peer must say who it is when it calls"},
    KEY("answer-auth.peer-user", KEY_TEXT, IN(answer_user), "\"\"", "its user name"),
    KEY("answer-auth.peer-password-file", KEY_ANSWER_FILE, IN(answer_password_path), "\"\"",
	"file with its password, which nobody but its owner may read"),
    KEY("answer-auth.peer-password-credential", KEY_ANSWER_CREDENTIAL, IN(answer_password_path),
	"\"\"", "name of a systemd credential with its password"),
    KEY("users-file", KEY_PATH, IN(users_file), "\"\"",
	"file of callers' names and passwords, which nobody but its owner may read"),
    KEY("peers", KEY_PEERS, IN(peers), "( )", "callers with networks behind them"),
    {0},
};
/* clang-format on */

_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_KEYS_MAX, "too many keys");

/* By what their paths begin with; the first that fits. */
static const struct {
	const char *begin;
	unsigned roles;
} roles[] = {
    {"dial.", ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_AUTO)},
    {"retry.", ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_AUTO)},
    {"listen.max-control", ROLE_BIT(ROLE_LISTEN)},
    {"listen.max-calls", ROLE_BIT(ROLE_LISTEN)},
    {"listen.", ROLE_BIT(ROLE_LISTEN) | ROLE_BIT(ROLE_AUTO)},
    {"auth.require-peer", ROLE_ANY},
    {"auth.name", ROLE_BIT(ROLE_LISTEN) | ROLE_BIT(ROLE_AUTO)},
    {"auth.secrets", ROLE_BIT(ROLE_LISTEN)},
    {"auth.radius-config", ROLE_BIT(ROLE_LISTEN)},
    {"auth.", ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_AUTO)},
    {"answer-auth.", ROLE_BIT(ROLE_AUTO)},
    {"users-file", ROLE_BIT(ROLE_LISTEN)},
    {"peers", ROLE_BIT(ROLE_LISTEN)},
    {"ip.interface", ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_AUTO)},
    {"ip.address", ROLE_BIT(ROLE_DIAL)},
    {"ip.local", ROLE_BIT(ROLE_LISTEN) | ROLE_BIT(ROLE_AUTO)},
    {"ip.remote", ROLE_BIT(ROLE_AUTO)},
    {"ip.pool", ROLE_BIT(ROLE_LISTEN)},
    {"ip.dns", ROLE_BIT(ROLE_LISTEN)},
    {"routes.", ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_AUTO)},
    {"dns.", ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_AUTO)},
    {"hooks.timeout", ROLE_ANY},
    {"hooks.call-", ROLE_BIT(ROLE_LISTEN)},
    {"hooks.", ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_AUTO)},
    {"ready", ROLE_BIT(ROLE_DIAL) | ROLE_BIT(ROLE_AUTO)},
    {"", ROLE_ANY},
};

unsigned
config_key_roles(const struct config_key *key)
{
	size_t i = 0;

	while (strncmp(key->path, roles[i].begin, strlen(roles[i].begin)) != 0)
		i++; /* the last one fits */
	return roles[i].roles;
}

const char *
config_role_name(enum role role)
{
	return role_words[role];
}

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
