/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/marks.h"

#include "base/bits.h"

/*
 * All accesses are relaxed: the oracle must not order its callers. A reader that mixes words of two sets has seen
 * another version at its end than at its start, and does not use them.
 */

static void store_words(struct lab_marks_words *words, uint64_t min, const uint64_t *reserve)
{
	lab_store_relaxed(&words->min, min);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		lab_store_relaxed(&words->reserve[zone], reserve[zone]);
}

static void store_all(struct lab_marks_words *words, const struct lab_zone_marks *marks)
{
	store_words(words, marks->min, marks->lowmem_reserve);
	lab_store_relaxed(&words->low, marks->low);
	lab_store_relaxed(&words->high, marks->high);
}

void lab_marks_init(struct lab_marks *marks, const struct lab_zone_marks *from)
{
	lab_store_relaxed(&marks->version, 0);
	store_all(&marks->now, from);
	store_words(&marks->lowest, from->min, from->lowmem_reserve);
}

void lab_marks_begin(struct lab_marks *marks, const struct lab_zone_marks *to)
{
	uint64_t reserve[LAB_ZONE_COUNT];

	lab_fetch_add_relaxed(&marks->version, 1);
	store_all(&marks->coming, to);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		uint64_t lowest = lab_load_relaxed(&marks->lowest.reserve[zone]);

		reserve[zone] = LAB_MIN(lowest, to->lowmem_reserve[zone]);
	}
	store_words(&marks->lowest, LAB_MIN(lab_load_relaxed(&marks->lowest.min), to->min), reserve);
}

void lab_marks_end(struct lab_marks *marks, const struct lab_zone_marks *to)
{
	if (to)
		store_all(&marks->now, to);
	lab_fetch_add_relaxed(&marks->version, 1);
}

uint64_t lab_marks_version(const struct lab_marks *marks)
{
	return lab_load_relaxed(&marks->version);
}

bool lab_marks_stable(const struct lab_marks *marks, uint64_t version_at_start)
{
	return !(version_at_start & 1) && lab_marks_version(marks) == version_at_start;
}

static uint64_t floor_of(const struct lab_marks_words *words, lab_gfp gfp)
{
	enum lab_class class = lab_gfp_class(gfp);
	enum lab_zone class_zone = gfp & LAB_GFP_DMA ? LAB_ZONE_DMA : LAB_ZONE_NORMAL;
	uint64_t floor;

	if (class == LAB_CLASS_MEMALLOC)
		return 0;
	floor = lab_class_floor(class, lab_load_relaxed(&words->min));
	if (__builtin_add_overflow(floor, lab_load_relaxed(&words->reserve[class_zone]), &floor))
		return UINT64_MAX;
	return floor;
}

uint64_t lab_marks_floor(const struct lab_marks *marks, lab_gfp gfp, bool stable)
{
	return floor_of(stable ? &marks->now : &marks->lowest, gfp);
}

uint64_t lab_marks_floor_now(const struct lab_marks *marks, lab_gfp gfp)
{
	uint64_t floor = floor_of(&marks->now, gfp), coming;

	if (!(lab_marks_version(marks) & 1))
		return floor;
	coming = floor_of(&marks->coming, gfp);
	return LAB_MIN(floor, coming);
}

static uint64_t lower_now(const struct lab_marks *marks, const lab_atomic64 *now, const lab_atomic64 *coming)
{
	uint64_t value = lab_load_relaxed(now), other = lab_load_relaxed(coming);

	return lab_marks_version(marks) & 1 ? LAB_MIN(value, other) : value;
}

uint64_t lab_marks_low_now(const struct lab_marks *marks)
{
	return lower_now(marks, &marks->now.low, &marks->coming.low);
}

uint64_t lab_marks_high_now(const struct lab_marks *marks)
{
	return lower_now(marks, &marks->now.high, &marks->coming.high);
}
