/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/race.h"

#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/tsan_interface.h>
#include <unistd.h>

#include "engine/hook_race.h"
#include "engine/race_report.h"
#include "engine/sim_state.h"
#include "plat/race.h"

#define NO_SYNC 1u /* a switch of fibers that is no edge */

/* The runtime's own interface, which its header leaves out. */
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read1_pc(void *address, void *code);
void __tsan_read2_pc(void *address, void *code);
void __tsan_read4_pc(void *address, void *code);
void __tsan_read8_pc(void *address, void *code);
void __tsan_write1_pc(void *address, void *code);
void __tsan_write2_pc(void *address, void *code);
void __tsan_write4_pc(void *address, void *code);
void __tsan_write8_pc(void *address, void *code);
void __tsan_read_range_pc(void *address, size_t bytes, void *code);
void __tsan_write_range_pc(void *address, size_t bytes, void *code);
void __tsan_ignore_thread_begin(void);
void __tsan_flush_memory(void);

static struct {
	void *outside, *engine; /* fibers: the caller's of lab_sim_run, and the engine's own, which looks at nothing */
	bool listens;           /* a run of a hooked module is under way */
	uint64_t epoch;         /* strands of another one have the engine's last steps not yet behind them */
	int nowhere;            /* where the runtime's own text goes, but under a trace; 0: not opened yet */
} race;

/* All that one fiber did, before all that the other will do; leaves the runtime on the latter. */
static void order(void *before, void *after)
{
	__tsan_switch_to_fiber(before, NO_SYNC);
	__tsan_switch_to_fiber(after, 0);
}

static void to_engine(void)
{
	__tsan_switch_to_fiber(race.engine, NO_SYNC);
}

/* Strands that moved since the engine last did come before what it does now. */
static void gather(struct lab_sim *sim)
{
	struct lab_sim_strand *groups[] = {sim->strands, sim->idle};
	const unsigned counts[] = {sim->exec.actor_count, sim->cpu_count};

	for (unsigned group = 0; group < 2; group++)
		for (unsigned i = 0; i < counts[group]; i++)
			if (groups[group][i].fiber_epoch == race.epoch)
				order(groups[group][i].fiber, race.engine);
	race.epoch++;
}

/* What a run that was cut off left on the runtime's stacks of calls. */
static void unwind(struct lab_sim_strand *strands, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!strands[i].fiber_depth)
			continue;
		__tsan_switch_to_fiber(strands[i].fiber, NO_SYNC);
		for (; strands[i].fiber_depth; strands[i].fiber_depth--)
			__tsan_func_exit();
		to_engine();
	}
}

static void release(const void *tag)
{
	if (lab_race_open(NULL)) {
		__tsan_release((void *)(uintptr_t)tag);
		lab_race_close();
	}
}

static void acquire(const void *tag)
{
	if (lab_race_open(NULL)) {
		__tsan_acquire((void *)(uintptr_t)tag);
		lab_race_close();
	}
}

static void plain(const void *address, size_t bytes, bool write);

static const struct lab_race listener = {.access = plain, .release = release, .acquire = acquire};

static void begin(struct lab_sim *sim)
{
	if (!sim->module)
		return;
	lab_assert(!race.listens);
	race.outside = __tsan_get_current_fiber();
	if (!race.engine) {
		race.engine = __tsan_create_fiber(0);
		race.nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		__tsan_switch_to_fiber(race.engine, 0);
		__tsan_ignore_thread_begin();
	} else {
		__tsan_switch_to_fiber(race.engine, 0);
	}
	if (!sim->run_count) /* what it finds does not depend on what was run before */
		__tsan_flush_memory();
	__sanitizer_set_report_fd((void *)(intptr_t)(sim->options.trace ? STDERR_FILENO : race.nowhere));
	race.epoch++;
	race.listens = true;
	lab_race = &listener;
}

static void end(struct lab_sim *sim)
{
	if (!race.listens)
		return;
	gather(sim);
	unwind(sim->strands, LAB_CONTEXT_MAX);
	unwind(sim->idle, LAB_CPU_MAX);
	if (lab_race_report_forget()) /* a place that it told of is one that it would be silent about from now on */
		__tsan_flush_memory();
	race.listens = false;
	lab_race = NULL;
	__tsan_switch_to_fiber(race.outside, 0);
}

static void resume(struct lab_sim *sim, struct lab_sim_strand *to)
{
	struct lab_sim_strand *last;

	if (!race.listens)
		return;
	if (to == &sim->engine) {
		gather(sim);
		return;
	}
	if (!to->fiber)
		to->fiber = __tsan_create_fiber(0);
	if (to->fiber_epoch != race.epoch) {
		to->fiber_epoch = race.epoch;
		order(race.engine, to->fiber);
		to_engine();
	}
	last = sim->cpus[to->cpu].last;
	sim->cpus[to->cpu].last = to;
	if (last && last != to) {
		order(last->fiber, to->fiber);
		to_engine();
	}
}

static void enter(const struct lab_sim_context *context)
{
	lab_race_function_entry(lab_race_report_mark(context->actor->index));
}

static void forget(struct lab_sim_strand *strands, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (strands[i].fiber)
			__tsan_destroy_fiber(strands[i].fiber);
}

static void destroy(struct lab_sim *sim)
{
	forget(sim->strands, LAB_CONTEXT_MAX);
	forget(sim->idle, LAB_CPU_MAX);
}

static const struct lab_race_engine engine = {.begin = begin,
					      .end = end,
					      .resume = resume,
					      .enter = enter,
					      .leave = lab_race_function_exit,
					      .destroy = destroy};
const struct lab_race_engine *const lab_race_engine = &engine;

/* On to the running strand's fiber. */
static bool open_fiber(void)
{
	if (!race.listens || !lab_sim_watches())
		return false;
	__tsan_switch_to_fiber(lab_sim_current->running->fiber, NO_SYNC);
	return true;
}

bool lab_race_open(const void *code)
{
	if (!open_fiber())
		return false;
	__tsan_func_entry((void *)(uintptr_t)code); /* the hook is what calls the runtime: who calls the hook matters */
	return true;
}

static void close_fiber(void)
{
	to_engine();
	lab_race_report_judge(lab_sim_current);
}

void lab_race_close(void)
{
	__tsan_func_exit();
	close_fiber();
}

static void read_plain(void *address, size_t bytes, void *code)
{
	switch (bytes) {
	case 1:
		return __tsan_read1_pc(address, code);
	case 2:
		return __tsan_read2_pc(address, code);
	case 4:
		return __tsan_read4_pc(address, code);
	case 8:
		return __tsan_read8_pc(address, code);
	default:
		return __tsan_read_range_pc(address, bytes, code);
	}
}

static void write_plain(void *address, size_t bytes, void *code)
{
	switch (bytes) {
	case 1:
		return __tsan_write1_pc(address, code);
	case 2:
		return __tsan_write2_pc(address, code);
	case 4:
		return __tsan_write4_pc(address, code);
	case 8:
		return __tsan_write8_pc(address, code);
	default:
		return __tsan_write_range_pc(address, bytes, code);
	}
}

void lab_race_plain(const void *address, size_t bytes, bool write, const void *code)
{
	size_t whole = (uintptr_t)address % bytes ? 0 : bytes; /* not aligned: as a range */

	if (!open_fiber())
		return;
	if (!whole)
		(write ? __tsan_write_range_pc : __tsan_read_range_pc)((void *)(uintptr_t)address, bytes,
								       (void *)(uintptr_t)code);
	else
		(write ? write_plain : read_plain)((void *)(uintptr_t)address, bytes, (void *)(uintptr_t)code);
	close_fiber();
}

/* What the harness does in an owner's name: it has no place in the target's code. */
static void plain(const void *address, size_t bytes, bool write)
{
	lab_race_plain(address, bytes, write, &listener);
}

/* An update that changes nothing stands for the store, which the target does itself. */
#define MARK(bits)                                                                                                     \
	(write ? (void)__tsan_atomic##bits##_fetch_or(at, 0, __ATOMIC_RELAXED)                                         \
	       : (void)__tsan_atomic##bits##_load(at, __ATOMIC_RELAXED))

void lab_race_marked(const void *address, size_t bytes, bool write, const void *code)
{
	void *at = (void *)(uintptr_t)address;

	if (bytes > sizeof(uint64_t) || (uintptr_t)address % bytes) {
		lab_race_plain(address, bytes, write, code);
		return;
	}
	if (!lab_race_open(code))
		return;
	switch (bytes) {
	case 1:
		MARK(8);
		break;
	case 2:
		MARK(16);
		break;
	case 4:
		MARK(32);
		break;
	default:
		MARK(64);
	}
	lab_race_close();
}

void lab_race_function_entry(void *caller)
{
	if (!open_fiber())
		return;
	lab_sim_current->running->fiber_depth++;
	__tsan_func_entry(caller);
	to_engine();
}

void lab_race_function_exit(void)
{
	if (!open_fiber())
		return;
	if (lab_sim_current->running->fiber_depth) {
		lab_sim_current->running->fiber_depth--;
		__tsan_func_exit();
	}
	to_engine();
}

void lab_race_fence(int order)
{
	if (race.listens && lab_sim_watches())
		lab_sim_current->result->fenced = true;
}

void lab_race_heap_take(const void *block)
{
	acquire(block);
}

void lab_race_heap_give(const void *block, size_t bytes, const void *code)
{
	lab_race_plain(block, bytes, true, code); /* who still uses it races with this */
	release(block);
}
