/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/machine.h"

static const struct lab_scenario_machine small = {
	.frame_count = 64,
	.page_shift = 6,
	.cpu_count = 2,
	.order_max = 3,
	.span_count = 3,
	.spans = {{0, 8, LAB_ZONE_DMA}, {16, 16, LAB_ZONE_NORMAL}, {40, 24, LAB_ZONE_NORMAL}},
	.zones = {{.min = 1, .low = 2, .high = 3}, {.min = 4, .low = 5, .high = 6, .lowmem_reserve = {0, 2}}},
};

static const struct lab_target coarse = {.page_shift_min = 0}, fine = {.page_shift_min = 6};

static void test_tables(void **state)
{
	struct lab_machine_store store = {0};

	assert_int_equal(lab_machine_build(&store, &small, &fine, NULL), LAB_OK);
	assert_int_equal(store.machine.page_shift, 6);
	assert_int_equal(store.machine.frame_count, 64);
	assert_int_equal(store.machine.order_max, 3);
	assert_int_equal(store.machine.cpu_count, 2);
	assert_int_equal(store.machine.span_count, 3);
	assert_int_equal(store.machine.zone_count, LAB_ZONE_COUNT);
	assert_int_equal(store.machine.zones[LAB_ZONE_DMA].frames, 8);
	assert_int_equal(store.machine.zones[LAB_ZONE_NORMAL].frames, 40);
	assert_int_equal(store.machine.zones[LAB_ZONE_NORMAL].lowmem_reserve[LAB_ZONE_NORMAL], 2);
	assert_int_equal((uintptr_t)store.machine.base % 4096, 0);
	lab_machine_free(&store);
}

/* A target that says nothing gets whole pages; memory is used again while it is large enough, and wiped on demand. */
static void test_memory(void **state)
{
	struct lab_machine_store store = {0};
	void *base;

	assert_int_equal(lab_machine_build(&store, &small, &coarse, NULL), LAB_OK);
	assert_int_equal(store.machine.page_shift, 12);
	base = store.machine.base;
	memset(base, 0xa5, 64u << 12);
	lab_machine_wipe(&store);
	for (size_t i = 0; i < 64u << 12; i++)
		assert_int_equal(((unsigned char *)base)[i], 0);
	assert_int_equal(lab_machine_build(&store, &small, &fine, NULL), LAB_OK);
	assert_ptr_equal(store.machine.base, base);
	lab_machine_free(&store);
	assert_null(store.machine.base);
}

/* Large enough that wiping drops pages instead of writing them. */
static void test_wipe_large(void **state)
{
	struct lab_scenario_machine large = small;
	struct lab_machine_store store = {0};
	unsigned char *base;

	large.frame_count = 1024;
	assert_int_equal(lab_machine_build(&store, &large, &coarse, NULL), LAB_OK);
	base = store.machine.base;
	base[0] = base[(1024u << 12) - 1] = 1;
	lab_machine_wipe(&store);
	assert_int_equal(base[0] | base[(1024u << 12) - 1], 0);
	lab_machine_free(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_wipe_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
