/*
 * sim.c: a PNS against a PAC in virtual time.
 *
 *   sim [--seed N] [--seeds COUNT] [--hours H] [--plan NAME] [--messages]
 *
 * Without any option it is the test of `make check`: some 200 worlds, an hour of each plan in turn
 * (CHANCE in the environment is the percentage of that).  What it was made for:
 *
 *   sim --seeds 10000
 *   sim --plan day --hours 168     (any plan does a week in under 10 s)
 *
 *   --seed N      the first seed (1)
 *   --seeds COUNT so many worlds, each from the next seed (1)
 *   --hours H     virtual hours of each (1), before it is healed and comes to rest
 *   --plan NAME   day, storm, collision, lost, faults or tour, for each seed; else by the seed
 *   --messages    prints every control message: the node that sent it, and its octets
 *
 * Exit status 0: every promise was kept.  1: one was broken; the line says which, and with which
 * seed to see it again.
 */
#include "sim.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
sim_broken(const struct sim *sim, const char *promise, const char *file, int line)
{
	fprintf(stderr,
	    "%s:%d: not true: %s\n"
	    "  after %.6f s of plan %s.  To see it again: sim --seed %u --hours %llu --plan %s\n",
	    file, line, promise, (double)sim->now / (double)PPTP_SEC, plan_name(sim->plan),
	    sim->seed, (unsigned long long)sim->hours, plan_name(sim->plan));
	exit(1);
}

uint32_t
sim_random(struct sim *sim)
{
	/* xorshift: the same everywhere. */
	sim->random ^= sim->random << 13;
	sim->random ^= sim->random >> 17;
	sim->random ^= sim->random << 5;
	return sim->random;
}

uint32_t
sim_below(struct sim *sim, uint32_t n)
{
	return sim_random(sim) % n;
}

bool
sim_chance(struct sim *sim, unsigned n)
{
	return sim_below(sim, 1000) < n;
}

static void *
env_alloc(void *ctx, size_t size)
{
	struct sim *sim = ctx;

	sim->live++;
	return calloc(1, size);
}

static void
env_free(void *ctx, void *ptr)
{
	struct sim *sim = ctx;

	sim->live -= ptr != NULL;
	free(ptr);
}

static uint32_t
env_random(void *ctx)
{
	return sim_random(ctx);
}

static void
do_job(struct sim *sim, const struct job *job)
{
	switch (job->kind) {
	case JOB_CONNECTED:
		node_connected(job->end);
		break;
	case JOB_ACCEPTED:
		node_accepted(job->end);
		break;
	case JOB_OCTETS:
		node_octets(job->end, job->octets, job->len);
		break;
	case JOB_CLOSED:
		node_closed(job->end);
		break;
	case JOB_GRE:
		node_gre(sim, job->node, job->octets, job->len);
		break;
	case JOB_TIMER:
		node_timer(job->end);
		break;
	case JOB_PLAN:
		plan_step(sim);
		break;
	}
	free(job->octets);
}

static void
run_until(struct sim *sim, uint64_t until)
{
	struct job job;

	while (wire_next(sim, until, &job))
		do_job(sim, &job);
}

/* Nothing is left of it: no connection, no call, no memory. */
static void
end_world(struct sim *sim)
{
	for (unsigned i = 0; i < 2; i++)
		CHECK(sim, sim->nodes[i].lines == NULL);
	while (sim->ends != NULL) {
		struct end *end = sim->ends;

		CHECK(sim, end->ctrl == NULL);
		sim->ends = end->next;
		free(end);
	}
	CHECK(sim, sim->live == 0);
	wire_free(sim);
}

static void
run_world(struct sim sim)
{
	struct end *end;

	sim.env = (struct pptp_env){env_alloc, env_free, env_random, &sim};
	sim.random = sim.seed * 2654435761U + 1;
	if (sim.random == 0)
		sim.random = 1;
	for (unsigned i = 0; i < 8; i++)
		sim_random(&sim);
	plan_begin(&sim);
	run_until(&sim, sim.hours * 60 * MINUTE);
	/* It comes back by itself, and stays. */
	plan_heal(&sim);
	run_until(&sim, sim.now + 30 * MINUTE);
	end = node_up(&sim, 0);
	CHECK(&sim, end != NULL && node_up(&sim, 1) == end->other);
	plan_rest(&sim);
	run_until(&sim, sim.now + 20 * MINUTE);
	end_world(&sim);
}

static void
print_tally(const struct tally *tally, unsigned long worlds, unsigned long hours)
{
	printf("%lu worlds of %lu h: every promise was kept\n", worlds, hours);
	for (unsigned type = 1; type <= PPTP_MSG_TYPES; type++)
		printf("%12llu %s\n", (unsigned long long)tally->sent[type], pptp_msg_name(type));
	for (unsigned cause = 1; cause <= PPTP_CAUSE_CTRL_DOWN; cause++)
		printf("%12llu ended: %s\n", (unsigned long long)tally->ends[cause],
		    pptp_cause_name((enum pptp_cause)cause));
	printf("%12llu collisions\n%12llu frames\n%12llu events\n",
	    (unsigned long long)tally->collisions, (unsigned long long)tally->frames,
	    (unsigned long long)tally->events);
}

/* As cmocka does it, for scripts/check to count. */
static int
run_check(void)
{
	const char *percent = getenv("CHANCE");
	unsigned worlds =
	    percent == NULL ? 34 : 1 + 34 * (unsigned)strtoul(percent, NULL, 10) / 100;
	struct tally tally = {0};

	for (unsigned plan = 0; plan < PLANS; plan++) {
		printf("[ RUN      ] %s\n", plan_name((enum plan)plan));
		fflush(stdout);
		for (unsigned i = 0; i < worlds; i++)
			run_world((struct sim){
			    .seed = 1 + i, .plan = (enum plan)plan, .hours = 1, .tally = &tally});
		printf("[       OK ] %s\n", plan_name((enum plan)plan));
	}
	for (unsigned type = 1; type <= PPTP_MSG_TYPES; type++) {
		if (tally.sent[type] > 0)
			continue;
		fprintf(stderr, "sim: no %s was ever sent\n", pptp_msg_name(type));
		return 1;
	}
	return 0;
}

static unsigned long
number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0') {
		fprintf(stderr, "sim: \"%s\" is not a number\n", text);
		exit(2);
	}
	return value;
}

static enum plan
plan_of(const char *name)
{
	for (int plan = 0; plan < PLANS; plan++)
		if (strcmp(name, plan_name((enum plan)plan)) == 0)
			return (enum plan)plan;
	fprintf(stderr, "sim: there is no plan \"%s\"\n", name);
	exit(2);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"seed", required_argument, NULL, 's'},
	    {"seeds", required_argument, NULL, 'n'}, {"hours", required_argument, NULL, 'h'},
	    {"plan", required_argument, NULL, 'p'}, {"messages", no_argument, NULL, 'm'},
	    {NULL, 0, NULL, 0}};
	unsigned long seed = 1, seeds = 1, hours = 1;
	enum plan plan = PLANS; /* by the seed */
	struct tally tally = {0};
	bool prints = false;
	int option;

	if (argc == 1)
		return run_check();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			seed = number(optarg);
		else if (option == 'n')
			seeds = number(optarg);
		else if (option == 'h')
			hours = number(optarg);
		else if (option == 'p')
			plan = plan_of(optarg);
		else if (option == 'm')
			prints = true;
		else
			return 2;
	}
	for (unsigned long i = 0; i < seeds; i++)
		run_world((struct sim){.seed = (uint32_t)(seed + i),
		    .plan = plan == PLANS ? (enum plan)((seed + i) % PLANS) : plan,
		    .hours = hours,
		    .prints = prints,
		    .tally = &tally});
	if (!prints)
		print_tally(&tally, seeds, hours);
	return 0;
}
