/* test_compat.c: the options of `pptp`, one by one (interface.md 9); compat_run() is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <getopt.h>
#include <stdlib.h>

#include "capture.h"
#include "daemon/damage.h"
#include "tool/compat.h"

static struct {
	unsigned runs;
	struct compat compat;
} ran;

int
compat_run(const struct compat *compat)
{
	ran.runs++;
	ran.compat = *compat;
	return COMPAT_ENDED;
}

/* `pptp LINE`; its exit status, and the first lines of what it said on stderr. */
static int
pptp(const char *line, char *said, size_t size)
{
	static char words[1024], name[] = "pptp", *argv[32]; /* ran.compat borrows them */
	char *rest = words;
	int argc = 1, code, saved = capture_begin(STDERR_FILENO);

	memset(&ran, 0, sizeof(ran));
	memset(argv, 0, sizeof(argv));
	argv[0] = name;
	snprintf(words, sizeof(words), "%s", line);
	for (char *word; (word = strsep(&rest, " ")) != NULL && argc < 31;)
		if (*word != '\0')
			argv[argc++] = word;
	optind = 0;
	code = compat_main(argc, argv);
	capture_end(STDERR_FILENO, saved, said, size);
	return code;
}

static const struct config *
accepted(const char *line)
{
	char said[8192];

	assert_int_equal(pptp(line, said, sizeof(said)), COMPAT_ENDED);
	assert_string_equal(said, "");
	assert_int_equal(ran.runs, 1);
	return &ran.compat.config;
}

static void
refused(const char *line, int code, const char *words)
{
	char said[8192];

	assert_int_equal(pptp(line, said, sizeof(said)), code);
	assert_int_equal(ran.runs, 0);
	if (strstr(said, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, said);
}

static void
without_options_it_is_as_pptp_linux(void **state)
{
	const struct config *config = accepted("192.0.2.1 --nolaunchpppd");

	(void)state;
	assert_string_equal(config->servers[0], "192.0.2.1");
	assert_int_equal(config->reorder_wait_ms, 300);
	assert_int_equal(config->control_echo, 60);
	assert_int_equal(config->control_echo_wait, 60);
	assert_int_equal(config->damage_type, DAMAGE_NONE);
	assert_int_equal(config->damage_rate, 100);
	assert_false(config->ppp_sync || config->quirk_orckit || ran.compat.launch_pppd);
	assert_true(ran.compat.host_route);
	assert_int_equal(ran.compat.log_level, 1);
	assert_string_equal(ran.compat.log_name, "anon");
}

static void
each_option_has_its_effect(void **state)
{
	const struct config *config;
	struct in_addr address;

	(void)state;
	config = accepted("--phone 555 vpn --nolaunchpppd --timeout 0.25 --idle-wait 0 "
			  "--max-echo-wait 7 --logstring nm --loglevel 2 --localbind 192.0.2.9 "
			  "--rtmark 0x10 --client-hostname me --missing-window 6000 --test-type 3 "
			  "--test-rate 20 --nohostroute --sync --debug");
	assert_string_equal(config->servers[0], "vpn");
	assert_string_equal(config->phone, "555");
	assert_int_equal(config->reorder_wait_ms, 250);
	assert_int_equal(config->control_echo, 0);
	assert_int_equal(config->control_echo_wait, 7);
	assert_int_equal(inet_pton(AF_INET, "192.0.2.9", &address), 1);
	assert_int_equal(config->bind_address.s_addr, address.s_addr);
	assert_int_equal(config->mark, 16);
	assert_string_equal(config->host_name, "me");
	assert_int_equal(config->forward_window, 6000);
	assert_int_equal(config->damage_type, DAMAGE_REVERSED);
	assert_int_equal(config->damage_rate, 20);
	assert_true(config->ppp_sync);
	assert_false(ran.compat.host_route);
	assert_true(ran.compat.foreground);
	assert_string_equal(ran.compat.log_name, "nm");
	assert_int_equal(ran.compat.log_level, 2);
	assert_int_equal(config->verbose, 2);
	assert_int_equal(accepted("vpn --loglevel 1")->verbose, 0);
	assert_int_equal(accepted("vpn --nobuffer")->reorder_depth, 1);
	/* An abbreviation that only one option begins with. */
	assert_string_equal(accepted("vpn --nol --client me")->host_name, "me");
	assert_int_equal(accepted("vpn --timeout 10")->reorder_wait_ms, 10000);
	assert_int_equal(accepted("vpn --timeout .01")->reorder_wait_ms, 10);
}

static void
the_quirk_makes_it_the_modems_client(void **state)
{
	const struct config *config = accepted("vpn --quirks BEZEQ_ISRAEL");

	(void)state;
	assert_true(config->quirk_orckit);
	assert_string_equal(config->host_name, "RELAY_PPP1");
	assert_string_equal(config->vendor, "MS Win NT");
	assert_string_equal(config->phone, "RELAY_PPP1");
}

static void
other_words_are_pppds(void **state)
{
	(void)state;
	accepted("vpn user bob --sync -- noauth --odd");
	assert_true(ran.compat.launch_pppd);
	assert_true(ran.compat.config.ppp_sync);
	assert_string_equal(ran.compat.pppd_argv[0], "user");
	assert_string_equal(ran.compat.pppd_argv[1], "bob");
	assert_string_equal(ran.compat.pppd_argv[2], "noauth");
	assert_string_equal(ran.compat.pppd_argv[3], "--odd");
	assert_null(ran.compat.pppd_argv[4]);
}

static void
wrong_lines_have_the_exit_codes_of_pptp_linux(void **state)
{
	char said[8192];

	(void)state;
	refused("", COMPAT_FATAL, "Usage: pptp HOST");
	refused("vpn --frobnicate", COMPAT_FATAL, "Usage: pptp HOST");
	refused("vpn --phone", COMPAT_FATAL, "Usage: pptp HOST");
	refused("vpn --no", COMPAT_FATAL, "Usage: pptp HOST"); /* of three options */
	refused("vpn --loglevel 3", COMPAT_FATAL, "Usage: pptp HOST");
	refused("vpn --quirks OTHER", COMPAT_FATAL, "Usage: pptp HOST");
	refused("vpn --test-type 4", COMPAT_FATAL, "Usage: pptp HOST");
	refused("vpn --idle-wait x", COMPAT_FATAL, "Usage: pptp HOST");
	refused("vpn --timeout 0", COMPAT_VALUE, "0.01 to 10");
	refused("vpn --timeout 10.5", COMPAT_VALUE, "0.01 to 10");
	refused("vpn --timeout nan", COMPAT_VALUE, "0.01 to 10");
	refused("vpn --timeout -1", COMPAT_VALUE, "0.01 to 10");
	refused("vpn --localbind eth0", COMPAT_VALUE, "IPv4");
	refused("v\bn", COMPAT_FATAL, "The server's name");
	assert_int_equal(pptp("--version", said, sizeof(said)), COMPAT_ENDED);
	assert_int_equal(ran.runs, 0);
}

/* In the manual and in the usage, which is what the program has. */
static void
the_manual_has_the_options_of_the_usage(void **state)
{
	static char page[16384], said[8192];
	FILE *file = fopen(TOP_SRCDIR "/doc/pptp.8", "r");
	unsigned found = 0, items = 0;

	(void)state;
	assert_non_null(file);
	assert_true(fread(page, 1, sizeof(page) - 1, file) > 0);
	fclose(file);
	assert_int_equal(pptp("", said, sizeof(said)), COMPAT_FATAL);
	for (char *at = said; (at = strstr(at, "\n  --")) != NULL; found++) {
		char item[64];

		at += strlen("\n  --");
		snprintf(item, sizeof(item), "\n.It Fl -%.*s", (int)strcspn(at, " \n"), at);
		if (strstr(page, item) == NULL)
			fail_msg("doc/pptp.8 has no%s", item);
	}
	for (char *at = page; (at = strstr(at, "\n.It Fl -")) != NULL; at++)
		items++;
	assert_int_equal(found, 19);
	assert_int_equal(items, found);
}

/* ------------------------------------------------------------------------------- damage.h */

static void
note_packet(void *ctx, const uint8_t *packet, size_t len)
{
	char *order = ctx;
	size_t used = strlen(order);

	assert_int_equal(len, 1);
	snprintf(order + used, 512 - used, "%u ", packet[0]);
}

static void
order_is(enum damage_type type, const char *expected)
{
	struct damage *damage = damage_new(type, 4);
	char order[512] = "";

	assert_non_null(damage);
	for (uint8_t i = 1; i <= 20; i++)
		damage_packet(damage, &i, 1, note_packet, order);
	damage_free(damage);
	assert_string_equal(order, expected);
}

static void
damage_spoils_the_order_as_said(void **state)
{
	(void)state;
	order_is(DAMAGE_SWAP, "1 2 3 4 6 5 7 8 9 10 12 11 13 14 15 16 18 17 19 20 ");
	order_is(DAMAGE_LATE, "1 2 3 4 15 5 6 7 8 9 10 11 12 13 14 16 17 18 19 ");
	order_is(DAMAGE_REVERSED, "1 2 3 4 15 14 13 12 11 10 9 8 7 6 5 16 17 18 19 ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_options_it_is_as_pptp_linux),
	    cmocka_unit_test(each_option_has_its_effect),
	    cmocka_unit_test(the_quirk_makes_it_the_modems_client),
	    cmocka_unit_test(other_words_are_pppds),
	    cmocka_unit_test(wrong_lines_have_the_exit_codes_of_pptp_linux),
	    cmocka_unit_test(the_manual_has_the_options_of_the_usage),
	    cmocka_unit_test(damage_spoils_the_order_as_said),
	};

	return cmocka_run_group_tests_name("compat", tests, NULL, NULL);
}
