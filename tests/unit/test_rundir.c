/* test_rundir.c: the folder of a tunnel that runs: whose it is, and that nothing of it stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/rundir.h"

static char base[64];

static int
setup(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/pptpeer-test-XXXXXX");
	return mkdtemp(base) == NULL || chdir(base) != 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	return rmdir(base);
}

static void
init(struct config *config, const char *run_dir)
{
	config_defaults(config);
	snprintf(config->name, sizeof(config->name), "office");
	snprintf(config->run_dir, sizeof(config->run_dir), "%s", run_dir);
}

/* Whoever else is asked for groups may take its time, or has no network yet: of those nothing is even loaded. */
static void
its_group_is_looked_for_in_a_file(void **state)
{
	struct rundir rundir;
	struct config config;
	struct reason reason;
	char line[512];
	FILE *maps;

	(void)state;
	init(&config, "run");
	assert_true(rundir_open(&rundir, &config, &reason));
	rundir_close(&rundir);
	assert_int_equal(rmdir("run"), 0);
	maps = fopen("/proc/self/maps", "re");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		assert_null(strstr(line, "libnss_"));
	fclose(maps);
}

/* As of a daemon that went into the background. */
static void
a_relative_one_is_removed_from_anywhere(void **state)
{
	struct rundir rundir, second;
	struct config config;
	struct reason reason;

	(void)state;
	init(&config, "run");
	assert_true(rundir_open(&rundir, &config, &reason));
	assert_false(rundir_open(&second, &config, &reason));
	assert_int_equal(reason.ecode, 111);
	assert_int_equal(access("run/office/control.sock", F_OK), 0);
	assert_int_equal(chdir("/"), 0);
	rundir_close(&rundir);
	assert_int_equal(chdir(base), 0);
	assert_int_not_equal(access("run/office", F_OK), 0);
	assert_int_equal(rmdir("run"), 0);
}

static void
what_else_is_in_it_stays(void **state)
{
	struct rundir rundir;
	struct config config;
	struct reason reason;
	char path[128];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/run", base);
	init(&config, path);
	assert_true(rundir_open(&rundir, &config, &reason));
	file = fopen("run/office/state.json", "w");
	assert_non_null(file);
	fclose(file);
	rundir_close(&rundir);
	assert_int_equal(unlink("run/office/state.json"), 0);
	assert_int_equal(rmdir("run/office"), 0); /* nothing but that was left */
	assert_int_equal(rmdir("run"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(its_group_is_looked_for_in_a_file),
	    TEST(a_relative_one_is_removed_from_anywhere),
	    TEST(what_else_is_in_it_stays),
	};

	return cmocka_run_group_tests_name("rundir", tests, NULL, NULL);
}
