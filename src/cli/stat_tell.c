/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stat.h"

#include <stdio.h>

#include "base/bits.h"
#include "scenario/words.h"

static void tell_clock(struct lab_emit *emit, const struct lab_arena *arena)
{
	uint64_t ticks = lab_arena_trace_ticks(arena);

	lab_emit_bool(emit, "traced", lab_arena_is_traced(arena));
	if (lab_arena_is_traced(arena))
		lab_emit_text(emit, "since", ticks == 0 ? "a count of allocations" : "a clock");
}

static void tell_marks(struct lab_emit *emit, const struct lab_zone_stat *zone)
{
	lab_emit_group(emit, "marks");
	lab_emit_u64(emit, "min", zone->marks.min);
	lab_emit_u64(emit, "low", zone->marks.low);
	lab_emit_u64(emit, "high", zone->marks.high);
	lab_emit_u64(emit, "lowmem_reserve", zone->marks.lowmem_reserve[LAB_ZONE_NORMAL]);
	lab_emit_group_end(emit);
	lab_emit_group(emit, "floors");
	lab_emit_u64(emit, "ordinary", zone->floors[LAB_CLASS_ORDINARY]);
	lab_emit_u64(emit, "high", zone->floors[LAB_CLASS_HIGH]);
	lab_emit_u64(emit, "atomic", zone->floors[LAB_CLASS_ATOMIC]);
	lab_emit_u64(emit, "memalloc", zone->floors[LAB_CLASS_MEMALLOC]);
	lab_emit_group_end(emit);
}

/* By order: free blocks, and which part of what is free is in smaller ones. */
static void tell_orders(struct lab_emit *emit, const struct lab_zone_stat *zone, unsigned order_max)
{
	char name[16];

	lab_emit_group(emit, "free_blocks");
	for (unsigned order = 0; order <= order_max; order++) {
		snprintf(name, sizeof(name), "%u", order);
		lab_emit_u64(emit, name, zone->free_blocks[order]);
	}
	lab_emit_group_end(emit);
	lab_emit_group(emit, "unusable");
	for (unsigned order = 0; order <= order_max; order++) {
		snprintf(name, sizeof(name), "%u", order);
		lab_emit_real(emit, name, lab_zone_unusable(zone, order) / 1000.0, 3);
	}
	lab_emit_group_end(emit);
}

static void tell_zone(struct lab_emit *emit, const struct lab_zone_stat *zone, unsigned id, unsigned order_max)
{
	lab_emit_begin(emit, "zone");
	lab_emit_text(emit, "name", lab_zone_name((enum lab_zone)id));
	lab_emit_u64(emit, "frames", zone->marks.frames);
	lab_emit_u64(emit, "free", zone->free);
	lab_emit_group(emit, "of_these");
	lab_emit_u64(emit, "budget", zone->budget);
	lab_emit_u64(emit, "cached", zone->cached);
	lab_emit_u64(emit, "untold", zone->untold);
	lab_emit_group_end(emit);
	lab_emit_u64(emit, "deferred", zone->deferred);
	tell_marks(emit, zone);
	tell_orders(emit, zone, order_max);
	lab_emit_end(emit);
}

static void tell_cpu(struct lab_emit *emit, const struct lab_arena *arena, unsigned cpu)
{
	lab_emit_begin(emit, "cpu");
	lab_emit_u64(emit, "cpu", cpu);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		struct lab_cpu_stat stat;

		if (lab_arena_cpu_stat(arena, cpu, (enum lab_zone)zone, &stat) != LAB_OK)
			continue;
		lab_emit_group(emit, lab_zone_name((enum lab_zone)zone));
		lab_emit_u64(emit, "cached", stat.cached);
		lab_emit_u64(emit, "untold", stat.untold);
		lab_emit_u64(emit, "refills", stat.refills);
		lab_emit_u64(emit, "failures", stat.failures);
		lab_emit_group_end(emit);
	}
	lab_emit_end(emit);
}

void lab_stat_tell_arena(struct lab_emit *emit, const struct lab_stat_view *view)
{
	const struct lab_arena *arena = view->arena;
	unsigned order_max = LAB_MIN(lab_arena_order_max(arena), LAB_ORDER_MAX);
	struct lab_arena_stat stat;

	lab_arena_stat(arena, &stat);
	lab_emit_begin(emit, "arena");
	if (view->path)
		lab_emit_text(emit, "file", view->path);
	lab_emit_u64(emit, "frames", lab_arena_frames(arena));
	lab_emit_u64(emit, "frame_bytes", UINT64_C(1) << lab_arena_page_shift(arena));
	lab_emit_u64(emit, "cpus", lab_arena_cpus(arena));
	lab_emit_u64(emit, "metadata_bytes", stat.metadata_bytes);
	lab_emit_u64(emit, "refills", stat.refills);
	lab_emit_u64(emit, "failures", stat.failures);
	tell_clock(emit, arena);
	lab_emit_end(emit);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		if (stat.zones[zone].marks.frames)
			tell_zone(emit, &stat.zones[zone], zone, order_max);
	for (unsigned cpu = 0; cpu < lab_arena_cpus(arena); cpu++)
		tell_cpu(emit, arena, cpu);
}
