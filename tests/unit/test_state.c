/* test_state.c: state.json: what one run says of itself, the next one reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/state.h"

struct fixture {
	char dir[64];
	int dir_fd;
	struct config config;
};

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	*state = fixture;
	config_defaults(&fixture->config);
	snprintf(fixture->config.name, sizeof(fixture->config.name), "office");
	snprintf(fixture->config.path, sizeof(fixture->config.path), "/etc/pptpeer/office.conf");
	snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/pptpeer-test-XXXXXX");
	if (mkdtemp(fixture->dir) == NULL)
		return -1;
	fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fixture->dir_fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	unlinkat(fixture->dir_fd, STATE_FILE, 0);
	close(fixture->dir_fd);
	rmdir(fixture->dir);
	free(fixture);
	return 0;
}

static const char *
text_at(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "(none)";
}

static void
an_end_is_read_as_it_was_written(void **state)
{
	struct fixture *fixture = *state;
	struct history history = {
	    .last_end = {.known = true, .when = 1700000000, .duration_s = 61}};
	struct last_end end;

	reason_set(&history.last_end.reason, 601, "The tunnel went dead.");
	reason_next(&history.last_end.reason, "look at the line");
	assert_int_equal(
	    state_write(fixture->dir_fd, (gid_t)-1, &fixture->config, "failed", 9, &history), 0);
	state_last_end(fixture->dir_fd, &end);
	assert_true(end.known);
	assert_int_equal(end.when, 1700000000);
	assert_int_equal(end.duration_s, 61);
	assert_int_equal(end.reason.ecode, 601);
	assert_int_equal(end.reason.exit_code, EXIT_DEAD_PEER);
	assert_string_equal(end.reason.what, "The tunnel went dead.");
	assert_string_equal(end.reason.next, "look at the line");
}

/* Its last words are of an end before that; the supervisor starts another one at once. */
static void
one_that_was_killed_is_the_last_end_of_the_next(void **state)
{
	struct fixture *fixture = *state;
	struct history history = {
	    .last_end = {.known = true, .when = 1700000000, .duration_s = 61}};
	struct last_end end;
	char words[64];
	json_t *json;

	reason_set(&history.last_end.reason, 601, "The tunnel went dead.");
	assert_int_equal(
	    state_write(fixture->dir_fd, (gid_t)-1, &fixture->config, "running", 9, &history), 0);
	for (int run = 0; run < 2; run++) {
		state_last_end(fixture->dir_fd, &end);
		snprintf(words, sizeof(words), "pptpeerd (pid %d) was killed.", (int)getpid());
		assert_string_equal(end.reason.what, words);
		assert_int_equal(end.reason.exit_code, EXIT_INTERNAL);
		json = last_end_json(&end);
		assert_true(json_is_null(json_object_get(json, "when")));
		assert_true(json_is_null(json_object_get(json, "duration_s")));
		json_decref(json);
		history.last_end = end;
		/* What is not known stays so in the file. */
		assert_int_equal(state_write(fixture->dir_fd, (gid_t)-1, &fixture->config,
				     "stopped", 9, &history),
		    0);
	}
}

/* JSON takes UTF-8 only; a path is any octets, and a reason may name one. */
static void
paths_and_reasons_in_any_octets_are_escaped(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = &fixture->config;
	struct history history = {.last_end = {.known = true}};
	const json_t *last;
	json_t *json;
	int fd;

	snprintf(config->path, sizeof(config->path), "/etc/b\xfc/office.conf");
	snprintf(config->log_path, sizeof(config->log_path), "/var/log/b\xfc.log");
	config->log_target = LOG_TO_FILE;
	reason_set(&history.last_end.reason, 109, "/etc/b\xfc.secret: No such file.");
	reason_next(&history.last_end.reason, "look at /etc/b\xfc.secret");
	assert_int_equal(
	    state_write(fixture->dir_fd, (gid_t)-1, config, "running", 9, &history), 0);
	fd = openat(fixture->dir_fd, STATE_FILE, O_RDONLY | O_CLOEXEC);
	json = json_loadfd(fd, 0, NULL);
	close(fd);
	assert_string_equal(text_at(json, "config"), "/etc/b\\xfc/office.conf");
	assert_string_equal(text_at(json_object_get(json, "log"), "path"), "/var/log/b\\xfc.log");
	last = json_object_get(json, "last_end");
	assert_string_equal(text_at(last, "text"), "/etc/b\\xfc.secret: No such file.");
	assert_string_equal(text_at(last, "next"), "look at /etc/b\\xfc.secret");
	json_decref(json);
}

static void
without_a_file_nothing_is_known(void **state)
{
	struct fixture *fixture = *state;
	struct last_end end = {.known = true};

	state_last_end(fixture->dir_fd, &end);
	assert_false(end.known);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_end_is_read_as_it_was_written),
	    TEST(one_that_was_killed_is_the_last_end_of_the_next),
	    TEST(paths_and_reasons_in_any_octets_are_escaped),
	    TEST(without_a_file_nothing_is_known),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
