/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "target/registry.h"
#include "tests/oracle/broken.h"

/* R04, R06, R12, R14: what a release leaves behind, met at quiescence or by the next owner. */

static const struct lab_target *const locked = &lab_target_locked;

static struct {
	bool leak;         /* free answers OK and keeps the block */
	unsigned miscount; /* free_frames is that much too high */
	bool check_fails;
	bool twice; /* every second alloc is answered with the block of the one before */
	void *last;
	bool no_shred; /* SHRED is forgotten */
	bool no_zero;  /* ZERO is forgotten */
	bool no_dma;   /* DMA is forgotten */
	int fill;      /* in place of shredding: this byte over all of the block but its first frame; -1: nothing */
	unsigned creations; /* instances made */
	bool hide_one;      /* the first instance keeps a frame to itself */
	struct lab_machine small;
	const struct lab_machine *machine;
	lab_gfp taken_with[80]; /* by frame */
} fault;

static lab_gfp *taken_with(const void *block)
{
	return &fault.taken_with[((const char *)block - (const char *)fault.machine->base) / 64];
}

static enum lab_status faulty_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct lab_request less = *request;

	if (fault.twice && fault.last) {
		*ret_block = fault.last;
		fault.last = NULL;
		return LAB_OK;
	}
	less.gfp &= ~((fault.no_shred ? LAB_GFP_SHRED : 0) | (fault.no_zero ? LAB_GFP_ZERO : 0) |
		      (fault.no_dma ? LAB_GFP_DMA : 0));
	if (locked->alloc(self, &less, ret_block) != LAB_OK)
		return LAB_NO_MEMORY;
	fault.last = *ret_block;
	*taken_with(*ret_block) = request->gfp;
	return LAB_OK;
}

static enum lab_status faulty_free(void *self, void *block, const struct lab_request *request)
{
	/* The oracle keeps the contract too: a block comes back with the request that it was taken with. */
	assert_int_equal(request->gfp, *taken_with(block));
	if (fault.fill >= 0)
		memset((char *)block + 64, fault.fill, ((size_t)64 << request->order) - 64);
	return fault.leak ? LAB_OK : locked->free(self, block, request);
}

static uint64_t faulty_free_frames(void *self)
{
	return locked->free_frames(self) + fault.miscount;
}

static enum lab_status faulty_check(void *self)
{
	return fault.check_fails ? LAB_INVALID : locked->check(self);
}

static enum lab_status faulty_create(const struct lab_machine *machine, void **ret_self)
{
	struct lab_request request = {.gfp = LAB_GFP_MEMALLOC, .owner = lab_owner_make(77, 1)};
	void *block;

	fault.machine = machine;
	if (locked->create(machine, ret_self) != LAB_OK)
		return LAB_SYSTEM;
	if (fault.hide_one && fault.creations++ == 0)
		return locked->alloc(*ret_self, &request, &block);
	return LAB_OK;
}

/* The same machine, but no block above order 2. */
static enum lab_status small_create(const struct lab_machine *machine, void **ret_self)
{
	fault.machine = machine;
	fault.small = *machine;
	fault.small.order_max = 2;
	return locked->create(&fault.small, ret_self);
}

static struct lab_target broken(void)
{
	struct lab_target target = lab_broken_target();

	memset(&fault, 0, sizeof(fault));
	fault.fill = -1;
	target.alloc = faulty_alloc;
	target.free = faulty_free;
	target.free_frames = faulty_free_frames;
	target.check = faulty_check;
	target.create = faulty_create;
	return target;
}

static struct lab_rig_block taken(struct lab_rig *rig, unsigned actor, lab_gfp gfp, unsigned order)
{
	struct lab_rig_block block;

	assert_int_equal(lab_rig_alloc(rig, actor, gfp, order, &block), LAB_OK);
	return block;
}

static void test_r04_lost_frames(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;
	struct lab_rig_block block;

	target.free_frames = NULL; /* or R14 would see it first */
	lab_rig_start(&rig, &target);
	block = taken(&rig, 0, LAB_GFP_KERNEL, 1);
	fault.leak = true;
	assert_int_equal(lab_rig_free(&rig, 0, &block), LAB_OK);
	fault.leak = false;
	lab_broken_expect_none(&rig);
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect(&rig, LAB_R04_CONSERVATION,
			  "order 0 is lost, with it 2 frames in all, after its release by task a");
	lab_rig_stop(&rig);
}

static void test_r04_handed_out_twice(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;

	lab_rig_start(&rig, &target);
	fault.twice = true;
	fault.last = NULL;
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect(&rig, LAB_R04_CONSERVATION, "was handed out twice at quiescence");
	lab_rig_stop(&rig);
}

static void test_r04_frame_from_nowhere(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;

	fault.hide_one = true; /* the census is one frame short of what later instances have */
	target.free_frames = NULL;
	lab_rig_start(&rig, &target);
	assert_int_equal(lab_oracle_total(rig.oracle, LAB_ZONE_NORMAL), 59);
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect(&rig, LAB_R04_CONSERVATION, "order 0 is not of the census, 1 frames in all");
	lab_rig_stop(&rig);
}

static void test_r06_blocks_that_stay_split(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;

	target.create = small_create;
	lab_rig_start(&rig, &target);
	lab_oracle_quiesce(rig.oracle, rig.self);
	/* 0+16 | 16+40 | 60+20: DMA has one block of 16 frames. */
	lab_broken_expect(&rig, LAB_R06_COALESCING, "zone=dma has 1 free blocks of order 4, the target gave 0");
	lab_rig_stop(&rig);
}

/* Frames that somebody still holds are neither lost nor part of a block that must be whole. */
static void test_quiesce_with_blocks_held(void **state)
{
	struct lab_rig rig;
	struct lab_rig_block block;

	lab_rig_start(&rig, locked);
	block = taken(&rig, 0, LAB_GFP_KERNEL, 1);
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect_none(&rig);
	assert_int_equal(lab_rig_free(&rig, 0, &block), LAB_OK);
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect_none(&rig);
	assert_int_equal(locked->free_frames(rig.self), 76); /* as it was before */
	lab_rig_stop(&rig);
}

static void test_r14_counts_and_check(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;
	struct lab_rig_block block;

	lab_rig_start(&rig, &target);
	block = taken(&rig, 0, LAB_GFP_KERNEL, 2);
	fault.miscount = 1;
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect(&rig, LAB_R14_ACCOUNTING, "free_frames=73 but 72 are free");
	fault.miscount = 0;
	fault.check_fails = true;
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect(&rig, LAB_R14_ACCOUNTING, "the target's own check answered invalid");
	fault.check_fails = false; /* from here on R04 and R06 are judged as well */
	assert_int_equal(lab_rig_free(&rig, 0, &block), LAB_OK);
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* What a fresh instance counts must be what can be had of it, or the census is worth nothing. */
static void test_r14_fresh_instance(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;

	fault.miscount = 2;
	lab_rig_start(&rig, &target);
	lab_broken_expect(&rig, LAB_R14_ACCOUNTING, "free_frames=78 of a fresh instance but 76 can be had");
	lab_rig_stop(&rig);
}

static void test_r05_frame_of_another_zone(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;

	lab_rig_start(&rig, &target);
	fault.no_dma = true;
	lab_oracle_quiesce(rig.oracle, rig.self);
	lab_broken_expect(&rig, LAB_R05_PLACEMENT, "lies outside the DMA zone owners=the oracle");
	lab_rig_stop(&rig);
}

/* Shredding forgotten: seen when the frame is next handed out, or at quiescence if it never is. */
static void test_r12_not_shredded(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;
	struct lab_rig_block block, next;

	lab_rig_start(&rig, &target);
	fault.no_shred = true;
	block = taken(&rig, 0, LAB_GFP_SHRED, 1);
	lab_rig_touch(&rig, 0, &block);
	assert_int_equal(lab_rig_free(&rig, 0, &block), LAB_OK);
	lab_broken_expect_none(&rig);
	next = taken(&rig, 1, 0, 0);
	lab_broken_expect(&rig, LAB_R12_RELEASE,
			  "page 0 was to be shredded and holds its last owner's word 0 "
			  "owners=task a, task b");
	assert_int_equal(lab_rig_free(&rig, 1, &next), LAB_OK);
	lab_oracle_quiesce(rig.oracle, rig.self); /* the second frame was not handed out yet */
	lab_broken_expect(&rig, LAB_R12_RELEASE, "holds its last owner's word 0 owners=task a, the oracle");
	lab_rig_stop(&rig);
}

static void test_r12_shredded_in_part(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;
	struct lab_rig_block block;
	uint64_t word;

	lab_rig_start(&rig, &target);
	block = taken(&rig, 0, LAB_GFP_SHRED, 0);
	lab_rig_touch(&rig, 0, &block);
	memcpy(&word, (char *)block.block + 56, sizeof(word));
	assert_int_equal(lab_rig_free(&rig, 0, &block), LAB_OK);
	memcpy((char *)block.block + 56, &word, sizeof(word)); /* the last word escaped */
	(void)taken(&rig, 1, 0, 0);
	lab_broken_expect(&rig, LAB_R12_RELEASE, "holds its last owner's word 7 owners=task a, task b");
	lab_rig_stop(&rig);
}

static void test_r12_constant_is_not_shredded(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;
	struct lab_rig_block block;

	lab_rig_start(&rig, &target);
	fault.no_shred = true;
	fault.fill = 0xff;
	block = taken(&rig, 0, LAB_GFP_SHRED, 2); /* never touched: a constant tells on its own */
	memset(block.block, 0x11, 32);            /* the first frame is left alone by `fill` */
	assert_int_equal(lab_rig_free(&rig, 0, &block), LAB_OK);
	(void)taken(&rig, 1, 0, 2);
	lab_broken_expect(&rig, LAB_R12_RELEASE, "page 1 was to be shredded and is constant");
	lab_rig_stop(&rig);
}

static void test_r12_not_zeroed(void **state)
{
	struct lab_target target = broken();
	struct lab_rig rig;
	struct lab_rig_block block;

	lab_rig_start(&rig, &target);
	block = taken(&rig, 0, LAB_GFP_SHRED, 2);
	lab_rig_touch(&rig, 0, &block);
	assert_int_equal(lab_rig_free(&rig, 0, &block), LAB_OK);
	block = taken(&rig, 1, LAB_GFP_ZERO, 2); /* shredded and asked zeroed: zero it is */
	lab_broken_expect_none(&rig);
	lab_rig_touch(&rig, 1, &block);
	assert_int_equal(lab_rig_free(&rig, 1, &block), LAB_OK);
	fault.no_zero = true;
	(void)taken(&rig, 0, LAB_GFP_ZERO, 2);
	lab_broken_expect(&rig, LAB_R12_RELEASE, "page 0 was asked zeroed and is not word 0 owners=task b, task a");
	lab_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r04_lost_frames),
		cmocka_unit_test(test_r04_handed_out_twice),
		cmocka_unit_test(test_r04_frame_from_nowhere),
		cmocka_unit_test(test_r06_blocks_that_stay_split),
		cmocka_unit_test(test_quiesce_with_blocks_held),
		cmocka_unit_test(test_r14_counts_and_check),
		cmocka_unit_test(test_r14_fresh_instance),
		cmocka_unit_test(test_r05_frame_of_another_zone),
		cmocka_unit_test(test_r12_not_shredded),
		cmocka_unit_test(test_r12_shredded_in_part),
		cmocka_unit_test(test_r12_constant_is_not_shredded),
		cmocka_unit_test(test_r12_not_zeroed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
