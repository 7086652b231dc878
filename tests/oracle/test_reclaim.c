/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"
#include "target/registry.h"

/* R13, and R10 of requests that must not fail, by what targets do wrong here. NORMAL: 60 frames, marks 8, 10 and 12. */

static struct lab_rig rig;
static struct lab_target target;
static unsigned tells; /* zones that alloc wakes the reclaimer of, as a mask */

static enum lab_status alloc(void *self, const struct lab_request *request, void **ret_block)
{
	enum lab_status status = lab_target_locked.alloc(self, request, ret_block);

	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		if (tells & 1u << zone)
			lab_oracle_reclaim_wake(rig.oracle, 0, request, zone);
	return status;
}

static int open_rig(void **state)
{
	const struct lab_zone_marks marks = {.frames = 60, .min = 8, .low = 10, .high = 12};

	target = lab_target_locked;
	target.alloc = alloc;
	tells = 0;
	lab_rig_start_alone(&rig, &target);
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &marks);
	assert_int_equal(target.set_marks(rig.self, LAB_ZONE_NORMAL, &marks), LAB_OK);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &marks);
	return 0;
}

static int close_rig(void **state)
{
	lab_rig_stop(&rig);
	return 0;
}

/* Until `left` frames of NORMAL are free. */
static void fill(uint64_t left)
{
	struct lab_rig_block block;

	while (lab_oracle_total(rig.oracle, LAB_ZONE_NORMAL) - lab_oracle_owned(rig.oracle, LAB_ZONE_NORMAL) > left)
		assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_MEMALLOC, 0, &block), LAB_OK);
}

static void test_a_wake_without_the_right(void **state)
{
	struct lab_rig_block block;

	tells = 1u << LAB_ZONE_NORMAL;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_NOWAIT, 0, &block), LAB_OK);
	assert_int_equal(rig.finding_count, 0);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_DIRECT_RECLAIM, 0, &block), LAB_OK);
	assert_int_equal(rig.finding_count, 1);
	assert_int_equal(rig.findings[0].rule, LAB_R13_RECLAIM);
}

static void test_nobody_wakes(void **state)
{
	struct lab_reclaim_step step;
	struct lab_rig_block block;

	fill(11);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_ATOMIC, 0, &block), LAB_OK); /* 10 are left: not below */
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_HIGH, 0, &block), LAB_OK);   /* has not the right */
	assert_int_equal(rig.finding_count, 0);
	tells = 1u << LAB_ZONE_NORMAL;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_ATOMIC, 0, &block), LAB_OK);
	tells = 0; /* somebody did, and it has not come to rest */
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_ATOMIC, 0, &block), LAB_OK);
	assert_int_equal(rig.finding_count, 0);
	lab_oracle_reclaim_begin(rig.oracle, &step, 0, LAB_ZONE_NORMAL, false);
	lab_oracle_reclaim_end(rig.oracle, &step, LAB_RECLAIM_REST, false);
	assert_int_equal(rig.finding_count, 0);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_ATOMIC, 0, &block), LAB_OK);
	assert_int_equal(rig.finding_count, 1);
	assert_int_equal(rig.findings[0].rule, LAB_R13_RECLAIM);
}

static unsigned rest(bool had_before, bool vain, bool had_after, enum lab_reclaim answer)
{
	struct lab_reclaim_step step;

	rig.finding_count = 0;
	lab_oracle_reclaim_begin(rig.oracle, &step, 0, LAB_ZONE_NORMAL, had_before);
	if (vain)
		lab_oracle_shrunk(rig.oracle, 0, 0);
	lab_oracle_reclaim_end(rig.oracle, &step, answer, had_after);
	return rig.finding_count;
}

static void test_rest_below_high(void **state)
{
	fill(5);
	assert_int_equal(rest(true, false, true, LAB_RECLAIM_REST), 1);
	assert_int_equal(rig.findings[0].rule, LAB_R13_RECLAIM);
	assert_int_equal(rest(true, false, true, LAB_RECLAIM_MORE), 0);
	assert_int_equal(rest(true, true, true, LAB_RECLAIM_REST), 0);   /* they said that they had nothing */
	assert_int_equal(rest(true, false, false, LAB_RECLAIM_REST), 0); /* it took the last */
	assert_int_equal(rest(false, false, true, LAB_RECLAIM_REST), 0); /* it came in between */
}

static void test_enough_once_is_enough(void **state)
{
	struct lab_rig_block block, blocks[16];
	struct lab_reclaim_step step;

	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_MEMALLOC, 0, &blocks[i]), LAB_OK);
	fill(5);
	lab_oracle_reclaim_begin(rig.oracle, &step, 0, LAB_ZONE_NORMAL, true);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(lab_rig_free(&rig, 0, &blocks[i]), LAB_OK);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_MEMALLOC, 0, &block), LAB_OK);
	lab_oracle_reclaim_end(rig.oracle, &step, LAB_RECLAIM_REST, true);
	assert_int_equal(rig.finding_count, 0);
}

static uint64_t frame_of(const struct lab_rig_block *block)
{
	return lab_oracle_finding_frame(rig.oracle, block->block);
}

static bool could(lab_gfp gfp, unsigned order, uint64_t min)
{
	const uint64_t mins[LAB_ZONE_COUNT] = {[LAB_ZONE_NORMAL] = min};

	return lab_oracle_could_serve(rig.oracle, &(struct lab_request){.gfp = gfp, .order = order}, mins);
}

/* Who sleeps could be served: by number and floor, and above order 0 by shape. */
static void test_could_serve(void **state)
{
	struct lab_rig_block blocks[76];
	unsigned count = 0;

	while (lab_rig_alloc(&rig, 0, LAB_GFP_MEMALLOC, 0, &blocks[count]) == LAB_OK)
		count++;
	assert_int_equal(count, 76);
	assert_false(could(LAB_GFP_MEMALLOC, 0, 0));
	for (unsigned i = 0; i < count; i++)
		if (frame_of(&blocks[i]) == 21 || frame_of(&blocks[i]) == 22)
			assert_int_equal(lab_rig_free(&rig, 0, &blocks[i]), LAB_OK);
	assert_true(could(LAB_GFP_KERNEL, 0, 1));
	assert_false(could(LAB_GFP_KERNEL, 0, 2));
	assert_false(could(LAB_GFP_KERNEL | LAB_GFP_DMA, 0, 0));
	assert_false(could(LAB_GFP_KERNEL, 1, 0)); /* 21 and 22 are no buddies */
	for (unsigned i = 0; i < count; i++)
		if (frame_of(&blocks[i]) == 20)
			assert_int_equal(lab_rig_free(&rig, 0, &blocks[i]), LAB_OK);
	assert_true(could(LAB_GFP_KERNEL, 1, 1));
	assert_false(could(LAB_GFP_KERNEL, 1, 2));
	target.caps &= ~LAB_CAP_EXACT;
	assert_false(could(LAB_GFP_KERNEL, 1, 0));
}

static enum lab_status fails(void *self, const struct lab_request *request, void **ret_block)
{
	return LAB_NO_MEMORY;
}

static void test_nofail(void **state)
{
	struct lab_rig_block block;

	target.alloc = fails;
	fill(60);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL | LAB_GFP_NOFAIL, 0, &block), LAB_NO_MEMORY);
	assert_int_equal(rig.finding_count, 1);
	assert_int_equal(rig.findings[0].rule, LAB_R10_SPURIOUS_FAILURE);
}

#define RECLAIM_TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECLAIM_TEST(test_a_wake_without_the_right),
		RECLAIM_TEST(test_nobody_wakes),
		RECLAIM_TEST(test_rest_below_high),
		RECLAIM_TEST(test_enough_once_is_enough),
		RECLAIM_TEST(test_could_serve),
		RECLAIM_TEST(test_nofail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
