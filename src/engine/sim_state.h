/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SIM_STATE_H
#define LAB_ENGINE_SIM_STATE_H

#include "base/assert.h"
#include "base/prng.h"
#include "engine/event.h"
#include "engine/exec.h"
#include "engine/machine.h"
#include "engine/race.h"
#include "engine/sim.h"
#include "engine/sim_order.h"
#include "engine/sim_spin.h"
#include "engine/sim_sync.h"
#include "engine/sim_weak.h"
#include "engine/strategy.h"
#include "plat/coroutine.h"
#include "target/module.h"

/* What the files of the sim engine share. Nothing here is atomic: one OS thread. */

#define LAB_SIM_SHAPE_COUNT  8u   /* machines kept with their oracle and census */
#define LAB_SIM_CLASS_COUNT  64u  /* lock classes whose use is tracked */
#define LAB_SIM_CODE_COUNT   256u /* code addresses whose offset is kept */
#define LAB_SIM_WRITERS      256u
#define LAB_SIM_PAIR_WORDS   1024u /* whose last writer is known; a power of two */
#define LAB_SIM_SOUND_STATES 1024u
#define LAB_SIM_OTHERS_MAX   (2u * LAB_CONTEXT_MAX + LAB_CPU_MAX)
#define LAB_SIM_KEYED        8u  /* keys that one thread has values of */
#define LAB_SIM_HELD_MAX     16u /* host locks that one strand may hold at once and have tracked */

struct lab_sim_strand;

/* sim_local.c: what belongs to a thread. */
struct lab_sim_local {
	char *tls; /* its copy of the module's thread-local storage, in the module's heap; NULL: none yet */
	unsigned count;
	struct {
		unsigned key;
		void *value;
	} keyed[LAB_SIM_KEYED];
};

/* A context of the scenario at run time. */
struct lab_sim_context {
	/* As strategies see it: going on; and of a handler, coming in, brought up to date when it is shown. */
	struct lab_candidate self, entry; /* self.events: scheduling points met, for `rx@stack:46` */
	struct lab_actor *actor;
	const struct lab_scenario_context *plan;
	struct lab_sim_strand *strand; /* a task's own; the one that a handler runs or last ran on */
	uint32_t held, saved;          /* scenario locks held, and which of them masked interrupts: bit masks */
	uint32_t asks;                 /* how often it was asked at its event `asked_at` */
	uint64_t asked_at;
	uint32_t ops_done;
	bool running, pending; /* handlers: on a strand now; raised and not yet run */
	unsigned firings;
	const char *service; /* where it is parked at SERVICE or RELAX: which */
	char label[40];      /* "hardirq rx" */
};

/* A stack that runs a task, or hosts handlers where no task runs; handlers stand on whom they interrupted. */
struct lab_sim_strand {
	struct lab_sim *sim;
	struct lab_coroutine *coroutine;
	struct lab_sim_context *task; /* NULL: a CPU's idle strand, or the engine's own */
	struct lab_sim_context *top;  /* who runs; NULL: nobody of the scenario, or a task that is done */
	struct lab_sim_context *fire; /* the handler to run as soon as this strand is switched to */
	unsigned cpu;
	const void *stack; /* its lowest byte; NULL: the thread's own */
	size_t stack_bytes;
	struct lab_sim_local local; /* the task's, used by its guests too */
	bool started;               /* its stack holds an unfinished job */
	bool at_boundary;           /* between two operations with nothing held: another task may have the CPU */
	bool dead;                  /* what it ran was killed in the middle: the stack begins anew in the next run */
	bool waiting;               /* in the operation `wait` */
	const uint32_t *blocked_on; /* the word of the lock that it spins on: it may run when the word is 0 */
	const struct lab_spinlock *blocked_lock;
	const uint32_t *wait_key;                     /* asleep in the host's wait */
	struct lab_sim_sync *sync;                    /* waits for an object of the C library's */
	struct lab_spinlock *locks[LAB_SIM_HELD_MAX]; /* host locks held, by whoever runs on this strand */
	unsigned lock_count;
	struct lab_spin spin;         /* from here on it is not wiped between runs */
	struct lab_race_fiber *fiber; /* race mode; NULL: none yet */
};

struct lab_sim_cpu {
	struct lab_sim_strand *strand; /* who has the CPU; NULL: idle */
	struct lab_sim_strand *last;   /* race mode: who last had it */
	unsigned irq_depth;            /* soft and hard interrupts are masked while it is not 0 */
	unsigned tasks_left;
};

/* How a lock class was used, as bit masks over enum lab_context_kind: R08. */
struct lab_sim_lock_class {
	const void *key;
	unsigned taken_in; /* levels in which a blocking acquisition happened */
	unsigned open_to;  /* levels that could have interrupted a holder */
};

#define LAB_SIM_WORD_WRITTEN 1u /* some run wrote it */
#define LAB_SIM_WORD_MOVES   2u /* the same as of lab_sim_settle */
#define LAB_SIM_WORD_OUTSIDE 4u /* not of a block, or not wholly */

/* A machine that was run on, with all that is dear to make. */
struct lab_sim_shape {
	struct lab_scenario_machine machine;
	struct lab_machine_store store;
	struct lab_oracle *oracle; /* NULL: the place is free */
	unsigned actor_room;
	bool have_census;
	uint64_t last_used;
	/* sim_image.c: of a hooked module, the instance as create left it, and the ends of runs that were judged */
	struct lab_module_image image;
	void *self;
	struct lab_sim_local local; /* of the engine's strand, which made it */
	char *frames;               /* what create wrote into them; NULL: nothing */
	struct lab_prng random;
	uint8_t *words; /* LAB_SIM_WORD_*, for each word of the heap as create left it */
	size_t word_count;
	uint64_t sound[LAB_SIM_SOUND_STATES];
};

struct lab_sim_choice {
	struct lab_sim_strand *strand;
	struct lab_sim_context *fire; /* a handler to run there first, or NULL */
};

/* Who could move but the present one: strands in id order, those of idle CPUs, then handlers that may come in. */
struct lab_sim_others {
	struct lab_sim_choice list[LAB_SIM_OTHERS_MAX];
	const struct lab_candidate *shown[1 + LAB_SIM_OTHERS_MAX]; /* the same to strategies, behind the present one */
	unsigned count, strands;
};

struct lab_sim_code {
	uintptr_t code, offset;
};

/* What is kept of a run that a finding ended in the middle: what the target still refers to. */
struct lab_sim_abandoned {
	struct lab_sim_abandoned *next;
	void *self;
	struct lab_actor *actors;
};

struct lab_sim {
	/* What each access asks for, side by side. */
	struct lab_sim_strand *running;
	uint64_t events, events_most; /* of contexts; the last one before which an operation must end */
	uintptr_t heap_start;         /* of the module's heap */
	size_t heap_room;             /* 0: there is none */
	uint8_t *words;               /* of the shape: LAB_SIM_WORD_* for each word of the heap as create left it */
	size_t word_count;
	uint32_t raised;  /* handlers that are pending */
	bool hurries;     /* nothing but spinning is to be looked for at settled reads */
	bool has_fire_at; /* the schedule has directives `rx@stack:46` */
	bool shared;      /* since the last choice: see struct lab_point */
	bool tells;       /* the strategy has a word in what comes in unasked */
	bool finished;    /* the engine's job came to its end; false after a run: abandoned */
	struct lab_sim_shape *shape;
	struct lab_module *module; /* NULL: the target is not hooked */
	uintptr_t arena_start;     /* of the machine's frames, where the oracle judges each write */
	size_t arena_bytes;        /* 0: the target's blocks lie elsewhere */
	struct lab_sim_result *result;
	unsigned cpu_count, tasks_left, waiting_count, handler_count;
	unsigned last_context; /* who made the last step, and its event, while a strategy chooses; or LAB_NOBODY */
	uint32_t engine_asks, sync_tickets;
	uint64_t last_event, run_count;
	uint64_t engine_events, engine_events_most; /* in the engine's own calls */
	lab_atomic64 *beats;                        /* NULL: nobody watches */
	struct lab_memory *memory;                  /* NULL: no run asked for it yet */
	struct lab_sim_context *reclaimer;          /* behind the scenario's contexts; NULL: the target has none */
	struct lab_scenario_context reclaim_plan;
	uint32_t reclaim_wanted; /* zones, as a mask */
	struct lab_sim_options options;

	const struct lab_target *target;
	const struct lab_scenario *scenario;
	struct lab_exec exec;
	struct lab_actor *actors;
	unsigned actor_room;
	struct lab_coroutine *outside; /* the stack of who called lab_sim_run */
	enum lab_status status;
	size_t next_byte, next_directive;
	uint32_t directive_ops; /* operations done under the present `stack*3` */
	unsigned class_count;
	struct lab_prng random, random_start;      /* behind the host's random_fill; as at a run's start */
	uint64_t min_highest[LAB_ZONE_COUNT];      /* the highest min watermark of the run */
	struct lab_spinlock locks[LAB_LOCK_COUNT]; /* the scenario's own */
	struct lab_sim_step step;                  /* under way; context LAB_NOBODY: none */

	struct lab_sim_cpu cpus[LAB_CPU_MAX];
	/* In the order in which they are shown: a spinner yields to the next one after it (sim_choose.c). */
	struct lab_sim_strand engine, strands[LAB_CONTEXT_MAX], idle[LAB_CPU_MAX];
	struct lab_sim_context contexts[LAB_CONTEXT_MAX];
	struct lab_sim_others others;
	struct lab_order order;
	struct lab_sim_shape shapes[LAB_SIM_SHAPE_COUNT];
	struct lab_sim_lock_class classes[LAB_SIM_CLASS_COUNT];
	struct lab_sim_code codes[LAB_SIM_CODE_COUNT];

	struct lab_sim_writer { /* who last wrote a word, as far as there is room */
		uintptr_t word;
		uint32_t run, context;
	} writers[LAB_SIM_WRITERS];

	struct lab_sim_wrote { /* the same with the code, for options.pairs */
		uint64_t run, word;
		const struct lab_sim_context *context;
		uint32_t code;
	} wrote[LAB_SIM_PAIR_WORDS];
};

/* The engine whose run is under way, or NULL. */
extern struct lab_sim *lab_sim_current;

/* sim.c: the engine's own job, on its own strand: opens the run, starts it, closes it. */
void lab_sim_engine_body(void *strand);

/* sim_ready.c: everything as at the first instant of a run, stacks and memory of earlier ones used again. */
enum lab_status lab_sim_ready(struct lab_sim *sim, const struct lab_scenario *scenario);

/* sim_host.c */
extern const struct lab_host lab_sim_host;

/* sim_ops.c */
extern const struct lab_engine_ops lab_sim_engine_ops;

/* sim_shape.c: finds or makes the machine, its oracle and its census, and wipes the memory. */
enum lab_status lab_sim_shape_use(struct lab_sim *sim, const struct lab_scenario *scenario);
void lab_sim_shape_free(struct lab_sim_shape *shape);

/* sim_strand.c: the jobs that strands do. Each ends by leaving for another strand, and starts anew in the next run. */
void lab_sim_task_body(void *strand);
void lab_sim_idle_body(void *strand);
void lab_sim_fire(struct lab_sim *sim, struct lab_sim_strand *strand, struct lab_sim_context *handler);
/* Lets go of the scenario's locks and masks that a context forgot. */
void lab_sim_let_go(struct lab_sim *sim, struct lab_sim_context *context);

/*
 * sim_point.c. The scheduling point: whoever runs may be left for another context, and interrupts come in. Called at
 * operation ends and host services, and fit for any instruction of a target: it depends on nothing but the strand.
 */
void lab_sim_meet(const struct lab_sim_pending *event);
static inline void lab_sim_point(enum lab_sim_event kind)
{
	lab_sim_meet(&(struct lab_sim_pending){.kind = kind});
}
/* What was raised comes in at this event, at which nobody else may be chosen. */
void lab_sim_interrupted(struct lab_sim *sim, struct lab_sim_strand *strand, const struct lab_sim_pending *event);
/* No operation ended within the budget: reports. */
__attribute__((cold)) void lab_sim_out_of_steps(struct lab_sim *sim, struct lab_sim_strand *strand);
/* The strand cannot go on (lock, wait): others run until it can. */
void lab_sim_block(struct lab_sim *sim, struct lab_sim_strand *strand);
/* The strand's job is over: goes to whoever is next; comes back when the next run starts it anew. */
void lab_sim_leave(struct lab_sim *sim, struct lab_sim_strand *strand);
void lab_sim_switch(struct lab_sim *sim, struct lab_sim_strand *to);
/* Goes back to the caller of lab_sim_run for good; all that was under way stays as it is. */
_Noreturn void lab_sim_abandon(struct lab_sim *sim);

/* sim_choose.c */
void lab_sim_count_ask(struct lab_sim_context *context);
bool lab_sim_runnable(const struct lab_sim *sim, const struct lab_sim_strand *strand);
bool lab_sim_can_fire(const struct lab_sim *sim, const struct lab_sim_context *handler);
struct lab_sim_strand *lab_sim_host_of(struct lab_sim *sim, const struct lab_sim_context *handler);
/* Who moves next while `current` could go on; false: it goes on. */
bool lab_sim_choose(struct lab_sim *sim, struct lab_sim_strand *current, enum lab_sim_event event,
		    struct lab_sim_choice *ret_choice);
/* Who moves next when the present one cannot; false: nobody can. asker: NULL: the engine. */
bool lab_sim_choose_other(struct lab_sim *sim, struct lab_sim_context *asker, struct lab_sim_choice *ret_choice);

/* A question: who moves next of sim->others, or the present one. */
struct lab_sim_ask {
	struct lab_sim_context *asker;  /* who met the point; NULL: the engine */
	struct lab_sim_strand *current; /* may go on; NULL: it cannot */
	bool spins;
	const struct lab_sim_choice *usual; /* what the engine does on its own; NULL: the present one goes on */
};

/* sim_bytes.c: the scenario's own schedule. Both of these answer false when the present one goes on. */
bool lab_sim_bytes_ended(const struct lab_sim *sim);
bool lab_sim_bytes_choose(struct lab_sim *sim, const struct lab_sim_ask *ask, struct lab_sim_choice *ret_choice);
/* sim_strategy.c */
bool lab_sim_strategy_choose(struct lab_sim *sim, const struct lab_sim_ask *ask, struct lab_sim_choice *ret_choice);
/* The last step is over, and this is the next. */
void lab_sim_moves(struct lab_sim *sim, const struct lab_candidate *chosen);
/* made: NULL: the present one goes on. */
void lab_sim_record_choice(struct lab_sim *sim, const struct lab_sim_ask *ask, const struct lab_sim_choice *made);
/* A handler comes in where nobody is asked: it was raised, or the run that is followed has it so. asker: NULL: the
 * engine. */
void lab_sim_record_unasked(struct lab_sim *sim, const struct lab_sim_context *asker,
			    const struct lab_sim_context *handler);
/* Who comes in here in the run that is followed; NULL: nobody, or nobody who can. */
struct lab_sim_context *lab_sim_strategy_told(struct lab_sim *sim, const struct lab_sim_context *asker);

/* The same for a load: what it reads is a choice of its own at the event. */
struct lab_choice lab_sim_read_place(struct lab_sim *sim, const struct lab_sim_context *asker, size_t bytes,
				     uintptr_t code);

/* sim_weak.c: around a run that asks for it; in one: all came together; what the running context begins comes after all
 * that was ended. */
void lab_sim_weak_begin(struct lab_sim *sim);
void lab_sim_weak_end(struct lab_sim *sim);
void lab_sim_weak_meet(struct lab_sim *sim);
void lab_sim_weak_bracket(bool begins);

/* sim_step.c: the step that the run is in, for who asked to be told. */
void lab_sim_step_begin(struct lab_sim *sim, const struct lab_candidate *candidate);
/* A handler comes in: a step of its own where nobody was asked. */
void lab_sim_step_fires(struct lab_sim *sim, const struct lab_sim_context *handler, const struct lab_sim_context *over);
void lab_sim_step_op_done(struct lab_sim *sim, const struct lab_actor *actor, const struct lab_op *op,
			  enum lab_status status);
void lab_sim_step_end(struct lab_sim *sim);

/* sim_access.c: the address as a number that is the same in every process, 4 * offset + where: 1 frames, 2 heap, 3 the
 * module's variables; 0 for memory that lies anywhere. */
uint64_t lab_sim_place(const struct lab_sim *sim, uintptr_t address);
/* Whoever runs has touched that: for options.touch, which is not NULL. Nothing of the engine's own is told. */
void lab_sim_tell_touch(struct lab_sim *sim, enum lab_sim_event kind, const void *address, size_t bytes, bool atomic,
			bool changed);

/* sim_pairs.c: a context met what another one, or itself, left in memory: for options.pairs. */
void lab_sim_pair(struct lab_sim *sim, const struct lab_sim_pending *access, const struct lab_sim_context *context);

/* sim_local.c: drain is called once more for each thread that keeps something, as that thread. */
void lab_sim_local_drain(struct lab_sim *sim);

/* sim_heap.c */
unsigned lab_sim_runner(const struct lab_sim *sim); /* the context that runs, or LAB_FINDING_NO_ACTOR */
size_t lab_sim_module_offset(const struct lab_sim *sim, uintptr_t code); /* 0: not the module's */
__attribute__((cold)) void lab_sim_bad_access(struct lab_sim *sim, enum lab_sim_event kind, uintptr_t address,
					      size_t bytes, uintptr_t code);

/* sim_code.c: 0 for 0, and for what is in no file. */
uintptr_t lab_sim_code_offset(struct lab_sim *sim, uintptr_t code);

/* sim_directive.c: the written schedule. False: it has nothing to say here. current is NULL when it cannot go on. */
bool lab_sim_directed(struct lab_sim *sim, struct lab_sim_strand *current, struct lab_sim_choice *ret_choice);
void lab_sim_directive_op_end(struct lab_sim *sim, const struct lab_sim_context *context);
/* Marks as raised what `rx@stack:46` says of this event of the context. */
void lab_sim_directive_at(struct lab_sim *sim, const struct lab_sim_context *context);

/* sim_lock.c: what host and scenario locks have in common, and R08. */
void lab_sim_lock(struct lab_sim *sim, struct lab_spinlock *lock, bool judged);
bool lab_sim_trylock(struct lab_sim *sim, struct lab_spinlock *lock);
void lab_sim_unlock(struct lab_sim *sim, struct lab_spinlock *lock);
/* Interrupts were unmasked on a strand: what it holds is open to them from now on. */
void lab_sim_locks_opened(struct lab_sim *sim, struct lab_sim_strand *strand);
struct lab_sim_context *lab_sim_lock_holder(struct lab_sim *sim, const struct lab_spinlock *lock);

/* sim_spin.c: a strand wrote. */
void lab_sim_spin_wrote(struct lab_sim *sim, struct lab_sim_strand *strand, uintptr_t address);
/* The context that the strand's top interrupted and that last wrote what it spins on; NULL: none. */
struct lab_sim_context *lab_sim_spin_victim(struct lab_sim *sim, struct lab_sim_strand *strand);

/*
 * sim_image.c. On the engine's strand; all do nothing for a target that is not hooked. fresh: the module as before its
 * first instance. resume: the instance as create left it; false: there is none yet. keep: after create.
 */
LAB_MUST_USE enum lab_status lab_sim_image_fresh(struct lab_sim *sim);
bool lab_sim_image_resume(struct lab_sim *sim);
LAB_MUST_USE enum lab_status lab_sim_image_keep(struct lab_sim *sim);
void lab_sim_image_free(struct lab_sim_shape *shape);
/* At quiescence: true when the very same state was found sound before; *ret_state: for lab_sim_image_sound, or 0. */
bool lab_sim_image_judged(struct lab_sim *sim, uint64_t *ret_state);
void lab_sim_image_sound(struct lab_sim *sim, uint64_t state);

/*
 * sim_reclaim.c: the reclaimer of a target with RECLAIM, a task of the last CPU that rests until it is asked for.
 * plan: what stands for a context of the scenario. job: from its waking to its rest.
 */
const struct lab_scenario_context *lab_sim_reclaim_plan(struct lab_sim *sim);
void lab_sim_reclaim_wake(struct lab_sim *sim, unsigned zone); /* asked for by whoever runs */
void lab_sim_reclaim_job(struct lab_sim *sim, struct lab_sim_strand *strand);

/* sim_sync.c, when nobody can move. time_out: has the first of those give up that do so; false: there are none. */
bool lab_sim_sync_time_out(struct lab_sim *sim);
void lab_sim_sync_judge_circle(struct lab_sim *sim, struct lab_sim_strand *strand);
void lab_sim_sync_judge_stuck(struct lab_sim *sim, struct lab_sim_strand *strand);

/* sim_death.c: the operation `die`; and at a run's end, stacks that will not be gone back to. */
enum lab_status lab_sim_die(struct lab_exec *exec, struct lab_actor *actor);
void lab_sim_give_up_dead(struct lab_sim *sim);
/* An actor that is alive, for what the engine does at the end. */
struct lab_actor *lab_sim_survivor(struct lab_sim *sim);

/* sim_stuck.c: on the engine's strand, when nobody can run. True: somebody can again; false: the run ends starved. */
bool lab_sim_unstick(struct lab_sim *sim);

/* sim_record.c: the event hash and the trace. */
void lab_sim_record(struct lab_sim *sim, unsigned context, unsigned what, uint64_t a, uint64_t b);
void lab_sim_trace(struct lab_sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lab_sim_op_done(struct lab_exec *exec, struct lab_actor *actor, const struct lab_op *op, enum lab_status status,
		     uint64_t ns);
const char *lab_sim_name(void *sim, unsigned context); /* "hardirq rx" */

/* What follows is beside the run, or again part of it: see lab_sim_options. */
static inline void lab_sim_aside(struct lab_sim *sim, bool aside)
{
	if (sim->options.aside)
		sim->options.aside(sim->options.arg, aside);
}

/* The handler comes in as soon as it is unmasked. */
static inline void lab_sim_raise(struct lab_sim *sim, struct lab_sim_context *handler)
{
	sim->raised += !handler->pending;
	handler->pending = true;
}

/* The last step is over: if it touched what the harness shares, it has its place among those that did. */
static inline void lab_sim_order_last(struct lab_sim *sim)
{
	if (sim->shared && sim->last_context != LAB_NOBODY)
		lab_order_step(&sim->order, sim->last_context, sim->last_event, 0, true);
}

/* Counts an event; false: it is of the engine's own call, where nobody else may run. */
static inline __attribute__((always_inline)) bool lab_sim_count(struct lab_sim *sim, struct lab_sim_strand *strand)
{
	struct lab_sim_context *top = strand->top;

	if (__builtin_expect(!top, false)) {
		if (++sim->engine_events > sim->engine_events_most)
			lab_sim_out_of_steps(sim, strand);
		return false;
	}
	top->self.events++;
	if (__builtin_expect(++sim->events > sim->events_most, false))
		lab_sim_out_of_steps(sim, strand);
	if (__builtin_expect(sim->has_fire_at, false))
		lab_sim_directive_at(sim, top);
	return true;
}

static inline struct lab_sim_context *lab_sim_context_of(struct lab_sim *sim, const struct lab_actor *actor)
{
	return &sim->contexts[actor->index];
}

#endif
