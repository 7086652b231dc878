/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "scenario/validate.h"

#define RUNS 4000u

static struct lab_op op_of(enum lab_op_kind kind)
{
	return (struct lab_op){.kind = kind};
}

static struct lab_op alloc_of(lab_gfp gfp)
{
	return (struct lab_op){.kind = LAB_OP_ALLOC, .gfp = gfp};
}

static struct lab_op lock_of(uint16_t lock, bool irq_save)
{
	return (struct lab_op){.kind = LAB_OP_LOCK, .peer = lock, .irq_save = irq_save};
}

static struct lab_op unlock_of(uint16_t lock)
{
	return (struct lab_op){.kind = LAB_OP_UNLOCK, .peer = lock};
}

static void context(struct lab_scenario *scenario, const char *name, enum lab_context_kind kind)
{
	struct lab_scenario_context *made = lab_scenario_add_context(scenario);

	strcpy(made->name, name);
	made->kind = kind;
}

/* Each operation of a one-context scenario, mended: which ones stay, in order. */
static void expect_ops(enum lab_context_kind kind, const struct lab_op *given, size_t given_count,
		       const struct lab_op *expected, size_t expected_count)
{
	struct lab_scenario scenario;
	char message[160];

	lab_scenario_init(&scenario);
	context(&scenario, "host", LAB_CONTEXT_TASK);
	context(&scenario, "c", kind);
	for (size_t i = 0; i < given_count; i++)
		lab_scenario_add_op(&scenario, given[i]);
	lab_scenario_normalise(&scenario);
	assert_int_equal(scenario.contexts[1].op_count, expected_count);
	for (size_t i = 0; i < expected_count; i++) {
		const struct lab_op *op = &scenario.ops[scenario.contexts[1].first_op + i];

		assert_int_equal(op->kind, expected[i].kind);
		assert_int_equal(op->gfp, expected[i].gfp);
		assert_int_equal(op->peer, expected[i].peer);
		assert_int_equal(op->irq_save, expected[i].irq_save);
	}
	assert_int_equal(lab_scenario_validate(&scenario, message, sizeof(message)), LAB_OK);
	lab_scenario_free(&scenario);
}

#define EXPECT_OPS(kind, given, expected)                                                                              \
	expect_ops(kind, given, sizeof(given) / sizeof(given[0]), expected, sizeof(expected) / sizeof(expected[0]))

static void test_kernel_request_under_lock_becomes_nowait(void **state)
{
	const struct lab_op given[] = {alloc_of(LAB_GFP_KERNEL), lock_of(1, false),
				       alloc_of(LAB_GFP_KERNEL | LAB_GFP_NOFAIL | LAB_GFP_ZERO), unlock_of(1),
				       alloc_of(LAB_GFP_KERNEL)};
	const struct lab_op expected[] = {alloc_of(LAB_GFP_KERNEL), lock_of(1, false),
					  alloc_of(LAB_GFP_NOWAIT | LAB_GFP_ZERO), unlock_of(1),
					  alloc_of(LAB_GFP_KERNEL)};

	EXPECT_OPS(LAB_CONTEXT_TASK, given, expected);
}

static void test_kernel_request_in_handler_becomes_nowait(void **state)
{
	const struct lab_op given[] = {alloc_of(LAB_GFP_KERNEL)};
	const struct lab_op expected[] = {alloc_of(LAB_GFP_NOWAIT)};

	EXPECT_OPS(LAB_CONTEXT_SOFTIRQ, given, expected);
	EXPECT_OPS(LAB_CONTEXT_HARDIRQ, given, expected);
	EXPECT_OPS(LAB_CONTEXT_NMI, given, expected);
}

static void test_contradictory_flags_are_dropped(void **state)
{
	const struct lab_op given[] = {alloc_of(LAB_GFP_ATOMIC | LAB_GFP_NOFAIL),
				       alloc_of(LAB_GFP_KERNEL | LAB_GFP_NOFAIL | LAB_GFP_NORETRY),
				       alloc_of(LAB_GFP_KERNEL | LAB_GFP_NOFAIL), alloc_of(0x80000000u)};
	const struct lab_op expected[] = {alloc_of(LAB_GFP_ATOMIC), alloc_of(LAB_GFP_KERNEL | LAB_GFP_NORETRY),
					  alloc_of(LAB_GFP_KERNEL | LAB_GFP_NOFAIL), alloc_of(0)};

	EXPECT_OPS(LAB_CONTEXT_TASK, given, expected);
}

static void test_locks_nest_in_ascending_order(void **state)
{
	const struct lab_op given[] = {lock_of(2, false), lock_of(1, false), lock_of(2, false), lock_of(5, false),
				       unlock_of(2),      unlock_of(5),      unlock_of(2)};
	const struct lab_op expected[] = {lock_of(2, false), lock_of(5, false), unlock_of(5), unlock_of(2)};

	EXPECT_OPS(LAB_CONTEXT_TASK, given, expected);
}

static void test_what_is_held_at_the_end_is_released_in_reverse(void **state)
{
	const struct lab_op given[] = {op_of(LAB_OP_IRQ_ON), lock_of(0, false), op_of(LAB_OP_IRQ_OFF),
				       lock_of(3, true)};
	const struct lab_op expected[] = {lock_of(0, false), op_of(LAB_OP_IRQ_OFF), lock_of(3, true),
					  unlock_of(3),      op_of(LAB_OP_IRQ_ON),  unlock_of(0)};

	EXPECT_OPS(LAB_CONTEXT_TASK, given, expected);
}

static void test_nmi_takes_no_lock_and_handlers_do_not_wait(void **state)
{
	const struct lab_op given[] = {lock_of(1, true), op_of(LAB_OP_WAIT), op_of(LAB_OP_OFFLINE), op_of(LAB_OP_FREE)};
	const struct lab_op nmi[] = {op_of(LAB_OP_FREE)};
	const struct lab_op soft[] = {lock_of(1, true), op_of(LAB_OP_FREE), unlock_of(1)};

	EXPECT_OPS(LAB_CONTEXT_NMI, given, nmi);
	EXPECT_OPS(LAB_CONTEXT_SOFTIRQ, given, soft);
}

static void test_no_wait_while_something_is_held(void **state)
{
	const struct lab_op given[] = {op_of(LAB_OP_IRQ_OFF), op_of(LAB_OP_WAIT), op_of(LAB_OP_IRQ_ON),
				       op_of(LAB_OP_WAIT)};
	const struct lab_op expected[] = {op_of(LAB_OP_IRQ_OFF), op_of(LAB_OP_IRQ_ON), op_of(LAB_OP_WAIT)};

	EXPECT_OPS(LAB_CONTEXT_TASK, given, expected);
}

static void test_a_lock_in_a_handler_makes_every_lock_mask_interrupts(void **state)
{
	struct lab_scenario scenario;

	lab_scenario_init(&scenario);
	context(&scenario, "stack", LAB_CONTEXT_TASK);
	lab_scenario_add_op(&scenario, lock_of(1, false));
	context(&scenario, "rx", LAB_CONTEXT_HARDIRQ);
	lab_scenario_add_op(&scenario, lock_of(7, false));
	lab_scenario_normalise(&scenario);
	assert_int_equal(scenario.op_count, 4);
	assert_true(scenario.ops[0].irq_save);
	assert_true(scenario.ops[2].irq_save);
	lab_scenario_free(&scenario);
}

static void test_handlers_raise_only_lower_levels(void **state)
{
	struct lab_scenario scenario;

	lab_scenario_init(&scenario);
	context(&scenario, "stack", LAB_CONTEXT_TASK);
	context(&scenario, "rx", LAB_CONTEXT_HARDIRQ);
	context(&scenario, "poll", LAB_CONTEXT_SOFTIRQ);
	context(&scenario, "pmu", LAB_CONTEXT_NMI);
	for (uint16_t peer = 0; peer < 5; peer++)
		lab_scenario_add_op(&scenario, (struct lab_op){.kind = LAB_OP_RAISE, .peer = peer});
	lab_scenario_normalise(&scenario);
	/* An nmi raises the hard and the soft line; not the task, itself, or one that is not there. */
	assert_int_equal(scenario.op_count, 2);
	assert_int_equal(scenario.ops[0].peer, 1);
	assert_int_equal(scenario.ops[1].peer, 2);
	lab_scenario_free(&scenario);
}

static void test_spans_are_merged_clipped_and_counted(void **state)
{
	struct lab_scenario scenario;
	struct lab_scenario_machine *machine = &scenario.machine;

	lab_scenario_init(&scenario);
	machine->frame_count = 100;
	machine->span_count = 4;
	machine->spans[0] = (struct lab_span){0, 10, LAB_ZONE_DMA};
	machine->spans[1] = (struct lab_span){10, 10, LAB_ZONE_DMA};
	machine->spans[2] = (struct lab_span){20, 10, LAB_ZONE_NORMAL};
	machine->spans[3] = (struct lab_span){90, UINT64_MAX, LAB_ZONE_NORMAL};
	machine->zones[LAB_ZONE_NORMAL] = (struct lab_zone_marks){.min = 15, .low = 3, .high = 99};
	lab_scenario_normalise(&scenario);
	assert_int_equal(machine->span_count, 3);
	assert_int_equal(machine->spans[0].frame_count, 20);
	assert_int_equal(machine->spans[2].frame_count, 10);
	assert_int_equal(machine->zones[LAB_ZONE_DMA].frames, 20);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].frames, 20);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].min, 15);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].low, 15);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].high, 20);
	lab_scenario_free(&scenario);
}

static void test_normalise_is_idempotent_and_validates(void **state)
{
	struct lab_scenario once, twice;
	struct lab_prng prng;
	char message[160];
	unsigned changed = 0;

	lab_scenario_init(&once);
	lab_scenario_init(&twice);
	lab_prng_seed(&prng, 1, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		random_garbage(&prng, &once);
		if (!once.context_count || lab_scenario_validate(&once, message, sizeof(message)) != LAB_OK)
			changed++;
		lab_scenario_normalise(&once);
		assert_int_equal(lab_scenario_validate(&once, message, sizeof(message)), LAB_OK);
		lab_scenario_copy(&twice, &once);
		lab_scenario_normalise(&twice);
		assert_true(lab_scenario_equal(&once, &twice));
	}
	/* The generator does make what has to be mended. */
	assert_true(changed > RUNS / 2);
	lab_scenario_free(&once);
	lab_scenario_free(&twice);
}

static void test_validate_names_the_first_flaw_and_mends_nothing(void **state)
{
	struct lab_scenario scenario, before;
	char message[160];

	lab_scenario_init(&scenario);
	lab_scenario_init(&before);
	context(&scenario, "stack", LAB_CONTEXT_TASK);
	scenario.machine.frame_count = 4;
	lab_scenario_normalise(&scenario);
	lab_scenario_add_op(&scenario, (struct lab_op){.kind = LAB_OP_FREE, .slot = 3});
	lab_scenario_add_op(&scenario, (struct lab_op){.kind = LAB_OP_FREE, .slot = 77});
	lab_scenario_copy(&before, &scenario);
	assert_int_equal(lab_scenario_validate(&scenario, message, sizeof(message)), LAB_INVALID);
	assert_string_equal(message, "op 1: slot is 77, expected 0..15");
	assert_true(lab_scenario_equal(&scenario, &before));
	scenario.contexts[0].first_op = 1;
	assert_int_equal(lab_scenario_validate(&scenario, message, sizeof(message)), LAB_INVALID);
	assert_non_null(strstr(message, "do not follow one another"));
	lab_scenario_free(&scenario);
	lab_scenario_free(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_request_under_lock_becomes_nowait),
		cmocka_unit_test(test_kernel_request_in_handler_becomes_nowait),
		cmocka_unit_test(test_contradictory_flags_are_dropped),
		cmocka_unit_test(test_locks_nest_in_ascending_order),
		cmocka_unit_test(test_what_is_held_at_the_end_is_released_in_reverse),
		cmocka_unit_test(test_nmi_takes_no_lock_and_handlers_do_not_wait),
		cmocka_unit_test(test_no_wait_while_something_is_held),
		cmocka_unit_test(test_a_lock_in_a_handler_makes_every_lock_mask_interrupts),
		cmocka_unit_test(test_handlers_raise_only_lower_levels),
		cmocka_unit_test(test_spans_are_merged_clipped_and_counted),
		cmocka_unit_test(test_normalise_is_idempotent_and_validates),
		cmocka_unit_test(test_validate_names_the_first_flaw_and_mends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
