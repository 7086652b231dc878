/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_call.h"

#include "plat/race.h"

/*
 * The scenario's own cache: blocks that contexts keep, which is what a target's shrinkers give back. Any context may
 * ask any list, handlers that came in here too, so a list is claimed, and who finds it claimed does without.
 */

static bool claim(struct lab_actor *actor)
{
	/* acquire: takes the list, and what the blocks' owners did with them, from let_go */
	if (lab_exchange_acquire(&actor->kept_busy, 1))
		return false;
	lab_race_acquire(&actor->kept_busy);
	return true;
}

static void let_go(struct lab_actor *actor)
{
	lab_race_release(&actor->kept_busy);
	/* release: to claim */
	lab_store_release(&actor->kept_busy, 0);
}

bool lab_exec_keep(struct lab_actor *actor, struct lab_held *held)
{
	bool kept;

	if (!claim(actor))
		return false;
	kept = actor->kept_count < actor->kept_room;
	if (kept) {
		actor->kept[actor->kept_count++] = *held;
		held->block = NULL;
	}
	let_go(actor);
	return kept;
}

bool lab_exec_kept_none(struct lab_actor *actor)
{
	bool none;

	if (!claim(actor))
		return false;
	none = !actor->kept_count;
	let_go(actor);
	return none;
}

static bool pop(struct lab_actor *from, struct lab_held *ret_held)
{
	bool some;

	if (!claim(from))
		return false;
	some = from->kept_count;
	if (some)
		*ret_held = from->kept[--from->kept_count];
	let_go(from);
	return some;
}

static uint64_t shrink(struct lab_exec *exec, struct lab_actor *actor, struct lab_actor *from, uint64_t frames)
{
	uint64_t released = 0, ns;
	struct lab_held held;

	while (released < frames && pop(from, &held)) {
		released += UINT64_C(1) << held.request.order;
		(void)lab_exec_free(exec, actor, &held, &ns);
	}
	return released;
}

uint64_t lab_exec_shrink(struct lab_exec *exec, struct lab_actor *actor, uint64_t frames)
{
	return shrink(exec, actor, actor, frames);
}

uint64_t lab_exec_shrink_all(struct lab_exec *exec, struct lab_actor *actor, uint64_t frames)
{
	uint64_t released = shrink(exec, actor, actor, frames);

	for (unsigned i = 0; i < exec->actor_count && released < frames; i++)
		released += shrink(exec, actor, &exec->actors[i], frames - released);
	lab_oracle_shrunk(exec->oracle, actor->index, released);
	return released;
}

/* Blocks of a zone lie in some list. */
static bool keeps_any(struct lab_exec *exec, unsigned zone)
{
	for (unsigned i = 0; i < exec->actor_count; i++)
		for (size_t k = 0; k < exec->actors[i].kept_count; k++)
			if (lab_oracle_zone_of(exec->oracle, exec->actors[i].kept[k].block) == zone)
				return true;
	return false;
}

enum lab_reclaim lab_exec_reclaim(struct lab_exec *exec, struct lab_actor *actor, unsigned zone)
{
	const struct lab_request *outer;
	struct lab_reclaim_step step;
	enum lab_reclaim answer;

	lab_exec_mask(exec, actor);
	lab_oracle_reclaim_begin(exec->oracle, &step, actor->index, zone, exec->one_thread && keeps_any(exec, zone));
	outer = lab_exec_call_begin(exec, actor, NULL);
	answer = exec->target->reclaim(exec->self, zone);
	lab_exec_call_end(exec, actor, outer);
	lab_oracle_reclaim_end(exec->oracle, &step, answer, exec->one_thread && keeps_any(exec, zone));
	lab_exec_unmask(exec, actor);
	return answer;
}
