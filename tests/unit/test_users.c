/* test_users.c: the users file, and what the plugin is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/users.h"

struct room {
	char path[64];
	struct users users;
	struct config_diags diags;
	char said[4096];
};

static int
setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	int fd;

	if (room == NULL)
		return -1;
	snprintf(room->path, sizeof(room->path), "/tmp/pptpeer-users-XXXXXX");
	fd = mkstemp(room->path);
	if (fd >= 0)
		close(fd);
	*state = room;
	return fd >= 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	struct room *room = *state;

	users_free(&room->users);
	remove(room->path);
	free(room);
	return 0;
}

static bool
load(struct room *room, const char *text, size_t len)
{
	FILE *file = fopen(room->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	users_free(&room->users);
	memset(&room->diags, 0, sizeof(room->diags));
	return users_load(room->path, &room->users, &room->diags);
}

/* All that was said, "LINE: text", without the file's name. */
static const char *
said(struct room *room)
{
	room->said[0] = '\0';
	for (unsigned i = 0; i < room->diags.count; i++)
		snprintf(room->said + strlen(room->said), sizeof(room->said) - strlen(room->said),
		    "%s%u: %s", i == 0 ? "" : "\n", room->diags.diag[i].line,
		    room->diags.diag[i].text);
	return room->said;
}

#define ALICE "{ name = \"alice\"; password = \"wonder land\"; address = \"10.99.0.20\"; }"

static void
users_are_found_by_the_name_that_a_caller_says(void **state)
{
	static const char text[] = "# callers\n"
				   "users: (\n" ALICE ",\n"
				   "{ name = \"CORP\\\\carol\"; password = \"one\"; },\n"
				   "{ name = \"carol\"; password = \"two\"; } );\n";
	struct room *room = *state;
	const struct user *alice;
	char longest[300];

	if (!load(room, text, strlen(text)))
		fail_msg("%s", said(room));
	assert_int_equal(room->users.count, 3);
	alice = users_find(&room->users, "alice");
	assert_non_null(alice);
	assert_string_equal(alice->secret, "wonder land");
	assert_int_equal(alice->address.s_addr, inet_addr("10.99.0.20"));
	assert_int_equal(alice->line, 3);
	assert_ptr_equal(users_find(&room->users, "HOME\\alice"), alice);
	assert_string_equal(users_find(&room->users, "CORP\\carol")->secret, "one");
	assert_string_equal(users_find(&room->users, "HOME\\carol")->secret, "two");
	assert_string_equal(users_find(&room->users, "carol")->secret, "two");
	assert_null(users_find(&room->users, "Alice"));
	assert_null(users_find(&room->users, "alic"));
	assert_null(users_find(&room->users, "alice\\"));
	assert_null(users_find(&room->users, ""));
	memset(longest, 'a', sizeof(longest));
	longest[299] = '\0';
	assert_null(users_find(&room->users, longest));
}

static const struct {
	const char *text, *said;
} wrong[] = {
    {"", "1: There is no list of users: users: ( { name = \"...\"; password = \"...\"; }, ... );"},
    {"users = 3;\n",
	"1: There is no list of users: users: ( { name = \"...\"; password = \"...\"; }, ... );"},
    {"users: (\n \"alice\" );\n", "2: A user is a group, { name = \"...\"; password = \"...\"; }."},
    {"users: ( );\nmore = 1;\n", "2: A users file has users, and nothing else."},
    {"users: (\n { name = \"a\"; } );\n", "2: The password of this user is missing."},
    {"users: (\n { password = \"a\"; } );\n", "2: The name of this user is missing."},
    {"users: ( { name = \"a\";\n password = \"\"; } );\n",
	"2: Password takes a text in quotes of 1 to 255 octets."},
    {"users: ( { name = \"a\";\n password = 1234; } );\n",
	"2: Password takes a text in quotes of 1 to 255 octets."},
    {"users: ( {\n name = \"C\\rP\"; password = \"x\"; } );\n",
	"2: The name has a control character (a backslash that was not escaped?)."},
    {"users: ( { name = \"a\"; password = \"x\";\n address = \"10.0.0\"; } );\n",
	"2: The address is no IPv4 address."},
    {"users: ( { name = \"a\"; password = \"x\";\n group = \"y\"; } );\n",
	"2: A user has name, password and address, and nothing else."},
    {"users: ( { name = \"a\"; password = \"x\"; },\n { name = \"a\"; password = \"y\"; } );\n",
	"2: \"a\" is there twice, first in line 1."},
    {"users: ( { name = \"a\"; password = \"x\"; address = \"10.0.0.1\"; },\n"
     "{ name = \"b\"; password = \"x\"; address = \"10.0.0.1\"; } );\n",
	"2: The address of \"b\" is that of \"a\", in line 1."},
    {"users: (\n { name = \"a; password = \"x\"; } );\n",
	"3: Syntax error: is a quote, a bracket or a ';' missing here or before?"},
    {"users: (\n);\n  @include \"/etc/shadow\"\n", "3: A users file includes no other."},
};

static void
each_fault_is_told_with_its_line(void **state)
{
	static const char nul[] = "users: ( );\0 { }";
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (load(room, wrong[i].text, strlen(wrong[i].text)))
			fail_msg("\"%s\" is taken", wrong[i].text);
		assert_string_equal(said(room), wrong[i].said);
		assert_int_equal(room->users.count, 0);
		assert_null(room->users.user);
	}
	assert_false(load(room, nul, sizeof(nul)));
	assert_string_equal(said(room), "0: It has a NUL octet; this is no text.");
}

static void
a_file_that_others_can_read_is_refused(void **state)
{
	static const char text[] = "users: ( " ALICE " );\n";
	struct room *room = *state;

	assert_true(load(room, text, strlen(text)));
	assert_int_equal(chmod(room->path, 0640), 0);
	assert_false(load(room, text, strlen(text)));
	assert_string_equal(said(room),
	    "0: Others can read or change it (mode 0640): chmod 600 it, and think of its passwords "
	    "as known.");
	assert_int_equal(chmod(room->path, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(room->path, 65534, 0), 0);
		assert_false(load(room, text, strlen(text)));
		assert_string_equal(said(room), "0: It belongs to the user number 65534, who can "
						"read and change it: chown root it.");
	}
	assert_int_equal(remove(room->path), 0);
	memset(&room->diags, 0, sizeof(room->diags));
	assert_false(users_load(room->path, &room->users, &room->diags));
	assert_string_equal(said(room), "0: No such file or directory.");
}

static void
a_configuration_names_its_callers(void **state)
{
	static const char text[] = "users: ( " ALICE ", { name = \"b\"; password = \"x\"; } );\n";
	struct room *room = *state;
	struct config *config = calloc(1, sizeof(*config));
	struct users users;
	struct reason reason;
	FILE *file;

	assert_non_null(config);
	config_defaults(config);
	assert_true(users_of_config(config, &users, &reason)); /* who dials has none */
	assert_int_equal(users.count, 0);
	config->role = ROLE_LISTEN;
	assert_true(load(room, text, strlen(text)));
	snprintf(config->users_file, sizeof(config->users_file), "%s", room->path);
	config->peers.count = 1;
	snprintf(config->peers.peer[0].user, sizeof(config->peers.peer[0].user), "b");
	config->peers.peer[0].address.s_addr = inet_addr("172.31.255.2");
	assert_true(users_of_config(config, &users, &reason));
	assert_int_equal(users.count, 2);
	assert_int_equal(users_find(&users, "b")->address.s_addr, inet_addr("172.31.255.2"));
	users_free(&users);
	assert_null(users.user);

	assert_false(load(room, "users", 5));
	assert_false(users_of_config(config, &users, &reason));
	assert_int_equal(reason.exit_code, EXIT_CONFIG);
	assert_non_null(strstr(reason.what, ":1: Syntax error"));
	config->secrets = SECRETS_RADIUS; /* then that file is nobody's */
	assert_true(users_of_config(config, &users, &reason));
	assert_int_equal(users.count, 0);

	/* The one peer of a site-to-site tunnel. */
	config->role = ROLE_AUTO;
	file = fopen(room->path, "w");
	assert_non_null(file);
	assert_true(fputs("of hq\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	snprintf(config->answer_user, sizeof(config->answer_user), "hq");
	config->answer_password_from = SECRET_FILE;
	snprintf(
	    config->answer_password_path, sizeof(config->answer_password_path), "%s", room->path);
	assert_true(users_of_config(config, &users, &reason));
	assert_int_equal(users.count, 1);
	assert_string_equal(users_find(&users, "SITE\\hq")->secret, "of hq");
	users_free(&users);
	free(config);
}

/* The keeper waits for nobody, and no nonsense is taken for a question. */
static void
the_plugins_questions_are_answered(void **state)
{
	static const char text[] = "users: ( " ALICE " );\n";
	struct room *room = *state;
	struct verify_ask ask = {.version = REPORT_VERSION}, asked;
	struct verify_answer answer;
	int pair[2];

	assert_true(load(room, text, strlen(text)));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(users_asked(pair[0], &asked), 0);
	snprintf(ask.name, sizeof(ask.name), "HOME\\alice");
	assert_int_equal(send(pair[1], &ask, sizeof(ask), 0), sizeof(ask));
	assert_int_equal(users_asked(pair[0], &asked), 1);
	assert_string_equal(asked.name, "HOME\\alice");
	assert_int_equal(users_answer(pair[0], users_find(&room->users, asked.name),
			     room->users.user[0].address),
	    0);
	assert_int_equal(recv(pair[1], &answer, sizeof(answer), 0), sizeof(answer));
	assert_int_equal(answer.version, REPORT_VERSION);
	assert_int_equal(answer.found, 1);
	assert_int_equal(answer.address, inet_addr("10.99.0.20"));
	assert_int_equal(answer.secret_len, strlen("wonder land"));
	assert_memory_equal(answer.secret, "wonder land", answer.secret_len);

	assert_int_equal(users_answer(pair[0], NULL, (struct in_addr){INADDR_ANY}), 0);
	assert_int_equal(recv(pair[1], &answer, sizeof(answer), 0), sizeof(answer));
	assert_int_equal(answer.found, 0);
	assert_int_equal(answer.secret_len, 0);

	/* A name without its end is cut at what there is room for. */
	memset(ask.name, 'a', sizeof(ask.name));
	assert_int_equal(send(pair[1], &ask, sizeof(ask), 0), sizeof(ask));
	assert_int_equal(users_asked(pair[0], &asked), 1);
	assert_int_equal(strlen(asked.name), VERIFY_NAME_MAX);
	ask.version++;
	assert_int_equal(send(pair[1], &ask, sizeof(ask), 0), sizeof(ask));
	assert_int_equal(users_asked(pair[0], &asked), -1);
	assert_int_equal(send(pair[1], &ask, 5, 0), 5);
	assert_int_equal(users_asked(pair[0], &asked), -1);
	close(pair[1]);
	assert_int_equal(users_asked(pair[0], &asked), -1);
	assert_int_equal(users_answer(pair[0], NULL, (struct in_addr){INADDR_ANY}), -1);
	close(pair[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(users_are_found_by_the_name_that_a_caller_says),
	    TEST(each_fault_is_told_with_its_line),
	    TEST(a_file_that_others_can_read_is_refused),
	    TEST(a_configuration_names_its_callers),
	    TEST(the_plugins_questions_are_answered),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
