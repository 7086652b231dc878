/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_EXEC_CALL_H
#define LAB_ENGINE_EXEC_CALL_H

#include "engine/exec.h"

/* What the files of exec share: the frame around one call into the target, and the block operations. */

/* The engine's watch around a call into the target. Calls nest when the target asks its host to shrink. */
static inline const struct lab_request *lab_exec_call_begin(struct lab_exec *exec, struct lab_actor *actor,
							    const struct lab_request *request)
{
	const struct lab_request *outer = actor->in_call;

	actor->in_call = request;
	if (exec->engine->call_begin)
		exec->engine->call_begin(exec, actor, request);
	return outer;
}

static inline void lab_exec_call_end(struct lab_exec *exec, struct lab_actor *actor, const struct lab_request *outer)
{
	if (exec->engine->call_end)
		exec->engine->call_end(exec, actor);
	actor->in_call = outer;
}

/* A target that is not made for interrupts never sees one: masked around the oracle's bracket and the call. */
static inline void lab_exec_mask(struct lab_exec *exec, struct lab_actor *actor)
{
	if (exec->mask_interrupts)
		exec->engine->irq_off(exec, actor);
}

static inline void lab_exec_unmask(struct lab_exec *exec, struct lab_actor *actor)
{
	if (exec->mask_interrupts)
		exec->engine->irq_on(exec, actor);
}

/* Around a call that is no request and no release. */
static inline void lab_exec_others_begin(struct lab_exec *exec, struct lab_actor *actor)
{
	actor->others++;
	lab_oracle_other_begin(exec->oracle);
}

static inline void lab_exec_others_end(struct lab_exec *exec, struct lab_actor *actor)
{
	lab_oracle_other_end(exec->oracle);
	actor->others--;
}

/* Releases a block whose receiver was not told of it, where the target still has it as the receiver's. */
void lab_exec_free_handed(struct lab_exec *exec, struct lab_actor *actor, const struct lab_handing *handing);

/* Moves the block to the actor's kept list; false: it is full, or a shrinker has it just now. */
bool lab_exec_keep(struct lab_actor *actor, struct lab_held *held);
/* True when the kept list is empty and nobody is at it. */
bool lab_exec_kept_none(struct lab_actor *actor);

/* A token that was never used: the receiver's context, the maker's generation. Wait-free. */
lab_owner lab_exec_fresh_owner(struct lab_actor *maker, unsigned receiver);

/* Each answers as op_done is told; *ret_ns is the time in the target where the engine asked for it. */
enum lab_status lab_exec_alloc(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op,
			       uint64_t *ret_ns);
enum lab_status lab_exec_free(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held, uint64_t *ret_ns);
enum lab_status lab_exec_give(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held, unsigned receiver);
enum lab_status lab_exec_take(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held);
enum lab_status lab_exec_map(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held);
enum lab_status lab_exec_unmap(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held);

/* Tells the target that a CPU goes or comes, unless it has done so already. */
enum lab_status lab_exec_hotplug(struct lab_exec *exec, struct lab_actor *actor, unsigned cpu, bool offline);

/* A span of the machine is added, or removed; LAB_BUSY also where another change is under way. */
enum lab_status lab_exec_memory(struct lab_exec *exec, struct lab_actor *actor, unsigned span, bool comes);

/* The four misuses of free, by the operation's kind. */
enum lab_status lab_exec_misuse(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op);
/* A call of free or map that the target must refuse. */
enum lab_status lab_exec_refused(struct lab_exec *exec, struct lab_actor *actor, enum lab_misuse misuse, void *block,
				 const struct lab_request *shown);

#endif
