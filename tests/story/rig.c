/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "scenario/text.h"

static const char text_of[] = "machine frames=64 cpus=2 order-max=3\n"
			      "zone normal frames=0+64 min=4 low=5 high=6 reserve=0\n"
			      "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
			      "task b cpu=1 { s0 = alloc kernel 1; }\n"
			      "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n";

void rig_open(struct rig *rig, size_t room)
{
	struct lab_text_error error;

	memset(rig, 0, sizeof(*rig));
	lab_scenario_init(&rig->scenario);
	assert_int_equal(lab_scenario_parse(text_of, strlen(text_of), &rig->scenario, &error), LAB_OK);
	assert_int_equal(lab_story_create(room, &rig->story), LAB_OK);
	rig->finding = (struct lab_finding){.frame = UINT64_MAX};
	rig->of = (struct lab_rows_of){.story = rig->story, .scenario = &rig->scenario, .arena = true};
}

void rig_close(struct rig *rig)
{
	lab_rows_free(&rig->rows);
	lab_story_destroy(rig->story);
	lab_scenario_free(&rig->scenario);
}

void rig_told(struct rig *rig, struct lab_sim_step step)
{
	if (!step.op_ended)
		step.frame = UINT64_MAX;
	lab_story_note(rig->story, &step);
	step.ended = true;
	lab_story_note(rig->story, &step);
}

void rig_begins(struct rig *rig, unsigned context, unsigned op)
{
	const struct lab_op *ops = &rig->scenario.ops[rig->scenario.contexts[context].first_op];

	rig_told(rig,
		 (struct lab_sim_step){
			 .context = context, .pending = {.kind = LAB_SIM_OP_END}, .over = LAB_NOBODY, .op = &ops[op]});
}

void rig_ends(struct rig *rig, unsigned context)
{
	rig_told(rig,
		 (struct lab_sim_step){.context = context, .pending = {.kind = LAB_SIM_OP_END}, .over = LAB_NOBODY});
}

void rig_fires(struct rig *rig, unsigned over)
{
	rig_told(rig, (struct lab_sim_step){.context = HANDLER,
					    .fires = true,
					    .over = over,
					    .pending = {.kind = LAB_SIM_START},
					    .op = &rig->scenario.ops[rig->scenario.contexts[HANDLER].first_op]});
}

struct lab_sim_step rig_access(unsigned context, enum lab_sim_event kind, uintptr_t address, uint64_t before,
			       uint64_t after)
{
	return (struct lab_sim_step){
		.context = context,
		.over = LAB_NOBODY,
		.pending = {.kind = kind, .bytes = 8, .address = address},
		.place = 2 + 4 * address,
		.has_values = true,
		.before = before,
		.after = after,
	};
}

void rig_reads(struct rig *rig, unsigned context, uintptr_t address, uint64_t value)
{
	rig_told(rig, rig_access(context, LAB_SIM_READ, address, value, value));
}

void rig_writes(struct rig *rig, unsigned context, uintptr_t address, uint64_t before, uint64_t after)
{
	rig_told(rig, rig_access(context, LAB_SIM_WRITE, address, before, after));
}

void rig_finishes(struct rig *rig, unsigned context, enum lab_status status, uint64_t frame)
{
	struct lab_sim_step step = rig_access(context, LAB_SIM_READ, 0x9000 + context * 64, 0, 0);

	step.op_ended = true;
	step.status = status;
	step.frame = frame;
	rig_told(rig, step);
}

void rig_make(struct rig *rig)
{
	lab_rows_free(&rig->rows);
	assert_int_equal(lab_rows_make(&rig->of, &rig->rows), LAB_OK);
}

void rig_lost_update(struct rig *rig)
{
	rig_open(rig, 64);
	rig_begins(rig, TASK, 0);
	rig_reads(rig, TASK, 0x100, 9);
	rig_fires(rig, TASK);
	rig_reads(rig, HANDLER, 0x100, 9);
	rig_writes(rig, HANDLER, 0x100, 9, 8);
	rig_finishes(rig, HANDLER, LAB_OK, 8);
	rig_ends(rig, HANDLER);
	for (int i = 0; i < 5; i++)
		rig_reads(rig, TASK, 0x400, 1);
	rig_writes(rig, TASK, 0x100, 8, 8);
	rig->finding = (struct lab_finding){.rule = LAB_R01_EXCLUSIVE_OWNERSHIP, .actor = TASK, .frame = 8};
	snprintf(rig->finding.detail, sizeof(rig->finding.detail), "owners=hardirq rx, task a");
	rig->of.finding = &rig->finding;
}
