/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/plot.h"

#include "base/bits.h"
#include "scenario/draw.h"
#include "scenario/edit.h"
#include "scenario/words.h"

#define FILLS_MOST 12u /* allocations that bring the machine to its edge; some slots stay for what follows */
#define CHURN_MOST 6u  /* blocks that are out at a time */

static size_t task_count(const struct lab_scenario *scenario)
{
	size_t count = 0;

	while (count < scenario->context_count && !lab_is_handler(&scenario->contexts[count]))
		count++;
	return count;
}

/* Great blocks first and then what is left of them; or blocks of one order, after which there may be some left. */
static void fill(struct lab_telling *telling, uint64_t stays)
{
	const struct lab_scenario_machine *machine = &telling->scenario->machine;
	uint64_t frames = machine->zones[LAB_ZONE_NORMAL].frames, left = frames > stays ? frames - stays : 0;
	bool spread = lab_prng_chance(telling->prng, 1, 4);
	unsigned order = lab_prng_chance(telling->prng, 1, 4) ? telling->orders[1] : machine->order_max;
	size_t tasks = task_count(telling->scenario);

	for (unsigned i = 0; i < FILLS_MOST && left; i++) {
		struct lab_op op = {.kind = LAB_OP_ALLOC, .gfp = LAB_GFP_MEMALLOC};

		while (UINT64_C(1) << order > left)
			order--;
		op.slot = (uint8_t)(LAB_SLOT_COUNT - 1 - i);
		op.order = (uint8_t)order;
		left -= UINT64_C(1) << order;
		lab_tell(telling, spread ? i % tasks : 0, op);
	}
}

void lab_plot_fill(struct lab_telling *telling)
{
	const struct lab_zone_marks *marks = &telling->scenario->machine.zones[LAB_ZONE_NORMAL];
	enum lab_class class = (enum lab_class)lab_prng_below(telling->prng, LAB_CLASS_COUNT);

	fill(telling, lab_prng_chance(telling->prng, 3, 4)
			      ? lab_class_floor(class, marks->min) + lab_prng_below(telling->prng, 4)
			      : 0);
}

/* A context but the first, of those that there are; a handler mostly. */
static size_t another(struct lab_telling *telling)
{
	size_t count = telling->scenario->context_count, tasks = task_count(telling->scenario);
	size_t first = tasks < count && lab_prng_chance(telling->prng, 3, 4) ? tasks : 1;

	return first + lab_prng_below(telling->prng, count - first);
}

void lab_plot_dip(struct lab_telling *telling)
{
	static const lab_gfp gfps[LAB_CLASS_COUNT] = {
		[LAB_CLASS_ORDINARY] = LAB_GFP_NOWAIT,
		[LAB_CLASS_HIGH] = LAB_GFP_KERNEL | LAB_GFP_HIGH | LAB_GFP_NORETRY,
		[LAB_CLASS_ATOMIC] = LAB_GFP_ATOMIC,
		[LAB_CLASS_MEMALLOC] = LAB_GFP_MEMALLOC,
	};
	struct lab_scenario_machine *machine = &telling->scenario->machine;
	enum lab_class class = (enum lab_class)lab_prng_below(telling->prng, LAB_CLASS_MEMALLOC);
	struct lab_op take = {.kind = LAB_OP_ALLOC, .gfp = LAB_GFP_MEMALLOC};
	size_t context;

	for (unsigned i = 0; i < 4 && !machine->zones[LAB_ZONE_NORMAL].min; i++)
		lab_draw_marks(telling->prng, machine);
	fill(telling, lab_class_floor(class, machine->zones[LAB_ZONE_NORMAL].min));
	if (telling->scenario->context_count < 2)
		return;
	context = another(telling);
	lab_tell(telling, context, take);
	lab_tell(telling, context, (struct lab_op){.kind = LAB_OP_FREE});
	take.gfp = gfps[class];
	lab_tell(telling, 0, take);
}

void lab_plot_strays(struct lab_telling *telling)
{
	const struct lab_scenario_machine *machine = &telling->scenario->machine;
	struct lab_op take = lab_tell_alloc(telling, 0), stray = {.kind = LAB_OP_FREE_WILD};
	size_t context;

	if (telling->scenario->context_count < 2 || machine->order_max < 2)
		return;
	context = another(telling);
	take.order = (uint8_t)LAB_MAX(take.order, 2 + lab_prng_below(telling->prng, machine->order_max - 1));
	/* most allocators give the first one first */
	if (lab_prng_chance(telling->prng, 1, 8))
		stray.value =
			lab_align_down(lab_prng_below(telling->prng, machine->frame_count), UINT64_C(1) << take.order);
	lab_tell(telling, 0, take);
	stray.value++;
	lab_tell(telling, context, stray);
	stray.value += 1 + lab_prng_below(telling->prng, (UINT64_C(1) << take.order) - 2);
	lab_tell(telling, context, stray);
}

/*
 * Somebody is killed, mostly in the middle of what he does: by a line that nothing masks, which comes in anywhere. Of
 * the others some go on, and one gets back what he had; if none does, the engine will.
 */
void lab_plot_death(struct lab_telling *telling)
{
	struct lab_scenario *scenario = telling->scenario;
	size_t tasks = task_count(scenario), victim = lab_prng_below(telling->prng, tasks), lines = 0, reaper, line;
	unsigned cpu = scenario->contexts[victim].cpu;

	for (size_t i = 0; i < scenario->context_count; i++)
		lines += lab_is_handler(&scenario->contexts[i]);
	if (lines == LAB_FUZZ_LINE_MAX)
		return;
	line = lab_edit_add_context(scenario, LAB_CONTEXT_NMI, cpu);
	lab_edit_insert_op(scenario, line, 0, (struct lab_op){.kind = LAB_OP_DIE});
	for (uint64_t i = lab_prng_below(telling->prng, 3); i; i--) {
		reaper = lab_prng_below(telling->prng, tasks);
		for (size_t left = tasks; left && scenario->contexts[reaper].cpu == cpu; left--)
			reaper = (reaper + 1) % tasks;
		if (scenario->contexts[reaper].cpu == cpu || scenario->contexts[reaper].op_count == LAB_FUZZ_OP_MAX)
			continue;
		lab_edit_insert_op(scenario, reaper,
				   lab_prng_below(telling->prng, scenario->contexts[reaper].op_count + 1),
				   (struct lab_op){.kind = LAB_OP_REAP, .peer = (uint16_t)cpu});
	}
}

void lab_plot_churn(struct lab_telling *telling, size_t context)
{
	unsigned count = 2 + (unsigned)lab_prng_below(telling->prng, CHURN_MOST - 1);
	struct lab_op op = lab_tell_alloc(telling, context);
	uint64_t manner = lab_prng_below(telling->prng, 3);

	for (unsigned i = 0; i < count; i++) {
		op.slot = (uint8_t)i;
		lab_tell(telling, context, op);
	}
	for (unsigned i = 0; i < count; i++) {
		struct lab_op release = {.kind = LAB_OP_FREE, .slot = (uint8_t)i};

		if (manner == 1)
			release.slot = (uint8_t)(count - 1 - i);
		else if (manner == 2)
			release.slot = (uint8_t)(2 * i < count ? 2 * i : 2 * (i - (count + 1) / 2) + 1);
		lab_tell(telling, context, release);
	}
	if (lab_prng_chance(telling->prng, 1, 2))
		lab_tell(telling, context, op);
}

void lab_plot_hollow(struct lab_telling *telling, size_t context)
{
	unsigned most = telling->scenario->machine.order_max;
	struct lab_op first = lab_tell_alloc(telling, context), stays;

	if (!most)
		return;
	first.slot = 0;
	first.order = (uint8_t)(lab_prng_chance(telling->prng, 1, 2) ? most - 1 : lab_prng_below(telling->prng, most));
	stays = first;
	stays.slot = 1;
	stays.order = (uint8_t)lab_prng_below(telling->prng, first.order + 1u);
	lab_tell(telling, context, first);
	lab_tell(telling, context, stays);
	lab_tell(telling, context, (struct lab_op){.kind = LAB_OP_FREE, .slot = 0});
	first.order++;
	lab_tell(telling, context, first);
}

void lab_plot_company(struct lab_scenario *scenario)
{
	scenario->machine.cpu_count = LAB_MAX(scenario->machine.cpu_count, 2);
	if (task_count(scenario) < 2)
		lab_edit_add_context(scenario, LAB_CONTEXT_TASK, 0);
	scenario->contexts[1].cpu = (scenario->contexts[0].cpu + 1) % scenario->machine.cpu_count;
}

void lab_plot_meeting(struct lab_telling *telling)
{
	const struct lab_scenario *scenario = telling->scenario;
	unsigned order = (unsigned)lab_prng_below(telling->prng, scenario->machine.order_max + 1);

	for (size_t i = 0; i < scenario->context_count; i++) {
		struct lab_op take = lab_tell_alloc(telling, i);

		take.order = (uint8_t)(lab_prng_chance(telling->prng, 3, 4) ? order
									    : lab_prng_below(telling->prng, order + 1));
		for (uint64_t rounds = 1 + lab_prng_below(telling->prng, 2); rounds; rounds--) {
			lab_tell(telling, i, take);
			lab_tell(telling, i, (struct lab_op){.kind = LAB_OP_FREE, .slot = take.slot});
		}
		if (lab_prng_chance(telling->prng, 1, 2))
			lab_tell(telling, i, take);
	}
}

void lab_plot_twins(struct lab_telling *telling)
{
	struct lab_scenario *scenario = telling->scenario;
	size_t tasks = task_count(scenario);

	for (size_t task = 1; task < tasks; task++) {
		while (scenario->contexts[task].op_count)
			lab_edit_drop_op(scenario, task, scenario->contexts[task].op_count - 1);
		for (size_t i = 0; i < scenario->contexts[0].op_count; i++)
			lab_edit_insert_op(scenario, task, i, scenario->ops[scenario->contexts[0].first_op + i]);
	}
}
