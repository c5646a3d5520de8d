/*
 * call.h: the inside of a call.  Inside lib/ only.
 *
 * A call runs by the table that it was made with: one for each figure of RFC 2637 3.2, over the
 * same states and events.
 */
#ifndef CALL_H
#define CALL_H

#include "ctrl.h"
#include "fsm.h"
#include "pptp.h"

enum call_state {
	CALL_IDLE, /* a call that comes here is freed */
	CALL_WAIT_REPLY,
	CALL_ESTABLISHED,
	CALL_WAIT_DISCONNECT,
	CALL_OFFERED, /* no figure has it: the PNS's owner is asked about an incoming call */
	CALL_WAIT_CONNECT,
	CALL_WAIT_CS_ANS,
};

enum call_event {
	CALL_OPEN, /* input is the struct pptp_msg to send */
	CALL_RX_OCRQ_OK,
	CALL_RX_OCRQ_ERROR, /* input is a struct call_refusal, for ICRQ as well */
	CALL_RX_OCRP_OK,
	CALL_RX_OCRP_ERROR,
	CALL_RX_ICRQ_OK,
	CALL_RX_ICRQ_ERROR,
	CALL_RX_ICRP_OK,
	CALL_RX_ICRP_ERROR,
	CALL_RX_ICCN,
	CALL_RX_CCR,
	CALL_RX_CDN,
	CALL_RX_SLI,
	CALL_RX_WEN,
	CALL_RX_OTHER,    /* a message that is about no call */
	CALL_ANSWER,      /* input is a struct pptp_call_answer */
	CALL_REFUSE,      /* input is a struct call_refusal */
	CALL_LOCAL_CLEAR, /* input is a struct pptp_cdn for the PAC, or NULL */
	CALL_TIMEOUT,     /* C6, C10 */
	CALL_ERRORS_DUE,  /* C7 */
	CALL_CTRL_DOWN,   /* the control connection has ended */
	CALL_EVENTS,
};

struct call_refusal {
	uint8_t result, error;
	uint16_t cause_code;
};

struct call {
	struct call *next;      /* owns */
	struct pptp_ctrl *ctrl; /* borrows: it owns us */
	const struct fsm *fsm;
	unsigned state; /* enum call_state */
	uint16_t local_call_id;
	uint16_t peer_call_id;
	bool has_peer_call_id;     /* 0 is a legal Call ID of a peer's (protocol D4) */
	uint64_t due;              /* C6, C10; PPTP_NEVER in established */
	struct queued_event *down; /* owns: CALL_DOWN's place, so that memory for it never lacks */

	/* The PAC's: what an OCRQ asked for, and what our ICCN will say. */
	uint32_t maximum_bps;
	uint16_t peer_window, peer_delay;
	struct pptp_iccn iccn;

	/* The PAC's line: counted, and when the next WAN-Error-Notify may be, and is to be, sent. */
	struct pptp_wen errors;
	uint64_t errors_next, errors_due;
};

extern const struct fsm call_pns_outgoing_fsm, call_pns_incoming_fsm;
extern const struct fsm call_pac_outgoing_fsm, call_pac_incoming_fsm;
extern const char *const call_state_names[];
extern const char *const call_event_names[];

#define CALL_FSM(of, table)                                                                      \
	{                                                                                        \
		.name = (of), .state_names = call_state_names, .n_states = CALL_WAIT_CS_ANS + 1, \
		.event_names = call_event_names, .n_events = CALL_EVENTS, .rows = (table),       \
		.n_rows = sizeof(table) / sizeof((table)[0]),                                    \
	}

/* ------------------------------------------------------------------------------- call.c */

bool call_is_pac(const struct call *call);
struct call *call_find_local(const struct pptp_ctrl *ctrl, uint16_t id);
/* The call that a message is about, or NULL (protocol D6 to D8). */
struct call *call_find(const struct pptp_ctrl *ctrl, const struct pptp_msg *msg);
/* In idle, on the connection's list.  NULL when out of memory. */
struct call *call_new(struct pptp_ctrl *ctrl, const struct fsm *fsm, uint16_t id);
void call_free(struct call *call);
/* The event that a message is to its call; pure. */
enum call_event call_verify(const struct pptp_msg *msg);
/* Steps the call's table, and frees the call if that made it idle. */
int call_step(struct call *call, enum call_event event, const void *input, uint64_t now);
/* A message about a call.  PPTP_ERR_STATE when it has no place, else what its action
 * returns. */
int call_recv(struct pptp_ctrl *ctrl, const struct pptp_msg *msg, uint64_t now);
/* OCRQ or ICRQ: a new call, offered or refused. */
int call_requested(struct pptp_ctrl *ctrl, const struct pptp_msg *msg, uint64_t now);
/* The nearest deadline of a call. */
uint64_t call_deadline(const struct call *call);
/* A call whose deadline has passed, or NULL. */
struct call *call_due(const struct pptp_ctrl *ctrl, uint64_t now);
int call_expire(struct call *call, uint64_t now);

/* --------------------------------------- call_act.c: actions that tables have in common */

/* For call_down() and the like: `object` is the struct call. */
struct pptp_event *call_down(struct call *call, enum pptp_cause cause);
int call_event_new(struct call *call, enum pptp_event_type type, const struct pptp_msg *msg,
    struct pptp_event **event);
void call_learn_peer(struct call *call, uint16_t peer_call_id);
/* Nothing more is awaited: PPTP_EV_CALL_UP with `msg`. */
int call_up(struct call *call, const struct pptp_msg *msg, uint16_t window, uint16_t delay);
int call_act_offer(void *object, const void *input, uint64_t now);
int call_act_lost(void *object, const void *input, uint64_t now);
/* The answer to a request that was never offered; by the owner; because nobody took it. */
int call_act_reject(void *object, const void *input, uint64_t now);
int call_act_refuse(void *object, const void *input, uint64_t now);
/* CALL_OPEN: sends `input`, and waits for what answers it. */
int call_act_send_request(void *object, const void *input, uint64_t now);
/* PPTP_EV_CALL_DOWN of a refused request. */
int call_act_refused(void *object, const void *input, uint64_t now);
int call_send_refusal(struct call *call, const struct call_refusal *refusal);

#endif
