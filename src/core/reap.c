/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bits.h"
#include "core/budget.h"
#include "core/chunk.h"
#include "core/cpu.h"
#include "core/page.h"
#include "core/process.h"
#include "core/shred.h"

/*
 * Getting back what dead processes had. Every step begins with a look at what is there, and may be cut off anywhere:
 * the reaper may be killed as well, and the next one looks again. The order of the steps:
 *
 *   blocks   what the dead own is released, as its owner would
 *   words    a give that was cut off between a word and its chunk's state is ended
 *   frames   what is in nobody's hands is given back to the words, behind the gate's look: process.h
 *   plugs    a CPU that was being plugged is offline
 *   budget   what the words have is more than what the budget knows of by what the dead took, or did not tell
 */

#define TRIES 32u /* looks that somebody opened the gate to, before the reaper gives up for now */

/* Overwrites a frame as strictly as the arena can: what the last owner asked for is not known any more. */
static void wipe(const struct lab_arena *arena, uint64_t frame)
{
	void *memory = arena->base + (frame << arena->page_shift);
	size_t bytes = (size_t)1 << arena->page_shift;

	if (arena->shredder)
		arena->shredder->run(arena->shredder, memory, bytes);
	else if (arena->state->flags & LAB_ARENA_ZERO_ON_FREE)
		memset(memory, 0, bytes);
}

/* Who made an owner by the short forms. */
static bool owns(const struct lab_arena_dead *dead, lab_owner owner)
{
	return dead->owns ? dead->owns(dead->arg, owner)
			  : lab_owner_context(owner) / LAB_PROCESS_CONTEXTS == lab_process_place(dead->process);
}

/* Releases the blocks of the dead. Who is dead allocates nothing more, so one walk sees them all. */
static void free_blocks(struct lab_arena *arena, const struct lab_arena_dead *dead)
{
	for (uint64_t frame = 0; frame < arena->frame_count; frame++) {
		lab_owner owner = lab_page_owner(arena, &arena->pages[frame]);
		struct lab_alloc_request request = {.gfp = LAB_GFP_SHRED, .owner = owner};
		enum lab_status status;

		if (owner == LAB_OWNER_NONE || !owns(dead, owner))
			continue;
		request.order = lab_page_order(arena, frame);
		status = lab_page_free(arena, &arena->pages[frame], &request);
		(void)status; /* refused if it was transferred just now to somebody living */
	}
}

/* Ends what a give left unfinished: a word of free frames that nobody would look at, or that is whole and not told so.
 */
static void mend_words(const struct lab_arena *arena, uint32_t chunk)
{
	for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++) {
		/* Relaxed: if it is not the dead one's give but another's that is under way, this does no harm. */
		if (!lab_load_relaxed(lab_chunk_word(arena, chunk, word)))
			continue;
		lab_chunk_mend(arena, chunk, word);
	}
}

/* What of a chunk's words is in caches. Nothing is parked where processes share the arena: quick.h. */
static void find_cached(const struct lab_arena *arena, uint32_t chunk, uint64_t masks[LAB_CHUNK_WORDS])
{
	unsigned zone = lab_chunk_info(arena, chunk)->zone;

	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++)
		for (unsigned i = 0; i < arena->slot_count; i++) {
			/* Relaxed, here and below: behind the gate nobody writes. */
			uint64_t slot = lab_load_relaxed(lab_cpu_slot(arena, cpu, zone, i)), half = lab_slot_half(slot);

			if (half / 2 / LAB_CHUNK_WORDS == chunk)
				masks[half / 2 % LAB_CHUNK_WORDS] |= (uint64_t)lab_slot_mask(slot)
								     << (half % 2 * LAB_HALF_FRAMES);
		}
}

static void find_free(const struct lab_arena *arena, uint32_t chunk, uint64_t masks[LAB_CHUNK_WORDS])
{
	uint64_t whole = lab_state_whole(lab_load_relaxed(lab_chunk_state(arena, chunk)));

	for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++)
		masks[word] |= whole >> word & 1 ? ~UINT64_C(0) : lab_load_relaxed(lab_chunk_word(arena, chunk, word));
}

static void find_owned(const struct lab_arena *arena, uint32_t chunk, uint64_t masks[LAB_CHUNK_WORDS])
{
	const struct lab_chunk_info *info = lab_chunk_info(arena, chunk);
	uint64_t base = lab_chunk_base(arena, chunk), frame = info->first_frame;

	while (frame < info->end_frame) {
		uint64_t owner = lab_load_relaxed(&arena->pages[frame].owner), end;

		if (!owner || lab_page_is_second(owner)) {
			frame++;
			continue;
		}
		for (end = frame + (UINT64_C(1) << lab_page_order(arena, frame)); frame < end; frame++)
			masks[(frame - base) / LAB_WORD_FRAMES] |= UINT64_C(1) << frame % LAB_WORD_FRAMES;
	}
}

/* What of a chunk is in nobody's hands. */
static enum lab_status look_at_chunk(const struct lab_arena *arena, uint32_t chunk, uint64_t lost[LAB_CHUNK_WORDS])
{
	enum lab_status status;
	uint64_t look;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t masks[LAB_CHUNK_WORDS] = {0};

		status = lab_gate_close(arena, &look);
		if (status)
			return status;
		find_free(arena, chunk, masks);
		find_cached(arena, chunk, masks);
		find_owned(arena, chunk, masks);
		if (!lab_gate_open(arena, look))
			continue;
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++)
			lost[word] = lab_chunk_word_frames(arena, chunk, word) & ~masks[word];
		return LAB_OK;
	}
	return LAB_BUSY;
}

/* Gives lost frames of a word back. The budget is told at the end, of all of them at once. */
static void give_back(const struct lab_arena *arena, uint32_t chunk, unsigned word, uint64_t lost)
{
	uint64_t base = lab_chunk_base(arena, chunk) + word * LAB_WORD_FRAMES;

	lab_call_enter(arena, 0);
	for (uint64_t left = lost; left; left &= left - 1) {
		uint64_t frame = base + lab_bits_first(left);

		wipe(arena, frame);
		/* A second frame's word may be left of a block that was half published, or half retired. Relaxed: the
		 * frame is the reaper's, and the give below releases it. */
		lab_store_relaxed(&arena->pages[frame].owner, LAB_OWNER_NONE);
	}
	lab_chunk_give(arena, chunk, word, lost);
	lab_call_leave(arena, 0);
}

static enum lab_status give_back_frames(const struct lab_arena *arena)
{
	for (uint32_t chunk = 0; chunk < arena->state->chunk_count; chunk++) {
		uint64_t lost[LAB_CHUNK_WORDS];
		enum lab_status status;

		mend_words(arena, chunk);
		status = look_at_chunk(arena, chunk, lost);
		if (status)
			return status;
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++)
			if (lost[word])
				give_back(arena, chunk, word, lost[word]);
	}
	return LAB_OK;
}

/* A change of a plug that is under way while nobody living is in a call: its caches are closed, as far as they are not.
 */
static enum lab_status end_plug(struct lab_arena *arena, unsigned cpu)
{
	lab_atomic32 *plug = &lab_cpu_zone(arena, cpu, 0)->plug;
	uint64_t look;

	for (unsigned i = 0; i < TRIES; i++) {
		enum lab_status status = lab_gate_close(arena, &look);
		bool changing;

		if (status)
			return status;
		changing = lab_load_relaxed(plug) == LAB_PLUG_CHANGING;
		if (!lab_gate_open(arena, look))
			continue;
		if (!changing)
			return LAB_OK;
		lab_call_enter(arena, cpu);
		for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
			lab_cpu_close(arena, cpu, zone);
		/* Releases the caches to who brings the CPU back. */
		lab_store_release(plug, LAB_PLUG_OFFLINE);
		lab_call_leave(arena, cpu);
		return LAB_OK;
	}
	return LAB_BUSY;
}

static enum lab_status end_plugs(struct lab_arena *arena)
{
	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++) {
		/* Relaxed: what a dead one left stays; it is looked at again. */
		bool changing = lab_load_relaxed(&lab_cpu_zone(arena, cpu, 0)->plug) == LAB_PLUG_CHANGING;
		enum lab_status status = changing ? end_plug(arena, cpu) : LAB_OK;

		if (status)
			return status;
	}
	return LAB_OK;
}

/* What a zone's words have and its budget and untold counts do not know of. */
static uint64_t count_untold(const struct lab_arena *arena, unsigned zone)
{
	uint64_t frames = -lab_load_relaxed(&lab_zone_state(arena, zone)->budget);

	for (uint32_t chunk = 0; chunk < arena->state->chunk_count; chunk++) {
		uint64_t masks[LAB_CHUNK_WORDS] = {0};

		if (lab_chunk_info(arena, chunk)->zone != zone)
			continue;
		find_free(arena, chunk, masks);
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++)
			frames += lab_bits_count(masks[word]);
	}
	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++)
		frames -= lab_untold_count(lab_load_relaxed(&lab_cpu_zone(arena, cpu, zone)->untold));
	return frames;
}

static enum lab_status mend_budget(const struct lab_arena *arena, unsigned zone)
{
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t look, frames;
		enum lab_status status = lab_gate_close(arena, &look);

		if (status)
			return status;
		frames = count_untold(arena, zone);
		if (!lab_gate_open(arena, look))
			continue;
		/* Nobody living counts on these: they stay untold until here. */
		if (frames)
			lab_budget_give(arena, zone, frames);
		return LAB_OK;
	}
	return LAB_BUSY;
}

static enum lab_status collect(struct lab_arena *arena)
{
	enum lab_status status = give_back_frames(arena);

	if (!status)
		status = end_plugs(arena);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT && !status; zone++)
		if (lab_zone_state(arena, zone)->frames)
			status = mend_budget(arena, zone);
	return status;
}

/* One reaper at a time, unless that one is dead. */
static bool take_place(const struct lab_arena *arena)
{
	lab_atomic64 *reaper = &arena->state->reaper;
	uint64_t seen = 0;

	/*
	 * Acquire, both: takes what the last reaper did, which ended with its release or with its death. Release, both,
	 * and the fence: who finds this reaper here sees that it joined, and is alive.
	 */
	if (lab_cas_acq_rel(reaper, &seen, arena->process))
		return true;
	lab_fence_acquire();
	return lab_load_relaxed(lab_process_life(arena, lab_process_place(seen))) !=
		       lab_process_life_of(seen, LAB_PROCESS_ALIVE) &&
	       lab_cas_acq_rel(reaper, &seen, arena->process);
}

static void clear_place(const struct lab_arena *arena, unsigned process)
{
	unsigned place = lab_process_place(process);

	for (unsigned cpu = 0; cpu < arena->state->cpu_count; cpu++)
		/* Relaxed: the store below releases it. */
		lab_store_relaxed(lab_process_calls(arena, place, cpu), 0);
	/* Gives the counts to who joins next. */
	lab_store_release(lab_process_life(arena, place), lab_process_life_of(process, LAB_PROCESS_FREE));
}

/* From here on nobody waits for its calls. False: it is reaped already. */
static bool declare_dead(const struct lab_arena *arena, unsigned process)
{
	uint64_t seen = lab_process_life_of(process, LAB_PROCESS_ALIVE),
		 dead = lab_process_life_of(process, LAB_PROCESS_DEAD);

	/* Relaxed: that it is dead the caller knows. */
	return lab_cas_relaxed(lab_process_life(arena, lab_process_place(process)), &seen, dead) || seen == dead;
}

enum lab_status lab_arena_reap(struct lab_arena *arena, const struct lab_arena_dead *dead)
{
	unsigned place = lab_process_place(dead->process);
	enum lab_status status;

	if (!arena->process || lab_process_is_stranger(arena) || !place || place > arena->state->process_count ||
	    dead->process == arena->process)
		return LAB_INVALID;
	if (!declare_dead(arena, dead->process))
		return LAB_UNCHANGED;
	if (!take_place(arena))
		return LAB_BUSY;
	/*
	 * Another reaper may have ended it since, and another process joined at its place, whose blocks are none of
	 * ours. Relaxed: who takes the reaper's place takes what the last one did.
	 */
	if (lab_load_relaxed(lab_process_life(arena, place)) != lab_process_life_of(dead->process, LAB_PROCESS_DEAD)) {
		/* Nothing was done; released as below. */
		lab_store_release(&arena->state->reaper, 0);
		return LAB_UNCHANGED;
	}
	free_blocks(arena, dead);
	status = collect(arena);
	if (!status)
		clear_place(arena, dead->process);
	/* Releases what was done to the next reaper. */
	lab_store_release(&arena->state->reaper, 0);
	/* The dead one may have been about to wake somebody. */
	lab_wait_wake_all(arena);
	return status;
}
