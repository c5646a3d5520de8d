/*
 * reorder.h: putting a session's packets in order (RFC 2637 4.3).  Inside lib/ only.
 */
#ifndef REORDER_H
#define REORDER_H

#include "pptp.h"

#define REORDER_HISTORY    1024 /* numbers below `next` of which we know how they ended */

#define REORDER_NEIGHBOURS 4

/* A moment: by the clock, and by how many packets had come that did not leap ahead. */
struct reorder_stamp {
	uint64_t time; /* us */
	uint32_t order;
};

struct reorder_slot {
	/* When it came; while it is missing, when the first packet behind it came. */
	struct reorder_stamp stamp;
	uint16_t len; /* octets; 0: nothing is held here */
};

struct reorder {
	const struct pptp_env *env;               /* borrows for life */
	const struct pptp_session_params *params; /* borrows for life; defaults filled in */
	struct pptp_session_stats *stats;         /* borrows for life; counts the drops in it */

	bool started;     /* until something came no number below means anything */
	uint32_t next;    /* the first number that was neither delivered nor given up */
	uint32_t floor;   /* `next` or after it: numbers below are not waited for any more */
	uint32_t highest; /* received */
	uint32_t depth;   /* slots; a power of two, so that numbers wrap with the ring */
	uint32_t held;
	struct reorder_slot *slots; /* owns depth of them */
	uint8_t *payloads;          /* owns depth times max_payload octets */
	struct reorder_stamp now;   /* of the last packet taken; its time moves on by itself */
	struct {
		const uint8_t *payload; /* borrows the datagram; NULL: none */
		uint32_t seq;
		uint16_t len;
		bool jump; /* `next` moves to seq once nothing is held any more */
	} direct;

	/* Waiting. */
	struct reorder_stamp neighbours[REORDER_NEIGHBOURS]; /* of the numbers before `next` */
	uint32_t missed_to;  /* the first number of which no slot says when it was missed */
	uint64_t seen_time;  /* us: how late a packet came that was still put in order, */
	uint32_t seen_count; /* and how many came before it that should not have */
	uint32_t gap_end;    /* the number after the last one that was given up as lost */

	/* Bit n % REORDER_HISTORY: the number n was given up, or never known. */
	uint64_t gone[REORDER_HISTORY / 64];
	uint32_t far_next; /* the number after that of the last packet out of bounds */
	unsigned far_run;
};

/* False when out of memory; then reorder_fini() is still fine. Takes all it will ever need. */
bool reorder_init(struct reorder *reorder, const struct pptp_env *env,
    const struct pptp_session_params *params, struct pptp_session_stats *stats);
void reorder_fini(struct reorder *reorder);
/*
 * One packet with a payload, which is borrowed until reorder_next() has given all that it
 * has.  PPTP_ERR_DISCARD: dropped and counted.
 */
int reorder_put(struct reorder *reorder, const struct pptp_gre *gre, uint64_t now);
/* The next frame in order, or PPTP_ERR_AGAIN; see pptp_session_next(). */
int reorder_next(struct reorder *reorder, const uint8_t **frame, size_t *len);
/* What was borrowed and not taken is lost, and becomes a hole. */
void reorder_release(struct reorder *reorder);
/* When the packet `next` is given up; PPTP_NEVER if it is not missed. */
uint64_t reorder_deadline(const struct reorder *reorder);
/* For the statistics: rx_wait, rx_wait_packets. */
void reorder_waits(const struct reorder *reorder, struct pptp_session_stats *stats);
/* Gives up what has been waited for long enough. */
void reorder_expire(struct reorder *reorder, uint64_t now);

#endif
