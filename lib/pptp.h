/*
 * pptp.h: the protocol of RFC 2637 without I/O.
 *
 * What this library is.  Octets and the time go in; octets, events and the next deadline
 * come out.  It opens no socket, reads no clock, keeps no global state and never logs.
 * Whoever uses it owns the TCP connection, the raw GRE socket, the timer and the random
 * numbers, and so the same code runs in the daemon, in a test and under a fuzzer.
 *
 * The life of a control connection (RFC 2637 3.1), as its originator:
 *
 *   1. pptp_ctrl_new(); when TCP is connected, pptp_ctrl_start().
 *   2. Whatever happens (octets came, the timer ran out, the user asked), tell it with
 *      pptp_ctrl_recv(), pptp_ctrl_expire(), pptp_ctrl_stop(), pptp_call_open(), ...
 *   3. Then, always the same pump: send every message of pptp_ctrl_output(), take every
 *      event of pptp_ctrl_event(), set the one timer to pptp_ctrl_deadline().
 *   4. After PPTP_EV_CTRL_DOWN, when the output is empty: close TCP, pptp_ctrl_free().
 *
 * As its receiver (3.1.2) it is the same but for the first step: when TCP is accepted,
 * pptp_ctrl_accept().  Who dials a peer and answers it as well sets ask_start, and gives
 * PPTP_EV_START_OFFERED to pptp_ctrl_collide() first (3.1.3).
 *
 * The life of a call (3.2) runs inside it.  Who may ask for one is the role, not the
 * direction of TCP: pptp_call_open() asks for an outgoing call (we are the PNS),
 * pptp_call_ring() offers an incoming one (we are the PAC).  A peer's call comes as
 * PPTP_EV_CALL_OFFERED, if takes_outgoing or takes_incoming wants it, and waits for
 * pptp_call_accept() or pptp_call_refuse().  PPTP_EV_CALL_UP brings the peer's Call ID and
 * window; pptp_call_clear() ends it; PPTP_EV_CALL_DOWN is the last word on it, exactly one
 * for each call that was opened, rung or offered.
 *
 * The life of a session (section 4), the GRE side of a call: pptp_session_new() with both
 * Call IDs and what the peer told of its window; each datagram goes through
 * pptp_session_recv() and comes out, in order, of pptp_session_next(); each PPP frame goes
 * out through pptp_session_send(), or waits there for pptp_session_send_queued().
 *
 * Common rules.
 *   - Time is `now`, monotonic microseconds, always the last argument; it never goes back.
 *   - Functions that can fail return an enum pptp_err as int: 0 is good, negative is not.
 *   - Strings in structs are NUL-terminated; text from the peer is raw: escape it.
 *   - Integers are in host order.
 *   - Not thread safe; nothing is shared between objects.
 */
#ifndef PPTP_H
#define PPTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto.h"

#define PPTP_NEVER UINT64_MAX
#define PPTP_SEC   UINT64_C(1000000) /* microseconds */
#define PPTP_MSEC  UINT64_C(1000)

/* ------------------------------------------------------------------------------- errors */

/*
 * 0 good; below 0 bad; below PPTP_ERR_FATAL the object is finished (its connection must be
 * closed).  pptp_err_general() maps one to the wire's General Error (RFC 2637 2.16).
 */
enum pptp_err {
	PPTP_OK = 0,
	PPTP_ERR_AGAIN = -1,   /* nothing to take now */
	PPTP_ERR_STATE = -2,   /* not allowed in this state */
	PPTP_ERR_INVAL = -3,   /* an argument is out of range */
	PPTP_ERR_CALL_ID = -4, /* no call has this Call ID, or it is taken */
	PPTP_ERR_SPACE = -5,   /* the caller's buffer is too small */
	PPTP_ERR_DISCARD = -6, /* a GRE packet or HDLC frame was discarded and counted */
	PPTP_ERR_FATAL = -100, /* the mark, not an error */
	PPTP_ERR_NOMEM = -101,
	PPTP_ERR_COOKIE = -102, /* wrong Magic Cookie: synchronisation is lost (1.4) */
	PPTP_ERR_LENGTH = -103, /* Length does not fit the type (protocol A5) */
	PPTP_ERR_FORMAT = -104, /* any other malformed message */
	PPTP_ERR_FLOOD = -105,  /* over 64 answers wait to be sent (I5) */
};

/* One English sentence part for a code; never NULL. */
const char *pptp_strerror(int err);
/* The General Error to put on the wire for a code. */
enum pptp_general_error pptp_err_general(int err);

/* ------------------------------------------------------------------------- surroundings */

/* What a caller provides; borrowed for the life of the objects made with it. */
struct pptp_env {
	/* Zeroed memory or NULL. */
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *ptr); /* ptr may be NULL */
	uint32_t (*random)(void *ctx);      /* 32 random bits */
	void *ctx;
};

/* ----------------------------------------------------------------------------- messages */

/*
 * The fifteen control messages (RFC 2637 2.1 to 2.15), decoded.  Member names are the
 * RFC's field names.  Reserved fields are kept so that a trace can show them; they are
 * encoded as they stand (a zeroed struct gives the zeros that section 2 demands).
 */
struct pptp_sccrq { /* 2.1, also 2.2 with result_code and error_code */
	uint16_t protocol_version;
	uint16_t reserved1;  /* SCCRQ only */
	uint8_t result_code; /* SCCRP only */
	uint8_t error_code;  /* SCCRP only */
	uint32_t framing_capabilities;
	uint32_t bearer_capabilities;
	uint16_t maximum_channels;
	uint16_t firmware_revision;
	char host_name[PPTP_NAME_LEN + 1];
	char vendor_name[PPTP_NAME_LEN + 1];
};

struct pptp_stop { /* 2.3 */
	uint8_t reason;
	uint8_t reserved1;
	uint16_t reserved2;
};

struct pptp_stop_reply { /* 2.4 */
	uint8_t result_code;
	uint8_t error_code;
	uint16_t reserved1;
};

struct pptp_echo { /* 2.5, also 2.6 */
	uint32_t identifier;
	uint8_t result_code; /* reply only */
	uint8_t error_code;  /* reply only */
	uint16_t reserved1;  /* reply only */
};

struct pptp_ocrq { /* 2.7 */
	uint16_t call_id;
	uint16_t call_serial_number;
	uint32_t minimum_bps; /* bit/s */
	uint32_t maximum_bps; /* bit/s */
	uint32_t bearer_type;
	uint32_t framing_type;
	uint16_t packet_recv_window_size; /* packets */
	uint16_t packet_processing_delay; /* 1/10 s */
	uint16_t phone_number_length;     /* octets */
	uint16_t reserved1;
	char phone_number[PPTP_NAME_LEN + 1];
	char subaddress[PPTP_NAME_LEN + 1];
};

struct pptp_ocrp { /* 2.8 */
	uint16_t call_id;
	uint16_t peers_call_id;
	uint8_t result_code;
	uint8_t error_code;
	uint16_t cause_code;
	uint32_t connect_speed;           /* bit/s */
	uint16_t packet_recv_window_size; /* packets */
	uint16_t packet_processing_delay; /* 1/10 s */
	uint32_t physical_channel_id;
};

struct pptp_icrq { /* 2.9 */
	uint16_t call_id;
	uint16_t call_serial_number;
	uint32_t call_bearer_type;
	uint32_t physical_channel_id;
	uint16_t dialed_number_length;  /* octets */
	uint16_t dialing_number_length; /* octets */
	char dialed_number[PPTP_NAME_LEN + 1];
	char dialing_number[PPTP_NAME_LEN + 1];
	char subaddress[PPTP_NAME_LEN + 1];
};

struct pptp_icrp { /* 2.10 */
	uint16_t call_id;
	uint16_t peers_call_id;
	uint8_t result_code;
	uint8_t error_code;
	uint16_t packet_recv_window_size; /* packets */
	uint16_t packet_transmit_delay;   /* 1/10 s */
	uint16_t reserved1;
};

struct pptp_iccn { /* 2.11 */
	uint16_t peers_call_id;
	uint16_t reserved1;
	uint32_t connect_speed;           /* bit/s */
	uint16_t packet_recv_window_size; /* packets */
	uint16_t packet_transmit_delay;   /* 1/10 s */
	uint32_t framing_type;
};

struct pptp_ccr { /* 2.12 */
	uint16_t call_id;
	uint16_t reserved1;
};

struct pptp_cdn { /* 2.13 */
	uint16_t call_id;
	uint8_t result_code;
	uint8_t error_code;
	uint16_t cause_code;
	uint16_t reserved1;
	char call_statistics[PPTP_STATISTICS_LEN + 1];
};

struct pptp_wen { /* 2.14 */
	uint16_t peers_call_id;
	uint16_t reserved1;
	uint32_t crc_errors;
	uint32_t framing_errors;
	uint32_t hardware_overruns;
	uint32_t buffer_overruns;
	uint32_t time_out_errors;
	uint32_t alignment_errors;
};

struct pptp_sli { /* 2.15 */
	uint16_t peers_call_id;
	uint16_t reserved1;
	uint32_t send_accm;
	uint32_t receive_accm;
};

struct pptp_msg {
	enum pptp_msg_type type;
	uint16_t reserved0;
	union {
		struct pptp_sccrq sccrq, sccrp;
		struct pptp_stop stop_request;
		struct pptp_stop_reply stop_reply;
		struct pptp_echo echo_request, echo_reply;
		struct pptp_ocrq ocrq;
		struct pptp_ocrp ocrp;
		struct pptp_icrq icrq;
		struct pptp_icrp icrp;
		struct pptp_iccn iccn;
		struct pptp_ccr ccr;
		struct pptp_cdn cdn;
		struct pptp_wen wen;
		struct pptp_sli sli;
	} u;
};

/* The exact size in octets of a message of this type, 0 for an unknown type. */
size_t pptp_msg_size(unsigned type);
/* "Start-Control-Connection-Request" (RFC 2637 1.4), or "unknown". */
const char *pptp_msg_name(unsigned type);
/* "Start Session Request": the words of Microsoft's Q241252, which `trace --summary` prints. */
const char *pptp_msg_summary_name(unsigned type);

/*
 * How many octets the message at the front of `data` has, judged by its first octets only:
 * > 0 its Length (12..65535; not more than 220 for a known type); 0 more octets are needed
 * to tell; or PPTP_ERR_COOKIE, PPTP_ERR_LENGTH, PPTP_ERR_FORMAT.  Decides before anything is
 * consumed; a message of unknown type or of PPTP Message Type 2 is to be skipped (A7, A8).
 */
int pptp_msg_frame(const uint8_t *data, size_t len);
/*
 * The Control Message Type in a message's first 12 octets; a management message has
 * PPTP_MANAGEMENT_BIT in it and so is of no known type.
 */
#define PPTP_MANAGEMENT_BIT 0x20000
unsigned pptp_msg_type(const uint8_t *data, size_t len);
/*
 * Decodes one whole message of a known type.  Takes exactly pptp_msg_size() octets.
 * PPTP_ERR_COOKIE, PPTP_ERR_LENGTH, PPTP_ERR_FORMAT (unknown type, or not a control message).
 */
int pptp_msg_decode(struct pptp_msg *msg, const uint8_t *data, size_t len);
/*
 * Encodes; *len becomes the octets written, exactly pptp_msg_size().  PPTP_ERR_SPACE if
 * `size` is less; PPTP_ERR_FORMAT for an unknown type.  220 octets hold any message.
 */
int pptp_msg_encode(const struct pptp_msg *msg, uint8_t *out, size_t size, size_t *len);
/*
 * One line for people, "Name value, Name value", by the RFC's field names, codes in words,
 * peer text escaped.  Returns the length that the whole line has (as snprintf does).
 */
int pptp_msg_print(const struct pptp_msg *msg, char *out, size_t size);

/*
 * The same fields one by one, for JSON and for the comparison with other decoders.
 * `index` from 0; returns PPTP_OK, or PPTP_ERR_AGAIN after the last one.
 */
struct pptp_field {
	const char *name;    /* the RFC's: "Packet Recv. Window Size" */
	size_t offset, size; /* octets in the message */
	bool is_text;
	bool is_hex;      /* a number that people read in hexadecimal */
	bool is_reserved; /* not worth a word while it is 0 */
	uint32_t number;  /* if not text */
	const char *text; /* if text: raw, borrows msg */
	const char *word; /* what the number means, or NULL */
};
int pptp_msg_field(const struct pptp_msg *msg, unsigned index, struct pptp_field *field);

/* Copies `text` with everything but printable ASCII as \xNN, always terminated. */
void pptp_escape(const char *text, char *out, size_t size);

/* Codes in words; a number that the RFC does not list gives "unknown" (protocol E8). */
const char *pptp_sccrp_result_name(unsigned code);  /* 2.2 */
const char *pptp_stop_reason_name(unsigned code);   /* 2.3 */
const char *pptp_stop_result_name(unsigned code);   /* 2.4 and 2.6 */
const char *pptp_ocrp_result_name(unsigned code);   /* 2.8 */
const char *pptp_icrp_result_name(unsigned code);   /* 2.10 */
const char *pptp_cdn_result_name(unsigned code);    /* 2.13 */
const char *pptp_general_error_name(unsigned code); /* 2.16 */

/* ------------------------------------------------------------------- control connection */

struct pptp_ctrl;

/* Zero in a time means the RFC's value (60 s). Copied. */
struct pptp_ctrl_params {
	char host_name[PPTP_NAME_LEN];   /* at most 63 octets and a NUL */
	char vendor_name[PPTP_NAME_LEN]; /* the same */
	uint16_t firmware_revision;
	uint16_t maximum_channels;     /* a PNS sends 0 (2.1) */
	uint32_t framing_capabilities; /* 0: either */
	uint32_t bearer_capabilities;  /* 0: any */
	uint64_t reply_timeout;        /* us; SCCRP, OCRP, ICRP, ICCN (protocol C1, C4, C6) */
	uint64_t start_timeout;        /* us; a receiver's wait for SCCRQ (C1) */
	uint64_t stop_timeout;         /* us; Stop-Control-Connection-Reply (C5) */
	uint64_t clear_timeout;        /* us; Call-Disconnect-Notify after our CCR (C6) */
	uint64_t echo_interval;        /* us without a control message; PPTP_NEVER: no echo (C2) */
	uint64_t echo_timeout;         /* us (C3) */
	/* us until an offered call that nobody took is refused, or who asked to start; zero: 50 s (C10). */
	uint64_t answer_timeout;
	bool ask_start;      /* a receiver asks its owner before it answers SCCRQ */
	bool takes_outgoing; /* we are a PAC: OCRQ is offered to the owner, else refused (2.8: 7) */
	bool
	    takes_incoming; /* we are a PNS: ICRQ is offered to the owner, else refused (2.10: 3) */
	unsigned max_calls; /* at a time; more are refused; zero: 32767 */
	/*
	 * Whether a Call ID is in use beside this connection's calls, as for another connection
	 * of the same peer, which GRE cannot tell apart (D2), or in the kernel's table (D5).
	 * NULL: it is not.
	 */
	bool (*is_taken)(void *ctx, uint16_t call_id);
	void *taken_ctx; /* borrowed for the life of the connection */
};

/* What became of it: the figures of 3.1.1 and 3.1.2, in their words. */
enum pptp_ctrl_state {
	PPTP_CTRL_IDLE,
	PPTP_CTRL_WAIT_CTL_REPLY,
	PPTP_CTRL_ESTABLISHED,
	PPTP_CTRL_WAIT_STOP_REPLY,
	PPTP_CTRL_WAIT_CLOSE, /* of the loser's connection, by the winner of a collision (3.1.3) */
};

/* Why a control connection or a call ended; `code` and `error_code` of the event say more. */
enum pptp_cause {
	PPTP_CAUSE_NONE,
	PPTP_CAUSE_LOCAL,           /* we asked, and it went in order */
	PPTP_CAUSE_START_REFUSED,   /* SCCRP: code is its Result Code */
	PPTP_CAUSE_VERSION,         /* SCCRQ, or SCCRP result 1, of a version not ours: code */
	PPTP_CAUSE_START_TIMEOUT,   /* no SCCRP in reply_timeout, no SCCRQ in start_timeout */
	PPTP_CAUSE_CALL_REFUSED,    /* OCRP, ICRP: code is its Result Code */
	PPTP_CAUSE_CALL_TIMEOUT,    /* no OCRP, ICRP or ICCN in reply_timeout */
	PPTP_CAUSE_PEER_STOP,       /* Stop-Control-Connection-Request: code is its Reason */
	PPTP_CAUSE_PEER_DISCONNECT, /* Call-Disconnect-Notify: code is its Result Code */
	PPTP_CAUSE_ECHO_TIMEOUT,    /* no Echo-Reply; code: how often live GRE extended the wait */
	PPTP_CAUSE_STOP_TIMEOUT,    /* we asked to stop; no answer came */
	PPTP_CAUSE_CLEAR_TIMEOUT,   /* we cleared the call; no answer came (D12) */
	PPTP_CAUSE_TCP_CLOSED,      /* the peer closed TCP, or it broke */
	PPTP_CAUSE_PROTOCOL,        /* malformed, flood, no memory: code is -(enum pptp_err) */
	PPTP_CAUSE_START_UNWANTED,  /* our SCCRP refused: code is its Result Code */
	PPTP_CAUSE_COLLISION,       /* 3.1.3: the winner's connection is the one that stays */
	PPTP_CAUSE_PEER_CLEAR,      /* Call-Clear-Request came, and was answered */
	PPTP_CAUSE_ANSWER_TIMEOUT,  /* an offered call was neither taken nor refused in time */
	PPTP_CAUSE_CTRL_DOWN,       /* a call ended with its control connection; see that event */
};
const char *pptp_cause_name(enum pptp_cause cause);

enum pptp_event_type {
	PPTP_EV_RECV,      /* a whole message came; `msg`; before what it brings about */
	PPTP_EV_SKIPPED,   /* unknown or management message; code is its pptp_msg_type() (A7, A8) */
	PPTP_EV_IGNORED,   /* a known message with no place in this state; code is the type */
	PPTP_EV_CTRL_UP,   /* established; `msg` is the SCCRP or SCCRQ */
	PPTP_EV_CTRL_DOWN, /* the last event: close TCP once the output is sent */
	/*
	 * `local_call_id`, `peer_call_id`, `peer_window`, `peer_delay`; `msg` is the OCRP, that
	 * came or that was sent, the ICRP or the ICCN.
	 */
	PPTP_EV_CALL_UP,
	PPTP_EV_CALL_DOWN,     /* `local_call_id` is free */
	PPTP_EV_ECHO,          /* our echo was answered; `rtt` */
	PPTP_EV_START_OFFERED, /* ask_start; `msg` is the SCCRQ */
	/*
	 * `local_call_id`, `peer_call_id`; `msg` is the OCRQ or the ICRQ.  Who takes an ICRQ must
	 * be ready for GRE when it accepts: it may come before the ICCN (D11).
	 */
	PPTP_EV_CALL_OFFERED,
	PPTP_EV_LINK_INFO, /* Set-Link-Info for a live call of ours as the PAC; `msg` (2.15) */
	PPTP_EV_WAN_ERROR, /* WAN-Error-Notify for a live call of ours as the PNS; `msg` (2.14) */
};

struct pptp_event {
	enum pptp_event_type type;
	enum pptp_cause cause;  /* CTRL_DOWN, CALL_DOWN */
	unsigned code;          /* see enum pptp_cause */
	unsigned error_code;    /* the message's General Error, 0 if none */
	unsigned cause_code;    /* OCRP, CDN: Cause Code */
	uint16_t local_call_id; /* CALL_*, LINK_INFO, WAN_ERROR */
	uint16_t peer_call_id;  /* the same */
	uint16_t peer_window;   /* CALL_UP: packets; 0: no limit stated (G5) */
	uint16_t peer_delay;    /* CALL_UP: 1/10 s */
	uint64_t rtt;           /* ECHO: us */
	struct pptp_msg msg;    /* RECV, CTRL_UP, START_OFFERED, CALL_*, LINK_INFO, WAN_ERROR */
};

/* NULL when out of memory.  The caller owns it. */
struct pptp_ctrl *pptp_ctrl_new(const struct pptp_env *env, const struct pptp_ctrl_params *params);
void pptp_ctrl_free(struct pptp_ctrl *ctrl); /* NULL is fine */

enum pptp_ctrl_state pptp_ctrl_state(const struct pptp_ctrl *ctrl);
const char *pptp_ctrl_state_name(enum pptp_ctrl_state state);

/* TCP is connected: SCCRQ goes out (3.1.1).  PPTP_ERR_STATE if not idle; PPTP_ERR_NOMEM. */
int pptp_ctrl_start(struct pptp_ctrl *ctrl, uint64_t now);
/*
 * TCP is accepted: waits start_timeout for SCCRQ (3.1.2), and answers it with the version that we
 * speak.  Anything else than SCCRQ and Stop-Control-Connection-Request ends it
 * (PPTP_CAUSE_PROTOCOL, code -PPTP_ERR_STATE), but for a call, which is refused (A.4).
 * PPTP_ERR_STATE if it has been started or accepted before.
 */
int pptp_ctrl_accept(struct pptp_ctrl *ctrl, uint64_t now);
/* After PPTP_EV_START_OFFERED: SCCRP result 1, CTRL_UP.  PPTP_ERR_STATE; PPTP_ERR_NOMEM. */
int pptp_ctrl_admit(struct pptp_ctrl *ctrl, uint64_t now);
/*
 * SCCRP with `result` 2 to 5 (2.2), and the end: after PPTP_EV_START_OFFERED at once, else when
 * SCCRQ comes.  PPTP_ERR_INVAL: another result, or an `error` that does not go with it (A15).
 * PPTP_ERR_STATE when it has been answered; PPTP_ERR_NOMEM.
 */
int pptp_ctrl_refuse(struct pptp_ctrl *ctrl, enum pptp_sccrp_result result,
    enum pptp_general_error error, uint64_t now);

/*
 * Start collision (3.1.3): SCCRQ came on a connection that the peer opened (`theirs`) while ours
 * waits for SCCRP on one that we opened to the same peer (`ours`).  The winner is the higher of
 * the two IPv4 addresses, in host order, as seen on the sockets (B9).  NONE: there is nothing
 * to collide with, we have the reply already, or the addresses are equal (B11); then
 * `theirs` is a second connection, to be admitted or refused.
 */
enum pptp_collision {
	PPTP_COLLISION_NONE,
	PPTP_COLLISION_WON,
	PPTP_COLLISION_LOST,
};
enum pptp_collision pptp_ctrl_collision(
    const struct pptp_ctrl *ours, uint32_t local_address, uint32_t peer_address);
/*
 * Does what the figure of that says (B10).  Lost: `ours` is down at once and sends nothing more
 * (PPTP_CAUSE_COLLISION), `theirs` is admitted.  Won: nothing is ever sent on `theirs`, which
 * waits stop_timeout for the peer to close it.  Neither is owned.  PPTP_ERR_STATE when there is no
 * collision, or `theirs` is not offered; PPTP_ERR_NOMEM.
 */
int pptp_ctrl_collide(struct pptp_ctrl *ours, struct pptp_ctrl *theirs, uint32_t local_address,
    uint32_t peer_address, uint64_t now);
/*
 * Octets from TCP, in any pieces.  Takes them all; after CTRL_DOWN it drops them.  PPTP_OK, or
 * a fatal error; then PPTP_EV_CTRL_DOWN (PPTP_CAUSE_PROTOCOL) is in the queue as well, and so
 * it is after a fatal error of every other function below.
 */
int pptp_ctrl_recv(struct pptp_ctrl *ctrl, const uint8_t *data, size_t len, uint64_t now);
/* TCP ended, in order or not (protocol B4).  In wait_stop_reply this is an orderly end. */
int pptp_ctrl_closed(struct pptp_ctrl *ctrl, uint64_t now);
/*
 * Ends it: clears each call first (B7), waits for that or clear_timeout, then
 * Stop-Control-Connection-Request with `reason` and waits for the reply.  Before it is
 * established there is nothing to wait for: CTRL_DOWN at once.  Idempotent.
 */
int pptp_ctrl_stop(struct pptp_ctrl *ctrl, enum pptp_stop_reason reason, uint64_t now);
/* Absolute time of the nearest deadline, PPTP_NEVER if none. */
uint64_t pptp_ctrl_deadline(const struct pptp_ctrl *ctrl);
/* Acts on every deadline that has passed.  Harmless when none has. */
int pptp_ctrl_expire(struct pptp_ctrl *ctrl, uint64_t now);
/*
 * GRE came from this peer: an overdue Echo-Reply gets 60 s more, at most twice for one
 * Echo-Request (design D13).
 */
void pptp_ctrl_alive(struct pptp_ctrl *ctrl, uint64_t now);

/*
 * Is the peer still there?  After this machine slept it may have given us up (protocol C11): sends
 * an Echo-Request now, if none is open, and gives its reply no longer than `wait`, us.
 */
int pptp_ctrl_probe(struct pptp_ctrl *ctrl, uint64_t wait, uint64_t now);

/*
 * The next message to send: exactly one whole message, so that one send() carries it (design
 * D15).  NULL: none.  Borrowed until pptp_ctrl_output_done().
 */
const uint8_t *pptp_ctrl_output(const struct pptp_ctrl *ctrl, size_t *len);
/* That message has been given to TCP. */
void pptp_ctrl_output_done(struct pptp_ctrl *ctrl);
/* PPTP_OK and *event filled, or PPTP_ERR_AGAIN. */
int pptp_ctrl_event(struct pptp_ctrl *ctrl, struct pptp_event *event);

/* -------------------------------------------------------------------------------- calls */

/* For pptp_call_open().  Zero takes the default in brackets. */
struct pptp_call_params {
	uint16_t local_call_id;    /* [random, not in use, not 0, not used lately (D3, D4)] */
	bool call_id_0;            /* Call ID 0 is meant: the RFC allows it, a quirk wants it */
	uint32_t minimum_bps;      /* bit/s [300] */
	uint32_t maximum_bps;      /* bit/s [100000000] */
	uint16_t recv_window;      /* packets [64] */
	uint16_t processing_delay; /* 1/10 s */
	uint32_t bearer_type;      /* [any] */
	uint32_t framing_type;     /* [either] */
	char phone_number[PPTP_NAME_LEN + 1]; /* at most 64 octets and a NUL */
	char subaddress[PPTP_NAME_LEN + 1];
};

/*
 * A random Call ID that is not in use here, nor taken elsewhere (is_taken), nor used lately, for a
 * socket opened before the call (D3, D4).  0: all are taken.
 */
uint16_t pptp_call_pick_id(struct pptp_ctrl *ctrl);
/*
 * We are the PNS: asks for an outgoing call (3.2.4.2).  PPTP_ERR_STATE before CTRL_UP,
 * PPTP_ERR_CALL_ID if local_call_id is taken or there are max_calls, PPTP_ERR_INVAL if a text
 * is not terminated, PPTP_ERR_NOMEM.
 */
int pptp_call_open(struct pptp_ctrl *ctrl, const struct pptp_call_params *params,
    uint16_t *local_call_id, uint64_t now);

/* For pptp_call_ring().  Zero takes the default in brackets. */
struct pptp_ring_params {
	uint16_t local_call_id;       /* [as in struct pptp_call_params] */
	uint16_t recv_window;         /* packets [64]; goes into ICCN, as the next three do */
	uint16_t transmit_delay;      /* 1/10 s */
	uint32_t connect_speed;       /* bit/s [100000000] */
	uint32_t framing_type;        /* [asynchronous] */
	uint32_t bearer_type;         /* [digital] */
	uint32_t physical_channel_id; /* the vendor's */
	char dialed_number[PPTP_NAME_LEN + 1]; /* at most 64 octets and a NUL */
	char dialing_number[PPTP_NAME_LEN + 1];
	char subaddress[PPTP_NAME_LEN + 1];
};
/*
 * We are the PAC: offers an incoming call (3.2.3.1).  When the peer takes it the line counts as
 * answered: ICCN goes out, and CALL_UP comes.  Errors as pptp_call_open().
 */
int pptp_call_ring(struct pptp_ctrl *ctrl, const struct pptp_ring_params *params,
    uint16_t *local_call_id, uint64_t now);

/* For pptp_call_accept().  Zero takes the default in brackets. */
struct pptp_call_answer {
	uint16_t recv_window;         /* packets [64] */
	uint16_t processing_delay;    /* 1/10 s */
	uint32_t connect_speed;       /* bit/s [what was asked for at most]; OCRP only */
	uint32_t physical_channel_id; /* the vendor's; OCRP only */
};
/*
 * Takes a call that was offered.  An outgoing one (we are the PAC, 3.2.4.1) is up with our OCRP,
 * an incoming one (the PNS, 3.2.3.2) with the peer's ICCN.  PPTP_ERR_CALL_ID; PPTP_ERR_STATE if it
 * is not offered (any more); PPTP_ERR_NOMEM.
 */
int pptp_call_accept(struct pptp_ctrl *ctrl, uint16_t local_call_id,
    const struct pptp_call_answer *answer, uint64_t now);
/*
 * Refuses one: OCRP with `result` 2 to 7 (2.8), or ICRP with 2 or 3 (2.10); CALL_DOWN follows
 * (PPTP_CAUSE_LOCAL).  `cause_code` is 2.8's, for OCRP only.  PPTP_ERR_INVAL: another result, or an
 * `error` that does not go with it (A15, J7).  PPTP_ERR_CALL_ID, PPTP_ERR_STATE, PPTP_ERR_NOMEM.
 */
int pptp_call_refuse(struct pptp_ctrl *ctrl, uint16_t local_call_id, uint8_t result,
    enum pptp_general_error error, uint16_t cause_code, uint64_t now);

/*
 * Ends a call in any state; PPTP_EV_CALL_DOWN follows.  As the PNS by Call-Clear-Request (2.12),
 * and waits for the answer; as the PAC by Call-Disconnect-Notify with result 3, as
 * pptp_call_disconnect() does with another; one that is offered is refused.  PPTP_ERR_CALL_ID,
 * PPTP_ERR_NOMEM.
 */
int pptp_call_clear(struct pptp_ctrl *ctrl, uint16_t local_call_id, uint64_t now);
/*
 * As the PAC only: Call-Disconnect-Notify (2.13) with the Result, Error and Cause Code and the Call
 * Statistics of `why`.  PPTP_ERR_INVAL: a result that is not 1 to 4, an error that does not go with
 * it, or a text that is not terminated.  PPTP_ERR_CALL_ID, PPTP_ERR_STATE (we are the PNS, or have
 * not answered), PPTP_ERR_NOMEM.
 */
int pptp_call_disconnect(
    struct pptp_ctrl *ctrl, uint16_t local_call_id, const struct pptp_cdn *why, uint64_t now);
/*
 * Set-Link-Info (2.15), in established only: the PNS's, whenever LCP has agreed.  A PAC can send it
 * as well, as Windows does, but should not unless it is told to (H5, H6).  PPTP_ERR_CALL_ID,
 * PPTP_ERR_STATE, PPTP_ERR_NOMEM.
 */
int pptp_call_set_link_info(struct pptp_ctrl *ctrl, uint16_t local_call_id, uint32_t send_accm,
    uint32_t receive_accm, uint64_t now);
/*
 * WAN-Error-Notify (2.14), as the PAC and in established only: tells what the line of a call has
 * counted since the call began; peers_call_id and reserved1 are not looked at.  It is sent when
 * something has been added, but not more than once in 60 s: else then, with what it is by then.
 * PPTP_ERR_CALL_ID, PPTP_ERR_STATE, PPTP_ERR_INVAL (a count went down), PPTP_ERR_NOMEM.
 */
int pptp_call_wan_errors(
    struct pptp_ctrl *ctrl, uint16_t local_call_id, const struct pptp_wen *counted, uint64_t now);

/* ----------------------------------------------------------------------- enhanced GRE */

/* The header of section 4.1, decoded. */
struct pptp_gre {
	uint16_t call_id;     /* of the receiver (protocol F2) */
	uint16_t payload_len; /* octets */
	bool has_seq, has_ack;
	uint32_t seq, ack;
	const uint8_t *payload; /* borrows the input; NULL if none */
};

#define PPTP_GRE_MAX_HEADER 16

/*
 * One GRE datagram without its IP header.  PPTP_ERR_DISCARD when it breaks a MUST of 4.1
 * (F1) or is shorter than it says (F7).
 */
int pptp_gre_decode(struct pptp_gre *gre, const uint8_t *data, size_t len);
/* The same for a capture, which may have less of the payload than there was: *there octets. */
int pptp_gre_decode_cut(struct pptp_gre *gre, const uint8_t *data, size_t len, size_t *there);
/*
 * Writes the header that goes before gre->payload_len octets; *len is 12 or 16.
 * PPTP_ERR_SPACE, PPTP_ERR_INVAL (neither seq nor ack, or seq without a payload, F3).
 */
int pptp_gre_encode(const struct pptp_gre *gre, uint8_t *out, size_t size, size_t *len);

/* ----------------------------------------------------------------------------- sessions */

struct pptp_session;

/*
 * What the peer's window (4.2) is to us.  Advisory: computed and counted, and nothing is held
 * back.  Strict: 4.2 to the letter; a peer that acknowledges only when it has data to send
 * then gets one window for each time-out (protocol G13).
 */
enum pptp_window_mode {
	PPTP_WINDOW_ADVISORY,
	PPTP_WINDOW_STRICT,
	PPTP_WINDOW_OFF,
};

struct pptp_session_params { /* copied; zero takes the default in brackets */
	uint16_t local_call_id;
	uint16_t peer_call_id;
	uint16_t recv_window;   /* packets, as we told the peer [64] */
	uint16_t reorder_depth; /* packets held at most, made a power of two; 1: none [256] */
	/*
	 * us that a hole is waited for at most [100 ms].  How long it is waited for within that
	 * is learnt from how late packets come.
	 */
	uint64_t reorder_wait;
	/*
	 * A number so far ahead of the one that is waited for, or further, is not believed until
	 * four, one after the other, say the same [256, or reorder_depth if that is more].
	 */
	uint32_t forward_window;
	uint64_t ack_delay;   /* us that an acknowledgement may wait for data [100 ms] */
	uint16_t max_payload; /* octets of a held PPP frame [1600] */
	enum pptp_window_mode window_mode;
	uint16_t peer_window; /* packets, as the peer told; 0: no limit stated, none is kept (G5) */
	uint16_t peer_delay;  /* 1/10 s, its Packet Processing Delay */
	uint64_t max_timeout; /* us, 4.4's MaxTimeOut [10 s] */
	uint16_t send_queue;  /* frames that wait while the window is shut (strict) [64] */
};

struct pptp_session_stats {
	uint64_t rx_packets, rx_bytes; /* delivered upward; octets of PPP */
	uint64_t tx_packets, tx_bytes; /* PPP frames handed out for sending */
	uint64_t rx_acks, tx_acks;     /* packets with nothing but an acknowledgement */
	uint64_t rx_lost;              /* numbers given up */
	uint64_t rx_reordered;         /* came late and were put back in order */
	/* Dropped: seen already; given up already, or more than 1024 numbers old. */
	uint64_t rx_duplicate, rx_late;
	uint64_t rx_far;        /* dropped: beyond the forward bound (I2) */
	uint64_t rx_resync;     /* the peer's numbers jumped and we followed */
	uint64_t rx_bad;        /* malformed headers */
	uint64_t rx_other_call; /* another Call ID */
	/* Dropped: a payload over max_payload that had to be held; it becomes rx_lost as well. */
	uint64_t rx_too_long;
	/* What a hole is waited for now, as learnt: us, or packets, whichever is over first. */
	uint64_t rx_wait;
	uint32_t rx_wait_packets;
	uint64_t tx_timeouts;    /* an acknowledgement was late: the window was halved (4.2.2) */
	uint64_t tx_over_window; /* sent all the same when it was shut (advisory) */
	uint64_t tx_dropped;     /* it was shut, and send_queue full (strict) */
	uint32_t tx_window;      /* packets, as it is now; 0 none is kept */
	uint64_t ack_timeout;    /* us, the Adaptive Time-Out as it is now (4.4.1) */
	uint64_t rtt;            /* us, smoothed; 0 unknown */
};

/* NULL when out of memory; the caller owns it.  All memory it ever needs is taken here. */
struct pptp_session *pptp_session_new(
    const struct pptp_env *env, const struct pptp_session_params *params);
void pptp_session_free(struct pptp_session *session); /* NULL is fine */

/*
 * One GRE datagram without its IP header.  Afterwards pptp_session_next() must be called
 * until it is empty, before `data` changes.  PPTP_ERR_DISCARD: dropped and counted.  If it
 * was not emptied, the frame of the last datagram is dropped by the next
 * pptp_session_recv(), and its number is a hole; frames that were held stay.
 */
int pptp_session_recv(struct pptp_session *session, const uint8_t *data, size_t len, uint64_t now);
/*
 * The next PPP frame in order.  *frame borrows the datagram or a slot until the next call on
 * this session.  PPTP_ERR_AGAIN: none.
 */
int pptp_session_next(struct pptp_session *session, const uint8_t **frame, size_t *len);
/*
 * Puts the header in front of a PPP frame; at least PPTP_GRE_MAX_HEADER octets before `frame`
 * belong to the caller.  *packet, *packet_len are what to send.  An acknowledgement that is
 * owed rides along.  PPTP_ERR_INVAL: len is 0 or over 65535.
 * Strict only: PPTP_ERR_AGAIN: the window is shut, and a copy of the frame waits; or
 * PPTP_ERR_DISCARD: too many wait, and it was dropped and counted.
 */
int pptp_session_send(struct pptp_session *session, uint8_t *frame, size_t len, uint8_t **packet,
    size_t *packet_len, uint64_t now);
/*
 * The next of those that waited, now that the window is open: after an acknowledgement or a
 * time-out, until it says PPTP_ERR_AGAIN.  The packet stays until the next
 * pptp_session_send().
 */
int pptp_session_send_queued(
    struct pptp_session *session, uint8_t **packet, size_t *packet_len, uint64_t now);
/*
 * An acknowledgement alone, if one is due now: *len octets in `out` (at least 12).
 * PPTP_ERR_AGAIN: none is due.
 */
int pptp_session_ack(
    struct pptp_session *session, uint8_t *out, size_t size, size_t *len, uint64_t now);
/* The nearest of: acknowledgement due, hole given up, time-out.  PPTP_NEVER if none. */
uint64_t pptp_session_deadline(const struct pptp_session *session);
/*
 * Gives up what has been waited for long enough; then pptp_session_next() and
 * pptp_session_send_queued() may have something.
 */
void pptp_session_expire(struct pptp_session *session, uint64_t now);
void pptp_session_stats(const struct pptp_session *session, struct pptp_session_stats *stats);

/* ------------------------------------------------------------- PPP, as a trace shows it */

/*
 * Whether a PPP frame agrees on something (LCP, authentication, a network control protocol) and
 * is no data.  Looks at the Protocol field only, so that each frame of a data path can be asked.
 */
bool pptp_ppp_is_control(const uint8_t *frame, size_t len);

struct pptp_ppp {
	uint16_t protocol;
	bool has_code; /* a control protocol's packet, with Code, Identifier and Length */
	uint8_t code, identifier;
	const uint8_t *packet; /* behind the Protocol field; borrows the frame */
	size_t packet_len;     /* without padding */
};
/* A frame from the Address, or where that is left out from the Protocol on.  PPTP_ERR_DISCARD. */
int pptp_ppp_decode(struct pptp_ppp *ppp, const uint8_t *frame, size_t len);
/* "LCP", or "unknown". */
const char *pptp_ppp_protocol_name(unsigned protocol);
/* "Configure-Request", or "unknown". */
const char *pptp_ppp_code_name(unsigned protocol, unsigned code);
/*
 * Writes '*' over the password of a PAP packet, over what answers the Challenge of a CHAP packet, and
 * over what any other way of authentication says, in a Protocol-Reject as well.  Before a frame is
 * kept, shown or given to anybody.
 */
void pptp_ppp_hide(uint8_t *frame, size_t len);
/*
 * One line for people as pptp_msg_print() makes it: "Identifier 1, MRU 1400, ...", options and codes in
 * words, the peer's text escaped; what pptp_ppp_hide() hides is "hidden".  The frame may be cut.
 */
int pptp_ppp_print(const uint8_t *frame, size_t len, char *out, size_t size);

/* --------------------------------------------------------------------------------- HDLC */

/*
 * Asynchronous HDLC framing (RFC 1662) between us and a pppd on a pty.  Frames are PPP frames
 * from the address octet on, without flags, escapes and FCS.
 */
#define PPTP_HDLC_MAX_FRAME 4096
/* Octets that an encoded frame of n octets takes at most. */
#define PPTP_HDLC_ENCODED_MAX(n) (2 * ((n) + 2) + 2)

/* FCS-16 over `len` octets, continuing from `fcs` (start: 0xffff); good residue 0xf0b8. */
uint16_t pptp_fcs16(uint16_t fcs, const uint8_t *data, size_t len);
/*
 * Flag, frame, FCS, flag.  `send_accm`: bit n set means octet n is escaped; 0x7d and 0x7e
 * always are.  Returns the octets written; `out` holds PPTP_HDLC_ENCODED_MAX(len).
 */
size_t pptp_hdlc_encode(uint8_t *out, const uint8_t *frame, size_t len, uint32_t send_accm);

/*
 * Which octets the kernel's ppp_async takes unescaped is agreed in LCP between pppd and the peer,
 * and not told to us: it is learnt from what passes.  All are escaped until LCP is open on both
 * sides, again when it is agreed anew, and for ever if the peer rejects the option (as accel-ppp
 * does).
 */
struct pptp_accm {
	uint32_t map; /* that the peer acknowledged */
	uint8_t our_id, their_id;
	bool is_ours_acked, is_theirs_acked;
};
void pptp_accm_init(struct pptp_accm *accm);
/* A frame from pppd, and one to it, from the address octet on. */
void pptp_accm_from_ppp(struct pptp_accm *accm, const uint8_t *frame, size_t len);
void pptp_accm_to_ppp(struct pptp_accm *accm, const uint8_t *frame, size_t len);
/* The send_accm for a frame to pppd. */
uint32_t pptp_accm_map(const struct pptp_accm *accm, const uint8_t *frame, size_t len);

struct pptp_hdlc_stats {
	uint64_t frames;
	uint64_t bad_fcs, aborted, too_short, too_long;
};

/* Holds one frame in the making; the caller owns it. */
struct pptp_hdlc_decoder {
	struct pptp_hdlc_stats stats;
	uint32_t receive_accm; /* octets under 0x20 in it are dropped if they come unescaped */
	size_t len;
	bool escaped, overlong;
	uint8_t buf[PPTP_GRE_MAX_HEADER + PPTP_HDLC_MAX_FRAME + 2];
};
void pptp_hdlc_init(struct pptp_hdlc_decoder *decoder, uint32_t receive_accm);
/*
 * Takes octets until a good frame is complete or all are taken; *used says how many.
 * PPTP_OK: *frame, *frame_len; it borrows the decoder until the next call, may be changed,
 * and has PPTP_GRE_MAX_HEADER octets of room before it.  PPTP_ERR_AGAIN: all taken, no frame.
 * Bad frames are counted and skipped.
 */
int pptp_hdlc_decode(struct pptp_hdlc_decoder *decoder, const uint8_t *data, size_t len,
    size_t *used, uint8_t **frame, size_t *frame_len);

#endif
