/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <labyrinth/diagnose.h>

/* The longest request by what a machine has: the figures were summed by hand from the table in src/core/steps.c. */

static const struct lab_zone_marks no_marks[LAB_ZONE_COUNT];
static const struct lab_span one[] = {{0, 2048, LAB_ZONE_NORMAL}};
static const struct lab_span twice[] = {{0, 4096, LAB_ZONE_NORMAL}};
static const struct lab_span both[] = {{0, 2048, LAB_ZONE_NORMAL}, {2048, 2048, LAB_ZONE_DMA}};

static uint64_t alone(const struct lab_span *spans, size_t span_count, unsigned cpus, unsigned flags,
		      unsigned processes)
{
	const struct lab_span *last = &spans[span_count - 1];
	uint64_t frames = last->first_frame + last->frame_count;
	struct lab_arena_config config = {.frame_count = frames,
					  .page_shift = FIXTURE_PAGE_SHIFT,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = cpus,
					  .flags = flags,
					  .spans = spans,
					  .span_count = span_count,
					  .process_count = processes,
					  .zones = no_marks};
	struct lab_step_bound bound;
	struct lab_arena arena;

	config.base = fixture_memory(frames);
	assert_int_equal(lab_arena_create(&arena, &config), LAB_OK);
	lab_arena_step_bound(&arena, &bound);
	lab_arena_fini(&arena);
	free(config.base);
	assert_int_equal(bound.each_write, 19);
	return bound.alone;
}

static void test_the_bound_by_hand(void **state)
{
	assert_int_equal(alone(one, 1, 1, 0, 0), 2759);
	assert_int_equal(alone(twice, 1, 1, 0, 0), 5179); /* twice the slots too */
	assert_int_equal(alone(both, 2, 1, 0, 0), 9008);
	assert_int_equal(alone(one, 1, 2, 0, 0), 2343); /* half the slots */
	assert_int_equal(alone(one, 1, 1, LAB_ARENA_TRACE, 0), 2759 + 19);
	assert_int_equal(alone(one, 1, 1, 0, 2), 2759 + 522);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_bound_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
