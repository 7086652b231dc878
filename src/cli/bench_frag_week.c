/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/prng.h"
#include "cli/bench.h"
#include "cli/bench_frag.h"
#include "plat/vm.h"

#define MINUTE     60u
#define DAY        (24u * 60u * MINUTE)
#define LIFE_LEAST 30u /* seconds: Pareto's law with exponent 1 from here on */
#define LIFE_MOST  (3u * DAY)
#define NIGHT      30u /* percent of memory that is wanted at 4 in the morning */
#define BY_DAY     85u /* and at 16 o'clock */
#define CPUS       2u
#define FRAMES     LAB_FRAG_FRAMES
#define TRIES      16u /* refusals in a minute after which the rest of it is left */

/* Of 1,000 requests, by order: more than half of the memory is asked for in blocks of order 7 and above. */
static const unsigned shares[LAB_ORDER_MAX + 1] = {600, 150, 90, 60, 40, 24, 14, 9, 6, 5, 2};

struct block {
	void *address;
	uint64_t ends; /* second */
	lab_owner owner;
	lab_gfp gfp;
	unsigned order;
};

struct week {
	const struct lab_target *target;
	struct lab_machine machine;
	void *self;
	struct lab_frag_result *result;
	struct lab_prng prng;
	struct block *heap; /* by the end, the next one first */
	size_t count;
	unsigned char *owned; /* a byte a frame; of OWN_MEMORY unused */
	uint64_t owned_frames, generation, resident_before;
};

static uint64_t resident_frames(void)
{
	unsigned long long all, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file && fscanf(file, "%llu %llu", &all, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE) >> LAB_FRAG_SHIFT;
}

static void swap(struct week *week, size_t a, size_t b)
{
	struct block kept = week->heap[a];

	week->heap[a] = week->heap[b];
	week->heap[b] = kept;
}

static void heap_add(struct week *week, const struct block *block)
{
	size_t at = week->count++;

	lab_assert_cmp(at, <, FRAMES);
	week->heap[at] = *block;
	for (; at && week->heap[at].ends < week->heap[(at - 1) / 2].ends; at = (at - 1) / 2)
		swap(week, at, (at - 1) / 2);
}

static struct block heap_take(struct week *week)
{
	struct block first = week->heap[0];
	size_t at = 0;

	week->heap[0] = week->heap[--week->count];
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < week->count; child++)
			if (week->heap[child].ends < week->heap[least].ends)
				least = child;
		if (least == at)
			return first;
		swap(week, at, least);
		at = least;
	}
}

static void mark(struct week *week, const struct block *block, bool owned)
{
	uint64_t first = (uint64_t)((char *)block->address - (char *)week->machine.base) >> LAB_FRAG_SHIFT;
	uint64_t frames = UINT64_C(1) << block->order;

	week->owned_frames += owned ? frames : -frames;
	if (!week->result->own_memory)
		memset(week->owned + first, owned, frames);
	/* Memory that is not used is not resident. */
	for (uint64_t i = 0; week->result->own_memory && owned && i < frames; i++)
		((volatile char *)block->address)[i << LAB_FRAG_SHIFT] = 1;
}

static bool take(struct week *week, struct block *block)
{
	struct lab_request request = {.gfp = block->gfp,
				      .order = block->order,
				      .cpu = (unsigned)(week->generation % CPUS),
				      .owner = lab_owner_make(1, ++week->generation)};

	block->owner = request.owner;
	lab_bench_set_cpu(request.cpu);
	if (week->target->alloc(week->self, &request, &block->address) != LAB_OK)
		return false;
	mark(week, block, true);
	return true;
}

static void give(struct week *week, const struct block *block)
{
	struct lab_request request = {.gfp = block->gfp,
				      .order = block->order,
				      .cpu = (unsigned)lab_prng_below(&week->prng, CPUS),
				      .owner = block->owner};
	enum lab_status status;

	lab_bench_set_cpu(request.cpu);
	mark(week, block, false);
	status = week->target->free(week->self, block->address, &request);
	lab_assert_cmp(status, ==, LAB_OK);
	week->result->frees++;
}

static unsigned draw_order(struct lab_prng *prng)
{
	uint64_t lot = lab_prng_below(prng, 1000);
	unsigned order = 0;

	while (lot >= shares[order])
		lot -= shares[order++];
	return order;
}

static uint64_t draw_life(struct lab_prng *prng)
{
	uint64_t lot = 1 + lab_prng_below(prng, UINT64_C(1) << 32);

	return LAB_MIN((uint64_t)LIFE_MOST, ((uint64_t)LIFE_LEAST << 32) / lot);
}

/* Frames that are wanted at that second: up and down once a day. */
static uint64_t wanted_at(uint64_t now)
{
	uint64_t since = (now % DAY + DAY - 4 * 60 * MINUTE) % DAY; /* 4 o'clock */
	uint64_t way = since < DAY / 2 ? since : DAY - since;

	return FRAMES * NIGHT / 100 + FRAMES * (BY_DAY - NIGHT) / 100 * way / (DAY / 2);
}

static void one_minute(struct week *week, uint64_t now)
{
	unsigned refusals = 0;

	while (week->count && week->heap[0].ends <= now) {
		struct block block = heap_take(week);

		give(week, &block);
	}
	while (week->owned_frames < wanted_at(now) && refusals < TRIES) {
		struct block block = {
			.order = draw_order(&week->prng), .ends = now + draw_life(&week->prng), .gfp = LAB_GFP_NOWAIT};

		if (take(week, &block)) {
			heap_add(week, &block);
			week->result->allocs++;
			continue;
		}
		refusals++;
		week->result->refused++;
		week->result->refused_single += block.order == 0;
	}
}

static void look(struct week *week, struct lab_frag_look *ret_look)
{
	uint64_t resident = week->result->own_memory ? resident_frames() : 0;

	if (week->result->own_memory)
		lab_frag_look_at_held(week->owned_frames, resident - LAB_MIN(resident, week->resident_before), FRAMES,
				      ret_look);
	else
		lab_frag_look_at(week->owned, FRAMES, ret_look);
}

/* What the target itself gives now, its reserve included: its caches emptied, as somebody who wants a great block
 * would. */
static void ask(struct week *week)
{
	struct block block = {.order = LAB_FRAG_GREAT, .gfp = LAB_GFP_MEMALLOC, .ends = UINT64_MAX};
	struct block *got = calloc(FRAMES >> LAB_FRAG_GREAT, sizeof(got[0]));

	lab_assert(got);
	for (unsigned cpu = 0; week->target->drain && cpu < CPUS; cpu++)
		week->target->drain(week->self, cpu);
	while (!week->result->own_memory && week->result->given < FRAMES >> LAB_FRAG_GREAT && take(week, &block))
		got[week->result->given++] = block;
	for (uint64_t i = 0; i < week->result->given; i++)
		give(week, &got[i]);
	free(got);
}

static void run(struct week *week, uint64_t days)
{
	struct lab_frag_result *result = week->result;
	uint64_t hours = days * 24;

	result->least.great = UINT64_MAX;
	for (uint64_t hour = 0; hour < hours; hour++) {
		struct lab_frag_look now;

		for (unsigned minute = 0; minute < 60; minute++)
			one_minute(week, (hour * 60 + minute) * MINUTE);
		look(week, &now);
		result->great_mean += now.free ? (double)now.great / (double)now.free / (double)hours : 0;
		if (now.great < result->least.great)
			result->least = now;
	}
	look(week, &result->last);
	ask(week);
	while (week->count) {
		struct block block = heap_take(week);

		give(week, &block);
	}
}

void lab_bench_frag_week(const struct lab_target *target, uint64_t days, uint64_t seed,
			 struct lab_frag_result *ret_result)
{
	static const struct lab_span span = {.frame_count = FRAMES, .zone = LAB_ZONE_NORMAL};
	static const struct lab_zone_marks zones[LAB_ZONE_COUNT] = {
		[LAB_ZONE_NORMAL] = {.frames = FRAMES, .min = FRAMES / 256, .low = FRAMES / 204, .high = FRAMES / 170}};
	struct week week = {.target = target, .result = ret_result};

	*ret_result = (struct lab_frag_result){.own_memory = target->caps & LAB_CAP_OWN_MEMORY};
	week.machine = (struct lab_machine){.frame_count = FRAMES,
					    .page_shift = LAB_FRAG_SHIFT,
					    .order_max = LAB_ORDER_MAX,
					    .cpu_count = CPUS,
					    .spans = &span,
					    .span_count = 1,
					    .zones = zones,
					    .zone_count = LAB_ZONE_COUNT,
					    .host = &lab_bench_host};
	ret_result->status = lab_vm_map(FRAMES << LAB_FRAG_SHIFT, &week.machine.base);
	week.heap = calloc(FRAMES, sizeof(week.heap[0]));
	week.owned = calloc(FRAMES, 1);
	lab_assert(week.heap && week.owned);
	memset(week.heap, 1, FRAMES * sizeof(week.heap[0])); /* resident before it is measured */
	if (ret_result->status == LAB_OK)
		ret_result->status = target->create(&week.machine, &week.self);
	lab_prng_seed(&week.prng, seed, 0);
	if (ret_result->status == LAB_OK) {
		week.resident_before = resident_frames();
		run(&week, days);
		target->destroy(week.self);
	}
	if (week.machine.base)
		lab_vm_unmap(week.machine.base, FRAMES << LAB_FRAG_SHIFT);
	free(week.heap);
	free(week.owned);
}
