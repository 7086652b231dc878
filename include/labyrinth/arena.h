/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_ARENA_H
#define LABYRINTH_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/gfp.h>
#include <labyrinth/machine.h>
#include <labyrinth/owner.h>
#include <labyrinth/status.h>
#include <labyrinth/word.h>

LAB_PUBLIC_BEGIN

/*
 * The reference allocator: page frames of an arena, lock-free, with exact reserves and one owner a block.
 *
 * Every call but those that say so is lock-free, bounded by the successful writes of others, never sleeps, makes no
 * system call, allocates nothing, and may be made from any interrupt level including NMI, at any instruction of another
 * call. A request with LAB_GFP_DIRECT_RECLAIM sleeps where its handle has the services for it (lab_arena_serve). All
 * state of an arena lies in one block of metadata that holds no pointer, so several processes may map it.
 */

#define LAB_FRAME_NONE UINT64_MAX

/* Arena options. */
#define LAB_ARENA_VIEWS         0x1u  /* keep a view count a frame (one byte each): lab_page_map and lab_page_unmap */
#define LAB_ARENA_SHRED         0x2u  /* serve LAB_GFP_SHRED, with the configuration's shredder */
#define LAB_ARENA_SHRED_DEFAULT 0x4u  /* shred every block at release; implies LAB_ARENA_SHRED */
#define LAB_ARENA_ZERO_ON_FREE  0x8u  /* zero every block that is not shredded at release */
#define LAB_ARENA_TRACE         0x10u /* keep since when and from where each block is held: <labyrinth/diagnose.h> */

struct lab_shredder;
struct lab_tracer;

struct lab_arena_config {
	uint64_t frame_count;         /* frames from base on, holes included; below 2^32 */
	unsigned page_shift;          /* log2 of a frame's bytes, from 6 to 20 */
	unsigned order_max;           /* greatest order served, up to LAB_ORDER_MAX */
	unsigned cpu_count;           /* CPUs that have a cache of their own, from 1 to 1,024 */
	unsigned flags;               /* LAB_ARENA_* */
	const struct lab_span *spans; /* ascending, not overlapping, inside frame_count; read at creation only */
	size_t span_count;
	const bool *absent;     /* by span: its memory is not there yet: <labyrinth/memory.h>; NULL: all is */
	unsigned process_count; /* that may share it and be killed: lab_arena_join; up to LAB_PROCESS_MAX; 0: none */
	const struct lab_zone_marks *zones; /* LAB_ZONE_COUNT of them, `frames` ignored; NULL: Linux's defaults */
	void *base;                    /* address of frame 0, aligned to a frame; the caller's, outlives the arena */
	struct lab_shredder *shredder; /* for LAB_ARENA_SHRED; may be shared with other arenas, and outlives them */
};

/*
 * What overwrites blocks with a keystream: cipher contexts, each of which one release uses at a time. `contexts`: as
 * many as may run at once, which is one a CPU and interrupt level at most; beyond that a block is zeroed instead. It is
 * the one thing here that allocates, and that needs libcrypto: a library of its own, liblabyrinth-shred. LAB_SYSTEM: no
 * cipher, or no memory. May sleep.
 */
LAB_MUST_USE enum lab_status lab_shredder_create(unsigned contexts, struct lab_shredder **ret_shredder);
/* No arena may use it any more. May sleep. */
void lab_shredder_destroy(struct lab_shredder *shredder);

/* One frame's descriptor: its owner word. Only addresses of it are passed around. */
struct lab_page;

/* A process' handle of an arena: where things lie in this address space. In the caller's memory; members are private.
 */
struct lab_arena {
	struct lab_state *state;
	char *base;
	struct lab_page *pages;
	void *chunk_states, *chunk_words, *chunk_infos, *regions, *cpus, *slots, *views, *traces, *processes, *spans;
	struct lab_shredder *shredder;
	const struct lab_tracer *tracer;
	const struct lab_arena_services *services;
	uint64_t frame_count;
	unsigned page_shift, order_max, cpu_count, chunk_count, slot_count, slot_shift, span_count;
	unsigned process;                  /* 0: the arena is this process' own */
	size_t owned_bytes;                /* of metadata that lab_arena_create mapped; 0: the caller's */
	bool takes_quickly, frees_quickly; /* the short paths serve: nothing is written down, overwritten, or counted */
};

/* How many bytes of metadata an arena needs. LAB_OK, or LAB_INVALID when the configuration is out of range. */
LAB_MUST_USE enum lab_status lab_arena_measure(const struct lab_arena_config *config, size_t *ret_bytes);

/*
 * Builds an arena: all frames of the spans are free. metadata: `bytes` zeroed bytes, aligned to 64, the caller's until
 * lab_arena_fini. LAB_INVALID: the configuration is out of range, the spans overlap or leave the arena, or bytes is too
 * small, or LAB_ARENA_SHRED goes without a shredder. May sleep; no other call on this arena may be under way.
 */
LAB_MUST_USE enum lab_status lab_arena_init(struct lab_arena *arena, const struct lab_arena_config *config,
					    void *metadata, size_t bytes);
/* The same with metadata mapped by the library. LAB_SYSTEM: errno tells. */
LAB_MUST_USE enum lab_status lab_arena_create(struct lab_arena *arena, const struct lab_arena_config *config);
/*
 * A second handle on metadata that lab_arena_init built, in another mapping or process; base is where frame 0 lies
 * there, shredder as in the configuration. LAB_INVALID: not an arena's metadata, or of another version or size. May
 * sleep.
 */
LAB_MUST_USE enum lab_status lab_arena_attach(struct lab_arena *arena, void *metadata, size_t bytes, void *base,
					      struct lab_shredder *shredder);
/* Gives a handle's own resources back; metadata that the caller gave stays as it is. May sleep. */
void lab_arena_fini(struct lab_arena *arena);

/*
 * Processes that may be killed. An arena with a process_count serves only handles that joined, each of which is a place
 * of a process: its calls are counted, so that lab_arena_reap can tell what a dead one had in hand. LAB_OK:
 * *ret_process is its number, which no other had before. LAB_BUSY: all places are taken. LAB_UNCHANGED:
 * it joined before. LAB_UNSUPPORTED: a process_count of 0.
 */
#define LAB_PROCESS_MAX    126u
#define LAB_PROCESS_PLACES 128u /* its number modulo this is a process' place, from 1 to process_count */
LAB_MUST_USE enum lab_status lab_arena_join(struct lab_arena *arena, unsigned *ret_process);
/* The handle makes no call any more, and none is under way. What its process owns stays owned. */
void lab_arena_leave(struct lab_arena *arena);

/* A process that was killed. */
struct lab_arena_dead {
	unsigned process; /* of lab_arena_join */
	/* Whether an owner was one of its; wait-free. A block that it was handing over is the one's who the arena says.
	 */
	bool (*owns)(void *arg, lab_owner owner);
	void *arg;
};

/*
 * Gets back all that a dead process had: blocks that it owned, frames that it had in hand in the middle of a call, what
 * it had promised itself of the budget; and wakes who waits, whom it may have forgotten. All that comes back is
 * shredded if the arena has a shredder, or zeroed with LAB_ARENA_ZERO_ON_FREE. The caller knows that it is dead:
 * waitpid, a pidfd. A CPU that it was taking offline or online is offline afterwards; marks that it was setting are to
 * be set anew.
 *
 * Others go on meanwhile, and wait for some hundred looks at one word at most, and one for each 1,024 frames, even if
 * the reaper is killed. The caller's handle joined. LAB_OK: all is back, and the place is free. LAB_BUSY: a call of
 * another process did not end soon, which may be stopped, or dead as well; or somebody else reaps. What came back is
 * back; ask again. LAB_UNCHANGED: it is reaped already. LAB_INVALID: no such place, or the caller's own. Linear in
 * frames.
 */
LAB_MUST_USE enum lab_status lab_arena_reap(struct lab_arena *arena, const struct lab_arena_dead *dead);

/* A cache of the caller's that can give frames back. */
struct lab_arena_shrinker {
	/*
	 * Releases about `frames` frames into the arena, any frames that its owner can do without; answers how many, 0
	 * when it has nothing left. May sleep; makes no request with LAB_GFP_DIRECT_RECLAIM.
	 */
	uint64_t (*shrink)(void *arg, uint64_t frames);
	void *arg;
};

/*
 * What waiting takes, which only the embedder can give. The pointers are one process'; the key lies in the arena's
 * metadata, at the same offset for all that map it.
 */
struct lab_arena_services {
	void (*might_sleep)(void *arg); /* what follows may sleep; NULL: not told */
	/* Sleeps until wake(key), unless *key is no longer `seen`. May come back early, for instance after a while. */
	void (*wait)(void *arg, const uint32_t *key, uint32_t seen);
	void (*wake)(void *arg, const uint32_t *key);   /* wakes all that wait; any context incl. NMI, never sleeps */
	void (*reclaim_wake)(void *arg, unsigned zone); /* somebody call lab_arena_reclaim; likewise; NULL: no one,
							   and no shredding is deferred */
	const struct lab_arena_shrinker *shrinkers;     /* asked in this order */
	size_t shrinker_count;
	void *arg;
};

/*
 * Gives a handle its services; they outlive it. Before any request, and by every handle of the arena that releases
 * frames, or its waiters are not woken. Without, or with NULL, no request waits: where there is nothing it fails.
 *
 * A request with LAB_GFP_DIRECT_RECLAIM that finds its zones short goes in rounds: it asks the shrinkers, looks again,
 * and sleeps until frames return. After 16 rounds in which no shrinker gave anything it fails with LAB_NO_MEMORY; with
 * LAB_GFP_NORETRY after one and without sleep; with LAB_GFP_NOFAIL never.
 */
void lab_arena_serve(struct lab_arena *arena, const struct lab_arena_services *services);
/*
 * Fills in wait and wake for an arena that the threads of one process use: a futex. A sleep ends after 100 ms at the
 * latest, so that a request which nobody frees for fails in the end. The caller adds shrinkers and a reclaimer. The
 * second is for an arena that several processes map.
 */
void lab_arena_services_futex(struct lab_arena_services *ret_services);
void lab_arena_services_futex_shared(struct lab_arena_services *ret_services);
/*
 * One step of a zone's reclaimer, to be repeated while it answers true: overwrites a block that was deferred; if there
 * is none, empties the caches of CPUs and asks the shrinkers until the zone has its high mark free. False: it has, or
 * there is nothing more to be had. For a thread of the embedder's that reclaim_wake wakes. May sleep if a shrinker
 * does.
 */
bool lab_arena_reclaim(struct lab_arena *arena, enum lab_zone zone);

struct lab_alloc_request {
	lab_gfp gfp;
	unsigned order, cpu; /* cpu: whose cache serves; any is right, the caller's own is fast */
	lab_owner owner;     /* a context up to LAB_OWNER_CONTEXT_MAX and any generation; not LAB_OWNER_NONE */
};

/*
 * Takes a block of 2^order frames, aligned to its size, inside one span. LAB_OK: *ret_page is its first frame's
 * descriptor, and the block is the owner's until it is freed or transferred. LAB_NO_MEMORY: the class may not have one
 * now. May sleep with LAB_GFP_DIRECT_RECLAIM and services, else not. LAB_INVALID, LAB_BAD_FLAGS: the request is
 * refused. Linearises, on success, where the budget is read or taken.
 */
LAB_MUST_USE enum lab_status lab_page_alloc(struct lab_arena *arena, const struct lab_alloc_request *request,
					    struct lab_page **ret_page);

/*
 * Releases a block. request: order and owner must be the block's; gfp adds LAB_GFP_SHRED. Refusals change nothing:
 * LAB_BAD_ADDRESS, LAB_NOT_ALLOCATED, LAB_NOT_HEAD, LAB_WRONG_OWNER, LAB_WRONG_ORDER. Linearises where the owner word
 * is cleared: of two frees at once one wins.
 *
 * A block of order 2 or more that is to be shredded is overwritten here only if gfp has LAB_GFP_DIRECT_RECLAIM, or the
 * handle has no service reclaim_wake. Else it is deferred, which is quick: nobody has it, it is not counted as free and
 * not handed out, until it was overwritten by lab_arena_reclaim, lab_arena_shred_pending, lab_arena_drain, or a request
 * that finds its zone short without it, which overwrites no more than it needs if it is for a single frame. Nothing is
 * deferred on a CPU that is offline, and who takes one offline finishes what there is; nor in an arena that processes
 * share, where who overwrites may be killed.
 */
LAB_MUST_USE enum lab_status lab_page_free(struct lab_arena *arena, struct lab_page *page,
					   const struct lab_alloc_request *request);

/* Hands a block over: LAB_BUSY while it has a view, else the refusals of lab_page_free. */
LAB_MUST_USE enum lab_status lab_page_transfer(struct lab_arena *arena, struct lab_page *page, lab_owner from,
					       lab_owner to);

/*
 * Counts a view of a block, its owner's only. LAB_BUSY: an exclusive block has one already, or 127 views are counted.
 * LAB_UNSUPPORTED: the arena was built without LAB_ARENA_VIEWS. Views end with the block's release.
 */
LAB_MUST_USE enum lab_status lab_page_map(struct lab_arena *arena, struct lab_page *page, lab_owner owner);
LAB_MUST_USE enum lab_status lab_page_unmap(struct lab_arena *arena, struct lab_page *page, lab_owner owner);

/* The owner of a block whose first frame this is, else LAB_OWNER_NONE. For tools: true only at that instant. */
lab_owner lab_page_owner(const struct lab_arena *arena, const struct lab_page *page);
/* Conversions; wait-free. lab_page_at answers NULL for a frame outside, lab_page_of for an address that is no frame's.
 */
uint64_t lab_page_pfn(const struct lab_arena *arena, const struct lab_page *page);
void *lab_page_address(const struct lab_arena *arena, const struct lab_page *page);
struct lab_page *lab_page_at(const struct lab_arena *arena, uint64_t pfn);
struct lab_page *lab_page_of(const struct lab_arena *arena, const void *address);

/*
 * The short forms: the CPU is the one that the caller runs on, and the owner is made here. With LAB_GFP_EXCLUSIVE it is
 * the calling thread (its interrupts included), and only that thread may release the block; without, any thread may.
 * NULL: not now, or a bad request. A block taken so is released so. Their owners' contexts are the threads in the order
 * of their first call, from 1 on, and LAB_OWNER_ANY_CONTEXT: leave those alone where both forms serve one arena. In an
 * arena that processes share they are LAB_PROCESS_CONTEXTS * place, and behind it its first 1,023 threads.
 */
#define LAB_PROCESS_CONTEXTS  1024u
#define LAB_OWNER_ANY_CONTEXT 0xfffeu
struct lab_page *lab_alloc_pages(struct lab_arena *arena, lab_gfp gfp, unsigned order);
LAB_MUST_USE enum lab_status lab_free_pages(struct lab_arena *arena, struct lab_page *page, unsigned order);

/*
 * One frame, exclusively the calling thread's until it releases it: never sleeps, callable in any context including
 * NMI. NULL: the atomic class may not have one now. The release refuses as lab_page_free does.
 */
void *labyrinth_void_alloc_page_gfp_atomic_exclusive(struct lab_arena *arena);
LAB_MUST_USE enum lab_status labyrinth_void_free_page_gfp_atomic_exclusive(struct lab_arena *arena, void *address);

/* One frame that any thread may release; otherwise as above. */
#define labyrinth_void_allocpage_gfp_atomic(arena) lab_alloc_address((arena), LAB_GFP_ATOMIC)
void *lab_alloc_address(struct lab_arena *arena, lab_gfp gfp);
LAB_MUST_USE enum lab_status lab_free_address(struct lab_arena *arena, void *address);

/*
 * Overwrites one deferred block and frees it; false: there is none. For a thread of the embedder's, as
 * lab_arena_reclaim which does it too. Never sleeps; takes as long as overwriting does, up to the greatest block.
 */
bool lab_arena_shred_pending(struct lab_arena *arena);

/*
 * Gives the frames that a CPU's cache holds back to all, and finishes what is deferred, of every CPU. LAB_INVALID: no
 * such CPU.
 */
enum lab_status lab_arena_drain(struct lab_arena *arena, unsigned cpu);

/*
 * A CPU goes: its caches give back what they hold, and take nothing from then on. Requests may be under way on that CPU
 * meanwhile, also in interrupts, and may go on to name it: they work without a cache. Any CPU may go, the last one too.
 * LAB_OK; LAB_UNCHANGED: it is offline already; LAB_BUSY: another call for that CPU is under way; LAB_INVALID: no such
 * CPU.
 */
LAB_MUST_USE enum lab_status lab_arena_cpu_offline(struct lab_arena *arena, unsigned cpu);
/* A CPU comes: its caches are used again. Answers as lab_arena_cpu_offline does. */
LAB_MUST_USE enum lab_status lab_arena_cpu_online(struct lab_arena *arena, unsigned cpu);

/* Changes a zone's watermarks: requests that begin afterwards obey them. LAB_INVALID: not min <= low <= high. */
LAB_MUST_USE enum lab_status lab_arena_set_marks(struct lab_arena *arena, enum lab_zone zone,
						 const struct lab_zone_marks *marks);
/* Linux's watermarks and lowmem reserves for zones whose `frames` are filled in; sets the other members. */
void lab_zone_marks_default(struct lab_zone_marks zones[LAB_ZONE_COUNT], unsigned page_shift);

/* What an arena holds; a snapshot, exact when no call is under way. All in frames but where it says otherwise. */
struct lab_zone_stat {
	struct lab_zone_marks marks;
	uint64_t floors[LAB_CLASS_COUNT];        /* what must stay for each class, lowmem reserve left out */
	uint64_t free;                           /* budget + cached + untold */
	uint64_t budget;                         /* what admission may still give */
	uint64_t cached;                         /* in the caches of CPUs: of each 64 to 8,192, as the arena is great */
	uint64_t untold;                         /* released, and not yet added to the budget; the same */
	uint64_t absent;                         /* in spans that are not there: of neither these nor marks.frames */
	uint64_t deferred;                       /* released and to be overwritten: not free yet */
	uint64_t free_blocks[LAB_ORDER_MAX + 1]; /* the greatest free blocks by order, caches left out; blocks */
};
struct lab_arena_stat {
	struct lab_zone_stat zones[LAB_ZONE_COUNT];
	uint64_t metadata_bytes;
	uint64_t cpus_offline;      /* CPUs whose caches are closed */
	uint64_t refills, failures; /* since creation: caches filled; requests that failed for want of memory */
};
void lab_arena_stat(const struct lab_arena *arena, struct lab_arena_stat *ret_stat);
/* The sum of the zones' `free`, without the walk. */
uint64_t lab_arena_free_frames(const struct lab_arena *arena);

/*
 * Names the word of the metadata that lies at `address`: "zone normal budget", "chunk 3 state", "frame 17 owner". For
 * tools that show what the allocator does. LAB_WORD_NONE: not the arena's, and text is as it was. Wait-free.
 */
enum lab_word lab_arena_describe(const struct lab_arena *arena, const void *address, char *text, size_t room);

/*
 * Walks the whole arena and compares everything that is kept twice. LAB_OK, or LAB_INVALID at the first thing that does
 * not agree; *ret_frame (may be NULL) is where. Only when no call is under way. Wait-free, linear in frames.
 */
LAB_MUST_USE enum lab_status lab_arena_check(const struct lab_arena *arena, uint64_t *ret_frame);

LAB_PUBLIC_END

#endif
