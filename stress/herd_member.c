/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/prng.h"
#include "plat/thread.h"
#include "stress/herd.h"

#define HELD_MAX   256u
#define LIFE_SHIFT 28u /* tokens: a life above, its allocations below */

struct held {
	struct lab_page *page;
	lab_owner owner;
	unsigned order;
};

struct life {
	struct lab_herd *herd;
	struct lab_herd_member *self;
	struct lab_arena arena;
	struct lab_prng prng;
	uint64_t number, allocations;
	uint64_t frames, frames_most;
	unsigned process, cpu, held_count;
	struct held held[HELD_MAX];
};

void lab_herd_tell(struct lab_herd *herd, enum lab_rule rule, const char *format, ...)
{
	uint64_t nobody = 0;
	va_list args;

	/* Relaxed: who comes first writes. */
	if (!lab_cas_relaxed(&herd->found, &nobody, 1))
		return;
	va_start(args, format);
	vsnprintf(herd->detail, sizeof(herd->detail), format, args);
	va_end(args);
	herd->rule = rule;
	lab_store_release(&herd->found, 2); /* gives the text to the keeper */
}

enum lab_status lab_herd_join(struct lab_herd *herd, struct lab_arena *ret_arena)
{
	static struct lab_arena_services services;
	unsigned process;
	enum lab_status status = lab_arena_attach(ret_arena, herd->metadata, herd->metadata_bytes, herd->base, NULL);

	if (status)
		return status;
	lab_arena_services_futex_shared(&services);
	lab_arena_serve(ret_arena, &services);
	return lab_arena_join(ret_arena, &process);
}

static uint64_t *word_of(const struct life *life, uint64_t frame, bool last)
{
	size_t bytes = (size_t)1 << LAB_HERD_PAGE_SHIFT;

	return (uint64_t *)((char *)life->herd->base + frame * bytes + (last ? bytes - sizeof(uint64_t) : 0));
}

/* Every frame of it becomes the owner's in the table, and has his pattern. */
static void claim(struct life *life, const struct held *held)
{
	uint64_t first = lab_page_pfn(&life->arena, held->page);

	for (uint64_t frame = first; frame < first + (UINT64_C(1) << held->order); frame++) {
		lab_owner other = LAB_OWNER_NONE;

		/* Relaxed, all of the table: it must not order what the arena leaves unordered. */
		if (!lab_cas_relaxed(&life->herd->owners[frame], &other, held->owner))
			lab_herd_tell(life->herd, LAB_R01_EXCLUSIVE_OWNERSHIP,
				      "frame %" PRIu64 " order %u is given to process %u and is process %u's", frame,
				      held->order, life->process, lab_owner_context(other) / LAB_PROCESS_CONTEXTS);
		for (unsigned last = 0; last < 2; last++) {
			if (*word_of(life, frame, last))
				lab_herd_tell(
					life->herd, LAB_R12_RELEASE,
					"frame %" PRIu64 " was to be zeroed at its release and holds process %u's",
					frame,
					lab_owner_context(*word_of(life, frame, last) ^ frame) / LAB_PROCESS_CONTEXTS);
			*word_of(life, frame, last) = held->owner ^ frame;
		}
	}
}

static void disclaim(struct life *life, const struct held *held)
{
	uint64_t first = lab_page_pfn(&life->arena, held->page);

	for (uint64_t frame = first; frame < first + (UINT64_C(1) << held->order); frame++) {
		lab_owner own = held->owner;

		for (unsigned last = 0; last < 2; last++)
			if (*word_of(life, frame, last) != (held->owner ^ frame))
				lab_herd_tell(life->herd, LAB_R11_ISOLATION,
					      "frame %" PRIu64 " of process %u was overwritten", frame, life->process);
		if (!lab_cas_relaxed(&life->herd->owners[frame], &own, LAB_OWNER_NONE))
			lab_herd_tell(life->herd, LAB_R01_EXCLUSIVE_OWNERSHIP,
				      "frame %" PRIu64 " of process %u is process %u's", frame, life->process,
				      lab_owner_context(own) / LAB_PROCESS_CONTEXTS);
	}
}

static unsigned draw_order(struct lab_prng *prng)
{
	uint64_t pick = lab_prng_below(prng, 64);

	if (pick < 48)
		return 0;
	return pick < 63 ? (unsigned)lab_prng_below(prng, 6) : (unsigned)lab_prng_below(prng, 10);
}

static void take(struct life *life)
{
	static const lab_gfp gfps[] = {LAB_GFP_ATOMIC, LAB_GFP_NOWAIT, LAB_GFP_KERNEL, LAB_GFP_KERNEL | LAB_GFP_NORETRY,
				       LAB_GFP_MEMALLOC | LAB_GFP_KSWAPD_RECLAIM};
	struct held *held = &life->held[life->held_count];
	struct lab_alloc_request request = {.gfp = gfps[lab_prng_below(&life->prng, LAB_ARRAY_COUNT(gfps))],
					    .order = draw_order(&life->prng),
					    .cpu = life->cpu};

	if (life->held_count == HELD_MAX || life->frames + (UINT64_C(1) << request.order) > life->frames_most)
		return;
	request.owner = lab_owner_make(life->process % LAB_PROCESS_PLACES * LAB_PROCESS_CONTEXTS + 1,
				       life->number << LIFE_SHIFT | ++life->allocations);
	if (lab_page_alloc(&life->arena, &request, &held->page) != LAB_OK)
		return;
	held->owner = request.owner;
	held->order = request.order;
	claim(life, held);
	life->frames += UINT64_C(1) << held->order;
	life->held_count++;
}

static void give(struct life *life, unsigned index)
{
	struct held held = life->held[index];
	struct lab_alloc_request request = {.order = held.order, .cpu = life->cpu, .owner = held.owner};
	enum lab_status status;

	disclaim(life, &held);
	life->held[index] = life->held[--life->held_count];
	life->frames -= UINT64_C(1) << held.order;
	status = lab_page_free(&life->arena, held.page, &request);
	if (status)
		lab_herd_tell(life->herd, LAB_R02_MISUSE, "frame %" PRIu64 " order %u of process %u is refused: %s",
			      lab_page_pfn(&life->arena, held.page), held.order, life->process,
			      lab_status_name(status));
}

/* What is not taking and giving: a CPU is drained, goes, or comes. */
static void do_other(struct life *life)
{
	unsigned cpu = (unsigned)lab_prng_below(&life->prng, life->herd->processes);
	enum lab_status status = LAB_OK;

	switch (lab_prng_below(&life->prng, 4)) {
	case 0:
		lab_arena_drain(&life->arena, cpu);
		break;
	case 1:
		status = lab_arena_cpu_offline(&life->arena, cpu);
		break;
	default:
		status = lab_arena_cpu_online(&life->arena, cpu);
		break;
	}
	if (status == LAB_INVALID)
		lab_herd_tell(life->herd, LAB_R02_MISUSE, "cpu %u is refused to process %u", cpu, life->process);
}

static void do_one(struct life *life)
{
	uint64_t pick = lab_prng_below(&life->prng, 1024);

	if (pick == 0)
		do_other(life);
	else if (life->held_count && (pick < 480 || life->held_count == HELD_MAX))
		give(life, (unsigned)lab_prng_below(&life->prng, life->held_count));
	else
		take(life);
	/* relaxed: for the keeper, who looks whether it goes on */
	lab_store_relaxed(&life->self->ops, lab_load_relaxed(&life->self->ops) + 1);
}

static void stand_still(struct life *life)
{
	/* Release and acquire: what was done before is the keeper's to count, and what he did is done before the rest.
	 */
	lab_store_release(&life->self->rests, 1);
	while (lab_load_acquire(&life->herd->rest) && !lab_load_relaxed(&life->herd->end))
		lab_thread_sleep_ns(100000);
	lab_store_release(&life->self->rests, 0);
}

_Noreturn void lab_herd_live(struct lab_herd *herd, unsigned index, uint64_t number)
{
	static struct life life;
	enum lab_status status;

	life = (struct life){.herd = herd, .self = &herd->members[index], .number = number};
	lab_prng_seed(&life.prng, herd->seed, number);
	status = lab_herd_join(herd, &life.arena);
	if (status) {
		lab_herd_tell(herd, LAB_R16_OWNER_DEATH, "a new process is not let in: %s", lab_status_name(status));
		_exit(1);
	}
	life.process = life.arena.process;
	life.cpu = index;
	life.frames_most = herd->frames / herd->processes;
	lab_store_relaxed(&life.self->process, life.process); /* a number, for findings */
	while (!lab_load_relaxed(&herd->end)) {
		if (lab_load_relaxed(&herd->rest)) /* relaxed: looked at again */
			stand_still(&life);
		do_one(&life);
	}
	while (life.held_count)
		give(&life, life.held_count - 1);
	lab_arena_leave(&life.arena);
	_exit(0);
}
