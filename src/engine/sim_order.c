/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

/*
 * Which step came before which, wherever that matters, as one number: equal for schedules that differ only in the order
 * of steps that do not touch the same. Each step adds a term made of what it followed, so that the sum does not depend
 * on the order of the others.
 */
/* The finaliser of splitmix64, a bijection: it is done at each step. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

static struct lab_sim_word *word_at(struct lab_sim *sim, uintptr_t address)
{
	uint64_t hash = (uint64_t)address * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (unsigned i = 0; i < LAB_SIM_WORD_COUNT; i++) {
		struct lab_sim_word *word = &sim->ordered[(hash + i) % LAB_SIM_WORD_COUNT];

		if (word->run == sim->run_count && word->address != address)
			continue;
		if (word->run != sim->run_count)
			*word = (struct lab_sim_word){.run = sim->run_count, .address = address};
		return word;
	}
	return &sim->ordered[hash % LAB_SIM_WORD_COUNT]; /* more words than are told apart: two count as one */
}

static void follow(struct lab_sim *sim, uintptr_t address, bool writes, unsigned context, uint64_t event)
{
	struct lab_sim_word *word = word_at(sim, address);
	uint64_t own = mix(mix(mix(event << 16 ^ context) ^ word->writer) + (writes ? word->readers : 0));

	sim->result->trace_hash += own;
	if (writes) {
		word->writer = own;
		word->readers = 0;
	} else {
		word->readers += own;
	}
}

void lab_sim_order(struct lab_sim *sim, const struct lab_candidate *next)
{
	if (sim->shared && sim->last_context != LAB_NOBODY)
		follow(sim, 0, true, sim->last_context, sim->last_event);
	if (next && next->pending.address)
		follow(sim, next->pending.address, next->pending.kind != LAB_SIM_READ, next->context, next->events);
}
