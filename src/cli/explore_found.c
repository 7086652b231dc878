/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/found.h"
#include "report/finding.h"

/* A finding on a machine of thousands of frames takes long to be made small; what `minimize` is for. */
#define SHRINK_NS UINT64_C(10000000000)

/*
 * Two stand for one defect if they are alike when found, which spares the work, or when they are as small as they get.
 */

static bool is_known(struct lab_explore_state *state, uint64_t signature)
{
	for (unsigned i = 0; i < state->seen_count; i++)
		if (state->seen[i].signature == signature) {
			state->findings[state->seen[i].finding].met++;
			return true;
		}
	return false;
}

static void keep(const struct lab_explore *explore, const struct lab_found *found, size_t ops_before,
		 struct lab_artifact_kept *ret_kept)
{
	const struct lab_explore_plan *plan = explore->plan;
	struct lab_explore_state *state = explore->state;
	char line[LAB_FINDING_LINE];

	lab_artifact_keep(
		&(struct lab_artifact_out){
			.target = plan->target_name,
			.strategy = plan->strategy,
			.folder = plan->findings_dir,
			.hooked = plan->hooked,
			.seed = plan->seed,
			.scenario = &found->scenario,
			.choices = &found->choices,
			.result = &found->result,
			.ops_before = ops_before,
		},
		ret_kept);
	state->codes |= 1u << LAB_EXIT_FINDING;
	if (ret_kept->error) {
		lab_cli_error("explore: %s: %s", ret_kept->path, strerror(ret_kept->error));
		state->codes |= 1u << LAB_EXIT_HARNESS;
	}
	if (!plan->keep_going)
		return;
	lab_finding_line(&ret_kept->finding, line, sizeof(line));
	fprintf(stderr, "%s\n", line);
}

static void list(struct lab_explore *explore, const struct lab_found *found, uint64_t as_found, size_t ops_before,
		 uint64_t found_cpu_ns)
{
	uint64_t signature = lab_finding_signature(&found->result.finding, &found->scenario);
	struct lab_explore_state *state = explore->state;
	unsigned at = 0;

	while (at < state->finding_count && state->findings[at].signature != signature)
		at++;
	if (at == LAB_EXPLORE_FINDINGS) {
		state->unlisted++;
		return;
	}
	if (at == state->finding_count) {
		state->findings[at].signature = signature;
		state->findings[at].scenarios = state->scenarios;
		state->findings[at].schedules = state->schedules;
		state->findings[at].cpu_ns = found_cpu_ns;
		keep(explore, found, ops_before, &state->findings[at].kept);
		state->finding_count++;
	}
	state->findings[at].met++;
	if (state->seen_count == LAB_EXPLORE_SEEN)
		return;
	state->seen[state->seen_count].signature = as_found;
	state->seen[state->seen_count++].finding = at;
}

void lab_explore_found(struct lab_explore *explore, const struct lab_scenario *scenario,
		       const struct lab_choices *choices, const struct lab_sim_result *result)
{
	uint64_t signature = lab_finding_signature(&result->finding, scenario),
		 met_cpu_ns = lab_explore_cpu_ns(explore);
	struct lab_explore_state *state = explore->state;
	struct lab_found found;
	int code;

	if (is_known(state, signature))
		return;
	lab_found_init(&found, explore->sim, &explore->inner);
	found.stop = lab_explore_stop;
	found.arg = explore;
	found.shrink_ns = SHRINK_NS;
	lab_scenario_copy(&found.scenario, scenario);
	lab_choices_copy(&found.choices, choices);
	found.result = *result;
	code = lab_found_settle(&found, "explore");
	if (code)
		state->codes |= 1u << code;
	if (!code || found.result.finding.rule == LAB_R17_DETERMINISM)
		list(explore, &found, signature, scenario->op_count, met_cpu_ns);
	state->ended |= !explore->plan->keep_going;
	lab_found_free(&found);
}

/* The engine's own way, twice. What else it breaks is the search's to find. */
void lab_explore_try_twice(struct lab_explore *explore, const struct lab_scenario *scenario)
{
	struct lab_sim_result *result = &explore->watch.shared->result;
	struct lab_choices *choices = &explore->watch.shared->choices;
	const struct lab_sim_options options = {.quiesce = true, .record = choices};
	struct lab_found found;
	uint64_t hash = 0;

	for (unsigned i = 0; i < 2; i++) {
		choices->count = 0;
		if (lab_sim_run(explore->sim, scenario, &options, result) != LAB_OK || result->found)
			return;
		if (!i)
			hash = result->event_hash;
	}
	if (hash == result->event_hash)
		return;
	lab_found_init(&found, explore->sim, &explore->inner);
	lab_scenario_copy(&found.scenario, scenario);
	lab_choices_copy(&found.choices, choices);
	found.result = *result;
	lab_found_unsteady(&found, "explore", hash);
	explore->state->codes |= 1u << LAB_EXIT_NONDETERMINISM;
	list(explore, &found, lab_finding_signature(&found.result.finding, scenario), scenario->op_count,
	     lab_explore_cpu_ns(explore));
	explore->state->ended = true; /* whatever else there is, no replay could tell */
	lab_found_free(&found);
}
