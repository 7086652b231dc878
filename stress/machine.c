/* SPDX-License-Identifier: Apache-2.0 */
#include "stress/machine.h"

#include <string.h>

#include "base/assert.h"
#include "base/bits.h"

#define FRAME_KB             4u
#define MIN_FREE_KB_LEAST    128u
#define MIN_FREE_KB_MOST     262144u
#define LOWMEM_RESERVE_RATIO 256u /* Linux's for ZONE_DMA */
#define HOLE_ONE_IN          64u  /* of a zone's frames, for each hole */

static uint64_t isqrt(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
		if ((root + bit) * (root + bit) <= x)
			root += bit;
	return root;
}

uint64_t lab_stress_default_min(uint64_t frames)
{
	uint64_t kb = isqrt(16 * frames * FRAME_KB);

	kb = LAB_MAX(LAB_MIN(kb, (uint64_t)MIN_FREE_KB_MOST), (uint64_t)MIN_FREE_KB_LEAST);
	return kb / FRAME_KB;
}

/* Three spans with a hole after the first and the second; the holes' sizes are odd, so that no block fits by luck. */
static void add_zone(struct lab_scenario_machine *machine, enum lab_zone zone, uint64_t first, uint64_t frames)
{
	uint64_t hole = frames / HOLE_ONE_IN | 1;
	uint64_t ends[] = {first + frames / 4, first + frames * 5 / 8 + 1, first + frames};

	for (unsigned i = 0; i < LAB_ARRAY_COUNT(ends); i++) {
		lab_assert_cmp(machine->span_count, <, LAB_SPAN_MAX);
		machine->spans[machine->span_count++] = (struct lab_span){first, ends[i] - first, zone};
		machine->zones[zone].frames += ends[i] - first;
		first = ends[i] + hole;
	}
}

void lab_stress_machine(uint64_t frames, uint64_t min, unsigned cpus, struct lab_scenario_machine *ret_machine)
{
	struct lab_scenario_machine *machine = ret_machine;
	/* Not a multiple of the greatest block: where the zones meet, blocks of both are buddies by their addresses. */
	uint64_t dma = lab_align_down(frames / 8, 64) + 32, total;

	lab_assert_cmp(frames, >=, LAB_STRESS_FRAMES_MIN);
	memset(machine, 0, sizeof(*machine));
	machine->frame_count = frames;
	machine->page_shift = 12;
	machine->cpu_count = cpus;
	machine->order_max = LAB_ORDER_MAX;
	add_zone(machine, LAB_ZONE_DMA, 0, dma);
	add_zone(machine, LAB_ZONE_NORMAL, dma, frames - dma);
	total = machine->zones[LAB_ZONE_DMA].frames + machine->zones[LAB_ZONE_NORMAL].frames;
	for (unsigned i = 0; i < LAB_ZONE_COUNT; i++) {
		struct lab_zone_marks *zone = &machine->zones[i];

		zone->min = min * zone->frames / total;
		zone->low = zone->min + zone->min / 4;
		zone->high = zone->min + zone->min / 2;
	}
	machine->zones[LAB_ZONE_DMA].lowmem_reserve[LAB_ZONE_NORMAL] =
		machine->zones[LAB_ZONE_NORMAL].frames / LOWMEM_RESERVE_RATIO;
}
