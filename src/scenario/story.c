/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/story.h"

#include "base/bits.h"
#include "scenario/draw.h"
#include "scenario/edit.h"
#include "scenario/words.h"

#define FLAVOURS 3u /* of flags and orders in one scenario */
#define OPS_MORE 8u /* operations of the smallest scenarios */
#define FILLS    6u /* allocations that bring the machine to its edge */

struct story {
	struct lab_prng *prng;
	struct lab_scenario *scenario;
	uint32_t swarm;
	bool keeps; /* blocks are kept more than freed, for the shrinkers */
	lab_gfp gfps[FLAVOURS];
	uint8_t orders[FLAVOURS];
	/* What each context holds if all its allocations succeed, and how many blocks were given to it. */
	uint16_t held[LAB_CONTEXT_MAX];
	unsigned mail[LAB_CONTEXT_MAX];
};

static void add(struct story *story, size_t context, struct lab_op op)
{
	lab_edit_insert_op(story->scenario, context, story->scenario->contexts[context].op_count, op);
}

/* A slot of those in the set, the first ones more often. */
static uint8_t draw_slot(struct story *story, unsigned set)
{
	for (unsigned skip = (unsigned)lab_prng_below(story->prng, lab_bits_count(set)); skip; skip--)
		set &= set - 1;
	return (uint8_t)lab_bits_first(set);
}

static struct lab_op draw_alloc(struct story *story, size_t context)
{
	unsigned empty = ~(unsigned)story->held[context] & 0xffff;
	struct lab_op op = {.kind = LAB_OP_ALLOC};

	op.gfp = story->gfps[lab_prng_below(story->prng, FLAVOURS)];
	op.order = story->orders[lab_prng_below(story->prng, FLAVOURS)];
	/* Into a full slot now and then: the old block is kept. */
	op.slot = empty && lab_prng_chance(story->prng, story->keeps ? 4 : 15, story->keeps ? 8 : 16)
			  ? (uint8_t)lab_bits_first(empty)
			  : draw_slot(story, story->held[context] ? story->held[context] : 0xffff);
	return op;
}

/* Operations on a slot take one that holds a block; where there is none, a block is taken instead. */
static struct lab_op fit(struct story *story, size_t context, struct lab_op op)
{
	unsigned held = story->held[context];

	const struct lab_scenario_context *contexts = story->scenario->contexts;

	if (op.kind == LAB_OP_ALLOC)
		return draw_alloc(story, context);
	/* Where somebody is at work; a handler takes no CPU away. */
	if (op.kind == LAB_OP_OFFLINE && lab_is_handler(&contexts[context]))
		return draw_alloc(story, context);
	if (op.kind == LAB_OP_OFFLINE && lab_prng_chance(story->prng, 7, 8))
		op.peer = (uint16_t)contexts[lab_prng_below(story->prng, story->scenario->context_count)].cpu;
	if (op.kind == LAB_OP_TAKE && !story->mail[context] && lab_prng_chance(story->prng, 7, 8))
		return draw_alloc(story, context);
	if (op.kind == LAB_OP_TAKE || !(lab_op_infos[op.kind].operands & LAB_TAKES_SLOT))
		return op;
	if (!held)
		return draw_alloc(story, context);
	op.slot = draw_slot(story, held);
	return op;
}

static void tell(struct story *story, size_t context, struct lab_op op);

/* A block is taken and freed on the CPU by another than `but`, if somebody is there. */
static void use_cpu(struct story *story, unsigned cpu, size_t but)
{
	size_t count = story->scenario->context_count, context = lab_prng_below(story->prng, count);
	struct lab_op op;

	for (size_t left = count; left; left--, context = (context + 1) % count) {
		if (story->scenario->contexts[context].cpu != cpu || context == but)
			continue;
		op = draw_alloc(story, context);
		if (lab_prng_chance(story->prng, 3, 4))
			op.order = 0; /* what CPUs keep for themselves */
		tell(story, context, op);
		if (lab_prng_chance(story->prng, 3, 4))
			tell(story, context, (struct lab_op){.kind = LAB_OP_FREE, .slot = op.slot});
		return;
	}
}

/* Follows what the operation does to slots and mail, and lets what belongs to it come after it. */
static void tell(struct story *story, size_t context, struct lab_op op)
{
	uint16_t slot = (uint16_t)(1u << op.slot);

	add(story, context, op);
	switch (op.kind) {
	case LAB_OP_ALLOC:
		story->held[context] |= slot;
		break;
	case LAB_OP_FREE:
	case LAB_OP_FREE_TWICE:
		story->held[context] &= (uint16_t)~slot;
		break;
	case LAB_OP_GIVE:
		story->held[context] &= (uint16_t)~slot;
		story->mail[op.peer]++;
		if (lab_prng_chance(story->prng, 3, 4))
			tell(story, op.peer, (struct lab_op){.kind = LAB_OP_TAKE, .slot = op.slot});
		break;
	case LAB_OP_TAKE:
		story->mail[context] -= story->mail[context] > 0;
		story->held[context] |= slot;
		break;
	case LAB_OP_OFFLINE:
		if (lab_prng_chance(story->prng, 3, 4))
			use_cpu(story, op.peer, context);
		if (lab_prng_chance(story->prng, 1, 4))
			add(story, context, (struct lab_op){.kind = LAB_OP_ONLINE, .peer = op.peer});
		break;
	case LAB_OP_MAP: /* what may be mapped once may not be mapped twice */
		if (lab_prng_chance(story->prng, 1, 2))
			add(story, context, op);
		break;
	default:
		break;
	}
}

/* Takes most of a zone in few steps, so that a floor, or the end, is near for all that follows. */
static void fill(struct story *story)
{
	const struct lab_zone_marks *marks = &story->scenario->machine.zones[LAB_ZONE_NORMAL];
	enum lab_class class = (enum lab_class)lab_prng_below(story->prng, LAB_CLASS_COUNT);
	uint64_t stays = lab_class_floor(class, marks->min) + lab_prng_below(story->prng, 4);
	uint64_t left = marks->frames > stays ? marks->frames - stays : 0;

	for (unsigned i = 0; i < FILLS && left; i++) {
		struct lab_op op = {.kind = LAB_OP_ALLOC, .gfp = LAB_GFP_MEMALLOC};

		op.slot = (uint8_t)(LAB_SLOT_COUNT - 1 - i);
		op.order = (uint8_t)LAB_MIN(lab_order_of(left), story->scenario->machine.order_max);
		left -= UINT64_C(1) << op.order;
		tell(story, 0, op);
	}
}

static void draw_flavours(struct story *story)
{
	uint32_t allocs = UINT32_C(1) << LAB_OP_ALLOC;

	/* Half of the scenarios do the usual things only. */
	story->swarm = lab_prng_chance(story->prng, 1, 2) ? lab_draw_swarm(story->prng)
							  : lab_draw_swarm(story->prng) & LAB_SWARM_USUAL;
	if (lab_prng_chance(story->prng, 3, 4))
		story->swarm |= UINT32_C(1) << LAB_OP_FREE;
	story->keeps = lab_prng_chance(story->prng, 1, 4);
	if (story->keeps)
		story->swarm |= UINT32_C(1) << LAB_OP_RECLAIM;
	for (unsigned i = 0; i < FLAVOURS; i++) {
		struct lab_op op = lab_draw_op(story->prng, story->scenario, allocs);

		story->gfps[i] = op.gfp;
		story->orders[i] = i ? op.order : 0;
	}
}

void lab_story_generate(struct lab_prng *prng, unsigned size, struct lab_scenario *scenario)
{
	struct story story = {.prng = prng, .scenario = scenario};
	uint64_t most = OPS_MORE + (uint64_t)LAB_FUZZ_OP_MAX * scenario->context_count * size / 100;

	draw_flavours(&story);
	if (lab_prng_chance(prng, 1, 4))
		fill(&story);
	for (uint64_t left = 1 + lab_prng_below(prng, most); left; left--) {
		size_t context = lab_prng_below(prng, scenario->context_count);

		tell(&story, context, fit(&story, context, lab_draw_op(prng, scenario, story.swarm)));
	}
}
