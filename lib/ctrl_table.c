/*
 * ctrl_table.c: the control connection's originator and receiver, RFC 2637 3.1.1 and 3.1.2, as
 * tables.
 */
#include "ctrl_act.h"

/* --------------------------------------------------------------------------- verify */

static enum ctrl_event
verify_sccrp(const struct pptp_sccrq *sccrp)
{
	/* Some ADSL modems say 0 for success (protocol A14). */
	if (sccrp->result_code != PPTP_SCCRP_OK && sccrp->result_code != 0)
		return CTRL_RX_SCCRP_REFUSED;
	/*
	 * 3.1.1: "the older (lower) version should be used provided it is supported";
	 * there is none older than ours.  A higher one is no answer to our request
	 * (protocol B.1).
	 */
	if (sccrp->protocol_version != PPTP_PROTOCOL_VERSION)
		return CTRL_RX_SCCRP_BAD_VERSION;
	return CTRL_RX_SCCRP_OK;
}

/* What was known before it came, or what the owner says now that it has come. */
static enum ctrl_event
verify_sccrq(const struct pptp_ctrl *ctrl, const struct pptp_sccrq *sccrq)
{
	if (ctrl->fsm != &ctrl_receiver_fsm || ctrl->state != PPTP_CTRL_IDLE || ctrl->is_held)
		return CTRL_RX_SCCRQ;
	/* 3.1.2: an older one that we do not support; to a newer one we say ours (B6, J4). */
	if (sccrq->protocol_version < PPTP_PROTOCOL_VERSION)
		return CTRL_RX_SCCRQ_BAD_VERSION;
	if (ctrl->start_result != PPTP_SCCRP_OK)
		return CTRL_RX_SCCRQ_REFUSED;
	return ctrl->params.ask_start ? CTRL_RX_SCCRQ_HELD : CTRL_RX_SCCRQ_OK;
}

enum ctrl_event
ctrl_verify(const struct pptp_ctrl *ctrl, const struct pptp_msg *msg)
{
	switch (msg->type) {
	case PPTP_SCCRQ:
		return verify_sccrq(ctrl, &msg->u.sccrq);
	case PPTP_SCCRP:
		return verify_sccrp(&msg->u.sccrp);
	case PPTP_STOP_REQUEST:
		return CTRL_RX_STOP_REQUEST;
	case PPTP_STOP_REPLY:
		return CTRL_RX_STOP_REPLY;
	case PPTP_ECHO_REQUEST:
		return CTRL_RX_ECHO_REQUEST;
	case PPTP_ECHO_REPLY:
		/* A17: only the Identifier decides; a Result Code of 2 is an answer, too.
		 */
		if (ctrl->echo_due != PPTP_NEVER &&
		    msg->u.echo_reply.identifier == ctrl->echo_identifier)
			return CTRL_RX_ECHO_REPLY;
		return CTRL_RX_ECHO_REPLY_OTHER;
	case PPTP_OCRQ:
		return CTRL_RX_OCRQ;
	case PPTP_ICRQ:
		return CTRL_RX_ICRQ;
	case PPTP_OCRP:
	case PPTP_ICRP:
	case PPTP_ICCN:
	case PPTP_CCR:
	case PPTP_CDN:
	case PPTP_WEN:
	case PPTP_SLI:
		break;
	}
	return CTRL_RX_CALL;
}

/* Design D13: live GRE extends the wait so often. */
#define MAX_EXTENSIONS 2
/* So late, us, no busy loop runs: the machine was asleep (protocol C11). */
#define CLOCK_JUMP (10 * PPTP_SEC)

enum ctrl_event
ctrl_verify_echo(const struct pptp_ctrl *ctrl, uint64_t now)
{
	if (now - ctrl->echo_due >= CLOCK_JUMP)
		return CTRL_ECHO_SLEPT;
	if (ctrl->gre_seen > ctrl->echo_checked && ctrl->echo_extensions < MAX_EXTENSIONS)
		return CTRL_ECHO_ALIVE;
	return CTRL_ECHO_TIMEOUT;
}

/* ------------------------------------------------------------------------------ table */

static const char *const state_names[] = {
    [PPTP_CTRL_IDLE] = "idle",
    [PPTP_CTRL_WAIT_CTL_REPLY] = "wait_ctl_reply",
    [PPTP_CTRL_ESTABLISHED] = "established",
    [PPTP_CTRL_WAIT_STOP_REPLY] = "wait_stop_reply",
    [PPTP_CTRL_WAIT_CLOSE] = "wait_close",
};

static const char *const event_names[] = {
    [CTRL_OPEN] = "TCP open",
    [CTRL_ACCEPT] = "TCP accepted",
    [CTRL_RX_SCCRQ] = "received Start-Control-Connection-Request out of place",
    [CTRL_RX_SCCRQ_OK] = "received Start-Control-Connection-Request, good",
    [CTRL_RX_SCCRQ_BAD_VERSION] = "received Start-Control-Connection-Request, bad version",
    [CTRL_RX_SCCRQ_REFUSED] = "received Start-Control-Connection-Request, unwanted",
    [CTRL_RX_SCCRQ_HELD] = "received Start-Control-Connection-Request, to be asked for",
    [CTRL_RX_SCCRP_OK] = "received Start-Control-Connection-Reply, good",
    [CTRL_RX_SCCRP_REFUSED] = "received Start-Control-Connection-Reply, refused",
    [CTRL_RX_SCCRP_BAD_VERSION] = "received Start-Control-Connection-Reply, bad version",
    [CTRL_RX_STOP_REQUEST] = "received Stop-Control-Connection-Request",
    [CTRL_RX_STOP_REPLY] = "received Stop-Control-Connection-Reply",
    [CTRL_RX_ECHO_REQUEST] = "received Echo-Request",
    [CTRL_RX_ECHO_REPLY] = "received Echo-Reply",
    [CTRL_RX_ECHO_REPLY_OTHER] = "received Echo-Reply that answers nothing",
    [CTRL_RX_OCRQ] = "received Outgoing-Call-Request",
    [CTRL_RX_ICRQ] = "received Incoming-Call-Request",
    [CTRL_RX_CALL] = "received a message about a call",
    [CTRL_COLLISION_WON] = "collision won: this connection is the loser's",
    [CTRL_COLLISION_LOST] = "collision lost: this connection is the loser's",
    [CTRL_LOCAL_STOP] = "local terminate",
    [CTRL_REPLY_TIMEOUT] = "reply overdue",
    [CTRL_IDLE_TIMEOUT] = "quiet for long",
    [CTRL_ECHO_TIMEOUT] = "Echo-Reply overdue",
    [CTRL_ECHO_ALIVE] = "Echo-Reply overdue, GRE alive",
    [CTRL_ECHO_SLEPT] = "Echo-Reply overdue, machine slept",
    [CTRL_TCP_CLOSED] = "TCP closed",
    [CTRL_FAILURE] = "failure",
};

/* clang-format off */
/*
 * Rows marked (I) are arrows that the figures lack, from protocol B.1 and B.2.  Whatever has no
 * row is reported as ignored: before established nothing but Start and Stop is valid (2.1).
 */
static const struct fsm_row originator_rows[] = {
	/* 3.1.1 */
	{PPTP_CTRL_IDLE,		CTRL_OPEN,			act_send_start_request,	PPTP_CTRL_WAIT_CTL_REPLY},
	{PPTP_CTRL_IDLE,		CTRL_LOCAL_STOP,		act_close_tcp,		PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_IDLE,		CTRL_TCP_CLOSED,		act_tcp_closed,		PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_IDLE,		CTRL_FAILURE,			act_failure,		PPTP_CTRL_IDLE}, /* (I) */

	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_RX_SCCRP_OK,		act_established,	PPTP_CTRL_ESTABLISHED},
	/* The figure goes to idle; its text sends a Stop and waits, and so do we. */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_RX_SCCRP_BAD_VERSION,	act_bad_version,	PPTP_CTRL_WAIT_STOP_REPLY},
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_RX_SCCRP_REFUSED,		act_start_refused,	PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_COLLISION_LOST,		act_collision_lost,	PPTP_CTRL_IDLE}, /* 3.1.3 */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_RX_STOP_REQUEST,		act_send_stop_reply,	PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_RX_OCRQ,			act_ocrq_too_early,	PPTP_CTRL_WAIT_CTL_REPLY}, /* (I) A.4 */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_RX_ICRQ,			act_icrq_too_early,	PPTP_CTRL_WAIT_CTL_REPLY}, /* (I) A.4 */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_LOCAL_STOP,		act_close_tcp,		PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_REPLY_TIMEOUT,		act_start_timeout,	PPTP_CTRL_IDLE}, /* 3.1.4(1) */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_TCP_CLOSED,		act_tcp_closed,		PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_WAIT_CTL_REPLY,	CTRL_FAILURE,			act_failure,		PPTP_CTRL_IDLE}, /* 3 */

	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_STOP_REQUEST,		act_send_stop_reply,	PPTP_CTRL_IDLE},
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_ECHO_REQUEST,		act_send_echo_reply,	PPTP_CTRL_ESTABLISHED}, /* 2.5 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_ECHO_REPLY,		act_echo_answered,	PPTP_CTRL_ESTABLISHED}, /* 2.6 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_OCRQ,			act_to_new_call,	PPTP_CTRL_ESTABLISHED}, /* 3.2.4 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_ICRQ,			act_to_new_call,	PPTP_CTRL_ESTABLISHED}, /* 3.2.3 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_CALL,			act_to_call,		PPTP_CTRL_ESTABLISHED}, /* 3.2 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_LOCAL_STOP,		act_send_stop_request,	PPTP_CTRL_WAIT_STOP_REPLY},
	{PPTP_CTRL_ESTABLISHED,		CTRL_IDLE_TIMEOUT,		act_send_echo_request,	PPTP_CTRL_ESTABLISHED}, /* 3.1.4(2) */
	{PPTP_CTRL_ESTABLISHED,		CTRL_ECHO_TIMEOUT,		act_echo_timeout,	PPTP_CTRL_IDLE}, /* 3.1.4(2) */
	{PPTP_CTRL_ESTABLISHED,		CTRL_ECHO_ALIVE,		act_extend_echo_wait,	PPTP_CTRL_ESTABLISHED}, /* design D13 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_ECHO_SLEPT,		act_send_echo_request,	PPTP_CTRL_ESTABLISHED}, /* (I) C11 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_TCP_CLOSED,		act_tcp_closed,		PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_FAILURE,			act_failure,		PPTP_CTRL_IDLE}, /* 3 */

	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_RX_STOP_REPLY,		act_close_tcp,		PPTP_CTRL_IDLE},
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_RX_STOP_REQUEST,		act_send_stop_reply,	PPTP_CTRL_IDLE}, /* (I) crossed */
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_RX_ECHO_REQUEST,		act_send_echo_reply,	PPTP_CTRL_WAIT_STOP_REPLY}, /* (I) */
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_REPLY_TIMEOUT,		act_stop_timeout,	PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_TCP_CLOSED,		act_tcp_closed,		PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_FAILURE,			act_failure,		PPTP_CTRL_IDLE}, /* 3 */
};

static const struct fsm_row receiver_rows[] = {
	/* 3.1.2 */
	{PPTP_CTRL_IDLE,		CTRL_ACCEPT,			act_await_start_request,	PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_SCCRQ_OK,		act_start_accepted,		PPTP_CTRL_ESTABLISHED},
	{PPTP_CTRL_IDLE,		CTRL_RX_SCCRQ_BAD_VERSION,	act_start_bad_version,		PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_SCCRQ_REFUSED,		act_refuse_start,		PPTP_CTRL_IDLE}, /* (I) A.4 */
	{PPTP_CTRL_IDLE,		CTRL_RX_SCCRQ_HELD,		act_offer_start,		PPTP_CTRL_IDLE}, /* (I) the owner is asked */
	{PPTP_CTRL_IDLE,		CTRL_COLLISION_WON,		act_collision_won,		PPTP_CTRL_WAIT_CLOSE}, /* 3.1.3 */
	{PPTP_CTRL_IDLE,		CTRL_RX_STOP_REQUEST,		act_send_stop_reply,		PPTP_CTRL_IDLE}, /* (I) A13 */
	{PPTP_CTRL_IDLE,		CTRL_RX_OCRQ,			act_ocrq_too_early,		PPTP_CTRL_IDLE}, /* (I) A.4 */
	{PPTP_CTRL_IDLE,		CTRL_RX_ICRQ,			act_icrq_too_early,		PPTP_CTRL_IDLE}, /* (I) A.4 */
	/* (I) B.2: any other message ends it; nobody has said yet who that is. */
	{PPTP_CTRL_IDLE,		CTRL_RX_SCCRQ,			act_unexpected,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_SCCRP_OK,		act_unexpected,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_SCCRP_REFUSED,		act_unexpected,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_SCCRP_BAD_VERSION,	act_unexpected,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_STOP_REPLY,		act_unexpected,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_ECHO_REQUEST,		act_unexpected,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_ECHO_REPLY_OTHER,	act_unexpected,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_RX_CALL,			act_unexpected,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_IDLE,		CTRL_LOCAL_STOP,		act_close_tcp,			PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_IDLE,		CTRL_REPLY_TIMEOUT,		act_start_timeout,		PPTP_CTRL_IDLE}, /* 3.1.4(1) */
	{PPTP_CTRL_IDLE,		CTRL_TCP_CLOSED,		act_tcp_closed,			PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_IDLE,		CTRL_FAILURE,			act_failure,			PPTP_CTRL_IDLE}, /* 3 */

	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_SCCRQ,			act_start_again,		PPTP_CTRL_ESTABLISHED}, /* (I) as accel-ppp does */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_STOP_REQUEST,		act_send_stop_reply,		PPTP_CTRL_IDLE},
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_ECHO_REQUEST,		act_send_echo_reply,		PPTP_CTRL_ESTABLISHED}, /* 2.5 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_ECHO_REPLY,		act_echo_answered,		PPTP_CTRL_ESTABLISHED}, /* 2.6 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_OCRQ,			act_to_new_call,		PPTP_CTRL_ESTABLISHED}, /* 3.2.4 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_ICRQ,			act_to_new_call,		PPTP_CTRL_ESTABLISHED}, /* 3.2.3 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_RX_CALL,			act_to_call,			PPTP_CTRL_ESTABLISHED}, /* 3.2 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_LOCAL_STOP,		act_send_stop_request,		PPTP_CTRL_WAIT_STOP_REPLY},
	{PPTP_CTRL_ESTABLISHED,		CTRL_IDLE_TIMEOUT,		act_send_echo_request,		PPTP_CTRL_ESTABLISHED}, /* 3.1.4(2) */
	{PPTP_CTRL_ESTABLISHED,		CTRL_ECHO_TIMEOUT,		act_echo_timeout,		PPTP_CTRL_IDLE}, /* 3.1.4(2) */
	{PPTP_CTRL_ESTABLISHED,		CTRL_ECHO_ALIVE,		act_extend_echo_wait,		PPTP_CTRL_ESTABLISHED}, /* design D13 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_ECHO_SLEPT,		act_send_echo_request,		PPTP_CTRL_ESTABLISHED}, /* (I) C11 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_TCP_CLOSED,		act_tcp_closed,			PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_ESTABLISHED,		CTRL_FAILURE,			act_failure,			PPTP_CTRL_IDLE}, /* 3 */

	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_RX_STOP_REPLY,		act_close_tcp,			PPTP_CTRL_IDLE},
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_RX_STOP_REQUEST,		act_send_stop_reply,		PPTP_CTRL_IDLE}, /* (I) crossed */
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_RX_ECHO_REQUEST,		act_send_echo_reply,		PPTP_CTRL_WAIT_STOP_REPLY}, /* (I) */
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_REPLY_TIMEOUT,		act_stop_timeout,		PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_TCP_CLOSED,		act_tcp_closed,			PPTP_CTRL_IDLE}, /* 3 */
	{PPTP_CTRL_WAIT_STOP_REPLY,	CTRL_FAILURE,			act_failure,			PPTP_CTRL_IDLE}, /* 3 */

	/* 3.1.3: "The winner MUST NOT send any messages on the connection the loser initiated." */
	{PPTP_CTRL_WAIT_CLOSE,		CTRL_LOCAL_STOP,		act_close_tcp,			PPTP_CTRL_IDLE}, /* (I) */
	{PPTP_CTRL_WAIT_CLOSE,		CTRL_REPLY_TIMEOUT,		act_collision_over,		PPTP_CTRL_IDLE}, /* (I) B11 */
	{PPTP_CTRL_WAIT_CLOSE,		CTRL_TCP_CLOSED,		act_collision_over,		PPTP_CTRL_IDLE},
	{PPTP_CTRL_WAIT_CLOSE,		CTRL_FAILURE,			act_failure,			PPTP_CTRL_IDLE}, /* 3 */
};
/* clang-format on */

#define FSM(of, table)                                                                     \
	{                                                                                  \
		.name = (of), .state_names = state_names,                                  \
		.n_states = sizeof(state_names) / sizeof(state_names[0]),                  \
		.event_names = event_names,                                                \
		.n_events = sizeof(event_names) / sizeof(event_names[0]), .rows = (table), \
		.n_rows = sizeof(table) / sizeof((table)[0]),                              \
	}

const struct fsm ctrl_originator_fsm =
    FSM("control connection originator (3.1.1)", originator_rows);
const struct fsm ctrl_receiver_fsm = FSM("control connection receiver (3.1.2)", receiver_rows);
