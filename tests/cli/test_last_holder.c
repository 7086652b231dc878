/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <labyrinth/target.h>

#include "cli/arena_file.h"
#include "cli/stat.h"
#include "target/registry.h"

/* What the log of a finding says of who had its frame last. */

#define FRAMES 64u

static const struct lab_request request = {
	.gfp = LAB_GFP_ATOMIC | LAB_GFP_EXCLUSIVE, .order = 1, .owner = UINT64_C(3) << 48 | 1};

static __attribute__((noinline)) void *take_in_a_function_of_that_name(void *self)
{
	void *block;
	enum lab_status status = lab_target_core.alloc(self, &request, &block);

	assert_int_equal(status, LAB_OK);
	return block;
}

static void *create(const struct lab_machine *machine)
{
	void *self;

	assert_int_equal(lab_target_core.create(machine, &self), LAB_OK);
	return self;
}

static char *tell(uint64_t frame)
{
	struct lab_holder holder;
	struct lab_arena arena;
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	assert_true(lab_arena_file_watch(&arena));
	assert_true(lab_frame_last_holder(&arena, frame, &holder));
	lab_stat_tell_last(out, &arena, &holder, frame, "task 7");
	fclose(out);
	return text;
}

static void who_had_a_frame_last_is_told(void **state)
{
	static const struct lab_span spans[] = {{0, FRAMES, LAB_ZONE_NORMAL}};
	static const struct lab_zone_marks zones[LAB_ZONE_COUNT] = {[LAB_ZONE_NORMAL] = {.frames = FRAMES}};
	struct lab_machine machine = {.frame_count = FRAMES,
				      .page_shift = 12,
				      .order_max = 6,
				      .cpu_count = 1,
				      .spans = spans,
				      .span_count = 1,
				      .zones = zones,
				      .zone_count = LAB_ZONE_COUNT,
				      .base = aligned_alloc(4096, FRAMES << 12)};
	uint64_t frame;
	void *self, *block;
	char *text;

	assert_non_null(machine.base);
	assert_int_equal(lab_arena_file_use(NULL), LAB_OK);
	lab_target_core.destroy(create(&machine)); /* as for a census */
	self = create(&machine);
	lab_trace_thread();
	block = take_in_a_function_of_that_name(self);
	assert_int_equal(lab_target_core.free(self, block, &request), LAB_OK);
	frame = (uint64_t)((char *)block - (char *)machine.base) >> 12;
	text = tell(frame + 1);
	assert_non_null(strstr(text, "of_frame"));
	assert_non_null(strstr(text, "task 7"));
	assert_non_null(strstr(text, "atomic|exclusive"));
	assert_non_null(strstr(text, "context=3 generation=1"));
	assert_non_null(strstr(text, "take_in_a_function_of_that_name"));
	assert_true(strstr(text, "still_held  false") != NULL);
	free(text);
	lab_target_core.destroy(self);
	free(machine.base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_had_a_frame_last_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
