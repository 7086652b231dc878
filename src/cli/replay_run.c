/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/replay_run.h"

#include <stdio.h>

#include "cli/twice.h"
#include "plat/child.h"

/* One child makes all runs; where one takes it along, another child goes on with the next. */
struct replay {
	const struct lab_target *target;
	const struct lab_artifact *artifact;
	struct lab_replay_way way;
	struct lab_isolate isolate;
	bool notes; /* each event is noted, so that the last one can be told */
	struct lab_replay_outcome *outcome;
};

/* What `arg` of a run's options is: the first run prints, any may note. */
struct listener {
	struct lab_isolated *shared;
	bool prints;
};

static void hear(void *arg, const char *line)
{
	const struct listener *listener = arg;

	if (listener->prints)
		puts(line);
	lab_isolate_note_event(listener->shared, line);
}

static void count(struct lab_replay_outcome *outcome, const struct lab_sim_result *result)
{
	const struct lab_sim_result *first = &outcome->first;

	outcome->runs++;
	if (outcome->runs == 1)
		outcome->first = *result;
	if (result->event_hash == first->event_hash && result->found == first->found &&
	    result->starved == first->starved && (!result->found || result->finding.rule == first->finding.rule)) {
		outcome->agreed++;
	} else if (!outcome->other_run) {
		outcome->other_run = outcome->runs;
		outcome->other = *result;
	}
}

/* follows: NULL: the scenario's own schedule, of which `record` keeps the choices unless it is NULL. */
static enum lab_status run_on(struct replay *replay, struct lab_sim *sim, const struct lab_choices *follows,
			      struct lab_choices *record, struct lab_story *story)
{
	struct lab_isolated *shared = replay->isolate.shared;
	struct lab_strategy *strategy = follows ? lab_strategy_follow(follows, true) : NULL;
	struct listener listener = {shared, replay->way.trace && !replay->outcome->runs};
	bool listens = listener.prints || replay->notes;
	const struct lab_sim_options options = {
		.quiesce = true,
		.sequential = replay->way.sequential,
		.tell_races = listener.prints,
		.trace = listens ? hear : NULL,
		.step = story && strategy && !listens ? lab_story_note : NULL,
		.arg = listens ? (void *)&listener : (void *)story,
		.strategy = strategy,
		.record = record,
	};
	enum lab_status status;

	if (strategy)
		lab_strategy_follow_note(strategy, &shared->divergence);
	status = lab_sim_run(sim, &replay->artifact->scenario, &options, &shared->result);
	if (strategy)
		lab_strategy_destroy(strategy);
	return status;
}

/* Steps are told of what follows choices, so what does not is run once more, following what it chose. */
static void tell_steps(struct replay *replay, struct lab_sim *sim, const struct lab_choices *choices)
{
	struct lab_isolated *shared = replay->isolate.shared;
	struct lab_sim_result result = shared->result;

	if (run_on(replay, sim, choices, NULL, replay->way.story) != LAB_OK || shared->divergence.is)
		replay->way.story->count = 0;
	shared->divergence.is = false;
	shared->result = result;
}

static enum lab_status run_once(struct replay *replay)
{
	const struct lab_artifact *artifact = replay->artifact;
	struct lab_story *story = replay->outcome->runs ? NULL : replay->way.story;
	bool tells = story && !artifact->follows && !replay->way.sequential;
	struct lab_choices choices = {0};
	struct lab_sim *sim;
	enum lab_status status = lab_sim_create(replay->target, &sim);

	if (status != LAB_OK)
		return status;
	lab_sim_beat(sim, &replay->isolate.shared->beats);
	status = run_on(replay, sim, artifact->follows ? &artifact->choices : NULL, tells ? &choices : NULL, story);
	if (tells && status == LAB_OK)
		tell_steps(replay, sim, &choices);
	lab_choices_free(&choices);
	lab_sim_destroy(sim);
	return status;
}

static void run_rest(void *arg)
{
	struct replay *replay = arg;
	struct lab_isolated *shared = replay->isolate.shared;

	if (replay->way.trace)
		setvbuf(stdout, NULL, _IOLBF, 0); /* what it did until it ended its process is what was asked for */
	while (replay->outcome->runs < replay->way.times) {
		shared->status = run_once(replay);
		if (shared->status != LAB_OK)
			return;
		count(replay->outcome, &shared->result);
	}
}

static enum lab_status run_all(struct replay *replay)
{
	struct lab_replay_outcome *outcome = replay->outcome;
	struct lab_isolated *shared = replay->isolate.shared;
	while (outcome->runs < replay->way.times && outcome->status == LAB_OK) {
		if (lab_isolate_job(&replay->isolate, NULL, run_rest, replay) != LAB_OK)
			return LAB_SYSTEM;
		if (!outcome->divergence.is)
			outcome->divergence = shared->divergence;
		if (shared->ended) {
			outcome->status = shared->status;
			continue;
		}
		if (!replay->notes) {
			/* once more, to know where it was; what there was to print was printed */
			replay->notes = true;
			replay->way.trace = false;
			replay->way.story = NULL;
			continue;
		}
		shared->result.found = true;
		shared->result.finding = shared->death;
		outcome->crash = shared->crash.stack;
		count(outcome, &shared->result);
	}
	return LAB_OK;
}

/* Two runs differed: where. */
static void tell_unsteady(struct replay *replay)
{
	struct lab_replay_outcome *outcome = replay->outcome;
	struct lab_twice twice = {
		.isolate = &replay->isolate,
		.scenario = &replay->artifact->scenario,
		.choices = replay->artifact->follows ? &replay->artifact->choices : NULL,
		.sequential = replay->way.sequential,
	};

	if (lab_sim_create(replay->target, &twice.sim) != LAB_OK)
		return;
	lab_twice_tell(&twice, outcome->first.event_hash, outcome->other.event_hash, &outcome->unsteady);
	lab_sim_destroy(twice.sim);
}

enum lab_status lab_replay_run(const struct lab_target *target, const struct lab_artifact *artifact,
			       const struct lab_replay_way *way, struct lab_replay_outcome *ret_outcome)
{
	struct replay replay = {.target = target, .artifact = artifact, .way = *way};
	enum lab_status status = lab_isolate_open(&replay.isolate, way->cpu_ns);

	if (status != LAB_OK)
		return status;
	/* in memory that the children share: a run that takes one along is not to be made again */
	replay.outcome = lab_child_share(sizeof(*replay.outcome));
	status = replay.outcome ? run_all(&replay) : LAB_SYSTEM;
	if (status == LAB_OK && replay.outcome->other_run)
		tell_unsteady(&replay);
	if (status == LAB_OK)
		*ret_outcome = *replay.outcome;
	if (replay.outcome)
		lab_child_unshare(replay.outcome, sizeof(*replay.outcome));
	lab_isolate_close(&replay.isolate);
	return status;
}
