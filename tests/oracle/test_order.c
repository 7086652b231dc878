/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/prng.h"
#include "oracle/history.h"
#include "target/registry.h"
#include "tests/oracle/broken.h"

/* R18. A call is `begin`, and later `took`, `freed` or `told` with whatever answer the test wants it to have had. */

static struct lab_rig rig;
static uint64_t generation;

struct open_call {
	struct lab_call call;
	struct lab_request request;
	unsigned actor;
	uint64_t frame;
};

/* NORMAL has frames 16..55 and 60..79 and min 8: its 60 frames, of which so many are left. */
static void start(unsigned left)
{
	struct lab_rig_block block;

	generation = 0x5000;
	lab_rig_start_alone(&rig, &lab_target_locked);
	for (; left < 60; left++)
		assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_MEMALLOC, 0, &block), LAB_OK);
}

static void begin(struct open_call *open, unsigned actor, lab_gfp gfp)
{
	open->actor = actor;
	open->request = (struct lab_request){.gfp = gfp, .owner = lab_owner_make(actor + 1, generation++)};
	lab_oracle_alloc_begin(rig.oracle, &open->call, actor, &open->request);
}

static void took(struct open_call *open)
{
	struct lab_request any = {.gfp = LAB_GFP_MEMALLOC, .owner = open->request.owner};
	void *block = NULL;

	assert_int_equal(rig.target->alloc(rig.self, &any, &block), LAB_OK);
	open->frame = lab_fixture_frame(&rig.fixture, block);
	lab_oracle_alloc_end(rig.oracle, &open->call, LAB_OK, block);
}

static void failed(struct open_call *open)
{
	lab_oracle_alloc_end(rig.oracle, &open->call, LAB_NO_MEMORY, NULL);
}

static void free_begin(struct open_call *open)
{
	lab_oracle_free_begin(rig.oracle, &open->call, open->actor, lab_fixture_block(&rig.fixture, open->frame),
			      &open->request);
}

static void freed(struct open_call *open)
{
	void *block = lab_fixture_block(&rig.fixture, open->frame);

	assert_int_equal(rig.target->free(rig.self, block, &open->request), LAB_OK);
	lab_oracle_free_end(rig.oracle, &open->call, block, LAB_OK);
}

static void stray_begin(struct open_call *open, unsigned actor, uint64_t frame)
{
	open->actor = actor;
	open->frame = frame;
	open->request = (struct lab_request){.owner = lab_owner_make(actor + 1, generation++)};
	lab_oracle_misuse_begin(rig.oracle, &open->call, actor, rig.self, &open->request);
}

static void told(struct open_call *open, enum lab_status status)
{
	lab_oracle_misuse_end(rig.oracle, &open->call, rig.self, LAB_MISUSE_WILD,
			      lab_fixture_block(&rig.fixture, open->frame), status);
}

/* Room for one, and two that overlap have it: R03 excuses each. */
static void test_both_looked_before_either_took(void **state)
{
	struct open_call a, b;

	start(9);
	begin(&a, 0, LAB_GFP_KERNEL);
	begin(&b, 1, LAB_GFP_KERNEL);
	took(&a);
	lab_broken_expect_none(&rig);
	took(&b);
	lab_broken_expect(&rig, LAB_R18_LINEARIZABILITY, "no order of 2 calls keeps each floor, 7 frames left; task a");
	assert_int_equal(lab_oracle_windows(rig.oracle), 1);
	lab_rig_stop(&rig);
}

static void test_room_for_both(void **state)
{
	struct open_call a, b;

	start(10);
	begin(&a, 0, LAB_GFP_KERNEL);
	begin(&b, 1, LAB_GFP_KERNEL);
	took(&a);
	took(&b);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* A failure that overlaps says nothing, and does not make a window of what is alone. */
static void test_failures_say_nothing(void **state)
{
	struct open_call a, b;

	start(9);
	begin(&a, 0, LAB_GFP_KERNEL);
	begin(&b, 1, LAB_GFP_KERNEL);
	took(&a);
	failed(&b);
	lab_broken_expect_none(&rig);
	assert_int_equal(lab_oracle_windows(rig.oracle), 0);
	lab_rig_stop(&rig);
}

/* Whoever has a right to the reserve goes last, though it ended first. */
static void test_the_order_is_not_that_of_the_ends(void **state)
{
	struct open_call ordinary, memalloc;

	start(9);
	begin(&ordinary, 0, LAB_GFP_KERNEL);
	begin(&memalloc, 2, LAB_GFP_MEMALLOC);
	took(&memalloc);
	took(&ordinary);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* What is freed during the window makes room, but for one only: the second one would need it twice. */
static void test_a_free_counts_once(void **state)
{
	struct open_call held, a, b, c;

	start(9);
	begin(&held, 2, LAB_GFP_KERNEL);
	took(&held);
	begin(&a, 0, LAB_GFP_KERNEL);
	free_begin(&held);
	took(&a);
	freed(&held);
	lab_broken_expect_none(&rig);

	free_begin(&a);
	begin(&b, 1, LAB_GFP_KERNEL);
	begin(&c, 2, LAB_GFP_KERNEL);
	took(&b);
	freed(&a);
	took(&c);
	lab_broken_expect(&rig, LAB_R18_LINEARIZABILITY, "no order of 3 calls keeps each floor, 7 frames left");
	lab_rig_stop(&rig);
}

/* Frames are chosen after admission: b was admitted before a freed what b then got. */
static void test_admission_may_come_first(void **state)
{
	struct open_call a, b, memalloc;

	start(9);
	begin(&b, 1, LAB_GFP_KERNEL);
	begin(&a, 0, LAB_GFP_MEMALLOC);
	took(&a);
	begin(&memalloc, 2, LAB_GFP_MEMALLOC);
	took(&memalloc);
	free_begin(&a);
	freed(&a);
	took(&b); /* a's frame, with 8 left by then */
	assert_int_equal(a.frame, b.frame);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* Marks that came and went: any of those in force during the call may be obeyed. */
static void test_marks_that_change(void **state)
{
	struct lab_zone_marks low = {.min = 4}, high = {.min = 8};
	struct open_call a, b;

	start(9);
	begin(&a, 0, LAB_GFP_KERNEL);
	begin(&b, 1, LAB_GFP_KERNEL);
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &low);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &low);
	lab_oracle_marks_begin(rig.oracle, LAB_ZONE_NORMAL, &high);
	lab_oracle_marks_end(rig.oracle, LAB_ZONE_NORMAL, &high);
	took(&a);
	took(&b);
	lab_broken_expect_none(&rig);
	lab_rig_stop(&rig);
}

/* Told that somebody owns it, then that nobody does, while it was being taken; the other way round it is right. */
static void test_answers_that_go_back_in_time(void **state)
{
	const enum lab_status forward[] = {LAB_NOT_ALLOCATED, LAB_WRONG_OWNER};

	for (unsigned way = 0; way < 2; way++) {
		struct open_call a, first, second;

		start(20);
		begin(&a, 0, LAB_GFP_KERNEL);
		took(&a);
		free_begin(&a);
		freed(&a);
		begin(&a, 0, LAB_GFP_KERNEL);
		stray_begin(&first, 1, a.frame);
		told(&first, forward[way]);
		stray_begin(&second, 1, a.frame);
		told(&second, forward[!way]);
		took(&a);
		assert_int_equal(a.frame, first.frame);
		if (way)
			lab_broken_expect(&rig, LAB_R18_LINEARIZABILITY, "no order of 3 calls makes each answer right");
		else
			lab_broken_expect_none(&rig);
		lab_rig_stop(&rig);
	}
}

/* Of a block's second frame, whatever else goes on. */
static void test_inside_a_block(void **state)
{
	const enum lab_status answers[] = {LAB_NOT_HEAD, LAB_WRONG_OWNER};

	for (unsigned wrong = 0; wrong < 2; wrong++) {
		struct lab_rig_block pair;
		struct open_call a, stray;

		start(20);
		assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 1, &pair), LAB_OK);
		begin(&a, 0, LAB_GFP_KERNEL);
		stray_begin(&stray, 1, lab_fixture_frame(&rig.fixture, pair.block) + 1);
		took(&a);
		told(&stray, answers[wrong]);
		if (wrong)
			lab_broken_expect(&rig, LAB_R18_LINEARIZABILITY, "was told wrong-owner");
		else
			lab_broken_expect_none(&rig);
		lab_rig_stop(&rig);
	}
}

/* Too long a window is counted and not judged, and the next one is judged from what it left. */
static void test_a_long_window_is_not_judged(void **state)
{
	struct open_call outer, inner, a, b;

	start(20);
	begin(&outer, 0, LAB_GFP_KERNEL);
	for (unsigned i = 0; i < 2 * LAB_HISTORY_CALLS; i++) {
		begin(&inner, 1, LAB_GFP_KERNEL);
		took(&inner);
		free_begin(&inner);
		freed(&inner);
	}
	for (unsigned i = 0; i < 10; i++) {
		begin(&inner, 1, LAB_GFP_KERNEL);
		took(&inner);
	}
	took(&outer); /* 9 are left */
	lab_broken_expect_none(&rig);
	assert_int_equal(lab_oracle_windows_unjudged(rig.oracle), 1);
	begin(&a, 0, LAB_GFP_KERNEL);
	begin(&b, 1, LAB_GFP_KERNEL);
	took(&a);
	took(&b);
	lab_broken_expect(&rig, LAB_R18_LINEARIZABILITY, "7 frames left");
	assert_int_equal(lab_oracle_windows_unjudged(rig.oracle), 1);
	lab_rig_stop(&rig);
}

/* A search that takes too long gives up, says so, and leaves the model whole. */
static void test_a_long_search_is_given_up(void **state)
{
	static struct open_call held[20];
	struct open_call first, second, a, b;

	start(29);
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(held); i++) {
		begin(&held[i], 0, LAB_GFP_KERNEL);
		took(&held[i]);
	}
	begin(&a, 2, LAB_GFP_KERNEL);
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(held); i++)
		free_begin(&held[i]);
	stray_begin(&first, 1, held[0].frame);
	told(&first, LAB_NOT_ALLOCATED);
	stray_begin(&second, 1, held[0].frame);
	told(&second, LAB_WRONG_OWNER); /* which no order explains */
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(held); i++)
		freed(&held[i]);
	failed(&a);
	assert_int_equal(lab_oracle_windows_unjudged(rig.oracle), 1);
	lab_broken_expect_none(&rig);
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(held); i++) {
		begin(&held[i], 0, LAB_GFP_KERNEL);
		took(&held[i]);
	}
	begin(&a, 0, LAB_GFP_KERNEL);
	begin(&b, 1, LAB_GFP_KERNEL);
	took(&a);
	took(&b);
	lab_broken_expect(&rig, LAB_R18_LINEARIZABILITY, "7 frames left");
	lab_rig_stop(&rig);
}

/* Whether some order is accepted, tried one by one. */
static bool any_order(struct lab_history *history, enum lab_side side, uint64_t calls, uint64_t done)
{
	for (uint64_t left = calls & ~done; left; left &= left - 1) {
		const struct lab_history_call *call = &history->calls[lab_bits_first(left)];
		bool may = lab_model_accepts(&history->model, side, &call->step), found;

		for (uint64_t others = calls & ~done; others; others &= others - 1)
			may &= history->calls[lab_bits_first(others)].end >= call->begin;
		if (!may)
			continue;
		lab_model_do(&history->model, side, &call->step);
		found = any_order(history, side, calls, done | (left & -left));
		lab_model_undo(&history->model, side, &call->step);
		if (found)
			return true;
	}
	return done == calls;
}

static struct lab_step random_step(struct lab_prng *prng)
{
	static const enum lab_status statuses[] = {LAB_NOT_ALLOCATED, LAB_WRONG_OWNER, LAB_NOT_HEAD};
	struct lab_step step = {
		.kind = (enum lab_step_kind)lab_prng_below(prng, 4),
		.frame = 16 + 2 * lab_prng_below(prng, 3),
		.zone = LAB_ZONE_NORMAL,
		.floor = 54 + lab_prng_below(prng, 5),
		.status = statuses[lab_prng_below(prng, 3)],
	};

	step.request.order = (unsigned)lab_prng_below(prng, 2);
	step.request.owner = 1 + lab_prng_below(prng, 2);
	step.to = 1 + lab_prng_below(prng, 2);
	step.frame += step.kind == LAB_STEP_STRAY && lab_prng_below(prng, 4) == 0;
	return step;
}

/* Random windows of a few frames and floors near the edge: the search answers as trying all orders does. */
static void test_search_is_right(void **state)
{
	unsigned yes = 0, no = 0;
	struct lab_history *history;
	struct lab_prng prng;

	lab_rig_start_alone(&rig, &lab_target_locked);
	assert_int_equal(lab_history_create(rig.oracle, &history), LAB_OK);
	lab_prng_seed(&prng, 7, 0);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned count = 1 + (unsigned)lab_prng_below(&prng, 6);
		enum lab_side side = round % 2 ? LAB_SIDE_COUNTS : LAB_SIDE_OWNERS;
		uint64_t calls = lab_bits_low(count);
		bool expected;

		lab_history_reset(history);
		history->model.owned[LAB_ZONE_NORMAL] = 3;
		for (unsigned i = 0; i < count; i++) {
			history->calls[i].begin = (uint32_t)lab_prng_below(&prng, 10);
			history->calls[i].end = history->calls[i].begin + 1 + (uint32_t)lab_prng_below(&prng, 6);
			history->calls[i].step = random_step(&prng);
		}
		expected = any_order(history, side, calls, 0);
		assert_int_equal(lab_history_search(history, side, calls), expected ? LAB_LINEAR_YES : LAB_LINEAR_NO);
		assert_true(history->model.owned[LAB_ZONE_NORMAL] == 3);
		yes += expected;
		no += !expected;
	}
	assert_true(yes > 1000);
	assert_true(no > 1000);
	lab_history_destroy(history);
	lab_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_looked_before_either_took),
		cmocka_unit_test(test_room_for_both),
		cmocka_unit_test(test_failures_say_nothing),
		cmocka_unit_test(test_the_order_is_not_that_of_the_ends),
		cmocka_unit_test(test_a_free_counts_once),
		cmocka_unit_test(test_admission_may_come_first),
		cmocka_unit_test(test_marks_that_change),
		cmocka_unit_test(test_answers_that_go_back_in_time),
		cmocka_unit_test(test_inside_a_block),
		cmocka_unit_test(test_a_long_window_is_not_judged),
		cmocka_unit_test(test_a_long_search_is_given_up),
		cmocka_unit_test(test_search_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
