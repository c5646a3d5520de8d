/* The GRE session of a call: what the settings and what the peer told make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "daemon/line.h"
#include "daemon/engine.h"

struct fixture {
	struct config config;
	struct engine engine;
	struct line line;
	struct pptp_session_params params;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	config_defaults(&f->config);
	f->engine.config = &f->config;
	f->line.engine = &f->engine;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static void
session_is_as_configured(void **state)
{
	struct fixture *f = *state;

	f->config.window = 12;
	f->config.reorder_depth = 32;
	f->config.reorder_wait_ms = 50;
	f->config.window_mode = PPTP_WINDOW_STRICT;
	line_session_params(&f->line, &f->params);
	assert_int_equal(f->params.recv_window, 12);
	assert_int_equal(f->params.reorder_depth, 32);
	assert_int_equal(f->params.reorder_wait, 50 * PPTP_MSEC);
	assert_int_equal(f->params.window_mode, PPTP_WINDOW_STRICT);
}

static void
session_has_what_the_peer_told(void **state)
{
	struct fixture *f = *state;

	f->line.local_call_id = 41077;
	f->line.peer_call_id = 312;
	f->line.peer_window = 16;
	f->line.peer_delay = 7;
	line_session_params(&f->line, &f->params);
	assert_int_equal(f->params.local_call_id, 41077);
	assert_int_equal(f->params.peer_call_id, 312);
	assert_int_equal(f->params.peer_window, 16);
	assert_int_equal(f->params.peer_delay, 7);
}

/* To the library 0 is its own default; a ring of one holds nothing. */
static void
reorder_wait_of_zero_puts_nothing_in_order(void **state)
{
	struct fixture *f = *state;

	f->config.reorder_wait_ms = 0;
	line_session_params(&f->line, &f->params);
	assert_int_equal(f->params.reorder_depth, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(session_is_as_configured, setup, teardown),
	    cmocka_unit_test_setup_teardown(session_has_what_the_peer_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		reorder_wait_of_zero_puts_nothing_in_order, setup, teardown),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
