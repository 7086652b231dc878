/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lanes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario/text.h"

#define WIDTH 36

void lab_lanes_open(struct lab_lanes *lanes, const struct lab_scenario *scenario)
{
	*lanes = (struct lab_lanes){.scenario = scenario};
	printf("%6s", "");
	for (size_t i = 0; i < scenario->context_count; i++) {
		char head[64];

		snprintf(head, sizeof(head), "%s %s, cpu %u", lab_context_kind_name(scenario->contexts[i].kind),
			 scenario->contexts[i].name, scenario->contexts[i].cpu);
		printf("  %-*s", WIDTH, head);
	}
	putchar('\n');
}

static void tell_access(const struct lab_sim_step *step, char *text, size_t room)
{
	static const char *const regions[] = {"", "frames+", "heap+", "data+"};
	uint64_t where = step->place ? step->place / 4 : step->pending.address;
	int used = snprintf(text, room, "%s %s0x%" PRIx64, lab_sim_event_name(step->pending.kind),
			    regions[step->place % 4], where);

	if (!step->has_values || used < 0 || (size_t)used >= room)
		return;
	if (step->before == step->after)
		snprintf(text + used, room - (size_t)used, ": 0x%" PRIx64, step->before);
	else
		snprintf(text + used, room - (size_t)used, ": 0x%" PRIx64 " -> 0x%" PRIx64, step->before, step->after);
}

static void tell(const struct lab_lanes *lanes, const struct lab_sim_step *step, char *text, size_t room)
{
	char op[96] = "(no operation)";

	if (step->op)
		lab_op_format(lanes->scenario, step->op, op, sizeof(op));
	if (step->fires)
		snprintf(text, room, "comes in over %s: %s",
			 step->over == LAB_NOBODY ? "nobody" : lanes->scenario->contexts[step->over].name, op);
	else if (step->pending.kind >= LAB_SIM_READ)
		tell_access(step, text, room);
	else if (step->pending.kind == LAB_SIM_START || step->pending.kind == LAB_SIM_OP_END)
		snprintf(text, room, "%s", step->op ? op : "ends");
	else
		snprintf(text, room, "%s", lab_sim_event_name(step->pending.kind));
}

void lab_lanes_step(void *arg, const struct lab_sim_step *step)
{
	struct lab_lanes *lanes = arg;
	char text[160];

	if (!step->ended)
		return;
	tell(lanes, step, text, sizeof(text));
	printf("%5u ", ++lanes->line);
	for (unsigned i = 0; i < step->context; i++)
		printf("  %-*s", WIDTH, "|");
	printf("  %s", text);
	if (step->code)
		printf("  @0x%" PRIxPTR, step->code);
	putchar('\n');
}
