/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include <stdio.h>

size_t random_bytes(struct lab_prng *prng, uint8_t bytes[RANDOM_BYTES_MAX])
{
	size_t count = lab_prng_below(prng, lab_prng_chance(prng, 1, 8) ? RANDOM_BYTES_MAX : 200);
	bool records = lab_prng_chance(prng, 3, 4);

	for (size_t i = 0; i < count; i++) {
		bytes[i] = (uint8_t)lab_prng_u64(prng);
		if (records && i % 4 == 0)
			bytes[i] = (uint8_t)(1 + lab_prng_below(prng, 28) + (lab_prng_below(prng, 8) << 5));
		else if (lab_prng_chance(prng, 1, 4))
			bytes[i] = 0;
	}
	return count;
}

/* Mostly small, at times wild. */
static uint64_t any(struct lab_prng *prng, uint64_t usual)
{
	return lab_prng_chance(prng, 1, 10) ? lab_prng_u64(prng) : lab_prng_below(prng, usual);
}

static void garbage_machine(struct lab_prng *prng, struct lab_scenario_machine *machine)
{
	machine->frame_count = any(prng, 5000);
	machine->page_shift = (unsigned)any(prng, 20);
	machine->cpu_count = (unsigned)any(prng, 6);
	machine->order_max = (unsigned)any(prng, 12);
	machine->span_count = any(prng, 18);
	for (unsigned i = 0; i < LAB_SPAN_MAX; i++)
		machine->spans[i] = (struct lab_span){any(prng, 5000), any(prng, 1000), (enum lab_zone)any(prng, 3)};
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		machine->zones[zone] = (struct lab_zone_marks){any(prng, 300),
							       any(prng, 300),
							       any(prng, 300),
							       {any(prng, 3), any(prng, 300)},
							       any(prng, 5000)};
}

static struct lab_op garbage_op(struct lab_prng *prng)
{
	return (struct lab_op){.kind = (enum lab_op_kind)any(prng, LAB_OP_KIND_COUNT + 1),
			       .slot = (uint8_t)any(prng, 17),
			       .order = (uint8_t)any(prng, 12),
			       .irq_save = lab_prng_chance(prng, 1, 2),
			       .comes = lab_prng_chance(prng, 1, 2),
			       .peer = (uint16_t)any(prng, 9),
			       .gfp = (lab_gfp)any(prng, 0x900),
			       .value = any(prng, 5000)};
}

void random_garbage(struct lab_prng *prng, struct lab_scenario *ret_scenario)
{
	size_t contexts = lab_prng_chance(prng, 1, 50) ? 300 : lab_prng_below(prng, 10);
	size_t ops_max = lab_prng_chance(prng, 1, 20) ? 400 : 20;

	lab_scenario_clear(ret_scenario);
	garbage_machine(prng, &ret_scenario->machine);
	for (size_t i = 0; i < contexts; i++) {
		struct lab_scenario_context *context = lab_scenario_add_context(ret_scenario);

		context->kind = (enum lab_context_kind)any(prng, 5);
		context->cpu = (unsigned)any(prng, 6);
		if (lab_prng_chance(prng, 1, 10))
			for (unsigned k = 0; k < LAB_NAME_BYTES; k++)
				context->name[k] = (char)lab_prng_u64(prng);
		else
			snprintf(context->name, sizeof(context->name), "t%u", (unsigned)lab_prng_below(prng, 300));
		for (size_t op = lab_prng_below(prng, ops_max); op; op--)
			lab_scenario_add_op(ret_scenario, garbage_op(prng));
	}
	for (size_t i = lab_prng_below(prng, 10); i; i--)
		lab_scenario_add_directive(ret_scenario,
					   (struct lab_directive){(enum lab_directive_kind)any(prng, 4),
								  (uint16_t)any(prng, 10), (uint16_t)any(prng, 10),
								  (uint32_t)any(prng, 5)});
	for (size_t i = lab_prng_below(prng, 10); i; i--)
		lab_scenario_add_schedule(ret_scenario, (uint8_t[]){(uint8_t)i}, 1);
}
