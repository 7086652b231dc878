/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_SIM_WEAK_H
#define LAB_ENGINE_SIM_WEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Under a strategy that asks for it, loads read what C11 lets them (memory.h), and which store that is, is a choice of
 * the strategy's. The hooks tell of each operation on memory here, before they do it and after its scheduling point.
 */

/* True while such a run is under way. The rest does nothing then unless a context of it is running. */
extern bool lab_sim_is_weak;

/* What the load reads. */
uint64_t lab_sim_weak_read(const void *object, size_t bytes, int order, const void *code);
void lab_sim_weak_store(const void *object, size_t bytes, int order, uint64_t value, const void *code);
/* done: false: a compare-and-swap that fails, which is a load of the newest store. */
void lab_sim_weak_change(const void *object, size_t bytes, int order, bool done, const void *code);
void lab_sim_weak_write(const void *address, size_t bytes);
void lab_sim_weak_fenced(int order);
void lab_sim_weak_took(const void *block, size_t bytes);
void lab_sim_weak_gave(const void *block);

static inline uint64_t lab_sim_weak_load(const void *object, size_t bytes, int order, uint64_t newest, const void *code)
{
	return __builtin_expect(lab_sim_is_weak, false) ? lab_sim_weak_read(object, bytes, order, code) : newest;
}

static inline void lab_sim_weak_update(const void *object, size_t bytes, int order, bool done, const void *code)
{
	if (__builtin_expect(lab_sim_is_weak, false))
		lab_sim_weak_change(object, bytes, order, done, code);
}

/* A write that the target does itself; a marked one, volatile, counts as a relaxed atomic. */
static inline void lab_sim_weak_plain(const void *address, size_t bytes)
{
	if (__builtin_expect(lab_sim_is_weak, false))
		lab_sim_weak_write(address, bytes);
}

static inline void lab_sim_weak_marked(const void *address, size_t bytes, bool write, const void *code)
{
	if (__builtin_expect(lab_sim_is_weak, false))
		lab_sim_weak_change(address, bytes, __ATOMIC_RELAXED, write, code);
}

#endif
