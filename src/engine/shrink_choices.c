/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shrink_own.h"

/* Interrupts that came in go first, then switches, chunk by chunk; constraints that do not fit any more go with them.
 */

/* Drops `count` of the choices of that kind, from the first-th of them on. */
static void drop(struct lab_choices *choices, bool fires, size_t first, size_t count)
{
	size_t to = 0, seen = 0;

	for (size_t i = 0; i < choices->count; i++) {
		bool gone = choices->list[i].fires == fires && seen >= first && seen < first + count;

		seen += choices->list[i].fires == fires;
		if (!gone)
			choices->list[to++] = choices->list[i];
	}
	choices->count = to;
}

static size_t count_of(const struct lab_choices *choices, bool fires)
{
	size_t count = 0;

	for (size_t i = 0; i < choices->count; i++)
		count += choices->list[i].fires == fires;
	return count;
}

static bool try_without(struct lab_shrink *shrink, bool fires, size_t first, size_t count)
{
	struct lab_choices fewer = {0};
	bool taken;

	lab_choices_copy(&fewer, shrink->choices);
	drop(&fewer, fires, first, count);
	taken = lab_shrink_still(shrink, shrink->scenario, &fewer) && fewer.count < shrink->choices->count;
	if (taken)
		lab_choices_copy(shrink->choices, &fewer);
	lab_choices_free(&fewer);
	return taken;
}

static void shrink_kind(struct lab_shrink *shrink, bool fires)
{
	for (size_t chunk = (count_of(shrink->choices, fires) + 1) / 2; chunk; chunk /= 2)
		for (size_t first = count_of(shrink->choices, fires); first > 0 && !lab_shrink_stopped(shrink);) {
			size_t count = first < chunk ? first : chunk, left;

			first -= count;
			(void)try_without(shrink, fires, first, count);
			left = count_of(shrink->choices, fires);
			first = first < left ? first : left;
		}
}

void lab_shrink_choices(struct lab_shrink *shrink)
{
	shrink_kind(shrink, true);
	shrink_kind(shrink, false);
}
