/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cpu.h"
#include "core/process.h"

/*
 * CPUs that go and come. The words of the caches decide for themselves what happens to a frame (cpu.h); the CPU's plug
 * word only keeps two of these calls for one CPU apart, and nobody else looks at it.
 */

static lab_atomic32 *plug_of(const struct lab_arena *arena, unsigned cpu)
{
	return &lab_cpu_zone(arena, cpu, 0)->plug;
}

bool lab_cpu_is_online(const struct lab_arena *arena, unsigned cpu)
{
	/*
	 * Partner of the swap in `change`: who defers a block writes its stack and then looks here, and who takes the
	 * CPU away writes here and then looks at the stack, so one of them sees the other's.
	 */
	return lab_load_seq_cst(plug_of(arena, cpu)) == LAB_PLUG_ONLINE;
}

static enum lab_status change(struct lab_arena *arena, unsigned cpu, enum lab_plug from, enum lab_plug to,
			      void (*each)(const struct lab_arena *, unsigned cpu, unsigned zone))
{
	uint32_t seen = from;
	bool mine;

	if (cpu >= arena->state->cpu_count || lab_process_is_stranger(arena))
		return LAB_INVALID;
	lab_call_enter(arena, cpu);
	/*
	 * Takes the caches from the last change, released below: it is over before this one begins. Sequentially
	 * consistent for lab_cpu_is_online.
	 */
	mine = lab_cas_seq_cst(plug_of(arena, cpu), &seen, LAB_PLUG_CHANGING);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT && mine; zone++)
		each(arena, cpu, zone);
	if (mine)
		/* Releases the caches to the next change. */
		lab_store_release(plug_of(arena, cpu), to);
	lab_call_leave(arena, cpu);
	if (mine)
		return LAB_OK;
	return seen == LAB_PLUG_CHANGING ? LAB_BUSY : LAB_UNCHANGED;
}

enum lab_status lab_arena_cpu_offline(struct lab_arena *arena, unsigned cpu)
{
	enum lab_status status = change(arena, cpu, LAB_PLUG_ONLINE, LAB_PLUG_OFFLINE, lab_cpu_close);

	while (status == LAB_OK && lab_arena_shred_pending(arena))
		;
	return status;
}

enum lab_status lab_arena_cpu_online(struct lab_arena *arena, unsigned cpu)
{
	return change(arena, cpu, LAB_PLUG_OFFLINE, LAB_PLUG_ONLINE, lab_cpu_open);
}
