/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cpu.h"

/*
 * CPUs that go and come. The words of the caches decide for themselves what happens to a frame (cpu.h); the CPU's plug
 * word only keeps two of these calls for one CPU apart, and nobody else looks at it.
 */

static lab_atomic32 *plug_of(const struct lab_arena *arena, unsigned cpu)
{
	return &lab_cpu_zone(arena, cpu, 0)->plug;
}

static enum lab_status change(struct lab_arena *arena, unsigned cpu, enum lab_plug from, enum lab_plug to,
			      void (*each)(const struct lab_arena *, unsigned cpu, unsigned zone))
{
	uint32_t seen = from;

	if (cpu >= arena->state->cpu_count)
		return LAB_INVALID;
	/* Takes the caches from the last change, released below: it is over before this one begins. */
	if (!lab_cas_acquire(plug_of(arena, cpu), &seen, LAB_PLUG_CHANGING))
		return seen == LAB_PLUG_CHANGING ? LAB_BUSY : LAB_UNCHANGED;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		each(arena, cpu, zone);
	/* Releases the caches to the next change. */
	lab_store_release(plug_of(arena, cpu), to);
	return LAB_OK;
}

enum lab_status lab_arena_cpu_offline(struct lab_arena *arena, unsigned cpu)
{
	return change(arena, cpu, LAB_PLUG_ONLINE, LAB_PLUG_OFFLINE, lab_cpu_close);
}

enum lab_status lab_arena_cpu_online(struct lab_arena *arena, unsigned cpu)
{
	return change(arena, cpu, LAB_PLUG_OFFLINE, LAB_PLUG_ONLINE, lab_cpu_open);
}
