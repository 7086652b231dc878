/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "engine/live_cpu.h"
#include "plat/clock.h"

/*
 * A crash on a virtual CPU is a finding (R00) and not our end: the thread notes it and stays where it is, while the
 * supervisor lets the others stop and writes the report. If the supervisor cannot (the crash left a lock of the C
 * library behind), the thread says the least there is to say by itself and ends the process.
 */

#define REPORT_TIME_NS UINT64_C(10000000000)

static struct lab_live *guarded;
static lab_atomic32 races;
static lab_atomic64 patience_ns; /* until when, by the clock, the supervisor has asked for more time */

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		return;
}

_Noreturn static void stay(struct lab_live_cpu *cpu)
{
	uint64_t since = lab_clock_mono_ns();

	/* relaxed: the supervisor counts this thread out; the finding has its own release */
	lab_store_relaxed(&cpu->closed, 1);
	lab_store_relaxed(&cpu->crashed, 1);
	/* relaxed: a time to wait for, nothing is read on its strength */
	while (lab_clock_mono_ns() < LAB_MAX(since + REPORT_TIME_NS, lab_load_relaxed(&patience_ns)))
		lab_thread_sleep_ns(REPORT_TIME_NS / 100);
	say("finding: R00 crash\nlog: none, the process could not be stopped in order\nreproduce: the same command\n");
	_exit(1);
}

static void crash(struct lab_live_cpu *cpu, const char *what, const void *address)
{
	const struct lab_actor *actor = lab_live_context(cpu)->actor;

	lab_oracle_report(guarded->oracle, LAB_R00_CRASH, actor->index, UINT64_MAX, 0, "%s address=%p context=%s", what,
			  address, guarded->names[actor->index]);
	stay(cpu);
}

static void on_crash(int signal, const void *address, const void *code)
{
	struct lab_live_cpu *cpu = lab_live_current;

	/* A thread that is no virtual CPU, or our own broken promise: not the target's doing. */
	if (!cpu || !guarded)
		return;
	/* relaxed: the thread's own word */
	if (signal == SIGABRT && !lab_load_relaxed(&lab_live_context(cpu)->call_depth))
		return;
	crash(cpu, lab_signal_name(signal), address);
}

#if LAB_SANITIZER_ANY
void __sanitizer_set_death_callback(void (*callback)(void));

/* The sanitizer has printed its report and is about to end the process. */
static void on_death(void)
{
	struct lab_live_cpu *cpu = lab_live_current;

	if (cpu && guarded)
		crash(cpu, "sanitizer-report", NULL);
}
#endif

#if LAB_SANITIZER_THREAD
void __tsan_on_report(void *report);

/* Called inside the runtime, which must not be entered again: so not instrumented, and no more than a flag. */
LAB_NO_INSTRUMENTATION void __tsan_on_report(void *report)
{
	lab_store_relaxed(&races, 1);
}
#endif

void lab_live_crash_races(struct lab_live *live)
{
	/* relaxed: a flag; the report itself is on stderr */
	if (lab_exchange_relaxed(&races, 0))
		lab_oracle_report(live->oracle, LAB_R11_ISOLATION, 0, UINT64_MAX, 0,
				  "data-race: ThreadSanitizer's report is above");
}

void lab_live_report_takes(uint64_t ns)
{
	lab_store_relaxed(&patience_ns, lab_clock_mono_ns() + ns); /* relaxed: see stay */
}

void lab_live_crash_guard(struct lab_live *live)
{
	guarded = live;
#if LAB_SANITIZER_ANY
	__sanitizer_set_death_callback(on_death);
#endif
	/* AddressSanitizer tells more of a bad access than a signal handler could, and then calls on_death. */
	lab_signal_crash_install(on_crash, LAB_SANITIZER_ADDRESS);
}

void lab_live_crash_unguard(void)
{
	lab_signal_crash_remove();
#if LAB_SANITIZER_ANY
	__sanitizer_set_death_callback(NULL);
#endif
	guarded = NULL;
}
