/*
 * interface.md 4: what `status` shows of a tunnel, whatever its user, its server and its pppd
 * are called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/peer_int.h"
#include "daemon/routes.h"
#include "tool/client.h"

struct fixture {
	struct config config;
	struct engine engine;
	struct peer peer;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	config_defaults(&f->config);
	strcpy(f->config.name, "office");
	strcpy(f->config.servers[0], "vpn.example.com");
	strcpy(f->config.user, "bob");
	f->peer.config = &f->config;
	f->peer.engine = f->peer.line.engine = &f->engine;
	f->engine.config = &f->config;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static const char *
text_at(const json_t *json, const char *object, const char *key)
{
	return json_string_value(json_object_get(json_object_get(json, object), key));
}

static void
before_anything_is_known_it_is_null(void **state)
{
	static const char *const nulls[] = {"uptime_s", "call", "data_path", "data_path_why",
	    "channel", "gre", "ppp", "control", "server_route", "last_end", "next_try_s"};
	static const char *const of_server[] = {
	    "address", "peer_hostname", "peer_vendor", "firmware"};
	struct fixture *f = *state;
	json_t *json = peer_status(&f->peer, 0);

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "state")), "starting");
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		assert_true(json_is_null(json_object_get(json, nulls[i])));
	for (size_t i = 0; i < sizeof(of_server) / sizeof(of_server[0]); i++)
		assert_true(
		    json_is_null(json_object_get(json_object_get(json, "server"), of_server[i])));
	json_decref(json);
}

/* pppd runs long before it has agreed on anything. */
static void
what_ppp_has_not_agreed_is_null(void **state)
{
	static const char *const nulls[] = {"interface", "auth", "mppe", "local", "peer", "mtu"};
	struct fixture *f = *state;

	f->peer.phase = PEER_PPP;
	f->peer.stage = STAGE_GRE;
	f->peer.line.ppp.running = true;
	f->peer.line.ppp.pid = 4711;
	json_t *json = peer_status(&f->peer, 0);
	assert_non_null(json);
	const json_t *ppp = json_object_get(json, "ppp");
	assert_int_equal(json_integer_value(json_object_get(ppp, "pppd_pid")), 4711);
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		assert_true(json_is_null(json_object_get(ppp, nulls[i])));
	assert_int_equal(json_array_size(json_object_get(ppp, "dns")), 0);
	assert_int_equal(json_array_size(json_object_get(ppp, "ipv6")), 0);
	json_decref(json);
}

/* All that the kernel has on that interface, and nothing else; lo has ::1 where there is IPv6. */
static void
addresses_of_ipv6_are_the_interfaces(void **state)
{
	struct fixture *f = *state;
	int probe = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 loopback = {
	    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool there = probe >= 0 && bind(probe, (struct sockaddr *)&loopback, sizeof(loopback)) == 0;

	if (probe >= 0)
		close(probe);
	f->peer.line.ppp.running = true;
	f->peer.line.ppp.pid = 4711;
	strcpy(f->peer.line.ppp.ifname, "lo");
	json_t *json = peer_status(&f->peer, 0);
	const json_t *ipv6 = json_object_get(json_object_get(json, "ppp"), "ipv6");
	assert_int_equal(json_array_size(ipv6), there ? 1 : 0);
	if (there)
		assert_string_equal(json_string_value(json_array_get(ipv6, 0)), "::1");
	json_decref(json);
}

/* While the call is being cleared there is no pppd any more, and its number may be another's. */
static void
a_pppd_that_has_ended_is_not_shown(void **state)
{
	struct fixture *f = *state;

	f->peer.phase = PEER_CLEARING;
	f->peer.line.ppp.pid = 4711;
	strcpy(f->peer.line.ppp.ifname, "ppp0");
	json_t *json = peer_status(&f->peer, 0);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "state")), "closing");
	assert_true(json_is_null(json_object_get(json, "ppp")));
	json_decref(json);
}

static void
a_tunnel_that_is_up_has_all_of_it(void **state)
{
	struct fixture *f = *state;
	struct ppp *ppp = &f->peer.line.ppp;

	f->peer.phase = PEER_PPP;
	f->peer.stage = STAGE_UP;
	f->peer.up_since = 5 * PPTP_SEC;
	f->peer.call_up = true;
	f->peer.line.local_call_id = 41077;
	f->peer.line.peer_call_id = 312;
	ppp->running = true;
	ppp->pid = 4711;
	ppp->auth_ok = true;
	ppp->auth = REPORT_AUTH_MSCHAPV2;
	ppp->mppe_bits = 128;
	strcpy(ppp->ifname, "ppp0");
	inet_pton(AF_INET, "10.20.0.57", &ppp->local);
	inet_pton(AF_INET, "10.20.0.2", &ppp->dns[1]);
	f->config.route_default = true;
	assert_null(net_parse("10.1.0.0/16", &f->peer.routes.through.net[0]));
	f->peer.routes.through.count = 3; /* of which one is not there */
	f->peer.routes.through.net[1] = f->peer.routes.through.net[0];
	assert_null(net_parse("10.3.0.0/16", &f->peer.routes.through.net[2]));
	f->peer.routes.set = ROUTES_DEFAULT | ROUTES_NET(0) | ROUTES_NET(2);
	f->peer.routes.pinned = 1;
	strcpy(f->peer.routes.device, "eth0");
	json_t *json = peer_status(&f->peer, 65 * PPTP_SEC);
	assert_non_null(json);
	assert_null(text_at(json, "server_route", "via")); /* direct */
	assert_string_equal(text_at(json, "server_route", "dev"), "eth0");
	const json_t *routes = json_object_get(json, "routes");
	assert_int_equal(json_array_size(routes), 3);
	assert_string_equal(json_string_value(json_array_get(routes, 0)), "default");
	assert_string_equal(json_string_value(json_array_get(routes, 1)), "10.1.0.0/16");
	assert_string_equal(json_string_value(json_array_get(routes, 2)), "10.3.0.0/16");
	assert_string_equal(json_string_value(json_object_get(json, "state")), "up");
	assert_int_equal(json_integer_value(json_object_get(json, "uptime_s")), 60);
	assert_string_equal(text_at(json, "ppp", "interface"), "ppp0");
	assert_string_equal(text_at(json, "ppp", "auth"), "MS-CHAP-V2");
	assert_string_equal(text_at(json, "ppp", "local"), "10.20.0.57");
	const json_t *dns = json_object_get(json_object_get(json, "ppp"), "dns");
	assert_int_equal(json_array_size(dns), 1);
	assert_true(json_is_null(json_object_get(json_object_get(json, "ppp"), "dns_use")));
	assert_true(json_is_null(json_object_get(json_object_get(json, "ppp"), "dns_why")));
	const json_t *mppe = json_object_get(json_object_get(json, "ppp"), "mppe");
	assert_int_equal(json_integer_value(json_object_get(mppe, "bits")), 128);
	assert_true(json_is_false(json_object_get(mppe, "stateful")));
	const json_t *call = json_object_get(json, "call");
	assert_int_equal(json_integer_value(json_object_get(call, "local_id")), 41077);
	assert_int_equal(json_integer_value(json_object_get(call, "peer_id")), 312);
	json_decref(json);
}

static void
how_dns_was_set_is_told(void **state)
{
	struct fixture *f = *state;
	struct ipc_msg msg;

	f->peer.line.ppp.running = true;
	f->peer.line.ppp.pid = 4711;
	ipc_init(&msg, IPC_DNS);
	msg.u.dns.use = DNS_RESOLVED;
	strcpy(msg.u.dns.why, "/etc/resolv.conf leads to it");
	peer_dns(&f->peer, &msg);
	json_t *json = peer_status(&f->peer, PPTP_SEC);
	assert_string_equal(text_at(json, "ppp", "dns_use"), "resolved");
	assert_string_equal(text_at(json, "ppp", "dns_why"), "/etc/resolv.conf leads to it");
	assert_null(text_at(json, "ppp", "dns_error"));
	json_decref(json);

	msg.u.dns.ecode = 702;
	peer_dns(&f->peer, &msg);
	json = peer_status(&f->peer, PPTP_SEC);
	assert_string_equal(text_at(json, "ppp", "dns_use"), "off");
	assert_string_equal(text_at(json, "ppp", "dns_error"), "E702");
	json_decref(json);
}

/* interface.md 4: on the kernel path those that only we could keep are null, and none is left out. */
static void
what_the_kernel_does_not_count_is_null(void **state)
{
	struct fixture *f = *state;
	const char *key;
	json_t *value;

	f->config.data_path = PATH_KERNEL;
	f->peer.phase = PEER_PPP;
	f->peer.kernel_heard = 3 * PPTP_SEC;
	json_t *json = peer_status(&f->peer, 5 * PPTP_SEC);
	json_t *gre = json_object_get(json, "gre");
	assert_int_equal(json_object_size(gre), 22);
	json_object_foreach(gre, key, value)
	{
		if (strcmp(key, "last_rx_ms") == 0)
			assert_int_equal(json_integer_value(value), 2000);
		else
			assert_true(json_is_null(value));
	}
	json_decref(json);
}

/* JSON takes UTF-8 only; a user's name, and what a server says, are any octets. */
static void
names_in_any_octets_are_escaped(void **state)
{
	struct fixture *f = *state;

	strcpy(f->config.user, "b\xf6"
			       "b");
	strcpy(f->config.domain, "CORP");
	strcpy(f->peer.server.host_name, "\xff\x1b[31m");
	f->peer.line.ppp.running = true;
	f->peer.line.ppp.pid = 1;
	f->engine.history.last_end.known = true;
	reason_set(&f->engine.history.last_end.reason, 109, "/etc/b\xfc.secret: No such file.");
	json_t *json = peer_status(&f->peer, 0);
	assert_non_null(json);
	assert_string_equal(text_at(json, "last_end", "text"), "/etc/b\\xfc.secret: No such file.");
	assert_string_equal(text_at(json, "ppp", "user"), "CORP\\b\\xf6b");
	assert_string_equal(text_at(json, "server", "peer_hostname"), "\\xff\\x1b[31m");
	json_decref(json);
}

/* ---------------------------------------------------------------- one that runs, and is asked */

struct running {
	char run_dir[32], dir[64];
	struct sockaddr_un address;
	int keeper, listener;
	pid_t child;
	struct client client;
};

static void
running_start(struct running *running, struct fixture *f, const struct history *history)
{
	int pair[2];

	memset(running, 0, sizeof(*running));
	running->address.sun_family = AF_UNIX;
	running->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	strcpy(running->run_dir, "/tmp/pptpeer-test-XXXXXX");
	assert_non_null(mkdtemp(running->run_dir));
	snprintf(running->dir, sizeof(running->dir), "%s/office", running->run_dir);
	snprintf(running->address.sun_path, sizeof(running->address.sun_path), "%s/control.sock",
	    running->dir);
	assert_int_equal(mkdir(running->dir, 0700), 0);
	assert_int_equal(
	    bind(running->listener, (struct sockaddr *)&running->address, sizeof(running->address)),
	    0);
	assert_int_equal(listen(running->listener, 1), 0);
	assert_int_equal(ipc_pair(pair), 0);
	running->child = fork();
	assert_true(running->child >= 0);
	if (running->child == 0) {
		close(pair[0]);
		_exit(engine_run(&f->config, history, pair[1], running->listener));
	}
	close(pair[1]);
	running->keeper = pair[0];
	assert_int_equal(client_open(&running->client, running->run_dir, "office"), 0);
}

static void
running_end(struct running *running)
{
	struct ipc_msg msg;
	int status;

	client_close(&running->client);
	ipc_init(&msg, IPC_EXIT);
	assert_int_equal(ipc_send(running->keeper, &msg, NULL, 0), 0);
	assert_int_equal(waitpid(running->child, &status, 0), running->child);
	assert_int_equal(status, 0);
	close(running->keeper);
	close(running->listener);
	unlink(running->address.sun_path);
	rmdir(running->dir);
	rmdir(running->run_dir);
}

/* The password may take its time, and a new engine knows only what it is born with. */
static void
an_engine_knows_the_last_end_before_it_dials(void **state)
{
	struct history history = {.redials = 2, .last_end = {.known = true, .when = 9}};
	struct running running;
	json_t *answer;

	reason_set(&history.last_end.reason, 201, "No answer.");
	running_start(&running, *state, &history);
	assert_int_equal(client_ask(&running.client, json_pack("{s:s}", "verb", "status"),
			     CLIENT_TIMEOUT_MS, &answer),
	    0);
	const json_t *tunnel = json_object_get(answer, "tunnel");
	assert_string_equal(client_text(tunnel, "state"), "starting");
	assert_int_equal(client_number(tunnel, "redials"), 2);
	assert_string_equal(client_text(json_object_get(tunnel, "last_end"), "code"), "E201");
	json_decref(answer);
	running_end(&running);
}

/* What a keeper does with "reload" when the file, which may have any name, is broken. */
static int
refuse_reload(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	struct ipc_msg msg;

	do {
		if (poll(&pollfd, 1, CLIENT_TIMEOUT_MS) != 1 || ipc_recv(fd, &msg, NULL) != 1)
			return 1;
	} while (msg.type != IPC_RELOAD);
	ipc_init(&msg, IPC_RELOADED);
	snprintf(msg.u.reloaded.text, sizeof(msg.u.reloaded.text), "/etc/b\xfc.conf: no.");
	return ipc_send(fd, &msg, NULL, 0) == 0 ? 0 : 1;
}

static void
an_answer_in_any_octets_is_escaped(void **state)
{
	const struct history history = {0};
	struct running running;
	json_t *answer;
	int status;

	running_start(&running, *state, &history);
	pid_t keeper = fork();
	assert_true(keeper >= 0);
	if (keeper == 0)
		_exit(refuse_reload(running.keeper));
	assert_int_equal(client_ask(&running.client, json_pack("{s:s}", "verb", "reload"),
			     CLIENT_TIMEOUT_MS, &answer),
	    EXIT_CONFIG);
	assert_string_equal(running.client.error, "/etc/b\\xfc.conf: no.");
	assert_int_equal(waitpid(keeper, &status, 0), keeper);
	assert_int_equal(status, 0);
	running_end(&running);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(how_dns_was_set_is_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(before_anything_is_known_it_is_null, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_ppp_has_not_agreed_is_null, setup, teardown),
	    cmocka_unit_test_setup_teardown(addresses_of_ipv6_are_the_interfaces, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_pppd_that_has_ended_is_not_shown, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_tunnel_that_is_up_has_all_of_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_engine_knows_the_last_end_before_it_dials, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_answer_in_any_octets_is_escaped, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_the_kernel_does_not_count_is_null, setup, teardown),
	    cmocka_unit_test_setup_teardown(names_in_any_octets_are_escaped, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
