/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "engine/live_cpu.h"
#include "scenario/validate.h"
#include "scenario/words.h"

#define NO_CONTEXT UINT16_MAX

/* One thread's events. */
struct strip {
	unsigned thread, count;
	bool finder, near; /* it ran into the finding; it had the finding's block in hand */
	uint64_t last_ms;
	struct lab_live_seen seen[LAB_LIVE_EVENTS];
	uint16_t contexts[LAB_LIVE_EVENTS]; /* of each event, in the scenario; NO_CONTEXT: left out */
};

struct scene {
	const struct lab_live *live;
	uintptr_t block, block_bytes; /* of the finding; no bytes: it names none */
	struct strip *strips;
	unsigned count;
};

static bool is_finder(const struct scene *scene, unsigned thread)
{
	unsigned actor = scene->live->finding.actor;

	return actor < scene->live->actor_count && scene->live->actors[actor].cpu == thread;
}

/* An arena's findings name the frame; of others the finder's last event has the block. */
static void find_block(struct scene *scene)
{
	const struct lab_finding *finding = &scene->live->finding;
	const struct lab_machine *machine = &scene->live->store.machine;

	if (finding->frame < machine->frame_count)
		scene->block = (uintptr_t)machine->base + ((uintptr_t)finding->frame << machine->page_shift);
	for (unsigned i = 0; i < scene->count && !scene->block; i++)
		for (unsigned at = scene->strips[i].count; scene->strips[i].finder && at > 0 && !scene->block; at--)
			scene->block = scene->strips[i].seen[at - 1].block;
	if (scene->block)
		scene->block_bytes = (uintptr_t)1 << (finding->order + machine->page_shift);
}

static bool touches(const struct scene *scene, const struct lab_live_seen *seen)
{
	uintptr_t bytes = (uintptr_t)1 << (seen->op.order + scene->live->store.machine.page_shift);

	return seen->block && scene->block_bytes && seen->block < scene->block + scene->block_bytes &&
	       scene->block < seen->block + bytes;
}

static int by_relevance(const void *a, const void *b)
{
	const struct strip *x = a, *y = b;

	if (x->finder != y->finder)
		return x->finder ? -1 : 1;
	if (x->near != y->near)
		return x->near ? -1 : 1;
	if (x->last_ms != y->last_ms)
		return x->last_ms > y->last_ms ? -1 : 1;
	return x->thread < y->thread ? -1 : 1;
}

static void read_strips(struct scene *scene)
{
	for (unsigned i = 0; i < scene->count; i++) {
		struct strip *strip = &scene->strips[i];

		strip->thread = i;
		strip->count = lab_live_ring_read(&scene->live->cpus[i].ring, strip->seen);
		strip->finder = is_finder(scene, i);
		strip->last_ms = strip->count ? strip->seen[strip->count - 1].time_ms : 0;
	}
	find_block(scene);
	for (unsigned i = 0; i < scene->count; i++)
		for (unsigned at = 0; at < scene->strips[i].count; at++)
			scene->strips[i].near |= touches(scene, &scene->strips[i].seen[at]);
	qsort(scene->strips, scene->count, sizeof(*scene->strips), by_relevance);
	scene->count = LAB_MIN(scene->count, LAB_LIVE_SCENE_CPUS);
}

/* Whether the events say what a context did, and not only that there was nothing to do it with. */
static bool did_something(const struct lab_live_seen *seen)
{
	return seen->status != LAB_INVALID && seen->status != LAB_UNSUPPORTED;
}

/* Tasks first, then the firings of each thread, as the text form has them. */
static void add_contexts(struct scene *scene, struct lab_scenario *scenario)
{
	for (unsigned i = 0; i < scene->count; i++) {
		struct lab_scenario_context *task = lab_scenario_add_context(scenario);

		*task = (struct lab_scenario_context){.kind = LAB_CONTEXT_TASK, .cpu = i};
		snprintf(task->name, sizeof(task->name), "task-%u", scene->strips[i].thread);
	}
	for (unsigned i = 0; i < scene->count; i++) {
		struct strip *strip = &scene->strips[i];
		unsigned numbers[LAB_CONTEXT_KIND_COUNT] = {0};
		int latest[LAB_CONTEXT_KIND_COUNT] = {-1, -1, -1, -1};

		for (unsigned at = 0; at < strip->count; at++) {
			const struct lab_live_seen *seen = &strip->seen[at];
			struct lab_scenario_context *handler;

			strip->contexts[at] = NO_CONTEXT;
			if (!did_something(seen))
				continue;
			if (seen->kind == LAB_CONTEXT_TASK) {
				strip->contexts[at] = (uint16_t)i;
				continue;
			}
			if (latest[seen->kind] < 0 || strip->seen[latest[seen->kind]].firing != seen->firing) {
				if (scenario->context_count == LAB_CONTEXT_MAX)
					continue;
				handler = lab_scenario_add_context(scenario);
				*handler = (struct lab_scenario_context){.kind = seen->kind, .cpu = i};
				snprintf(handler->name, sizeof(handler->name), "%s-%u-%u",
					 lab_context_kind_name(seen->kind), strip->thread, ++numbers[seen->kind]);
				strip->contexts[at] = (uint16_t)(scenario->context_count - 1);
			} else {
				strip->contexts[at] = strip->contexts[latest[seen->kind]];
			}
			latest[seen->kind] = (int)at;
		}
	}
}

/* Another event about the same block, of that kind; NULL: none that is kept. */
static const struct lab_live_seen *partner(const struct scene *scene, enum lab_op_kind kind, uintptr_t block,
					   uint16_t *ret_context)
{
	for (unsigned i = 0; i < scene->count; i++)
		for (unsigned at = 0; at < scene->strips[i].count; at++) {
			const struct lab_live_seen *seen = &scene->strips[i].seen[at];

			if (seen->op.kind != kind || seen->block != block ||
			    scene->strips[i].contexts[at] == NO_CONTEXT)
				continue;
			*ret_context = scene->strips[i].contexts[at];
			return seen;
		}
	return NULL;
}

/* What an actor, or a CPU, of the run is called in the scenario. */
static uint16_t context_of(const struct scene *scene, const struct lab_scenario *scenario, unsigned actor)
{
	unsigned thread = actor / LAB_CONTEXT_KIND_COUNT, kind = actor % LAB_CONTEXT_KIND_COUNT;

	for (size_t i = 0; i < scenario->context_count; i++)
		if (scenario->contexts[i].kind == kind && scene->strips[scenario->contexts[i].cpu].thread == thread)
			return (uint16_t)i;
	return NO_CONTEXT;
}

static uint16_t cpu_of(const struct scene *scene, unsigned thread)
{
	for (unsigned i = 0; i < scene->count; i++)
		if (scene->strips[i].thread == thread)
			return (uint16_t)i;
	return NO_CONTEXT;
}

/* The event's operation in the scenario's own terms. False: it means nothing there. */
static bool translate(const struct scene *scene, const struct lab_scenario *scenario, const struct lab_live_seen *seen,
		      struct lab_op *ret_op)
{
	struct lab_op op = seen->op;
	uint16_t receiver;

	switch (lab_op_infos[op.kind].peer) {
	case LAB_PEER_CONTEXT:
		if (op.kind != LAB_OP_GIVE || !partner(scene, LAB_OP_TAKE, seen->block, &receiver))
			receiver = context_of(scene, scenario, op.peer);
		if (receiver == NO_CONTEXT && op.kind == LAB_OP_GIVE)
			op.kind = LAB_OP_FREE;
		op.peer = receiver == NO_CONTEXT ? 0 : receiver;
		break;
	case LAB_PEER_HANDLER:
		op.peer = context_of(scene, scenario, op.peer);
		break;
	case LAB_PEER_CPU:
		op.peer = cpu_of(scene, op.peer);
		break;
	default:
		break;
	}
	if (op.kind == LAB_OP_TAKE && !partner(scene, LAB_OP_GIVE, seen->block, &receiver))
		op.kind = LAB_OP_ALLOC;
	*ret_op = op;
	return op.peer != NO_CONTEXT;
}

/* Blocks that the context has in hand at its first event. */
static void add_held(const struct strip *strip, uint16_t context, struct lab_scenario *scenario)
{
	unsigned met = 0;

	for (unsigned at = 0; at < strip->count; at++) {
		const struct lab_live_seen *seen = &strip->seen[at];
		struct lab_op op = seen->op;
		unsigned bit = 1u << op.slot;

		if (strip->contexts[at] != context || !(lab_op_infos[op.kind].operands & LAB_TAKES_SLOT) || met & bit)
			continue;
		met |= bit;
		if (op.kind == LAB_OP_ALLOC || op.kind == LAB_OP_TAKE)
			continue;
		op.kind = LAB_OP_ALLOC;
		op.peer = 0;
		lab_scenario_add_op(scenario, op);
	}
}

static void add_ops(const struct scene *scene, uint16_t context, struct lab_scenario *scenario)
{
	const struct strip *strip = &scene->strips[scenario->contexts[context].cpu];

	scenario->contexts[context].first_op = scenario->op_count;
	add_held(strip, context, scenario);
	for (unsigned at = 0; at < strip->count; at++) {
		struct lab_op op;

		if (strip->contexts[at] == context && translate(scene, scenario, &strip->seen[at], &op))
			lab_scenario_add_op(scenario, op);
	}
	scenario->contexts[context].op_count = scenario->op_count - scenario->contexts[context].first_op;
}

void lab_live_scene(const struct lab_live *live, struct lab_scenario *ret_scenario)
{
	struct scene scene = {.live = live, .count = live->config.threads};

	scene.strips = calloc(scene.count, sizeof(*scene.strips));
	lab_assert(scene.strips);
	read_strips(&scene);
	lab_scenario_clear(ret_scenario);
	ret_scenario->machine = live->config.machine;
	ret_scenario->machine.cpu_count = scene.count;
	add_contexts(&scene, ret_scenario);
	for (size_t i = 0; i < ret_scenario->context_count; i++)
		add_ops(&scene, (uint16_t)i, ret_scenario);
	lab_scenario_normalise(ret_scenario);
	free(scene.strips);
}
