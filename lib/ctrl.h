/*
 * ctrl.h: the inside of a control connection.  Inside lib/ only.
 *
 * Who calls whom: the public functions in ctrl.c turn what happened into an event and
 * step a table of ctrl_table.c; its actions, in ctrl_act.c, use the functions below.  Calls do
 * the same in call.c, with the tables of call_pns.c and call_pac.c.
 */
#ifndef CTRL_H
#define CTRL_H

#include "fsm.h"
#include "pptp.h"

/* RFC 2637 3.1.4, 3, 3.2.1: all its times. */
#define RFC_TIME (60 * PPTP_SEC)
/* C10: the answer to an offered call goes out before the peer's 60 s are over. */
#define ANSWER_TIME (50 * PPTP_SEC)
/* D3 (3.2.2): twice as many Call IDs as calls, at least. */
#define MAX_CALLS 32767
/*
 * Answers that wait for a peer that does not read, beside one for each call that it had at a time;
 * then the connection ends (I5).
 */
#define MAX_ANSWERS 64
/* Events that wait for an owner who does not take them. */
#define MAX_EVENTS 1024
/* Released Call IDs that are not picked again: late GRE may still carry them (D3). */
#define RECENT_IDS 32

struct call;

struct out_msg {
	struct out_msg *next; /* owns */
	size_t len;
	bool is_answer;
	uint8_t octets[PPTP_MAX_MSG_LEN];
};

struct queued_event {
	struct queued_event *next; /* owns */
	struct pptp_event event;
};

enum ctrl_event {
	CTRL_OPEN,     /* TCP is connected */
	CTRL_ACCEPT,   /* TCP is accepted */
	CTRL_RX_SCCRQ, /* where none is awaited */
	CTRL_RX_SCCRQ_OK,
	CTRL_RX_SCCRQ_BAD_VERSION,
	CTRL_RX_SCCRQ_REFUSED,
	CTRL_RX_SCCRQ_HELD, /* until the owner has said which of the others it is */
	CTRL_RX_SCCRP_OK,
	CTRL_RX_SCCRP_REFUSED,
	CTRL_RX_SCCRP_BAD_VERSION,
	CTRL_RX_STOP_REQUEST,
	CTRL_RX_STOP_REPLY,
	CTRL_RX_ECHO_REQUEST,
	CTRL_RX_ECHO_REPLY,       /* to our Echo-Request */
	CTRL_RX_ECHO_REPLY_OTHER, /* to none of ours that is open */
	CTRL_RX_OCRQ,
	CTRL_RX_ICRQ,
	CTRL_RX_CALL, /* any other message about a call */
	CTRL_COLLISION_WON,
	CTRL_COLLISION_LOST,
	CTRL_LOCAL_STOP,    /* and no call is left */
	CTRL_REPLY_TIMEOUT, /* SCCRQ, SCCRP or Stop-Control-Connection-Reply is overdue */
	CTRL_IDLE_TIMEOUT,
	CTRL_ECHO_TIMEOUT, /* Echo-Reply is overdue */
	CTRL_ECHO_ALIVE,   /* the same, but GRE came (design D13) */
	CTRL_ECHO_SLEPT,   /* the same, but this machine slept (protocol C11) */
	CTRL_TCP_CLOSED,
	CTRL_FAILURE, /* input is the int of an enum pptp_err */
	CTRL_EVENTS,
};

struct ending {
	enum pptp_cause cause;
	unsigned code;
	unsigned error_code;
};

struct pptp_ctrl {
	const struct pptp_env *env; /* borrows */
	struct pptp_ctrl_params params;
	const struct fsm *fsm; /* the originator's, until TCP is accepted */
	unsigned state;        /* enum pptp_ctrl_state */
	bool is_down;          /* CTRL_DOWN is in the queue: nothing happens any more */

	/* A receiver's answer to SCCRQ; the request, while the owner thinks. */
	uint8_t start_result, start_error;
	bool is_held;
	struct pptp_msg held;

	/* Ending: asked for, and why. */
	bool is_stopping;
	enum pptp_stop_reason stop_reason;
	struct ending ending; /* what CTRL_DOWN will say */

	/* Input: one message in the making; `skip` octets of an unknown one still to
	 * come. */
	uint8_t in[PPTP_MAX_MSG_LEN];
	size_t in_len;
	size_t skip;

	struct out_msg *out, **out_end; /* owns */
	unsigned n_answers;
	struct queued_event *events, **events_end; /* owns */
	unsigned n_events;
	struct queued_event *down; /* owns: CTRL_DOWN's place, so that memory for it never lacks */

	/* Deadlines, absolute; PPTP_NEVER: off. */
	uint64_t reply_due; /* C1, C5, B11 */
	uint64_t idle_due;  /* C2; rests while an Echo-Request is open */
	uint64_t echo_due;  /* C3 */

	/* The open Echo-Request. */
	uint32_t echo_identifier;
	uint64_t echo_sent;
	uint64_t echo_checked;    /* GRE after this time extends the wait (design D13) */
	unsigned echo_extensions; /* at most two */
	uint64_t gre_seen;

	struct call *calls; /* owns */
	unsigned n_calls;
	unsigned most_calls; /* that there were at a time */
	bool is_pac;         /* of some call, or ready to be */
	uint16_t next_serial;
	uint16_t recent_ids[RECENT_IDS]; /* 0: none */
	unsigned next_recent;
};

extern const struct fsm ctrl_originator_fsm, ctrl_receiver_fsm;

/* `us` after now; PPTP_NEVER when that is beyond all time. */
uint64_t ctrl_after(uint64_t now, uint64_t us);

/* The event that a message is; pure. */
enum ctrl_event ctrl_verify(const struct pptp_ctrl *ctrl, const struct pptp_msg *msg);

/* The event that an overdue Echo-Reply is; pure. */
enum ctrl_event ctrl_verify_echo(const struct pptp_ctrl *ctrl, uint64_t now);

/* Queues a message.  PPTP_ERR_NOMEM. */
int ctrl_send(struct pptp_ctrl *ctrl, const struct pptp_msg *msg);
/* The same for an answer; PPTP_ERR_FLOOD when too many wait already. */
int ctrl_answer(struct pptp_ctrl *ctrl, const struct pptp_msg *msg);
/* Queues an event; *event is the place to fill, borrowed.  PPTP_ERR_NOMEM,
 * PPTP_ERR_FLOOD. */
int ctrl_event_new(struct pptp_ctrl *ctrl, enum pptp_event_type type, struct pptp_event **event);
/* Memory for an event to be queued later without fail; NULL when there is none. */
struct queued_event *ctrl_event_reserve(struct pptp_ctrl *ctrl);
/* Queues it; takes it over. */
void ctrl_event_queue(struct pptp_ctrl *ctrl, struct queued_event *queued);
/* Releases every call, switches every timer off, queues CTRL_DOWN with ctrl->ending. */
void ctrl_down(struct pptp_ctrl *ctrl, uint64_t now);
/* Forgets what has not been sent: nobody is there to read it, or nothing may follow. */
void ctrl_drop_output(struct pptp_ctrl *ctrl);
/* From now on this connection is being ended; the first cause stays. */
void ctrl_begin_stop(struct pptp_ctrl *ctrl, enum pptp_cause cause, enum pptp_stop_reason reason);
/*
 * Every public function ends here: on the way to the end, clears the calls and then
 * stops; a fatal error ends the connection.  Returns err, or the error that came up here.
 */
int ctrl_settle(struct pptp_ctrl *ctrl, int err, uint64_t now);

#endif
