/* SPDX-License-Identifier: Apache-2.0 */
#include <mimalloc.h>

#include "peers/heap.h"

static void *take(size_t bytes, size_t alignment)
{
	return mi_malloc_aligned(bytes, alignment);
}

static void give(void *block, size_t bytes, size_t alignment)
{
	mi_free(block);
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = LAB_HEAP_PEER("mimalloc", "mi_malloc_aligned and mi_free of mimalloc");

	return &target;
}
