/*
 * The four figures of calls, RFC 2637 3.2.3.1, 3.2.3.2, 3.2.4.1 and 3.2.4.2, pair by pair of state
 * and event: protocol D.1 to D.4 whole.
 */
#include "call.h"
#include "util.h"

struct expected {
	unsigned state, event, next;
	unsigned sends;      /* a message type, or none */
	unsigned says;       /* PPTP_EV_RECV stands for none: calls do not say that */
	enum pptp_cause end; /* CALL_DOWN's */
};

#define NOTHING 0
#define SAY(ev) PPTP_EV_##ev, PPTP_CAUSE_NONE
#define END(c)  PPTP_EV_CALL_DOWN, PPTP_CAUSE_##c
#define QUIET   PPTP_EV_RECV, PPTP_CAUSE_NONE
#define I       CALL_IDLE
#define R       CALL_WAIT_REPLY
#define E       CALL_ESTABLISHED
#define D       CALL_WAIT_DISCONNECT
#define O       CALL_OFFERED
#define C       CALL_WAIT_CONNECT
#define A       CALL_WAIT_CS_ANS

#define PNS_ESTABLISHED                                                                     \
	{E, CALL_RX_CDN, I, NOTHING, END(PEER_DISCONNECT)},                                 \
	    {E, CALL_LOCAL_CLEAR, D, PPTP_CCR, QUIET}, {E, CALL_RX_SLI, E, NOTHING, QUIET}, \
	    {E, CALL_RX_WEN, E, NOTHING, SAY(WAN_ERROR)},                                   \
	{                                                                                   \
		E, CALL_CTRL_DOWN, I, NOTHING, END(CTRL_DOWN)                               \
	}

#define PNS_WAIT_DISCONNECT                                                                \
	{D, CALL_RX_CDN, I, NOTHING, END(LOCAL)}, {D, CALL_RX_SLI, D, NOTHING, QUIET},     \
	    {D, CALL_RX_WEN, D, NOTHING, QUIET}, {D, CALL_LOCAL_CLEAR, D, NOTHING, QUIET}, \
	    {D, CALL_TIMEOUT, I, NOTHING, END(CLEAR_TIMEOUT)},                             \
	{                                                                                  \
		D, CALL_CTRL_DOWN, I, NOTHING, END(LOCAL)                                  \
	}

#define PAC_ESTABLISHED                                       \
	{E, CALL_RX_CCR, I, PPTP_CDN, END(PEER_CLEAR)},       \
	    {E, CALL_LOCAL_CLEAR, I, PPTP_CDN, END(LOCAL)},   \
	    {E, CALL_RX_SLI, E, NOTHING, SAY(LINK_INFO)},     \
	    {E, CALL_ERRORS_DUE, E, PPTP_WEN, QUIET},         \
	{                                                     \
		E, CALL_CTRL_DOWN, I, NOTHING, END(CTRL_DOWN) \
	}

static const struct expected pac_incoming[] = {
    {I, CALL_OPEN, R, PPTP_ICRQ, QUIET},
    {R, CALL_RX_ICRP_OK, E, PPTP_ICCN, SAY(CALL_UP)},
    {R, CALL_RX_ICRP_ERROR, I, NOTHING, END(CALL_REFUSED)},
    {R, CALL_LOCAL_CLEAR, I, PPTP_CDN, END(LOCAL)},
    {R, CALL_RX_CCR, I, PPTP_CDN, END(PEER_CLEAR)},
    {R, CALL_TIMEOUT, I, PPTP_CDN, END(CALL_TIMEOUT)},
    {R, CALL_CTRL_DOWN, I, NOTHING, END(CTRL_DOWN)},
    PAC_ESTABLISHED,
};

static const struct expected pns_incoming[] = {
    {I, CALL_RX_ICRQ_ERROR, I, PPTP_ICRP, QUIET},
    {I, CALL_RX_ICRQ_OK, O, NOTHING, SAY(CALL_OFFERED)},
    {O, CALL_ANSWER, C, PPTP_ICRP, QUIET},
    {O, CALL_REFUSE, I, PPTP_ICRP, END(LOCAL)},
    {O, CALL_LOCAL_CLEAR, I, PPTP_ICRP, END(LOCAL)},
    {O, CALL_RX_CDN, I, NOTHING, END(PEER_DISCONNECT)},
    {O, CALL_TIMEOUT, I, PPTP_ICRP, END(ANSWER_TIMEOUT)},
    {O, CALL_CTRL_DOWN, I, NOTHING, END(CTRL_DOWN)},
    {C, CALL_RX_ICCN, E, NOTHING, SAY(CALL_UP)},
    {C, CALL_RX_CDN, I, NOTHING, END(PEER_DISCONNECT)},
    {C, CALL_LOCAL_CLEAR, D, PPTP_CCR, QUIET},
    {C, CALL_RX_SLI, C, NOTHING, QUIET},
    {C, CALL_TIMEOUT, I, PPTP_CCR, END(CALL_TIMEOUT)},
    {C, CALL_CTRL_DOWN, I, NOTHING, END(CTRL_DOWN)},
    PNS_ESTABLISHED,
    PNS_WAIT_DISCONNECT,
    {D, CALL_RX_ICCN, D, NOTHING, QUIET},
};

static const struct expected pac_outgoing[] = {
    {I, CALL_RX_OCRQ_ERROR, I, PPTP_OCRP, QUIET},
    {I, CALL_RX_OCRQ_OK, A, NOTHING, SAY(CALL_OFFERED)},
    {A, CALL_ANSWER, E, PPTP_OCRP, SAY(CALL_UP)},
    {A, CALL_REFUSE, I, PPTP_OCRP, END(LOCAL)},
    {A, CALL_RX_CCR, I, PPTP_CDN, END(PEER_CLEAR)},
    {A, CALL_LOCAL_CLEAR, I, PPTP_OCRP, END(LOCAL)},
    {A, CALL_TIMEOUT, I, PPTP_OCRP, END(ANSWER_TIMEOUT)},
    {A, CALL_CTRL_DOWN, I, NOTHING, END(CTRL_DOWN)},
    PAC_ESTABLISHED,
};

static const struct expected pns_outgoing[] = {
    {I, CALL_OPEN, R, PPTP_OCRQ, QUIET},
    {R, CALL_RX_OCRP_OK, E, NOTHING, SAY(CALL_UP)},
    {R, CALL_RX_OCRP_ERROR, I, NOTHING, END(CALL_REFUSED)},
    {R, CALL_LOCAL_CLEAR, D, PPTP_CCR, QUIET},
    {R, CALL_RX_CDN, I, NOTHING, END(PEER_DISCONNECT)},
    {R, CALL_RX_SLI, R, NOTHING, QUIET},
    {R, CALL_TIMEOUT, I, PPTP_CCR, END(CALL_TIMEOUT)},
    {R, CALL_CTRL_DOWN, I, NOTHING, END(CTRL_DOWN)},
    PNS_ESTABLISHED,
    PNS_WAIT_DISCONNECT,
    {D, CALL_RX_OCRP_OK, D, NOTHING, QUIET},
    {D, CALL_RX_OCRP_ERROR, I, NOTHING, END(LOCAL)},
};

/* What an action of this event reads. */
union input {
	struct pptp_msg msg;
	struct call_refusal refusal;
	struct pptp_call_answer answer;
};

static const void *
input_of(const struct fsm *fsm, unsigned event, union input *input)
{
	*input = (union input){.msg.type = PPTP_CDN};
	switch ((enum call_event)event) {
	case CALL_OPEN:
		input->msg.type = fsm == &call_pac_incoming_fsm ? PPTP_ICRQ : PPTP_OCRQ;
		break;
	case CALL_RX_OCRQ_ERROR:
	case CALL_RX_ICRQ_ERROR:
	case CALL_REFUSE:
		input->refusal = (struct call_refusal){.result = 3};
		break;
	case CALL_ANSWER:
		input->answer = (struct pptp_call_answer){.recv_window = 1};
		break;
	case CALL_LOCAL_CLEAR:
		return NULL;
	case CALL_RX_OCRQ_OK:
	case CALL_RX_OCRP_OK:
	case CALL_RX_OCRP_ERROR:
	case CALL_RX_ICRQ_OK:
	case CALL_RX_ICRP_OK:
	case CALL_RX_ICRP_ERROR:
	case CALL_RX_ICCN:
	case CALL_RX_CCR:
	case CALL_RX_CDN:
	case CALL_RX_SLI:
	case CALL_RX_WEN:
	case CALL_RX_OTHER:
	case CALL_TIMEOUT:
	case CALL_ERRORS_DUE:
	case CALL_CTRL_DOWN:
	case CALL_EVENTS:
		break;
	}
	return input;
}

/* Puts a call where it can be freed in order. */
static void
put_back(struct world *w, struct call *call)
{
	call->state = CALL_ESTABLISHED;
	if (call->down == NULL)
		call->down = ctrl_event_reserve(w->ctrl);
}

static void
walk_pair(const struct fsm *fsm, const struct expected *row, unsigned in_state, unsigned event)
{
	struct pptp_event got;
	union input input;
	struct call *call;
	struct world w;

	world_establish(&w);
	call = call_new(w.ctrl, fsm, 4711);
	assert_non_null(call);
	call_learn_peer(call, 815);
	call->state = in_state; /* the table looks at nothing else */
	/* Not call_step(): an idle call stays, so that its state can be looked at. */
	assert_int_equal(
	    fsm_step(fsm, &call->state, event, call, input_of(fsm, event, &input), w.now),
	    row != NULL ? PPTP_OK : PPTP_ERR_STATE);
	assert_int_equal(call->state, row != NULL ? row->next : in_state);
	if (row != NULL && row->sends != NOTHING)
		we_send(&w, (enum pptp_msg_type)row->sends);
	we_send_nothing(&w);
	if (row != NULL && row->end != PPTP_CAUSE_NONE)
		call_down_is(&w, row->end, 4711);
	else if (row != NULL && row->says != PPTP_EV_RECV)
		assert_int_equal(event_is(&w, (enum pptp_event_type)row->says).local_call_id, 4711);
	assert_int_equal(pptp_ctrl_event(w.ctrl, &got), PPTP_ERR_AGAIN);
	put_back(&w, call);
	world_fini(&w);
}

static void
walk(const struct fsm *fsm, const struct expected *expected, size_t count)
{
	assert_int_equal(fsm->n_rows, count);
	assert_int_equal(fsm->n_events, CALL_EVENTS);
	for (unsigned event = 0; event < CALL_EVENTS; event++)
		assert_non_null(fsm->event_names[event]);
	for (unsigned s = 0; s < fsm->n_states; s++) {
		assert_non_null(fsm->state_names[s]);
		for (unsigned event = 0; event < CALL_EVENTS; event++) {
			const struct expected *row = NULL;

			for (size_t i = 0; i < count; i++) {
				if (expected[i].state != s || expected[i].event != event)
					continue;
				assert_null(row);
				row = &expected[i];
			}
			walk_pair(fsm, row, s, event);
		}
	}
}

static void
rfc3_2_3_1_pac_incoming_every_state_and_event(void **state)
{
	(void)state;
	walk(&call_pac_incoming_fsm, pac_incoming, COUNT(pac_incoming));
}

static void
rfc3_2_3_2_pns_incoming_every_state_and_event(void **state)
{
	(void)state;
	walk(&call_pns_incoming_fsm, pns_incoming, COUNT(pns_incoming));
}

static void
rfc3_2_4_1_pac_outgoing_every_state_and_event(void **state)
{
	(void)state;
	walk(&call_pac_outgoing_fsm, pac_outgoing, COUNT(pac_outgoing));
}

static void
rfc3_2_4_2_pns_outgoing_every_state_and_event(void **state)
{
	(void)state;
	walk(&call_pns_outgoing_fsm, pns_outgoing, COUNT(pns_outgoing));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3_2_3_1_pac_incoming_every_state_and_event),
	    cmocka_unit_test(rfc3_2_3_2_pns_incoming_every_state_and_event),
	    cmocka_unit_test(rfc3_2_4_1_pac_outgoing_every_state_and_event),
	    cmocka_unit_test(rfc3_2_4_2_pns_outgoing_every_state_and_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
