/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABYRINTH_TARGET_H
#define LABYRINTH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/gfp.h>
#include <labyrinth/machine.h>
#include <labyrinth/owner.h>
#include <labyrinth/status.h>
#include <labyrinth/word.h>

/*
 * The target ABI: any allocator under test is one table. Built-in targets and plug-ins (one exported symbol,
 * lab_target_entry) use the same table; nothing in it assumes the reference allocator. docs/targets.md walks through.
 */
#define LAB_TARGET_ABI 1u

/* What a target promises; the oracle applies only the rules that its promises call for (docs/invariants.md). */
#define LAB_CAP_ARENA         (UINT64_C(1) << 0)  /* blocks lie in the machine's memory: R04, R05 */
#define LAB_CAP_OWN_MEMORY    (UINT64_C(1) << 1)  /* blocks lie anywhere, as for malloc families */
#define LAB_CAP_IRQ           (UINT64_C(1) << 2)  /* callable from soft and hard interrupts: R07 */
#define LAB_CAP_NMI           (UINT64_C(1) << 3)  /* callable from NMI */
#define LAB_CAP_RESERVE       (UINT64_C(1) << 4)  /* keeps the watermark classes' floors: R03 */
#define LAB_CAP_OWNERSHIP     (UINT64_C(1) << 5)  /* refuses misuse: R02 */
#define LAB_CAP_EXCLUSIVE_MAP (UINT64_C(1) << 6)  /* R15 */
#define LAB_CAP_SHRED         (UINT64_C(1) << 7)  /* R12 */
#define LAB_CAP_ZERO          (UINT64_C(1) << 8)  /* R12 */
#define LAB_CAP_COALESCE      (UINT64_C(1) << 9)  /* R06 */
#define LAB_CAP_BLOCKING      (UINT64_C(1) << 10) /* a request that may sleep waits for memory */
#define LAB_CAP_RECLAIM       (UINT64_C(1) << 11) /* has a reclaimer that the harness runs: R13 */
#define LAB_CAP_EXACT         (UINT64_C(1) << 12) /* no failure while enough frames are free: R10 */
#define LAB_CAP_HOTPLUG       (UINT64_C(1) << 13) /* cpu_offline and cpu_online */
#define LAB_CAP_DEATH         (UINT64_C(1) << 14) /* processes share it and may be killed; reap: R16 */
#define LAB_CAP_MEMORY        (UINT64_C(1) << 15) /* memory_remove and memory_add */

/* Where a piece of code runs; a higher one interrupts a lower one. */
enum lab_context_kind {
	LAB_CONTEXT_TASK,
	LAB_CONTEXT_SOFTIRQ,
	LAB_CONTEXT_HARDIRQ,
	LAB_CONTEXT_NMI,
	LAB_CONTEXT_KIND_COUNT
};

/* A lock of the host's; all zero is an unlocked one. class_key groups locks for usage tracking; NULL: the address. */
struct lab_spinlock {
	uint32_t word;
	uint32_t holder;
	const void *class_key;
};

/*
 * What a kernel would give. Every service works for the calling context, so none takes a handle. A target may use its
 * own atomics and pthreads instead.
 */
struct lab_host {
	uint32_t abi, size;                           /* LAB_TARGET_ABI, sizeof(struct lab_host) */
	unsigned long (*irq_save)(void);              /* masks this CPU's interrupts, not NMI; nests */
	void (*irq_restore)(unsigned long flags);     /* with what the matching irq_save answered */
	void (*spin_lock)(struct lab_spinlock *lock); /* does not mask interrupts by itself */
	bool (*spin_trylock)(struct lab_spinlock *lock);
	void (*spin_unlock)(struct lab_spinlock *lock);
	void (*cpu_relax)(void);
	void (*might_sleep)(void); /* says that what follows may sleep: R07 if that is forbidden */
	void (*wait)(const uint32_t *key, uint32_t seen); /* sleeps until wake(key), unless *key is no longer `seen` */
	void (*wake)(const uint32_t *key);                /* wakes all that wait on key; any context */
	void (*reclaim_wake)(unsigned zone);              /* asks for the reclaimer of a zone */
	uint64_t (*shrink)(uint64_t frames); /* asks the caches above to free; answers frames freed; may sleep */
	enum lab_context_kind (*context)(void);
	unsigned (*cpu)(void);
	void (*random_fill)(void *buffer, size_t bytes);
	void (*log)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};

/* What the harness gives a target; it lives until destroy. */
struct lab_machine {
	void *base; /* address of frame 0, page aligned; frame_count << page_shift bytes, readable and writable */
	uint64_t frame_count;
	unsigned page_shift, order_max, cpu_count;
	const struct lab_span *spans; /* in ascending order */
	size_t span_count;
	const struct lab_zone_marks *zones; /* indexed by enum lab_zone */
	size_t zone_count;                  /* always LAB_ZONE_COUNT; a zone without frames has frames == 0 */
	const struct lab_host *host;
};

/* One request. At free it is the request that the block was taken with, cpu and owner as of now. */
struct lab_request {
	lab_gfp gfp;
	unsigned order, cpu;
	lab_owner owner;
};

enum lab_reclaim { LAB_RECLAIM_REST, LAB_RECLAIM_MORE };

/* The table. alloc sets *ret_block on LAB_OK only; on any other status nothing has changed hands. */
struct lab_target {
	uint32_t abi, size; /* LAB_TARGET_ABI, sizeof(struct lab_target) */
	const char *name, *summary;
	uint64_t caps;
	enum lab_status (*create)(const struct lab_machine *machine, void **ret_self);
	void (*destroy)(
		void *self); /* NULL: the plug-in's variables are put back to what they were when it was loaded */
	enum lab_status (*alloc)(void *self, const struct lab_request *request, void **ret_block);
	enum lab_status (*free)(void *self, void *block, const struct lab_request *request);
	/* optional, NULL where not supported */
	enum lab_status (*transfer)(void *self, void *block, lab_owner from, lab_owner to);
	enum lab_status (*map)(void *self, void *block, lab_owner owner);
	enum lab_status (*unmap)(void *self, void *block, lab_owner owner);
	void (*drain)(void *self, unsigned cpu);
	enum lab_status (*cpu_offline)(void *self, unsigned cpu);
	enum lab_status (*cpu_online)(void *self, unsigned cpu);
	enum lab_status (*set_marks)(void *self, unsigned zone, const struct lab_zone_marks *marks);
	enum lab_reclaim (*reclaim)(void *self, unsigned zone);
	unsigned page_shift_min;              /* least frame size it can live with; 0 means 12 */
	uint64_t (*free_frames)(void *self);  /* what the target believes; compared, never trusted */
	enum lab_status (*check)(void *self); /* its own consistency check, called at quiescence */
	/* A table may end here: `size` tells. What follows came later, and is optional. */
	/*
	 * Names the word of its metadata that lies at `address`, as "zone normal budget", in at most `room` bytes with
	 * the terminating zero: for people who read what a context did. Called in the middle of other calls: it reads
	 * only what create wrote, and takes no lock.
	 */
	enum lab_word (*describe)(void *self, const void *address, char *text, size_t room);
	/*
	 * The process that called by that CPU (host->cpu) was killed, at any instruction of a call or between two: gets
	 * back all that it had, while others go on. is_dead tells whether an owner was one of its. From the end on a
	 * new process may call by that CPU. LAB_BUSY: not now, ask again; what came back is back.
	 */
	enum lab_status (*reap)(void *self, unsigned cpu, bool (*is_dead)(void *arg, lab_owner owner), void *arg);
	/*
	 * A span of the machine goes: from the return on nobody has a frame of it and nobody gets one, until memory_add
	 * begins; a release of one is LAB_BAD_ADDRESS. All or nothing: with any other answer nothing has changed.
	 * LAB_BUSY: some frame is in use; it gives up after `patience` looks in vain. LAB_NO_MEMORY: less than the high
	 * mark would be left free. LAB_UNCHANGED: it is gone. All spans are there at first. Others go on meanwhile; one
	 * call of these two at a time, by tasks.
	 */
	enum lab_status (*memory_remove)(void *self, unsigned span, unsigned patience);
	/* It is there again, and its frames are free. LAB_UNCHANGED: it was there. */
	enum lab_status (*memory_add)(void *self, unsigned span);
};

/* The least `size` of a table: up to and with `check`. */
#define LAB_TARGET_SIZE_MIN offsetof(struct lab_target, describe)

/* The one symbol that a plug-in exports. */
#ifdef __cplusplus
extern "C"
#endif
	const struct lab_target *
	lab_target_entry(void);

#endif
