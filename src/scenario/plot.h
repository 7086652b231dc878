/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_PLOT_H
#define LAB_SCENARIO_PLOT_H

#include "base/prng.h"
#include "scenario/scenario.h"
#include "scenario/scope.h"

/*
 * A scenario while it is told: what this one does at all (its swarm), and what its contexts would hold by now. story.c
 * tells it operation by operation, plot.c in runs of operations that bring a machine somewhere.
 */
#define LAB_FLAVOURS 3u /* of flags and orders in one scenario */

struct lab_telling {
	struct lab_prng *prng;
	struct lab_scenario *scenario;
	const struct lab_scope *scope;
	uint32_t swarm,
		theme; /* operations: all of this scenario's, and those that it is about; 0: none in particular */
	bool keeps;    /* blocks are kept more than freed, for the shrinkers */
	lab_gfp gfps[LAB_FLAVOURS];
	uint8_t orders[LAB_FLAVOURS];
	/* What each context holds if all its allocations succeed, and how many blocks were given to it. */
	uint16_t held[LAB_CONTEXT_MAX];
	unsigned mail[LAB_CONTEXT_MAX];
};

/* story.c: adds the operation behind those of the context, and what belongs to it. */
void lab_tell(struct lab_telling *telling, size_t context, struct lab_op op);
/* A slot of those in the set, which is not empty. */
uint8_t lab_tell_slot(struct lab_telling *telling, unsigned set);
struct lab_op lab_tell_alloc(struct lab_telling *telling, size_t context);

/* Takes most of a zone, or all of it, in few steps: a floor, or the end, is near for all that follows. */
void lab_plot_fill(struct lab_telling *telling);
/* The same to the floor of a class. Then somebody takes a frame out of the reserve and gives it back, while the first
 * context asks for one by that class. */
void lab_plot_dip(struct lab_telling *telling);
/* The first context takes a block, and another one frees two frames inside of it, which is no head's. */
void lab_plot_strays(struct lab_telling *telling);
/* Takes some blocks of one kind and frees them, the first one first, the last one first, or every other one first; at
 * times one more is taken then. */
void lab_plot_churn(struct lab_telling *telling, size_t context);
/* Frees a block before one that stays, and asks for a greater one: what is claimed part by part fails half way. */
void lab_plot_hollow(struct lab_telling *telling, size_t context);
/*
 * All contexts take a block of one order, or lesser ones at times, and give it back, once or twice, and some take
 * another one: what frees merge is what takes split. Company, before anything is told: two tasks at least, on two CPUs.
 */
void lab_plot_company(struct lab_scenario *scenario);
void lab_plot_meeting(struct lab_telling *telling);
/* A CPU's process is killed, and others may get back what it had. */
void lab_plot_death(struct lab_telling *telling);
/* All tasks do what the first one does. */
void lab_plot_twins(struct lab_telling *telling);

#endif
