/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "core/wait.h"

/* Linux: min_free_kbytes = 4 * sqrt(lowmem_kbytes), kept between these two. */
#define MIN_FREE_KB_LEAST 128u
#define MIN_FREE_KB_MOST  262144u
/* Linux: sysctl_lowmem_reserve_ratio[ZONE_DMA]. */
#define DMA_RESERVE_RATIO 256u

enum lab_status lab_arena_set_marks(struct lab_arena *arena, enum lab_zone zone, const struct lab_zone_marks *marks)
{
	struct lab_zone_state *state;

	if (zone >= LAB_ZONE_COUNT || marks->min > marks->low || marks->low > marks->high)
		return LAB_INVALID;
	state = lab_zone_state(arena, zone);
	/* Relaxed throughout: each mark stands alone, and a request that overlaps the change may obey either. */
	lab_store_relaxed(&state->min, marks->min);
	lab_store_relaxed(&state->low, marks->low);
	lab_store_relaxed(&state->high, marks->high);
	for (unsigned class = 0; class < LAB_CLASS_COUNT; class ++)
		lab_store_relaxed(&state->floors[class], lab_class_floor(class, marks->min));
	for (unsigned above = 0; above < LAB_ZONE_COUNT; above++)
		lab_store_relaxed(&state->lowmem_reserve[above], marks->lowmem_reserve[above]);
	/* Who waits may do so by floors that are lower now. */
	lab_wait_tell_after_stores(arena);
	return LAB_OK;
}

static uint64_t square_root(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1) {
		if ((root | bit) * (root | bit) <= x)
			root |= bit;
	}
	return root;
}

void lab_zone_marks_default(struct lab_zone_marks zones[LAB_ZONE_COUNT], unsigned page_shift)
{
	uint64_t total = 0, min_kb, min_frames;

	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		total += zones[zone].frames;
	min_kb = square_root(16 * ((total << page_shift) >> 10));
	min_kb = LAB_MIN(LAB_MAX(min_kb, (uint64_t)MIN_FREE_KB_LEAST), (uint64_t)MIN_FREE_KB_MOST);
	min_frames = (min_kb << 10) >> page_shift;
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		struct lab_zone_marks *marks = &zones[zone];

		marks->min = total ? min_frames * marks->frames / total : 0;
		marks->low = marks->min + marks->min / 4;
		marks->high = marks->min + marks->min / 2;
		for (unsigned above = 0; above < LAB_ZONE_COUNT; above++)
			marks->lowmem_reserve[above] = 0;
	}
	zones[LAB_ZONE_DMA].lowmem_reserve[LAB_ZONE_NORMAL] = zones[LAB_ZONE_NORMAL].frames / DMA_RESERVE_RATIO;
}
