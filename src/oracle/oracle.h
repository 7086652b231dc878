/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_ORACLE_H
#define LAB_ORACLE_ORACLE_H

#include <stdbool.h>

#include <labyrinth/target.h>

#include "oracle/finding.h"

/*
 * The oracle believes nothing that a target says of itself: it keeps its own shadow of who owns which frame and
 * recomputes. Every call is usable from any context of any thread at once, from signal handlers and in place of an
 * interrupted call; none allocates, locks or sleeps unless it says so. It adds no happens-before edge between callers
 * of its own (all its atomics are relaxed), so that ThreadSanitizer still sees a hand-over that the target left
 * unordered.
 */
struct lab_oracle;

struct lab_oracle_config {
	const struct lab_machine *machine;
	const struct lab_target *target;                      /* caps, and which members are there */
	unsigned actor_count;                                 /* actor indices are below it */
	const char *(*actor_name)(void *arg, unsigned actor); /* "hardirq rx": for findings */
	/* Called at each finding, at the place where it was found, possibly in a signal handler. */
	void (*report)(void *arg, const struct lab_finding *finding);
	/* What it judges begins, or has ended: it takes for granted that who begins comes after all that ended. NULL:
	   that is so anyway. */
	void (*bracket)(void *arg, bool begins);
	void *arg;
	bool one_thread; /* no two calls of the oracle are ever under way at once: it judges more (docs/invariants.md)
			  */
};

/* May sleep. LAB_SYSTEM: errno. The machine, target and config's strings must outlive it. */
LAB_MUST_USE enum lab_status lab_oracle_create(const struct lab_oracle_config *config, struct lab_oracle **ret_oracle);
void lab_oracle_destroy(struct lab_oracle *oracle);
/*
 * Forgets all: as after create, census included if `keep_census` is false. For engines that run many scenarios on one
 * machine. No call may be under way.
 */
void lab_oracle_reset(struct lab_oracle *oracle, bool keep_census);

enum lab_call_kind { LAB_CALL_ALLOC, LAB_CALL_FREE, LAB_CALL_MISUSE };

/* One call under way: on the stack of whoever calls the target. */
struct lab_call {
	enum lab_call_kind kind;
	unsigned actor;
	struct lab_request request;
	uint64_t taken_at_start[LAB_ZONE_COUNT]; /* cumulative frames taken, read before the call: R03 */
	uint64_t marks_at_start[LAB_ZONE_COUNT]; /* which watermarks were in force */
	uint64_t memory_at_start;                /* and which spans were there */
	uint64_t ticket;                         /* calls begun when this one began: R10's "alone" */
	bool alone_at_start;
	uint64_t free_before; /* the target's free_frames before a misuse: R02 */
	/* Of an oracle with one thread only: */
	unsigned history; /* its number in the window: R18 */
	struct lab_instant {
		int64_t left;   /* T - O less the request: the most that it was */
		uint64_t floor; /* the lowest */
	} best[LAB_ZONE_COUNT]; /* of an alloc: what can excuse its success */
	struct lab_call *outer; /* the call that began before this one and has not ended */
	struct lab_trespass {
		bool is; /* it wrote where it must not, unless the block that it answers lies there */
		uint64_t frame;
		lab_owner owner;
		uintptr_t code;
	} trespass;
};

/*
 * Around target->alloc. `status` and `block` as the target answered; the caller had set block to NULL before. Judges
 * R01, R03, R05, R10, R12 (before touch).
 */
void lab_oracle_alloc_begin(struct lab_oracle *oracle, struct lab_call *call, unsigned actor,
			    const struct lab_request *request);
void lab_oracle_alloc_end(struct lab_oracle *oracle, struct lab_call *call, enum lab_status status, void *block);

/*
 * Around target->free of a block that the actor owns. begin verifies the pattern if it was ever touched (R11) and
 * clears the shadow, so that the frames may have a new owner before the call returns; end judges a refusal (R02).
 */
void lab_oracle_free_begin(struct lab_oracle *oracle, struct lab_call *call, unsigned actor, void *block,
			   const struct lab_request *request);
void lab_oracle_free_end(struct lab_oracle *oracle, struct lab_call *call, void *block, enum lab_status status);

/*
 * Around any other call that may hold frames while it is under way (drain, cpu_offline, cpu_online): a failure that
 * overlaps it is not judged by R10.
 */
void lab_oracle_other_begin(struct lab_oracle *oracle);
void lab_oracle_other_end(struct lab_oracle *oracle);

/*
 * A process that uses the target was killed (R16). died: from now on what is lost, blocked or miscounted is the
 * death's, and R18 is not judged. lost: a block that it owned is the target's to get back, and nobody's; before
 * target->reap. bury: after it; the actor's calls under way will not end, and `others` of lab_oracle_other_begin.
 */
void lab_oracle_died(struct lab_oracle *oracle);
void lab_oracle_lost(struct lab_oracle *oracle, const void *block, const struct lab_request *request);
void lab_oracle_bury(struct lab_oracle *oracle, unsigned actor, unsigned others);

enum lab_misuse {
	LAB_MISUSE_DOUBLE_FREE, /* the block was released by this actor just before */
	LAB_MISUSE_FOREIGN,     /* a living block, somebody else's token */
	LAB_MISUSE_WRONG_ORDER,
	LAB_MISUSE_WILD,        /* any address: outside, hole, free, inside a block */
	LAB_MISUSE_SECOND_VIEW, /* map of an exclusive block that has a view: target->map */
	LAB_MISUSE_COUNT
};

/*
 * Around a call that must be refused (R02): judged by the documented status, and by free_frames unchanged where no
 * other call overlapped. The call is target->free(block, shown) unless said otherwise above. A second view of an
 * exclusive block that is granted is R15; one refused with another status than LAB_BUSY is R02. A target without
 * OWNERSHIP (without EXCLUSIVE_MAP for the second view) is not judged.
 */
void lab_oracle_misuse_begin(struct lab_oracle *oracle, struct lab_call *call, unsigned actor, void *self,
			     const struct lab_request *shown);
void lab_oracle_misuse_end(struct lab_oracle *oracle, struct lab_call *call, void *self, enum lab_misuse misuse,
			   void *block, enum lab_status status);

/* Before target->transfer: a number for lab_oracle_transferred. */
unsigned lab_oracle_transfer_begin(struct lab_oracle *oracle);
/*
 * After target->transfer, or instead of it where the target has none (status LAB_OK and `to` the token that it keeps):
 * the shadow follows. LAB_BUSY is a right answer while the block has a view.
 */
void lab_oracle_transferred(struct lab_oracle *oracle, unsigned number, unsigned actor, void *block,
			    const struct lab_request *from, lab_owner to, enum lab_status status);

/* After target->map and target->unmap by the block's owner (R15). */
void lab_oracle_mapped(struct lab_oracle *oracle, unsigned actor, void *block, const struct lab_request *request,
		       enum lab_status status);
void lab_oracle_unmapped(struct lab_oracle *oracle, unsigned actor, void *block, const struct lab_request *request,
			 enum lab_status status);

/*
 * Verifies the pattern over the whole block if one was written since it was handed out (R11), then writes the owner's
 * anew: plain accesses. The pattern is a function of token, frame and word; the oracle remembers whose a block holds,
 * so a block that was given keeps the giver's until the receiver touches it.
 */
void lab_oracle_touch(struct lab_oracle *oracle, unsigned actor, void *block, const struct lab_request *request);

/*
 * Around target->set_marks, one change at a time: calls that overlap one are judged by the lowest marks so far. end is
 * told the new marks, or NULL if the target refused them.
 */
void lab_oracle_marks_begin(struct lab_oracle *oracle, unsigned zone, const struct lab_zone_marks *marks);
void lab_oracle_marks_end(struct lab_oracle *oracle, unsigned zone, const struct lab_zone_marks *marks);

/* A span that goes or comes: on the stack of whoever calls the target. */
struct lab_memory_change {
	unsigned actor, span;
	bool comes, was_absent, alone;
	uint64_t ticket, marks; /* as in struct lab_call */
};
/*
 * Around target->memory_remove and memory_add (`comes`), one change at a time. From the begin of an add on blocks may
 * lie in the span; after a removal that was answered LAB_OK none may (R05), none does (R01), and its frames count
 * nowhere. A removal that is refused alone, while all of the span is free and enough is left, is R10.
 */
void lab_oracle_memory_begin(struct lab_oracle *oracle, struct lab_memory_change *change, unsigned actor, unsigned span,
			     bool comes);
void lab_oracle_memory_end(struct lab_oracle *oracle, struct lab_memory_change *change, enum lab_status status);

/*
 * For an engine that sees the target's accesses, with one thread: the target's code writes these bytes of the arena now
 * (R11; R02 where the call was to be refused and to change nothing). code: where, as an offset in its file; 0: unknown.
 * A write during an alloc is judged at its end: into the block that it answers it was right, or that is R01. actor:
 * LAB_FINDING_NO_ACTOR stands for whoever's call began last.
 */
void lab_oracle_written(struct lab_oracle *oracle, unsigned actor, const void *address, size_t bytes, uintptr_t code);

/* The reclaimer of a zone was asked for (R13). request: the alloc under way in that context, or NULL. */
void lab_oracle_reclaim_wake(struct lab_oracle *oracle, unsigned actor, const struct lab_request *request,
			     unsigned zone);

/* One step of the reclaimer: on the stack of whoever calls target->reclaim. */
struct lab_reclaim_step {
	unsigned actor, zone;
	bool had;        /* the shrinkers had blocks of the zone when it began */
	bool vain;       /* it asked them, and they gave nothing */
	int64_t most;    /* T - O: the most that it was */
	uint64_t lowest; /* the lowest high mark that was in force */
};
/* Around target->reclaim (R13). had: the shrinkers have blocks of the zone; false where that is not known. */
void lab_oracle_reclaim_begin(struct lab_oracle *oracle, struct lab_reclaim_step *step, unsigned actor, unsigned zone,
			      bool had);
void lab_oracle_reclaim_end(struct lab_oracle *oracle, struct lab_reclaim_step *step, enum lab_reclaim answer,
			    bool had);
/* The shrinkers were asked, and gave that many frames. */
void lab_oracle_shrunk(struct lab_oracle *oracle, unsigned actor, uint64_t frames);

/* True when a request could be served by what nobody owns, in number and shape, were its zones' floors the `min` given
 * and nobody in the middle of anything. Targets with EXACT; false of others but for a single frame's number. */
bool lab_oracle_could_serve(const struct lab_oracle *oracle, const struct lab_request *request,
			    const uint64_t min[LAB_ZONE_COUNT]);

/* The zone that a block counts for. */
unsigned lab_oracle_zone_of(const struct lab_oracle *oracle, const void *block);

/* A host service that may sleep was called (R07). request: of the call under way, or NULL when there is none. */
void lab_oracle_may_sleep(struct lab_oracle *oracle, unsigned actor, enum lab_context_kind context,
			  const struct lab_request *request, const char *service);

/* The number that findings give a block: its first frame, or outside an arena its address counted in frames. */
uint64_t lab_oracle_finding_frame(const struct lab_oracle *oracle, const void *block);

/* For rules that the engines judge themselves (R00, R08, R09): formats the detail and reports. */
void lab_oracle_report(struct lab_oracle *oracle, enum lab_rule rule, unsigned actor, uint64_t frame, unsigned order,
		       const char *format, ...) __attribute__((format(printf, 6, 7)));

/*
 * At quiescence: no call under way. May sleep.
 * census: takes every frame of a fresh instance, notes the set, gives all back; T is what it found. Once per oracle.
 * quiesce: after all blocks are freed and every CPU drained: R14, R04, R06, R12; the instance is as before on return,
 * but that all spans are there.
 */
void lab_oracle_census(struct lab_oracle *oracle);
/*
 * The CPU that the oracle's own requests name from now on, 0 at first: one that is online, since what only an offline
 * CPU's cache has is lost.
 */
void lab_oracle_use_cpu(struct lab_oracle *oracle, unsigned cpu);
void lab_oracle_quiesce(struct lab_oracle *oracle, void *self);

/*
 * A number of what the oracle knows of the frames of an arena: at quiescence, equal numbers over equal memory make
 * lab_oracle_quiesce judge alike.
 */
uint64_t lab_oracle_hash(const struct lab_oracle *oracle);

/* Frames now owned, and the greatest number owned at once, per zone. */
uint64_t lab_oracle_owned(const struct lab_oracle *oracle, enum lab_zone zone);
uint64_t lab_oracle_total(const struct lab_oracle *oracle, enum lab_zone zone); /* T of the census */
/*
 * The least T - O that a success of that class left in that zone; UINT64_MAX if there was none. Where calls overlap it
 * is the most that the success can have left, as R03 counts it: never below the class's floor unless R03 was found.
 */
uint64_t lab_oracle_low_water(const struct lab_oracle *oracle, enum lab_zone zone, enum lab_class class);
/* Failures that overlapped another call, and so were counted and not judged. */
uint64_t lab_oracle_unjudged(const struct lab_oracle *oracle);
/* Windows of overlapping calls whose order was asked for (R18), and those among them that were too much to be judged.
 */
uint64_t lab_oracle_windows(const struct lab_oracle *oracle);
uint64_t lab_oracle_windows_unjudged(const struct lab_oracle *oracle);
/* Frames of blocks outside the arena that found no room in the page map, and so were not watched. */
uint64_t lab_oracle_unwatched(const struct lab_oracle *oracle);

#endif
