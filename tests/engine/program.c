/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <stdio.h>
#include <string.h>

#include "scenario/text.h"

struct lab_rig lab_program_rig;
static struct lab_target target;
static const struct lab_program *program;

unsigned lab_program_get(unsigned *variable)
{
	lab_sim_access(LAB_SIM_READ, variable, sizeof(*variable), NULL);
	return *variable;
}

void lab_program_set(unsigned *variable, unsigned value)
{
	lab_sim_access(LAB_SIM_WRITE, variable, sizeof(*variable), NULL);
	*variable = value;
}

bool lab_program_swap(unsigned *variable, unsigned expected, unsigned value)
{
	lab_sim_access(LAB_SIM_UPDATE, variable, sizeof(*variable), NULL);
	if (*variable != expected)
		return false;
	*variable = value;
	return true;
}

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	program->start();
	return lab_target_locked.create(machine, ret_self);
}

/* A call that fails, which nobody judges: all that matters is what the body does on its way. */
static enum lab_status call(void *self, const struct lab_request *request, void **ret_block)
{
	if (lab_owner_context(request->owner) == LAB_OWNER_CONTEXT_MAX)
		return lab_target_locked.alloc(self, request, ret_block);
	program->body(lab_owner_context(request->owner) - 1);
	return LAB_NO_MEMORY;
}

void lab_program_open(const struct lab_program *opened)
{
	char text[1024] = "machine frames=64 cpus=4 order-max=3\n"
			  "zone normal frames=0+64 min=4 low=5 high=6 reserve=0\n";
	struct lab_text_error error;

	program = opened;
	target = lab_target_locked;
	target.name = "program";
	target.create = create;
	target.alloc = call;
	target.caps = LAB_CAP_ARENA | LAB_CAP_IRQ;
	for (unsigned i = 0; i < program->tasks; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "task t%u cpu=%u {", i,
			 program->one_cpu ? 0 : i);
		for (unsigned call = 0; call < program->calls || !call; call++)
			strcat(text, " s0 = alloc atomic 0;");
		strcat(text, " }\n");
	}
	if (program->handler)
		strcat(text, program->handler);
	lab_rig_open(&lab_program_rig, &target);
	if (lab_scenario_parse(text, strlen(text), &lab_program_rig.scenario, &error) != LAB_OK)
		fail_msg("line %u, column %u: '%s', expected %s", error.line, error.column, error.word, error.expected);
}

void lab_program_run(struct lab_strategy *strategy, struct lab_choices *record)
{
	lab_program_rig.options.quiesce = false;
	lab_program_rig.options.strategy = strategy;
	lab_program_rig.options.record = record;
	assert_int_equal(lab_sim_run(lab_program_rig.sim, &lab_program_rig.scenario, &lab_program_rig.options,
				     &lab_program_rig.result),
			 LAB_OK);
}

void lab_program_close(void)
{
	lab_rig_close(&lab_program_rig);
}
