/* config_call.c: see config_rules.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config_rules.h"

#define TIMEOUT_MAX 86400u

bool
config_has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

bool
config_is_word(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text > '~')
			return false;
	return true;
}

bool
config_is_interface(const char *name)
{
	return config_is_word(name) && strpbrk(name, "/:%") == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
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
		if (!config_is_word(config->servers[i]) || config->servers[i][0] == '-')
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
	if (config->bind_device[0] != '\0' && !config_is_interface(config->bind_device))
		return "The interface to bind to has no valid name.";
	return NULL;
}

static const char *
check_phone(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	return config_has_control(config->phone) ? "The phone number has a control character."
						 : NULL;
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
check_host_name(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config_has_control(config->host_name))
		return "The host name that we tell has a control character.";
	return NULL;
}

static const char *
check_vendor(const struct config *config, char *buf, size_t size)
{
	(void)buf, (void)size;
	if (config_has_control(config->vendor))
		return "The vendor name that we tell has a control character.";
	return NULL;
}

const struct config_rule config_call_rules[CONFIG_CALL_RULES] = {
    {"dial.server", check_server},
    {"dial.port", check_port},
    {"dial.bind", check_bind},
    {"dial.phone", check_phone},
    {"dial.connect-timeout", check_timeouts},
    {"identity.host-name", check_host_name},
    {"identity.vendor", check_vendor},
};

const char *
config_check_call(const struct config *config, char *buf, size_t size)
{
	const char *wrong = NULL;

	for (size_t i = 0; wrong == NULL && i < CONFIG_CALL_RULES; i++)
		wrong = config_call_rules[i].wrong(config, buf, size);
	return wrong;
}
