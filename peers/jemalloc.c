/* SPDX-License-Identifier: Apache-2.0 */
#include <jemalloc/jemalloc.h>

#include "peers/heap.h"

static void *take(size_t bytes, size_t alignment)
{
	return mallocx(bytes, MALLOCX_ALIGN(alignment));
}

static void give(void *block, size_t bytes, size_t alignment)
{
	sdallocx(block, bytes, MALLOCX_ALIGN(alignment));
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = LAB_HEAP_PEER("jemalloc", "mallocx and sdallocx of jemalloc");

	return &target;
}
