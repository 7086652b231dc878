/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim_state.h"

#include <string.h>

/*
 * What belongs to a thread, for each strand: a copy of the module's thread-local storage, and what it keeps by keys.
 * The engine's strand has one like the others, since what the module keeps there has to be put back between runs, too.
 */

/* Not one of the module's, or of no run: the thread's own is right. */
char *lab_sim_thread_local(size_t id)
{
	struct lab_sim *sim = lab_sim_current;
	struct lab_module *module = sim ? sim->module : NULL;
	struct lab_sim_local *own;

	if (!module || module->tls_id != id || !id)
		return NULL;
	own = &sim->running->local;
	if (!own->tls) {
		own->tls = lab_heap_take(&module->heap, module->tls_alignment, module->tls_bytes);
		if (!own->tls)
			return NULL;
		memcpy(own->tls, module->tls_start_values, module->tls_start_bytes);
		memset(own->tls + module->tls_start_bytes, 0, module->tls_bytes - module->tls_start_bytes);
	}
	return own->tls;
}

/* Its number is a place of the module's heap, which is put back between runs as all of it. */
bool lab_sim_local_key(unsigned *ret_key)
{
	struct lab_sim *sim = lab_sim_current;
	const char *place = sim->module ? lab_heap_take(&sim->module->heap, LAB_HEAP_GRAIN, 1) : NULL;

	if (place)
		*ret_key = (unsigned)((size_t)(place - sim->module->heap.base) / LAB_HEAP_GRAIN);
	return place != NULL;
}

void **lab_sim_local(unsigned key, bool make)
{
	struct lab_sim_local *own = &lab_sim_current->running->local;

	for (unsigned i = 0; i < own->count; i++)
		if (own->keyed[i].key == key)
			return &own->keyed[i].value;
	if (!make || own->count == LAB_SIM_KEYED)
		return NULL;
	own->keyed[own->count].key = key;
	return &own->keyed[own->count++].value;
}

unsigned lab_sim_cpu(void)
{
	return lab_sim_current->running->cpu;
}

/* As a task would before it ends: what its thread's cache holds is given back by the thread itself. */
static void drain_as(struct lab_sim *sim, const struct lab_sim_strand *strand)
{
	struct lab_sim_local own = sim->engine.local;

	if (!strand->local.tls && !strand->local.count)
		return;
	sim->engine.local = strand->local;
	sim->engine.cpu = strand->cpu;
	if (!lab_exec_is_offline(&sim->exec, strand->cpu))
		sim->target->drain(sim->exec.self, strand->cpu);
	sim->engine.local = own;
	sim->engine.cpu = 0;
}

void lab_sim_local_drain(struct lab_sim *sim)
{
	for (unsigned i = 0; i < sim->exec.actor_count && sim->target->drain; i++)
		drain_as(sim, &sim->strands[i]);
	for (unsigned i = 0; i < sim->cpu_count && sim->handler_count && sim->target->drain; i++)
		drain_as(sim, &sim->idle[i]);
}
