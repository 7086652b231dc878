/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"

#include "base/bits.h"
#include "plat/stack.h"

#define DEPTH_SHIFT 56
#define ORDER_SHIFT 48
#define CPU_SHIFT   32

void lab_arena_set_tracer(struct lab_arena *arena, const struct lab_tracer *tracer)
{
	arena->tracer = tracer;
	/* Relaxed: nobody else uses the handle yet, and a tool that is late shows numbers without a unit. */
	lab_store_relaxed(&arena->state->trace_ticks, tracer && tracer->now ? tracer->ticks_per_second : 0);
}

void lab_trace_thread(void)
{
	lab_stack_note();
}

bool lab_arena_is_traced(const struct lab_arena *arena)
{
	return arena->traces;
}

uint64_t lab_arena_trace_ticks(const struct lab_arena *arena)
{
	return lab_load_relaxed(&arena->state->trace_ticks); /* stands alone */
}

static uint64_t tell_time(const struct lab_arena *arena)
{
	if (arena->tracer && arena->tracer->now)
		return arena->tracer->now();
	/* Relaxed: a number; 1 is the first allocation. */
	return lab_fetch_add_relaxed(&arena->state->trace_count, 1) + 1;
}

/* `frame` is that of the function that the allocation called: what it returns to is the first place. */
static unsigned take_stack(const struct lab_arena *arena, const void *frame, uintptr_t *places, unsigned room)
{
	if (arena->tracer && arena->tracer->stack) {
		unsigned depth = arena->tracer->stack(places, room);

		return LAB_MIN(depth, room);
	}
	return lab_stack_walk(frame, places, room);
}

/* Cold: arenas without traces are the rule, and their allocations should not carry this along. */
__attribute__((noinline, cold)) void lab_trace_write(const struct lab_arena *arena, uint64_t frame,
						     const struct lab_alloc_request *request)
{
	struct lab_trace *trace = lab_trace_of(arena, frame);
	uint64_t sequence = lab_load_relaxed(&trace->sequence); /* the block is the caller's, and so is the record */
	uintptr_t places[LAB_TRACE_DEPTH];
	unsigned depth = take_stack(arena, __builtin_frame_address(0), places, LAB_TRACE_DEPTH);

	if (depth == 0) {
		places[0] = (uintptr_t)__builtin_return_address(0);
		depth = 1;
	}

	/* An odd one was left by who died while it wrote. */
	lab_store_relaxed(&trace->sequence, sequence | 1); /* relaxed: each release below publishes it */
	/* Release, all of these: who reads one of them in lab_trace_read sees the odd sequence afterwards. */
	lab_store_release(&trace->since, tell_time(arena));
	lab_store_release(&trace->owner, request->owner);
	lab_store_release(&trace->request, (uint64_t)depth << DEPTH_SHIFT | (uint64_t)request->order << ORDER_SHIFT |
						   (uint64_t)request->cpu << CPU_SHIFT | request->gfp);
	lab_store_release(&trace->process, arena->tracer ? arena->tracer->process : 0);
	for (unsigned i = 0; i < depth; i++)
		lab_store_release(&trace->stack[i], places[i]);
	/* Publishes the record to lab_trace_read. */
	lab_store_release(&trace->sequence, (sequence | 1) + 1);
}

bool lab_trace_read(const struct lab_arena *arena, uint64_t frame, struct lab_holder *holder)
{
	struct lab_trace *trace = lab_trace_of(arena, frame);
	uint64_t sequence =
		lab_load_acquire(&trace->sequence); /* takes the record from the last release of the writer */
	struct lab_holder read = *holder;
	uint64_t request;

	if (sequence == 0 || sequence & 1)
		return false;
	/* Acquire, all of these: a later writer's word brings its odd sequence along, see lab_trace_write. */
	read.since = lab_load_acquire(&trace->since);
	read.taken_by = lab_load_acquire(&trace->owner);
	request = lab_load_acquire(&trace->request);
	read.process = (uint32_t)lab_load_acquire(&trace->process);
	read.gfp = (lab_gfp)request;
	read.cpu = (unsigned)(request >> CPU_SHIFT & 0xffff);
	read.order = (unsigned)(request >> ORDER_SHIFT & 0xff);
	read.depth = LAB_MIN((unsigned)(request >> DEPTH_SHIFT), LAB_TRACE_DEPTH);
	for (unsigned i = 0; i < read.depth; i++)
		read.stack[i] = lab_load_acquire(&trace->stack[i]);
	/* Relaxed: comes after the acquires above. */
	if (lab_load_relaxed(&trace->sequence) != sequence)
		return false;
	read.traced = true;
	*holder = read;
	return true;
}
