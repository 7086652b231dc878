/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "core/cpu.h"
#include "core/steps.h"
#include "core/trace.h"

/*
 * The bound that lab_arena_step_bound tells, function by function: the longest way through each while nobody else
 * writes, in atomic accesses to the arena's words. Every loop of an atomic request goes over CPUs, zones, chunks or the
 * words of a chunk, or is a compare-and-swap that is tried again. Nobody writing, no such swap fails, and what a look
 * has shown is still there when it is taken.
 *
 * What a write of another's costs more at the most: it makes one swap fail (1), after which the word may have nothing
 * left; then the window of chunks is looked at again (LAB_SEARCH_WINDOW) and another chunk's state is read and swapped
 * (2). No second retry comes of the same write, since each begins with a fresh look. Elsewhere it is less: a loose bit
 * that has to be set again, or a word that turns out empty (5).
 */

#define SMALL_WORDS LAB_CHUNK_WORDS

enum {
	TELL = 3,        /* lab_wait_tell: a look; lab_wait_wake: a look, a swap */
	GIVE = 4,        /* lab_chunk_give: an OR, a swap to 0, make_whole: a look, a swap */
	BUDGET_TAKE = 2, /* a look, a swap */
	BUDGET_GIVE = 1 + TELL,
	FLOOR = 2,    /* lab_budget_floor: two looks */
	WITHDRAW = 2, /* an AND, a look */
	SLOT_RETURN = GIVE + BUDGET_GIVE,
	HIT = 2 + 1 + 1 + SLOT_RETURN,                   /* lab_cpu_hit: two slots, a swap, the budget */
	FLUSH = 2 * (2 + SLOT_RETURN) + 2 + BUDGET_GIVE, /* lab_cpu_flush: two slots, the untold count */
	CPU_TELL = 2 + 1 + 1 + BUDGET_GIVE,
	STOCK = 2 * (2 + SLOT_RETURN) + TELL,
	TAKE_GREAT = 2,
	TAKE_BROKEN = TAKE_GREAT + GIVE + TELL,
	TAKE_SMALL_EMPTY = 1 + WITHDRAW,
	TAKE_WORD_EMPTY = 2,
	TAKE_WORD = 3 + WITHDRAW,
	EACH_WRITE = 1 + LAB_SEARCH_WINDOW + 2,
};

/* lab_search_block, order 0: of each chunk its state and every word, once more its state to find the fullest. */
static uint64_t search_block(uint64_t chunks)
{
	return 1 + chunks * (1 + SMALL_WORDS * TAKE_SMALL_EMPTY + 1) + TAKE_BROKEN + 1;
}

static uint64_t search_every_word(uint64_t chunks)
{
	return chunks * (SMALL_WORDS * TAKE_SMALL_EMPTY + 1) + TAKE_BROKEN;
}

static uint64_t search_batch(uint64_t chunks)
{
	return 1 + chunks * (1 + SMALL_WORDS * TAKE_WORD_EMPTY + 1) + TAKE_WORD + 1;
}

static uint64_t refill(uint64_t chunks)
{
	return FLOOR + 1 + BUDGET_TAKE + search_batch(chunks) + CPU_TELL + STOCK + 1;
}

/* take_from_zone, and what the thorough pass does before it. */
static uint64_t first_pass(uint64_t chunks)
{
	return FLOOR + HIT + refill(chunks) + 1 + FLUSH + BUDGET_TAKE + search_block(chunks) + BUDGET_GIVE;
}

static uint64_t thorough_pass(uint64_t chunks, uint64_t cpus)
{
	uint64_t round = cpus * FLUSH + search_block(chunks) + search_every_word(chunks);

	return cpus * FLUSH + FLOOR + 1 + FLOOR + 1 + FLUSH + BUDGET_TAKE + search_block(chunks) +
	       (LAB_SEARCH_ROUNDS - 1) * round + BUDGET_GIVE;
}

void lab_arena_step_bound(const struct lab_arena *arena, struct lab_step_bound *ret_bound)
{
	struct lab_step_bound bound = {.each_write = EACH_WRITE};

	/* The view count and the owner; the record: sequence twice and once more, clock, stack and four words. */
	bound.alone = 2 + (arena->traces ? 3 + 1 + LAB_TRACE_DEPTH + 4 : 0);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		const struct lab_zone_state *state = lab_zone_state(arena, zone);
		uint64_t chunks = state->end_chunk - state->first_chunk;

		if (!state->frames)
			continue;
		bound.alone += first_pass(chunks) + thorough_pass(chunks, arena->cpu_count);
		bound.alone += 2; /* lab_wait_wake_reclaimer */
	}
	*ret_bound = bound;
}
