/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/stop.h"
#include "plat/clock.h"
#include "stress/machine.h"
#include "stress/plug_backing.h"

#define NS_PER_S         UINT64_C(1000000000)
#define ROUND_NS         (5 * NS_PER_S)
#define TERMINAL_NS      (NS_PER_S / 2)
#define PLAIN_NS         (10 * NS_PER_S)
#define KEPT_LEAST       1024u
#define KEPT_MOST        65536u
#define ACTOR_HISTOGRAMS 2u /* of each actor: alloc, free */

struct run {
	const struct lab_stress_plan *plan;
	struct lab_stress_result *result;
	struct lab_workload_setting setting;
	const struct lab_workload *workload;
	struct lab_workload_state *states; /* by actor */
	struct lab_histogram *histograms;  /* ACTOR_HISTOGRAMS by actor: one writer each */
	uint64_t began_ns, shown_ns, shown_ops;
	bool terminal;
};

static bool next(void *arg, const struct lab_actor *actor, struct lab_op *ret_op)
{
	struct run *run = arg;

	return lab_workload_next(run->workload, &run->setting, &run->states[actor->index], actor, ret_op);
}

static void done(void *arg, const struct lab_actor *actor, const struct lab_op *op, enum lab_status status, uint64_t ns)
{
	struct run *run = arg;

	if (run->workload->done)
		run->workload->done(&run->setting, &run->states[actor->index], actor, op, status);
	if (!ns || status != LAB_OK)
		return;
	if (op->kind == LAB_OP_ALLOC)
		lab_histogram_add(&run->histograms[actor->index * ACTOR_HISTOGRAMS], ns);
	else if (op->kind == LAB_OP_FREE)
		lab_histogram_add(&run->histograms[actor->index * ACTOR_HISTOGRAMS + 1], ns);
}

static uint64_t sum_ops(const struct lab_live *live)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < lab_live_actor_count(live); i++)
		for (unsigned kind = 0; kind < LAB_OP_KIND_COUNT; kind++) /* relaxed: a statistic */
			sum += lab_load_relaxed(&lab_live_actor(live, i)->counts.ops[kind]);
	return sum;
}

static uint64_t sum_runs(const struct lab_live *live)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < lab_live_actor_count(live); i++) /* relaxed: a statistic */
		sum += lab_load_relaxed(&lab_live_actor(live, i)->counts.runs);
	return sum;
}

/* One line on stderr: rewritten in place on a terminal, a line each ten seconds otherwise. */
static void show_status(struct run *run, uint64_t now_ns)
{
	uint64_t ops = sum_ops(run->result->live), span_ns = now_ns - run->shown_ns;

	fprintf(stderr, "%s%.0f s  %s: %" PRIu64 " operations, %.0f/s, %" PRIu64 " interrupts%s",
		run->terminal ? "\r\033[K" : "", (double)(now_ns - run->began_ns) / 1e9, run->workload->name, ops,
		(double)(ops - run->shown_ops) * 1e9 / (double)span_ns, sum_runs(run->result->live),
		run->terminal ? "" : "\n");
	fflush(stderr);
	run->shown_ns = now_ns;
	run->shown_ops = ops;
}

static bool tick(void *arg)
{
	struct run *run = arg;
	uint64_t now_ns = lab_clock_mono_ns();

	if (now_ns - run->shown_ns >= (run->terminal ? TERMINAL_NS : PLAIN_NS))
		show_status(run, now_ns);
	run->result->stopped = lab_cli_stop_asked();
	if (run->plan->folder)
		lab_stress_folder_tick(run->plan, run->result->live, sum_ops(run->result->live),
				       sum_runs(run->result->live));
	if (run->plan->look && !run->plan->look(run->plan->look_arg))
		return false;
	return !run->result->stopped;
}

/* The stream of a workload's random numbers is its place in the full list, so that it is the same when run alone. */
static uint64_t stream_of(const struct lab_workload *workload)
{
	size_t count;
	const struct lab_workload *const *all = lab_workloads(&count);

	for (size_t i = 0; i < count; i++)
		if (all[i] == workload)
			return i;
	lab_assert(!"a workload of the list");
	return 0;
}

/* What the actors measured since the last workload. */
static void merge_latency(const struct run *run, struct lab_stress_share *share)
{
	struct lab_stress_latency *all = &run->result->latency;

	for (unsigned i = 0; i < lab_live_actor_count(run->result->live); i++) {
		enum lab_context_kind kind = lab_live_actor(run->result->live, i)->kind;
		struct lab_histogram *own = &run->histograms[i * ACTOR_HISTOGRAMS];

		lab_histogram_merge(&share->latency.alloc[kind], &own[0]);
		lab_histogram_merge(&share->latency.free[kind], &own[1]);
		memset(own, 0, ACTOR_HISTOGRAMS * sizeof(*own));
	}
	for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++) {
		lab_histogram_merge(&all->alloc[kind], &share->latency.alloc[kind]);
		lab_histogram_merge(&all->free[kind], &share->latency.free[kind]);
	}
}

static enum lab_status run_workload(struct run *run, size_t index)
{
	const struct lab_stress_plan *plan = run->plan;
	struct lab_live_driver driver = {.next = next, .done = done, .tick = tick, .arg = run};
	struct lab_live *live = run->result->live;
	struct lab_stress_share *share = &run->result->shares[index];
	uint64_t ops_before = sum_ops(live), began_ns = lab_clock_mono_ns();
	enum lab_status status;

	run->workload = plan->workloads[index];
	lab_live_set_sample(live, run->workload->times_all ? 1 : LAB_STRESS_SAMPLE);
	/* relaxed: no thread runs; what the last one left half done is no beginning */
	lab_store_relaxed(&run->result->shared.stand, 0);
	lab_store_relaxed(&run->result->shared.got, 0);
	for (unsigned i = 0; i < lab_live_actor_count(live); i++)
		lab_workload_begin(&run->setting, stream_of(run->workload), i, &run->states[i]);
	run->result->share_count = index + 1;
	status = lab_live_run(live, &driver, plan->duration_ns / plan->workload_count,
			      (plan->op_limit + plan->workload_count - 1) / plan->workload_count);
	share->workload = run->workload;
	share->ops = sum_ops(live) - ops_before;
	share->ns = lab_clock_mono_ns() - began_ns;
	merge_latency(run, share);
	return status;
}

static enum lab_status run_all(struct run *run)
{
	enum lab_status status = LAB_OK;

	run->began_ns = run->shown_ns = lab_clock_mono_ns();
	for (size_t i = 0; i < run->plan->workload_count && status == LAB_OK; i++) {
		if (lab_live_finding(run->result->live) || lab_cli_stop_asked())
			break;
		status = run_workload(run, i);
	}
	if (run->terminal)
		fputs("\r\033[K", stderr);
	if (run->plan->folder)
		lab_stress_folder_end(run->plan, sum_ops(run->result->live), sum_runs(run->result->live));
	return status;
}

static enum lab_status create(struct run *run)
{
	const struct lab_stress_plan *plan = run->plan;
	struct lab_live_config config = {.target = plan->target,
					 .threads = plan->threads,
					 .levels = plan->levels,
					 .source = plan->source,
					 .irq_rate = plan->irq_rate,
					 .seed = plan->seed,
					 .watchdog_ns = plan->watchdog_ns,
					 .round_ns = ROUND_NS,
					 .sample = LAB_STRESS_SAMPLE,
					 .memory = lab_plug_move,
					 .memory_arg = &run->result->shared,
					 .sleep_allowed = plan->sleep_allowed};
	enum lab_status status;

	/* Enough for the tasks together to hold all memory: exhaust lives on it; and for one to hold the reserve. */
	config.kept_room =
		LAB_MIN(LAB_MAX(plan->frames / plan->threads, KEPT_LEAST + 2 * plan->min), (uint64_t)KEPT_MOST);
	lab_stress_machine(plan->frames, plan->min, plan->threads, &config.machine);
	status = lab_live_create(&config, &run->result->live);
	if (status != LAB_OK)
		return status;
	run->setting = (struct lab_workload_setting){.shared = &run->result->shared,
						     .machine = lab_live_machine(run->result->live),
						     .caps = plan->target->caps,
						     .threads = plan->threads,
						     .levels = plan->levels,
						     .seed = plan->seed};
	status = lab_plug_open(lab_live_machine(run->result->live), &run->result->shared);
	if (status != LAB_OK)
		return status;
	run->states = calloc(lab_live_actor_count(run->result->live), sizeof(*run->states));
	run->histograms =
		calloc((size_t)lab_live_actor_count(run->result->live) * ACTOR_HISTOGRAMS, sizeof(*run->histograms));
	return run->states && run->histograms ? LAB_OK : LAB_NO_MEMORY;
}

enum lab_status lab_stress_run(const struct lab_stress_plan *plan, struct lab_stress_result *ret_result)
{
	struct run run = {.plan = plan, .result = ret_result, .terminal = isatty(STDERR_FILENO)};
	enum lab_status status;

	*ret_result = (struct lab_stress_result){0};
	status = create(&run);
	if (status != LAB_OK)
		goto out;
	status = run_all(&run);
	/* A thread that is stuck may still come back and draw from these. */
	if (status == LAB_BUSY || lab_live_finding(ret_result->live))
		return status; /* NOLINT(clang-analyzer-unix.Malloc) */
out:
	lab_plug_close(&ret_result->shared);
	free(run.states);
	free(run.histograms);
	return status;
}
