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

/* What has come to pppd: the last octet of each frame. */
struct heard {
	struct channel channel;
	uint8_t last[32];
	unsigned count, flushes;
};

static void
heard_send(struct channel *channel, const uint8_t *frame, size_t len)
{
	struct heard *heard = (struct heard *)channel;

	assert_true(heard->count < sizeof(heard->last));
	heard->last[heard->count++] = frame[len - 1];
}

static void
heard_flush(struct channel *channel)
{
	((struct heard *)channel)->flushes++;
}

static void
heard_free(struct channel *channel)
{
	(void)channel;
}

static const struct channel_ops heard_ops = {
    .name = "heard", .send = heard_send, .flush = heard_flush, .free = heard_free};

static void
peer_sends(struct line *line, uint8_t octet)
{
	const uint8_t frame[] = {0xff, 0x03, 0x00, 0x21, octet};
	const struct gre_owner owner = line_gre_owner(line);

	owner.frame(owner.ctx, frame, sizeof(frame));
}

/* RFC 1661 4.6: what is lost comes again after 3 s only. */
static void
what_comes_before_pppd_listens_waits_in_order(void **state)
{
	struct fixture *f = *state;
	struct heard heard = {.channel = {&heard_ops}};

	f->line.ppp.report_fd = f->line.ppp.log_fd = -1;
	f->line.channel = &heard.channel;
	f->line.awaits_pppd = true;
	for (uint8_t i = 0; i < LINE_EARLY + 3; i++)
		peer_sends(&f->line, i);
	assert_int_equal(heard.count, 0);
	line_pppd_listens(&f->line);
	assert_int_equal(heard.count, LINE_EARLY); /* bounded */
	assert_int_equal(heard.flushes, 1);
	peer_sends(&f->line, 99);
	line_pppd_listens(&f->line); /* once */
	assert_int_equal(heard.count, LINE_EARLY + 1);
	for (uint8_t i = 0; i < LINE_EARLY; i++)
		assert_int_equal(heard.last[i], i);
	assert_int_equal(heard.last[LINE_EARLY], 99);
	f->line.awaits_pppd = true; /* as for a pppd that never begins: it goes with the line */
	peer_sends(&f->line, 1);
	line_fini(&f->line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(session_is_as_configured, setup, teardown),
	    cmocka_unit_test_setup_teardown(session_has_what_the_peer_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_comes_before_pppd_listens_waits_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		reorder_wait_of_zero_puts_nothing_in_order, setup, teardown),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
