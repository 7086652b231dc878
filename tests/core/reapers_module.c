/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <labyrinth/arena.h>
#include <labyrinth/target.h>

#include "plat/atomic.h"
#include "target/registry.h"

/*
 * Two who join at once have two places, and of two who reap one dead process at once, one is told that it did. A hooked
 * module, the reference allocator's but for `drain`, which does this on an arena of the module's own, each call as a
 * process; `check` tells.
 */

#define FRAMES         2u
#define FRAME_BYTES    64u
#define METADATA_BYTES 4096u /* enough for so few */
#define PROCESSES      3u    /* the dead one, and the calls */

static struct side {
	char *memory; /* the engine takes it back with the run */
	struct lab_arena stranger, dead;
	unsigned dead_process;
	lab_atomic32 calls, reaps, wrong;
	unsigned processes[PROCESSES - 1];
} side;

static enum lab_status reapers_create(const struct lab_machine *machine, void **ret_self)
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

	side.memory = calloc(1, FRAMES * FRAME_BYTES + METADATA_BYTES + FRAME_BYTES);
	if (!side.memory)
		return LAB_SYSTEM;
	config.base = side.memory + FRAME_BYTES - (uintptr_t)side.memory % FRAME_BYTES;
	status = lab_arena_init(&side.stranger, &config, (char *)config.base + FRAMES * FRAME_BYTES, METADATA_BYTES);
	if (status)
		return status;
	side.dead = side.stranger;
	status = lab_arena_join(&side.dead, &side.dead_process);
	return status ? status : lab_target_core.create(machine, ret_self);
}

/* Counters of the module's own are relaxed: they are read at rest. */
static void count_if(bool it_is, lab_atomic32 *counter)
{
	if (it_is)
		lab_fetch_add_relaxed(counter, 1);
}

static void reapers_drain(void *self, unsigned cpu)
{
	unsigned call = lab_fetch_add_relaxed(&side.calls, 1);
	struct lab_arena_dead dead = {.process = side.dead_process};
	struct lab_arena handle = side.stranger;

	/* More than a scenario's are the engine's own. */
	if (call < PROCESSES - 1) {
		count_if(lab_arena_join(&handle, &side.processes[call]) != LAB_OK, &side.wrong);
		count_if(lab_arena_reap(&handle, &dead) == LAB_OK, &side.reaps);
	}
	lab_target_core.drain(self, cpu);
}

static enum lab_status reapers_check(void *self)
{
	if (lab_load_relaxed(&side.wrong) || lab_load_relaxed(&side.reaps) > 1 ||
	    (side.processes[0] && side.processes[0] == side.processes[1]) || lab_arena_check(&side.stranger, NULL))
		return LAB_INVALID;
	return lab_target_core.check(self);
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static struct lab_target target;

	target = lab_target_core;
	target.name = "reapers";
	target.create = reapers_create;
	target.drain = reapers_drain;
	target.check = reapers_check;
	return &target;
}
