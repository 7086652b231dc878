/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <pthread.h>
#include <string.h>

#include <labyrinth/memory.h>

#include "base/bits.h"
#include "plat/atomic.h"

/*
 * Memory that goes and comes: an absent span is a hole that nobody gets a frame of, all numbers are those of what is
 * left, and a removal that does not get all frames has taken none.
 */

#define NORMAL 0u
#define SMALL  1u
#define DMA    2u

static const struct lab_span spans[] = {
	{0, 1500, LAB_ZONE_NORMAL}, {1500, 600, LAB_ZONE_NORMAL}, {2100, 500, LAB_ZONE_DMA}};
static const struct lab_zone_marks none[LAB_ZONE_COUNT];

static enum lab_memory memory_of(const struct lab_fixture *fixture, unsigned span)
{
	enum lab_memory memory;
	struct lab_span it;

	assert_int_equal(lab_arena_memory(&fixture->arena, span, &it, &memory), LAB_OK);
	assert_int_equal(it.first_frame, spans[span].first_frame);
	assert_int_equal(it.frame_count, spans[span].frame_count);
	assert_int_equal(it.zone, spans[span].zone);
	return memory;
}

static void test_statuses(void **state)
{
	struct lab_fixture fixture;
	enum lab_memory memory;
	struct lab_span span;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, 2, 0);
	assert_int_equal(lab_arena_memory(&fixture.arena, 3, &span, &memory), LAB_INVALID);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, 3, 0), LAB_INVALID);
	assert_int_equal(lab_arena_memory_add(&fixture.arena, 3), LAB_INVALID);
	assert_int_equal(lab_arena_memory_add(&fixture.arena, SMALL), LAB_UNCHANGED);
	assert_int_equal(memory_of(&fixture, SMALL), LAB_MEMORY_PRESENT);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 0), LAB_OK);
	assert_int_equal(memory_of(&fixture, SMALL), LAB_MEMORY_ABSENT);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 0), LAB_UNCHANGED);
	fixture_check(&fixture);
	assert_int_equal(lab_arena_memory_add(&fixture.arena, SMALL), LAB_OK);
	assert_int_equal(memory_of(&fixture, SMALL), LAB_MEMORY_PRESENT);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* One comes back, and its neighbour stays away. */
static void test_neighbours_stay_away(void **state)
{
	struct lab_fixture fixture;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, 2, 0);
	for (unsigned span = 0; span < LAB_ARRAY_COUNT(spans); span++)
		assert_int_equal(lab_arena_memory_remove(&fixture.arena, span, 0), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 0);
	for (unsigned span = 0; span < LAB_ARRAY_COUNT(spans); span++) {
		assert_int_equal(lab_arena_memory_add(&fixture.arena, span), LAB_OK);
		assert_int_equal(lab_arena_free_frames(&fixture.arena), spans[span].frame_count);
		fixture_check(&fixture);
		assert_int_equal(lab_arena_memory_remove(&fixture.arena, span, 0), LAB_OK);
	}
	fixture_close(&fixture);
}

/* Takes all that there is in single frames: how many, and that none of them is an absent span's. */
static uint64_t exhaust(struct lab_fixture *fixture, unsigned absent, struct lab_page **pages)
{
	struct lab_alloc_request request = fixture_request(LAB_GFP_MEMALLOC, 0, 0, 0);
	uint64_t count = 0;

	for (;; count++) {
		uint64_t pfn;

		request.owner = lab_owner_make(1, count + 1);
		if (lab_page_alloc(&fixture->arena, &request, &pages[count]) != LAB_OK)
			return count;
		pfn = lab_page_pfn(&fixture->arena, pages[count]);
		assert_true(pfn < spans[absent].first_frame ||
			    pfn >= spans[absent].first_frame + spans[absent].frame_count);
	}
}

static void test_is_a_hole(void **state)
{
	struct lab_alloc_request request = fixture_request(LAB_GFP_KERNEL, 0, 0, 1);
	struct lab_page *pages[2600], *page;
	struct lab_fixture fixture;
	struct lab_arena_stat stat;
	uint64_t count;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, 2, 0);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 0), LAB_OK);
	stat = fixture_stat(&fixture);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].marks.frames, 1500);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].absent, 600);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].free, 1500);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 2000);
	count = exhaust(&fixture, SMALL, pages);
	assert_int_equal(count, 2000);
	fixture_check(&fixture);
	/* Any of its frames, at both ends too. */
	page = lab_page_at(&fixture.arena, 1500);
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_BAD_ADDRESS);
	assert_int_equal(lab_page_transfer(&fixture.arena, page, request.owner, request.owner + 1), LAB_BAD_ADDRESS);
	page = lab_page_at(&fixture.arena, 2099);
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_BAD_ADDRESS);
	assert_int_equal(lab_page_owner(&fixture.arena, page), LAB_OWNER_NONE);
	assert_int_equal(lab_arena_memory_add(&fixture.arena, SMALL), LAB_OK);
	assert_int_equal(fixture_stat(&fixture).zones[LAB_ZONE_NORMAL].absent, 0);
	assert_int_equal(fixture_stat(&fixture).zones[LAB_ZONE_NORMAL].free, 600);
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_NOT_ALLOCATED);
	assert_int_equal(exhaust(&fixture, DMA, pages), 600);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

static void do_not_wait(void *arg, const uint32_t *key, uint32_t seen)
{
	fail_msg("nobody is to wait here");
}

static void be_told(void *arg, const uint32_t *key)
{
}

static void be_asked(void *arg, unsigned zone)
{
}

/* What others' caches hold, parked or in a slot, what is not told and what is deferred is taken; and blocks grow whole.
 */
static void test_finds_all(void **state)
{
	const struct lab_arena_services services = {.wait = do_not_wait, .wake = be_told, .reclaim_wake = be_asked};
	struct lab_alloc_request order0 = fixture_request(LAB_GFP_NOWAIT, 0, 1, 1);
	struct lab_alloc_request order1 = fixture_request(LAB_GFP_NOWAIT, 1, 0, 2);
	struct lab_alloc_request shred = fixture_request(LAB_GFP_ATOMIC | LAB_GFP_SHRED, 4, 0, 3);
	struct lab_alloc_request great = fixture_request(LAB_GFP_ATOMIC, 9, 0, 4);
	struct lab_page *page, *second;
	struct lab_fixture fixture;
	struct lab_arena_stat stat;

	fixture_open(&fixture, &spans[NORMAL], 1, none, 2, LAB_ARENA_SHRED);
	lab_arena_serve(&fixture.arena, &services);
	page = fixture_take(&fixture, &order0);
	order0.owner++;
	second = fixture_take(&fixture, &order0);
	assert_int_equal(lab_page_free(&fixture.arena, second, &order0), LAB_OK);
	order0.owner--;
	assert_int_equal(lab_page_free(&fixture.arena, page, &order0), LAB_OK);
	page = fixture_take(&fixture, &order1);
	assert_int_equal(lab_page_free(&fixture.arena, page, &order1), LAB_OK);
	page = fixture_take(&fixture, &shred);
	assert_int_equal(lab_page_free(&fixture.arena, page, &shred), LAB_OK);
	stat = fixture_stat(&fixture);
	assert_true(stat.zones[LAB_ZONE_NORMAL].cached && stat.zones[LAB_ZONE_NORMAL].untold &&
		    stat.zones[LAB_ZONE_NORMAL].deferred);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, 0, 0), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 0);
	fixture_check(&fixture);
	assert_int_equal(lab_page_alloc(&fixture.arena, &order0, &page), LAB_NO_MEMORY);
	assert_int_equal(lab_arena_memory_add(&fixture.arena, 0), LAB_OK);
	fixture_take(&fixture, &great);
	great.owner++;
	fixture_take(&fixture, &great);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

static void test_all_or_nothing(void **state)
{
	struct lab_alloc_request request = fixture_request(LAB_GFP_KERNEL, 3, 0, 1);
	struct lab_fixture fixture;
	struct lab_arena_stat stat;
	struct lab_page *page;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, 2, 0);
	do {
		request.owner++;
		page = fixture_take(&fixture, &request);
	} while (lab_page_pfn(&fixture.arena, page) < spans[SMALL].first_frame);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 3), LAB_BUSY);
	assert_int_equal(memory_of(&fixture, SMALL), LAB_MEMORY_PRESENT);
	stat = fixture_stat(&fixture);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].absent, 0);
	fixture_check(&fixture);
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 0), LAB_OK);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* A zone that would go below its high mark keeps its memory; and exactly at it, it need not. */
static void test_keeps_the_high_mark(void **state)
{
	struct lab_zone_marks marks[LAB_ZONE_COUNT] = {[LAB_ZONE_NORMAL] = {.min = 100, .low = 200, .high = 1501}};
	struct lab_fixture fixture;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), marks, 2, 0);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 0), LAB_NO_MEMORY);
	assert_int_equal(fixture_stat(&fixture).zones[LAB_ZONE_NORMAL].budget, 2100);
	fixture_check(&fixture);
	marks[LAB_ZONE_NORMAL].high = 1500;
	assert_int_equal(lab_arena_set_marks(&fixture.arena, LAB_ZONE_NORMAL, &marks[LAB_ZONE_NORMAL]), LAB_OK);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 0), LAB_OK);
	assert_int_equal(fixture_stat(&fixture).zones[LAB_ZONE_NORMAL].budget, 1500);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

static void test_begins_absent(void **state)
{
	static const bool absent[] = {false, true, false};
	struct lab_arena_config config = {.frame_count = 2600,
					  .page_shift = FIXTURE_PAGE_SHIFT,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = 2,
					  .spans = spans,
					  .span_count = LAB_ARRAY_COUNT(spans),
					  .absent = absent,
					  .zones = none};
	struct lab_page *pages[2600];
	struct lab_fixture fixture = {.base = fixture_memory(2600)};

	assert_non_null(fixture.base);
	config.base = fixture.base;
	config.process_count = 1;
	assert_int_equal(lab_arena_create(&fixture.arena, &config), LAB_INVALID);
	config.process_count = 0;
	assert_int_equal(lab_arena_create(&fixture.arena, &config), LAB_OK);
	assert_int_equal(memory_of(&fixture, SMALL), LAB_MEMORY_ABSENT);
	fixture_check(&fixture);
	assert_int_equal(exhaust(&fixture, SMALL, pages), 2000);
	assert_int_equal(lab_arena_memory_add(&fixture.arena, SMALL), LAB_OK);
	assert_int_equal(exhaust(&fixture, DMA, pages), 600);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

static void test_not_where_processes_share(void **state)
{
	struct lab_arena_config config = {.frame_count = 2600,
					  .page_shift = FIXTURE_PAGE_SHIFT,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = 2,
					  .spans = spans,
					  .span_count = LAB_ARRAY_COUNT(spans),
					  .process_count = 1,
					  .zones = none};
	struct lab_fixture fixture = {.base = fixture_memory(2600)};
	unsigned process;

	config.base = fixture.base;
	assert_int_equal(lab_arena_create(&fixture.arena, &config), LAB_OK);
	assert_int_equal(lab_arena_join(&fixture.arena, &process), LAB_OK);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 0), LAB_UNSUPPORTED);
	assert_int_equal(lab_arena_memory_add(&fixture.arena, SMALL), LAB_UNSUPPORTED);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* The check tells a span that says of itself what its frames do not say. */
static void test_check_compares(void **state)
{
	struct lab_fixture fixture;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, 2, 0);
	assert_int_equal(lab_arena_memory_remove(&fixture.arena, SMALL, 0), LAB_OK);
	/* span_count words of 8 bytes, the first of which is the memory's: LAB_MEMORY_PRESENT is 0 */
	((uint32_t *)fixture.arena.spans)[2 * SMALL] = LAB_MEMORY_PRESENT;
	assert_int_equal(lab_arena_check(&fixture.arena, NULL), LAB_INVALID);
	((uint32_t *)fixture.arena.spans)[2 * SMALL] = LAB_MEMORY_CHANGING;
	assert_int_equal(lab_arena_check(&fixture.arena, NULL), LAB_INVALID);
	((uint32_t *)fixture.arena.spans)[2 * SMALL] = LAB_MEMORY_ABSENT;
	fixture_check(&fixture);
	fixture_close(&fixture);
}

#define THREADS 2u
#define TURNS   20000u

struct job {
	struct lab_fixture *fixture;
	unsigned cpu;
	lab_atomic32 *done;
};

static void *allocate(void *arg)
{
	const struct job *job = arg;
	struct lab_page *pages[8] = {NULL};

	for (uint64_t i = 0; i < TURNS; i++) {
		struct lab_alloc_request request = fixture_request(LAB_GFP_KERNEL, i % 3, job->cpu, i + 1);
		struct lab_alloc_request old = fixture_request(LAB_GFP_KERNEL, (i - 8) % 3, job->cpu, i - 7);

		if (pages[i % 8])
			assert_int_equal(lab_page_free(&job->fixture->arena, pages[i % 8], &old), LAB_OK);
		pages[i % 8] = NULL;
		if (lab_page_alloc(&job->fixture->arena, &request, &pages[i % 8]) == LAB_OK)
			memset(lab_page_address(&job->fixture->arena, pages[i % 8]), (int)i, 64);
	}
	for (uint64_t i = TURNS; i < TURNS + 8; i++) {
		struct lab_alloc_request old = fixture_request(LAB_GFP_KERNEL, (i - 8) % 3, job->cpu, i - 7);

		if (pages[i % 8])
			assert_int_equal(lab_page_free(&job->fixture->arena, pages[i % 8], &old), LAB_OK);
	}
	lab_fetch_add_relaxed(job->done, 1); /* only when to stop */
	return NULL;
}

static void test_while_others_allocate(void **state)
{
	struct lab_fixture fixture;
	struct job jobs[THREADS];
	pthread_t threads[THREADS];
	lab_atomic32 done = 0;
	unsigned span = 0;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, THREADS, 0);
	for (unsigned i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){&fixture, i, &done};
		assert_int_equal(pthread_create(&threads[i], NULL, allocate, &jobs[i]), 0);
	}
	while (lab_load_relaxed(&done) < THREADS) {
		enum lab_status status = lab_arena_memory_remove(&fixture.arena, span, 4);

		assert_true(status == LAB_OK || status == LAB_BUSY);
		if (status == LAB_OK) {
			/* Nobody has any of it, whatever else goes on: not a word of it is written. */
			memset((char *)fixture.base + (spans[span].first_frame << FIXTURE_PAGE_SHIFT), 0xee,
			       spans[span].frame_count << FIXTURE_PAGE_SHIFT);
			for (uint64_t i = 0; i < spans[span].frame_count << FIXTURE_PAGE_SHIFT; i++)
				assert_int_equal(((unsigned char *)fixture
							  .base)[(spans[span].first_frame << FIXTURE_PAGE_SHIFT) + i],
						 0xee);
			assert_int_equal(lab_arena_memory_add(&fixture.arena, span), LAB_OK);
		}
		span = (span + 1) % LAB_ARRAY_COUNT(spans);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (unsigned cpu = 0; cpu < THREADS; cpu++)
		assert_int_equal(lab_arena_drain(&fixture.arena, cpu), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 2600);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),       cmocka_unit_test(test_neighbours_stay_away),
		cmocka_unit_test(test_is_a_hole),      cmocka_unit_test(test_finds_all),
		cmocka_unit_test(test_all_or_nothing), cmocka_unit_test(test_keeps_the_high_mark),
		cmocka_unit_test(test_begins_absent),  cmocka_unit_test(test_not_where_processes_share),
		cmocka_unit_test(test_check_compares), cmocka_unit_test(test_while_others_allocate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
