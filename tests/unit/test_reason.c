/*
 * The one reason of an ending: E-codes and exit codes of interface.md 6 and 8, and how pppd's
 * exit status, its plugin's reports and the control connection's end lead to them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config_keys.h"
#include "daemon/peer_int.h"
#include "tool/tool.h"

#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define EXITED(status)   ((status) << 8) /* as waitpid() says it */
#define SIGNALLED(signo) (signo)

/* A tunnel on its way: dialled by name, MPPE required, the call up and GRE seen. */
struct fixture {
	struct config config;
	struct peer peer;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	config_defaults(&f->config);
	strcpy(f->config.servers[0], "vpn.example.com");
	strcpy(f->config.user, "bob");
	strcpy(f->config.domain, "CORP");
	f->peer.config = &f->config;
	f->peer.echo_wait = f->config.control_echo_wait; /* as peer_new() has it */
	f->peer.address_count = 1;
	inet_pton(AF_INET, "198.51.100.7", &f->peer.addresses[0]);
	f->peer.stage = STAGE_GRE;
	f->peer.control_up = f->peer.call_up = true;
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
expect(const struct reason *reason, unsigned ecode, int exit_code, const char *words)
{
	if (strstr(reason->what, words) == NULL)
		fail_msg("\"%s\" has no \"%s\"", reason->what, words);
	assert_int_equal(reason->ecode, ecode);
	assert_int_equal(reason->exit_code, exit_code);
}

static void
every_code_has_its_exit_code(void **state)
{
	static const struct {
		unsigned ecode;
		int exit_code;
	} codes[] = {{0, 0}, {1, 1}, {101, 5}, {102, 5}, {103, 5}, {104, 4}, {105, 3}, {106, 1},
	    {107, 1}, {111, 19}, {112, 17}, {113, 5}, {114, 1}, {115, 5}, {201, 7}, {202, 7},
	    {203, 8}, {204, 8}, {205, 9}, {206, 8}, {207, 6}, {208, 8}, {209, 9}, {210, 16},
	    {211, 16}, {301, 10}, {302, 10}, {303, 10}, {304, 10}, {401, 12}, {402, 12}, {403, 13},
	    {501, 14}, {502, 5}, {503, 14}, {504, 14}, {601, 15}, {602, 15}, {603, 11}, {604, 16},
	    {605, 11}, {606, 15}, {607, 15}, {608, 15}, {701, 3}, {703, 18}};
	struct reason reason;

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		reason_set(&reason, codes[i].ecode, "x");
		assert_int_equal(reason.ecode, codes[i].ecode);
		assert_int_equal(reason.exit_code, codes[i].exit_code);
		assert_false(reason_is_none(&reason));
	}
	reason_set(&reason, 999, "x"); /* a code without a row */
	assert_int_equal(reason.exit_code, EXIT_INTERNAL);
}

static void
named_flag_exists(const char *flag)
{
	const struct option_row *row = connect_options;

	while (row->id != 0 && strcmp(row->name, flag) != 0)
		row++;
	if (row->id == 0 && strncmp(flag, "cap-add", 7) != 0 && strcmp(flag, "device") != 0)
		fail_msg("there is no --%s", flag);
}

/* "pptpeer VERB", "--FLAG" of connect, "SECTION.KEY" of a file: each is there. */
static void
advice_names_only_what_exists(void **state)
{
	struct reason reason;

	(void)state;
	for (unsigned ecode = 0; ecode < 1000; ecode++) {
		const char *last = "";
		char *word, *rest;

		reason_set(&reason, ecode, "x");
		for (word = strtok_r(reason.next, " ,;:()\"=", &rest); word != NULL;
		     word = strtok_r(NULL, " ,;:()\"=", &rest)) {
			if (strcmp(last, "pptpeer") == 0 && strcmp(word, "against") != 0 &&
			    strcmp(word, "...") != 0 && verb_find(word) == NULL)
				fail_msg("E%03u: there is no verb %s", ecode, word);
			if (strncmp(word, "--", 2) == 0)
				named_flag_exists(word + 2);
			else if (strchr(word, '.') != NULL && word[0] != '.' &&
				 config_key_find(word) < 0)
				fail_msg("E%03u: there is no setting %s", ecode, word);
			last = word;
		}
	}
}

/* A tunnel from a file has no flags to give: each that is named has its setting beside it. */
static void
a_flag_is_named_with_its_setting(void **state)
{
	static const unsigned ecodes[] = {106, 108, 501, 504, 603};
	struct reason reason;

	(void)state;
	for (size_t i = 0; i < COUNT(ecodes); i++) {
		reason_set(&reason, ecodes[i], "x");
		if (strchr(reason.next, '.') == NULL)
			fail_msg("E%03u: %s", ecodes[i], reason.next);
	}
}

/* interface.md 6: "pppd's status maps so". */
static void
pppd_status_maps_to_an_exit_code(void **state)
{
	static const struct {
		int status, exit_up, exit_before;
		unsigned ecode;
	} rows[] = {{0, 16, 11, 604}, {1, 1, 1, 106}, {2, 3, 3, 105}, {3, 4, 4, 104},
	    {4, 5, 5, 101}, {5, 16, 11, 604}, {6, 1, 1, 106}, {7, 1, 1, 106}, {8, 1, 1, 106},
	    {9, 1, 1, 106}, {10, 11, 11, 603}, {11, 13, 13, 403}, {12, 0, 0, 0}, {13, 0, 0, 0},
	    {14, 0, 0, 0}, {15, 15, 15, 602}, {16, 16, 11, 604}, {17, 11, 11, 605}, {18, 1, 1, 106},
	    {19, 11, 11, 603}, {20, 0, 0, 0}, {21, 13, 13, 403}, {22, 1, 1, 106}, {127, 1, 1, 106}};
	struct fixture *f = *state;
	struct reason reason;

	for (size_t i = 0; i < COUNT(rows); i++) {
		f->peer.stage = STAGE_UP;
		reason_pppd(&reason, &f->peer, EXITED(rows[i].status), 0);
		expect(&reason, rows[i].ecode, rows[i].exit_up, "");
		f->peer.stage = STAGE_LCP;
		reason_pppd(&reason, &f->peer, EXITED(rows[i].status), 0);
		expect(&reason, rows[i].ecode, rows[i].exit_before, "");
	}
}

/* A server that is silent about them is dialled again; one that has refused them is not. */
static void
only_a_refusal_is_a_refused_password(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	f->peer.line.ppp.auth_agreed = REPORT_AUTH_PAP;
	strcpy(f->peer.line.ppp.log[0], "No response to PAP authenticate-requests");
	f->peer.line.ppp.log_count = 1;
	for (int stage = STAGE_LCP; stage <= STAGE_UP; stage++) {
		f->peer.stage = (enum stage)stage;
		f->peer.line.ppp.auth_failed = false;
		reason_pppd(&reason, &f->peer, EXITED(19), 0);
		expect(&reason, 603, EXIT_PPP, "(PAP). pppd said: No response to PAP");
		f->peer.line.ppp.auth_failed = true;
		reason_pppd(&reason, &f->peer, EXITED(19), 0);
		expect(&reason, 401, EXIT_AUTH, "refused");
	}
}

static void
pppd_killed_by_a_signal_is_told(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	reason_pppd(&reason, &f->peer, SIGNALLED(SIGKILL), 0);
	expect(&reason, 106, EXIT_INTERNAL, "signal 9");
}

static void
pppd_last_words_are_quoted(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	strcpy(f->peer.line.ppp.log[0], "In file /etc/ppp/options: unrecognized option 'mppe'");
	f->peer.line.ppp.log_count = 1;
	reason_pppd(&reason, &f->peer, EXITED(2), 0);
	expect(&reason, 105, EXIT_CONFIG, "/etc/ppp/options: unrecognized option 'mppe'");
	strcpy(f->peer.line.ppp.log[0], "Plugin x.so is for pppd version 2.5.2, this is 2.4.9");
	strcpy(f->peer.line.ppp.log[1], "and something else");
	f->peer.line.ppp.log_count = 2;
	reason_pppd(&reason, &f->peer, EXITED(2), 0);
	expect(&reason, 103, EXIT_SYSTEM, "is for pppd version 2.5.2, this is 2.4.9");
}

static void
a_refused_password_is_told_with_its_number(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	f->peer.line.ppp.auth = REPORT_AUTH_MSCHAPV2;
	f->peer.line.ppp.auth_error = 691;
	reason_auth(&reason, &f->peer);
	expect(&reason, 401, EXIT_AUTH, "CORP\\bob (MS-CHAP error 691");
	f->peer.line.ppp.auth_error = 4711; /* none of the RFC's */
	reason_auth(&reason, &f->peer);
	expect(&reason, 401, EXIT_AUTH, "(MS-CHAP error 4711)");
	f->peer.line.ppp.auth_error = 0;
	f->peer.line.ppp.auth = REPORT_AUTH_PAP;
	strcpy(f->peer.line.ppp.auth_text, "Login incorrect");
	reason_auth(&reason, &f->peer);
	expect(&reason, 401, EXIT_AUTH, "(PAP: \"Login incorrect\")");
}

static void
a_method_that_we_refuse_is_named_with_the_way_to_accept_it(void **state)
{
	static const struct {
		uint32_t asked;
		const char *what, *next;
	} rows[] = {
	    {REPORT_AUTH_EAP, "asks for EAP; this tunnel accepts only mschap-v2",
		"--accept mschap-v2,eap"},
	    {REPORT_AUTH_PAP, "asks for PAP", "--accept mschap-v2,pap --mppe off"},
	    {REPORT_AUTH_CHAP, "asks for CHAP", "--accept mschap-v2,chap --mppe off"},
	    {REPORT_AUTH_MSCHAP, "asks for MS-CHAP;", "--accept mschap-v2,mschap"},
	};
	struct fixture *f = *state;
	struct reason reason;

	f->peer.line.ppp.auth_asked = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f->peer.line.ppp.asked = rows[i].asked;
		reason_pppd(&reason, &f->peer, EXITED(10), 0);
		expect(&reason, 402, EXIT_AUTH, rows[i].what);
		assert_non_null(strstr(reason.next, rows[i].next));
	}
	/* A pppd there opens LCP all the same, and our MPPE then has no keys. */
	f->peer.line.ppp.lcp_up = true;
	f->peer.line.ppp.ccp_why = REPORT_CCP_NO_KEYS;
	reason_pppd(&reason, &f->peer, EXITED(10), 0);
	expect(&reason, 402, EXIT_AUTH, "asks for MS-CHAP;");
	/* It asked again for one that we have. */
	f->peer.line.ppp.auth_agreed = REPORT_AUTH_MSCHAPV2;
	reason_pppd(&reason, &f->peer, EXITED(10), 0);
	expect(&reason, 501, EXIT_ENCRYPTION, "no keys");
	f->peer.line.ppp.auth_agreed = REPORT_AUTH_NONE;
	f->peer.line.ppp.asked = REPORT_AUTH_OTHER;
	f->peer.line.ppp.asked_protocol = 0xc227;
	reason_pppd(&reason, &f->peer, EXITED(10), 0);
	expect(&reason, 402, EXIT_AUTH, "0xc227");
}

static void
missing_encryption_is_told_by_its_cause(void **state)
{
	static const struct {
		uint32_t why;
		unsigned ecode;
		int exit_code;
		const char *words;
	} rows[] = {
	    {REPORT_CCP_NO_KERNEL, 502, EXIT_SYSTEM, "no MPPE"},
	    {REPORT_CCP_NO_KEYS, 501, EXIT_ENCRYPTION, "no keys"},
	    {REPORT_CCP_REJECTED, 501, EXIT_ENCRYPTION, "rejected MPPE"},
	    {REPORT_CCP_OTHER_KIND, 501, EXIT_ENCRYPTION, "offers only 40 bit"},
	    {REPORT_CCP_ENDED, 501, EXIT_ENCRYPTION, "ended it"},
	    {REPORT_CCP_UNKNOWN, 501, EXIT_ENCRYPTION, "did not agree"},
	};
	struct fixture *f = *state;
	struct reason reason;

	f->peer.stage = STAGE_AUTH;
	f->peer.line.ppp.ccp_bits = 40;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f->peer.line.ppp.ccp_why = rows[i].why;
		reason_pppd(&reason, &f->peer, EXITED(10), 0);
		expect(&reason, rows[i].ecode, rows[i].exit_code, rows[i].words);
	}
	f->config.mppe = MPPE_OFF; /* then it is no reason */
	reason_pppd(&reason, &f->peer, EXITED(10), 0);
	expect(&reason, 603, EXIT_PPP, "");
	f->peer.line.ppp.lcp_ended = true;
	strcpy(f->peer.line.ppp.lcp_text, "MPPE required but not available");
	reason_pppd(&reason, &f->peer, EXITED(16), 0);
	expect(&reason, 504, EXIT_ENCRYPTION, "demands encryption");
}

/* pppd 2.4.9 ends with 16, "Modem hangup", when the peer fell silent. */
static void
the_status_that_the_plugin_reports_goes_before_pppds(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	f->peer.stage = STAGE_UP;
	f->peer.line.ppp.exit_reported = true;
	f->peer.line.ppp.exit_status = 15;
	reason_pppd(&reason, &f->peer, EXITED(16), 0);
	expect(&reason, 602, EXIT_DEAD_PEER, "LCP Echo-Requests");
}

static void
a_link_that_is_dead_one_way_only_is_told_apart(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	f->peer.stage = STAGE_UP;
	f->config.lcp_echo = 20;
	f->config.lcp_echo_failure = 3;
	reason_pppd(&reason, &f->peer, EXITED(15), 0);
	expect(
	    &reason, 602, EXIT_DEAD_PEER, "3 LCP Echo-Requests, one each 20 s, were not answered.");
	f->peer.line.ppp.echo_spared = 1;
	reason_pppd(&reason, &f->peer, EXITED(15), 0);
	expect(
	    &reason, 602, EXIT_DEAD_PEER, "4 LCP Echo-Requests, one each 20 s, were not answered.");
	f->peer.line.ppp.echo_spared = 6;
	reason_pppd(&reason, &f->peer, EXITED(15), 0);
	expect(&reason, 602, EXIT_DEAD_PEER,
	    "9 LCP Echo-Requests, one each 20 s, were not answered, though packets came from the "
	    "server");
	assert_non_null(strstr(reason.next, "go to the server"));
}

/* With a TAP only somebody else on this host can cut it. */
static void
a_link_that_was_cut_names_the_tap(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	f->peer.stage = STAGE_UP;
	reason_pppd(&reason, &f->peer, EXITED(16), 0);
	expect(&reason, 604, EXIT_PEER_HANGUP, "");
	strcpy(f->peer.line.tap_name, "pptap7");
	reason_pppd(&reason, &f->peer, EXITED(16), 0);
	expect(&reason, 114, EXIT_INTERNAL, "pptap7");
	reason_pppd(&reason, &f->peer, EXITED(5), 0);
	expect(&reason, 604, EXIT_PEER_HANGUP, "somebody else on this host");
	f->peer.line.ppp.lcp_ended = true;
	reason_pppd(&reason, &f->peer, EXITED(16), 0);
	expect(&reason, 604, EXIT_PEER_HANGUP, "LCP Terminate-Request");
}

/* pptpd closes TCP when its pppd has hung up: then PPP knows why, if it was not we who ended it. */
static void
behind_the_end_of_tcp_is_what_ppp_reported(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	f->peer.stage = STAGE_LCP;
	f->peer.line.ppp.lcp_up = true;
	assert_false(reason_behind(&reason, &f->peer));
	f->peer.line.ppp.ccp_why = REPORT_CCP_UNKNOWN; /* pppd was told to end before CCP */
	assert_false(reason_behind(&reason, &f->peer));
	f->peer.line.ppp.ccp_why = REPORT_CCP_REJECTED;
	assert_true(reason_behind(&reason, &f->peer));
	expect(&reason, 501, EXIT_ENCRYPTION, "rejected MPPE");
	f->peer.line.ppp.auth_failed = true;
	f->peer.line.ppp.auth = REPORT_AUTH_MSCHAPV2;
	f->peer.line.ppp.auth_error = 691;
	assert_true(reason_behind(&reason, &f->peer));
	expect(&reason, 401, EXIT_AUTH, "691");
}

static void
a_ppp_that_never_comes_up_is_told(void **state)
{
	struct fixture *f = *state;
	struct reason reason;

	reason_ppp_timeout(&reason, &f->peer, 90);
	expect(&reason, 603, EXIT_PPP, "in 90 s; it had reached \"gre\"");
	f->peer.stage = STAGE_AUTH;
	f->peer.line.ppp.auth_ok = true;
	reason_ppp_timeout(&reason, &f->peer, 90);
	expect(&reason, 501, EXIT_ENCRYPTION, "did not answer about MPPE");
	f->peer.line.ppp.ccp_up = true;
	reason_ppp_timeout(&reason, &f->peer, 90);
	expect(&reason, 603, EXIT_PPP, "reached \"auth\"");
}

static void
rfc2_2_and_2_8_every_refusal_is_told_in_words(void **state)
{
	struct fixture *f = *state;
	struct pptp_event event = {.type = PPTP_EV_CTRL_DOWN, .cause = PPTP_CAUSE_START_REFUSED};
	struct reason reason;

	for (event.code = 2; event.code <= 5; event.code++) {
		reason_ctrl(&reason, &f->peer, &event, 0);
		expect(&reason, 203, EXIT_CONTROL, pptp_sccrp_result_name(event.code));
		assert_non_null(strstr(reason.what, "vpn.example.com (198.51.100.7)"));
	}
	event.cause = PPTP_CAUSE_CALL_REFUSED;
	for (event.code = 2; event.code <= 7; event.code++) {
		reason_ctrl(&reason, &f->peer, &event, 0);
		expect(&reason, 205, EXIT_CALL, pptp_ocrp_result_name(event.code));
	}
	event.code = 2;
	event.error_code = PPTP_ERROR_NO_RESOURCE;
	event.cause_code = 34;
	reason_ctrl(&reason, &f->peer, &event, 0);
	expect(&reason, 205, EXIT_CALL, pptp_general_error_name(PPTP_ERROR_NO_RESOURCE));
	expect(&reason, 205, EXIT_CALL, "cause code 34");
}

/* Its pppd has asked in vain as long as we have. */
static void
d7_a_server_that_gives_up_for_want_of_gre_is_told_as_that(void **state)
{
	struct fixture *f = *state;
	struct pptp_event event = {
	    .type = PPTP_EV_CALL_DOWN, .cause = PPTP_CAUSE_PEER_DISCONNECT, .code = 1};
	const uint64_t notice = f->config.gre_notice * PPTP_SEC;
	struct engine engine = {.base = event_base_new()};
	struct reason reason;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	f->peer.sniff = sniff_new(&engine, pair[0]);
	assert_non_null(f->peer.sniff);
	f->peer.phase = PEER_PPP;
	f->peer.stage = STAGE_CALL;
	assert_false(reason_ctrl(&reason, &f->peer, &event, notice - 1));
	expect(&reason, 210, EXIT_CALL, "ended the call");
	assert_true(reason_ctrl(&reason, &f->peer, &event, notice));
	expect(&reason, 301, EXIT_GRE, "no GRE packet has come");
	expect(&reason, 301, EXIT_GRE,
	    "Then vpn.example.com (198.51.100.7) ended the call: Call-Disconnect-Notify");
	event.cause = PPTP_CAUSE_ECHO_TIMEOUT; /* it is gone: that is another matter */
	assert_false(reason_ctrl(&reason, &f->peer, &event, notice));
	expect(&reason, 601, EXIT_CONTROL, "Echo-Request");
	event.cause = PPTP_CAUSE_PEER_CLEAR;
	f->peer.stage = STAGE_GRE;
	assert_false(reason_ctrl(&reason, &f->peer, &event, notice));
	sniff_free(f->peer.sniff);
	event_base_free(engine.base);
	close(pair[1]);
}

static void
an_end_by_the_peer_has_another_code_before_and_after_up(void **state)
{
	struct fixture *f = *state;
	struct pptp_event event = {
	    .type = PPTP_EV_CTRL_DOWN, .cause = PPTP_CAUSE_PEER_STOP, .code = 3};
	struct reason reason;

	reason_ctrl(&reason, &f->peer, &event, 0);
	expect(&reason, 204, EXIT_CONTROL, pptp_stop_reason_name(3));
	f->peer.stage = STAGE_UP;
	reason_ctrl(&reason, &f->peer, &event, 0);
	expect(&reason, 204, EXIT_PEER_HANGUP, pptp_stop_reason_name(3));
	event.cause = PPTP_CAUSE_PEER_DISCONNECT;
	event.code = 1;
	reason_ctrl(&reason, &f->peer, &event, 0);
	expect(&reason, 210, EXIT_PEER_HANGUP, pptp_cdn_result_name(1));
	f->peer.stage = STAGE_CALL;
	reason_ctrl(&reason, &f->peer, &event, 0);
	expect(&reason, 210, EXIT_CALL, pptp_cdn_result_name(1));
	event.cause = PPTP_CAUSE_ECHO_TIMEOUT;
	event.code = 2; /* live GRE extended it twice: 60 s and twice 60 s more (design D13) */
	f->peer.stage = STAGE_UP;
	reason_ctrl(&reason, &f->peer, &event, 0);
	expect(&reason, 601, EXIT_DEAD_PEER, "180 s");
}

static void
tcp_failures_are_told_apart(void **state)
{
	static const struct {
		int error;
		unsigned ecode;
		const char *words;
	} rows[] = {
	    {ETIMEDOUT, 201, "No answer"},
	    {ECONNREFUSED, 202, "refuses TCP 1723"},
	    {EHOSTUNREACH, 202, "cannot be reached"},
	    {ENETUNREACH, 202, "cannot be reached"},
	    {EPERM, 202, "This host"},
	};
	struct fixture *f = *state;
	struct reason reason;

	for (size_t i = 0; i < COUNT(rows); i++) {
		reason_tcp(&reason, &f->peer, rows[i].error);
		expect(&reason, rows[i].ecode, EXIT_TCP, rows[i].words);
	}
	reason_lookup(&reason, &f->peer, EAI_NONAME);
	expect(&reason, 207, EXIT_LOOKUP, "vpn.example.com");
}

/* That there was no TAP, and a pty in its place, is not why pppd could not be started. */
static void
a_data_path_is_blamed_only_where_it_was_demanded(void **state)
{
	static const struct {
		enum data_path path;
		unsigned ecode;
		int exit_code;
		const char *words;
	} rows[] = {
	    {PATH_TAP, 113, EXIT_SYSTEM, "\"tap\" cannot be had: /dev/net/tun: "},
	    {PATH_PTY, 107, EXIT_INTERNAL, "fork: "},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ipc_msg msg;
		int fds[IPC_MAX_FDS] = {-1, -1, -1};

		ipc_init(&msg, IPC_PPPD_STARTED);
		msg.u.pppd.path = rows[i].path;
		msg.u.pppd.error = rows[i].path == PATH_TAP ? ENOENT : EAGAIN;
		strcpy(msg.u.pppd.what, "fork");
		strcpy(msg.u.pppd.why, "/dev/net/tun: No such file or directory");
		f->peer.phase = PEER_PPP;
		memset(&f->peer.reason, 0, sizeof(f->peer.reason));
		peer_pppd_started(&f->peer, &msg, fds);
		expect(&f->peer.reason, rows[i].ecode, rows[i].exit_code, rows[i].words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_code_has_its_exit_code),
	    cmocka_unit_test(advice_names_only_what_exists),
	    cmocka_unit_test(a_flag_is_named_with_its_setting),
	    cmocka_unit_test_setup_teardown(pppd_status_maps_to_an_exit_code, setup, teardown),
	    cmocka_unit_test_setup_teardown(only_a_refusal_is_a_refused_password, setup, teardown),
	    cmocka_unit_test_setup_teardown(pppd_killed_by_a_signal_is_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(pppd_last_words_are_quoted, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_refused_password_is_told_with_its_number, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_method_that_we_refuse_is_named_with_the_way_to_accept_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		missing_encryption_is_told_by_its_cause, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_status_that_the_plugin_reports_goes_before_pppds, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_link_that_is_dead_one_way_only_is_told_apart, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_link_that_was_cut_names_the_tap, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		behind_the_end_of_tcp_is_what_ppp_reported, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_ppp_that_never_comes_up_is_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		rfc2_2_and_2_8_every_refusal_is_told_in_words, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_end_by_the_peer_has_another_code_before_and_after_up, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		d7_a_server_that_gives_up_for_want_of_gre_is_told_as_that, setup, teardown),
	    cmocka_unit_test_setup_teardown(tcp_failures_are_told_apart, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_data_path_is_blamed_only_where_it_was_demanded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
