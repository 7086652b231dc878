/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/validate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "scenario/mend.h"

static const char *const field_names[LAB_FIELD_KINDS] = {
	[LAB_FIELD_WHOLE] = "",
	[LAB_FIELD_FRAMES] = "frames",
	[LAB_FIELD_PAGE_SHIFT] = "page-shift",
	[LAB_FIELD_CPUS] = "cpus",
	[LAB_FIELD_ORDER_MAX] = "order-max",
	[LAB_FIELD_MIN] = "min",
	[LAB_FIELD_LOW] = "low",
	[LAB_FIELD_HIGH] = "high",
	[LAB_FIELD_RESERVE] = "reserve",
	[LAB_FIELD_NAME] = "name",
	[LAB_FIELD_KIND] = "kind",
	[LAB_FIELD_CPU] = "cpu",
	[LAB_FIELD_SLOT] = "slot",
	[LAB_FIELD_GFP] = "gfp",
	[LAB_FIELD_ORDER] = "order",
	[LAB_FIELD_PEER] = "peer",
	[LAB_FIELD_VALUE] = "value",
	[LAB_FIELD_IRQ] = "irq",
	[LAB_FIELD_COMES] = "add",
	[LAB_FIELD_END] = "end",
	[LAB_FIELD_CONTEXT] = "context",
	[LAB_FIELD_HOST] = "host",
	[LAB_FIELD_COUNT] = "count",
};

const char *lab_field_name(enum lab_field field)
{
	lab_assert_cmp(field, <, LAB_FIELD_KINDS);
	return field_names[field];
}

void lab_flaw_note(struct lab_flaw *flaw, enum lab_part part, size_t index, enum lab_field field, uint64_t value,
		   const char *expected, ...)
{
	va_list list;

	if (!flaw || flaw->found)
		return;
	*flaw = (struct lab_flaw){.found = true, .part = part, .index = index, .field = field, .value = value};
	va_start(list, expected);
	vsnprintf(flaw->expected, sizeof(flaw->expected), expected, list);
	va_end(list);
}

void lab_flaw_format(const struct lab_flaw *flaw, char *message, size_t room)
{
	static const char *const parts[] = {
		[LAB_PART_MACHINE] = "machine", [LAB_PART_SPAN] = "span", [LAB_PART_ZONE] = "zone",
		[LAB_PART_CONTEXT] = "context", [LAB_PART_OP] = "op",     [LAB_PART_DIRECTIVE] = "directive"};
	const char *field = lab_field_name(flaw->field);

	if (flaw->part == LAB_PART_MACHINE)
		snprintf(message, room, "machine: %s is %" PRIu64 ", expected %s", field, flaw->value, flaw->expected);
	else
		snprintf(message, room, "%s %zu: %s%s%" PRIu64 ", expected %s", parts[flaw->part], flaw->index, field,
			 *field ? " is " : "", flaw->value, flaw->expected);
}

void lab_scenario_find_flaw(const struct lab_scenario *scenario, struct lab_flaw *ret_flaw)
{
	struct lab_scenario copy;

	*ret_flaw = (struct lab_flaw){.found = false};
	if (!scenario->context_count) {
		lab_flaw_note(ret_flaw, LAB_PART_CONTEXT, 0, LAB_FIELD_WHOLE, 0, "a task");
		return;
	}
	lab_scenario_init(&copy);
	lab_scenario_copy(&copy, scenario);
	lab_scenario_mend(&copy, SIZE_MAX / 4, ret_flaw);
	/* Were these two ever to part, a scenario could be called valid that normalise still changes. */
	lab_assert(ret_flaw->found != lab_scenario_equal(&copy, scenario));
	lab_scenario_free(&copy);
}

enum lab_status lab_scenario_validate(const struct lab_scenario *scenario, char *message, size_t room)
{
	struct lab_flaw flaw;

	if (!lab_scenario_layout_ok(scenario)) {
		snprintf(message, room,
			 "contexts: their operations do not follow one another, expected each context's "
			 "first operation behind the last one's end");
		return LAB_INVALID;
	}
	lab_scenario_find_flaw(scenario, &flaw);
	if (!flaw.found)
		return LAB_OK;
	lab_flaw_format(&flaw, message, room);
	return LAB_INVALID;
}
