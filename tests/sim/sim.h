/*
 * sim.h: a world in a box.  Two nodes, each an owner of control connections and calls as the
 * daemon is, and a link between them, in virtual time and from one seed.
 *
 * Who calls whom: plan.c says what a world is like and what its people do; node.c does it with
 * lib/; wire.c carries octets and keeps the time; sim.c runs one world for each seed.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pptp.h"

#define MINUTE (60 * PPTP_SEC)

struct sim;
struct end;

/* A promise that is broken: says which, with the seed, and ends the program with status 1. */
#define CHECK(sim, truth)                                            \
	do {                                                         \
		if (!(truth))                                        \
			sim_broken(sim, #truth, __FILE__, __LINE__); \
	} while (0)
void sim_broken(const struct sim *sim, const char *promise, const char *file, int line)
    __attribute__((noreturn));

/* ---------------------------------------------------------------------------------- wire.c */

struct link {
	uint64_t delay, jitter;    /* us */
	unsigned loss, duplicates; /* of a thousand; of TCP a loss is a stall */
	unsigned late;             /* of a thousand GRE packets, that others overtake */
	uint64_t down_until;       /* nothing passes before */
};

enum job_kind {
	JOB_CONNECTED, /* TCP, for who dialled */
	JOB_ACCEPTED,  /* TCP, for who is dialled */
	JOB_OCTETS,
	JOB_CLOSED,
	JOB_GRE,
	JOB_TIMER, /* of an end's deadlines */
	JOB_PLAN,  /* the next thing that people do */
};

struct job {
	uint64_t at, order;
	enum job_kind kind;
	struct end *end; /* borrows; an end lives as long as its world */
	unsigned node;   /* JOB_GRE: who gets it */
	size_t len;      /* of the octets */
	uint8_t *octets; /* owns, or NULL */
};

/* Takes `job` over; at `at`, in the order of asking. */
void wire_at(struct sim *sim, uint64_t at, struct job job);
/* The next job until `until`, with the clock set to its time; false: none. */
bool wire_next(struct sim *sim, uint64_t until, struct job *job);
void wire_free(struct sim *sim);
/* Opens TCP from a node to the other. */
void wire_dial(struct sim *sim, unsigned node);
/* One control message. */
void wire_send(struct end *end, const uint8_t *octets, size_t len);
/* In order: after what was sent. */
void wire_close(struct end *end);
/* It breaks, and perhaps nobody is told. */
void wire_cut(struct sim *sim, struct end *end);
void wire_gre(struct sim *sim, unsigned to, const uint8_t *octets, size_t len);

/* ---------------------------------------------------------------------------------- node.c */

/* A call, as its owner knows it. */
struct line {
	struct line *next; /* owns */
	struct end *end;   /* borrows */
	uint16_t id, peer_id;
	bool is_pac, is_up, is_offered, is_clearing;
	uint64_t since; /* us, of what it is now */
	struct pptp_session *session;
	uint32_t tag;  /* in each frame of ours */
	uint32_t sent; /* frames */
	uint32_t their_tag, heard;
	struct pptp_wen errors;
	uint64_t told; /* us, the last WAN-Error-Notify; 0 none */
};

/* One side of a TCP connection. */
struct end {
	struct end *next;      /* owns: of all of this world */
	struct end *next_live; /* borrows: of those with a control connection */
	struct end *other;     /* borrows */
	struct sim *sim;
	unsigned node;
	bool dialled, is_open, is_dead; /* dead: nothing passes */
	uint64_t arrives;               /* us: the last octets that were sent; no others before */
	struct pptp_ctrl *ctrl;         /* owns, NULL when it is over */
	bool is_up, is_over;
	enum pptp_ctrl_state state;
	uint64_t since;    /* us, of that state */
	uint64_t timer_at; /* us: the JOB_TIMER that counts */
	unsigned spoken;   /* messages that we have sent */
	bool is_mute;      /* the loser's connection at the winner (3.1.3) */
};

struct node {
	uint32_t address;
	bool dials, takes_calls, rings; /* what it wants, as long as it lives */
	unsigned wants;                 /* calls, of each connection that it dialled */
	struct end *dial;               /* borrows: the connection that it dialled */
	struct line *lines;             /* owns */
	unsigned n_lines;
	uint64_t redial_at;
};

void node_dial(struct sim *sim, unsigned node);
void node_connected(struct end *end);
void node_accepted(struct end *end);
void node_octets(struct end *end, const uint8_t *octets, size_t len);
void node_closed(struct end *end);
void node_timer(struct end *end);
void node_gre(struct sim *sim, unsigned node, const uint8_t *octets, size_t len);
/* Sends what is to be sent, and hears what has happened. */
void node_pump(struct end *end);
/* The established connection of a node, or NULL. */
struct end *node_up(struct sim *sim, unsigned node);
struct line *node_line(struct sim *sim, unsigned node, unsigned index);
void node_open(struct end *end, bool ring);
void node_clear(struct line *line);
void node_frames(struct line *line, unsigned count);
void node_errors(struct line *line);
void node_stop(struct sim *sim, unsigned node);
/* That nothing has been waiting for longer than its time-out.  Sweeps, too. */
void node_check(struct sim *sim);

/* ---------------------------------------------------------------------------------- line.c */

struct line *line_new(struct end *end, uint16_t id, bool is_pac);
struct line *line_find(struct sim *sim, unsigned node, uint16_t id);
void line_up(struct line *line, const struct pptp_event *event);
void line_free(struct line *line);
void line_drain(struct line *line);
/* What an end's sessions wait for. */
uint64_t line_deadline(const struct end *end);
void line_expire(struct end *end);

/* ---------------------------------------------------------------------------------- plan.c */

enum plan {
	PLAN_DAY,       /* quiet lines and echoes */
	PLAN_STORM,     /* many calls on one connection, both ways */
	PLAN_COLLISION, /* both dial in the same moment */
	PLAN_LOST,      /* each control message is late, very late, or the end of TCP, once */
	PLAN_FAULTS,    /* outages, and TCP that breaks */
	PLAN_TOUR,      /* every message, nothing goes wrong */
	PLANS,
};
const char *plan_name(enum plan plan);
void plan_begin(struct sim *sim);
void plan_step(struct sim *sim);
/* What becomes of a control message of PLAN_LOST: us that it is late; UINT64_MAX: TCP ends there. */
uint64_t plan_lateness(struct sim *sim);
/* From now on nothing goes wrong any more; then, all is to come to rest. */
void plan_heal(struct sim *sim);
void plan_rest(struct sim *sim);

/* ----------------------------------------------------------------------------------- sim.c */

struct tally {
	uint64_t sent[PPTP_MSG_TYPES + 1];
	uint64_t ends[64]; /* control connections and calls, by enum pptp_cause */
	uint64_t frames, collisions, events;
};

struct sim {
	uint32_t seed, random;
	enum plan plan;
	uint64_t hours;
	uint64_t now;
	struct link link;
	struct node nodes[2];
	struct end *ends;      /* owns */
	struct end *live_ends; /* borrows; those that are over are swept away by and by */
	struct pptp_env env;
	size_t live; /* pieces of memory not given back */
	struct job *jobs;
	size_t n_jobs, room;
	uint64_t order;
	bool is_healed, is_resting;
	unsigned lost_at, lost_how, messages; /* PLAN_LOST: in this life */
	unsigned tour;
	bool prints;         /* every control message */
	struct tally *tally; /* borrows */
};

/* The next of the seed's numbers; below `n`; true in `n` of a thousand. */
uint32_t sim_random(struct sim *sim);
uint32_t sim_below(struct sim *sim, uint32_t n);
bool sim_chance(struct sim *sim, unsigned n);

#endif
