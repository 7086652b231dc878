/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "scenario/words.h"

/* Field by field: padding bytes are nobody's promise. */

static bool equal_marks(const struct lab_zone_marks *a, const struct lab_zone_marks *b)
{
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		if (a->lowmem_reserve[zone] != b->lowmem_reserve[zone])
			return false;
	return a->min == b->min && a->low == b->low && a->high == b->high && a->frames == b->frames;
}

bool lab_scenario_machine_equal(const struct lab_scenario_machine *a, const struct lab_scenario_machine *b)
{
	if (a->frame_count != b->frame_count || a->page_shift != b->page_shift || a->cpu_count != b->cpu_count ||
	    a->order_max != b->order_max || a->span_count != b->span_count)
		return false;
	for (size_t i = 0; i < a->span_count; i++)
		if (a->spans[i].first_frame != b->spans[i].first_frame ||
		    a->spans[i].frame_count != b->spans[i].frame_count || a->spans[i].zone != b->spans[i].zone)
			return false;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		if (!equal_marks(&a->zones[zone], &b->zones[zone]))
			return false;
	return true;
}

static bool equal_contexts(const struct lab_scenario_context *a, const struct lab_scenario_context *b)
{
	return !strncmp(a->name, b->name, LAB_NAME_BYTES) && a->kind == b->kind && a->cpu == b->cpu &&
	       a->first_op == b->first_op && a->op_count == b->op_count;
}

bool lab_op_equal(const struct lab_op *a, const struct lab_op *b)
{
	return a->kind == b->kind && a->slot == b->slot && a->order == b->order && a->irq_save == b->irq_save &&
	       a->comes == b->comes && a->peer == b->peer && a->gfp == b->gfp && a->value == b->value;
}

bool lab_directive_equal(const struct lab_directive *a, const struct lab_directive *b)
{
	return a->kind == b->kind && a->context == b->context && a->host == b->host && a->count == b->count;
}

bool lab_scenario_equal(const struct lab_scenario *a, const struct lab_scenario *b)
{
	if (a->context_count != b->context_count || a->op_count != b->op_count ||
	    a->directive_count != b->directive_count || a->schedule_bytes != b->schedule_bytes ||
	    !lab_scenario_machine_equal(&a->machine, &b->machine))
		return false;
	for (size_t i = 0; i < a->context_count; i++)
		if (!equal_contexts(&a->contexts[i], &b->contexts[i]))
			return false;
	for (size_t i = 0; i < a->op_count; i++)
		if (!lab_op_equal(&a->ops[i], &b->ops[i]))
			return false;
	for (size_t i = 0; i < a->directive_count; i++)
		if (!lab_directive_equal(&a->directives[i], &b->directives[i]))
			return false;
	return !a->schedule_bytes || !memcmp(a->schedule, b->schedule, a->schedule_bytes);
}
