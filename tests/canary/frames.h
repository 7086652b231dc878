/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_CANARY_FRAMES_H
#define LAB_TESTS_CANARY_FRAMES_H

#include <stdint.h>
#include <stdlib.h>

#include <labyrinth/target.h>

/* What the small targets share. Frames are told by their number plus one in lists; 0 ends a list. */

static inline void *canary_block(const struct lab_machine *machine, uint64_t frame)
{
	return (char *)machine->base + (frame << machine->page_shift);
}

static inline uint64_t canary_frame(const struct lab_machine *machine, const void *block)
{
	return (uint64_t)((const char *)block - (const char *)machine->base) >> machine->page_shift;
}

/* A list through a table of the frames behind each. */
static inline void canary_push(uint32_t *head, uint32_t *behind, uint32_t frame)
{
	behind[frame] = *head;
	*head = frame;
}

static inline uint32_t canary_pop(uint32_t *head, const uint32_t *behind)
{
	uint32_t frame = *head;

	if (frame)
		*head = behind[frame];
	return frame;
}

/* Puts a list of frames, once it is nobody else's, in front of another one frame at a time. */
static inline void canary_push_list(uint32_t *head, uint32_t *behind, uint32_t frame)
{
	while (frame) {
		uint32_t next = behind[frame];

		canary_push(head, behind, frame);
		frame = next;
	}
}

/* A lock that interrupts may find taken needs them closed. What canary_leave is to be told. */
static inline unsigned long canary_enter(const struct lab_machine *machine, struct lab_spinlock *lock)
{
	unsigned long flags = machine->host->irq_save();

	machine->host->spin_lock(lock);
	return flags;
}

static inline void canary_leave(const struct lab_machine *machine, struct lab_spinlock *lock, unsigned long flags)
{
	machine->host->spin_unlock(lock);
	machine->host->irq_restore(flags);
}

/* Puts the frames of all spans of a zone into a list, the lowest first. */
static inline void canary_fill(const struct lab_machine *machine, enum lab_zone zone, uint32_t *head, uint32_t *behind)
{
	for (size_t i = machine->span_count; i-- > 0;)
		for (uint64_t left = machine->spans[i].frame_count; machine->spans[i].zone == zone && left; left--)
			canary_push(head, behind, (uint32_t)(machine->spans[i].first_frame + left));
}

/* False where the span's zone is not one that the request may have frames of. */
static inline bool canary_zone_serves(const struct lab_span *span, const struct lab_request *request)
{
	return span->zone == LAB_ZONE_DMA || !(request->gfp & LAB_GFP_DMA);
}

#define CANARY_ENTRY(table)                                                                                            \
	__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)                         \
	{                                                                                                              \
		return &(table);                                                                                       \
	}

#endif
