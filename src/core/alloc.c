/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bits.h"
#include "core/budget.h"
#include "core/chunk.h"
#include "core/cpu.h"
#include "core/defer.h"
#include "core/page.h"
#include "core/process.h"
#include "core/park.h"
#include "core/quick.h"
#include "core/search.h"
#include "core/shred.h"
#include "core/steps.h"
#include "core/trace.h"

/* Rounds without progress after which a request that waits gives up. */
#define IDLE_ROUNDS 16u

/* One request, resolved. */
struct want {
	enum lab_class class;
	unsigned order, cpu, class_zone;
	bool may_wake; /* the reclaimer */
};

/* Apart, so that the short path saves no registers for them. */
static enum lab_status lab_page_alloc_slowly(struct lab_arena *arena, uint64_t frame,
					     const struct lab_alloc_request *request, struct lab_page **ret_page)
	__attribute__((noinline));
static enum lab_status lab_page_free_slowly(struct lab_arena *arena, uint64_t frame,
					    const struct lab_alloc_request *request) __attribute__((noinline));

static size_t block_bytes(const struct lab_arena *arena, unsigned order)
{
	return (size_t)1 << (order + arena->page_shift);
}

/* Finds the frames that the budget promised. `thorough`: the zone is short, so leave no stone unturned. */
static uint64_t find(const struct lab_arena *arena, unsigned zone, const struct want *want, bool thorough)
{
	lab_atomic32 *hint = lab_search_hint(arena, want->cpu, zone, want->order);
	uint64_t frame = lab_search_block(arena, zone, want->order, hint);

	for (unsigned round = 1; thorough && frame == LAB_FRAME_NONE && round < LAB_SEARCH_ROUNDS; round++) {
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
	uint64_t frame;

	if (!lab_untold_admit(arena, want->cpu, zone, UINT64_C(1) << want->order, floor))
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
		lab_untold_tell(arena, want->cpu, zone, LAB_WORD_FRAMES - lab_bits_count(batch.mask));
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

/* Brings what is free, or would be, where a request of that zone finds it. */
static void gather(const struct lab_arena *arena, unsigned zone, const struct want *want)
{
	uint64_t floor = lab_budget_floor(lab_zone_state(arena, zone), zone, want->class, want->class_zone);

	lab_cpu_collect(arena, zone);
	if (lab_defer_help(arena, zone, want->order, floor) && want->may_wake)
		lab_wait_wake_for(arena, zone);
}

/* Zones in order of preference: the request's own, then those below it. */
static uint64_t take_from_any(const struct lab_arena *arena, const struct want *want, bool thorough)
{
	for (unsigned zone = want->class_zone + 1; zone-- > 0;) {
		uint64_t frame;

		if (!lab_zone_state(arena, zone)->frames)
			continue;
		if (thorough)
			gather(arena, zone, want);
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
		gather(arena, zone, want);
		/* The partner of lab_budget_give, for who waits. */
		if (lab_load_seq_cst(&state->budget) >= need && lab_search_shows(arena, zone, want->order))
			return true;
	}
	return false;
}

/*
 * A request that may sleep and found its zones short. Each round asks the shrinkers, looks, and sleeps where there is
 * nothing; a round in which the shrinkers gave nothing is one without progress. Not in a call, but for the look and
 * what it took: who gets a frame here comes back in one.
 */
static uint64_t wait_for(const struct lab_arena *arena, const struct want *want, lab_gfp gfp)
{
	unsigned idle = 0;

	if (arena->services->might_sleep)
		arena->services->might_sleep(arena->services->arg);
	for (;;) {
		uint64_t freed = lab_wait_shrink(arena, UINT64_C(1) << want->order), frame;
		uint32_t seen = lab_wait_announce(arena);
		bool could;

		lab_call_enter(arena, want->cpu);
		could = could_take(arena, want);
		if (could) {
			frame = take_from_any(arena, want, true);
			if (frame != LAB_FRAME_NONE)
				return frame;
		}
		lab_call_leave(arena, want->cpu);
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
	if (request->order > arena->state->order_max || request->cpu >= arena->state->cpu_count ||
	    lab_process_is_stranger(arena))
		return LAB_INVALID;
	return lab_page_owner_is_good(request->owner) ? LAB_OK : LAB_INVALID;
}

/* Makes a block that was taken the request's. */
static inline struct lab_page *hand_out(const struct lab_arena *arena, uint64_t frame,
					const struct lab_alloc_request *request)
{
	lab_view_begin(arena, frame, request->gfp);
	lab_page_publish(arena, frame, request->order, request->owner);
	return &arena->pages[frame];
}

/* Any request that is not so quick. `frame`: what it has in hand, if anything. */
static enum lab_status lab_page_alloc_slowly(struct lab_arena *arena, uint64_t frame,
					     const struct lab_alloc_request *request, struct lab_page **ret_page)
{
	struct want want = {.class = lab_gfp_class(request->gfp),
			    .order = request->order,
			    .cpu = request->cpu,
			    .class_zone = request->gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL,
			    .may_wake = request->gfp & LAB_GFP_KSWAPD_RECLAIM};
	enum lab_status status = refuse(arena, request);

	if (status)
		return status;
	lab_call_enter(arena, want.cpu);
	if (frame != LAB_FRAME_NONE)
		frame = lab_cpu_ask(arena, LAB_ZONE_NORMAL, frame, want.order,
				    lab_budget_floor(lab_zone_state(arena, LAB_ZONE_NORMAL), LAB_ZONE_NORMAL,
						     want.class, want.class_zone));
	if (frame == LAB_FRAME_NONE)
		frame = take_from_any(arena, &want, false);
	if (frame == LAB_FRAME_NONE)
		frame = take_from_any(arena, &want, true);
	if (request->gfp & LAB_GFP_KSWAPD_RECLAIM)
		lab_wait_wake_reclaimer(arena, want.class_zone);
	if (frame == LAB_FRAME_NONE) {
		lab_call_leave(arena, want.cpu);
		if (request->gfp & LAB_GFP_DIRECT_RECLAIM && arena->services)
			frame = wait_for(arena, &want, request->gfp);
	}
	if (frame == LAB_FRAME_NONE) {
		/* A statistic. */
		lab_fetch_add_relaxed(&lab_cpu_zone(arena, want.cpu, want.class_zone)->failures, 1);
		return LAB_NO_MEMORY;
	}
	if (request->gfp & LAB_GFP_ZERO)
		memset(arena->base + (frame << arena->page_shift), 0, block_bytes(arena, want.order));
	if (arena->traces)
		lab_trace_write(arena, frame, request);
	*ret_page = hand_out(arena, frame, request);
	lab_call_leave(arena, want.cpu);
	return LAB_OK;
}

enum lab_status lab_page_alloc(struct lab_arena *arena, const struct lab_alloc_request *request,
			       struct lab_page **ret_page)
{
	uint64_t frame = lab_quick_take(arena, request);

	/* Asked with the frame in hand: lab_cpu_ask. */
	if (frame == LAB_FRAME_NONE || !lab_quick_is_plenty(arena))
		return lab_page_alloc_slowly(arena, frame, request, ret_page);
	*ret_page = hand_out(arena, frame, request);
	return LAB_OK;
}

static bool is_shredded(const struct lab_arena *arena, const struct lab_alloc_request *request)
{
	return arena->shredder && (request->gfp & LAB_GFP_SHRED || arena->state->flags & LAB_ARENA_SHRED_DEFAULT);
}

/*
 * Too much for who may not take long, where there is somebody who can. Not where processes share the arena: one that is
 * killed while it overwrites a block would have it in hand outside a call.
 */
static bool is_deferred(const struct lab_arena *arena, const struct lab_alloc_request *request)
{
	return request->order >= LAB_DEFER_ORDER && !(request->gfp & LAB_GFP_DIRECT_RECLAIM) &&
	       is_shredded(arena, request) && arena->services && arena->services->reclaim_wake && !arena->process;
}

static void defer(struct lab_arena *arena, unsigned zone, uint64_t frame, const struct lab_alloc_request *request)
{
	lab_defer_push(arena, zone, frame, request->order);
	lab_wait_wake_for(arena, zone);
	/* Nobody drains a CPU that has gone. */
	while (!lab_cpu_is_online(arena, request->cpu) && lab_arena_shred_pending(arena))
		;
}

/* What the arena and the request ask for at release. Nobody owns the block now. */
static void wipe(const struct lab_arena *arena, uint64_t frame, const struct lab_alloc_request *request)
{
	void *block = arena->base + (frame << arena->page_shift);
	size_t bytes = block_bytes(arena, request->order);

	if (is_shredded(arena, request))
		arena->shredder->run(arena->shredder, block, bytes);
	else if (arena->state->flags & LAB_ARENA_ZERO_ON_FREE)
		memset(block, 0, bytes);
}

/* A release that is not so quick, in a call: it has the block in hand from the first step to the last. */
static enum lab_status release(struct lab_arena *arena, uint64_t frame, uint32_t chunk,
			       const struct lab_alloc_request *request)
{
	enum lab_status status = lab_page_retire(arena, frame, request->order, request->owner);

	if (status)
		return status;
	if (is_deferred(arena, request)) {
		defer(arena, lab_chunk_info(arena, chunk)->zone, frame, request);
		return LAB_OK;
	}
	wipe(arena, frame, request);
	if (request->order)
		lab_cpu_give(arena, request->cpu, chunk, frame, request->order);
	else
		lab_cpu_accept(arena, request->cpu, chunk, frame);
	return LAB_OK;
}

static enum lab_status lab_page_free_slowly(struct lab_arena *arena, uint64_t frame,
					    const struct lab_alloc_request *request)
{
	uint32_t chunk = lab_chunk_of(arena, frame);
	enum lab_status status;

	if (chunk == LAB_CHUNK_NONE)
		return LAB_BAD_ADDRESS;
	if (request->cpu >= arena->state->cpu_count || lab_process_is_stranger(arena))
		return LAB_INVALID;
	lab_call_enter(arena, request->cpu);
	status = release(arena, frame, chunk, request);
	lab_call_leave(arena, request->cpu);
	return status;
}

enum lab_status lab_page_free(struct lab_arena *arena, struct lab_page *page, const struct lab_alloc_request *request)
{
	uint64_t frame = lab_page_pfn(arena, page);

	return lab_quick_free(arena, frame, request) ? LAB_OK : lab_page_free_slowly(arena, frame, request);
}
