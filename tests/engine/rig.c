/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "scenario/text.h"

static void note(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame)
{
	struct lab_rig *rig = arg;
	size_t used = strlen(rig->order);

	snprintf(rig->order + used, sizeof(rig->order) - used, "%s%s", used ? " " : "",
		 rig->scenario.contexts[context].name);
	if (rig->op_count < sizeof(rig->statuses) / sizeof(rig->statuses[0]))
		rig->statuses[rig->op_count++] = status;
}

void lab_rig_open(struct lab_rig *rig, const struct lab_target *target)
{
	memset(rig, 0, sizeof(*rig));
	rig->options.quiesce = true;
	lab_scenario_init(&rig->scenario);
	assert_int_equal(lab_sim_create(target, &rig->sim), LAB_OK);
}

void lab_rig_open_hooked(struct lab_rig *rig, const char *file)
{
	const struct lab_target *target;
	char message[256];
	bool hooked = false;

	if (lab_target_open_hooked(file, &target, &hooked, message, sizeof(message)) != LAB_OK)
		fail_msg("%s", message);
	assert_true(hooked);
	lab_rig_open(rig, target);
}

void lab_rig_close(struct lab_rig *rig)
{
	if (!rig->sim)
		return;
	lab_sim_destroy(rig->sim);
	rig->sim = NULL;
	lab_scenario_free(&rig->scenario);
}

void lab_rig_run_bytes(struct lab_rig *rig, const char *text, const uint8_t *bytes, size_t count)
{
	struct lab_text_error error;

	if (lab_scenario_parse(text, strlen(text), &rig->scenario, &error) != LAB_OK)
		fail_msg("line %u, column %u: '%s', expected %s", error.line, error.column, error.word, error.expected);
	if (count)
		lab_scenario_add_schedule(&rig->scenario, bytes, count);
	rig->order[0] = '\0';
	rig->op_count = 0;
	rig->options.op_done = note;
	rig->options.arg = rig;
	assert_int_equal(lab_sim_run(rig->sim, &rig->scenario, &rig->options, &rig->result), LAB_OK);
}

void lab_rig_run(struct lab_rig *rig, const char *text)
{
	lab_rig_run_bytes(rig, text, NULL, 0);
}

void lab_rig_expect(struct lab_rig *rig, const char *text, enum lab_rule rule)
{
	lab_rig_run(rig, text);
	if (rule == LAB_RULE_COUNT && rig->result.found)
		fail_msg("finding %s: %s", lab_rule_info(rig->result.finding.rule)->id, rig->result.finding.detail);
	if (rule != LAB_RULE_COUNT && !rig->result.found)
		fail_msg("no finding, expected %s", lab_rule_info(rule)->id);
	if (rule != LAB_RULE_COUNT && rig->result.finding.rule != rule)
		fail_msg("finding %s: %s; expected %s", lab_rule_info(rig->result.finding.rule)->id,
			 rig->result.finding.detail, lab_rule_info(rule)->id);
}
