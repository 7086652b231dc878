/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/race.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/hook_race.h"
#include "engine/race_fiber.h"
#include "engine/race_report.h"
#include "engine/race_runtime.h"
#include "engine/sim_state.h"
#include "plat/race.h"

struct lab_race_state lab_race_state = {.nowhere = -1};

/* All that one fiber did, before all that the other will do; leaves the runtime on the latter. */
static void order(void *before, void *after)
{
	__tsan_switch_to_fiber(before, LAB_RACE_NO_SYNC);
	__tsan_switch_to_fiber(after, 0);
}

typedef void each_fiber(struct lab_race_fiber *fiber);

static void each(struct lab_sim *sim, each_fiber *what)
{
	for (unsigned i = 0; i < sim->exec.actor_count; i++)
		if (sim->strands[i].fiber)
			what(sim->strands[i].fiber);
	for (unsigned i = 0; i < sim->cpu_count; i++)
		if (sim->idle[i].fiber)
			what(sim->idle[i].fiber);
}

static void order_before_engine(struct lab_race_fiber *fiber)
{
	if (fiber->epoch == lab_race_state.epoch)
		order(fiber->runtime, lab_race_state.engine);
}

/* Strands that moved since the engine last did come before what it does now. */
static void gather(struct lab_sim *sim)
{
	each(sim, order_before_engine);
	lab_race_state.epoch++;
}

/* What a run that was cut off left on the runtime's stack of calls. */
static void unwind(struct lab_race_fiber *fiber)
{
	if (!fiber->depth)
		return;
	__tsan_switch_to_fiber(fiber->runtime, LAB_RACE_NO_SYNC);
	for (; fiber->depth; fiber->depth--)
		__tsan_func_exit();
	lab_race_to_engine();
}

/* The engine's own fiber; what is found from now on does not depend on what was run before. */
static void wake_up(void)
{
	lab_race_state.engine = __tsan_create_fiber(0);
	lab_race_state.pid = getpid();
	__tsan_switch_to_fiber(lab_race_state.engine, 0);
	__tsan_ignore_thread_begin();
	__tsan_flush_memory();
}

static void rest(void)
{
	void *outside = __tsan_get_current_fiber();

	if (!lab_race_state.engine)
		return;
	lab_assert(!lab_race_state.listens);
	for (struct lab_race_fiber *fiber = lab_race_state.fibers; fiber; fiber = fiber->next) {
		if (fiber->runtime)
			__tsan_destroy_fiber(fiber->runtime);
		fiber->runtime = NULL;
		fiber->epoch = 0;
	}
	lab_race_to_engine();
	__tsan_ignore_thread_end();
	__tsan_switch_to_fiber(outside, 0);
	__tsan_destroy_fiber(lab_race_state.engine);
	lab_race_state.engine = NULL;
}

/* Whether the runtime's own text is to be read: what it has to say at the program's end is not. */
static void speak(bool aloud)
{
	if (lab_race_state.nowhere < 0)
		lab_race_state.nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	__sanitizer_set_report_fd((void *)(intptr_t)(aloud ? STDERR_FILENO : lab_race_state.nowhere));
}

static void begin(struct lab_sim *sim)
{
	if (!sim->module)
		return;
	lab_assert(!lab_race_state.listens);
	lab_assert(!lab_race_state.engine || lab_race_state.pid == getpid()); /* see rest */
	lab_race_state.outside = __tsan_get_current_fiber();
	if (!lab_race_state.engine)
		wake_up();
	else
		__tsan_switch_to_fiber(lab_race_state.engine, 0);
	if (!sim->run_count)
		__tsan_flush_memory();
	speak(sim->options.tell_races);
	lab_race_state.epoch++;
	lab_race_state.listens = true;
	lab_race = &lab_race_listener;
}

static void end(struct lab_sim *sim)
{
	if (!lab_race_state.listens)
		return;
	gather(sim);
	each(sim, unwind);
	if (lab_race_report_forget()) /* a place that it told of is one that it would be silent about from now on */
		__tsan_flush_memory();
	speak(false);
	lab_race_state.listens = false;
	lab_race = NULL;
	__tsan_switch_to_fiber(lab_race_state.outside, 0);
}

static struct lab_race_fiber *fiber_of(struct lab_sim_strand *strand)
{
	if (!strand->fiber) {
		strand->fiber = calloc(1, sizeof(*strand->fiber));
		lab_assert(strand->fiber);
		strand->fiber->next = lab_race_state.fibers;
		lab_race_state.fibers = strand->fiber;
	}
	if (!strand->fiber->runtime)
		strand->fiber->runtime = __tsan_create_fiber(0);
	return strand->fiber;
}

static void resume(struct lab_sim *sim, struct lab_sim_strand *to)
{
	struct lab_sim_cpu *cpu = &sim->cpus[to->cpu];
	struct lab_race_fiber *fiber;

	if (!lab_race_state.listens)
		return;
	if (to == &sim->engine) {
		gather(sim);
		return;
	}
	fiber = fiber_of(to);
	if (!to->started)
		lab_race_fiber_start(fiber);
	if (fiber->epoch != lab_race_state.epoch) {
		fiber->epoch = lab_race_state.epoch;
		order(lab_race_state.engine, fiber->runtime);
	}
	if (cpu->last && cpu->last != to)
		order(cpu->last->fiber->runtime, fiber->runtime);
	lab_race_to_engine();
	cpu->last = to;
}

static void enter(const struct lab_sim_context *context)
{
	lab_race_function_entry(lab_race_report_mark(context->actor->index));
}

static void forget(struct lab_race_fiber *fiber)
{
	struct lab_race_fiber **at = &lab_race_state.fibers;

	if (!fiber)
		return;
	while (*at != fiber)
		at = &(*at)->next;
	*at = fiber->next;
	if (fiber->runtime)
		__tsan_destroy_fiber(fiber->runtime);
	free(fiber);
}

static void destroy(struct lab_sim *sim)
{
	for (unsigned i = 0; i < LAB_CONTEXT_MAX; i++)
		forget(sim->strands[i].fiber);
	for (unsigned i = 0; i < LAB_CPU_MAX; i++)
		forget(sim->idle[i].fiber);
}

static const struct lab_race_engine engine = {.begin = begin,
					      .end = end,
					      .resume = resume,
					      .enter = enter,
					      .leave = lab_race_function_exit,
					      .destroy = destroy,
					      .rest = rest};
const struct lab_race_engine *const lab_race_engine = &engine;
