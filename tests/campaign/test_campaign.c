/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "campaign/chart.h"
#include "campaign/sort.h"
#include "report/file.h"
#include "report/finding.h"

/* What makes two inputs one defect, how bytes are made few, and how numbers are told. */

static uint64_t signature_of(enum lab_rule rule, const char *detail)
{
	struct lab_finding finding = {.rule = rule};
	struct lab_scenario scenario;
	uint64_t signature;

	lab_scenario_init(&scenario);
	snprintf(finding.detail, sizeof(finding.detail), "%s", detail);
	signature = lab_finding_signature(&finding, &scenario);
	lab_scenario_free(&scenario);
	return signature;
}

static void test_signature(void **state)
{
	uint64_t one = signature_of(LAB_R03_RESERVE_FLOOR, "block=frame 0 order 2 zone=normal class=ordinary left=0 "
							   "floor=2 owners=task t0");

	assert_int_equal(one, signature_of(LAB_R03_RESERVE_FLOOR, "block=frame 32 order 1 zone=dma class=atomic left=7 "
								  "floor=1 owners=softirq s2"));
	assert_int_not_equal(one, signature_of(LAB_R01_EXCLUSIVE_OWNERSHIP, "block=frame 0 order 2 zone=normal "
									    "class=ordinary left=0 floor=2 owners=x"));
	assert_int_not_equal(signature_of(LAB_R02_MISUSE, "block=frame 0 order 0 foreign-free answered ok"),
			     signature_of(LAB_R02_MISUSE, "block=frame 0 order 0 double-free answered ok"));
	/* of a crash its place counts, numbers and all */
	assert_int_not_equal(signature_of(LAB_R00_CRASH, "x.c:1 in f"), signature_of(LAB_R00_CRASH, "x.c:2 in f"));
}

struct wanted {
	const char *letters; /* that must stay, in this order */
	unsigned runs;
};

static bool shows(void *arg, const char *path)
{
	struct wanted *wanted = arg;
	const char *at = wanted->letters;
	uint8_t *bytes;
	size_t count;

	wanted->runs++;
	assert_int_equal(lab_file_read(path, 4096, &bytes, &count), LAB_OK);
	for (size_t i = 0; i < count; i++)
		at += *at && bytes[i] == (uint8_t)*at;
	free(bytes);
	return !*at;
}

static void cut_to(const char *from, const char *letters)
{
	char path[] = "/tmp/labyrinth-cut-XXXXXX";
	struct wanted wanted = {.letters = letters};
	int fd = mkstemp(path);
	uint8_t *bytes;
	size_t count;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(lab_file_write(path, from, strlen(from)), LAB_OK);
	assert_int_equal(lab_cut(path, shows, &wanted), LAB_OK);
	assert_int_equal(lab_file_read(path, 4096, &bytes, &count), LAB_OK);
	assert_int_equal(count, strlen(letters));
	assert_memory_equal(bytes, letters, count);
	assert_true(wanted.runs < 200);
	free(bytes);
	unlink(path);
}

static void test_cut(void **state)
{
	cut_to("some noise, A, more of it that is long, B, and an end", "AB");
	cut_to("A", "A");
	cut_to("nothing of this matters", "");
	cut_to("", "");
}

static void test_numbers(void **state)
{
	char text[32];

	lab_chart_number(3256, text);
	assert_string_equal(text, "3,256");
	lab_chart_number(12345678, text);
	assert_string_equal(text, "12.3 M");
	lab_chart_number(0, text);
	assert_string_equal(text, "0");
	lab_chart_ns(1500, text);
	assert_string_equal(text, "1.5 µs");
	lab_chart_duration(90061, text);
	assert_string_equal(text, "1 d 1 h");
	lab_chart_duration(3700, text);
	assert_string_equal(text, "1 h 01 min");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
