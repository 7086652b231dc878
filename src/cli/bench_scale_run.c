/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "cli/bench_scale.h"
#include "cli/coherence.h"
#include "engine/sim.h"
#include "target/registry.h"

#define FRAMES      65536u /* a chunk of the reference allocator's for each CPU */
#define FULL_FRAMES 4096u
#define FULL_ROOM   63u /* frames to give: no cache can be filled */
#define PAGE_SHIFT  6u
#define BULK        16u

/* Operations of each CPU: first some that are not counted, then those that are. */
static const struct {
	const char *name;
	unsigned first, counted;
} patterns[LAB_SCALE_PATTERN_COUNT] = {
	[LAB_SCALE_REPEAT] = {"repeat", 16, 128}, [LAB_SCALE_BULK] = {"bulk", 2 * BULK, 8 * BULK},
	[LAB_SCALE_GROW] = {"grow", BULK, 64},    [LAB_SCALE_REMOTE] = {"remote", 16, 128},
	[LAB_SCALE_FULL] = {"full", 16, 128},
};

/* What an operation that is not over yet did. */
struct pending {
	uint64_t atomics, updates, shared_updates, moves, neighbours;
	unsigned ops; /* of this context, that are over */
};

struct count {
	struct lab_scale_case *scale;
	struct lab_coherence *caches;
	struct pending pending[LAB_CONTEXT_MAX];
};

const char *lab_scale_pattern_name(enum lab_scale_pattern pattern)
{
	return patterns[pattern].name;
}

/* Numbers are not told apart, so that words of a kind come together. */
static void plain_name(char *name)
{
	char *to = name;

	for (const char *from = name; *from; from++) {
		if (isdigit((unsigned char)*from) && to > name && to[-1] == '#')
			continue;
		*to++ = isdigit((unsigned char)*from) ? '#' : *from;
	}
	*to = '\0';
}

/* The place of the word's name among those that moved, + 1; the last one is for all that there is no room for. */
static uint32_t note_of(struct lab_scale_case *scale, uintptr_t address)
{
	char name[sizeof(scale->words[0].name)] = "";
	uint32_t at = 0;

	if (!lab_sim_word_name((const void *)address, name, sizeof(name)))
		snprintf(name, sizeof(name), "without a name");
	plain_name(name);
	while (at < scale->word_count && strcmp(scale->words[at].name, name) != 0)
		at++;
	if (at == LAB_SCALE_WORDS)
		return at;
	if (at == scale->word_count)
		strcpy(scale->words[scale->word_count++].name, name);
	return at + 1;
}

static void touch(void *arg, const struct lab_sim_touch *touch)
{
	struct count *count = arg;
	struct pending *pending = &count->pending[touch->context];
	uintptr_t end = touch->address + touch->bytes;

	pending->atomics += touch->atomic;
	pending->updates += touch->kind == LAB_SIM_UPDATE;
	for (uintptr_t at = touch->address; at < end; at = lab_align_down(at, 8) + 8) {
		struct lab_coherence_move move =
			lab_coherence_touch(count->caches, touch->cpu, at, touch->kind != LAB_SIM_READ);

		if (!move.moved)
			continue;
		pending->moves++;
		pending->neighbours += move.neighbour;
		if (pending->ops < patterns[count->scale->pattern].first)
			continue;
		if (!*move.ret_note)
			*move.ret_note = note_of(count->scale, at);
		count->scale->words[*move.ret_note - 1].moves++;
		count->scale->words[*move.ret_note - 1].neighbours += move.neighbour;
	}
	pending->shared_updates +=
		touch->kind == LAB_SIM_UPDATE && lab_coherence_is_shared(count->caches, touch->address);
}

static void op_done(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame)
{
	struct count *count = arg;
	struct lab_scale_case *scale = count->scale;
	struct pending *pending = &count->pending[context];
	struct pending done = *pending;
	bool is_call =
		(op->kind == LAB_OP_ALLOC || op->kind == LAB_OP_FREE) && (status == LAB_OK || status == LAB_NO_MEMORY);

	*pending = (struct pending){.ops = done.ops + 1};
	if (done.ops < patterns[scale->pattern].first)
		return;
	scale->ops += is_call;
	scale->failed += is_call && status == LAB_NO_MEMORY;
	scale->atomics += done.atomics;
	scale->updates += done.updates;
	scale->shared_updates += done.shared_updates;
	scale->moves += done.moves;
	scale->neighbours += done.neighbours;
}

static void add(struct lab_scenario *scenario, enum lab_op_kind kind, unsigned slot, unsigned peer)
{
	lab_scenario_add_op(scenario, (struct lab_op){.kind = kind,
						      .slot = (uint8_t)slot,
						      .peer = (uint16_t)peer,
						      .gfp = kind == LAB_OP_ALLOC ? LAB_GFP_NOWAIT : 0});
}

static void add_ops(struct lab_scenario *scenario, enum lab_scale_pattern pattern, unsigned cpu, unsigned cpus)
{
	for (unsigned i = 0; i < patterns[pattern].first + patterns[pattern].counted; i++)
		switch (pattern) {
		case LAB_SCALE_BULK:
			add(scenario, i / BULK % 2 ? LAB_OP_FREE : LAB_OP_ALLOC, i % BULK, 0);
			break;
		case LAB_SCALE_GROW:
			add(scenario, LAB_OP_ALLOC, i % BULK, 0); /* what a slot had is kept aside */
			break;
		case LAB_SCALE_REMOTE:
			if (i % 4 == 0)
				add(scenario, LAB_OP_ALLOC, 0, 0);
			else if (i % 4 == 1)
				add(scenario, LAB_OP_GIVE, 0, (cpu + 1) % cpus);
			else
				add(scenario, i % 4 == 2 ? LAB_OP_TAKE : LAB_OP_FREE, 1, 0);
			break;
		default:
			add(scenario, i % 2 ? LAB_OP_FREE : LAB_OP_ALLOC, 0, 0);
		}
}

static void write_scenario(struct lab_scenario *scenario, const struct lab_scale_case *scale)
{
	bool full = scale->pattern == LAB_SCALE_FULL;
	uint64_t frames = full ? FULL_FRAMES : FRAMES;
	struct lab_zone_marks marks = {.frames = frames, .min = 64, .low = 80, .high = 96};

	if (full) {
		marks.min = marks.low = frames - FULL_ROOM;
		marks.high = frames;
	}
	scenario->machine = (struct lab_scenario_machine){.frame_count = frames,
							  .page_shift = PAGE_SHIFT,
							  .cpu_count = scale->cpus,
							  .order_max = LAB_ORDER_MAX,
							  .span_count = 1,
							  .spans = {{0, frames, LAB_ZONE_NORMAL}},
							  .zones = {[LAB_ZONE_NORMAL] = marks}};
	for (unsigned cpu = 0; cpu < scale->cpus; cpu++) {
		struct lab_scenario_context *task = lab_scenario_add_context(scenario);

		snprintf(task->name, sizeof(task->name), "c%u", cpu);
		task->kind = LAB_CONTEXT_TASK;
		task->cpu = cpu;
		add_ops(scenario, scale->pattern, cpu, scale->cpus);
	}
}

/* One schedule, added to the case. */
static enum lab_status run(struct lab_sim *sim, const struct lab_scenario *scenario, uint64_t seed,
			   struct lab_scale_case *scale, struct lab_sim_result *ret_result)
{
	struct count count = {.scale = scale, .caches = lab_coherence_create()};
	struct lab_strategy *strategy = lab_scale_turns(seed);
	const struct lab_sim_options options = {
		.strategy = strategy, .touch = touch, .op_done = op_done, .arg = &count};
	enum lab_status status = lab_sim_run(sim, scenario, &options, ret_result);

	lab_strategy_destroy(strategy);
	lab_coherence_destroy(count.caches);
	return status;
}

enum lab_status lab_bench_scale_case(const char *module, uint64_t seed, struct lab_scale_case *scale, char *message,
				     size_t room)
{
	struct lab_sim_result result = {0};
	const struct lab_target *target;
	struct lab_scenario scenario;
	enum lab_status status;
	struct lab_sim *sim;
	bool hooked = false;

	status = lab_target_open_hooked(module, &target, &hooked, message, room);
	if (status != LAB_OK)
		return status;
	scale->target = target->name;
	lab_scenario_init(&scenario);
	write_scenario(&scenario, scale);
	status = lab_sim_create(target, &sim);
	if (status != LAB_OK)
		sim = NULL;
	for (unsigned i = 0; i < LAB_SCALE_SEEDS && status == LAB_OK && !result.found; i++)
		status = run(sim, &scenario, seed + i, scale, &result);
	if (status != LAB_OK)
		snprintf(message, room, "bench: the engine: %s", lab_status_name(status));
	else if (result.found)
		snprintf(message, room, "bench: %s: %s: %s", scale->target, lab_rule_info(result.finding.rule)->id,
			 result.finding.detail);
	if (sim)
		lab_sim_destroy(sim);
	lab_scenario_free(&scenario);
	return status == LAB_OK && result.found ? LAB_INVALID : status;
}
