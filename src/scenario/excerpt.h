/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_EXCERPT_H
#define LAB_SCENARIO_EXCERPT_H

#include "scenario/scenario.h"

/*
 * A small test case cut out of a large one, for a search: the ends of a few contexts, on a machine that a schedule gets
 * through in no time. What a context has in hand where it is cut becomes allocations at its start.
 */
#define LAB_EXCERPT_FRAMES_MIN 8u
#define LAB_EXCERPT_ALL_FREE   UINT64_MAX

struct lab_excerpt {
	unsigned cpus;    /* the first so many */
	unsigned firings; /* handlers on each CPU: the last so many */
	size_t ops;       /* the last so many of each context */
	size_t skipped;   /* but for the very last of each task: the cut lies so many operations earlier */
	uint64_t frames;  /* of the machine, a power of two from LAB_EXCERPT_FRAMES_MIN on; greater orders are cut down
			   */
	bool maze;        /* two zones and a hole, where blocks of both are buddies; otherwise one span */
	uint64_t min;     /* the min watermark of all zones together, at most a quarter of the frames */
	uint64_t left;    /* frames above min that the first task leaves free; or LAB_EXCERPT_ALL_FREE */
};

/* `from` validates, and so does what is made of it; it has no schedule. */
void lab_scenario_excerpt(const struct lab_scenario *from, const struct lab_excerpt *excerpt,
			  struct lab_scenario *ret_scenario);

#endif
