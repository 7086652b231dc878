/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include "base/bits.h"

/*
 * Which write each read met: what a coverage-guided fuzzer is told beside the edges, since a schedule that lets a read
 * meet another write runs no new edge. A pair is the code of both and how their contexts stand to one another.
 */

enum relation { UNWRITTEN, OWN, OTHER_CPU, OTHER_TASK, BELOW, ABOVE };

/* How the writer's context stands to the reader's; levels tell who can have interrupted whom on one CPU. */
static enum relation relation_of(const struct lab_sim_context *reader, const struct lab_sim_context *writer)
{
	if (reader == writer)
		return OWN;
	if (reader->actor->cpu != writer->actor->cpu)
		return OTHER_CPU;
	if (reader->actor->kind == writer->actor->kind)
		return OTHER_TASK;
	return writer->actor->kind < reader->actor->kind ? BELOW : ABOVE;
}

static void set(const struct lab_sim *sim, uint32_t reader, uint32_t writer, enum relation relation)
{
	uint64_t what = ((uint64_t)reader << 32 | writer) * 8 + relation;

	sim->options.pairs[(what * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (sim->options.pair_count - 1)] = 1;
}

void lab_sim_pair(struct lab_sim *sim, const struct lab_sim_pending *access, const struct lab_sim_context *context)
{
	uint64_t place = lab_sim_place(sim, access->address);
	uint64_t word = place ? place >> 5 : access->address >> 3; /* of 8 bytes: places count quarters */
	struct lab_sim_wrote *wrote = &sim->wrote[(word ^ word >> 10) % LAB_SIM_PAIR_WORDS];
	uint32_t code = (uint32_t)(access->code - (sim->module ? (uintptr_t)sim->module->whole.start : 0));
	bool known = wrote->run == sim->run_count && wrote->word == word;

	set(sim, code, known ? wrote->code : 0, known ? relation_of(context, wrote->context) : UNWRITTEN);
	if (access->kind != LAB_SIM_READ)
		*wrote = (struct lab_sim_wrote){sim->run_count, word, context, code};
}
