/* SPDX-License-Identifier: Apache-2.0 */
#include "story/weigh.h"

#include <stdlib.h>

#include "base/bits.h"

#define WORD_BYTES    8u
#define CONTEXTS_TOLD 64u   /* contexts told apart in what they know of a word; others know nothing */
#define RANGE_WORDS   4096u /* of one access; the rest of a greater one is not looked at */

/* What became of a word of memory in a run. */
struct word {
	uintptr_t number; /* its address over 8, plus 1; 0: the place is free */
	unsigned context; /* who touched it first */
	bool shared, changed;
	uint64_t knows; /* contexts that know what it holds, a bit each */
};

struct table {
	struct word *words;
	size_t room; /* a power of two */
};

static bool is_access(const struct lab_sim_step *step)
{
	return step->pending.address && step->pending.kind >= LAB_SIM_READ && step->pending.bytes;
}

static size_t words_of(const struct lab_sim_step *step)
{
	uintptr_t first = step->pending.address / WORD_BYTES;
	uintptr_t last = (step->pending.address + step->pending.bytes - 1) / WORD_BYTES;

	return LAB_MIN((size_t)(last - first) + 1, (size_t)RANGE_WORDS);
}

static struct word *word_at(const struct table *table, uintptr_t number)
{
	size_t at = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (table->room - 1);

	while (table->words[at].number && table->words[at].number != number + 1)
		at = (at + 1) & (table->room - 1);
	table->words[at].number = number + 1;
	return &table->words[at];
}

static bool changes(const struct lab_sim_step *step)
{
	if (step->pending.kind == LAB_SIM_READ)
		return false;
	return !step->has_values || !step->ended || step->before != step->after;
}

static void count_step(const struct table *table, const struct lab_sim_step *step)
{
	for (size_t i = 0; is_access(step) && i < words_of(step); i++) {
		struct word *word = word_at(table, step->pending.address / WORD_BYTES + i);

		if (!word->knows)
			word->context = step->context;
		word->knows = 1;
		word->shared |= word->context != step->context;
		word->changed |= changes(step);
	}
}

/* In the run's order: what each context knows of the words is as of the step. */
static bool matters(const struct table *table, const struct lab_sim_step *step, bool alone)
{
	uint64_t self = step->context < CONTEXTS_TOLD ? UINT64_C(1) << step->context : 0;
	bool news = false, shared = false;

	for (size_t i = 0; is_access(step) && i < words_of(step); i++) {
		struct word *word = word_at(table, step->pending.address / WORD_BYTES + i);

		shared |= word->shared && word->changed;
		news |= !(word->knows & self) || step->pending.kind != LAB_SIM_READ;
		word->knows = changes(step) ? self : word->knows | self;
	}
	if (step->older)
		return true;
	if (!is_access(step) || step->kind == LAB_WORD_HINT)
		return false;
	return (changes(step) && (alone || step->kind != LAB_WORD_NONE)) || (shared && news);
}

static size_t room_for(const struct lab_story *story, bool *ret_alone)
{
	size_t words = 16;

	*ret_alone = true;
	for (size_t i = 0; i < lab_story_kept(story); i++) {
		const struct lab_sim_step *step = lab_story_step(story, i);

		words += is_access(step) ? words_of(step) : 0;
		*ret_alone &= step->context == lab_story_step(story, 0)->context;
	}
	return (size_t)1 << lab_order_of(2 * words);
}

enum lab_status lab_story_weigh(const struct lab_story *story, bool *ret_matters)
{
	bool alone;
	struct table table = {.room = room_for(story, &alone)};

	table.words = calloc(table.room, sizeof(*table.words));
	if (!table.words)
		return LAB_NO_MEMORY;
	for (size_t i = 0; i < lab_story_kept(story); i++)
		count_step(&table, lab_story_step(story, i));
	for (size_t i = 0; i < table.room; i++)
		table.words[i].knows = 0;
	for (size_t i = 0; i < lab_story_kept(story); i++)
		ret_matters[i] = matters(&table, lab_story_step(story, i), alone);
	free(table.words);
	return LAB_OK;
}
