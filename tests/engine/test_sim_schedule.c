/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

/* Who moves next: schedule bytes, written schedules, CPUs that are not preemptive, waits, locks, interrupt levels. */

#define MACHINE "machine frames=64 cpus=2 order-max=3\nzone normal frames=0+64 min=4 low=5 high=6 reserve=0\n"

/* Two tasks on two CPUs; `touch` of an empty slot is an operation that calls nothing. */
#define TWO                                                                                                            \
	MACHINE "task a cpu=0 { touch s0; touch s0; touch s0; }\n"                                                     \
		"task b cpu=1 { touch s0; touch s0; touch s0; }\n"

static struct lab_rig rig;

static int open_locked(void **state)
{
	lab_rig_open(&rig, &lab_target_locked);
	return 0;
}

static int close_rig(void **state)
{
	lab_rig_close(&rig);
	return 0;
}

static void expect_order(const char *text, const uint8_t *bytes, size_t count, const char *order)
{
	lab_rig_run_bytes(&rig, text, bytes, count);
	assert_false(rig.result.found);
	assert_string_equal(rig.order, order);
}

static void test_default_goes_on(void **state)
{
	expect_order(TWO, NULL, 0, "a a a b b b");
	expect_order(TWO, (const uint8_t[]){0, 0, 0, 0, 0, 0}, 6, "a a a b b b");
}

/* The first byte says who starts, k modulo 2; each later one, after an operation, whether the other takes over. */
static void test_every_byte_counts(void **state)
{
	expect_order(TWO, (const uint8_t[]){1}, 1, "b b b a a a");
	expect_order(TWO, (const uint8_t[]){2}, 1, "a a a b b b");
	expect_order(TWO, (const uint8_t[]){0, 1}, 2, "a b b b a a");
	expect_order(TWO, (const uint8_t[]){0, 0, 1}, 3, "a a b b b a");
	expect_order(TWO, (const uint8_t[]){0, 1, 1, 1, 1, 1}, 6, "a b a b a b");
	expect_order(TWO, (const uint8_t[]){0, 255, 0, 7}, 4, "a b b a a b");
	/* after b's last operation a is the only one left: no byte is read there, so the next one is not shifted */
	expect_order(MACHINE "task a cpu=0 { touch s0; touch s0; }\n"
			     "task b cpu=1 { touch s0; }\n"
			     "task c cpu=1 { touch s0; touch s0; }\n",
		     (const uint8_t[]){1, 0, 1, 0, 1}, 5, "b c c a a");
}

static void test_three_in_id_order(void **state)
{
	const char *text = MACHINE "task a cpu=0 { touch s0; touch s0; }\n"
				   "task b cpu=1 { touch s0; touch s0; }\n"
				   "task c cpu=0 { touch s0; touch s0; }\n";

	expect_order(text, (const uint8_t[]){2}, 1, "c c a a b b");
	expect_order(text, (const uint8_t[]){0, 2}, 2, "a c c a b b");
	expect_order(text, (const uint8_t[]){1, 1, 1}, 3, "b a b a c c");
}

/* `locked` has host services inside alloc: other CPUs may come in between, a task of the same CPU may not. */
static void test_cpus_are_not_preemptive(void **state)
{
	static const uint8_t bytes[] = {0, 1, 1, 1, 1, 1, 1, 1, 1};
	const char *across = MACHINE "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
				     "task b cpu=1 { touch s0; touch s0; touch s0; }\n";
	const char *within = MACHINE "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
				     "task b cpu=0 { touch s0; touch s0; touch s0; }\n";

	lab_rig_run_bytes(&rig, across, bytes, sizeof(bytes));
	assert_false(rig.result.found);
	assert_int_equal(rig.order[0], 'b');
	lab_rig_run_bytes(&rig, within, bytes, sizeof(bytes));
	assert_false(rig.result.found);
	assert_int_equal(rig.order[0], 'a');
}

/* Under a lock or a mask a CPU's task is not left for another of that CPU. */
static void test_no_switch_under_lock_or_mask(void **state)
{
	static const uint8_t bytes[] = {0, 1, 1, 1, 1, 1, 1, 1};

	expect_order(MACHINE "task a cpu=0 { irq-off; touch s0; irq-on; touch s0; }\n"
			     "task b cpu=0 { touch s0; }\n",
		     bytes, sizeof(bytes), "a a a b a");
	expect_order(MACHINE "task a cpu=0 { lock 0; touch s0; unlock 0; touch s0; }\n"
			     "task b cpu=0 { touch s0; }\n",
		     bytes, sizeof(bytes), "a a a b a");
}

/* b wants a's lock: it cannot run until a has let go, whatever the bytes say. */
static void test_lock_blocks(void **state)
{
	static const uint8_t bytes[] = {0, 1, 1, 1, 1, 1, 1, 1};

	expect_order(MACHINE "task a cpu=0 { lock 0; touch s0; touch s0; unlock 0; touch s0; }\n"
			     "task b cpu=1 { lock 0; unlock 0; }\n",
		     bytes, sizeof(bytes), "a a a a b a b");
}

static void test_wait(void **state)
{
	expect_order(MACHINE "task a cpu=0 { touch s0; wait; touch s0; }\n"
			     "task b cpu=0 { touch s0; touch s0; }\n",
		     NULL, 0, "a b b a a");
	/* nobody else: nothing to wait for */
	expect_order(MACHINE "task a cpu=0 { wait; wait; }\n", NULL, 0, "a a");
	expect_order(MACHINE "task a cpu=0 { wait; }\ntask b cpu=1 { wait; }\n", NULL, 0, "a b");
}

static void test_written_schedule(void **state)
{
	expect_order(TWO "schedule a*1 b*2 a*\n", NULL, 0, "a b b a a b");
	expect_order(TWO "schedule b* a*\n", NULL, 0, "b b b a a a");
	/* a step that cannot be taken any more is passed over */
	expect_order(TWO "schedule b*3 b*2 a*1\n", NULL, 0, "b b b a a a");
	expect_order(MACHINE "task stack cpu=0 { touch s0; touch s0; touch s0; touch s0; }\n"
			     "hardirq rx cpu=0 { touch s0; }\n"
			     "schedule stack*3 rx stack*\n",
		     NULL, 0, "stack stack stack rx stack");
	expect_order(MACHINE "task stack cpu=0 { touch s0; touch s0; touch s0; touch s0; }\n"
			     "hardirq rx cpu=0 { touch s0; }\n"
			     "schedule rx@stack:2\n",
		     NULL, 0, "stack stack rx stack stack");
}

/* A line that nothing fires does so once, before its CPU's tasks are over; one of a CPU without tasks, at the end. */
static void test_lines_fire_once(void **state)
{
	expect_order(MACHINE "task a cpu=0 { touch s0; touch s0; }\n"
			     "hardirq rx cpu=0 { touch s0; }\n"
			     "nmi tick cpu=1 { touch s0; touch s0; }\n",
		     NULL, 0, "a a rx tick tick");
	assert_int_equal(rig.result.interrupts[LAB_CONTEXT_HARDIRQ], 1);
	assert_int_equal(rig.result.interrupts[LAB_CONTEXT_NMI], 1);
}

static void test_bytes_fire_lines(void **state)
{
	const char *text = MACHINE "task a cpu=0 { touch s0; touch s0; }\n"
				   "hardirq rx cpu=0 { touch s0; }\n";

	expect_order(text, (const uint8_t[]){1}, 1, "rx a a");
	expect_order(text, (const uint8_t[]){0, 1, 1, 0}, 4, "a rx rx a");
	assert_int_equal(rig.result.interrupts[LAB_CONTEXT_HARDIRQ], 2);
}

/* Higher levels come in over lower ones, never the reverse; each goes on where it was. */
static void test_nesting(void **state)
{
	const char *text = MACHINE "task a cpu=0 { touch s0; touch s0; }\n"
				   "softirq s cpu=0 { touch s0; touch s0; }\n"
				   "hardirq h cpu=0 { touch s0; touch s0; }\n"
				   "nmi n cpu=0 { touch s0; }\n"
				   "schedule a*1 s h n\n";

	expect_order(text, NULL, 0, "a s h n h s a");
	expect_order(MACHINE "task a cpu=0 { touch s0; touch s0; }\n"
			     "softirq s cpu=0 { touch s0; }\n"
			     "hardirq h cpu=0 { touch s0; raise s; touch s0; }\n"
			     "schedule a*1 h\n",
		     NULL, 0, "a h h h s a");
}

static void test_masking(void **state)
{
	expect_order(MACHINE "task a cpu=0 { irq-off; raise h; irq-off; irq-on; touch s0; irq-on; touch s0; }\n"
			     "hardirq h cpu=0 { touch s0; }\n",
		     NULL, 0, "a a a a a a h a");
	expect_order(MACHINE "task a cpu=0 { irq-off; raise n; touch s0; irq-on; }\n"
			     "nmi n cpu=0 { touch s0; }\n",
		     NULL, 0, "a a n a a");
	/* raised on another CPU, it comes in where that CPU next runs */
	expect_order(MACHINE "task a cpu=0 { raise h; touch s0; }\n"
			     "task b cpu=1 { touch s0; touch s0; }\n"
			     "hardirq h cpu=1 { touch s0; }\n"
			     "schedule b*1 a*1 b*\n",
		     NULL, 0, "b a h b a");
	/* the irq-saving lock masks, unlock opens again */
	expect_order(MACHINE "task a cpu=0 { lock 1 irq; raise h; touch s0; unlock 1; touch s0; }\n"
			     "hardirq h cpu=0 { touch s0; }\n",
		     NULL, 0, "a a a a h a");
}

static void test_sequential(void **state)
{
	const char *text = MACHINE "task a cpu=0 { s0 = alloc kernel 0; free s0; }\n"
				   "task b cpu=1 { s0 = alloc kernel 0; free s0; }\n"
				   "hardirq h cpu=0 { touch s0; }\n";

	rig.options.sequential = true;
	expect_order(text, (const uint8_t[]){0, 1, 1, 1, 1, 1}, 6, "a b a b");
	assert_int_equal(rig.result.interrupts[LAB_CONTEXT_HARDIRQ], 0);
}

int main(void)
{
#define RIG_TEST(function) cmocka_unit_test_setup_teardown(function, open_locked, close_rig)
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_default_goes_on),
		RIG_TEST(test_every_byte_counts),
		RIG_TEST(test_three_in_id_order),
		RIG_TEST(test_cpus_are_not_preemptive),
		RIG_TEST(test_no_switch_under_lock_or_mask),
		RIG_TEST(test_lock_blocks),
		RIG_TEST(test_wait),
		RIG_TEST(test_written_schedule),
		RIG_TEST(test_lines_fire_once),
		RIG_TEST(test_bytes_fire_lines),
		RIG_TEST(test_nesting),
		RIG_TEST(test_masking),
		RIG_TEST(test_sequential),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
