/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_DPOR_H
#define LAB_ENGINE_DPOR_H

#include "engine/event.h"

/* A schedule as source-DPOR sees it: steps, which of them happened before which, and what is still to be tried where.
 */
#define LAB_DPOR_CONTEXT_MAX 64u /* bits of a mask over contexts */

/* What a step did. Two matter to one another on one CPU too: a handler holds up whom it interrupts. */
struct lab_dpor_foot {
	unsigned context, cpu;
	struct lab_sim_pending pending;
	bool shared; /* known when the step is over */
};

struct lab_dpor_step {
	struct lab_dpor_foot foot;
	uint64_t enabled, backtrack, done, sleep; /* masks of contexts, before the step */
	uint32_t *clock;            /* by context: 1 + the last step of its that happened before or is this one */
	struct lab_dpor_foot *feet; /* by context: of those done or asleep here */
};

struct lab_dpor_trace {
	unsigned contexts;
	struct lab_dpor_step *steps;
	size_t count, room;
	uint32_t *clock; /* scratch */
};

void lab_dpor_trace_open(struct lab_dpor_trace *trace, unsigned contexts);
void lab_dpor_trace_close(struct lab_dpor_trace *trace);
/* A step behind the last one; its sleep set is what the last one leaves asleep. The caller fills the rest. */
struct lab_dpor_step *lab_dpor_trace_push(struct lab_dpor_trace *trace);
/* Orders step j after those before it that matter to it, and notes where a race of its could go the other way. */
void lab_dpor_trace_races(struct lab_dpor_trace *trace, size_t j);
/* Cuts the trace behind the last step at which something is left to try and takes that. How long it is; 0: nothing. */
size_t lab_dpor_trace_next(struct lab_dpor_trace *trace);

#endif
