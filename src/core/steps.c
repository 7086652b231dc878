/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "core/cpu.h"
#include "core/steps.h"
#include "core/trace.h"

/*
 * The bound that lab_arena_step_bound tells, function by function: the longest way through each while nobody else
 * writes, in atomic accesses to the arena's words. Every loop of an atomic request goes over CPUs, zones, chunks, the
 * words of a chunk, the slots of a cache or the frames of a half-word, or is a compare-and-swap that is tried again.
 * Nobody writing, no such swap fails, and what a look has shown is still there when it is taken.
 *
 * What a write of another's costs more at the most: it makes one swap fail (1), after which the word may have nothing
 * left; then the window of chunks is looked at again (LAB_SEARCH_WINDOW) and another chunk's state is read and swapped
 * (2). No second retry comes of the same write, since each begins with a fresh look. Elsewhere it is less: a loose bit
 * that has to be set again, a word that turns out empty (5), or a frame that was parked since its slot was looked at
 * and is given back (1 + GIVE + BUDGET_GIVE).
 */

enum {
	TELL = 3, /* lab_wait_tell: a look; lab_wait_wake: a look, a swap */
	GIVE = 4, /* lab_chunk_give: an OR, a swap to 0, make_whole: a look, a swap */
	BUDGET_GIVE = 1 + TELL,
	RETURN = GIVE + BUDGET_GIVE,
	BUDGET_TAKE = 2,                                      /* a look, a swap */
	FLOOR = 2,                                            /* lab_budget_floor: two looks */
	IS_LOW = 2,                                           /* lab_wait_is_low: the same */
	WITHDRAW = 2,                                         /* an AND, a look */
	ASK = 1 + RETURN,                                     /* lab_cpu_ask: a look */
	QUICK = 1 + 1 + 2 + 1,                                /* a hint, a parked frame that is not, a slot, the hint */
	UNTOLD_TAKE = 1 + BUDGET_GIVE,                        /* an AND */
	UNTOLD_TELL = 2 + 1 + UNTOLD_TAKE,                    /* two looks, an add */
	UNTOLD_ADMIT = 2 + 1 + BUDGET_GIVE + BUDGET_TAKE + 1, /* a look, a swap; two looks */
	SLOT_RETURN = 2 * LAB_HALF_FRAMES + RETURN,           /* all that was parked: a look and a swap each */
	SLOT_REPLACE = 3 + SLOT_RETURN,                       /* a look, a swap, the hint */
	SLOT_EMPTY = 2 + SLOT_RETURN,                         /* a look, a swap */
	SLOT_UNMARK = 2 + LAB_HALF_FRAMES,                    /* the same; nothing is parked */
	SLOT_TAKE = 1 + 2 + LAB_HALF_FRAMES + SLOT_UNMARK,    /* three looks; nothing is parked */
	STOCK = 2 * SLOT_REPLACE + TELL,
	TAKE_GREAT = 2,
	TAKE_BROKEN = TAKE_GREAT + GIVE + TELL,
	TAKE_SMALL_EMPTY = 1 + WITHDRAW,
	TAKE_WORD_EMPTY = 2,
	TAKE_WORD = 3 + WITHDRAW,
	EACH_WRITE = 1 + LAB_SEARCH_WINDOW + 2,
};

/* What the functions' loops go over. */
struct sizes {
	uint64_t chunks, cpus, slots;
};

/* lab_cpu_hit: a hint, a parked frame that is not, every slot, the hint. */
static uint64_t hit(const struct sizes *sizes)
{
	return 1 + 1 + sizes->slots * SLOT_TAKE + 1 + ASK;
}

/* lab_cpu_flush: every slot, the untold count. */
static uint64_t flush(const struct sizes *sizes)
{
	return sizes->slots * SLOT_EMPTY + 1 + UNTOLD_TAKE;
}

/* lab_search_block, order 0: of each chunk its state and every word, once more its state to find the fullest. */
static uint64_t search_block(const struct sizes *sizes)
{
	return 1 + sizes->chunks * (1 + LAB_CHUNK_WORDS * TAKE_SMALL_EMPTY + 1) + TAKE_BROKEN + 1;
}

static uint64_t search_every_word(const struct sizes *sizes)
{
	return sizes->chunks * (LAB_CHUNK_WORDS * TAKE_SMALL_EMPTY + 1) + TAKE_BROKEN;
}

static uint64_t search_batch(const struct sizes *sizes)
{
	return 1 + sizes->chunks * (1 + LAB_CHUNK_WORDS * TAKE_WORD_EMPTY + 1) + TAKE_WORD + 1;
}

static uint64_t refill(const struct sizes *sizes)
{
	return FLOOR + 1 + BUDGET_TAKE + search_batch(sizes) + UNTOLD_TELL + STOCK + 1;
}

/* take_from_zone, and what the thorough pass does before it. */
static uint64_t first_pass(const struct sizes *sizes)
{
	return FLOOR + hit(sizes) + refill(sizes) + 1 + flush(sizes) + UNTOLD_ADMIT + search_block(sizes) + BUDGET_GIVE;
}

static uint64_t thorough_pass(const struct sizes *sizes)
{
	uint64_t collect = sizes->cpus * flush(sizes);
	uint64_t round = collect + search_block(sizes) + search_every_word(sizes);

	return FLOOR + collect + 1 + FLOOR + 1 + flush(sizes) + UNTOLD_ADMIT + search_block(sizes) +
	       (LAB_SEARCH_ROUNDS - 1) * round + BUDGET_GIVE;
}

void lab_arena_step_bound(const struct lab_arena *arena, struct lab_step_bound *ret_bound)
{
	struct lab_step_bound bound = {.each_write = EACH_WRITE};
	struct sizes sizes = {.cpus = arena->cpu_count, .slots = arena->slot_count};

	/* What is in hand from the short path, and asked for once more. */
	bound.alone = QUICK + FLOOR + ASK;
	/* A failure's count; or the view count and the owner. */
	bound.alone += 2;
	/* The record: sequence twice and once more, clock, stack and four words. */
	if (arena->traces)
		bound.alone += 3 + 1 + LAB_TRACE_DEPTH + 4;
	/* lab_process_come, which waits once, and lab_process_go. */
	if (arena->processes)
		bound.alone += 2 + 1 + 1 + LAB_GATE_LOOKS + arena->chunk_count + 3 + 1;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		const struct lab_zone_state *state = lab_zone_state(arena, zone);

		bound.alone += IS_LOW; /* lab_quick_is_plenty */
		if (!state->frames)
			continue;
		sizes.chunks = state->end_chunk - state->first_chunk;
		bound.alone += first_pass(&sizes) + thorough_pass(&sizes);
		bound.alone += IS_LOW; /* lab_wait_wake_reclaimer */
	}
	*ret_bound = bound;
}
