/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <pthread.h>
#include <string.h>

#include "base/bits.h"
#include "plat/atomic.h"

/*
 * CPUs that go and come: what their caches had is free for all, nothing is put there while they are away, and whoever
 * names them is served.
 */

#define FRAMES 2048u

static const struct lab_span spans[] = {{0, FRAMES - 512, LAB_ZONE_NORMAL}, {FRAMES - 512, 512, LAB_ZONE_DMA}};
static const struct lab_zone_marks none[LAB_ZONE_COUNT];

static void test_statuses(void **state)
{
	struct lab_fixture fixture;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, 2, 0);
	assert_int_equal(lab_arena_cpu_online(&fixture.arena, 0), LAB_UNCHANGED);
	assert_int_equal(lab_arena_cpu_offline(&fixture.arena, 2), LAB_INVALID);
	assert_int_equal(lab_arena_cpu_online(&fixture.arena, 2), LAB_INVALID);
	assert_int_equal(lab_arena_cpu_offline(&fixture.arena, 0), LAB_OK);
	assert_int_equal(lab_arena_cpu_offline(&fixture.arena, 0), LAB_UNCHANGED);
	assert_int_equal(lab_arena_cpu_offline(&fixture.arena, 1), LAB_OK);
	assert_int_equal(fixture_stat(&fixture).cpus_offline, 2);
	fixture_check(&fixture);
	assert_int_equal(lab_arena_cpu_online(&fixture.arena, 0), LAB_OK);
	assert_int_equal(lab_arena_cpu_online(&fixture.arena, 0), LAB_UNCHANGED);
	assert_int_equal(fixture_stat(&fixture).cpus_offline, 1);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* What was cached and what was not yet told is in the budget when the call returns. */
static void test_gives_back(void **state)
{
	struct lab_alloc_request order0 = fixture_request(LAB_GFP_KERNEL, 0, 1, 1);
	struct lab_alloc_request dma = fixture_request(LAB_GFP_KERNEL | LAB_GFP_DMA, 0, 1, 2);
	struct lab_alloc_request order1 = fixture_request(LAB_GFP_KERNEL, 1, 1, 3);
	struct lab_fixture fixture;
	struct lab_arena_stat stat;
	struct lab_page *page;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, 2, 0);
	page = fixture_take(&fixture, &order0);
	assert_int_equal(lab_page_free(&fixture.arena, page, &order0), LAB_OK);
	page = fixture_take(&fixture, &dma);
	assert_int_equal(lab_page_free(&fixture.arena, page, &dma), LAB_OK);
	page = fixture_take(&fixture, &order1);
	assert_int_equal(lab_page_free(&fixture.arena, page, &order1), LAB_OK);
	stat = fixture_stat(&fixture);
	assert_true(stat.zones[LAB_ZONE_NORMAL].cached && stat.zones[LAB_ZONE_NORMAL].untold);
	assert_true(stat.zones[LAB_ZONE_DMA].cached);

	assert_int_equal(lab_arena_cpu_offline(&fixture.arena, 1), LAB_OK);
	stat = fixture_stat(&fixture);
	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++) {
		assert_int_equal(stat.zones[zone].cached, 0);
		assert_int_equal(stat.zones[zone].untold, 0);
		assert_int_equal(stat.zones[zone].budget, stat.zones[zone].marks.frames);
	}
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* Every frame can be had and given back in the name of a CPU that is away, and none of it stays there. */
static void test_serves_offline(void **state)
{
	struct lab_alloc_request request = fixture_request(LAB_GFP_ATOMIC | LAB_GFP_MEMALLOC, 0, 0, 1);
	struct lab_fixture fixture;
	struct lab_page *page;

	fixture_open(&fixture, spans, LAB_ARRAY_COUNT(spans), none, 1, 0);
	assert_int_equal(lab_arena_cpu_offline(&fixture.arena, 0), LAB_OK);
	for (uint64_t i = 0; i < FRAMES; i++)
		assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_OK);
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_NO_MEMORY);
	fixture_check(&fixture);
	for (uint64_t i = 0; i < FRAMES; i++) {
		assert_int_equal(lab_page_free(&fixture.arena, lab_page_at(&fixture.arena, i), &request), LAB_OK);
		assert_int_equal(fixture_stat(&fixture).zones[LAB_ZONE_NORMAL].cached, 0);
		assert_int_equal(fixture_stat(&fixture).zones[LAB_ZONE_NORMAL].untold, 0);
	}
	fixture_check(&fixture);

	assert_int_equal(fixture_stat(&fixture).refills, 0);
	assert_int_equal(lab_arena_cpu_online(&fixture.arena, 0), LAB_OK);
	page = fixture_take(&fixture, &request);
	assert_int_equal(fixture_stat(&fixture).refills, 1);
	assert_true(fixture_stat(&fixture).zones[LAB_ZONE_NORMAL].cached);
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* Everybody uses one CPU's cache, which goes and comes all the while. */
#define THREADS 3u
#define ROUNDS  4000u
#define HELD    8u

static struct lab_fixture shared;
static lab_atomic32 left;

static void *use(void *arg)
{
	unsigned context = (unsigned)(uintptr_t)arg;
	struct lab_page *pages[HELD];
	struct lab_alloc_request request = {.gfp = LAB_GFP_ATOMIC, .owner = lab_owner_make(context, 1)};

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned held = 0;

		request.order = round % 4 == 0;
		for (; held < HELD; held++)
			if (lab_page_alloc(&shared.arena, &request, &pages[held]) != LAB_OK)
				break;
		assert_true(held > 0);
		while (held--)
			assert_int_equal(lab_page_free(&shared.arena, pages[held], &request), LAB_OK);
	}
	lab_fetch_sub_relaxed(&left, 1); /* the join orders */
	return NULL;
}

static void test_goes_while_used(void **state)
{
	pthread_t threads[THREADS];

	fixture_open(&shared, spans, LAB_ARRAY_COUNT(spans), none, 1, 0);
	lab_store_relaxed(&left, THREADS); /* the threads' start orders */
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, (void *)(uintptr_t)(i + 1)), 0);
	do { /* once at least, should the threads be over before this one runs */
		assert_int_equal(lab_arena_cpu_offline(&shared.arena, 0), LAB_OK);
		assert_int_equal(lab_arena_cpu_online(&shared.arena, 0), LAB_OK);
	} while (lab_load_relaxed(&left));
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(lab_arena_cpu_offline(&shared.arena, 0), LAB_OK);
	assert_int_equal(fixture_stat(&shared).zones[LAB_ZONE_NORMAL].budget, FRAMES - 512);
	assert_int_equal(fixture_stat(&shared).zones[LAB_ZONE_DMA].budget, 512);
	fixture_check(&shared);
	fixture_close(&shared);
}

/* Of two that change one CPU, one is told to come again. */
static void *plug(void *arg)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		enum lab_status status =
			i % 2 ? lab_arena_cpu_online(&shared.arena, 0) : lab_arena_cpu_offline(&shared.arena, 0);

		assert_true(status == LAB_OK || status == LAB_UNCHANGED || status == LAB_BUSY);
	}
	return NULL;
}

static void test_two_change_one(void **state)
{
	pthread_t other;

	fixture_open(&shared, spans, LAB_ARRAY_COUNT(spans), none, 1, 0);
	assert_int_equal(pthread_create(&other, NULL, plug, NULL), 0);
	plug(NULL);
	assert_int_equal(pthread_join(other, NULL), 0);
	fixture_check(&shared);
	fixture_close(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),       cmocka_unit_test(test_gives_back),
		cmocka_unit_test(test_serves_offline), cmocka_unit_test(test_goes_while_used),
		cmocka_unit_test(test_two_change_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
