/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_CORE_FIXTURE_H
#define LAB_TESTS_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <labyrinth/arena.h>

/* An arena of small frames for a test; the memory is the fixture's. */
struct lab_fixture {
	struct lab_arena arena;
	void *base;
	struct lab_shredder *shredder;
};

#define FIXTURE_PAGE_SHIFT 6

/* For so many frames, in whole pages of the machine: AddressSanitizer takes no other size. free() it. */
static inline void *fixture_memory(uint64_t frames)
{
	void *base = aligned_alloc(4096, ((frames << FIXTURE_PAGE_SHIFT) + 4095) / 4096 * 4096);

	assert_non_null(base);
	return base;
}

static inline void fixture_open(struct lab_fixture *fixture, const struct lab_span *spans, size_t span_count,
				const struct lab_zone_marks *zones, unsigned cpu_count, unsigned flags)
{
	const struct lab_span *last = &spans[span_count - 1];
	uint64_t frames = last->first_frame + last->frame_count;
	struct lab_arena_config config = {.frame_count = frames,
					  .page_shift = FIXTURE_PAGE_SHIFT,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = cpu_count,
					  .flags = flags,
					  .spans = spans,
					  .span_count = span_count,
					  .zones = zones};

	fixture->base = fixture_memory(frames);
	config.base = fixture->base;
	fixture->shredder = NULL;
	if (flags & (LAB_ARENA_SHRED | LAB_ARENA_SHRED_DEFAULT)) {
		assert_int_equal(lab_arena_create(&fixture->arena, &config), LAB_INVALID);
		assert_int_equal(lab_shredder_create(1, &fixture->shredder), LAB_OK);
		config.shredder = fixture->shredder;
	}
	assert_int_equal(lab_arena_create(&fixture->arena, &config), LAB_OK);
}

static inline void fixture_close(struct lab_fixture *fixture)
{
	lab_arena_fini(&fixture->arena);
	if (fixture->shredder)
		lab_shredder_destroy(fixture->shredder);
	free(fixture->base);
}

static inline struct lab_alloc_request fixture_request(lab_gfp gfp, unsigned order, unsigned cpu, uint64_t generation)
{
	return (struct lab_alloc_request){
		.gfp = gfp, .order = order, .cpu = cpu, .owner = lab_owner_make(cpu + 1, generation)};
}

static inline void fixture_check(const struct lab_fixture *fixture)
{
	uint64_t frame = 0;
	enum lab_status status = lab_arena_check(&fixture->arena, &frame);

	if (status)
		fail_msg("the arena's check fails at frame %llu", (unsigned long long)frame);
}

static inline struct lab_arena_stat fixture_stat(const struct lab_fixture *fixture)
{
	struct lab_arena_stat stat;

	lab_arena_stat(&fixture->arena, &stat);
	return stat;
}

static inline struct lab_page *fixture_take(struct lab_fixture *fixture, const struct lab_alloc_request *request)
{
	struct lab_page *page;

	assert_int_equal(lab_page_alloc(&fixture->arena, request, &page), LAB_OK);
	return page;
}

#endif
