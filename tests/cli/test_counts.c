/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/bench_frag.h"
#include "cli/coherence.h"

/* What the benches count with. */

static struct lab_coherence *caches;

static int open_caches(void **state)
{
	caches = lab_coherence_create();
	return 0;
}

static int close_caches(void **state)
{
	lab_coherence_destroy(caches);
	return 0;
}

static bool moves(unsigned cpu, uintptr_t address, bool write)
{
	return lab_coherence_touch(caches, cpu, address, write).moved;
}

static void a_line_of_one_cpu_never_moves(void **state)
{
	for (unsigned i = 0; i < 10; i++)
		assert_false(moves(3, 640 + 8 * (i % 8), i % 2));
	assert_false(lab_coherence_is_shared(caches, 640));
}

static void what_nobody_wrote_is_read_for_nothing(void **state)
{
	for (unsigned cpu = 0; cpu < 64; cpu++)
		assert_false(moves(cpu, 640, false));
	assert_true(lab_coherence_is_shared(caches, 696));
	assert_true(moves(5, 640, true)); /* the others' copies go */
	assert_false(moves(5, 640, true));
	assert_true(moves(6, 640, false));
	assert_false(moves(6, 648, false)); /* the line came as a whole */
	assert_false(moves(5, 640, false));
	assert_true(moves(5, 640, true)); /* 6 has a copy */
}

static void two_writers_move_it_each_time(void **state)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 100; i++)
		count += moves(i % 2, 64, true);
	assert_int_equal(count, 99);
}

static void neighbours_are_told_from_what_is_shared(void **state)
{
	assert_false(lab_coherence_touch(caches, 0, 64, true).moved);
	assert_true(lab_coherence_touch(caches, 1, 72, true).neighbour);
	assert_true(lab_coherence_touch(caches, 0, 64, true).neighbour);
	assert_true(lab_coherence_touch(caches, 1, 64, true).moved);
	assert_true(lab_coherence_touch(caches, 0, 64, true).moved);
	assert_false(lab_coherence_touch(caches, 1, 64, true).neighbour);
}

/* More lines than there was room for at first, and each word keeps its note. */
static void many_lines_are_kept_apart(void **state)
{
	for (uint32_t i = 0; i < 5000; i++)
		*lab_coherence_touch(caches, 0, (uintptr_t)i * 64, true).ret_note = i + 1;
	for (uint32_t i = 0; i < 5000; i++) {
		struct lab_coherence_move move = lab_coherence_touch(caches, 1, (uintptr_t)i * 64, false);

		assert_true(move.moved);
		assert_int_equal(*move.ret_note, i + 1);
	}
}

#define FRAMES 2048u

static void free_blocks_are_the_greatest_aligned_ones(void **state)
{
	static unsigned char owned[FRAMES];
	struct lab_frag_look look;

	memset(owned, 0, sizeof(owned));
	lab_frag_look_at(owned, FRAMES, &look);
	assert_int_equal(look.free, FRAMES);
	assert_int_equal(look.great, FRAMES);
	assert_int_equal(look.unusable[10], 0);
	owned[1500] = 1; /* of 1024 to 2047 the lower half goes to pieces: 1, 2, 4, ... 256 frames, one of each */
	lab_frag_look_at(owned, FRAMES, &look);
	assert_int_equal(look.free, FRAMES - 1);
	assert_int_equal(look.great, 1536);
	assert_int_equal(look.unusable[0], 0);
	assert_int_equal(look.unusable[1], 1);
	assert_int_equal(look.unusable[4], 15);
	assert_int_equal(look.unusable[10], 1023);
	for (unsigned frame = 0; frame < FRAMES; frame += 2)
		owned[frame] = 1;
	lab_frag_look_at(owned, FRAMES, &look);
	assert_int_equal(look.free, FRAMES / 2);
	assert_int_equal(look.great, 0);
	assert_int_equal(look.unusable[1], FRAMES / 2);
}

static void what_is_held_and_not_owned_is_of_no_use(void **state)
{
	struct lab_frag_look look;

	lab_frag_look_at_held(500, 1500, 4096, &look);
	assert_int_equal(look.free, 3596);
	assert_int_equal(look.great, 2560); /* five of 512 in the 2,596 that are left */
	assert_int_equal(look.unusable[9], 3596 - 2560);
	lab_frag_look_at_held(500, 5000, 4096, &look);
	assert_int_equal(look.great, 0);
	lab_frag_look_at_held(500, 0, 4096, &look); /* it cannot be less than what is owned */
	assert_int_equal(look.great, 3584);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_of_one_cpu_never_moves, open_caches, close_caches),
		cmocka_unit_test_setup_teardown(what_nobody_wrote_is_read_for_nothing, open_caches, close_caches),
		cmocka_unit_test_setup_teardown(two_writers_move_it_each_time, open_caches, close_caches),
		cmocka_unit_test_setup_teardown(neighbours_are_told_from_what_is_shared, open_caches, close_caches),
		cmocka_unit_test_setup_teardown(many_lines_are_kept_apart, open_caches, close_caches),
		cmocka_unit_test(free_blocks_are_the_greatest_aligned_ones),
		cmocka_unit_test(what_is_held_and_not_owned_is_of_no_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
