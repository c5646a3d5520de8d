/*
 * call.h: the inside of a call.  Inside lib/ only.
 *
 * A call runs by the table that it was made with; so far there is that of the PNS's
 * outgoing call.  The other machines of RFC 2637 3.2 are other tables over the same
 * states and events.
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
};

enum call_event {
	CALL_OPEN, /* input is the struct pptp_msg to send */
	CALL_RX_OCRP_OK,
	CALL_RX_OCRP_ERROR,
	CALL_RX_CDN,
	CALL_RX_SLI,
	CALL_RX_OTHER, /* a message that a PNS with an outgoing call has no use for */
	CALL_LOCAL_CLEAR,
	CALL_TIMEOUT,   /* C6 */
	CALL_CTRL_DOWN, /* the control connection has ended */
	CALL_EVENTS,
};

struct call {
	struct call *next;      /* owns */
	struct pptp_ctrl *ctrl; /* borrows: it owns us */
	const struct fsm *fsm;
	unsigned state; /* enum call_state */
	uint16_t local_call_id;
	uint16_t peer_call_id;
	bool has_peer_call_id;     /* 0 is a legal Call ID of a peer's (protocol D4) */
	uint64_t due;              /* C6; PPTP_NEVER in established */
	struct queued_event *down; /* owns: CALL_DOWN's place, so that memory for it never lacks */
};

extern const struct fsm call_pns_outgoing_fsm;

/* The event that a message is to its call; pure. */
enum call_event call_verify(const struct pptp_msg *msg);
/* The call that a message is about, or NULL (protocol D6 to D8). */
struct call *call_find(const struct pptp_ctrl *ctrl, const struct pptp_msg *msg);
/* Steps the call's table, and frees the call if that made it idle. */
int call_step(struct call *call, enum call_event event, const void *input, uint64_t now);
/* A message about a call.  PPTP_ERR_STATE when it has no place, else what its action
 * returns. */
int call_recv(struct pptp_ctrl *ctrl, const struct pptp_msg *msg, uint64_t now);
/* A call whose deadline has passed, or NULL. */
struct call *call_due(const struct pptp_ctrl *ctrl, uint64_t now);

#endif
