/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "target/registry.h"
#include "tests/oracle/broken.h"

/* R02 and R15, and R07, which judges the callers of host services. */

static const struct lab_target *const locked = &lab_target_locked;

static struct {
	enum lab_status from, to; /* what free answers in place of what; both LAB_OK: as it is */
	bool lie_once;            /* the next free_frames is one too many */
	bool set_block;           /* a failing alloc sets *ret_block */
	bool busy_forever;        /* a view once given is never taken back */
	bool always_maps;
	void *viewed;
} fault;

static enum lab_status faulty_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	enum lab_status status = locked->alloc(self, request, ret_block);

	if (status != LAB_OK && fault.set_block)
		*ret_block = &fault;
	return status;
}

static enum lab_status faulty_free(void *self, void *block, const struct lab_request *request)
{
	enum lab_status status = locked->free(self, block, request);

	return status == fault.from ? fault.to : status;
}

static uint64_t faulty_free_frames(void *self)
{
	static bool second;

	if (fault.lie_once)
		second = !second;
	return locked->free_frames(self) + (fault.lie_once && !second);
}

static enum lab_status faulty_map(void *self, void *block, lab_owner owner)
{
	enum lab_status status = locked->map(self, block, owner);

	if (fault.busy_forever && fault.viewed == block)
		return LAB_BUSY;
	fault.viewed = block;
	return fault.always_maps ? LAB_OK : status;
}

static void start(struct lab_rig *rig, struct lab_target *target)
{
	memset(&fault, 0, sizeof(fault));
	*target = lab_broken_target();
	target->alloc = faulty_alloc;
	target->free = faulty_free;
	target->free_frames = faulty_free_frames;
	target->map = faulty_map;
	lab_rig_start(rig, target);
}

/* Every misuse, first rightly refused, then accepted: only the second is a finding. */
static void test_r02_accepted_misuse(void **state)
{
	static const struct {
		enum lab_misuse misuse;
		enum lab_status right;
		const char *text;
	} cases[] = {
		{LAB_MISUSE_FOREIGN, LAB_WRONG_OWNER, "foreign-free answered ok, expected wrong-owner owners=task a"},
		{LAB_MISUSE_WRONG_ORDER, LAB_WRONG_ORDER,
		 "wrong-order answered ok, expected wrong-order owners=task a"},
		{LAB_MISUSE_WILD, LAB_NOT_HEAD, "wild-free answered ok, expected not-head owners=task a"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lab_target target;
		struct lab_rig rig;
		struct lab_rig_block held;
		struct lab_request shown;
		char *block;

		start(&rig, &target);
		assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 1, &held), LAB_OK);
		shown = held.request;
		block = held.block;
		shown.owner += cases[i].misuse == LAB_MISUSE_FOREIGN;
		shown.order += cases[i].misuse == LAB_MISUSE_WRONG_ORDER;
		block += cases[i].misuse == LAB_MISUSE_WILD ? 64 : 0;
		assert_int_equal(lab_rig_misuse(&rig, 1, cases[i].misuse, block, &shown), cases[i].right);
		lab_broken_expect_none(&rig);
		fault.from = cases[i].right;
		lab_rig_misuse(&rig, 1, cases[i].misuse, block, &shown);
		lab_broken_expect(&rig, LAB_R02_MISUSE, cases[i].text);
		lab_rig_stop(&rig);
	}
}

static void wild(struct lab_rig *rig, uint64_t frame, unsigned offset_bytes, enum lab_status right)
{
	struct lab_request shown = {.owner = lab_owner_make(2, 0x7000)};

	assert_int_equal(lab_rig_misuse(rig, 1, LAB_MISUSE_WILD,
					(char *)lab_fixture_block(&rig->fixture, frame) + offset_bytes, &shown),
			 right);
	lab_broken_expect_none(rig);
	/* The same refusal with a status that is not the documented one. */
	fault.from = right;
	fault.to = right == LAB_BAD_ADDRESS ? LAB_NOT_ALLOCATED : LAB_BAD_ADDRESS;
	lab_rig_misuse(rig, 1, LAB_MISUSE_WILD, (char *)lab_fixture_block(&rig->fixture, frame) + offset_bytes, &shown);
	lab_broken_expect(rig, LAB_R02_MISUSE, lab_status_name(right));
	fault.from = fault.to = LAB_OK;
}

static void test_r02_wild_addresses(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block held;

	start(&rig, &target);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 2, &held), LAB_OK);
	wild(&rig, 1000, 0, LAB_BAD_ADDRESS);
	wild(&rig, 57, 0, LAB_BAD_ADDRESS);
	wild(&rig, lab_fixture_frame(&rig.fixture, held.block), 8, LAB_BAD_ADDRESS);
	wild(&rig, 0, 0, LAB_NOT_ALLOCATED);
	wild(&rig, lab_fixture_frame(&rig.fixture, held.block) + 1, 0, LAB_NOT_HEAD);
	wild(&rig, lab_fixture_frame(&rig.fixture, held.block), 0, LAB_WRONG_OWNER);
	lab_rig_stop(&rig);
}

/* Freed twice: NOT_ALLOCATED; but once somebody has the frame again, what he is told is right too. */
static void test_r02_double_free(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block held, next;

	start(&rig, &target);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_free(&rig, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_misuse(&rig, 0, LAB_MISUSE_DOUBLE_FREE, held.block, &held.request), LAB_NOT_ALLOCATED);
	lab_broken_expect_none(&rig);
	fault.from = LAB_NOT_ALLOCATED;
	fault.to = LAB_WRONG_OWNER;
	lab_rig_misuse(&rig, 0, LAB_MISUSE_DOUBLE_FREE, held.block, &held.request);
	lab_broken_expect(&rig, LAB_R02_MISUSE,
			  "double-free answered wrong-owner, expected not-allocated owners=nobody");

	assert_int_equal(lab_rig_alloc(&rig, 2, LAB_GFP_KERNEL, 0, &next), LAB_OK);
	assert_ptr_equal(next.block, held.block);
	assert_int_equal(lab_rig_misuse(&rig, 0, LAB_MISUSE_DOUBLE_FREE, held.block, &held.request), LAB_WRONG_OWNER);
	lab_broken_expect_none(&rig);
	fault.from = LAB_WRONG_OWNER;
	fault.to = LAB_OK;
	lab_rig_misuse(&rig, 0, LAB_MISUSE_DOUBLE_FREE, held.block, &held.request);
	lab_broken_expect(&rig, LAB_R02_MISUSE, "double-free answered ok");
	lab_rig_stop(&rig);
}

static void test_r02_refusal_that_changes_something(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block held;
	struct lab_request shown;
	struct lab_call other;

	start(&rig, &target);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &held), LAB_OK);
	shown = held.request;
	shown.owner++;
	fault.lie_once = true;
	lab_rig_misuse(&rig, 0, LAB_MISUSE_FOREIGN, held.block, &shown);
	lab_broken_expect(&rig, LAB_R02_MISUSE, "was refused but changed free_frames from 75 to 76");
	/* While another call is under way, the count may move for its sake. */
	lab_oracle_alloc_begin(rig.oracle, &other, 1, &shown);
	lab_rig_misuse(&rig, 0, LAB_MISUSE_FOREIGN, held.block, &shown);
	lab_oracle_alloc_end(rig.oracle, &other, LAB_NO_MEMORY, NULL);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

static void test_r02_rightful_calls_refused(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block held;

	start(&rig, &target);
	fault.from = LAB_OK;
	fault.to = LAB_WRONG_OWNER;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_free(&rig, 0, &held), LAB_WRONG_OWNER);
	lab_broken_expect(&rig, LAB_R02_MISUSE, "refused at its rightful free: wrong-owner owners=task a");
	held.request.owner = lab_owner_make(9, 9); /* so that locked refuses */
	lab_oracle_transferred(rig.oracle, lab_oracle_transfer_begin(rig.oracle), 0, held.block, &held.request,
			       lab_owner_make(2, 1), LAB_WRONG_OWNER);
	lab_broken_expect(&rig, LAB_R02_MISUSE, "refused at its rightful transfer: wrong-owner owners=nobody, task b");
	fault.set_block = true;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 10, &held), LAB_NO_MEMORY);
	lab_broken_expect(&rig, LAB_R02_MISUSE, "set by an alloc that answered no-memory");
	lab_rig_stop(&rig);
}

static void test_r15_second_view(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block held, shared;

	start(&rig, &target);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_EXCLUSIVE, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_map(&rig, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_misuse(&rig, 0, LAB_MISUSE_SECOND_VIEW, held.block, &held.request), LAB_BUSY);
	assert_int_equal(lab_rig_give(&rig, 0, 1, &held), LAB_BUSY);
	assert_int_equal(lab_rig_unmap(&rig, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_alloc(&rig, 0, 0, 0, &shared), LAB_OK);
	assert_int_equal(lab_rig_map(&rig, 0, &shared), LAB_OK);
	assert_int_equal(lab_rig_map(&rig, 0, &shared), LAB_OK);
	assert_int_equal(lab_rig_map(&rig, 0, &held), LAB_OK);
	lab_broken_expect_none(&rig);
	fault.always_maps = true;
	lab_rig_misuse(&rig, 0, LAB_MISUSE_SECOND_VIEW, held.block, &held.request);
	lab_broken_expect(&rig, LAB_R15_EXCLUSIVE_VIEW, "second-view answered ok, expected busy");
	lab_rig_map(&rig, 0, &held);
	lab_broken_expect(&rig, LAB_R15_EXCLUSIVE_VIEW, "got a second view");
	lab_rig_stop(&rig);
}

/* A view that outlives its block is met by the frame's next owner. */
static void test_r15_view_after_release(void **state)
{
	struct lab_target target;
	struct lab_rig rig;
	struct lab_rig_block held, next;

	start(&rig, &target);
	fault.busy_forever = true;
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_EXCLUSIVE, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_map(&rig, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_free(&rig, 0, &held), LAB_OK);
	assert_int_equal(lab_rig_alloc(&rig, 1, LAB_GFP_EXCLUSIVE, 0, &next), LAB_OK);
	assert_ptr_equal(next.block, held.block);
	lab_broken_expect_none(&rig);
	lab_rig_map(&rig, 1, &next);
	lab_broken_expect(&rig, LAB_R15_EXCLUSIVE_VIEW, "was refused its first view: busy owners=task b");
	lab_rig_stop(&rig);
}

static void test_r15_unmap(void **state)
{
	struct lab_rig rig;
	struct lab_rig_block held;

	lab_rig_start(&rig, locked);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_EXCLUSIVE, 0, &held), LAB_OK);
	lab_oracle_unmapped(rig.oracle, 0, held.block, &held.request, LAB_OK);
	lab_broken_expect(&rig, LAB_R15_EXCLUSIVE_VIEW, "gave up a view that it did not have");
	lab_oracle_mapped(rig.oracle, 0, held.block, &held.request, LAB_OK);
	lab_oracle_unmapped(rig.oracle, 0, held.block, &held.request, LAB_NOT_MAPPED);
	lab_broken_expect(&rig, LAB_R15_EXCLUSIVE_VIEW, "lost its view: not-mapped");
	lab_rig_stop(&rig);
}

static void test_r07_who_may_sleep(void **state)
{
	struct lab_request atomic = {.gfp = LAB_GFP_ATOMIC}, kernel = {.gfp = LAB_GFP_KERNEL};
	struct lab_target own_memory = lab_target_malloc;
	struct lab_rig rig;

	lab_rig_start(&rig, locked);
	lab_oracle_may_sleep(rig.oracle, 0, LAB_CONTEXT_TASK, &kernel, "wait");
	lab_oracle_may_sleep(rig.oracle, 0, LAB_CONTEXT_TASK, NULL, "wait");
	lab_broken_expect_none(&rig);
	lab_oracle_may_sleep(rig.oracle, 0, LAB_CONTEXT_TASK, &atomic, "might_sleep");
	lab_broken_expect(&rig, LAB_R07_ATOMIC_SLEEP, "service=might_sleep in an atomic request owners=task a");
	lab_oracle_may_sleep(rig.oracle, 2, LAB_CONTEXT_SOFTIRQ, &kernel, "wait");
	lab_broken_expect(&rig, LAB_R07_ATOMIC_SLEEP, "service=wait in an interrupt owners=hardirq rx");
	lab_oracle_may_sleep(rig.oracle, 2, LAB_CONTEXT_NMI, NULL, "shrink");
	lab_broken_expect(&rig, LAB_R07_ATOMIC_SLEEP, "service=shrink in an interrupt");
	lab_rig_stop(&rig);

	lab_rig_start(&rig, &own_memory); /* promises nothing about interrupts */
	lab_oracle_may_sleep(rig.oracle, 2, LAB_CONTEXT_HARDIRQ, &atomic, "wait");
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r02_accepted_misuse),
		cmocka_unit_test(test_r02_wild_addresses),
		cmocka_unit_test(test_r02_double_free),
		cmocka_unit_test(test_r02_refusal_that_changes_something),
		cmocka_unit_test(test_r02_rightful_calls_refused),
		cmocka_unit_test(test_r15_second_view),
		cmocka_unit_test(test_r15_view_after_release),
		cmocka_unit_test(test_r15_unmap),
		cmocka_unit_test(test_r07_who_may_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
