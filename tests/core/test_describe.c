/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "core/layout.h"
#include "core/memory.h"
#include "core/process.h"
#include "core/trace.h"

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

/* As lab_arena_init laid them out, with everything that an arena can have. */
struct all {
	struct lab_arena arena;
	void *base, *metadata;
};

#define CPUS      3u
#define PROCESSES 2u

static void open_all(struct all *all)
{
	struct lab_arena_config config = {.frame_count = 1600,
					  .page_shift = FIXTURE_PAGE_SHIFT,
					  .order_max = LAB_ORDER_MAX,
					  .cpu_count = CPUS,
					  .flags = LAB_ARENA_VIEWS | LAB_ARENA_TRACE,
					  .spans = two_spans,
					  .span_count = 2,
					  .process_count = PROCESSES,
					  .zones = no_marks};
	size_t bytes;

	config.base = all->base = fixture_memory(1600);
	assert_int_equal(lab_arena_measure(&config, &bytes), LAB_OK);
	all->metadata = aligned_alloc(LAB_CACHE_LINE, bytes);
	assert_non_null(all->metadata);
	memset(all->metadata, 0, bytes);
	assert_int_equal(lab_arena_init(&all->arena, &config, all->metadata, bytes), LAB_OK);
}

static void close_all(struct all *all)
{
	lab_arena_fini(&all->arena);
	free(all->metadata);
	free(all->base);
}

static __attribute__((format(printf, 5, 6))) void expect_each(const struct lab_arena *arena, const volatile void *at,
							      size_t bytes, enum lab_word kind, const char *format, ...)
{
	char name[48];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	expect(arena, at, kind, name);
	expect(arena, (const volatile char *)at + bytes - 1, kind, name);
}

#define EXPECT(arena, word, kind, ...) expect_each(arena, &(word), sizeof(word), kind, __VA_ARGS__)

static void each_word_of_a_zone_has_its_name(void **state)
{
	static const char *const zones[] = {"dma", "normal"}, *const classes[] = {"ordinary", "high", "atomic",
										  "memalloc"};
	struct all all;

	open_all(&all);
	for (unsigned i = 0; i < LAB_ZONE_COUNT; i++) {
		struct lab_zone_state *zone = lab_zone_state(&all.arena, i);

		EXPECT(&all.arena, zone->budget, LAB_WORD_NUMBER, "zone %s budget", zones[i]);
		for (unsigned class = 0; class < LAB_CLASS_COUNT; class ++)
			EXPECT(&all.arena, zone->floors[class], LAB_WORD_NUMBER, "zone %s floor of class %s", zones[i],
			       classes[class]);
		EXPECT(&all.arena, zone->min, LAB_WORD_NUMBER, "zone %s watermarks", zones[i]);
		EXPECT(&all.arena, zone->end_chunk, LAB_WORD_NUMBER, "zone %s watermarks", zones[i]);
		EXPECT(&all.arena, zone->deferred, LAB_WORD_NUMBER, "zone %s deferred blocks", zones[i]);
		EXPECT(&all.arena, zone->deferred_frames, LAB_WORD_NUMBER, "zone %s deferred frames", zones[i]);
		EXPECT(&all.arena, zone->absent, LAB_WORD_NUMBER, "zone %s absent frames", zones[i]);
		for (unsigned cpu = 0; cpu < CPUS; cpu++) {
			struct lab_cpu_zone *cache = lab_cpu_zone(&all.arena, cpu, i);

			EXPECT(&all.arena, cache->untold, LAB_WORD_NUMBER, "cpu %u zone %s untold frames", cpu,
			       zones[i]);
			EXPECT(&all.arena, cache->hint_small, LAB_WORD_HINT, "cpu %u zone %s hint", cpu, zones[i]);
			EXPECT(&all.arena, cache->hint_cached, LAB_WORD_HINT, "cpu %u zone %s hint", cpu, zones[i]);
			EXPECT(&all.arena, cache->plug, LAB_WORD_NUMBER, "cpu %u zone %s plug", cpu, zones[i]);
			EXPECT(&all.arena, cache->refills, LAB_WORD_HINT, "cpu %u zone %s statistics", cpu, zones[i]);
			EXPECT(&all.arena, cache->failures, LAB_WORD_HINT, "cpu %u zone %s statistics", cpu, zones[i]);
			EXPECT(&all.arena, cache->generation, LAB_WORD_HINT, "cpu %u zone %s generation", cpu,
			       zones[i]);
			for (unsigned slot = 0; slot < all.arena.slot_count; slot++)
				EXPECT(&all.arena, *lab_cpu_slot(&all.arena, cpu, i, slot), LAB_WORD_BITS,
				       "cpu %u zone %s slot %u", cpu, zones[i], slot);
			/* what fills up its line */
			expect(&all.arena, lab_cpu_slot(&all.arena, cpu, i, all.arena.slot_count), LAB_WORD_NONE,
			       "untouched");
		}
	}
	close_all(&all);
}

static void each_word_of_an_array_has_its_name(void **state)
{
	struct lab_arena *arena;
	struct all all;

	open_all(&all);
	arena = &all.arena;
	assert_int_equal(arena->chunk_count, 3);
	for (unsigned chunk = 0; chunk < 3; chunk++) {
		EXPECT(arena, *lab_chunk_state(arena, chunk), LAB_WORD_BITS, "chunk %u state", chunk);
		for (unsigned word = 0; word < LAB_CHUNK_WORDS; word++)
			EXPECT(arena, *lab_chunk_word(arena, chunk, word), LAB_WORD_BITS, "chunk %u word %u", chunk,
			       word);
	}
	for (unsigned chunk = 0; chunk < 4; chunk++) /* and their end */
		EXPECT(arena, *lab_chunk_info(arena, chunk), LAB_WORD_NUMBER, "chunk %u extent", chunk);
	for (unsigned region = 0; region < 2; region++)
		EXPECT(arena, ((uint32_t *)arena->regions)[region], LAB_WORD_NUMBER, "region %u first chunk", region);
	for (unsigned frame = 0; frame <= 1600; frame++) /* and one more */
		EXPECT(arena, arena->pages[frame], LAB_WORD_OWNER, "frame %u owner", frame);
	for (unsigned frame = 0; frame < 1600; frame++) {
		struct lab_trace *trace = (struct lab_trace *)arena->traces + frame;

		EXPECT(arena, ((char *)arena->views)[frame], LAB_WORD_BITS, "frame %u views", frame);
		expect_each(arena, trace, 1, LAB_WORD_NUMBER, "frame %u trace sequence", frame);
		expect_each(arena, (char *)trace + sizeof(*trace) - 1, 1, LAB_WORD_NUMBER, "frame %u trace", frame);
	}
	for (unsigned span = 0; span <= 2; span++) { /* and their end */
		expect_each(arena, &lab_memory_span(arena, span)->memory, 1, LAB_WORD_NUMBER, "span %u memory", span);
		EXPECT(arena, lab_memory_span(arena, span)->first_chunk, LAB_WORD_NUMBER, "span %u first chunk", span);
	}
	for (unsigned place = 1; place <= PROCESSES; place++) {
		EXPECT(arena, *lab_process_line(arena, place), LAB_WORD_NUMBER, "place %u process", place);
		for (unsigned cpu = 0; cpu < CPUS; cpu++)
			EXPECT(arena, *(lab_process_line(arena, place) + 1 + cpu), LAB_WORD_NUMBER,
			       "place %u calls on cpu %u", place, cpu);
	}
	expect(arena, &arena->state->gate, LAB_WORD_NUMBER, "gate");
	expect(arena, &arena->state->reaper, LAB_WORD_NUMBER, "reaper");
	expect(arena, &arena->state->waiters, LAB_WORD_BITS, "who waits");
	expect(arena, &arena->state->magic, LAB_WORD_NUMBER, "the arena's layout");
	expect(arena, (char *)arena->state + sizeof(*arena->state) - 1, LAB_WORD_NUMBER, "the arena's layout");
	expect(arena, (char *)arena->state + sizeof(*arena->state), LAB_WORD_BITS, "chunk 0 state");
	close_all(&all);
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
		cmocka_unit_test(each_word_of_a_zone_has_its_name),
		cmocka_unit_test(each_word_of_an_array_has_its_name),
		cmocka_unit_test(what_is_not_the_arenas_has_none),
		cmocka_unit_test(a_name_is_cut_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
