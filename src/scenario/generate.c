/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/bits.h"
#include "scenario/draw.h"
#include "scenario/edit.h"
#include "scenario/mend.h"
#include "scenario/mutate.h"

static void generate_machine(struct lab_prng *prng, unsigned size, struct lab_scenario_machine *machine)
{
	uint64_t most = LAB_MAX((uint64_t)LAB_FUZZ_FRAME_MAX * size / 100, UINT64_C(2));

	machine->frame_count = lab_draw_log(prng, most);
	machine->page_shift = LAB_PAGE_SHIFT_MIN;
	machine->cpu_count = (unsigned)lab_draw_log(prng, LAB_FUZZ_CPU_MAX);
	machine->order_max =
		(unsigned)lab_prng_below(prng, LAB_MIN(lab_order_of(machine->frame_count), LAB_ORDER_MAX) + 1);
	machine->span_count = 1;
	machine->spans[0] = (struct lab_span){.frame_count = machine->frame_count, .zone = LAB_ZONE_NORMAL};
	machine->zones[LAB_ZONE_NORMAL].frames = machine->frame_count;
	for (uint64_t i = lab_prng_below(prng, 4); i; i--)
		lab_draw_range(prng, machine);
	for (uint64_t i = lab_prng_below(prng, 3); i; i--)
		lab_draw_marks(prng, machine);
}

static void generate_contexts(struct lab_prng *prng, struct lab_scenario *scenario)
{
	uint64_t tasks = lab_draw_log(prng, LAB_FUZZ_TASK_MAX), lines = lab_prng_below(prng, LAB_FUZZ_LINE_MAX + 1);

	for (uint64_t i = 0; i < tasks + lines; i++) {
		struct lab_scenario_context *context = lab_scenario_add_context(scenario);

		context->cpu = (unsigned)lab_prng_below(prng, scenario->machine.cpu_count);
		if (i >= tasks)
			context->kind = (enum lab_context_kind)(LAB_CONTEXT_SOFTIRQ + lab_prng_below(prng, 3));
	}
}

static void generate_ops(struct lab_prng *prng, unsigned size, struct lab_scenario *scenario)
{
	uint64_t most = 1 + (LAB_FUZZ_OP_MAX - 1) * size / 100;
	uint32_t swarm = lab_draw_swarm(prng);

	for (size_t i = 0; i < scenario->context_count; i++)
		for (uint64_t left = lab_prng_below(prng, most + 1); left; left--)
			lab_edit_insert_op(scenario, i, scenario->contexts[i].op_count,
					   lab_draw_op(prng, scenario, swarm));
}

void lab_scenario_generate(struct lab_prng *prng, unsigned size, struct lab_scenario *ret_scenario)
{
	lab_assert(size >= 1 && size <= 100);
	lab_scenario_clear(ret_scenario);
	generate_machine(prng, size, &ret_scenario->machine);
	generate_contexts(prng, ret_scenario);
	generate_ops(prng, size, ret_scenario);
	if (lab_prng_chance(prng, 1, 2))
		for (uint64_t i = lab_prng_below(prng, 1 + LAB_FUZZ_DIRECTIVE_MAX * size / 800); i; i--)
			lab_scenario_add_directive(ret_scenario, lab_draw_directive(prng, ret_scenario));
	if (lab_prng_chance(prng, 1, 2))
		for (uint64_t i = lab_prng_below(prng, 1 + LAB_FUZZ_SCHEDULE_MAX * size / 800); i; i--)
			lab_scenario_add_schedule(ret_scenario, &(uint8_t){lab_draw_choice(prng)}, 1);
	lab_scenario_mend(ret_scenario, LAB_FUZZ_OP_MAX, NULL);
}
