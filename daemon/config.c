/*
 * config.c: the defaults of a tunnel's settings, and what they must not be.
 * interface.md 3 has the defaults, its section 8 what `check` refuses.
 */

#include <arpa/inet.h>
#include <ctype.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"
#include "pppd_args.h"

#define MTU_MIN      128u  /* under it IP itself suffers: RFC 791 asks 68, pppd 128 */
#define MTU_MAX      1500u /* pppd's default MRU, what a peer must take (RFC 1661 6.1) */
#define MTU_MAX_MPPE 1456u /* 1500 - IP 20 - GRE 16 - PPP 4 (address, control, protocol) - MPPE 4 */
#define TIMEOUT_MAX  86400u

/* MPPE takes its keys from these (RFC 3079); an EAP method may be MS-CHAPv2 as well. */
#define ACCEPT_WITH_KEYS (ACCEPT_MSCHAP | ACCEPT_MSCHAPV2 | ACCEPT_EAP)

static const char *const stage_names[] = {
    [STAGE_NONE] = "none",
    [STAGE_LOOKUP] = "lookup",
    [STAGE_TCP] = "tcp",
    [STAGE_CONTROL] = "control",
    [STAGE_CALL] = "call",
    [STAGE_GRE] = "gre",
    [STAGE_LCP] = "lcp",
    [STAGE_AUTH] = "auth",
    [STAGE_UP] = "up",
};
#define STAGES (sizeof(stage_names) / sizeof(stage_names[0]))

const char *
stage_name(enum stage stage)
{
	return (size_t)stage < STAGES ? stage_names[stage] : "unknown";
}

int
stage_from_name(const char *name)
{
	for (size_t i = 0; i < STAGES; i++)
		if (strcmp(name, stage_names[i]) == 0)
			return (int)i;
	return -1;
}

void
config_fill(struct config *config)
{
	strcpy(config->run_dir, "/run/pptpeer");
	config->port = 1723; /* RFC 2637 1.4 */
	config->server_count = 1;
	config->connect_timeout = 10;
	config->reply_timeout = 60;
	config->first_delay = 1;
	config->max_delay = 300;
	config->accept = ACCEPT_MSCHAPV2;
	config->listen_port = 1723;
	config->max_control = 200;
	config->max_half_open = 32;
	config->max_calls = 200;
	config->max_calls_per_peer = 4;
	config->setup_timeout = 10;
	config->rate_count = 10;
	config->rate_seconds = 60;
	strcpy(config->auth_name, "pptpeer");
	config->mppe = MPPE_REQUIRE;
	config->mppe_128 = true;
	config->control_echo = 60;
	config->control_echo_wait = 60;
	config->lcp_echo = 20;
	config->lcp_echo_failure = 3;
	config->route_table = RT_TABLE_MAIN;
	config->server_route = true;
	config->hook_timeout = 30;
	config->reorder_wait_ms = 100;
	config->reorder_depth = 256;
	config->window = 64;
	config->window_mode = PPTP_WINDOW_ADVISORY;
	config->gre_timeout = 30;
	config->gre_notice = 6;
	strcpy(config->pppd_path, PPPD_DEFAULT_PATH);
	strcpy(config->plugin_path, PPPD_PLUGIN_DIR "/pptpeer.so");
	strcpy(config->vendor, "pptpeer");
	config->log_level = LOG_LEVEL_INFO;
	config->log_target = LOG_TO_JOURNAL;
	config->until = STAGE_UP;
	config->stay_up = true;
	/* A longer name is cut: Host Name has 64 octets (RFC 2637 2.1), one of them our
	 * NUL. */
	if (gethostname(config->host_name, sizeof(config->host_name)) != 0)
		config->host_name[0] = '\0';
	config->host_name[sizeof(config->host_name) - 1] = '\0';
	/* A build that is not installed has its plugin elsewhere. */
	const char *plugin = secure_getenv("PPTPEER_PLUGIN");
	if (plugin != NULL)
		snprintf(config->plugin_path, sizeof(config->plugin_path), "%s", plugin);
}

void
config_defaults(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config_fill(config);
}

void
config_no_hooks(struct config *config)
{
	config->hook_call_up[0] = config->hook_call_down[0] = '\0';
	config->hook_pre_dial[0] = config->hook_up[0] = config->hook_renew[0] = '\0';
	config->hook_down[0] = config->hook_auth_failed[0] = config->hook_waiting[0] = '\0';
	config->hook_script[0] = '\0';
}

int
config_verbose(enum log_level level)
{
	return level == LOG_LEVEL_DEBUG ? 2 : level == LOG_LEVEL_INFO ? 1 : 0;
}

uint16_t
config_frame_max(const struct config *config)
{
	/* 1500 is always to be taken (RFC 1661 6.1); address, control, protocol, MPPE, a margin. */
	enum { ALWAYS = 1500, MORE = 100 };
	size_t largest = ALWAYS;

	if (config->mtu > largest)
		largest = config->mtu;
	if (config->mru > largest)
		largest = config->mru;
	/* The length in GRE's header has 16 bits (RFC 2637 4.1). */
	return (uint16_t)(largest + MORE < UINT16_MAX ? largest + MORE : UINT16_MAX);
}

bool
config_kernel_path(const struct config *config)
{
	return config->data_path == PATH_KERNEL && config->until > STAGE_GRE;
}

bool
config_covers_server(const struct config *config, struct in_addr server)
{
	bool covered = config->route_default;

	for (unsigned i = 0; i < config->routes_through.count; i++)
		covered = covered || net_covers(&config->routes_through.net[i], server);
	return covered && config->mark == 0 && config->route_table == RT_TABLE_MAIN;
}

unsigned
config_callers_methods(const struct config *config)
{
	if (config->role == ROLE_AUTO)
		return config->answer_require_peer;
	return config->role == ROLE_LISTEN ? config->require_peer : 0;
}

int
config_login(const struct config *config, char *buf, size_t size)
{
	int len;

	if (config->domain[0] != '\0')
		len = snprintf(buf, size, "%s\\%s", config->domain, config->user);
	else
		len = snprintf(buf, size, "%s", config->user);
	return len >= 0 && (size_t)len < size ? len : -1;
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

/* One printable ASCII word: no blank, no control character, nothing beyond. */
static bool
is_word(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text > '~')
			return false;
	return true;
}

/* What the kernel takes as an interface's name (its dev_valid_name), and people can type.
 */
static bool
is_interface(const char *name)
{
	return is_word(name) && strpbrk(name, "/:%") == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

/* The name is a folder's as well, and its socket's path must fit an address. */
const char *
config_check_name(const struct config *config, char *buf, size_t size)
{
	size_t path = strlen(config->run_dir) + strlen(config->name) + strlen("//control.sock");

	if (config->name[0] == '\0')
		return "The tunnel has no name.";
	if (!is_word(config->name))
		return "The tunnel's name has a blank or a character that cannot be "
		       "printed.";
	if (strchr(config->name, '/') != NULL)
		return "The tunnel's name has a '/' in it; it names a folder.";
	if (config->name[0] == '.' || config->name[0] == '-') {
		snprintf(buf, size, "The tunnel's name begins with '%c'.", config->name[0]);
		return buf;
	}
	if (config->run_dir[0] == '\0')
		return "The run folder has no name.";
	if (path >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		snprintf(buf, size,
		    "The path of the control socket would have %zu octets; %zu is the "
		    "most. "
		    "Take a shorter name or run folder.",
		    path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
		return buf;
	}
	return NULL;
}

static const char *
check_server(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config->role == ROLE_LISTEN)
		return NULL;
	if (config->server_count == 0 || config->servers[0][0] == '\0')
		return "No server is named.";
	for (unsigned i = 0; i < config->server_count; i++) {
		if (!is_word(config->servers[i]) || config->servers[i][0] == '-')
			return "The server's name has a blank, a character that cannot be in a "
			       "name, or a '-' in front.";
	}
	return NULL;
}

static const char *
check_port(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	return config->port == 0 ? "Port 0 is none." : NULL;
}

static const char *
check_bind(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config->bind_device[0] != '\0' && !is_interface(config->bind_device))
		return "The interface to bind to has no valid name.";
	return NULL;
}

/* It looks for the way by itself. */
static const char *
check_path(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config->data_path == PATH_KERNEL &&
	    (config->mark != 0 || config->bind_device[0] != '\0'))
		return "The kernel's own data path keeps to no firewall mark and no interface: "
		       "leave "
		       "dial.mark (--mark) and the interface in dial.bind (--bind) out, or take "
		       "another data.path (--data-path).";
	return NULL;
}

static const char *
check_phone(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	return has_control(config->phone) ? "The phone number has a control character." : NULL;
}

static const char *
check_timeouts(const struct config *config, char *buf, size_t size)
{
	if (config->connect_timeout == 0 || config->connect_timeout > TIMEOUT_MAX ||
	    config->reply_timeout == 0 || config->reply_timeout > TIMEOUT_MAX ||
	    config->gre_timeout == 0 || config->gre_timeout > TIMEOUT_MAX ||
	    config->timeout > TIMEOUT_MAX) {
		snprintf(buf, size, "A time-out must have 1 to %u seconds.", TIMEOUT_MAX);
		return buf;
	}
	return NULL;
}

static const char *
check_delays(const struct config *config, char *buf, size_t size)
{
	if (config->max_delay >= config->first_delay)
		return NULL;
	snprintf(buf, size, "The longest wait, %u s, is shorter than the first, %u s.",
	    config->max_delay, config->first_delay);
	return buf;
}

/* "CORP\bob" in a quoted string that takes escapes becomes "CORP<backspace>ob". */
static const char *
check_user(const struct config *config, char *buf, size_t size)
{
	char login[256]; /* pppd's MAXNAMELEN with its NUL */

	(void)buf, (void)size;
	if (has_control(config->user))
		return "The user name has a control character (a backslash that was not "
		       "escaped?).";
	if (config_login(config, login, sizeof(login)) < 0)
		return "Domain and user name together are over 255 octets.";
	return NULL;
}

static const char *
check_domain(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (has_control(config->domain))
		return "The domain has a control character (a backslash that was not "
		       "escaped?).";
	return NULL;
}

static const char *
check_accept(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config->role == ROLE_LISTEN)
		return NULL;
	if (config->accept == 0)
		return "No authentication method is accepted.";
	if (config->mppe == MPPE_REQUIRE && (config->accept & ACCEPT_WITH_KEYS) == 0)
		return "MPPE is required, but none of the accepted methods yields its "
		       "keys: "
		       "accept mschap-v2 (or mschap, eap), or do not require MPPE.";
	return NULL;
}

static const char *
check_bits(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config->mppe != MPPE_OFF && !config->mppe_40 && !config->mppe_128)
		return "MPPE needs a key length: 128, 40, or both.";
	return NULL;
}

static const char *
check_mtu(const struct config *config, char *buf, size_t size)
{
	if (config->mtu != 0 && config->mtu < MTU_MIN) {
		snprintf(buf, size, "The MTU %u is under %u.", config->mtu, MTU_MIN);
		return buf;
	}
	if (config->mppe != MPPE_OFF && config->mtu > MTU_MAX_MPPE) {
		snprintf(buf, size, "The MTU %u is over %u, the most with MPPE.", config->mtu,
		    MTU_MAX_MPPE);
		return buf;
	}
	if (config->mtu > MTU_MAX) {
		snprintf(buf, size, "The MTU %u is over %u.", config->mtu, MTU_MAX);
		return buf;
	}
	return NULL;
}

static const char *
check_mru(const struct config *config, char *buf, size_t size)
{
	if (config->mru == 0 || (config->mru >= MTU_MIN && config->mru <= MTU_MAX))
		return NULL;
	snprintf(buf, size, "The MRU %u is not from %u to %u.", config->mru, MTU_MIN, MTU_MAX);
	return buf;
}

static const char *
check_interface(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config->interface[0] != '\0' && !is_interface(config->interface))
		return "The interface's name is none: at most 15 printable characters, "
		       "no blank, "
		       "no '/', ':' or '%'.";
	return NULL;
}

/* Its protocol has no word for them. */
static const char *
check_script(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config->hook_script[0] != '\0' &&
	    (config->route_table != RT_TABLE_MAIN || config->route_metric != 0))
		return "A script (hooks.script, --script) sets the routes, and knows no "
		       "routes.table and no routes.metric: leave them out.";
	return NULL;
}

/* Dots between labels (RFC 1035 2.3.1, and the '_' of RFC 2782); none begins with a '-'. */
static bool
is_domain(const char *name)
{
	static const char of_labels[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t len = strlen(name);

	if (len == 0 || len > 253)
		return false;
	while (*name != '\0') {
		size_t label = strspn(name, of_labels);

		if (label == 0 || label > 63 || name[0] == '-' || name[label - 1] == '-')
			return false;
		name += label;
		if (*name == '.')
			name++;
		else if (*name != '\0')
			return false;
	}
	return true;
}

static const char *
check_domains(const struct config *config, char *buf, size_t size)
{
	for (unsigned i = 0; i < config->domains.count; i++) {
		const char *word = config->domains.word[i];
		bool routes_only = word[0] == '~';

		if (is_domain(word + routes_only) || strcmp(word, "~.") == 0)
			continue;
		snprintf(buf, size,
		    "\"%s\" is no domain: \"corp.example.com\", \"~corp.example.com\" (asked for, "
		    "but not searched), or \"~.\" (all names).",
		    word);
		return buf;
	}
	return NULL;
}

static const char *
check_options(const struct config *config, char *buf, size_t size)
{
	const struct config_list *words = &config->pppd_options;

	for (unsigned i = 0; i < words->count; i++) {
		const char *why = pppd_option_refused(words->word[i]);

		if (why != NULL) {
			snprintf(buf, size, "The pppd option \"%s\" is refused: %s.",
			    words->word[i], why);
			return buf;
		}
	}
	return NULL;
}

static const char *
check_host_name(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (has_control(config->host_name))
		return "The host name that we tell has a control character.";
	return NULL;
}

static const char *
check_vendor(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (has_control(config->vendor))
		return "The vendor name that we tell has a control character.";
	return NULL;
}

/* The key whose line is to be looked at; "" where no key is at fault. */
static const struct {
	const char *key;
	const char *(*wrong)(const struct config *config, char *buf, size_t size);
} checks[] = {
    {"", config_check_name},
    {"dial.server", check_server},
    {"dial.port", check_port},
    {"dial.bind", check_bind},
    {"data.path", check_path},
    {"dial.phone", check_phone},
    {"dial.connect-timeout", check_timeouts},
    {"retry.max-delay", check_delays},
    {"auth.user", check_user},
    {"auth.domain", check_domain},
    {"auth.accept", check_accept},
    {"encryption.bits", check_bits},
    {"ip.mtu", check_mtu},
    {"ip.mru", check_mru},
    {"ip.interface", check_interface},
    {"hooks.script", check_script},
    {"dns.domains", check_domains},
    {"pppd.options", check_options},
    {"identity.host-name", check_host_name},
    {"identity.vendor", check_vendor},
};

const char *
config_check_next(
    const struct config *config, size_t *cursor, const char **key, char *buf, size_t size)
{
	while (*cursor < sizeof(checks) / sizeof(checks[0])) {
		const char *wrong = checks[*cursor].wrong(config, buf, size);

		*key = checks[(*cursor)++].key;
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

const char *
config_check(const struct config *config, char *buf, size_t size)
{
	const char *key;
	size_t cursor = 0;

	return config_check_next(config, &cursor, &key, buf, size);
}
