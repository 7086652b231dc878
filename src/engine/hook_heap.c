/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/sim.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "engine/hook.h"
#include "engine/hook_race.h"
#include "engine/sim_weak.h"
#include "target/module.h"

/*
 * malloc and its kin, as a hooked module sees them. In a run the memory is the module's own heap, which the engine puts
 * back between runs; elsewhere it is the C library's.
 */
#define GRAIN _Alignof(max_align_t)

/* Who is handed a block comes after who gave it back: malloc's own promise. */
static void *take(size_t alignment, size_t bytes)
{
	void *memory = lab_heap_take(lab_module_heap, alignment, bytes);

	lab_sim_heap_used();
	if (memory)
		lab_race_heap_take(memory);
	if (memory && __builtin_expect(lab_sim_is_weak, false))
		lab_sim_weak_took(memory, bytes);
	return memory;
}

LAB_HOOK void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
	return lab_module_heap ? take(GRAIN, bytes) : malloc(bytes);
}

LAB_HOOK void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	size_t bytes;
	void *memory;

	if (!lab_module_heap)
		return calloc(count, size);
	memory = __builtin_mul_overflow(count, size, &bytes) ? NULL : take(GRAIN, bytes);
	if (!memory)
		return NULL;
	lab_race_plain(memory, bytes, true, __builtin_return_address(0));
	return memset(memory, 0, bytes);
}

/* What came from the C library before the run may be needed again by the next one: in a run it is left alone. */
LAB_HOOK void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
	const void *code = __builtin_return_address(0);

	if (!lab_module_heap)
		free(memory);
	else if (memory && lab_heap_has(lab_module_heap, memory) && lab_sim_freed(memory, code)) {
		lab_race_heap_give(memory, lab_heap_bytes(memory), code);
		if (__builtin_expect(lab_sim_is_weak, false))
			lab_sim_weak_gave(memory);
		lab_heap_give(lab_module_heap, memory);
	}
}

LAB_HOOK void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes)
{
	void *grown;
	size_t old;

	if (!lab_module_heap)
		return realloc(memory, bytes);
	if (memory && lab_heap_has(lab_module_heap, memory) && !lab_heap_is_block(lab_module_heap, memory)) {
		(void)lab_sim_freed(memory, __builtin_return_address(0)); /* tells it */
		return NULL;
	}
	grown = take(GRAIN, bytes);
	if (!grown || !memory)
		return grown;
	old = lab_heap_has(lab_module_heap, memory) ? lab_heap_bytes(memory) : malloc_usable_size(memory);
	memcpy(grown, memory, LAB_MIN(old, bytes));
	__wrap_free(memory);
	return grown;
}

LAB_HOOK void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
	if (!lab_module_heap)
		return aligned_alloc(alignment, bytes);
	return lab_bits_is_pow2(alignment) ? take(LAB_MAX(alignment, GRAIN), bytes) : NULL;
}

LAB_HOOK int __wrap_posix_memalign(void **ret_memory, size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **ret_memory, size_t alignment, size_t bytes)
{
	void *memory;

	if (!lab_module_heap)
		return posix_memalign(ret_memory, alignment, bytes);
	if (!lab_bits_is_pow2(alignment) || alignment % sizeof(void *))
		return EINVAL;
	memory = take(LAB_MAX(alignment, GRAIN), bytes);
	if (!memory)
		return ENOMEM;
	*ret_memory = memory;
	return 0;
}
