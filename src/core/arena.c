/* SPDX-License-Identifier: Apache-2.0 */
#include "core/chunk.h"
#include "core/cpu.h"
#include "core/defer.h"
#include "core/layout.h"
#include "core/memory.h"
#include "core/page.h"
#include "core/process.h"
#include "plat/vm.h"

enum lab_status lab_arena_measure(const struct lab_arena_config *config, size_t *ret_bytes)
{
	struct lab_state plan;
	enum lab_status status = lab_layout_plan(config, &plan);

	if (!status)
		*ret_bytes = plan.bytes;
	return status;
}

static uint64_t frames_present(const struct lab_zone_state *zone)
{
	return zone->frames - lab_load_relaxed(&zone->absent); /* nobody else knows the arena yet */
}

/* Gives every frame of a span back, as if it had been allocated. */
static void free_span(const struct lab_arena *arena, uint32_t span)
{
	for (uint32_t chunk = lab_memory_first_chunk(arena, span); chunk < lab_memory_first_chunk(arena, span + 1);
	     chunk++) {
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++) {
			uint64_t frames = lab_chunk_word_frames(arena, chunk, word);

			if (frames)
				lab_chunk_give(arena, chunk, word, frames);
		}
	}
}

static void first_frames(const struct lab_arena *arena, const bool *absent)
{
	for (uint32_t span = 0; span < arena->span_count; span++) {
		if (absent && absent[span])
			lab_memory_begin_absent(arena, span);
		else
			free_span(arena, span);
	}
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		/* Nobody else knows the arena yet. */
		lab_store_relaxed(&lab_zone_state(arena, zone)->budget, frames_present(lab_zone_state(arena, zone)));
}

/* CPUs begin their searches apart from one another, so that they do not share cache lines while memory is plenty. */
static void spread_hints(const struct lab_arena *arena)
{
	uint32_t cpus = arena->state->cpu_count;

	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
			const struct lab_zone_state *state = lab_zone_state(arena, zone);
			uint64_t chunks = state->end_chunk - state->first_chunk;
			uint32_t hint = state->first_chunk + (uint32_t)(chunks * cpu / cpus);

			/* Nobody else knows the arena yet. */
			lab_store_relaxed(&lab_cpu_zone(arena, cpu, zone)->hint_small, hint);
			lab_store_relaxed(&lab_cpu_zone(arena, cpu, zone)->hint_great, hint);
		}
	}
}

static enum lab_status first_marks(struct lab_arena *arena, const struct lab_zone_marks *given)
{
	struct lab_zone_marks zones[LAB_ZONE_COUNT] = {0};

	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		if (given)
			zones[zone] = given[zone];
		zones[zone].frames = frames_present(lab_zone_state(arena, zone));
	}
	if (!given)
		lab_zone_marks_default(zones, arena->page_shift);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		enum lab_status status = lab_arena_set_marks(arena, zone, &zones[zone]);

		if (status)
			return status;
	}
	return LAB_OK;
}

/* A handle's own part: cipher contexts live in a process, not in the metadata. */
static enum lab_status prepare_handle(struct lab_arena *arena, struct lab_shredder *shredder)
{
	if (!(arena->state->flags & LAB_ARENA_SHRED))
		return LAB_OK;
	arena->shredder = shredder;
	return shredder ? LAB_OK : LAB_INVALID;
}

enum lab_status lab_arena_init(struct lab_arena *arena, const struct lab_arena_config *config, void *metadata,
			       size_t bytes)
{
	struct lab_state *state = metadata, plan;
	enum lab_status status = lab_layout_plan(config, &plan);

	if (status)
		return status;
	if (bytes < plan.bytes || (uintptr_t)metadata % LAB_CACHE_LINE)
		return LAB_INVALID;
	*state = plan;
	state->version = LAB_LAYOUT_VERSION;
	lab_layout_bind(arena, &plan, metadata, config->base);
	lab_layout_format(arena, config);
	first_frames(arena, config->absent);
	spread_hints(arena);
	status = first_marks(arena, config->zones);
	if (!status)
		status = prepare_handle(arena, config->shredder);
	if (!status)
		lab_store_release(&state->magic, LAB_LAYOUT_MAGIC); /* publishes the arena to lab_layout_check */
	return status;
}

enum lab_status lab_arena_create(struct lab_arena *arena, const struct lab_arena_config *config)
{
	size_t bytes;
	void *metadata;
	enum lab_status status = lab_arena_measure(config, &bytes);

	if (!status)
		status = lab_vm_map(bytes, &metadata);
	if (status)
		return status;
	status = lab_arena_init(arena, config, metadata, bytes);
	if (status)
		lab_vm_unmap(metadata, bytes);
	else
		arena->owned_bytes = bytes;
	return status;
}

enum lab_status lab_arena_attach(struct lab_arena *arena, void *metadata, size_t bytes, void *base,
				 struct lab_shredder *shredder)
{
	struct lab_state plan;

	if (lab_layout_check(metadata, bytes, &plan) != LAB_ARENA_SOUND || !base ||
	    (uintptr_t)base % (UINT64_C(1) << plan.page_shift))
		return LAB_INVALID;
	lab_layout_bind(arena, &plan, metadata, base);
	return prepare_handle(arena, shredder);
}

void lab_arena_fini(struct lab_arena *arena)
{
	if (arena->owned_bytes)
		lab_vm_unmap(arena->state, arena->owned_bytes);
	*arena = (struct lab_arena){0};
}

enum lab_status lab_arena_drain(struct lab_arena *arena, unsigned cpu)
{
	if (cpu >= arena->state->cpu_count || lab_process_is_stranger(arena))
		return LAB_INVALID;
	lab_call_enter(arena, cpu);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		lab_cpu_flush(arena, cpu, zone);
	lab_call_leave(arena, cpu);
	while (lab_arena_shred_pending(arena))
		;
	return LAB_OK;
}

bool lab_arena_shred_pending(struct lab_arena *arena)
{
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		if (lab_defer_finish_one(arena, zone))
			return true;
	return false;
}

lab_owner lab_page_owner(const struct lab_arena *arena, const struct lab_page *page)
{
	uint64_t owner = lab_load_acquire(&page->owner); /* the partner of lab_page_publish */

	return lab_page_is_second(owner) ? LAB_OWNER_NONE : owner;
}

uint64_t lab_page_pfn(const struct lab_arena *arena, const struct lab_page *page)
{
	return ((uintptr_t)page - (uintptr_t)arena->pages) / sizeof(struct lab_page);
}

void *lab_page_address(const struct lab_arena *arena, const struct lab_page *page)
{
	return arena->base + (lab_page_pfn(arena, page) << arena->page_shift);
}

struct lab_page *lab_page_at(const struct lab_arena *arena, uint64_t pfn)
{
	return pfn < arena->frame_count ? &arena->pages[pfn] : NULL;
}

struct lab_page *lab_page_of(const struct lab_arena *arena, const void *address)
{
	uintptr_t offset = (uintptr_t)address - (uintptr_t)arena->base;

	if (offset & ((UINT64_C(1) << arena->page_shift) - 1))
		return NULL;
	return lab_page_at(arena, offset >> arena->page_shift);
}
