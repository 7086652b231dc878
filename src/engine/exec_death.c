/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_call.h"

#include "plat/race.h"

/*
 * Processes that are killed, and got back what they had. What runs on one CPU is one process: its tasks, and the
 * handlers that come in there. The harness plays the kernel, which no kill stops: what it had under way for the dead is
 * ended here.
 */

static bool is_on(const struct lab_exec *exec, uint32_t holder, unsigned cpu)
{
	return holder && exec->actors[holder - 1].cpu == cpu;
}

void lab_exec_die(struct lab_exec *exec, unsigned cpu)
{
	/* Relaxed, all here: an engine that kills has one thread. */
	lab_race_release(&exec->died);
	lab_fetch_or_relaxed(&exec->died, UINT64_C(1) << cpu);
	lab_fetch_or_relaxed(&exec->unreaped, UINT64_C(1) << cpu);
	lab_oracle_died(exec->oracle);
	if (is_on(exec, lab_load_relaxed(&exec->plug_busy), cpu))
		lab_store_relaxed(&exec->plug_busy, 0);
	if (is_on(exec, lab_load_relaxed(&exec->reap_busy), cpu))
		lab_store_relaxed(&exec->reap_busy, 0);
}

static bool is_dead(void *arg, lab_owner owner)
{
	const struct lab_exec *exec = arg;
	unsigned context = lab_owner_context(owner); /* actor index + 1 */

	return context && context <= exec->actor_count && lab_exec_is_dead(exec, exec->actors[context - 1].cpu);
}

/* Nobody's any more, as the oracle has it: from here on the target may hand it out. */
static void lose(struct lab_exec *exec, struct lab_held *held)
{
	if (held->block)
		lab_oracle_lost(exec->oracle, held->block, &held->request);
	held->block = NULL;
}

static void lose_all(struct lab_exec *exec, struct lab_actor *actor)
{
	struct lab_parcel parcel;

	for (unsigned slot = 0; slot < LAB_SLOT_COUNT; slot++)
		lose(exec, &actor->slots[slot]);
	while (actor->kept_count)
		lose(exec, &actor->kept[--actor->kept_count]);
	while (lab_mailbox_take(&actor->mailbox, &parcel))
		lose(exec, &(struct lab_held){.block = parcel.block, .request = parcel.request});
}

/* A block that is on its way to the dead while they are reaped may be got back with the rest, or not. */
static void lose_what_comes(struct lab_exec *exec, struct lab_actor *giver, unsigned cpu)
{
	struct lab_handing *handing = giver->handing;

	if (!handing || handing->lost || exec->actors[handing->receiver].cpu != cpu)
		return;
	handing->lost = true;
	lab_oracle_lost(exec->oracle, handing->block, &handing->from);
}

void lab_exec_free_handed(struct lab_exec *exec, struct lab_actor *actor, const struct lab_handing *handing)
{
	struct lab_request request = handing->from;
	const struct lab_request *outer;

	request.owner = handing->to;
	request.cpu = actor->cpu;
	lab_oracle_other_begin(exec->oracle);
	outer = lab_exec_call_begin(exec, actor, &request);
	(void)exec->target->free(exec->self, handing->block, &request);
	lab_exec_call_end(exec, actor, outer);
	lab_oracle_other_end(exec->oracle);
}

/* Watermarks that the dead were about to set. */
static void set_marks_anew(struct lab_exec *exec, struct lab_actor *actor)
{
	const struct lab_request *outer = lab_exec_call_begin(exec, actor, NULL);
	enum lab_status status = exec->target->set_marks(exec->self, exec->marks_zone, &exec->marks_to);

	lab_exec_call_end(exec, actor, outer);
	lab_oracle_marks_end(exec->oracle, exec->marks_zone, status == LAB_OK ? &exec->marks_to : NULL);
	lab_store_relaxed(&exec->marks_busy, 0);
}

/* What the dead were in the middle of. */
static void end_work(struct lab_exec *exec, struct lab_actor *actor, unsigned cpu)
{
	for (unsigned i = 0; i < exec->actor_count; i++) {
		struct lab_actor *dead = &exec->actors[i];
		struct lab_handing *handing = dead->handing;

		if (dead->cpu != cpu)
			continue;
		dead->handing = NULL;
		/* Of what a living one kept, which nobody else knows of now. Was it freed, the token is nobody's. */
		if (dead->freeing && !is_dead(exec, dead->freeing->to))
			lab_exec_free_handed(exec, actor, dead->freeing);
		dead->freeing = NULL;
		/* Nobody told the receiver of it. */
		if (handing && !handing->lost)
			lab_exec_free_handed(exec, actor, handing);
		lab_oracle_bury(exec->oracle, i, dead->others);
		dead->others = 0;
	}
	if (is_on(exec, lab_load_relaxed(&exec->marks_busy), cpu))
		set_marks_anew(exec, actor);
}

static enum lab_status reap(struct lab_exec *exec, struct lab_actor *actor, unsigned cpu)
{
	const struct lab_request *outer;
	enum lab_status status;

	lab_race_acquire(&exec->died);
	for (unsigned i = 0; i < exec->actor_count; i++) {
		if (exec->actors[i].cpu == cpu)
			lose_all(exec, &exec->actors[i]);
		lose_what_comes(exec, &exec->actors[i], cpu);
	}
	lab_exec_others_begin(exec, actor);
	outer = lab_exec_call_begin(exec, actor, NULL);
	status = exec->target->reap(exec->self, cpu, is_dead, exec);
	lab_exec_call_end(exec, actor, outer);
	lab_exec_others_end(exec, actor);
	if (status == LAB_OK) {
		lab_fetch_and_relaxed(&exec->unreaped, ~(UINT64_C(1) << cpu));
		end_work(exec, actor, cpu);
	} else if (status != LAB_BUSY) {
		lab_oracle_report(exec->oracle, LAB_R16_OWNER_DEATH, actor->index, UINT64_MAX, 0,
				  "reap of cpu %u, whose process is dead, answered %s", cpu, lab_status_name(status));
	}
	return status;
}

enum lab_status lab_exec_reap(struct lab_exec *exec, struct lab_actor *actor, unsigned cpu)
{
	enum lab_status status;
	uint32_t nobody = 0;

	if (!(lab_load_relaxed(&exec->unreaped) >> cpu & 1))
		return LAB_UNCHANGED;
	/* One at a time, as whoever collects children has it. */
	if (!lab_cas_relaxed(&exec->reap_busy, &nobody, actor->index + 1))
		return LAB_BUSY;
	status = reap(exec, actor, cpu);
	lab_store_relaxed(&exec->reap_busy, 0);
	return status;
}

void lab_exec_reap_all(struct lab_exec *exec, struct lab_actor *actor)
{
	unsigned count = exec->machine->cpu_count;

	/* Each round ends what kept the others waiting: calls of those that are known to be dead by then. */
	for (unsigned round = 0; round <= count && lab_load_relaxed(&exec->unreaped); round++)
		for (unsigned cpu = 0; cpu < count; cpu++)
			(void)lab_exec_reap(exec, actor, cpu);
	if (lab_load_relaxed(&exec->unreaped))
		lab_oracle_report(exec->oracle, LAB_R16_OWNER_DEATH, LAB_FINDING_NO_ACTOR, UINT64_MAX, 0,
				  "what the dead had is not got back, though nobody living is in a call");
}
