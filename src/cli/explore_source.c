/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/input.h"
#include "cli/race.h"
#include "scenario/mutate.h"

/* Where the scenarios come from. What is due next lies in the shared state, so that any process can go on with it. */

#define SHARE_LEAST  8u   /* schedules of a generated scenario */
#define SHARE_FRAMES 256u /* of a machine; a greater one's scenario has less: its runs take longer */
#define SHARE_RACE   2u   /* the same in race mode: a race shows in most schedules that have both accesses */
#define SIZE_MOST    40u  /* of a generated scenario, of 100 */
#define SIZE_EVERY   64u  /* scenarios after which the greatest size grows by one */
#define SHARE_CORPUS 2000u

static void explore_file(void *arg, const char *path)
{
	struct lab_explore *explore = arg;
	struct lab_explore_state *state = explore->state;
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	int code;

	if (explore->walked++ < state->passed || state->ended || state->again)
		return;
	strcpy(state->path, path);
	lab_artifact_init(&artifact);
	code = lab_input_load("explore", path, &artifact, &kind);
	if (code)
		state->codes |= 1u << code;
	else
		lab_explore_scenario(explore, path, &artifact.scenario, explore->plan->from ? SHARE_CORPUS : 0);
	lab_artifact_free(&artifact);
	state->passed++;
}

static void explore_files(struct lab_explore *explore, const char *path)
{
	struct lab_explore_state *state = explore->state;
	char failed[LAB_WALK_PATH];

	if (lab_walk(path, explore_file, explore, failed) == LAB_OK)
		return;
	/* what cannot be had counts as a file, so that it is told once */
	if (explore->walked++ < state->passed || state->ended || state->again)
		return;
	lab_cli_error("explore: %s: %s", failed, strerror(errno));
	state->codes |= 1u << LAB_EXIT_USAGE;
	state->passed++;
}

/*
 * 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 ...: who does not know how long the right try takes loses least by this sequence (Luby,
 * Sinclair and Zuckerman, 1993). Many scenarios get few schedules, few get many, and each kind as many in all.
 */
static uint64_t luby(uint64_t i)
{
	uint64_t whole = 1;

	while (2 * whole <= i + 1)
		whole *= 2;
	return whole == i + 1 ? whole / 2 : luby(i + 1 - whole);
}

/* The one that is due. The state's generator goes on only when it was explored, or it killed its process. */
static void generate(const struct lab_explore *explore, struct lab_prng *prng, struct lab_scenario *scenario)
{
	const struct lab_scope scope = lab_scope_of(explore->plan->target);
	const struct lab_explore_state *state = explore->state;
	uint64_t most = LAB_MIN(1 + (state->passed + 1) / SIZE_EVERY, SIZE_MOST);

	*prng = state->prng;
	lab_scenario_generate(prng, 1 + (unsigned)lab_prng_below(prng, most), &scope, scenario);
	scenario->schedule_bytes = scenario->directive_count = 0;
}

static uint64_t share_of(const struct lab_explore *explore, const struct lab_scenario *scenario)
{
	uint64_t least = lab_cli_race_is_here() ? SHARE_RACE : SHARE_LEAST;
	uint64_t share = least * luby(explore->state->passed + 1), frames = scenario->machine.frame_count;

	/* One context, and no reclaimer: there is one schedule. */
	if (scenario->context_count == 1 && !(explore->plan->target->caps & LAB_CAP_RECLAIM))
		return 1;
	return frames > SHARE_FRAMES ? LAB_MAX(share * SHARE_FRAMES / frames, UINT64_C(1)) : share;
}

static void explore_generated(struct lab_explore *explore)
{
	struct lab_explore_state *state = explore->state;
	struct lab_scenario scenario;
	struct lab_prng next;

	lab_scenario_init(&scenario);
	while (!lab_explore_limit(explore, false) && !state->again) {
		generate(explore, &next, &scenario);
		lab_explore_scenario(explore, NULL, &scenario, share_of(explore, &scenario));
		state->prng = next;
		state->passed++;
	}
	lab_scenario_free(&scenario);
}

static bool generates(const struct lab_explore_plan *plan)
{
	return !plan->from && !plan->paths[0];
}

void lab_explore_sources(struct lab_explore *explore)
{
	const struct lab_explore_plan *plan = explore->plan;

	for (size_t i = 0; plan->paths[i] && !explore->state->ended; i++)
		explore_files(explore, plan->paths[i]);
	if (plan->from)
		explore_files(explore, plan->from);
	if (generates(plan))
		explore_generated(explore);
}

bool lab_explore_source_again(struct lab_explore *explore, struct lab_scenario *scenario)
{
	struct lab_explore_state *state = explore->state;
	struct lab_artifact artifact;
	enum lab_input_kind kind;
	struct lab_prng next;
	bool had;

	if (generates(explore->plan)) {
		generate(explore, &next, scenario);
		state->prng = next;
		state->passed++;
		return true;
	}
	lab_artifact_init(&artifact);
	had = lab_input_load("explore", state->path, &artifact, &kind) == 0;
	if (had)
		lab_scenario_copy(scenario, &artifact.scenario);
	lab_artifact_free(&artifact);
	state->passed++;
	return had;
}
