/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/mend.h"

#include <string.h>

#include "base/bits.h"
#include "scenario/words.h"

static bool name_taken(const struct lab_scenario *scenario, size_t self, size_t others)
{
	for (size_t i = 0; i < others; i++)
		if (i != self && !strncmp(scenario->contexts[i].name, scenario->contexts[self].name, LAB_NAME_BYTES))
			return true;
	return false;
}

static void mend_name(struct lab_scenario *scenario, size_t index, struct lab_flaw *flaw)
{
	struct lab_scenario_context *context = &scenario->contexts[index];
	bool valid = lab_name_valid(context->name, strnlen(context->name, LAB_NAME_BYTES));

	if (valid && !name_taken(scenario, index, index))
		return;
	lab_flaw_note(flaw, LAB_PART_CONTEXT, index, LAB_FIELD_NAME, index,
		      valid ? "a name that no other context has" : "a name of a letter, then letters, digits, _ and -");
	/* The plain name, or with the first number beyond all indices that nobody else has. */
	lab_name_default(context->name, context->kind, index);
	for (size_t i = 0; name_taken(scenario, index, scenario->context_count); i++)
		lab_name_default(context->name, context->kind, LAB_CONTEXT_MAX + i);
}

static void mend_contexts(struct lab_scenario *scenario, struct lab_flaw *flaw)
{
	bool task = false;

	if (!scenario->context_count)
		lab_scenario_add_context(scenario);
	if (scenario->context_count > LAB_CONTEXT_MAX) {
		lab_flaw_note(flaw, LAB_PART_CONTEXT, LAB_CONTEXT_MAX, LAB_FIELD_WHOLE, scenario->context_count,
			      "at most %u contexts", LAB_CONTEXT_MAX);
		scenario->context_count = LAB_CONTEXT_MAX;
		scenario->op_count = scenario->contexts[LAB_CONTEXT_MAX].first_op;
	}
	for (size_t i = 0; i < scenario->context_count; i++) {
		struct lab_scenario_context *context = &scenario->contexts[i];

		if ((unsigned)context->kind >= LAB_CONTEXT_KIND_COUNT) {
			lab_flaw_note(flaw, LAB_PART_CONTEXT, i, LAB_FIELD_KIND, context->kind, "0..%u",
				      LAB_CONTEXT_KIND_COUNT - 1);
			context->kind = LAB_CONTEXT_NMI;
		}
		if (context->cpu >= scenario->machine.cpu_count) {
			lab_flaw_note(flaw, LAB_PART_CONTEXT, i, LAB_FIELD_CPU, context->cpu, "0..%u",
				      scenario->machine.cpu_count - 1);
			context->cpu = scenario->machine.cpu_count - 1;
		}
		task |= context->kind == LAB_CONTEXT_TASK;
	}
	if (!task) {
		lab_flaw_note(flaw, LAB_PART_CONTEXT, 0, LAB_FIELD_KIND, scenario->contexts[0].kind, "a task");
		scenario->contexts[0].kind = LAB_CONTEXT_TASK;
	}
	for (size_t i = 0; i < scenario->context_count; i++)
		mend_name(scenario, i, flaw);
}

/* Why the directive means nothing; NULL: it does. */
static const char *directive_flaw(const struct lab_scenario *scenario, const struct lab_directive *directive,
				  enum lab_field *ret_field)
{
	const struct lab_scenario_context *context, *host;

	*ret_field = LAB_FIELD_KIND;
	if ((unsigned)directive->kind > LAB_DIRECTIVE_FIRE_AT)
		return "0..2";
	*ret_field = LAB_FIELD_CONTEXT;
	if (directive->context >= scenario->context_count)
		return "a context of the scenario";
	context = &scenario->contexts[directive->context];
	if (lab_is_handler(context) != (directive->kind != LAB_DIRECTIVE_RUN))
		return directive->kind == LAB_DIRECTIVE_RUN ? "a task to run" : "a handler to fire";
	if (directive->kind != LAB_DIRECTIVE_FIRE_AT)
		return NULL;
	*ret_field = LAB_FIELD_HOST;
	if (directive->host >= scenario->context_count)
		return "a context of the scenario";
	host = &scenario->contexts[directive->host];
	if (host->kind >= context->kind || host->cpu != context->cpu)
		return "a context of the handler's CPU and of a lower level";
	return NULL;
}

static void mend_directives(struct lab_scenario *scenario, struct lab_flaw *flaw)
{
	size_t to = 0;

	for (size_t i = 0; i < scenario->directive_count; i++) {
		struct lab_directive directive = scenario->directives[i];
		enum lab_field field;
		const char *why = directive_flaw(scenario, &directive, &field);

		if (why) {
			lab_flaw_note(flaw, LAB_PART_DIRECTIVE, i, field,
				      field == LAB_FIELD_HOST      ? directive.host
				      : field == LAB_FIELD_CONTEXT ? directive.context
								   : (unsigned)directive.kind,
				      "%s", why);
			continue;
		}
		if (directive.kind != LAB_DIRECTIVE_FIRE_AT)
			directive.host = 0;
		if (directive.kind == LAB_DIRECTIVE_FIRE)
			directive.count = 0;
		if (directive.kind == LAB_DIRECTIVE_FIRE_AT && !directive.count)
			directive.count = 1; /* events count from 1 */
		if (!lab_directive_equal(&directive, &scenario->directives[i]))
			lab_flaw_note(flaw, LAB_PART_DIRECTIVE, i, LAB_FIELD_COUNT, scenario->directives[i].count,
				      "what the directive does not take to be 0, and events to count from 1");
		scenario->directives[to++] = directive;
	}
	scenario->directive_count = to;
}

void lab_scenario_mend(struct lab_scenario *scenario, size_t op_max, struct lab_flaw *flaw)
{
	lab_machine_mend(&scenario->machine, flaw);
	mend_contexts(scenario, flaw);
	lab_ops_mend(scenario, op_max, flaw);
	mend_directives(scenario, flaw);
}
