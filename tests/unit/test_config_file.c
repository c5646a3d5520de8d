/* test_config_file.c: what is said about wrong configurations, word for word; and right ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/config_file.h"
#include "daemon/secret.h"

#define DIAL "dial: { server = \"192.0.2.1\"; };\n"
#define AUTH "auth: { user = \"bob\"; password-ask = true; };\n"

struct room {
	char dir[64], path[96];
	struct config_settings settings;
	struct config_origins origins;
	struct config_diags diags;
};

static void
put_bytes(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");
	int rc;

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	rc = fclose(file);
	assert_int_equal(rc, 0);
}

static int
setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (room == NULL)
		return -1;
	snprintf(room->dir, sizeof(room->dir), "/tmp/pptpeer-config-XXXXXX");
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
	char path[128];

	snprintf(path, sizeof(path), "%s/more", room->dir);
	remove(path);
	remove(room->path);
	remove(room->dir);
	free(room);
	return 0;
}

static bool
read_text(struct room *room, const char *text)
{
	put_bytes(room->path, text, strlen(text));
	return config_file_read(room->path, NULL, 0, &room->settings, &room->origins, &room->diags);
}

/* All that was said, without the folder. */
static const char *
said(const struct room *room)
{
	static char all[8192];
	char text[1024];

	all[0] = '\0';
	for (unsigned i = 0; i < room->diags.count; i++) {
		const char *line = config_diag_text(&room->diags.diag[i], text, sizeof(text)) +
				   strlen(room->dir) + 1;
		size_t used = strlen(all);

		snprintf(all + used, sizeof(all) - used, "%s%s", i == 0 ? "" : "\n", line);
	}
	return all;
}

static const struct {
	const char *text, *said;
} wrong[] = {
    {DIAL AUTH "dail: { };\n", "t.conf:3: There is no section dail; did you mean dial?"},
    {DIAL AUTH "server = \"x\";\n",
	"t.conf:3: There is no setting server; did you mean dial.server?"},
    {DIAL AUTH "retry: {\n persit = true; };\n",
	"t.conf:4: There is no setting retry.persit; did you mean retry.persist?"},
    {DIAL AUTH "data: { frobnicate = 1; };\n", "t.conf:3: There is no setting data.frobnicate."},
    {DIAL AUTH "ip = 3;\n", "t.conf:3: The section ip is a group: ip: { ... };"},
    {DIAL AUTH "retry: { persist = 1; };\n",
	"t.conf:3: retry.persist takes true or false, not a number."},
    {DIAL AUTH "retry: { max-tries = \"3\"; };\n",
	"t.conf:3: retry.max-tries takes a whole number, not a text."},
    {DIAL AUTH "retry: { max-tries = -1; };\n",
	"t.conf:3: retry.max-tries = -1 is not from 0 to 1000000."},
    {DIAL AUTH "retry: { max-tries = 99999999999; };\n",
	"t.conf:3: The number 99999999999 is too large."},
    {DIAL AUTH "retry: { max-tries = 4294967301; };\n",
	"t.conf:3: The number 4294967301 is too large."},
    {DIAL AUTH "retry: { max-tries = 4294967301L; };\n",
	"t.conf:3: retry.max-tries = 4294967301 is not from 0 to 1000000."},
    {DIAL AUTH "retry: { max-tries = 9223372036854775808LL; };\n",
	"t.conf:3: The number 9223372036854775808LL is too large."},
    {DIAL AUTH "retry: { max-tries = 0x100000005; };\n",
	"t.conf:3: The number 0x100000005 is too large."},
    {DIAL AUTH "retry: { max-tries = 010; };\n",
	"t.conf:3: The number 010 begins with a 0, which makes it octal to some: leave the 0 out."},
    {DIAL AUTH "retry: { max-tries = -09; };\n",
	"t.conf:3: The number 09 begins with a 0, which makes it octal to some: leave the 0 out."},
    {DIAL AUTH "retry: { max-tries = 5persist = true; };\n",
	"t.conf:3: The number 5persist is neither decimal nor hexadecimal with 0x before it."},
    {DIAL AUTH "retry: { max-tries = 0b101; };\n",
	"t.conf:3: The number 0b101 is neither decimal nor hexadecimal with 0x before it."},
    {DIAL AUTH "retry: { max-tries = 0x; };\n",
	"t.conf:3: The number 0x is neither decimal nor hexadecimal with 0x before it."},
    {DIAL AUTH "retry: { max-tries = 1.05; };\n",
	"t.conf:3: retry.max-tries takes a whole number, not a number with a fraction."},
    {DIAL AUTH "retry: { first-delay = 400; };\n",
	"t.conf:3: The longest wait, 300 s, is shorter than the first, 400 s."},
    {DIAL AUTH "ip: { mtu = 1457; };\n",
	"t.conf:3: The MTU 1457 is over 1456, the most with MPPE."},
    {DIAL AUTH "ip: { mtu = 1501; };\n", "t.conf:3: ip.mtu = 1501 is not from 0 to 1500."},
    {DIAL AUTH "ip: { mru = 100; };\n", "t.conf:3: The MRU 100 is not from 128 to 1500."},
    {DIAL AUTH "ip: { address = \"10.0.0\"; };\n",
	"t.conf:3: ip.address takes an IPv4 address, not \"10.0.0\"."},
    {DIAL AUTH "ip: { address = \"\x1b[2J\"; };\n",
	"t.conf:3: ip.address takes an IPv4 address, not \"\\x1b[2J\"."},
    {DIAL AUTH "ip: { interface = \"1234567890123456\"; };\n",
	"t.conf:3: ip.interface has 16 octets; 15 is the most."},
    {DIAL AUTH "ip: { ipv6 = 1; };\n", "t.conf:3: ip.ipv6 takes true or false, not a number."},
    {DIAL AUTH "encryption: { bits = [ 56 ]; };\n",
	"t.conf:3: encryption.bits takes 40 and 128, not 56.\n"
	"t.conf:3: MPPE needs a key length: 128, 40, or both."},
    {DIAL AUTH "encryption: { mppe = \"yes\"; };\n",
	"t.conf:3: encryption.mppe takes \"require\", \"prefer\", \"off\", not \"yes\"."},
    {DIAL AUTH "routes: { table = \"vpn\"; };\n", "t.conf:3: routes.table takes \"main\" or the "
						  "number of a table of your own, in quotes, not "
						  "\"vpn\"."},
    {DIAL AUTH "routes: { table = \"255\"; };\n", "t.conf:3: routes.table takes \"main\" or the "
						  "number of a table of your own, in quotes, not "
						  "\"255\"."},
    {DIAL AUTH "routes: { table = \"4294967296\"; };\n",
	"t.conf:3: routes.table takes \"main\" or the number of a table of your own, in quotes, "
	"not "
	"\"4294967296\"."},
    {DIAL AUTH "routes: { default = true; server-route = \"off\"; };\n",
	"t.conf:3: A route of the tunnel covers the server, with server-route = \"off\" and no "
	"dial.mark: the tunnel would run into itself."},
    {DIAL AUTH "routes: { default = true; table = \"7\"; except = [ \"10.0.0.0/8\" ]; };\n",
	"t.conf:3: routes.except has no effect with another table: leave those networks out of it "
	"by "
	"a rule or a route of your own."},
    {DIAL AUTH "routes: { through = [ \"10.0.0.1/8\" ]; };\n",
	"t.conf:3: routes.through: \"10.0.0.1/8\" has bits set behind its length."},
    {DIAL AUTH "routes: { through = [ \"10.0.0.0/33\" ]; };\n",
	"t.conf:3: routes.through: \"10.0.0.0/33\" has no length from 0 to 32 after its /."},
    {DIAL AUTH "dns: { use = \"hook\"; };\n",
	"t.conf:3: dns.use = \"hook\" leaves DNS to the up hook or the script, and there is none: "
	"set hooks.up or hooks.script."},
    {DIAL AUTH "dns: { domains = [ \"corp\", \"-x\" ]; };\n",
	"t.conf:3: \"-x\" is no domain: \"corp.example.com\", \"~corp.example.com\" (asked for, "
	"but "
	"not searched), or \"~.\" (all names)."},
    {DIAL AUTH "data: { path = \"ktap\"; };\n",
	"t.conf:3: data.path takes \"auto\", \"pty\", \"tap\", \"kernel\", not \"ktap\"."},
    {"dial: { server = \"a\";\n mark = 1; };\n" AUTH "data: { path = \"kernel\"; };\n",
	"t.conf:4: The kernel's own data path keeps to no firewall mark and no interface: leave "
	"dial.mark (--mark) and the interface in dial.bind (--bind) out, or take another data.path "
	"(--data-path)."},
    {"dial: { server = \"a\";\n bind = \"%eth0\"; };\n" AUTH "data: { path = \"kernel\"; };\n",
	"t.conf:4: The kernel's own data path keeps to no firewall mark and no interface: leave "
	"dial.mark (--mark) and the interface in dial.bind (--bind) out, or take another data.path "
	"(--data-path)."},
    {DIAL AUTH "hooks: { up = \"true\"; };\n",
	"t.conf:3: hooks.up takes a path from / on, not \"true\"."},
    {DIAL AUTH "routes: { metric = 5; };\nhooks: { script = \"/bin/true\"; };\n",
	"t.conf:4: A script (hooks.script, --script) sets the routes, and knows no routes.table "
	"and "
	"no routes.metric: leave them out."},
    {DIAL AUTH "listen: { port = 1; };\n",
	"t.conf:3: listen.port is for role = \"listen\" or \"auto\"; the role here is \"dial\"."},
    {DIAL AUTH "pppd: { options = [ \"plugin\" ]; };\n",
	"t.conf:3: The pppd option \"plugin\" is refused: loads code into pppd."},
    {DIAL AUTH "log: { target = \"file\"; };\n",
	"t.conf:3: log.target takes \"journal\", \"syslog\", \"stderr\" or a path from / on, not "
	"\"file\"."},
    {DIAL AUTH DIAL, "t.conf:3: This setting is there twice."},
    {DIAL AUTH "ip: {\n", "t.conf:4: Syntax error: is a quote, a bracket or a ';' missing here or "
			  "before?"},
    {"dial: { };\n" AUTH, "t.conf:1: No server is named."},
    {"dial: { servers = [ ]; };\n" AUTH,
	"t.conf:1: dial.servers takes a list of 1 to 8 names or addresses.\n"
	"t.conf:1: No server is named."},
    {"dial: { server = \"a\"; servers = [ \"b\" ]; };\n" AUTH,
	"t.conf:1: dial.server and dial.servers exclude each other."},
    {"dial: { server = \"a\"; bind = \"eth0\"; };\n" AUTH,
	"t.conf:1: dial.bind takes an IPv4 address or \"%INTERFACE\", not \"eth0\"."},
    {DIAL "auth: { user = \"bob\"; };\n",
	"t.conf:2: Nothing says where the password is: set auth.password-file, "
	"password-credential, password-command, or password-ask = true."},
    {DIAL "auth: { user = \"bob\"; password-file = \"\"; password-command = [ ]; };\n",
	"t.conf:2: Nothing says where the password is: set auth.password-file, "
	"password-credential, password-command, or password-ask = true."},
    {DIAL "auth: { user = \"bob\"; password-credential = \"\"; password-ask = false; };\n",
	"t.conf:2: Nothing says where the password is: set auth.password-file, "
	"password-credential, password-command, or password-ask = true."},
    {DIAL "auth: { user = \"bob\"; password-file = \"bob.secret\"; };\n",
	"t.conf:2: auth.password-file takes a path from / on, not \"bob.secret\"."},
    {DIAL "auth: { user = \"bob\"; password-credential = \"a/b\"; };\n",
	"t.conf:2: auth.password-credential takes a name without a '/'."},
    {DIAL "auth: { user = \"bob\"; password-command = \"/bin/pass\"; };\n",
	"t.conf:2: auth.password-command takes a list, [ \"...\" ], not a text."},
    {DIAL "auth: { user = \"bob\"; password-command = [ \"pass\", \"vpn\" ]; };\n",
	"t.conf:2: auth.password-command: its first word is a path from / on, not \"pass\"."},
    {DIAL "auth: { password-ask = true; };\n", "t.conf:2: No user is named: set auth.user."},
    {DIAL "auth: { user = \"CORP\\nina\"; password-ask = true; };\n",
	"t.conf:2: The user name has a control character (a backslash that was not escaped?)."},
    {DIAL "auth: { user = \"b\"; password-ask = true;\n password-credential = \"x\"; };\n",
	"t.conf:3: auth.password-credential is one more source of the password; there can be only "
	"one."},
    {DIAL "auth: { user = \"b\"; password-ask = true;\n accept = [ \"pap\" ]; };\n",
	"t.conf:3: MPPE is required, but none of the accepted methods yields its keys: accept "
	"mschap-v2 (or mschap, eap), or do not require MPPE."},
    {"dial: { server = vpn; };\nretry: { max-tries = 99999999999; };\n",
	"t.conf:1: Syntax error: is a quote, a bracket or a ';' missing here or before?"},
    {DIAL AUTH "user = bob@corp;\n",
	"t.conf:3: Syntax error: is a quote, a bracket or a ';' missing here or before?"},
    {DIAL AUTH "ready = \"up;\n",
	"t.conf:3: A text begins here that does not end: is a '\"' missing?"},
    {DIAL "auth: { user = \"bob\\x00evil\"; password-ask = true; };\n",
	"t.conf:2: A text cannot have the octet 0, \\x00."},
    {DIAL "auth: { user = \"bob\\0evil\"; password-ask = true; };\n",
	"t.conf:2: The backslash before 0 means nothing: in a text, write it twice."},
    {DIAL "auth: { user = \"CORP\\bob\"; password-ask = true; };\n",
	"t.conf:2: The backslash before b means nothing: in a text, write it twice."},
    {DIAL "auth: { user = \"CORP\\x1\"; password-ask = true; };\n",
	"t.conf:2: The backslash before x means nothing: in a text, write it twice."},
    {DIAL AUTH "/* ready\n\n", "t.conf:3: A comment begins here that does not end."},
    {DIAL AUTH "/*/ \" */\nretry: { max-tries = 4294967301; };\n#\"\n",
	"t.conf:4: The number 4294967301 is too large."},
    {DIAL AUTH "/*/ \" */\n@include \".\"\n", "t.conf:4: DIR/.: not a regular file."},
    {"@include \"a\\\"b\"\n",
	"t.conf:1: @include takes a path relative to the main file's folder, in "
	"one line, without a backslash, not too long."},
    {"@include \"a\nb\"\n",
	"t.conf:1: @include takes a path relative to the main file's folder, in "
	"one line, without a backslash, not too long."},
    {"@include \"/etc/passwd\"\n",
	"t.conf:1: @include takes a path relative to the main file's folder, in one line, without "
	"a backslash, not too long."},
    {DIAL "log: { }; @include \"more\"\n",
	"t.conf:2: @include \"FILE\" stands on a line of its own."},
    {DIAL "/*\n*/ @include \"more\"\n", "t.conf:3: @include \"FILE\" stands on a line of its own."},
    {"@include \"more\"\n", "t.conf:1: DIR/more: No such file or directory."},
    {"@include \"t.conf\"\n",
	"t.conf:1: @include \"t.conf\" is the 9th one inside another: does it include itself?"},
};

static void
each_fault_is_told_with_its_line(void **state)
{
	struct room *room = *state;
	unsigned bad = 0;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[8192], *dir;

		assert_false(read_text(room, wrong[i].text));
		snprintf(text, sizeof(text), "%s", said(room));
		dir = strstr(text, room->dir);
		if (dir != NULL) {
			memcpy(dir, "DIR", 3);
			memmove(
			    dir + 3, dir + strlen(room->dir), strlen(dir + strlen(room->dir)) + 1);
		}
		if (strcmp(text, wrong[i].said) != 0) {
			print_error(
			    "%s-- said:\n%s\n-- not:\n%s\n", wrong[i].text, text, wrong[i].said);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void
put_more(const struct room *room, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/more", room->dir);
	put_bytes(path, text, strlen(text));
}

static void
what_is_included_keeps_its_lines(void **state)
{
	struct room *room = *state;
	char text[128];

	put_more(room, "/* two\n lines */ user = \"bob\"; # of more");
	if (!read_text(room, DIAL "auth: {\n @include \"more\" password-ask = true; };\n"
				  "ready = \"up\"; // of t.conf"))
		fail_msg("%s", said(room));
	assert_string_equal(room->settings.config.user, "bob");
	config_origin_text(
	    &room->origins, (size_t)config_key_find("auth.user"), text, sizeof(text));
	assert_string_equal(text + strlen(room->dir), "/more:2");
	config_origin_text(
	    &room->origins, (size_t)config_key_find("auth.password-ask"), text, sizeof(text));
	assert_string_equal(text + strlen(room->dir), "/t.conf:3");
	config_origin_text(&room->origins, (size_t)config_key_find("ready"), text, sizeof(text));
	assert_string_equal(text + strlen(room->dir), "/t.conf:4");
}

/* libconfig would go on with it in the file that includes it. */
static void
what_begins_in_a_file_ends_in_it(void **state)
{
	struct room *room = *state;

	put_more(room, "\n/* of more\n");
	assert_false(read_text(room, DIAL AUTH "@include \"more\"\nready = \"no\"; /* */\n"));
	assert_string_equal(said(room), "more:2: A comment begins here that does not end.");
	put_more(room, "\nready = \"up;\n");
	assert_false(read_text(room, DIAL AUTH "@include \"more\"\n\"\n"));
	assert_string_equal(
	    said(room), "more:2: A text begins here that does not end: is a '\"' missing?");
}

static bool
read_with_includes(struct room *room, unsigned count)
{
	char text[1024] = DIAL AUTH;

	for (unsigned i = 0; i < count; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "@include \"more\"\n");
	}
	return read_text(room, text);
}

static void
includes_have_a_bound(void **state)
{
	struct room *room = *state;

	put_more(room, "");
	assert_true(read_with_includes(room, CONFIG_FILES - 1));
	assert_false(read_with_includes(room, CONFIG_FILES));
	assert_string_equal(
	    said(room), "t.conf:35: @include \"more\" is one too many: 32 are the most.");
}

static void
both_directions_and_a_route_over_the_server_are_told(void **state)
{
	struct room *room = *state;

	assert_false(read_text(room, "dial: { server = \"192.0.2.1\"; };\nauth: { user = \"b\"; "
				     "password-ask = true; require-peer = [ \"chap\" ]; };\n"
				     "routes: { default = true;\n server-route = \"off\"; };\n"
				     "dns: { use = \"off\"; domains = [ \"x\" ]; };\n"));
	assert_non_null(strstr(said(room), "t.conf:2: MPPE and authentication in both directions"));
	assert_non_null(strstr(said(room), "t.conf:4: A route of the tunnel covers the server"));
	assert_non_null(strstr(said(room), "t.conf:5: dns.domains has no effect"));
}

static void
a_right_file_has_its_settings_and_their_lines(void **state)
{
	struct room *room = *state;
	const struct config *config = &room->settings.config;
	char text[128], buf[256];

	if (!read_text(room,
		"dial: { servers = [ \"a\", \"b\" ];\n mark = 0xffffffff; };\n" AUTH
		"encryption: { bits = [ 40, 128 ]; stateful = true; };\n"
		"routes: { default = true; through = [ \"10.0.0.0/8\", \"192.0.2.1\" ]; except = [ "
		"\"10.1.0.0/16\" ];\n metric = 50; server-route = \"off\"; "
		"};\nquirks = [ \"auto\" ];\n"
		"data: { path = \"tap\"; };\n"))
		fail_msg("%s", said(room));
	assert_string_equal(config->name, "t");
	assert_int_equal(config->server_count, 2);
	assert_string_equal(config->servers[1], "b");
	assert_int_equal(config->mark, 0xffffffff);
	assert_true(config->mppe_40 && config->mppe_128 && config->mppe_stateful);
	assert_true(config->persist);
	assert_int_equal(config->data_path, PATH_TAP);
	assert_true(config->route_default && !config->server_route);
	assert_int_equal(config->routes_through.count, 2);
	assert_int_equal(config->routes_except.net[0].bits, 16);
	assert_int_equal(config->route_table, 254);
	assert_int_equal(config->route_metric, 50);
	assert_null(config_check(config, buf, sizeof(buf)));
	config_origin_text(
	    &room->origins, (size_t)config_key_find("dial.mark"), text, sizeof(text));
	assert_string_equal(text + strlen(room->dir), "/t.conf:2");
	config_origin_text(
	    &room->origins, (size_t)config_key_find("dial.port"), text, sizeof(text));
	assert_string_equal(text, "default");
}

static void
window_modes_are_all_three(void **state)
{
	static const char *const modes[] = {[PPTP_WINDOW_ADVISORY] = "advisory",
	    [PPTP_WINDOW_STRICT] = "strict",
	    [PPTP_WINDOW_OFF] = "off"};
	struct room *room = *state;
	char text[256];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(
		    text, sizeof(text), DIAL AUTH "data: { window-mode = \"%s\"; };\n", modes[i]);
		if (!read_text(room, text))
			fail_msg("%s", said(room));
		assert_int_equal(room->settings.config.window_mode, i);
	}
	assert_false(read_text(room, DIAL AUTH "data: { window-mode = \"on\"; };\n"));
	assert_string_equal(said(room),
	    "t.conf:3: data.window-mode takes \"advisory\", \"strict\", \"off\", not \"on\".");
}

/* A key that is set to its default is one that is not set. */
static void
an_empty_source_of_the_password_is_none(void **state)
{
	struct room *room = *state;

	if (!read_text(room, DIAL "auth: { user = \"bob\"; password-credential = \"bob.secret\";\n"
				  "password-file = \"\"; password-command = [ ];\n"
				  "password-ask = false; };\n"))
		fail_msg("%s", said(room));
	assert_int_equal(room->settings.config.password_from, SECRET_CREDENTIAL);
	assert_string_equal(room->settings.config.password_path, "bob.secret");
	if (!read_text(room, DIAL "auth: { user = \"bob\"; password-credential = \"\";\n"
				  "password-file = \"\"; password-ask = true; };\n"))
		fail_msg("%s", said(room));
	assert_int_equal(room->settings.config.password_from, SECRET_ASK);
}

static void
a_text_has_these_escapes(void **state)
{
	struct room *room = *state;

	if (!read_text(room, DIAL "auth: { user = \"\\\"C\\\\\"\n \"\\x6Fr\\X50\";\n"
				  "password-command = [ \"/x\", \"\\n\\r\\t\\f\" ]; };\n"))
		fail_msg("%s", said(room));
	assert_string_equal(room->settings.config.user, "\"C\\orP");
	assert_string_equal(room->settings.config.password_command.word[1], "\n\r\t\f");
}

/* Where nothing is set, `show` says what the table says. */
static void
defaults_are_those_of_the_table(void **state)
{
	static const char *const ours[] = {
	    "dial.server", "auth.user", "auth.password-ask", "identity.host-name", "pppd.path"};
	struct room *room = *state;
	static char value[CONFIG_VALUE];

	assert_true(read_text(room, DIAL AUTH));
	for (size_t i = 0; i < config_keys_count(); i++) {
		bool skip = false;

		for (size_t j = 0; j < sizeof(ours) / sizeof(ours[0]); j++)
			skip = skip || strcmp(config_keys[i].path, ours[j]) == 0;
		if (!skip)
			assert_string_equal(config_key_format(&config_keys[i], &room->settings,
						value, sizeof(value)),
			    config_keys[i].standard);
	}
}

static void
no_text_is_no_configuration(void **state)
{
	static char huge[300000];
	struct room *room = *state;

	memset(huge, '\n', sizeof(huge));
	put_bytes(room->path, "a\0b", 3);
	assert_false(
	    config_file_read(room->path, NULL, 0, &room->settings, &room->origins, &room->diags));
	assert_string_equal(said(room), "t.conf: It has a NUL octet; this is no text.");
	put_bytes(room->path, huge, sizeof(huge));
	assert_false(
	    config_file_read(room->path, NULL, 0, &room->settings, &room->origins, &room->diags));
	assert_string_equal(said(room), "t.conf: Too large for a configuration file.");
	huge[200000] = '\0';
	put_more(room, huge);
	assert_false(read_text(room, "@include \"more\"\n@include \"more\"\n"));
	assert_non_null(strstr(said(room), "/more: too large for a configuration file."));
	assert_false(read_text(room, "\x7f"
				     "ELF\x01\x02"));
	remove(room->path);
	mkdir(room->path, 0700);
	assert_false(
	    config_file_read(room->path, NULL, 0, &room->settings, &room->origins, &room->diags));
	assert_string_equal(said(room), "t.conf: Not a regular file.");
}

/* On a terminal, too. */
static void
no_path_steers_the_terminal(void **state)
{
	struct room *room = *state;
	struct config *config = &room->settings.config;
	const struct secret_listener nobody = {0};
	char command[256], text[1024];
	struct reason reason;
	struct secret secret;
	FILE *daemon;

	assert_true(read_text(room, DIAL AUTH "log: { target = \"/dev/null/\x1b[2J\"; };\n"));
	snprintf(command, sizeof(command), TOP_BUILDDIR "/pptpeerd -f -c %s --run-dir %s/run 2>&1",
	    room->path, room->dir);
	daemon = popen(command, "r");
	assert_non_null(daemon);
	text[fread(text, 1, sizeof(text) - 1, daemon)] = '\0';
	assert_int_equal(WEXITSTATUS(pclose(daemon)), EXIT_CONFIG);
	static const char *const left[] = {"run/t/state.json", "run/t", "run"};
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		snprintf(command, sizeof(command), "%s/%s", room->dir, left[i]);
		assert_int_equal(remove(command), 0);
	}
	assert_string_equal(text, "E110 log.target: /dev/null/\\x1b[2J: Not a directory.\n"
				  "Next: correct it; pptpeer check finds all that is wrong\n");
	assert_true(read_text(
	    room, DIAL "auth: { user = \"bob\"; password-file = \"/dev/null/\x1b[2J\"; };\n"));
	assert_int_equal(secret_read(config, &nobody, "", &secret, &reason), EXIT_CONFIG);
	assert_string_equal(reason.what, "/dev/null/\\x1b[2J: Not a directory.");
}

/* The file's own name may be one that no tunnel can have. */
static void
a_name_that_is_told_is_the_tunnels(void **state)
{
	struct room *room = *state;
	struct config *config = &room->settings.config;
	char path[128], long_name[sizeof(config->name) + 1];

	snprintf(path, sizeof(path), "%s/my tunnel.conf", room->dir);
	put_bytes(path, DIAL AUTH, strlen(DIAL AUTH));
	assert_false(config_load(path, NULL, NULL, config, &room->diags));
	assert_string_equal(said(room), "my tunnel.conf: The tunnel's name has a blank or a "
					"character that cannot be printed.");
	assert_true(config_load(path, "ok.conf", "/run/x", config, &room->diags));
	assert_string_equal(config->name, "ok.conf");
	assert_string_equal(config->path, path);
	assert_false(config_load(path, "-x", NULL, config, &room->diags));
	assert_int_equal(room->diags.count, 1);
	assert_string_equal(room->diags.diag[0].file, "--name");
	assert_string_equal(room->diags.diag[0].text, "The tunnel's name begins with '-'.");
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(config->name)] = '\0';
	assert_false(config_load(path, long_name, NULL, config, &room->diags));
	assert_string_equal(room->diags.diag[0].file, "--name");
	assert_string_equal(room->diags.diag[0].text, "The name is too long.");
	remove(path);
}

static void
a_secret_that_others_can_read_is_refused(void **state)
{
	struct room *room = *state;
	char text[512], secret[96];

	snprintf(secret, sizeof(secret), "%s/more", room->dir);
	snprintf(text, sizeof(text), DIAL "auth: { user = \"b\";\n password-file = \"%s\"; };\n",
	    secret);
	put_bytes(secret, "x", 1);
	assert_int_equal(chmod(secret, 0600), 0);
	assert_true(read_text(room, text));
	assert_int_equal(room->settings.config.password_from, SECRET_FILE);
	assert_int_equal(chmod(secret, 0640), 0);
	assert_false(read_text(room, text));
	assert_string_equal(said(room),
	    "t.conf:3: Others can read or change the password's file: chmod 600 it, and think of "
	    "the password as known.");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_fault_is_told_with_its_line),
	    TEST(what_is_included_keeps_its_lines),
	    TEST(what_begins_in_a_file_ends_in_it),
	    TEST(includes_have_a_bound),
	    TEST(both_directions_and_a_route_over_the_server_are_told),
	    TEST(a_right_file_has_its_settings_and_their_lines),
	    TEST(window_modes_are_all_three),
	    TEST(an_empty_source_of_the_password_is_none),
	    TEST(a_text_has_these_escapes),
	    TEST(defaults_are_those_of_the_table),
	    TEST(no_path_steers_the_terminal),
	    TEST(a_name_that_is_told_is_the_tunnels),
	    TEST(a_secret_that_others_can_read_is_refused),
	    TEST(no_text_is_no_configuration),
	};

	return cmocka_run_group_tests_name("config_file", tests, NULL, NULL);
}
