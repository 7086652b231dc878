/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bits.h"
#include "engine/live_cpu.h"
#include "plat/clock.h"
#include "plat/stack.h"

#define MS      UINT64_C(1000000)
#define POLL_NS (2 * MS)
#define TICK_NS (100 * MS)
/* How long the others may take to notice a finding, from one to the next, in wall time: nothing is judged by it. */
#define GRACE_NS (1500 * MS)
/*
 * None that runs has used CPU time worth the name for so long: they sleep in the target, and nobody wakes them. One
 * part in ASLEEP_SHARE is not worth it: a sleeper looks at its key now and then.
 */
#define ASLEEP_NS    (10000 * MS)
#define ASLEEP_SHARE 100u

/* What the watchdog last saw of one context's target call. */
struct suspect {
	uint64_t turns, since_cpu_ns;
};

struct watch {
	struct lab_live *live;
	unsigned threads, left; /* left: that had not ended when last counted */
	struct suspect suspects[LAB_CPU_MAX][LAB_CONTEXT_KIND_COUNT];
	uint64_t used_cpu_ns[LAB_CPU_MAX];
	uint64_t started_ns, ticked_ns, watched_ns;
	uint64_t stopped_ns; /* when the end was asked for, or the last thread has come to it since */
	uint64_t moved_ns;   /* when some thread was last seen to use CPU time */
};

static void *run_thread(void *arg)
{
	struct lab_live_cpu *cpu = arg;

	/* AddressSanitizer has a stack of its own there, as large as its reports need. */
	if (!LAB_SANITIZER_ADDRESS)
		lab_signal_stack_set(cpu->crash_stack, sizeof(cpu->crash_stack));
	lab_stack_note(); /* for an allocator that keeps who called it */
	lab_live_current = cpu;
	cpu->job(cpu);
	lab_live_current = NULL;
	if (!LAB_SANITIZER_ADDRESS)
		lab_signal_stack_clear();
	/* release: all that the thread did, to the acquire in has_ended */
	lab_store_release(&cpu->finished, 1);
	return NULL;
}

static bool has_ended(const struct lab_live_cpu *cpu)
{
	/* acquire: takes the thread's work from the release at its end */
	return lab_load_acquire(&cpu->finished);
}

static bool has_crashed(const struct lab_live_cpu *cpu)
{
	/* relaxed: the finding itself is taken in lab_live_finding */
	return lab_load_relaxed(&cpu->crashed);
}

static void stop(struct watch *watch, uint64_t now_ns)
{
	/* relaxed: a hint, see lab_live_stopping */
	lab_store_relaxed(&watch->live->stop, 1);
	if (!watch->stopped_ns)
		watch->stopped_ns = now_ns;
}

/* The rule asks for CPU time of the call: at half of the span its interrupts are held off, so the rest is its own. */
static void watch_context(struct lab_live_cpu *cpu, enum lab_context_kind kind, struct suspect *suspect,
			  uint64_t cpu_ns)
{
	const struct lab_live_level *level = &cpu->levels[kind];
	/* relaxed: a pulse; a call that is seen late is only judged later */
	uint64_t turns = lab_load_relaxed(&level->call_turns);
	uint64_t limit = cpu->live->config.watchdog_ns, spent = cpu_ns - suspect->since_cpu_ns;

	if (turns != suspect->turns || !lab_load_relaxed(&level->call_depth)) {
		suspect->turns = turns;
		suspect->since_cpu_ns = cpu_ns;
	} else if (spent > limit) {
		lab_oracle_report(cpu->live->oracle, LAB_R09_PROGRESS, level->actor->index, UINT64_MAX, 0,
				  "no-progress context=%s: one call has used %.1f s of CPU time",
				  cpu->live->names[level->actor->index], (double)spent / 1e9);
	} else if (spent > limit / 2) {
		lab_store_relaxed(&cpu->quiet, 1);
	}
}

static void watch_calls(struct watch *watch, uint64_t now_ns)
{
	uint64_t used_cpu_ns[LAB_CPU_MAX] = {0};
	bool moved = false;

	for (unsigned i = 0; i < watch->threads; i++) {
		struct lab_live_cpu *cpu = &watch->live->cpus[i];
		uint64_t cpu_ns;
		bool suspicious = false;

		if (has_ended(cpu) || has_crashed(cpu) || !lab_thread_cpu_ns(&cpu->thread, &cpu_ns))
			continue;
		moved |= cpu_ns - watch->used_cpu_ns[i] > (now_ns - watch->moved_ns) / ASLEEP_SHARE;
		used_cpu_ns[i] = cpu_ns;
		for (unsigned kind = 0; kind < LAB_CONTEXT_KIND_COUNT; kind++) {
			struct suspect *suspect = &watch->suspects[i][kind];

			watch_context(cpu, (enum lab_context_kind)kind, suspect, cpu_ns);
			suspicious |= cpu_ns - suspect->since_cpu_ns > watch->live->config.watchdog_ns / 2;
		}
		if (!suspicious) /* relaxed: a hint to the thread's own handlers */
			lab_store_relaxed(&cpu->quiet, 0);
	}
	if (moved) {
		watch->moved_ns = now_ns;
		memcpy(watch->used_cpu_ns, used_cpu_ns, sizeof(used_cpu_ns));
	}
}

static unsigned running(const struct watch *watch)
{
	unsigned count = 0;

	for (unsigned i = 0; i < watch->threads; i++)
		count += !has_ended(&watch->live->cpus[i]) && !has_crashed(&watch->live->cpus[i]);
	return count;
}

/* Who waits for memory may wait rightly: its workload is at fault. Of other targets nothing is left to wait for. */
static void judge_asleep(const struct watch *watch, uint64_t asleep_ns)
{
	struct lab_live *live = watch->live;

	for (unsigned i = 0; i < watch->threads && !(live->config.target->caps & LAB_CAP_BLOCKING); i++) {
		struct lab_live_cpu *cpu = &live->cpus[i];
		const struct lab_live_level *level = lab_live_context(cpu);

		/* relaxed: it sleeps, and has for long */
		if (has_ended(cpu) || has_crashed(cpu) || !lab_load_relaxed(&level->call_depth))
			continue;
		lab_oracle_report(
			live->oracle, LAB_R09_PROGRESS, level->actor->index, UINT64_MAX, 0,
			"no-progress context=%s: it has slept in one call for %.1f s, and nobody is left to wake it",
			live->names[level->actor->index], (double)asleep_ns / 1e9);
		return;
	}
}

/* True: those that still run are given up. */
static bool is_over(struct watch *watch, uint64_t now_ns)
{
	unsigned left = running(watch);

	if (left != watch->left && watch->stopped_ns)
		watch->stopped_ns = now_ns;
	watch->left = left;
	if (lab_live_has_found(watch->live))
		return watch->stopped_ns && now_ns - watch->stopped_ns > GRACE_NS;
	if (now_ns - watch->moved_ns <= ASLEEP_NS)
		return false;
	judge_asleep(watch, now_ns - watch->moved_ns);
	return true;
}

static void look(struct watch *watch, uint64_t duration_ns, uint64_t now_ns)
{
	struct lab_live *live = watch->live;

	/* relaxed: a coarse clock for the log */
	lab_store_relaxed(&live->time_ms, lab_load_relaxed(&live->time_ms) + (now_ns - watch->watched_ns) / MS);
	watch->watched_ns += (now_ns - watch->watched_ns) / MS * MS;
	lab_live_crash_races(live);
	if (lab_live_has_found(live) || lab_live_stopping(live) ||
	    (duration_ns && now_ns - watch->started_ns >= duration_ns))
		stop(watch, now_ns);
	if (now_ns - watch->ticked_ns >= 10 * TICK_NS)
		watch->moved_ns = now_ns; /* we were stopped ourselves, and so were the others */
	if (now_ns - watch->ticked_ns >= TICK_NS) {
		watch->ticked_ns = now_ns;
		watch_calls(watch, now_ns);
		for (unsigned i = 0; i < watch->threads; i++)
			lab_live_sleep_overdue(&live->cpus[i], now_ns);
		if (live->driver && live->driver->tick && !live->driver->tick(live->driver->arg)) {
			live->cancelled = true;
			stop(watch, now_ns);
		}
	}
}

static enum lab_status start(struct watch *watch, void (*job)(struct lab_live_cpu *), unsigned *ret_started)
{
	for (unsigned i = 0; i < watch->threads; i++) {
		struct lab_live_cpu *cpu = &watch->live->cpus[i];
		enum lab_status status;

		cpu->job = job;
		/* relaxed, both: pthread_create publishes them */
		lab_store_relaxed(&cpu->finished, 0);
		lab_store_relaxed(&cpu->quiet, 0);
		status = lab_thread_start(&cpu->thread, run_thread, cpu);
		if (status != LAB_OK)
			return status;
		++*ret_started;
	}
	return LAB_OK;
}

static void reap(struct watch *watch, unsigned started)
{
	for (unsigned i = 0; i < started; i++) {
		struct lab_live_cpu *cpu = &watch->live->cpus[i];

		if (has_ended(cpu)) {
			lab_thread_join(&cpu->thread);
		} else {
			lab_thread_abandon(&cpu->thread);
			watch->live->stuck = true;
		}
	}
}

enum lab_status lab_live_supervise(struct lab_live *live, void (*job)(struct lab_live_cpu *), unsigned threads,
				   uint64_t duration_ns)
{
	uint64_t now_ns = lab_clock_mono_ns();
	struct watch watch = {.live = live,
			      .threads = threads,
			      .started_ns = now_ns,
			      .ticked_ns = now_ns,
			      .watched_ns = now_ns,
			      .moved_ns = now_ns};
	unsigned started = 0;
	enum lab_status status;

	/* relaxed, both: pthread_create publishes them */
	lab_store_relaxed(&live->job_status, LAB_OK);
	lab_store_relaxed(&live->stop, 0);
	lab_live_crash_guard(live);
	status = start(&watch, job, &started);
	watch.threads = started;
	if (status != LAB_OK)
		stop(&watch, now_ns);
	while (running(&watch)) {
		lab_thread_sleep_ns(POLL_NS);
		now_ns = lab_clock_mono_ns();
		look(&watch, duration_ns, now_ns);
		if (is_over(&watch, now_ns))
			break;
	}
	lab_live_crash_races(live);
	reap(&watch, started);
	if (!live->stuck) /* or the thread that was given up may crash yet */
		lab_live_crash_unguard();
	return status;
}
