/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/duty.h"

#include "base/bits.h"
#include "scenario/words.h"

#define note(field, value, ...) lab_flaw_note(flaw, LAB_PART_OP, index, field, value, __VA_ARGS__)

static void mend_gfp(const struct lab_duty *duty, struct lab_op *op, struct lab_flaw *flaw, size_t index)
{
	lab_gfp gfp = op->gfp & LAB_GFP_ALL;

	if (gfp & LAB_GFP_DIRECT_RECLAIM && (duty->depth || lab_is_handler(duty->context))) {
		note(LAB_FIELD_GFP, op->gfp, "a request that does not sleep %s",
		     duty->depth ? "while a lock is held or interrupts are off" : "in a handler");
		gfp &= ~(LAB_GFP_DIRECT_RECLAIM | LAB_GFP_NOFAIL);
	}
	if (lab_gfp_contradicts(gfp))
		gfp &= ~LAB_GFP_NOFAIL;
	if (gfp != op->gfp)
		note(LAB_FIELD_GFP, op->gfp,
		     "flags that do not contradict one another (nofail needs direct, and no "
		     "noretry)");
	op->gfp = gfp;
}

/* A handler raises only lower levels: as a hard interrupt raises a soft one, and never in a circle. */
static bool may_raise(const struct lab_duty *duty, size_t peer)
{
	const struct lab_scenario_context *line;

	if (peer >= duty->scenario->context_count)
		return false;
	line = &duty->scenario->contexts[peer];
	return lab_is_handler(line) && (!lab_is_handler(duty->context) || line->kind < duty->context->kind);
}

static bool mend_peer(const struct lab_duty *duty, struct lab_op *op, struct lab_flaw *flaw, size_t index)
{
	static const char *const things[] = {[LAB_PEER_NONE] = "no peer, a number",
					     [LAB_PEER_CONTEXT] = "a context",
					     [LAB_PEER_LOCK] = "a lock",
					     [LAB_PEER_CPU] = "a CPU",
					     [LAB_PEER_ZONE] = "a zone",
					     [LAB_PEER_SPAN] = "a span"};
	enum lab_peer sort = lab_op_infos[op->kind].peer;
	size_t bounds[] = {[LAB_PEER_NONE] = 1,
			   [LAB_PEER_CONTEXT] = duty->scenario->context_count,
			   [LAB_PEER_LOCK] = LAB_LOCK_COUNT,
			   [LAB_PEER_CPU] = duty->scenario->machine.cpu_count,
			   [LAB_PEER_ZONE] = LAB_ZONE_COUNT,
			   [LAB_PEER_SPAN] = duty->scenario->machine.span_count};

	if (sort == LAB_PEER_HANDLER) {
		if (may_raise(duty, op->peer))
			return true;
		note(LAB_FIELD_PEER, op->peer, "a handler%s",
		     lab_is_handler(duty->context) ? " of a lower level than this one" : "");
		return false;
	}
	if (op->peer >= bounds[sort]) {
		note(LAB_FIELD_PEER, op->peer, "%s below %zu", things[sort], bounds[sort]);
		/* A context that is not there becomes the first one; of the others the greatest is the nearest. */
		op->peer = (uint16_t)(sort == LAB_PEER_CONTEXT ? 0 : bounds[sort] - 1);
	}
	if (sort != LAB_PEER_ZONE || duty->scenario->machine.zones[op->peer].frames)
		return true;
	note(LAB_FIELD_PEER, op->peer, "a zone that has frames");
	return false;
}

static uint64_t value_max(const struct lab_duty *duty, const struct lab_op *op)
{
	const struct lab_scenario_machine *machine = &duty->scenario->machine;
	uint64_t frames;

	switch (op->kind) {
	case LAB_OP_FREE_WILD:
		return LAB_WILD_MAX;
	case LAB_OP_RECLAIM:
		return machine->frame_count;
	case LAB_OP_WATERMARK:
		/* The greatest min whose high, min + min/2, stays within the zone. */
		frames = machine->zones[op->peer].frames;
		return frames * 2 / 3;
	default:
		return 0;
	}
}

/* The operands in their ranges; what the operation does not take is zero. */
static bool mend_operands(const struct lab_duty *duty, struct lab_op *op, struct lab_flaw *flaw, size_t index)
{
	unsigned takes = lab_op_infos[op->kind].operands;
	unsigned slot_max = takes & LAB_TAKES_SLOT ? LAB_SLOT_COUNT - 1 : 0;
	unsigned order_max = takes & LAB_TAKES_ORDER ? duty->scenario->machine.order_max : 0;
	bool irq_save;
	uint64_t most;

	if (!mend_peer(duty, op, flaw, index))
		return false;
	if (op->slot > slot_max) {
		note(LAB_FIELD_SLOT, op->slot, "0..%u", slot_max);
		op->slot = (uint8_t)slot_max;
	}
	if (op->order > order_max) {
		note(LAB_FIELD_ORDER, op->order, "0..%u", order_max);
		op->order = (uint8_t)order_max;
	}
	most = value_max(duty, op);
	if (op->value > most) {
		note(LAB_FIELD_VALUE, op->value, "0..%llu", (unsigned long long)most);
		op->value = most;
	}
	irq_save = takes & LAB_TAKES_IRQ && (op->irq_save || duty->irq_locks);
	if (irq_save != op->irq_save) {
		note(LAB_FIELD_IRQ, op->irq_save, irq_save ? "irq, since a handler takes locks" : "0");
		op->irq_save = irq_save;
	}
	if (op->comes && !(takes & LAB_TAKES_COMES)) {
		note(LAB_FIELD_COMES, op->comes, "0");
		op->comes = false;
	}
	if (takes & LAB_TAKES_GFP) {
		mend_gfp(duty, op, flaw, index);
	} else if (op->gfp) {
		note(LAB_FIELD_GFP, op->gfp, "0");
		op->gfp = 0;
	}
	return true;
}

/* Why the operation has no place here; NULL: it has. */
static const char *misplaced(const struct lab_duty *duty, const struct lab_op *op)
{
	bool handler = lab_is_handler(duty->context);
	unsigned top = duty->depth ? duty->held[duty->depth - 1] : 0;

	switch (op->kind) {
	case LAB_OP_WAIT:
	case LAB_OP_OFFLINE:
	case LAB_OP_ONLINE:
	case LAB_OP_REAP:
	case LAB_OP_MEMORY:
		if (handler)
			return "an operation that does not sleep, in a handler";
		return duty->depth ? "an operation that does not sleep, since something is held" : NULL;
	case LAB_OP_LOCK:
		if (duty->context->kind == LAB_CONTEXT_NMI)
			return "no lock in nmi";
		if (duty->depth == LAB_NEST_MAX)
			return "less held at a time";
		for (unsigned i = 0; i < duty->depth; i++)
			if (duty->held[i] != LAB_DUTY_IRQ_OFF && duty->held[i] >= op->peer)
				return "a greater lock than those held";
		return NULL;
	case LAB_OP_IRQ_OFF:
		return duty->depth == LAB_NEST_MAX ? "less held at a time" : NULL;
	case LAB_OP_UNLOCK:
		return duty->depth && top == op->peer ? NULL : "the lock taken last";
	case LAB_OP_IRQ_ON:
		return duty->depth && top == LAB_DUTY_IRQ_OFF ? NULL : "irq-off before, as what was taken last";
	default:
		return NULL;
	}
}

/* How an operation changes what is held, and how many operations it calls for, its own release included. */
static unsigned cost_of(enum lab_op_kind kind)
{
	if (kind == LAB_OP_LOCK || kind == LAB_OP_IRQ_OFF)
		return 2;
	return kind == LAB_OP_UNLOCK || kind == LAB_OP_IRQ_ON ? 0 : 1;
}

bool lab_duty_step(struct lab_duty *duty, struct lab_op *op, struct lab_flaw *flaw, size_t index)
{
	const char *why;

	if ((unsigned)op->kind >= LAB_OP_KIND_COUNT) {
		note(LAB_FIELD_KIND, op->kind, "an operation, 0..%u", LAB_OP_KIND_COUNT - 1);
		return false;
	}
	if (!mend_operands(duty, op, flaw, index))
		return false;
	why = misplaced(duty, op);
	if (why) {
		note(LAB_FIELD_WHOLE, op->kind, "%s", why);
		return false;
	}
	if (duty->op_count + duty->depth + cost_of(op->kind) > duty->op_max) {
		note(LAB_FIELD_WHOLE, op->kind, "at most %zu operations in a context", duty->op_max);
		return false;
	}
	if (op->kind == LAB_OP_LOCK)
		duty->held[duty->depth++] = (uint8_t)op->peer;
	else if (op->kind == LAB_OP_IRQ_OFF)
		duty->held[duty->depth++] = LAB_DUTY_IRQ_OFF;
	else if (op->kind == LAB_OP_UNLOCK || op->kind == LAB_OP_IRQ_ON)
		duty->depth--;
	duty->op_count++;
	return true;
}

bool lab_duty_release(struct lab_duty *duty, struct lab_op *ret_op)
{
	unsigned top;

	if (!duty->depth)
		return false;
	top = duty->held[--duty->depth];
	*ret_op = top == LAB_DUTY_IRQ_OFF ? (struct lab_op){.kind = LAB_OP_IRQ_ON}
					  : (struct lab_op){.kind = LAB_OP_UNLOCK, .peer = (uint16_t)top};
	duty->op_count++;
	return true;
}
