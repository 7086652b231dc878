/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLE_ZONE_H
#define EXAMPLE_ZONE_H

#include <stddef.h>
#include <stdint.h>

/*
 * A small allocator as kernels have them: one zone of single frames under a spinlock, and before it a list of free
 * frames for each CPU that is reached without a lock, with interrupts off. Frames are numbers. It may be called in
 * interrupts.
 */
#define ZONE_NONE UINT32_MAX

struct zone_ops { /* of the kernel that it is built into */
	unsigned long (*irq_save)(void);
	void (*irq_restore)(unsigned long flags);
	void (*lock)(void);
	void (*unlock)(void);
};

int zone_init(uint32_t frames, unsigned cpus, const struct zone_ops *ops); /* 0, or -1 when memory is short */
void zone_add(uint32_t first, uint32_t count);
uint32_t zone_take(unsigned cpu); /* ZONE_NONE: there is none */
void zone_give(unsigned cpu, uint32_t frame);
void zone_drain(unsigned cpu); /* its list goes back to the zone */

#endif
