/*
 * listener_int.h: for the files of this room only: listener.c (its life), listener_accept.c (who may
 * connect), caller.c (one control connection), answer.c and answer_down.c (one call, up and down),
 * answer_ppp.c (what its pppd says), answer_reason.c (why it ended), answer_gre.c (or why its GRE does not
 * come), listener_status.c.
 */
#ifndef LISTENER_INT_H
#define LISTENER_INT_H

#include <sys/queue.h>
#include <time.h>

#include "conn.h"
#include "engine.h"
#include "gre_shared.h"
#include "line.h"
#include "listener.h"
#include "reason.h"
#include "turn.h"

#define PPP_SECONDS 90 /* as of a tunnel that we dial */
/*
 * pppds that have been asked for and have not said hello: a storm of calls waits here.  More of them at
 * a time come up no sooner, and the keeper, which is to tell their passwords, gets its share of the
 * processor too late.  One that does not say hello holds up the others for so long only.
 */
#define MAX_STARTING 8
#define START_TIME   (3 * PPTP_SEC)

struct answer;
struct caller;

TAILQ_HEAD(answer_list, answer);
TAILQ_HEAD(caller_list, caller);

enum listener_phase {
	LISTENER_IDLE,
	LISTENER_OPEN,
	LISTENER_CLOSING, /* calls and control connections end in order */
	LISTENER_ENDED,
};

/* How often one address has connected lately. */
struct source {
	struct in_addr address;
	unsigned count;
	uint64_t since; /* us */
};
#define SOURCES 256 /* the one that is quiet the longest makes room */

/* The door. */
struct gate {
	int fd;                      /* owns; -1 closed */
	struct event *event, *pause; /* own */
	struct source sources[SOURCES];
	/* Those turned away are told now and then, in one line. */
	uint64_t told, turned_away; /* us; since then */
};

struct listener {
	struct engine *engine;       /* borrows for life */
	const struct config *config; /* borrows for life */
	enum listener_phase phase;
	struct reason reason;
	struct turns turns;
	struct turn turn;
	struct gate gate;
	struct gre_shared *gre; /* owns */
	struct caller_list callers;
	unsigned caller_count, half_open, answer_count, starting;
	uint32_t last_number; /* of a call; never 0 */
	struct answer_list to_start;
	uint64_t calls_ever, refused_ever;
	bool told_of_path;       /* which data path it is: once */
	struct {                 /* the call that ended last */
		uint32_t number; /* 0: none has */
		struct in_addr caller;
		char user[4 * 256 + 1]; /* escaped; "" unknown */
		struct last_end end;
	} last_call;
	time_t since_wall;
};

/* One control connection that was opened to us. */
struct caller {
	struct listener *listener; /* borrows for life */
	struct conn *conn;         /* owns */
	struct turn turn;
	struct in_addr address, local;
	bool established, down;
	bool refused;           /* its start is being refused */
	bool stopping;          /* we have asked for its end */
	uint64_t since;         /* us: it was accepted, or its last call ended */
	struct pptp_sccrq peer; /* its SCCRQ */
	uint64_t echo_rtt;      /* us; 0 unknown */
	struct answer_list answers;
	unsigned answer_count;
	TAILQ_ENTRY(caller) link;
};

enum answer_phase {
	ANSWER_OFFERED,  /* accepted by us, and not up yet: an incoming call waits for ICCN */
	ANSWER_QUEUED,   /* the call is up; its pppd waits for its turn */
	ANSWER_PPP,      /* the keeper was asked for one */
	ANSWER_HANGUP,   /* pppd has been told to end; GRE still flows */
	ANSWER_CLEARING, /* the call is being ended */
};

/* One call that was offered to us. */
struct answer {
	struct listener *listener; /* borrows for life */
	struct caller *caller;     /* borrows: it stays as long as its answers */
	uint32_t number;           /* between the keeper and us */
	struct turn turn;
	struct line line;
	enum answer_phase phase;
	enum stage stage;
	bool incoming;   /* we are the PNS, it is the PAC */
	bool call_alive; /* not yet down, for lib/ */
	bool asked;      /* the keeper knows of it */
	bool starting;   /* its pppd has not said hello */
	bool no_line;    /* nobody hears pppd any more */
	bool in_turn;    /* what is carried now is seen to */
	bool looks;      /* what drops GRE here is asked for, */
	bool end_waits;  /* and gre_due is that of the answer */
	struct reason reason;
	bool caller_known;        /* it has proved who it is, by: */
	uint32_t auth;            /* enum report_auth */
	char user[4 * 256 + 1];   /* escaped; "" unknown */
	uint32_t connect_speed;   /* bit/s */
	uint64_t began, up_since; /* us */
	time_t since_wall;
	uint64_t call_since; /* us: it is open, and had its turn; 0 not yet */
	/* us; PPTP_NEVER when off */
	uint64_t start_due, gre_due, look_due, ppp_due, kill_due;
	struct firewall_result *found;  /* owns; what drops GRE here; NULL: not looked at */
	TAILQ_ENTRY(answer) link;       /* of the caller's */
	TAILQ_ENTRY(answer) start_link; /* of those to start */
};

/* listener.c */

/* A call's number, for what the keeper says; NULL: there is none. */
struct answer *listener_find(const struct listener *listener, uint32_t number);
/* Starts as many pppds as may be. */
void listener_start_next(struct listener *listener);

/* listener_accept.c */

/* Takes over the listening socket; false: out of memory. */
bool gate_open(struct listener *listener, int fd);
void gate_close(struct listener *listener);
/* A connection, or a call: counted, and said unless another one has just been. */
void gate_turned_away(struct listener *listener, struct in_addr address, const char *why);

/* caller.c */

/* Takes over the socket.  It is in the list, or closed. */
void caller_new(
    struct listener *listener, int fd, struct in_addr address, enum pptp_sccrp_result refuse);
void caller_free(struct caller *caller);
/* Clears its calls and stops it, in order. */
void caller_stop(struct caller *caller);
/* One without a call that the longest has had none: it makes room for another.  False: there is none. */
bool caller_make_room(struct listener *listener);

/* answer.c */

/* A call is offered: takes or refuses it. */
void answer_offer(struct caller *caller, const struct pptp_event *event, uint64_t now);
void answer_call_up(struct answer *answer, const struct pptp_event *event);
/* Asks the keeper for its pppd. */
void answer_start(struct answer *answer);
/* Another's turn to start: its pppd runs, or will not. */
void answer_started(struct answer *answer);
void answer_pppd_started(struct answer *answer, const struct ipc_msg *msg, int fds[IPC_MAX_FDS]);
void answer_network_up(struct answer *answer, const struct ipc_msg *msg, uint64_t now);
void answer_reached(struct answer *answer, enum stage stage);
void answer_free(struct answer *answer);

/* answer_down.c */

/* Ends it in order, for this reason; the first one that is given stays. */
void answer_end(struct answer *answer, const struct reason *reason);
/* The caller has ended it, or the control connection: `event` says how. */
void answer_hung_up(struct answer *answer, const struct pptp_event *event);
/* For lib/ there is no such call any more; with its control connection, answer_hung_up() follows. */
void answer_call_down(struct answer *answer, const struct pptp_event *event);
void answer_pppd_exited(struct answer *answer, int wait_status);
/* What is due; may free it.  */
void answer_take_turn(void *ctx, uint64_t now);

/* answer_ppp.c */
struct line_owner answer_line_owner(struct answer *answer);

/* answer_reason.c */
void answer_reason_call(
    struct reason *reason, const struct answer *answer, const struct pptp_event *event);
void answer_reason_pppd(struct reason *reason, const struct answer *answer, int wait_status);
void answer_reason_slow(struct reason *reason, const struct answer *answer);

/* answer_gre.c */

/* That GRE does not come, or ours does not arrive, is why the call does not come up; false: it is not. */
bool answer_reason_gre(struct reason *reason, const struct answer *answer, uint64_t now);
/* None has come in a while: asks the keeper what on this host drops it. */
void answer_look(struct answer *answer);
void answer_looked(struct answer *answer, const struct firewall_result *found);
/* It is not told yet: gre_due, which has come, is a new one. */
bool answer_waits_for_look(struct answer *answer, uint64_t now);

#endif
