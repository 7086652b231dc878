/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_call.h"

#include "plat/race.h"

/*
 * Spans of memory that go and come. Others go on meanwhile; only two of these calls keep out of each other's way, as a
 * kernel has it.
 */

/* Looks in vain where others run meanwhile. With one thread they run at the target's own accesses, or not at all. */
#define PATIENCE 256u

static enum lab_status call(struct lab_exec *exec, struct lab_actor *actor, unsigned span, bool comes)
{
	struct lab_memory_change change;
	const struct lab_request *outer;
	enum lab_status status;

	if (comes && exec->engine->memory)
		exec->engine->memory(exec, span, true);
	lab_oracle_memory_begin(exec->oracle, &change, actor->index, span, comes);
	outer = lab_exec_call_begin(exec, actor, NULL);
	if (comes)
		status = exec->target->memory_add(exec->self, span);
	else
		status = exec->target->memory_remove(exec->self, span, exec->one_thread ? 0 : PATIENCE);
	lab_exec_call_end(exec, actor, outer);
	lab_oracle_memory_end(exec->oracle, &change, status);
	if (!comes && status == LAB_OK && exec->engine->memory)
		exec->engine->memory(exec, span, false);
	return status;
}

enum lab_status lab_exec_memory(struct lab_exec *exec, struct lab_actor *actor, unsigned span, bool comes)
{
	enum lab_status status;
	uint32_t nobody = 0;

	lab_exec_mask(exec, actor);
	/* Who comes second skips. Acquire: comes after the last one, below. */
	if (!lab_cas_acquire(&exec->memory_busy, &nobody, actor->index + 1)) {
		lab_exec_unmask(exec, actor);
		return LAB_BUSY;
	}
	lab_race_acquire(&exec->memory_busy);
	status = call(exec, actor, span, comes);
	lab_race_release(&exec->memory_busy);
	/* release: to the acquire above, in whoever comes next */
	lab_store_release(&exec->memory_busy, 0);
	lab_exec_unmask(exec, actor);
	return status;
}
