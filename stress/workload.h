/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STRESS_WORKLOAD_H
#define LAB_STRESS_WORKLOAD_H

#include <stddef.h>

#include "base/prng.h"
#include "engine/exec.h"

/*
 * A workload says what each context does next; one const descriptor a file. It draws from the actor's own prng and
 * looks at nothing but the actor's slots and its own few words, so the same seed asks for the same operations wherever
 * the target's answers are the same. Only `strand` is a play of several contexts, which wait for one another.
 */

/* What the contexts of `strand` tell one another, and what came out; all zero at first. */
struct lab_workload_shared {
	lab_atomic64 stand, got;
	lab_atomic64 rounds, reserve,
		reached; /* rounds that count; frames below the floor, and how many were reached */
	/* Of `plug`: the spans that are there, or NULL; removals that succeeded, and that did not; looks at all of them
	 */
	struct lab_present *present;
	lab_atomic64 removed, refused, walks;
};

/* What all actors of a run share. */
struct lab_workload_setting {
	struct lab_workload_shared *shared;
	const struct lab_machine *machine;
	uint64_t caps;
	unsigned threads, levels; /* levels: interrupts that come, 1 << kind each */
	uint64_t seed;
};

/* An actor's own words, all zero at first but for what lab_workload_begin draws; the workload's to use as it likes. */
struct lab_workload_state {
	struct lab_prng prng;
	uint64_t run;  /* the firing that `left` belongs to */
	unsigned left; /* operations left of it */
	unsigned phase, slot, count, steps, singles;
	uint64_t subset;       /* swarm: which operations, flags and orders this run of this actor has */
	unsigned lock, masked; /* held for a few operations: the scenario lock's number + 1, interrupts off */
};

struct lab_workload {
	const char *name, *summary;
	unsigned burst_max; /* most operations of one firing of a handler */
	bool times_all;     /* every operation is timed, and not one in some */
	/* The next operation; any context, wait-free. */
	struct lab_op (*next)(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			      const struct lab_actor *actor);
	/* An operation ended; in the same context. NULL: it does not matter. */
	void (*done)(const struct lab_workload_setting *setting, struct lab_workload_state *state,
		     const struct lab_actor *actor, const struct lab_op *op, enum lab_status status);
};

/* In the order `labyrinth workloads` lists them. */
const struct lab_workload *const *lab_workloads(size_t *ret_count);
/* NULL: there is none of that name. */
const struct lab_workload *lab_workload_by_name(const char *name);

/* Starts an actor's words; `stream` separates the runs of one seed. */
void lab_workload_begin(const struct lab_workload_setting *setting, uint64_t stream, unsigned actor,
			struct lab_workload_state *ret_state);
/* What an engine asks: false when a handler's firing is over. */
bool lab_workload_next(const struct lab_workload *workload, const struct lab_workload_setting *setting,
		       struct lab_workload_state *state, const struct lab_actor *actor, struct lab_op *ret_op);

/* For the workloads: an operation on a slot; an allocation with what the target does not offer left out. */
struct lab_op lab_workload_op(enum lab_op_kind kind, unsigned slot);
struct lab_op lab_workload_alloc(const struct lab_workload_setting *setting, unsigned slot, lab_gfp gfp,
				 unsigned order);
struct lab_op lab_workload_give(unsigned slot, unsigned peer);
/* An order from `least` to `most`, small ones more often; within what the machine has. */
unsigned lab_workload_order(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			    unsigned least, unsigned most);
/* The actor index of a context that interrupts reach, or of the task where that level does not come. */
unsigned lab_workload_peer(const struct lab_workload_setting *setting, unsigned thread, enum lab_context_kind kind);

extern const struct lab_workload lab_workload_nic_rx, lab_workload_storage_dma, lab_workload_fragmenter,
	lab_workload_exhaust, lab_workload_handoff, lab_workload_nested, lab_workload_reclaim, lab_workload_mixed,
	lab_workload_hotplug, lab_workload_strand, lab_workload_rt_control, lab_workload_plug;

#endif
