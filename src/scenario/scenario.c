/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "scenario/arrays.h"

void *lab_array_grown(void *array, size_t *room, size_t count, size_t element_bytes)
{
	size_t more = count + count / 2 + 8;

	if (count <= *room)
		return array;
	array = reallocarray(array, more, element_bytes);
	lab_assert(array != NULL);
	*room = more;
	return array;
}

void lab_scenario_init(struct lab_scenario *scenario)
{
	memset(scenario, 0, sizeof(*scenario));
}

void lab_scenario_free(struct lab_scenario *scenario)
{
	free(scenario->contexts);
	free(scenario->ops);
	free(scenario->directives);
	free(scenario->schedule);
	lab_scenario_init(scenario);
}

void lab_scenario_clear(struct lab_scenario *scenario)
{
	memset(&scenario->machine, 0, sizeof(scenario->machine));
	scenario->context_count = scenario->op_count = 0;
	scenario->directive_count = scenario->schedule_bytes = 0;
}

void lab_scenario_reserve(struct lab_scenario *scenario, size_t contexts, size_t ops, size_t directives,
			  size_t schedule_bytes)
{
	scenario->contexts =
		lab_array_grown(scenario->contexts, &scenario->context_room, contexts, sizeof(*scenario->contexts));
	scenario->ops = lab_array_grown(scenario->ops, &scenario->op_room, ops, sizeof(*scenario->ops));
	scenario->directives = lab_array_grown(scenario->directives, &scenario->directive_room, directives,
					       sizeof(*scenario->directives));
	scenario->schedule = lab_array_grown(scenario->schedule, &scenario->schedule_room, schedule_bytes, 1);
}

/* memcpy with a NULL source is undefined even for nothing. */
static void copy_bytes(void *to, const void *from, size_t count)
{
	if (count)
		memcpy(to, from, count);
}

void lab_scenario_copy(struct lab_scenario *to, const struct lab_scenario *from)
{
	lab_scenario_reserve(to, from->context_count, from->op_count, from->directive_count, from->schedule_bytes);
	to->machine = from->machine;
	copy_bytes(to->contexts, from->contexts, from->context_count * sizeof(*to->contexts));
	copy_bytes(to->ops, from->ops, from->op_count * sizeof(*to->ops));
	copy_bytes(to->directives, from->directives, from->directive_count * sizeof(*to->directives));
	copy_bytes(to->schedule, from->schedule, from->schedule_bytes);
	to->context_count = from->context_count;
	to->op_count = from->op_count;
	to->directive_count = from->directive_count;
	to->schedule_bytes = from->schedule_bytes;
}

struct lab_scenario_context *lab_scenario_add_context(struct lab_scenario *scenario)
{
	struct lab_scenario_context *context;

	lab_scenario_reserve(scenario, scenario->context_count + 1, 0, 0, 0);
	context = &scenario->contexts[scenario->context_count++];
	memset(context, 0, sizeof(*context));
	context->first_op = scenario->op_count;
	return context;
}

void lab_scenario_add_op(struct lab_scenario *scenario, struct lab_op op)
{
	lab_assert_cmp(scenario->context_count, >, 0);
	lab_scenario_reserve(scenario, 0, scenario->op_count + 1, 0, 0);
	scenario->ops[scenario->op_count++] = op;
	scenario->contexts[scenario->context_count - 1].op_count++;
}

void lab_scenario_add_directive(struct lab_scenario *scenario, struct lab_directive directive)
{
	lab_scenario_reserve(scenario, 0, 0, scenario->directive_count + 1, 0);
	scenario->directives[scenario->directive_count++] = directive;
}

void lab_scenario_add_schedule(struct lab_scenario *scenario, const uint8_t *bytes, size_t count)
{
	if (!count)
		return;
	lab_scenario_reserve(scenario, 0, 0, 0, scenario->schedule_bytes + count);
	memcpy(scenario->schedule + scenario->schedule_bytes, bytes, count);
	scenario->schedule_bytes += count;
}

struct lab_scenario_context lab_scenario_actor(const struct lab_scenario *scenario, size_t index)
{
	unsigned last_cpu = scenario->machine.cpu_count ? scenario->machine.cpu_count - 1 : 0;

	if (index < scenario->context_count)
		return scenario->contexts[index];
	return (struct lab_scenario_context){.name = "reclaimer", .kind = LAB_CONTEXT_TASK, .cpu = last_cpu};
}
