/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

#include <labyrinth/diagnose.h>

#include "base/prng.h"

/* Metadata that anybody may have written: what is wrong with it is told, and nothing of it leads outside. */

static const struct lab_span spans[] = {{0, 1500, LAB_ZONE_NORMAL}, {1600, 500, LAB_ZONE_DMA}};

static struct lab_fixture fixture;

/* An arena in use. */
static int open_traced(void **state)
{
	fixture_open(&fixture, spans, 2, NULL, 2, LAB_ARENA_TRACE | LAB_ARENA_VIEWS);
	for (uint64_t i = 1; i <= 40; i++) {
		struct lab_alloc_request request = fixture_request(LAB_GFP_ATOMIC, i % 5, i % 2, i);
		struct lab_page *page;

		assert_int_equal(lab_page_alloc(&fixture.arena, &request, &page), LAB_OK);
	}
	return 0;
}

static int close_traced(void **state)
{
	fixture_close(&fixture);
	return 0;
}

/* Everything that is to be had from a handle that only looks. */
static void look_at_all(const struct lab_arena *arena)
{
	struct lab_arena_stat stat;
	struct lab_cpu_stat cpu;
	struct lab_holder holder;
	char text[64];

	lab_arena_stat(arena, &stat);
	for (unsigned order = 0; order <= LAB_ORDER_MAX; order++)
		lab_zone_unusable(&stat.zones[0], order);
	for (unsigned i = 0; i < lab_arena_cpus(arena); i++)
		assert_int_equal(lab_arena_cpu_stat(arena, i, LAB_ZONE_DMA, &cpu), LAB_OK);
	for (uint64_t cursor = 0; lab_arena_holder_next(arena, &cursor, &holder);)
		assert_true(holder.pfn + (UINT64_C(1) << holder.order) <= lab_arena_frames(arena));
	for (uint64_t frame = 0; frame < lab_arena_frames(arena); frame += 97)
		lab_frame_last_holder(arena, frame, &holder);
	lab_arena_describe(arena, arena->state, text, sizeof(text));
}

struct copy {
	unsigned char *bytes;
	size_t count;
};

static struct copy copy_metadata(void)
{
	struct lab_arena_stat stat;
	struct copy copy;

	lab_arena_stat(&fixture.arena, &stat);
	copy.count = stat.metadata_bytes;
	copy.bytes = aligned_alloc(64, copy.count);
	assert_non_null(copy.bytes);
	memcpy(copy.bytes, fixture.arena.state, copy.count);
	return copy;
}

static void what_is_wrong_with_a_file_is_told(void **state)
{
	struct copy copy = copy_metadata();
	struct lab_arena arena;
	uint32_t *region;

	assert_int_equal(lab_arena_watch(&arena, copy.bytes, copy.count), LAB_ARENA_SOUND);
	look_at_all(&arena);
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, 0), LAB_ARENA_FOREIGN);
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, 100), LAB_ARENA_SHORT);
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, copy.count - 1), LAB_ARENA_SHORT);
	copy.bytes[24]++; /* the version */
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, copy.count), LAB_ARENA_OTHER_VERSION);
	copy.bytes[24]--;
	copy.bytes[16]++; /* the frames */
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, copy.count), LAB_ARENA_DAMAGED);
	copy.bytes[16]--;
	region = (uint32_t *)(copy.bytes + ((char *)fixture.arena.regions - (char *)fixture.arena.state));
	++*region; /* its first chunk: another one of the arena's, which nobody can tell */
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, copy.count), LAB_ARENA_SOUND);
	*region = 1000;
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, copy.count), LAB_ARENA_DAMAGED);
	*region = 0;
	copy.bytes[0]++; /* the magic number */
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, copy.count), LAB_ARENA_FOREIGN);
	free(copy.bytes);
}

/* AddressSanitizer stands at the end of the copy; each is cut to its exact size. */
static void damage_leads_nowhere(void **state)
{
	struct copy copy = copy_metadata();
	unsigned sound = 0, unsound = 0;
	struct lab_prng prng;

	lab_prng_seed(&prng, 11, 0);
	for (unsigned i = 0; i < 3000; i++) {
		/* Half of the damage to the fixed part, a word or a bit; half of it anywhere, up to all of it. */
		size_t room = i % 2 ? copy.count : 640, at = lab_prng_below(&prng, room - 8);
		size_t span = i % 16 == 15 ? room - at : 8;
		unsigned char *damaged = aligned_alloc(64, copy.count);
		struct lab_arena arena;

		assert_non_null(damaged);
		memcpy(damaged, copy.bytes, copy.count);
		if (i % 3 == 0)
			damaged[at] ^= (unsigned char)(1u << i % 8);
		else
			for (size_t j = 0; j < span; j++)
				damaged[at + j] = (unsigned char)lab_prng_u64(&prng);
		if (lab_arena_watch(&arena, damaged, copy.count) == LAB_ARENA_SOUND) {
			look_at_all(&arena);
			sound++;
		} else {
			unsound++;
		}
		free(damaged);
	}
	assert_true(sound > 100 && unsound > 100);
	free(copy.bytes);
}

/* What changes after the check can make answers wrong, and no more. */
static void damage_after_the_check_leads_nowhere(void **state)
{
	struct copy copy = copy_metadata();
	struct lab_arena arena;
	struct lab_prng prng;

	lab_prng_seed(&prng, 12, 0);
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, copy.count), LAB_ARENA_SOUND);
	for (unsigned round = 0; round < 4; round++) {
		for (size_t i = 0; i < copy.count; i++)
			copy.bytes[i] = (unsigned char)(round ? lab_prng_u64(&prng) : 0xff);
		look_at_all(&arena);
	}
	free(copy.bytes);
}

#define TRACED(test) cmocka_unit_test_setup_teardown(test, open_traced, close_traced)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRACED(what_is_wrong_with_a_file_is_told),
		TRACED(damage_leads_nowhere),
		TRACED(damage_after_the_check_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
