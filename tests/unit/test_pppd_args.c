/* test_pppd_args.c: pppd's argument list (design D4), and what no argument takes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/mschap.h"
#include "daemon/pppd_args.h"

static void
init(struct config *config)
{
	config_defaults(config);
	snprintf(config->name, sizeof(config->name), "office");
	snprintf(config->user, sizeof(config->user), "bob");
	config->accept = ACCEPT_MSCHAPV2;
}

static const struct pppd_fds on_a_pty = {.report = 3, .secret = 4, .log = 2, .tty = "/dev/pts/7"};
static const struct pppd_fds on_a_tap = {.report = 3, .secret = 4, .log = 2, .channel = 5};

static void
build(const struct config *config, struct pppd_args *args)
{
	assert_int_equal(pppd_args_build(config, &on_a_pty, args), 0);
	assert_null(args->argv[args->count]);
}

/* The index of the last `word`; a later option of pppd's wins. */
static size_t
find(const struct pppd_args *args, const char *word)
{
	for (size_t i = args->count; i-- > 0;) {
		if (strcmp(args->argv[i], word) == 0)
			return i;
	}
	return 0;
}

static bool
has(const struct pppd_args *args, const char *word)
{
	return find(args, word) != 0;
}

static void
assert_value(const struct pppd_args *args, const char *name, const char *value)
{
	size_t i = find(args, name);

	if (i == 0 || i + 1 >= args->count)
		fail_msg("no %s", name);
	assert_string_equal(args->argv[i + 1], value);
}

static void
plugin_comes_before_its_options(void **state)
{
	struct config config;
	struct pppd_args args;

	(void)state;
	init(&config);
	snprintf(config.plugin_path, sizeof(config.plugin_path), "/x/pptpeer.so");
	build(&config, &args);
	assert_string_equal(args.argv[0], config.pppd_path);
	assert_value(&args, "plugin", "/x/pptpeer.so");
	assert_value(&args, "pptpeer-report", "3");
	assert_value(&args, "pptpeer-secret", "4");
	assert_value(&args, "logfd", "2");
	assert_true(find(&args, "plugin") < find(&args, "pptpeer-report"));
	assert_true(has(&args, "/dev/pts/7"));
	assert_value(&args, "ipparam", "office");
}

/* The lines of the poisoned file, and Debian's own. */
static void
every_poison_is_taken_back(void **state)
{
	static const char *const words[] = {"nodetach", "nopersist", "nodefaultroute",
	    "noreplacedefaultroute", "noauth", "nolock", "local", "nocrtscts", "noproxyarp",
	    "noipv6", "nodefaultroute6", "novj", "nodeflate", "nobsdcomp", "noaccomp", "nopcomp",
	    "hide-password"};
	static const char *const values[][2] = {{"idle", "0"}, {"maxconnect", "0"},
	    {"maxfail", "1"}, {"linkname", ""}, {"ip-up-script", ""}, {"ip-down-script", ""},
#ifdef PPPD_2_5
	    {"ip-pre-up-script", ""}, {"net-init-script", ""}, {"net-pre-up-script", ""},
	    {"net-down-script", ""}, {"ipv6-up-script", ""}, {"ipv6-down-script", ""},
#endif
	    {"asyncmap", "0"}, {"ifname", ""}};
	struct config config;
	struct pppd_args args;

	(void)state;
	init(&config);
	build(&config, &args);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!has(&args, words[i]))
			fail_msg("no %s", words[i]);
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_value(&args, values[i][0], values[i][1]);
	assert_false(has(&args, "debug"));
	assert_false(has(&args, "usepeerdns"));
}

static void
only_accepted_methods_are_not_refused(void **state)
{
	static const char *const refuse[] = {
	    "refuse-pap", "refuse-chap", "refuse-mschap", "refuse-mschap-v2", "refuse-eap"};
	struct config config;
	struct pppd_args args;

	(void)state;
	init(&config);
	for (unsigned accept = 1; accept < 32; accept++) {
		config.accept = accept;
		build(&config, &args);
		for (unsigned i = 0; i < 5; i++)
			assert_int_equal(has(&args, refuse[i]), (accept & 1U << i) == 0);
	}
}

/* A listener's call. */
static void
init_answer(struct config *config)
{
	init(config);
	config->role = ROLE_LISTEN;
	config->require_peer = ACCEPT_MSCHAPV2 | ACCEPT_PAP;
}

static const struct pppd_answer call = {.local = {0x0100630a},
    .remote = {0x0a00630a},
    .caller = {0x0700cb0a},
    .verify = 4}; /* 10.99.0.1, 10.99.0.10 and 10.203.0.7 */
static const struct pppd_fds answering = {
    .report = 3, .log = 2, .secret = -1, .channel = 5, .answer = &call};

static void
a_caller_must_prove_itself_by_these_methods_only(void **state)
{
	static const char *const words[] = {"auth", "require-mschap-v2", "require-pap",
	    "refuse-eap", "refuse-pap", "refuse-chap", "refuse-mschap", "refuse-mschap-v2",
	    "require-mppe-128", "nodefaultroute", "noproxyarp", "10.99.0.1:10.99.0.10"};
	static const char *const not [] = {"noauth", "require-chap", "require-mschap", "user",
	    "pptpeer-secret", "ipcp-accept-local", "ipcp-accept-remote", "radius.so",
	    "remotenumber", "ktune"};
	struct config config;
	struct pppd_args args;

	(void)state;
	init_answer(&config);
	config.ip_dns[0].s_addr = inet_addr("10.99.0.2");
	config.ip_dns[1].s_addr = inet_addr("10.99.0.3");
	assert_int_equal(pppd_args_build(&config, &answering, &args), 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!has(&args, words[i]))
			fail_msg("no %s", words[i]);
	}
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++) {
		if (has(&args, not [i]))
			fail_msg("there is %s", not [i]);
	}
	assert_value(&args, "name", "pptpeer");
	assert_value(&args, "pptpeer-answer", "pap,mschap-v2");
	assert_value(&args, "pptpeer-verify", "4");
	assert_value(&args, "pptpeer-address", "10.99.0.1");
	assert_value(&args, "pptpeer-peer-address", "10.99.0.10");
	assert_value(&args, "ms-dns", "10.99.0.3");
	assert_string_equal(args.argv[find(&args, "ms-dns") - 1], "10.99.0.2");
	/* Nobody is let in unasked, and none is asked for what cannot be verified. */
	config.require_peer = 0;
	assert_int_equal(pppd_args_build(&config, &answering, &args), -1);
	config.require_peer = ACCEPT_MSCHAPV2 | ACCEPT_EAP;
	assert_int_equal(pppd_args_build(&config, &answering, &args), -1);
}

static void
secrets_are_where_the_file_says(void **state)
{
	struct pppd_answer no_pool = call;
	struct pppd_fds fds = answering;
	struct config config;
	struct pppd_args args;

	(void)state;
	init_answer(&config);
	config.secrets = SECRETS_CHAP;
	assert_int_equal(pppd_args_build(&config, &answering, &args), 0);
	assert_false(has(&args, "pptpeer-verify"));
	config.secrets = SECRETS_RADIUS;
	snprintf(config.radius_config, sizeof(config.radius_config), "/x/radius.conf");
	no_pool.remote.s_addr = htonl(INADDR_ANY);
	fds.answer = &no_pool;
	assert_int_equal(pppd_args_build(&config, &fds, &args), 0);
	assert_value(&args, "plugin", "radius.so");
	assert_value(&args, "radius-config-file", "/x/radius.conf");
	assert_value(&args, "remotenumber", "10.203.0.7");
	assert_true(has(&args, "10.99.0.1:"));
	assert_false(has(&args, "pptpeer-verify"));
	assert_false(has(&args, "pptpeer-peer-address"));
	/* The one peer of role "auto" is the keeper's to know, whatever a listener would do. */
	config.role = ROLE_AUTO;
	config.answer_require_peer = ACCEPT_MSCHAPV2;
	assert_int_equal(pppd_args_build(&config, &answering, &args), 0);
	assert_value(&args, "pptpeer-verify", "4");
	assert_value(&args, "pptpeer-answer", "mschap-v2");
	assert_false(has(&args, "radius.so"));
}

static void
mppe_is_required_with_128_bits_stateless_or_off(void **state)
{
	static const enum mppe_mode on[] = {MPPE_REQUIRE, MPPE_PREFER};
	struct config config;
	struct pppd_args args;

	(void)state;
	init(&config);
	for (size_t i = 0; i < 2; i++) {
		config.mppe = on[i];
		build(&config, &args);
		assert_true(has(&args, "require-mppe-128"));
		assert_true(has(&args, "nomppe-40"));
		assert_true(has(&args, "nomppe-stateful"));
		assert_false(has(&args, "noccp"));
	}
	config.mppe = MPPE_OFF;
	build(&config, &args);
	assert_true(has(&args, "nomppe"));
	assert_true(has(&args, "noccp"));
	assert_false(has(&args, "require-mppe-128"));
}

static void
key_lengths_and_what_else_a_file_can_say(void **state)
{
	struct config config;
	struct pppd_args args;

	(void)state;
	init(&config);
	config.mppe_40 = config.mppe_stateful = config.run_system_scripts = true;
	config.mru = 1400;
	config.address.s_addr = htonl(0x0a010203);
	config.pppd_options.count = 1;
	memcpy(config.pppd_options.word[0], "lcp-rtt-file", 13);
	build(&config, &args);
	assert_true(has(&args, "require-mppe-40"));
	assert_true(has(&args, "mppe-stateful"));
	assert_false(has(&args, "nomppe-40"));
	assert_false(has(&args, "nomppe-128"));
	assert_true(has(&args, "require-mppe-128"));
	assert_false(has(&args, "ip-up-script"));
	assert_value(&args, "mru", "1400");
	assert_true(has(&args, "noipv6"));
	config.ipv6 = true;
	build(&config, &args);
	assert_true(has(&args, "+ipv6"));
	assert_false(has(&args, "noipv6"));
	assert_true(has(&args, "10.1.2.3:"));
	assert_value(&args, "pptpeer-address", "10.1.2.3");
	assert_int_equal(find(&args, "lcp-rtt-file"), args.count - 1);
	config.mppe_128 = false;
	build(&config, &args);
	assert_true(has(&args, "nomppe-128"));
}

static void
options_that_break_the_list_are_refused(void **state)
{
	static const char *const words[] = {"plugin", "pty", "password", "call", "file", "connect",
	    "mtu", "defaultroute", "refuse-eap", "show-options", "net-init-script", "+ipv6",
	    "defaultroute6", "/dev/ttyS0", "a b", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_non_null(pppd_option_refused(words[i], false));
	assert_null(pppd_option_refused("lcp-max-configure", true));
	assert_null(pppd_option_refused("20", true));
	/* Where we dial they change nothing. */
	assert_non_null(pppd_option_refused("allow-ip", false));
	assert_null(pppd_option_refused("noauth", false));
	assert_non_null(pppd_option_refused("noauth", true));
	assert_non_null(pppd_option_refused("remotename", true));
	assert_non_null(pppd_option_refused("login", true));
}

/* pppd takes MPPE's 4 octets off what it is told. */
static void
mtu_is_what_a_small_path_carries(void **state)
{
	struct config config;

	(void)state;
	config_defaults(&config);
	assert_int_equal(pppd_mtu_of_path(&config, 0), 0); /* not known */
	assert_int_equal(pppd_mtu_of_path(&config, 1500), 0);
	assert_int_equal(pppd_mtu_of_path(&config, 9000), 0);
	assert_int_equal(pppd_mtu_of_path(&config, 1499), 1455);
	assert_int_equal(pppd_mtu_of_path(&config, 68), 128);
	config.mppe = MPPE_OFF;
	assert_int_equal(pppd_mtu_of_path(&config, 1499), 1459);
}

static void
mtu_is_the_interface_s(void **state)
{
	struct config config;
	struct pppd_args args;

	(void)state;
	init(&config);
	config.mppe = MPPE_REQUIRE;
	build(&config, &args);
	assert_value(&args, "mtu", "1460");
	assert_value(&args, "mru", "1460");
	config.mtu = 1400;
	build(&config, &args);
	assert_value(&args, "mtu", "1404");
	config.mppe = MPPE_OFF;
	build(&config, &args);
	assert_value(&args, "mtu", "1400");
	assert_value(&args, "mru", "1400");
	config.mtu = 0;
	build(&config, &args);
	assert_value(&args, "mtu", "1460");
}

static void
settings_go_where_they_belong(void **state)
{
	struct config config;
	struct pppd_args args;

	(void)state;
	init(&config);
	snprintf(config.domain, sizeof(config.domain), "CORP");
	snprintf(config.interface, sizeof(config.interface), "ppp-office");
	config.lcp_echo = 20;
	config.lcp_echo_failure = 3;
	config.ppp_debug = true;
	build(&config, &args);
	assert_value(&args, "user", "CORP\\bob");
	assert_value(&args, "ifname", "ppp-office");
	assert_value(&args, "lcp-echo-interval", "20");
	assert_value(&args, "lcp-echo-failure", "3");
	assert_true(has(&args, "debug"));
	assert_string_equal(pppd_environment[0] + strcspn(pppd_environment[0], "="),
	    "=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin");
	assert_null(pppd_environment[1]);
}

static void
what_does_not_fit_is_an_error(void **state)
{
	struct config config;
	struct pppd_args args;
	char tty[PPPD_TEXT_MAX + 1];
	const struct pppd_fds fds = {.report = 3, .secret = 4, .log = 2, .tty = tty};

	(void)state;
	init(&config);
	memset(tty, 'x', sizeof(tty) - 1);
	tty[sizeof(tty) - 1] = '\0';
	assert_int_equal(pppd_args_build(&config, &fds, &args), -1);
	memset(config.user, 'u', sizeof(config.user) - 1);
	memset(config.domain, 'd', sizeof(config.domain) - 1);
	config.user[sizeof(config.user) - 1] = config.domain[sizeof(config.domain) - 1] = '\0';
	assert_int_equal(pppd_args_build(&config, &on_a_pty, &args), -1);
	/* The longest that pppd takes (MAXNAMELEN less its NUL) still goes in whole. */
	config.domain[0] = '\0';
	build(&config, &args);
	assert_value(&args, "user", config.user);
}

/* All else is the same, so that LCP is. */
static void
on_a_tap_the_channel_takes_the_place_of_the_terminal(void **state)
{
	struct config config;
	static struct pppd_args pty, tap;

	(void)state;
	init(&config);
	build(&config, &pty);
	assert_int_equal(pppd_args_build(&config, &on_a_tap, &tap), 0);
	assert_value(&tap, "pptpeer-channel", "5");
	assert_false(has(&tap, "/dev/pts/7"));
	assert_false(has(&pty, "pptpeer-channel"));
	assert_int_equal(tap.count, pty.count + 1);
	for (size_t i = find(&tap, "5") + 1; i < tap.count; i++)
		assert_string_equal(tap.argv[i], pty.argv[i - 1]);
}

/* ---- options files ---------------------------------------------------------- */

struct root {
	char path[64];
};

static void
put(const struct root *root, const char *name, const char *text)
{
	char path[256], *slash;
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root->path, name);
	for (slash = path + strlen(root->path) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

static int
make_root(void **state)
{
	static struct root root;

	snprintf(root.path, sizeof(root.path), "/tmp/pppd_args.XXXXXX");
	*state = &root;
	return mkdtemp(root.path) == NULL;
}

static int
remove_root(void **state)
{
	struct root *root = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root->path);
	return system(command);
}

/* Asserts the next conflict, without the root's name; NULL: there is none. */
static void
assert_conflict(const struct root *root, size_t *cursor, const char *expected)
{
	char found[512] = "";
	int result = pppd_options_conflict(root->path, "/dev/pts/7", cursor, found, sizeof(found));

	if (expected == NULL) {
		if (result != 0)
			fail_msg("found %s", found);
		return;
	}
	assert_int_equal(result, 1);
	assert_string_equal(found + strlen(root->path), expected);
}

static void
no_files_no_conflict(void **state)
{
	size_t cursor = 0;

	assert_conflict(*state, &cursor, NULL);
}

static void
conflicts_are_named_with_file_and_line(void **state)
{
	const struct root *root = *state;
	const struct passwd *me = getpwuid(getuid());
	size_t cursor = 0;
	char rc[256], expected[512];

	put(root, "/etc/ppp/options",
	    "# plugin in a comment\n"
	    "auth lock mtu 576\n"
	    "plugin radius.so\n"
	    "ipparam \"file here\" # call\n"
	    "\n"
	    "ipparam 'a\n"
	    "b' noccp\n"
	    "'' \\pty");
	put(root, "/etc/ppp/options.pts.7", "mtu 576 dryrun");
	put(root, "/etc/ppp/options.pts.8", "sync");
	snprintf(rc, sizeof(rc), "%s/.ppprc", me->pw_dir);
	put(root, rc, "\n\nsilent\n");
	assert_conflict(root, &cursor, "/etc/ppp/options:3: plugin (loads code into pppd)");
	assert_conflict(root, &cursor, "/etc/ppp/options:7: noccp (excludes MPPE)");
	assert_conflict(root, &cursor, "/etc/ppp/options:8: pty (excludes our device)");
	snprintf(
	    expected, sizeof(expected), "%s:3: silent (waits for the peer to speak first)", rc);
	assert_conflict(root, &cursor, expected);
	assert_conflict(root, &cursor, "/etc/ppp/options.pts.7:1: mtu (comes after our arguments)");
	assert_conflict(root, &cursor, "/etc/ppp/options.pts.7:1: dryrun (ends pppd at once)");
	assert_conflict(root, &cursor, NULL);
	assert_conflict(root, &cursor, NULL);
}

static void
without_a_terminal_its_file_is_not_read(void **state)
{
	const struct root *root = *state;
	char found[512];
	size_t cursor = 0;

	put(root, "/etc/ppp/options.pts.7", "dryrun");
	assert_int_equal(pppd_options_conflict(root->path, NULL, &cursor, found, sizeof(found)), 0);
	assert_int_equal(
	    pppd_options_conflict(root->path, "/dev/pts/7", &cursor, found, sizeof(found)), 1);
}

static void
mschap_errors_of_rfc2759_6_have_words(void **state)
{
	static const unsigned listed[] = {646, 647, 648, 649, 691, 709};

	(void)state;
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++)
		assert_non_null(mschap_error_text(listed[i]));
	assert_string_equal(mschap_error_text(691), "the user name or password is wrong");
	assert_null(mschap_error_text(0));
	assert_null(mschap_error_text(650));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plugin_comes_before_its_options),
	    cmocka_unit_test(every_poison_is_taken_back),
	    cmocka_unit_test(only_accepted_methods_are_not_refused),
	    cmocka_unit_test(a_caller_must_prove_itself_by_these_methods_only),
	    cmocka_unit_test(secrets_are_where_the_file_says),
	    cmocka_unit_test(mppe_is_required_with_128_bits_stateless_or_off),
	    cmocka_unit_test(key_lengths_and_what_else_a_file_can_say),
	    cmocka_unit_test(options_that_break_the_list_are_refused),
	    cmocka_unit_test(mtu_is_what_a_small_path_carries),
	    cmocka_unit_test(mtu_is_the_interface_s),
	    cmocka_unit_test(settings_go_where_they_belong),
	    cmocka_unit_test(what_does_not_fit_is_an_error),
	    cmocka_unit_test(on_a_tap_the_channel_takes_the_place_of_the_terminal),
	    cmocka_unit_test_setup_teardown(no_files_no_conflict, make_root, remove_root),
	    cmocka_unit_test_setup_teardown(
		conflicts_are_named_with_file_and_line, make_root, remove_root),
	    cmocka_unit_test_setup_teardown(
		without_a_terminal_its_file_is_not_read, make_root, remove_root),
	    cmocka_unit_test(mschap_errors_of_rfc2759_6_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
