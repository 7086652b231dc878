/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/race_report.h"

#include <stdio.h>

#include "engine/race_runtime.h"
#include "engine/sim_state.h"

#define TRACE_MAX 64u
#define DATA_RACE 2 /* accesses in a report of one */

/*
 * Mutexes of a module are taken by the engine for all contexts, and put back between runs: nothing to be learnt of
 * them. Each report counts, a second of one race as well, or a replay would be silent; the program ends as it wants to,
 * but with the code of a harness that is broken where the runtime ends it; signals are the engine's to judge; the text
 * is for whoever asks, and symbols in it cost a process.
 */
__attribute__((visibility("default"), used)) const char *__tsan_default_options(void)
{
	return "suppress_equal_stacks=0:suppress_equal_addresses=0:halt_on_error=0:exitcode=3:report_signal_unsafe=0:"
	       "report_thread_leaks=0:atexit_sleep_ms=0:symbolize=0:handle_segv=0:handle_sigbus=0:handle_sigill=0:"
	       "handle_sigfpe=0:handle_abort=0:detect_deadlocks=0:report_mutex_bugs=0";
}

__attribute__((visibility("default"), used)) int __tsan_on_finalize(int failed)
{
	return 0; /* reports are findings: no reason to end otherwise than with the program's own exit code */
}

/* One of the two accesses. */
struct access {
	uintptr_t address, code; /* code: 0: not in the target */
	unsigned context;        /* LAB_NOBODY: not known */
	int bytes, write, atomic;
};

static struct {
	bool is, told;
	struct access accesses[DATA_RACE];
} found;

static char marks[LAB_CONTEXT_MAX];

void *lab_race_report_mark(unsigned context)
{
	return &marks[context];
}

static void read_access(void *report, unsigned index, struct access *access)
{
	const struct lab_module *module = lab_sim_current->module;
	void *trace[TRACE_MAX] = {0}, *address;
	int tid;

	*access = (struct access){.context = LAB_NOBODY};
	__tsan_get_report_mop(report, index, &tid, &address, &access->bytes, &access->write, &access->atomic, trace,
			      TRACE_MAX);
	access->address = (uintptr_t)address;
	for (unsigned i = 0; i < TRACE_MAX && trace[i] && access->context == LAB_NOBODY; i++) {
		uintptr_t at = (uintptr_t)trace[i];

		if (!access->code && at - (uintptr_t)module->whole.start < module->whole.bytes)
			access->code = at;
		if (at - (uintptr_t)marks < sizeof(marks))
			access->context = (unsigned)(at - (uintptr_t)marks);
	}
}

/* In the middle of the runtime, which is to be left the usual way: what it says is only kept. */
__attribute__((visibility("default"), used)) void __tsan_on_report(void *report)
{
	int count, stacks, accesses = 0, places, mutexes, threads, tids;
	const char *description;
	void *trace[1];

	__tsan_get_report_data(report, &description, &count, &stacks, &accesses, &places, &mutexes, &threads, &tids,
			       trace, 1);
	if (found.is || accesses < DATA_RACE || !lab_sim_current)
		return;
	found.is = true;
	for (unsigned i = 0; i < DATA_RACE; i++)
		read_access(report, i, &found.accesses[i]);
}

bool lab_race_report_forget(void)
{
	bool was = found.is;

	found.is = found.told = false;
	return was;
}

/* "task a: atomic write of 8 bytes at code 0x1f30" */
static void describe(struct lab_sim *sim, const struct access *access, char *text, size_t room)
{
	char code[40] = "as the owner";

	if (access->code)
		snprintf(code, sizeof(code), "at code 0x%llx",
			 (unsigned long long)(access->code - (uintptr_t)sim->module->whole.start));
	snprintf(text, room, "%s: %s%s of %d bytes %s",
		 access->context == LAB_NOBODY ? "somebody" : lab_sim_name(sim, access->context),
		 access->atomic ? "atomic " : "", access->write ? "write" : "read", access->bytes, code);
}

/* Where it is, and of a frame its number. */
static void locate(struct lab_sim *sim, uintptr_t address, char *text, size_t room, uint64_t *ret_frame)
{
	static const char *const regions[] = {"memory+", "", "heap+", "data+"};
	uint64_t place = lab_sim_place(sim, address), offset = place / 4;
	unsigned shift = sim->exec.machine->page_shift;

	*ret_frame = UINT64_MAX;
	if (place % 4 == 1) {
		*ret_frame = offset >> shift;
		snprintf(text, room, "frame %llu+0x%llx", (unsigned long long)*ret_frame,
			 (unsigned long long)(offset - (*ret_frame << shift)));
	} else {
		snprintf(text, room, "%s0x%llx", regions[place % 4], place ? (unsigned long long)offset : 0ULL);
	}
}

void lab_race_report_judge(struct lab_sim *sim)
{
	char place[48], now[88], before[88];
	uint64_t frame;

	if (!found.is || found.told)
		return;
	found.told = true;
	describe(sim, &found.accesses[0], now, sizeof(now));
	describe(sim, &found.accesses[1], before, sizeof(before));
	locate(sim, found.accesses[0].address, place, sizeof(place), &frame);
	lab_oracle_report(sim->exec.oracle, LAB_R11_ISOLATION, sim->running->top->actor->index, frame, 0,
			  "data race at %s: %s; nothing orders it after %s", place, now, before);
}
