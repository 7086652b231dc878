/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

#include "core/layout.h"

static const struct lab_span two_spans[] = {{0, 1100, LAB_ZONE_DMA}, {1100, 500, LAB_ZONE_NORMAL}};
static const struct lab_zone_marks no_marks[LAB_ZONE_COUNT];

static void expect(const struct lab_arena *arena, const volatile void *address, enum lab_word kind, const char *name)
{
	char text[48] = "untouched";

	assert_int_equal(lab_arena_describe(arena, (const void *)address, text, sizeof(text)), kind);
	assert_string_equal(text, name);
}

static void every_kind_of_word_has_its_name(void **state)
{
	struct lab_fixture fixture;
	struct lab_arena *arena = &fixture.arena;
	struct lab_cpu_zone *cache;

	fixture_open(&fixture, two_spans, 2, no_marks, 3, LAB_ARENA_VIEWS);
	cache = lab_cpu_zone(arena, 2, LAB_ZONE_NORMAL);
	expect(arena, &lab_zone_state(arena, LAB_ZONE_NORMAL)->budget, LAB_WORD_NUMBER, "zone normal budget");
	expect(arena, &lab_zone_state(arena, LAB_ZONE_DMA)->floors[LAB_CLASS_ATOMIC], LAB_WORD_NUMBER,
	       "zone dma floor of class atomic");
	expect(arena, &lab_zone_state(arena, LAB_ZONE_DMA)->high, LAB_WORD_NUMBER, "zone dma watermarks");
	expect(arena, lab_cpu_slot(arena, 2, LAB_ZONE_NORMAL, 1), LAB_WORD_BITS, "cpu 2 zone normal slot 1");
	expect(arena, &cache->untold, LAB_WORD_NUMBER, "cpu 2 zone normal untold frames");
	expect(arena, &cache->hint_great, LAB_WORD_HINT, "cpu 2 zone normal hint");
	expect(arena, &cache->failures, LAB_WORD_HINT, "cpu 2 zone normal statistics");
	expect(arena, lab_chunk_state(arena, 1), LAB_WORD_BITS, "chunk 1 state");
	expect(arena, lab_chunk_word(arena, 2, 15), LAB_WORD_BITS, "chunk 2 word 15");
	expect(arena, lab_chunk_info(arena, 2), LAB_WORD_NUMBER, "chunk 2 extent");
	expect(arena, &((uint32_t *)arena->regions)[1], LAB_WORD_NUMBER, "region 1 first chunk");
	expect(arena, &arena->pages[1599].owner, LAB_WORD_OWNER, "frame 1599 owner");
	expect(arena, (char *)arena->views + 17, LAB_WORD_BITS, "frame 17 views");
	expect(arena, &arena->state->page_shift, LAB_WORD_NUMBER, "the arena's layout");
	fixture_close(&fixture);
}

static void what_is_not_the_arenas_has_none(void **state)
{
	struct lab_fixture fixture;
	struct lab_arena *arena = &fixture.arena;

	fixture_open(&fixture, two_spans, 2, no_marks, 1, 0);
	expect(arena, &fixture, LAB_WORD_NONE, "untouched");
	expect(arena, NULL, LAB_WORD_NONE, "untouched");
	expect(arena, arena->base, LAB_WORD_NONE, "untouched");
	expect(arena, (char *)arena->state + arena->state->bytes, LAB_WORD_NONE, "untouched");
	fixture_close(&fixture);
}

static void a_name_is_cut_to_fit(void **state)
{
	struct lab_fixture fixture;
	char text[8] = "abcdefg";

	fixture_open(&fixture, two_spans, 2, no_marks, 1, 0);
	assert_int_equal(lab_arena_describe(&fixture.arena, lab_chunk_state(&fixture.arena, 0), text, 6),
			 LAB_WORD_BITS);
	assert_string_equal(text, "chunk");
	assert_int_equal(text[6], 'g');
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_word_has_its_name),
		cmocka_unit_test(what_is_not_the_arenas_has_none),
		cmocka_unit_test(a_name_is_cut_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
