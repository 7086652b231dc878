/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "scenario/decode.h"
#include "scenario/edit.h"
#include "scenario/mutate.h"
#include "scenario/mutate_schedule.h"
#include "scenario/validate.h"
#include "scenario/words.h"

#define RUNS 1500u
#define ROOM 8192u

/* Valid, and within what the fuzz form holds. */
static void expect_small(const struct lab_scenario *scenario)
{
	uint8_t bytes[ROOM];
	char message[160];
	size_t count;

	if (lab_scenario_validate(scenario, message, sizeof(message)) != LAB_OK)
		fail_msg("%s", message);
	assert_int_equal(lab_scenario_encode(scenario, bytes, sizeof(bytes), &count), LAB_OK);
}

static void test_generated_scenarios_are_valid_small_and_told_by_the_seed(void **state)
{
	const struct lab_scope all = lab_scope_of(NULL);
	struct lab_scenario first, again;
	struct lab_prng prng, prng_again;
	size_t ops[2] = {0, 0};

	lab_scenario_init(&first);
	lab_scenario_init(&again);
	lab_prng_seed(&prng, 12, 0);
	lab_prng_seed(&prng_again, 12, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		unsigned size = run % 2 ? 100 : 1;

		lab_scenario_generate(&prng, size, &all, &first);
		lab_scenario_generate(&prng_again, size, &all, &again);
		expect_small(&first);
		assert_true(lab_scenario_equal(&first, &again));
		ops[run % 2] += first.op_count;
	}
	/* Sizes grow with the size that is asked for. */
	assert_true(ops[1] > 10 * ops[0]);
	lab_scenario_free(&first);
	lab_scenario_free(&again);
}

static void test_generation_reaches_every_operation_and_level(void **state)
{
	const struct lab_scope all = lab_scope_of(NULL);
	unsigned kinds[LAB_OP_KIND_COUNT] = {0}, levels[LAB_CONTEXT_KIND_COUNT] = {0}, directives[3] = {0};
	unsigned holes = 0, dma = 0, empty_swarm = 0;
	struct lab_scenario scenario;
	struct lab_prng prng;

	lab_scenario_init(&scenario);
	lab_prng_seed(&prng, 13, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		bool frees = false;

		lab_scenario_generate(&prng, 60, &all, &scenario);
		for (size_t i = 0; i < scenario.op_count; i++) {
			kinds[scenario.ops[i].kind]++;
			frees |= scenario.ops[i].kind == LAB_OP_FREE;
		}
		for (size_t i = 0; i < scenario.context_count; i++)
			levels[scenario.contexts[i].kind]++;
		for (size_t i = 0; i < scenario.directive_count; i++)
			directives[scenario.directives[i].kind]++;
		holes += scenario.machine.span_count > 1;
		dma += scenario.machine.zones[LAB_ZONE_DMA].frames > 0;
		empty_swarm += scenario.op_count > 60 && !frees;
	}
	for (unsigned i = 0; i < LAB_OP_KIND_COUNT; i++)
		assert_true(kinds[i] > 20);
	for (unsigned i = 0; i < LAB_CONTEXT_KIND_COUNT; i++)
		assert_true(levels[i] > 20);
	for (unsigned i = 0; i < 3; i++)
		assert_true(directives[i] > 20);
	assert_true(holes > 20 && dma > 20);
	/* A swarm does leave operations out, even common ones. */
	assert_true(empty_swarm > 10);
	lab_scenario_free(&scenario);
}

/* What a mutation may do, told by what changed. */
struct changes {
	unsigned none, more_ops, fewer_ops, same_ops, contexts, directives, schedule, machine;
};

static void count_changes(struct changes *changes, const struct lab_scenario *before, const struct lab_scenario *after)
{
	changes->none += lab_scenario_equal(before, after);
	changes->more_ops += after->op_count > before->op_count;
	changes->fewer_ops += after->op_count < before->op_count;
	changes->contexts += after->context_count != before->context_count;
	changes->directives += after->directive_count != before->directive_count;
	changes->schedule += after->schedule_bytes != before->schedule_bytes;
	changes->machine += after->machine.frame_count != before->machine.frame_count ||
			    after->machine.span_count != before->machine.span_count;
	for (size_t i = 0; after->op_count == before->op_count && i < after->op_count; i++)
		changes->same_ops += !lab_op_equal(&before->ops[i], &after->ops[i]);
}

static void test_mutations_stay_valid_small_and_reach_everything(void **state)
{
	const struct lab_scope all = lab_scope_of(NULL);
	struct lab_scenario scenario, before;
	struct changes changes = {0};
	struct lab_prng prng;

	lab_scenario_init(&scenario);
	lab_scenario_init(&before);
	lab_prng_seed(&prng, 14, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		if (run % 100 == 0)
			lab_scenario_generate(&prng, 1 + run % 100, &all, &scenario);
		lab_scenario_copy(&before, &scenario);
		lab_scenario_mutate(&prng, &scenario);
		expect_small(&scenario);
		count_changes(&changes, &before, &scenario);
	}
	assert_true(changes.none < RUNS / 4);
	assert_true(changes.more_ops > 50 && changes.fewer_ops > 20 && changes.same_ops > 50);
	assert_true(changes.contexts > 20 && changes.directives > 20 && changes.schedule > 20 && changes.machine > 20);
	lab_scenario_free(&scenario);
	lab_scenario_free(&before);
}

static size_t count_switches(const struct lab_scenario *scenario)
{
	size_t count = 0;

	for (size_t i = 0; i < scenario->schedule_bytes; i++)
		count += scenario->schedule[i] != 0;
	return count;
}

/* One switch at choice 9: it goes, moves near and far, is turned to another, gets a second before, behind and far off.
 */
static void test_switches_come_go_and_move(void **state)
{
	static const uint8_t one[10] = {[9] = 3};
	unsigned gone = 0, next = 0, far = 0, turned = 0, second = 0, behind = 0;
	struct lab_scenario scenario;
	struct lab_prng prng;

	lab_scenario_init(&scenario);
	lab_prng_seed(&prng, 17, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		size_t last;

		lab_scenario_decode(NULL, 0, &scenario);
		lab_scenario_add_schedule(&scenario, one, sizeof(one));
		if (!lab_mutate_schedule(&prng, &scenario))
			continue;
		last = scenario.schedule_bytes - 1;
		gone += !count_switches(&scenario);
		second += count_switches(&scenario) == 2;
		behind += count_switches(&scenario) == 2 && last > 40;
		if (count_switches(&scenario) != 1)
			continue;
		turned += last == 9 && scenario.schedule[last] != 3;
		next += (last == 8 || last == 10) && scenario.schedule[last] == 3;
		far += last > 20 && scenario.schedule[last] == 3;
	}
	assert_true(gone > RUNS / 20 && turned > RUNS / 20 && next > RUNS / 20 && far > RUNS / 50);
	assert_true(second > RUNS / 20 && behind > RUNS / 50);
	lab_scenario_free(&scenario);
}

static void test_firing_points_move(void **state)
{
	struct lab_directive at = {.kind = LAB_DIRECTIVE_FIRE_AT, .context = 1, .host = 0, .count = 100};
	unsigned gone = 0, next = 0, far = 0, second = 0;
	struct lab_scenario scenario;
	struct lab_prng prng;

	lab_scenario_init(&scenario);
	lab_prng_seed(&prng, 18, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		lab_scenario_decode(NULL, 0, &scenario);
		lab_edit_add_context(&scenario, LAB_CONTEXT_HARDIRQ, 0);
		lab_scenario_add_directive(&scenario, at);
		if (!lab_mutate_directive(&prng, &scenario))
			continue;
		gone += !scenario.directive_count;
		second += scenario.directive_count == 2;
		if (scenario.directive_count != 1)
			continue;
		next += scenario.directives[0].count == 99 || scenario.directives[0].count == 101;
		far += scenario.directives[0].count < 80 || scenario.directives[0].count > 120;
	}
	assert_true(gone > RUNS / 10 && second > RUNS / 10 && next > RUNS / 20 && far > RUNS / 50);
	lab_scenario_free(&scenario);
}

static void test_mutations_from_nothing_and_at_the_bounds(void **state)
{
	struct lab_scenario scenario;
	uint8_t full[4 * 8 * 80];
	struct lab_prng prng;

	lab_scenario_init(&scenario);
	lab_prng_seed(&prng, 15, 0);
	lab_scenario_decode(NULL, 0, &scenario);
	for (unsigned run = 0; run < RUNS; run++) {
		lab_scenario_mutate(&prng, &scenario);
		expect_small(&scenario);
	}
	/* Every context there and full. */
	for (unsigned i = 0; i < 8 * 80; i++)
		memcpy(full + 4 * i, (uint8_t[]){(uint8_t)((1 + LAB_OP_ALLOC + i % 2) | i / 80 << 5), 1, 0, 0}, 4);
	for (unsigned run = 0; run < RUNS; run++) {
		if (run % 20 == 0)
			lab_scenario_decode(full, sizeof(full), &scenario);
		lab_scenario_mutate(&prng, &scenario);
		expect_small(&scenario);
	}
	lab_scenario_free(&scenario);
}

static void test_mutations_of_wide_scenarios_stay_valid(void **state)
{
	struct lab_scenario scenario;
	struct lab_prng prng;
	char message[160];

	lab_scenario_init(&scenario);
	lab_prng_seed(&prng, 16, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		if (run % 10 == 0) {
			random_garbage(&prng, &scenario);
			lab_scenario_normalise(&scenario);
		}
		lab_scenario_mutate(&prng, &scenario);
		assert_int_equal(lab_scenario_validate(&scenario, message, sizeof(message)), LAB_OK);
	}
	lab_scenario_free(&scenario);
}

static void test_children_are_valid_and_of_both_parents(void **state)
{
	const struct lab_scope all = lab_scope_of(NULL);
	struct lab_scenario a, b, child;
	unsigned of_both = 0, spliced = 0;
	struct lab_prng prng;

	lab_scenario_init(&a);
	lab_scenario_init(&b);
	lab_scenario_init(&child);
	lab_prng_seed(&prng, 17, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		bool of_a = false, of_b = false;

		lab_scenario_generate(&prng, 50, &all, &a);
		lab_scenario_generate(&prng, 50, &all, &b);
		/* Marks that survive the mending tell whose an operation is. */
		for (size_t i = 0; i < a.op_count; i++)
			if (a.ops[i].kind == LAB_OP_ALLOC)
				a.ops[i].slot = 1;
		for (size_t i = 0; i < b.op_count; i++)
			if (b.ops[i].kind == LAB_OP_ALLOC)
				b.ops[i].slot = 2;
		lab_scenario_cross(&prng, &a, &b, &child);
		expect_small(&child);
		for (size_t i = 0; i < child.context_count; i++) {
			bool in_a = false, in_b = false;

			for (size_t k = 0; k < child.contexts[i].op_count; k++) {
				const struct lab_op *op = &child.ops[child.contexts[i].first_op + k];

				if (op->kind != LAB_OP_ALLOC)
					continue;
				assert_in_range(op->slot, 1, 2);
				*(op->slot == 1 ? &in_a : &in_b) = true;
			}
			spliced += in_a && in_b;
			of_a |= in_a;
			of_b |= in_b;
		}
		of_both += of_a && of_b;
	}
	assert_true(of_both > RUNS / 4);
	/* Within one context too, not only context by context. */
	assert_true(spliced > RUNS / 4);
	lab_scenario_free(&a);
	lab_scenario_free(&b);
	lab_scenario_free(&child);
}

/* A line that one parent calls 1 and the other 3 is 3 in the child, whichever parent's operations name it. */
static void test_children_keep_whom_they_name(void **state)
{
	struct lab_scenario a, b, child;
	struct lab_prng prng;
	unsigned seen = 0;

	lab_scenario_init(&a);
	lab_scenario_init(&b);
	lab_scenario_init(&child);
	lab_prng_seed(&prng, 18, 0);
	lab_scenario_add_context(&a);
	lab_scenario_add_op(&a, (struct lab_op){.kind = LAB_OP_RAISE, .peer = 1});
	lab_scenario_add_op(&a, (struct lab_op){.kind = LAB_OP_GIVE, .peer = 1});
	lab_scenario_add_context(&a)->kind = LAB_CONTEXT_NMI;
	lab_scenario_add_directive(&a, (struct lab_directive){.kind = LAB_DIRECTIVE_FIRE, .context = 1});
	lab_scenario_normalise(&a);
	for (unsigned i = 0; i < 3; i++)
		lab_scenario_add_context(&b);
	lab_scenario_add_context(&b)->kind = LAB_CONTEXT_NMI;
	lab_scenario_normalise(&b);
	for (unsigned run = 0; run < 100; run++) {
		lab_scenario_cross(&prng, &a, &b, &child);
		assert_int_equal(child.context_count, 4);
		for (size_t i = 0; i < child.op_count; i++, seen++)
			assert_int_equal(child.ops[i].peer, 3);
		for (size_t i = 0; i < child.directive_count; i++, seen++)
			assert_int_equal(child.directives[i].context, 3);
	}
	assert_true(seen > 50);
	lab_scenario_free(&a);
	lab_scenario_free(&b);
	lab_scenario_free(&child);
}

/* Two tasks and a line, each with operations that name another: numbers follow what they name. */
static void test_edits_keep_names_and_layout(void **state)
{
	struct lab_scenario scenario;
	struct lab_op op;

	lab_scenario_init(&scenario);
	lab_scenario_add_context(&scenario);
	lab_scenario_add_op(&scenario, (struct lab_op){.kind = LAB_OP_GIVE, .peer = 1});
	lab_scenario_add_op(&scenario, (struct lab_op){.kind = LAB_OP_RAISE, .peer = 1});
	lab_scenario_add_context(&scenario)->kind = LAB_CONTEXT_HARDIRQ;
	lab_scenario_add_op(&scenario, (struct lab_op){.kind = LAB_OP_TOUCH, .slot = 7});
	lab_scenario_add_directive(
		&scenario, (struct lab_directive){.kind = LAB_DIRECTIVE_FIRE_AT, .context = 1, .host = 0, .count = 3});
	assert_int_equal(lab_edit_add_context(&scenario, LAB_CONTEXT_TASK, 0), 1);
	assert_int_equal(scenario.ops[0].peer, 2);
	assert_int_equal(scenario.ops[1].peer, 2);
	assert_int_equal(scenario.directives[0].context, 2);
	assert_int_equal(scenario.directives[0].host, 0);
	lab_edit_insert_op(&scenario, 1, 0, (struct lab_op){.kind = LAB_OP_WAIT});
	assert_int_equal(scenario.contexts[2].first_op, 3);
	assert_int_equal(scenario.ops[3].slot, 7);
	op = lab_edit_drop_op(&scenario, 0, 0);
	assert_int_equal(op.kind, LAB_OP_GIVE);
	assert_int_equal(scenario.contexts[2].first_op, 2);
	lab_edit_drop_context(&scenario, 1);
	assert_int_equal(scenario.context_count, 2);
	assert_int_equal(scenario.ops[0].peer, 1);
	assert_int_equal(scenario.directives[0].context, 1);
	lab_edit_drop_context(&scenario, 1);
	assert_int_equal(scenario.ops[0].peer, 0);
	assert_int_equal(scenario.directive_count, 0);
	assert_int_equal(scenario.op_count, 1);
	lab_scenario_free(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generated_scenarios_are_valid_small_and_told_by_the_seed),
		cmocka_unit_test(test_generation_reaches_every_operation_and_level),
		cmocka_unit_test(test_mutations_stay_valid_small_and_reach_everything),
		cmocka_unit_test(test_switches_come_go_and_move),
		cmocka_unit_test(test_firing_points_move),
		cmocka_unit_test(test_mutations_from_nothing_and_at_the_bounds),
		cmocka_unit_test(test_mutations_of_wide_scenarios_stay_valid),
		cmocka_unit_test(test_children_are_valid_and_of_both_parents),
		cmocka_unit_test(test_children_keep_whom_they_name),
		cmocka_unit_test(test_edits_keep_names_and_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
