/* config_values.c: one setting of a file into its member, by the type of its key. */
#include "config_read.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
reader_type(const config_setting_t *at)
{
	switch (config_setting_type(at)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		return "a list";
	default:
		return "nothing";
	}
}

bool
reader_is_list(const config_setting_t *at)
{
	return config_setting_is_array(at) || config_setting_is_list(at);
}

const char *
reader_text(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	const char *text = config_setting_get_string(at);

	if (text == NULL)
		reader_wrong(
		    reader, at, "%s takes a text in quotes, not %s.", key->path, reader_type(at));
	return text;
}

static bool
take_long(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    int64_t *value)
{
	int type = config_setting_type(at);

	*value =
	    type == CONFIG_TYPE_INT64 ? config_setting_get_int64(at) : config_setting_get_int(at);
	/* 0xffffffff is read as the int of these bits. */
	if (type == CONFIG_TYPE_INT && config_setting_get_format(at) == CONFIG_FORMAT_HEX)
		*value = (uint32_t)*value;
	if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)
		return true;
	reader_wrong(reader, at, "%s takes a whole number, not %s.", key->path, reader_type(at));
	return false;
}

static void
value_number(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    char *to)
{
	int64_t value;
	unsigned number;
	uint16_t half;

	if (!take_long(reader, key, at, &value))
		return;
	if (value < key->min || value > key->max) {
		reader_wrong(reader, at, "%s = %lld is not from %u to %u.", key->path,
		    (long long)value, key->min, key->max);
		return;
	}
	number = (unsigned)value;
	half = (uint16_t)value;
	if (key->size != 0)
		memcpy(to, key->size == sizeof(half) ? (const void *)&half : &number, key->size);
}

bool
reader_copy(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    char *to, size_t size, const char *text)
{
	if (strlen(text) >= size) {
		reader_wrong(reader, at, "%s has %zu octets; %zu is the most.", key->path,
		    strlen(text), size - 1);
		return false;
	}
	memcpy(to, text, strlen(text) + 1);
	return true;
}

static int
find_word(const char *const *words, const char *word)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	return -1;
}

static void
wrong_word(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    const char *word)
{
	char words[160] = "";

	for (int i = 0; key->words[i] != NULL; i++) {
		size_t used = strlen(words);

		snprintf(words + used, sizeof(words) - used, "%s\"%s\"", i == 0 ? "" : ", ",
		    key->words[i]);
	}
	reader_wrong(reader, at, "%s takes %s, not \"%s\".", key->path, words, word);
}

static void
value_word(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    char *to)
{
	const char *word = reader_text(reader, key, at);
	int index = word == NULL ? -1 : find_word(key->words, word);
	unsigned value = (unsigned)index;

	if (word == NULL)
		return;
	if (index < 0)
		wrong_word(reader, key, at, word);
	else if (key->now != 0 && value >= key->now)
		reader_wrong(reader, at, "%s = \"%s\" is not supported by this version yet.",
		    key->path, word);
	else if (key->size == sizeof(bool))
		*to = (char)(index != 0);
	else if (key->size != 0)
		memcpy(to, &value, sizeof(value));
}

bool
reader_list(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    struct config_list *list)
{
	if (!reader_is_list(at)) {
		reader_wrong(reader, at, "%s takes a list, [ \"...\" ], not %s.", key->path,
		    reader_type(at));
		return false;
	}
	list->count = 0;
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *element = config_setting_get_elem(at, (unsigned)i);
		const char *word = reader_text(reader, key, element);

		if (word == NULL)
			return false;
		if (list->count == CONFIG_LIST) {
			reader_wrong(
			    reader, at, "%s has over %d elements.", key->path, CONFIG_LIST);
			return false;
		}
		if (!reader_copy(
			reader, key, element, list->word[list->count], CONFIG_LIST_TEXT, word))
			return false;
		list->count++;
	}
	return true;
}

static void
value_set(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    char *to)
{
	struct config_list list;
	unsigned bits = 0;

	if (!reader_list(reader, key, at, &list))
		return;
	for (unsigned i = 0; i < list.count; i++) {
		int index = find_word(key->words, list.word[i]);

		if (index < 0) {
			wrong_word(reader, key, at, list.word[i]);
			return;
		}
		bits |= 1U << index;
	}
	if (key->size != 0)
		memcpy(to, &bits, sizeof(bits));
}

void
reader_nets(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    char *to)
{
	struct config_nets *nets = (void *)to;
	struct config_list list;

	if (!reader_list(reader, key, at, &list))
		return;
	nets->count = 0;
	for (unsigned i = 0; i < list.count; i++) {
		const char *wrong = net_parse(list.word[i], &nets->net[nets->count]);

		if (wrong == NULL)
			nets->count++;
		else
			reader_wrong(reader, at, "%s: \"%s\" %s.", key->path, list.word[i], wrong);
	}
}

/* The kernel takes numbers; names are iproute2's own. */
static void
value_table(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	uint32_t *table = &reader->settings->config.route_table;
	unsigned long long number;
	const char *text = reader_text(reader, key, at);
	char *end;

	if (text == NULL)
		return;
	*table = RT_TABLE_MAIN;
	if (strcmp(text, "main") == 0)
		return;
	number = text[0] >= '1' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
	/* The kernel looks at its own, 253 to 255, by rules of its own. */
	if (number == 0 || number > UINT32_MAX || *end != '\0' ||
	    (number >= RT_TABLE_DEFAULT && number <= RT_TABLE_LOCAL))
		reader_wrong(reader, at,
		    "%s takes \"main\" or the number of a table of your own, in quotes, not "
		    "\"%s\".",
		    key->path, text);
	else
		*table = (uint32_t)number;
}

static void
value_address(struct config_reader *reader, const struct config_key *key,
    const config_setting_t *at, char *to)
{
	struct in_addr address;
	const char *text = reader_text(reader, key, at);

	if (text == NULL || text[0] == '\0')
		return;
	if (inet_pton(AF_INET, text, &address) == 1)
		memcpy(to, &address, sizeof(address));
	else
		reader_wrong(reader, at, "%s takes an IPv4 address, not \"%s\".", key->path, text);
}

static void
value_bind(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config *config = &reader->settings->config;
	const char *text = reader_text(reader, key, at);

	if (text == NULL || text[0] == '\0')
		return;
	if (text[0] == '%' && text[1] != '\0')
		reader_copy(
		    reader, key, at, config->bind_device, sizeof(config->bind_device), text + 1);
	else if (inet_pton(AF_INET, text, &config->bind_address) != 1)
		reader_wrong(reader, at, "%s takes an IPv4 address or \"%%INTERFACE\", not \"%s\".",
		    key->path, text);
}

static void
value_servers(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config *config = &reader->settings->config;
	const char *server;

	if (key->type == KEY_SERVER) {
		server = reader_text(reader, key, at);
		if (server != NULL)
			reader_copy(reader, key, at, config->servers[0], sizeof(config->servers[0]),
			    server);
		return;
	}
	if (!reader_is_list(at) || config_setting_length(at) < 1 ||
	    config_setting_length(at) > CONFIG_SERVERS) {
		reader_wrong(reader, at, "%s takes a list of 1 to %d names or addresses.",
		    key->path, CONFIG_SERVERS);
		return;
	}
	for (int i = 0; i < config_setting_length(at); i++) {
		server = reader_text(reader, key, config_setting_get_elem(at, (unsigned)i));
		if (server == NULL || !reader_copy(reader, key, at, config->servers[i],
					  sizeof(config->servers[i]), server))
			return;
	}
	config->server_count = (unsigned)config_setting_length(at);
}

static void
value_bits(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config *config = &reader->settings->config;
	int64_t bits;

	if (!reader_is_list(at)) {
		reader_wrong(reader, at, "%s takes a list, [ 128 ].", key->path);
		return;
	}
	config->mppe_40 = config->mppe_128 = false;
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *element = config_setting_get_elem(at, (unsigned)i);

		if (!take_long(reader, key, element, &bits))
			return;
		if (bits == 40)
			config->mppe_40 = true;
		else if (bits == 128)
			config->mppe_128 = true;
		else
			reader_wrong(reader, element, "%s takes 40 and 128, not %lld.", key->path,
			    (long long)bits);
	}
}

void
reader_path(struct config_reader *reader, const struct config_key *key, const config_setting_t *at,
    char *to, size_t size)
{
	const char *path = reader_text(reader, key, at);

	if (path == NULL || path[0] == '\0')
		return;
	if (path[0] != '/')
		reader_wrong(reader, at, "%s takes a path from / on, not \"%s\".", key->path, path);
	else
		reader_copy(reader, key, at, to, size, path);
}

static void
value_command(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config *config = &reader->settings->config;

	if (!reader_list(reader, key, at, &config->password_command))
		return;
	if (config->password_command.word[0][0] != '/')
		reader_wrong(reader, at, "%s: its first word is a path from / on, not \"%s\".",
		    key->path, config->password_command.word[0]);
}

void
reader_credential(struct config_reader *reader, const struct config_key *key,
    const config_setting_t *at, char *to, size_t size)
{
	const char *name = reader_text(reader, key, at);

	if (name != NULL && strchr(name, '/') != NULL)
		reader_wrong(reader, at, "%s takes a name without a '/'.", key->path);
	else if (name != NULL)
		reader_copy(reader, key, at, to, size, name);
}

/* Whether one of its keys, as it is set here, says where the password is; its default does not. */
static bool
says_password(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	const char *text;

	if (key->type == KEY_COMMAND) /* what is no list is told by value_command() */
		return !reader_is_list(at) || config_setting_length(at) != 0;
	if (key->type == KEY_FILE || key->type == KEY_CREDENTIAL) {
		text = reader_text(reader, key, at);
		return text != NULL && text[0] != '\0';
	}
	if (config_setting_type(at) != CONFIG_TYPE_BOOL)
		reader_wrong(
		    reader, at, "%s takes true or false, not %s.", key->path, reader_type(at));
	return config_setting_get_bool(at) != 0;
}

static void
value_password(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config *config = &reader->settings->config;
	enum password_from from = SECRET_ASK;

	if (!says_password(reader, key, at))
		return;
	if (key->type == KEY_FILE) {
		reader_path(reader, key, at, config->password_path, sizeof(config->password_path));
		from = SECRET_FILE;
	} else if (key->type == KEY_CREDENTIAL) {
		reader_credential(
		    reader, key, at, config->password_path, sizeof(config->password_path));
		from = SECRET_CREDENTIAL;
	} else if (key->type == KEY_COMMAND) {
		value_command(reader, key, at);
		from = SECRET_COMMAND;
	}
	if (config->password_from != SECRET_UNSET && config->password_from != from)
		reader_wrong(reader, at,
		    "%s is one more source of the password; there can be only one.", key->path);
	config->password_from = from;
}

static void
value_target(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	struct config *config = &reader->settings->config;
	const char *text = reader_text(reader, key, at);
	int index = text == NULL ? -1 : find_word(key->words, text);

	if (text == NULL)
		return;
	if (index >= 0)
		config->log_target = (enum log_target)index;
	else if (text[0] != '/')
		reader_wrong(reader, at,
		    "log.target takes \"journal\", \"syslog\", \"stderr\" or a path from / on, not "
		    "\"%s\".",
		    text);
	else if (reader_copy(reader, key, at, config->log_path, sizeof(config->log_path), text))
		config->log_target = LOG_TO_FILE;
}

/* Whether a key of a later version is set to its default. */
static bool
is_standard(const struct config_key *key, const config_setting_t *at)
{
	char text[32];

	switch (config_setting_type(at)) {
	case CONFIG_TYPE_BOOL:
		return strcmp(key->standard, config_setting_get_bool(at) ? "true" : "false") == 0;
	case CONFIG_TYPE_INT:
		snprintf(text, sizeof(text), "%d", config_setting_get_int(at));
		return strcmp(key->standard, text) == 0;
	case CONFIG_TYPE_STRING:
		return strlen(key->standard) == strlen(config_setting_get_string(at)) + 2 &&
		       strncmp(key->standard + 1, config_setting_get_string(at),
			   strlen(config_setting_get_string(at))) == 0;
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		if (config_setting_length(at) == 0)
			return strcmp(key->standard, "[ ]") == 0 ||
			       strcmp(key->path, "quirks") == 0;
		return strcmp(key->path, "quirks") == 0 && config_setting_length(at) == 1;
	default:
		return false;
	}
}

void
reader_value(struct config_reader *reader, const struct config_key *key, const config_setting_t *at)
{
	char *to = (char *)reader->settings + key->offset;
	unsigned before = reader->diags->count;
	struct config_list unused;
	const char *text;

	switch (key->type) {
	case KEY_BOOL:
		if (config_setting_type(at) != CONFIG_TYPE_BOOL)
			reader_wrong(reader, at, "%s takes true or false, not %s.", key->path,
			    reader_type(at));
		else if (key->size != 0)
			*(bool *)to = config_setting_get_bool(at) != 0;
		break;
	case KEY_NUMBER:
		value_number(reader, key, at, to);
		break;
	case KEY_WORD:
		value_word(reader, key, at, to);
		break;
	case KEY_SET:
		value_set(reader, key, at, to);
		break;
	case KEY_TEXT:
		text = reader_text(reader, key, at);
		/* "" leaves our host name as it is. */
		if (text != NULL && key->size != 0 && text[0] != '\0')
			reader_copy(reader, key, at, to, key->size, text);
		break;
	case KEY_PATH:
		reader_path(reader, key, at, to, key->size);
		break;
	case KEY_LIST:
		reader_list(
		    reader, key, at, key->size != 0 ? (struct config_list *)(void *)to : &unused);
		break;
	case KEY_NETS:
		reader_nets(reader, key, at, to);
		break;
	case KEY_TABLE:
		value_table(reader, key, at);
		break;
	case KEY_ADDRESS:
		value_address(reader, key, at, to);
		break;
	case KEY_BIND:
		value_bind(reader, key, at);
		break;
	case KEY_SERVER:
	case KEY_SERVERS:
		value_servers(reader, key, at);
		break;
	case KEY_BITS:
		value_bits(reader, key, at);
		break;
	case KEY_FILE:
	case KEY_CREDENTIAL:
	case KEY_COMMAND:
	case KEY_ASK:
		value_password(reader, key, at);
		break;
	case KEY_TARGET:
		value_target(reader, key, at);
		break;
	case KEY_RATE:
	case KEY_POOL:
	case KEY_DNS:
	case KEY_PEERS:
	case KEY_ANSWER_FILE:
	case KEY_ANSWER_CREDENTIAL:
		reader_value_answer(reader, key, at);
		break;
	}
	if (key->later && reader->diags->count == before && !is_standard(key, at))
		reader_wrong(reader, at, "%s is not supported by this version yet.", key->path);
}
