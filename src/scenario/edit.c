/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/edit.h"

#include <string.h>

#include "base/assert.h"
#include "scenario/arrays.h"
#include "scenario/words.h"

void lab_edit_insert_op(struct lab_scenario *scenario, size_t context, size_t at, struct lab_op op)
{
	size_t index = scenario->contexts[context].first_op + at;

	lab_assert_cmp(at, <=, scenario->contexts[context].op_count);
	lab_scenario_reserve(scenario, 0, scenario->op_count + 1, 0, 0);
	memmove(scenario->ops + index + 1, scenario->ops + index, (scenario->op_count - index) * sizeof(op));
	scenario->ops[index] = op;
	scenario->op_count++;
	scenario->contexts[context].op_count++;
	for (size_t i = context + 1; i < scenario->context_count; i++)
		scenario->contexts[i].first_op++;
}

struct lab_op lab_edit_drop_op(struct lab_scenario *scenario, size_t context, size_t at)
{
	size_t index = scenario->contexts[context].first_op + at;
	struct lab_op op = scenario->ops[index];

	lab_assert_cmp(at, <, scenario->contexts[context].op_count);
	scenario->op_count--;
	memmove(scenario->ops + index, scenario->ops + index + 1, (scenario->op_count - index) * sizeof(op));
	scenario->contexts[context].op_count--;
	for (size_t i = context + 1; i < scenario->context_count; i++)
		scenario->contexts[i].first_op--;
	return op;
}

/* Numbers of contexts from `from` on move by `step`; those of one that went become 0. */
static uint16_t moved(uint16_t number, size_t from, int step)
{
	if (step < 0 && number == from)
		return 0;
	return (uint16_t)(number >= from ? number + step : number);
}

static void renumber(struct lab_scenario *scenario, size_t from, int step)
{
	for (size_t i = 0; i < scenario->op_count; i++) {
		struct lab_op *op = &scenario->ops[i];
		enum lab_peer peer = lab_op_infos[op->kind].peer;

		if (peer == LAB_PEER_CONTEXT || peer == LAB_PEER_HANDLER)
			op->peer = moved(op->peer, from, step);
	}
	for (size_t i = 0; i < scenario->directive_count; i++) {
		scenario->directives[i].context = moved(scenario->directives[i].context, from, step);
		scenario->directives[i].host = moved(scenario->directives[i].host, from, step);
	}
}

size_t lab_edit_add_context(struct lab_scenario *scenario, enum lab_context_kind kind, unsigned cpu)
{
	size_t index = scenario->context_count;

	lab_scenario_add_context(scenario);
	while (kind == LAB_CONTEXT_TASK && index && lab_is_handler(&scenario->contexts[index - 1])) {
		scenario->contexts[index] = scenario->contexts[index - 1];
		index--;
	}
	renumber(scenario, index, 1);
	scenario->contexts[index] = (struct lab_scenario_context){
		.kind = kind,
		.cpu = cpu,
		.first_op = index ? scenario->contexts[index - 1].first_op + scenario->contexts[index - 1].op_count : 0,
	};
	return index;
}

void lab_edit_drop_context(struct lab_scenario *scenario, size_t index)
{
	size_t to = 0;

	lab_assert_cmp(index, <, scenario->context_count);
	while (scenario->contexts[index].op_count)
		lab_edit_drop_op(scenario, index, scenario->contexts[index].op_count - 1);
	for (size_t i = 0; i < scenario->directive_count; i++) {
		const struct lab_directive *directive = &scenario->directives[i];

		if (directive->context != index &&
		    (directive->kind != LAB_DIRECTIVE_FIRE_AT || directive->host != index))
			scenario->directives[to++] = *directive;
	}
	scenario->directive_count = to;
	scenario->context_count--;
	memmove(scenario->contexts + index, scenario->contexts + index + 1,
		(scenario->context_count - index) * sizeof(*scenario->contexts));
	renumber(scenario, index, -1);
}
