/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ORACLE_STATE_H
#define LAB_ORACLE_STATE_H

#include "oracle/history.h"
#include "oracle/marks.h"
#include "oracle/oracle.h"
#include "oracle/shadow.h"

/* What the files of the oracle share; nobody else includes it. All atomics are relaxed (cell.h tells why). */

enum lab_span_memory { LAB_SPAN_PRESENT, LAB_SPAN_IN_DOUBT, LAB_SPAN_ABSENT };

struct lab_oracle {
	struct lab_oracle_config config;
	const struct lab_machine *machine;
	const struct lab_target *target;
	bool arena;
	struct lab_shadow shadow;
	struct lab_marks marks[LAB_ZONE_COUNT];

	/*
	 * Cumulative frames: `taken` grows when a success is recorded, after the target returned; `given` when a free
	 * begins, before the target is called. So at any instant at least taken - given frames are truly owned.
	 */
	lab_atomic64 taken[LAB_ZONE_COUNT], given[LAB_ZONE_COUNT];

	/* Calls begun and ended. A call ran alone if none was unfinished when it began and none began until it ended.
	 */
	lab_atomic64 calls_begun, calls_ended;

	/* By span, enum lab_span_memory; frames of the census in absent ones; moves at each begin and end of a change.
	 */
	lab_atomic32 *spans;
	lab_atomic64 absent[LAB_ZONE_COUNT], memory_version;

	bool died;             /* some process did */
	struct lab_call *open; /* with one thread: the call that began last of those that have not ended */

	/* R13: the reclaimer was asked for; it is at work. With one thread: its step under way, or NULL. */
	lab_atomic32 reclaim_wanted[LAB_ZONE_COUNT], reclaim_works[LAB_ZONE_COUNT];
	struct lab_reclaim_step *reclaim;

	struct lab_history *history; /* NULL: R18 is not judged */

	lab_atomic64 low_water[LAB_ZONE_COUNT][LAB_CLASS_COUNT];
	lab_atomic64 unjudged, unwatched;

	/* By frame. At quiescence only. */
	uint8_t *census;  /* 1: a fresh instance hands it out */
	unsigned own_cpu; /* that its requests name */
	uint8_t *swept;   /* not 0: the oracle itself took a block there (sweep.c); its token is the cell's owner */
	uint64_t total[LAB_ZONE_COUNT]; /* frames of the census */
	uint64_t own_generation;        /* of the oracle's own tokens */
};

/* Where a frame lies; NULL: in a hole or outside. */
const struct lab_span *lab_oracle_span(const struct lab_oracle *oracle, uint64_t frame);
/* The zone that a block counts for; NORMAL for blocks outside the arena. */
enum lab_zone lab_oracle_zone(const struct lab_oracle *oracle, uint64_t frame);

/* memory.c: the frame's span is there for sure; is away for sure. */
bool lab_oracle_is_present(const struct lab_oracle *oracle, uint64_t frame);
bool lab_oracle_is_absent(const struct lab_oracle *oracle, uint64_t frame);
/* T: frames of the census whose spans are not absent. */
uint64_t lab_oracle_there(const struct lab_oracle *oracle, unsigned zone);
/* At quiescence: adds all absent spans; false: one cannot be, and a finding was made. */
bool lab_oracle_bring_back(struct lab_oracle *oracle, void *self);

bool lab_oracle_applies(const struct lab_oracle *oracle, enum lab_rule rule);
const char *lab_oracle_class_name(enum lab_class class);
/* Name of the actor that a token belongs to: "task stack", or "nobody". */
const char *lab_oracle_owner_name(const struct lab_oracle *oracle, lab_owner token);

/* "frame 64 order 0", or the address for a block outside the arena. */
struct lab_block_text {
	char text[64];
};
struct lab_block_text lab_oracle_block_text(const struct lab_oracle *oracle, const void *block, unsigned order);

static inline void lab_oracle_bracket(const struct lab_oracle *oracle, bool begins)
{
	if (oracle->config.bracket)
		oracle->config.bracket(oracle->config.arg, begins);
}

void lab_oracle_call_begin(struct lab_oracle *oracle, struct lab_call *call, enum lab_call_kind kind, unsigned actor,
			   const struct lab_request *request);
/* True when no other call was under way from its begin until now. Before lab_oracle_call_end. */
bool lab_oracle_call_alone(const struct lab_oracle *oracle, const struct lab_call *call);
void lab_oracle_call_end(struct lab_oracle *oracle, struct lab_call *call);

/* R11, after an alloc: what it wrote into before its block was known. */
void lab_oracle_judge_trespass(struct lab_oracle *oracle, const struct lab_call *call, const void *block);

/*
 * instant.c, with one thread: frames came back, or marks changed: what each alloc under way may leave now. call: only
 * that one, which begins; NULL: all.
 */
void lab_oracle_instant(struct lab_oracle *oracle, struct lab_call *call);
/* order.c, R18: a call ended with this answer, or with one that no order of calls matters to. */
void lab_oracle_order_alloc(struct lab_oracle *oracle, const struct lab_call *call, const void *block);
void lab_oracle_order_free(struct lab_oracle *oracle, const struct lab_call *call, const void *block);
void lab_oracle_order_stray(struct lab_oracle *oracle, const struct lab_call *call, const void *block,
			    enum lab_status status);
void lab_oracle_order_transfer(struct lab_oracle *oracle, unsigned number, unsigned actor, const void *block,
			       const struct lab_request *from, lab_owner to);
void lab_oracle_order_none(struct lab_oracle *oracle, unsigned number);

/* R03, after a success in a zone. */
void lab_oracle_judge_floor(struct lab_oracle *oracle, const struct lab_call *call, enum lab_zone zone,
			    const void *block);
/* R13, after an alloc that answered LAB_OK with a block of that zone, or LAB_NO_MEMORY. Before lab_oracle_call_end. */
void lab_oracle_judge_wake(struct lab_oracle *oracle, const struct lab_call *call, enum lab_zone zone);
/* reclaim.c, with one thread: frames came back, or marks changed, in the middle of the reclaimer's step. */
void lab_oracle_reclaim_instant(struct lab_oracle *oracle);
/* An aligned run of that order of free census frames lies in one span of the zone. */
bool lab_oracle_has_shape(const struct lab_oracle *oracle, enum lab_zone zone, unsigned order, uint64_t *ret_frame);
/* R10, after a failure. */
void lab_oracle_judge_failure(struct lab_oracle *oracle, const struct lab_call *call, enum lab_status status);
/* R12, a block just handed out: what its frames still hold. `zeroed`: the request was for zeroed memory. */
void lab_oracle_judge_release(struct lab_oracle *oracle, unsigned actor, void *block, unsigned order, bool zeroed);
/* R11, a block about to be released or touched: false when its owner's pattern is broken, and a finding was made. */
bool lab_oracle_judge_pattern(struct lab_oracle *oracle, unsigned actor, void *block,
			      const struct lab_request *request);

/* The block's frames are nobody's any more; what is asked of a release holds for them. */
void lab_oracle_release_cells(struct lab_oracle *oracle, const void *block, const struct lab_request *request);

/* R05: what is wrong with where the block lies, or NULL. */
const char *lab_oracle_misplaced(const struct lab_oracle *oracle, const struct lab_request *request, const void *block);

/* Every frame of the spans, until a census was taken. */
void lab_oracle_assume_census(struct lab_oracle *oracle);

/* How a block that the oracle asks for itself was answered. */
enum lab_take {
	LAB_TAKE_GOT,
	LAB_TAKE_REFUSED,
	LAB_TAKE_UNSOUND, /* the answer cannot be: a finding was made, and the instance tells nothing more */
};

/* Takes one block of the memalloc class for the oracle itself and notes it as swept. At quiescence only. */
enum lab_take lab_oracle_take(struct lab_oracle *oracle, void *self, lab_gfp gfp, unsigned order, void **ret_block);
/*
 * Takes single frames until there are no more, and judges each; never LAB_TAKE_GOT. The DMA zone's first and as such,
 * so that a frame that came into the wrong zone is seen there.
 */
enum lab_take lab_oracle_sweep(struct lab_oracle *oracle, void *self);
/* Gives back all that is swept, and drains. `swept` still tells what it was. */
void lab_oracle_give_back(struct lab_oracle *oracle, void *self);
/* R06, and R05 if that is why; false: a finding was made. */
bool lab_oracle_judge_coalescing(struct lab_oracle *oracle, void *self);

#endif
