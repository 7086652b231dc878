/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plat/vm.h"

static const struct lab_span one_span[] = {{0, 4096, LAB_ZONE_NORMAL}};

/*
 *   0        100  128      700        1500          2600    3000
 *   |  DMA    |hole|  DMA   |  NORMAL  |   hole      | NORMAL |
 */
static const struct lab_span maze[] = {
	{0, 100, LAB_ZONE_DMA},
	{128, 572, LAB_ZONE_DMA},
	{700, 800, LAB_ZONE_NORMAL},
	{2600, 400, LAB_ZONE_NORMAL},
};

static const struct lab_zone_marks no_marks[LAB_ZONE_COUNT];

/* Takes everything of one order as a privileged request; answers how many blocks, each noted in `pages`. */
static size_t drain_order(struct lab_fixture *fixture, unsigned order, lab_gfp gfp, struct lab_page **pages,
			  size_t room)
{
	size_t count = 0;
	struct lab_alloc_request request = fixture_request(LAB_GFP_MEMALLOC | gfp, order, 0, 1);

	while (count < room && lab_page_alloc(&fixture->arena, &request, &pages[count]) == LAB_OK)
		count++;
	return count;
}

static void free_all(struct lab_fixture *fixture, unsigned order, struct lab_page **pages, size_t count)
{
	struct lab_alloc_request request = fixture_request(0, order, 0, 1);

	for (size_t i = 0; i < count; i++)
		assert_int_equal(lab_page_free(&fixture->arena, pages[i], &request), LAB_OK);
}

static void every_order_fills_the_span(void **state)
{
	static struct lab_page *pages[4096];
	struct lab_fixture fixture;

	fixture_open(&fixture, one_span, 1, no_marks, 2, 0);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned order = 0; order <= LAB_ORDER_MAX; order++) {
			size_t count = drain_order(&fixture, order, 0, pages, 4096);

			assert_int_equal(count, 4096 >> order);
			for (size_t i = 0; i < count; i++)
				assert_int_equal(lab_page_pfn(&fixture.arena, pages[i]) % (1u << order), 0);
			fixture_check(&fixture);
			assert_int_equal(lab_arena_free_frames(&fixture.arena), 0);
			free_all(&fixture, order, pages, count);
			fixture_check(&fixture);
			assert_int_equal(lab_arena_free_frames(&fixture.arena), 4096);
		}
	}
	fixture_close(&fixture);
}

static bool inside_one_span(uint64_t first, uint64_t count)
{
	for (size_t i = 0; i < 4; i++) {
		if (first >= maze[i].first_frame && first + count <= maze[i].first_frame + maze[i].frame_count)
			return true;
	}
	return false;
}

static size_t blocks_that_fit(unsigned order)
{
	size_t count = 0;

	for (uint64_t first = 0; first < 3000; first += UINT64_C(1) << order)
		count += inside_one_span(first, UINT64_C(1) << order);
	return count;
}

static void every_size_begins_sound(void **state)
{
	for (uint64_t frames = 1; frames < 2100; frames += 61) {
		const struct lab_span span = {0, frames, LAB_ZONE_NORMAL};
		struct lab_fixture fixture;

		fixture_open(&fixture, &span, 1, no_marks, 1, LAB_ARENA_VIEWS);
		fixture_check(&fixture);
		assert_int_equal(lab_arena_free_frames(&fixture.arena), frames);
		fixture_close(&fixture);
	}
}

static void blocks_never_leave_their_span(void **state)
{
	static struct lab_page *pages[4096];
	struct lab_fixture fixture;

	fixture_open(&fixture, maze, 4, no_marks, 1, 0);
	for (unsigned order = 0; order <= LAB_ORDER_MAX; order++) {
		size_t count = drain_order(&fixture, order, 0, pages, 4096);

		assert_int_equal(count, blocks_that_fit(order));
		for (size_t i = 0; i < count; i++)
			assert_true(inside_one_span(lab_page_pfn(&fixture.arena, pages[i]), UINT64_C(1) << order));
		fixture_check(&fixture);
		free_all(&fixture, order, pages, count);
	}
	fixture_close(&fixture);
}

static void dma_requests_stay_in_their_zone(void **state)
{
	static struct lab_page *pages[4096];
	struct lab_fixture fixture;
	size_t count;

	fixture_open(&fixture, maze, 4, no_marks, 1, 0);
	count = drain_order(&fixture, 0, LAB_GFP_DMA, pages, 4096);
	assert_int_equal(count, 672);
	for (size_t i = 0; i < count; i++)
		assert_true(lab_page_pfn(&fixture.arena, pages[i]) < 700);
	free_all(&fixture, 0, pages, count);
	/* Without the flag the zone NORMAL is spent first. */
	count = drain_order(&fixture, 0, 0, pages, 1200);
	for (size_t i = 0; i < count; i++)
		assert_true(lab_page_pfn(&fixture.arena, pages[i]) >= 700);
	fixture_close(&fixture);
}

/* How far each class gets with `frames` in the zone, alone and with order 0. */
static uint64_t left_by(struct lab_fixture *fixture, lab_gfp gfp, struct lab_page **pages, size_t *count)
{
	struct lab_alloc_request request = fixture_request(gfp, 0, 0, 1);

	*count = 0;
	while (lab_page_alloc(&fixture->arena, &request, &pages[*count]) == LAB_OK)
		++*count;
	return lab_arena_free_frames(&fixture->arena);
}

static void each_class_stops_at_its_floor(void **state)
{
	static struct lab_page *pages[4096];
	static const struct {
		lab_gfp gfp;
		uint64_t floor;
	} cases[] = {
		{0, 101},
		{LAB_GFP_KERNEL, 101},
		{LAB_GFP_NOWAIT, 101},
		{LAB_GFP_MEMALLOC | LAB_GFP_NOMEMALLOC, 101},
		{LAB_GFP_KERNEL | LAB_GFP_HIGH, 51},
		{LAB_GFP_ATOMIC | LAB_GFP_NOMEMALLOC, 51},
		{LAB_GFP_ATOMIC, 39},
		{LAB_GFP_MEMALLOC, 0},
	};
	struct lab_zone_marks zones[LAB_ZONE_COUNT] = {[LAB_ZONE_NORMAL] = {.min = 101, .low = 126, .high = 151}};
	struct lab_fixture fixture;

	fixture_open(&fixture, one_span, 1, zones, 4, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t count;

		assert_int_equal(left_by(&fixture, cases[i].gfp, pages, &count), cases[i].floor);
		free_all(&fixture, 0, pages, count);
		fixture_check(&fixture);
	}
	fixture_close(&fixture);
}

static void fallback_keeps_the_lowmem_reserve(void **state)
{
	static struct lab_page *pages[4096];
	struct lab_zone_marks zones[LAB_ZONE_COUNT] = {
		[LAB_ZONE_DMA] = {.min = 10, .low = 12, .high = 15, .lowmem_reserve = {0, 200}},
		[LAB_ZONE_NORMAL] = {.min = 20, .low = 25, .high = 30},
	};
	struct lab_fixture fixture;
	size_t count;

	fixture_open(&fixture, maze, 4, zones, 1, 0);
	assert_int_equal(left_by(&fixture, LAB_GFP_KERNEL, pages, &count), 20 + 10 + 200);
	free_all(&fixture, 0, pages, count);
	assert_int_equal(left_by(&fixture, LAB_GFP_MEMALLOC, pages, &count), 0);
	free_all(&fixture, 0, pages, count);
	/* The zone's own requests owe no lowmem reserve. */
	assert_int_equal(left_by(&fixture, LAB_GFP_KERNEL | LAB_GFP_DMA, pages, &count), 1200 + 10);
	fixture_close(&fixture);
}

static void another_cpus_cache_strands_nothing(void **state)
{
	static struct lab_page *pages[4096];
	struct lab_zone_marks zones[LAB_ZONE_COUNT] = {[LAB_ZONE_NORMAL] = {.min = 64, .low = 80, .high = 96}};
	struct lab_fixture fixture;
	struct lab_page *page;
	size_t count = 0;

	fixture_open(&fixture, one_span, 1, zones, 4, 0);
	for (unsigned cpu = 1; cpu < 4; cpu++) {
		struct lab_alloc_request request = fixture_request(LAB_GFP_KERNEL, 0, cpu, 1);

		assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_OK);
	}
	struct lab_alloc_request privileged = fixture_request(LAB_GFP_MEMALLOC, 0, 0, 1);

	while (lab_page_alloc(&fixture.arena, &privileged, &pages[count]) == LAB_OK)
		count++;
	assert_int_equal(count, 4096 - 3);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

static void marks_change_at_run_time(void **state)
{
	static struct lab_page *pages[4096];
	struct lab_zone_marks marks = {.min = 500, .low = 600, .high = 700};
	struct lab_fixture fixture;
	struct lab_arena_stat stat;
	size_t count;

	fixture_open(&fixture, one_span, 1, no_marks, 1, 0);
	assert_int_equal(lab_arena_set_marks(&fixture.arena, LAB_ZONE_NORMAL, &marks), LAB_OK);
	assert_int_equal(left_by(&fixture, LAB_GFP_KERNEL, pages, &count), 500);
	lab_arena_stat(&fixture.arena, &stat);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].marks.min, 500);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].marks.low, 600);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].marks.high, 700);
	marks.min = 601;
	assert_int_equal(lab_arena_set_marks(&fixture.arena, LAB_ZONE_NORMAL, &marks), LAB_INVALID);
	fixture_close(&fixture);
}

static void defaults_are_those_of_linux(void **state)
{
	struct lab_zone_marks zones[LAB_ZONE_COUNT] = {[LAB_ZONE_NORMAL] = {.frames = (UINT64_C(1) << 30) >> 12}};

	lab_zone_marks_default(zones, 12);
	/* isqrt(16 * 1048576) = 4096 kB */
	assert_int_equal(zones[LAB_ZONE_NORMAL].min, 1024);
	assert_int_equal(zones[LAB_ZONE_NORMAL].low, 1280);
	assert_int_equal(zones[LAB_ZONE_NORMAL].high, 1536);
}

static void who_gives_no_marks_gets_the_defaults(void **state)
{
	struct lab_zone_marks zones[LAB_ZONE_COUNT] = {[LAB_ZONE_NORMAL] = {.frames = one_span[0].frame_count}};
	struct lab_fixture fixture;
	struct lab_arena_stat stat;

	lab_zone_marks_default(zones, FIXTURE_PAGE_SHIFT);
	assert_int_not_equal(zones[LAB_ZONE_NORMAL].min, 0);
	fixture_open(&fixture, one_span, 1, NULL, 1, 0);
	lab_arena_stat(&fixture.arena, &stat);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].marks.min, zones[LAB_ZONE_NORMAL].min);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].marks.high, zones[LAB_ZONE_NORMAL].high);
	fixture_close(&fixture);
}

static void a_drained_cpu_keeps_nothing(void **state)
{
	struct lab_alloc_request request = fixture_request(0, 0, 0, 1);
	struct lab_fixture fixture;
	struct lab_arena_stat stat;
	struct lab_page *page;

	fixture_open(&fixture, one_span, 1, no_marks, 1, 0);
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_OK);
	lab_arena_stat(&fixture.arena, &stat);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].cached, 63);
	assert_int_equal(lab_arena_drain(&fixture.arena, 0), LAB_OK);
	lab_arena_stat(&fixture.arena, &stat);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].cached, 0);
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
	fixture_close(&fixture);
}

/* The same metadata and frames at two addresses: what one handle takes, the other may release. */
static void state_is_position_independent(void **state)
{
	struct lab_arena_config config = {.frame_count = 2048,
					  .page_shift = 12,
					  .order_max = 10,
					  .cpu_count = 2,
					  .spans = (struct lab_span[]){{0, 2048, LAB_ZONE_NORMAL}},
					  .span_count = 1,
					  .base = (void *)(uintptr_t)(UINT64_C(1) << 32)};
	struct lab_alloc_request request = fixture_request(LAB_GFP_ATOMIC, 3, 1, 7);
	struct lab_arena first, second;
	struct lab_page *page;
	void *here, *there;
	size_t bytes;
	uint64_t pfn;
	int fd;

	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_OK);
	assert_int_equal(lab_vm_map_shared(bytes, &here, &fd), LAB_OK);
	there = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(there, MAP_FAILED);
	assert_int_equal(lab_arena_attach(&second, there, bytes, config.base, NULL), LAB_INVALID); /* not yet one */
	assert_int_equal(lab_arena_init(&first, &config, here, bytes), LAB_OK);
	assert_int_equal(lab_arena_attach(&second, there, bytes, (char *)config.base + 4096, NULL), LAB_OK);
	assert_int_equal(lab_page_alloc(&first, &request, &page), LAB_OK);
	pfn = lab_page_pfn(&first, page);
	assert_int_equal(lab_page_owner(&second, lab_page_at(&second, pfn)), request.owner);
	assert_ptr_equal(lab_page_address(&second, lab_page_at(&second, pfn)),
			 (char *)lab_page_address(&first, page) + 4096);
	assert_int_equal(lab_page_free(&second, lab_page_at(&second, pfn), &request), LAB_OK);
	assert_int_equal(lab_arena_check(&first, NULL), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&first), 2048);
	lab_arena_fini(&second);
	lab_arena_fini(&first);
	munmap(there, bytes);
	lab_vm_unmap(here, bytes);
	close(fd);
}

static void the_check_sees_damage(void **state)
{
	struct lab_alloc_request request = fixture_request(0, 0, 0, 1);
	struct lab_fixture fixture;
	struct lab_page *page;

	fixture_open(&fixture, one_span, 1, no_marks, 1, 0);
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_OK);
	fixture_check(&fixture);
	memset(page, 0, sizeof(uint64_t)); /* a frame that nobody owns and that is not free either */
	assert_int_equal(lab_arena_check(&fixture.arena, NULL), LAB_INVALID);
	fixture_close(&fixture);
}

static void a_cpu_that_is_none_is_refused(void **state)
{
	struct lab_fixture fixture;
	struct lab_page *page;

	fixture_open(&fixture, one_span, 1, no_marks, 2, 0);
	for (unsigned order = 0; order < 4; order++)
		for (unsigned cpu = 2; cpu < 4; cpu++) {
			struct lab_alloc_request request = fixture_request(LAB_GFP_ATOMIC, order, cpu, 1);

			assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_INVALID);
			assert_int_equal(lab_arena_drain(&fixture.arena, cpu), LAB_INVALID);
		}
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 4096);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

/* An owner's number is no part of a cache, whatever it says and wherever it lies. */
static void the_check_looks_at_caches_only(void **state)
{
	static const struct lab_span span = {0, 4096, LAB_ZONE_NORMAL};
	struct lab_alloc_request request = fixture_request(0, 0, 0, 1);
	struct lab_fixture fixture;
	struct lab_page *page;

	fixture_open(&fixture, &span, 1, no_marks, 1, 0);
	assert_int_equal(fixture.arena.slot_count, 8); /* a whole line: what lies behind is the first frame's word */
	for (uint64_t word = 0; word < 64; word++) {
		request.owner = lab_owner_make(0, word << 34 | UINT32_MAX);
		page = fixture_take(&fixture, &request);
		while (lab_page_pfn(&fixture.arena, page) != 0) {
			assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
			page = fixture_take(&fixture, &request);
		}
		fixture_check(&fixture);
		assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
		assert_int_equal(lab_arena_drain(&fixture.arena, 0), LAB_OK);
	}
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_fills_the_span),
		cmocka_unit_test(every_size_begins_sound),
		cmocka_unit_test(blocks_never_leave_their_span),
		cmocka_unit_test(dma_requests_stay_in_their_zone),
		cmocka_unit_test(each_class_stops_at_its_floor),
		cmocka_unit_test(fallback_keeps_the_lowmem_reserve),
		cmocka_unit_test(another_cpus_cache_strands_nothing),
		cmocka_unit_test(marks_change_at_run_time),
		cmocka_unit_test(defaults_are_those_of_linux),
		cmocka_unit_test(who_gives_no_marks_gets_the_defaults),
		cmocka_unit_test(a_drained_cpu_keeps_nothing),
		cmocka_unit_test(state_is_position_independent),
		cmocka_unit_test(the_check_sees_damage),
		cmocka_unit_test(the_check_looks_at_caches_only),
		cmocka_unit_test(a_cpu_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
