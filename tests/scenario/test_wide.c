/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "scenario/decode.h"
#include "scenario/validate.h"

#define RUNS 1500u

static void expect_round_trip(const struct lab_scenario *scenario, struct lab_scenario *again)
{
	struct lab_wide_error error;
	uint8_t *bytes;
	size_t count;

	assert_int_equal(lab_scenario_encode_wide(scenario, &bytes, &count), LAB_OK);
	if (lab_scenario_decode_wide(bytes, count, again, &error) != LAB_OK)
		fail_msg("byte %zu: %s", error.offset, error.message);
	assert_true(lab_scenario_equal(scenario, again));
	free(bytes);
}

static void test_random_scenarios_round_trip(void **state)
{
	struct lab_scenario first, again;
	struct lab_prng prng;

	lab_scenario_init(&first);
	lab_scenario_init(&again);
	lab_prng_seed(&prng, 10, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		random_garbage(&prng, &first);
		lab_scenario_normalise(&first);
		expect_round_trip(&first, &again);
	}
	lab_scenario_free(&first);
	lab_scenario_free(&again);
}

/* Thirty-two threads and a gibibyte: what the fuzz form cannot hold. */
static void test_great_machines_fit(void **state)
{
	struct lab_scenario scenario, again;
	uint8_t bytes[8];
	size_t count;

	lab_scenario_init(&scenario);
	lab_scenario_init(&again);
	scenario.machine.page_shift = 12;
	scenario.machine.frame_count = 1 << 18;
	scenario.machine.cpu_count = 32;
	scenario.machine.order_max = 10;
	scenario.machine.span_count = 1;
	scenario.machine.spans[0] = (struct lab_span){0, 1 << 18, LAB_ZONE_NORMAL};
	for (unsigned i = 0; i < 32; i++) {
		struct lab_scenario_context *context = lab_scenario_add_context(&scenario);

		snprintf(context->name, sizeof(context->name), "thread-%u-of-thirty-two", i);
		context->cpu = i;
		for (unsigned op = 0; op < 1000; op++)
			lab_scenario_add_op(&scenario, (struct lab_op){.kind = LAB_OP_ALLOC,
								       .slot = (uint8_t)(op % LAB_SLOT_COUNT),
								       .gfp = LAB_GFP_KERNEL,
								       .order = (uint8_t)(op % 11)});
	}
	lab_scenario_normalise(&scenario);
	assert_int_equal(scenario.op_count, 32000);
	expect_round_trip(&scenario, &again);
	assert_string_equal(again.contexts[31].name, "thread-31-of-thirty-two");
	assert_int_equal(lab_scenario_encode(&scenario, bytes, sizeof(bytes), &count), LAB_INVALID);
	lab_scenario_free(&scenario);
	lab_scenario_free(&again);
}

static void small(struct lab_scenario *scenario)
{
	lab_scenario_init(scenario);
	strcpy(lab_scenario_add_context(scenario)->name, "t");
	lab_scenario_add_op(scenario, (struct lab_op){.kind = LAB_OP_FREE, .slot = 5});
	lab_scenario_add_directive(scenario, (struct lab_directive){.kind = LAB_DIRECTIVE_RUN, .count = 7});
	lab_scenario_add_schedule(scenario, (const uint8_t[]){1, 2, 3}, 3);
	scenario->machine.frame_count = 16;
	scenario->machine.span_count = 1;
	scenario->machine.spans[0] = (struct lab_span){0, 16, LAB_ZONE_NORMAL};
	lab_scenario_normalise(scenario);
}

/* Offsets in the wide form of small(): docs/format.md has the layout. */
enum {
	AT_FRAMES = 0,
	AT_PAGE_SHIFT = 8,
	AT_CPUS = 9,
	AT_ORDER_MAX = 10,
	AT_SPANS = 12,
	AT_ZONES = AT_SPANS + 17,
	AT_CONTEXT_COUNT = AT_ZONES + 80,
	AT_CONTEXT = AT_CONTEXT_COUNT + 2,
	AT_OP = AT_CONTEXT + 1 + 1 + 6,
	AT_DIRECTIVE_COUNT = AT_OP + 18,
	AT_DIRECTIVE = AT_DIRECTIVE_COUNT + 4,
	AT_SCHEDULE_COUNT = AT_DIRECTIVE + 9,
};

static void test_every_damaged_field_is_named(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		size_t offset;
		const char *message;
	} cases[] = {
		{AT_FRAMES, 0, 0, "machine: frames is 0, expected 1..16777216"},
		{AT_PAGE_SHIFT, 5, 0, "machine: page-shift is 5, expected 6..16"},
		{AT_CPUS, 65, 0, "machine: cpus is 65, expected 1..64"},
		{AT_ORDER_MAX, 11, 0, "machine: order-max is 11, expected 0..10"},
		{11, 17, 11, "machine: span count is 17, expected 1..16"},
		{AT_SPANS, 9, AT_SPANS, "span 0: 9, expected a span inside the machine"},
		{AT_SPANS + 8, 0, AT_SPANS, "span 0: 0, expected a span with frames in it"},
		{AT_SPANS + 16, 2, AT_SPANS, "span 0: 0, expected a span of zone dma or normal"},
		{AT_ZONES, 1, AT_ZONES, "zone 0: min is 1, expected 0..0"},
		{AT_ZONES + 40, 17, AT_ZONES + 40, "zone 1: min is 17, expected 0..16"},
		{AT_ZONES + 40 + 32, 1, AT_ZONES + 40, "zone 1: reserve is 1, expected 0..0"},
		{AT_CONTEXT_COUNT, 0, AT_CONTEXT_COUNT + 2, "context count is 0, expected 1..256"},
		{AT_CONTEXT, 24, AT_CONTEXT, "context 0: name of 24 bytes, expected 1..23"},
		{AT_CONTEXT + 1, '!', AT_CONTEXT,
		 "context 0: name is 0, expected a name of a letter, then letters, digits, _ and -"},
		{AT_CONTEXT + 1, 0, AT_CONTEXT, "context 0: name with a zero byte, expected letters"},
		{AT_CONTEXT + 2, 4, AT_CONTEXT, "context 0: kind is 4, expected 0..3"},
		{AT_CONTEXT + 2, 1, AT_CONTEXT, "context 0: kind is 1, expected a task"},
		{AT_CONTEXT + 3, 1, AT_CONTEXT, "context 0: cpu is 1, expected 0..0"},
		{AT_CONTEXT + 7, 255, AT_OP, "ops: 38 bytes are left, expected 4278190081 records of at least 18"},
		{AT_OP, LAB_OP_KIND_COUNT, AT_OP, "op 0: kind is 25, expected an operation, 0..24"},
		{AT_OP + 1, 16, AT_OP, "op 0: slot is 16, expected 0..15"},
		{AT_OP + 2, 1, AT_OP, "op 0: order is 1, expected 0..0"},
		{AT_OP + 3, 2, AT_OP, "op 0: irq is 2, expected 0 or 1"},
		{AT_OP + 3, 1, AT_OP, "op 0: irq is 1, expected 0"},
		{AT_OP + 4, 1, AT_OP, "op 0: peer is 1, expected no peer, a number below 1"},
		{AT_OP + 6, 1, AT_OP, "op 0: gfp is 1, expected 0"},
		{AT_OP + 10, 1, AT_OP, "op 0: value is 1, expected 0..0"},
		{AT_DIRECTIVE_COUNT + 3, 1, AT_DIRECTIVE,
		 "directives: 16 bytes are left, expected 16777217 records of at least 9"},
		{AT_DIRECTIVE, 3, AT_DIRECTIVE, "directive 0: kind is 3, expected 0..2"},
		{AT_DIRECTIVE + 1, 1, AT_DIRECTIVE, "directive 0: context is 1, expected a context of the scenario"},
		{AT_DIRECTIVE, 1, AT_DIRECTIVE, "directive 0: context is 0, expected a handler to fire"},
		{AT_SCHEDULE_COUNT, 4, AT_SCHEDULE_COUNT + 4,
		 "schedule: 3 bytes are left, expected 4 records of at least 1"},
		{AT_SCHEDULE_COUNT, 2, AT_SCHEDULE_COUNT + 6, "end: 1 bytes behind the schedule, expected none"},
	};
	struct lab_scenario scenario, read;
	struct lab_wide_error error;
	uint8_t *bytes;
	size_t count;

	small(&scenario);
	lab_scenario_init(&read);
	assert_int_equal(lab_scenario_encode_wide(&scenario, &bytes, &count), LAB_OK);
	assert_int_equal(count, AT_SCHEDULE_COUNT + 4 + 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t kept = bytes[cases[i].at];

		bytes[cases[i].at] = cases[i].value;
		assert_int_equal(lab_scenario_decode_wide(bytes, count, &read, &error), LAB_INVALID);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.offset, cases[i].offset);
		assert_int_equal(read.context_count + read.op_count, 0);
		bytes[cases[i].at] = kept;
	}
	free(bytes);
	lab_scenario_free(&scenario);
	lab_scenario_free(&read);
}

static void test_every_truncation_is_refused(void **state)
{
	struct lab_scenario scenario, read;
	struct lab_wide_error error;
	uint8_t *bytes;
	size_t count;

	small(&scenario);
	lab_scenario_init(&read);
	assert_int_equal(lab_scenario_encode_wide(&scenario, &bytes, &count), LAB_OK);
	for (size_t cut = 0; cut < count; cut++) {
		uint8_t *own = malloc(cut + 1);

		memcpy(own, bytes, cut);
		/* One byte in, so that the memory's end is the form's. */
		memmove(own + 1, own, cut);
		assert_int_equal(lab_scenario_decode_wide(own + 1, cut, &read, &error), LAB_INVALID);
		assert_in_range(error.offset, 0, cut);
		free(own);
	}
	free(bytes);
	lab_scenario_free(&scenario);
	lab_scenario_free(&read);
}

static void test_noise_is_refused_without_great_memory(void **state)
{
	struct lab_scenario read;
	struct lab_wide_error error;
	uint8_t bytes[RANDOM_BYTES_MAX];
	struct lab_prng prng;

	lab_scenario_init(&read);
	lab_prng_seed(&prng, 11, 0);
	for (unsigned run = 0; run < RUNS; run++)
		assert_int_equal(lab_scenario_decode_wide(bytes, random_bytes(&prng, bytes), &read, &error),
				 LAB_INVALID);
	assert_in_range(read.op_room, 0, 1000);
	lab_scenario_free(&read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_scenarios_round_trip),
		cmocka_unit_test(test_great_machines_fit),
		cmocka_unit_test(test_every_damaged_field_is_named),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_noise_is_refused_without_great_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
