/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/explore.h"
#include "plat/clock.h"

#define TELL_NS     UINT64_C(10000000000)
#define TELL_TTY_NS UINT64_C(1000000000)
#define LOOK_EVERY  64u /* schedules between two looks at the clock */
/* After so many findings in one scenario it is left, and of an instance that is not hooked each leaves memory behind:
 * the process is replaced. */
#define FINDINGS_MOST 256u

/* The watcher's own is nothing to speak of, and its children's is what state->cpu_ns says. */
uint64_t lab_explore_cpu_ns(const struct lab_explore *explore)
{
	uint64_t own = explore->in_child ? lab_clock_usage_ns(RUSAGE_SELF) + lab_clock_usage_ns(RUSAGE_CHILDREN) : 0;

	return explore->state->cpu_ns + own;
}

bool lab_explore_limit(struct lab_explore *explore, bool look)
{
	const struct lab_explore_plan *plan = explore->plan;
	struct lab_explore_state *state = explore->state;
	uint64_t now;

	if (plan->schedules && state->schedules >= plan->schedules)
		state->ended = true;
	if (look || state->schedules % LOOK_EVERY == 0) {
		now = lab_clock_mono_ns();
		lab_explore_folder_sample(explore, now);
		if (now - state->told_ns >= (isatty(STDERR_FILENO) ? TELL_TTY_NS : TELL_NS)) {
			state->told_ns = now;
			lab_explore_tell_progress(explore);
		}
		if (lab_explore_stop(explore) || (plan->time_ns && now - state->started_ns >= plan->time_ns) ||
		    (plan->search_cpu_ns && lab_explore_cpu_ns(explore) >= plan->search_cpu_ns))
			state->ended = true;
	}
	return state->ended;
}

void lab_explore_count(struct lab_explore_state *state, const struct lab_sim_result *result)
{
	state->schedules++;
	state->windows_unjudged += result->windows_unjudged;
	state->starved += result->starved;
	/* as a multiplicative hash: the order of runs counts */
	state->hash = (state->hash ^ result->event_hash) * UINT64_C(0x9e3779b97f4a7c15);
	state->hash ^= state->hash >> 32;
}

static void broken(struct lab_explore *explore, enum lab_status status)
{
	lab_cli_error("explore: the target cannot be run: %s", lab_cli_why(status));
	explore->state->codes |= 1u << LAB_EXIT_HARNESS;
	explore->state->ended = true;
}

/* True when all was asked that matters; false: a word was written that `settled` took for constant. */
static bool run_all(struct lab_explore *explore, const struct lab_scenario *scenario, struct lab_strategy *strategy,
		    uint64_t share)
{
	struct lab_explore_state *state = explore->state;
	struct lab_choices *choices = &explore->watch.shared->choices;
	struct lab_sim_result *result = &explore->watch.shared->result;
	const struct lab_sim_options options = {
		.quiesce = true, .settled = true, .strategy = strategy, .record = choices};
	uint64_t last = share ? state->schedules + share : UINT64_MAX;
	unsigned found = 0;
	bool outgrown = false;

	while (!strategy->done && state->schedules < last && !lab_explore_limit(explore, false)) {
		enum lab_status status;

		choices->count = 0;
		status = lab_sim_run(explore->sim, scenario, &options, result);
		if (status != LAB_OK) {
			broken(explore, status);
			break;
		}
		lab_explore_count(state, result);
		lab_trace_set_add(&state->traces, result->trace_hash);
		outgrown |= result->outgrown;
		if (result->found) {
			lab_explore_found(explore, scenario, choices, result);
			state->again = ++found == FINDINGS_MOST;
			if (!explore->plan->keep_going || state->again)
				break;
		} else if (outgrown) {
			break;
		}
	}
	return !outgrown;
}

void lab_explore_scenario(struct lab_explore *explore, const char *name, const struct lab_scenario *scenario,
			  uint64_t share)
{
	struct lab_explore_state *state = explore->state;
	struct lab_strategy_options options = {
		.seed = explore->plan->seed + state->scenarios,
		.preemptions = explore->plan->preemptions,
		.weak = explore->plan->weak,
	};
	struct lab_strategy *strategy;
	bool automatic = strcmp(explore->plan->strategy, "auto") == 0;
	uint64_t before = state->schedules;

	lab_explore_try_twice(explore, scenario);
	/* a search must be asked at the same places throughout: what it started without knowing, it does anew */
	for (;;) {
		uint64_t spent = state->schedules - before;

		options.share = share ? LAB_MAX(share, spent + 1) - spent : 0;
		strategy = lab_strategy_create(explore->plan->strategy, &options);
		if (run_all(explore, scenario, strategy, automatic ? 0 : options.share) || state->ended || state->again)
			break;
		lab_strategy_destroy(strategy);
		lab_sim_settle(explore->sim);
	}
	state->scenarios++;
	state->exhausted +=
		strategy->done && strategy->complete && !explore->plan->weak; /* the model leaves much out */
	state->bound = strategy->bound;
	if (name)
		lab_explore_tell_scenario(explore, name, state->schedules - before, strategy);
	lab_strategy_destroy(strategy);
}
