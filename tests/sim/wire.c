/*
 * wire.c: virtual time, and what is between the nodes.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------- time: a binary heap */

static bool
is_before(const struct job *a, const struct job *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct job *a, struct job *b)
{
	struct job was = *a;

	*a = *b;
	*b = was;
}

void
wire_at(struct sim *sim, uint64_t at, struct job job)
{
	size_t i = sim->n_jobs++;

	CHECK(sim, at >= sim->now);
	if (sim->n_jobs > sim->room) {
		size_t room = sim->room * 2 + 64;
		struct job *jobs = realloc(sim->jobs, room * sizeof(*jobs));

		CHECK(sim, jobs != NULL);
		sim->jobs = jobs;
		sim->room = room;
	}
	job.at = at;
	job.order = sim->order++;
	sim->jobs[i] = job;
	for (; i > 0 && is_before(&sim->jobs[i], &sim->jobs[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&sim->jobs[i], &sim->jobs[(i - 1) / 2]);
}

bool
wire_next(struct sim *sim, uint64_t until, struct job *job)
{
	if (sim->n_jobs == 0 || sim->jobs[0].at > until) {
		sim->now = until;
		return false;
	}
	*job = sim->jobs[0];
	sim->now = job->at;
	sim->jobs[0] = sim->jobs[--sim->n_jobs];
	for (size_t i = 0, child = 1; child < sim->n_jobs; i = child, child = 2 * i + 1) {
		if (child + 1 < sim->n_jobs && is_before(&sim->jobs[child + 1], &sim->jobs[child]))
			child++;
		if (!is_before(&sim->jobs[child], &sim->jobs[i]))
			break;
		swap(&sim->jobs[child], &sim->jobs[i]);
	}
	return true;
}

void
wire_free(struct sim *sim)
{
	while (sim->n_jobs > 0)
		free(sim->jobs[--sim->n_jobs].octets);
	free(sim->jobs);
}

static uint8_t *
copy(struct sim *sim, const uint8_t *octets, size_t len)
{
	uint8_t *to = malloc(len);

	CHECK(sim, to != NULL);
	memcpy(to, octets, len);
	return to;
}

/* ------------------------------------------------------------------------------------- TCP */

/* When what is sent now is there: TCP sends again what is lost, and all behind it waits. */
static uint64_t
trip(struct sim *sim)
{
	uint64_t at = sim->now + sim->link.delay + sim_below(sim, (uint32_t)sim->link.jitter + 1);
	uint64_t again = 200 * PPTP_MSEC;

	while (sim_chance(sim, sim->link.loss)) {
		at += again;
		again *= 2;
	}
	if (at < sim->link.down_until)
		at = sim->link.down_until + sim_below(sim, 10 * PPTP_SEC);
	return at;
}

static struct end *
end_new(struct sim *sim, unsigned node, bool dialled)
{
	struct end *end = calloc(1, sizeof(*end));

	CHECK(sim, end != NULL);
	end->sim = sim;
	end->node = node;
	end->dialled = dialled;
	end->timer_at = PPTP_NEVER;
	end->next = sim->ends;
	sim->ends = end;
	return end;
}

void
wire_dial(struct sim *sim, unsigned node)
{
	struct end *ours = end_new(sim, node, true), *theirs = end_new(sim, 1 - node, false);

	ours->other = theirs;
	theirs->other = ours;
	sim->nodes[node].dial = ours;
	theirs->arrives = ours->arrives = trip(sim);
	wire_at(sim, ours->arrives, (struct job){.kind = JOB_ACCEPTED, .end = theirs});
	ours->arrives = theirs->arrives = ours->arrives + sim->link.delay;
	wire_at(sim, theirs->arrives, (struct job){.kind = JOB_CONNECTED, .end = ours});
}

static void
deliver(struct end *end, enum job_kind kind, const uint8_t *octets, size_t len, uint64_t late)
{
	struct sim *sim = end->sim;
	uint64_t at = trip(sim) + late;

	if (at < end->arrives)
		at = end->arrives;
	end->arrives = at;
	wire_at(sim, at,
	    (struct job){.kind = kind,
		.end = end->other,
		.len = len,
		.octets = octets == NULL ? NULL : copy(sim, octets, len)});
}

void
wire_send(struct end *end, const uint8_t *octets, size_t len)
{
	struct sim *sim = end->sim;
	uint64_t late = sim->plan == PLAN_LOST && !sim->is_healed ? plan_lateness(sim) : 0;
	size_t first = sim_chance(sim, 100) ? sim_below(sim, (uint32_t)len) : 0;

	if (end->is_dead)
		return;
	if (late == UINT64_MAX) {
		wire_cut(sim, end);
		return;
	}
	if (first > 0)
		deliver(end, JOB_OCTETS, octets, first, 0);
	deliver(end, JOB_OCTETS, octets + first, len - first, late);
}

void
wire_close(struct end *end)
{
	end->is_open = false;
	if (!end->is_dead)
		deliver(end, JOB_CLOSED, NULL, 0, 0);
}

/* Each side hears of it at once, after TCP's own time-out, or never. */
void
wire_cut(struct sim *sim, struct end *end)
{
	static const uint64_t after[] = {PPTP_MSEC, 20 * PPTP_SEC, 15 * MINUTE};

	end->is_dead = end->other->is_dead = true;
	for (unsigned i = 0; i < 2; i++, end = end->other) {
		uint32_t when = sim_below(sim, 4);

		if (when < 3)
			wire_at(sim, sim->now + after[when],
			    (struct job){.kind = JOB_CLOSED, .end = end});
	}
}

/* ------------------------------------------------------------------------------------- GRE */

void
wire_gre(struct sim *sim, unsigned to, const uint8_t *octets, size_t len)
{
	unsigned copies = sim_chance(sim, sim->link.duplicates) ? 2 : 1;

	for (unsigned i = 0; i < copies; i++) {
		uint64_t at = sim->now + sim->link.delay;

		if (sim->now < sim->link.down_until || sim_chance(sim, sim->link.loss))
			continue;
		if (sim_chance(sim, sim->link.late))
			at += sim_below(sim, 50 * PPTP_MSEC);
		wire_at(sim, at,
		    (struct job){
			.kind = JOB_GRE, .node = to, .len = len, .octets = copy(sim, octets, len)});
	}
}
