/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/stop.h"
#include "plat/clock.h"

/* The watcher's side: it starts the process that runs schedules, and makes a finding of its death. */

bool lab_explore_stop(void *arg)
{
	struct lab_explore *explore = arg;

	/* relaxed: a flag with nothing behind it */
	return lab_cli_stop_asked() || lab_load_relaxed(&explore->state->stop);
}

/* A signal that was meant for the program may have reached the watcher alone. */
static void pass_on(void *arg)
{
	struct lab_explore *explore = arg;

	if (lab_cli_stop_asked())
		lab_store_relaxed(&explore->state->stop, 1);
}

static void in_child(void *arg)
{
	struct lab_explore *explore = arg;

	explore->state->again = false;
	explore->in_child = true;
	lab_explore_sources(explore);
}

static void take_over(struct lab_explore *explore)
{
	struct lab_isolated *shared = explore->watch.shared;
	struct lab_explore_state *state = explore->state;
	struct lab_scenario scenario;

	shared->result.found = true;
	shared->result.finding = shared->death;
	lab_scenario_init(&scenario);
	if (lab_explore_source_again(explore, &scenario)) {
		state->scenarios++;
		lab_explore_count(state, &shared->result);
		lab_explore_found(explore, &scenario, &shared->choices, &shared->result);
	} else {
		state->codes |= 1u << LAB_EXIT_HARNESS;
	}
	lab_scenario_free(&scenario);
}

static void watch(struct lab_explore *explore)
{
	const struct lab_isolated *shared = explore->watch.shared;
	struct lab_explore_state *state = explore->state;

	do {
		if (lab_isolate_job(&explore->watch, explore->sim, in_child, explore) != LAB_OK) {
			lab_cli_error("explore: no child process: %s", strerror(errno));
			state->codes |= 1u << LAB_EXIT_HARNESS;
			return;
		}
		state->cpu_ns = lab_clock_usage_ns(RUSAGE_CHILDREN);
		if (shared->ended)
			continue;
		if (shared->ours) {
			lab_cli_error("explore: ended by a broken promise of its own, not by the target");
			state->codes |= 1u << LAB_EXIT_HARNESS;
			return;
		}
		take_over(explore);
		state->again = explore->plan->keep_going;
	} while (state->again && !lab_explore_limit(explore, true));
}

void lab_explore_all(struct lab_explore *explore)
{
	struct lab_explore_state *state = explore->state;

	state->started_ns = state->told_ns = lab_clock_mono_ns();
	lab_prng_seed(&state->prng, explore->plan->seed, 0);
	explore->watch.look = pass_on;
	explore->watch.arg = explore->inner.arg = explore;
	explore->inner.look = pass_on;
	lab_explore_tell_options(explore);
	watch(explore);
	if (!state->passed && !state->schedules && explore->plan->from && !state->codes && !state->ended) {
		lab_cli_error("explore: --from: '%s': expected a corpus, there is no file in it", explore->plan->from);
		state->codes |= 1u << LAB_EXIT_USAGE;
	}
	lab_explore_tell_end(explore);
}
