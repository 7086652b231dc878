/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_CPU_H
#define LAB_CORE_CPU_H

#include "core/layout.h"
#include "core/search.h"

/*
 * A CPU's cache of a zone: up to 64 single frames, taken from one word at once, so that shared words are written once
 * in 64 allocations; and the frames that were released and not yet told to the budget.
 *
 *   slot = half-word index (32 bits, high) | frames of it that the cache holds (32 bits, low)
 *
 * A slot is one atomic word that tells all about itself. So an interrupt or an NMI may use it at any instruction of
 * another use, another CPU may empty it, and a value that returns after a while means what it meant before. Cached
 * frames are outside the budget: a hit still needs its class's floor (lab_cpu_hit), and a request that finds its zone
 * short collects every cache first (lab_cpu_collect): no frame is stranded in another CPU's cache.
 *
 * An offline CPU's slots are closed: a value that names no half-word and holds no frame. So a hit finds nothing there,
 * a release does not match, and a refill, whose swap would have to replace that value, sees it. Its count of untold
 * frames has a mark by which whoever adds to it takes it at once. Each word thus decides by itself what races with a
 * CPU that goes, and those that hit and release are asked nothing more.
 */

#define LAB_SLOT_CLOSED   (UINT64_C(0xffffffff) << 32) /* no chunk has that half-word */
#define LAB_UNTOLD_CLOSED (UINT64_C(1) << 63)

/* Takes a cached frame if the budget is at least `floor`. LAB_FRAME_NONE: no cached frame, or the floor is not met. */
uint64_t lab_cpu_hit(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t floor);
/* Puts a batch, whose frames are the caller's and outside the budget, into the cache; of an offline CPU, back to all.
 */
void lab_cpu_stock(const struct lab_arena *arena, unsigned cpu, unsigned zone, const struct lab_batch *batch);
/* Puts a released frame into the cache if its half-word is cached there; false: give it back to its chunk. */
bool lab_cpu_keep(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame);

/* Counts frames that were given back to their chunks, and tells the budget in time. */
void lab_cpu_tell(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frames);
/* Empties one CPU's cache of a zone into its chunks and the budget. */
void lab_cpu_flush(const struct lab_arena *arena, unsigned cpu, unsigned zone);
/* Empties every CPU's cache of a zone. */
void lab_cpu_collect(const struct lab_arena *arena, unsigned zone);
/* The same as flush, and from then on the cache takes nothing until it is opened. One caller a CPU at a time. */
void lab_cpu_close(const struct lab_arena *arena, unsigned cpu, unsigned zone);
void lab_cpu_open(const struct lab_arena *arena, unsigned cpu, unsigned zone);
/* True while a refill would be in vain. Wait-free. */
bool lab_cpu_is_closed(const struct lab_arena *arena, unsigned cpu, unsigned zone);

/* For statistics and checks. */
static inline uint64_t lab_slot_half(uint64_t slot)
{
	return slot >> 32;
}

static inline uint32_t lab_slot_mask(uint64_t slot)
{
	return (uint32_t)slot;
}

static inline uint64_t lab_untold_count(uint64_t untold)
{
	return untold & ~LAB_UNTOLD_CLOSED;
}

#endif
