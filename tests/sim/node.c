/*
 * node.c: an owner of control connections and calls.
 */
#include "sim.h"

#include <stdio.h>
#include <string.h>

/* Longer than any wait for a peer, and what TCP and a busy owner add (C1, C5, C6). */
#define PATIENCE (130 * PPTP_SEC)

/* -------------------------------------------------------------------------- sending, timers */

/* What is sent is what was meant; the winner of a collision sends nothing there (3.1.3). */
static void
speak(struct end *end, const uint8_t *octets, size_t len)
{
	struct sim *sim = end->sim;
	uint8_t again[PPTP_MAX_MSG_LEN];
	struct pptp_msg msg;
	size_t n;

	CHECK(sim, pptp_msg_decode(&msg, octets, len) == PPTP_OK);
	CHECK(sim, pptp_msg_encode(&msg, again, sizeof(again), &n) == PPTP_OK);
	CHECK(sim, n == len && memcmp(again, octets, len) == 0);
	CHECK(sim, !end->is_mute);
	end->spoken++;
	sim->tally->sent[msg.type]++;
	if (sim->prints) {
		printf("%u ", end->node);
		for (size_t i = 0; i < len; i++)
			printf("%02x", octets[i]);
		printf("\n");
	}
	if (msg.type == PPTP_WEN) { /* 2.14: not more than once in 60 s */
		struct line *line = sim->nodes[end->node].lines;

		while (line != NULL && line->peer_id != msg.u.wen.peers_call_id)
			line = line->next;
		CHECK(sim, line != NULL && line->is_pac && line->is_up);
		CHECK(sim, line->told == 0 || sim->now - line->told >= MINUTE);
		line->told = sim->now;
	}
	wire_send(end, octets, len);
}

static void
set_timer(struct end *end)
{
	struct sim *sim = end->sim;
	uint64_t due = pptp_ctrl_deadline(end->ctrl), line = line_deadline(end);

	/* Whatever it does, it has something to wait for: Echo-Request at the latest (C2). */
	CHECK(sim, due != PPTP_NEVER || pptp_ctrl_state(end->ctrl) == PPTP_CTRL_IDLE);
	due = line < due ? line : due;
	if (due == PPTP_NEVER || due == end->timer_at)
		return;
	end->timer_at = due > sim->now ? due : sim->now;
	wire_at(sim, end->timer_at, (struct job){.kind = JOB_TIMER, .end = end});
}

/* ------------------------------------------------------------------------------ deciding */

/* 3.1.3, and one control connection for a pair (B2). */
static void
judge_start(struct end *end)
{
	struct sim *sim = end->sim;
	const struct node *us = &sim->nodes[end->node], *them = &sim->nodes[1 - end->node];
	struct end *dial = us->dial;
	enum pptp_collision collision = PPTP_COLLISION_NONE;
	int err;

	if (dial != NULL && dial->ctrl != NULL)
		collision = pptp_ctrl_collision(dial->ctrl, us->address, them->address);
	if (collision != PPTP_COLLISION_NONE) {
		sim->tally->collisions++;
		err =
		    pptp_ctrl_collide(dial->ctrl, end->ctrl, us->address, them->address, sim->now);
		end->is_mute = collision == PPTP_COLLISION_WON;
	} else if (node_up(sim, end->node) != NULL) {
		err = pptp_ctrl_refuse(end->ctrl, PPTP_SCCRP_EXISTS, PPTP_ERROR_NONE, sim->now);
	} else {
		if (dial != NULL && dial->ctrl != NULL) /* TCP is not even open */
			CHECK(sim, pptp_ctrl_stop(dial->ctrl, PPTP_STOP_NONE, sim->now) == PPTP_OK);
		err = pptp_ctrl_admit(end->ctrl, sim->now);
	}
	CHECK(sim, err == PPTP_OK);
	if (dial != NULL)
		node_pump(dial);
}

/* Most calls are taken; some are refused by each of the codes; a few are forgotten. */
static void
judge_call(struct line *line)
{
	struct sim *sim = line->end->sim;
	const struct pptp_call_answer answer = {.recv_window = (uint16_t)sim_below(sim, 100)};
	uint8_t result = (uint8_t)(2 + sim_below(sim, line->is_pac ? 6 : 2));
	int err;

	if (!line->is_offered || line->end->ctrl == NULL)
		return;
	if (sim->is_healed || sim->plan == PLAN_TOUR || sim_chance(sim, 900))
		err = pptp_call_accept(line->end->ctrl, line->id, &answer, sim->now);
	else if (sim_chance(sim, 900))
		err = pptp_call_refuse(line->end->ctrl, line->id, result,
		    result == 2 ? PPTP_ERROR_NO_RESOURCE : PPTP_ERROR_NONE, 0, sim->now);
	else
		return;
	line->is_offered = false;
	line->since = sim->now;
	CHECK(sim, err == PPTP_OK);
}

void
node_open(struct end *end, bool ring)
{
	struct pptp_call_params params = {.phone_number = "5551234"};
	struct pptp_ring_params ring_params = {.dialed_number = "1", .dialing_number = "23"};
	struct sim *sim = end->sim;
	uint16_t id = 0;
	int err = ring ? pptp_call_ring(end->ctrl, &ring_params, &id, sim->now)
		       : pptp_call_open(end->ctrl, &params, &id, sim->now);

	/* On the way to its end it takes no calls. */
	CHECK(sim, err == PPTP_OK || err == PPTP_ERR_STATE);
	if (err == PPTP_OK)
		line_new(end, id, ring);
}

void
node_clear(struct line *line)
{
	struct sim *sim = line->end->sim;
	struct end *end = line->end;
	int err;

	if (end->ctrl == NULL)
		return;
	if (!line->is_clearing)
		line->since = sim->now;
	line->is_clearing = true;
	if (line->is_pac && !line->is_offered && sim_chance(sim, 500)) {
		const struct pptp_cdn why = {.result_code = PPTP_CDN_LOST_CARRIER};

		err = pptp_call_disconnect(end->ctrl, line->id, &why, sim->now);
	} else {
		err = pptp_call_clear(end->ctrl, line->id, sim->now);
	}
	CHECK(sim, err == PPTP_OK);
	node_pump(end);
}

void
node_errors(struct line *line)
{
	struct sim *sim = line->end->sim;

	if (!line->is_pac || !line->is_up || line->is_clearing || line->end->ctrl == NULL)
		return;
	line->errors.crc_errors += sim_below(sim, 3);
	CHECK(sim,
	    pptp_call_wan_errors(line->end->ctrl, line->id, &line->errors, sim->now) == PPTP_OK);
	node_pump(line->end);
}

/* ------------------------------------------------------------------------------- hearing */

static void
control_up(struct end *end)
{
	struct sim *sim = end->sim;
	const struct node *node = &sim->nodes[end->node];

	CHECK(sim, !end->is_up && !end->is_mute);
	end->is_up = true;
	if (end->dialled)
		for (unsigned i = 0; i < node->wants; i++)
			node_open(end, node->rings);
}

static void
call_up(struct line *line, const struct pptp_event *event)
{
	struct sim *sim = line->end->sim;

	line_up(line, event);
	if (!line->is_pac) /* LCP has agreed */
		CHECK(sim, pptp_call_set_link_info(line->end->ctrl, line->id, UINT32_MAX,
			       UINT32_MAX, sim->now) == PPTP_OK);
}

static void
control_down(struct end *end, const struct pptp_event *event)
{
	struct sim *sim = end->sim;
	struct node *node = &sim->nodes[end->node];

	end->is_over = true;
	end->is_up = false;
	for (const struct line *line = node->lines; line != NULL; line = line->next)
		CHECK(sim, line->end != end); /* each had its CALL_DOWN before */
	sim->tally->ends[event->cause]++;
	if (node->dial == end) {
		node->dial = NULL;
		node->redial_at = sim->now + PPTP_SEC + sim_below(sim, 20 * PPTP_SEC);
	}
}

static void
on_event(struct end *end, const struct pptp_event *event)
{
	struct sim *sim = end->sim;
	struct line *line = line_find(sim, end->node, event->local_call_id);

	CHECK(sim, !end->is_over); /* CTRL_DOWN is the last one */
	sim->tally->events++;
	switch (event->type) {
	case PPTP_EV_RECV:
	case PPTP_EV_ECHO:
	case PPTP_EV_IGNORED: /* what crossed, as a Call-Clear-Request and a notify */
		break;
	case PPTP_EV_SKIPPED:
		CHECK(sim, event->type != PPTP_EV_SKIPPED);
		break;
	case PPTP_EV_START_OFFERED:
		judge_start(end);
		break;
	case PPTP_EV_CTRL_UP:
		control_up(end);
		break;
	case PPTP_EV_CTRL_DOWN:
		control_down(end, event);
		break;
	case PPTP_EV_CALL_OFFERED:
		line = line_new(end, event->local_call_id, event->msg.type == PPTP_OCRQ);
		line->peer_id = event->peer_call_id;
		line->is_offered = true;
		if (sim_chance(sim, 700)) /* else when people come to it */
			judge_call(line);
		break;
	case PPTP_EV_CALL_UP:
		CHECK(sim, line != NULL && line->end == end);
		call_up(line, event);
		break;
	case PPTP_EV_CALL_DOWN:
		CHECK(sim, line != NULL && line->end == end);
		/* Its notify carries an ID that we may never have learnt (protocol D8). */
		CHECK(sim, event->cause != PPTP_CAUSE_CLEAR_TIMEOUT || line->peer_id == 0 ||
			       sim->plan == PLAN_LOST || sim->plan == PLAN_FAULTS);
		sim->tally->ends[event->cause]++;
		line_free(line);
		break;
	case PPTP_EV_LINK_INFO:
		CHECK(sim, line != NULL && line->is_pac);
		break;
	case PPTP_EV_WAN_ERROR:
		CHECK(sim, line != NULL && !line->is_pac && line->is_up);
		break;
	}
}

/* The message out first, then what happened, round and round: as the daemon does. */
void
node_pump(struct end *end)
{
	struct sim *sim = end->sim;
	struct pptp_event event;
	const uint8_t *octets;
	size_t len;
	bool more = true;

	if (end->ctrl == NULL)
		return;
	while (more) {
		while ((octets = pptp_ctrl_output(end->ctrl, &len)) != NULL) {
			if (end->is_open)
				speak(end, octets, len);
			pptp_ctrl_output_done(end->ctrl);
		}
		more = pptp_ctrl_event(end->ctrl, &event) == PPTP_OK;
		if (more)
			on_event(end, &event);
	}
	if (end->state != pptp_ctrl_state(end->ctrl)) {
		end->state = pptp_ctrl_state(end->ctrl);
		end->since = sim->now;
	}
	if (!end->is_over) {
		set_timer(end);
		return;
	}
	pptp_ctrl_free(end->ctrl);
	end->ctrl = NULL;
	if (end->is_open)
		wire_close(end);
}

/* --------------------------------------------------------------------- what the wire brings */

static bool
is_taken(void *ctx, uint16_t id)
{
	struct end *end = ctx;

	return line_find(end->sim, end->node, id) != NULL;
}

static void
make_control(struct end *end)
{
	struct sim *sim = end->sim;
	const struct node *node = &sim->nodes[end->node];
	struct pptp_ctrl_params params = {.host_name = "sim",
	    .vendor_name = "pptpeer",
	    .ask_start = true,
	    .takes_outgoing = node->takes_calls,
	    .takes_incoming = node->takes_calls,
	    .max_calls = 300,
	    .is_taken = is_taken,
	    .taken_ctx = end};

	end->next_live = sim->live_ends;
	sim->live_ends = end;
	end->ctrl = pptp_ctrl_new(&sim->env, &params);
	CHECK(sim, end->ctrl != NULL);
	end->since = sim->now;
}

void
node_dial(struct sim *sim, unsigned node)
{
	wire_dial(sim, node);
	make_control(sim->nodes[node].dial);
}

void
node_connected(struct end *end)
{
	if (end->ctrl == NULL) { /* it has been given up meanwhile */
		wire_close(end);
		return;
	}
	end->is_open = true;
	end->since = end->sim->now;
	CHECK(end->sim, pptp_ctrl_start(end->ctrl, end->sim->now) == PPTP_OK);
	node_pump(end);
}

void
node_accepted(struct end *end)
{
	make_control(end);
	end->is_open = true;
	CHECK(end->sim, pptp_ctrl_accept(end->ctrl, end->sim->now) == PPTP_OK);
	node_pump(end);
}

void
node_octets(struct end *end, const uint8_t *octets, size_t len)
{
	if (end->ctrl == NULL || end->is_dead)
		return;
	/* Neither of us says anything that the other could not read. */
	CHECK(end->sim, pptp_ctrl_recv(end->ctrl, octets, len, end->sim->now) == PPTP_OK);
	node_pump(end);
}

void
node_closed(struct end *end)
{
	bool was_open = end->is_open;

	end->is_open = false;
	if (end->ctrl == NULL || !was_open)
		return;
	CHECK(end->sim, pptp_ctrl_closed(end->ctrl, end->sim->now) == PPTP_OK);
	node_pump(end);
	if (!end->is_dead)
		wire_close(end);
}

void
node_timer(struct end *end)
{
	if (end->ctrl == NULL || end->timer_at != end->sim->now)
		return; /* another one took its place */
	end->timer_at = PPTP_NEVER;
	line_expire(end);
	CHECK(end->sim, pptp_ctrl_expire(end->ctrl, end->sim->now) == PPTP_OK);
	node_pump(end);
}

/* ------------------------------------------------------------------------------- looking */

struct end *
node_up(struct sim *sim, unsigned node)
{
	struct end *end = sim->live_ends;

	while (end != NULL && !(end->node == node && end->ctrl != NULL && end->is_up))
		end = end->next_live;
	return end;
}

struct line *
node_line(struct sim *sim, unsigned node, unsigned index)
{
	struct line *line = sim->nodes[node].lines;

	while (line != NULL && index-- > 0)
		line = line->next;
	if (line != NULL && line->is_offered) {
		judge_call(line);
		node_pump(line->end);
		return NULL; /* it may be gone */
	}
	return line;
}

void
node_stop(struct sim *sim, unsigned node)
{
	for (struct end *end = sim->live_ends; end != NULL; end = end->next_live) {
		if (end->node != node || end->ctrl == NULL)
			continue;
		CHECK(
		    sim, pptp_ctrl_stop(end->ctrl, PPTP_STOP_LOCAL_SHUTDOWN, sim->now) == PPTP_OK);
		node_pump(end);
	}
}

void
node_check(struct sim *sim)
{
	struct end **at = &sim->live_ends;

	while (*at != NULL) {
		if ((*at)->ctrl == NULL)
			*at = (*at)->next_live;
		else
			at = &(*at)->next_live;
	}
	for (const struct end *end = sim->live_ends; end != NULL; end = end->next_live) {
		/* TCP's own time to connect is not the library's matter. */
		if (end->ctrl == NULL || !end->is_open || end->state == PPTP_CTRL_ESTABLISHED)
			continue;
		CHECK(sim, sim->now - end->since <= PATIENCE);
	}
	for (unsigned i = 0; i < 2; i++)
		for (const struct line *line = sim->nodes[i].lines; line != NULL; line = line->next)
			if (!line->is_up || line->is_clearing)
				CHECK(sim, sim->now - line->since <= PATIENCE);
}
