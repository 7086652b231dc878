/* SPDX-License-Identifier: Apache-2.0 */
#include "core/layout.h"

#include "base/assert.h"
#include "base/bits.h"
#include "core/process.h"
#include "core/trace.h"

#define FRAME_COUNT_MAX ((UINT64_C(1) << 32) - 2 * LAB_CHUNK_FRAMES)
#define CPU_COUNT_MAX   1024u
#define CHUNK_COUNT_MAX                                                                                                \
	(INT32_MAX / (2 * LAB_CHUNK_WORDS)) /* half-words have numbers of 31 bits, one of them no half-word's */

/* The caches of all CPUs together reach over a sixteenth of the frames, each over 256 half-words at most. */
#define CACHED_PART 16u
#define SLOTS_MIN   2u
#define SLOTS_MAX   256u

static bool spans_are_good(const struct lab_arena_config *config)
{
	uint64_t end = 0;

	for (size_t i = 0; i < config->span_count; i++) {
		const struct lab_span *span = &config->spans[i];

		if (span->first_frame < end || span->frame_count == 0 || span->zone >= LAB_ZONE_COUNT)
			return false;
		if (span->first_frame >= config->frame_count ||
		    span->frame_count > config->frame_count - span->first_frame)
			return false;
		end = span->first_frame + span->frame_count;
	}
	return config->span_count > 0;
}

bool lab_layout_is_in_range(uint64_t frame_count, unsigned page_shift, unsigned order_max, unsigned cpu_count)
{
	return page_shift >= 6 && page_shift <= 20 && order_max <= LAB_ORDER_MAX && frame_count != 0 &&
	       frame_count <= FRAME_COUNT_MAX && cpu_count != 0 && cpu_count <= CPU_COUNT_MAX;
}

static bool config_is_good(const struct lab_arena_config *config)
{
	if (!lab_layout_is_in_range(config->frame_count, config->page_shift, config->order_max, config->cpu_count))
		return false;
	if (!config->base || (uintptr_t)config->base % (UINT64_C(1) << config->page_shift))
		return false;
	if (config->process_count > LAB_PROCESS_MAX || (config->process_count && config->absent))
		return false;
	return spans_are_good(config);
}

static uint64_t last_region(const struct lab_span *span)
{
	return (span->first_frame + span->frame_count - 1) / LAB_CHUNK_FRAMES;
}

static uint64_t span_chunks(const struct lab_span *span)
{
	return last_region(span) - span->first_frame / LAB_CHUNK_FRAMES + 1;
}

/* Reserves `bytes` at the end of the plan, on a line of its own. */
static uint64_t place(uint64_t *end, uint64_t bytes)
{
	uint64_t at = *end;

	*end = lab_align_up(at + bytes, LAB_CACHE_LINE);
	return at;
}

static uint32_t slots_of(const struct lab_state *plan)
{
	uint64_t most = plan->frame_count / ((uint64_t)LAB_HALF_FRAMES * CACHED_PART * plan->cpu_count);
	uint32_t slots = SLOTS_MIN;

	while (slots < SLOTS_MAX && slots * 2 <= most)
		slots *= 2;
	return slots;
}

/* log2 of the slots from one CPU's and zone's to the next. */
static unsigned slot_shift(const struct lab_state *plan)
{
	return lab_order_of(LAB_MAX(plan->slot_count, (uint32_t)(LAB_CACHE_LINE / sizeof(lab_atomic64))));
}

void lab_layout_place(struct lab_state *plan)
{
	uint64_t end = lab_align_up(sizeof(*plan), LAB_CACHE_LINE), chunks = plan->chunk_count;

	plan->states_at = place(&end, chunks * sizeof(lab_atomic64));
	plan->words_at = place(&end, chunks * LAB_CHUNK_WORDS * sizeof(lab_atomic64));
	plan->infos_at = place(&end, (chunks + 1) * sizeof(struct lab_chunk_info));
	plan->regions_at = place(&end, plan->region_count * sizeof(uint32_t));
	plan->cpus_at = place(&end, (uint64_t)plan->cpu_count * LAB_ZONE_COUNT * sizeof(struct lab_cpu_zone));
	plan->slot_count = slots_of(plan);
	plan->slots_at =
		place(&end, ((uint64_t)plan->cpu_count * LAB_ZONE_COUNT << slot_shift(plan)) * sizeof(lab_atomic64));
	/* One more than there are frames: the descriptor after a block's head is looked at. */
	plan->pages_at = place(&end, (plan->frame_count + 1) * sizeof(struct lab_page));
	plan->views_at = plan->traces_at = 0;
	if (plan->flags & LAB_ARENA_VIEWS)
		plan->views_at = place(&end, plan->frame_count * sizeof(lab_atomic8));
	if (plan->flags & LAB_ARENA_TRACE)
		plan->traces_at = place(&end, plan->frame_count * sizeof(struct lab_trace));
	plan->processes_at = 0;
	if (plan->process_count)
		plan->processes_at = place(&end, (uint64_t)plan->process_count * (plan->cpu_count + 1) *
							 sizeof(struct lab_process_line));
	plan->spans_at = place(&end, (plan->span_count + UINT64_C(1)) * sizeof(struct lab_memory_span));
	plan->bytes = end;
}

enum lab_status lab_layout_plan(const struct lab_arena_config *config, struct lab_state *ret_plan)
{
	struct lab_state plan = {0};
	uint64_t chunks = 0;

	if (!config_is_good(config))
		return LAB_INVALID;
	for (size_t i = 0; i < config->span_count; i++)
		chunks += span_chunks(&config->spans[i]);
	if (chunks > CHUNK_COUNT_MAX)
		return LAB_INVALID;
	plan.frame_count = config->frame_count;
	plan.flags = config->flags | (config->flags & LAB_ARENA_SHRED_DEFAULT ? LAB_ARENA_SHRED : 0);
	plan.page_shift = config->page_shift;
	plan.order_max = config->order_max;
	plan.cpu_count = config->cpu_count;
	plan.process_count = config->process_count;
	plan.chunk_count = (uint32_t)chunks;
	plan.span_count = (uint32_t)config->span_count;
	plan.region_count = (uint32_t)((config->frame_count + LAB_CHUNK_FRAMES - 1) / LAB_CHUNK_FRAMES);
	lab_layout_place(&plan);
	*ret_plan = plan;
	return LAB_OK;
}

static void format_span(const struct lab_arena *arena, const struct lab_span *span, uint32_t *next)
{
	struct lab_chunk_info *infos = arena->chunk_infos;
	uint32_t *regions = arena->regions;
	struct lab_zone_state *zone = lab_zone_state(arena, span->zone);

	if (zone->frames == 0)
		zone->first_chunk = *next;
	for (uint64_t region = span->first_frame / LAB_CHUNK_FRAMES; region <= last_region(span); region++) {
		uint64_t first = LAB_MAX(span->first_frame, region * LAB_CHUNK_FRAMES);
		uint64_t end = LAB_MIN(span->first_frame + span->frame_count, (region + 1) * LAB_CHUNK_FRAMES);

		infos[*next] = (struct lab_chunk_info){(uint32_t)first, (uint32_t)end, span->zone};
		if (regions[region] == LAB_CHUNK_NONE)
			regions[region] = *next;
		++*next;
	}
	zone->end_chunk = *next;
	zone->frames += span->frame_count;
}

void lab_layout_format(const struct lab_arena *arena, const struct lab_arena_config *config)
{
	struct lab_chunk_info *infos = arena->chunk_infos;
	uint32_t *regions = arena->regions, next = 0;

	for (uint32_t region = 0; region < arena->state->region_count; region++)
		regions[region] = LAB_CHUNK_NONE;
	for (uint32_t i = 0; i < arena->span_count; i++) {
		lab_memory_span(arena, i)->first_chunk = next;
		format_span(arena, &config->spans[i], &next);
	}
	lab_memory_span(arena, arena->span_count)->first_chunk = next;
	infos[next] = (struct lab_chunk_info){UINT32_MAX, UINT32_MAX, LAB_ZONE_COUNT};
	lab_assert_cmp(next, ==, arena->state->chunk_count);
}

void lab_layout_bind(struct lab_arena *arena, const struct lab_state *plan, void *metadata, void *base)
{
	char *start = metadata;

	*arena = (struct lab_arena){
		.state = metadata,
		.base = base,
		.pages = (struct lab_page *)(start + plan->pages_at),
		.chunk_states = start + plan->states_at,
		.chunk_words = start + plan->words_at,
		.chunk_infos = start + plan->infos_at,
		.regions = start + plan->regions_at,
		.cpus = start + plan->cpus_at,
		.slots = start + plan->slots_at,
		.views = plan->views_at ? start + plan->views_at : NULL,
		.traces = plan->traces_at ? start + plan->traces_at : NULL,
		.spans = start + plan->spans_at,
		.processes = plan->processes_at ? start + plan->processes_at : NULL,
		.frame_count = plan->frame_count,
		.page_shift = plan->page_shift,
		.order_max = plan->order_max,
		.cpu_count = plan->cpu_count,
		.chunk_count = plan->chunk_count,
		.slot_count = plan->slot_count,
		.span_count = plan->span_count,
		.slot_shift = slot_shift(plan),
		.takes_quickly = !plan->traces_at && !plan->process_count,
		.frees_quickly =
			!(plan->flags & (LAB_ARENA_SHRED_DEFAULT | LAB_ARENA_ZERO_ON_FREE)) && !plan->process_count,
		.process = plan->process_count ? LAB_PROCESS_NONE : 0,
	};
}
