/*
 * test_firewall.c: what rulesets do to GRE of a peer, as real nft and iptables have written them
 * (tests/unit/firewall/make), and never a wrong certainty about what cannot be told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/firewall_rules.h"

#define FOLDER TOP_SRCDIR "/tests/unit/firewall/"

/* From 10.2.3.4 to 10.0.0.9 on eth0, and none of them comes through. */
static struct fw_packet
arriving(void)
{
	struct fw_packet packet = {.refused = true, .in = "eth0"};

	inet_pton(AF_INET, "10.2.3.4", &packet.src);
	inet_pton(AF_INET, "10.0.0.9", &packet.dst);
	return packet;
}

/* The caller's to free. */
static char *
contents(const char *name)
{
	char path[512], *text = calloc(1, 1 << 16);

	snprintf(path, sizeof(path), "%s%s", FOLDER, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
	fclose(file);
	return text;
}

/* What becomes of the packet in that chain alone. */
static enum firewall_sure
alone(struct fw_rules *rules, size_t i, const struct fw_packet *packet)
{
	struct firewall_finding found = {0};

	for (size_t k = 0; k < rules->count; k++)
		snprintf(
		    rules->chains[k].hook, sizeof(rules->chains[k].hook), "%s", k == i ? "x" : "");
	fw_walk(rules, packet, "x", &found);
	return (enum firewall_sure)found.sure;
}

/* Each chain does what its name says. */
static void
as_named(struct fw_rules *rules, const struct fw_packet *packet, unsigned atleast)
{
	static const char *const names[] = {"passes", "maybe", "drops"};
	unsigned seen = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const char *name = rules->chains[i].name + strlen(rules->chains[i].table) + 1;

		for (size_t k = 0; k < 3; k++) {
			if (strncmp(name, names[k], strlen(names[k])) != 0)
				continue;
			seen++;
			if (alone(rules, i, packet) != k)
				fail_msg("%s: %u", name, alone(rules, i, packet));
		}
	}
	assert_true(seen >= atleast);
}

static void
nft_rules_do_what_the_kernel_would(void **state)
{
	struct fw_packet packet = arriving();
	struct fw_rules rules = {.program = "iptables"};
	char *text = contents("matches.json");

	(void)state;
	assert_true(fw_read_nft(&rules, text, strlen(text), &packet, NULL));
	as_named(&rules, &packet, 54);
	fw_free(&rules);
	free(text);
}

static void
iptables_rules_do_what_the_kernel_would(void **state)
{
	static const char *const names[] = {"iptables-nft.save", "iptables-legacy.save"};
	struct fw_packet packet = arriving();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fw_rules rules = {.program = "iptables"};
		char *text = contents(names[i]);

		assert_true(fw_read_iptables(&rules, text, &packet));
		as_named(&rules, &packet, 31);
		fw_free(&rules);
		free(text);
	}
}

static void
a_chain_is_named_with_what_mends_it(void **state)
{
	struct fw_packet packet = arriving();
	struct fw_rules rules = {.program = "iptables-legacy"};
	struct firewall_finding found = {0};
	char *text = contents("iptables-legacy.save");

	(void)state;
	assert_true(fw_read_iptables(&rules, text, &packet));
	fw_walk(&rules, &packet, "output", &found);
	assert_int_equal(found.sure, FIREWALL_NOTHING);
	fw_walk(&rules, &packet, "input", &found);
	assert_int_equal(found.sure, FIREWALL_CERTAIN); /* its policy */
	assert_string_equal(found.where, "iptables-legacy: filter INPUT");
	assert_string_equal(
	    found.mend, "iptables-legacy -t filter -I INPUT -p gre -s 10.2.3.4 -j ACCEPT");
	fw_free(&rules);
	free(text);
}

/* nft cannot tell all of it. */
static void
tables_of_iptables_are_left_to_iptables_save(void **state)
{
	struct fw_packet packet = arriving();
	struct fw_rules saved = {0}, rules = {0};
	char *save = contents("iptables-nft.save"), *json = contents("iptables-nft.json");

	(void)state;
	assert_true(fw_read_iptables(&saved, save, &packet));
	assert_true(fw_read_nft(&rules, json, strlen(json), &packet, &saved));
	assert_int_equal(rules.count, 0);
	assert_true(fw_read_nft(&rules, json, strlen(json), &packet, NULL));
	assert_true(rules.count > 0);
	fw_free(&saved);
	fw_free(&rules);
	free(save);
	free(json);
}

/* Of packets that nobody has seen come: a helper may know them, and so may a connection. */
static void
unseen_a_state_is_not_certain(void **state)
{
	static const char text[] = "*filter\n:INPUT DROP [0:0]\n:inv - [0:0]\n"
				   "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
				   "-A inv -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n";
	struct fw_packet packet = arriving();

	(void)state;
	for (int refused = 0; refused < 2; refused++) {
		struct fw_rules rules = {.program = "iptables"};
		char copy[sizeof(text)];

		packet.refused = refused != 0;
		memcpy(copy, text, sizeof(text));
		assert_true(fw_read_iptables(&rules, copy, &packet));
		assert_int_equal(
		    alone(&rules, 0, &packet), refused ? FIREWALL_CERTAIN : FIREWALL_PERHAPS);
		rules.chains[0].policy_drop = false;
		assert_int_equal(
		    alone(&rules, 1, &packet), refused ? FIREWALL_PERHAPS : FIREWALL_NOTHING);
		fw_free(&rules);
	}
}

#define NFT_CHAIN(family, table, name)                                                 \
	"{\"nftables\": [{\"chain\": {\"family\": \"" family "\", \"table\": \"" table \
	"\", \"name\": \"" name "\", \"hook\": \"input\", \"policy\": \"drop\"}}]}"

static void
a_name_is_no_command_of_its_own(void **state)
{
	static const struct {
		const char *text, *where;
		bool command;
	} rows[] = {
	    {NFT_CHAIN("inet", "f", "in-1"), "nft: inet f in-1", true},
	    {NFT_CHAIN("inet", "f", "in;reboot"), "nft: inet f in;reboot", false},
	    {NFT_CHAIN("ip", "$(reboot)", "in"), "nft: ip $(reboot) in", false},
	    {NFT_CHAIN("ip", "f", "-f x"), "nft: ip f -f x", false},
	    {NFT_CHAIN("ip", "f", "a b"), "nft: ip f a b", false},
	    {NFT_CHAIN("ip", "f", "\\u001b[2J"), "nft: ip f \\x1b[2J", false},
	};
	struct fw_packet packet = arriving();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fw_rules rules = {.program = "iptables"};
		struct firewall_finding found = {0};

		assert_true(fw_read_nft(&rules, rows[i].text, strlen(rows[i].text), &packet, NULL));
		fw_walk(&rules, &packet, "input", &found);
		assert_string_equal(found.where, rows[i].where);
		assert_int_equal(found.mend[0] != '\0', rows[i].command);
		fw_free(&rules);
	}
}

static void
other_families_are_nobodys_business(void **state)
{
	static const char *const texts[] = {NFT_CHAIN("ip6", "f", "in"),
	    NFT_CHAIN("bridge", "f", "in"), NFT_CHAIN("arp", "f", "in")};
	struct fw_packet packet = arriving();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct fw_rules rules = {.program = "iptables"};

		assert_true(fw_read_nft(&rules, texts[i], strlen(texts[i]), &packet, NULL));
		assert_int_equal(rules.count, 0);
		fw_free(&rules);
	}
}

/* Each chain jumps twice to the next one: 2^16 ways, and one that goes round for ever. */
static void
the_walk_is_bounded(void **state)
{
	struct fw_packet packet = arriving();
	struct fw_rules rules = {.program = "nft"};
	struct firewall_finding found = {0};
	char name[8], next[8];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(next, sizeof(next), "c%d", (i + 1) % 40);
		for (int k = 0; k < 4; k++)
			fw_add(&rules, fw_chain(&rules, "ip t", name), FW_YES, FW_JUMP, next);
	}
	strcpy(rules.chains[0].hook, "input");
	rules.chains[0].policy_drop = true;
	fw_walk(&rules, &packet, "input", &found);
	assert_int_equal(found.sure, FIREWALL_PERHAPS);
	fw_free(&rules);
}

static void
what_is_no_ruleset_is_told(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{}", "{\"nftables\": 7}", "null"};
	char bare[] = "*filter\n:INPUT\n", early[] = "-A INPUT -j DROP\n";
	struct fw_packet packet = arriving();
	struct fw_rules rules = {.program = "iptables"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(fw_read_nft(&rules, texts[i], strlen(texts[i]), &packet, NULL));
	assert_false(fw_read_iptables(&rules, bare, &packet));
	assert_false(fw_read_iptables(&rules, early, &packet));
	fw_free(&rules);
}

/* Shapes that nft never writes: none is taken for a rule, none is read past its end. */
static void
odd_shapes_are_passed_over(void **state)
{
	static const char *const rules_text[] = {
	    "{\"nftables\": [7, null, {}, {\"rule\": 7}, {\"chain\": []}]}",
	    "{\"nftables\": [{\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", "
	    "\"expr\": "
	    "[null, {\"match\": 7}, {\"vmap\": {\"key\": null, \"data\": {\"set\": [7, []]}}}, "
	    "{\"jump\": {}}]}}]}"};
	char text[] =
	    "*filter\n:a - [0:0]\n-A a -j\n-A a\n-A a !\n-A a -m -j DROP\n-A a --comment -j\n"
	    "-A a \"x\n-A a -m comment --comment \"\\\n-A nosuch -j nowhere\n";
	struct fw_packet packet = arriving();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fw_rules rules = {.program = "iptables"};

		assert_true(
		    fw_read_nft(&rules, rules_text[i], strlen(rules_text[i]), &packet, NULL));
		fw_free(&rules);
	}
	struct fw_rules rules = {.program = "iptables"};
	assert_true(fw_read_iptables(&rules, text, &packet));
	assert_int_equal(alone(&rules, 0, &packet), FIREWALL_PERHAPS); /* -m -j DROP */
	fw_free(&rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nft_rules_do_what_the_kernel_would),
	    cmocka_unit_test(iptables_rules_do_what_the_kernel_would),
	    cmocka_unit_test(a_chain_is_named_with_what_mends_it),
	    cmocka_unit_test(tables_of_iptables_are_left_to_iptables_save),
	    cmocka_unit_test(unseen_a_state_is_not_certain),
	    cmocka_unit_test(a_name_is_no_command_of_its_own),
	    cmocka_unit_test(other_families_are_nobodys_business),
	    cmocka_unit_test(the_walk_is_bounded),
	    cmocka_unit_test(what_is_no_ruleset_is_told),
	    cmocka_unit_test(odd_shapes_are_passed_over),
	};

	return cmocka_run_group_tests_name("firewall", tests, NULL, NULL);
}
