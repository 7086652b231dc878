/* SPDX-License-Identifier: Apache-2.0 */
#include <labyrinth/target.h>

#include "plat/atomic.h"
#include "target/core_target.h"
#include "target/registry.h"

/*
 * The reference allocator with traces, as a hooked module whose `drain` looks at all holders: each interleaving of a
 * look with allocations and releases is a schedule. Clock and stack of a record say whose allocation it is, and of
 * which order, so that one of two halves, or one under another's owner, is seen; it is told at the end, by `check`.
 */

#define ORDER_SHIFT 32 /* above the generations of a run */

static _Thread_local lab_owner taking;
static _Thread_local unsigned taking_order;
static lab_atomic32 torn;

static uint64_t now_is_owner(void)
{
	return taking + ((uint64_t)taking_order << ORDER_SHIFT);
}

static unsigned stack_is_owner(uintptr_t *places, unsigned room)
{
	places[0] = places[1] = taking;
	return 2;
}

static enum lab_status traced_create(const struct lab_machine *machine, void **ret_self)
{
	static const struct lab_tracer tracer = {.now = now_is_owner, .stack = stack_is_owner};

	lab_target_core_configure(&(struct lab_core_options){.flags = LAB_ARENA_TRACE, .tracer = &tracer});
	return lab_target_core.create(machine, ret_self);
}

static enum lab_status traced_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	lab_owner interrupted = taking; /* a handler is on its host's thread */
	unsigned interrupted_order = taking_order;
	enum lab_status status;

	taking = request->owner;
	taking_order = request->order;
	status = lab_target_core.alloc(self, request, ret_block);
	taking = interrupted;
	taking_order = interrupted_order;
	return status;
}

static bool is_whole(const struct lab_holder *holder)
{
	return holder->traced && holder->since == holder->taken_by + ((uint64_t)holder->order << ORDER_SHIFT) &&
	       holder->depth == 2 && holder->stack[0] == holder->taken_by && holder->stack[1] == holder->taken_by;
}

static void look(void *self, unsigned cpu)
{
	const struct lab_arena *arena = lab_target_core_arena(self);
	bool sound = true;
	struct lab_holder holder;

	for (uint64_t cursor = 0; lab_arena_holder_next(arena, &cursor, &holder);)
		sound &= is_whole(&holder) && holder.taken_by == holder.owner;
	for (uint64_t frame = 0; frame < lab_arena_frames(arena); frame++)
		if (lab_frame_last_holder(arena, frame, &holder))
			sound &= is_whole(&holder);
	if (!sound)
		lab_store_relaxed(&torn, 1); /* read at rest */
}

static enum lab_status traced_check(void *self)
{
	return lab_load_relaxed(&torn) ? LAB_INVALID : lab_target_core.check(self); /* at rest */
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static struct lab_target target;

	target = lab_target_core;
	target.name = "traced";
	target.create = traced_create;
	target.alloc = traced_alloc;
	target.drain = look;
	target.check = traced_check;
	return &target;
}
