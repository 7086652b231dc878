/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/stop.h"
#include "engine/shrink.h"
#include "plat/clock.h"

#define TELL_NS     UINT64_C(10000000000)
#define TELL_TTY_NS UINT64_C(1000000000)
#define LOOK_EVERY  64u /* schedules between two looks at the clock */

bool lab_explore_limit(struct lab_explore *explore)
{
	const struct lab_explore_plan *plan = explore->plan;
	uint64_t now;

	if (plan->schedules && explore->schedules >= plan->schedules)
		explore->ended = true;
	if (explore->schedules % LOOK_EVERY == 0) {
		now = lab_clock_mono_ns();
		if (now - explore->told_ns >= (isatty(STDERR_FILENO) ? TELL_TTY_NS : TELL_NS)) {
			explore->told_ns = now;
			lab_explore_tell_progress(explore);
		}
		if (lab_cli_stop_asked() || (plan->time_ns && now - explore->started_ns >= plan->time_ns))
			explore->ended = true;
	}
	return explore->ended;
}

static bool stop_shrinking(void *arg)
{
	return lab_cli_stop_asked();
}

/* Replays what was found, exactly; then makes it smaller and writes it down. */
static int handle_finding(struct lab_explore *explore, const struct lab_scenario *found,
			  const struct lab_choices *choices, const struct lab_sim_result *result)
{
	const struct lab_explore_plan *plan = explore->plan;
	struct lab_scenario scenario;
	struct lab_choices smaller = {0};
	struct lab_shrink shrink = {
		.sim = explore->sim,
		.rule = result->finding.rule,
		.stop = stop_shrinking,
		.scenario = &scenario,
		.choices = &smaller,
	};
	struct lab_sim_result again;
	int code = LAB_EXIT_NONDETERMINISM;

	lab_scenario_init(&scenario);
	lab_scenario_copy(&scenario, found);
	lab_choices_copy(&smaller, choices);
	if (lab_sim_follow(explore->sim, found, choices, true, NULL, &again, NULL) != LAB_OK || !again.found ||
	    again.event_hash != result->event_hash) {
		lab_cli_error("explore: a finding of %s did not replay: event hash %016" PRIx64 ", then %016" PRIx64,
			      lab_rule_info(result->finding.rule)->id, result->event_hash, again.event_hash);
	} else if (lab_shrink(&shrink) != LAB_OK || shrink.unsteady) {
		lab_cli_error("explore: a finding of %s did not replay after it was made smaller",
			      lab_rule_info(result->finding.rule)->id);
	} else {
		lab_explore_tell_end(explore);
		code = lab_artifact_out(&(struct lab_artifact_out){
			.command = "explore",
			.target = plan->target_name,
			.strategy = plan->strategy,
			.folder = plan->findings_dir,
			.hooked = plan->hooked,
			.seed = plan->seed,
			.scenario = &scenario,
			.choices = &smaller,
			.result = &shrink.result,
			.ops_before = found->op_count,
			.format = plan->format,
		});
	}
	lab_choices_free(&smaller);
	lab_scenario_free(&scenario);
	return code;
}

/* True when all was asked that matters; false: a word was written that `settled` took for constant. */
static bool run_all(struct lab_explore *explore, const struct lab_scenario *scenario, struct lab_strategy *strategy,
		    uint64_t share)
{
	struct lab_choices choices = {0};
	const struct lab_sim_options options = {
		.quiesce = true, .settled = true, .strategy = strategy, .record = &choices};
	uint64_t last = share ? explore->schedules + share : UINT64_MAX;
	bool outgrown = false;

	while (!strategy->done && explore->schedules < last && !lab_explore_limit(explore)) {
		struct lab_sim_result result;
		enum lab_status status;

		choices.count = 0;
		status = lab_sim_run(explore->sim, scenario, &options, &result);
		explore->schedules++;
		if (status != LAB_OK) {
			lab_cli_error("explore: the target cannot be run: %s%s%s", lab_status_name(status),
				      status == LAB_SYSTEM ? ": " : "", status == LAB_SYSTEM ? strerror(errno) : "");
			explore->code = LAB_EXIT_HARNESS;
			explore->ended = true;
			break;
		}
		lab_trace_set_add(&explore->traces, result.trace_hash);
		outgrown |= result.outgrown;
		if (outgrown && !result.found)
			break;
		if (!result.found)
			continue;
		explore->code = handle_finding(explore, scenario, &choices, &result);
		explore->ended = true;
		break;
	}
	lab_choices_free(&choices);
	return !outgrown;
}

void lab_explore_scenario(struct lab_explore *explore, const char *name, const struct lab_scenario *scenario,
			  uint64_t share)
{
	const struct lab_strategy_options options = {
		.seed = explore->plan->seed + explore->scenarios,
		.preemptions = explore->plan->preemptions,
		.share = share,
	};
	struct lab_strategy *strategy;
	bool automatic = strcmp(explore->plan->strategy, "auto") == 0;
	uint64_t before = explore->schedules;

	/* a search must be asked at the same places throughout: what it started without knowing, it does anew */
	for (;;) {
		strategy = lab_strategy_create(explore->plan->strategy, &options);
		if (run_all(explore, scenario, strategy, automatic ? 0 : share) || explore->ended)
			break;
		lab_strategy_destroy(strategy);
		lab_sim_settle(explore->sim);
	}
	explore->scenarios++;
	explore->exhausted += strategy->done && strategy->complete;
	explore->bound = strategy->bound;
	if (name && !explore->told)
		lab_explore_tell_scenario(explore, name, explore->schedules - before, strategy);
	lab_strategy_destroy(strategy);
}
