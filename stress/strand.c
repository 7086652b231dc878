/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/workload.h"

/*
 * How much of the reserve does a privileged request on another CPU reach? In rounds: one CPU, the filler, takes
 * everything, what lies below the ordinary floor as single frames of the memalloc class, and gives those back: the
 * target keeps them where it likes, in the filler's cache for instance. The next CPU, the taker, asks for them in its
 * task and, exclusively, in its interrupts, until it is refused. All other CPUs wait.
 *
 * A round that something disturbed, as the end of the run or a rest that released everything, does not count: then the
 * taker gets more than was given, or never comes to its end.
 */

#define NOTHING_SLOT (LAB_SLOT_COUNT - 1) /* never filled */
#define RESERVE_GFP  LAB_GFP_MEMALLOC     /* nobody waits, and no reclaimer is woken to disturb the round */

enum phase { TAKE, GIVE, REACH, TAKER_RELEASES, FILLER_RELEASES };

/* How the round stands: one word, so that who sees the phase sees what belongs to it, and nothing else is ordered. */
struct stand {
	enum phase phase;
	uint32_t round, given; /* given: frames that the taker may find */
};

/* relaxed, here and below: who else is ordered by it would hide what the target forgot to order */
static struct stand stand_of(const struct lab_workload_setting *setting)
{
	uint64_t word = lab_load_relaxed(&setting->shared->stand);

	return (struct stand){(enum phase)(word & 0xff), (uint32_t)(word >> 8 & 0xffffff), (uint32_t)(word >> 32)};
}

static void stand_set(const struct lab_workload_setting *setting, struct stand stand)
{
	lab_store_relaxed(&setting->shared->stand,
			  (uint64_t)stand.given << 32 | (uint64_t)(stand.round & 0xffffff) << 8 | stand.phase);
}

static bool is_filler(const struct lab_workload_setting *setting, struct stand stand, const struct lab_actor *actor)
{
	return actor->cpu == stand.round % setting->threads;
}

static bool is_taker(const struct lab_workload_setting *setting, struct stand stand, const struct lab_actor *actor)
{
	return actor->cpu == (stand.round + 1) % setting->threads;
}

static bool holds(const struct lab_actor *actor)
{
	return actor->kept_count || actor->slots[0].block;
}

static struct lab_op nothing(const struct lab_actor *actor)
{
	return lab_workload_op(actor->kind == LAB_CONTEXT_TASK ? LAB_OP_WAIT : LAB_OP_TOUCH, NOTHING_SLOT);
}

static struct lab_op release(const struct lab_workload_setting *setting, const struct lab_actor *actor)
{
	struct lab_op op = lab_workload_op(actor->slots[0].block ? LAB_OP_FREE : LAB_OP_RECLAIM, 0);

	if (op.kind == LAB_OP_RECLAIM)
		op.value = setting->machine->frame_count;
	return op;
}

/* Great blocks first, so that few are held; then single frames of the class that has no floor. */
static struct lab_op take(const struct lab_workload_setting *setting, struct lab_workload_state *state, uint32_t round,
			  const struct lab_actor *actor)
{
	bool lost = state->slot && !holds(actor); /* all was released meanwhile */

	if (state->run != round + 1u || lost) {
		state->run = round + 1u;
		state->phase = setting->machine->order_max;
		state->singles = state->slot = state->count = 0;
	}
	if (state->singles)
		return lab_workload_alloc(setting, 0, RESERVE_GFP, 0);
	return lab_workload_alloc(setting, 0, 0, state->phase);
}

static struct lab_op next_of_task(const struct lab_workload_setting *setting, struct lab_workload_state *state,
				  const struct lab_actor *actor, struct stand stand)
{
	struct lab_op op;

	if (is_taker(setting, stand, actor)) {
		if (stand.phase == REACH)
			return lab_workload_alloc(setting, 0, RESERVE_GFP, 0);
		if (stand.phase == TAKER_RELEASES)
			return release(setting, actor);
	}
	if (!is_filler(setting, stand, actor))
		return holds(actor) ? release(setting, actor) : nothing(actor);
	if (stand.phase == TAKE)
		return take(setting, state, stand.round, actor);
	if (stand.phase == FILLER_RELEASES)
		return release(setting, actor);
	if (stand.phase != GIVE)
		return nothing(actor);
	op = lab_workload_op(LAB_OP_RECLAIM, 0);
	op.value = stand.given;
	return op;
}

static struct lab_op next(const struct lab_workload_setting *setting, struct lab_workload_state *state,
			  const struct lab_actor *actor)
{
	struct stand stand = stand_of(setting);

	if (actor->kind == LAB_CONTEXT_TASK)
		return next_of_task(setting, state, actor, stand);
	if (stand.phase == REACH && is_taker(setting, stand, actor))
		return lab_workload_alloc(setting, 0, RESERVE_GFP | LAB_GFP_EXCLUSIVE, 0);
	return holds(actor) ? release(setting, actor) : nothing(actor);
}

static void taken(const struct lab_workload_setting *setting, struct lab_workload_state *state,
		  const struct lab_actor *actor, struct stand stand, bool ok)
{
	if (actor->kept_count + 1 >= actor->kept_room) {
		stand.phase = FILLER_RELEASES; /* it cannot hold all there is: no round */
	} else if (ok) {
		state->slot = 1;
		state->count += state->singles;
		return;
	} else if (!state->singles) {
		state->singles = !state->phase;
		state->phase -= state->phase > 0;
		return;
	} else {
		stand.phase = state->count ? GIVE : FILLER_RELEASES;
		stand.given = state->count;
	}
	stand_set(setting, stand);
}

/* Of the taker's contexts: they are on one thread, so that when the task is told, its interrupts are over. */
static void reached(const struct lab_workload_setting *setting, const struct lab_actor *actor, struct stand stand,
		    bool ok)
{
	struct lab_workload_shared *shared = setting->shared;
	uint64_t frames;

	if (ok) {
		lab_fetch_add_relaxed(&shared->got, 1);
		return;
	}
	if (actor->kind != LAB_CONTEXT_TASK)
		return;
	stand.phase = TAKER_RELEASES;
	stand_set(setting, stand);
	frames = lab_exchange_relaxed(&shared->got, 0);
	if (frames > stand.given)
		return;
	lab_fetch_add_relaxed(&shared->rounds, 1);
	lab_fetch_add_relaxed(&shared->reserve, stand.given);
	lab_fetch_add_relaxed(&shared->reached, frames);
}

static void done(const struct lab_workload_setting *setting, struct lab_workload_state *state,
		 const struct lab_actor *actor, const struct lab_op *op, enum lab_status status)
{
	struct stand stand = stand_of(setting);
	bool filler = is_filler(setting, stand, actor), taker = is_taker(setting, stand, actor);
	bool task = actor->kind == LAB_CONTEXT_TASK;

	if (op->kind == LAB_OP_ALLOC) {
		if (stand.phase == REACH && taker)
			reached(setting, actor, stand, status == LAB_OK);
		else if (stand.phase == TAKE && filler && task)
			taken(setting, state, actor, stand, status == LAB_OK);
		return;
	}
	if (!task)
		return;
	if (stand.phase == GIVE && filler) {
		stand.phase = REACH;
		stand_set(setting, stand);
	} else if (stand.phase == TAKER_RELEASES && taker && !holds(actor)) {
		stand.phase = FILLER_RELEASES;
		stand_set(setting, stand);
	} else if (stand.phase == FILLER_RELEASES && filler && !holds(actor)) {
		stand_set(setting, (struct stand){.phase = TAKE, .round = stand.round + 1});
	}
}

const struct lab_workload lab_workload_strand = {
	.name = "strand",
	.summary = "how much of the reserve a privileged request reaches while it lies with another CPU",
	.burst_max = 6,
	.next = next,
	.done = done,
};
