/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "target/registry.h"
#include "tests/oracle/broken.h"

/* R11 at the access: what a target's code writes into the arena, as an engine tells it. */

static struct lab_rig rig;
static struct lab_rig_block mine;

static void start(void)
{
	lab_rig_start_alone(&rig, &lab_target_locked);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 1, &mine), LAB_OK);
}

static void write_at(unsigned actor, const char *address, size_t bytes)
{
	lab_oracle_written(rig.oracle, actor, address, bytes, 0x1234);
}

static void test_free_frames_are_the_targets(void **state)
{
	start();
	write_at(0, (char *)mine.block + 128, 64); /* behind the block */
	lab_broken_expect_none(&rig);
	assert_int_equal(lab_rig_free(&rig, 0, &mine), LAB_OK);
	write_at(0, mine.block, 128);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* No call that could answer for it: a drain, or another call of the target that hands nothing out. */
static void test_owned_frames_are_not(void **state)
{
	start();
	write_at(2, (char *)mine.block + 127, 1);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "was written by code 0x1234 while owned owners=task a, hardirq rx");
	write_at(1, (char *)mine.block + 124, 8); /* its last bytes, and more */
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "owners=task a, task b");
	lab_rig_stop(&rig);
}

static void test_holes_are_nobodys(void **state)
{
	start();
	write_at(1, lab_fixture_block(&rig.fixture, 56), 8);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "block=frame 56 order 0 lies in a hole");
	write_at(1, lab_fixture_block(&rig.fixture, 70), 8);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* A write during an alloc is judged when its block is known: a frame of another owner in it is R01, and nothing else.
 */
static void test_during_alloc(void **state)
{
	struct lab_request request = {.gfp = LAB_GFP_KERNEL, .owner = lab_owner_make(2, 0x5000)};
	struct lab_call call;
	void *fresh;

	start();
	fresh = lab_fixture_block(&rig.fixture, 70);
	lab_oracle_alloc_begin(rig.oracle, &call, 1, &request);
	write_at(1, mine.block, 64);
	lab_broken_expect_none(&rig);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, mine.block);
	lab_broken_expect(&rig, LAB_R01_EXCLUSIVE_OWNERSHIP, "owners=task a, task b");

	request.owner++;
	lab_oracle_alloc_begin(rig.oracle, &call, 1, &request);
	write_at(1, fresh, 64);
	write_at(1, mine.block, 64);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_OK, fresh);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "while owned owners=task a, task b");

	request.owner++;
	lab_oracle_alloc_begin(rig.oracle, &call, 1, &request);
	write_at(1, mine.block, 64);
	lab_oracle_alloc_end(rig.oracle, &call, LAB_UNSUPPORTED, NULL);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "while owned owners=task a, task b");
	lab_rig_stop(&rig);
}

/* Each write belongs to the innermost call of its own context, whoever interrupted that. */
static void test_calls_that_nest(void **state)
{
	struct lab_request request = {.gfp = LAB_GFP_KERNEL, .owner = lab_owner_make(2, 0x5000)};
	struct lab_call outer, inner;
	struct lab_rig_block other;

	start();
	assert_int_equal(lab_rig_alloc(&rig, 2, LAB_GFP_KERNEL, 0, &other), LAB_OK);
	lab_oracle_alloc_begin(rig.oracle, &outer, 1, &request);
	lab_oracle_free_begin(rig.oracle, &inner, 2, other.block, &other.request);
	write_at(2, mine.block, 8);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "owners=task a, hardirq rx");
	write_at(LAB_FINDING_NO_ACTOR, mine.block, 8);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "owners=task a, hardirq rx");
	write_at(1, mine.block, 8);
	lab_broken_expect_none(&rig);
	lab_oracle_alloc_end(rig.oracle, &outer, LAB_UNSUPPORTED, NULL); /* before the inner one */
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "owners=task a, task b");
	write_at(2, mine.block, 8);
	lab_broken_expect(&rig, LAB_R11_ISOLATION, "owners=task a, hardirq rx");
	lab_oracle_free_end(rig.oracle, &inner, other.block, LAB_OK);
	write_at(LAB_FINDING_NO_ACTOR, mine.block, 8); /* the oracle's own doing */
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* A free that must be refused must not write: R02, for the frame need not be what the misuse was of. */
static void test_during_misuse(void **state)
{
	struct lab_call call;
	struct lab_request shown;

	start();
	shown = mine.request;
	shown.owner = lab_owner_make(2, 0x5000);
	lab_oracle_misuse_begin(rig.oracle, &call, 1, rig.self, &shown);
	write_at(1, mine.block, 8);
	lab_broken_expect(&rig, LAB_R02_MISUSE, "in a call that must change nothing owners=task a, task b");
	lab_oracle_misuse_end(rig.oracle, &call, rig.self, LAB_MISUSE_FOREIGN, mine.block, LAB_WRONG_OWNER);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_frames_are_the_targets),
		cmocka_unit_test(test_owned_frames_are_not),
		cmocka_unit_test(test_holes_are_nobodys),
		cmocka_unit_test(test_during_alloc),
		cmocka_unit_test(test_calls_that_nest),
		cmocka_unit_test(test_during_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
