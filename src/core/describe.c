/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/bits.h"
#include "core/trace.h"

/* Names for the words of an arena's metadata, in the order in which they lie. */

static const char *const zone_names[LAB_ZONE_COUNT] = {"dma", "normal"};

/* An address as what is at an index of an array, and the bytes from its start. */
struct place {
	size_t index, member;
	bool inside;
};

static struct place place_in(const void *array, size_t count, size_t bytes, const void *address)
{
	size_t offset = (size_t)((uintptr_t)address - (uintptr_t)array);

	return (struct place){.index = offset / bytes, .member = offset % bytes, .inside = offset < count * bytes};
}

static enum lab_word describe_zone(struct place at, char *text, size_t room)
{
	static const char *const classes[LAB_CLASS_COUNT] = {"ordinary", "high", "atomic", "memalloc"};
	const struct lab_zone_state *zone = NULL;
	size_t floor = (at.member - offsetof(struct lab_zone_state, floors)) / sizeof(zone->floors[0]);
	const char *name = zone_names[at.index];

	if (at.member < sizeof(zone->budget))
		snprintf(text, room, "zone %s budget", name);
	else if (at.member >= offsetof(struct lab_zone_state, floors) && floor < LAB_CLASS_COUNT)
		snprintf(text, room, "zone %s floor of class %s", name, classes[floor]);
	else
		snprintf(text, room, "zone %s watermarks", name);
	return LAB_WORD_NUMBER;
}

static enum lab_word describe_cpu(struct place at, char *text, size_t room)
{
	const char *member = at.member < offsetof(struct lab_cpu_zone, untold)       ? "slot"
			     : at.member < offsetof(struct lab_cpu_zone, hint_small) ? "untold frames"
			     : at.member < offsetof(struct lab_cpu_zone, refills)    ? "hint"
			     : at.member < offsetof(struct lab_cpu_zone, generation) ? "statistics"
			     : at.member < offsetof(struct lab_cpu_zone, plug)       ? "generation"
										     : "plug";
	bool slot = at.member < offsetof(struct lab_cpu_zone, untold);
	bool plug = at.member >= offsetof(struct lab_cpu_zone, plug);
	bool untold = !slot && at.member < offsetof(struct lab_cpu_zone, hint_small);

	snprintf(text, room, "cpu %zu zone %s %s", at.index / LAB_ZONE_COUNT, zone_names[at.index % LAB_ZONE_COUNT],
		 member);
	if (!slot)
		return untold || plug ? LAB_WORD_NUMBER : LAB_WORD_HINT;
	snprintf(text, room, "cpu %zu zone %s slot %zu", at.index / LAB_ZONE_COUNT,
		 zone_names[at.index % LAB_ZONE_COUNT], at.member / sizeof(lab_atomic64));
	return LAB_WORD_BITS;
}

/* Per chunk. */
static enum lab_word describe_chunk(const struct lab_arena *arena, const void *address, char *text, size_t room)
{
	size_t chunks = arena->chunk_count;
	struct place state = place_in(arena->chunk_states, chunks, sizeof(lab_atomic64), address);
	struct place word = place_in(arena->chunk_words, chunks * LAB_CHUNK_WORDS, sizeof(lab_atomic64), address);
	struct place info = place_in(arena->chunk_infos, chunks + 1, sizeof(struct lab_chunk_info), address);

	if (state.inside)
		snprintf(text, room, "chunk %zu state", state.index);
	else if (word.inside)
		snprintf(text, room, "chunk %zu word %zu", word.index / LAB_CHUNK_WORDS, word.index % LAB_CHUNK_WORDS);
	else if (info.inside)
		snprintf(text, room, "chunk %zu extent", info.index);
	else
		return LAB_WORD_NONE;
	return info.inside ? LAB_WORD_NUMBER : LAB_WORD_BITS;
}

/* Per frame and per region of frames. */
static enum lab_word describe_frame(const struct lab_arena *arena, const void *address, char *text, size_t room)
{
	struct place page = place_in(arena->pages, arena->frame_count + 1, sizeof(struct lab_page), address);
	struct place view = place_in(arena->views, arena->views ? arena->frame_count : 0, 1, address);
	struct place region = place_in(arena->regions, arena->state->region_count, sizeof(uint32_t), address);
	struct place trace =
		place_in(arena->traces, arena->traces ? arena->frame_count : 0, sizeof(struct lab_trace), address);

	if (page.inside)
		snprintf(text, room, "frame %zu owner", page.index);
	else if (view.inside)
		snprintf(text, room, "frame %zu views", view.index);
	else if (region.inside)
		snprintf(text, room, "region %zu first chunk", region.index);
	else if (trace.inside)
		snprintf(text, room, "frame %zu %s", trace.index, trace.member ? "trace" : "trace sequence");
	else
		return LAB_WORD_NONE;
	return page.inside ? LAB_WORD_OWNER : view.inside ? LAB_WORD_BITS : LAB_WORD_NUMBER;
}

enum lab_word lab_arena_describe(const struct lab_arena *arena, const void *address, char *text, size_t room)
{
	const struct lab_state *state = arena->state;
	struct place zone = place_in(state->zones, LAB_ZONE_COUNT, sizeof(state->zones[0]), address);
	struct place cpu =
		place_in(arena->cpus, (size_t)arena->cpu_count * LAB_ZONE_COUNT, sizeof(struct lab_cpu_zone), address);
	enum lab_word kind;

	if (zone.inside)
		return describe_zone(zone, text, room);
	if (cpu.inside)
		return describe_cpu(cpu, text, room);
	kind = describe_chunk(arena, address, text, room);
	if (kind != LAB_WORD_NONE)
		return kind;
	kind = describe_frame(arena, address, text, room);
	if (kind != LAB_WORD_NONE || !place_in(state, 1, sizeof(*state), address).inside)
		return kind;
	if (address == (const void *)&state->waiters) {
		snprintf(text, room, "who waits");
		return LAB_WORD_BITS;
	}
	snprintf(text, room, "the arena's layout");
	return LAB_WORD_NUMBER;
}
