/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "plat/race.h"

void lab_actor_reset(struct lab_actor *actor, unsigned index, enum lab_context_kind kind, unsigned cpu)
{
	struct lab_held *kept = actor->kept;
	size_t kept_room = actor->kept_room;

	memset(actor, 0, offsetof(struct lab_actor, mailbox));
	actor->index = index;
	actor->kind = kind;
	actor->cpu = cpu;
	actor->generation = (uint64_t)index << 32 | 1;
	actor->kept = kept;
	actor->kept_room = kept_room;
	lab_mailbox_reset(&actor->mailbox);
}

enum lab_status lab_actor_init(struct lab_actor *actor, unsigned index, enum lab_context_kind kind, unsigned cpu,
			       size_t kept_room)
{
	actor->kept = kept_room ? calloc(kept_room, sizeof(*actor->kept)) : NULL;
	if (kept_room && !actor->kept)
		return LAB_NO_MEMORY;
	actor->kept_room = kept_room;
	lab_mailbox_init(&actor->mailbox);
	lab_actor_reset(actor, index, kind, cpu);
	return LAB_OK;
}

void lab_actor_fini(struct lab_actor *actor)
{
	free(actor->kept);
	actor->kept = NULL;
}

/* What the target must offer for an operation to be done in this context at all. */
static bool offered(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op)
{
	const struct lab_target *target = exec->target;
	const uint64_t nmi_caps = LAB_CAP_IRQ | LAB_CAP_NMI;
	bool silent = actor->kind == LAB_CONTEXT_NMI && (target->caps & nmi_caps) != nmi_caps;

	switch (op->kind) {
	case LAB_OP_ALLOC:
	case LAB_OP_FREE:
	case LAB_OP_GIVE:
	case LAB_OP_RECLAIM:
		return !silent;
	case LAB_OP_TAKE: /* into a full slot it may have to free */
		return !silent || !actor->slots[op->slot].block;
	case LAB_OP_MAP:
	case LAB_OP_UNMAP:
		return !silent && target->map && target->unmap;
	case LAB_OP_FREE_TWICE:
	case LAB_OP_FREE_FOREIGN:
	case LAB_OP_FREE_WRONG_ORDER:
	case LAB_OP_FREE_WILD:
		return !silent && (target->caps & LAB_CAP_OWNERSHIP);
	/* Who may not be called in interrupts may wait for a mutex; behind a spinlock somebody would spin for it then.
	 */
	case LAB_OP_IRQ_OFF:
	case LAB_OP_IRQ_ON:
	case LAB_OP_LOCK:
	case LAB_OP_UNLOCK:
		return target->caps & LAB_CAP_IRQ;
	/* To be callable where nobody may sleep is promised of requests and releases, and what belongs to a block. */
	case LAB_OP_DRAIN:
		return target->drain && exec->engine->may_sleep(exec, actor);
	case LAB_OP_OFFLINE:
	case LAB_OP_ONLINE:
		return !silent && (target->caps & LAB_CAP_HOTPLUG) && target->cpu_offline && target->cpu_online;
	case LAB_OP_WATERMARK:
		return target->set_marks && exec->engine->may_sleep(exec, actor);
	case LAB_OP_MEMORY: /* not where who is at it may be killed */
		return target->caps & LAB_CAP_MEMORY && !(target->caps & LAB_CAP_DEATH) && target->memory_remove &&
		       target->memory_add && exec->engine->may_sleep(exec, actor);
	case LAB_OP_DIE:
		return target->caps & LAB_CAP_DEATH && target->reap && exec->engine->die;
	case LAB_OP_REAP:
		return target->caps & LAB_CAP_DEATH && target->reap && actor->kind == LAB_CONTEXT_TASK;
	default:
		return true;
	}
}

static enum lab_status touch(struct lab_exec *exec, struct lab_actor *actor, const struct lab_held *held)
{
	if (!held->block)
		return LAB_INVALID;
	lab_oracle_touch(exec->oracle, actor->index, held->block, &held->request);
	return LAB_OK;
}

static enum lab_status drain(struct lab_exec *exec, struct lab_actor *actor, unsigned cpu)
{
	const struct lab_request *outer;

	lab_exec_mask(exec, actor);
	lab_exec_others_begin(exec, actor);
	outer = lab_exec_call_begin(exec, actor, NULL);
	exec->target->drain(exec->self, cpu);
	lab_exec_call_end(exec, actor, outer);
	lab_exec_others_end(exec, actor);
	lab_exec_unmask(exec, actor);
	return LAB_OK;
}

/* One at a time, or the oracle could hold another value than the target: who comes second does not wait, it skips. */
static enum lab_status set_marks(struct lab_exec *exec, struct lab_actor *actor, unsigned zone, uint64_t min)
{
	struct lab_zone_marks marks = exec->machine->zones[zone];
	const struct lab_request *outer;
	enum lab_status status;
	uint32_t nobody = 0;

	marks.min = min;
	marks.low = min + min / 4;
	marks.high = min + min / 2;
	lab_exec_mask(exec, actor);
	/* acquire: takes the oracle's record of the last change, released below */
	if (!lab_cas_acquire(&exec->marks_busy, &nobody, actor->index + 1)) {
		lab_exec_unmask(exec, actor);
		return LAB_BUSY;
	}
	lab_race_acquire(&exec->marks_busy);
	exec->marks_zone = zone;
	exec->marks_to = marks;
	lab_oracle_marks_begin(exec->oracle, zone, &marks);
	outer = lab_exec_call_begin(exec, actor, NULL);
	status = exec->target->set_marks(exec->self, zone, &marks);
	lab_exec_call_end(exec, actor, outer);
	lab_oracle_marks_end(exec->oracle, zone, status == LAB_OK ? &marks : NULL);
	lab_race_release(&exec->marks_busy);
	/* release: gives the record to the acquire above, in whoever changes the watermarks next */
	lab_store_release(&exec->marks_busy, 0);
	lab_exec_unmask(exec, actor);
	return status;
}

static enum lab_status do_block_op(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op,
				   uint64_t *ret_ns)
{
	struct lab_held *held = &actor->slots[op->slot];

	switch (op->kind) {
	case LAB_OP_ALLOC:
		return lab_exec_alloc(exec, actor, op, ret_ns);
	case LAB_OP_FREE:
		return lab_exec_free(exec, actor, held, ret_ns);
	case LAB_OP_TOUCH:
		return touch(exec, actor, held);
	case LAB_OP_GIVE:
		return lab_exec_give(exec, actor, held, op->peer);
	case LAB_OP_TAKE:
		return lab_exec_take(exec, actor, held);
	case LAB_OP_MAP:
		return lab_exec_map(exec, actor, held);
	case LAB_OP_UNMAP:
		return lab_exec_unmap(exec, actor, held);
	default:
		return lab_exec_misuse(exec, actor, op);
	}
}

static enum lab_status do_op(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op, uint64_t *ret_ns)
{
	const struct lab_engine_ops *engine = exec->engine;

	switch (op->kind) {
	case LAB_OP_IRQ_OFF:
		engine->irq_off(exec, actor);
		return LAB_OK;
	case LAB_OP_IRQ_ON:
		engine->irq_on(exec, actor);
		return LAB_OK;
	case LAB_OP_LOCK:
		engine->lock(exec, actor, op->peer, op->irq_save);
		return LAB_OK;
	case LAB_OP_UNLOCK:
		engine->unlock(exec, actor, op->peer);
		return LAB_OK;
	case LAB_OP_RAISE:
		engine->raise(exec, actor, op->peer);
		return LAB_OK;
	case LAB_OP_WAIT:
		engine->wait(exec, actor);
		return LAB_OK;
	case LAB_OP_DRAIN:
		return drain(exec, actor, op->peer);
	case LAB_OP_OFFLINE:
	case LAB_OP_ONLINE:
		return lab_exec_hotplug(exec, actor, op->peer, op->kind == LAB_OP_OFFLINE);
	case LAB_OP_MEMORY:
		return lab_exec_memory(exec, actor, op->peer, op->comes);
	case LAB_OP_DIE:
		return engine->die(exec, actor);
	case LAB_OP_REAP:
		return lab_exec_reap(exec, actor, op->peer);
	case LAB_OP_RECLAIM:
		return lab_exec_shrink(exec, actor, op->value) ? LAB_OK : LAB_INVALID;
	case LAB_OP_WATERMARK:
		return set_marks(exec, actor, op->peer, op->value);
	default:
		return do_block_op(exec, actor, op, ret_ns);
	}
}

void lab_exec_op(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op)
{
	enum lab_status status = LAB_UNSUPPORTED;
	uint64_t ns = 0;

	lab_assert_cmp(op->kind, <, LAB_OP_KIND_COUNT);
	lab_assert_cmp(op->slot, <, LAB_SLOT_COUNT);
	if (offered(exec, actor, op))
		status = do_op(exec, actor, op, &ns);
	lab_count_up(&actor->counts.ops[op->kind]);
	if (exec->engine->op_done)
		exec->engine->op_done(exec, actor, op, status, ns);
}
