/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/bits.h"
#include "scenario/draw.h"
#include "scenario/mend.h"
#include "scenario/mutate.h"
#include "scenario/story.h"

/*
 * Most bugs show on a machine at its edge: nearly full, of one word, of one frame. So most machines are small, and
 * great ones have more runs later. But what takes several words, or a block of the greatest order, shows on no small
 * one.
 */
static uint64_t draw_frames(struct lab_prng *prng, unsigned size)
{
	uint64_t most = LAB_MAX((uint64_t)LAB_FUZZ_FRAME_MAX * size / 100, UINT64_C(8));

	switch (lab_prng_below(prng, 16)) {
	case 0:
	case 1:
	case 2:
		return 1 + lab_prng_below(prng, 8);
	case 3:
	case 4:
	case 5:
	case 6:
		return 1 + lab_prng_below(prng, 64);
	case 7:
	case 8:
		return UINT64_C(1) << lab_prng_below(prng, 9);
	case 9:
	case 10:
	case 11:
		return 65 + lab_prng_below(prng, 192);
	case 12:
		return 64 * (1 + lab_prng_below(prng, 8)); /* whole words */
	case 13:
		/* One of the greatest blocks, or two, and at times an end beside them. */
		return (1 + lab_prng_below(prng, 2)) * (UINT64_C(1) << LAB_ORDER_MAX) +
		       (lab_prng_chance(prng, 1, 2) ? lab_prng_below(prng, 128) : 0);
	default:
		return lab_draw_log(prng, most);
	}
}

/* Mostly as great as the machine allows: great blocks are asked for as the story has it. At times greater. */
static unsigned draw_order_max(struct lab_prng *prng, uint64_t frames)
{
	unsigned most = LAB_MIN(lab_order_of(frames + 1) - 1, LAB_ORDER_MAX);

	switch (lab_prng_below(prng, 16)) {
	case 0:
		return (unsigned)lab_prng_below(prng, LAB_ORDER_MAX + 1);
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
		return (unsigned)lab_prng_below(prng, most + 1);
	default:
		return most;
	}
}

static void generate_machine(struct lab_prng *prng, unsigned size, const struct lab_scope *scope,
			     struct lab_scenario_machine *machine)
{
	machine->frame_count = draw_frames(prng, size);
	machine->page_shift = LAB_PAGE_SHIFT_MIN;
	machine->cpu_count = (unsigned)lab_draw_log(prng, LAB_FUZZ_CPU_MAX);
	machine->order_max = draw_order_max(prng, machine->frame_count);
	machine->span_count = 1;
	machine->spans[0] = (struct lab_span){.frame_count = machine->frame_count, .zone = LAB_ZONE_NORMAL};
	machine->zones[LAB_ZONE_NORMAL].frames = machine->frame_count;
	if (lab_prng_chance(prng, 1, 3))
		for (uint64_t i = lab_prng_below(prng, 4); i; i--)
			lab_draw_range(prng, machine);
	for (uint64_t i = scope->marks ? lab_prng_below(prng, 3) : 0; i; i--)
		lab_draw_marks(prng, machine);
}

/*
 * Interrupts come in where tasks run, now and then on a CPU that has none. Around a target's calls that they must not
 * come into they find little, and there are fewer.
 */
static void generate_contexts(struct lab_prng *prng, unsigned size, const struct lab_scope *scope,
			      struct lab_scenario *scenario)
{
	uint64_t most = LAB_MIN(2 + size / 10, LAB_FUZZ_TASK_MAX);
	uint64_t tasks = 1 + lab_prng_below(prng, most), lines = lab_prng_below(prng, most + 1);
	unsigned cpus = scenario->machine.cpu_count, levels = scope->nmi ? 3 : 2;

	if (!scope->interrupts && lab_prng_chance(prng, 3, 4))
		lines = 0;
	for (uint64_t i = 0; i < tasks + lines; i++) {
		struct lab_scenario_context *context = lab_scenario_add_context(scenario);

		if (i < tasks) {
			context->cpu =
				lab_prng_chance(prng, 3, 4) ? (unsigned)i % cpus : (unsigned)lab_prng_below(prng, cpus);
			continue;
		}
		context->kind = (enum lab_context_kind)(LAB_CONTEXT_SOFTIRQ + lab_prng_below(prng, levels));
		context->cpu = lab_prng_chance(prng, 7, 8) ? scenario->contexts[lab_prng_below(prng, tasks)].cpu
							   : (unsigned)lab_prng_below(prng, cpus);
	}
}

static void generate_schedule(struct lab_prng *prng, unsigned size, struct lab_scenario *scenario)
{
	if (lab_prng_chance(prng, 1, 2))
		for (uint64_t i = lab_prng_below(prng, 1 + LAB_FUZZ_DIRECTIVE_MAX * size / 800); i; i--)
			lab_scenario_add_directive(scenario, lab_draw_directive(prng, scenario));
	if (lab_prng_chance(prng, 1, 2))
		for (uint64_t i = lab_prng_below(prng, 1 + LAB_FUZZ_SCHEDULE_MAX * size / 800); i; i--)
			lab_scenario_add_schedule(scenario, &(uint8_t){lab_draw_choice(prng)}, 1);
}

void lab_scenario_generate(struct lab_prng *prng, unsigned size, const struct lab_scope *scope,
			   struct lab_scenario *ret_scenario)
{
	lab_assert(size >= 1 && size <= 100);
	lab_scenario_clear(ret_scenario);
	generate_machine(prng, size, scope, &ret_scenario->machine);
	generate_contexts(prng, size, scope, ret_scenario);
	lab_story_generate(prng, size, scope, ret_scenario);
	generate_schedule(prng, size, ret_scenario);
	lab_scenario_mend(ret_scenario, LAB_FUZZ_OP_MAX, NULL);
}
