/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "scenario/decode.h"
#include "scenario/text.h"
#include "scenario/validate.h"

#define RUNS 1500u

static char *print(const struct lab_scenario *scenario, size_t *ret_bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_bytes);

	assert_non_null(out);
	lab_scenario_print(scenario, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void parse(const char *text, struct lab_scenario *scenario)
{
	struct lab_text_error error = {0};

	if (lab_scenario_parse(text, strlen(text), scenario, &error) != LAB_OK)
		fail_msg("%u:%u: '%s', expected %s in:\n%s", error.line, error.column, error.word, error.expected,
			 text);
}

static const char example[] = "# a NIC fills its ring from hard interrupt while the stack frees\n"
			      "machine frames=512 hole=128+64 cpus=2 order-max=9\n"
			      "zone normal frames=0+512 min=32 low=40 high=48 reserve=0\n"
			      "\n"
			      "task    stack cpu=0 { r0 = alloc kernel 0; touch r0; free r0; }\n"
			      "hardirq rx    cpu=0 { p0 = alloc atomic|exclusive 0; touch p0; give p0 stack; }\n"
			      "schedule stack*3 rx stack*  # then the default\n";

static void test_example_parses(void **state)
{
	struct lab_scenario scenario;
	const struct lab_op *ops;

	lab_scenario_init(&scenario);
	parse(example, &scenario);
	ops = scenario.ops;
	assert_int_equal(scenario.machine.frame_count, 512);
	assert_int_equal(scenario.machine.page_shift, 6);
	assert_int_equal(scenario.machine.cpu_count, 2);
	assert_int_equal(scenario.machine.order_max, 9);
	assert_int_equal(scenario.machine.span_count, 2);
	assert_int_equal(scenario.machine.spans[0].frame_count, 128);
	assert_int_equal(scenario.machine.spans[1].first_frame, 192);
	assert_int_equal(scenario.machine.spans[1].frame_count, 320);
	assert_int_equal(scenario.machine.zones[LAB_ZONE_NORMAL].frames, 448);
	assert_int_equal(scenario.machine.zones[LAB_ZONE_NORMAL].low, 40);
	assert_int_equal(scenario.context_count, 2);
	assert_string_equal(scenario.contexts[1].name, "rx");
	assert_int_equal(scenario.contexts[1].kind, LAB_CONTEXT_HARDIRQ);
	assert_int_equal(scenario.op_count, 6);
	assert_int_equal(ops[0].kind, LAB_OP_ALLOC);
	assert_int_equal(ops[0].gfp, LAB_GFP_KERNEL);
	assert_int_equal(ops[3].gfp, LAB_GFP_ATOMIC | LAB_GFP_EXCLUSIVE);
	assert_int_equal(ops[5].kind, LAB_OP_GIVE);
	assert_int_equal(ops[5].peer, 0);
	assert_int_equal(scenario.directive_count, 3);
	assert_int_equal(scenario.directives[0].kind, LAB_DIRECTIVE_RUN);
	assert_int_equal(scenario.directives[0].count, 3);
	assert_int_equal(scenario.directives[1].kind, LAB_DIRECTIVE_FIRE);
	assert_int_equal(scenario.directives[1].context, 1);
	assert_int_equal(scenario.directives[2].count, 0);
	lab_scenario_free(&scenario);
}

static void test_what_is_left_out_has_defaults(void **state)
{
	struct lab_scenario scenario;
	const struct lab_scenario_machine *machine = &scenario.machine;

	lab_scenario_init(&scenario);
	parse("machine frames=64\ntask t { }", &scenario);
	assert_int_equal(machine->cpu_count, 1);
	assert_int_equal(machine->order_max, 10);
	assert_int_equal(machine->page_shift, 6);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].frames, 64);
	assert_int_equal(scenario.contexts[0].cpu, 0);
	parse("machine frames=64\nzone normal frames=0+64 min=32\ntask t { }", &scenario);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].low, 40);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].high, 48);
	parse("machine frames=64 hole=0+2\nzone normal frames=0+64 min=60\ntask t { }", &scenario);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].low, 62);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].high, 62);
	parse("machine frames=64\nzone normal frames=0+64 min=8 low=50\ntask t { }", &scenario);
	assert_int_equal(machine->zones[LAB_ZONE_NORMAL].high, 50);
	/* Frames of no zone are a hole as well. */
	parse("machine frames=64\nzone dma frames=8+8\ntask t { }", &scenario);
	assert_int_equal(machine->span_count, 1);
	assert_int_equal(machine->zones[LAB_ZONE_DMA].frames, 8);
	lab_scenario_free(&scenario);
}

static void test_canonical_print(void **state)
{
	const char *canonical = "machine frames=512 hole=128+64 cpus=2 order-max=9\n"
				"zone normal frames=0+512 min=32 low=40 high=48 reserve=0\n"
				"task stack cpu=0 {\n\ts0 = alloc kernel 0;\n\ttouch s0;\n\tfree s0;\n}\n"
				"hardirq rx cpu=0 {\n\ts0 = alloc atomic|exclusive 0;\n\ttouch s0;\n"
				"\tgive s0 stack;\n}\n"
				"schedule stack*3 rx stack*\n";
	struct lab_scenario scenario;
	size_t bytes;
	char *text;

	lab_scenario_init(&scenario);
	parse(example, &scenario);
	text = print(&scenario, &bytes);
	assert_string_equal(text, canonical);
	free(text);
	lab_scenario_free(&scenario);
}

/* Each operation and each statement, as docs/format.md has them. */
static const char everything[] =
	"machine frames=4096 hole=10+5 hole=64+64 cpus=64 order-max=10 page-shift=12\n"
	"zone dma frames=0+1024 frames=2048+16 min=1 low=2 high=3 reserve=4\n"
	"zone normal frames=1024+1024 frames=3000+1096 min=32 low=40 high=48 reserve=0\n"
	"task a cpu=0 {\n"
	"s0 = alloc none 0; abc15 = alloc dma|memalloc|zero 10; free s0; touch s1; give s2 b; take s3; map s4;\n"
	"unmap s5; free-twice s6; free-foreign s7 h; free-wrong-order s8; free-wild 4294967295; irq-off; irq-on;\n"
	"lock 0 irq; lock 7 irq; unlock 7; unlock 0; raise h; drain 63; offline 1; online 1; reap 1; memory 2 remove; "
	"memory 3 add; die; reclaim "
	"4096;\n"
	"watermark normal 100; watermark dma 0; wait; }\n"
	"task b cpu=63 { }\n"
	"softirq s cpu=0 { lock 3 irq; unlock 3; }\n"
	"hardirq h cpu=0 { raise s; }\n"
	"nmi n-1_x cpu=0 { raise h; raise s; }\n"
	"schedule bytes 00 03 fF\n"
	"schedule a* b*12 h n-1_x@a:46 n-1_x@h:1 s@a:4294967295\n"
	"schedule bytes 00\n";

static void test_every_statement_and_operation_round_trips(void **state)
{
	bool kinds[LAB_OP_KIND_COUNT] = {false};
	struct lab_scenario first, again;
	const uint8_t schedule[] = {0, 3, 255, 0};
	size_t bytes;
	char *text;

	lab_scenario_init(&first);
	lab_scenario_init(&again);
	parse(everything, &first);
	for (size_t i = 0; i < first.op_count; i++)
		kinds[first.ops[i].kind] = true;
	for (unsigned i = 0; i < LAB_OP_KIND_COUNT; i++)
		assert_true(kinds[i]);
	assert_int_equal(first.schedule_bytes, sizeof(schedule));
	assert_memory_equal(first.schedule, schedule, sizeof(schedule));
	assert_int_equal(first.machine.span_count, 6);
	text = print(&first, &bytes);
	parse(text, &again);
	assert_true(lab_scenario_equal(&first, &again));
	free(text);
	lab_scenario_free(&first);
	lab_scenario_free(&again);
}

static void test_random_scenarios_round_trip(void **state)
{
	struct lab_scenario first, again;
	uint8_t bytes[RANDOM_BYTES_MAX];
	struct lab_prng prng;

	lab_scenario_init(&first);
	lab_scenario_init(&again);
	lab_prng_seed(&prng, 7, 0);
	for (unsigned run = 0; run < RUNS; run++) {
		size_t count;
		char *text;

		if (run % 2) {
			lab_scenario_decode(bytes, random_bytes(&prng, bytes), &first);
		} else {
			random_garbage(&prng, &first);
			lab_scenario_normalise(&first);
		}
		text = print(&first, &count);
		parse(text, &again);
		assert_true(lab_scenario_equal(&first, &again));
		free(text);
	}
	lab_scenario_free(&first);
	lab_scenario_free(&again);
}

static void test_gfp_words(void **state)
{
	static const struct {
		lab_gfp gfp;
		const char *text;
	} cases[] = {
		{0, "none"},
		{LAB_GFP_KERNEL, "kernel"},
		{LAB_GFP_ATOMIC, "atomic"},
		{LAB_GFP_NOWAIT, "nowait"},
		{LAB_GFP_KERNEL | LAB_GFP_HIGH, "kernel|high"},
		{LAB_GFP_DIRECT_RECLAIM | LAB_GFP_ZERO, "direct|zero"},
		{LAB_GFP_ATOMIC | LAB_GFP_EXCLUSIVE | LAB_GFP_SHRED, "atomic|exclusive|shred"},
	};
	lab_gfp gfp = 0;
	char text[128], small[4];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_gfp_format(cases[i].gfp, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
	for (lab_gfp each = 0; each <= LAB_GFP_ALL; each++) {
		lab_gfp_format(each, text, sizeof(text));
		assert_true(lab_gfp_parse(text, strlen(text), &gfp));
		assert_int_equal(gfp, each);
	}
	assert_true(lab_gfp_parse("kswapd|direct", 13, &gfp));
	assert_int_equal(gfp, LAB_GFP_KERNEL);
	assert_false(lab_gfp_parse("kernal", 6, &gfp));
	assert_false(lab_gfp_parse("kernel|", 7, &gfp));
	assert_false(lab_gfp_parse("", 0, &gfp));
	lab_gfp_format(LAB_GFP_KERNEL, small, sizeof(small));
	assert_string_equal(small, "ker");
	lab_gfp_format(0x1000, text, sizeof(text));
	assert_string_equal(text, "0x1000");
}

static void test_op_format_cuts_to_fit(void **state)
{
	const struct lab_op op = {.kind = LAB_OP_ALLOC, .slot = 3, .gfp = LAB_GFP_ATOMIC, .order = 2};
	struct lab_scenario scenario;
	char text[64];

	lab_scenario_init(&scenario);
	lab_op_format(&scenario, &op, text, sizeof(text));
	assert_string_equal(text, "s3 = alloc atomic 2");
	memset(text, 'x', sizeof(text));
	lab_op_format(&scenario, &op, text, 5);
	assert_string_equal(text, "s3 =");
	lab_op_format(&scenario, &(struct lab_op){.kind = LAB_OP_GIVE, .peer = 9}, text, sizeof(text));
	assert_string_equal(text, "give s0 context-9");
	lab_scenario_free(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_parses),
		cmocka_unit_test(test_what_is_left_out_has_defaults),
		cmocka_unit_test(test_canonical_print),
		cmocka_unit_test(test_every_statement_and_operation_round_trips),
		cmocka_unit_test(test_random_scenarios_round_trip),
		cmocka_unit_test(test_gfp_words),
		cmocka_unit_test(test_op_format_cuts_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
