/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/bits.h"
#include "core/memory.h"
#include "core/process.h"
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
	else if (at.member >= offsetof(struct lab_zone_state, absent))
		snprintf(text, room, "zone %s absent frames", name);
	else if (at.member >= offsetof(struct lab_zone_state, deferred_frames))
		snprintf(text, room, "zone %s deferred frames", name);
	else if (at.member >= offsetof(struct lab_zone_state, deferred))
		snprintf(text, room, "zone %s deferred blocks", name);
	else if (at.member >= offsetof(struct lab_zone_state, floors) && floor < LAB_CLASS_COUNT)
		snprintf(text, room, "zone %s floor of class %s", name, classes[floor]);
	else
		snprintf(text, room, "zone %s watermarks", name);
	return LAB_WORD_NUMBER;
}

static enum lab_word describe_cpu(struct place at, char *text, size_t room)
{
	bool untold = at.member < offsetof(struct lab_cpu_zone, hint_small);
	bool plug =
		at.member >= offsetof(struct lab_cpu_zone, plug) && at.member < offsetof(struct lab_cpu_zone, refills);
	const char *member = untold                                                  ? "untold frames"
			     : plug                                                  ? "plug"
			     : at.member < offsetof(struct lab_cpu_zone, plug)       ? "hint"
			     : at.member < offsetof(struct lab_cpu_zone, generation) ? "statistics"
										     : "generation";

	snprintf(text, room, "cpu %zu zone %s %s", at.index / LAB_ZONE_COUNT, zone_names[at.index % LAB_ZONE_COUNT],
		 member);
	return untold || plug ? LAB_WORD_NUMBER : LAB_WORD_HINT;
}

/* The slots of the CPUs' caches. */
static enum lab_word describe_slot(const struct lab_arena *arena, const void *address, char *text, size_t room)
{
	size_t bytes = sizeof(lab_atomic64) << arena->slot_shift;
	struct place at = place_in(arena->slots, (size_t)arena->cpu_count * LAB_ZONE_COUNT, bytes, address);

	if (!at.inside || at.member >= arena->slot_count * sizeof(lab_atomic64))
		return LAB_WORD_NONE;
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

/* Per span. */
static enum lab_word describe_span(const struct lab_arena *arena, const void *address, char *text, size_t room)
{
	struct place span =
		place_in(arena->spans, arena->span_count + (size_t)1, sizeof(struct lab_memory_span), address);

	if (!span.inside)
		return LAB_WORD_NONE;
	snprintf(text, room, "span %zu %s", span.index, span.member ? "first chunk" : "memory");
	return LAB_WORD_NUMBER;
}

/* Of processes that share the arena. */
static enum lab_word describe_process(const struct lab_arena *arena, const void *address, char *text, size_t room)
{
	const struct lab_state *state = arena->state;
	size_t lines = arena->cpu_count + (size_t)1;
	struct place line =
		place_in(arena->processes, state->process_count * lines, sizeof(struct lab_process_line), address);

	if (address == (const void *)&state->gate)
		snprintf(text, room, "gate");
	else if (address == (const void *)&state->reaper)
		snprintf(text, room, "reaper");
	else if (!line.inside)
		return LAB_WORD_NONE;
	else if (line.index % lines)
		snprintf(text, room, "place %zu calls on cpu %zu", line.index / lines + 1, line.index % lines - 1);
	else
		snprintf(text, room, "place %zu process", line.index / lines + 1);
	return LAB_WORD_NUMBER;
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
	kind = describe_slot(arena, address, text, room);
	if (kind != LAB_WORD_NONE)
		return kind;
	kind = describe_chunk(arena, address, text, room);
	if (kind != LAB_WORD_NONE)
		return kind;
	kind = describe_span(arena, address, text, room);
	if (kind != LAB_WORD_NONE)
		return kind;
	kind = describe_process(arena, address, text, room);
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
