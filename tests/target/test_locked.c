/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "target/registry.h"
#include "tests/target/fixture.h"

#define PAGE_SHIFT 6u

static const struct lab_target *const locked = &lab_target_locked;

/*
 *   frame 0        24 25                  64           72
 *         | DMA 24 |.| NORMAL 39          |. hole 4 ...| NORMAL 4+
 */
static const struct lab_span maze[] = {{0, 24, LAB_ZONE_DMA}, {25, 39, LAB_ZONE_NORMAL}, {68, 13, LAB_ZONE_NORMAL}};

static const struct lab_span plain[] = {{0, 64, LAB_ZONE_NORMAL}};

struct bench {
	struct lab_fixture fixture;
	void *self;
};

static void start(struct bench *bench, const struct lab_span *spans, size_t span_count, uint64_t min_frames)
{
	lab_fixture_init(&bench->fixture, PAGE_SHIFT, LAB_ORDER_MAX, spans, span_count);
	bench->fixture.zones[LAB_ZONE_NORMAL].min = min_frames;
	assert_int_equal(locked->create(&bench->fixture.machine, &bench->self), LAB_OK);
}

static void stop(struct bench *bench)
{
	assert_int_equal(locked->check(bench->self), LAB_OK);
	locked->destroy(bench->self);
	lab_fixture_fini(&bench->fixture);
}

static struct lab_request request_of(lab_gfp gfp, unsigned order)
{
	return (struct lab_request){.gfp = gfp, .order = order, .owner = lab_owner_make(1, 1)};
}

static enum lab_status alloc(struct bench *bench, lab_gfp gfp, unsigned order, void **ret_block)
{
	struct lab_request request = request_of(gfp, order);

	return locked->alloc(bench->self, &request, ret_block);
}

static enum lab_status release(struct bench *bench, void *block, unsigned order)
{
	struct lab_request request = request_of(0, order);

	return locked->free(bench->self, block, &request);
}

/* Takes single frames until the class may take no more; answers how many it got. */
static uint64_t exhaust(struct bench *bench, lab_gfp gfp)
{
	uint64_t got = 0;
	void *block;

	while (alloc(bench, gfp, 0, &block) == LAB_OK)
		got++;
	return got;
}

/* With min 21: ordinary 21, high 21 - 10 = 11, atomic 11 - 2 = 9, memalloc 0. Each class stops exactly at its floor. */
static void test_floors_are_exact(void **state)
{
	static const struct {
		lab_gfp gfp;
		uint64_t floor;
	} classes[] = {
		{LAB_GFP_KERNEL, 21},
		{LAB_GFP_NOWAIT, 21},
		{0, 21},
		{LAB_GFP_KERNEL | LAB_GFP_HIGH, 11},
		{LAB_GFP_ATOMIC | LAB_GFP_NOMEMALLOC, 11},
		{LAB_GFP_ATOMIC, 9},
		{LAB_GFP_MEMALLOC, 0},
		{LAB_GFP_MEMALLOC | LAB_GFP_NOMEMALLOC, 21},
	};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(classes); i++) {
		struct bench bench;
		void *block;

		start(&bench, plain, 1, 21);
		assert_int_equal(exhaust(&bench, classes[i].gfp), 64 - classes[i].floor);
		assert_int_equal(locked->free_frames(bench.self), classes[i].floor);
		assert_int_equal(alloc(&bench, classes[i].gfp, 0, &block), LAB_NO_MEMORY);
		stop(&bench);
	}
}

/* The size of the request counts: with 22 free above a floor of 21 a pair of frames is refused and a single one not. */
static void test_request_size_counts(void **state)
{
	struct bench bench;
	void *block;

	start(&bench, plain, 1, 21);
	for (unsigned i = 0; i < 42; i++)
		assert_int_equal(alloc(&bench, LAB_GFP_KERNEL, 0, &block), LAB_OK);
	assert_int_equal(locked->free_frames(bench.self), 22);
	assert_int_equal(alloc(&bench, LAB_GFP_KERNEL, 1, &block), LAB_NO_MEMORY);
	assert_int_equal(alloc(&bench, LAB_GFP_KERNEL, 0, &block), LAB_OK);
	stop(&bench);
}

static void test_zone_fallback_keeps_lowmem_reserve(void **state)
{
	struct bench bench;
	void *block;

	lab_fixture_init(&bench.fixture, PAGE_SHIFT, LAB_ORDER_MAX, maze, LAB_ARRAY_COUNT(maze));
	bench.fixture.zones[LAB_ZONE_DMA].min = 4;
	bench.fixture.zones[LAB_ZONE_DMA].lowmem_reserve[LAB_ZONE_NORMAL] = 6;
	assert_int_equal(locked->create(&bench.fixture.machine, &bench.self), LAB_OK);

	/* NORMAL first, all 52 of it; then DMA down to 4 + 6. */
	for (unsigned i = 0; i < 52; i++) {
		assert_int_equal(alloc(&bench, LAB_GFP_KERNEL, 0, &block), LAB_OK);
		assert_true(lab_fixture_frame(&bench.fixture, block) >= 25);
	}
	assert_int_equal(exhaust(&bench, LAB_GFP_KERNEL), 24 - 10);
	assert_int_equal(exhaust(&bench, LAB_GFP_DMA), 6); /* the reserve is kept for those who need this zone */
	assert_int_equal(exhaust(&bench, LAB_GFP_MEMALLOC), 4);
	stop(&bench);
}

static void test_dma_takes_only_dma(void **state)
{
	struct bench bench;

	start(&bench, maze, LAB_ARRAY_COUNT(maze), 0);
	assert_int_equal(exhaust(&bench, LAB_GFP_DMA | LAB_GFP_MEMALLOC), 24);
	assert_int_equal(locked->free_frames(bench.self), 52);
	stop(&bench);
}

/* Every frame of the maze once, none outside; and all of it merges again, whatever the order of release. */
static void test_maze_is_covered_and_merges(void **state)
{
	static const unsigned greatest[] = {4, 3, 0, 1, 2, 5, 2, 3, 0}; /* the maze's aligned blocks: 76 frames */
	struct bench bench;
	void *blocks[76], *block;
	bool seen[81] = {0};
	unsigned got = 0;

	start(&bench, maze, LAB_ARRAY_COUNT(maze), 0);
	for (unsigned i = 0; i < 76; i++) {
		uint64_t frame;

		assert_int_equal(alloc(&bench, LAB_GFP_MEMALLOC, 0, &blocks[i]), LAB_OK);
		frame = lab_fixture_frame(&bench.fixture, blocks[i]);
		assert_true(frame < 24 || (frame >= 25 && frame < 64) || (frame >= 68 && frame < 81));
		assert_false(seen[frame]);
		seen[frame] = true;
	}
	assert_int_equal(alloc(&bench, LAB_GFP_MEMALLOC, 0, &block), LAB_NO_MEMORY);
	for (unsigned i = 0; i < 76; i++)
		assert_int_equal(release(&bench, blocks[i * 37 % 76], 0), LAB_OK);
	assert_int_equal(locked->check(bench.self), LAB_OK);
	for (unsigned order = LAB_ORDER_MAX + 1; order-- > 0;)
		for (unsigned i = 0; i < LAB_ARRAY_COUNT(greatest); i++)
			if (greatest[i] == order) {
				assert_int_equal(alloc(&bench, LAB_GFP_MEMALLOC, order, &block), LAB_OK);
				assert_int_equal(lab_fixture_frame(&bench.fixture, block) & lab_bits_low(order), 0);
				got += 1u << order;
			}
	assert_int_equal(got, 76);
	stop(&bench);
}

/* Two spans that touch are still two: the 8 frames in the middle never become one block. */
static void test_blocks_never_cross_spans(void **state)
{
	static const struct lab_span touching[] = {{0, 12, LAB_ZONE_NORMAL}, {12, 4, LAB_ZONE_NORMAL}};
	struct bench bench;
	void *block;

	start(&bench, touching, 2, 0);
	assert_int_equal(alloc(&bench, 0, 3, &block), LAB_OK);
	assert_int_equal(lab_fixture_frame(&bench.fixture, block), 0);
	assert_int_equal(alloc(&bench, 0, 3, &block), LAB_NO_MEMORY);
	assert_int_equal(alloc(&bench, 0, 2, &block), LAB_OK);
	assert_int_equal(alloc(&bench, 0, 2, &block), LAB_OK);
	stop(&bench);
}

/* One call each that earns several answers shows their precedence; none of them changes anything. */
static void test_misuse_statuses(void **state)
{
	struct lab_request right = request_of(0, 2), foreign = right, stale = right, wrong_order = right;
	struct bench bench;
	char *block;
	uint64_t before;

	foreign.owner = lab_owner_make(2, 1);
	foreign.order = 1; /* wrong order too: the owner is told first */
	stale.owner = lab_owner_make(1, 0x1000);
	wrong_order.order = 3;
	start(&bench, maze, LAB_ARRAY_COUNT(maze), 0);
	assert_int_equal(alloc(&bench, 0, 2, (void **)&block), LAB_OK);
	before = locked->free_frames(bench.self);

	assert_int_equal(locked->free(bench.self, block + 1, &foreign), LAB_BAD_ADDRESS);
	assert_int_equal(locked->free(bench.self, NULL, &right), LAB_BAD_ADDRESS);
	assert_int_equal(locked->free(bench.self, lab_fixture_block(&bench.fixture, 81), &right), LAB_BAD_ADDRESS);
	assert_int_equal(locked->free(bench.self, lab_fixture_block(&bench.fixture, 24), &right), LAB_BAD_ADDRESS);
	assert_int_equal(locked->free(bench.self, (char *)bench.fixture.machine.base - 64, &right), LAB_BAD_ADDRESS);
	assert_int_equal(locked->free(bench.self, lab_fixture_block(&bench.fixture, 0), &foreign), LAB_NOT_ALLOCATED);
	assert_int_equal(locked->free(bench.self, block + (3 << PAGE_SHIFT), &foreign), LAB_NOT_HEAD);
	assert_int_equal(locked->free(bench.self, block, &foreign), LAB_WRONG_OWNER);
	assert_int_equal(locked->free(bench.self, block, &stale), LAB_WRONG_OWNER);
	assert_int_equal(locked->free(bench.self, block, &wrong_order), LAB_WRONG_ORDER);
	assert_int_equal(locked->free_frames(bench.self), before);
	assert_int_equal(locked->check(bench.self), LAB_OK);

	assert_int_equal(locked->free(bench.self, block, &right), LAB_OK);
	assert_int_equal(locked->free(bench.self, block, &right), LAB_NOT_ALLOCATED);
	assert_int_equal(locked->free_frames(bench.self), before + 4);
	stop(&bench);
}

static void test_refused_requests(void **state)
{
	struct lab_request nobody = {.order = 0, .owner = LAB_OWNER_NONE};
	struct lab_request reserved = {.order = 0, .owner = lab_owner_make(0xffff, 1)};
	struct bench bench;
	void *block = &bench;

	start(&bench, plain, 1, 0);
	assert_int_equal(alloc(&bench, LAB_GFP_ATOMIC | LAB_GFP_NOFAIL, 0, &block), LAB_BAD_FLAGS);
	assert_int_equal(alloc(&bench, LAB_GFP_KERNEL | LAB_GFP_NOFAIL | LAB_GFP_NORETRY, 0, &block), LAB_BAD_FLAGS);
	assert_int_equal(alloc(&bench, LAB_GFP_ALL + 1, 0, &block), LAB_BAD_FLAGS);
	assert_int_equal(alloc(&bench, 0, LAB_ORDER_MAX + 1, &block), LAB_INVALID);
	assert_int_equal(locked->alloc(bench.self, &nobody, &block), LAB_INVALID);
	assert_int_equal(locked->alloc(bench.self, &reserved, &block), LAB_INVALID);
	assert_int_equal(alloc(&bench, 0, 7, &block), LAB_NO_MEMORY);
	assert_ptr_equal(block, &bench); /* set on success only */
	assert_int_equal(locked->free_frames(bench.self), 64);
	stop(&bench);
}

static void test_transfer_and_views(void **state)
{
	const lab_owner giver = lab_owner_make(1, 1), taker = lab_owner_make(2, 7);
	struct lab_request taken = {.order = 0, .owner = taker};
	struct bench bench;
	void *block, *shared;

	start(&bench, plain, 1, 0);
	assert_int_equal(alloc(&bench, LAB_GFP_EXCLUSIVE, 0, &block), LAB_OK);
	assert_int_equal(alloc(&bench, 0, 0, &shared), LAB_OK);

	assert_int_equal(locked->unmap(bench.self, block, giver), LAB_NOT_MAPPED);
	assert_int_equal(locked->map(bench.self, block, taker), LAB_WRONG_OWNER);
	assert_int_equal(locked->map(bench.self, block, giver), LAB_OK);
	assert_int_equal(locked->map(bench.self, block, giver), LAB_BUSY);
	assert_int_equal(locked->transfer(bench.self, block, giver, taker), LAB_BUSY);
	assert_int_equal(locked->unmap(bench.self, block, giver), LAB_OK);
	assert_int_equal(locked->unmap(bench.self, block, giver), LAB_NOT_MAPPED);
	assert_int_equal(locked->map(bench.self, shared, giver), LAB_OK);
	assert_int_equal(locked->map(bench.self, shared, giver), LAB_OK);

	assert_int_equal(locked->transfer(bench.self, block, taker, giver), LAB_WRONG_OWNER);
	assert_int_equal(locked->transfer(bench.self, block, giver, LAB_OWNER_NONE), LAB_INVALID);
	assert_int_equal(locked->transfer(bench.self, block, giver, taker), LAB_OK);
	assert_int_equal(release(&bench, block, 0), LAB_WRONG_OWNER);
	assert_int_equal(locked->map(bench.self, block, taker), LAB_OK);
	assert_int_equal(locked->free(bench.self, block, &taken), LAB_OK);

	/* The view ended with the release: the frame's next owner may map it. */
	do
		assert_int_equal(alloc(&bench, LAB_GFP_EXCLUSIVE, 0, &shared), LAB_OK);
	while (shared != block);
	assert_int_equal(locked->map(bench.self, block, giver), LAB_OK);
	stop(&bench);
}

static void test_zero_and_shred(void **state)
{
	const size_t bytes = (size_t)4 << PAGE_SHIFT;
	struct bench bench;
	unsigned char *block, old[(size_t)4 << PAGE_SHIFT];

	start(&bench, plain, 1, 0);
	assert_int_equal(alloc(&bench, LAB_GFP_SHRED, 2, (void **)&block), LAB_OK);
	memset(block, 0x5a, bytes);
	memcpy(old, block, bytes);
	assert_int_equal(release(&bench, block, 2), LAB_OK);
	for (size_t i = 0; i < bytes; i += 8) {
		assert_memory_not_equal(block + i, old + i, 8);
		assert_memory_not_equal(block + i, block + (i + 8) % bytes, 8); /* nor constant */
	}
	assert_int_equal(alloc(&bench, LAB_GFP_ZERO, 6, (void **)&block), LAB_OK);
	for (size_t i = 0; i < (size_t)64 << PAGE_SHIFT; i++)
		assert_int_equal(block[i], 0);
	stop(&bench);
}

static void test_set_marks(void **state)
{
	struct lab_zone_marks marks = {.min = 60}, huge = {.min = UINT64_MAX, .lowmem_reserve = {9, 9}};
	struct bench bench;
	void *block;

	start(&bench, plain, 1, 0);
	assert_int_equal(locked->set_marks(bench.self, LAB_ZONE_COUNT, &marks), LAB_INVALID);
	assert_int_equal(locked->set_marks(bench.self, LAB_ZONE_NORMAL, &huge), LAB_OK);
	assert_int_equal(alloc(&bench, LAB_GFP_KERNEL, 0, &block), LAB_NO_MEMORY); /* no wrap to a low floor */
	assert_int_equal(locked->set_marks(bench.self, LAB_ZONE_NORMAL, &marks), LAB_OK);
	assert_int_equal(exhaust(&bench, LAB_GFP_KERNEL), 4);
	stop(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floors_are_exact),
		cmocka_unit_test(test_request_size_counts),
		cmocka_unit_test(test_zone_fallback_keeps_lowmem_reserve),
		cmocka_unit_test(test_dma_takes_only_dma),
		cmocka_unit_test(test_maze_is_covered_and_merges),
		cmocka_unit_test(test_blocks_never_cross_spans),
		cmocka_unit_test(test_misuse_statuses),
		cmocka_unit_test(test_refused_requests),
		cmocka_unit_test(test_transfer_and_views),
		cmocka_unit_test(test_zero_and_shred),
		cmocka_unit_test(test_set_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
