/* config_cross_answer.c: as config_cross.c, for those who answer calls (interface.md 8). */
#include "config_read.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_others.h"
#include "users.h"

/* What the checks share. */
struct cross {
	struct config_reader *reader;
	const config_t *root;
	const struct config *config;
	unsigned flags;
};

static void
wrong(const struct cross *cross, const char *key, const char *text)
{
	reader_wrong_at(cross->reader, cross->root, key, text);
}

static void
wrong_peer(const struct cross *cross, unsigned index, const char *text)
{
	const config_setting_t *peers = config_lookup(cross->root, "peers");

	reader_wrong(cross->reader, config_setting_get_elem(peers, index), "peers: %s", text);
}

/* MPPE takes its keys from these (RFC 3079). */
#define METHODS_WITH_KEYS (ACCEPT_MSCHAP | ACCEPT_MSCHAPV2)

static void
cross_methods(const struct cross *cross)
{
	const struct config *config = cross->config;
	unsigned methods = config_callers_methods(config);
	const char *key =
	    config->role == ROLE_AUTO ? "answer-auth.require-peer" : "auth.require-peer";
	char text[300];

	if (methods == 0)
		snprintf(text, sizeof(text),
		    "Callers would not have to say who they are: set %s = [ \"mschap-v2\" ].", key);
	else if ((methods & ACCEPT_EAP) != 0)
		snprintf(text, sizeof(text),
		    "%s: this version cannot verify \"eap\"; take \"mschap-v2\".", key);
	else if (config->mppe != MPPE_OFF && (methods & METHODS_WITH_KEYS) == 0)
		snprintf(text, sizeof(text),
		    "MPPE is required, but none of the methods in %s yields its keys: add "
		    "\"mschap-v2\", or set encryption.mppe = \"off\".",
		    key);
	else
		text[0] = '\0';
	if (text[0] != '\0')
		wrong(cross, key, text);
	if (config->role == ROLE_LISTEN && config->mppe == MPPE_PREFER)
		wrong(cross, "encryption.mppe",
		    "encryption.mppe = \"prefer\" is for those who dial; a listener takes "
		    "\"require\" or \"off\".");
	if (config->listen_from.count == 0 && config_lookup(cross->root, "listen.from") != NULL)
		wrong(cross, "listen.from",
		    "listen.from is an empty list. Name the networks, or leave it out.");
}

/* -------------------------------------------------------------------------------- addresses */

static bool
in_range(const struct config_range *range, struct in_addr address)
{
	uint32_t value = ntohl(address.s_addr);

	return value >= ntohl(range->first.s_addr) && value <= ntohl(range->last.s_addr);
}

static void
cross_pool(const struct cross *cross)
{
	const struct config_pool *pool = &cross->config->pool;
	uint64_t size = 0;
	char text[300];

	for (unsigned i = 0; i < pool->count; i++) {
		const struct config_range *range = &pool->range[i];

		size += (uint64_t)ntohl(range->last.s_addr) - ntohl(range->first.s_addr) + 1;
		for (unsigned j = 0; j < i; j++) {
			if (in_range(range, pool->range[j].first) ||
			    in_range(&pool->range[j], range->first)) {
				snprintf(text, sizeof(text),
				    "ip.pool: its ranges number %u and %u overlap.", j + 1, i + 1);
				wrong(cross, "ip.pool", text);
			}
		}
		if (in_range(range, cross->config->ip_local))
			wrong(cross, "ip.pool", "ip.pool has our own address, ip.local, in it.");
	}
	if (pool->count != 0 && size < cross->config->max_calls) {
		snprintf(text, sizeof(text),
		    "ip.pool has fewer addresses, %u, than there may be calls: "
		    "listen.max-calls = %u.",
		    (unsigned)size, cross->config->max_calls);
		wrong(cross, "ip.pool", text);
	}
	if (pool->count == 0 && cross->config->secrets == SECRETS_CHAP)
		wrong(cross, "ip.pool", "Callers would get no address: set ip.pool.");
}

static void
cross_addresses(const struct cross *cross)
{
	const struct config *config = cross->config;

	if (config->ip_local.s_addr == htonl(INADDR_ANY))
		wrong(cross, "ip.local", "Our address in the tunnel is missing: set ip.local.");
	if (config->role != ROLE_AUTO)
		return;
	if (config->ip_remote.s_addr == htonl(INADDR_ANY))
		wrong(cross, "ip.remote",
		    "The peer's address in the tunnel is missing: set ip.remote.");
	else if (config->ip_remote.s_addr == config->ip_local.s_addr)
		wrong(cross, "ip.remote", "ip.remote is our own address, ip.local.");
}

/* ------------------------------------------------------------------------------------ peers */

static bool
overlap(const struct net *one, const struct net *two)
{
	return net_covers(one, two->address) || net_covers(two, one->address);
}

/* Two routes to one network would lead behind whoever came last. */
static void
cross_peer_routes(const struct cross *cross, unsigned first, unsigned second)
{
	const struct config_peer *one = &cross->config->peers.peer[first];
	const struct config_peer *two = &cross->config->peers.peer[second];
	char net[NET_TEXT], other[NET_TEXT], text[400];

	for (unsigned i = 0; i < one->routes.count; i++) {
		for (unsigned j = 0; j < two->routes.count; j++) {
			if (!overlap(&one->routes.net[i], &two->routes.net[j]))
				continue;
			net_text(&one->routes.net[i], other, sizeof(other));
			net_text(&two->routes.net[j], net, sizeof(net));
			snprintf(text, sizeof(text),
			    "the route %s behind \"%.100s\" overlaps with %s behind \"%.100s\".",
			    net, two->user, other, one->user);
			wrong_peer(cross, second, text);
			return;
		}
	}
}

static void
cross_peers(const struct cross *cross)
{
	const struct config_peers *peers = &cross->config->peers;
	char text[400];

	for (unsigned i = 0; i < peers->count; i++) {
		const struct config_peer *peer = &peers->peer[i];
		bool has_address = peer->address.s_addr != htonl(INADDR_ANY);

		if (has_address && peer->address.s_addr == cross->config->ip_local.s_addr)
			wrong_peer(cross, i, "the address is our own, ip.local.");
		for (unsigned j = 0; j < i; j++) {
			const struct config_peer *other = &peers->peer[j];

			if (peer->user[0] != '\0' && strcmp(peer->user, other->user) == 0) {
				snprintf(
				    text, sizeof(text), "\"%.100s\" is there twice.", peer->user);
				wrong_peer(cross, i, text);
			} else if (has_address && peer->address.s_addr == other->address.s_addr) {
				snprintf(text, sizeof(text),
				    "the address is that of \"%.100s\" as well.", other->user);
				wrong_peer(cross, i, text);
			}
			cross_peer_routes(cross, j, i);
		}
	}
}

/* -------------------------------------------------------------------------------- secrets */

static void
wrong_user(const struct cross *cross, const struct user *user, const char *text)
{
	config_diag_add(cross->reader->diags, cross->config->users_file, user->line, "\"%s\": %s",
	    user->name, text);
}

/* The users file and the configuration say the same of one caller. */
static void
cross_users_peers(const struct cross *cross, const struct users *users)
{
	const struct config_peers *peers = &cross->config->peers;

	for (unsigned i = 0; i < peers->count; i++) {
		const struct config_peer *peer = &peers->peer[i];
		const struct user *user = users_find(users, peer->user);

		if (user == NULL || strcmp(user->name, peer->user) != 0)
			wrong_peer(cross, i, "no such user is in the users-file.");
		else if (peer->address.s_addr != htonl(INADDR_ANY) &&
			 user->address.s_addr != htonl(INADDR_ANY) &&
			 peer->address.s_addr != user->address.s_addr)
			wrong_peer(cross, i, "the users-file has another address for that user.");
	}
}

static bool
peer_has_address(const struct config_peers *peers, const struct user *user)
{
	for (unsigned i = 0; i < peers->count; i++) {
		if (strcmp(peers->peer[i].user, user->name) == 0)
			return peers->peer[i].address.s_addr != htonl(INADDR_ANY);
	}
	return false;
}

static void
cross_users(const struct cross *cross)
{
	const struct config *config = cross->config;
	struct users users;

	if (config->users_file[0] == '\0') {
		wrong(cross, "users-file", "Nothing says who may call: set users-file.");
		return;
	}
	if ((cross->flags & (CONFIG_OFFLINE | CONFIG_NO_SECRET)) != 0 ||
	    !users_load(config->users_file, &users, cross->reader->diags))
		return;
	cross_users_peers(cross, &users);
	for (size_t i = 0; i < users.count; i++) {
		const struct user *user = &users.user[i];

		if (user->address.s_addr != htonl(INADDR_ANY) &&
		    user->address.s_addr == config->ip_local.s_addr)
			wrong_user(cross, user, "the address is our own, ip.local.");
		else if (user->address.s_addr == htonl(INADDR_ANY) && config->pool.count == 0 &&
			 !peer_has_address(&config->peers, user))
			wrong_user(cross, user, "there is no address for it, and no ip.pool.");
	}
	users_free(&users);
}

static void
cross_secrets(const struct cross *cross)
{
	const struct config *config = cross->config;

	if (config->secrets == SECRETS_USERS)
		cross_users(cross);
	else if (config->users_file[0] != '\0')
		wrong(cross, "users-file",
		    "users-file has no effect with another auth.secrets than \"users\".");
	if (config->secrets != SECRETS_RADIUS && config->radius_config[0] != '\0')
		wrong(cross, "auth.radius-config",
		    "auth.radius-config has no effect with another auth.secrets than \"radius\".");
	else if (config->radius_config[0] != '\0' && (cross->flags & CONFIG_OFFLINE) == 0 &&
		 access(config->radius_config, F_OK) != 0)
		wrong(cross, "auth.radius-config", "auth.radius-config names no file.");
}

/* The one peer of role "auto". */
static void
cross_answer_user(const struct cross *cross)
{
	const struct config *config = cross->config;
	struct stat st;

	if (config->answer_user[0] == '\0')
		wrong(cross, "answer-auth.peer-user",
		    "Nothing says who may call: set answer-auth.peer-user.");
	if (config->answer_password_from == SECRET_UNSET)
		wrong(cross, "answer-auth",
		    "Nothing says where the peer's password is: set "
		    "answer-auth.peer-password-file or peer-password-credential.");
	if ((cross->flags & CONFIG_OFFLINE) == 0 && config->answer_password_from == SECRET_FILE &&
	    stat(config->answer_password_path, &st) == 0 && (st.st_mode & 077) != 0)
		wrong(cross, "answer-auth.peer-password-file",
		    "Others can read or change the password's file: chmod 600 it, and think of the "
		    "password as known.");
}

/* What a listener has not got, whatever the caller. */
static void
cross_listener(const struct cross *cross)
{
	const struct config *config = cross->config;

	if (config->data_path == PATH_KERNEL)
		wrong(cross, "data.path",
		    "data.path = \"kernel\" is for those who dial; a listener takes \"auto\", "
		    "\"tap\" or \"pty\".");
	for (unsigned i = 0; config->secrets != SECRETS_USERS && i < config->peers.count; i++) {
		if (config->peers.peer[i].address.s_addr != htonl(INADDR_ANY))
			wrong_peer(cross, i,
			    "the address has no effect with another auth.secrets than \"users\": "
			    "chap-secrets or RADIUS give it.");
	}
}

void
reader_cross_answer(struct config_reader *reader, const config_t *root, unsigned flags)
{
	const struct cross cross = {reader, root, &reader->settings->config, flags};
	char other[CONFIG_PATH_MAX], text[CONFIG_PATH_MAX + 100];

	if (cross.config->role == ROLE_DIAL)
		return;
	cross_methods(&cross);
	cross_addresses(&cross);
	if (cross.config->role == ROLE_AUTO) {
		cross_answer_user(&cross);
	} else {
		cross_listener(&cross);
		cross_pool(&cross);
		cross_peers(&cross);
		cross_secrets(&cross);
	}
	if ((flags & CONFIG_OTHERS) != 0 && config_other_listener(cross.config, other)) {
		snprintf(text, sizeof(text), "%s listens on that address and port as well.", other);
		wrong(&cross, "listen.address", text);
	}
}
