/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_MACHINE_H
#define LABYRINTH_MACHINE_H

#include <stdint.h>

/* The machine's memory: words that the allocator's own interface and the target ABI share. */

enum lab_zone { LAB_ZONE_DMA, LAB_ZONE_NORMAL, LAB_ZONE_COUNT };

/* The greatest order that any machine may have, and so the greatest block: 1,024 frames. */
#define LAB_ORDER_MAX 10u

/* Usable memory, in frames counted from the arena's base; what no span covers is a hole. Spans never overlap. */
struct lab_span {
	uint64_t first_frame, frame_count;
	enum lab_zone zone;
};

/* A zone's watermarks, in frames. lowmem_reserve[Z] is added to the floor of a request whose class zone is Z. */
struct lab_zone_marks {
	uint64_t min, low, high;
	uint64_t lowmem_reserve[LAB_ZONE_COUNT];
	uint64_t frames; /* how many frames the zone's spans hold */
};

#endif
