/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "cli/hunt.h"
#include "scenario/edit.h"
#include "scenario/excerpt.h"
#include "scenario/mutate.h"

/*
 * Excerpts in a row, then as many at random that are cut earlier and edited; then all again with four times as many
 * schedules for each, as long as nothing is found: what needs no particular schedule is found in the first round, where
 * each has next to none. Few contexts come before many, for what is found has to be told. Machines are small, so that a
 * full zone, a split or an empty cache is never far.
 */
#define SHARE_FIRST  UINT64_C(4)
#define SHARE_FACTOR 4u
#define SHARE_ROUNDS 5u   /* in which it grows */
#define EDITED       400u /* of each round */
#define EDITS_MOST   6u
#define SKIPPED_MOST 32u
#define MORE_MOST    24u /* operations added to what broke another rule */
#define MORE_ORDERS  3u
#define FRAMES_MOST  UINT64_C(4096) /* an edit may ask for more than there is memory */

static const size_t ops[] = {2, 4, 8, 16, 64};
static const uint64_t frames[] = {64, 16, 256};
static const uint64_t left[] = {LAB_EXCERPT_ALL_FREE, 0, 1, 8};
static const struct {
	unsigned cpus, firings;
} crowds[] = {{1, 1}, {2, 0}, {1, 2}, {2, 1}, {2, 2}, {4, 4}};

static const struct lab_excerpt *nth(unsigned number, struct lab_excerpt *excerpt)
{
	unsigned take = number;

	*excerpt = (struct lab_excerpt){0};
	excerpt->left = left[take % LAB_ARRAY_COUNT(left)];
	take /= LAB_ARRAY_COUNT(left);
	excerpt->maze = take % 2;
	take /= 2;
	excerpt->ops = ops[take % LAB_ARRAY_COUNT(ops)];
	take /= LAB_ARRAY_COUNT(ops);
	excerpt->frames = frames[take % LAB_ARRAY_COUNT(frames)];
	take /= LAB_ARRAY_COUNT(frames);
	excerpt->cpus = crowds[take % LAB_ARRAY_COUNT(crowds)].cpus;
	excerpt->firings = crowds[take % LAB_ARRAY_COUNT(crowds)].firings;
	excerpt->min = excerpt->frames / (excerpt->left == LAB_EXCERPT_ALL_FREE ? 16 : 4);
	return excerpt;
}

#define EXCERPTS                                                                                                       \
	(unsigned)(LAB_ARRAY_COUNT(crowds) * LAB_ARRAY_COUNT(left) * LAB_ARRAY_COUNT(frames) * LAB_ARRAY_COUNT(ops) * 2)

static void edit(struct lab_prng *prng, struct lab_scenario *scenario)
{
	for (uint64_t edits = lab_prng_below(prng, EDITS_MOST + 1); edits; edits--)
		lab_scenario_mutate(prng, scenario);
	scenario->schedule_bytes = scenario->directive_count = 0;
}

/* What breaks one rule often breaks another a little later: whoever allocates next meets the damage. */
static void go_on(struct lab_prng *prng, const struct lab_hunt *hunt, struct lab_scenario *scenario)
{
	unsigned near = (unsigned)lab_prng_below(prng, LAB_MIN(hunt->near_count, (uint64_t)LAB_HUNT_NEAR));
	size_t context;
	struct lab_op op;

	lab_scenario_copy(scenario, &hunt->near[near]);
	context = lab_prng_below(prng, scenario->context_count);
	op = (struct lab_op){.kind = LAB_OP_ALLOC, .gfp = LAB_GFP_MEMALLOC};
	op.order = (uint8_t)LAB_MIN((unsigned)lab_prng_below(prng, MORE_ORDERS), scenario->machine.order_max);
	for (uint64_t more = 1 + lab_prng_below(prng, MORE_MOST); more; more--) {
		lab_edit_insert_op(scenario, context, scenario->contexts[context].op_count, op);
		op.slot = (uint8_t)((op.slot + 1u) % LAB_SLOT_COUNT);
	}
}

static void edited(const struct lab_hunt *hunt, struct lab_prng *prng, struct lab_scenario *scenario)
{
	struct lab_excerpt excerpt;

	if (hunt->near_count && lab_prng_chance(prng, 1, 2)) {
		go_on(prng, hunt, scenario);
	} else {
		nth((unsigned)lab_prng_below(prng, EXCERPTS), &excerpt);
		excerpt.skipped = lab_prng_chance(prng, 1, 2) ? lab_prng_below(prng, SKIPPED_MOST) : 0;
		lab_scenario_excerpt(&hunt->window, &excerpt, scenario);
	}
	edit(prng, scenario);
}

void lab_hunt_vary(struct lab_hunt *hunt)
{
	struct lab_scenario scenario;
	struct lab_excerpt excerpt;
	struct lab_prng prng;

	lab_scenario_init(&scenario);
	while (!lab_hunt_over(hunt)) {
		uint64_t number = hunt->state->next++, round = number / (EXCERPTS + EDITED), share = SHARE_FIRST;
		unsigned place = (unsigned)(number % (EXCERPTS + EDITED));

		/* each of its own stream: a process that takes over goes on as the last one would have */
		lab_prng_seed(&prng, hunt->plan->seed, number);
		if (place < EXCERPTS)
			lab_scenario_excerpt(&hunt->window, nth(place, &excerpt), &scenario);
		else
			edited(hunt, &prng, &scenario);
		for (uint64_t i = LAB_MIN(round, (uint64_t)SHARE_ROUNDS); i; i--)
			share *= SHARE_FACTOR;
		if (scenario.machine.frame_count <= FRAMES_MOST)
			lab_hunt_scenario(hunt, &scenario, share);
	}
	lab_scenario_free(&scenario);
}
