/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_call.h"

#include "plat/clock.h"

lab_owner lab_exec_fresh_owner(struct lab_actor *maker, unsigned receiver)
{
	return lab_owner_make(receiver + 1, maker->generation++);
}

static uint64_t now_ns(const struct lab_actor *actor)
{
	return actor->timed ? lab_clock_mono_ns() : 0;
}

/* Empties a slot that is about to be filled: the block goes to the kept list, or back if that is full. */
static void stow(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held)
{
	uint64_t ns;

	if (!held->block)
		return;
	if (!lab_exec_keep(actor, held))
		(void)lab_exec_free(exec, actor, held, &ns);
}

enum lab_status lab_exec_alloc(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op,
			       uint64_t *ret_ns)
{
	struct lab_held *held = &actor->slots[op->slot];
	const struct lab_request *outer;
	enum lab_class class = lab_gfp_class(op->gfp);
	struct lab_request request = {.gfp = op->gfp, .order = op->order, .cpu = actor->cpu};
	enum lab_status status;
	struct lab_call call;
	void *block = NULL;
	uint64_t began;

	stow(exec, actor, held);
	request.owner = lab_exec_fresh_owner(actor, actor->index);
	lab_exec_mask(exec, actor);
	lab_oracle_alloc_begin(exec->oracle, &call, actor->index, &request);
	began = now_ns(actor); /* out of the engine's watch: some machines' clocks take a system call */
	outer = lab_exec_call_begin(exec, actor, &request);
	actor->asking = &request;
	status = exec->target->alloc(exec->self, &request, &block);
	actor->asking = NULL;
	lab_exec_call_end(exec, actor, outer);
	*ret_ns = now_ns(actor) - began;
	lab_oracle_alloc_end(exec->oracle, &call, status, block);
	lab_exec_unmask(exec, actor);
	if (status == LAB_OK)
		*held = (struct lab_held){.block = block, .request = request};
	lab_count_up(status == LAB_OK ? &actor->counts.alloc_ok[class] : &actor->counts.alloc_failed[class]);
	return status;
}

enum lab_status lab_exec_free(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held, uint64_t *ret_ns)
{
	struct lab_request request = held->request;
	void *block = held->block;
	struct lab_handing freeing = {.block = block, .from = request, .to = request.owner};
	const struct lab_request *outer;
	enum lab_status status;
	struct lab_call call;
	uint64_t began;

	if (!block)
		return LAB_INVALID;
	actor->freeing = &freeing;
	if (held->mapped)
		(void)lab_exec_unmap(exec, actor, held);
	request.cpu = actor->cpu;
	held->block = NULL; /* whatever the answer: a refusal is the oracle's to judge */
	lab_exec_mask(exec, actor);
	lab_oracle_free_begin(exec->oracle, &call, actor->index, block, &request);
	began = now_ns(actor);
	outer = lab_exec_call_begin(exec, actor, &request);
	status = exec->target->free(exec->self, block, &request);
	lab_exec_call_end(exec, actor, outer);
	*ret_ns = now_ns(actor) - began;
	lab_oracle_free_end(exec->oracle, &call, block, status);
	lab_exec_unmask(exec, actor);
	actor->freeing = NULL;
	return status;
}

/* The target's part. */
static enum lab_status transfer_in_target(struct lab_exec *exec, struct lab_actor *actor, struct lab_handing *handing)
{
	const struct lab_request *outer = lab_exec_call_begin(exec, actor, &handing->from);
	enum lab_status status;

	actor->handing = handing;
	status = exec->target->transfer(exec->self, handing->block, handing->from.owner, handing->to);
	actor->handing = NULL;
	lab_exec_call_end(exec, actor, outer);
	return status;
}

/* Moves the block to a fresh token of the receiver; without transfer in the target the token travels with the block. */
static enum lab_status transfer(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held,
				unsigned receiver)
{
	struct lab_handing handing = {.block = held->block, .from = held->request, .receiver = receiver};
	enum lab_status status = LAB_OK;
	unsigned number;

	handing.to = held->request.owner;
	lab_exec_mask(exec, actor);
	number = lab_oracle_transfer_begin(exec->oracle);
	if (exec->target->transfer) {
		handing.to = lab_exec_fresh_owner(actor, receiver);
		status = transfer_in_target(exec, actor, &handing);
	}
	if (handing.lost) {
		lab_exec_free_handed(exec, actor, &handing);
		held->block = NULL;
	} else {
		lab_oracle_transferred(exec->oracle, number, actor->index, held->block, &held->request, handing.to,
				       status);
	}
	lab_exec_unmask(exec, actor);
	if (status == LAB_OK)
		held->request.owner = handing.to;
	return status;
}

enum lab_status lab_exec_give(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held, unsigned receiver)
{
	struct lab_parcel parcel;
	enum lab_status status;
	uint64_t ns;

	if (!held->block)
		return LAB_INVALID;
	if (held->mapped)
		(void)lab_exec_unmap(exec, actor, held);
	status = transfer(exec, actor, held, receiver);
	if (status != LAB_OK || !held->block)
		return status;
	parcel = (struct lab_parcel){.block = held->block, .request = held->request};
	/* A full mailbox, or a dead receiver's: the block goes back. */
	if (lab_exec_is_dead(exec, exec->actors[receiver].cpu) ||
	    !lab_mailbox_put(&exec->actors[receiver].mailbox, &parcel))
		return lab_exec_free(exec, actor, held, &ns);
	held->block = NULL;
	return LAB_OK;
}

enum lab_status lab_exec_take(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held)
{
	struct lab_parcel parcel;

	if (!lab_mailbox_take(&actor->mailbox, &parcel))
		return LAB_INVALID;
	stow(exec, actor, held);
	*held = (struct lab_held){.block = parcel.block, .request = parcel.request};
	return LAB_OK;
}

enum lab_status lab_exec_map(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held)
{
	const struct lab_request *outer;
	enum lab_status status;

	if (!held->block)
		return LAB_INVALID;
	if (held->mapped) { /* views of a block that is not exclusive are not counted: a second one tells nothing */
		if (!(held->request.gfp & LAB_GFP_EXCLUSIVE) || !(exec->target->caps & LAB_CAP_EXCLUSIVE_MAP))
			return LAB_INVALID;
		return lab_exec_refused(exec, actor, LAB_MISUSE_SECOND_VIEW, held->block, &held->request);
	}
	lab_exec_mask(exec, actor);
	outer = lab_exec_call_begin(exec, actor, &held->request);
	status = exec->target->map(exec->self, held->block, held->request.owner);
	lab_exec_call_end(exec, actor, outer);
	lab_oracle_mapped(exec->oracle, actor->index, held->block, &held->request, status);
	lab_exec_unmask(exec, actor);
	held->mapped = status == LAB_OK;
	return status;
}

enum lab_status lab_exec_unmap(struct lab_exec *exec, struct lab_actor *actor, struct lab_held *held)
{
	const struct lab_request *outer;
	enum lab_status status;

	if (!held->block || !held->mapped)
		return LAB_INVALID;
	lab_exec_mask(exec, actor);
	outer = lab_exec_call_begin(exec, actor, &held->request);
	status = exec->target->unmap(exec->self, held->block, held->request.owner);
	lab_exec_call_end(exec, actor, outer);
	lab_oracle_unmapped(exec->oracle, actor->index, held->block, &held->request, status);
	lab_exec_unmask(exec, actor);
	held->mapped = false;
	return status;
}

void lab_exec_empty_mailbox(struct lab_exec *exec, struct lab_actor *actor)
{
	struct lab_parcel parcel;
	uint64_t ns;

	while (lab_mailbox_take(&actor->mailbox, &parcel)) {
		struct lab_held held = {.block = parcel.block, .request = parcel.request};

		(void)lab_exec_free(exec, actor, &held, &ns);
	}
}

void lab_exec_release_all(struct lab_exec *exec, struct lab_actor *actor)
{
	uint64_t ns;

	for (unsigned slot = 0; slot < LAB_SLOT_COUNT; slot++)
		if (actor->slots[slot].block)
			(void)lab_exec_free(exec, actor, &actor->slots[slot], &ns);
	while (!lab_exec_kept_none(actor))
		(void)lab_exec_shrink(exec, actor, UINT64_MAX);
	lab_exec_empty_mailbox(exec, actor);
}
