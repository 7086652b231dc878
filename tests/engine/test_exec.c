/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <string.h>

#include "engine/mailbox.h"

/* Operations as the target sees them: `locked` behind a table that notes each call of a scenario's context. */

#define MACHINE "machine frames=64 hole=0+4 cpus=2 order-max=3\nzone normal frames=4+60 min=4 low=5 high=6 reserve=0\n"

struct call {
	char kind; /* a f t m u w d */
	struct lab_request request;
	lab_owner to;
	struct lab_zone_marks marks;
	bool nested; /* while another call was under way on the same CPU */
};

static struct lab_rig rig;
static struct lab_target spy;
static struct call seen[256];
static unsigned seen_count, under_way;
static char kinds[257];

static struct call *note(char kind)
{
	struct call *call = &seen[seen_count];

	*call = (struct call){.kind = kind, .nested = under_way != 0};
	kinds[seen_count++] = kind;
	kinds[seen_count] = '\0';
	return call;
}

static bool from_scenario(lab_owner owner)
{
	return lab_owner_context(owner) != LAB_OWNER_CONTEXT_MAX && seen_count < 256;
}

static enum lab_status spy_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	enum lab_status status;

	if (from_scenario(request->owner))
		note('a')->request = *request;
	under_way++;
	status = lab_target_locked.alloc(self, request, ret_block);
	under_way--;
	return status;
}

static enum lab_status spy_free(void *self, void *block, const struct lab_request *request)
{
	if (from_scenario(request->owner))
		note('f')->request = *request;
	return lab_target_locked.free(self, block, request);
}

static enum lab_status spy_transfer(void *self, void *block, lab_owner from, lab_owner to)
{
	struct call *call = note('t');

	call->request.owner = from;
	call->to = to;
	return lab_target_locked.transfer(self, block, from, to);
}

static enum lab_status spy_map(void *self, void *block, lab_owner owner)
{
	note('m')->request.owner = owner;
	return lab_target_locked.map(self, block, owner);
}

static enum lab_status spy_unmap(void *self, void *block, lab_owner owner)
{
	note('u')->request.owner = owner;
	return lab_target_locked.unmap(self, block, owner);
}

static enum lab_status spy_marks(void *self, unsigned zone, const struct lab_zone_marks *marks)
{
	note('w')->marks = *marks;
	return lab_target_locked.set_marks(self, zone, marks);
}

static int open_spy(void **state)
{
	spy = lab_target_locked;
	spy.alloc = spy_alloc;
	spy.free = spy_free;
	spy.transfer = spy_transfer;
	spy.map = spy_map;
	spy.unmap = spy_unmap;
	spy.set_marks = spy_marks;
	seen_count = under_way = 0;
	return 0;
}

static int close_rig(void **state)
{
	lab_rig_close(&rig);
	return 0;
}

static void run(const char *text)
{
	lab_rig_open(&rig, &spy);
	lab_rig_expect(&rig, text, LAB_RULE_COUNT);
}

static void test_alloc_and_free(void **state)
{
	run(MACHINE "task a cpu=1 { s3 = alloc kernel|zero 2; free s3; free s3; touch s3; }\n");
	assert_string_equal(kinds, "af");
	assert_int_equal(seen[0].request.gfp, LAB_GFP_KERNEL | LAB_GFP_ZERO);
	assert_int_equal(seen[0].request.order, 2);
	assert_int_equal(seen[0].request.cpu, 1);
	assert_int_equal(lab_owner_context(seen[0].request.owner), 1);
	assert_memory_equal(&seen[1].request, &seen[0].request, sizeof(seen[0].request));
	assert_int_equal(rig.statuses[0], LAB_OK);
	assert_int_equal(rig.statuses[2], LAB_INVALID);
	assert_int_equal(rig.statuses[3], LAB_INVALID);
}

static void test_tokens_are_fresh(void **state)
{
	run(MACHINE
	    "task a cpu=0 { s0 = alloc kernel 0; s1 = alloc kernel 0; }\ntask b cpu=0 { s0 = alloc kernel 0; }\n");
	assert_int_equal(seen[0].request.owner, lab_owner_make(1, 1));
	assert_int_equal(seen[1].request.owner, lab_owner_make(1, 2));
	assert_int_equal(seen[2].request.owner, lab_owner_make(2, UINT64_C(1) << 32 | 1));
}

/* The old block of a full slot is kept, given back by `reclaim` or at the end. */
static void test_full_slot(void **state)
{
	run(MACHINE "task a cpu=0 { s0 = alloc kernel 0; s0 = alloc kernel 1; s0 = alloc kernel 0; reclaim 1; "
		    "reclaim 5; reclaim 1; touch s0; }\n");
	assert_string_equal(kinds, "aaafff");
	assert_int_equal(seen[3].request.order, 1); /* the youngest first, and then no more than was asked for */
	assert_int_equal(seen[4].request.order, 0);
	assert_int_equal(rig.statuses[5], LAB_INVALID);
}

static void test_give_and_take(void **state)
{
	run(MACHINE "task a cpu=0 { s0 = alloc atomic|exclusive 1; touch s0; map s0; give s0 b; give s0 b; }\n"
		    "task b cpu=1 { take s4; touch s4; free s4; take s4; }\n");
	assert_string_equal(kinds, "amutf");
	assert_int_equal(seen[3].request.owner, lab_owner_make(1, 1));
	assert_int_equal(seen[3].to, lab_owner_make(2, 2)); /* the receiver's context, the giver's count */
	assert_int_equal(seen[4].request.owner, seen[3].to);
	assert_int_equal(seen[4].request.cpu, 1);
	assert_int_equal(seen[4].request.order, 1);
	assert_int_equal(seen[4].request.gfp, LAB_GFP_ATOMIC | LAB_GFP_EXCLUSIVE);
	assert_int_equal(rig.statuses[4], LAB_INVALID);
	assert_int_equal(rig.statuses[8], LAB_INVALID);
}

static void test_token_travels(void **state)
{
	spy.transfer = NULL;
	run(MACHINE "task a cpu=0 { s0 = alloc kernel 0; touch s0; give s0 b; }\n"
		    "task b cpu=1 { take s4; touch s4; free s4; }\n");
	assert_string_equal(kinds, "af");
	assert_int_equal(seen[1].request.owner, seen[0].request.owner);
}

/* What is never taken is freed at the end; what does not fit the mailbox, at once. */
static void test_full_mailbox(void **state)
{
	char text[8192] = "machine frames=99 cpus=2 order-max=3\ntask a cpu=0 {";
	const unsigned gives = LAB_MAILBOX_ROOM + 1;

	for (unsigned i = 0; i < gives; i++)
		strcat(text, " s0 = alloc memalloc 0; give s0 b;");
	strcat(text, " s1 = alloc memalloc 0; }\ntask b cpu=0 { }\n");
	run(text);
	assert_int_equal(seen_count, 2 * gives + 2 + gives);
	for (unsigned i = 0; i < gives; i++)
		assert_memory_equal(&kinds[2 * i], "at", 2);
	assert_memory_equal(&kinds[2 * gives], "fa", 2);
	assert_int_equal(seen[2 * gives].request.owner, seen[2 * gives - 1].to);
}

static void test_views(void **state)
{
	run(MACHINE "task a cpu=0 { s0 = alloc kernel|exclusive 0; map s0; map s0; unmap s0; unmap s0; map s0; "
		    "s1 = alloc kernel 0; map s1; map s1; }\n");
	assert_int_equal(rig.statuses[1], LAB_OK);
	assert_int_equal(rig.statuses[2], LAB_BUSY);
	assert_int_equal(rig.statuses[3], LAB_OK);
	assert_int_equal(rig.statuses[4], LAB_INVALID);
	assert_int_equal(rig.statuses[5], LAB_OK);
	assert_int_equal(rig.statuses[8], LAB_INVALID);
}

static void test_misuse(void **state)
{
	static const enum lab_status expected[] = {LAB_OK,          LAB_WRONG_OWNER,   LAB_WRONG_OWNER,
						   LAB_WRONG_ORDER, LAB_NOT_ALLOCATED, LAB_BAD_ADDRESS,
						   LAB_BAD_ADDRESS, LAB_NOT_ALLOCATED};

	run(MACHINE "task a cpu=0 { s0 = alloc kernel 1; free-foreign s0 b; free-foreign s0 a; free-wrong-order s0; "
		    "free-twice s0; free-wild 1; free-wild 1000; free-wild 60; }\ntask b cpu=0 { }\n");
	assert_memory_equal(rig.statuses, expected, sizeof(expected));
	assert_int_equal(lab_owner_context(seen[1].request.owner), 2);
	assert_int_equal(lab_owner_context(seen[2].request.owner), 1);
	assert_int_not_equal(seen[2].request.owner, seen[0].request.owner);
	assert_int_equal(seen[3].request.order, 2);
}

static void test_misuse_is_for_those_who_refuse_it(void **state)
{
	spy.caps &= ~LAB_CAP_OWNERSHIP;
	run(MACHINE "task a cpu=0 { s0 = alloc kernel 0; free-twice s0; free-foreign s0 a; free-wrong-order s0; "
		    "free-wild 9; free s0; }\n");
	assert_string_equal(kinds, "af");
	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(rig.statuses[i], LAB_UNSUPPORTED);
}

static void test_nmi_of_a_target_without(void **state)
{
	spy.caps &= ~LAB_CAP_NMI;
	run(MACHINE "task a cpu=0 { s0 = alloc kernel 0; give s0 n; }\n"
		    "nmi n cpu=0 { s0 = alloc atomic 0; take s1; touch s1; free s1; }\n");
	assert_int_equal(rig.result.interrupts[LAB_CONTEXT_NMI], 1);
	assert_string_equal(kinds, "atf"); /* the block that it took goes back at the end, outside of it */
	assert_int_equal(rig.statuses[2], LAB_UNSUPPORTED);
	assert_int_equal(rig.statuses[3], LAB_OK);
	assert_int_equal(rig.statuses[4], LAB_OK);
	assert_int_equal(rig.statuses[5], LAB_UNSUPPORTED);
}

#define INTERRUPTED                                                                                                    \
	MACHINE "task a cpu=0 { s0 = alloc kernel 0; touch s0; }\n"                                                    \
		"hardirq rx cpu=0 { s0 = alloc atomic 0; free s0; }\n"                                                 \
		"schedule rx@a:1\n"

/* An event inside a's call: rx comes in there, or, where the target is not made for it, after the call. */
static void test_masked_around_calls(void **state)
{
	run(INTERRUPTED);
	assert_true(seen[1].nested);
	lab_rig_close(&rig);
	seen_count = 0;
	spy.caps &= ~(LAB_CAP_IRQ | LAB_CAP_NMI);
	run(INTERRUPTED);
	assert_string_equal(rig.order, "a rx rx a");
	assert_string_equal(kinds, "aaff");
	for (unsigned i = 0; i < 4; i++)
		assert_false(seen[i].nested);
}

/* It may wait for a mutex, and who comes onto the CPU then would spin for what it has taken. */
static void test_no_locks_around_who_may_sleep(void **state)
{
	static const char *const text =
		MACHINE "task a cpu=0 { lock 0 irq; s0 = alloc nowait 0; unlock 0; irq-off; irq-on; }\n";

	run(text);
	assert_int_equal(rig.statuses[0], LAB_OK);
	assert_int_equal(rig.statuses[3], LAB_OK);
	lab_rig_close(&rig);
	spy.caps &= ~(LAB_CAP_IRQ | LAB_CAP_NMI);
	run(text);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(rig.statuses[i], i == 1 ? LAB_OK : LAB_UNSUPPORTED);
}

static void test_watermark(void **state)
{
	run("machine frames=64 cpus=1 order-max=3\n"
	    "zone dma frames=0+16 min=1 low=2 high=3 reserve=2\nzone normal frames=16+48 min=4 low=5 high=6 reserve=0\n"
	    "task a cpu=0 { watermark dma 8; watermark normal 20; s0 = alloc kernel 0; }\n");
	assert_string_equal(kinds, "wwaf");
	assert_int_equal(seen[0].marks.min, 8);
	assert_int_equal(seen[0].marks.low, 10);
	assert_int_equal(seen[0].marks.high, 12);
	assert_int_equal(seen[0].marks.lowmem_reserve[LAB_ZONE_NORMAL], 2);
	assert_int_equal(seen[1].marks.min, 20);
}

static void test_all_on_core(void **state)
{
	lab_rig_open(&rig, &lab_target_core);
	lab_rig_expect(&rig,
		       MACHINE
		       "task a cpu=0 { s0 = alloc kernel|exclusive 1; map s0; touch s0; give s0 b; drain 0; "
		       "s1 = alloc kernel 2; free-foreign s1 b; free-wrong-order s1; free-twice s1; "
		       "free-wild 1; watermark normal 8; irq-off; raise rx; irq-on; lock 0 irq; unlock 0; wait; }\n"
		       "task b cpu=1 { take s0; touch s0; free s0; reclaim 1; }\n"
		       "softirq sq cpu=1 { s0 = alloc nowait 0; touch s0; }\n"
		       "hardirq rx cpu=0 { s0 = alloc atomic 0; give s0 sq; take s1; }\n"
		       "nmi n cpu=1 { s0 = alloc atomic|memalloc 0; touch s0; free s0; }\n"
		       "schedule bytes 00 01 02 03 01 02 03 01 02 03 04 01 02 03 05 01 02 03 01 02 03 01 02\n",
		       LAB_RULE_COUNT);
	assert_true(rig.result.op_count >= 20);
}

int main(void)
{
#define EXEC_TEST(function) cmocka_unit_test_setup_teardown(function, open_spy, close_rig)
	const struct CMUnitTest tests[] = {
		EXEC_TEST(test_alloc_and_free),
		EXEC_TEST(test_tokens_are_fresh),
		EXEC_TEST(test_full_slot),
		EXEC_TEST(test_give_and_take),
		EXEC_TEST(test_token_travels),
		EXEC_TEST(test_full_mailbox),
		EXEC_TEST(test_views),
		EXEC_TEST(test_misuse),
		EXEC_TEST(test_misuse_is_for_those_who_refuse_it),
		EXEC_TEST(test_nmi_of_a_target_without),
		EXEC_TEST(test_no_locks_around_who_may_sleep),
		EXEC_TEST(test_masked_around_calls),
		EXEC_TEST(test_watermark),
		EXEC_TEST(test_all_on_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
