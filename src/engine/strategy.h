/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_STRATEGY_H
#define LAB_ENGINE_STRATEGY_H

#include "engine/event.h"
#include "scenario/choices.h"
#include "scenario/scenario.h"

/*
 * Who moves next. The engine asks at every scheduling point, also where only one context can move, and runs the same
 * scenario again and again until the strategy has nothing left to try.
 */
#define LAB_NOBODY UINT32_MAX

/* A context that may move now. */
struct lab_candidate {
	unsigned context;
	unsigned cpu;
	unsigned over; /* whom a handler interrupts that comes in here; LAB_NOBODY: an idle CPU */
	bool fires;    /* a handler that comes in: its first step */
	/* How many events it has met, the one that it is parked at included; of a handler that comes in: its CPU's. */
	uint64_t events;
	unsigned firings; /* how often that handler came in before */
	struct lab_sim_pending pending;
};

struct lab_point {
	/* Whoever moved last comes first if it can go on (stays); then the others in id order; then the handlers that
	 * may come in. Of one context there is one at most. */
	const struct lab_candidate *const *list;
	unsigned count, movers; /* the first `movers` are not handlers that come in; 0 movers: the engine decides */
	unsigned usual;         /* what the engine would do on its own */
	bool stays;
	bool spins;  /* whoever moved last says that it waits for others: choosing it again may never end */
	bool shared; /* the last step touched what the harness itself shares among contexts, or was a whole call */
	bool forced; /* a handler must come in: nobody else is left */
	const struct lab_choice *place; /* NULL unless the strategy reads places */
};

/* How many contexts may be chosen: the scenario's, and behind them the target's reclaimer. */
static inline unsigned lab_strategy_contexts(const struct lab_scenario *scenario)
{
	return scenario->context_count < LAB_CONTEXT_MAX ? (unsigned)scenario->context_count + 1 : LAB_CONTEXT_MAX;
}

/* A load that may read something older than what the word holds. */
struct lab_read {
	unsigned context;
	unsigned most;  /* stores back, at least 1 */
	unsigned usual; /* what the engine would do on its own: 0, or what the CPU read there the last time */
	const struct lab_choice *place;
};

struct lab_strategy;

struct lab_strategy_ops {
	const char *name;
	bool reads_places; /* a point tells its place, which costs time */
	/* Before a run, with how many contexts and what they are. */
	void (*begin)(struct lab_strategy *strategy, const struct lab_scenario *scenario);
	/* An index into the point's list. */
	unsigned (*choose)(struct lab_strategy *strategy, const struct lab_point *point);
	/* Where nobody is asked: the handler that comes in here, or LAB_NOBODY; NULL: none ever does. */
	unsigned (*comes_in)(struct lab_strategy *strategy, const struct lab_choice *place);
	/* How many stores back the load reads; NULL: all read the newest. */
	unsigned (*reads)(struct lab_strategy *strategy, const struct lab_read *read);
	/* After a run; shared: as in a point, of its last step. */
	void (*end)(struct lab_strategy *strategy, bool shared);
	/* What is known of how much was tried: "2 preemptions: 9649 schedules". */
	void (*tell)(const struct lab_strategy *strategy, char *text, size_t room);
	void (*destroy)(struct lab_strategy *strategy);
};

/* The first member of each strategy's own record. */
struct lab_strategy {
	const struct lab_strategy_ops *ops;
	bool weak;        /* loads may read older values (memory.h); may change at each begin */
	bool skips_alone; /* not asked where only one context can move; may change at each begin */
	bool done;        /* there is nothing left to try; the engine must not be run with it again */
	bool complete;  /* with done: all that the strategy promises was tried; false: it is not made for this scenario
			 */
	unsigned bound; /* the greatest number of departures of which all were tried, plus 1; 0: none yet */
};

struct lab_strategy_options {
	uint64_t seed;
	unsigned preemptions; /* greatest bound of `bound`, `irq` (interrupts placed) and `auto`; LAB_NOBODY: 2 */
	unsigned depth;       /* d of `pct`; 0: 3 */
	bool weak;            /* loads read older values, too; dpor does not try those */
	uint64_t share;       /* of `auto`: runs that each search has, and all random ones; 0: 20000 */
};

/* NULL terminated. */
extern const char *const lab_strategy_names[];

/* A strategy for one scenario. NULL: no such name. Memory that cannot be had aborts. May sleep. */
struct lab_strategy *lab_strategy_create(const char *name, const struct lab_strategy_options *options);
void lab_strategy_destroy(struct lab_strategy *strategy);

/*
 * Follows recorded constraints. exact: the first one that does not fit is a divergence, and from there on the engine
 * goes its own way; otherwise those that do not fit are passed over. The list stays the caller's.
 */
struct lab_divergence {
	bool is; /* it happened */
	struct lab_choice expected;
	struct lab_choice found; /* the place where it should have been: asker, event, ask and signature */
	const char *why;
};
struct lab_strategy *lab_strategy_follow(const struct lab_choices *choices, bool exact);
/* Notes a divergence there too, as soon as it is met: for a run that may not come to its end. */
void lab_strategy_follow_note(struct lab_strategy *strategy, struct lab_divergence *note);
/* After a run of a strategy made by lab_strategy_follow. */
struct lab_divergence lab_strategy_divergence(const struct lab_strategy *strategy);

#endif
