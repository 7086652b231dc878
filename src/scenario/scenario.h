/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_SCENARIO_SCENARIO_H
#define LAB_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <labyrinth/target.h>

/*
 * The one test case: a machine, contexts with their operations, and a schedule. Plain data; every engine, fuzzer,
 * corpus file and replay speaks it. docs/format.md describes the binary and text forms.
 */

#define LAB_SLOT_COUNT  16u /* slots of each context */
#define LAB_LOCK_COUNT  8u  /* the scenario's own spinlocks, taken in ascending order only */
#define LAB_SPAN_MAX    16u
#define LAB_NAME_BYTES  24u  /* context name with its terminating zero */
#define LAB_CONTEXT_MAX 256u /* contexts of a wide scenario */
#define LAB_CPU_MAX     64u

/* Bounds of every scenario. */
#define LAB_FRAME_MAX      (UINT64_C(1) << 24)
#define LAB_PAGE_SHIFT_MIN 6u /* the default: small machines are fast to reset */
#define LAB_PAGE_SHIFT_MAX 16u
#define LAB_NEST_MAX       16u        /* locks held and irq-offs open in one context at a time */
#define LAB_WILD_MAX       UINT32_MAX /* a wild frame number: far outside, yet its address does not wrap */

/* Bounds of the fuzz form. */
#define LAB_FUZZ_CPU_MAX       4u
#define LAB_FUZZ_TASK_MAX      4u
#define LAB_FUZZ_LINE_MAX      4u
#define LAB_FUZZ_OP_MAX        64u /* operations a context */
#define LAB_FUZZ_FRAME_MAX     4096u
#define LAB_FUZZ_DIRECTIVE_MAX 128u
#define LAB_FUZZ_SCHEDULE_MAX  1024u /* bytes */

enum lab_op_kind {
	LAB_OP_ALLOC,            /* slot, gfp, order */
	LAB_OP_FREE,             /* slot */
	LAB_OP_TOUCH,            /* slot */
	LAB_OP_GIVE,             /* slot, peer: context index */
	LAB_OP_TAKE,             /* slot */
	LAB_OP_MAP,              /* slot */
	LAB_OP_UNMAP,            /* slot */
	LAB_OP_FREE_TWICE,       /* slot: releases, then releases again */
	LAB_OP_FREE_FOREIGN,     /* slot, peer: context index whose token is shown */
	LAB_OP_FREE_WRONG_ORDER, /* slot: shows order + 1, or order - 1 at the greatest order */
	LAB_OP_FREE_WILD,        /* value: frame number, possibly outside */
	LAB_OP_IRQ_OFF,
	LAB_OP_IRQ_ON,
	LAB_OP_LOCK,      /* peer: lock; irq_save: takes it with interrupts masked */
	LAB_OP_UNLOCK,    /* peer: lock */
	LAB_OP_RAISE,     /* peer: context index of an interrupt handler */
	LAB_OP_DRAIN,     /* peer: CPU */
	LAB_OP_OFFLINE,   /* peer: CPU */
	LAB_OP_ONLINE,    /* peer: CPU */
	LAB_OP_RECLAIM,   /* value: frames */
	LAB_OP_WATERMARK, /* peer: zone, value: the new min; low and high follow as min + min/4 and min + min/2,
			     which stays within the zone */
	LAB_OP_WAIT,
	LAB_OP_DIE,    /* the process of this CPU is killed: all that runs there, at whatever access it came in */
	LAB_OP_REAP,   /* peer: CPU, whose process is dead: the target gets back what it had */
	LAB_OP_MEMORY, /* peer: span; comes: it is added, else removed */
	LAB_OP_KIND_COUNT
};

struct lab_op {
	enum lab_op_kind kind;
	uint8_t slot, order;
	bool irq_save, comes;
	uint16_t peer;
	lab_gfp gfp;
	uint64_t value;
};

struct lab_scenario_machine {
	uint64_t frame_count;
	unsigned page_shift, cpu_count, order_max;
	size_t span_count;
	struct lab_span spans[LAB_SPAN_MAX];         /* ascending, not overlapping; usable memory */
	struct lab_zone_marks zones[LAB_ZONE_COUNT]; /* .frames is filled from the spans */
};

struct lab_scenario_context {
	char name[LAB_NAME_BYTES];
	enum lab_context_kind kind;
	unsigned cpu;
	size_t first_op, op_count; /* into struct lab_scenario.ops, where the contexts follow one another in order */
};

/* One step of a written schedule; a byte schedule has none of these. */
enum lab_directive_kind {
	LAB_DIRECTIVE_RUN,     /* context runs `count` operations; 0: until it ends or blocks (`stack*`) */
	LAB_DIRECTIVE_FIRE,    /* handler context fires at the current point (`rx`) */
	LAB_DIRECTIVE_FIRE_AT, /* handler context fires at the host's event `count`, first is 1 (`rx@stack:46`) */
};

struct lab_directive {
	enum lab_directive_kind kind;
	uint16_t context, host;
	uint32_t count;
};

/*
 * A scenario owns its arrays: initialise with lab_scenario_init, give back with lab_scenario_free. Decoding into one
 * that was used before reuses its memory, so that a fuzzer does not allocate once a run.
 */
struct lab_scenario {
	struct lab_scenario_machine machine;
	struct lab_scenario_context *contexts;
	struct lab_op *ops;
	struct lab_directive *directives;
	uint8_t *schedule;
	size_t context_count, op_count, directive_count, schedule_bytes;
	size_t context_room, op_room, directive_room, schedule_room;
};

/* Memory that cannot be had for a scenario's arrays aborts: none of these has a status. */
void lab_scenario_init(struct lab_scenario *scenario);
void lab_scenario_free(struct lab_scenario *scenario);
/* A deep copy into an initialised scenario. */
void lab_scenario_copy(struct lab_scenario *to, const struct lab_scenario *from);
bool lab_scenario_machine_equal(const struct lab_scenario_machine *a, const struct lab_scenario_machine *b);
/* True when both describe the same test case, names included. */
bool lab_scenario_equal(const struct lab_scenario *a, const struct lab_scenario *b);

/*
 * The context of that index. One more than the scenario has is the reclaimer, which the deterministic engine adds for a
 * target that has one: a task of the last CPU.
 */
struct lab_scenario_context lab_scenario_actor(const struct lab_scenario *scenario, size_t index);

/* An empty scenario that keeps its arrays for reuse: no contexts, a machine of zeroes. */
void lab_scenario_clear(struct lab_scenario *scenario);

/* Builders; each grows the arrays. Operations go to the context added last. */
struct lab_scenario_context *lab_scenario_add_context(struct lab_scenario *scenario);
void lab_scenario_add_op(struct lab_scenario *scenario, struct lab_op op);
void lab_scenario_add_directive(struct lab_scenario *scenario, struct lab_directive directive);
void lab_scenario_add_schedule(struct lab_scenario *scenario, const uint8_t *bytes, size_t count);

const char *lab_op_name(enum lab_op_kind kind);                /* "alloc", "free-twice", ... as in the text form */
const char *lab_context_kind_name(enum lab_context_kind kind); /* "task", "softirq", "hardirq", "nmi" */

#endif
