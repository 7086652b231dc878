/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "cli/bench_tail.h"
#include "stress/machine.h"
#include "stress/workload.h"
#include "target/registry.h"

/* The workload nested, with single frames and atomic requests only, each of which is timed. */

#define THREADS  2u
#define IRQ_RATE 5000u
#define FRAMES   16384u
#define LEVELS   (1u << LAB_CONTEXT_SOFTIRQ | 1u << LAB_CONTEXT_HARDIRQ | 1u << LAB_CONTEXT_NMI)

struct run {
	const struct lab_tail_plan *plan;
	struct lab_workload_shared shared;
	struct lab_workload_setting setting;
	struct lab_workload_state *states; /* by actor */
	struct lab_histogram *histograms;  /* by actor: one writer each */
};

static bool next(void *arg, const struct lab_actor *actor, struct lab_op *ret_op)
{
	struct run *run = arg;

	if (!lab_workload_next(&lab_workload_nested, &run->setting, &run->states[actor->index], actor, ret_op))
		return false;
	if (ret_op->kind == LAB_OP_ALLOC) {
		ret_op->order = 0;
		ret_op->gfp = LAB_GFP_ATOMIC;
	}
	return true;
}

static void done(void *arg, const struct lab_actor *actor, const struct lab_op *op, enum lab_status status, uint64_t ns)
{
	struct run *run = arg;

	if (op->kind == LAB_OP_ALLOC && status == LAB_OK && ns)
		lab_histogram_add(&run->histograms[actor->index], ns);
}

static bool tick(void *arg)
{
	const struct run *run = arg;

	return !run->plan->stopped();
}

static enum lab_status run_live(struct run *run, struct lab_live *live, struct lab_tail_live *ret_tail)
{
	const struct lab_live_driver driver = {.next = next, .done = done, .tick = tick, .arg = run};
	unsigned count = lab_live_actor_count(live);
	enum lab_status status;

	run->setting = (struct lab_workload_setting){.shared = &run->shared,
						     .machine = lab_live_machine(live),
						     .caps = lab_target_core.caps,
						     .threads = THREADS,
						     .levels = LEVELS,
						     .seed = run->plan->seed};
	run->states = calloc(count, sizeof(run->states[0]));
	run->histograms = calloc(count, sizeof(run->histograms[0]));
	if (!run->states || !run->histograms)
		return LAB_NO_MEMORY;
	for (unsigned i = 0; i < count; i++)
		lab_workload_begin(&run->setting, 0, i, &run->states[i]);
	status = lab_live_run(live, &driver, run->plan->live_ns, 0);
	for (unsigned i = 0; i < count && status == LAB_OK; i++)
		lab_histogram_merge(&ret_tail->ns[lab_live_actor(live, i)->kind], &run->histograms[i]);
	return status;
}

/* A stuck thread may still use what it was given: then nothing is given back. */
static enum lab_status run_source(const struct lab_tail_plan *plan, const struct lab_target *target,
				  struct lab_tail_live *tail)
{
	struct lab_live_config config = {.target = target,
					 .threads = THREADS,
					 .levels = LEVELS,
					 .source = tail->source,
					 .irq_rate = IRQ_RATE,
					 .seed = plan->seed,
					 .watchdog_ns = LAB_LIVE_WATCHDOG_NS,
					 .round_ns = UINT64_C(5000000000),
					 .sample = 1,
					 .kept_room = 1024,
					 .sleep_allowed = true};
	struct run *run = calloc(1, sizeof(*run));
	struct lab_live *live = NULL;
	enum lab_status status;

	if (!run)
		return LAB_NO_MEMORY;
	run->plan = plan;
	lab_stress_machine(FRAMES, lab_stress_default_min(FRAMES), THREADS, &config.machine);
	status = lab_live_create(&config, &live);
	if (status == LAB_OK)
		status = run_live(run, live, tail);
	tail->found = live && lab_live_finding(live);
	if (live && !lab_live_destroy(live))
		return status; /* NOLINT(clang-analyzer-unix.Malloc) */
	free(run->states);
	free(run->histograms);
	free(run);
	return status;
}

enum lab_status lab_bench_tail_live(const struct lab_tail_plan *plan, struct lab_tail_result *result, char *message,
				    size_t room)
{
	const struct lab_target *target;
	enum lab_status status = lab_target_open(plan->target, &target, message, room);

	if (status != LAB_OK)
		return status;
	for (unsigned i = 0; i < LAB_LIVE_SOURCE_COUNT && status == LAB_OK && !plan->stopped(); i++) {
		struct lab_tail_live *tail = &result->lives[result->live_count];

		if (LAB_SANITIZER_THREAD && i != LAB_LIVE_INJECT)
			continue; /* it delays signals */
		tail->source = (enum lab_live_source)i;
		status = run_source(plan, target, tail);
		if (status != LAB_OK)
			snprintf(message, room, "bench: threads: %s", lab_status_name(status));
		result->live_count += status == LAB_OK;
	}
	return status;
}
