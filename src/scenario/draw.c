/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/draw.h"

#include "base/bits.h"
#include "scenario/spans.h"
#include "scenario/words.h"

/* How often a kind is drawn, against the others. */
static const uint8_t weights[LAB_OP_KIND_COUNT] = {
	[LAB_OP_ALLOC] = 40,
	[LAB_OP_FREE] = 24,
	[LAB_OP_TOUCH] = 10,
	[LAB_OP_GIVE] = 8,
	[LAB_OP_TAKE] = 8,
	[LAB_OP_MAP] = 3,
	[LAB_OP_UNMAP] = 3,
	[LAB_OP_FREE_TWICE] = 2,
	[LAB_OP_FREE_FOREIGN] = 2,
	[LAB_OP_FREE_WILD] = 2,
	[LAB_OP_FREE_WRONG_ORDER] = 2,
	[LAB_OP_IRQ_OFF] = 3,
	[LAB_OP_IRQ_ON] = 3,
	[LAB_OP_LOCK] = 3,
	[LAB_OP_UNLOCK] = 3,
	[LAB_OP_RAISE] = 8,
	[LAB_OP_DRAIN] = 3,
	[LAB_OP_OFFLINE] = 6,
	[LAB_OP_ONLINE] = 2,
	[LAB_OP_RECLAIM] = 3,
	[LAB_OP_WATERMARK] = 2,
	[LAB_OP_WAIT] = 3,
	[LAB_OP_DIE] = 1,
	[LAB_OP_REAP] = 1,
	[LAB_OP_MEMORY] = 6,
};

uint32_t lab_draw_swarm(struct lab_prng *prng)
{
	return ((uint32_t)lab_prng_u64(prng) & LAB_SWARM_ALL) | UINT32_C(1) << LAB_OP_ALLOC;
}

uint64_t lab_draw_log(struct lab_prng *prng, uint64_t most)
{
	unsigned bits = 1 + (unsigned)lab_prng_below(prng, lab_order_of(most + 1) + 1);

	return 1 + lab_prng_below(prng, LAB_MIN(UINT64_C(1) << bits >> 1, most));
}

static enum lab_op_kind draw_kind(struct lab_prng *prng, uint32_t swarm)
{
	unsigned sum = 0, kind = 0;
	uint64_t ticket;

	for (unsigned i = 0; i < LAB_OP_KIND_COUNT; i++)
		sum += swarm >> i & 1 ? weights[i] : 0;
	ticket = lab_prng_below(prng, sum);
	while (!(swarm >> kind & 1) || ticket >= weights[kind]) {
		ticket -= swarm >> kind & 1 ? weights[kind] : 0;
		kind++;
	}
	return (enum lab_op_kind)kind;
}

lab_gfp lab_draw_gfp(struct lab_prng *prng)
{
	static const lab_gfp usual[] = {LAB_GFP_KERNEL,
					LAB_GFP_KERNEL | LAB_GFP_NORETRY,
					LAB_GFP_ATOMIC,
					LAB_GFP_NOWAIT,
					0,
					LAB_GFP_ATOMIC | LAB_GFP_EXCLUSIVE,
					LAB_GFP_MEMALLOC,
					LAB_GFP_KERNEL | LAB_GFP_HIGH,
					LAB_GFP_ATOMIC | LAB_GFP_NOMEMALLOC};
	lab_gfp gfp = usual[lab_prng_below(prng, LAB_ARRAY_COUNT(usual))];

	if (gfp == LAB_GFP_KERNEL && lab_prng_chance(prng, 1, 3))
		gfp |= LAB_GFP_NOFAIL;
	if (lab_prng_chance(prng, 1, 4))
		gfp |= UINT32_C(1) << lab_prng_below(prng, lab_bits_count(LAB_GFP_ALL));
	return lab_prng_chance(prng, 1, 16) ? (lab_gfp)lab_prng_u64(prng) & LAB_GFP_ALL : gfp;
}

static uint16_t draw_peer(struct lab_prng *prng, const struct lab_scenario *scenario, enum lab_peer peer)
{
	size_t handlers = 0, pick;

	switch (peer) {
	case LAB_PEER_CONTEXT:
		return (uint16_t)lab_prng_below(prng, scenario->context_count);
	case LAB_PEER_HANDLER:
		for (size_t i = 0; i < scenario->context_count; i++)
			handlers += lab_is_handler(&scenario->contexts[i]);
		pick = handlers ? lab_prng_below(prng, handlers) : 0;
		for (size_t i = 0; i < scenario->context_count; i++)
			if (lab_is_handler(&scenario->contexts[i]) && !pick--)
				return (uint16_t)i;
		return 0;
	case LAB_PEER_LOCK:
		return (uint16_t)lab_prng_below(prng, lab_prng_chance(prng, 1, 2) ? 2 : LAB_LOCK_COUNT);
	case LAB_PEER_CPU:
		return (uint16_t)lab_prng_below(prng, scenario->machine.cpu_count);
	case LAB_PEER_ZONE:
		return (uint16_t)lab_prng_below(prng, LAB_ZONE_COUNT);
	case LAB_PEER_SPAN:
		return (uint16_t)lab_prng_below(prng, scenario->machine.span_count);
	default:
		return 0;
	}
}

struct lab_op lab_draw_op(struct lab_prng *prng, const struct lab_scenario *scenario, uint32_t swarm)
{
	struct lab_op op = {.kind = draw_kind(prng, swarm)};
	const struct lab_op_info *info = &lab_op_infos[op.kind];

	/* Few slots meet one another more often than many. */
	if (info->operands & LAB_TAKES_SLOT)
		op.slot = (uint8_t)lab_prng_below(prng, lab_prng_chance(prng, 3, 4) ? 4 : LAB_SLOT_COUNT);
	if (info->operands & LAB_TAKES_GFP)
		op.gfp = lab_draw_gfp(prng);
	if (info->operands & LAB_TAKES_ORDER && lab_prng_chance(prng, 1, 2))
		op.order = (uint8_t)lab_prng_below(prng, scenario->machine.order_max + 1);
	if (info->operands & LAB_TAKES_VALUE)
		op.value = lab_draw_log(prng, 2 * scenario->machine.frame_count) - 1;
	if (info->operands & LAB_TAKES_IRQ)
		op.irq_save = lab_prng_chance(prng, 1, 2);
	if (info->operands & LAB_TAKES_COMES)
		op.comes = lab_prng_chance(prng, 1, 3);
	op.peer = draw_peer(prng, scenario, info->peer);
	return op;
}

struct lab_directive lab_draw_directive(struct lab_prng *prng, const struct lab_scenario *scenario)
{
	struct lab_directive directive = {.context = (uint16_t)lab_prng_below(prng, scenario->context_count)};

	directive.count = (uint32_t)lab_draw_log(prng, 64) - 1;
	if (!lab_is_handler(&scenario->contexts[directive.context]))
		return directive;
	directive.kind = lab_prng_chance(prng, 1, 2) ? LAB_DIRECTIVE_FIRE : LAB_DIRECTIVE_FIRE_AT;
	directive.host = (uint16_t)lab_prng_below(prng, scenario->context_count);
	directive.count = (uint32_t)lab_draw_log(prng, 1024);
	return directive;
}

uint8_t lab_draw_choice(struct lab_prng *prng)
{
	return (uint8_t)(lab_prng_chance(prng, 1, 2) ? 0 : lab_prng_below(prng, LAB_FUZZ_TASK_MAX + LAB_FUZZ_LINE_MAX));
}

void lab_draw_range(struct lab_prng *prng, struct lab_scenario_machine *machine)
{
	static const unsigned zones[] = {LAB_SPAN_HOLE, LAB_ZONE_DMA, LAB_ZONE_NORMAL};
	uint64_t first = lab_prng_below(prng, machine->frame_count), count;
	struct lab_span_list list;

	if (lab_prng_chance(prng, 1, 2))
		first = lab_align_down(first, 64);
	count = lab_draw_log(prng, machine->frame_count - first);
	if (lab_prng_chance(prng, 1, 2))
		count = LAB_MIN(lab_align_up(count, 64), machine->frame_count - first);
	lab_spans_load(&list, machine);
	lab_spans_paint(&list, first, count, zones[lab_prng_below(prng, LAB_ARRAY_COUNT(zones))]);
	lab_spans_store(&list, machine);
}

void lab_draw_marks(struct lab_prng *prng, struct lab_scenario_machine *machine)
{
	unsigned zone = (unsigned)lab_prng_below(prng, LAB_ZONE_COUNT);
	struct lab_zone_marks *marks = &machine->zones[zone];

	if (!marks->frames)
		return;
	/* Often the greatest that there may be: the floor is near then. */
	marks->min = lab_prng_chance(prng, 1, 3) ? marks->frames * 2 / 3 : lab_draw_log(prng, marks->frames) - 1;
	marks->low = marks->min + marks->min / 4;
	marks->high = marks->min + marks->min / 2;
	if (zone == LAB_ZONE_DMA)
		marks->lowmem_reserve[LAB_ZONE_NORMAL] = lab_draw_log(prng, marks->frames) - 1;
}
