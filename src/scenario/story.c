/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/story.h"

#include "base/bits.h"
#include "scenario/draw.h"
#include "scenario/edit.h"
#include "scenario/plot.h"
#include "scenario/words.h"

#define OPS_MORE    8u  /* operations of the smallest scenarios */
#define PLOT_EVERY  20u /* operations, in the middle, between two runs of some that go together */
#define DEATH_EVERY 3u  /* scenarios of a target whose processes may be killed */
#define MEETS_EVERY 8u  /* scenarios: one that is a meeting and nothing else */
#define HANDLER_MOST                                                                                                   \
	4u /* operations of most handlers: what runs in interrupts is short, and comes in several times                \
	    */

#define TASKS_ONLY                                                                                                     \
	(UINT32_C(1) << LAB_OP_DRAIN | UINT32_C(1) << LAB_OP_WATERMARK | UINT32_C(1) << LAB_OP_OFFLINE |               \
	 UINT32_C(1) << LAB_OP_ONLINE | UINT32_C(1) << LAB_OP_WAIT | UINT32_C(1) << LAB_OP_MEMORY)

/* A slot of those in the set, each as likely as another. */
uint8_t lab_tell_slot(struct lab_telling *telling, unsigned set)
{
	for (unsigned skip = (unsigned)lab_prng_below(telling->prng, lab_bits_count(set)); skip; skip--)
		set &= set - 1;
	return (uint8_t)lab_bits_first(set);
}

struct lab_op lab_tell_alloc(struct lab_telling *telling, size_t context)
{
	unsigned empty = ~(unsigned)telling->held[context] & 0xffff;
	struct lab_op op = {.kind = LAB_OP_ALLOC};

	op.gfp = telling->gfps[lab_prng_below(telling->prng, LAB_FLAVOURS)];
	op.order = telling->orders[lab_prng_below(telling->prng, LAB_FLAVOURS)];
	/* Into a full slot now and then: the old block is kept. */
	op.slot = empty && lab_prng_chance(telling->prng, telling->keeps ? 4 : 15, telling->keeps ? 8 : 16)
			  ? (uint8_t)lab_bits_first(empty)
			  : lab_tell_slot(telling, telling->held[context] ? telling->held[context] : 0xffff);
	return op;
}

/* Operations on a slot take one that holds a block; where there is none, a block is taken instead. */
static struct lab_op fit(struct lab_telling *telling, size_t context, struct lab_op op)
{
	const struct lab_scenario_context *contexts = telling->scenario->contexts;
	unsigned held = telling->held[context];

	if (op.kind == LAB_OP_ALLOC)
		return lab_tell_alloc(telling, context);
	if (lab_is_handler(&contexts[context]) && TASKS_ONLY >> op.kind & 1)
		return lab_tell_alloc(telling, context);
	/* Where somebody is at work. */
	if (op.kind == LAB_OP_OFFLINE && lab_prng_chance(telling->prng, 7, 8))
		op.peer = (uint16_t)contexts[lab_prng_below(telling->prng, telling->scenario->context_count)].cpu;
	if (op.kind == LAB_OP_TAKE && !telling->mail[context] && lab_prng_chance(telling->prng, 7, 8))
		return lab_tell_alloc(telling, context);
	if (op.kind == LAB_OP_TAKE || !(lab_op_infos[op.kind].operands & LAB_TAKES_SLOT))
		return op;
	if (!held)
		return lab_tell_alloc(telling, context);
	op.slot = lab_tell_slot(telling, held);
	return op;
}

/* A block is taken and freed on the CPU by another than `but`, if somebody is there. */
static void use_cpu(struct lab_telling *telling, unsigned cpu, size_t but)
{
	size_t count = telling->scenario->context_count, context = lab_prng_below(telling->prng, count);
	struct lab_op op;

	for (size_t left = count; left; left--, context = (context + 1) % count) {
		if (telling->scenario->contexts[context].cpu != cpu || context == but)
			continue;
		op = lab_tell_alloc(telling, context);
		if (lab_prng_chance(telling->prng, 3, 4))
			op.order = 0; /* what CPUs keep for themselves */
		lab_tell(telling, context, op);
		if (lab_prng_chance(telling->prng, 3, 4))
			lab_tell(telling, context, (struct lab_op){.kind = LAB_OP_FREE, .slot = op.slot});
		return;
	}
}

static void add(struct lab_telling *telling, size_t context, struct lab_op op)
{
	lab_edit_insert_op(telling->scenario, context, telling->scenario->contexts[context].op_count, op);
}

/* A release of what may not be there any more. */
static struct lab_op stray_in(struct lab_telling *telling, unsigned span)
{
	const struct lab_span *it = &telling->scenario->machine.spans[span];

	return (struct lab_op){.kind = LAB_OP_FREE_WILD,
			       .value = it->first_frame + lab_prng_below(telling->prng, it->frame_count)};
}

/* Follows what the operation does to slots and mail, and lets what belongs to it come after it. */
void lab_tell(struct lab_telling *telling, size_t context, struct lab_op op)
{
	uint16_t slot = (uint16_t)(1u << op.slot);

	add(telling, context, op);
	switch (op.kind) {
	case LAB_OP_ALLOC:
		telling->held[context] |= slot;
		break;
	case LAB_OP_FREE:
	case LAB_OP_FREE_TWICE:
		telling->held[context] &= (uint16_t)~slot;
		break;
	case LAB_OP_GIVE:
		telling->held[context] &= (uint16_t)~slot;
		telling->mail[op.peer]++;
		if (lab_prng_chance(telling->prng, 3, 4))
			lab_tell(telling, op.peer, (struct lab_op){.kind = LAB_OP_TAKE, .slot = op.slot});
		break;
	case LAB_OP_TAKE:
		telling->mail[context] -= telling->mail[context] > 0;
		telling->held[context] |= slot;
		break;
	case LAB_OP_OFFLINE:
		if (lab_prng_chance(telling->prng, 3, 4))
			use_cpu(telling, op.peer, context);
		if (lab_prng_chance(telling->prng, 1, 4))
			add(telling, context, (struct lab_op){.kind = LAB_OP_ONLINE, .peer = op.peer});
		break;
	case LAB_OP_MEMORY:
		if (telling->scope->ops >> LAB_OP_FREE_WILD & 1 && lab_prng_chance(telling->prng, 1, 4))
			add(telling, context, stray_in(telling, op.peer));
		if (lab_prng_chance(telling->prng, 3, 4))
			use_cpu(telling, telling->scenario->contexts[context].cpu, telling->scenario->context_count);
		if (!op.comes && lab_prng_chance(telling->prng, 1, 3))
			add(telling, context, (struct lab_op){.kind = LAB_OP_MEMORY, .peer = op.peer, .comes = true});
		break;
	case LAB_OP_MAP: /* what may be mapped once may not be mapped twice */
		if (lab_prng_chance(telling->prng, 1, 2))
			add(telling, context, op);
		break;
	default:
		break;
	}
}

static uint8_t draw_order(struct lab_telling *telling)
{
	unsigned most = telling->scenario->machine.order_max;

	switch (lab_prng_below(telling->prng, 8)) {
	case 0:
		return (uint8_t)most;
	case 1:
	case 2:
	case 3:
		return (uint8_t)lab_prng_below(telling->prng, most + 1);
	default:
		return 0;
	}
}

/* What this scenario does at all. Half of the scenarios do the usual things only, half have a theme. */
static void draw_swarm(struct lab_telling *telling)
{
	const struct lab_scope *scope = telling->scope;
	struct lab_prng *prng = telling->prng;
	struct lab_theme theme = {0, 0};
	bool singles; /* blocks of one frame */

	telling->swarm = lab_draw_swarm(prng) & scope->ops;
	if (lab_prng_chance(prng, 1, 2))
		telling->swarm &= LAB_SWARM_USUAL;
	if (lab_prng_chance(prng, 3, 4))
		telling->swarm |= UINT32_C(1) << LAB_OP_FREE;
	if (scope->theme_count && lab_prng_chance(prng, 1, 2))
		theme = scope->themes[lab_prng_below(prng, scope->theme_count)];
	telling->theme = theme.ops;
	telling->keeps = lab_prng_chance(prng, 1, scope->reclaims ? 4 : 16);
	if (telling->keeps)
		telling->swarm |= UINT32_C(1) << LAB_OP_RECLAIM;
	singles = lab_prng_chance(prng, 1, 3);
	for (unsigned i = 0; i < LAB_FLAVOURS; i++) {
		telling->gfps[i] = lab_draw_gfp(prng) | (lab_prng_chance(prng, 1, 2) ? theme.flags : 0);
		telling->orders[i] = i && !singles ? draw_order(telling) : 0;
	}
}

static size_t draw_context(struct lab_telling *telling, unsigned handler_most)
{
	const struct lab_scenario *scenario = telling->scenario;
	size_t context = lab_prng_below(telling->prng, scenario->context_count);

	if (!lab_is_handler(&scenario->contexts[context]) || scenario->contexts[context].op_count < handler_most)
		return context;
	return 0;
}

/* The operation; what the scenario is about often follows on the block that it took. */
static void tell_one(struct lab_telling *telling, size_t context, struct lab_op op)
{
	struct lab_op more;

	lab_tell(telling, context, op);
	if (op.kind != LAB_OP_ALLOC || !telling->theme || !lab_prng_chance(telling->prng, 1, 4))
		return;
	more = lab_draw_op(telling->prng, telling->scenario, telling->theme);
	if (!(lab_op_infos[more.kind].operands & LAB_TAKES_SLOT))
		return;
	more.slot = op.slot;
	lab_tell(telling, context, more);
}

/* One operation, or now and then a run of some that go together. */
static void tell_more(struct lab_telling *telling, size_t context)
{
	bool frees = telling->swarm >> LAB_OP_FREE & 1;
	uint32_t of = telling->theme && lab_prng_chance(telling->prng, 1, 4) ? telling->theme : telling->swarm;
	uint64_t pick = lab_prng_below(telling->prng, PLOT_EVERY);

	if (pick == 0 && frees)
		lab_plot_churn(telling, context);
	else if (pick == 1 && frees)
		lab_plot_hollow(telling, context);
	else
		tell_one(telling, context, fit(telling, context, lab_draw_op(telling->prng, telling->scenario, of)));
}

void lab_story_generate(struct lab_prng *prng, unsigned size, const struct lab_scope *scope,
			struct lab_scenario *scenario)
{
	struct lab_telling telling = {.prng = prng, .scenario = scenario, .scope = scope};
	uint64_t most = OPS_MORE + (uint64_t)LAB_FUZZ_OP_MAX * scenario->context_count * size / 100;
	unsigned handler_most = lab_prng_chance(prng, 3, 4) ? HANDLER_MOST : LAB_FUZZ_OP_MAX;
	bool meets = lab_prng_chance(prng, 1, MEETS_EVERY);
	bool dies = scope->deaths && lab_prng_chance(prng, 1, DEATH_EVERY);

	draw_swarm(&telling);
	if (meets || dies)
		lab_plot_company(scenario);
	if (telling.theme >> LAB_OP_FREE_WILD & 1)
		lab_plot_strays(&telling);
	if (lab_prng_chance(prng, 1, scope->marks ? 3 : 4)) {
		if (scope->marks && lab_prng_chance(prng, 1, 2))
			lab_plot_dip(&telling);
		else
			lab_plot_fill(&telling);
	}
	if (meets)
		lab_plot_meeting(&telling);
	for (uint64_t left = meets ? 0 : 1 + lab_prng_below(prng, most); left; left--)
		tell_more(&telling, draw_context(&telling, handler_most));
	if (!meets && lab_prng_chance(prng, 1, 8))
		lab_plot_twins(&telling);
	if (dies)
		lab_plot_death(&telling);
}
