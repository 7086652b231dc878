/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

/* Which configurations there may be, and what their metadata takes. */

static const struct lab_span one_span[] = {{0, 4096, LAB_ZONE_NORMAL}};
static const struct lab_zone_marks no_marks[LAB_ZONE_COUNT];

static void metadata_is_two_thousandths(void **state)
{
	const struct lab_span gib[] = {{0, 262144, LAB_ZONE_NORMAL}};
	struct lab_arena_config config = {.frame_count = 262144,
					  .page_shift = 12,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = 4,
					  .spans = gib,
					  .span_count = 1,
					  .base = (void *)4096};
	size_t bytes;

	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_OK);
	assert_true(bytes * 500 <= UINT64_C(1) << 30);
}

static void bad_configurations_are_refused(void **state)
{
	struct lab_span overlap[] = {{0, 10, LAB_ZONE_NORMAL}, {9, 10, LAB_ZONE_NORMAL}};
	struct lab_arena_config good = {.frame_count = 64,
					.page_shift = 12,
					.order_max = 10,
					.cpu_count = 1,
					.spans = &one_span[0],
					.span_count = 1,
					.base = (void *)4096};
	struct lab_arena_config config = good;
	size_t bytes;

	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID); /* the span leaves the arena */
	good.frame_count = 4096;
	config = good;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_OK);
	config.spans = overlap;
	config.span_count = 2;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.order_max = 11;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.cpu_count = 0;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.base = (void *)4097;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.page_shift = 5;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.span_count = 0;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.spans = &(struct lab_span){0, 10, LAB_ZONE_COUNT};
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.process_count = LAB_PROCESS_MAX;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_OK);
	config.absent = &(bool){false};
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config.absent = NULL;
	config.process_count++;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.cpu_count = 1024;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_OK);
	config.cpu_count = 1025;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
	config = good;
	config.frame_count = (UINT64_C(1) << 32) - 2048;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_OK);
	config.frame_count++;
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_INVALID);
}

static void the_greatest_cache(void **state)
{
	static const struct lab_span span = {0, 1u << 19, LAB_ZONE_NORMAL};
	struct lab_arena_config config = {.frame_count = 1u << 19,
					  .page_shift = 12,
					  .cpu_count = 1,
					  .spans = &span,
					  .span_count = 1,
					  .zones = no_marks,
					  .base = (void *)4096}; /* nothing is allocated */
	struct lab_arena arena;

	assert_int_equal(lab_arena_create(&arena, &config), LAB_OK);
	assert_int_equal(arena.slot_count, 256);
	lab_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_is_two_thousandths),
		cmocka_unit_test(bad_configurations_are_refused),
		cmocka_unit_test(the_greatest_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
