/*
 * The numbers of proto.h against the lists of RFC 2637, copied here from its text by
 * hand.
 */
#include "util.h"

struct listed {
	unsigned rfc; /* the number that the RFC prints */
	unsigned ours;
	const char *words; /* of the RFC, or the start of our own for it */
	const char *named; /* what we call the number */
};

static void
check(const struct listed *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].ours, list[i].rfc);
		assert_string_equal(list[i].named, list[i].words);
	}
}

static void
rfc1_4_control_messages(void **state)
{
	static const struct {
		const char *name;
		unsigned rfc, ours, octets;
	} list[] = {
	    {"Start-Control-Connection-Request", 1, PPTP_SCCRQ, 156},
	    {"Start-Control-Connection-Reply", 2, PPTP_SCCRP, 156},
	    {"Stop-Control-Connection-Request", 3, PPTP_STOP_REQUEST, 16},
	    {"Stop-Control-Connection-Reply", 4, PPTP_STOP_REPLY, 16},
	    {"Echo-Request", 5, PPTP_ECHO_REQUEST, 16},
	    {"Echo-Reply", 6, PPTP_ECHO_REPLY, 20},
	    {"Outgoing-Call-Request", 7, PPTP_OCRQ, 168},
	    {"Outgoing-Call-Reply", 8, PPTP_OCRP, 32},
	    {"Incoming-Call-Request", 9, PPTP_ICRQ, 220},
	    {"Incoming-Call-Reply", 10, PPTP_ICRP, 24},
	    {"Incoming-Call-Connected", 11, PPTP_ICCN, 28},
	    {"Call-Clear-Request", 12, PPTP_CCR, 16},
	    {"Call-Disconnect-Notify", 13, PPTP_CDN, 148},
	    {"WAN-Error-Notify", 14, PPTP_WEN, 40},
	    {"Set-Link-Info", 15, PPTP_SLI, 24},
	};

	(void)state;
	assert_int_equal(COUNT(list), PPTP_MSG_TYPES);
	for (size_t i = 0; i < COUNT(list); i++) {
		assert_int_equal(list[i].ours, list[i].rfc);
		assert_string_equal(pptp_msg_name(list[i].rfc), list[i].name);
		assert_int_equal(pptp_msg_size(list[i].rfc), list[i].octets);
		assert_true(list[i].octets <= PPTP_MAX_MSG_LEN);
	}
	assert_string_equal(pptp_msg_name(0), "unknown");
	assert_string_equal(pptp_msg_name(16), "unknown");
	assert_string_equal(pptp_msg_summary_name(UINT32_MAX), "unknown");
	assert_int_equal(pptp_msg_size(0), 0);
	assert_int_equal(pptp_msg_size(16), 0);
}

static void
q241252_summary_names(void **state)
{
	static const char *const words[] = {NULL, "Start Session Request", "Start Session Reply",
	    "Stop Session Request", "Stop Session Reply", "Echo Request", "Echo Reply",
	    "Outgoing Call Request", "Outgoing Call Reply", "Incoming Call Request",
	    "Incoming Call Reply", "Incoming Call Connected", "Clear Call Request",
	    "Call Disconnected Notify", "WAN Error Notify", "Set Link Info"};

	(void)state;
	for (unsigned type = 1; type <= PPTP_MSG_TYPES; type++)
		assert_string_equal(pptp_msg_summary_name(type), words[type]);
}

static void
rfc1_4_constants(void **state)
{
	(void)state;
	assert_int_equal(PPTP_PORT, 1723);
	assert_int_equal(PPTP_MAGIC_COOKIE, 0x1A2B3C4D);
	assert_int_equal(PPTP_MESSAGE_CONTROL, 1);
	assert_int_equal(PPTP_MESSAGE_MANAGEMENT, 2);
	assert_int_equal(PPTP_PROTOCOL_VERSION, 0x0100);
	assert_int_equal(PPTP_GRE_MTU, 1532);
	assert_int_equal(PPTP_GRE_PROTOCOL, 0x880B);
}

static void
rfc2_1_and_2_7_framing_and_bearer(void **state)
{
	(void)state;
	assert_int_equal(PPTP_FRAMING_ASYNC, 1);
	assert_int_equal(PPTP_FRAMING_SYNC, 2);
	assert_int_equal(PPTP_FRAMING_EITHER, 3);
	assert_int_equal(PPTP_BEARER_ANALOG, 1);
	assert_int_equal(PPTP_BEARER_DIGITAL, 2);
	assert_int_equal(PPTP_BEARER_ANY, 3);
}

static void
rfc2_2_start_results(void **state)
{
	const struct listed list[] = {
	    {1, PPTP_SCCRP_OK, "successful", pptp_sccrp_result_name(1)},
	    {2, PPTP_SCCRP_GENERAL_ERROR, "general error", pptp_sccrp_result_name(2)},
	    {3, PPTP_SCCRP_EXISTS, "control connection exists already", pptp_sccrp_result_name(3)},
	    {4, PPTP_SCCRP_NOT_AUTHORIZED, "not authorized", pptp_sccrp_result_name(4)},
	    {5, PPTP_SCCRP_VERSION, "protocol version not supported", pptp_sccrp_result_name(5)},
	};

	(void)state;
	check(list, COUNT(list));
}

static void
rfc2_3_and_2_4_stop(void **state)
{
	const struct listed list[] = {
	    {1, PPTP_STOP_NONE, "general request", pptp_stop_reason_name(1)},
	    {2, PPTP_STOP_PROTOCOL, "protocol version not supported", pptp_stop_reason_name(2)},
	    {3, PPTP_STOP_LOCAL_SHUTDOWN, "local shutdown", pptp_stop_reason_name(3)},
	    {1, PPTP_STOP_OK, "OK", pptp_stop_result_name(1)},
	    {2, PPTP_STOP_GENERAL_ERROR, "general error", pptp_stop_result_name(2)},
	};

	(void)state;
	check(list, COUNT(list));
}

static void
rfc2_8_outgoing_call_results(void **state)
{
	const struct listed list[] = {
	    {1, PPTP_OCRP_CONNECTED, "connected", pptp_ocrp_result_name(1)},
	    {2, PPTP_OCRP_GENERAL_ERROR, "general error", pptp_ocrp_result_name(2)},
	    {3, PPTP_OCRP_NO_CARRIER, "no carrier", pptp_ocrp_result_name(3)},
	    {4, PPTP_OCRP_BUSY, "busy", pptp_ocrp_result_name(4)},
	    {5, PPTP_OCRP_NO_DIAL_TONE, "no dial tone", pptp_ocrp_result_name(5)},
	    {6, PPTP_OCRP_TIME_OUT, "time-out", pptp_ocrp_result_name(6)},
	    {7, PPTP_OCRP_DO_NOT_ACCEPT, "do not accept", pptp_ocrp_result_name(7)},
	};

	(void)state;
	check(list, COUNT(list));
}

static void
rfc2_10_and_2_13_call_results(void **state)
{
	const struct listed list[] = {
	    {1, PPTP_ICRP_CONNECT, "connect", pptp_icrp_result_name(1)},
	    {2, PPTP_ICRP_GENERAL_ERROR, "general error", pptp_icrp_result_name(2)},
	    {3, PPTP_ICRP_DO_NOT_ACCEPT, "do not accept", pptp_icrp_result_name(3)},
	    {1, PPTP_CDN_LOST_CARRIER, "lost carrier", pptp_cdn_result_name(1)},
	    {2, PPTP_CDN_GENERAL_ERROR, "general error", pptp_cdn_result_name(2)},
	    {3, PPTP_CDN_ADMIN_SHUTDOWN, "administrative shutdown", pptp_cdn_result_name(3)},
	    {4, PPTP_CDN_REQUEST, "request", pptp_cdn_result_name(4)},
	};

	(void)state;
	check(list, COUNT(list));
}

static void
rfc2_16_general_errors(void **state)
{
	const struct listed list[] = {
	    {0, PPTP_ERROR_NONE, "none", pptp_general_error_name(0)},
	    {1, PPTP_ERROR_NOT_CONNECTED, "not connected", pptp_general_error_name(1)},
	    {2, PPTP_ERROR_BAD_FORMAT, "bad format", pptp_general_error_name(2)},
	    {3, PPTP_ERROR_BAD_VALUE, "bad value", pptp_general_error_name(3)},
	    {4, PPTP_ERROR_NO_RESOURCE, "no resource", pptp_general_error_name(4)},
	    {5, PPTP_ERROR_BAD_CALL_ID, "bad Call ID", pptp_general_error_name(5)},
	    {6, PPTP_ERROR_PAC_ERROR, "PAC error", pptp_general_error_name(6)},
	};

	(void)state;
	check(list, COUNT(list));
}

static void
unlisted_codes_are_unknown(void **state)
{
	static const unsigned beyond[] = {8, 9, 255, 65535, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT(beyond); i++) {
		assert_string_equal(pptp_sccrp_result_name(beyond[i]), "unknown");
		assert_string_equal(pptp_stop_reason_name(beyond[i]), "unknown");
		assert_string_equal(pptp_stop_result_name(beyond[i]), "unknown");
		assert_string_equal(pptp_ocrp_result_name(beyond[i]), "unknown");
		assert_string_equal(pptp_icrp_result_name(beyond[i]), "unknown");
		assert_string_equal(pptp_cdn_result_name(beyond[i]), "unknown");
		assert_string_equal(pptp_general_error_name(beyond[i]), "unknown");
	}
	assert_string_equal(pptp_sccrp_result_name(0), "unknown");
	assert_string_equal(pptp_sccrp_result_name(6), "unknown");
	assert_string_equal(pptp_stop_reason_name(0), "unknown");
	assert_string_equal(pptp_stop_reason_name(4), "unknown");
	assert_string_equal(pptp_stop_result_name(3), "unknown");
	assert_string_equal(pptp_ocrp_result_name(0), "unknown");
	assert_string_equal(pptp_icrp_result_name(4), "unknown");
	assert_string_equal(pptp_cdn_result_name(5), "unknown");
	assert_string_equal(pptp_general_error_name(7), "unknown");
}

static void
rfc2_16_each_error_has_its_general_error(void **state)
{
	(void)state;
	assert_int_equal(pptp_err_general(PPTP_OK), PPTP_ERROR_NONE);
	assert_int_equal(pptp_err_general(PPTP_ERR_STATE), PPTP_ERROR_NOT_CONNECTED);
	assert_int_equal(pptp_err_general(PPTP_ERR_LENGTH), PPTP_ERROR_BAD_FORMAT);
	assert_int_equal(pptp_err_general(PPTP_ERR_COOKIE), PPTP_ERROR_BAD_FORMAT);
	assert_int_equal(pptp_err_general(PPTP_ERR_FORMAT), PPTP_ERROR_BAD_FORMAT);
	assert_int_equal(pptp_err_general(PPTP_ERR_INVAL), PPTP_ERROR_BAD_VALUE);
	assert_int_equal(pptp_err_general(PPTP_ERR_NOMEM), PPTP_ERROR_NO_RESOURCE);
	assert_int_equal(pptp_err_general(PPTP_ERR_CALL_ID), PPTP_ERROR_BAD_CALL_ID);
	assert_int_equal(pptp_err_general(-12345), PPTP_ERROR_NONE);
}

static void
every_error_and_cause_has_words_of_its_own(void **state)
{
	static const int errors[] = {PPTP_OK, PPTP_ERR_AGAIN, PPTP_ERR_STATE, PPTP_ERR_INVAL,
	    PPTP_ERR_CALL_ID, PPTP_ERR_SPACE, PPTP_ERR_DISCARD, PPTP_ERR_NOMEM, PPTP_ERR_COOKIE,
	    PPTP_ERR_LENGTH, PPTP_ERR_FORMAT, PPTP_ERR_FLOOD};

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		assert_string_not_equal(pptp_strerror(errors[i]), "unknown error");
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(pptp_strerror(errors[i]), pptp_strerror(errors[j]));
	}
	assert_string_equal(pptp_strerror(-77), "unknown error");
	assert_string_equal(pptp_strerror(PPTP_ERR_FATAL), "unknown error");
	for (int cause = PPTP_CAUSE_NONE; cause <= PPTP_CAUSE_CTRL_DOWN; cause++) {
		assert_string_not_equal(pptp_cause_name((enum pptp_cause)cause), "unknown");
		for (int other = PPTP_CAUSE_NONE; other < cause; other++)
			assert_string_not_equal(pptp_cause_name((enum pptp_cause)cause),
			    pptp_cause_name((enum pptp_cause)other));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc1_4_control_messages),
	    cmocka_unit_test(q241252_summary_names),
	    cmocka_unit_test(rfc1_4_constants),
	    cmocka_unit_test(rfc2_1_and_2_7_framing_and_bearer),
	    cmocka_unit_test(rfc2_2_start_results),
	    cmocka_unit_test(rfc2_3_and_2_4_stop),
	    cmocka_unit_test(rfc2_8_outgoing_call_results),
	    cmocka_unit_test(rfc2_10_and_2_13_call_results),
	    cmocka_unit_test(rfc2_16_general_errors),
	    cmocka_unit_test(unlisted_codes_are_unknown),
	    cmocka_unit_test(rfc2_16_each_error_has_its_general_error),
	    cmocka_unit_test(every_error_and_cause_has_words_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
