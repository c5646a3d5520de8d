/* test_dns.c: who is told of the peer's DNS servers, and by which words. */
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

#include "daemon/dns.h"

struct fixture {
	char root[64];
	struct config config;
	struct dns_host host;
	struct dns_task task;
	struct dns_plan plan;
};

#define SET(field, text) snprintf(field, sizeof(field), "%s", text)

static void
make(const struct fixture *f, const char *path, const char *text, mode_t mode)
{
	char command[300], full[256];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", f->root, path);
	snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"", full);
	assert_int_equal(system(command), 0);
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(full, mode), 0);
}

static void
point(const struct fixture *f, const char *path, const char *to)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", f->root, path);
	unlink(full);
	assert_int_equal(symlink(to, full), 0);
}

static int
setup(void **state)
{
	static struct fixture f;
	char real[4096];

	memset(&f, 0, sizeof(f));
	snprintf(f.root, sizeof(f.root), "/tmp/test_dns.XXXXXX");
	assert_non_null(mkdtemp(f.root));
	assert_non_null(realpath(f.root, real));
	snprintf(f.root, sizeof(f.root), "%.60s", real);
	make(&f, "/etc/resolv.conf", "nameserver 192.0.2.53\n", 0644);
	config_defaults(&f.config);
	SET(f.host.resolvectl, "/usr/bin/resolvectl");
	SET(f.host.resolvconf, "/usr/sbin/resolvconf");
	SET(f.task.interface, "ppp-office");
	inet_pton(AF_INET, "10.20.0.2", &f.task.server[0]);
	inet_pton(AF_INET, "10.20.0.3", &f.task.server[1]);
	f.task.server_count = 2;
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", f->root);
	return system(command);
}

static enum dns_use
chosen(struct fixture *f, struct dns_choice *choice)
{
	dns_look(&f->host, f->root);
	dns_choose(choice, &f->config, &f->host);
	return choice->use;
}

static void
auto_takes_resolved_where_resolv_conf_leads_to_it(void **state)
{
	struct fixture *f = *state;
	struct dns_choice choice;

	make(f, "/usr/bin/resolvectl", "", 0755);
	make(f, "/usr/sbin/resolvconf", "", 0755);
	make(f, "/run/systemd/resolve/stub-resolv.conf", "nameserver 127.0.0.53\n", 0644);
	/* It runs, but the host asks elsewhere. */
	assert_int_equal(chosen(f, &choice), DNS_RESOLVCONF);
	point(f, "/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
	assert_int_equal(chosen(f, &choice), DNS_RESOLVED);
	/* A file that a person has written. */
	point(f, "/etc/resolv.conf", "resolv.conf.own");
	make(f, "/etc/resolv.conf.own", "search x\nnameserver 127.0.0.53\n", 0644);
	assert_int_equal(chosen(f, &choice), DNS_RESOLVED);
	make(f, "/etc/resolv.conf.own", "nameserver 127.0.0.5\n", 0644);
	assert_int_equal(chosen(f, &choice), DNS_RESOLVCONF);
}

static void
else_resolvconf_else_a_hook_else_nobody_and_says_why(void **state)
{
	struct fixture *f = *state;
	struct dns_choice choice;

	assert_int_equal(chosen(f, &choice), DNS_OFF);
	assert_string_equal(choice.why, "systemd-resolved is not what /etc/resolv.conf leads to, "
					"no resolvconf is installed, no up hook is set");
	SET(f->config.hook_up, "/etc/pptpeer/up");
	assert_int_equal(chosen(f, &choice), DNS_HOOK);
	make(f, "/usr/sbin/resolvconf", "", 0644); /* no program */
	assert_int_equal(chosen(f, &choice), DNS_HOOK);
	make(f, "/usr/sbin/resolvconf", "", 0755);
	assert_int_equal(chosen(f, &choice), DNS_RESOLVCONF);
	f->config.dns_use = DNS_OFF;
	assert_int_equal(chosen(f, &choice), DNS_OFF);
	assert_string_equal(choice.why, "dns.use = \"off\"");
}

/* It would be set twice. */
static void
a_script_sets_it_unless_it_is_said_who_does(void **state)
{
	struct fixture *f = *state;
	struct dns_choice choice;

	make(f, "/usr/sbin/resolvconf", "", 0755);
	SET(f->config.hook_script, "/usr/share/vpnc-scripts/vpnc-script");
	assert_int_equal(chosen(f, &choice), DNS_HOOK);
	assert_true(dns_is_scripts(&f->config));
	f->config.dns_use = DNS_RESOLVCONF;
	assert_int_equal(chosen(f, &choice), DNS_RESOLVCONF);
	assert_false(dns_is_scripts(&f->config));
	f->config.dns_use = DNS_OFF;
	assert_false(dns_is_scripts(&f->config));
}

/* Debian's systemd-resolved has /sbin/resolvconf, a link; with another resolv.conf it is of no effect. */
static void
systemds_own_resolvconf_is_none(void **state)
{
	struct fixture *f = *state;
	struct dns_choice choice;

	make(f, "/usr/bin/resolvectl", "", 0755);
	make(f, "/usr/sbin/x", "", 0644);
	point(f, "/usr/sbin/resolvconf", "../bin/resolvectl");
	assert_int_equal(chosen(f, &choice), DNS_OFF);
}

static void
assert_command(const struct fixture *f, size_t i, const char *words)
{
	const struct dns_command *command = &f->plan.command[i];
	char said[1024] = "";
	size_t used = 0;

	assert_true(i < f->plan.count);
	for (size_t j = 0; command->argv[j] != NULL; j++) {
		used += (size_t)snprintf(
		    said + used, sizeof(said) - used, "%s%s", j == 0 ? "" : " ", command->argv[j]);
		assert_true(used < sizeof(said));
	}
	assert_string_equal(said, words);
}

static void
domain(struct fixture *f, const char *word)
{
	SET(f->config.domains.word[f->config.domains.count], word);
	f->config.domains.count++;
}

static void
plan(struct fixture *f, enum dns_use use)
{
	memset(&f->plan, 0, sizeof(f->plan));
	f->task.use = use;
	dns_name_entry(&f->task, &f->host);
	dns_plan_set(&f->plan, &f->task, &f->config, &f->host);
}

static void
resolved_is_told_of_servers_domains_and_whether_of_all_names(void **state)
{
	struct fixture *f = *state;

	plan(f, DNS_RESOLVED);
	assert_int_equal(f->plan.count, 2);
	assert_command(f, 0, "/usr/bin/resolvectl dns ppp-office 10.20.0.2 10.20.0.3");
	assert_command(f, 1, "/usr/bin/resolvectl default-route ppp-office no");
	assert_non_null(dns_caveat(&f->config, DNS_RESOLVED)); /* so they are asked for nothing */

	f->config.route_default = true;
	plan(f, DNS_RESOLVED);
	assert_command(f, 1, "/usr/bin/resolvectl domain ppp-office ~.");
	assert_command(f, 2, "/usr/bin/resolvectl default-route ppp-office yes");
	assert_null(dns_caveat(&f->config, DNS_RESOLVED));

	domain(f, "corp.example.com");
	domain(f, "~10.in-addr.arpa");
	plan(f, DNS_RESOLVED);
	assert_command(
	    f, 1, "/usr/bin/resolvectl domain ppp-office corp.example.com ~10.in-addr.arpa");
	assert_command(f, 2, "/usr/bin/resolvectl default-route ppp-office no");

	dns_plan_unset(&f->plan, &f->task, &f->host);
	assert_int_equal(f->plan.count, 4);
	assert_command(f, 3, "/usr/bin/resolvectl revert ppp-office");
}

static void
resolvconf_has_it_on_its_standard_input(void **state)
{
	struct fixture *f = *state;

	plan(f, DNS_RESOLVCONF);
	assert_int_equal(f->plan.count, 1);
	assert_command(f, 0, "/usr/sbin/resolvconf -a ppp-office.pptpeer -m 0");
	assert_string_equal(
	    f->plan.command[0].input, "nameserver 10.20.0.2\nnameserver 10.20.0.3\n");

	domain(f, "~lab.example.com");
	domain(f, "corp.example.com");
	domain(f, "example.net");
	f->task.server_count = 1;
	f->host.ordered = true; /* Debian's: its interface-order puts ppp* last, tun* first */
	plan(f, DNS_RESOLVCONF);
	assert_command(f, 0, "/usr/sbin/resolvconf -a tun.ppp-office.pptpeer -m 0");
	assert_string_equal(f->plan.command[0].input,
	    "nameserver 10.20.0.2\nsearch corp.example.com example.net\n");
	assert_non_null(dns_caveat(&f->config, DNS_RESOLVCONF));
	dns_plan_unset(&f->plan, &f->task, &f->host);
	assert_command(f, 1, "/usr/sbin/resolvconf -d tun.ppp-office.pptpeer -f");

	f->config.domains.count = 0;
	f->config.route_default = true;
	plan(f, DNS_RESOLVCONF);
	assert_command(f, 0, "/usr/sbin/resolvconf -a tun.ppp-office.pptpeer -m 0 -x");
	assert_null(dns_caveat(&f->config, DNS_RESOLVCONF));
}

static void
the_longest_settings_have_room(void **state)
{
	struct fixture *f = *state;

	while (f->config.domains.count < CONFIG_LIST) {
		memset(f->config.domains.word[f->config.domains.count], 'x', CONFIG_LIST_TEXT - 1);
		f->config.domains.count++;
	}
	plan(f, DNS_RESOLVCONF);
	assert_int_equal(strlen(f->plan.command[0].input), strlen("nameserver 10.20.0.2\n") * 2 +
							       strlen("search\n") +
							       CONFIG_LIST * CONFIG_LIST_TEXT);
	dns_plan_unset(&f->plan, &f->task, &f->host);
	plan(f, DNS_RESOLVED);
	assert_string_equal(f->plan.command[1].argv[2 + CONFIG_LIST], f->config.domains.word[0]);
	assert_null(f->plan.command[1].argv[3 + CONFIG_LIST]);
}

static void
with_off_and_hook_nothing_is_done(void **state)
{
	struct fixture *f = *state;

	plan(f, DNS_OFF);
	dns_plan_unset(&f->plan, &f->task, &f->host);
	assert_int_equal(f->plan.count, 0);
	plan(f, DNS_HOOK);
	assert_int_equal(f->plan.count, 0);
}

/* The record is a file, and might be anything. */
static void
only_an_entry_of_ours_is_one(void **state)
{
	static const char *const bad[] = {"", ".pptpeer", "eth0.dhclient", "-a.pptpeer",
	    "../x.pptpeer", "a b.pptpeer", "a/b.pptpeer", "~x.pptpeer", "x.pptpeer\n",
	    "a-name-that-is-longer-than-any.pptpeer"};

	(void)state;
	assert_true(dns_is_entry("tun.ppp-office.pptpeer"));
	assert_true(dns_is_entry("ppp0.pptpeer"));
	assert_true(dns_is_entry("tun.123456789012345.pptpeer"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(dns_is_entry(bad[i]));
}

static void
no_server_can_be_at_some_addresses(void **state)
{
	static const struct {
		const char *address;
		bool can;
	} rows[] = {{"10.20.0.2", true}, {"8.8.8.8", true}, {"223.255.255.1", true},
	    {"0.0.0.0", false}, {"127.0.0.53", false}, {"224.0.0.1", false},
	    {"255.255.255.255", false}};
	struct in_addr address;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		inet_pton(AF_INET, rows[i].address, &address);
		assert_int_equal(dns_is_server(address), rows[i].can);
	}
}

static void
domains_are_domains(void **state)
{
	static const struct {
		const char *word;
		bool good;
	} rows[] = {{"corp.example.com", true}, {"~corp.example.com", true}, {"~.", true},
	    {"corp", true}, {"_tcp.example.com.", true}, {"", false}, {"~", false}, {".", false},
	    {"-h", false}, {"--help", false}, {"a..b", false}, {"~~a", false}, {"a b", false},
	    {"a\nnameserver 1.2.3.4", false}, {"a-.b", false}};
	struct fixture *f = *state;
	char buf[400];

	SET(f->config.name, "office");
	SET(f->config.run_dir, "/run/pptpeer");
	SET(f->config.servers[0], "vpn.example.com");
	f->config.server_count = 1;
	f->config.domains.count = 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SET(f->config.domains.word[0], rows[i].word);
		assert_int_equal(config_check(&f->config, buf, sizeof(buf)) == NULL, rows[i].good);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(auto_takes_resolved_where_resolv_conf_leads_to_it),
	    TEST(else_resolvconf_else_a_hook_else_nobody_and_says_why),
	    TEST(a_script_sets_it_unless_it_is_said_who_does),
	    TEST(systemds_own_resolvconf_is_none),
	    TEST(resolved_is_told_of_servers_domains_and_whether_of_all_names),
	    TEST(resolvconf_has_it_on_its_standard_input),
	    TEST(the_longest_settings_have_room),
	    TEST(with_off_and_hook_nothing_is_done),
	    TEST(only_an_entry_of_ours_is_one),
	    TEST(no_server_can_be_at_some_addresses),
	    TEST(domains_are_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
