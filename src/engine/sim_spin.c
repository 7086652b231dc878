/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <string.h>

#include "base/bits.h"

/*
 * A strand spins when it went round twice and more through reads that it made before, each with the same value, and
 * wrote nothing since: only another can change what it waits for, so it lets others go first. A loop that walks on, or
 * that computes from what it read, reads something new sooner or later.
 */

#define ROUNDS        2u
#define REPEATS_LEAST 8u

/* By low bits alone, which do not move when the system loads the module elsewhere. */
static unsigned slot_of(uintptr_t address, uintptr_t code)
{
	return (unsigned)(address >> 2 ^ address >> 7 ^ code) % LAB_SIM_SPIN_SLOTS;
}

void lab_sim_spin_saw(struct lab_sim_strand *strand, uintptr_t address, uintptr_t code, uint64_t value)
{
	struct lab_sim_spin *spin = &strand->spin;
	struct lab_sim_seen *seen = &spin->seen[slot_of(address, code)];

	if (seen->era == spin->era && seen->address == address && seen->code == code && seen->value == value) {
		spin->repeats++;
		strand->spinning = spin->repeats >= REPEATS_LEAST && spin->repeats > ROUNDS * spin->known;
		return;
	}
	spin->known += seen->era != spin->era;
	*seen = (struct lab_sim_seen){address, code, value, spin->era};
	spin->repeats = 0;
	strand->spinning = false;
}

/* The value, or of what is wider its first word. Sizes apart, so that each is one load. */
static uint64_t value_at(const void *address, uint32_t bytes)
{
	uint8_t value8;
	uint16_t value16;
	uint32_t value32;
	uint64_t value64 = 0;

	switch (bytes) {
	case 1:
		memcpy(&value8, address, 1);
		return value8;
	case 2:
		memcpy(&value16, address, 2);
		return value16;
	case 4:
		memcpy(&value32, address, 4);
		return value32;
	default:
		memcpy(&value64, address, LAB_MIN(bytes, (uint32_t)sizeof(value64)));
		return value64;
	case 8:
		memcpy(&value64, address, 8);
		return value64;
	}
}

void lab_sim_spin_read(struct lab_sim *sim, struct lab_sim_strand *strand, const struct lab_sim_pending *access)
{
	lab_sim_spin_saw(strand, access->address, access->code, value_at((const void *)access->address, access->bytes));
}

static struct lab_sim_writer *writer_of(struct lab_sim *sim, uintptr_t address)
{
	return &sim->writers[(address >> 3) % LAB_SIM_WRITERS];
}

void lab_sim_spin_wrote(struct lab_sim *sim, struct lab_sim_strand *strand, uintptr_t address)
{
	strand->spin.era++;
	strand->spin.known = strand->spin.repeats = 0;
	strand->spinning = false;
	*writer_of(sim, address) =
		(struct lab_sim_writer){address >> 3, (uint32_t)sim->run_count, strand->top->actor->index};
}

struct lab_sim_context *lab_sim_spin_victim(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	const struct lab_sim_writer *writer = writer_of(sim, strand->pending.address);
	struct lab_sim_context *context;

	if (!strand->spinning || writer->word != strand->pending.address >> 3 ||
	    writer->run != (uint32_t)sim->run_count)
		return NULL;
	context = &sim->contexts[writer->context];
	if (context == strand->top || context->strand != strand || !(context->running || context == strand->task))
		return NULL;
	return context;
}
