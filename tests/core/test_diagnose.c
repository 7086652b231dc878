/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <labyrinth/diagnose.h>

#include "base/bits.h"
#include "base/prng.h"
#include "plat/atomic.h"

/* Who holds what, since when, from where; and what is left. */

static const struct lab_span spans[] = {{0, 1500, LAB_ZONE_NORMAL}, {1600, 500, LAB_ZONE_DMA}};
static const struct lab_zone_marks marks[LAB_ZONE_COUNT] = {
	[LAB_ZONE_DMA] = {.min = 16, .low = 20, .high = 24, .lowmem_reserve = {0, 100}},
	[LAB_ZONE_NORMAL] = {.min = 64, .low = 80, .high = 96},
};

static struct lab_fixture fixture;

static int open_traced(void **state)
{
	fixture_open(&fixture, spans, 2, marks, 2, LAB_ARENA_TRACE | LAB_ARENA_VIEWS);
	return 0;
}

static int close_traced(void **state)
{
	fixture_close(&fixture);
	return 0;
}

static struct lab_page *take(lab_gfp gfp, unsigned order, uint64_t generation)
{
	struct lab_alloc_request request = fixture_request(gfp, order, 1, generation);
	struct lab_page *page;

	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_OK);
	return page;
}

static void give(struct lab_page *page, unsigned order, uint64_t generation)
{
	struct lab_alloc_request request = fixture_request(0, order, 1, generation);

	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
}

static unsigned count_holders(void)
{
	struct lab_holder holder;
	uint64_t cursor = 0;
	unsigned count = 0;

	while (lab_arena_holder_next(&fixture.arena, &cursor, &holder))
		count++;
	return count;
}

static void a_holder_is_told_until_it_gives_back(void **state)
{
	struct lab_page *small = take(LAB_GFP_ATOMIC, 0, 1), *great = take(LAB_GFP_EXCLUSIVE, 4, 2);
	uint64_t cursor = 0, frames = 0;
	struct lab_holder holder;
	unsigned seen = 0;

	while (lab_arena_holder_next(&fixture.arena, &cursor, &holder)) {
		bool is_great = holder.pfn == lab_page_pfn(&fixture.arena, great);

		assert_true(is_great || holder.pfn == lab_page_pfn(&fixture.arena, small));
		assert_int_equal(holder.order, is_great ? 4 : 0);
		assert_int_equal(holder.owner, lab_owner_make(2, is_great ? 2 : 1));
		assert_int_equal(holder.taken_by, holder.owner);
		assert_true(holder.traced);
		assert_int_equal(holder.gfp, is_great ? LAB_GFP_EXCLUSIVE : LAB_GFP_ATOMIC);
		assert_int_equal(holder.cpu, 1);
		assert_int_equal(holder.since, is_great ? 2 : 1); /* the default clock counts allocations */
		frames += UINT64_C(1) << holder.order;
		seen++;
	}
	assert_int_equal(seen, 2);
	assert_int_equal(frames, 17);
	give(small, 0, 1);
	give(great, 4, 2);
	assert_int_equal(count_holders(), 0);
}

static void a_transfer_changes_the_owner_only(void **state)
{
	struct lab_page *page = take(LAB_GFP_ATOMIC, 2, 7);
	uint64_t cursor = 0;
	struct lab_holder holder;

	assert_int_equal(lab_page_transfer(&fixture.arena, page, lab_owner_make(2, 7), lab_owner_make(9, 1)), LAB_OK);
	assert_true(lab_arena_holder_next(&fixture.arena, &cursor, &holder));
	assert_int_equal(holder.owner, lab_owner_make(9, 1));
	assert_int_equal(holder.taken_by, lab_owner_make(2, 7));
}

static void who_had_a_frame_last_is_kept(void **state)
{
	struct lab_page *page = take(LAB_GFP_ATOMIC, 3, 5);
	uint64_t inside = lab_page_pfn(&fixture.arena, page) + 6;
	struct lab_holder holder;

	give(page, 3, 5);
	assert_true(lab_frame_last_holder(&fixture.arena, inside, &holder));
	assert_int_equal(holder.pfn, inside - 6);
	assert_int_equal(holder.order, 3);
	assert_int_equal(holder.owner, LAB_OWNER_NONE);
	assert_int_equal(holder.taken_by, lab_owner_make(2, 5));
	assert_false(lab_frame_last_holder(&fixture.arena, 1550, &holder)); /* a hole */
	assert_false(lab_frame_last_holder(&fixture.arena, 2100, &holder)); /* behind the last */
	assert_false(lab_frame_last_holder(&fixture.arena, 5000, &holder));
}

static void who_had_the_greatest_block_last_is_kept(void **state)
{
	struct lab_page *page = take(LAB_GFP_KERNEL, LAB_ORDER_MAX, 6);
	uint64_t first = lab_page_pfn(&fixture.arena, page);
	struct lab_holder holder;

	give(page, LAB_ORDER_MAX, 6);
	assert_true(lab_frame_last_holder(&fixture.arena, first + 1023, &holder));
	assert_int_equal(holder.pfn, first);
	assert_int_equal(holder.order, LAB_ORDER_MAX);
}

static void the_words_of_a_record_have_names(void **state)
{
	struct lab_page *page = take(LAB_GFP_ATOMIC, 0, 1);
	char *record = (char *)fixture.arena.traces + lab_page_pfn(&fixture.arena, page) * 128, text[64], expected[64];

	assert_int_equal(lab_arena_describe(&fixture.arena, record, text, sizeof(text)), LAB_WORD_NUMBER);
	snprintf(expected, sizeof(expected), "frame %u trace sequence", (unsigned)lab_page_pfn(&fixture.arena, page));
	assert_string_equal(text, expected);
	lab_arena_describe(&fixture.arena, record + 24, text, sizeof(text));
	assert_null(strstr(text, "sequence"));
}

static uint64_t now_42(void)
{
	return 42;
}

static unsigned three_places(uintptr_t *places, unsigned room)
{
	assert_int_equal(room, LAB_TRACE_DEPTH);
	for (unsigned i = 0; i < 3; i++)
		places[i] = 100 + i;
	return 3;
}

static void hooks_say_when_and_where(void **state)
{
	static const struct lab_tracer tracer = {
		.now = now_42, .ticks_per_second = 1000, .stack = three_places, .process = 17};
	uint64_t cursor = 0;
	struct lab_holder holder;

	assert_int_equal(lab_arena_trace_ticks(&fixture.arena), 0);
	lab_arena_set_tracer(&fixture.arena, &tracer);
	assert_int_equal(lab_arena_trace_ticks(&fixture.arena), 1000);
	take(LAB_GFP_ATOMIC, 0, 1);
	assert_true(lab_arena_holder_next(&fixture.arena, &cursor, &holder));
	assert_int_equal(holder.since, 42);
	assert_int_equal(holder.process, 17);
	assert_int_equal(holder.depth, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(holder.stack[i], 100 + i);
}

/* Two functions that stay on the stack, so that the walk has something to find. */
static __attribute__((noinline)) struct lab_page *inner_caller(uintptr_t *place)
{
	struct lab_page *page = take(LAB_GFP_ATOMIC, 0, 3);

	*place = (uintptr_t)__builtin_return_address(0);
	return page;
}

static __attribute__((noinline)) uintptr_t outer_caller(uintptr_t *inner)
{
	inner_caller(inner);
	return (uintptr_t)__builtin_return_address(0);
}

static bool is_on_stack(const struct lab_holder *holder, uintptr_t place)
{
	for (unsigned i = 0; i < holder->depth; i++)
		if (holder->stack[i] == place)
			return true;
	return false;
}

static void the_stack_is_walked_on_a_noted_thread(void **state)
{
	uint64_t cursor = 0;
	struct lab_holder holder;
	uintptr_t inner, outer;

	outer = outer_caller(&inner);
	assert_true(lab_arena_holder_next(&fixture.arena, &cursor, &holder));
	assert_int_equal(holder.depth, 1); /* the thread's stack was not noted: the caller alone */
	lab_trace_thread();
	outer = outer_caller(&inner);
	assert_true(lab_arena_holder_next(&fixture.arena, &cursor, &holder));
	assert_true(holder.depth > 2);
	assert_true(is_on_stack(&holder, inner));
	assert_true(is_on_stack(&holder, outer));
}

static void stat_tells_floors_caches_and_fragmentation(void **state)
{
	struct lab_arena_stat stat;
	struct lab_cpu_stat cpu;
	uint64_t free = 0;

	take(LAB_GFP_ATOMIC, 0, 1);
	lab_arena_stat(&fixture.arena, &stat);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].floors[LAB_CLASS_ORDINARY], 64);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].floors[LAB_CLASS_ATOMIC], 24);
	assert_int_equal(lab_arena_cpu_stat(&fixture.arena, 1, LAB_ZONE_NORMAL, &cpu), LAB_OK);
	assert_int_equal(cpu.cached, 27); /* the span's last word has 28 frames */
	assert_int_equal(cpu.refills, 1);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].cached, 27);
	assert_int_equal(lab_arena_cpu_stat(&fixture.arena, 0, LAB_ZONE_NORMAL, &cpu), LAB_OK);
	assert_int_equal(cpu.cached, 0);
	assert_int_equal(lab_arena_cpu_stat(&fixture.arena, 2, LAB_ZONE_NORMAL, &cpu), LAB_INVALID);
	assert_int_equal(lab_zone_unusable(&stat.zones[LAB_ZONE_NORMAL], 0), 0);
	/* 1,472 are free and in no cache: one chunk is whole, and the 448 of the other make no block of order 10. */
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].free_blocks[LAB_ORDER_MAX], 1);
	assert_int_equal(lab_zone_unusable(&stat.zones[LAB_ZONE_NORMAL], LAB_ORDER_MAX), 448 * 1000 / 1472);
	for (unsigned order = 0; order <= LAB_ORDER_MAX; order++)
		free += stat.zones[LAB_ZONE_NORMAL].free_blocks[order] << order;
	assert_int_equal(free, 1472);
	assert_int_equal(lab_arena_drain(&fixture.arena, 1), LAB_OK);
	lab_arena_stat(&fixture.arena, &stat);
	/* 27 of 28 came back, of which the lowest is in use. */
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].free_blocks[0], 1);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].free_blocks[1], 1);
	stat.zones[0] = (struct lab_zone_stat){0};
	assert_int_equal(lab_zone_unusable(&stat.zones[0], 3), 0);
}

/*
 * Threads allocate and free while one looks: what it is told of a block belongs together. The clock and the stack say
 * whose allocation it is, so a record of two halves is seen.
 */
#define THREADS 3u
#define HELD    4u
#define LOOKS   50000u /* holders to be seen; each thread goes on until then */

static _Thread_local lab_owner owner_now;
static lab_atomic32 enough;

static uint64_t now_is_owner(void)
{
	return owner_now;
}

static unsigned stack_is_owner(uintptr_t *places, unsigned room)
{
	for (unsigned i = 0; i < room; i++)
		places[i] = owner_now;
	return room;
}

struct held {
	struct lab_page *page;
	struct lab_alloc_request request;
};

static void swap_block(struct held *held)
{
	if (held->page && lab_page_free(&fixture.arena, held->page, &held->request) != LAB_OK)
		abort();
	held->page = NULL;
	if (owner_now != LAB_OWNER_NONE && lab_page_alloc(&fixture.arena, &held->request, &held->page) != LAB_OK)
		held->page = NULL;
}

static void *churn(void *arg)
{
	unsigned context = (unsigned)(uintptr_t)arg;
	struct held helds[HELD] = {0};
	struct lab_prng prng;

	lab_prng_seed(&prng, 3, context);
	for (uint64_t i = 1; !lab_load_relaxed(&enough); i++) { /* publishes nothing */
		struct held *held = &helds[i % HELD];

		owner_now = LAB_OWNER_NONE;
		swap_block(held);
		/* One CPU for all: frames go from hand to hand as fast as they can. */
		held->request = (struct lab_alloc_request){.gfp = LAB_GFP_ATOMIC,
							   .order = lab_prng_chance(&prng, 1, 4) ? 1 + i % 3 : 0,
							   .owner = owner_now = lab_owner_make(context, i)};
		swap_block(held);
	}
	owner_now = LAB_OWNER_NONE;
	for (unsigned i = 0; i < HELD; i++)
		swap_block(&helds[i]);
	return NULL;
}

static void check_holder(const struct lab_holder *holder)
{
	assert_true(holder->traced);
	assert_int_equal(holder->since, holder->owner);
	assert_int_equal(holder->taken_by, holder->owner);
	assert_int_equal(holder->depth, LAB_TRACE_DEPTH);
	for (unsigned i = 0; i < holder->depth; i++)
		assert_int_equal(holder->stack[i], holder->owner);
}

static void no_record_is_torn(void **state)
{
	static const struct lab_tracer tracer = {.now = now_is_owner, .stack = stack_is_owner};
	pthread_t threads[THREADS];
	uint64_t seen = 0;

	/* Few frames: each is looked at as often as it changes hands. */
	fixture_open(&fixture, (const struct lab_span[]){{0, 32, LAB_ZONE_NORMAL}}, 1,
		     (const struct lab_zone_marks[LAB_ZONE_COUNT]){0}, 1, LAB_ARENA_TRACE);
	lab_arena_set_tracer(&fixture.arena, &tracer);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)(i + 1)), 0);
	while (seen < LOOKS) {
		struct lab_holder holder;

		for (uint64_t cursor = 0; lab_arena_holder_next(&fixture.arena, &cursor, &holder); seen++)
			check_holder(&holder);
	}
	lab_store_relaxed(&enough, 1); /* publishes nothing */
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(count_holders(), 0);
	fixture_close(&fixture);
}

static void who_holds_all_is_told(void **state)
{
	struct lab_fixture small;
	struct lab_alloc_request request = fixture_request(LAB_GFP_MEMALLOC, LAB_ORDER_MAX, 0, 4);
	struct lab_holder holder;
	struct lab_page *page;
	uint64_t cursor = 0;

	fixture_open(&small, (const struct lab_span[]){{0, 1024, LAB_ZONE_NORMAL}}, 1,
		     (const struct lab_zone_marks[LAB_ZONE_COUNT]){0}, 1, LAB_ARENA_TRACE);
	assert_int_equal(lab_page_alloc(&small.arena, &request, &page), LAB_OK);
	assert_true(lab_arena_holder_next(&small.arena, &cursor, &holder));
	assert_int_equal(holder.pfn, 0);
	assert_int_equal(holder.order, LAB_ORDER_MAX);
	assert_int_equal(lab_page_free(&small.arena, page, &request), LAB_OK);
	fixture_close(&small);
}

static void an_arena_without_traces_tells_owners(void **state)
{
	struct lab_fixture plain;
	struct lab_alloc_request request = fixture_request(LAB_GFP_ATOMIC, 1, 0, 4);
	struct lab_holder holder;
	struct lab_page *page;
	uint64_t cursor = 0;

	fixture_open(&plain, spans, 2, marks, 1, 0);
	assert_int_equal(lab_page_alloc(&plain.arena, &request, &page), LAB_OK);
	assert_true(lab_arena_holder_next(&plain.arena, &cursor, &holder));
	assert_int_equal(holder.owner, request.owner);
	assert_int_equal(holder.order, 1);
	assert_false(holder.traced);
	assert_false(lab_arena_holder_next(&plain.arena, &cursor, &holder));
	assert_false(lab_frame_last_holder(&plain.arena, lab_page_pfn(&plain.arena, page), &holder));
	fixture_close(&plain);
}

#define TRACED(test) cmocka_unit_test_setup_teardown(test, open_traced, close_traced)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRACED(a_holder_is_told_until_it_gives_back),  TRACED(a_transfer_changes_the_owner_only),
		TRACED(who_had_a_frame_last_is_kept),          TRACED(who_had_the_greatest_block_last_is_kept),
		TRACED(the_words_of_a_record_have_names),      TRACED(hooks_say_when_and_where),
		TRACED(the_stack_is_walked_on_a_noted_thread), TRACED(stat_tells_floors_caches_and_fragmentation),
		cmocka_unit_test(no_record_is_torn),           cmocka_unit_test(an_arena_without_traces_tells_owners),
		cmocka_unit_test(who_holds_all_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
