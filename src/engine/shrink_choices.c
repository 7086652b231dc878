/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shrink_own.h"

/* Older values that were read go first, then interrupts that came in, then switches, chunk by chunk; constraints that
 * do not fit any more go with them. */
enum kind { READS, FIRES, SWITCHES };

static enum kind kind_of(const struct lab_choice *choice)
{
	if (choice->reads)
		return READS;
	return choice->fires ? FIRES : SWITCHES;
}

/* Drops `count` of the choices of that kind, from the first-th of them on. */
static void drop(struct lab_choices *choices, enum kind kind, size_t first, size_t count)
{
	size_t to = 0, seen = 0;

	for (size_t i = 0; i < choices->count; i++) {
		bool gone = kind_of(&choices->list[i]) == kind && seen >= first && seen < first + count;

		seen += kind_of(&choices->list[i]) == kind;
		if (!gone)
			choices->list[to++] = choices->list[i];
	}
	choices->count = to;
}

static size_t count_of(const struct lab_choices *choices, enum kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < choices->count; i++)
		count += kind_of(&choices->list[i]) == kind;
	return count;
}

static bool try_without(struct lab_shrink *shrink, enum kind kind, size_t first, size_t count)
{
	struct lab_choices fewer = {0};
	bool taken;

	lab_choices_copy(&fewer, shrink->choices);
	drop(&fewer, kind, first, count);
	taken = lab_shrink_still(shrink, shrink->scenario, &fewer) && fewer.count < shrink->choices->count;
	if (taken)
		lab_choices_copy(shrink->choices, &fewer);
	lab_choices_free(&fewer);
	return taken;
}

static void shrink_kind(struct lab_shrink *shrink, enum kind kind)
{
	for (size_t chunk = (count_of(shrink->choices, kind) + 1) / 2; chunk; chunk /= 2)
		for (size_t first = count_of(shrink->choices, kind); first > 0 && !lab_shrink_stopped(shrink);) {
			size_t count = first < chunk ? first : chunk, left;

			first -= count;
			(void)try_without(shrink, kind, first, count);
			left = count_of(shrink->choices, kind);
			first = first < left ? first : left;
		}
}

void lab_shrink_choices(struct lab_shrink *shrink)
{
	shrink_kind(shrink, READS);
	shrink_kind(shrink, FIRES);
	shrink_kind(shrink, SWITCHES);
}
