/* config_check.c: see config_rules.h. */
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "config_rules.h"
#include "pppd_args.h"

#define MTU_MIN      128u  /* under it IP itself suffers: RFC 791 asks 68, pppd 128 */
#define MTU_MAX      1500u /* pppd's default MRU, what a peer must take (RFC 1661 6.1) */
#define MTU_MAX_MPPE 1456u /* 1500 - IP 20 - GRE 16 - PPP 4 (address, control, protocol) - MPPE 4 */

/* MPPE takes its keys from these (RFC 3079); an EAP method may be MS-CHAPv2 as well. */
#define ACCEPT_WITH_KEYS (ACCEPT_MSCHAP | ACCEPT_MSCHAPV2 | ACCEPT_EAP)

/* The name is a folder's as well, and its socket's path must fit an address. */
const char *
config_check_name(const struct config *config, char *buf, size_t size)
{
	size_t path = strlen(config->run_dir) + strlen(config->name) + strlen("//control.sock");

	if (config->name[0] == '\0')
		return "The tunnel has no name.";
	if (!config_is_word(config->name))
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

/* Its socket is made by itself, without either. */
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
	if (config_has_control(config->user))
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
	if (config_has_control(config->domain))
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
	if (config->interface[0] != '\0' && !config_is_interface(config->interface))
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
		const char *why = pppd_option_refused(words->word[i], config->role != ROLE_DIAL);

		if (why != NULL) {
			snprintf(buf, size, "The pppd option \"%s\" is refused: %s.",
			    words->word[i], why);
			return buf;
		}
	}
	return NULL;
}

static const struct config_rule rules[] = {
    {"", config_check_name},
    {"data.path", check_path},
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
};

const char *
config_check_next(
    const struct config *config, size_t *cursor, const char **key, char *buf, size_t size)
{
	while (*cursor < CONFIG_CALL_RULES + sizeof(rules) / sizeof(rules[0])) {
		const struct config_rule *rule = *cursor < CONFIG_CALL_RULES
						     ? &config_call_rules[*cursor]
						     : &rules[*cursor - CONFIG_CALL_RULES];
		const char *wrong = rule->wrong(config, buf, size);

		++*cursor;
		*key = rule->key;
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
