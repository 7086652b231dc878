/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_EXEC_H
#define LAB_ENGINE_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/mailbox.h"
#include "oracle/oracle.h"
#include "scenario/scenario.h"

/*
 * Operations turned into calls, the same for every engine: exec_op does what an operation says against the target with
 * the oracle around it. What only an engine can do (mask, lock, raise, wait) is asked of it through lab_engine_ops.
 */

/* A block that a context holds. */
struct lab_held {
	void *block; /* NULL: the slot is empty */
	struct lab_request request;
	bool mapped;
};

/* A block while it changes hands, which may be cut off. */
struct lab_handing {
	void *block;
	struct lab_request from; /* as the giver has it */
	lab_owner to;
	unsigned receiver;
	bool lost; /* the receiver was reaped meanwhile, maybe with the block */
};

/*
 * What an actor did. The actor alone writes, with lab_count_up; others read with lab_load_relaxed, at the end or
 * loosely for a status line.
 */
struct lab_actor_counts {
	lab_atomic64 ops[LAB_OP_KIND_COUNT];
	lab_atomic64 alloc_ok[LAB_CLASS_COUNT], alloc_failed[LAB_CLASS_COUNT];
	lab_atomic64 runs; /* firings of a handler */
};

/* Adds one to a count that has one writer. Wait-free. */
static inline void lab_count_up(lab_atomic64 *count)
{
	/* relaxed, and no read-modify-write: a statistic, and nobody else writes it */
	lab_store_relaxed(count, lab_load_relaxed(count) + 1);
}

/* One context at run time. Its index is its id; its owner token's context is index + 1. */
struct lab_actor {
	unsigned index, cpu;
	enum lab_context_kind kind;
	uint64_t generation; /* of the next token it makes: index << 32 | count, so that a giver may make the receiver's
			      */
	struct lab_held slots[LAB_SLOT_COUNT];
	struct lab_held *kept; /* blocks that an alloc into a full slot moved away; freed at the end */
	size_t kept_count, kept_room;
	lab_atomic32 kept_busy;            /* claims the kept list, which a shrinker of another context may ask too */
	const struct lab_request *in_call; /* the target call under way, for host services; NULL between calls */
	const struct lab_request *asking;  /* the alloc under way, also while a shrinker frees inside it; or NULL */
	struct lab_handing *handing;       /* on the stack of its give; or NULL */
	struct lab_handing *freeing;       /* the same of its free, to nobody */
	unsigned others;                   /* calls of its under way that are no request and no release */
	bool timed; /* measure this actor's alloc and free; an engine that samples turns it on and off */
	struct lab_actor_counts counts;
	void *engine;               /* the engine's own record of this context */
	struct lab_mailbox mailbox; /* blocks given to this context; last: it is large, and most runs leave it alone */
};

/* The alloc that a host service is called from; NULL: another call, be it one that a shrinker made inside an alloc. */
static inline const struct lab_request *lab_actor_alloc(const struct lab_actor *actor)
{
	return actor->in_call == actor->asking ? actor->asking : NULL;
}

struct lab_exec;

/* Engine services, called by exec_op in the context of the actor. */
struct lab_engine_ops {
	void (*irq_off)(struct lab_exec *, struct lab_actor *);
	void (*irq_on)(struct lab_exec *, struct lab_actor *);
	void (*lock)(struct lab_exec *, struct lab_actor *, unsigned lock, bool irq_save);
	void (*unlock)(struct lab_exec *, struct lab_actor *, unsigned lock);
	void (*raise)(struct lab_exec *, struct lab_actor *, unsigned handler);
	void (*wait)(struct lab_exec *, struct lab_actor *);
	/* False in an interrupt, and where the scenario masked interrupts or holds a lock. */
	bool (*may_sleep)(struct lab_exec *, struct lab_actor *);
	/* Ends whatever runs on the actor's CPU, and does not come back; LAB_UNCHANGED: it must not. NULL: it cannot.
	 */
	enum lab_status (*die)(struct lab_exec *, struct lab_actor *);
	/* The backing of a span comes, before the target is told; or goes, after it said so. NULL: it always is there.
	 */
	void (*memory)(struct lab_exec *, unsigned span, bool comes);
	/* Around every call into the target: arms and disarms whatever the engine watches it with. May be NULL. */
	void (*call_begin)(struct lab_exec *, struct lab_actor *, const struct lab_request *);
	void (*call_end)(struct lab_exec *, struct lab_actor *);
	/* Every operation's end, for latency and event logs; ns is 0 unless the actor is `timed`. May be NULL. */
	void (*op_done)(struct lab_exec *, struct lab_actor *, const struct lab_op *, enum lab_status, uint64_t ns);
};

struct lab_exec {
	const struct lab_target *target;
	void *self; /* the target's instance */
	const struct lab_machine *machine;
	struct lab_oracle *oracle;
	const struct lab_engine_ops *engine;
	struct lab_actor *actors;
	unsigned actor_count;
	bool one_thread;      /* contexts take turns on one thread */
	bool mask_interrupts; /* the target lacks IRQ: interrupts are masked around its calls */
	void *arg;            /* the engine's own */
	/* Who is at a set_marks, actor index + 1; callers serialise it, as a kernel does; 0: nobody. And what it sets.
	 */
	lab_atomic32 marks_busy;
	struct lab_zone_marks marks_to;
	unsigned marks_zone;
	lab_atomic32 plug_busy;   /* the same of a CPU that goes or comes */
	lab_atomic32 memory_busy; /* of a span of memory */
	lab_atomic32 reap_busy;   /* and of who reaps */
	lab_atomic64 died,
		unreaped;     /* CPUs, 1 << cpu: whose process was killed; of these, what it had is not got back */
	lab_atomic64 offline; /* CPUs, 1 << cpu: no interrupts come in there, and nobody drains them */
};

/* May sleep. kept_room: how many blocks an actor may keep; beyond it an alloc into a full slot frees the old block. */
LAB_MUST_USE enum lab_status lab_actor_init(struct lab_actor *actor, unsigned index, enum lab_context_kind kind,
					    unsigned cpu, size_t kept_room);
void lab_actor_fini(struct lab_actor *actor);
/* As after init, with the kept list's memory used again. */
void lab_actor_reset(struct lab_actor *actor, unsigned index, enum lab_context_kind kind, unsigned cpu);

/*
 * Runs one operation to its end in the calling context. Allocates nothing itself; usable in signal handlers. op_done is
 * told the target's answer, LAB_INVALID when there was nothing to do it with (an empty slot, an empty mailbox),
 * LAB_UNSUPPORTED when the target does not offer it to this context, LAB_BUSY when the watermarks, or a CPU, are being
 * changed by another, LAB_UNCHANGED when the CPU is offline, or online, already.
 */
void lab_exec_op(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op);

/* At the end: frees what the actor's slots, kept list and mailbox still hold. */
void lab_exec_release_all(struct lab_exec *exec, struct lab_actor *actor);

/* Frees what was given to the actor and not yet taken. */
void lab_exec_empty_mailbox(struct lab_exec *exec, struct lab_actor *actor);

/* True for a CPU that the target was told is offline, and took it. Wait-free. */
static inline bool lab_exec_is_offline(const struct lab_exec *exec, unsigned cpu)
{
	/* relaxed: asked for whether an interrupt comes in; who changes it is ordered by plug_busy */
	return lab_load_relaxed(&exec->offline) >> cpu & 1;
}

/* True for a CPU whose process was killed. Wait-free. */
static inline bool lab_exec_is_dead(const struct lab_exec *exec, unsigned cpu)
{
	/* relaxed: an engine that kills has one thread; with others nobody dies */
	return lab_load_relaxed(&exec->died) >> cpu & 1;
}

/* The process of that CPU is dead: the engine has seen to it that nothing of it runs on. */
void lab_exec_die(struct lab_exec *exec, unsigned cpu);
/*
 * Has the target get back what the dead of a CPU had. LAB_UNCHANGED: nobody is dead there; LAB_BUSY: somebody else is
 * at it, or not now.
 */
enum lab_status lab_exec_reap(struct lab_exec *exec, struct lab_actor *actor, unsigned cpu);
/* All that is left to be got back, at the end: R16 if that cannot be. */
void lab_exec_reap_all(struct lab_exec *exec, struct lab_actor *actor);

/*
 * Before the oracle's last look: drains every CPU that is not offline, and lets the oracle ask from one of them. What
 * the others had they gave back when they went, or it is lost. `move`, unless NULL, puts the caller on a CPU first: a
 * cache may be one that only its own CPU can empty.
 */
void lab_exec_drain_online(struct lab_exec *exec, void (*move)(void *arg, unsigned cpu), void *arg);

/* Releases blocks of the actor's kept list until `frames` frames are released or none is left. */
uint64_t lab_exec_shrink(struct lab_exec *exec, struct lab_actor *actor, uint64_t frames);
/* The same of every context's kept list, the actor's own first: what a target's shrinkers are. */
uint64_t lab_exec_shrink_all(struct lab_exec *exec, struct lab_actor *actor, uint64_t frames);
/* One step of the target's reclaimer, by the actor. The target has RECLAIM. */
enum lab_reclaim lab_exec_reclaim(struct lab_exec *exec, struct lab_actor *actor, unsigned zone);

#endif
