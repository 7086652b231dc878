/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

/* Blocks that are overwritten after they were released. */

#define FRAMES 64u
#define OWNER  lab_owner_make(1, 1)

static const struct lab_span span[] = {{0, FRAMES, LAB_ZONE_NORMAL}};
static const struct lab_zone_marks marks[LAB_ZONE_COUNT] = {0};

static struct lab_fixture fixture;
static unsigned woken, reclaims;

static void wait_on(void *arg, const uint32_t *key, uint32_t seen)
{
}

static void wake(void *arg, const uint32_t *key)
{
	woken++;
}

static void reclaim_wake(void *arg, unsigned zone)
{
	assert_int_equal(zone, LAB_ZONE_NORMAL);
	reclaims++;
}

static const struct lab_arena_services services = {.wait = wait_on, .wake = wake, .reclaim_wake = reclaim_wake};
static const struct lab_arena_services without_worker = {.wait = wait_on, .wake = wake};

static int open_arena(void **state)
{
	fixture_open(&fixture, span, 1, marks, 2, LAB_ARENA_SHRED);
	lab_arena_serve(&fixture.arena, &services);
	woken = reclaims = 0;
	return 0;
}

static int close_arena(void **state)
{
	fixture_check(&fixture);
	fixture_close(&fixture);
	return 0;
}

static enum lab_status take(lab_gfp gfp, unsigned order, struct lab_page **ret_page)
{
	const struct lab_alloc_request request = {.gfp = gfp, .order = order, .owner = OWNER};

	return lab_page_alloc(&fixture.arena, &request, ret_page);
}

static enum lab_status give(struct lab_page *page, lab_gfp gfp, unsigned order)
{
	const struct lab_alloc_request request = {.gfp = gfp, .order = order, .owner = OWNER};

	return lab_page_free(&fixture.arena, page, &request);
}

static struct lab_page *take_written(unsigned order)
{
	struct lab_page *page;

	assert_int_equal(take(LAB_GFP_ATOMIC, order, &page), LAB_OK);
	memset(lab_page_address(&fixture.arena, page), 0x5a, (size_t)1 << (order + FIXTURE_PAGE_SHIFT));
	return page;
}

/* Words of the block that hold what its owner wrote. */
static unsigned left_in(const struct lab_page *page, unsigned order)
{
	const uint64_t *words = lab_page_address(&fixture.arena, page);
	unsigned left = 0;

	for (size_t i = 0; i < (size_t)1 << (order + FIXTURE_PAGE_SHIFT - 3); i++)
		left += words[i] == UINT64_C(0x5a5a5a5a5a5a5a5a);
	return left;
}

static uint64_t deferred(void)
{
	struct lab_arena_stat stat;

	lab_arena_stat(&fixture.arena, &stat);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].free, lab_arena_free_frames(&fixture.arena));
	return stat.zones[LAB_ZONE_NORMAL].deferred;
}

static void a_great_block_is_deferred_and_is_nobodys(void **state)
{
	struct lab_page *page = take_written(3);
	uint64_t before = lab_arena_free_frames(&fixture.arena);

	assert_int_equal(give(page, LAB_GFP_ATOMIC | LAB_GFP_SHRED, 3), LAB_OK);
	assert_int_equal(reclaims, 1);
	assert_int_equal(left_in(page, 3), 64);
	assert_int_equal(deferred(), 8);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), before);
	assert_int_equal(lab_page_owner(&fixture.arena, page), LAB_OWNER_NONE);
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(give(lab_page_at(&fixture.arena, lab_page_pfn(&fixture.arena, page) + i), 0, 0),
				 LAB_NOT_ALLOCATED);
	fixture_check(&fixture);
	assert_true(lab_arena_reclaim(&fixture.arena, LAB_ZONE_NORMAL));
	assert_int_equal(left_in(page, 3), 0);
	assert_int_equal(deferred(), 0);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), before + 8);
	assert_false(lab_arena_reclaim(&fixture.arena, LAB_ZONE_NORMAL));
	assert_false(lab_arena_shred_pending(&fixture.arena));
}

static void what_is_short_or_has_time_is_not(void **state)
{
	struct lab_page *small = take_written(1), *slow = take_written(2), *alone = take_written(2);

	assert_int_equal(give(small, LAB_GFP_ATOMIC | LAB_GFP_SHRED, 1), LAB_OK);
	assert_int_equal(left_in(small, 1), 0);
	assert_int_equal(give(slow, LAB_GFP_KERNEL | LAB_GFP_SHRED, 2), LAB_OK);
	assert_int_equal(left_in(slow, 2), 0);
	lab_arena_serve(&fixture.arena, &without_worker);
	assert_int_equal(give(alone, LAB_GFP_ATOMIC | LAB_GFP_SHRED, 2), LAB_OK);
	assert_int_equal(left_in(alone, 2), 0);
	assert_int_equal(reclaims, 0);
	assert_int_equal(deferred(), 0);
}

static void drain_and_pending_finish_the_last_one_first(void **state)
{
	struct lab_page *pages[3];

	for (unsigned i = 0; i < 3; i++)
		pages[i] = take_written(2);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(give(pages[i], LAB_GFP_ATOMIC | LAB_GFP_SHRED, 2), LAB_OK);
	assert_int_equal(deferred(), 12);
	fixture_check(&fixture);
	assert_true(lab_arena_shred_pending(&fixture.arena));
	assert_int_equal(left_in(pages[2], 2), 0);
	assert_int_equal(left_in(pages[1], 2), 32);
	assert_int_equal(lab_arena_drain(&fixture.arena, 1), LAB_OK);
	assert_int_equal(left_in(pages[0], 2) + left_in(pages[1], 2), 0);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), FRAMES);
}

/* Everything is taken, and one block of 32 frames is deferred. */
static struct lab_page *one_deferred(void)
{
	struct lab_page *great, *other;

	assert_int_equal(take(LAB_GFP_MEMALLOC, 5, &other), LAB_OK);
	great = take_written(5);
	assert_int_equal(give(great, LAB_GFP_ATOMIC | LAB_GFP_SHRED, 5), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 0);
	reclaims = 0;
	return great;
}

/* A single frame costs two frames' time, and not the whole block's. */
static void a_request_that_is_short_overwrites_what_it_needs(void **state)
{
	struct lab_page *great = one_deferred(), *page;

	assert_int_equal(take(LAB_GFP_ATOMIC, 0, &page), LAB_OK);
	assert_int_equal(deferred(), 30);
	assert_int_equal(left_in(great, 5), 30 * 8);
	assert_int_equal(left_in(page, 0), 0);
	assert_int_equal(reclaims, 1); /* what went back is not forgotten */
	fixture_check(&fixture);
	for (unsigned i = 1; i < 32; i++) {
		assert_int_equal(take(LAB_GFP_ATOMIC, 0, &page), LAB_OK);
		assert_int_equal(left_in(page, 0), 0);
		fixture_check(&fixture);
	}
	assert_int_equal(take(LAB_GFP_ATOMIC, 0, &page), LAB_NO_MEMORY);
	assert_int_equal(deferred(), 0);
}

/* A request without the right to wake the reclaimer does not. */
static void a_great_request_has_all_of_it_overwritten(void **state)
{
	struct lab_page *great = one_deferred(), *page;

	assert_int_equal(take(LAB_GFP_MEMALLOC, 5, &page), LAB_OK);
	assert_ptr_equal(page, great);
	assert_int_equal(left_in(page, 5), 0);
	assert_int_equal(deferred(), 0);
	assert_int_equal(reclaims, 0);
}

/* It would cost time and give nothing. */
static void what_would_not_suffice_is_left(void **state)
{
	const struct lab_zone_marks high[LAB_ZONE_COUNT] = {[LAB_ZONE_NORMAL] = {.min = 40, .low = 41, .high = 42}};
	struct lab_page *great = one_deferred(), *page;

	assert_int_equal(lab_arena_set_marks(&fixture.arena, LAB_ZONE_NORMAL, &high[LAB_ZONE_NORMAL]), LAB_OK);
	assert_int_equal(take(LAB_GFP_NOWAIT, 0, &page), LAB_NO_MEMORY);
	assert_int_equal(left_in(great, 5), 32 * 8);
	assert_int_equal(take(LAB_GFP_MEMALLOC, 0, &page), LAB_OK);
}

/* Nobody would drain it. */
static void a_cpu_that_goes_leaves_nothing_deferred(void **state)
{
	struct lab_page *before = take_written(2), *after = take_written(2);

	assert_int_equal(give(before, LAB_GFP_ATOMIC | LAB_GFP_SHRED, 2), LAB_OK);
	assert_int_equal(lab_arena_cpu_offline(&fixture.arena, 0), LAB_OK);
	assert_int_equal(left_in(before, 2), 0);
	assert_int_equal(give(after, LAB_GFP_ATOMIC | LAB_GFP_SHRED, 2), LAB_OK);
	assert_int_equal(left_in(after, 2), 0);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), FRAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_great_block_is_deferred_and_is_nobodys, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(what_is_short_or_has_time_is_not, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(drain_and_pending_finish_the_last_one_first, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(a_request_that_is_short_overwrites_what_it_needs, open_arena,
						close_arena),
		cmocka_unit_test_setup_teardown(a_great_request_has_all_of_it_overwritten, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(what_would_not_suffice_is_left, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(a_cpu_that_goes_leaves_nothing_deferred, open_arena, close_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
