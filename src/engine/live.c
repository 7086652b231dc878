/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "engine/live_cpu.h"

static const char *name_of(void *arg, unsigned actor)
{
	return ((struct lab_live *)arg)->names[actor];
}

/* The first finding wins; possibly in a signal handler, on any thread. */
static void on_finding(void *arg, const struct lab_finding *finding)
{
	struct lab_live *live = arg;
	uint32_t nothing = LAB_LIVE_FOUND_NOTHING;

	/* relaxed: settles who writes; the release below publishes */
	if (!lab_cas_relaxed(&live->found, &nothing, LAB_LIVE_FOUND_WRITING))
		return;
	live->finding = *finding;
	/* release: the finding, to the acquire in lab_live_finding */
	lab_store_release(&live->found, LAB_LIVE_FOUND);
	/* relaxed: a hint, see lab_live_stopping */
	lab_store_relaxed(&live->stop, 1);
}

static enum lab_status init_cpu(struct lab_live *live, unsigned index)
{
	struct lab_live_cpu *cpu = &live->cpus[index];

	cpu->live = live;
	cpu->index = index;
	/* relaxed: no thread runs yet */
	lab_store_relaxed(&cpu->closed, 1);
	for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++) {
		unsigned id = lab_live_actor_index(index, (enum lab_context_kind)kind);
		struct lab_live_level *level = &cpu->levels[kind];
		enum lab_status status;

		level->actor = &live->actors[id];
		status = lab_actor_init(level->actor, id, (enum lab_context_kind)kind, index, live->config.kept_room);
		if (status != LAB_OK)
			return status;
		level->actor->engine = cpu;
		lab_prng_seed(&level->dice, live->config.seed, 2 * id);
		lab_prng_seed(&level->randomness, live->config.seed, 2 * id + 1);
		snprintf(live->names[id], LAB_NAME_BYTES, "%s %u", lab_context_kind_name((enum lab_context_kind)kind),
			 index);
	}
	return LAB_OK;
}

static enum lab_status build(struct lab_live *live)
{
	struct lab_oracle_config watch = {.machine = &live->store.machine,
					  .target = live->config.target,
					  .actor_count = live->actor_count,
					  .actor_name = name_of,
					  .report = on_finding,
					  .arg = live};
	enum lab_status status;

	live->config.machine.cpu_count = live->config.threads;
	status = lab_machine_build(&live->store, &live->config.machine, live->config.target, &lab_live_host);
	if (status != LAB_OK)
		return status;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		lab_store_relaxed(&live->least_min[zone],
				  live->store.zones[zone].min); /* relaxed: no thread runs yet */
	for (unsigned i = 0; i < live->config.threads; i++) {
		status = init_cpu(live, i);
		if (status != LAB_OK)
			return status;
	}
	live->watch_sleep =
		!live->config.sleep_allowed && (live->config.target->caps & lab_rule_info(LAB_R07_ATOMIC_SLEEP)->caps);
	if (live->watch_sleep && lab_live_block_watch(live->config.target) != LAB_OK)
		return LAB_SYSTEM;
	status = lab_oracle_create(&watch, &live->oracle);
	if (status != LAB_OK)
		return status;
	live->exec = (struct lab_exec){.target = live->config.target,
				       .machine = &live->store.machine,
				       .oracle = live->oracle,
				       .engine = &lab_live_engine_ops,
				       .actors = live->actors,
				       .actor_count = live->actor_count,
				       .mask_interrupts = !(live->config.target->caps & LAB_CAP_IRQ),
				       .arg = live};
	status = lab_live_supervise(live, lab_live_job_create, 1, 0);
	/* relaxed: its writer's end was waited for */
	return status == LAB_OK ? (enum lab_status)lab_load_relaxed(&live->job_status) : status;
}

static void dismantle(struct lab_live *live)
{
	for (unsigned i = 0; i < live->actor_count; i++)
		lab_actor_fini(&live->actors[i]);
	if (live->oracle)
		lab_oracle_destroy(live->oracle);
	lab_machine_free(&live->store);
	free(live->cpus);
	free(live->actors);
	free(live->names);
	free(live);
}

enum lab_status lab_live_create(const struct lab_live_config *config, struct lab_live **ret_live)
{
	struct lab_live *live = aligned_alloc(64, lab_align_up(sizeof(*live), 64));
	enum lab_status status = LAB_NO_MEMORY;

	lab_assert_cmp(config->threads, >=, 1);
	lab_assert_cmp(config->threads, <=, LAB_CPU_MAX);
	if (!live)
		return LAB_NO_MEMORY;
	*live = (struct lab_live){.config = *config, .actor_count = config->threads * LAB_CONTEXT_KIND_COUNT};
	live->cpus = aligned_alloc(64, config->threads * sizeof(*live->cpus));
	live->actors = calloc(live->actor_count, sizeof(*live->actors));
	live->names = calloc(live->actor_count, sizeof(*live->names));
	if (live->cpus && live->actors && live->names) {
		memset(live->cpus, 0, config->threads * sizeof(*live->cpus));
		status = build(live);
	}
	if (status == LAB_OK || live->stuck || lab_live_has_found(live)) {
		*ret_live = live;
		return LAB_OK;
	}
	if (!live->cpus || !live->actors)
		live->actor_count = 0;
	dismantle(live);
	return status;
}

/* One stretch of work and the quiescence after it. */
static enum lab_status run_round(struct lab_live *live, uint64_t duration_ns, uint64_t op_limit)
{
	const struct lab_live_driver *driver = live->driver;
	bool storms = live->config.source == LAB_LIVE_STORM && live->config.levels;
	struct lab_thread controller;
	enum lab_status status = LAB_OK;

	live->tasks_op_limit = op_limit ? LAB_MAX(op_limit / live->config.threads, UINT64_C(1)) : 0;
	/* relaxed: published by the threads' start; the controller must not end on the last round's word */
	lab_store_relaxed(&live->stop, 0);
	/* relaxed, both: published by the threads' start */
	lab_store_relaxed(&live->working, live->config.threads);
	lab_store_relaxed(&live->reclaim_wanted, 0);
	if (storms)
		status = lab_live_storm_start(live, &controller);
	if (status == LAB_OK)
		status = lab_live_supervise(live, lab_live_job_work, live->config.threads, duration_ns);
	lab_store_relaxed(&live->stop, 1); /* relaxed: a hint to the controller */
	if (storms && status == LAB_OK)
		lab_thread_join(&controller);
	if (status == LAB_OK) /* relaxed: its writers' ends were waited for */
		status = (enum lab_status)lab_load_relaxed(&live->job_status);
	if (status != LAB_OK || live->stuck || lab_live_has_found(live))
		return status;
	live->driver = NULL; /* no tick and no latencies in what follows */
	status = lab_live_supervise(live, lab_live_job_quiesce, 1, 0);
	live->driver = driver;
	return status;
}

enum lab_status lab_live_run(struct lab_live *live, const struct lab_live_driver *driver, uint64_t duration_ns,
			     uint64_t op_limit)
{
	uint64_t left_ns = duration_ns;
	enum lab_status status = lab_live_signals_install();

	lab_assert(duration_ns || op_limit);
	lab_assert(!lab_live_has_found(live));
	if (status != LAB_OK || live->stuck)
		return live->stuck ? LAB_BUSY : status;
	live->driver = driver;
	live->cancelled = false;
	while (status == LAB_OK && (left_ns || !duration_ns)) {
		uint64_t span = op_limit ? left_ns : LAB_MIN(left_ns, live->config.round_ns);

		/* A short rest would be a round of its own: the last round takes it along. */
		if (left_ns - span < span / 2)
			span = left_ns;
		status = run_round(live, span, op_limit);
		left_ns -= span;
		if (op_limit || live->cancelled || live->stuck || lab_live_has_found(live))
			break;
	}
	lab_signal_levels_remove();
	if (!live->stuck) /* or a thread that was given up may come back and ask it */
		live->driver = NULL;
	return status == LAB_OK && live->stuck && !lab_live_has_found(live) ? LAB_BUSY : status;
}

bool lab_live_destroy(struct lab_live *live)
{
	if (!live->stuck && live->exec.self && lab_live_supervise(live, lab_live_job_destroy, 1, 0) != LAB_OK)
		live->stuck = true;
	if (live->stuck)
		return false;
	dismantle(live);
	return true;
}

const struct lab_finding *lab_live_finding(const struct lab_live *live)
{
	/* acquire: takes the finding from the release in on_finding */
	return lab_load_acquire(&live->found) == LAB_LIVE_FOUND ? &live->finding : NULL;
}

char *lab_live_log(const struct lab_live *live)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	lab_assert(out);
	for (unsigned i = 0; i < live->config.threads; i++) {
		fprintf(out, "thread %u, oldest first:\n", i);
		lab_live_ring_print(&live->cpus[i].ring, &live->store.machine, out);
	}
	fclose(out);
	return text;
}

void lab_live_set_sample(struct lab_live *live, unsigned sample)
{
	live->config.sample = sample;
}

const struct lab_oracle *lab_live_oracle(const struct lab_live *live)
{
	return live->oracle;
}

const struct lab_machine *lab_live_machine(const struct lab_live *live)
{
	return &live->store.machine;
}

unsigned lab_live_actor_index(unsigned thread, enum lab_context_kind kind)
{
	return thread * LAB_CONTEXT_KIND_COUNT + kind;
}

unsigned lab_live_actor_count(const struct lab_live *live)
{
	return live->actor_count;
}

const struct lab_actor *lab_live_actor(const struct lab_live *live, unsigned index)
{
	lab_assert_cmp(index, <, live->actor_count);
	return &live->actors[index];
}

uint64_t lab_live_least_min(const struct lab_live *live, enum lab_zone zone)
{
	/* relaxed: a statistic */
	return lab_load_relaxed(&live->least_min[zone]);
}
