/* test_hook.c: what a hook is told (interface.md 6), and how it is started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/hook.h"

struct fixture {
	struct config config;
	struct ipc_network network;
	struct reason reason;
	struct hook_facts facts;
};

static struct in_addr
address(const char *text)
{
	struct in_addr in;

	assert_int_equal(inet_pton(AF_INET, text, &in), 1);
	return in;
}

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	config_defaults(&f.config);
	strcpy(f.config.name, "office");
	strcpy(f.config.user, "bob");
	strcpy(f.config.domain, "CORP");
	strcpy(f.network.interface, "ppp-office");
	strcpy(f.network.peer_hostname, "ras1");
	f.network.local = address("10.20.0.57");
	f.network.peer = address("10.20.0.1");
	f.network.mtu = 1456;
	f.network.mppe_bits = 128;
	f.network.call_id = 41077;
	f.network.peer_call_id = 312;
	f.facts = (struct hook_facts){.event = HOOK_UP,
	    .config = &f.config,
	    .server = "vpn.example.com",
	    .address = address("198.51.100.7"),
	    .network = &f.network};
	*state = &f;
	return 0;
}

static const char *
value(const struct hook_env *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->count; i++) {
		if (strncmp(env->entry[i], name, len) == 0 && env->entry[i][len] == '=')
			return env->entry[i] + len + 1;
	}
	return NULL;
}

static void
expect(const struct hook_env *env, const char *name, const char *expected)
{
	const char *found = value(env, name);

	if (expected == NULL ? found != NULL : found == NULL || strcmp(found, expected) != 0)
		fail_msg("%s: %s", name, found != NULL ? found : "not there");
}

static void
up_is_told_with_all_that_was_agreed(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
	    {"PPTPEER_EVENT", "up"},
	    {"PPTPEER_NAME", "office"},
	    {"PPTPEER_ROLE", "dial"},
	    {"PPTPEER_SERVER", "vpn.example.com"},
	    {"PPTPEER_SERVER_IP", "198.51.100.7"},
	    {"PPTPEER_PEER_HOSTNAME", "ras1"},
	    {"PPTPEER_USER", "CORP\\bob"},
	    {"PPTPEER_MPPE", "128"},
	    {"PPTPEER_CALL_ID", "41077"},
	    {"PPTPEER_PEER_CALL_ID", "312"},
	    {"PPTPEER_IFNAME", "ppp-office"},
	    {"PPTPEER_LOCAL_IP", "10.20.0.57"},
	    {"PPTPEER_PEER_IP", "10.20.0.1"},
	    {"PPTPEER_MTU", "1456"},
	    {"PPTPEER_DNS1", "10.20.0.2"},
	    {"PPTPEER_DNS2", NULL},
	    {"PPTPEER_DNS_DOMAINS", "corp.example.com ~lab.example.com"},
	    {"PPTPEER_ROUTES", "default 10.1.0.0/16 10.2.0.0/16"},
	    {"PPTPEER_DURATION", NULL},
	    {"PPTPEER_REASON", NULL},
	    {"IFNAME", "ppp-office"},
	    {"IPLOCAL", "10.20.0.57"},
	    {"IPREMOTE", "10.20.0.1"},
	    {"DNS1", "10.20.0.2"},
	    {"HOME", NULL},
	};
	struct fixture *f = *state;
	struct hook_env env;

	f->network.dns[0] = address("10.20.0.2");
	f->config.domains.count = 2;
	strcpy(f->config.domains.word[0], "corp.example.com");
	strcpy(f->config.domains.word[1], "~lab.example.com");
	f->config.route_default = true;
	f->config.routes_through.count = 2;
	assert_null(net_parse("10.1.0.0/16", &f->config.routes_through.net[0]));
	assert_null(net_parse("10.2.0.0/16", &f->config.routes_through.net[1]));
	hook_env(&env, &f->facts);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *found = value(&env, rows[i].name);

		if (rows[i].value == NULL ? found != NULL
					  : found == NULL || strcmp(found, rows[i].value) != 0)
			fail_msg("%s: %s", rows[i].name, found != NULL ? found : "not there");
	}
	assert_null(env.entry[env.count]);
}

static void
down_is_told_with_its_reason(void **state)
{
	struct fixture *f = *state;
	struct hook_env env;

	reason_set(&f->reason, 601, "The tunnel went dead.");
	f->facts.event = HOOK_DOWN;
	f->facts.counted = true;
	f->facts.rx_bytes = UINT64_C(5000000000);
	f->facts.tx_bytes = 77;
	f->facts.reason = &f->reason;
	f->facts.duration_s = 7384;
	hook_env(&env, &f->facts);
	assert_string_equal(value(&env, "PPTPEER_EVENT"), "down");
	assert_string_equal(value(&env, "PPTPEER_DURATION"), "7384");
	assert_string_equal(value(&env, "PPTPEER_REASON_CODE"), "601");
	assert_string_equal(value(&env, "PPTPEER_REASON"), "The tunnel went dead.");
	assert_string_equal(value(&env, "PPTPEER_RX_BYTES"), "5000000000");
	assert_string_equal(value(&env, "PPTPEER_TX_BYTES"), "77");
	assert_string_equal(value(&env, "CONNECT_TIME"), "7384");
	assert_string_equal(value(&env, "BYTES_RCVD"), "5000000000");
	assert_string_equal(value(&env, "BYTES_SENT"), "77");
	assert_null(value(&env, "reason"));
}

/* The process that counts was killed: 0 would be a lie. */
static void
what_nobody_has_counted_is_not_told(void **state)
{
	struct fixture *f = *state;
	struct hook_env env;

	reason_set(&f->reason, 1, "The engine was killed by signal 9 (Killed).");
	f->facts.event = HOOK_DOWN;
	f->facts.reason = &f->reason;
	hook_env(&env, &f->facts);
	assert_string_equal(value(&env, "PPTPEER_DURATION"), "0");
	assert_null(value(&env, "PPTPEER_RX_BYTES"));
	assert_null(value(&env, "BYTES_SENT"));
}

static void
before_anything_is_agreed_nothing_is_told_of_it(void **state)
{
	static const char *const names[] = {"PPTPEER_IFNAME", "PPTPEER_MTU", "PPTPEER_CALL_ID",
	    "PPTPEER_SERVER_IP", "PPTPEER_REASON", "IFNAME", "PPTPEER_WAIT"};
	struct fixture *f = *state;
	struct hook_env env;

	f->facts.event = HOOK_PRE_DIAL;
	f->facts.network = NULL;
	f->facts.address.s_addr = htonl(INADDR_ANY);
	hook_env(&env, &f->facts);
	assert_string_equal(value(&env, "PPTPEER_EVENT"), "pre-dial");
	assert_string_equal(value(&env, "PPTPEER_SERVER"), "vpn.example.com");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(value(&env, names[i]));
}

static void
waiting_is_told_for_how_long(void **state)
{
	struct fixture *f = *state;
	struct hook_env env;

	reason_set(&f->reason, 201, "No answer.");
	f->facts.event = HOOK_WAITING;
	f->facts.reason = &f->reason;
	f->facts.wait_s = 12;
	hook_env(&env, &f->facts);
	assert_string_equal(value(&env, "PPTPEER_EVENT"), "waiting");
	assert_string_equal(value(&env, "PPTPEER_WAIT"), "12");
	assert_string_equal(value(&env, "PPTPEER_REASON_CODE"), "201");
	assert_null(value(&env, "CONNECT_TIME"));
}

/* ------------------------------------------------------------------- openconnect's words */

static void
a_script_is_told_in_openconnects_words(void **state)
{
	static const char *const rows[][2] = {
	    {"reason", "connect"},
	    {"VPNGATEWAY", "198.51.100.7"},
	    {"TUNDEV", "ppp-office"},
	    {"INTERNAL_IP4_ADDRESS", "10.20.0.57"},
	    {"INTERNAL_IP4_MTU", "1456"},
	    {"INTERNAL_IP4_NETMASK", NULL},
	    {"INTERNAL_IP4_DNS", "10.20.0.2 10.20.0.3"},
	    {"CISCO_SPLIT_INC", "2"},
	    {"CISCO_SPLIT_INC_0_ADDR", "10.1.0.0"},
	    {"CISCO_SPLIT_INC_0_MASK", "255.255.0.0"},
	    {"CISCO_SPLIT_INC_0_MASKLEN", "16"},
	    {"CISCO_SPLIT_INC_0_PROTOCOL", "0"},
	    {"CISCO_SPLIT_INC_0_SPORT", "0"},
	    {"CISCO_SPLIT_INC_0_DPORT", "0"},
	    {"CISCO_SPLIT_INC_1_ADDR", "192.0.2.9"},
	    {"CISCO_SPLIT_INC_1_MASK", "255.255.255.255"},
	    {"CISCO_SPLIT_EXC", "1"},
	    {"CISCO_SPLIT_EXC_0_ADDR", "10.1.2.0"},
	    {"CISCO_SPLIT_EXC_0_MASKLEN", "25"},
	    {"CISCO_SPLIT_EXC_0_MASK", "255.255.255.128"},
	    {"PPTPEER_EVENT", "up"},
	};
	struct fixture *f = *state;
	struct hook_env env;

	f->facts.script = true;
	f->network.dns[0] = address("10.20.0.2");
	f->network.dns[1] = address("10.20.0.3");
	f->config.routes_through.count = 2;
	assert_null(net_parse("10.1.0.0/16", &f->config.routes_through.net[0]));
	assert_null(net_parse("192.0.2.9", &f->config.routes_through.net[1]));
	f->config.routes_except.count = 1;
	assert_null(net_parse("10.1.2.0/25", &f->config.routes_except.net[0]));
	hook_env(&env, &f->facts);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(&env, rows[i][0], rows[i][1]);
}

/* As pppd tells it as a server. */
static void
a_name_server_that_is_told_twice_is_one(void **state)
{
	struct fixture *f = *state;
	struct hook_env env;

	f->facts.script = true;
	f->network.dns[0] = f->network.dns[1] = address("10.20.0.2");
	hook_env(&env, &f->facts);
	expect(&env, "INTERNAL_IP4_DNS", "10.20.0.2");
}

/* No CISCO_SPLIT_INC means everything to a script; a tunnel without routes must say 0. */
static void
a_script_is_told_of_everything_and_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct hook_env env;

	f->facts.script = true;
	hook_env(&env, &f->facts);
	expect(&env, "CISCO_SPLIT_INC", "0");
	expect(&env, "CISCO_SPLIT_EXC", NULL);
	expect(&env, "INTERNAL_IP4_DNS", NULL);
	f->config.route_default = true;
	hook_env(&env, &f->facts);
	expect(&env, "CISCO_SPLIT_INC", NULL);
	f->config.routes_through.count = 1;
	assert_null(net_parse("10.1.0.0/16", &f->config.routes_through.net[0]));
	hook_env(&env, &f->facts);
	expect(&env, "CISCO_SPLIT_INC", "2");
	expect(&env, "CISCO_SPLIT_INC_1_ADDR", "0.0.0.0");
	expect(&env, "CISCO_SPLIT_INC_1_MASK", "0.0.0.0");
	expect(&env, "CISCO_SPLIT_INC_1_MASKLEN", "0");
}

static void
a_script_is_told_before_there_is_an_interface(void **state)
{
	struct fixture *f = *state;
	struct hook_env env;

	f->facts.script = true;
	f->facts.event = HOOK_PRE_DIAL;
	f->facts.network = NULL;
	f->facts.address.s_addr = htonl(INADDR_ANY);
	hook_env(&env, &f->facts);
	expect(&env, "reason", "pre-init");
	expect(&env, "VPNGATEWAY", "vpn.example.com");
	expect(&env, "TUNDEV", NULL);
	expect(&env, "INTERNAL_IP4_ADDRESS", NULL);
	strcpy(f->config.interface, "ppp-t");
	hook_env(&env, &f->facts);
	expect(&env, "TUNDEV", "ppp-t");
}

/* The longest of everything fits. */
static void
nothing_is_left_out_for_want_of_room(void **state)
{
	struct fixture *f = *state;
	struct hook_env env;

	memset(f->config.user, 'u', sizeof(f->config.user) - 1);
	memset(f->config.domain, 'd', sizeof(f->config.domain) - 1);
	memset(f->config.name, 'n', sizeof(f->config.name) - 1);
	memset(f->network.peer_hostname, 'h', sizeof(f->network.peer_hostname) - 1);
	memset(f->reason.what, 'w', sizeof(f->reason.what) - 1);
	f->facts.server = f->config.user;
	f->facts.reason = &f->reason;
	f->facts.script = true;
	f->network.dns[0] = address("255.255.255.255");
	f->network.dns[1] = address("255.255.255.254");
	f->config.routes_through.count = f->config.routes_except.count = CONFIG_LIST;
	for (unsigned i = 0; i < CONFIG_LIST; i++) {
		assert_null(net_parse("255.255.255.255/32", &f->config.routes_through.net[i]));
		assert_null(net_parse("255.255.255.255/32", &f->config.routes_except.net[i]));
	}
	f->config.route_default = true;
	hook_env(&env, &f->facts);
	assert_string_equal(value(&env, "PPTPEER_REASON"), f->reason.what);
	expect(&env, "CISCO_SPLIT_INC", "33");
	expect(&env, "CISCO_SPLIT_EXC_31_DPORT", "0");
	assert_string_equal(
	    env.entry[env.count - 1], "INTERNAL_IP4_DNS=255.255.255.255 255.255.255.254");
	assert_int_equal(strlen(value(&env, "PPTPEER_USER")),
	    sizeof(f->config.user) + sizeof(f->config.domain) - 1);
	assert_int_equal(strlen(value(&env, "PPTPEER_ROUTES")),
	    strlen("default") + CONFIG_LIST * strlen(" 255.255.255.255/32"));
}

/* Everything that it prints, until it has closed its outputs. */
static void
read_all(int fd, char *buf, size_t size)
{
	size_t used = 0;

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t n;

		assert_int_equal(poll(&ready, 1, 20000), 1);
		n = read(fd, buf + used, size - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	buf[used] = '\0';
}

static void
it_is_started_with_event_and_name_and_nothing_of_ours(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/pptpeer-hook-XXXXXX", said[512], expected[128];
	static const char script[] = "#!/bin/sh\n"
				     "echo \"$# $1 $2 $PPTPEER_IFNAME $(pwd) $HOME\" >&2\n"
				     "ls /proc/self/fd | wc -l\n"
				     "read word; echo \"input: $?\"\n"
				     "exit 3\n";
	int fd = mkstemp(path), out, status;
	pid_t pid;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, script, sizeof(script) - 1), sizeof(script) - 1);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	assert_int_equal(hook_start(path, &f->facts, &pid, &out), 0);
	assert_int_equal(getpgid(pid), pid);
	read_all(out, said, sizeof(said));
	close(out);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_int_equal(WEXITSTATUS(status), 3);
	/* ls has the folder itself open; the shell keeps its script elsewhere. */
	snprintf(expected, sizeof(expected), "2 up office ppp-office / \n4\ninput: 1\n");
	assert_string_equal(said, expected);
}

static void
one_that_cannot_be_run_says_why(void **state)
{
	struct fixture *f = *state;
	pid_t pid;
	int out;

	assert_int_equal(hook_start("/nonexistent/hook", &f->facts, &pid, &out), ENOENT);
	assert_int_equal(hook_start("/etc/passwd", &f->facts, &pid, &out), EACCES);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(up_is_told_with_all_that_was_agreed),
	    TEST(down_is_told_with_its_reason),
	    TEST(what_nobody_has_counted_is_not_told),
	    TEST(before_anything_is_agreed_nothing_is_told_of_it),
	    TEST(waiting_is_told_for_how_long),
	    TEST(a_script_is_told_in_openconnects_words),
	    TEST(a_name_server_that_is_told_twice_is_one),
	    TEST(a_script_is_told_of_everything_and_of_nothing),
	    TEST(a_script_is_told_before_there_is_an_interface),
	    TEST(nothing_is_left_out_for_want_of_room),
	    TEST(it_is_started_with_event_and_name_and_nothing_of_ours),
	    TEST(one_that_cannot_be_run_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
