/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_STORY_H
#define LAB_STORY_STORY_H

#include "engine/sim.h"

/*
 * The steps of a run as they were told, in memory that a child process shares with its parent: what led to a crash is
 * known to who outlives it.
 */
struct lab_story {
	uint64_t count; /* steps so far; the last `room` of them are kept */
	size_t room;
	struct lab_sim_step steps[];
};

#define LAB_STORY_ROOM 16384u

/* LAB_SYSTEM: errno. May sleep. */
LAB_MUST_USE enum lab_status lab_story_create(size_t room, struct lab_story **ret_story);
void lab_story_destroy(struct lab_story *story); /* NULL: nothing */

/* For lab_sim_options.step; arg: the story. */
void lab_story_note(void *story, const struct lab_sim_step *step);

/* How many steps are kept, and the i-th of them; its number in the run, from 1, is first + i. */
size_t lab_story_kept(const struct lab_story *story);
uint64_t lab_story_first(const struct lab_story *story);
const struct lab_sim_step *lab_story_step(const struct lab_story *story, size_t i);

#endif
