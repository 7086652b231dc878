/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "core/chunk.h"
#include "core/cpu.h"
#include "core/memory.h"
#include "core/page.h"
#include "core/park.h"

/*
 * The arena's own consistency check, at rest: every frame is in exactly one of free, cached and owned, and the numbers
 * add up. Nothing else runs, so all loads are relaxed.
 */

/* The frames of a word that are free, told by the word or by the chunk's state. */
static bool free_frames_of(const struct lab_arena *arena, uint32_t chunk, unsigned word, uint64_t *ret_free)
{
	uint64_t state = lab_load_relaxed(lab_chunk_state(arena, chunk));
	uint64_t frames = lab_load_relaxed(lab_chunk_word(arena, chunk, word));
	bool whole = lab_state_whole(state) >> word & 1, loose = lab_state_loose(state) >> word & 1;

	if ((whole && frames) || frames == ~UINT64_C(0) || (frames && !loose))
		return false;
	*ret_free = whole ? ~UINT64_C(0) : frames;
	return !(*ret_free & ~lab_chunk_word_frames(arena, chunk, word));
}

/* The frames of a word that caches hold; false if two hold one. */
static bool cached_frames_of(const struct lab_arena *arena, uint32_t chunk, unsigned word, uint64_t *ret_cached)
{
	unsigned zone = lab_chunk_info(arena, chunk)->zone;
	uint64_t cached = 0, name = (uint64_t)chunk * LAB_CHUNK_WORDS + word;

	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++) {
		for (unsigned i = 0; i < arena->slot_count; i++) {
			uint64_t slot = lab_load_relaxed(lab_cpu_slot(arena, cpu, zone, i)), mask = lab_slot_mask(slot);

			if (lab_slot_half(slot) / 2 != name)
				continue;
			if (lab_slot_is_marked(slot))
				mask |= lab_park_look(arena, cpu, lab_slot_half(slot));
			mask <<= lab_slot_half(slot) % 2 * LAB_HALF_FRAMES;
			if (cached & mask)
				return false;
			cached |= mask;
		}
	}
	*ret_cached = cached;
	return true;
}

/* What the walk found in a zone. */
struct counts {
	uint64_t free, deferred;
};

/* Free and cached frames have no owner; every other frame is absent, or lies in a block, owned or deferred. *end: where
 * the last block ends. */
static bool check_word(const struct lab_arena *arena, uint32_t chunk, unsigned word, struct counts *counts,
		       uint64_t *end)
{
	uint64_t frames = lab_chunk_word_frames(arena, chunk, word), free, cached;
	uint64_t first = lab_chunk_base(arena, chunk) + word * LAB_WORD_FRAMES;

	if (!free_frames_of(arena, chunk, word, &free) || !cached_frames_of(arena, chunk, word, &cached))
		return false;
	if (free & cached)
		return false;
	counts->free += lab_bits_count(free);
	for (; frames; frames &= frames - 1) {
		uint64_t frame = first + lab_bits_first(frames);
		uint64_t owner = lab_load_relaxed(&arena->pages[frame].owner);
		bool taken = !((free | cached) >> lab_bits_first(frames) & 1), deferred = lab_page_is_deferred(owner);
		bool head = deferred || owner == LAB_PAGE_ABSENT || (owner && !lab_page_is_second(owner));

		if (taken != (head || frame < *end) || (head && frame < *end))
			return false;
		if (head)
			*end = frame + (UINT64_C(1)
					<< (deferred ? lab_page_deferred_order(owner) : lab_page_order(arena, frame)));
		if (deferred)
			counts->deferred += *end - frame;
	}
	return true;
}

/* A span is all present or all absent, and nobody is in the middle of changing it. */
static bool check_span(const struct lab_arena *arena, unsigned span, uint64_t absent[LAB_ZONE_COUNT])
{
	enum lab_memory memory;
	struct lab_span it;

	if (lab_arena_memory(arena, span, &it, &memory) != LAB_OK || memory == LAB_MEMORY_CHANGING)
		return false;
	for (uint64_t i = 0; i < it.frame_count; i++)
		if ((lab_load_relaxed(&arena->pages[it.first_frame + i].owner) == LAB_PAGE_ABSENT) !=
		    (memory == LAB_MEMORY_ABSENT))
			return false;
	absent[it.zone] += memory == LAB_MEMORY_ABSENT ? it.frame_count : 0;
	return true;
}

/* A CPU is all open or all closed, and nobody is in the middle of changing it. */
static bool check_plug(const struct lab_arena *arena, unsigned cpu)
{
	uint32_t plug = lab_load_relaxed(&lab_cpu_zone(arena, cpu, 0)->plug);
	bool offline = plug == LAB_PLUG_OFFLINE;

	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		struct lab_cpu_zone *cache = lab_cpu_zone(arena, cpu, zone);

		for (unsigned i = 0; i < arena->slot_count; i++)
			if ((lab_load_relaxed(lab_cpu_slot(arena, cpu, zone, i)) == LAB_SLOT_CLOSED) != offline)
				return false;
		if (lab_load_relaxed(&cache->untold) >> 63 != offline)
			return false;
	}
	return plug != LAB_PLUG_CHANGING;
}

enum lab_status lab_arena_check(const struct lab_arena *arena, uint64_t *ret_frame)
{
	struct counts counts[LAB_ZONE_COUNT] = {0};
	uint64_t end = 0, absent[LAB_ZONE_COUNT] = {0};
	struct lab_arena_stat stat;
	bool sound = true;

	for (uint32_t chunk = 0; chunk < arena->state->chunk_count; chunk++) {
		unsigned zone = lab_chunk_info(arena, chunk)->zone;

		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++) {
			if (check_word(arena, chunk, word, &counts[zone], &end))
				continue;
			if (ret_frame)
				*ret_frame = lab_chunk_base(arena, chunk) + word * LAB_WORD_FRAMES;
			return LAB_INVALID;
		}
	}
	for (unsigned span = 0; span < arena->span_count; span++)
		sound &= check_span(arena, span, absent);
	lab_arena_stat(arena, &stat);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		sound &= counts[zone].free == stat.zones[zone].budget + stat.zones[zone].untold &&
			 counts[zone].deferred == stat.zones[zone].deferred && absent[zone] == stat.zones[zone].absent;
	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++)
		sound &= check_plug(arena, cpu);
	if (!sound && ret_frame)
		*ret_frame = LAB_FRAME_NONE;
	return sound ? LAB_OK : LAB_INVALID;
}
