/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/prng.h"
#include "target/buddy.h"
#include "target/registry.h"
#include "tests/target/fixture.h"

/*
 * `locked` against a model that is plainer still: a flag a frame. It knows which requests must succeed (enough frames
 * free above the floor, and an aligned run of free ones in one span), and checks each block that is handed out.
 */

#define FRAMES 96u
#define HELD   40u

static const struct lab_span spans[] = {
	{3, 21, LAB_ZONE_DMA}, {24, 25, LAB_ZONE_NORMAL}, {49, 7, LAB_ZONE_NORMAL}, {61, 35, LAB_ZONE_NORMAL}};

struct held {
	void *block;
	struct lab_request request;
};

static struct {
	struct lab_fixture fixture;
	void *self;
	bool used[FRAMES];
	struct held held[HELD];
	unsigned held_count;
	struct lab_prng prng;
} run;

static uint64_t model_free(enum lab_zone zone)
{
	uint64_t count = 0;

	for (size_t i = 0; i < LAB_ARRAY_COUNT(spans); i++)
		for (uint64_t frame = 0; frame < spans[i].frame_count; frame++)
			count += spans[i].zone == zone && !run.used[spans[i].first_frame + frame];
	return count;
}

static bool model_has_run(enum lab_zone zone, uint64_t frames)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(spans); i++)
		for (uint64_t at = 0; at + frames <= FRAMES; at += frames) {
			bool fits = spans[i].zone == zone && at >= spans[i].first_frame &&
				    at + frames <= spans[i].first_frame + spans[i].frame_count;

			for (uint64_t frame = at; fits && frame < at + frames; frame++)
				fits = !run.used[frame];
			if (fits)
				return true;
		}
	return false;
}

static bool model_can(enum lab_zone zone, lab_gfp gfp, unsigned order)
{
	static const uint64_t mins[LAB_ZONE_COUNT] = {3, 10}, dma_reserve = 5;
	uint64_t frames = UINT64_C(1) << order, floor = 0;

	if (!(gfp & LAB_GFP_MEMALLOC)) {
		floor = gfp & LAB_GFP_HIGH ? (mins[zone] + 1) / 2 : mins[zone];
		if (gfp & LAB_GFP_HIGH && !(gfp & LAB_GFP_DIRECT_RECLAIM))
			floor -= floor / 4;
		if (zone == LAB_ZONE_DMA && !(gfp & LAB_GFP_DMA))
			floor += dma_reserve;
	}
	return model_free(zone) >= floor + frames && model_has_run(zone, frames);
}

static void mark(const void *block, unsigned order, bool used)
{
	uint64_t first = lab_fixture_frame(&run.fixture, block);

	for (uint64_t frame = first; frame < first + (UINT64_C(1) << order); frame++) {
		assert_true(frame < FRAMES && run.used[frame] != used);
		run.used[frame] = used;
	}
}

static void step_alloc(uint64_t generation)
{
	static const lab_gfp classes[] = {LAB_GFP_KERNEL, LAB_GFP_KERNEL | LAB_GFP_HIGH, LAB_GFP_ATOMIC,
					  LAB_GFP_MEMALLOC};
	struct lab_request request = {.gfp = classes[lab_prng_below(&run.prng, 4)],
				      .order = (unsigned)lab_prng_below(&run.prng, 6),
				      .owner = lab_owner_make(1, generation)};
	bool expected;
	void *block;

	if (lab_prng_chance(&run.prng, 1, 3))
		request.gfp |= LAB_GFP_DMA;
	expected = (!(request.gfp & LAB_GFP_DMA) && model_can(LAB_ZONE_NORMAL, request.gfp, request.order)) ||
		   model_can(LAB_ZONE_DMA, request.gfp, request.order);
	assert_int_equal(lab_target_locked.alloc(run.self, &request, &block), expected ? LAB_OK : LAB_NO_MEMORY);
	if (!expected)
		return;
	mark(block, request.order, true);
	run.held[run.held_count++] = (struct held){block, request};
}

static void step_free(void)
{
	struct held *held = &run.held[lab_prng_below(&run.prng, run.held_count)];

	assert_int_equal(lab_target_locked.free(run.self, held->block, &held->request), LAB_OK);
	mark(held->block, held->request.order, false);
	*held = run.held[--run.held_count];
}

static void run_seed(uint64_t seed)
{
	run.held_count = 0;
	lab_prng_seed(&run.prng, seed, 0);
	for (unsigned frame = 0; frame < FRAMES; frame++)
		run.used[frame] = true; /* holes stay so */
	for (size_t i = 0; i < LAB_ARRAY_COUNT(spans); i++)
		for (uint64_t frame = 0; frame < spans[i].frame_count; frame++)
			run.used[spans[i].first_frame + frame] = false;
	lab_fixture_init(&run.fixture, 6, 4, spans, LAB_ARRAY_COUNT(spans));
	run.fixture.zones[LAB_ZONE_DMA].min = 3;
	run.fixture.zones[LAB_ZONE_NORMAL].min = 10;
	run.fixture.zones[LAB_ZONE_DMA].lowmem_reserve[LAB_ZONE_NORMAL] = 5;
	run.fixture.machine.order_max = 5;
	assert_int_equal(lab_target_locked.create(&run.fixture.machine, &run.self), LAB_OK);
	for (uint64_t step = 1; step <= 1500; step++) {
		if (run.held_count && (run.held_count == HELD || lab_prng_chance(&run.prng, 2, 5)))
			step_free();
		else
			step_alloc(step);
		if (step % 100 == 0) {
			assert_int_equal(lab_target_locked.free_frames(run.self),
					 model_free(LAB_ZONE_DMA) + model_free(LAB_ZONE_NORMAL));
			assert_int_equal(lab_target_locked.check(run.self), LAB_OK);
		}
	}
	lab_target_locked.destroy(run.self);
	lab_fixture_fini(&run.fixture);
}

static void test_agrees_with_the_model(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		run_seed(seed);
}

/* The buddy's own check must see what is wrong with its tables; each damage is undone before the next. */
static void test_check_sees_damage(void **state)
{
	struct lab_fixture fixture;
	struct lab_buddy buddy;
	uint64_t frame, first;

	lab_fixture_init(&fixture, 6, 4, spans, LAB_ARRAY_COUNT(spans));
	assert_int_equal(lab_buddy_init(&buddy, &fixture.machine), LAB_OK);
	assert_true(lab_buddy_take(&buddy, LAB_ZONE_NORMAL, 1, &frame));
	assert_true(lab_buddy_check(&buddy));

	buddy.free_frames[LAB_ZONE_NORMAL]++;
	assert_false(lab_buddy_check(&buddy));
	buddy.free_frames[LAB_ZONE_NORMAL]--;

	buddy.frames[frame].state = LAB_BUDDY_HOLE;
	assert_false(lab_buddy_check(&buddy));
	buddy.frames[frame].state = LAB_BUDDY_FREE_BODY; /* a frame given back to no list */
	assert_false(lab_buddy_check(&buddy));
	buddy.frames[frame].state = LAB_BUDDY_USED_HEAD;

	first = buddy.first[LAB_ZONE_NORMAL][0]; /* a block dropped from its list */
	buddy.first[LAB_ZONE_NORMAL][0] = UINT64_MAX;
	assert_false(lab_buddy_check(&buddy));
	buddy.first[LAB_ZONE_NORMAL][0] = first;

	first = buddy.first[LAB_ZONE_DMA][4]; /* a free block with a used frame inside */
	assert_int_equal(first, UINT64_MAX);
	first = buddy.first[LAB_ZONE_DMA][3];
	buddy.frames[first + 3].state = LAB_BUDDY_USED_BODY;
	assert_false(lab_buddy_check(&buddy));
	buddy.frames[first + 3].state = LAB_BUDDY_FREE_BODY;

	assert_true(lab_buddy_check(&buddy));
	lab_buddy_give(&buddy, frame);
	assert_true(lab_buddy_check(&buddy));
	lab_buddy_fini(&buddy);
	lab_fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_the_model),
		cmocka_unit_test(test_check_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
