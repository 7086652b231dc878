/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_STORY_RIG_H
#define LAB_TESTS_STORY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "story/rows.h"

/* Stories are made by hand here: a step at a time, as the engine would tell them. */

#define TASK    0u /* "a", cpu 0: alloc, free */
#define OTHER   1u /* "b", cpu 1: alloc */
#define HANDLER 2u /* "rx", cpu 0: alloc */

struct rig {
	struct lab_scenario scenario;
	struct lab_story *story;
	struct lab_finding finding;
	struct lab_rows_of of;
	struct lab_rows rows;
};

void rig_open(struct rig *rig, size_t room);
void rig_close(struct rig *rig);

/* A step, begun and ended. */
void rig_told(struct rig *rig, struct lab_sim_step step);
/* The context goes on with one of its operations. */
void rig_begins(struct rig *rig, unsigned context, unsigned op);
void rig_ends(struct rig *rig, unsigned context);
void rig_fires(struct rig *rig, unsigned over);
struct lab_sim_step rig_access(unsigned context, enum lab_sim_event kind, uintptr_t address, uint64_t before,
			       uint64_t after);
void rig_reads(struct rig *rig, unsigned context, uintptr_t address, uint64_t value);
void rig_writes(struct rig *rig, unsigned context, uintptr_t address, uint64_t before, uint64_t after);
/* The last access of an operation, which ends with it. */
void rig_finishes(struct rig *rig, unsigned context, enum lab_status status, uint64_t frame);
/* The rows of what was told so far. */
void rig_make(struct rig *rig);

/* A count is read, an interrupt takes what it counts, and the same is taken again: R01. */
void rig_lost_update(struct rig *rig);

#endif
