/* test_log.c: what of the daemon's words comes into a log file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/keeper_log.h"
#include "daemon/log.h"

struct fixture {
	char path[64];
	struct config config;
};

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	*state = fixture;
	snprintf(fixture->path, sizeof(fixture->path), "/tmp/pptpeer-test-XXXXXX");
	config_defaults(&fixture->config);
	snprintf(fixture->config.name, sizeof(fixture->config.name), "office");
	fixture->config.log_target = LOG_TO_FILE;
	close(mkstemp(fixture->path));
	snprintf(fixture->config.log_path, sizeof(fixture->config.log_path), "%s", fixture->path);
	return log_open(&fixture->config) ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	log_close();
	unlink(fixture->path);
	free(fixture);
	return 0;
}

/* The lines without their time and process. */
static void
assert_logged(const struct fixture *fixture, const char *expected)
{
	char line[512], text[2048] = "";
	FILE *file = fopen(fixture->path, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *words = strstr(line, "] ");

		assert_non_null(words);
		strncat(text, words + 2, sizeof(text) - strlen(text) - 1);
	}
	fclose(file);
	assert_string_equal(text, expected);
}

static void
a_warning_says_so_once(void **state)
{
	keeper_log_note(0, "warning: pppd reads a file");
	keeper_log_note(0, "warnings are rare");
	assert_logged(
	    *state, "warning office: pppd reads a file\nnotice office: warnings are rare\n");
}

static void
a_target_that_cannot_be_had_leaves_the_old_one(void **state)
{
	struct config other = ((struct fixture *)*state)->config;

	snprintf(other.log_path, sizeof(other.log_path), "/nonexistent/log");
	assert_false(log_open(&other));
	log_write(LOG_LEVEL_ERROR, "not reloaded");
	assert_logged(*state, "error office: not reloaded\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_warning_says_so_once),
	    TEST(a_target_that_cannot_be_had_leaves_the_old_one),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
