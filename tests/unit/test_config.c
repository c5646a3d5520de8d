/* test_config.c: the defaults (interface.md 3) and what config_check() refuses (8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/config.h"

static void
init(struct config *config)
{
	config_defaults(config);
	snprintf(config->servers[0], sizeof(config->servers[0]), "vpn.example.com");
	snprintf(config->name, sizeof(config->name), "office");
	snprintf(config->user, sizeof(config->user), "bob");
}

static void
assert_fine(const struct config *config)
{
	char buf[256];
	const char *wrong = config_check(config, buf, sizeof(buf));

	if (wrong != NULL)
		fail_msg("%s", wrong);
}

/* Refused, with a message that has `words` in it. */
static void
assert_refused(const struct config *config, const char *words)
{
	char buf[256];
	const char *wrong = config_check(config, buf, sizeof(buf));

	assert_non_null(wrong);
	if (strstr(wrong, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, wrong);
}

static void
defaults_are_those_of_the_interface(void **state)
{
	struct config config;

	(void)state;
	config_defaults(&config);
	assert_int_equal(config.port, 1723);
	assert_int_equal(config.connect_timeout, 10);
	assert_int_equal(config.reply_timeout, 60);
	assert_int_equal(config.accept, ACCEPT_MSCHAPV2);
	assert_int_equal(config.mppe, MPPE_REQUIRE);
	assert_int_equal(config.mtu, 0);
	assert_int_equal(config.control_echo, 60);
	assert_int_equal(config.control_echo_wait, 60);
	assert_int_equal(config.lcp_echo, 20);
	assert_int_equal(config.lcp_echo_failure, 3);
	assert_int_equal(config.window, 64);
	assert_int_equal(config.window_mode, PPTP_WINDOW_ADVISORY);
	assert_int_equal(config.reorder_wait_ms, 100);
	assert_int_equal(config.reorder_depth, 256);
	assert_int_equal(config.gre_timeout, 30);
	assert_int_equal(config.gre_notice, 6);
	assert_string_equal(config.vendor, "pptpeer");
	assert_string_equal(config.run_dir, "/run/pptpeer");
	assert_int_equal(config.until, STAGE_UP);
	assert_true(config.stay_up);
	init(&config);
	assert_fine(&config);
}

static void
stages_have_the_words_of_until(void **state)
{
	(void)state;
	for (int stage = STAGE_NONE; stage <= STAGE_UP; stage++)
		assert_int_equal(stage_from_name(stage_name((enum stage)stage)), stage);
	assert_string_equal(stage_name(STAGE_CONTROL), "control");
	assert_string_equal(stage_name(STAGE_UP), "up");
	assert_int_equal(stage_from_name("upp"), -1);
	assert_int_equal(stage_from_name(""), -1);
	assert_string_equal(stage_name((enum stage)99), "unknown");
}

static void
login_has_a_backslash_only_with_a_domain(void **state)
{
	struct config config;
	char buf[16];

	(void)state;
	init(&config);
	assert_int_equal(config_login(&config, buf, sizeof(buf)), 3);
	assert_string_equal(buf, "bob");
	snprintf(config.domain, sizeof(config.domain), "CORP");
	assert_int_equal(config_login(&config, buf, sizeof(buf)), 8);
	assert_string_equal(buf, "CORP\\bob");
	assert_int_equal(config_login(&config, buf, 9), 8);
	assert_int_equal(config_login(&config, buf, 8), -1);
}

static void
login_over_255_octets_is_refused(void **state)
{
	struct config config;

	(void)state;
	init(&config);
	memset(config.user, 'u', 200);
	config.user[200] = '\0';
	memset(config.domain, 'd', 54); /* 54 + 1 + 200 = 255 */
	assert_fine(&config);
	config.domain[54] = 'd';
	assert_refused(&config, "over 255 octets");
}

static void
control_characters_are_refused(void **state)
{
	struct config config;

	(void)state;
	init(&config);
	memcpy(config.user, "CORP\bob", 8); /* what becomes of an unescaped backslash */
	assert_refused(&config, "user name has a control character");
	init(&config);
	memcpy(config.domain, "a\nb", 4);
	assert_refused(&config, "domain has a control character");
	init(&config);
	memcpy(config.phone, "5\x7f", 3);
	assert_refused(&config, "phone number has a control character");
	init(&config);
	memcpy(config.host_name, "h\x1b", 3);
	assert_refused(&config, "host name");
	init(&config);
	memcpy(config.vendor, "v\t", 3);
	assert_refused(&config, "vendor name");
}

static void
a_name_is_a_safe_folder(void **state)
{
	static const char *const bad[] = {
	    "", ".", "..", ".x", "-x", "a/b", "a b", "a\nb", "\xc3\xa4"};
	struct config config;

	(void)state;
	init(&config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(config.name, sizeof(config.name), "%s", bad[i]);
		assert_refused(&config, "name");
	}
}

static void
control_socket_path_must_fit_an_address(void **state)
{
	struct config config;

	(void)state;
	init(&config);
	memset(config.run_dir, 'r', sizeof(config.run_dir));
	config.run_dir[107 - strlen("/office/control.sock")] = '\0'; /* 107 octets and a NUL */
	assert_fine(&config);
	config.run_dir[107 - strlen("/office/control.sock")] = 'r';
	config.run_dir[108 - strlen("/office/control.sock")] = '\0';
	assert_refused(&config, "108 octets; 107 is the most");
	config.run_dir[0] = '\0';
	assert_refused(&config, "run folder");
}

static void
a_server_is_one_word(void **state)
{
	static const char *const bad[] = {"", "-v", "a b", "a\x01"};
	struct config config;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		init(&config);
		snprintf(config.servers[0], sizeof(config.servers[0]), "%s", bad[i]);
		assert_refused(&config, "server");
	}
	init(&config);
	config.port = 0;
	assert_refused(&config, "Port 0");
}

static void
interface_names_are_the_kernels(void **state)
{
	static const char *const bad[] = {".", "..", "a/b", "a b", "a:b", "ppp%d", "p\t"};
	struct config config;

	(void)state;
	init(&config);
	memcpy(config.interface, "ppp-office-12345", 16);
	config.interface[15] = '\0';
	assert_fine(&config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(config.interface, sizeof(config.interface), "%s", bad[i]);
		assert_refused(&config, "interface");
		config.interface[0] = '\0';
		snprintf(config.bind_device, sizeof(config.bind_device), "%s", bad[i]);
		assert_refused(&config, "bind");
		config.bind_device[0] = '\0';
	}
}

static void
mppe_needs_a_method_that_yields_keys(void **state)
{
	struct config config;

	(void)state;
	init(&config);
	config.accept = ACCEPT_PAP | ACCEPT_CHAP;
	assert_refused(&config, "none of the accepted methods yields its keys");
	config.mppe = MPPE_PREFER;
	assert_fine(&config);
	config.mppe = MPPE_REQUIRE;
	for (unsigned bit = ACCEPT_MSCHAP; bit <= ACCEPT_EAP; bit <<= 1) {
		config.accept = ACCEPT_PAP | bit;
		assert_fine(&config);
	}
	config.accept = 0;
	assert_refused(&config, "No authentication method");
}

static void
mtu_has_bounds(void **state)
{
	struct config config;

	(void)state;
	init(&config);
	config.mtu = 127;
	assert_refused(&config, "under 128");
	config.mtu = 128;
	assert_fine(&config);
	config.mtu = 1456;
	assert_fine(&config);
	config.mtu = 1457;
	assert_refused(&config, "over 1456, the most with MPPE");
	config.mppe = MPPE_PREFER;
	assert_refused(&config, "over 1456, the most with MPPE");
	config.mppe = MPPE_OFF;
	assert_fine(&config);
	config.mtu = 1501;
	assert_refused(&config, "over 1500");
}

static void
timeouts_have_bounds(void **state)
{
	struct config config;

	(void)state;
	init(&config);
	config.connect_timeout = 0;
	assert_refused(&config, "time-out");
	init(&config);
	config.reply_timeout = 86401;
	assert_refused(&config, "time-out");
	init(&config);
	config.gre_timeout = 0;
	assert_refused(&config, "time-out");
	init(&config);
	config.timeout = 86401;
	assert_refused(&config, "time-out");
	config.timeout = 0; /* none */
	assert_fine(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_those_of_the_interface),
	    cmocka_unit_test(stages_have_the_words_of_until),
	    cmocka_unit_test(login_has_a_backslash_only_with_a_domain),
	    cmocka_unit_test(login_over_255_octets_is_refused),
	    cmocka_unit_test(control_characters_are_refused),
	    cmocka_unit_test(a_name_is_a_safe_folder),
	    cmocka_unit_test(control_socket_path_must_fit_an_address),
	    cmocka_unit_test(a_server_is_one_word),
	    cmocka_unit_test(interface_names_are_the_kernels),
	    cmocka_unit_test(mppe_needs_a_method_that_yields_keys),
	    cmocka_unit_test(mtu_has_bounds),
	    cmocka_unit_test(timeouts_have_bounds),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
