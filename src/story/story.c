/* SPDX-License-Identifier: Apache-2.0 */
#include "story/story.h"

#include <sys/mman.h>

#include "base/bits.h"

static size_t bytes_of(size_t room)
{
	return sizeof(struct lab_story) + room * sizeof(struct lab_sim_step);
}

enum lab_status lab_story_create(size_t room, struct lab_story **ret_story)
{
	struct lab_story *story =
		mmap(NULL, bytes_of(room), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (story == MAP_FAILED)
		return LAB_SYSTEM;
	story->room = room;
	*ret_story = story;
	return LAB_OK;
}

void lab_story_destroy(struct lab_story *story)
{
	if (story)
		munmap(story, bytes_of(story->room));
}

void lab_story_note(void *arg, const struct lab_sim_step *step)
{
	struct lab_story *story = arg;

	if (!step->ended)
		story->count++;
	story->steps[(story->count - 1) % story->room] = *step;
}

size_t lab_story_kept(const struct lab_story *story)
{
	return (size_t)LAB_MIN(story->count, (uint64_t)story->room);
}

uint64_t lab_story_first(const struct lab_story *story)
{
	return story->count - lab_story_kept(story) + 1;
}

const struct lab_sim_step *lab_story_step(const struct lab_story *story, size_t i)
{
	return &story->steps[(lab_story_first(story) - 1 + i) % story->room];
}
