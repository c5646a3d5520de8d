/* test_state.c: state.json is written whatever a file or a server is called, and read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/state.h"

struct room {
	char dir[64];
	int fd;
	struct config config;
	struct history history;
};

static int
setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (room == NULL)
		return -1;
	*state = room;
	snprintf(room->dir, sizeof(room->dir), "/tmp/pptpeer-state-XXXXXX");
	if (mkdtemp(room->dir) == NULL)
		return -1;
	room->fd = open(room->dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	config_defaults(&room->config);
	snprintf(room->config.name, sizeof(room->config.name), "office");
	snprintf(room->config.path, sizeof(room->config.path), "/etc/pptpeer/office.conf");
	return room->fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct room *room = *state;

	unlinkat(room->fd, STATE_FILE, 0);
	close(room->fd);
	rmdir(room->dir);
	free(room);
	return 0;
}

static json_t *
written(struct room *room)
{
	int rc = state_write(room->fd, &room->config, "running", 1700000000, &room->history), fd;
	json_t *json;

	assert_int_equal(rc, 0);
	fd = openat(room->fd, STATE_FILE, O_RDONLY | O_CLOEXEC);
	json = json_loadfd(fd, 0, NULL);
	close(fd);
	assert_non_null(json);
	return json;
}

static const char *
text_at(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "(none)";
}

static void
the_last_end_is_read_again(void **state)
{
	struct room *room = *state;
	struct last_end *end = &room->history.last_end, again;

	json_decref(written(room));
	state_last_end(room->fd, &again);
	assert_false(again.known);
	end->known = true;
	end->when = 1699999999;
	end->duration_s = 61;
	reason_set(&end->reason, 201, "No answer from h\xc3\xb6rst.");
	json_decref(written(room));
	state_last_end(room->fd, &again);
	assert_true(again.known);
	assert_int_equal(again.when, 1699999999);
	assert_int_equal(again.duration_s, 61);
	assert_int_equal(again.reason.ecode, 201);
	assert_int_equal(again.reason.exit_code, end->reason.exit_code);
	assert_string_equal(again.reason.what, "No answer from h\xc3\xb6rst.");
	assert_string_equal(again.reason.next, end->reason.next);
}

/* JSON takes UTF-8 only; a path is any octets, and a reason may name one. */
static void
paths_and_reasons_in_any_octets_are_escaped(void **state)
{
	struct room *room = *state;
	struct last_end *end = &room->history.last_end;
	json_t *json;

	snprintf(room->config.path, sizeof(room->config.path), "/etc/b\xfc/office.conf");
	snprintf(room->config.log_path, sizeof(room->config.log_path), "/var/log/b\xfc.log");
	room->config.log_target = LOG_TO_FILE;
	end->known = true;
	reason_set(&end->reason, 109, "/etc/b\xfc.secret: No such file.");
	snprintf(end->reason.next, sizeof(end->reason.next), "look at /etc/b\xfc.secret");
	json = written(room);
	assert_string_equal(text_at(json, "config"), "/etc/b\\xfc/office.conf");
	assert_string_equal(text_at(json_object_get(json, "log"), "path"), "/var/log/b\\xfc.log");
	const json_t *last = json_object_get(json, "last_end");
	assert_string_equal(text_at(last, "text"), "/etc/b\\xfc.secret: No such file.");
	assert_string_equal(text_at(last, "next"), "look at /etc/b\\xfc.secret");
	json_decref(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_last_end_is_read_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		paths_and_reasons_in_any_octets_are_escaped, setup, teardown),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
