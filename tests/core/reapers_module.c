/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <labyrinth/arena.h>
#include <labyrinth/target.h>

#include "core/layout.h"
#include "plat/atomic.h"
#include "target/registry.h"

/*
 * Processes that do at once what the target ABI has one do after the other. Two who join have two places; of two who
 * reap one dead process one is told that it did, whether the reaper's place is free (order 0) or that process died in
 * it (order 1); and what two threads of one process do that name one CPU ends as if they had come one by one (order 2):
 * whoever reaps afterwards finds nobody in a call. A hooked module, the reference allocator's but for `alloc`, which
 * also does this on arenas of the module's own; `check` tells. Handlers may allocate, too: a process that has the CPU
 * in the middle of another one's call.
 */

#define FRAMES         2u
#define FRAME_BYTES    64u
#define METADATA_BYTES 4096u /* enough for so few */
#define CALLS          2u
#define PROCESSES      (CALLS + 3) /* those who reap, the dead one, the one with threads, and who looks at the end */
#define ORDERS         3u

/* One for each order. */
static struct side {
	char *memory; /* the engine takes it back with the run */
	struct lab_arena stranger, dead, living;
	unsigned dead_process, living_process;
	lab_atomic32 calls, reaps, wrong;
	unsigned processes[CALLS];
} sides[ORDERS];

static enum lab_status create_side(struct side *side)
{
	static const struct lab_span span = {0, FRAMES, LAB_ZONE_NORMAL};
	static const struct lab_zone_marks none[LAB_ZONE_COUNT];
	struct lab_arena_config config = {.frame_count = FRAMES,
					  .page_shift = 6, /* FRAME_BYTES */
					  .cpu_count = 1,
					  .spans = &span,
					  .span_count = 1,
					  .process_count = PROCESSES,
					  .zones = none};
	enum lab_status status;

	side->memory = calloc(1, FRAMES * FRAME_BYTES + METADATA_BYTES + FRAME_BYTES);
	if (!side->memory)
		return LAB_SYSTEM;
	config.base = side->memory + FRAME_BYTES - (uintptr_t)side->memory % FRAME_BYTES;
	status = lab_arena_init(&side->stranger, &config, (char *)config.base + FRAMES * FRAME_BYTES, METADATA_BYTES);
	side->dead = side->living = side->stranger;
	if (!status)
		status = lab_arena_join(&side->dead, &side->dead_process);
	return status ? status : lab_arena_join(&side->living, &side->living_process);
}

static enum lab_status reapers_create(const struct lab_machine *machine, void **ret_self)
{
	for (unsigned order = 0; order < ORDERS; order++) {
		enum lab_status status = create_side(&sides[order]);

		if (status)
			return status;
	}
	/* As if killed in the middle of a reap. Relaxed: nobody else is there. */
	lab_store_relaxed(&sides[1].stranger.state->reaper, sides[1].dead_process);
	return lab_target_core.create(machine, ret_self);
}

/* Counters of the module's own are relaxed: they are read at rest. */
static void count_if(bool it_is, lab_atomic32 *counter)
{
	if (it_is)
		lab_fetch_add_relaxed(counter, 1);
}

static void join_and_reap(struct side *side, unsigned *ret_process)
{
	struct lab_arena_dead dead = {.process = side->dead_process};
	struct lab_arena handle = side->stranger;

	count_if(lab_arena_join(&handle, ret_process) != LAB_OK, &side->wrong);
	count_if(lab_arena_reap(&handle, &dead) == LAB_OK, &side->reaps);
}

static void take_and_free(struct side *side)
{
	struct lab_page *page = lab_alloc_pages(&side->living, LAB_GFP_NOWAIT, 0);

	count_if(!page || lab_free_pages(&side->living, page, 0) != LAB_OK, &side->wrong);
}

static enum lab_status reapers_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct side *side = &sides[request->order % ORDERS];
	unsigned call = lab_fetch_add_relaxed(&side->calls, 1);

	/* More than a scenario's are the engine's own. */
	if (call < CALLS && request->order < 2)
		join_and_reap(side, &side->processes[call]);
	else if (call < CALLS)
		take_and_free(side);
	return lab_target_core.alloc(self, request, ret_block);
}

/* At rest: nobody living is in a call, so the dead one is reaped now, or was. */
static bool is_right(struct side *side)
{
	struct lab_arena_dead dead = {.process = side->dead_process};
	struct lab_arena handle = side->stranger;
	unsigned process, reaps = lab_load_relaxed(&side->reaps);
	enum lab_status status = lab_arena_join(&handle, &process);

	if (status)
		return false;
	status = lab_arena_reap(&handle, &dead);
	lab_arena_leave(&handle);
	return (status == LAB_OK || status == LAB_UNCHANGED) && reaps <= 1 && !lab_load_relaxed(&side->wrong) &&
	       (!side->processes[0] || side->processes[0] != side->processes[1]) &&
	       lab_arena_check(&side->stranger, NULL) == LAB_OK;
}

static enum lab_status reapers_check(void *self)
{
	for (unsigned order = 0; order < ORDERS; order++)
		if (!is_right(&sides[order]))
			return LAB_INVALID;
	return lab_target_core.check(self);
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static struct lab_target target;

	target = lab_target_core;
	target.name = "reapers";
	target.create = reapers_create;
	target.alloc = reapers_alloc;
	target.check = reapers_check;
	return &target;
}
