/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bits.h"
#include "target/registry.h"
#include "tests/oracle/broken.h"

/*
 * R03. The broken target serves every request as memalloc, so that only the oracle knows the floors: NORMAL has 60
 * frames and min 8, DMA 16 frames, min 4 and a lowmem reserve of 2 for those who could use NORMAL.
 */

static const struct lab_target *const locked = &lab_target_locked;

static enum lab_status greedy_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct lab_request more = *request;

	more.gfp |= LAB_GFP_MEMALLOC;
	more.gfp &= ~LAB_GFP_NOMEMALLOC;
	return locked->alloc(self, &more, ret_block);
}

static void start(struct lab_rig *rig, struct lab_target *target)
{
	*target = lab_broken_target();
	target->alloc = greedy_alloc;
	lab_rig_start(rig, target);
}

static void take(struct lab_rig *rig, lab_gfp gfp, unsigned count)
{
	struct lab_rig_block block;

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(lab_rig_alloc(rig, 0, gfp, 0, &block), LAB_OK);
}

/* Down to each class's floor nothing is said; one frame below it is found. */
static void test_r03_each_class(void **state)
{
	static const struct {
		lab_gfp gfp;
		enum lab_class class;
		unsigned floor;
		const char *text;
	} cases[] = {
		{LAB_GFP_KERNEL, LAB_CLASS_ORDINARY, 8, "zone=normal class=ordinary left=7 floor=8 owners=task a"},
		{LAB_GFP_NOWAIT, LAB_CLASS_ORDINARY, 8, "class=ordinary left=7 floor=8"},
		{LAB_GFP_KERNEL | LAB_GFP_HIGH, LAB_CLASS_HIGH, 4, "class=high left=3 floor=4"},
		{LAB_GFP_ATOMIC, LAB_CLASS_ATOMIC, 3, "class=atomic left=2 floor=3"},
		{LAB_GFP_ATOMIC | LAB_GFP_NOMEMALLOC, LAB_CLASS_HIGH, 4, "class=high left=3 floor=4"},
	};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(cases); i++) {
		struct lab_target target;
		struct lab_rig rig;

		start(&rig, &target);
		take(&rig, cases[i].gfp, 60 - cases[i].floor);
		lab_broken_expect_none(&rig);
		assert_int_equal(lab_oracle_low_water(rig.oracle, LAB_ZONE_NORMAL, cases[i].class), cases[i].floor);
		take(&rig, cases[i].gfp, 1);
		lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, cases[i].text);
		lab_rig_stop(&rig);
	}
}

static void test_r03_zones(void **state)
{
	struct lab_target target;
	struct lab_rig rig;

	start(&rig, &target);
	take(&rig, LAB_GFP_MEMALLOC, 60); /* all of NORMAL, by right */
	take(&rig, LAB_GFP_KERNEL, 10);   /* DMA down to 4 + 2 */
	lab_broken_expect_none(&rig);
	take(&rig, LAB_GFP_KERNEL, 1);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "zone=dma class=ordinary left=5 floor=6");
	take(&rig, LAB_GFP_DMA, 1); /* without the reserve the floor is 4 */
	lab_broken_expect_none(&rig);
	take(&rig, LAB_GFP_DMA, 1);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "zone=dma class=ordinary left=3 floor=4");
	take(&rig, LAB_GFP_MEMALLOC, 3);
	lab_broken_expect_none(&rig); /* the last frame of all */
	assert_int_equal(lab_oracle_owned(rig.oracle, LAB_ZONE_DMA), 16);
	assert_int_equal(lab_oracle_low_water(rig.oracle, LAB_ZONE_DMA, LAB_CLASS_MEMALLOC), 0);
	lab_rig_stop(&rig);
}

static void test_r03_request_size_counts(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block block;

	start(&rig, &target);
	take(&rig, LAB_GFP_KERNEL, 51); /* 9 left: one more would do, two are one too many */
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 1, &block), LAB_OK);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "order 1 zone=normal class=ordinary left=7 floor=8");
	lab_rig_stop(&rig);
}

/*
 * What another call gives back while this one is under way may have made room for it: not a finding. What was given
 * back before it began, and taken before it began, counts exactly.
 */
static void test_r03_counts_frees_that_overlap(void **state)
{
	struct lab_request request = {.gfp = LAB_GFP_KERNEL, .owner = lab_owner_make(1, 0x5000)};
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block block, privileged;
	struct lab_call call;
	void *raw = NULL;

	start(&rig, &target);
	take(&rig, LAB_GFP_KERNEL, 52); /* at the floor */
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_MEMALLOC, 0, &privileged), LAB_OK);
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_MEMALLOC, 0, &block), LAB_OK);

	lab_oracle_alloc_begin(rig.oracle, &call, 0, &request);
	assert_int_equal(lab_rig_free(&rig, 1, &privileged), LAB_OK);
	assert_int_equal(lab_rig_free(&rig, 1, &block), LAB_OK);
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_MEMALLOC, 0, &block), LAB_OK);
	assert_int_equal(target.alloc(rig.self, &request, &raw), LAB_OK);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, raw);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "left=7 floor=8"); /* at best: 6 free, 2 given back, 1 taken */

	request.owner++;
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_MEMALLOC, 1, &privileged), LAB_OK);
	lab_oracle_alloc_begin(rig.oracle, &call, 0, &request);
	assert_int_equal(lab_rig_free(&rig, 1, &privileged), LAB_OK);
	assert_int_equal(lab_rig_free(&rig, 1, &block), LAB_OK);
	take(&rig, LAB_GFP_MEMALLOC, 1);
	assert_int_equal(target.alloc(rig.self, &request, &raw), LAB_OK);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, raw);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "left=6 floor=8");
	lab_rig_stop(&rig);
}

/*
 * At the floor, a call begins; another with a right to the reserve takes a frame; a third gives one back; the call
 * succeeds. At no instant was there a frame above the floor, which one thread knows: the counts that several threads
 * would be judged by do not tell the taking from the giving.
 */
static void take_give_take(struct lab_rig *rig, bool give_first)
{
	struct lab_request request = {.gfp = LAB_GFP_KERNEL, .owner = lab_owner_make(1, 0x5000)};
	struct lab_rig_block block, privileged;
	struct lab_call call;
	void *raw = NULL;

	take(rig, LAB_GFP_KERNEL, 51);
	assert_int_equal(lab_rig_alloc(rig, 1, LAB_GFP_KERNEL, 0, &block), LAB_OK); /* the last above the floor */
	lab_oracle_alloc_begin(rig->oracle, &call, 0, &request);
	if (give_first)
		assert_int_equal(lab_rig_free(rig, 1, &block), LAB_OK);
	assert_int_equal(lab_rig_alloc(rig, 2, LAB_GFP_MEMALLOC, 0, &privileged), LAB_OK);
	if (!give_first)
		assert_int_equal(lab_rig_free(rig, 1, &block), LAB_OK);
	assert_int_equal(rig->target->alloc(rig->self, &request, &raw), LAB_OK);
	lab_oracle_alloc_end(rig->oracle, &call, LAB_OK, raw);
}

static void test_r03_exact_with_one_thread(void **state)
{
	struct lab_target target;
	struct lab_rig rig;

	start(&rig, &target);
	take_give_take(&rig, false);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
	lab_rig_start_alone(&rig, &target);
	take_give_take(&rig, false);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "left=7 floor=8 owners=task a");
	lab_rig_stop(&rig);
	lab_rig_start_alone(&rig, &target);
	take_give_take(&rig, true);
	lab_broken_expect_none(&rig);
	assert_int_equal(lab_oracle_low_water(rig.oracle, LAB_ZONE_NORMAL, LAB_CLASS_ORDINARY), 8);
	lab_rig_stop(&rig);
}

/* Marks that came and went: the floor of the very instant counts, and while they change the lower one. */
static void test_r03_exact_marks(void **state)
{
	struct lab_request request = {.gfp = LAB_GFP_KERNEL, .owner = lab_owner_make(1, 0x5000)};
	struct lab_zone_marks higher = {.min = 60}, high = {.min = 50}, low = {.min = 8};
	struct lab_target target;
	struct lab_rig rig;
	struct lab_call call;
	void *raw = NULL;

	target = lab_broken_target();
	target.alloc = greedy_alloc;
	lab_rig_start_alone(&rig, &target);
	take(&rig, LAB_GFP_KERNEL, 20);
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &high);
	lab_oracle_alloc_begin(rig.oracle, &call, 0, &request); /* the change may not be done yet */
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &high);
	assert_int_equal(target.alloc(rig.self, &request, &raw), LAB_OK);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, raw);
	lab_broken_expect_none(&rig);
	request.owner++;
	lab_oracle_alloc_begin(rig.oracle, &call, 0, &request); /* begun under 50, and 8 comes while it is under way */
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &low);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &low);
	assert_int_equal(target.alloc(rig.self, &request, &raw), LAB_OK);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, raw);
	lab_broken_expect_none(&rig);
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &high);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &high);
	request.owner++;
	lab_oracle_alloc_begin(rig.oracle, &call, 0, &request); /* from 50 to 60: neither of them is 8 */
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &higher);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &higher);
	assert_int_equal(target.alloc(rig.self, &request, &raw), LAB_OK);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, raw);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "left=37 floor=50");
	lab_rig_stop(&rig);
}

/* Exactly what the interval bound allows: the free that overlaps makes the success possible. */
static void test_r03_overlap_is_no_finding(void **state)
{
	struct lab_request request = {.gfp = LAB_GFP_KERNEL, .owner = lab_owner_make(1, 0x5000)};
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block block;
	struct lab_call call;
	void *raw = NULL;

	start(&rig, &target);
	take(&rig, LAB_GFP_KERNEL, 51);
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_KERNEL, 0, &block), LAB_OK);
	lab_oracle_alloc_begin(rig.oracle, &call, 0, &request);
	assert_int_equal(target.alloc(rig.self, &request, &raw), LAB_OK);
	assert_int_equal(lab_rig_free(&rig, 1, &block), LAB_OK);
	take(&rig, LAB_GFP_MEMALLOC, 5); /* recorded first, though it may have come later */
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, raw);
	lab_broken_expect_none(&rig);
	assert_int_equal(lab_oracle_low_water(rig.oracle, LAB_ZONE_NORMAL, LAB_CLASS_ORDINARY), 8);
	lab_rig_stop(&rig);
}

static void test_r03_after_and_during_a_watermark_change(void **state)
{
	struct lab_request request = {.gfp = LAB_GFP_KERNEL, .owner = lab_owner_make(1, 0x5000)};
	struct lab_zone_marks high = {.min = 50}, low = {.min = 8};
	struct lab_target target;
	struct lab_rig rig;
	struct lab_call call;
	void *raw = NULL;

	start(&rig, &target);
	take(&rig, LAB_GFP_KERNEL, 20);
	/* 40 left: begun before the change to 50, so by the lower floor it is right. */
	lab_oracle_alloc_begin(rig.oracle, &call, 0, &request);
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &high);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &high);
	assert_int_equal(target.alloc(rig.self, &request, &raw), LAB_OK);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, raw);
	lab_broken_expect_none(&rig);
	/* Begun after it. */
	take(&rig, LAB_GFP_KERNEL, 1);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "left=38 floor=50");
	/* Back to 8, but refused. */
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &low);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, NULL);
	take(&rig, LAB_GFP_KERNEL, 1);
	lab_broken_expect(&rig, LAB_R03_RESERVE_FLOOR, "left=37 floor=50");
	/* Ended while the way back was under way. */
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &low);
	take(&rig, LAB_GFP_KERNEL, 1);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &low);
	take(&rig, LAB_GFP_KERNEL, 1);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* A failure is judged by R10 only when no other call, and no watermark change, was under way with it. */
static void test_r10_overlap_is_not_judged(void **state)
{
	struct lab_request request = {.gfp = LAB_GFP_KERNEL, .owner = lab_owner_make(1, 0x5000)};
	struct lab_zone_marks same = {.min = 8};
	struct lab_rig rig;
	struct lab_rig_block block;
	struct lab_call outer, inner;

	lab_rig_start(&rig, locked);
	lab_oracle_alloc_begin(rig.oracle, &outer, 0, &request);
	lab_oracle_alloc_begin(rig.oracle, &inner, 2, &request); /* an interrupt stopped the outer call */
	lab_oracle_alloc_end(rig.oracle, &inner, LAB_NO_MEMORY, NULL);
	lab_oracle_alloc_end(rig.oracle, &outer, LAB_NO_MEMORY, NULL);
	assert_int_equal(lab_oracle_unjudged(rig.oracle), 2);
	lab_oracle_alloc_begin(rig.oracle, &outer, 0, &request);
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_KERNEL, 0, &block), LAB_OK);
	lab_oracle_alloc_end(rig.oracle, &outer, LAB_NO_MEMORY, NULL);
	assert_int_equal(lab_oracle_unjudged(rig.oracle), 3);
	lab_oracle_other_begin(rig.oracle); /* a drain holds frames */
	lab_oracle_alloc_begin(rig.oracle, &outer, 0, &request);
	lab_oracle_alloc_end(rig.oracle, &outer, LAB_NO_MEMORY, NULL);
	lab_oracle_other_end(rig.oracle);
	assert_int_equal(lab_oracle_unjudged(rig.oracle), 4);
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &same);
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_DMA, &same);
	lab_oracle_alloc_begin(rig.oracle, &outer, 0, &request);
	lab_oracle_alloc_end(rig.oracle, &outer, LAB_NO_MEMORY, NULL);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_DMA, &same);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &same);
	lab_broken_expect_none(&rig);
	/* And alone it is. */
	lab_oracle_alloc_begin(rig.oracle, &outer, 0, &request);
	lab_oracle_alloc_end(rig.oracle, &outer, LAB_NO_MEMORY, NULL);
	lab_broken_expect(&rig, LAB_R10_SPURIOUS_FAILURE, "is free");
	lab_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r03_each_class),
		cmocka_unit_test(test_r03_zones),
		cmocka_unit_test(test_r03_request_size_counts),
		cmocka_unit_test(test_r03_counts_frees_that_overlap),
		cmocka_unit_test(test_r03_exact_with_one_thread),
		cmocka_unit_test(test_r03_exact_marks),
		cmocka_unit_test(test_r03_overlap_is_no_finding),
		cmocka_unit_test(test_r03_after_and_during_a_watermark_change),
		cmocka_unit_test(test_r10_overlap_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
