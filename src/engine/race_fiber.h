/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_RACE_FIBER_H
#define LAB_ENGINE_RACE_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/race_runtime.h"
#include "plat/race.h"

#define LAB_RACE_LOADS 64u

/* What the files of race mode share; one run at a time. */
extern struct lab_race_state {
	struct lab_race_fiber *fibers; /* all there are */
	void *outside;                 /* the runtime's fiber of who called lab_sim_run */
	void *engine;                  /* the engine's, which looks at nothing; NULL: none yet */
	int pid;                       /* of the process that these were made in */
	bool listens;                  /* a run of a hooked module is under way */
	uint64_t epoch; /* from 1; strands of another one have the engine's last steps not yet behind them */
	int nowhere;    /* where the runtime's own text goes, but under a trace; -1: not opened yet */
} lab_race_state;

/* race_access.c: what the harness itself tells of a run. */
extern const struct lab_race lab_race_listener;

/* What race mode keeps of a strand. */
struct lab_race_fiber {
	struct lab_race_fiber *next;
	void *runtime;  /* the runtime's own; NULL: none yet */
	uint64_t epoch; /* when it last came after the engine */
	unsigned depth; /* calls that it is in */
	/* race_fence.c: */
	bool released;       /* a fence of this run releases */
	unsigned load_count; /* words read since a fence last acquired */
	const volatile void *loads[LAB_RACE_LOADS];
};

/* Where a strand stands at the start of a run. */
static inline void lab_race_fiber_start(struct lab_race_fiber *fiber)
{
	fiber->released = false;
	fiber->load_count = 0;
}

static inline void lab_race_to_engine(void)
{
	__tsan_switch_to_fiber(lab_race_state.engine, LAB_RACE_NO_SYNC);
}

#endif
