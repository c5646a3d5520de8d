/* test_watch.c: which of this host's interfaces came first, by the kernel's word.  In a network of its own. */
#include <event2/event.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/watch.h"

#define FLOOD 2000 /* changes of a link: more than a socket holds */

struct fixture {
	struct event_base *base;
	struct watch *watch;
	unsigned overruns;
};

static void
on_appeared(void *ctx, bool ppp, const char *what)
{
	struct fixture *f = ctx;

	(void)ppp;
	f->overruns += strstr(what, "much has changed at once") != NULL;
}

static void
on_changed(void *ctx, const struct net *to)
{
	(void)ctx, (void)to;
}

static void
on_lost(void *ctx, unsigned interface, bool deleted)
{
	(void)ctx, (void)interface, (void)deleted;
}

/* Lines of `ip -batch`. */
static void
ip(const char *lines, unsigned times)
{
	FILE *batch = popen("ip -batch -", "w");

	assert_non_null(batch);
	while (times-- > 0)
		fputs(lines, batch);
	assert_int_equal(pclose(batch), 0);
}

static void
setup(struct fixture *f)
{
	const struct watch_listener listener = {on_appeared, on_changed, on_lost, f};

	if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0 ||
	    system("ip link add old index 7000 type veth peer name old2 index 6999") != 0)
		skip();
	f->overruns = 0;
	f->base = event_base_new();
	assert_non_null(f->base);
	f->watch = watch_new(f->base, &listener);
	assert_non_null(f->watch);
}

static void
teardown(struct fixture *f)
{
	watch_free(f->watch);
	event_base_free(f->base);
}

static void
one_that_comes_later_is_newer_whatever_its_index(void **state)
{
	struct fixture f;
	uint64_t mark;

	(void)state;
	setup(&f);
	mark = watch_mark(f.watch);
	ip("link add new type veth peer name new2\n", 1);
	assert_true(if_nametoindex("new") < 6999);
	assert_true(watch_is_newer(f.watch, if_nametoindex("new"), mark));
	assert_false(watch_is_newer(f.watch, 7000, mark));
	assert_false(watch_is_newer(f.watch, 12345, 0));
	assert_false(watch_is_newer(f.watch, if_nametoindex("new"), watch_mark(f.watch)));
	teardown(&f);
}

static void
more_changes_than_the_socket_holds_make_none_newer(void **state)
{
	struct fixture f;
	unsigned gone;
	uint64_t mark;

	(void)state;
	setup(&f);
	ip("link add gone type veth peer name gone2\n", 1);
	gone = if_nametoindex("gone");
	mark = watch_mark(f.watch);
	ip("link set old up\nlink set old down\n", FLOOD);
	ip("link del gone\nlink add new type veth peer name new2\n", 1);
	assert_true(watch_is_newer(f.watch, if_nametoindex("new"), mark));
	assert_true(f.overruns > 0);
	assert_false(watch_is_newer(f.watch, 7000, mark));
	assert_false(watch_is_newer(f.watch, 6999, mark));
	assert_false(watch_is_newer(f.watch, gone, 0));
	teardown(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_that_comes_later_is_newer_whatever_its_index),
	    cmocka_unit_test(more_changes_than_the_socket_holds_make_none_newer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
