/*
 * fsm.h: the engine of the state tables.  A table mirrors one figure of RFC 2637 section
 * 3: each row is an arrow.  Whatever decides between arrows has been decided before, by
 * the pure function that made the event; a table has no conditions.  Inside lib/ only.
 */
#ifndef FSM_H
#define FSM_H

#include <stddef.h>
#include <stdint.h>

struct fsm_row {
	unsigned state;
	unsigned event;
	/* Returns an enum pptp_err; NULL: nothing to do but to move. */
	int (*action)(void *object, const void *input, uint64_t now);
	unsigned next;
};

struct fsm {
	const char *name;               /* its section and figure */
	const char *const *state_names; /* the figure's words */
	unsigned n_states;
	const char *const *event_names;
	unsigned n_events;
	const struct fsm_row *rows;
	unsigned n_rows;
};

/* The arrow for this pair, or NULL. */
const struct fsm_row *fsm_find(const struct fsm *fsm, unsigned state, unsigned event);
/*
 * Moves *state along the arrow, then runs its action, so that the action sees the state
 * that it brings about.  PPTP_ERR_STATE when there is no arrow (nothing has changed
 * then), else what the action returns.
 */
int fsm_step(const struct fsm *fsm, unsigned *state, unsigned event, void *object,
    const void *input, uint64_t now);
/* Names for a log; never NULL. */
const char *fsm_state_name(const struct fsm *fsm, unsigned state);
const char *fsm_event_name(const struct fsm *fsm, unsigned event);

#endif
