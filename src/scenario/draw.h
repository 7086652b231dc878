/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_DRAW_H
#define LAB_SCENARIO_DRAW_H

#include "base/prng.h"
#include "scenario/scenario.h"

/*
 * Random parts for generate and mutate, drawn for what finds bugs: common flags more often than odd ones, small
 * orders more often than great ones. All may still break an obligation; lab_scenario_mend comes last.
 */

/* Bit of each operation kind. A swarm is a random subset of them, in which allocation always is. */
uint32_t lab_draw_swarm(struct lab_prng *prng);
#define LAB_SWARM_ALL ((UINT32_C(1) << LAB_OP_KIND_COUNT) - 1)
/* What allocators are for: blocks taken, used, handed over, freed; caches flushed, and CPUs and memory that go and
 * come. */
#define LAB_SWARM_USUAL                                                                                                \
	(UINT32_C(1) << LAB_OP_ALLOC | UINT32_C(1) << LAB_OP_FREE | UINT32_C(1) << LAB_OP_TOUCH |                      \
	 UINT32_C(1) << LAB_OP_GIVE | UINT32_C(1) << LAB_OP_TAKE | UINT32_C(1) << LAB_OP_DRAIN |                       \
	 UINT32_C(1) << LAB_OP_OFFLINE | UINT32_C(1) << LAB_OP_ONLINE | UINT32_C(1) << LAB_OP_MEMORY)

/* Flags of a request: those of the usual kinds of requests, at times others. */
lab_gfp lab_draw_gfp(struct lab_prng *prng);

struct lab_op lab_draw_op(struct lab_prng *prng, const struct lab_scenario *scenario, uint32_t swarm);

/* A directive of a random kind; one that names the wrong sort of context is dropped by the mender. */
struct lab_directive lab_draw_directive(struct lab_prng *prng, const struct lab_scenario *scenario);

/* A choice of the schedule: mostly small, since it is taken modulo the few that can run. */
uint8_t lab_draw_choice(struct lab_prng *prng);

/* Paints a hole or a zone somewhere, at times on a boundary of 64 frames. */
void lab_draw_range(struct lab_prng *prng, struct lab_scenario_machine *machine);

/* Sets the marks of a zone that has frames. */
void lab_draw_marks(struct lab_prng *prng, struct lab_scenario_machine *machine);

/* 1..most, small numbers as likely as great ones. */
uint64_t lab_draw_log(struct lab_prng *prng, uint64_t most);

#endif
