/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/hook_race.h"
#include "engine/race_fiber.h"
#include "engine/race_report.h"
#include "engine/sim_state.h"

/* What a context does, handed on to the runtime on the context's fiber. */

/* On to the running strand's fiber. */
static bool open_fiber(void)
{
	struct lab_sim_strand *strand;

	if (!lab_race_state.listens || !lab_sim_current)
		return false;
	strand = lab_sim_current->running;
	if (!strand->top)
		return false;
	__tsan_switch_to_fiber(strand->fiber->runtime, LAB_RACE_NO_SYNC);
	return true;
}

bool lab_race_open(const void *code)
{
	if (!open_fiber())
		return false;
	__tsan_func_entry((void *)(uintptr_t)code); /* the hook is what calls the runtime: who calls the hook matters */
	return true;
}

static void close_fiber(void)
{
	lab_race_to_engine();
	lab_race_report_judge(lab_sim_current);
}

void lab_race_close(void)
{
	__tsan_func_exit();
	close_fiber();
}

static void read_plain(void *address, size_t bytes, void *code)
{
	switch (bytes) {
	case 1:
		return __tsan_read1_pc(address, code);
	case 2:
		return __tsan_read2_pc(address, code);
	case 4:
		return __tsan_read4_pc(address, code);
	case 8:
		return __tsan_read8_pc(address, code);
	default:
		return __tsan_read_range_pc(address, bytes, code);
	}
}

static void write_plain(void *address, size_t bytes, void *code)
{
	switch (bytes) {
	case 1:
		return __tsan_write1_pc(address, code);
	case 2:
		return __tsan_write2_pc(address, code);
	case 4:
		return __tsan_write4_pc(address, code);
	case 8:
		return __tsan_write8_pc(address, code);
	default:
		return __tsan_write_range_pc(address, bytes, code);
	}
}

void lab_race_plain(const void *address, size_t bytes, bool write, const void *code)
{
	size_t whole = (uintptr_t)address % bytes ? 0 : bytes; /* not aligned: as a range */

	if (!open_fiber())
		return;
	if (!whole)
		(write ? __tsan_write_range_pc : __tsan_read_range_pc)((void *)(uintptr_t)address, bytes,
								       (void *)(uintptr_t)code);
	else
		(write ? write_plain : read_plain)((void *)(uintptr_t)address, bytes, (void *)(uintptr_t)code);
	close_fiber();
}

/* An update that changes nothing stands for the store, which the target does itself. */
#define MARK(bits)                                                                                                     \
	(write ? (void)__tsan_atomic##bits##_fetch_or(at, 0, lab_race_store_order(__ATOMIC_RELAXED))                   \
	       : (void)__tsan_atomic##bits##_load(at, lab_race_load_order(at, __ATOMIC_RELAXED)))

void lab_race_marked(const void *address, size_t bytes, bool write, const void *code)
{
	void *at = (void *)(uintptr_t)address;

	if (bytes > sizeof(uint64_t) || (uintptr_t)address % bytes) {
		lab_race_plain(address, bytes, write, code);
		return;
	}
	if (!lab_race_open(code))
		return;
	switch (bytes) {
	case 1:
		MARK(8);
		break;
	case 2:
		MARK(16);
		break;
	case 4:
		MARK(32);
		break;
	default:
		MARK(64);
	}
	lab_race_close();
}

void lab_race_function_entry(void *caller)
{
	if (!open_fiber())
		return;
	lab_sim_current->running->fiber->depth++;
	__tsan_func_entry(caller);
	lab_race_to_engine();
}

void lab_race_function_exit(void)
{
	if (!open_fiber())
		return;
	if (lab_sim_current->running->fiber->depth) {
		lab_sim_current->running->fiber->depth--;
		__tsan_func_exit();
	}
	lab_race_to_engine();
}

static void release(const void *tag)
{
	if (open_fiber()) {
		__tsan_release((void *)(uintptr_t)tag);
		close_fiber();
	}
}

static void acquire(const void *tag)
{
	if (open_fiber()) {
		__tsan_acquire((void *)(uintptr_t)tag);
		close_fiber();
	}
}

/* What the harness does in an owner's name: it has no place in the target's code. */
static void owner_access(const void *address, size_t bytes, bool write)
{
	lab_race_plain(address, bytes, write, &lab_race_listener);
}

const struct lab_race lab_race_listener = {.access = owner_access, .release = release, .acquire = acquire};

void lab_race_heap_take(const void *block)
{
	acquire(block);
}

void lab_race_heap_give(const void *block, size_t bytes, const void *code)
{
	lab_race_plain(block, bytes, true, code); /* who still uses it races with this */
	release(block);
}
