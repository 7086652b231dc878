/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/bench.h"
#include "cli/bench_tail.h"
#include "engine/machine.h"
#include "engine/sim.h"
#include "scenario/text.h"
#include "target/core_target.h"
#include "target/registry.h"

/*
 * nested: each level comes in over the one below, on one CPU. storm: several lines on two CPUs. short: more is asked
 * for than the class may have, so every request goes the whole way and empties the other CPUs' caches. split: two
 * zones, frames in pieces.
 */
static const struct {
	const char *name, *text;
} stories[LAB_TAIL_STORIES] = {
	{"nested", "machine frames=128 cpus=2 order-max=3 page-shift=6\n"
		   "zone normal frames=0+128 min=8 low=10 high=12\n"
		   "task t { s0 = alloc atomic 0; raise so; s1 = alloc atomic 0; free s0; free s1; }\n"
		   "softirq so { s0 = alloc atomic 0; free s0; }\n"
		   "hardirq ha { s0 = alloc atomic 0; free s0; }\n"
		   "nmi nm { s0 = alloc atomic 0; free s0; }\n"
		   "task u cpu=1 { s0 = alloc atomic 0; free s0; }\n"},
	{"storm", "machine frames=128 cpus=2 order-max=3 page-shift=6\n"
		  "zone normal frames=0+128 min=8 low=10 high=128\n"
		  "task t { s0 = alloc atomic 0; free s0; s1 = alloc atomic 0; free s1; }\n"
		  "task u cpu=1 { s0 = alloc atomic 0; free s0; s1 = alloc atomic 0; free s1; }\n"
		  "softirq a { s0 = alloc atomic 0; free s0; }\n"
		  "hardirq b { s0 = alloc atomic 0; free s0; }\n"
		  "hardirq c { s0 = alloc atomic 0; free s0; }\n"
		  "softirq d cpu=1 { s0 = alloc atomic 0; free s0; }\n"
		  "hardirq e cpu=1 { s0 = alloc atomic 0; free s0; }\n"
		  "nmi f cpu=1 { s0 = alloc atomic 0; free s0; }\n"},
	{"short", "machine frames=24 cpus=4 order-max=3 page-shift=6\n"
		  "zone normal frames=0+24 min=16 low=20 high=24\n"
		  "task t { s0 = alloc memalloc 3; s1 = alloc memalloc 3; s2 = alloc atomic 0; s3 = alloc atomic 0; "
		  "s4 = alloc atomic 0; free s2; free s3; }\n"
		  "task u cpu=1 { s0 = alloc atomic 0; s1 = alloc atomic 0; free s0; }\n"
		  "hardirq ha { s0 = alloc atomic 0; free s0; s1 = alloc atomic 0; }\n"
		  "nmi nm cpu=1 { s0 = alloc atomic 0; s1 = alloc atomic 0; free s0; }\n"},
	{"split", "machine frames=192 cpus=2 order-max=6 page-shift=6\n"
		  "zone dma frames=0+64 min=4 low=5 high=6\n"
		  "zone normal frames=64+128 min=8 low=10 high=12\n"
		  "task t { s0 = alloc memalloc 6; s1 = alloc memalloc 5; s2 = alloc memalloc 4; s3 = alloc atomic 0; "
		  "s4 = alloc memalloc 3; s5 = alloc atomic 0; s6 = alloc memalloc 3; s7 = alloc atomic 0; free s3; "
		  "s3 = alloc atomic 0; }\n"
		  "task u cpu=1 { s0 = alloc memalloc 2; s1 = alloc atomic 0; free s0; s2 = alloc atomic 0; }\n"
		  "hardirq ha { s0 = alloc atomic 0; s1 = alloc atomic 0; free s0; }\n"
		  "nmi nm cpu=1 { s0 = alloc atomic 0; s1 = alloc atomic 0; free s1; }\n"},
};

/* Places of interrupts and preemptions one by one, then by lot. */
static const char *const strategies[] = {"irq", "bound", "random", "pct", "surw"};

/* A call that is not over: what it did, and what others did since its first step. */
struct call {
	uint64_t own, interrupters, writes;
};

struct count {
	struct lab_tail_story *story;
	const struct lab_scenario *scenario;
	struct call calls[LAB_CONTEXT_MAX];
	bool bounded;
};

static void touch(void *arg, const struct lab_sim_touch *touch)
{
	struct count *count = arg;
	const struct lab_scenario_context *contexts = count->scenario->contexts;

	/* The reclaimer, behind the scenario's contexts, makes no request. */
	if (touch->context < count->scenario->context_count && touch->atomic)
		count->calls[touch->context].own++;
	for (size_t i = 0; i < count->scenario->context_count; i++) {
		struct call *call = &count->calls[i];
		bool interrupts = contexts[i].cpu == touch->cpu && touch->context < count->scenario->context_count &&
				  contexts[i].kind < contexts[touch->context].kind;

		if (i == touch->context || !call->own)
			continue;
		call->writes += touch->changed;
		call->interrupters += interrupts && touch->atomic;
	}
}

static void judge(struct count *count, const struct call *call)
{
	struct lab_tail_story *story = count->story;
	uint64_t bound = story->bound.alone + story->bound.each_write * call->writes;

	story->calls++;
	story->with_others = LAB_MAX(story->with_others, call->own + call->interrupters);
	if (call->own > story->own) {
		story->own = call->own;
		story->writes = call->writes;
	}
	if (!count->bounded)
		return;
	if (call->own <= bound) {
		story->least_slack = LAB_MIN(story->least_slack, bound - call->own);
		return;
	}
	if (!story->over++) {
		story->over_own = call->own;
		story->over_writes = call->writes;
		story->over_schedule = story->schedules;
	}
}

static void op_done(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame)
{
	struct count *count = arg;
	struct call call = count->calls[context];

	count->calls[context] = (struct call){0};
	if (op->kind == LAB_OP_ALLOC && op->order == 0 && op->gfp == LAB_GFP_ATOMIC &&
	    (status == LAB_OK || status == LAB_NO_MEMORY))
		judge(count, &call);
}

static enum lab_status explore(const struct lab_tail_plan *plan, struct lab_sim *sim, struct count *count,
			       const char *name, struct lab_sim_result *ret_result)
{
	const struct lab_strategy_options options = {.seed = plan->seed, .preemptions = LAB_NOBODY};
	struct lab_strategy *strategy = lab_strategy_create(name, &options);
	enum lab_status status = LAB_OK;

	lab_assert(strategy);
	for (uint64_t i = 0; i < plan->limit && status == LAB_OK && !ret_result->found && !strategy->done; i++) {
		const struct lab_sim_options run = {
			.quiesce = true, .strategy = strategy, .touch = touch, .op_done = op_done, .arg = count};

		memset(count->calls, 0, sizeof(count->calls));
		status = lab_sim_run(sim, count->scenario, &run, ret_result);
		count->story->schedules++;
		if (plan->stopped())
			break;
	}
	lab_strategy_destroy(strategy);
	return status;
}

/* What the reference allocator tells of a machine like this one: by an instance of our own, which nobody uses. */
static enum lab_status ask_bound(const struct lab_scenario *scenario, struct lab_step_bound *ret_bound)
{
	struct lab_machine_store store = {0};
	enum lab_status status = lab_machine_build(&store, &scenario->machine, &lab_target_core, &lab_bench_host);
	void *self;

	if (status != LAB_OK)
		return status;
	status = lab_target_core.create(&store.machine, &self);
	if (status == LAB_OK) {
		lab_arena_step_bound(lab_target_core_arena(self), ret_bound);
		lab_target_core.destroy(self);
	}
	lab_machine_free(&store);
	return status;
}

static enum lab_status run_story(const struct lab_tail_plan *plan, const struct lab_target *target, size_t index,
				 struct lab_tail_result *result, char *message, size_t room)
{
	struct lab_tail_story *story = &result->stories[index];
	struct lab_sim_result run = {0};
	struct lab_text_error error;
	struct lab_scenario scenario;
	struct count count = {.story = story, .scenario = &scenario, .bounded = result->bounded};
	struct lab_sim *sim = NULL;
	enum lab_status status;

	lab_scenario_init(&scenario);
	lab_assert(lab_scenario_parse(stories[index].text, strlen(stories[index].text), &scenario, &error) == LAB_OK);
	*story = (struct lab_tail_story){
		.name = stories[index].name, .cpus = scenario.machine.cpu_count, .least_slack = UINT64_MAX};
	status = ask_bound(&scenario, &story->bound);
	if (status == LAB_OK)
		status = lab_sim_create(target, &sim);
	for (size_t i = 0; i < LAB_ARRAY_COUNT(strategies) && status == LAB_OK && !run.found && !plan->stopped(); i++)
		status = explore(plan, sim, &count, strategies[i], &run);
	if (status != LAB_OK)
		snprintf(message, room, "bench: %s: %s", story->name, lab_status_name(status));
	else if (run.found)
		snprintf(message, room, "bench: %s: %s: %s", story->name, lab_rule_info(run.finding.rule)->id,
			 run.finding.detail);
	if (sim)
		lab_sim_destroy(sim);
	lab_scenario_free(&scenario);
	return status == LAB_OK && run.found ? LAB_INVALID : status;
}

enum lab_status lab_bench_tail_steps(const struct lab_tail_plan *plan, struct lab_tail_result *result, char *message,
				     size_t room)
{
	const struct lab_target *target;
	enum lab_status status;
	bool hooked = false;

	status = lab_target_open_hooked(plan->target, &target, &hooked, message, room);
	result->bounded = status == LAB_OK && strcmp(target->name, lab_target_core.name) == 0;
	for (size_t i = 0; i < LAB_TAIL_STORIES && status == LAB_OK && !plan->stopped(); i++) {
		status = run_story(plan, target, i, result, message, room);
		result->story_count += status == LAB_OK;
	}
	return status;
}
