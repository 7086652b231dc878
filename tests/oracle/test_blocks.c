/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "target/registry.h"
#include "tests/oracle/broken.h"

/* R01, R05, R10, R11: what is wrong with a block as it is handed out, or while it is held. */

static const struct lab_target *const locked = &lab_target_locked;

/* What the broken alloc below answers instead of locked's block. */
static struct {
	void *instead; /* NULL: locked's own answer */
	ptrdiff_t shift_bytes;
	bool null_block, fail;
} fault;

static enum lab_status faulty_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	enum lab_status status;

	if (fault.fail)
		return LAB_NO_MEMORY;
	if (fault.instead) {
		*ret_block = fault.instead;
		return LAB_OK;
	}
	status = locked->alloc(self, request, ret_block);
	if (status == LAB_OK)
		*ret_block = fault.null_block ? NULL : (char *)*ret_block + fault.shift_bytes;
	return status;
}

static void start(struct lab_rig *rig, struct lab_target *target)
{
	memset(&fault, 0, sizeof(fault));
	*target = lab_broken_target();
	target->alloc = faulty_alloc;
	lab_rig_start(rig, target);
}

static void test_r01_same_block_twice(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block first, second;

	start(&rig, &target);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &first), LAB_OK);
	fault.instead = first.block;
	assert_int_equal(lab_rig_alloc(&rig, 2, LAB_GFP_ATOMIC, 0, &second), LAB_OK);
	lab_broken_expect(&rig, LAB_R01_EXCLUSIVE_OWNERSHIP, "order 0 at page 0 owners=task a, hardirq rx");
	lab_rig_stop(&rig);
}

/* The heads differ; only the fourth frame of the second block is the first one's. */
static void test_r01_overlap_in_the_tail(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block single, pair;

	start(&rig, &target);
	fault.instead = lab_fixture_block(&rig.fixture, 19);
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_KERNEL, 0, &single), LAB_OK);
	fault.instead = lab_fixture_block(&rig.fixture, 16);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 2, &pair), LAB_OK);
	lab_broken_expect(&rig, LAB_R01_EXCLUSIVE_OWNERSHIP, "frame 16 order 2 at page 3 owners=task b, task a");
	lab_rig_stop(&rig);
}

/* The same for memory of the target's own: the map holds an entry a page, so the overlap shows. */
static void test_r01_overlap_outside_the_arena(void **state)
{
	static _Alignas(64) char memory[8 * 64];
	struct lab_target target = lab_broken_target();
	struct lab_rig rig;
	struct lab_rig_block block;

	memset(&fault, 0, sizeof(fault));
	target.caps = LAB_CAP_OWN_MEMORY;
	target.alloc = faulty_alloc;
	lab_rig_start(&rig, &target);
	fault.instead = memory + (size_t)64 * 3;
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_KERNEL, 0, &block), LAB_OK);
	fault.instead = memory;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 2, &block), LAB_OK);
	lab_broken_expect(&rig, LAB_R01_EXCLUSIVE_OWNERSHIP, "order 2 at page 3 owners=task b, task a");
	lab_rig_stop(&rig);
}

static void expect_misplaced(struct lab_rig *rig, lab_gfp gfp, unsigned order, const char *text)
{
	struct lab_rig_block block;

	assert_int_equal(lab_rig_alloc(rig, 0, gfp, order, &block), LAB_OK);
	lab_broken_expect(rig, LAB_R05_PLACEMENT, text);
}

static void test_r05_placement(void **state)
{
	struct lab_target target;
	struct lab_rig rig;

	start(&rig, &target);
	fault.null_block = true;
	expect_misplaced(&rig, 0, 0, "is NULL");
	fault.null_block = false;
	fault.shift_bytes = 8;
	expect_misplaced(&rig, 0, 0, "is not aligned to a frame");
	fault.shift_bytes = 0;
	fault.instead = lab_fixture_block(&rig.fixture, 80);
	expect_misplaced(&rig, 0, 0, "frame 80 order 0 lies outside the arena");
	fault.instead = lab_fixture_block(&rig.fixture, 57);
	expect_misplaced(&rig, 0, 0, "frame 57 order 0 lies in a hole");
	fault.instead = lab_fixture_block(&rig.fixture, 54);
	expect_misplaced(&rig, 0, 2, "crosses the end of its span");
	fault.instead = lab_fixture_block(&rig.fixture, 55); /* by one frame */
	expect_misplaced(&rig, 0, 1, "crosses the end of its span");
	fault.instead = lab_fixture_block(&rig.fixture, 12); /* DMA's last frames and NORMAL's first */
	expect_misplaced(&rig, 0, 3, "crosses the end of its span");
	fault.instead = lab_fixture_block(&rig.fixture, 17);
	expect_misplaced(&rig, 0, 1, "frame 17 order 1 is not aligned to its size");
	fault.instead = lab_fixture_block(&rig.fixture, 16);
	expect_misplaced(&rig, LAB_GFP_DMA, 0, "lies outside the DMA zone");
	lab_rig_stop(&rig);
}

static void test_r10_spurious_failure(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block block;

	start(&rig, &target);
	fault.fail = true;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 3, &block), LAB_NO_MEMORY);
	lab_broken_expect(&rig, LAB_R10_SPURIOUS_FAILURE, "frame 16 order 3 is free");
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_DMA, 0, &block), LAB_NO_MEMORY);
	lab_broken_expect(&rig, LAB_R10_SPURIOUS_FAILURE, "frame 0 order 0 is free");
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 5, &block), LAB_NO_MEMORY);
	lab_broken_expect_none(&rig); /* no span has room for it */
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_ATOMIC | LAB_GFP_NOFAIL, 0, &block), LAB_NO_MEMORY);
	lab_broken_expect_none(&rig); /* the flags contradict one another */
	assert_int_equal(lab_oracle_unjudged(rig.oracle), 0);
	lab_rig_stop(&rig);
}

/* One frame above each floor a failure is spurious, at the floor it is right. NORMAL 60 frames, min 8; DMA 16, 4 + 2.
 */
static void test_r10_counts_the_floor(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block block;

	start(&rig, &target);
	for (unsigned i = 0; i < 52 + 9; i++)
		assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &block), LAB_OK);
	fault.fail = true;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &block), LAB_NO_MEMORY);
	lab_broken_expect(&rig, LAB_R10_SPURIOUS_FAILURE, "is free, the request answered no-memory owners=task a");
	fault.fail = false;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &block), LAB_OK);
	fault.fail = true;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &block), LAB_NO_MEMORY);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* The last frame of all is a frame too. */
static void test_r10_looks_to_the_end(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block blocks[76], block;
	unsigned last = 0;

	start(&rig, &target);
	for (unsigned i = 0; i < 76; i++) {
		assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_MEMALLOC, 0, &blocks[i]), LAB_OK);
		if (lab_fixture_frame(&rig.fixture, blocks[i].block) == 79)
			last = i;
	}
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_MEMALLOC, 0, &block), LAB_NO_MEMORY);
	lab_broken_expect_none(&rig);
	assert_int_equal(lab_rig_free(&rig, 0, &blocks[last]), LAB_OK);
	fault.fail = true;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_MEMALLOC, 0, &block), LAB_NO_MEMORY);
	lab_broken_expect(&rig, LAB_R10_SPURIOUS_FAILURE, "frame 79 order 0 is free");
	lab_rig_stop(&rig);
}

static void test_r11_overwritten(void **state)
{
	struct lab_rig rig;
	struct lab_rig_block block;

	lab_rig_start(&rig, locked);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 1, &block), LAB_OK);
	((char *)block.block)[3] = 1; /* before the first touch there is nothing to keep */
	lab_rig_touch(&rig, 0, &block);
	lab_rig_touch(&rig, 0, &block);
	lab_broken_expect_none(&rig);
	((char *)block.block)[64 + 2 * 8] ^= 1;
	lab_rig_touch(&rig, 0, &block);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "page 1 word 2 was overwritten owners=task a");
	((char *)block.block)[127] ^= 1; /* the very last byte, met at free */
	assert_int_equal(lab_rig_free(&rig, 0, &block), LAB_OK);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "page 1 word 7 was overwritten owners=task a");
	lab_rig_stop(&rig);
}

/* Who wrote the word is told where it is an owner's pattern: here the same frame's, by an owner of before. */
static void test_r11_names_the_intruder(void **state)
{
	struct lab_rig rig;
	struct lab_rig_block old, block;
	uint64_t kept;

	lab_rig_start(&rig, locked);
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_KERNEL, 0, &old), LAB_OK);
	lab_rig_touch(&rig, 1, &old);
	memcpy(&kept, old.block, sizeof(kept));
	assert_int_equal(lab_rig_free(&rig, 1, &old), LAB_OK);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &block), LAB_OK);
	assert_ptr_equal(block.block, old.block);
	lab_rig_touch(&rig, 0, &block);
	memcpy(block.block, &kept, sizeof(kept)); /* a write after free */
	lab_rig_touch(&rig, 0, &block);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "word 0 was overwritten owners=task a, task b");
	lab_rig_stop(&rig);
}

static void test_given_block_keeps_the_givers_pattern(void **state)
{
	struct lab_rig rig;
	struct lab_rig_block block;

	lab_rig_start(&rig, locked);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 2, &block), LAB_OK);
	lab_rig_touch(&rig, 0, &block);
	assert_int_equal(lab_rig_give(&rig, 0, 1, &block), LAB_OK);
	lab_rig_touch(&rig, 1, &block); /* verifies task a's words, writes task b's */
	lab_rig_touch(&rig, 1, &block);
	assert_int_equal(lab_rig_free(&rig, 1, &block), LAB_OK);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r01_same_block_twice),
		cmocka_unit_test(test_r01_overlap_in_the_tail),
		cmocka_unit_test(test_r01_overlap_outside_the_arena),
		cmocka_unit_test(test_r05_placement),
		cmocka_unit_test(test_r10_spurious_failure),
		cmocka_unit_test(test_r10_counts_the_floor),
		cmocka_unit_test(test_r10_looks_to_the_end),
		cmocka_unit_test(test_r11_overwritten),
		cmocka_unit_test(test_r11_names_the_intruder),
		cmocka_unit_test(test_given_block_keeps_the_givers_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
