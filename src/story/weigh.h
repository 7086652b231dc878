/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STORY_WEIGH_H
#define LAB_STORY_WEIGH_H

#include "story/story.h"

/*
 * Which accesses of a story matter: those to words that several contexts touch and some context changes, but not the
 * reads that find what the same context left or saw there last; and changes of words that the target has a name for.
 * Where only one context moved at all, all that it changed. Never what the target calls a hint.
 * ret_matters: one for each step kept. LAB_NO_MEMORY. May sleep.
 */
LAB_MUST_USE enum lab_status lab_story_weigh(const struct lab_story *story, bool *ret_matters);

#endif
