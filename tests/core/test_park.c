/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

#include "base/bits.h"

/*
 * Frames that are parked with the CPU that released them (core/park.h): nobody's, in nobody's way, and out of nobody's
 * reach. The arena is great enough for a cache of more than the two slots that small ones have.
 */

#define FRAMES       16384u
#define CACHE_FRAMES 512u  /* 16 slots of 32 */
#define EDGE         2064u /* in the middle of a half-word */

static const struct lab_span one_span[] = {{0, FRAMES, LAB_ZONE_NORMAL}};
static const struct lab_span two_spans[] = {{0, EDGE, LAB_ZONE_NORMAL}, {EDGE, FRAMES - EDGE, LAB_ZONE_DMA}};
static const struct lab_zone_marks none[LAB_ZONE_COUNT];

static uint64_t take(struct lab_fixture *fixture, const struct lab_alloc_request *request)
{
	struct lab_page *page;

	assert_int_equal(lab_page_alloc(&fixture->arena, request, &page), LAB_OK);
	return lab_page_pfn(&fixture->arena, page);
}

static enum lab_status give(struct lab_fixture *fixture, uint64_t frame, const struct lab_alloc_request *request)
{
	return lab_page_free(&fixture->arena, lab_page_at(&fixture->arena, frame), request);
}

static struct lab_arena_stat stat_of(const struct lab_fixture *fixture)
{
	struct lab_arena_stat stat;

	lab_arena_stat(&fixture->arena, &stat);
	return stat;
}

static void a_parked_frame_is_nobodys(void **state)
{
	struct lab_alloc_request request = fixture_request(LAB_GFP_ATOMIC, 0, 0, 1);
	struct lab_alloc_request order1 = fixture_request(LAB_GFP_ATOMIC, 1, 0, 1);
	struct lab_fixture fixture;
	struct lab_page *page;
	uint64_t frame;

	fixture_open(&fixture, one_span, 1, none, 2, LAB_ARENA_VIEWS);
	take(&fixture, &request);
	frame = take(&fixture, &request);
	page = lab_page_at(&fixture.arena, frame);
	assert_int_equal(give(&fixture, frame, &request), LAB_OK);
	assert_int_equal(lab_page_owner(&fixture.arena, page), LAB_OWNER_NONE);
	assert_int_equal(give(&fixture, frame, &request), LAB_NOT_ALLOCATED);
	assert_int_equal(give(&fixture, frame, &order1), LAB_NOT_ALLOCATED);
	assert_int_equal(lab_page_transfer(&fixture.arena, page, request.owner, lab_owner_make(2, 1)),
			 LAB_NOT_ALLOCATED);
	assert_int_equal(lab_page_map(&fixture.arena, page, request.owner), LAB_NOT_ALLOCATED);
	fixture_check(&fixture);
	/* The one that is warm comes first. */
	request.owner = lab_owner_make(1, 2);
	assert_int_equal(take(&fixture, &request), frame);
	assert_int_equal(lab_page_owner(&fixture.arena, page), request.owner);
	fixture_close(&fixture);
}

/* In whatever order they are released: the next ones are served from there, and no shared word is written. */
static void the_cache_keeps_all_that_it_reaches_over(void **state)
{
	struct lab_alloc_request request = fixture_request(LAB_GFP_ATOMIC, 0, 0, 1);
	struct lab_fixture fixture;
	struct lab_arena_stat before, after;
	uint64_t frames[CACHE_FRAMES];

	fixture_open(&fixture, one_span, 1, none, 2, 0);
	for (unsigned i = 0; i < CACHE_FRAMES; i++)
		frames[i] = take(&fixture, &request);
	before = stat_of(&fixture);
	assert_int_equal(before.zones[LAB_ZONE_NORMAL].cached, 0);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < CACHE_FRAMES; i++) /* 173 and 512 have no common divisor: each once */
			assert_int_equal(give(&fixture, frames[i * 173 % CACHE_FRAMES], &request), LAB_OK);
		assert_int_equal(stat_of(&fixture).zones[LAB_ZONE_NORMAL].cached, CACHE_FRAMES);
		fixture_check(&fixture);
		for (unsigned i = 0; i < CACHE_FRAMES; i++)
			frames[i] = take(&fixture, &request);
	}
	after = stat_of(&fixture);
	assert_int_equal(after.refills, before.refills);
	assert_int_equal(after.zones[LAB_ZONE_NORMAL].budget, before.zones[LAB_ZONE_NORMAL].budget);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* A request with the right to the last frame has it, wherever it is parked, and once. */
static void none_is_out_of_reach(void **state)
{
	struct lab_alloc_request mine = fixture_request(LAB_GFP_ATOMIC | LAB_GFP_MEMALLOC, 0, 0, 1);
	struct lab_alloc_request other = fixture_request(LAB_GFP_ATOMIC | LAB_GFP_MEMALLOC, 0, 1, 1);
	struct lab_fixture fixture;
	struct lab_page *page;

	fixture_open(&fixture, one_span, 1, none, 2, 0);
	for (unsigned i = 0; i < FRAMES; i++)
		take(&fixture, &mine);
	for (unsigned i = 0; i < FRAMES; i++)
		assert_int_equal(give(&fixture, i * UINT64_C(5) % FRAMES, &mine), LAB_OK);
	assert_true(stat_of(&fixture).zones[LAB_ZONE_NORMAL].cached >= CACHE_FRAMES / 2);
	for (unsigned i = 0; i < FRAMES; i++)
		take(&fixture, &other);
	assert_int_equal(lab_page_alloc(&fixture.arena, &other, &page), LAB_NO_MEMORY);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* Two zones meet in a half-word: the frame behind the last one of the normal zone is parked, and no normal frame. */
static void a_zone_has_its_own(void **state)
{
	struct lab_alloc_request normal = fixture_request(LAB_GFP_ATOMIC | LAB_GFP_MEMALLOC, 0, 0, 1);
	struct lab_alloc_request dma = fixture_request(LAB_GFP_ATOMIC | LAB_GFP_DMA, 0, 0, 1);
	struct lab_fixture fixture;

	fixture_open(&fixture, two_spans, LAB_ARRAY_COUNT(two_spans), none, 1, 0);
	for (uint64_t frame = FRAMES; frame != EDGE;)
		frame = take(&fixture, &dma);
	assert_int_equal(give(&fixture, EDGE, &dma), LAB_OK);
	for (unsigned i = 0; i < EDGE; i++)
		assert_true(take(&fixture, &normal) < EDGE);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parked_frame_is_nobodys),
		cmocka_unit_test(the_cache_keeps_all_that_it_reaches_over),
		cmocka_unit_test(none_is_out_of_reach),
		cmocka_unit_test(a_zone_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
