/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stat_scenario.h"

#include "cli/arena_file.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "engine/sim.h"
#include "target/registry.h"

struct look {
	struct lab_emit *emit;
	struct lab_stat_view *view;
	uint64_t ops, last; /* operations that have ended; the one to look after, 0: none */
};

static void op_done(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame)
{
	struct look *look = arg;
	struct lab_arena arena;

	if (++look->ops != look->last || !lab_arena_file_watch(&arena))
		return;
	lab_stat_tell(look->emit, look->view, &arena);
}

/* The same run twice, since only the first one tells which operation is the last. */
static enum lab_status run_twice(const struct lab_scenario *scenario, struct look *look,
				 struct lab_sim_result *ret_result)
{
	const struct lab_sim_options options = {.quiesce = true, .op_done = op_done, .arg = look};
	struct lab_sim *sim;
	enum lab_status status = lab_sim_create(&lab_target_core, &sim);

	if (status != LAB_OK)
		return status;
	status = lab_sim_run(sim, scenario, &options, ret_result);
	if (status == LAB_OK && !ret_result->found) {
		look->last = look->ops;
		look->ops = 0;
		status = lab_sim_run(sim, scenario, &options, ret_result);
	}
	lab_sim_destroy(sim);
	return status;
}

int lab_stat_scenario(const char *path, struct lab_emit *emit, struct lab_stat_view *view)
{
	struct look look = {.emit = emit, .view = view};
	struct lab_artifact artifact;
	struct lab_sim_result result;
	enum lab_input_kind kind;
	enum lab_status status;
	int code;

	lab_artifact_init(&artifact);
	code = lab_input_load("stat", path, &artifact, &kind);
	if (code) {
		lab_artifact_free(&artifact);
		return code;
	}
	status = lab_arena_file_use(NULL);
	if (status == LAB_OK)
		status = run_twice(&artifact.scenario, &look, &result);
	lab_artifact_free(&artifact);
	lab_places_close(view->places);
	view->places = NULL;
	if (status != LAB_OK) {
		lab_cli_error("stat: '%s': cannot be run: %s", path, lab_cli_why(status));
		return LAB_EXIT_HARNESS;
	}
	if (result.found) {
		lab_cli_error("stat: '%s': %s %s: 'labyrinth replay' tells more", path,
			      lab_rule_info(result.finding.rule)->id, result.finding.detail);
		return LAB_EXIT_FINDING;
	}
	return LAB_EXIT_CLEAN;
}
