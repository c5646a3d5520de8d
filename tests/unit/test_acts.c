/*
 * test_acts.c: what the keeper refuses, whatever its engine asks (design D3): an engine hears every
 * octet from the network, and may be somebody else's by now.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/keeper_int.h"

struct fixture {
	char said[IPC_TEXT];
	struct config config;
	struct keeper_ui ui;
	struct keeper keeper;
	int engine; /* its end */
};

static void
on_note(void *ctx, int level, const char *text)
{
	struct fixture *f = ctx;

	(void)level;
	snprintf(f->said, sizeof(f->said), "%s", text);
}

/* A dial whose name has one address, with a pppd that is no process of anybody's. */
static int
setup(void **state)
{
	static struct fixture f;
	int pair[2];

	memset(&f, 0, sizeof(f));
	assert_int_equal(ipc_pair(pair), 0);
	f.engine = pair[1];
	config_defaults(&f.config);
	f.ui.note = on_note;
	f.ui.ctx = &f;
	f.keeper = (struct keeper){.config = &f.config,
	    .ui = &f.ui,
	    .engine_fd = pair[0],
	    .kernel_fd = -1,
	    .phase = KEEPER_DIALLING,
	    .look = {.fd = -1},
	    .hook = {.child = {.said = -1}}};
	f.keeper.addresses.u.addresses.count = 1;
	inet_pton(AF_INET, "192.0.2.1", &f.keeper.addresses.u.addresses.address[0]);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	close(f->engine);
	close(f->keeper.engine_fd);
	return 0;
}

/* False: it says nothing. */
static bool
answer(struct fixture *f, struct ipc_msg *msg)
{
	int fds[IPC_MAX_FDS];

	if (ipc_recv(f->engine, msg, fds) <= 0)
		return false;
	for (size_t i = 0; i < IPC_MAX_FDS; i++)
		assert_int_equal(fds[i], -1);
	return true;
}

static void
an_address_that_the_name_did_not_give_is_not_dialled(void **state)
{
	struct fixture *f = *state;
	struct ipc_msg msg;

	f->keeper.dialled.s_addr = f->keeper.addresses.u.addresses.address[0].s_addr;
	ipc_init(&msg, IPC_OPEN_SOCKETS);
	inet_pton(AF_INET, "203.0.113.9", &msg.u.open.address);
	keeper_act(&f->keeper, &msg);
	assert_true(answer(f, &msg));
	assert_int_equal(msg.type, IPC_SOCKETS);
	assert_int_equal(msg.u.failure.error, EPERM);
	/* Nor is it anything's server from now on. */
	assert_int_equal(f->keeper.dialled.s_addr, htonl(INADDR_ANY));
}

/* By a word of the engine's alone nobody gets a socket of another peer's. */
static void
who_may_not_call_is_not_answered(void **state)
{
	struct fixture *f = *state;
	struct config *config = &f->config;
	struct ipc_msg msg, told;
	static const struct {
		enum role role;
		const char *from, *caller;
	} rows[] = {
	    {ROLE_DIAL, NULL, "192.0.2.1"},
	    {ROLE_DIAL, "192.0.2.0/24", "192.0.2.1"},
	    {ROLE_AUTO, NULL, "203.0.113.9"},
	    {ROLE_AUTO, "192.0.2.0/28", "192.0.2.17"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		config->role = rows[i].role;
		config->listen_from.count = rows[i].from != NULL;
		if (rows[i].from != NULL)
			assert_null(net_parse(rows[i].from, &config->listen_from.net[0]));
		ipc_init(&msg, IPC_OPEN_SOCKETS);
		inet_pton(AF_INET, rows[i].caller, &msg.u.open.address);
		inet_pton(AF_INET, "127.0.0.1", &msg.u.open.local);
		msg.u.open.local_call_id = 77;
		keeper_act(&f->keeper, &msg);
		assert_true(answer(f, &told));
		assert_int_equal(told.u.failure.error, EPERM);
		assert_string_equal(told.u.failure.what, "keeper's check");
		assert_int_equal(told.u.failure.local_call_id, 77);
		assert_int_equal(f->keeper.dialled.s_addr, htonl(INADDR_ANY));
	}
}

/* Nobody is being dialled; then somebody else is. */
static void
the_firewall_is_looked_at_only_for_the_peer_of_the_dial(void **state)
{
	struct fixture *f = *state;
	struct ipc_msg msg, told;

	ipc_init(&msg, IPC_FIREWALL);
	for (int i = 0; i < 2; i++) {
		keeper_act(&f->keeper, &msg);
		assert_true(answer(f, &told));
		assert_int_equal(told.type, IPC_FIREWALL_IS);
		assert_int_equal(told.u.found.looked, 0);
		assert_int_equal(f->keeper.look.pid, 0);
		f->keeper.dialled.s_addr = f->keeper.addresses.u.addresses.address[0].s_addr;
		inet_pton(AF_INET, "203.0.113.9", &msg.u.look.peer);
	}
}

/* They go to root's terminal and to the log; an engine that is somebody else's escapes nothing. */
static void
what_it_says_commands_no_terminal(void **state)
{
	static const struct {
		const char *said, *taken;
	} rows[] = {
	    {"plain, with m\xc3\xbcller and \xe2\x82\xac",
		"plain, with m\xc3\xbcller and \xe2\x82\xac"},
	    {"\x1b[2J\x1b]0;x\a", "?[2J?]0;x?"}, {"one\nE401 two\r\t\x7f", "one?E401 two???"},
	    {"\x9b\x32J and \xc2\x9b\x32J", "?2J and ??2J"}, {"\xe2\x82", "??"}, /* cut short */
	    {"\xc0\x9b\xed\xa0\x80", "?????"}, /* too long a form; half of a pair */
	    {"\xf4\x90\x80\x80\xff", "?????"}, /* beyond the last character */
	};
	struct fixture *f = *state;
	struct ipc_msg msg;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ipc_init(&msg, IPC_NOTE);
		snprintf(msg.u.note.text, sizeof(msg.u.note.text), "%s", rows[i].said);
		keeper_act(&f->keeper, &msg);
		assert_string_equal(f->said, rows[i].taken);
	}
	/* One that does not end, with the first half of a character last. */
	memset(msg.u.note.text, 'x', sizeof(msg.u.note.text));
	msg.u.note.text[sizeof(msg.u.note.text) - 2] = '\xc3';
	keeper_act(&f->keeper, &msg);
	assert_int_equal(strlen(f->said), sizeof(f->said) - 1);
	assert_int_equal(f->said[sizeof(f->said) - 2], '?');
	ipc_init(&msg, IPC_ENDED);
	strcpy(msg.u.ended.reason.what, "\x1b[31m");
	strcpy(msg.u.ended.reason.next, "\x1b[32m");
	ipc_clean(&msg);
	assert_string_equal(msg.u.ended.reason.what, "?[31m");
	assert_string_equal(msg.u.ended.reason.next, "?[32m");
	ipc_init(&msg, IPC_STAGE);
	strcpy(msg.u.stage.text, "\x1b[33m");
	ipc_clean(&msg);
	assert_string_equal(msg.u.stage.text, "?[33m");
}

static void
network(struct fixture *f, const char *interface)
{
	struct ipc_msg msg;

	ipc_init(&msg, IPC_NETWORK);
	snprintf(msg.u.network.interface, sizeof(msg.u.network.interface), "%s", interface);
	inet_pton(AF_INET, "203.0.113.7", &msg.u.network.local);
	memset(msg.u.network.peer_hostname, '\x1b', sizeof(msg.u.network.peer_hostname));
	keeper_act(&f->keeper, &msg);
}

static void
an_interface_that_is_no_tunnels_gets_no_route(void **state)
{
	struct fixture *f = *state;
	struct ipc_msg msg;

	f->config.route_default = true;
	network(f, "lo");
	assert_true(answer(f, &msg));
	assert_int_equal(msg.type, IPC_NETWORK_UP);
	assert_int_equal(msg.u.routes.ecode, 107);
	assert_true(msg.u.routes.set == 0);
}

/* Its name would be in the hook's environment. */
static void
nor_does_a_hook_hear_of_it(void **state)
{
	struct fixture *f = *state;
	struct ipc_msg msg;

	strcpy(f->config.hook_up, "/bin/true");
	network(f, "$(reboot)");
	assert_true(answer(f, &msg));
	assert_int_equal(msg.u.routes.ecode, 107);
	assert_int_equal(f->keeper.hook.child.pid, 0);
	assert_string_equal(f->keeper.network.interface, "");
	assert_false(f->keeper.hooks_up); /* nor of its end */
}

static void
without_routes_it_does_not_matter(void **state)
{
	struct fixture *f = *state;
	struct ipc_msg msg;

	network(f, "lo");
	assert_true(answer(f, &msg));
	assert_int_equal(msg.u.routes.ecode, 0);
	/* What a program will have in its environment is a text, and ends. */
	assert_int_equal(
	    strlen(f->keeper.network.peer_hostname), sizeof(f->keeper.network.peer_hostname) - 1);
	assert_int_equal(
	    strspn(f->keeper.network.peer_hostname, "?"), strlen(f->keeper.network.peer_hostname));
	/* Which address it has is the kernel's word, not the engine's. */
	assert_int_equal(f->keeper.network.local.s_addr, htonl(INADDR_LOOPBACK));
}

static void
it_is_said_once_and_during_a_dial(void **state)
{
	static const enum keeper_phase others[] = {
	    KEEPER_SECRET, KEEPER_HOOK, KEEPER_WAITING, KEEPER_DONE};
	struct fixture *f = *state;
	struct ipc_msg msg;

	network(f, "lo");
	assert_true(answer(f, &msg));
	network(f, "lo");
	assert_false(answer(f, &msg));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		f->keeper.network_up = false;
		f->keeper.phase = others[i];
		network(f, "lo");
		assert_false(answer(f, &msg));
		assert_false(f->keeper.network_up);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_address_that_the_name_did_not_give_is_not_dialled),
	    TEST(who_may_not_call_is_not_answered),
	    TEST(the_firewall_is_looked_at_only_for_the_peer_of_the_dial),
	    TEST(what_it_says_commands_no_terminal),
	    TEST(an_interface_that_is_no_tunnels_gets_no_route),
	    TEST(nor_does_a_hook_hear_of_it),
	    TEST(without_routes_it_does_not_matter),
	    TEST(it_is_said_once_and_during_a_dial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
