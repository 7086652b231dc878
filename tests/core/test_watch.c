/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

#include <labyrinth/diagnose.h>

#include "base/bits.h"
#include "base/prng.h"
#include "core/layout.h"

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
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, 7), LAB_ARENA_FOREIGN);
	assert_int_equal(lab_arena_watch(&arena, copy.bytes, 8), LAB_ARENA_SHORT);
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

/* What is said of a copy in which one word of the arena says something else. */
static enum lab_arena_fault with(const void *word, uint64_t value, size_t bytes)
{
	struct copy copy = copy_metadata();
	enum lab_arena_fault fault;
	struct lab_arena arena;

	memcpy(copy.bytes + ((const char *)word - (const char *)fixture.arena.state), &value, bytes);
	fault = lab_arena_watch(&arena, copy.bytes, copy.count);
	free(copy.bytes);
	return fault;
}

#define WITH(word, value) with(&(word), (value), sizeof(word))

/* Two spans in three regions: chunk 0 is frames 0 to 1023, 1 up to 1499, 2 from 1600 up to 2047, 3 up to 2099. */
static void the_edges_of_what_is_sound(void **state)
{
	const struct lab_arena *arena = &fixture.arena;
	struct lab_zone_state *zone = lab_zone_state(arena, LAB_ZONE_NORMAL);
	const struct lab_chunk_info *info = lab_chunk_info(arena, 0);
	const uint32_t *regions = arena->regions;

	assert_int_equal(arena->chunk_count, 4);
	assert_int_equal(WITH(info[1].end_frame, info[2].first_frame), LAB_ARENA_SOUND);
	assert_int_equal(WITH(info[1].end_frame, info[2].first_frame + 1), LAB_ARENA_DAMAGED); /* they overlap */
	assert_int_equal(WITH(info[1].first_frame, 1023), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(info[1].end_frame, 1025), LAB_ARENA_SOUND);
	assert_int_equal(WITH(info[1].end_frame, 1024), LAB_ARENA_DAMAGED); /* it is empty */
	assert_int_equal(WITH(info[0].end_frame, 1025), LAB_ARENA_DAMAGED); /* it is in two regions */
	assert_int_equal(WITH(info[3].end_frame, 2101), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(info[2].end_frame, 1600), LAB_ARENA_DAMAGED); /* empty, in its region */
	assert_int_equal(WITH(info[0].zone, LAB_ZONE_DMA), LAB_ARENA_SOUND);
	assert_int_equal(WITH(info[0].zone, LAB_ZONE_COUNT), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(info[4].first_frame, 5000), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(regions[2], 3), LAB_ARENA_SOUND);
	assert_int_equal(WITH(regions[2], 4), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(regions[2], LAB_CHUNK_NONE), LAB_ARENA_SOUND);
	assert_int_equal(WITH(zone->first_chunk, zone->end_chunk), LAB_ARENA_SOUND);
	assert_int_equal(WITH(zone->first_chunk, zone->end_chunk + 1), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(zone->end_chunk, 4), LAB_ARENA_SOUND);
	assert_int_equal(WITH(zone->end_chunk, 5), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(lab_memory_span(arena, 0)->first_chunk, 1), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(lab_memory_span(arena, 1)->first_chunk, 1), LAB_ARENA_SOUND);
	assert_int_equal(WITH(lab_memory_span(arena, 1)->first_chunk, 0), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(lab_memory_span(arena, 1)->first_chunk, 4), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(lab_memory_span(arena, 2)->first_chunk, 3), LAB_ARENA_DAMAGED);
}

/* As lab_arena_init makes it of that configuration, with exactly as many bytes as it asked for. */
static void sound_one(struct lab_arena_config *config)
{
	struct lab_arena arena, watcher;
	void *metadata;
	size_t bytes;

	config->base = fixture_memory(config->frame_count);
	assert_int_equal(lab_arena_measure(config, &bytes), LAB_OK);
	metadata = aligned_alloc(LAB_CACHE_LINE, bytes);
	assert_non_null(metadata);
	memset(metadata, 0, bytes);
	assert_int_equal(lab_arena_init(&arena, config, metadata, bytes), LAB_OK);
	assert_int_equal(lab_arena_check(&arena, NULL), LAB_OK);
	assert_int_equal(lab_arena_free_frames(&arena), config->frame_count);
	assert_int_equal(lab_load_relaxed(&arena.state->gate), 0); /* what lies behind the zones is none */
	/* Numbers of any size may stand behind an array. */
	lab_store_relaxed(&lab_cpu_zone(&arena, 0, LAB_ZONE_DMA)->untold, INT32_MAX);
	assert_null(lab_page_at(&arena, config->frame_count));
	assert_int_equal(lab_arena_watch(&watcher, metadata, bytes), LAB_ARENA_SOUND);
	look_at_all(&watcher);
	lab_arena_fini(&arena);
	free(metadata);
	free(config->base);
}

/* Of whatever size, and nothing behind it is read: with the bytes that lab_arena_measure told, and no more. */
static void sound_ones_of_each_size(void **state)
{
	struct lab_arena_config config = {.page_shift = FIXTURE_PAGE_SHIFT, .order_max = LAB_ORDER_MAX, .cpu_count = 1};
	struct lab_span many[17];

	for (uint32_t chunks = 1; chunks <= LAB_ARRAY_COUNT(many); chunks++) {
		many[chunks - 1] = (struct lab_span){(chunks - 1) * LAB_CHUNK_FRAMES, LAB_CHUNK_FRAMES,
						     chunks % 2 ? LAB_ZONE_NORMAL : LAB_ZONE_DMA};
		config.frame_count = chunks * LAB_CHUNK_FRAMES;
		config.spans = many;
		config.span_count = chunks;
		config.process_count = chunks % 3 ? 0 : LAB_PROCESS_MAX;
		sound_one(&config);
	}
	/* The smallest chunks: of a frame each. */
	for (uint32_t i = 0; i < LAB_ARRAY_COUNT(many); i++)
		many[i] = (struct lab_span){i, 1, LAB_ZONE_NORMAL};
	config.frame_count = LAB_ARRAY_COUNT(many);
	sound_one(&config);
}

static void the_fixed_part_is_compared(void **state)
{
	const struct lab_state *it = fixture.arena.state;
	const uint64_t *at[] = {&it->states_at, &it->words_at,     &it->infos_at, &it->regions_at,
				&it->cpus_at,   &it->slots_at,     &it->pages_at, &it->views_at,
				&it->traces_at, &it->processes_at, &it->spans_at};

	for (size_t i = 0; i < LAB_ARRAY_COUNT(at); i++)
		assert_int_equal(WITH(*at[i], *at[i] + 64), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->bytes, it->bytes + 1), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->frame_count, 0), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->page_shift, 20), LAB_ARENA_SOUND);
	assert_int_equal(WITH(it->page_shift, 21), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->page_shift, 5), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->order_max, LAB_ORDER_MAX + 1), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->cpu_count, 0), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->process_count, LAB_PROCESS_MAX + 1), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->chunk_count, 0), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->region_count, it->region_count + 1), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->slot_count, 1), LAB_ARENA_DAMAGED);
	assert_int_equal(WITH(it->span_count, 0), LAB_ARENA_DAMAGED);
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
	for (unsigned round = 0; round < 6; round++) {
		for (size_t i = 0; i < copy.count; i++)
			copy.bytes[i] = (unsigned char)(round ? lab_prng_u64(&prng) : 0xff);
		for (size_t i = 0; round == 5 && i < copy.count / 4; i++)
			((uint32_t *)copy.bytes)[i] = LAB_ZONE_COUNT;
		/* Marked for the half-word behind the last. */
		for (size_t i = 0; round == 4 && i < copy.count / 8; i++)
			((uint64_t *)copy.bytes)[i] = (arena.chunk_count * UINT64_C(32)) << 33 | UINT64_C(1) << 32;
		look_at_all(&arena);
	}
	free(copy.bytes);
}

#define TRACED(test) cmocka_unit_test_setup_teardown(test, open_traced, close_traced)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRACED(what_is_wrong_with_a_file_is_told),
		TRACED(the_edges_of_what_is_sound),
		cmocka_unit_test(sound_ones_of_each_size),
		TRACED(the_fixed_part_is_compared),
		TRACED(damage_leads_nowhere),
		TRACED(damage_after_the_check_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
