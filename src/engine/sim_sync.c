/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_sync.h"

#include "engine/sim_state.h"

#define ENGINE 0x7fffu /* the engine's own calls */

uint32_t lab_sim_sync_self(void)
{
	const struct lab_sim_context *top = lab_sim_current->running->top;

	return top ? top->actor->index + 1 : ENGINE;
}

uint32_t lab_sim_sync_thread(void)
{
	const struct lab_sim *sim = lab_sim_current;
	const struct lab_sim_strand *strand = sim->running;

	if (strand == &sim->engine)
		return ENGINE;
	return strand->task ? strand->task->actor->index + 1 : LAB_CONTEXT_MAX + 1 + strand->cpu;
}

static struct lab_sim_context *holder_of(struct lab_sim *sim, const struct lab_sim_sync *sync)
{
	uint32_t holder = sync->holder ? sync->holder(sync->object) : 0;

	return holder && holder <= sim->exec.actor_count ? &sim->contexts[holder - 1] : NULL;
}

static void held_for_ever(struct lab_sim *sim, const struct lab_sim_sync *sync)
{
	const struct lab_sim_context *holder = holder_of(sim, sync);

	lab_oracle_report(sim->exec.oracle, LAB_R09_PROGRESS, 0, UINT64_MAX, 0,
			  "%s would wait for ever at quiescence%s%s", sync->service, holder ? ", for " : "",
			  holder ? lab_sim_name(sim, holder->actor->index) : "");
}

bool lab_sim_sync_wait(struct lab_sim_sync *sync)
{
	struct lab_sim *sim = lab_sim_current;
	struct lab_sim_strand *strand = sim->running;
	struct lab_sim_context *holder;

	sim->shared = true;
	sync->woken = sync->timed_out = false;
	if (sync->is_free(sync))
		return true;
	if (!strand->top)
		held_for_ever(sim, sync); /* the engine's own call: nobody is left who could let go */
	holder = holder_of(sim, sync);
	if (holder && !sync->timed && holder->strand == strand && (holder->running || holder == strand->task))
		lab_oracle_report(sim->exec.oracle, LAB_R08_INTERRUPT_SAFETY, lab_sim_runner(sim), UINT64_MAX, 0,
				  "deadlock: %s in %s waits for %s%s", lab_sim_name(sim, lab_sim_runner(sim)),
				  sync->service, holder == strand->top ? "itself, " : "",
				  lab_sim_name(sim, holder->actor->index));
	sync->ticket = ++sim->sync_tickets;
	strand->sync = sync;
	if (!sync->spins && strand->top == strand->task)
		sim->cpus[strand->cpu].strand = NULL;
	lab_sim_block(sim, strand);
	strand->sync = NULL;
	sim->shared = true;
	return !sync->timed_out;
}

/* The first of all that wait and fulfil `fits`, by when they came; NULL: none. */
static struct lab_sim_sync *first_waiter(struct lab_sim *sim, bool (*fits)(const struct lab_sim_sync *, const void *),
					 const void *arg)
{
	struct lab_sim_sync *first = NULL;

	for (unsigned i = 0; i < sim->exec.actor_count + sim->cpu_count; i++) {
		unsigned idle = i - sim->exec.actor_count;
		struct lab_sim_sync *sync = i < sim->exec.actor_count ? sim->strands[i].sync : sim->idle[idle].sync;

		if (sync && fits(sync, arg) && (!first || sync->ticket < first->ticket))
			first = sync;
	}
	return first;
}

static bool waits_for(const struct lab_sim_sync *sync, const void *object)
{
	return sync->object == object && !sync->woken && !sync->timed_out;
}

void lab_sim_sync_wake(const void *object, bool all)
{
	struct lab_sim *sim = lab_sim_current;
	struct lab_sim_sync *sync;

	sim->shared = true;
	while ((sync = first_waiter(sim, waits_for, object))) {
		sync->woken = true;
		if (!all)
			return;
	}
}

static bool is_timed(const struct lab_sim_sync *sync, const void *unused)
{
	return sync->timed && !sync->timed_out;
}

bool lab_sim_sync_time_out(struct lab_sim *sim)
{
	struct lab_sim_sync *sync = first_waiter(sim, is_timed, NULL);

	if (sync)
		sync->timed_out = true;
	return sync != NULL;
}

/* True if whom the strand waits for waits as well, and so on until it is the strand's own context. */
static bool is_circle(struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	const struct lab_sim_strand *at = strand;

	for (unsigned steps = 0; steps < sim->exec.actor_count && at && at->sync; steps++) {
		const struct lab_sim_context *holder = holder_of(sim, at->sync);

		at = holder ? holder->strand : NULL;
		if (at == strand)
			return true;
	}
	return false;
}

/* A request that memory may be short for waits rightly, unless what is free could serve it. */
static bool waits_for_memory(struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	const struct lab_request *request = lab_actor_alloc(strand->top->actor);

	if (strand->sync->holder || !request)
		return false;
	if (sim->target->caps & LAB_CAP_OWN_MEMORY)
		return sim->target->caps & LAB_CAP_BLOCKING;
	return !lab_oracle_could_serve(sim->exec.oracle, request, sim->min_highest);
}

void lab_sim_sync_judge_circle(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	unsigned waiter;

	if (!strand->sync || !strand->top || !is_circle(sim, strand))
		return;
	waiter = strand->top->actor->index;
	lab_oracle_report(sim->exec.oracle, LAB_R08_INTERRUPT_SAFETY, waiter, UINT64_MAX, 0,
			  "deadlock: %s in %s waits for %s, which waits for it", lab_sim_name(sim, waiter),
			  strand->sync->service, lab_sim_name(sim, holder_of(sim, strand->sync)->actor->index));
}

void lab_sim_sync_judge_stuck(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	const struct lab_sim_context *holder;
	unsigned waiter;

	if (!strand->sync || !strand->top || waits_for_memory(sim, strand))
		return;
	holder = holder_of(sim, strand->sync);
	waiter = strand->top->actor->index;
	lab_oracle_report(sim->exec.oracle, LAB_R09_PROGRESS, waiter, UINT64_MAX, 0,
			  holder ? "%s waits in %s for %s, and nobody can move"
				 : "lost wake-up: %s waits in %s%s, and nobody can move",
			  lab_sim_name(sim, waiter), strand->sync->service,
			  holder ? lab_sim_name(sim, holder->actor->index) : "");
}
