/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

#include <pthread.h>

#include "target/core_tables.h"

static const struct lab_span spans[] = {{0, 500, LAB_ZONE_NORMAL}, {600, 400, LAB_ZONE_NORMAL}};
static const struct lab_zone_marks no_marks[LAB_ZONE_COUNT];

/* The descriptor `frames` further on, also outside the arena. */
static struct lab_page *beside(struct lab_page *page, long frames)
{
	return (struct lab_page *)((uintptr_t)page + (uintptr_t)(frames * 8));
}

static struct lab_page *take(struct lab_fixture *fixture, const struct lab_alloc_request *request)
{
	struct lab_page *page = NULL;

	assert_int_equal(lab_page_alloc(&fixture->arena, request, &page), LAB_OK);
	return page;
}

static void misuse_is_refused_and_changes_nothing(void **state)
{
	struct lab_fixture fixture;
	struct lab_alloc_request mine = fixture_request(0, 3, 0, 1), stale = mine, order = mine, other = mine;
	struct lab_page *page, *free_page;
	uint64_t free_frames;

	fixture_open(&fixture, spans, 2, no_marks, 1, LAB_ARENA_VIEWS);
	page = take(&fixture, &mine);
	free_page = lab_page_at(&fixture.arena, lab_page_pfn(&fixture.arena, page) ^ 64);
	free_frames = lab_arena_free_frames(&fixture.arena);
	stale.owner = lab_owner_make(1, 0);
	other.owner = lab_owner_make(2, 1);
	order.order = 2;
	/* Precedence: the address, then whether it is allocated, then whether it is a head, then owner, then order. */
	assert_int_equal(lab_page_free(&fixture.arena, lab_page_at(&fixture.arena, 550), &mine), LAB_BAD_ADDRESS);
	assert_int_equal(lab_page_free(&fixture.arena, beside(page, 5000), &mine), LAB_BAD_ADDRESS);
	assert_int_equal(lab_page_free(&fixture.arena, beside(page, -5000), &mine), LAB_BAD_ADDRESS);
	assert_int_equal(lab_page_free(&fixture.arena, free_page, &other), LAB_NOT_ALLOCATED);
	for (unsigned i = 1; i < 8; i++)
		assert_int_equal(lab_page_free(&fixture.arena, beside(page, (long)i), &other), LAB_NOT_HEAD);
	assert_int_equal(lab_page_free(&fixture.arena, beside(page, 8), &mine), LAB_NOT_ALLOCATED);
	assert_int_equal(lab_page_free(&fixture.arena, page, &stale), LAB_WRONG_OWNER);
	other.order = 2;
	assert_int_equal(lab_page_free(&fixture.arena, page, &other), LAB_WRONG_OWNER);
	assert_int_equal(lab_page_free(&fixture.arena, page, &order), LAB_WRONG_ORDER);
	order.order = 0;
	assert_int_equal(lab_page_free(&fixture.arena, page, &order), LAB_WRONG_ORDER);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), free_frames);
	assert_int_equal(lab_page_owner(&fixture.arena, page), mine.owner);
	fixture_check(&fixture);
	assert_int_equal(lab_page_free(&fixture.arena, page, &mine), LAB_OK);
	assert_int_equal(lab_page_free(&fixture.arena, page, &mine), LAB_NOT_ALLOCATED);
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 900);
	fixture_close(&fixture);
}

static void great_blocks_know_their_inside(void **state)
{
	struct lab_fixture fixture;
	struct lab_alloc_request great = fixture_request(0, 8, 0, 1), single = fixture_request(0, 0, 0, 2);
	struct lab_page *page;

	fixture_open(&fixture, spans, 2, no_marks, 1, 0);
	page = take(&fixture, &great);
	for (unsigned i = 1; i < 256; i++)
		assert_int_equal(lab_page_free(&fixture.arena, beside(page, (long)i), &single), LAB_NOT_HEAD);
	assert_int_equal(lab_page_free(&fixture.arena, page, &great), LAB_OK);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(lab_page_free(&fixture.arena, beside(page, (long)i), &single), LAB_NOT_ALLOCATED);
	fixture_close(&fixture);
}

static void the_greatest_block_knows_its_inside(void **state)
{
	static const struct lab_span whole = {0, UINT64_C(1) << LAB_ORDER_MAX, LAB_ZONE_NORMAL};
	struct lab_alloc_request greatest = fixture_request(0, LAB_ORDER_MAX, 0, 1),
				 single = fixture_request(0, 0, 0, 2);
	struct lab_fixture fixture;
	struct lab_page *page;

	fixture_open(&fixture, &whole, 1, no_marks, 1, 0);
	page = take(&fixture, &greatest);
	assert_int_equal(lab_page_free(&fixture.arena, beside(page, 3), &single), LAB_NOT_HEAD);
	assert_int_equal(lab_page_free(&fixture.arena, beside(page, 1 << (LAB_ORDER_MAX - 1)), &single), LAB_NOT_HEAD);
	assert_int_equal(lab_page_free(&fixture.arena, page, &greatest), LAB_OK);
	fixture_close(&fixture);
}

static void bad_requests_are_refused(void **state)
{
	struct lab_fixture fixture;
	struct lab_alloc_request request = fixture_request(LAB_GFP_ATOMIC | LAB_GFP_NOFAIL, 0, 0, 1);
	struct lab_page *page = NULL;

	fixture_open(&fixture, spans, 2, no_marks, 1, 0);
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_BAD_FLAGS);
	request.gfp = LAB_GFP_KERNEL | LAB_GFP_NOFAIL | LAB_GFP_NORETRY;
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_BAD_FLAGS);
	request.gfp = LAB_GFP_ALL + 1;
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_BAD_FLAGS);
	request = fixture_request(0, LAB_ORDER_MAX + 1, 0, 1);
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_INVALID);
	request = fixture_request(0, 0, 1, 1);
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_INVALID);
	request = fixture_request(0, 0, 0, 1);
	request.owner = LAB_OWNER_NONE;
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_INVALID);
	request.owner = lab_owner_make(0xffff, 1);
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_INVALID);
	request.owner = UINT64_C(0xffff) << 48; /* the least that none may be */
	assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_INVALID);
	assert_null(page);
	assert_int_equal(lab_page_map(&fixture.arena, lab_page_at(&fixture.arena, 0), 1), LAB_UNSUPPORTED);
	fixture_close(&fixture);
}

/* Mutants of each comparison, which no scenario reaches, are found here. */
static void the_first_beyond_is_refused(void **state)
{
	static const struct lab_zone_marks marks = {.min = 1, .low = 1, .high = 1};
	struct lab_alloc_request request = fixture_request(0, 0, 0, 1);
	struct lab_fixture fixture;
	struct lab_page *page;

	fixture_open(&fixture, spans, 2, no_marks, 1, 0);
	page = take(&fixture, &request);
	request.cpu = 1;
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_INVALID);
	request.cpu = 0;
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
	assert_int_equal(lab_arena_drain(&fixture.arena, 1), LAB_INVALID);
	assert_int_equal(lab_arena_set_marks(&fixture.arena, LAB_ZONE_COUNT, &marks), LAB_INVALID);
	assert_non_null(lab_page_at(&fixture.arena, 999));
	assert_null(lab_page_at(&fixture.arena, 1000));
	assert_int_equal(lab_page_free(&fixture.arena, beside(lab_page_at(&fixture.arena, 999), 1), &request),
			 LAB_BAD_ADDRESS);
	fixture_close(&fixture);
}

/* The same where AddressSanitizer sees who looks behind the last zone. */
static void the_first_zone_beyond_is_not_looked_at(void **state)
{
	struct lab_core_tables tables;
	struct lab_fixture fixture;
	struct lab_arena whole;

	fixture_open(&fixture, spans, 2, no_marks, 1, 0);
	whole = fixture.arena;
	assert_int_equal(lab_core_tables_part(&fixture.arena, &tables), LAB_OK);
	assert_false(lab_arena_reclaim(&fixture.arena, LAB_ZONE_COUNT));
	fixture_check(&fixture);
	lab_core_tables_free(&tables);
	fixture.arena = whole;
	fixture_close(&fixture);
}

/* The same where the table of regions ends at the frame: what lies behind it says where to look. */
static void the_first_beyond_a_full_table_is_refused(void **state)
{
	static const struct lab_span whole = {0, 16 * 1024, LAB_ZONE_DMA};
	struct lab_alloc_request request = fixture_request(LAB_GFP_DMA, 0, 0, 1);
	struct lab_fixture fixture;
	struct lab_page *page;

	fixture_open(&fixture, &whole, 1, no_marks, 1, 0);
	page = take(&fixture, &request); /* the rest of its word is in the cache, whose table is next */
	assert_int_equal(lab_page_free(&fixture.arena, beside(lab_page_at(&fixture.arena, 16383), 1), &request),
			 LAB_BAD_ADDRESS);
	assert_int_equal(lab_page_free(&fixture.arena, page, &request), LAB_OK);
	fixture_close(&fixture);
}

static void ownership_is_transferred(void **state)
{
	struct lab_fixture fixture;
	struct lab_alloc_request giver = fixture_request(LAB_GFP_EXCLUSIVE, 1, 0, 1), taker = giver;
	struct lab_page *page;

	taker.owner = lab_owner_make(9, 4);
	fixture_open(&fixture, spans, 2, no_marks, 1, LAB_ARENA_VIEWS);
	page = take(&fixture, &giver);
	assert_int_equal(lab_page_transfer(&fixture.arena, page, taker.owner, giver.owner), LAB_WRONG_OWNER);
	assert_int_equal(lab_page_transfer(&fixture.arena, page, giver.owner, LAB_OWNER_NONE), LAB_INVALID);
	assert_int_equal(lab_page_map(&fixture.arena, page, giver.owner), LAB_OK);
	assert_int_equal(lab_page_transfer(&fixture.arena, page, giver.owner, taker.owner), LAB_BUSY);
	assert_int_equal(lab_page_unmap(&fixture.arena, page, giver.owner), LAB_OK);
	assert_int_equal(lab_page_transfer(&fixture.arena, page, giver.owner, taker.owner), LAB_OK);
	assert_int_equal(lab_page_free(&fixture.arena, page, &giver), LAB_WRONG_OWNER);
	assert_int_equal(lab_page_free(&fixture.arena, page, &taker), LAB_OK);
	fixture_check(&fixture);
	fixture_close(&fixture);
}

static void an_exclusive_block_has_one_view(void **state)
{
	struct lab_fixture fixture;
	struct lab_alloc_request exclusive = fixture_request(LAB_GFP_EXCLUSIVE, 0, 0, 1),
				 shared = fixture_request(0, 0, 0, 2);
	struct lab_page *page, *again;

	fixture_open(&fixture, spans, 2, no_marks, 1, LAB_ARENA_VIEWS);
	page = take(&fixture, &exclusive);
	assert_int_equal(lab_page_map(&fixture.arena, page, shared.owner), LAB_WRONG_OWNER);
	assert_int_equal(lab_page_unmap(&fixture.arena, page, exclusive.owner), LAB_NOT_MAPPED);
	assert_int_equal(lab_page_map(&fixture.arena, page, exclusive.owner), LAB_OK);
	assert_int_equal(lab_page_map(&fixture.arena, page, exclusive.owner), LAB_BUSY);
	assert_int_equal(lab_page_free(&fixture.arena, page, &exclusive), LAB_OK);
	assert_int_equal(lab_page_unmap(&fixture.arena, page, exclusive.owner), LAB_NOT_ALLOCATED);
	/* The release ended the view. */
	again = take(&fixture, &exclusive);
	assert_ptr_equal(again, page);
	assert_int_equal(lab_page_map(&fixture.arena, again, exclusive.owner), LAB_OK);
	page = take(&fixture, &shared);
	for (unsigned i = 0; i < 127; i++)
		assert_int_equal(lab_page_map(&fixture.arena, page, shared.owner), LAB_OK);
	assert_int_equal(lab_page_map(&fixture.arena, page, shared.owner), LAB_BUSY);
	fixture_close(&fixture);
}

/* Counts bytes of a block that differ from `byte`. */
static size_t differing(const unsigned char *block, size_t bytes, unsigned char byte)
{
	size_t count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += block[i] != byte;
	return count;
}

static void release_overwrites(void **state)
{
	const size_t bytes = (size_t)16 << FIXTURE_PAGE_SHIFT;
	struct lab_alloc_request shred = fixture_request(LAB_GFP_SHRED, 4, 0, 1),
				 zero = fixture_request(LAB_GFP_ZERO, 4, 0, 2);
	struct lab_fixture fixture;
	struct lab_page *page;
	unsigned char *block;

	fixture_open(&fixture, spans, 2, no_marks, 1, LAB_ARENA_SHRED);
	page = take(&fixture, &shred);
	block = lab_page_address(&fixture.arena, page);
	memset(block, 0x5a, bytes);
	assert_int_equal(lab_page_free(&fixture.arena, page, &shred), LAB_OK);
	/* A random byte equals any given one with 1/256. */
	assert_true(differing(block, bytes, 0x5a) > bytes - bytes / 16);
	assert_true(differing(block, bytes, 0) > bytes - bytes / 16);
	assert_ptr_equal(take(&fixture, &zero), page);
	assert_int_equal(differing(block, bytes, 0), 0);
	fixture_close(&fixture);

	fixture_open(&fixture, spans, 2, no_marks, 1, LAB_ARENA_ZERO_ON_FREE);
	page = take(&fixture, &zero);
	block = lab_page_address(&fixture.arena, page);
	memset(block, 0x5a, bytes);
	assert_int_equal(lab_page_free(&fixture.arena, page, &zero), LAB_OK);
	assert_int_equal(differing(block, bytes, 0), 0);
	fixture_close(&fixture);
}

/* Three releases in a row give three different keystreams, also across the change of keys after a MiB. */
static void keystreams_never_repeat(void **state)
{
	static unsigned char seen[40][64];
	struct lab_alloc_request great = fixture_request(LAB_GFP_SHRED, 8, 0, 1);
	struct lab_fixture fixture;

	fixture_open(&fixture, spans, 2, no_marks, 1, LAB_ARENA_SHRED_DEFAULT);
	for (unsigned i = 0; i < 40; i++) {
		struct lab_page *page;

		for (unsigned round = 0; round < 4; round++) {
			page = take(&fixture, &great);
			assert_int_equal(lab_page_free(&fixture.arena, page, &great), LAB_OK);
		}
		memcpy(seen[i], lab_page_address(&fixture.arena, page), 64);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], 64);
	}
	fixture_close(&fixture);
}

struct other_thread {
	struct lab_arena *arena;
	void *frame;
	enum lab_status exclusive, any;
	struct lab_page *shared;
};

static void *release_elsewhere(void *arg)
{
	struct other_thread *it = arg;

	it->exclusive = labyrinth_void_free_page_gfp_atomic_exclusive(it->arena, it->frame);
	it->any = lab_free_pages(it->arena, it->shared, 2);
	return NULL;
}

static void the_exclusive_frame_is_its_threads(void **state)
{
	struct lab_fixture fixture;
	struct other_thread other;
	pthread_t thread;
	void *any;

	fixture_open(&fixture, spans, 2, no_marks, 2, 0);
	other.arena = &fixture.arena;
	other.frame = labyrinth_void_alloc_page_gfp_atomic_exclusive(&fixture.arena);
	other.shared = lab_alloc_pages(&fixture.arena, LAB_GFP_KERNEL, 2);
	assert_non_null(other.frame);
	assert_non_null(other.shared);
	assert_int_equal(pthread_create(&thread, NULL, release_elsewhere, &other), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(other.exclusive, LAB_WRONG_OWNER);
	assert_int_equal(other.any, LAB_OK);
	assert_int_equal(labyrinth_void_free_page_gfp_atomic_exclusive(&fixture.arena, (char *)other.frame + 8),
			 LAB_BAD_ADDRESS);
	assert_int_equal(labyrinth_void_free_page_gfp_atomic_exclusive(&fixture.arena, other.frame), LAB_OK);
	assert_int_equal(labyrinth_void_free_page_gfp_atomic_exclusive(&fixture.arena, other.frame), LAB_NOT_ALLOCATED);
	any = labyrinth_void_allocpage_gfp_atomic(&fixture.arena);
	assert_non_null(any);
	assert_int_equal(lab_free_address(&fixture.arena, any), LAB_OK);
	assert_null(lab_alloc_pages(&fixture.arena, LAB_GFP_ATOMIC | LAB_GFP_NOFAIL, 0));
	assert_int_equal(lab_arena_free_frames(&fixture.arena), 900);
	fixture_close(&fixture);
}

/* Whoever keeps a block's owner can tell the block from any later one. */
static void short_forms_make_each_owner_once(void **state)
{
	lab_owner before = LAB_OWNER_NONE;
	struct lab_fixture one_cpu;

	fixture_open(&one_cpu, spans, 2, no_marks, 1, 0);
	for (unsigned i = 0; i < 100; i++) {
		struct lab_page *page = lab_alloc_pages(&one_cpu.arena, LAB_GFP_KERNEL, 0);
		lab_owner owner;

		assert_non_null(page);
		owner = lab_page_owner(&one_cpu.arena, page);
		assert_true(owner > before);
		before = owner;
		assert_int_equal(lab_free_pages(&one_cpu.arena, page, 0), LAB_OK);
	}
	fixture_close(&one_cpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misuse_is_refused_and_changes_nothing),
		cmocka_unit_test(great_blocks_know_their_inside),
		cmocka_unit_test(bad_requests_are_refused),
		cmocka_unit_test(the_greatest_block_knows_its_inside),
		cmocka_unit_test(the_first_beyond_is_refused),
		cmocka_unit_test(the_first_zone_beyond_is_not_looked_at),
		cmocka_unit_test(the_first_beyond_a_full_table_is_refused),
		cmocka_unit_test(ownership_is_transferred),
		cmocka_unit_test(an_exclusive_block_has_one_view),
		cmocka_unit_test(release_overwrites),
		cmocka_unit_test(keystreams_never_repeat),
		cmocka_unit_test(the_exclusive_frame_is_its_threads),
		cmocka_unit_test(short_forms_make_each_owner_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
