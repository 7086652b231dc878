/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CORE_WAIT_H
#define LAB_CORE_WAIT_H

#include "core/layout.h"

/*
 * Requests that wait for frames. One word of the arena's state, which is also the key that they sleep on:
 *
 *   bit  0     somebody waits, or is about to
 *   bits 1-31  how often those who waited were woken
 *
 * Who waits sets bit 0, looks once more whether it could be served, and sleeps unless the word has changed since. Who
 * makes frames reachable (in a chunk with the budget raised, in a cache, in an untold count) looks at the word
 * afterwards; where bit 0 is set it clears it, counts, and wakes all. The two sides each write one thing and then look
 * at the other's, so one of them must see the other: that takes a total order of the four steps, and all four are
 * sequentially consistent. On the side of who releases these are the read-modify-write that puts the frames there,
 * which costs the same in any order on x86, and one load.
 *
 * It is not only releases that make frames reachable: whoever had some in hand for a moment (a refill, a word that was
 * broken, a cache that is emptied, an admission that found nothing) may have hidden them from the last look.
 */
#define LAB_WAIT_ANNOUNCED 1u

/* Wakes all who wait, if this handle has the services to. Lock-free, never sleeps; any context including NMI. */
void lab_wait_wake(const struct lab_arena *arena);

/* The same whether or not somebody announced it: one who died may have taken the announcement, and woken nobody. */
void lab_wait_wake_all(const struct lab_arena *arena);

/* Frames are reachable that were not. Behind the read-modify-write, sequentially consistent, that made them so. */
static inline void lab_wait_tell(const struct lab_arena *arena)
{
	/* The partner of lab_wait_announce. */
	if (__builtin_expect(lab_load_seq_cst(&arena->state->waiters) & LAB_WAIT_ANNOUNCED, 0))
		lab_wait_wake(arena);
}

/* The same behind plain stores, at the price of a read-modify-write: for what is done rarely. */
void lab_wait_tell_after_stores(const struct lab_arena *arena);

/* From here on whoever makes frames reachable wakes: the caller looks again, then sleeps on what this answers. */
uint32_t lab_wait_announce(const struct lab_arena *arena);
/* Sleeps until woken, unless the word is not `seen` any more. */
void lab_wait_sleep(const struct lab_arena *arena, uint32_t seen);

/* Asks the arena's shrinkers for frames; how many came. May sleep. */
uint64_t lab_wait_shrink(const struct lab_arena *arena, uint64_t frames);

/* True when the zone, which has frames, is under its low mark. Wait-free. */
static inline bool lab_wait_is_low(const struct lab_zone_state *zone)
{
	/* Both relaxed: the budget leaves out what caches hold, so this errs to the early side only. */
	return lab_load_relaxed(&zone->budget) < lab_load_relaxed(&zone->low) && zone->frames;
}

/* Wakes the reclaimer of a zone, if this handle has one. */
void lab_wait_wake_for(const struct lab_arena *arena, unsigned zone);

/* A request with the right to was served from, or found short, zones up to that one: wakes the reclaimer of those that
 * are under their low mark. */
static inline void lab_wait_wake_reclaimer(const struct lab_arena *arena, unsigned class_zone)
{
	for (unsigned zone = class_zone + 1; zone-- > 0;)
		if (lab_wait_is_low(lab_zone_state(arena, zone)))
			lab_wait_wake_for(arena, zone);
}

#endif
