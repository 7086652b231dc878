/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

#include "base/bits.h"
#include "base/prng.h"

/*
 * Random histories on one thread, against a model that is an array of frames: each success must be a free, aligned run
 * of one span above its floor, and each failure must be one that the model cannot serve either.
 */

#define FRAMES    3000u
#define HELD_MOST 600u

static const struct lab_span spans[] = {
	{0, 100, LAB_ZONE_DMA},       {128, 572, LAB_ZONE_DMA}, {700, 800, LAB_ZONE_NORMAL},
	{1500, 37, LAB_ZONE_NORMAL}, /* touches the one before: still no block over the edge */
	{2048, 952, LAB_ZONE_NORMAL},
};

struct held {
	struct lab_page *page;
	struct lab_alloc_request request;
};

struct model {
	struct lab_fixture fixture;
	struct lab_prng prng;
	struct lab_zone_marks zones[LAB_ZONE_COUNT];
	bool taken[FRAMES];
	uint64_t free[LAB_ZONE_COUNT];
	struct held held[HELD_MOST];
	size_t held_count;
	uint64_t generation, failures;
};

static const struct lab_span *span_of(uint64_t frame)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(spans); i++) {
		if (frame >= spans[i].first_frame && frame < spans[i].first_frame + spans[i].frame_count)
			return &spans[i];
	}
	return NULL;
}

static uint64_t floor_of(const struct model *model, unsigned zone, const struct lab_alloc_request *request)
{
	enum lab_class class = lab_gfp_class(request->gfp);
	bool fallback = zone == LAB_ZONE_DMA && !(request->gfp & LAB_GFP_DMA) && class != LAB_CLASS_MEMALLOC;

	return lab_class_floor(class, model->zones[zone].min) +
	       (fallback ? model->zones[zone].lowmem_reserve[LAB_ZONE_NORMAL] : 0);
}

static bool run_is_free(const struct model *model, uint64_t first, unsigned order)
{
	for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
		if (first + i >= FRAMES || model->taken[first + i] || span_of(first + i) != span_of(first))
			return false;
	}
	return span_of(first) != NULL;
}

static bool could_serve(const struct model *model, const struct lab_alloc_request *request)
{
	uint64_t size = UINT64_C(1) << request->order;

	for (uint64_t first = 0; first < FRAMES; first += size) {
		const struct lab_span *span = span_of(first);

		if (!span || (request->gfp & LAB_GFP_DMA && span->zone != LAB_ZONE_DMA))
			continue;
		if (run_is_free(model, first, request->order) &&
		    model->free[span->zone] >= size + floor_of(model, span->zone, request))
			return true;
	}
	return false;
}

static void mark(struct model *model, uint64_t first, unsigned order, bool taken)
{
	for (uint64_t i = 0; i < UINT64_C(1) << order; i++)
		model->taken[first + i] = taken;
	model->free[span_of(first)->zone] += taken ? -(UINT64_C(1) << order) : UINT64_C(1) << order;
}

static lab_gfp random_gfp(struct model *model)
{
	static const lab_gfp kinds[] = {0,
					LAB_GFP_KERNEL,
					LAB_GFP_NOWAIT,
					LAB_GFP_ATOMIC,
					LAB_GFP_KERNEL | LAB_GFP_HIGH,
					LAB_GFP_MEMALLOC,
					LAB_GFP_ATOMIC | LAB_GFP_NOMEMALLOC};
	lab_gfp gfp = kinds[lab_prng_below(&model->prng, LAB_ARRAY_COUNT(kinds))];

	return lab_prng_chance(&model->prng, 1, 4) ? gfp | LAB_GFP_DMA : gfp;
}

static void step_alloc(struct model *model)
{
	unsigned order = (unsigned)lab_prng_below(&model->prng, lab_prng_chance(&model->prng, 1, 3) ? 11 : 3);
	struct lab_alloc_request request = fixture_request(
		random_gfp(model), order, (unsigned)lab_prng_below(&model->prng, 3), ++model->generation);
	struct lab_page *page;
	uint64_t first;

	if (lab_page_alloc(&model->fixture.arena, &request, &page)) {
		model->failures++;
		assert_false(could_serve(model, &request));
		return;
	}
	first = lab_page_pfn(&model->fixture.arena, page);
	assert_int_equal(first % (UINT64_C(1) << order), 0);
	assert_true(run_is_free(model, first, order));
	assert_true(!(request.gfp & LAB_GFP_DMA) || span_of(first)->zone == LAB_ZONE_DMA);
	mark(model, first, order, true);
	assert_true(model->free[span_of(first)->zone] >= floor_of(model, span_of(first)->zone, &request));
	model->held[model->held_count++] = (struct held){page, request};
}

static void step_free(struct model *model, size_t i)
{
	struct held held = model->held[i];

	held.request.cpu = (unsigned)lab_prng_below(&model->prng, 3);
	assert_int_equal(lab_page_free(&model->fixture.arena, held.page, &held.request), LAB_OK);
	mark(model, lab_page_pfn(&model->fixture.arena, held.page), held.request.order, false);
	model->held[i] = model->held[--model->held_count];
}

static void step_marks(struct model *model)
{
	unsigned zone = (unsigned)lab_prng_below(&model->prng, LAB_ZONE_COUNT);
	uint64_t min = lab_prng_below(&model->prng, 200);

	model->zones[zone].min = min;
	model->zones[zone].low = min + min / 4;
	model->zones[zone].high = min + min / 2;
	assert_int_equal(lab_arena_set_marks(&model->fixture.arena, zone, &model->zones[zone]), LAB_OK);
}

static void run_history(uint64_t seed)
{
	static struct model model;
	unsigned bias;

	memset(&model, 0, sizeof(model));
	lab_prng_seed(&model.prng, seed, 0);
	model.zones[LAB_ZONE_DMA] =
		(struct lab_zone_marks){.min = 20, .low = 25, .high = 30, .lowmem_reserve = {0, 64}};
	model.zones[LAB_ZONE_NORMAL] = (struct lab_zone_marks){.min = 90, .low = 112, .high = 135};
	for (size_t i = 0; i < LAB_ARRAY_COUNT(spans); i++)
		model.free[spans[i].zone] += spans[i].frame_count;
	fixture_open(&model.fixture, spans, LAB_ARRAY_COUNT(spans), model.zones, 3, 0);
	for (unsigned step = 0; step < 6000; step++) {
		bias = step / 500 % 2 ? 35 : 65; /* fills up, then empties, and so on */
		if (lab_prng_chance(&model.prng, 1, 100))
			lab_arena_drain(&model.fixture.arena, (unsigned)lab_prng_below(&model.prng, 3));
		else if (lab_prng_chance(&model.prng, 1, 200))
			step_marks(&model);
		else if (model.held_count < HELD_MOST && lab_prng_chance(&model.prng, bias, 100))
			step_alloc(&model);
		else if (model.held_count)
			step_free(&model, lab_prng_below(&model.prng, model.held_count));
		if (step % 512 == 0)
			fixture_check(&model.fixture);
		assert_int_equal(lab_arena_free_frames(&model.fixture.arena), model.free[0] + model.free[1]);
	}
	assert_true(model.failures > 0);
	while (model.held_count)
		step_free(&model, 0);
	fixture_check(&model.fixture);
	fixture_close(&model.fixture);
}

static void histories_agree_with_the_model(void **state)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
		run_history(seed);
}

/* After any history the spans' greatest blocks can be had again. */
static void merging_forgets_nothing(void **state)
{
	static struct lab_page *pages[64];
	struct lab_zone_marks none[LAB_ZONE_COUNT] = {0};
	struct lab_span whole[] = {{0, 4096, LAB_ZONE_NORMAL}};
	static struct lab_page *held[4096];
	static struct lab_alloc_request requests[4096];
	struct lab_fixture fixture;
	struct lab_prng prng;
	struct lab_arena_stat stat;

	lab_prng_seed(&prng, 7, 0);
	fixture_open(&fixture, whole, 1, none, 2, 0);
	for (unsigned round = 0; round < 20; round++) {
		size_t count = 0;

		for (; count < 4096; count++) {
			requests[count] = fixture_request(LAB_GFP_MEMALLOC, (unsigned)lab_prng_below(&prng, 6),
							  (unsigned)lab_prng_below(&prng, 2), count + 1);
			if (lab_page_alloc(&fixture.arena, &requests[count], &held[count]))
				break;
		}
		while (count) {
			size_t i = lab_prng_below(&prng, count--);

			assert_int_equal(lab_page_free(&fixture.arena, held[i], &requests[i]), LAB_OK);
			held[i] = held[count];
			requests[i] = requests[count];
		}
		for (unsigned i = 0; i < 4; i++) {
			struct lab_alloc_request great = fixture_request(LAB_GFP_MEMALLOC, 10, 0, 1);

			assert_int_equal(lab_page_alloc(&fixture.arena, &great, &pages[i]), LAB_OK);
		}
		for (unsigned i = 0; i < 4; i++) {
			struct lab_alloc_request great = fixture_request(LAB_GFP_MEMALLOC, 10, 0, 1);

			assert_int_equal(lab_page_free(&fixture.arena, pages[i], &great), LAB_OK);
		}
	}
	lab_arena_stat(&fixture.arena, &stat);
	assert_int_equal(stat.zones[LAB_ZONE_NORMAL].free_blocks[10], 4);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories_agree_with_the_model),
		cmocka_unit_test(merging_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
