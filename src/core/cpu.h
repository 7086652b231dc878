/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_CPU_H
#define LAB_CORE_CPU_H

#include "core/park.h"
#include "core/search.h"
#include "core/untold.h"
#include "core/wait.h"

/*
 * A CPU's cache of a zone: single frames, taken from a word 64 at once, so that shared words are written once in 64
 * allocations. A half-word has one slot that may be about it, so a release finds it by a look.
 *
 *   slot = half-word number (31 bits) | mark (1 bit) | frames of it that the cache holds (32 bits, low)
 *
 * A slot is one atomic word that tells all about itself. Frames that come back while a slot names their half-word are
 * parked where they are, which the mark tells: park.h. So an interrupt or an NMI may use it at any instruction of
 * another use, another CPU may empty it, and a value that returns after a while means what it meant before. Cached
 * frames are outside the budget: a hit still needs its class's floor (lab_cpu_ask), and a request that finds its zone
 * short collects every cache first (lab_cpu_collect): no frame is stranded in another CPU's cache.
 *
 * An offline CPU's slots are closed: a value that names no half-word and holds no frame. So a hit finds nothing there,
 * a release does not match, and a refill, whose swap would have to replace that value, sees it. Each word thus decides
 * by itself what races with a CPU that goes, and those that hit and release are asked nothing more.
 */

#define LAB_SLOT_MARK_SHIFT 32
#define LAB_SLOT_MARK       (UINT64_C(1) << LAB_SLOT_MARK_SHIFT)
#define LAB_SLOT_CLOSED     (UINT64_C(0x7fffffff) << 33) /* no chunk has that half-word */

/* Takes a cached frame if the budget is at least `floor`. LAB_FRAME_NONE: no cached frame, or the floor is not met. */
uint64_t lab_cpu_hit(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t floor);
/* Takes a frame that a slot holds, or LAB_FRAME_NONE. */
uint64_t lab_slot_take(const struct lab_arena *arena, lab_atomic64 *slot);
/* A block that lies outside the budget, if that is at least `floor`; else LAB_FRAME_NONE, and it goes back to all. */
uint64_t lab_cpu_ask(const struct lab_arena *arena, unsigned zone, uint64_t frame, unsigned order, uint64_t floor);
/* Puts a batch, whose frames are the caller's and outside the budget, into the cache; of an offline CPU, back to all.
 */
void lab_cpu_stock(const struct lab_arena *arena, unsigned cpu, unsigned zone, const struct lab_batch *batch);
/* After a frame was parked: sees to it that it is found, in the cache or in its chunk. */
void lab_cpu_settle(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame);
/* Puts a released frame, which is not parked, into the cache, or back into its chunk. */
void lab_cpu_accept(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame);
/* Gives a released block back to its chunk, and tells the budget in time. */
void lab_cpu_give(const struct lab_arena *arena, unsigned cpu, uint32_t chunk, uint64_t frame, unsigned order);

/* Empties one CPU's cache of a zone into its chunks and the budget. */
void lab_cpu_flush(const struct lab_arena *arena, unsigned cpu, unsigned zone);
/* Empties every CPU's cache of a zone. */
void lab_cpu_collect(const struct lab_arena *arena, unsigned zone);
/* The same as flush, and from then on the cache takes nothing until it is opened. One caller a CPU at a time. */
void lab_cpu_close(const struct lab_arena *arena, unsigned cpu, unsigned zone);
void lab_cpu_open(const struct lab_arena *arena, unsigned cpu, unsigned zone);
/* True while a refill would be in vain. Wait-free. */
bool lab_cpu_is_closed(const struct lab_arena *arena, unsigned cpu, unsigned zone);

/* hotplug.c: false from the time on that the CPU begins to go. After a sequentially consistent update. Wait-free. */
bool lab_cpu_is_online(const struct lab_arena *arena, unsigned cpu);

static inline uint64_t lab_slot_half(uint64_t slot)
{
	return slot >> 33;
}

static inline uint32_t lab_slot_mask(uint64_t slot)
{
	return (uint32_t)slot;
}

static inline bool lab_slot_is_marked(uint64_t slot)
{
	return slot & LAB_SLOT_MARK;
}

/* True when a slot names the half-word and says that frames of it may be parked. */
static inline bool lab_slot_marks(uint64_t slot, uint64_t half)
{
	return slot >> LAB_SLOT_MARK_SHIFT == (half << 1 | 1);
}

/* The slot where a frame's half-word has its place. */
static inline lab_atomic64 *lab_cpu_slot_for(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frame)
{
	return lab_cpu_slot(arena, cpu, zone, (unsigned)(frame / LAB_HALF_FRAMES) & (arena->slot_count - 1));
}

/* The CPU's next allocation tries that frame first. */
static inline void lab_cpu_hint(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frame)
{
	/* Relaxed: a hint. */
	lab_store_relaxed(&lab_cpu_zone(arena, cpu, zone)->hint_cached, (uint32_t)frame);
}

/* Behind the swap, sequentially consistent, that put a frame into the cache. */
static inline void lab_cpu_note_cached(const struct lab_arena *arena, unsigned cpu, unsigned zone, uint64_t frame)
{
	lab_cpu_hint(arena, cpu, zone, frame);
	lab_wait_tell(arena);
}

#endif
