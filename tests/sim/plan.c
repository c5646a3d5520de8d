/*
 * plan.c: what a world is like, and what people do in it.
 */
#include "sim.h"

const char *
plan_name(enum plan plan)
{
	static const char *const names[] = {"day", "storm", "collision", "lost", "faults", "tour"};

	return names[plan];
}

/* How often people do something, us. */
static uint64_t
pace(struct sim *sim)
{
	static const uint64_t paces[] = {
	    40 * PPTP_SEC, 8 * PPTP_SEC, 5 * PPTP_SEC, 3 * PPTP_SEC, 15 * PPTP_SEC, 10 * PPTP_SEC};

	return paces[sim->plan] / 2 + sim_below(sim, (uint32_t)paces[sim->plan]);
}

static void
next_step(struct sim *sim)
{
	wire_at(sim, sim->now + pace(sim), (struct job){.kind = JOB_PLAN});
}

void
plan_begin(struct sim *sim)
{
	struct node *a = &sim->nodes[0], *b = &sim->nodes[1];

	sim->link = (struct link){.delay = 1 + sim_below(sim, 200 * PPTP_MSEC),
	    .jitter = sim_below(sim, 30 * PPTP_MSEC),
	    .loss = sim_below(sim, 50),
	    .duplicates = sim_below(sim, 20),
	    .late = sim_below(sim, 50)};
	a->address = sim_random(sim);
	b->address = sim_random(sim);
	if (a->address == b->address)
		b->address ^= 1;
	a->dials = true;
	b->dials = sim->plan == PLAN_COLLISION;
	a->takes_calls = b->takes_calls = true;
	a->rings = sim_chance(sim, 500);
	a->wants = b->wants = sim->plan == PLAN_STORM ? 20 : 1 + sim_below(sim, 2);
	if (sim->plan == PLAN_TOUR) {
		sim->link.loss = 0;
		a->rings = false;
		a->wants = 1;
	}
	/* In the same moment, or nearly. */
	b->redial_at = sim_below(sim, 400 * PPTP_MSEC);
	a->redial_at = sim_below(sim, 400 * PPTP_MSEC);
	sim->lost_at = 1;
	next_step(sim);
}

uint64_t
plan_lateness(struct sim *sim)
{
	static const uint64_t late[] = {3 * PPTP_SEC, 70 * PPTP_SEC, 300 * PPTP_SEC, UINT64_MAX};

	return ++sim->messages == sim->lost_at ? late[sim->lost_how] : 0;
}

/* ---------------------------------------------------------------------------- what people do */

/* Some frames on some line of a node; now and then errors on it. */
static void
use_a_line(struct sim *sim, unsigned node)
{
	struct line *line = node_line(sim, node, sim_below(sim, sim->nodes[node].n_lines + 1));

	if (line == NULL)
		return;
	node_errors(line);
	node_frames(line, sim_below(sim, 20));
}

static void
clear_a_line(struct sim *sim, unsigned node)
{
	struct line *line = node_line(sim, node, sim_below(sim, sim->nodes[node].n_lines + 1));

	if (line != NULL)
		node_clear(line);
}

/* For ten minutes of each hour. */
static void
storm(struct sim *sim, unsigned node)
{
	struct end *up = node_up(sim, node);
	unsigned n = sim_below(sim, 20);

	if (sim->now / (10 * MINUTE) % 6 != 0)
		return;
	if (up != NULL && sim->nodes[node].n_lines < 100)
		while (n-- > 0)
			node_open(up, sim_chance(sim, 500));
	if (up != NULL)
		node_pump(up);
	for (n = sim_below(sim, 20); n > 0; n--)
		clear_a_line(sim, node);
	if (sim_chance(sim, 5))
		node_stop(sim, node);
}

/* The life of one connection, again and again, until each of its messages was lost in each way. */
static void
lost(struct sim *sim)
{
	if (sim_chance(sim, 300))
		clear_a_line(sim, sim_below(sim, 2));
	if (sim_chance(sim, 200) && node_up(sim, 0) != NULL) {
		node_stop(sim, sim_below(sim, 2));
		sim->lost_how = (sim->lost_how + 1) % 4;
		if (sim->lost_how == 0)
			sim->lost_at++;
		sim->messages = 0;
	}
}

static void
faults(struct sim *sim)
{
	struct end *up = node_up(sim, sim_below(sim, 2));

	if (sim_chance(sim, 10))
		sim->link.down_until = sim->now + sim_below(sim, 200) * PPTP_SEC;
	if (sim_chance(sim, 10) && up != NULL && !up->is_dead)
		wire_cut(sim, up);
	if (sim_chance(sim, 20))
		clear_a_line(sim, sim_below(sim, 2));
	if (sim_chance(sim, 5))
		node_stop(sim, sim_below(sim, 2));
}

/* Every message, in order: both kinds of call, errors and echoes, and both kinds of end. */
static void
tour(struct sim *sim)
{
	struct end *up = node_up(sim, 1);
	unsigned step = sim->tour++ % 40;

	if (up == NULL)
		return;
	if (step == 2 || step == 3) {
		node_open(up, step == 2);
		node_pump(up);
	}
	if (step == 20 || step == 22 || step == 24)
		clear_a_line(sim, step == 22);
	if (step == 30)
		node_stop(sim, sim->tour / 40 % 2);
}

static void
redial(struct sim *sim, unsigned i)
{
	struct node *node = &sim->nodes[i];

	if (!node->dials || node->dial != NULL || node->redial_at > sim->now)
		return;
	if (node_up(sim, i) == NULL)
		node_dial(sim, i);
}

void
plan_step(struct sim *sim)
{
	node_check(sim);
	for (unsigned node = 0; node < 2 && !sim->is_resting; node++) {
		redial(sim, node);
		use_a_line(sim, node);
		if (sim->plan == PLAN_STORM && !sim->is_healed)
			storm(sim, node);
	}
	if (!sim->is_healed && sim->plan == PLAN_LOST)
		lost(sim);
	if (!sim->is_healed && sim->plan == PLAN_FAULTS)
		faults(sim);
	if (!sim->is_healed && sim->plan == PLAN_TOUR)
		tour(sim);
	if (!sim->is_healed && sim->plan == PLAN_COLLISION && sim_chance(sim, 100))
		node_stop(sim, sim_below(sim, 2));
	next_step(sim);
}

void
plan_heal(struct sim *sim)
{
	sim->is_healed = true;
	sim->link.loss = 0;
	sim->link.down_until = 0;
}

void
plan_rest(struct sim *sim)
{
	sim->is_resting = true;
	for (unsigned i = 0; i < 2; i++)
		node_stop(sim, i);
}
