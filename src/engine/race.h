/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_RACE_H
#define LAB_ENGINE_RACE_H

#include <stdbool.h>
#include <stddef.h>

struct lab_sim;
struct lab_sim_strand;
struct lab_sim_context;

/*
 * Race mode: the deterministic engine in a program that ThreadSanitizer's runtime is linked into. Each strand is a
 * fiber of the runtime, which is on the engine's own fiber, where it looks at nothing, but for the moments in which an
 * access of a context is handed on to it. What orders contexts: the target's own atomics, host services (plat/race.h),
 * having the same CPU one after the other, and the engine, which every context comes after at the start of a run and
 * before at its end. A data race is R11.
 */
struct lab_race_engine {
	void (*begin)(struct lab_sim *sim); /* around a run */
	void (*end)(struct lab_sim *sim);
	void (*resume)(struct lab_sim *sim, struct lab_sim_strand *to); /* about to switch to it */
	/* Around a context's steps on the running strand, so that a report can tell whose an access was. */
	void (*enter)(const struct lab_sim_context *context);
	void (*leave)(void);
	void (*destroy)(struct lab_sim *sim); /* between runs */
	void (*rest)(void);                   /* before a fork: the runtime is deaf in a child of who has fibers */
};

/* NULL: this program has no runtime. The hooks are built once for each of the two (hook_race.h). */
extern const struct lab_race_engine *const lab_race_engine;

#endif
