/*
 * test_explain.c: `pptpeer explain` knows every code that the programs can end with, says of pppd's
 * what they make of it, and finds codes in the lines of logs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <glob.h>
#include <stdlib.h>

#include "capture.h"
#include "daemon/mschap.h"
#include "daemon/peer_int.h"
#include "tool/explain.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *
read_source(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text;
	long size;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_int_equal(fseek(file, 0, SEEK_SET), 0);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, file), size);
	fclose(file);
	return text;
}

/* Each number in an expression is an E-code with its entry. */
static size_t
assert_known(const char *path, const char *expression, size_t len)
{
	size_t found = 0;

	for (size_t i = 0; i < len; i++) {
		struct meaning meaning;
		char *end;
		unsigned code;

		if (!isdigit((unsigned char)expression[i]) ||
		    (i > 0 &&
			(isalnum((unsigned char)expression[i - 1]) || expression[i - 1] == '_')))
			continue;
		code = (unsigned)strtoul(expression + i, &end, 10);
		i = (size_t)(end - expression);
		found++;
		if (code != 0 && !explain_number(FAMILY_ECODE, code, &meaning))
			fail_msg("%s: nothing explains E%03u", path, code);
	}
	return found;
}

/* The codes behind each `mark`, up to what ends the expression. */
static size_t
assert_all_known(const char *path, const char *text, const char *mark, bool second, char end)
{
	size_t found = 0;

	for (const char *at = strstr(text, mark); at != NULL; at = strstr(at + 1, mark)) {
		const char *from = at + strlen(mark), *to;

		if (second) {
			from = strchr(from, ',');
			assert_non_null(from);
			from++;
		} else if (!isdigit((unsigned char)*from))
			continue; /* it comes from another place that is looked at */
		to = strchr(from, end);
		assert_non_null(to);
		found += assert_known(path, from, (size_t)(to - from));
	}
	return found;
}

static void
every_code_in_the_sources_is_explained(void **state)
{
	static const char *const patterns[] = {TOP_SRCDIR "/daemon/*.c", TOP_SRCDIR "/tool/*.c"};
	size_t found = 0;
	glob_t files;

	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		assert_int_equal(glob(patterns[i], i > 0 ? GLOB_APPEND : 0, NULL, &files), 0);
	}
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *path = files.gl_pathv[i];
		char *text = read_source(path);

		found += assert_all_known(path, text, "reason_set(", true, ',');
		found += assert_all_known(path, text, "ecode = ", false, ';');
		if (strstr(path, "/routes.c") != NULL)
			found += assert_all_known(path, text, "return ", false, ';');
		free(text);
	}
	globfree(&files);
	assert_true(found > 70); /* or the sources are written in another way, and this is blind */
}

static void
every_code_has_all_its_words(void **state)
{
	size_t count;
	const struct reason_row *rows = reason_rows(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct meaning meaning;

		if (rows[i].ecode == 0)
			continue;
		assert_true(explain_number(FAMILY_ECODE, rows[i].ecode, &meaning));
		assert_non_null(exit_row(meaning.exit_code));
		if (meaning.name[0] == '\0' || meaning.what[0] == '\0' || meaning.causes == NULL ||
		    meaning.next[0] == '\0')
			fail_msg("E%03u: a name, a meaning, causes, what to do", rows[i].ecode);
		/* Two of a name would be one thing. */
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rows[i].name, rows[j].name);
	}
}

static void
every_exit_code_is_explained(void **state)
{
	struct meaning meaning;

	(void)state;
	for (unsigned code = EXIT_OK; code <= EXIT_NO_DAEMON; code++) {
		assert_true(explain_number(FAMILY_EXIT, code, &meaning));
		assert_int_equal(meaning.exit_code, code);
		assert_true(meaning.name[0] != '\0' && meaning.what[0] != '\0');
	}
	assert_false(explain_number(FAMILY_EXIT, EXIT_NO_DAEMON + 1, &meaning));
}

static void
assert_maps(const char *maps, const struct reason *reason, unsigned status)
{
	char code[16], exits[2][32];

	snprintf(code, sizeof(code), "E%03u", reason->ecode);
	snprintf(exits[0], sizeof(exits[0]), "exit code %d", reason->exit_code);
	snprintf(exits[1], sizeof(exits[1]), reason->exit_code == EXIT_PPP ? "11 before" : "%d",
	    reason->exit_code);
	if (reason->ecode != 0 && strstr(maps, code) == NULL)
		fail_msg("pppd's %u is %s, and not \"%s\"", status, code, maps);
	if (strstr(maps, exits[0]) == NULL && strstr(maps, exits[1]) == NULL &&
	    strstr(maps, "E603 (11)") == NULL)
		fail_msg("pppd's %u is %s, and not \"%s\"", status, exits[0], maps);
}

/* interface.md 6, as the daemon does it. */
static void
pppd_statuses_are_explained_as_they_are_mapped(void **state)
{
	struct config *config = calloc(1, sizeof(*config));
	struct peer *peer = calloc(1, sizeof(*peer));
	struct meaning meaning;
	struct reason reason;

	(void)state;
	assert_non_null(config);
	assert_non_null(peer);
	config_defaults(config);
	peer->config = config;
	peer->control_up = peer->call_up = true;
	for (unsigned status = 0; status <= 21; status++) {
		assert_true(explain_number(FAMILY_PPPD, status, &meaning));
		peer->stage = STAGE_UP;
		reason_pppd(&reason, peer, (int)status << 8, 0);
		assert_maps(meaning.maps, &reason, status);
		peer->stage = STAGE_LCP;
		reason_pppd(&reason, peer, (int)status << 8, 0);
		assert_maps(meaning.maps, &reason, status);
	}
	assert_false(explain_number(FAMILY_PPPD, 22, &meaning));
	free(peer);
	free(config);
}

/* The library has names for exactly these. */
static void
every_number_of_the_rfcs_is_explained(void **state)
{
	static const struct {
		enum family family;
		const char *(*name)(unsigned code);
	} rows[] = {{FAMILY_START, pptp_sccrp_result_name}, {FAMILY_STOP, pptp_stop_reason_name},
	    {FAMILY_REPLY, pptp_stop_result_name}, {FAMILY_OUTGOING, pptp_ocrp_result_name},
	    {FAMILY_INCOMING, pptp_icrp_result_name}, {FAMILY_DISCONNECT, pptp_cdn_result_name},
	    {FAMILY_GENERAL, pptp_general_error_name}};
	struct meaning meaning;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned found = 0;

		for (unsigned code = 0; code <= 256; code++) {
			bool has = strcmp(rows[i].name(code), "unknown") != 0;

			assert_int_equal(explain_number(rows[i].family, code, &meaning), has);
			if (!has)
				continue;
			assert_string_equal(meaning.name, rows[i].name(code));
			found++;
		}
		assert_true(found >= 2);
	}
	for (unsigned code = 0; code < 1000; code++)
		assert_int_equal(
		    explain_number(FAMILY_MSCHAP, code, &meaning), mschap_error_text(code) != NULL);
}

/* What `text` has in it: "e-code 301", "line E301", in their order. */
static void
assert_finds(const char *text, const char *wanted)
{
	struct explanation *found = calloc(1, sizeof(*found));
	char list[1024] = "";

	assert_non_null(found);
	explain_text(text, found);
	for (size_t i = 0; i < found->count; i++) {
		const struct meaning *meaning = &found->meaning[i];
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s %u", i > 0 ? ", " : "",
		    explain_family_kind(meaning->family),
		    meaning->family == FAMILY_LINE ? meaning->ecode : meaning->number);
	}
	free(found);
	if (strcmp(list, wanted) != 0)
		fail_msg("\"%s\"\n has:   %s\n wanted: %s", text, list, wanted);
}

static void
a_code_is_understood_in_its_forms(void **state)
{
	static const char *const rows[][2] = {{"E301", "e-code 301"}, {"e301", "e-code 301"},
	    {" 301 ", "e-code 301"}, {"exit 12", "exit 12"}, {"exit code 12", "exit 12"},
	    {"exit status 12", "exit 12"}, {"pppd 19", "pppd 19"},
	    {"pppd's exit status 16", "pppd 16"}, {"ms-chap 691", "ms-chap 691"},
	    {"MSCHAPv2 error 691", "ms-chap 691"}, {"691", "ms-chap 691"},
	    {"Error 691", "ms-chap 691"}, {"12", "exit 12, pppd 12"},
	    {"0", "exit 0, pppd 0, general-error 0, cause 0"},
	    {"result 4", "start-result 4, outgoing-result 4, disconnect-result 4"},
	    {"Outgoing-Call-Reply result 4", "outgoing-result 4"},
	    {"192.0.2.1 refused the incoming call: result 3 (do not accept).", "incoming-result 3"},
	    {"general error 4", "general-error 4"}, {"reason 3", "stop-reason 3"},
	    {"cause code 17", "cause 17"},
	    {"3", "exit 3, pppd 3, start-result 3, stop-reason 3, outgoing-result 3, "
		  "incoming-result 3, "
		  "disconnect-result 3, general-error 3, cause 3"},
	    {"", ""}, {"E999", ""}, {"exit 21", ""}, {"pppd 22", ""}, {"E3010", ""},
	    {"12345678901234567890", ""}, {"4711", ""}, {"nothing", ""}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_finds(rows[i][0], rows[i][1]);
}

static void
a_line_of_a_log_is_understood(void **state)
{
	static const char *const rows[][2] = {
	    {"2026-11-25T06:41:59+0000 pptpeerd[9] error office: E204 192.0.2.1 closed the control "
	     "connection: Stop-Control-Connection-Request, reason 3 (local shutdown).",
		"e-code 204, stop-reason 3"},
	    {"E205 192.0.2.1 refused the call: result 2 (general error), general error 4 (no "
	     "resource), cause code 34.",
		"e-code 205, outgoing-result 2, general-error 4, cause 34"},
	    {"E203 192.0.2.1 refused the control connection: result 4 (not authorized).",
		"e-code 203, start-result 4"},
	    {"E210 192.0.2.1 ended the call: Call-Disconnect-Notify, result 3 (administrative "
	     "shutdown).",
		"e-code 210, disconnect-result 3"},
	    {"E401 The server refused the user name or password for CORP\\bob (MS-CHAP error 691, "
	     "the user ...).",
		"e-code 401, ms-chap 691"},
	    {"E604 pppd's link was cut, and the server had not ended it (pppd's status 16). It "
	     "said: Modem hangup",
		"e-code 604, pppd 16, line 0"},
	    {"systemd[1]: pptpeer@office.service: Main process exited, code=exited, status=12/n/a",
		"exit 12"},
	    {"pppd[77]: MS-CHAP authentication failed: E=691 R=1 C=1 V=3 M=bad password",
		"ms-chap 691, line 401"},
	    {"pppd[77]: LCP: timeout sending Config-Requests", "line 301"},
	    {"Modem hangup", "line 0"},
	    {"Protocol-Reject for 'Compression Control Protocol' (0x80fd) received",
		"line 501, line 0"},
	    {"MPPE required but peer negotiation failed", "line 501"},
	    {"LCP terminated by peer (MPPE required but not available)", "line 604, line 504"},
	    {"Couldn't open the /dev/ppp device: Operation not permitted", "line 101"},
	    {"anon log[ctrlp_error:pptp_ctrl.c:201]: Result code is 4 'Busy'. Error code is 0, "
	     "Cause code is 17",
		"start-result 4, outgoing-result 4, disconnect-result 4, general-error 0, cause "
		"17"},
	    {"anon warn[decaps_gre:pptp_gre.c:331]: short read (-1): Protocol not available",
		"line 301"},
	    {"Our outgoing call request [callid 0] has not been accepted.", "line 205"},
	    {"Call manager exited with error 256", "line 0"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_finds(rows[i][0], rows[i][1]);
}

static void
the_lines_are_written_so_that_they_are_found(void **state)
{
	struct meaning meaning;

	(void)state;
	for (const struct known_line *line = known_lines; line->words != NULL; line++) {
		struct explanation *found = calloc(1, sizeof(*found));

		assert_non_null(found);
		explain_text(line->words, found);
		if (found->count == 0)
			fail_msg("\"%s\" is not found: is it in lower case?", line->words);
		if (line->ecode != 0 && !explain_number(FAMILY_ECODE, line->ecode, &meaning))
			fail_msg("\"%s\" names E%03u", line->words, line->ecode);
		free(found);
	}
}

static void
assert_says(const char *words, int code, const char *wanted)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	assert_non_null(capture);
	capture_tool(capture, words);
	assert_int_equal(capture->code, code);
	if (strstr(code == EXIT_OK ? capture->out : capture->err, wanted) == NULL)
		fail_msg("\"%s\" has no \"%s\":\n%s%s", words, wanted, capture->out, capture->err);
	free(capture);
}

static void
the_verb_says_meaning_causes_and_advice(void **state)
{
	(void)state;
	assert_says("explain E301", EXIT_OK, "E301: no-gre\n  The call is open");
	assert_says(
	    "explain E301", EXIT_OK, "  Usual causes:\n    - a router without PPTP pass-through\n");
	assert_says("explain E301", EXIT_OK, "  Next: allow \"protocol 47");
	assert_says("explain E301", EXIT_OK, "  Exit code 10 (gre), dialled again.\n");
	assert_says("explain E204", EXIT_OK,
	    "  Exit code 8 (control); 16 once the tunnel was up, dialled again.\n");
	assert_says("explain E401", EXIT_OK, "  Exit code 12 (auth), not dialled again.\n");
	assert_says("explain exit 12", EXIT_OK, "pptpeer's exit code 12: auth\n");
	assert_says("explain pppd 19", EXIT_OK,
	    "  pptpeer makes of it: E401: exit code 12 where the server refused; else E603: exit "
	    "code 11.\n");
	assert_says("explain Modem hangup", EXIT_OK, "A line of pppd\n");
	assert_says("explain LCP: timeout sending Config-Requests", EXIT_OK,
	    "  pptpeer's own code for it: E301.\n");
	assert_says("explain --json E301", EXIT_OK, "\"causes\": [");
}

static void
what_is_unknown_is_said_with_what_is_understood(void **state)
{
	(void)state;
	assert_says("explain", EXIT_USAGE, "which one?");
	assert_says("explain exit 42", EXIT_USAGE, "pptpeer's exit code 42");
	assert_says("explain exit 42", EXIT_USAGE, "  pppd 19 ");
	assert_says("explain E999", EXIT_USAGE, "pptpeer's E-code 999");
	assert_says(
	    "explain \033[31mcaf\xe9", EXIT_USAGE, "nothing is known of \"\\x1b[31mcaf\\xe9\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_code_in_the_sources_is_explained),
	    cmocka_unit_test(every_code_has_all_its_words),
	    cmocka_unit_test(every_exit_code_is_explained),
	    cmocka_unit_test(pppd_statuses_are_explained_as_they_are_mapped),
	    cmocka_unit_test(every_number_of_the_rfcs_is_explained),
	    cmocka_unit_test(a_code_is_understood_in_its_forms),
	    cmocka_unit_test(a_line_of_a_log_is_understood),
	    cmocka_unit_test(the_lines_are_written_so_that_they_are_found),
	    cmocka_unit_test(the_verb_says_meaning_causes_and_advice),
	    cmocka_unit_test(what_is_unknown_is_said_with_what_is_understood),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
