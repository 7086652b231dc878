/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bits.h"
#include "core/budget.h"
#include "core/chunk.h"
#include "core/cpu.h"
#include "core/page.h"
#include "core/search.h"
#include "core/shred.h"
#include "core/trace.h"
#include "core/view.h"

/* Frames of an admitted request that are not found are on their way: an overlapping call holds them. */
#define SEARCH_ROUNDS 3u

/* Rounds without progress after which a request that waits gives up. */
#define IDLE_ROUNDS 16u

/* One request, resolved. */
struct want {
	enum lab_class class;
	unsigned order, cpu, class_zone;
};

static size_t block_bytes(const struct lab_arena *arena, unsigned order)
{
	return (size_t)1 << (order + arena->page_shift);
}

/* Finds the frames that the budget promised. `thorough`: the zone is short, so leave no stone unturned. */
static uint64_t find(const struct lab_arena *arena, unsigned zone, const struct want *want, bool thorough)
{
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, want->cpu, zone);
	lab_atomic32 *hint = want->order < LAB_WORD_ORDER ? &cache->hint_small : &cache->hint_great;
	uint64_t frame = lab_search_block(arena, zone, want->order, hint);

	for (unsigned round = 1; thorough && frame == LAB_FRAME_NONE && round < SEARCH_ROUNDS; round++) {
		lab_cpu_collect(arena, zone);
		frame = lab_search_block(arena, zone, want->order, hint);
		if (frame == LAB_FRAME_NONE && want->order < LAB_WORD_ORDER)
			frame = lab_search_every_word(arena, zone, want->order);
	}
	return frame;
}

/* A block by way of the budget. */
static uint64_t take_block(const struct lab_arena *arena, unsigned zone, const struct want *want, uint64_t floor,
			   bool thorough)
{
	struct lab_zone_state *state = lab_zone_state(arena, zone);
	uint64_t frame;

	if (!lab_budget_take(state, UINT64_C(1) << want->order, floor))
		return LAB_FRAME_NONE;
	frame = find(arena, zone, want, thorough);
	if (frame == LAB_FRAME_NONE)
		lab_budget_give(arena, zone, UINT64_C(1) << want->order);
	return frame;
}

/* A single frame, and the rest of its word for the cache; only where that leaves the ordinary floor in peace. */
static uint64_t refill(const struct lab_arena *arena, unsigned zone, const struct want *want)
{
	struct lab_zone_state *state = lab_zone_state(arena, zone);
	struct lab_cpu_zone *cache = lab_cpu_zone(arena, want->cpu, zone);
	uint64_t ordinary = lab_budget_floor(state, zone, LAB_CLASS_ORDINARY, want->class_zone), frame;
	struct lab_batch batch;

	if (lab_cpu_is_closed(arena, want->cpu, zone) || !lab_budget_take(state, LAB_WORD_FRAMES, ordinary))
		return LAB_FRAME_NONE;
	batch = lab_search_batch(arena, zone, &cache->hint_small);
	/* What the word had less than 64 was promised and not taken. */
	if (lab_bits_count(batch.mask) < LAB_WORD_FRAMES)
		lab_cpu_tell(arena, want->cpu, zone, LAB_WORD_FRAMES - lab_bits_count(batch.mask));
	if (!batch.mask)
		return LAB_FRAME_NONE;
	frame = lab_chunk_base(arena, batch.chunk) + batch.word * LAB_WORD_FRAMES + lab_bits_first(batch.mask);
	batch.mask &= batch.mask - 1;
	lab_cpu_stock(arena, want->cpu, zone, &batch);
	lab_fetch_add_relaxed(&cache->refills, 1); /* a statistic */
	return frame;
}

static uint64_t take_from_zone(const struct lab_arena *arena, unsigned zone, const struct want *want, bool thorough)
{
	uint64_t floor = lab_budget_floor(lab_zone_state(arena, zone), zone, want->class, want->class_zone);

	if (want->order == 0 && !thorough) {
		uint64_t frame = lab_cpu_hit(arena, want->cpu, zone, floor);

		if (frame == LAB_FRAME_NONE)
			frame = refill(arena, zone, want);
		if (frame != LAB_FRAME_NONE)
			return frame;
	}
	/* Before another zone is tried, what this CPU itself holds back of this one. */
	if (!lab_budget_allows(lab_zone_state(arena, zone), floor + (UINT64_C(1) << want->order)))
		lab_cpu_flush(arena, want->cpu, zone);
	return take_block(arena, zone, want, floor, thorough);
}

/* Zones in order of preference: the request's own, then those below it. */
static uint64_t take_from_any(const struct lab_arena *arena, const struct want *want, bool thorough)
{
	for (unsigned zone = want->class_zone + 1; zone-- > 0;) {
		uint64_t frame;

		if (!lab_zone_state(arena, zone)->frames)
			continue;
		if (thorough)
			lab_cpu_collect(arena, zone);
		frame = take_from_zone(arena, zone, want, thorough);
		if (frame != LAB_FRAME_NONE)
			return frame;
	}
	return LAB_FRAME_NONE;
}

/* True when a waiting request could be taken now. Looks only: what is taken and given back would wake the others. */
static bool could_take(const struct lab_arena *arena, const struct want *want)
{
	for (unsigned zone = want->class_zone + 1; zone-- > 0;) {
		const struct lab_zone_state *state = lab_zone_state(arena, zone);
		uint64_t need =
			lab_budget_floor(state, zone, want->class, want->class_zone) + (UINT64_C(1) << want->order);

		if (!state->frames)
			continue;
		lab_cpu_collect(arena, zone);
		/* The partner of lab_budget_give, for who waits. */
		if (lab_load_seq_cst(&state->budget) >= need && lab_search_shows(arena, zone, want->order))
			return true;
	}
	return false;
}

/*
 * A request that may sleep and found its zones short. Each round asks the shrinkers, looks, and sleeps where there is
 * nothing; a round in which the shrinkers gave nothing is one without progress.
 */
static uint64_t wait_for(const struct lab_arena *arena, const struct want *want, lab_gfp gfp)
{
	unsigned idle = 0;

	if (arena->services->might_sleep)
		arena->services->might_sleep(arena->services->arg);
	for (;;) {
		uint64_t freed = lab_wait_shrink(arena, UINT64_C(1) << want->order), frame;
		uint32_t seen = lab_wait_announce(arena);
		bool could = could_take(arena, want);

		if (could) {
			frame = take_from_any(arena, want, true);
			if (frame != LAB_FRAME_NONE)
				return frame;
		}
		idle = freed ? 0 : idle + 1;
		if (gfp & LAB_GFP_NORETRY || (idle == IDLE_ROUNDS && !(gfp & LAB_GFP_NOFAIL)))
			return LAB_FRAME_NONE;
		/* If it could and another was faster, there is no reason to sleep. */
		if (!could)
			lab_wait_sleep(arena, seen);
	}
}

static enum lab_status refuse(const struct lab_arena *arena, const struct lab_alloc_request *request)
{
	if (lab_gfp_contradicts(request->gfp))
		return LAB_BAD_FLAGS;
	if (request->order > arena->state->order_max || request->cpu >= arena->state->cpu_count)
		return LAB_INVALID;
	return lab_page_owner_is_good(request->owner) ? LAB_OK : LAB_INVALID;
}

enum lab_status lab_page_alloc(struct lab_arena *arena, const struct lab_alloc_request *request,
			       struct lab_page **ret_page)
{
	struct want want = {.class = lab_gfp_class(request->gfp),
			    .order = request->order,
			    .cpu = request->cpu,
			    .class_zone = request->gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL};
	enum lab_status status = refuse(arena, request);
	uint64_t frame;

	if (status)
		return status;
	frame = take_from_any(arena, &want, false);
	if (frame == LAB_FRAME_NONE)
		frame = take_from_any(arena, &want, true);
	if (request->gfp & LAB_GFP_KSWAPD_RECLAIM)
		lab_wait_wake_reclaimer(arena, want.class_zone);
	if (frame == LAB_FRAME_NONE && request->gfp & LAB_GFP_DIRECT_RECLAIM && arena->services)
		frame = wait_for(arena, &want, request->gfp);
	if (frame == LAB_FRAME_NONE) {
		/* A statistic. */
		lab_fetch_add_relaxed(&lab_cpu_zone(arena, want.cpu, want.class_zone)->failures, 1);
		return LAB_NO_MEMORY;
	}
	if (request->gfp & LAB_GFP_ZERO)
		memset(arena->base + (frame << arena->page_shift), 0, block_bytes(arena, want.order));
	lab_view_begin(arena, frame, request->gfp);
	if (arena->traces)
		lab_trace_write(arena, frame, request);
	lab_page_publish(arena, frame, want.order, request->owner);
	*ret_page = &arena->pages[frame];
	return LAB_OK;
}

/* What the arena and the request ask for at release. Nobody owns the block now. */
static void wipe(const struct lab_arena *arena, uint64_t frame, const struct lab_alloc_request *request)
{
	void *block = arena->base + (frame << arena->page_shift);
	size_t bytes = block_bytes(arena, request->order);
	uint32_t flags = arena->state->flags;

	if (arena->shredder && (request->gfp & LAB_GFP_SHRED || flags & LAB_ARENA_SHRED_DEFAULT))
		lab_shredder_run(arena->shredder, block, bytes);
	else if (flags & LAB_ARENA_ZERO_ON_FREE)
		memset(block, 0, bytes);
}

enum lab_status lab_page_free(struct lab_arena *arena, struct lab_page *page, const struct lab_alloc_request *request)
{
	uint64_t frame = lab_page_pfn(arena, page);
	uint32_t chunk = lab_chunk_of(arena, frame);
	enum lab_status status;

	if (chunk == LAB_CHUNK_NONE)
		return LAB_BAD_ADDRESS;
	if (request->cpu >= arena->state->cpu_count)
		return LAB_INVALID;
	status = lab_page_retire(arena, frame, request->order, request->owner);
	if (status)
		return status;
	wipe(arena, frame, request);
	if (request->order == 0 && lab_cpu_keep(arena, request->cpu, chunk, frame))
		return LAB_OK;
	lab_chunk_give_block(arena, chunk, frame, request->order);
	lab_cpu_tell(arena, request->cpu, lab_chunk_info(arena, chunk)->zone, UINT64_C(1) << request->order);
	return LAB_OK;
}
