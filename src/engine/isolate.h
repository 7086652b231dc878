/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_ISOLATE_H
#define LAB_ENGINE_ISOLATE_H

#include "engine/sim.h"

/*
 * The deterministic engine in child processes: a target that crashes, ends its process, or loops without an event takes
 * a child with it, and what the child had done until then lies in memory that both see.
 */
#define LAB_ISOLATE_LINE 160u

#define LAB_CRASH_FRAMES 24u
/* Addresses of code, from where it struck outwards. */
struct lab_crash_stack {
	unsigned frames; /* 0: not known */
	uintptr_t code[LAB_CRASH_FRAMES];
};

/* What a child leaves behind. The job lets its runs write here what is to outlive them. */
struct lab_isolated {
	lab_atomic64 beats; /* odd: a run was under way */
	bool ended;         /* the job came to its end; false: `death` tells how it did not */
	bool ours;          /* with !ended: a promise of our own was broken, so the target may be innocent */
	enum lab_status status;
	struct lab_finding death;     /* R00, or R09 for a child that went on for too long or slept */
	struct lab_sim_result result; /* for a run's result */
	struct lab_divergence divergence;
	struct lab_choices choices;  /* for a run's record; pinned, never to be freed */
	char last[LAB_ISOLATE_LINE]; /* the event that a run met last, where the job let it be told */
	struct {
		int signal;
		bool sanitizer; /* one printed its report and ended the process */
		unsigned actor;
		uintptr_t code, address;
		uint64_t place; /* as lab_sim_place */
		struct lab_crash_stack stack;
	} crash;
};

struct lab_isolate {
	struct lab_isolated *shared;
	uint64_t cpu_ns;         /* CPU time that one run may take */
	bool quiet;              /* nothing of a child's is to be seen on the standard error: it was seen before */
	void (*look)(void *arg); /* as of struct lab_child_watch */
	void *arg;
};

/* LAB_SYSTEM: errno. */
LAB_MUST_USE enum lab_status lab_isolate_open(struct lab_isolate *isolate, uint64_t cpu_ns);
void lab_isolate_close(struct lab_isolate *isolate);

/*
 * Runs job(arg) in a child, where `sim` counts its runs; NULL: the job tells the engines that it makes to. LAB_OK: see
 * isolate->shared. LAB_SYSTEM: no child; errno.
 */
LAB_MUST_USE enum lab_status lab_isolate_job(struct lab_isolate *isolate, struct lab_sim *sim, void (*job)(void *arg),
					     void *arg);

/* For a run's `trace`: keeps the line as the last event. */
void lab_isolate_note_event(struct lab_isolated *shared, const char *line);

/*
 * One run in a child, as lab_sim_follow; choices: NULL: the scenario's own schedule. Of a run that took its child with
 * it, the result is the finding and what was hashed until then. ret_divergence: NULL for none.
 */
LAB_MUST_USE enum lab_status lab_isolate_follow(struct lab_isolate *isolate, struct lab_sim *sim,
						const struct lab_scenario *scenario, const struct lab_choices *choices,
						bool exact, struct lab_choices *record,
						struct lab_sim_result *ret_result,
						struct lab_divergence *ret_divergence);

#endif
