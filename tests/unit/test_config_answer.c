/* test_config_answer.c: configurations of those who answer calls, right ones and wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config_file.h"
#include "daemon/config_others.h"

/* The two files of interface.md 3, with their secrets in this folder. */
#define ROLE_LISTENER "role = \"listen\";\n"
#define BRANCH                                                                                \
	"role = \"auto\";\n"                                                                  \
	"dial: { server = \"hq.example.net\"; };\n"                                           \
	"listen: { address = \"0.0.0.0\"; from = [ \"203.0.113.10/32\" ]; };\n"               \
	"auth: { user = \"branch-1\"; password-credential = \"branch.password\"; };\n"        \
	"answer-auth: { require-peer = [ \"mschap-v2\" ]; peer-user = \"hq\"; "               \
	"peer-password-credential = \"hq.password\"; };\n"                                    \
	"ip: { interface = \"ppp-hq\"; local = \"172.31.255.2\"; remote = \"172.31.255.1\"; " \
	"mtu = 1400; };\n"                                                                    \
	"routes: { through = [ \"10.1.0.0/16\" ]; };\n"

struct room {
	char dir[64], path[96];
	struct config_settings settings;
	struct config_origins origins;
	struct config_diags diags;
	char said[8192], value[CONFIG_VALUE];
};

static int
setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (room == NULL)
		return -1;
	snprintf(room->dir, sizeof(room->dir), "/tmp/pptpeer-answer-XXXXXX");
	if (mkdtemp(room->dir) == NULL) {
		free(room);
		return -1;
	}
	snprintf(room->path, sizeof(room->path), "%s/t.conf", room->dir);
	*state = room;
	return 0;
}

static int
teardown(void **state)
{
	struct room *room = *state;

	remove(room->path);
	remove(room->dir);
	free(room);
	return 0;
}

static void
put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static bool
read_text(struct room *room, const char *text)
{
	put_file(room->path, text);
	return config_file_read(
	    room->path, NULL, CONFIG_OFFLINE, &room->settings, &room->origins, &room->diags);
}

/* All that was said, without the folder. */
static const char *
said(struct room *room)
{
	char text[1024];

	room->said[0] = '\0';
	for (unsigned i = 0; i < room->diags.count; i++)
		snprintf(room->said + strlen(room->said), sizeof(room->said) - strlen(room->said),
		    "%s%s", i == 0 ? "" : "\n",
		    config_diag_text(&room->diags.diag[i], text, sizeof(text)) + strlen(room->dir) +
			1);
	return room->said;
}

static const char *
value(struct room *room, const char *key)
{
	int index = config_key_find(key);

	assert_true(index >= 0);
	return config_key_format(
	    &config_keys[index], &room->settings, room->value, sizeof(room->value));
}

static void
a_listener_has_its_settings(void **state)
{
	struct room *room = *state;
	const struct config *config = &room->settings.config;

	if (!read_text(room,
		"role = \"listen\";\n"
		"listen: { address = \"192.0.2.1\"; port = 1724; from = [ \"198.51.100.0/24\" ];\n"
		"  max-control = 20; max-calls = 10; max-calls-per-peer = 2; setup-timeout = 5;\n"
		"  max-half-open = 7; rate = \"3/hour\"; };\n"
		"auth: { require-peer = [ \"mschap-v2\", \"pap\" ]; name = \"gw\"; };\n"
		"users-file = \"/etc/pptpeer/users.conf\";\n"
		"peers: ( { user = \"branch-1\"; routes = [ \"10.40.0.0/16\", \"10.41.0.0/16\" ];\n"
		"  address = \"172.31.255.2\"; }, { user = \"b\\\"2\"; routes = [ \"10.42.0.0/16\" "
		"]; } );\n"
		"ip: { local = \"10.99.0.1\"; pool = [ \"10.99.0.10-10.99.0.250\", \"10.98.0.1\" ];"
		" dns = [ \"10.99.0.1\", \"10.99.0.2\" ]; mtu = 1400; };\n"
		"hooks: { call-up = \"/x/up\"; call-down = \"/x/down\"; };\n"))
		fail_msg("%s", said(room));
	assert_int_equal(config->role, ROLE_LISTEN);
	assert_int_equal(config->listen_address.s_addr, inet_addr("192.0.2.1"));
	assert_int_equal(config->listen_port, 1724);
	assert_int_equal(config->listen_from.net[0].bits, 24);
	assert_int_equal(config->max_control, 20);
	assert_int_equal(config->max_half_open, 7);
	assert_int_equal(config->max_calls, 10);
	assert_int_equal(config->max_calls_per_peer, 2);
	assert_int_equal(config->setup_timeout, 5);
	assert_int_equal(config->rate_count, 3);
	assert_int_equal(config->rate_seconds, 3600);
	assert_int_equal(config_callers_methods(config), ACCEPT_MSCHAPV2 | ACCEPT_PAP);
	assert_string_equal(config->auth_name, "gw");
	assert_int_equal(config->secrets, SECRETS_USERS);
	assert_int_equal(config->peers.count, 2);
	assert_string_equal(config->peers.peer[1].user, "b\"2");
	assert_int_equal(config->peers.peer[0].routes.count, 2);
	assert_int_equal(config->pool.count, 2);
	assert_string_equal(config->hook_call_down, "/x/down");
	/* As it would stand in the file again. */
	assert_string_equal(
	    value(room, "ip.pool"), "[ \"10.99.0.10-10.99.0.250\", \"10.98.0.1\" ]");
	assert_string_equal(value(room, "ip.dns"), "[ \"10.99.0.1\", \"10.99.0.2\" ]");
	assert_string_equal(value(room, "listen.rate"), "\"3/hour\"");
	assert_string_equal(value(room, "peers"),
	    "( { user = \"branch-1\"; routes = [ \"10.40.0.0/16\", \"10.41.0.0/16\" ]; address = "
	    "\"172.31.255.2\"; }, { user = \"b\\\"2\"; routes = [ \"10.42.0.0/16\" ]; } )");
}

static void
an_end_of_a_site_to_site_tunnel_has_its_settings(void **state)
{
	struct room *room = *state;
	const struct config *config = &room->settings.config;

	if (!read_text(room, BRANCH))
		fail_msg("%s", said(room));
	assert_int_equal(config->role, ROLE_AUTO);
	assert_int_equal(config->listen_address.s_addr, htonl(INADDR_ANY));
	assert_int_equal(config_callers_methods(config), ACCEPT_MSCHAPV2);
	assert_string_equal(config->answer_user, "hq");
	assert_int_equal(config->answer_password_from, SECRET_CREDENTIAL);
	assert_string_equal(config->answer_password_path, "hq.password");
	assert_int_equal(config->ip_local.s_addr, inet_addr("172.31.255.2"));
	assert_int_equal(config->ip_remote.s_addr, inet_addr("172.31.255.1"));
	assert_string_equal(value(room, "answer-auth.peer-password-credential"), "\"hq.password\"");
	assert_string_equal(value(room, "answer-auth.peer-password-file"), "\"\"");
}

/* The most of everything, each octet escaped, still fits. */
static void
the_longest_value_is_shown_whole(void **state)
{
	struct room *room = *state;
	struct config_peers *peers = &room->settings.config.peers;
	const char *text;

	for (; peers->count < CONFIG_PEERS; peers->count++) {
		struct config_peer *peer = &peers->peer[peers->count];

		memset(peer->user, '\x01', sizeof(peer->user) - 1);
		for (; peer->routes.count < CONFIG_PEER_ROUTES; peer->routes.count++)
			peer->routes.net[peer->routes.count] =
			    (struct net){{inet_addr("255.255.255.255")}, 32};
		peer->address.s_addr = inet_addr("255.255.255.254");
	}
	text = value(room, "peers");
	assert_string_equal(text + strlen(text) - strlen("254\"; } )"), "254\"; } )");
}

static const struct {
	const char *text, *said;
} wrong[] = {
    {"listen: {\n rate = \"10\"; };\n",
	"t.conf:3: listen.rate takes a number a time, \"10/minute\", with second, minute or hour, "
	"not \"10\"."},
    {"listen: {\n rate = \"0/minute\"; };\n",
	"t.conf:3: listen.rate takes a number a time, \"10/minute\", with second, minute or hour, "
	"not \"0/minute\"."},
    {"listen: { rate = 10; };\n", "t.conf:2: listen.rate takes a text in quotes, not a number."},
    {"listen: { max-calls = 0; };\n", "t.conf:2: listen.max-calls = 0 is not from 1 to 65535."},
    {"listen: { address = \"gw\"; };\n",
	"t.conf:2: listen.address takes an IPv4 address, not \"gw\"."},
    {"ip: { pool = [ \"10.0.0.0/24\" ]; };\n",
	"t.conf:2: ip.pool: \"10.0.0.0/24\" is neither \"FIRST-LAST\" nor an IPv4 address."},
    {"ip: { pool = [ \"10.0.0.9-10.0.0.8\" ]; };\n",
	"t.conf:2: ip.pool: \"10.0.0.9-10.0.0.8\" ends before it begins."},
    {"ip: { pool = [ \"10.0.0.9-\" ]; };\n",
	"t.conf:2: ip.pool: \"10.0.0.9-\" is neither \"FIRST-LAST\" nor an IPv4 address."},
    {"ip: { dns = [ \"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\" ]; };\n",
	"t.conf:2: ip.dns has over 2 servers, the most that PPP can tell."},
    {"ip: { dns = [ \"dns\" ]; };\n", "t.conf:2: ip.dns: \"dns\" is no IPv4 address."},
    {"peers = 3;\n", "t.conf:2: peers takes groups in a list, ( { user = \"...\"; }, ... )."},
    {"peers: ( \"a\" );\n", "t.conf:2: peers takes groups, { user = \"...\"; }, not a text."},
    {"peers: (\n { routes = [ \"10.0.0.0/8\" ]; } );\n",
	"t.conf:3: peers: who is that? Its user is missing."},
    {"peers: ( { user = \"a\";\n route = [ ]; } );\n",
	"t.conf:3: peers: there is no \"route\" here; a peer has user, routes, address."},
    {"peers: ( { user = \"a\";\n routes = [ \"10.0.0.1/8\" ]; } );\n",
	"t.conf:3: peers: \"10.0.0.1/8\" has bits set behind its length."},
    {"peers: ( { user = \"a\"; address = \"x\"; } );\n",
	"t.conf:2: peers: \"x\" is no IPv4 address."},
    {"auth: { secrets = \"file\"; };\n",
	"t.conf:2: auth.secrets takes \"users\", \"chap-secrets\", \"radius\", not \"file\"."},
    {"auth: { user = \"bob\"; };\n",
	"t.conf:2: auth.user is for role = \"dial\" or \"auto\"; the role here is \"listen\"."},
    {"users-file = \"users\";\n", "t.conf:2: users-file takes a path from / on, not \"users\"."},
};

static void
each_fault_is_told_with_its_line(void **state)
{
	struct room *room = *state;
	char text[1024];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), ROLE_LISTENER "%s", wrong[i].text);
		assert_false(read_text(room, text));
		if (strstr(said(room), wrong[i].said) == NULL)
			fail_msg("\"%s\" gives \"%s\", not \"%s\"", wrong[i].text, said(room),
			    wrong[i].said);
	}
}

/* What a listener needs at least, each part in a line of its own from the second on. */
#define AUTH_  "auth: { require-peer = [ \"mschap-v2\" ]; };\n"
#define USERS_ "users-file = \"/etc/pptpeer/users.conf\";\n"
#define IP_    "ip: { local = \"10.99.0.1\"; pool = [ \"10.99.1.0-10.99.1.255\" ]; };\n"

static const struct {
	const char *text, *said;
} contradictions[] = {
    {"\n" USERS_ IP_,
	"t.conf:1: Callers would not have to say who they are: set auth.require-peer = [ "
	"\"mschap-v2\" ]."},
    {"auth: { require-peer = [ \"pap\", \"chap\" ]; };\n" USERS_ IP_,
	"t.conf:2: MPPE is required, but none of the methods in auth.require-peer yields its keys: "
	"add \"mschap-v2\", or set encryption.mppe = \"off\"."},
    {"auth: { require-peer = [ \"mschap-v2\", \"eap\" ]; };\n" USERS_ IP_,
	"t.conf:2: auth.require-peer: this version cannot verify \"eap\"; take \"mschap-v2\"."},
    {AUTH_ USERS_ IP_ "encryption: { mppe = \"prefer\"; };\n",
	"t.conf:5: encryption.mppe = \"prefer\" is for those who dial; a listener takes "
	"\"require\" or \"off\"."},
    {AUTH_ USERS_ IP_ "listen: { from = [ ]; };\n",
	"t.conf:5: listen.from is an empty list. Name the networks, or leave it out."},
    {AUTH_ USERS_ "ip: { pool = [ \"10.99.1.0-10.99.1.255\" ]; };\n",
	"t.conf:4: Our address in the tunnel is missing: set ip.local."},
    {AUTH_ USERS_ "ip: { local = \"10.99.1.7\"; pool = [ \"10.99.1.0-10.99.1.255\" ]; };\n",
	"t.conf:4: ip.pool has our own address, ip.local, in it."},
    {AUTH_ USERS_ "ip: { local = \"10.0.0.1\"; pool = [ \"10.1.0.0-10.1.0.255\", \"10.2.0.1\", "
		  "\"10.1.0.255-10.1.1.1\" ]; };\n",
	"t.conf:4: ip.pool: its ranges number 1 and 3 overlap."},
    {AUTH_ USERS_ "ip: { local = \"10.0.0.1\"; pool = [ \"10.1.0.0-10.1.0.198\" ]; };\n",
	"t.conf:4: ip.pool has fewer addresses, 199, than there may be calls: listen.max-calls = "
	"200."},
    {AUTH_ IP_, "t.conf:1: Nothing says who may call: set users-file."},
    {"auth: { require-peer = [ \"mschap-v2\" ]; secrets = \"chap-secrets\"; };\n" USERS_ IP_,
	"t.conf:3: users-file has no effect with another auth.secrets than \"users\"."},
    {"auth: { require-peer = [ \"mschap-v2\" ]; secrets = \"chap-secrets\"; };\n\n"
     "ip: { local = \"10.0.0.1\"; };\n",
	"t.conf:4: Callers would get no address: set ip.pool."},
    {"auth: { require-peer = [ \"mschap-v2\" ];\n radius-config = \"/x\"; };\n" USERS_ IP_,
	"t.conf:3: auth.radius-config has no effect with another auth.secrets than \"radius\"."},
    {AUTH_ USERS_ IP_ "data: { path = \"kernel\"; };\n",
	"t.conf:5: data.path = \"kernel\" is for those who dial; a listener takes \"auto\", "
	"\"tap\" or "
	"\"pty\"."},
    {"auth: { require-peer = [ \"mschap-v2\" ]; secrets = \"radius\"; };\n" IP_
     "peers: ( { user = \"a\"; routes = [ \"10.40.0.0/16\" ]; },\n"
     "{ user = \"b\"; address = \"10.99.1.5\"; } );\n",
	"t.conf:5: peers: the address has no effect with another auth.secrets than \"users\": "
	"chap-secrets or RADIUS give it."},
    {AUTH_ USERS_ IP_ "peers: ( { user = \"a\"; },\n { user = \"a\"; } );\n",
	"t.conf:6: peers: \"a\" is there twice."},
    {AUTH_ USERS_ IP_ "peers: ( { user = \"a\"; address = \"10.99.0.1\"; } );\n",
	"t.conf:5: peers: the address is our own, ip.local."},
    {AUTH_ USERS_ IP_ "peers: ( { user = \"a\"; address = \"10.99.1.5\"; },\n"
		      "{ user = \"b\"; address = \"10.99.1.5\"; } );\n",
	"t.conf:6: peers: the address is that of \"a\" as well."},
    {AUTH_ USERS_ IP_
	"peers: ( { user = \"a\"; routes = [ \"10.1.0.0/16\", \"10.40.0.0/16\" ]; },\n"
	"{ user = \"b\"; routes = [ \"10.40.7.0/24\" ]; } );\n",
	"t.conf:6: peers: the route 10.40.7.0/24 behind \"b\" overlaps with 10.40.0.0/16 behind "
	"\"a\"."},
};

static void
contradictions_are_told_with_their_line(void **state)
{
	struct room *room = *state;
	char text[1024];

	if (!read_text(room, ROLE_LISTENER AUTH_ USERS_ IP_))
		fail_msg("%s", said(room));
	for (size_t i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
		snprintf(text, sizeof(text), ROLE_LISTENER "%s", contradictions[i].text);
		assert_false(read_text(room, text));
		assert_string_equal(said(room), contradictions[i].said);
	}
	/* An address of its own may be one of the pool, which then keeps it, or any other. */
	if (!read_text(room, ROLE_LISTENER AUTH_ USERS_ IP_
		"peers: ( { user = \"a\"; address = \"10.99.1.5\"; },\n"
		"{ user = \"b\"; address = \"172.31.255.2\"; } );\n"))
		fail_msg("%s", said(room));
}

/* One line of the example less, or one more. */
static void
an_end_of_a_site_to_site_tunnel_is_checked(void **state)
{
	static const struct {
		const char *from, *to, *said;
	} changes[] = {
	    {" require-peer = [ \"mschap-v2\" ];", "",
		"t.conf:5: Callers would not have to say who they are: set "
		"answer-auth.require-peer = [ \"mschap-v2\" ]."},
	    {" peer-user = \"hq\";", "",
		"t.conf:5: Nothing says who may call: set answer-auth.peer-user."},
	    {" peer-password-credential = \"hq.password\";", "",
		"t.conf:5: Nothing says where the peer's password is: set "
		"answer-auth.peer-password-file or peer-password-credential."},
	    {" local = \"172.31.255.2\";", "",
		"t.conf:6: Our address in the tunnel is missing: set ip.local."},
	    {" remote = \"172.31.255.1\";", "",
		"t.conf:6: The peer's address in the tunnel is missing: set ip.remote."},
	    {" remote = \"172.31.255.1\";", " remote = \"172.31.255.2\";",
		"t.conf:6: ip.remote is our own address, ip.local."},
	    {"auth: { user", "auth: { require-peer = [ \"mschap-v2\" ]; user",
		"t.conf:4: MPPE and authentication in both directions exclude each other (E503): "
		"leave require-peer out, or set encryption.mppe = \"off\"."},
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(BRANCH, changes[i].from);
		char text[2048];

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - BRANCH), BRANCH, changes[i].to,
		    at + strlen(changes[i].from));
		assert_false(read_text(room, text));
		assert_string_equal(said(room), changes[i].said);
	}
}

static bool
read_again(struct room *room, unsigned flags)
{
	return config_file_read(
	    room->path, NULL, flags, &room->settings, &room->origins, &room->diags);
}

/* The users file is read, and each of its users must be one that can be answered. */
static void
users_and_configuration_say_the_same(void **state)
{
	static const char users[] =
	    "users: ( { name = \"a\"; password = \"x\"; },\n"
	    "{ name = \"b\"; password = \"x\"; address = \"10.98.0.2\"; },\n"
	    "{ name = \"c\"; password = \"x\"; address = \"10.99.0.1\"; } );\n";
	struct room *room = *state;
	char path[96], text[1024], want[512];

	snprintf(path, sizeof(path), "%s/users", room->dir);
	put_file(path, users);
	assert_int_equal(chmod(path, 0600), 0);
	snprintf(text, sizeof(text),
	    ROLE_LISTENER AUTH_
	    "users-file = \"%s\";\nip: { local = \"10.99.0.1\"; };\n"
	    "peers: ( { user = \"b\"; address = \"10.98.0.3\"; },\n { user = \"d\"; } );\n",
	    path);
	put_file(room->path, text);
	assert_false(read_again(room, 0));
	assert_string_equal(said(room),
	    "t.conf:5: peers: the users-file has another address for that user.\n"
	    "t.conf:6: peers: no such user is in the users-file.\n"
	    "users:1: \"a\": there is no address for it, and no ip.pool.\n"
	    "users:3: \"c\": the address is our own, ip.local.");
	assert_true(read_again(room, CONFIG_OFFLINE));
	assert_true(config_is_users_file(path));
	assert_false(config_is_users_file(room->path));
	assert_int_equal(chmod(path, 0644), 0);
	assert_false(read_again(room, 0));
	snprintf(want, sizeof(want),
	    "users: Others can read or change it (mode 0644): chmod 600 "
	    "it, and think of its passwords as known.");
	assert_string_equal(said(room), want);
	remove(path);
	assert_false(config_is_users_file(path));
	assert_false(read_again(room, 0));
	assert_string_equal(said(room), "users: No such file or directory.");
}

/* Two that would take each other's calls. */
static void
two_listeners_on_one_address_and_port_are_told(void **state)
{
	static const struct {
		const char *one, *two;
		bool same;
	} doors[] = {
	    {"address = \"192.0.2.1\";", "address = \"192.0.2.1\";", true},
	    {"address = \"192.0.2.1\";", "address = \"192.0.2.2\";", false},
	    {"address = \"192.0.2.1\";", "", true},
	    {"", "address = \"0.0.0.0\";", true},
	    {"port = 1724;", "", false},
	};
	struct room *room = *state;
	char path[96], text[1024], want[256];

	snprintf(path, sizeof(path), "%s/other.conf", room->dir);
	snprintf(
	    want, sizeof(want), "t.conf:5: %s listens on that address and port as well.", path);
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		snprintf(text, sizeof(text), ROLE_LISTENER AUTH_ USERS_ IP_ "listen: { %s };\n",
		    doors[i].one);
		put_file(room->path, text);
		/* What else is wrong with the other is not of interest here. */
		snprintf(text, sizeof(text), "role = \"auto\";\nlisten: { %s };\n", doors[i].two);
		put_file(path, text);
		assert_int_equal(read_again(room, CONFIG_OFFLINE | CONFIG_OTHERS), !doors[i].same);
		assert_string_equal(said(room), doors[i].same ? want : "");
		assert_true(read_again(room, CONFIG_OFFLINE));
		put_file(path, "role = \"dial\";\n");
		assert_true(read_again(room, CONFIG_OFFLINE | CONFIG_OTHERS));
	}
	remove(path);
}

/* Each key that is not for a role is told there, by its line. */
static void
a_key_for_another_role_is_told(void **state)
{
	static const char *const heads[] = {[ROLE_DIAL] = "role = \"dial\";\n",
	    [ROLE_LISTEN] = "role = \"listen\";\n",
	    [ROLE_AUTO] = "role = \"auto\";\n"};
	struct room *room = *state;
	unsigned told = 0;

	for (size_t i = 0; i < config_keys_count(); i++) {
		const struct config_key *key = &config_keys[i];
		const char *dot = strchr(key->path, '.');
		char text[512], want[256];

		for (unsigned role = ROLE_DIAL; role <= ROLE_AUTO; role++) {
			if (dot != NULL)
				snprintf(text, sizeof(text), "%s%.*s: {\n%s = %s;\n};\n",
				    heads[role], (int)(dot - key->path), key->path, dot + 1,
				    key->standard);
			else
				snprintf(text, sizeof(text), "%s\n%s = %s;\n",
				    i == 0 ? "" : heads[role], key->path, key->standard);
			read_text(room, text);
			snprintf(want, sizeof(want), "t.conf:3: %s is for role = ", key->path);
			if ((strstr(said(room), want) != NULL) !=
			    ((config_key_roles(key) & ROLE_BIT(role)) == 0))
				fail_msg("%s gives: %s", text, said(room));
			told += strstr(said(room), want) != NULL;
		}
	}
	assert_true(told > 60);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_listener_has_its_settings),
	    TEST(an_end_of_a_site_to_site_tunnel_has_its_settings),
	    TEST(the_longest_value_is_shown_whole),
	    TEST(each_fault_is_told_with_its_line),
	    TEST(a_key_for_another_role_is_told),
	    TEST(contradictions_are_told_with_their_line),
	    TEST(an_end_of_a_site_to_site_tunnel_is_checked),
	    TEST(users_and_configuration_say_the_same),
	    TEST(two_listeners_on_one_address_and_port_are_told),
	};

	return cmocka_run_group_tests_name("config_answer", tests, NULL, NULL);
}
