/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "plat/atomic.h"
#include "plat/thread.h"

/* Requests that wait, and the reclaimer: with services that count, and do what a test has them do. */

#define FRAMES 64u
#define ROUNDS 16u /* arena.h: rounds without progress */

static const struct lab_span span[] = {{0, FRAMES, LAB_ZONE_NORMAL}};
static const struct lab_zone_marks marks[LAB_ZONE_COUNT] = {
	[LAB_ZONE_NORMAL] = {.min = 8, .low = 12, .high = 20},
};

static struct lab_fixture fixture;
static struct lab_page *held[FRAMES];
static size_t held_count;
static unsigned slept, woken, asked, reclaims, kept; /* kept: frames that the shrinker has */
static unsigned free_in_sleep;                       /* the number of the sleep in which a frame comes back; 0: none */

static const struct lab_alloc_request taken = {.gfp = LAB_GFP_MEMALLOC, .owner = (lab_owner)1 << 48 | 1};

static void give_one(void)
{
	assert_int_equal(lab_page_free(&fixture.arena, held[--held_count], &taken), LAB_OK);
}

static void wait_on(void *arg, const uint32_t *key, uint32_t seen)
{
	assert_ptr_equal(arg, &fixture);
	slept++;
	if (slept == free_in_sleep) {
		assert_int_equal(*key, seen);
		give_one();
		assert_int_not_equal(*key, seen);
	}
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

static uint64_t shrink(void *arg, uint64_t frames)
{
	uint64_t given = 0;

	for (asked++; kept && given < frames; kept--, given++)
		give_one();
	return given;
}

static const struct lab_arena_shrinker shrinkers[] = {{.shrink = shrink}, {.shrink = shrink}};
static const struct lab_arena_services services = {
	.wait = wait_on,
	.wake = wake,
	.reclaim_wake = reclaim_wake,
	.shrinkers = shrinkers,
	.shrinker_count = 2,
	.arg = &fixture,
};

/* All but `left` frames are taken. */
static int open_with(unsigned left, const struct lab_arena_services *given)
{
	fixture_open(&fixture, span, 1, marks, 2, 0);
	for (held_count = 0; held_count < FRAMES - left; held_count++)
		assert_int_equal(lab_page_alloc(&fixture.arena, &taken, &held[held_count]), LAB_OK);
	lab_arena_serve(&fixture.arena, given);
	slept = woken = asked = reclaims = kept = free_in_sleep = 0;
	return 0;
}

static int close_all(void **state)
{
	while (held_count)
		give_one();
	fixture_close(&fixture);
	return 0;
}

static enum lab_status ask(lab_gfp gfp)
{
	struct lab_alloc_request request = fixture_request(gfp, 0, 1, 7);
	struct lab_page *page;
	enum lab_status status = lab_page_alloc(&fixture.arena, &request, &page);

	if (status == LAB_OK)
		assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
	return status;
}

static void nobody_waits_without_services(void **state)
{
	open_with(8, NULL);
	assert_int_equal(ask(LAB_GFP_KERNEL), LAB_NO_MEMORY);
	give_one();
	assert_int_equal(ask(LAB_GFP_KERNEL), LAB_OK);
}

static void sixteen_rounds_without_progress(void **state)
{
	open_with(8, &services);
	assert_int_equal(ask(LAB_GFP_KERNEL), LAB_NO_MEMORY);
	assert_int_equal(slept, ROUNDS - 1); /* the last look is not slept on */
	assert_int_equal(asked, 2 * ROUNDS);
	assert_int_equal(ask(LAB_GFP_NOWAIT), LAB_NO_MEMORY);
	assert_int_equal(slept, ROUNDS - 1);
}

static void noretry_does_not_sleep(void **state)
{
	open_with(8, &services);
	assert_int_equal(ask(LAB_GFP_KERNEL | LAB_GFP_NORETRY), LAB_NO_MEMORY);
	assert_int_equal(slept, 0);
	assert_int_equal(asked, 2);
	kept = 1;
	assert_int_equal(ask(LAB_GFP_KERNEL | LAB_GFP_NORETRY), LAB_OK);
}

static void nofail_goes_on(void **state)
{
	open_with(8, &services);
	free_in_sleep = 5 * ROUNDS;
	assert_int_equal(ask(LAB_GFP_KERNEL | LAB_GFP_NOFAIL), LAB_OK);
	assert_int_equal(slept, 5 * ROUNDS);
}

/* The release goes into a CPU's cache, and yet the sleeper is woken and gets it. */
static void a_release_wakes(void **state)
{
	open_with(8, &services);
	free_in_sleep = 3;
	assert_int_equal(ask(LAB_GFP_KERNEL), LAB_OK);
	assert_int_equal(slept, 3);
	assert_int_equal(woken, 2); /* once more by its own release: the last announcement was left behind */
	give_one();
	assert_int_equal(woken, 2); /* nobody waits any more */
}

static void lower_floors_wake(void **state)
{
	struct lab_zone_marks lower = {.min = 4, .low = 5, .high = 6};

	open_with(8, &services);
	assert_int_equal(ask(LAB_GFP_KERNEL), LAB_NO_MEMORY); /* leaves its announcement behind */
	assert_int_equal(lab_arena_set_marks(&fixture.arena, LAB_ZONE_NORMAL, &lower), LAB_OK);
	assert_int_equal(woken, 1);
}

static void who_may_wakes_the_reclaimer(void **state)
{
	open_with(12, &services);
	assert_int_equal(ask(LAB_GFP_DIRECT_RECLAIM), LAB_OK);
	assert_int_equal(reclaims, 0);
	assert_int_equal(ask(LAB_GFP_KERNEL), LAB_OK);
	assert_int_equal(reclaims, 1);
	assert_int_equal(ask(LAB_GFP_ATOMIC), LAB_OK);
	assert_int_equal(reclaims, 2);
}

static void the_reclaimer_keeps_high(void **state)
{
	open_with(10, &services);
	kept = 30;
	while (lab_arena_reclaim(&fixture.arena, LAB_ZONE_NORMAL))
		;
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 20);
	asked = 0;
	assert_false(lab_arena_reclaim(&fixture.arena, LAB_ZONE_NORMAL));
	assert_int_equal(asked, 0);
	assert_false(lab_arena_reclaim(&fixture.arena, LAB_ZONE_DMA));
	assert_false(lab_arena_reclaim(&fixture.arena, LAB_ZONE_COUNT));
}

static void the_reclaimer_rests_where_nothing_is_left(void **state)
{
	open_with(10, &services);
	kept = 3;
	assert_true(lab_arena_reclaim(&fixture.arena, LAB_ZONE_NORMAL));
	assert_false(lab_arena_reclaim(&fixture.arena, LAB_ZONE_NORMAL));
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 13);
}

static void *sleeper(void *arg)
{
	*(enum lab_status *)arg = ask(LAB_GFP_KERNEL | LAB_GFP_NOFAIL);
	return NULL;
}

static void a_futex_does(void **state)
{
	enum lab_status status = LAB_INVALID;
	struct lab_arena_services futex;
	struct lab_thread thread;

	lab_arena_services_futex(&futex);
	open_with(8, &futex);
	assert_int_equal(lab_thread_start(&thread, sleeper, &status), LAB_OK);
	lab_thread_sleep_ns(UINT64_C(10000000));
	give_one();
	lab_thread_join(&thread);
	assert_int_equal(status, LAB_OK);
}

/* Sleeps again and again on a word that nobody changes, until it was woken often enough. */
struct dozer {
	struct lab_arena_services services;
	uint32_t word;
	lab_atomic32 returns, enough;
};

static void *doze(void *arg)
{
	struct dozer *dozer = arg;

	while (!lab_load_relaxed(&dozer->enough)) {
		dozer->services.wait(NULL, &dozer->word, 0);
		lab_fetch_add_relaxed(&dozer->returns, 1);
	}
	return NULL;
}

/* A sleep ends by itself after a tenth of a second; so many in so short a time were woken. */
static void wakes_are_heard(struct dozer *dozer)
{
	struct lab_thread thread;

	assert_int_equal(lab_thread_start(&thread, doze, dozer), LAB_OK);
	for (unsigned i = 0; i < 4000 && lab_load_relaxed(&dozer->returns) < 100; i++) {
		dozer->services.wake(NULL, &dozer->word);
		lab_thread_sleep_ns(UINT64_C(1000000));
	}
	lab_store_relaxed(&dozer->enough, 1);
	lab_thread_join(&thread);
	assert_true(lab_load_relaxed(&dozer->returns) >= 100);
}

static void a_futex_hears_its_wakes(void **state)
{
	struct dozer own = {.word = 0}, shared = {.word = 0};

	lab_arena_services_futex(&own.services);
	lab_arena_services_futex_shared(&shared.services);
	wakes_are_heard(&own);
	wakes_are_heard(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nobody_waits_without_services, close_all),
		cmocka_unit_test_teardown(sixteen_rounds_without_progress, close_all),
		cmocka_unit_test_teardown(noretry_does_not_sleep, close_all),
		cmocka_unit_test_teardown(nofail_goes_on, close_all),
		cmocka_unit_test_teardown(a_release_wakes, close_all),
		cmocka_unit_test_teardown(lower_floors_wake, close_all),
		cmocka_unit_test_teardown(who_may_wakes_the_reclaimer, close_all),
		cmocka_unit_test_teardown(the_reclaimer_keeps_high, close_all),
		cmocka_unit_test_teardown(the_reclaimer_rests_where_nothing_is_left, close_all),
		cmocka_unit_test_teardown(a_futex_does, close_all),
		cmocka_unit_test(a_futex_hears_its_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
