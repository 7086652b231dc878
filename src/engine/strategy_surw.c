/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "engine/strategy_own.h"

/*
 * Selectively uniform random walk (ASPLOS 2025): every order of the interesting events is as likely as any other. A
 * context is drawn by how many of them it has left, and until it has done its next one no other context may do one;
 * all else goes at random. Interesting are the accesses to one address that contexts share, drawn anew for each run,
 * or all events where nothing is known to be shared. How many each context has is learnt from earlier runs.
 */
#define PROFILE_ROOM  4096u /* pairs of address and context; what finds no place is not drawn */
#define PROFILE_EVERY 256u  /* runs: orders differ in what they touch */

struct access_count {
	uintptr_t address; /* 0: the place is free */
	unsigned context;
	uint64_t count;
};

struct surw {
	struct lab_random random;
	struct lab_prng prng;
	struct lab_irq_plan irqs;
	uint64_t run_count, hits; /* hits: interesting events of this run */
	bool profiles;            /* this run counts */
	struct access_count profile[PROFILE_ROOM];
	unsigned shared[PROFILE_ROOM], shared_count; /* places of what contexts share; made when the profile is */
	uint64_t all_events[LAB_CONTEXT_MAX];        /* of the profile */
	uintptr_t address;                           /* the interesting one; 0: all events are */
	uint64_t left[LAB_CONTEXT_MAX];
	unsigned context_count, next; /* who does the next interesting event; LAB_NOBODY: draw */
};

static struct access_count *place_of(struct surw *surw, uintptr_t address, unsigned context)
{
	uint64_t hash = (address ^ (uint64_t)context << 48) * UINT64_C(0x9e3779b97f4a7c15);

	for (unsigned i = 0; i < PROFILE_ROOM; i++) {
		struct access_count *place = &surw->profile[(hash + i) % PROFILE_ROOM];

		if (!place->address || (place->address == address && place->context == context))
			return place;
	}
	return NULL;
}

static void count(struct surw *surw, const struct lab_candidate *candidate)
{
	struct access_count *place;

	surw->all_events[candidate->context]++;
	if (!candidate->pending.address)
		return;
	place = place_of(surw, candidate->pending.address, candidate->context);
	if (!place)
		return;
	place->address = candidate->pending.address;
	place->context = candidate->context;
	place->count++;
}

static bool is_shared(struct surw *surw, const struct access_count *one)
{
	for (unsigned context = 0; context < surw->context_count; context++) {
		const struct access_count *other = place_of(surw, one->address, context);

		if (context != one->context && other && other->address)
			return true;
	}
	return false;
}

static void list_shared(struct surw *surw)
{
	surw->shared_count = 0;
	for (unsigned i = 0; i < PROFILE_ROOM; i++)
		if (surw->profile[i].address && is_shared(surw, &surw->profile[i]))
			surw->shared[surw->shared_count++] = i;
}

/* An address that contexts share, each with the chance of how many do. */
static void draw_address(struct surw *surw)
{
	surw->address = 0;
	if (surw->shared_count)
		surw->address = surw->profile[surw->shared[lab_prng_below(&surw->prng, surw->shared_count)]].address;
	for (unsigned context = 0; context < surw->context_count; context++) {
		const struct access_count *place = place_of(surw, surw->address, context);

		surw->left[context] = !surw->address ? surw->all_events[context] : place ? place->count : 0;
	}
}

static void begin(struct lab_strategy *strategy, const struct lab_scenario *scenario)
{
	struct surw *surw = (struct surw *)strategy;

	lab_random_begin(&surw->random);
	lab_irq_plan_begin(&surw->irqs, scenario, &surw->prng);
	surw->context_count = lab_strategy_contexts(scenario);
	surw->next = LAB_NOBODY;
	/* no hit: what was counted lies elsewhere now */
	surw->profiles = surw->run_count % PROFILE_EVERY == 0 || (surw->address && !surw->hits);
	surw->hits = 0;
	surw->run_count++;
	if (!surw->profiles) {
		draw_address(surw);
		return;
	}
	surw->address = 0;
	for (unsigned i = 0; i < PROFILE_ROOM; i++)
		surw->profile[i] = (struct access_count){0};
	for (unsigned context = 0; context < surw->context_count; context++)
		surw->all_events[context] = 0;
}

static bool interesting(const struct surw *surw, const struct lab_candidate *candidate)
{
	return !surw->address || candidate->pending.address == surw->address;
}

/* Who does the next interesting event: by how many each has left, of those that can move. */
static void draw_next(struct surw *surw, const struct lab_point *point, unsigned first)
{
	uint64_t total = 0, at;

	surw->next = LAB_NOBODY;
	for (unsigned i = first; i < point->movers; i++)
		total += surw->left[point->list[i]->context];
	if (!total)
		return;
	at = lab_prng_below(&surw->prng, total);
	for (unsigned i = first; i < point->movers; i++) {
		uint64_t left = surw->left[point->list[i]->context];

		if (at < left) {
			surw->next = point->list[i]->context;
			return;
		}
		at -= left;
	}
}

static bool can_move(const struct lab_point *point, unsigned first, unsigned context)
{
	for (unsigned i = first; i < point->movers; i++)
		if (point->list[i]->context == context)
			return true;
	return false;
}

static unsigned pick(struct surw *surw, const struct lab_point *point, unsigned first)
{
	unsigned picked = first, open = 0;

	/* who spins may wait for one that is held back, for somebody who spins as well: nobody is, and it is drawn anew
	 */
	if (first) {
		surw->next = LAB_NOBODY;
		return first + (unsigned)lab_prng_below(&surw->prng, point->movers - first);
	}
	if (surw->next == LAB_NOBODY || !can_move(point, first, surw->next))
		draw_next(surw, point, first);
	for (unsigned i = first; i < point->movers; i++) {
		const struct lab_candidate *candidate = point->list[i];

		if (surw->next != LAB_NOBODY && candidate->context != surw->next && interesting(surw, candidate))
			continue;
		if (lab_prng_chance(&surw->prng, 1, ++open))
			picked = i;
	}
	return picked;
}

static unsigned choose(struct lab_strategy *strategy, const struct lab_point *point)
{
	struct surw *surw = (struct surw *)strategy;
	unsigned first = lab_point_first_mover(point), index;
	const struct lab_candidate *chosen;

	if (point->forced)
		return point->usual;
	if (lab_irq_plan_due(&surw->irqs, point, &index)) {
		surw->next = LAB_NOBODY; /* a context starts: who is next is drawn anew */
		return index;
	}
	if (surw->profiles)
		index = first + (unsigned)lab_prng_below(&surw->prng, point->movers - first);
	else
		index = pick(surw, point, first);
	chosen = point->list[index];
	if (surw->profiles)
		count(surw, chosen);
	if (!surw->profiles && interesting(surw, chosen)) {
		surw->hits++;
		surw->left[chosen->context] -= surw->left[chosen->context] > 0;
		surw->next = LAB_NOBODY;
	}
	return index;
}

static void end(struct lab_strategy *strategy, bool shared)
{
	struct surw *surw = (struct surw *)strategy;

	if (surw->profiles)
		list_shared(surw);
}

static const struct lab_strategy_ops ops = {
	.name = "surw",
	.begin = begin,
	.choose = choose,
	.reads = lab_random_reads,
	.end = end,
	.tell = lab_strategy_tell_nothing,
	.destroy = lab_strategy_free,
};

struct lab_strategy *lab_strategy_surw(const struct lab_strategy_options *options)
{
	struct surw *surw = lab_strategy_memory(sizeof(*surw));

	surw->random.base.ops = &ops;
	lab_prng_seed(&surw->prng, options->seed, 4);
	lab_random_make(&surw->random, options);
	return &surw->random.base;
}
