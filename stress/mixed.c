/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

#include "base/bits.h"

/*
 * Everything, by swarm: each actor has a random subset, for a while, of the operations and flags, because a bug that
 * needs many of one kind is drowned when all kinds come (Groce et al., ISSTA 2012).
 */

#define SWARM_OPS 8192u /* operations of one subset: long runs see many */

enum { TASK = 1, IRQ = 2, NMI = 4, ANY = TASK | IRQ | NMI };

static const struct choice {
	enum lab_op_kind kind;
	unsigned weight;
	unsigned contexts; /* in which it may be asked for */
	bool always;       /* in every subset */
} choices[] = {
	{LAB_OP_ALLOC, 120, ANY, true},       {LAB_OP_FREE, 90, ANY, true},
	{LAB_OP_TAKE, 20, ANY, true},         {LAB_OP_TOUCH, 40, ANY, false},
	{LAB_OP_GIVE, 25, ANY, false},        {LAB_OP_MAP, 12, TASK | IRQ, false},
	{LAB_OP_UNMAP, 8, TASK | IRQ, false}, {LAB_OP_FREE_TWICE, 5, ANY, false},
	{LAB_OP_FREE_FOREIGN, 5, ANY, false}, {LAB_OP_FREE_WRONG_ORDER, 5, ANY, false},
	{LAB_OP_FREE_WILD, 5, ANY, false},    {LAB_OP_IRQ_OFF, 6, ANY, false},
	{LAB_OP_LOCK, 6, TASK | IRQ, false},  {LAB_OP_RAISE, 10, ANY, false},
	{LAB_OP_DRAIN, 2, TASK, false},       {LAB_OP_RECLAIM, 4, TASK, false},
	{LAB_OP_WATERMARK, 1, TASK, false},   {LAB_OP_WAIT, 1, TASK, false},
	{LAB_OP_OFFLINE, 1, TASK, false},     {LAB_OP_ONLINE, 2, TASK, false},
};

static bool is_in_subset(const struct lab_workload_state *state, unsigned index, enum lab_context_kind kind)
{
	unsigned context = kind == LAB_CONTEXT_TASK ? TASK : kind == LAB_CONTEXT_NMI ? NMI : IRQ;

	return (choices[index].contexts & context) && (choices[index].always || state->subset >> index & 1);
}

static enum lab_op_kind draw_kind(struct lab_workload_state *state, enum lab_context_kind kind)
{
	unsigned total = 0, point;

	for (unsigned i = 0; i < LAB_ARRAY_COUNT(choices); i++)
		if (is_in_subset(state, i, kind))
			total += choices[i].weight;
	point = (unsigned)lab_prng_below(&state->prng, total);
	for (unsigned i = 0;; i++) {
		if (!is_in_subset(state, i, kind))
			continue;
		if (point < choices[i].weight)
			return choices[i].kind;
		point -= choices[i].weight;
	}
}

static lab_gfp draw_gfp(struct lab_workload_state *state)
{
	static const lab_gfp classes[] = {
		LAB_GFP_KERNEL,
		LAB_GFP_NOWAIT,
		LAB_GFP_ATOMIC,
		LAB_GFP_KERNEL | LAB_GFP_HIGH,
		LAB_GFP_ATOMIC | LAB_GFP_MEMALLOC,
		LAB_GFP_ATOMIC | LAB_GFP_MEMALLOC | LAB_GFP_NOMEMALLOC,
		LAB_GFP_KERNEL | LAB_GFP_NORETRY,
		0,
	};
	static const lab_gfp extras[] = {LAB_GFP_DMA, LAB_GFP_ZERO, LAB_GFP_EXCLUSIVE, LAB_GFP_SHRED};
	lab_gfp gfp = classes[lab_prng_below(&state->prng, LAB_ARRAY_COUNT(classes))];

	for (unsigned i = 0; i < LAB_ARRAY_COUNT(extras); i++)
		if ((state->subset >> (32 + i) & 1) && lab_prng_chance(&state->prng, 1, 4))
			gfp |= extras[i];
	return gfp;
}

static unsigned draw_peer(const struct lab_workload_setting *setting, struct lab_workload_state *state)
{
	return lab_workload_peer(setting, (unsigned)lab_prng_below(&state->prng, setting->threads),
				 (enum lab_context_kind)lab_prng_below(&state->prng, LAB_CONTEXT_KIND_COUNT));
}

/* Upwards only from the machine's own: the floor that a low-water mark is held against stays the one of the options. */
static struct lab_op watermark(const struct lab_workload_setting *setting, struct lab_workload_state *state)
{
	struct lab_op op = lab_workload_op(LAB_OP_WATERMARK, 0);
	uint64_t min;

	op.peer = (uint16_t)lab_prng_below(&state->prng, LAB_ZONE_COUNT);
	min = setting->machine->zones[op.peer].min;
	op.value = min + lab_prng_below(&state->prng, min + 1);
	return op;
}

static struct lab_op fill_in(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			     enum lab_op_kind kind)
{
	struct lab_op op = lab_workload_op(kind, (unsigned)lab_prng_below(&state->prng, LAB_SLOT_COUNT));
	unsigned order_most = (unsigned)(state->subset >> 40 & 0xf);

	switch (kind) {
	case LAB_OP_ALLOC:
		return lab_workload_alloc(setting, op.slot, draw_gfp(state),
					  lab_workload_order(setting, state, 0, order_most));
	case LAB_OP_FREE_WILD: /* a quarter beyond the end */
		op.value = lab_prng_below(&state->prng, setting->machine->frame_count * 5 / 4);
		break;
	case LAB_OP_IRQ_OFF:
		state->masked = 1;
		break;
	case LAB_OP_LOCK:
		op.peer = (uint16_t)lab_prng_below(&state->prng, LAB_LOCK_COUNT);
		op.irq_save = true;
		state->lock = op.peer + 1u;
		break;
	case LAB_OP_DRAIN:
	case LAB_OP_OFFLINE:
	case LAB_OP_ONLINE:
		op.peer = (uint16_t)lab_prng_below(&state->prng, setting->threads);
		break;
	case LAB_OP_RECLAIM:
		op.value = lab_prng_below(&state->prng, 64);
		break;
	case LAB_OP_WATERMARK:
		return watermark(setting, state);
	default:
		op.peer = (uint16_t)draw_peer(setting, state);
	}
	return op;
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	/* Masks and locks last a few operations, and the live engine lets go of them when a handler returns. */
	if (actor->kind != LAB_CONTEXT_TASK && (unsigned)state->run != state->count) {
		state->count = (unsigned)state->run;
		state->masked = state->lock = 0;
	}
	if (state->lock && lab_prng_chance(&state->prng, 1, 3)) {
		struct lab_op op = lab_workload_op(LAB_OP_UNLOCK, 0);

		op.peer = (uint16_t)(state->lock - 1);
		state->lock = 0;
		return op;
	}
	if (state->masked && !state->lock && lab_prng_chance(&state->prng, 1, 3)) {
		state->masked = 0;
		return lab_workload_op(LAB_OP_IRQ_ON, 0);
	}
	if (++state->steps % SWARM_OPS == 0)
		state->subset = lab_prng_u64(&state->prng);
	if (state->lock || state->masked)
		return fill_in(setting, state, lab_prng_chance(&state->prng, 1, 2) ? LAB_OP_ALLOC : LAB_OP_FREE);
	return fill_in(setting, state, draw_kind(state, actor->kind));
}

const struct lab_workload lab_workload_mixed = {
	.name = "mixed",
	.summary = "all operations, flags and misuse, by swarm: a random subset for each run and context",
	.burst_max = 12,
	.next = next,
};
