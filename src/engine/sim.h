/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SIM_H
#define LAB_ENGINE_SIM_H

#include "engine/strategy.h"
#include "oracle/finding.h"
#include "plat/atomic.h"
#include "scenario/scenario.h"

/*
 * The deterministic engine: one OS thread, contexts as coroutines, every choice read from the scenario's schedule.
 * Scheduling points are operation ends and host services; handlers run as a call on their host's coroutine. One run at
 * a time: host services have no handle, so the engine that runs is a variable of the process.
 */
struct lab_sim;

struct lab_sim_result {
	bool found;
	struct lab_finding finding; /* the first one in event order */
	uint64_t event_hash;        /* equal for equal runs */
	/* Under a strategy: equal for schedules that differ only in the order of steps that touch nothing in common. */
	uint64_t trace_hash;
	uint64_t op_count, event_count, interrupts[LAB_CONTEXT_KIND_COUNT];
	uint64_t sleeps, reclaims; /* of requests in the host's wait; times that the reclaimer came to rest */
	uint64_t unjudged;
	/* Groups of overlapping calls whose order R18 asked for; of these, those that were too much to be judged. */
	uint64_t windows, windows_unjudged;
	bool outgrown; /* with options.settled: it wrote a word that none wrote before lab_sim_settle */
	bool starved;  /* ended early: all that were left waited for memory that nobody could give; no finding */
};

/*
 * A step of a context: what it does between two choices. Told when it begins, and once more when it is over, unless the
 * run ends in its middle.
 */
#define LAB_SIM_WORD_TEXT 48u
struct lab_sim_step {
	unsigned context;
	bool fires;    /* a handler comes in */
	unsigned over; /* whom it interrupts; LAB_NOBODY: an idle CPU */
	struct lab_sim_pending pending;
	const char *service;          /* at SERVICE and RELAX: its name in struct lab_host; NULL: none */
	uint64_t place;               /* of what is accessed: as lab_sim_place */
	uintptr_t code;               /* the offset, in the file that it was loaded from, to which the call returns */
	const struct lab_op *op;      /* at START and OP_END: what it goes on to do; NULL: nothing more */
	char word[LAB_SIM_WORD_TEXT]; /* what the target, or the engine, calls what is accessed; "": nothing */
	enum lab_word kind;           /* how a value of it is read */
	bool has_values;              /* of an access of up to 8 bytes: */
	uint64_t before, after;       /* after: known at its end */
	/* Of a load that read so many stores back: both are what it read; who stored that, LAB_NOBODY: it was there
	   before the run; and where in the target's file. */
	unsigned older, older_context;
	uint64_t newest;
	uintptr_t older_code;
	bool ended;    /* told at its end; what follows is known then */
	bool op_ended; /* an operation ended in it: */
	enum lab_status status;
	uint64_t frame; /* of the block that it filled its slot with, as in a finding; or UINT64_MAX */
};

/*
 * What a context does to memory that others may see, told when it is done, or about to be with nobody in between. A
 * host lock is one update where it is taken and one write where it is let go.
 */
struct lab_sim_touch {
	unsigned context, cpu;
	enum lab_sim_event kind; /* READ, WRITE or UPDATE */
	bool atomic;
	bool changed; /* a write, or an update after which the word held something else */
	uintptr_t address;
	size_t bytes; /* of an update: 1, somewhere in its word */
};

struct lab_sim_options {
	bool quiesce;    /* end with the oracle's quiescence rules; true unless a fuzzer saves time */
	bool sequential; /* one call at a time: no interrupts, and contexts switch at operation ends only */
	/*
	 * Nobody is chosen at reads of words, in the heap as create left it, that no run had written when
	 * lab_sim_settle was last called: their order with others means nothing. They count as events all the same.
	 * Runs differ from those without it in where a choice is asked for, and in nothing else.
	 */
	bool settled;
	uint64_t step_budget; /* events without an operation's end after which a run is R09; 0: 1 << 20 */
	bool tell_races;      /* race mode: what ThreadSanitizer itself has to say of a race goes to stderr */
	/* Called at each event with a printable line (replay --trace); NULL for none. */
	void (*trace)(void *arg, const char *line);
	/* Called at each operation's end, with the frame of the block that it filled its slot with, or UINT64_MAX; NULL
	   for none. */
	void (*op_done)(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame);
	void (*step)(void *arg, const struct lab_sim_step *step); /* under a strategy; or NULL */
	/*
	 * Told when what follows is beside the run, and when it is part of it again: what is done or left out by what
	 * earlier runs did, such as making a machine ready. For who counts coverage; NULL for none.
	 */
	void (*aside)(void *arg, bool aside);
	void (*touch)(void *arg, const struct lab_sim_touch *touch); /* for who counts; or NULL */
	void *arg;                                                   /* of all five */
	/*
	 * Of a hooked target: a byte is set for each pair of a read and the write that it met, by hash: a fuzzer's
	 * extra counters, pair_count of them, a power of two. NULL: none.
	 */
	uint8_t *pairs;
	size_t pair_count;
	/* Who chooses instead of the scenario's schedule, of which only `rx@stack:46` is still heeded; NULL: nobody. */
	struct lab_strategy *strategy;
	struct lab_choices *record; /* is added what departs from the engine's own way; NULL: nothing is kept */
};

/* May sleep. The engine keeps its machine, oracle and coroutines between runs of one target. */
LAB_MUST_USE enum lab_status lab_sim_create(const struct lab_target *target, struct lab_sim **ret_sim);
void lab_sim_destroy(struct lab_sim *sim);

/* Counts the starts and the ends of runs there, in memory that a parent process watches: odd while one is under way. */
void lab_sim_beat(struct lab_sim *sim, lab_atomic64 *beats);

/* Runs one scenario from a fresh instance to its end. LAB_OK: it ran, findings or not. LAB_SYSTEM, LAB_NO_MEMORY: it
 * could not be run. After a finding the instance is abandoned. */
LAB_MUST_USE enum lab_status lab_sim_run(struct lab_sim *sim, const struct lab_scenario *scenario,
					 const struct lab_sim_options *options, struct lab_sim_result *ret_result);

/*
 * For a search of schedules, which must be asked at the same places in each run: from now on `settled` goes by what the
 * runs so far wrote. When a run was outgrown, the search missed choices and has to be done anew after another call.
 */
void lab_sim_settle(struct lab_sim *sim);

/*
 * Told just before a target's code reads, writes or updates memory: a scheduling point. code: the address of the
 * instruction, or NULL. False: it was none (outside a run, or memory that only the caller sees). A read is done by the
 * caller at once, so that what the memory holds on return is what it reads.
 */
bool lab_sim_access(enum lab_sim_event kind, const void *address, size_t bytes, const void *code);
/* The same for an atomic read or write; the kind UPDATE is atomic in any case. */
bool lab_sim_atomic(enum lab_sim_event kind, const void *address, size_t bytes, const void *code);
/* After an update that was an event: what the word held, and whether it holds something else now. */
void lab_sim_updated(const void *address, const void *code, uint64_t old, bool changed);
/* A module's heap hands memory out or takes it back: which addresses depends on the order among contexts. */
void lab_sim_heap_used(void);
/* Told before a module gives memory of its heap back. False: it is no block, which was a finding if anybody runs. */
bool lab_sim_freed(const void *memory, const void *code);
/* True while accesses may be events: a context of a run is running. */
bool lab_sim_watches(void);
/* Inside a run. */
bool lab_sim_runs(void);
/* A service of the C library's, as one of the host's: a scheduling point. False: outside a run. */
bool lab_sim_serves(const char *service, void *code);
/* The same, and R07 where the context must not sleep. False: outside a run. */
bool lab_sim_blocks(const char *service, void *code);
/* It cannot go on yet: others move. Inside a run only. */
void lab_sim_blocked(void *code);
/* The running context's copy of a module's thread-local storage; NULL: the thread's own is right. */
char *lab_sim_thread_local(size_t module_id);
/* Inside a run: a key as of pthread_key_create; false: no memory. What the running context keeps by it; NULL: nothing,
 * and with `make`: there is no room. */
bool lab_sim_local_key(unsigned *ret_key);
void **lab_sim_local(unsigned key, bool make);
/* What the target calls the word at that address, from options.touch; false: it has no name for it. */
bool lab_sim_word_name(const void *address, char *text, size_t room);
unsigned lab_sim_cpu(void); /* on which the running context is; inside a run */

#endif
