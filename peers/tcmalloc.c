/* SPDX-License-Identifier: Apache-2.0 */
#include <gperftools/tcmalloc.h>

#include "peers/heap.h"

static void *take(size_t bytes, size_t alignment)
{
	return tc_memalign(alignment, bytes);
}

static void give(void *block, size_t bytes, size_t alignment)
{
	tc_free(block);
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target =
		LAB_HEAP_PEER("tcmalloc", "tc_memalign and tc_free of gperftools' tcmalloc");

	return &target;
}
