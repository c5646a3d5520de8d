/* config_format.c: a setting as it would stand in a file; see config_keys.h. */
#include "config_keys.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

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

static void
put_rate(struct text *text, const struct config *config)
{
	char rate[32] = "";

	if (config->rate_count != 0)
		snprintf(rate, sizeof(rate), "%u/%s", config->rate_count,
		    config->rate_seconds == 1    ? "second"
		    : config->rate_seconds == 60 ? "minute"
						 : "hour");
	put_quoted(text, rate);
}

static void
put_pool(struct text *text, const struct config_pool *pool)
{
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN], range[2 * INET_ADDRSTRLEN];

	put(text, "[");
	for (unsigned i = 0; i < pool->count; i++) {
		inet_ntop(AF_INET, &pool->range[i].first, first, sizeof(first));
		inet_ntop(AF_INET, &pool->range[i].last, last, sizeof(last));
		if (strcmp(first, last) == 0)
			snprintf(range, sizeof(range), "%s", first);
		else
			snprintf(range, sizeof(range), "%s-%s", first, last);
		put_element(text, range, true);
	}
	put(text, " ]");
}

static void
put_dns(struct text *text, const struct config *config)
{
	char server[INET_ADDRSTRLEN];

	put(text, "[");
	for (unsigned i = 0; i < CONFIG_DNS; i++) {
		if (config->ip_dns[i].s_addr == htonl(INADDR_ANY))
			continue;
		inet_ntop(AF_INET, &config->ip_dns[i], server, sizeof(server));
		put_element(text, server, true);
	}
	put(text, " ]");
}

static void
put_peers(struct text *text, const struct config_peers *peers)
{
	put(text, "(");
	for (unsigned i = 0; i < peers->count; i++) {
		const struct config_peer *peer = &peers->peer[i];

		put(text, i == 0 ? " { user = " : ", { user = ");
		put_quoted(text, peer->user);
		put(text, "; routes = ");
		put_nets(text, &peer->routes);
		if (peer->address.s_addr != htonl(INADDR_ANY)) {
			put(text, "; address = ");
			put_address(text, peer->address);
		}
		put(text, "; }");
	}
	put(text, " )");
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
		put_address(&text, *(const struct in_addr *)(const void *)at);
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
				      : key->words[config->log_target]);
		break;
	case KEY_RATE:
		put_rate(&text, config);
		break;
	case KEY_POOL:
		put_pool(&text, &config->pool);
		break;
	case KEY_DNS:
		put_dns(&text, config);
		break;
	case KEY_PEERS:
		put_peers(&text, &config->peers);
		break;
	case KEY_ANSWER_FILE:
		put_quoted(&text, config->answer_password_from == SECRET_FILE ? at : "");
		break;
	case KEY_ANSWER_CREDENTIAL:
		put_quoted(&text, config->answer_password_from == SECRET_CREDENTIAL ? at : "");
		break;
	}
	return buf;
}
