/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_LAYOUT_H
#define LAB_CORE_LAYOUT_H

#include <labyrinth/diagnose.h>

#include "base/bits.h"
#include "plat/atomic.h"

#define LAB_LAYOUT_MAGIC   UINT64_C(0x68746e697279626c) /* "lbyrinth" */
#define LAB_LAYOUT_VERSION 7u

/*
 * How an arena's metadata lies in memory: frame and chunk numbers only, no pointer, so that it may be mapped anywhere.
 *
 *   state | chunk states | chunk words | chunk infos | regions | cpus | slots | pages | views | traces | processes |
 *   spans
 *
 * A region is an aligned run of 1,024 frames, the greatest block. A chunk is the part of a region that one span covers,
 * so a region that two spans share has two chunks, and no block can cross a span's edge. Chunks are numbered by
 * address.
 */

#define LAB_WORD_ORDER   6u /* 64 frames, one bit each */
#define LAB_WORD_FRAMES  64u
#define LAB_HALF_FRAMES  32u /* half a word: what one slot of a cache is about */
#define LAB_CHUNK_WORDS  16u
#define LAB_CHUNK_FRAMES 1024u

#define LAB_CHUNK_NONE UINT32_MAX
#define LAB_CACHE_LINE 64

_Static_assert(LAB_CHUNK_FRAMES == 1u << LAB_ORDER_MAX, "a chunk is the greatest block");
_Static_assert(LAB_CHUNK_WORDS *LAB_WORD_FRAMES == LAB_CHUNK_FRAMES, "words cover a chunk");

/* Fixed at creation. */
struct lab_chunk_info {
	uint32_t first_frame, end_frame; /* what of its region is the chunk's */
	uint32_t zone;
};

struct lab_zone_state {
	/* Frames that admission may still give: free, in nobody's cache, and told. Alone on its line: all CPUs write
	 * it. */
	_Alignas(LAB_CACHE_LINE) lab_atomic64 budget;
	/* The watermarks, and what follows from them for each class. Read by all, written by lab_arena_set_marks. */
	_Alignas(LAB_CACHE_LINE) lab_atomic64 floors[LAB_CLASS_COUNT];
	lab_atomic64 min, low, high, lowmem_reserve[LAB_ZONE_COUNT];
	uint64_t frames;
	uint32_t first_chunk, end_chunk; /* the zone's chunks lie in here, maybe with other zones' between them */
	_Alignas(LAB_CACHE_LINE) lab_atomic64 deferred; /* defer.h: released blocks that are to be overwritten */
	lab_atomic64 deferred_frames;                   /* in these, and in those that somebody is overwriting */
	lab_atomic64 absent;                            /* frames of spans that are absent; memory.c */
};

/* A span's chunks reach up to the next one's; one more follows the last. */
struct lab_memory_span {
	lab_atomic32 memory; /* enum lab_memory; see memory.c */
	uint32_t first_chunk;
};

enum lab_plug { LAB_PLUG_ONLINE, LAB_PLUG_CHANGING, LAB_PLUG_OFFLINE };

/* What one CPU keeps of one zone beside the slots of its cache; see cpu.h. */
struct lab_cpu_zone {
	_Alignas(LAB_CACHE_LINE) lab_atomic64 untold;
	lab_atomic32 hint_small, hint_great; /* the chunk that served last: where the next search begins */
	lab_atomic32 hint_cached;            /* the frame that may be the next from the cache */
	lab_atomic32 plug;                   /* enum lab_plug, of the CPU: its first zone's only; see hotplug.c */
	lab_atomic64 refills, failures;      /* statistics */
	lab_atomic64 generation;             /* of the owners that the short forms make on this CPU */
};

struct lab_state {
	lab_atomic64 magic; /* set last: until then there is no arena here */
	uint64_t bytes, frame_count;
	uint32_t version, flags, page_shift, order_max, cpu_count, chunk_count, region_count;
	uint32_t process_count; /* that may join; 0: the arena is one process' own */
	uint32_t slot_count;    /* of each CPU and zone, a power of two */
	uint32_t span_count;
	uint64_t states_at, words_at, infos_at, regions_at, cpus_at, slots_at, pages_at, views_at, traces_at,
		processes_at, spans_at; /* bytes from the state; 0: none */
	/* All above is fixed at creation. */
	lab_atomic64 trace_ticks; /* of the clock of `since` in a second; 0: allocations are counted */
	lab_atomic32 waiters;     /* wait.h */
	_Alignas(LAB_CACHE_LINE) lab_atomic64 trace_count; /* alone on its line: written at each traced allocation */
	struct lab_zone_state zones[LAB_ZONE_COUNT];
	_Alignas(LAB_CACHE_LINE) lab_atomic64 gate; /* process.h: read by each call where processes share the arena */
	lab_atomic64 reaper;                        /* the process that reaps; 0: none */
};

struct lab_page {
	lab_atomic64 owner;
};

/* Typed views of a handle's pointers. */
static inline lab_atomic64 *lab_chunk_state(const struct lab_arena *arena, uint32_t chunk)
{
	return (lab_atomic64 *)arena->chunk_states + chunk;
}

/* Bit b of word w is frame w * 64 + b of the chunk's region; set: free, and in no cache. */
static inline lab_atomic64 *lab_chunk_word(const struct lab_arena *arena, uint32_t chunk, unsigned word)
{
	return (lab_atomic64 *)arena->chunk_words + (size_t)chunk * LAB_CHUNK_WORDS + word;
}

static inline const struct lab_chunk_info *lab_chunk_info(const struct lab_arena *arena, uint32_t chunk)
{
	return (const struct lab_chunk_info *)arena->chunk_infos + chunk;
}

static inline struct lab_zone_state *lab_zone_state(const struct lab_arena *arena, unsigned zone)
{
	return &arena->state->zones[zone];
}

static inline struct lab_cpu_zone *lab_cpu_zone(const struct lab_arena *arena, unsigned cpu, unsigned zone)
{
	return (struct lab_cpu_zone *)arena->cpus + (size_t)cpu * LAB_ZONE_COUNT + zone;
}

/* A slot of a CPU's cache of a zone, from 0 to slot_count - 1; no two CPUs' slots share a line. */
static inline lab_atomic64 *lab_cpu_slot(const struct lab_arena *arena, unsigned cpu, unsigned zone, unsigned i)
{
	return (lab_atomic64 *)arena->slots + (((size_t)cpu * LAB_ZONE_COUNT + zone) << arena->slot_shift) + i;
}

static inline struct lab_memory_span *lab_memory_span(const struct lab_arena *arena, uint32_t span)
{
	return (struct lab_memory_span *)arena->spans + span;
}

/* The first frame of a chunk's region. */
static inline uint64_t lab_chunk_base(const struct lab_arena *arena, uint32_t chunk)
{
	return lab_chunk_info(arena, chunk)->first_frame & ~(uint64_t)(LAB_CHUNK_FRAMES - 1);
}

/* The chunk that a frame lies in, or LAB_CHUNK_NONE: a hole, or outside. Wait-free. */
static inline uint32_t lab_chunk_of(const struct lab_arena *arena, uint64_t frame)
{
	uint32_t chunk;

	if (frame >= arena->frame_count)
		return LAB_CHUNK_NONE;
	for (chunk = ((const uint32_t *)arena->regions)[frame / LAB_CHUNK_FRAMES]; chunk != LAB_CHUNK_NONE; chunk++) {
		const struct lab_chunk_info *info = lab_chunk_info(arena, chunk);

		/* A region's chunks are neighbours; the infos end with one that lies in no region. */
		if (frame >= info->first_frame && frame < info->end_frame)
			return chunk;
		if (info->first_frame / LAB_CHUNK_FRAMES != frame / LAB_CHUNK_FRAMES)
			break;
	}
	return LAB_CHUNK_NONE;
}

/* True for frames, frame size, orders and CPUs that an arena may have. */
bool lab_layout_is_in_range(uint64_t frame_count, unsigned page_shift, unsigned order_max, unsigned cpu_count);
/* Sets a plan's offsets and size from its counts and flags. */
void lab_layout_place(struct lab_state *plan);
/* Lays out metadata for a configuration: fills a state's numbers and offsets. LAB_INVALID: out of range. */
LAB_MUST_USE enum lab_status lab_layout_plan(const struct lab_arena_config *config, struct lab_state *ret_plan);
/* Writes infos and regions, after the plan was copied to the metadata's start and the handle points into it. */
void lab_layout_format(const struct lab_arena *arena, const struct lab_arena_config *config);
/* Fills a handle from a plan, and the plan's place in memory. */
void lab_layout_bind(struct lab_arena *arena, const struct lab_state *plan, void *metadata, void *base);
/*
 * Metadata that is not trusted: copies what is fixed at creation to *ret_plan, and compares all of it, and the chunks,
 * with what a configuration could have led to.
 */
LAB_MUST_USE enum lab_arena_fault lab_layout_check(const void *metadata, size_t bytes, struct lab_state *ret_plan);

#endif
