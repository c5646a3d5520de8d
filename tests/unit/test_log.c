/* test_log.c: what of the daemon's words comes into a log file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/keeper_log.h"
#include "daemon/log.h"
#include "daemon/sdlib.h"

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

/* ------------------------------------------------------------------------------ the journal */

/* In the place of daemon/sdlib.c: the fields of all records, a line each, but for MESSAGE. */
static char journal[2048];

const char *
sdlib_missing(void)
{
	return NULL;
}

void
sdlib_notify(const char *state)
{
	(void)state;
}

uint64_t
sdlib_watchdog_us(void)
{
	return 0;
}

void
sdlib_journal(const struct iovec *field, int count)
{
	for (int i = 0; i < count; i++) {
		size_t used = strlen(journal);

		if (strncmp(field[i].iov_base, "MESSAGE=", 8) != 0)
			snprintf(journal + used, sizeof(journal) - used, "%.*s%c",
			    (int)field[i].iov_len, (const char *)field[i].iov_base,
			    i == count - 1 ? '\n' : ' ');
	}
}

static void
into_journal(void **state, const char *server)
{
	struct config config = ((struct fixture *)*state)->config;

	config.log_target = LOG_TO_JOURNAL;
	assert_true(log_open(&config));
	log_server(server);
	journal[0] = '\0';
}

#define OFFICE "SYSLOG_IDENTIFIER=pptpeerd PPTPEER_NAME=office"

static void
the_journal_has_the_reason_in_fields(void **state)
{
	struct reason reason;

	into_journal(state, "vpn.example.com");
	reason_set(&reason, 401, "The server refused it.");
	keeper_log_ended(&reason);
	assert_string_equal(journal,
	    "PRIORITY=3 " OFFICE " PPTPEER_EVENT=ended PPTPEER_SERVER=vpn.example.com "
	    "PPTPEER_CODE=E401 PPTPEER_EXIT=12 PPTPEER_BY=peer\n"
	    "PRIORITY=3 " OFFICE "\n"); /* "Next: ..." is of the same end: no second one */
	journal[0] = '\0';
	reason_set(&reason, 204, "The server stopped.");
	reason.exit_code = EXIT_PEER_HANGUP; /* not the table's, but this end's */
	keeper_log_waiting(&reason, 1000, 1, ROLE_DIAL);
	assert_string_equal(journal,
	    "PRIORITY=4 " OFFICE " PPTPEER_EVENT=waiting PPTPEER_SERVER=vpn.example.com "
	    "PPTPEER_CODE=E204 PPTPEER_EXIT=16 PPTPEER_BY=peer\n");
	journal[0] = '\0';
	reason_set(&reason, 0, "Hung up in order.");
	keeper_log_ended(&reason);
	assert_string_equal(journal,
	    "PRIORITY=5 " OFFICE " PPTPEER_EVENT=ended PPTPEER_SERVER=vpn.example.com "
	    "PPTPEER_EXIT=0 PPTPEER_BY=user\n");
}

static void
the_journal_has_stages_and_notes_in_fields(void **state)
{
	into_journal(state, "");
	keeper_log_stage(STAGE_UP, "ppp0");
	keeper_log_note(0, "E301 No GRE has come.");
	keeper_log_note(0, "warning: odd");
	keeper_log_note(0, "E30 and Everything");
	assert_string_equal(journal, "PRIORITY=5 " OFFICE " PPTPEER_EVENT=stage PPTPEER_STAGE=up\n"
				     "PRIORITY=5 " OFFICE " PPTPEER_EVENT=note PPTPEER_CODE=E301\n"
				     "PRIORITY=4 " OFFICE " PPTPEER_EVENT=note\n"
				     "PRIORITY=5 " OFFICE " PPTPEER_EVENT=note\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_warning_says_so_once),
	    TEST(the_journal_has_the_reason_in_fields),
	    TEST(the_journal_has_stages_and_notes_in_fields),
	    TEST(a_target_that_cannot_be_had_leaves_the_old_one),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
