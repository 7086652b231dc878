/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

/* The memory that a module has from malloc: what AddressSanitizer would say of an access or a free. */

unsigned lab_sim_runner(const struct lab_sim *sim)
{
	const struct lab_sim_context *top = sim->running->top;

	return top ? top->actor->index : LAB_FINDING_NO_ACTOR;
}

size_t lab_sim_module_offset(const struct lab_sim *sim, uintptr_t code)
{
	size_t offset = sim->module ? code - (uintptr_t)sim->module->whole.start : SIZE_MAX;

	return offset != SIZE_MAX && offset < sim->module->whole.bytes ? offset : 0;
}

void lab_sim_bad_access(struct lab_sim *sim, enum lab_sim_event kind, uintptr_t address, size_t bytes, uintptr_t code)
{
	size_t offset = address - sim->heap_start;
	unsigned runner = lab_sim_runner(sim);
	bool freed = false;

	for (size_t i = 0; i < bytes; i++)
		freed |= sim->module->heap.grains[(offset + i) / LAB_HEAP_GRAIN] == LAB_HEAP_FREED;
	lab_oracle_report(sim->exec.oracle, LAB_R00_CRASH, runner, UINT64_MAX, 0,
			  "%s of %zu bytes at heap+0x%zx, code 0x%zx: %s owners=%s", lab_sim_event_name(kind), bytes,
			  offset, lab_sim_module_offset(sim, code), freed ? "freed memory" : "outside of every block",
			  lab_sim_name(sim, runner));
}

void lab_sim_heap_used(void)
{
	if (lab_sim_current)
		lab_sim_current->shared = true;
}

static bool is_block(struct lab_sim *sim, const void *memory, uintptr_t code)
{
	if (lab_heap_is_block(lab_module_heap, memory))
		return true;
	if (sim)
		lab_oracle_report(sim->exec.oracle, LAB_R00_CRASH, lab_sim_runner(sim), UINT64_MAX, 0,
				  "free of heap+0x%zx, code 0x%zx: no living block begins there owners=%s",
				  (uintptr_t)memory - sim->heap_start, lab_sim_module_offset(sim, code),
				  lab_sim_name(sim, lab_sim_runner(sim)));
	return false;
}

bool lab_sim_freed(const void *memory, const void *code)
{
	struct lab_sim *sim = lab_sim_current;

	if (!is_block(sim, memory, (uintptr_t)code))
		return false;
	/* An access of every byte, so that the search tries it before and after those of others. */
	lab_sim_access(LAB_SIM_WRITE, memory, lab_heap_asked(lab_module_heap, memory), code);
	lab_sim_heap_used();
	return is_block(sim, memory, (uintptr_t)code); /* another context may have come in between */
}
