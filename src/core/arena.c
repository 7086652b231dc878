/* SPDX-License-Identifier: Apache-2.0 */
#include "core/chunk.h"
#include "core/cpu.h"
#include "core/layout.h"
#include "core/page.h"
#include "core/shred.h"
#include "plat/vm.h"

/* One a nesting level and CPU: then no release ever finds them all in use. */
#define SHRED_LEVELS 4u

enum lab_status lab_arena_measure(const struct lab_arena_config *config, size_t *ret_bytes)
{
	struct lab_state plan;
	enum lab_status status = lab_layout_plan(config, &plan);

	if (!status)
		*ret_bytes = plan.bytes;
	return status;
}

/* Gives every frame of every chunk back, as if it had been allocated. */
static void free_all_frames(const struct lab_arena *arena)
{
	for (uint32_t chunk = 0; chunk < arena->state->chunk_count; chunk++) {
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++) {
			uint64_t frames = lab_chunk_word_frames(arena, chunk, word);

			if (frames)
				lab_chunk_give(arena, chunk, word, frames);
		}
	}
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		/* Nobody else knows the arena yet. */
		lab_store_relaxed(&lab_zone_state(arena, zone)->budget, lab_zone_state(arena, zone)->frames);
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
		zones[zone].frames = lab_zone_state(arena, zone)->frames;
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
	arena->owns_shredder = !shredder;
	return shredder ? LAB_OK : lab_shredder_create(arena->state->cpu_count * SHRED_LEVELS, &arena->shredder);
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
	free_all_frames(arena);
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
	if (arena->owns_shredder)
		lab_shredder_destroy(arena->shredder);
	if (arena->owned_bytes)
		lab_vm_unmap(arena->state, arena->owned_bytes);
	*arena = (struct lab_arena){0};
}

enum lab_status lab_arena_drain(struct lab_arena *arena, unsigned cpu)
{
	if (cpu >= arena->state->cpu_count)
		return LAB_INVALID;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		lab_cpu_flush(arena, cpu, zone);
	return LAB_OK;
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
