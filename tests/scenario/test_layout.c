/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scenario/decode.h"
#include "scenario/text.h"

/* The layout that corpus files rely on, byte by byte, as docs/format.md has it. */
static const uint8_t records[][4] = {
	{24, 0xff, 0x31, 0x09},                /* machine: 0x1ff + 1 frames, 3 + 1 CPUs, order 9 */
	{25 | 1 << 5, 0x00, 0x01, 0x04},       /* range: dma 0x100+0x40 */
	{25, 0x80, 0x00, 0x01},                /* range: hole 0x80+0x10 */
	{26 | 1 << 5, 20, 0, 0},               /* mark: normal min 20 */
	{26 | 3 << 5, 30, 0, 0},               /* normal low 30 */
	{26 | 5 << 5, 40, 0, 0},               /* normal high 40 */
	{26 | 6 << 5, 7, 0, 0},                /* dma reserve 7 */
	{23 | 1 << 5, 2, 0, 0},                /* context: task 1 on CPU 2 */
	{23 | 5 << 5, 1 << 2 | 2, 0, 0},       /* context: line 1, hardirq on CPU 2 */
	{1 | 1 << 5, 0x53, 0x01, 0x02},        /* task 1: s3 = alloc, flags 0x201, order 5 */
	{4, 0x0f, 0x05, 0x00},                 /* task 0: give s15 to line 1 */
	{11, 0, 0x34, 0x12},                   /* task 0: free-wild 0x1234 */
	{14, 0x16, 0, 0},                      /* task 0: lock 6 irq, which the mender releases */
	{16, 0x01, 0, 0},                      /* task 0: raise line 1 */
	{17 | 1 << 5, 0x03, 0, 0},             /* task 1: drain 3 */
	{21, 0x01, 0x05, 0x00},                /* task 0: watermark normal 5 */
	{27 | 1 << 5, 0, 3, 0},                /* directive: task 1 runs 3 operations */
	{27 | 5 << 5, 1, 0, 0},                /* line 1 fires */
	{27 | 5 << 5, 2 | 1 << 2, 0x2e, 0x01}, /* line 1 fires at event 0x12e of task 1 */
	{28 | 2 << 5, 5, 6, 7},                /* schedule: 5, 6 */
	{28, 8, 9, 10},                        /* schedule: 8, 9, 10 */
};

static const char text[] = "machine frames=512 hole=128+16 cpus=4 order-max=9\n"
			   "zone dma frames=256+64 min=0 low=0 high=0 reserve=7\n"
			   "zone normal frames=0+256 frames=320+192 min=20 low=30 high=40 reserve=0\n"
			   "task t0 cpu=0 {\n\tgive s15 h2;\n\tfree-wild 4660;\n\tlock 6 irq;\n\traise h2;\n"
			   "\twatermark normal 5;\n\tunlock 6;\n}\n"
			   "task t1 cpu=2 {\n\ts3 = alloc dma|exclusive 5;\n\tdrain 3;\n}\n"
			   "hardirq h2 cpu=2 { }\n"
			   "schedule t1*3 h2 h2@t1:302\n"
			   "schedule bytes 05 06 08 09 0a\n";

static void test_layout_is_the_documented_one(void **state)
{
	struct lab_scenario scenario;
	size_t bytes;
	char *printed;
	FILE *out = open_memstream(&printed, &bytes);

	assert_non_null(out);
	lab_scenario_init(&scenario);
	lab_scenario_decode(records[0], sizeof(records), &scenario);
	lab_scenario_print(&scenario, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(printed, text);
	free(printed);
	lab_scenario_free(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_layout_is_the_documented_one)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
