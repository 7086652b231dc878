/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "scenario/decode.h"
#include "scenario/validate.h"
#include "scenario/words.h"

#define RUNS 6000u
/* Records of everything that the fuzz form can hold. */
#define ROOM 8192u

static void encode(const struct lab_scenario *scenario, uint8_t bytes[ROOM], size_t *ret_count)
{
	assert_int_equal(lab_scenario_encode(scenario, bytes, ROOM, ret_count), LAB_OK);
}

static void expect_bounds(const struct lab_scenario *scenario)
{
	unsigned tasks = 0, lines = 0;

	assert_in_range(scenario->machine.frame_count, 1, LAB_FUZZ_FRAME_MAX);
	assert_in_range(scenario->machine.cpu_count, 1, LAB_FUZZ_CPU_MAX);
	assert_int_equal(scenario->machine.page_shift, 6);
	for (size_t i = 0; i < scenario->context_count; i++) {
		assert_in_range(scenario->contexts[i].op_count, 0, LAB_FUZZ_OP_MAX);
		*(scenario->contexts[i].kind == LAB_CONTEXT_TASK ? &tasks : &lines) += 1;
	}
	assert_in_range(tasks, 1, LAB_FUZZ_TASK_MAX);
	assert_in_range(lines, 0, LAB_FUZZ_LINE_MAX);
}

static void test_every_byte_string_is_a_valid_scenario_in_canonical_form(void **state)
{
	struct lab_scenario first, again;
	uint8_t bytes[RANDOM_BYTES_MAX], canon[ROOM], canon_again[ROOM];
	size_t count, count_again;
	struct lab_prng prng;
	char message[160];

	lab_scenario_init(&first);
	lab_scenario_init(&again);
	lab_prng_seed(&prng, 2, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		size_t given = random_bytes(&prng, bytes);

		lab_scenario_decode(bytes, given, &first);
		assert_int_equal(lab_scenario_validate(&first, message, sizeof(message)), LAB_OK);
		expect_bounds(&first);
		encode(&first, canon, &count);
		lab_scenario_decode(canon, count, &again);
		assert_true(lab_scenario_equal(&first, &again));
		encode(&again, canon_again, &count_again);
		assert_int_equal(count, count_again);
		assert_memory_equal(canon, canon_again, count);
	}
	lab_scenario_free(&first);
	lab_scenario_free(&again);
}

static void expect_least(const struct lab_scenario *scenario)
{
	const struct lab_scenario_machine *machine = &scenario->machine;

	assert_int_equal(machine->frame_count, 1);
	assert_int_equal(machine->cpu_count, 1);
	assert_int_equal(machine->order_max, 0);
	assert_int_equal(machine->span_count, 1);
	assert_int_equal(machine->spans[0].frame_count, 1);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].high, 0);
	assert_int_equal(scenario->context_count, 1);
	assert_int_equal(scenario->contexts[0].kind, LAB_CONTEXT_TASK);
	assert_int_equal(scenario->contexts[0].cpu, 0);
	assert_int_equal(scenario->op_count, 0);
	assert_int_equal(scenario->directive_count, 0);
	assert_int_equal(scenario->schedule_bytes, 0);
}

static void test_nothing_and_zeroes_are_the_least_scenario(void **state)
{
	const uint8_t zeroes[301] = {0};
	struct lab_scenario scenario;
	uint8_t bytes[ROOM];
	size_t count;

	lab_scenario_init(&scenario);
	lab_scenario_decode(NULL, 0, &scenario);
	expect_least(&scenario);
	encode(&scenario, bytes, &count);
	assert_int_equal(count, 0);
	for (size_t given = 0; given <= sizeof(zeroes); given += 43) {
		lab_scenario_decode(zeroes, given, &scenario);
		expect_least(&scenario);
	}
	lab_scenario_free(&scenario);
}

/* How much there is: what zeroing or cutting may only make less. */
static size_t weight(const struct lab_scenario *scenario)
{
	return scenario->context_count + scenario->op_count + scenario->directive_count + scenario->schedule_bytes;
}

/* Records of operations that hold nothing: what is held reaches on into later operations, on purpose. */
static size_t stateless_records(struct lab_prng *prng, uint8_t *bytes)
{
	static const uint8_t kinds[] = {LAB_OP_ALLOC, LAB_OP_FREE,       LAB_OP_TOUCH,        LAB_OP_GIVE,
					LAB_OP_TAKE,  LAB_OP_FREE_TWICE, LAB_OP_FREE_FOREIGN, LAB_OP_FREE_WILD,
					LAB_OP_DRAIN, LAB_OP_RECLAIM};
	size_t records = 2 + lab_prng_below(prng, 60);

	for (size_t i = 0; i < records; i++) {
		bytes[4 * i] =
			(uint8_t)(1 + kinds[lab_prng_below(prng, sizeof(kinds))] + (lab_prng_below(prng, 8) << 5));
		for (unsigned k = 1; k < 4; k++)
			bytes[4 * i + k] = (uint8_t)lab_prng_u64(prng);
	}
	return 4 * records;
}

static void test_zeroing_and_cutting_never_grow(void **state)
{
	struct lab_scenario before, after;
	uint8_t bytes[RANDOM_BYTES_MAX];
	struct lab_prng prng;

	lab_scenario_init(&before);
	lab_scenario_init(&after);
	lab_prng_seed(&prng, 3, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		size_t count = stateless_records(&prng, bytes), at = 4 * lab_prng_below(&prng, count / 4);

		lab_scenario_decode(bytes, count, &before);
		lab_scenario_decode(bytes, lab_prng_below(&prng, count), &after);
		assert_true(weight(&after) <= weight(&before));
		bytes[at] = 0;
		lab_scenario_decode(bytes, count, &after);
		assert_true(weight(&after) < weight(&before));
	}
	lab_scenario_free(&before);
	lab_scenario_free(&after);
}

static unsigned op_differences(const struct lab_scenario *a, const struct lab_scenario *b)
{
	unsigned differences = 0;

	assert_int_equal(a->op_count, b->op_count);
	for (size_t i = 0; i < a->op_count; i++)
		differences += !lab_op_equal(&a->ops[i], &b->ops[i]);
	return differences;
}

static void test_one_byte_changes_one_operation(void **state)
{
	struct lab_scenario before, after;
	uint8_t bytes[RANDOM_BYTES_MAX];
	struct lab_prng prng;
	unsigned changed = 0;

	lab_scenario_init(&before);
	lab_scenario_init(&after);
	lab_prng_seed(&prng, 4, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		size_t count = stateless_records(&prng, bytes);
		size_t at = lab_prng_below(&prng, count);
		unsigned differences;

		if (at % 4 == 0)
			continue; /* the tag: another operation or context, in the next test */
		lab_scenario_decode(bytes, count, &before);
		bytes[at] ^= (uint8_t)(1 + lab_prng_below(&prng, 255));
		lab_scenario_decode(bytes, count, &after);
		differences = op_differences(&before, &after);
		assert_in_range(differences, 0, 1);
		changed += differences;
	}
	assert_true(changed > RUNS / 4);
	lab_scenario_free(&before);
	lab_scenario_free(&after);
}

static void test_an_inserted_operation_leaves_the_others_alone(void **state)
{
	struct lab_scenario before, after;
	uint8_t bytes[RANDOM_BYTES_MAX], more[RANDOM_BYTES_MAX];
	struct lab_prng prng;

	lab_scenario_init(&before);
	lab_scenario_init(&after);
	lab_prng_seed(&prng, 5, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		size_t count = stateless_records(&prng, bytes), at = 4 * lab_prng_below(&prng, count / 4 + 1);
		size_t same = 0, inserted;

		/* All eight contexts are there, so that no number moves. */
		for (unsigned id = 0; id < 8; id++, count += 4)
			memcpy(bytes + count, (uint8_t[]){(uint8_t)(23 | id << 5), 0, 0, 0}, 4);
		memcpy(more, bytes, at);
		memcpy(more + at, (uint8_t[]){(uint8_t)((1 + LAB_OP_TAKE) | lab_prng_below(&prng, 8) << 5), 9, 0, 0},
		       4);
		memcpy(more + at + 4, bytes + at, count - at);
		lab_scenario_decode(bytes, count, &before);
		lab_scenario_decode(more, count + 4, &after);
		if (after.op_count == before.op_count)
			continue; /* that context was full */
		assert_int_equal(after.op_count, before.op_count + 1);
		while (same < before.op_count && lab_op_equal(&after.ops[same], &before.ops[same]))
			same++;
		inserted = same;
		assert_int_equal(after.ops[inserted].kind, LAB_OP_TAKE);
		for (; same < before.op_count; same++)
			assert_true(lab_op_equal(&after.ops[same + 1], &before.ops[same]));
	}
	lab_scenario_free(&before);
	lab_scenario_free(&after);
}

static void test_one_byte_changes_one_choice(void **state)
{
	const uint8_t bytes[] = {28, 1, 2, 3, 28, 4, 5, 6, 28 | 2 << 5, 7, 8, 99};
	struct lab_scenario scenario;
	uint8_t altered[sizeof(bytes)];

	lab_scenario_init(&scenario);
	lab_scenario_decode(bytes, sizeof(bytes), &scenario);
	assert_int_equal(scenario.schedule_bytes, 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(scenario.schedule[i], i + 1);
	for (unsigned at = 0; at < 8; at++) {
		memcpy(altered, bytes, sizeof(bytes));
		altered[at / 3 * 4 + 1 + at % 3] = 200;
		lab_scenario_decode(altered, sizeof(altered), &scenario);
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(scenario.schedule[i], i == at ? 200 : i + 1);
	}
	lab_scenario_free(&scenario);
}

/* The decoder's whole reach, told by what random records lead to. */
static void test_random_records_reach_everything(void **state)
{
	bool kinds[LAB_OP_KIND_COUNT] = {false}, levels[LAB_CONTEXT_KIND_COUNT] = {false}, directives[3] = {false};
	bool holes = false, two_zones = false, reserve = false, cpus = false, order_10 = false, frames_4096 = false;
	uint8_t bytes[RANDOM_BYTES_MAX];
	struct lab_scenario scenario;
	struct lab_prng prng;

	lab_scenario_init(&scenario);
	lab_prng_seed(&prng, 6, 0);
	for (unsigned run = 0; run < 4 * RUNS; run++) {
		const struct lab_scenario_machine *machine = &scenario.machine;

		lab_scenario_decode(bytes, random_bytes(&prng, bytes), &scenario);
		for (size_t i = 0; i < scenario.op_count; i++)
			kinds[scenario.ops[i].kind] = true;
		for (size_t i = 0; i < scenario.context_count; i++)
			levels[scenario.contexts[i].kind] = true;
		for (size_t i = 0; i < scenario.directive_count; i++)
			directives[scenario.directives[i].kind] = true;
		holes |= machine->zones[0].frames + machine->zones[1].frames < machine->frame_count;
		two_zones |= machine->zones[0].frames && machine->zones[1].frames;
		reserve |= machine->zones[LAB_ZONE_DMA].lowmem_reserve[LAB_ZONE_NORMAL] > 0;
		cpus |= machine->cpu_count == 4;
		order_10 |= machine->order_max == 10;
		frames_4096 |= machine->frame_count > 4000;
	}
	for (unsigned i = 0; i < LAB_OP_KIND_COUNT; i++)
		assert_true(kinds[i]);
	for (unsigned i = 0; i < LAB_CONTEXT_KIND_COUNT; i++)
		assert_true(levels[i]);
	for (unsigned i = 0; i < 3; i++)
		assert_true(directives[i]);
	assert_true(holes && two_zones && reserve && cpus && order_10 && frames_4096);
	lab_scenario_free(&scenario);
}

static void test_encode_refuses_what_the_form_cannot_hold(void **state)
{
	struct lab_scenario scenario;
	uint8_t bytes[8];
	size_t count = 99;

	lab_scenario_init(&scenario);
	lab_scenario_decode((uint8_t[]){1, 0x21, 0, 0, 2, 1, 0, 0, 3, 1, 0, 0}, 12, &scenario);
	assert_int_equal(lab_scenario_encode(&scenario, bytes, sizeof(bytes), &count), LAB_NO_MEMORY);
	assert_int_equal(count, 12);
	scenario.machine.frame_count = LAB_FUZZ_FRAME_MAX + 1;
	assert_int_equal(lab_scenario_encode(&scenario, bytes, sizeof(bytes), &count), LAB_INVALID);
	scenario.machine.frame_count = 1;
	scenario.machine.page_shift = 12;
	assert_int_equal(lab_scenario_encode(&scenario, bytes, sizeof(bytes), &count), LAB_INVALID);
	lab_scenario_free(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte_string_is_a_valid_scenario_in_canonical_form),
		cmocka_unit_test(test_nothing_and_zeroes_are_the_least_scenario),
		cmocka_unit_test(test_zeroing_and_cutting_never_grow),
		cmocka_unit_test(test_one_byte_changes_one_operation),
		cmocka_unit_test(test_an_inserted_operation_leaves_the_others_alone),
		cmocka_unit_test(test_one_byte_changes_one_choice),
		cmocka_unit_test(test_random_records_reach_everything),
		cmocka_unit_test(test_encode_refuses_what_the_form_cannot_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
