/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_DIAGNOSE_H
#define LABYRINTH_DIAGNOSE_H

#include <labyrinth/arena.h>

LAB_PUBLIC_BEGIN

/*
 * Looking at an arena while others use it: who holds what, since when, from where, and what is left. Everything here is
 * wait-free for each block or zone looked at, changes nothing, and works on a mapping that is read-only.
 */

#define LAB_TRACE_DEPTH 11u

/*
 * What an arena with LAB_ARENA_TRACE keeps of each allocation, in 128 bytes a frame, and who gives it. A handle's own:
 * what follows are functions of this process. Each is called on the way of an allocation, in any context that
 * allocates, so it must be as wait-free and as silent as the allocation is to be.
 */
struct lab_tracer {
	/* A clock that grows, the same for all who map the arena; NULL: allocations are counted. */
	uint64_t (*now)(void);
	uint64_t ticks_per_second; /* of now; 1,000,000,000 means CLOCK_MONOTONIC, so that others can tell an age */
	/*
	 * Writes at most `room` return addresses, innermost first, and answers how many. NULL: the chain of frame
	 * pointers is followed on threads that called lab_trace_thread; elsewhere there is one address, the caller's.
	 */
	unsigned (*stack)(uintptr_t *places, unsigned room);
	uint32_t process; /* whose addresses they are, for tools: the embedder's process id; 0: not told */
};

/* Sets a handle's tracer, which outlives it; NULL: the default. Before others use the handle. */
void lab_arena_set_tracer(struct lab_arena *arena, const struct lab_tracer *tracer);

/* Notes where the calling thread's stack ends, for the default stack of a tracer. May sleep; once in a thread. */
void lab_trace_thread(void);

bool lab_arena_is_traced(const struct lab_arena *arena);
/* Ticks of an arena's clock in a second; 0: `since` counts allocations. */
uint64_t lab_arena_trace_ticks(const struct lab_arena *arena);

/* A block and who has it. What a trace tells is of its allocation; a transfer changes the owner and nothing else. */
struct lab_holder {
	uint64_t pfn;
	unsigned order;
	lab_owner owner; /* now; LAB_OWNER_NONE: nobody's, and the rest tells of the last allocation */
	bool traced;     /* false: what follows is not known */
	lab_owner taken_by;
	lab_gfp gfp;
	unsigned cpu;
	uint32_t process;
	uint64_t since; /* ticks, or the number of the allocation */
	unsigned depth; /* return addresses in `stack`, innermost first; they mean something in `process` only */
	uint64_t stack[LAB_TRACE_DEPTH];
};

/*
 * The next block that somebody holds, from frame *cursor on, which starts at 0 and is moved. True: *ret_holder is one,
 * all of it true at one instant. False: there are no more. Blocks come and go meanwhile: one that is taken behind the
 * cursor is not seen, nor one that changed hands each time it was looked at.
 */
bool lab_arena_holder_next(const struct lab_arena *arena, uint64_t *cursor, struct lab_holder *ret_holder);

/*
 * The last allocation that had this frame, as far as it was traced, whether it is still held or not; the block that it
 * was may begin before the frame. False: none.
 */
bool lab_frame_last_holder(const struct lab_arena *arena, uint64_t frame, struct lab_holder *ret_holder);

/* One CPU's cache of a zone, in frames. */
struct lab_cpu_stat {
	uint64_t cached, untold;    /* untold: released here, and not yet added to the budget */
	uint64_t refills, failures; /* since creation */
};
/* LAB_INVALID: no such CPU. */
LAB_MUST_USE enum lab_status lab_arena_cpu_stat(const struct lab_arena *arena, unsigned cpu, enum lab_zone zone,
						struct lab_cpu_stat *ret_stat);
unsigned lab_arena_cpus(const struct lab_arena *arena);
unsigned lab_arena_order_max(const struct lab_arena *arena);
uint64_t lab_arena_frames(const struct lab_arena *arena); /* holes included */
unsigned lab_arena_page_shift(const struct lab_arena *arena);

/*
 * Which part of a zone's free memory, in thousandths, is in blocks too small to serve `order` (Linux's
 * unusable_free_index; caches left out): 0 all of it can, 1,000 none.
 */
unsigned lab_zone_unusable(const struct lab_zone_stat *stat, unsigned order);

/*
 * A bound on the longest request for one frame that does not sleep, in atomic accesses to the arena's words: `alone` of
 * them, and `each_write` more for each write of another context, on this CPU or elsewhere, during the request. Derived
 * function by function in src/core/steps.c; `labyrinth bench tail` compares it with what is explored.
 */
struct lab_step_bound {
	uint64_t alone, each_write;
};
void lab_arena_step_bound(const struct lab_arena *arena, struct lab_step_bound *ret_bound);

/* What is wrong with what should be an arena's metadata. */
enum lab_arena_fault {
	LAB_ARENA_SOUND,
	LAB_ARENA_FOREIGN,       /* not an arena's */
	LAB_ARENA_OTHER_VERSION, /* of another version of this library */
	LAB_ARENA_SHORT,         /* less is there than it says */
	LAB_ARENA_DAMAGED,       /* its numbers contradict one another */
	LAB_ARENA_FAULT_COUNT
};

/*
 * A handle for looking only: for the calls of this header, lab_arena_stat, lab_arena_free_frames, lab_page_owner and
 * lab_arena_describe. metadata: `bytes` of it, aligned to 64, maybe read-only, maybe another process', and not trusted:
 * all offsets are checked before they are used, and what changes later can make answers wrong, but not lead outside.
 * Needs no lab_arena_fini. May sleep, linear in the arena's chunks.
 */
LAB_MUST_USE enum lab_arena_fault lab_arena_watch(struct lab_arena *arena, const void *metadata, size_t bytes);

LAB_PUBLIC_END

#endif
