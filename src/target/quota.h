/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TARGET_QUOTA_H
#define LAB_TARGET_QUOTA_H

#include <stdlib.h>

#include <labyrinth/target.h>

#include "base/bits.h"
#include "plat/atomic.h"

/*
 * As many frames as the machine has, for a target that takes its memory elsewhere: what drains the machine must not
 * drain the host. Each CPU draws on the whole in batches, so that a pair of calls costs no shared atomic and a library
 * is measured, not its adapter; up to two batches a CPU may therefore be out of the others' reach. Calls of one CPU do
 * not overlap: the harness masks interrupts around a target without LAB_CAP_IRQ.
 */
#define LAB_QUOTA_BATCH_MAX UINT64_C(4096)

struct lab_quota_cpu {
	_Alignas(64) lab_atomic64 credit;
};

struct lab_quota {
	lab_atomic64 frames; /* that no CPU has drawn */
	uint64_t batch;
	struct lab_quota_cpu *cpus;
};

static inline uint64_t lab_quota_machine_frames(const struct lab_machine *machine)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < machine->span_count; i++)
		frames += machine->spans[i].frame_count;
	return frames;
}

/* LAB_OK: *quota is to be given back with lab_quota_fini. LAB_NO_MEMORY: nothing is. */
static inline enum lab_status lab_quota_init(struct lab_quota *quota, const struct lab_machine *machine)
{
	size_t cpus = LAB_MAX(machine->cpu_count, 1u);

	quota->frames = lab_quota_machine_frames(machine);
	quota->batch = LAB_MIN(LAB_QUOTA_BATCH_MAX, quota->frames / (16 * cpus));
	quota->cpus = aligned_alloc(_Alignof(struct lab_quota_cpu), cpus * sizeof(quota->cpus[0]));
	if (!quota->cpus)
		return LAB_NO_MEMORY;
	for (size_t i = 0; i < cpus; i++)
		quota->cpus[i].credit = 0;
	return LAB_OK;
}

static inline void lab_quota_fini(struct lab_quota *quota)
{
	free(quota->cpus);
}

/* False: they are not to be had. All orders here are relaxed: bare counts, no memory goes with them. Lock-free. */
static inline bool lab_quota_take(struct lab_quota *quota, unsigned cpu, uint64_t frames)
{
	lab_atomic64 *own = &quota->cpus[cpu].credit;
	uint64_t credit = lab_load_relaxed(own); /* only this CPU writes it */

	if (credit < frames) {
		uint64_t whole = lab_load_relaxed(&quota->frames); /* the CAS compares */
		uint64_t drawn;

		do {
			if (whole < frames - credit)
				return false;
			drawn = LAB_MIN(whole, frames - credit + quota->batch);
		} while (!lab_cas_relaxed(&quota->frames, &whole, whole - drawn)); /* a bare count */
		credit += drawn;
	}
	lab_store_relaxed(own, credit - frames); /* as its load */
	return true;
}

static inline void lab_quota_give(struct lab_quota *quota, unsigned cpu, uint64_t frames)
{
	lab_atomic64 *own = &quota->cpus[cpu].credit;
	uint64_t credit = lab_load_relaxed(own) + frames; /* only this CPU writes it */

	if (credit > 2 * quota->batch) {
		lab_fetch_add_relaxed(&quota->frames, credit - quota->batch); /* a bare count */
		credit = quota->batch;
	}
	lab_store_relaxed(own, credit); /* as its load */
}

#endif
