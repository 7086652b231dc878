/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_call.h"

enum lab_status lab_exec_refused(struct lab_exec *exec, struct lab_actor *actor, enum lab_misuse misuse, void *block,
				 const struct lab_request *shown)
{
	const struct lab_request *outer;
	enum lab_status status;
	struct lab_call call;

	lab_exec_mask(exec, actor);
	lab_oracle_misuse_begin(exec->oracle, &call, actor->index, exec->self, shown);
	outer = lab_exec_call_begin(exec, actor, shown);
	if (misuse == LAB_MISUSE_SECOND_VIEW)
		status = exec->target->map(exec->self, block, shown->owner);
	else
		status = exec->target->free(exec->self, block, shown);
	lab_exec_call_end(exec, actor, outer);
	lab_oracle_misuse_end(exec->oracle, &call, exec->self, misuse, block, status);
	lab_exec_unmask(exec, actor);
	return status;
}

static enum lab_status free_twice(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held)
{
	struct lab_request shown = held->request;
	void *block = held->block;
	enum lab_status status;
	uint64_t ns;

	status = lab_exec_free(exec, actor, held, &ns);
	if (status != LAB_OK)
		return status;
	shown.cpu = actor->cpu;
	return lab_exec_refused(exec, actor, LAB_MISUSE_DOUBLE_FREE, block, &shown);
}

/* Shown another context's token, or, where that is the actor's own, a stale one: its context, another generation. */
static enum lab_status free_foreign(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held,
				    unsigned peer)
{
	struct lab_request shown = held->request;

	shown.cpu = actor->cpu;
	shown.owner = lab_exec_fresh_owner(actor, peer);
	return lab_exec_refused(exec, actor, LAB_MISUSE_FOREIGN, held->block, &shown);
}

static enum lab_status free_wrong_order(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held)
{
	struct lab_request shown = held->request;

	if (!exec->machine->order_max)
		return LAB_UNSUPPORTED; /* one order only: there is no wrong one */
	shown.cpu = actor->cpu;
	shown.order = shown.order < exec->machine->order_max ? shown.order + 1 : shown.order - 1;
	return lab_exec_refused(exec, actor, LAB_MISUSE_WRONG_ORDER, held->block, &shown);
}

static enum lab_status free_wild(struct lab_exec *exec, struct lab_actor *actor, uint64_t frame)
{
	/* Integer arithmetic: the frame may lie far outside, and its address is never followed. */
	void *block = (void *)((uintptr_t)exec->machine->base + (frame << exec->machine->page_shift));
	struct lab_request shown = {.cpu = actor->cpu, .owner = lab_exec_fresh_owner(actor, actor->index)};

	return lab_exec_refused(exec, actor, LAB_MISUSE_WILD, block, &shown);
}

enum lab_status lab_exec_misuse(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op)
{
	struct lab_held *held = &actor->slots[op->slot];

	if (op->kind == LAB_OP_FREE_WILD)
		return free_wild(exec, actor, op->value);
	if (!held->block)
		return LAB_INVALID;
	switch (op->kind) {
	case LAB_OP_FREE_TWICE:
		return free_twice(exec, actor, held);
	case LAB_OP_FREE_FOREIGN:
		return free_foreign(exec, actor, held, op->peer);
	default:
		return free_wrong_order(exec, actor, held);
	}
}
