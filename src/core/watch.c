/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bits.h"
#include "core/layout.h"

/* Metadata that anybody may have written: nothing of it is used before it was compared with what it must be. */

static bool counts_are_good(const struct lab_state *plan)
{
	if (!lab_layout_is_in_range(plan->frame_count, plan->page_shift, plan->order_max, plan->cpu_count))
		return false;
	if (plan->process_count > LAB_PROCESS_MAX)
		return false;
	/* A chunk has one frame at least, and a region's chunks lie side by side. */
	return plan->chunk_count != 0 && plan->chunk_count <= plan->frame_count && plan->span_count != 0 &&
	       plan->span_count <= plan->chunk_count &&
	       plan->region_count == (plan->frame_count + LAB_CHUNK_FRAMES - 1) / LAB_CHUNK_FRAMES;
}

/* The offsets follow from the counts. */
static bool offsets_are_good(const struct lab_state *plan)
{
	struct lab_state placed = *plan;

	lab_layout_place(&placed);
	return plan->bytes == placed.bytes && plan->states_at == placed.states_at &&
	       plan->words_at == placed.words_at && plan->infos_at == placed.infos_at &&
	       plan->regions_at == placed.regions_at && plan->cpus_at == placed.cpus_at &&
	       plan->slot_count == placed.slot_count && plan->slots_at == placed.slots_at &&
	       plan->pages_at == placed.pages_at && plan->views_at == placed.views_at &&
	       plan->traces_at == placed.traces_at && plan->processes_at == placed.processes_at &&
	       plan->spans_at == placed.spans_at;
}

/* Chunks ascend, each in one region, and their end is marked. */
static bool chunks_are_good(const struct lab_arena *arena)
{
	const struct lab_chunk_info *last = lab_chunk_info(arena, arena->chunk_count);
	uint64_t end = 0;

	for (uint32_t chunk = 0; chunk < arena->chunk_count; chunk++) {
		const struct lab_chunk_info *info = lab_chunk_info(arena, chunk);

		if (info->first_frame < end || info->end_frame <= info->first_frame || info->zone >= LAB_ZONE_COUNT ||
		    info->end_frame > arena->frame_count ||
		    info->first_frame / LAB_CHUNK_FRAMES != (info->end_frame - 1) / LAB_CHUNK_FRAMES)
			return false;
		end = info->end_frame;
	}
	return last->first_frame == UINT32_MAX;
}

/* Each span has a chunk at least, and the last one's end where the chunks do. */
static bool spans_are_good(const struct lab_arena *arena)
{
	for (uint32_t span = 0; span < arena->span_count; span++)
		if (lab_memory_span(arena, span)->first_chunk >= lab_memory_span(arena, span + 1)->first_chunk)
			return false;
	return lab_memory_span(arena, 0)->first_chunk == 0 &&
	       lab_memory_span(arena, arena->span_count)->first_chunk == arena->chunk_count;
}

static bool regions_are_good(const struct lab_arena *arena, const struct lab_state *plan)
{
	const uint32_t *regions = arena->regions;

	for (uint32_t region = 0; region < plan->region_count; region++)
		if (regions[region] != LAB_CHUNK_NONE && regions[region] >= plan->chunk_count)
			return false;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		const struct lab_zone_state *state = lab_zone_state(arena, zone);

		if (state->first_chunk > state->end_chunk || state->end_chunk > plan->chunk_count)
			return false;
	}
	return true;
}

enum lab_arena_fault lab_layout_check(const void *metadata, size_t bytes, struct lab_state *ret_plan)
{
	const struct lab_state *state = metadata;
	struct lab_state plan = {0};
	struct lab_arena arena;

	if (bytes < sizeof(state->magic))
		return LAB_ARENA_FOREIGN;
	if ((uintptr_t)metadata % LAB_CACHE_LINE)
		return LAB_ARENA_FOREIGN;
	if (lab_load_acquire(&state->magic) != LAB_LAYOUT_MAGIC) /* the partner of lab_arena_init */
		return LAB_ARENA_FOREIGN;
	if (bytes < sizeof(*state))
		return LAB_ARENA_SHORT;
	/* What is fixed, once: an answer about the copy stays true. */
	memcpy(&plan.bytes, &state->bytes, offsetof(struct lab_state, trace_ticks) - offsetof(struct lab_state, bytes));
	if (plan.version != LAB_LAYOUT_VERSION)
		return LAB_ARENA_OTHER_VERSION;
	if (!counts_are_good(&plan) || !offsets_are_good(&plan))
		return LAB_ARENA_DAMAGED;
	if (plan.bytes > bytes)
		return LAB_ARENA_SHORT;
	lab_layout_bind(&arena, &plan, (void *)(uintptr_t)metadata, NULL); /* NOLINT(performance-no-int-to-ptr) */
	if (!chunks_are_good(&arena) || !regions_are_good(&arena, &plan) || !spans_are_good(&arena))
		return LAB_ARENA_DAMAGED;
	*ret_plan = plan;
	return LAB_ARENA_SOUND;
}

enum lab_arena_fault lab_arena_watch(struct lab_arena *arena, const void *metadata, size_t bytes)
{
	struct lab_state plan;
	enum lab_arena_fault fault = lab_layout_check(metadata, bytes, &plan);

	if (!fault)
		lab_layout_bind(arena, &plan, (void *)(uintptr_t)metadata,
				NULL); /* NOLINT(performance-no-int-to-ptr) */
	return fault;
}
