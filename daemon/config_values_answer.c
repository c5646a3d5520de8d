/* config_values_answer.c: as config_values.c, of the keys of those who answer. */
#include "config_read.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "10/minute" */
static void
value_rate(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	static const struct {
		const char *name;
		unsigned seconds;
	} units[] = {{"/second", 1}, {"/minute", 60}, {"/hour", 3600}};
	struct config *config = &reader->settings->config;
	const char *text = reader_text(reader, key, at);
	unsigned long count;
	char *end;

	if (text == NULL)
		return;
	if (text[0] == '\0') {
		config->rate_count = 0;
		return;
	}
	count = text[0] >= '1' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
	for (size_t i = 0; count != 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0 || count > 1000000)
			continue;
		config->rate_count = (unsigned)count;
		config->rate_seconds = units[i].seconds;
		return;
	}
	reader_wrong(reader, at,
	    "%s takes a number a time, \"10/minute\", with second, minute or hour, not \"%s\".",
	    key->path, text);
}

/* "10.99.0.10-10.99.0.250", or one address. */
static bool
range_parse(const char *text, struct config_range *range)
{
	char first[INET_ADDRSTRLEN];
	size_t len = strcspn(text, "-");

	if (len >= sizeof(first))
		return false;
	memcpy(first, text, len);
	first[len] = '\0';
	return inet_pton(AF_INET, first, &range->first) == 1 &&
	       inet_pton(AF_INET, text[len] == '-' ? text + len + 1 : first, &range->last) == 1;
}

static void
value_pool(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config_pool *pool = &reader->settings->config.pool;
	struct config_list list;

	if (!reader_list(reader, key, at, &list))
		return;
	pool->count = 0;
	for (unsigned i = 0; i < list.count; i++) {
		struct config_range *range = &pool->range[pool->count];

		if (!range_parse(list.word[i], range))
			reader_wrong(reader, at,
			    "%s: \"%s\" is neither \"FIRST-LAST\" nor an IPv4 address.", key->path,
			    list.word[i]);
		else if (ntohl(range->first.s_addr) > ntohl(range->last.s_addr))
			reader_wrong(reader, at, "%s: \"%s\" ends before it begins.", key->path,
			    list.word[i]);
		else
			pool->count++;
	}
}

static void
value_dns(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config *config = &reader->settings->config;
	struct config_list list;

	if (!reader_list(reader, key, at, &list))
		return;
	if (list.count > CONFIG_DNS) {
		reader_wrong(reader, at, "%s has over %d servers, the most that PPP can tell.",
		    key->path, CONFIG_DNS);
		return;
	}
	for (unsigned i = 0; i < list.count; i++) {
		if (inet_pton(AF_INET, list.word[i], &config->ip_dns[i]) != 1)
			reader_wrong(
			    reader, at, "%s: \"%s\" is no IPv4 address.", key->path, list.word[i]);
	}
}

static void
take_peer(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    struct config_peer *peer)
{
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *member = config_setting_get_elem(at, (unsigned)i);
		const char *name = config_setting_name(member), *text;

		if (strcmp(name, "user") == 0) {
			text = reader_text(reader, key, member);
			if (text != NULL)
				reader_copy(
				    reader, key, member, peer->user, sizeof(peer->user), text);
		} else if (strcmp(name, "routes") == 0) {
			reader_nets(reader, key, member, (char *)&peer->routes);
			if (peer->routes.count > CONFIG_PEER_ROUTES)
				reader_wrong(reader, member, "%s: over %d routes for one.",
				    key->path, CONFIG_PEER_ROUTES);
		} else if (strcmp(name, "address") == 0) {
			text = reader_text(reader, key, member);
			if (text != NULL && text[0] != '\0' &&
			    inet_pton(AF_INET, text, &peer->address) != 1)
				reader_wrong(reader, member, "%s: \"%s\" is no IPv4 address.",
				    key->path, text);
		} else {
			reader_wrong(reader, member,
			    "%s: there is no \"%s\" here; a peer has user, routes, address.",
			    key->path, name);
		}
	}
	if (peer->user[0] == '\0' && config_setting_get_member(at, "user") == NULL)
		reader_wrong(reader, at, "%s: who is that? Its user is missing.", key->path);
}

static void
value_peers(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config_peers *peers = &reader->settings->config.peers;

	if (!config_setting_is_list(at)) {
		reader_wrong(reader, at, "%s takes groups in a list, ( { user = \"...\"; }, ... ).",
		    key->path);
		return;
	}
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *element = config_setting_get_elem(at, (unsigned)i);

		if (!config_setting_is_group(element)) {
			reader_wrong(reader, element,
			    "%s takes groups, { user = \"...\"; }, not %s.", key->path,
			    reader_type(element));
			continue;
		}
		if (peers->count == CONFIG_PEERS) {
			reader_wrong(
			    reader, element, "%s has over %d peers.", key->path, CONFIG_PEERS);
			return;
		}
		take_peer(reader, key, element, &peers->peer[peers->count++]);
	}
}

static void
value_password(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config *config = &reader->settings->config;
	enum password_from from = key->type == KEY_ANSWER_FILE ? SECRET_FILE : SECRET_CREDENTIAL;
	const char *text = reader_text(reader, key, at);

	if (text == NULL || text[0] == '\0')
		return;
	if (config->answer_password_from != SECRET_UNSET)
		reader_wrong(reader, at,
		    "%s is one more source of the password; there can be only one.", key->path);
	config->answer_password_from = from;
	if (from == SECRET_FILE)
		reader_path(reader, key, at, config->answer_password_path,
		    sizeof(config->answer_password_path));
	else
		reader_credential(reader, key, at, config->answer_password_path,
		    sizeof(config->answer_password_path));
}

void
reader_value_answer(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	if (key->type == KEY_RATE)
		value_rate(reader, key, at);
	else if (key->type == KEY_POOL)
		value_pool(reader, key, at);
	else if (key->type == KEY_DNS)
		value_dns(reader, key, at);
	else if (key->type == KEY_PEERS)
		value_peers(reader, key, at);
	else
		value_password(reader, key, at);
}
