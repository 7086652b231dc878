/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_call.h"
#include "engine/live_cpu.h"

#include "plat/futex.h"

/*
 * A task sleeps in a call of the target. While it does, its CPU is free for the reclaimer, and interrupts go on coming.
 *
 * Where all tasks sleep nobody is left who frees, and with real threads nobody could tell that from a machine that is
 * slow. So then each gives back what lies in its kept list and its mailbox, as sim does for all; and a wait ends, as
 * if its time were over, so that a request which nobody frees for comes to the end of its rounds. One that must not
 * fail has the task give up the blocks in its slots too: what a kernel's last resort does.
 */

#define SLICE_NS       UINT64_C(5000000)
#define SLICES_PATIENT 4u /* all asleep: the first of these may only have come before somebody that is to be woken */

static bool all_asleep(struct lab_live *live)
{
	/* relaxed, both: looked at again and again */
	return lab_load_relaxed(&live->asleep) >= lab_load_relaxed(&live->working);
}

static void relieve(struct lab_live_cpu *cpu, struct lab_actor *actor)
{
	struct lab_exec *exec = &cpu->live->exec;
	const struct lab_request *request = actor->asking;
	uint64_t ns;

	(void)lab_exec_shrink(exec, actor, UINT64_MAX);
	lab_exec_empty_mailbox(exec, actor);
	for (unsigned slot = 0; request && request->gfp & LAB_GFP_NOFAIL && slot < LAB_SLOT_COUNT; slot++)
		if (actor->slots[slot].block)
			(void)lab_exec_free(exec, actor, &actor->slots[slot], &ns);
}

static void sleep_on(struct lab_live_cpu *cpu, const lab_atomic32 *key, uint32_t seen)
{
	struct lab_live *live = cpu->live;
	unsigned patience = SLICES_PATIENT;

	/* acquire: takes what the waker wrote before it changed the key */
	while (lab_load_acquire(key) == seen && patience && !lab_live_has_found(live)) {
		lab_live_reclaim(cpu);
		if (lab_futex_wait((const uint32_t *)key, seen, SLICE_NS, LAB_FUTEX_OWN))
			return;
		lab_live_point(cpu);
		if (!all_asleep(live) && !lab_live_stopping(live))
			continue;
		relieve(cpu, lab_live_context(cpu)->actor);
		patience = lab_live_stopping(live) ? 0 : patience - 1;
	}
}

void lab_live_wait(struct lab_live_cpu *cpu, const uint32_t *key, uint32_t seen)
{
	if (!cpu) { /* a target's own thread */
		lab_futex_wait(key, seen, SLICE_NS, LAB_FUTEX_OWN);
		return;
	}
	/* relaxed, both: only the number matters */
	lab_fetch_add_relaxed(&cpu->live->asleep, 1);
	sleep_on(cpu, (const lab_atomic32 *)key, seen);
	lab_fetch_sub_relaxed(&cpu->live->asleep, 1);
}
