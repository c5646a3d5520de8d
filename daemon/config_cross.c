/* config_cross.c: what is wrong with a file though each line by itself is right (interface.md 8). */
#include "config_read.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void
reader_wrong_at(
    struct config_reader *reader, const config_t *root, const char *key, const char *text)
{
	const config_setting_t *at = config_lookup(root, key);
	char section[64];
	size_t len = strcspn(key, ".");

	if (at == NULL && strcmp(key, "dial.server") == 0)
		at = config_lookup(root, "dial.servers");
	if (at == NULL && len < sizeof(section) && len != 0) {
		memcpy(section, key, len);
		section[len] = '\0';
		at = config_lookup(root, section);
	}
	if (at != NULL)
		reader_wrong(reader, at, "%s", text);
	else
		config_diag_add(reader->diags, reader->path, 1, "%s", text);
}

static void
cross_secret(struct config_reader *reader, const config_t *root, unsigned flags)
{
	const struct config *config = &reader->settings->config;
	struct stat st;

	if (config->role != ROLE_LISTEN && config->password_from == SECRET_UNSET &&
	    (flags & CONFIG_NO_SECRET) == 0)
		reader_wrong_at(reader, root, "auth",
		    "Nothing says where the password is: set auth.password-file, "
		    "password-credential, password-command, or password-ask = true.");
	if ((flags & CONFIG_OFFLINE) == 0 && config->password_from == SECRET_FILE &&
	    stat(config->password_path, &st) == 0 && (st.st_mode & 077) != 0)
		reader_wrong_at(reader, root, "auth.password-file",
		    "Others can read or change the password's file: chmod 600 it, and think of the "
		    "password as known.");
}

static void
cross_routes(struct config_reader *reader, const config_t *root)
{
	const struct config *config = &reader->settings->config;
	struct in_addr server;
	bool main_table = config->route_table == RT_TABLE_MAIN;
	/* Whatever address its name will have. */
	bool covered = config->route_default && config->mark == 0 && main_table;

	for (unsigned i = 0; i < config->server_count; i++) {
		if (inet_pton(AF_INET, config->servers[i], &server) == 1)
			covered = covered || config_covers_server(config, server);
	}
	if (covered && !config->server_route)
		reader_wrong_at(reader, root, "routes.server-route",
		    "A route of the tunnel covers the server, with server-route = \"off\" and no "
		    "dial.mark: the tunnel would run into itself.");
	if (config->routes_except.count != 0 && !main_table)
		reader_wrong_at(reader, root, "routes.except",
		    "routes.except has no effect with another table: leave those networks out of "
		    "it by a rule or a route of your own.");
}

/* A key that has no meaning in that role is a mistake about one of the two. */
static void
cross_roles(struct config_reader *reader, const config_t *root)
{
	enum role role = reader->settings->config.role;
	char text[200];

	for (size_t i = 0; i < config_keys_count(); i++) {
		unsigned roles = config_key_roles(&config_keys[i]);
		const char *between = "";
		size_t used;

		if (reader->origins->key[i].from != FROM_LINE || (roles & ROLE_BIT(role)) != 0)
			continue;
		used =
		    (size_t)snprintf(text, sizeof(text), "%s is for role = ", config_keys[i].path);
		for (unsigned j = ROLE_DIAL; j <= ROLE_AUTO; j++) {
			if ((roles & ROLE_BIT(j)) == 0)
				continue;
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"%s\"",
			    between, config_role_name(j));
			between = " or ";
		}
		snprintf(text + used, sizeof(text) - used, "; the role here is \"%s\".",
		    config_role_name(role));
		reader_wrong_at(reader, root, config_keys[i].path, text);
	}
}

void
reader_cross(struct config_reader *reader, const config_t *root, unsigned flags)
{
	const struct config *config = &reader->settings->config;
	const char *key, *wrong;
	char buf[400];
	size_t cursor = 0;

	while ((wrong = config_check_next(config, &cursor, &key, buf, sizeof(buf))) != NULL) {
		if (key[0] == '\0')
			reader_wrong_name(reader, wrong);
		else
			reader_wrong_at(reader, root, key, wrong);
	}
	if (config_lookup(root, "dial.server") != NULL &&
	    config_lookup(root, "dial.servers") != NULL)
		reader_wrong_at(reader, root, "dial.servers",
		    "dial.server and dial.servers exclude each other.");
	if (config->role != ROLE_LISTEN && config->user[0] == '\0')
		reader_wrong_at(reader, root, "auth.user", "No user is named: set auth.user.");
	if (config->role != ROLE_LISTEN && config->require_peer != 0)
		reader_wrong_at(reader, root, "auth.require-peer",
		    config->mppe != MPPE_OFF
			? "MPPE and authentication in both directions exclude each other (E503): "
			  "leave require-peer out, or set encryption.mppe = \"off\"."
			: "auth.require-peer is not supported by this version yet where we dial.");
	if (config->domains.count != 0 && config->dns_use == DNS_OFF)
		reader_wrong_at(
		    reader, root, "dns.domains", "dns.domains has no effect with use = \"off\".");
	if (config->dns_use == DNS_HOOK && config->hook_up[0] == '\0' &&
	    config->hook_script[0] == '\0')
		reader_wrong_at(reader, root, "dns.use",
		    "dns.use = \"hook\" leaves DNS to the up hook or the script, and there is "
		    "none: set "
		    "hooks.up or hooks.script.");
	cross_roles(reader, root);
	cross_secret(reader, root, flags);
	cross_routes(reader, root);
	reader_cross_answer(reader, root, flags);
}
