/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "core/chunk.h"
#include "core/cpu.h"
#include "core/park.h"
#include "core/run.h"

/* Adds the greatest aligned runs of a word's set bits, each bit standing for a block of order `unit`. */
static void count_runs(uint64_t word, unsigned unit, uint64_t *blocks)
{
	for (unsigned order = LAB_WORD_ORDER - 1; word; order--) {
		uint64_t starts = lab_run_starts(word, order);

		for (; starts; starts &= starts - 1) {
			word &= ~lab_run_mask(lab_bits_first(starts), order);
			blocks[order + unit]++;
		}
	}
}

/* Everything here is read relaxed: a snapshot that is exact only when nobody changes it. */
static void stat_chunk(const struct lab_arena *arena, uint32_t chunk, struct lab_arena_stat *ret_stat)
{
	uint32_t zone = lab_chunk_info(arena, chunk)->zone;
	struct lab_zone_stat *stat;

	if (zone >= LAB_ZONE_COUNT) /* somebody has gone wild: lab_arena_watch */
		return;
	stat = &ret_stat->zones[zone];
	count_runs(lab_state_whole(lab_load_relaxed(lab_chunk_state(arena, chunk))), LAB_WORD_ORDER, stat->free_blocks);
	for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++)
		count_runs(lab_load_relaxed(lab_chunk_word(arena, chunk, word)), 0, stat->free_blocks);
}

static uint64_t count_slot(const struct lab_arena *arena, unsigned cpu, uint64_t slot)
{
	uint32_t cached = lab_slot_mask(slot);

	/* Of a half-word that is none, somebody has gone wild: lab_arena_watch. */
	if (lab_slot_is_marked(slot) && lab_slot_half(slot) < (uint64_t)arena->chunk_count * 2 * LAB_CHUNK_WORDS)
		cached |= lab_park_look(arena, cpu, lab_slot_half(slot));
	return lab_bits_count(cached);
}

enum lab_status lab_arena_cpu_stat(const struct lab_arena *arena, unsigned cpu, enum lab_zone zone,
				   struct lab_cpu_stat *ret_stat)
{
	struct lab_cpu_zone *cache;
	struct lab_cpu_stat stat = {0};

	if (cpu >= arena->cpu_count)
		return LAB_INVALID;
	cache = lab_cpu_zone(arena, cpu, zone);
	for (unsigned i = 0; i < arena->slot_count; i++)
		stat.cached += count_slot(arena, cpu, lab_load_relaxed(lab_cpu_slot(arena, cpu, zone, i)));
	stat.untold = lab_untold_count(lab_load_relaxed(&cache->untold));
	stat.refills = lab_load_relaxed(&cache->refills);
	stat.failures = lab_load_relaxed(&cache->failures);
	*ret_stat = stat;
	return LAB_OK;
}

static void stat_cpu(const struct lab_arena *arena, unsigned cpu, struct lab_arena_stat *stat)
{
	stat->cpus_offline += lab_load_relaxed(&lab_cpu_zone(arena, cpu, 0)->plug) == LAB_PLUG_OFFLINE;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		struct lab_cpu_stat one;

		if (lab_arena_cpu_stat(arena, cpu, (enum lab_zone)zone, &one) != LAB_OK)
			continue;
		stat->zones[zone].cached += one.cached;
		stat->zones[zone].untold += one.untold;
		stat->refills += one.refills;
		stat->failures += one.failures;
	}
}

static void stat_counts(const struct lab_arena *arena, struct lab_arena_stat *stat)
{
	for (unsigned cpu = 0; cpu < arena->cpu_count; cpu++)
		stat_cpu(arena, cpu, stat);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		struct lab_zone_stat *it = &stat->zones[zone];

		it->budget = lab_load_relaxed(&lab_zone_state(arena, zone)->budget);
		it->free = it->budget + it->cached + it->untold;
		it->deferred = lab_load_relaxed(&lab_zone_state(arena, zone)->deferred_frames);
	}
}

static void stat_marks(const struct lab_zone_state *zone, struct lab_zone_stat *stat)
{
	struct lab_zone_marks *marks = &stat->marks;

	stat->absent = lab_load_relaxed(&zone->absent);
	marks->frames = zone->frames - stat->absent;
	marks->min = lab_load_relaxed(&zone->min);
	marks->low = lab_load_relaxed(&zone->low);
	marks->high = lab_load_relaxed(&zone->high);
	for (unsigned above = 0; above < LAB_ZONE_COUNT; above++)
		marks->lowmem_reserve[above] = lab_load_relaxed(&zone->lowmem_reserve[above]);
	for (unsigned class = 0; class < LAB_CLASS_COUNT; class ++)
		stat->floors[class] = lab_load_relaxed(&zone->floors[class]);
}

void lab_arena_stat(const struct lab_arena *arena, struct lab_arena_stat *ret_stat)
{
	struct lab_arena_stat stat = {.metadata_bytes = arena->state->bytes};

	for (uint32_t chunk = 0; chunk < arena->chunk_count; chunk++)
		stat_chunk(arena, chunk, &stat);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		stat_marks(lab_zone_state(arena, zone), &stat.zones[zone]);
	stat_counts(arena, &stat);
	*ret_stat = stat;
}

uint64_t lab_arena_free_frames(const struct lab_arena *arena)
{
	struct lab_arena_stat stat = {0};
	uint64_t frames = 0;

	stat_counts(arena, &stat);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		frames += stat.zones[zone].free;
	return frames;
}

unsigned lab_zone_unusable(const struct lab_zone_stat *stat, unsigned order)
{
	uint64_t all = 0, small = 0;

	for (unsigned it = 0; it <= LAB_ORDER_MAX; it++) {
		uint64_t frames = stat->free_blocks[it] << it;

		all += frames;
		small += it < order ? frames : 0;
	}
	return all ? (unsigned)(small * 1000 / all) : 0;
}

unsigned lab_arena_cpus(const struct lab_arena *arena)
{
	return arena->cpu_count;
}

unsigned lab_arena_order_max(const struct lab_arena *arena)
{
	return arena->order_max;
}

uint64_t lab_arena_frames(const struct lab_arena *arena)
{
	return arena->frame_count;
}

unsigned lab_arena_page_shift(const struct lab_arena *arena)
{
	return arena->page_shift;
}
