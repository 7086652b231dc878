/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explore.h"
#include "cli/folder.h"
#include "plat/clock.h"

/* --dir: the search's numbers over time, for the report. */
#define SAMPLE_NS UINT64_C(2000000000)

int lab_explore_folder_open(struct lab_explore *explore, struct lab_explore_plan *plan)
{
	struct lab_emit *options = lab_emit_open_document();
	int code;

	lab_explore_emit_options(explore, options);
	code = lab_cli_folder_open("explore", plan->dir, plan->target_name, options, NULL, &plan->folder);
	if (!code)
		plan->findings_dir = plan->folder->raw;
	return code;
}

static struct json_object *numbers_of(const struct lab_explore *explore)
{
	const struct lab_explore_state *state = explore->state;
	struct json_object *numbers = json_object_new_object();
	double passed = (double)(lab_clock_mono_ns() - state->started_ns) / 1e9;

	lab_document_u64(numbers, "schedules", state->schedules);
	lab_document_u64(numbers, "scenarios", state->scenarios);
	lab_document_u64(numbers, "traces", state->traces.count);
	lab_document_u64(numbers, "findings", state->finding_count);
	lab_document_u64(numbers, "rate", passed > 0 ? (uint64_t)((double)state->schedules / passed) : 0);
	return numbers;
}

void lab_explore_folder_sample(struct lab_explore *explore, uint64_t now_ns)
{
	struct lab_run *folder = explore->plan->folder;
	struct lab_explore_state *state = explore->state;

	if (!folder || !lab_run_is_due(folder, now_ns - state->sampled_ns, SAMPLE_NS))
		return;
	state->sampled_ns = now_ns;
	(void)!lab_run_sample(folder, "running", numbers_of(explore)); /* told at the end if it stays so */
}

int lab_explore_folder_close(struct lab_explore *explore, bool stopped, int code)
{
	return lab_cli_folder_close(explore->plan->folder, stopped, numbers_of(explore), code);
}
