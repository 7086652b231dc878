/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/excerpt.h"

#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "scenario/validate.h"
#include "scenario/words.h"

#define NOT_KEPT  UINT16_MAX
#define FILL_SLOT (LAB_SLOT_COUNT - 1) /* an alloc into a full slot moves the block there to those that are kept */

struct cut {
	const struct lab_scenario *from;
	const struct lab_excerpt *how;
	struct lab_scenario *to;
	uint16_t number[LAB_CONTEXT_MAX]; /* of each context in what is made; or NOT_KEPT */
};

static void add_span(struct lab_scenario_machine *machine, enum lab_zone zone, uint64_t first, uint64_t end)
{
	machine->spans[machine->span_count++] = (struct lab_span){first, end - first, zone};
	machine->zones[zone].frames += end - first;
}

static void make_machine(const struct lab_excerpt *how, unsigned cpus, struct lab_scenario_machine *machine)
{
	uint64_t frames = how->frames, edge = frames / 4 + frames / 8, min = LAB_MIN(how->min, frames / 4);

	memset(machine, 0, sizeof(*machine));
	machine->frame_count = frames;
	machine->page_shift = LAB_PAGE_SHIFT_MIN;
	machine->cpu_count = cpus;
	machine->order_max = LAB_MIN(lab_order_of(frames), LAB_ORDER_MAX);
	if (how->maze) {
		add_span(machine, LAB_ZONE_DMA, 0, edge);
		add_span(machine, LAB_ZONE_NORMAL, edge, frames - frames / 8 - 1);
		add_span(machine, LAB_ZONE_NORMAL, frames - frames / 8, frames);
	} else {
		add_span(machine, LAB_ZONE_NORMAL, 0, frames);
	}
	for (unsigned i = 0; i < LAB_ZONE_COUNT; i++) {
		struct lab_zone_marks *zone = &machine->zones[i];

		zone->min = min * zone->frames / frames;
		zone->low = zone->min + zone->min / 4;
		zone->high = zone->min + zone->min / 2;
	}
}

/* Tasks of the first CPUs, and of each CPU the handlers that came in last: those that stand last. */
static void choose_contexts(struct cut *cut)
{
	unsigned firings[LAB_CPU_MAX] = {0};

	for (size_t i = cut->from->context_count; i-- > 0;) {
		const struct lab_scenario_context *context = &cut->from->contexts[i];

		cut->number[i] = NOT_KEPT;
		if (context->cpu < cut->how->cpus &&
		    (!lab_is_handler(context) || firings[context->cpu]++ < cut->how->firings))
			cut->number[i] = 0;
	}
	for (size_t i = 0; i < cut->from->context_count; i++) {
		struct lab_scenario_context *context;

		if (cut->number[i] == NOT_KEPT)
			continue;
		cut->number[i] = (uint16_t)cut->to->context_count;
		context = lab_scenario_add_context(cut->to);
		*context = cut->from->contexts[i];
		context->first_op = context->op_count = 0;
	}
}

/* Memory that is taken for good before anything else happens: whole blocks, the greatest first. */
static void add_filling(struct cut *cut)
{
	const struct lab_scenario_machine *machine = &cut->to->machine;

	for (unsigned zone = LAB_ZONE_COUNT; zone-- > 0 && cut->how->left != LAB_EXCERPT_ALL_FREE;) {
		const struct lab_zone_marks *marks = &machine->zones[zone];
		uint64_t spared = marks->min + cut->how->left,
			 rest = marks->frames > spared ? marks->frames - spared : 0;

		for (unsigned order = machine->order_max + 1; order-- > 0;)
			for (; rest >> order; rest -= UINT64_C(1) << order)
				lab_scenario_add_op(
					cut->to, (struct lab_op){.kind = LAB_OP_ALLOC,
								 .slot = FILL_SLOT,
								 .order = (uint8_t)order,
								 .gfp = LAB_GFP_MEMALLOC | (zone ? 0 : LAB_GFP_DMA)});
	}
}

static bool is_given_to(const struct cut *cut, size_t context)
{
	for (size_t i = 0; i < cut->from->op_count; i++)
		if (cut->from->ops[i].kind == LAB_OP_GIVE && cut->from->ops[i].peer == context)
			return true;
	return false;
}

/* The operation as it stands in what is made. False: it names a context that is not there. */
static bool adapt(const struct cut *cut, size_t context, struct lab_op *op)
{
	enum lab_peer sort = lab_op_infos[op->kind].peer;

	op->order = (uint8_t)LAB_MIN((unsigned)op->order, cut->to->machine.order_max);
	if (!cut->to->machine.zones[LAB_ZONE_DMA].frames)
		op->gfp &= ~LAB_GFP_DMA;
	if (op->kind == LAB_OP_TAKE && !is_given_to(cut, context))
		*op = (struct lab_op){.kind = LAB_OP_ALLOC, .slot = op->slot, .gfp = LAB_GFP_NOWAIT};
	if (sort == LAB_PEER_SPAN)
		return op->peer < cut->to->machine.span_count;
	if (sort == LAB_PEER_CPU)
		return op->peer < cut->to->machine.cpu_count;
	if (sort == LAB_PEER_CONTEXT || sort == LAB_PEER_HANDLER) {
		op->peer = cut->number[op->peer];
		if (op->peer == NOT_KEPT && op->kind == LAB_OP_GIVE)
			*op = (struct lab_op){.kind = LAB_OP_FREE, .slot = op->slot};
	}
	return op->peer != NOT_KEPT;
}

/* What lies in the slots after the first operations; an alloc each, or another kind where a slot is empty. */
static void slots_after(const struct lab_op *ops, size_t count, struct lab_op slots[LAB_SLOT_COUNT])
{
	for (size_t i = 0; i < count; i++) {
		const struct lab_op *op = &ops[i];

		if (op->kind == LAB_OP_ALLOC)
			slots[op->slot] = *op;
		else if (op->kind == LAB_OP_TAKE)
			slots[op->slot] = (struct lab_op){LAB_OP_ALLOC, .slot = op->slot, .gfp = LAB_GFP_NOWAIT};
		else if (op->kind == LAB_OP_FREE || op->kind == LAB_OP_GIVE || op->kind == LAB_OP_FREE_TWICE)
			slots[op->slot].kind = LAB_OP_FREE;
	}
}

static void add_ops(struct cut *cut, size_t context)
{
	const struct lab_scenario_context *source = &cut->from->contexts[context];
	const struct lab_op *ops = cut->from->ops + source->first_op;
	size_t end = source->op_count, first;
	struct lab_op slots[LAB_SLOT_COUNT];

	if (!lab_is_handler(source))
		end -= LAB_MIN(end, cut->how->skipped);
	first = end - LAB_MIN(end, cut->how->ops);
	for (unsigned slot = 0; slot < LAB_SLOT_COUNT; slot++)
		slots[slot] = (struct lab_op){.kind = LAB_OP_FREE};
	slots_after(ops, first, slots);
	for (size_t i = first; i < end; i++) {
		struct lab_op op = ops[i], *held = &slots[op.slot];
		bool of_slot = lab_op_infos[op.kind].operands & LAB_TAKES_SLOT;

		if (of_slot && held->kind == LAB_OP_ALLOC && op.kind != LAB_OP_ALLOC && op.kind != LAB_OP_TAKE &&
		    adapt(cut, context, held))
			lab_scenario_add_op(cut->to, *held);
		if (of_slot)
			held->kind = LAB_OP_FREE;
	}
	for (size_t i = first; i < end; i++) {
		struct lab_op op = ops[i];

		if (adapt(cut, context, &op))
			lab_scenario_add_op(cut->to, op);
	}
}

void lab_scenario_excerpt(const struct lab_scenario *from, const struct lab_excerpt *excerpt,
			  struct lab_scenario *ret_scenario)
{
	struct cut cut = {.from = from, .how = excerpt, .to = ret_scenario};
	unsigned cpus = LAB_MIN(LAB_MAX(excerpt->cpus, 1u), from->machine.cpu_count);
	bool filled = false;

	lab_assert_cmp(excerpt->frames, >=, LAB_EXCERPT_FRAMES_MIN);
	lab_scenario_clear(ret_scenario);
	make_machine(excerpt, cpus, &ret_scenario->machine);
	choose_contexts(&cut);
	for (size_t i = 0; i < from->context_count; i++) {
		size_t first = ret_scenario->op_count;
		uint16_t number = cut.number[i];

		if (number == NOT_KEPT)
			continue;
		if (!filled && !lab_is_handler(&from->contexts[i])) {
			filled = true;
			add_filling(&cut);
		}
		add_ops(&cut, i);
		ret_scenario->contexts[number].first_op = first;
		ret_scenario->contexts[number].op_count = ret_scenario->op_count - first;
	}
	lab_scenario_normalise(ret_scenario);
}
