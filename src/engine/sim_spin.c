/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#define ROUNDS 2u
#define TRIES  8u /* slots in a row that one read may lie in: the words of a loop often ask for the same one */

/* By low bits alone, which do not move when the system loads the module elsewhere. */
static unsigned slot_of(uintptr_t address, uintptr_t code)
{
	return (unsigned)(address >> 2 ^ address >> 7 ^ code) % LAB_SPIN_SLOTS;
}

static inline struct lab_spin_seen *seen_at(struct lab_spin *spin, uintptr_t address, uintptr_t code)
{
	unsigned first = slot_of(address, code);

	for (unsigned i = 0; i < TRIES; i++) {
		struct lab_spin_seen *seen = &spin->seen[(first + i) % LAB_SPIN_SLOTS];

		if (seen->era != spin->era || (seen->read.address == address && seen->read.code == code))
			return seen;
	}
	return &spin->seen[first];
}

static inline void look_at(struct lab_spin *spin, uintptr_t address, uintptr_t code, uint64_t value)
{
	struct lab_spin_seen *seen = seen_at(spin, address, code);

	if (seen->era == spin->era && seen->read.address == address && seen->read.code == code &&
	    seen->read.value == value) {
		spin->repeats++;
		spin->spinning = spin->repeats >= LAB_SPIN_LEAST && spin->repeats > ROUNDS * spin->known;
		return;
	}
	spin->known += seen->era != spin->era;
	*seen = (struct lab_spin_seen){{address, code, value}, spin->era};
	spin->repeats = 0;
	spin->spinning = false;
}

void lab_spin_look(struct lab_spin *spin, uintptr_t address, uintptr_t code, uint64_t value)
{
	if (!spin->known)
		for (unsigned i = 0; i < LAB_SPIN_LEAST; i++)
			look_at(spin, spin->early[i].address, spin->early[i].code, spin->early[i].value);
	look_at(spin, address, code, value);
}

static struct lab_sim_writer *writer_of(struct lab_sim *sim, uintptr_t address)
{
	return &sim->writers[(address >> 3) % LAB_SIM_WRITERS];
}

void lab_sim_spin_wrote(struct lab_sim *sim, struct lab_sim_strand *strand, uintptr_t address)
{
	lab_spin_forget(&strand->spin);
	*writer_of(sim, address) =
		(struct lab_sim_writer){address >> 3, (uint32_t)sim->run_count, strand->top->actor->index};
}

/* Whoever wrote the word last in this run, if the strand's running handler interrupted him in the middle. */
static struct lab_sim_context *interrupted_writer(struct lab_sim *sim, const struct lab_sim_strand *strand,
						  uintptr_t address)
{
	const struct lab_sim_writer *writer = writer_of(sim, address);
	struct lab_sim_context *context;

	if (writer->word != address >> 3 || writer->run != (uint32_t)sim->run_count)
		return NULL;
	context = &sim->contexts[writer->context];
	if (context == strand->top || context->strand != strand || !(context->running || context == strand->task))
		return NULL;
	return context;
}

struct lab_sim_context *lab_sim_spin_victim(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	struct lab_sim_context *victim = NULL;

	/* All that it goes round through: the steps may end at a read that does not matter, or between reads. */
	for (unsigned i = 0; i < LAB_SPIN_SLOTS && strand->spin.spinning && !victim; i++)
		if (strand->spin.seen[i].era == strand->spin.era)
			victim = interrupted_writer(sim, strand, strand->spin.seen[i].read.address);
	return victim;
}
