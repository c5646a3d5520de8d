/*
 * err.c: error codes and the RFC's result codes in words.
 */
#include "pptp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *
pptp_strerror(int err)
{
	switch ((enum pptp_err)err) {
	case PPTP_OK:
		return "no error";
	case PPTP_ERR_AGAIN:
		return "nothing to take now";
	case PPTP_ERR_STATE:
		return "not allowed in this state";
	case PPTP_ERR_INVAL:
		return "an argument is out of range";
	case PPTP_ERR_CALL_ID:
		return "no call has this Call ID, or it is taken";
	case PPTP_ERR_SPACE:
		return "the buffer is too small";
	case PPTP_ERR_DISCARD:
		return "discarded";
	case PPTP_ERR_NOMEM:
		return "out of memory";
	case PPTP_ERR_COOKIE:
		return "wrong Magic Cookie";
	case PPTP_ERR_LENGTH:
		return "the Length does not fit the message";
	case PPTP_ERR_FORMAT:
		return "malformed message";
	case PPTP_ERR_FLOOD:
		return "the peer asks faster than it reads the answers";
	case PPTP_ERR_FATAL:
		break;
	}
	return "unknown error";
}

enum pptp_general_error
pptp_err_general(int err)
{
	switch ((enum pptp_err)err) {
	case PPTP_ERR_STATE:
		return PPTP_ERROR_NOT_CONNECTED;
	case PPTP_ERR_COOKIE:
	case PPTP_ERR_LENGTH:
	case PPTP_ERR_FORMAT:
		return PPTP_ERROR_BAD_FORMAT;
	case PPTP_ERR_INVAL:
		return PPTP_ERROR_BAD_VALUE;
	case PPTP_ERR_SPACE:
	case PPTP_ERR_NOMEM:
	case PPTP_ERR_FLOOD:
		return PPTP_ERROR_NO_RESOURCE;
	case PPTP_ERR_CALL_ID:
		return PPTP_ERROR_BAD_CALL_ID;
	case PPTP_OK:
	case PPTP_ERR_AGAIN:
	case PPTP_ERR_DISCARD:
	case PPTP_ERR_FATAL:
		break;
	}
	return PPTP_ERROR_NONE;
}

const char *
pptp_cause_name(enum pptp_cause cause)
{
	switch (cause) {
	case PPTP_CAUSE_NONE:
		return "none";
	case PPTP_CAUSE_LOCAL:
		return "ended as asked here";
	case PPTP_CAUSE_START_REFUSED:
		return "the peer refused the control connection";
	case PPTP_CAUSE_VERSION:
		return "the peer speaks another protocol version";
	case PPTP_CAUSE_START_TIMEOUT:
		return "the control connection was not started in time";
	case PPTP_CAUSE_CALL_REFUSED:
		return "the peer refused the call";
	case PPTP_CAUSE_CALL_TIMEOUT:
		return "no answer to the call came";
	case PPTP_CAUSE_PEER_STOP:
		return "the peer stopped the control connection";
	case PPTP_CAUSE_PEER_DISCONNECT:
		return "the peer disconnected the call";
	case PPTP_CAUSE_ECHO_TIMEOUT:
		return "no Echo-Reply came";
	case PPTP_CAUSE_STOP_TIMEOUT:
		return "no Stop-Control-Connection-Reply came";
	case PPTP_CAUSE_CLEAR_TIMEOUT:
		return "no Call-Disconnect-Notify came";
	case PPTP_CAUSE_TCP_CLOSED:
		return "the TCP connection was closed";
	case PPTP_CAUSE_PROTOCOL:
		return "the control connection broke down";
	case PPTP_CAUSE_START_UNWANTED:
		return "we refused the control connection";
	case PPTP_CAUSE_COLLISION:
		return "the other one of two connections that collided is kept";
	case PPTP_CAUSE_PEER_CLEAR:
		return "the peer cleared the call";
	case PPTP_CAUSE_ANSWER_TIMEOUT:
		return "nobody here took the call";
	case PPTP_CAUSE_CTRL_DOWN:
		return "the control connection ended";
	}
	return "unknown";
}

/* Never index a name table with a received code unchecked (protocol E8). */
static const char *
code_name(const char *const *names, size_t count, unsigned code)
{
	return code < count && names[code] != NULL ? names[code] : "unknown";
}

const char *
pptp_sccrp_result_name(unsigned code)
{
	static const char *const names[] = {
	    [PPTP_SCCRP_OK] = "successful",
	    [PPTP_SCCRP_GENERAL_ERROR] = "general error",
	    [PPTP_SCCRP_EXISTS] = "control connection exists already",
	    [PPTP_SCCRP_NOT_AUTHORIZED] = "not authorized",
	    [PPTP_SCCRP_VERSION] = "protocol version not supported",
	};

	return code_name(names, COUNT(names), code);
}

const char *
pptp_stop_reason_name(unsigned code)
{
	static const char *const names[] = {
	    [PPTP_STOP_NONE] = "general request",
	    [PPTP_STOP_PROTOCOL] = "protocol version not supported",
	    [PPTP_STOP_LOCAL_SHUTDOWN] = "local shutdown",
	};

	return code_name(names, COUNT(names), code);
}

const char *
pptp_stop_result_name(unsigned code)
{
	static const char *const names[] = {
	    [PPTP_STOP_OK] = "OK",
	    [PPTP_STOP_GENERAL_ERROR] = "general error",
	};

	return code_name(names, COUNT(names), code);
}

const char *
pptp_ocrp_result_name(unsigned code)
{
	static const char *const names[] = {
	    [PPTP_OCRP_CONNECTED] = "connected",
	    [PPTP_OCRP_GENERAL_ERROR] = "general error",
	    [PPTP_OCRP_NO_CARRIER] = "no carrier",
	    [PPTP_OCRP_BUSY] = "busy",
	    [PPTP_OCRP_NO_DIAL_TONE] = "no dial tone",
	    [PPTP_OCRP_TIME_OUT] = "time-out",
	    [PPTP_OCRP_DO_NOT_ACCEPT] = "do not accept",
	};

	return code_name(names, COUNT(names), code);
}

const char *
pptp_icrp_result_name(unsigned code)
{
	static const char *const names[] = {
	    [PPTP_ICRP_CONNECT] = "connect",
	    [PPTP_ICRP_GENERAL_ERROR] = "general error",
	    [PPTP_ICRP_DO_NOT_ACCEPT] = "do not accept",
	};

	return code_name(names, COUNT(names), code);
}

const char *
pptp_cdn_result_name(unsigned code)
{
	static const char *const names[] = {
	    [PPTP_CDN_LOST_CARRIER] = "lost carrier",
	    [PPTP_CDN_GENERAL_ERROR] = "general error",
	    [PPTP_CDN_ADMIN_SHUTDOWN] = "administrative shutdown",
	    [PPTP_CDN_REQUEST] = "request",
	};

	return code_name(names, COUNT(names), code);
}

const char *
pptp_general_error_name(unsigned code)
{
	static const char *const names[] = {
	    [PPTP_ERROR_NONE] = "none",
	    [PPTP_ERROR_NOT_CONNECTED] = "not connected",
	    [PPTP_ERROR_BAD_FORMAT] = "bad format",
	    [PPTP_ERROR_BAD_VALUE] = "bad value",
	    [PPTP_ERROR_NO_RESOURCE] = "no resource",
	    [PPTP_ERROR_BAD_CALL_ID] = "bad Call ID",
	    [PPTP_ERROR_PAC_ERROR] = "PAC error",
	};

	return code_name(names, COUNT(names), code);
}
