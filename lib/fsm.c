/*
 * fsm.c: see fsm.h.
 */
#include "fsm.h"

#include "pptp.h"

const struct fsm_row *
fsm_find(const struct fsm *fsm, unsigned state, unsigned event)
{
	for (unsigned i = 0; i < fsm->n_rows; i++) {
		const struct fsm_row *row = &fsm->rows[i];

		if (row->state == state && row->event == event)
			return row;
	}
	return NULL;
}

int
fsm_step(const struct fsm *fsm, unsigned *state, unsigned event, void *object, const void *input,
    uint64_t now)
{
	const struct fsm_row *row = fsm_find(fsm, *state, event);

	if (row == NULL)
		return PPTP_ERR_STATE;
	*state = row->next;
	return row->action == NULL ? PPTP_OK : row->action(object, input, now);
}

const char *
fsm_state_name(const struct fsm *fsm, unsigned state)
{
	return state < fsm->n_states ? fsm->state_names[state] : "unknown";
}

const char *
fsm_event_name(const struct fsm *fsm, unsigned event)
{
	return event < fsm->n_events ? fsm->event_names[event] : "unknown";
}
