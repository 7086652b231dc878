/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bits.h"
#include "oracle/history.h"

/*
 * Wing and Gong's search with Lowe's memory (Testing for linearizability, CCPE 2017): depth first over the calls that
 * may come next; a set of calls that was done in some order and led nowhere is not tried in another one, since what the
 * model holds depends on the set alone. What gives frames back comes first, which is right in most windows at once.
 */

#define BIT(call) (UINT64_C(1) << (call))

struct search {
	struct lab_history *history;
	enum lab_side side;
	uint64_t all, done, gives;
	uint64_t before[LAB_HISTORY_CALLS]; /* those that had ended when the call began */
	unsigned order[LAB_HISTORY_CALLS], depth, steps;
	uint64_t left[LAB_HISTORY_CALLS + 1]; /* at each depth: not yet tried */
};

static struct lab_history_dead *dead_at(struct lab_history *history, uint64_t done)
{
	uint64_t hash = done * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	struct lab_history_dead *dead = &history->dead[hash % LAB_HISTORY_DEAD];

	/* twice the room that the steps of a search can fill */
	while (dead->era == history->era && dead->done != done)
		dead = &history->dead[++hash % LAB_HISTORY_DEAD];
	return dead;
}

static bool is_dead(struct lab_history *history, uint64_t done)
{
	return dead_at(history, done)->era == history->era;
}

static void bury(struct lab_history *history, uint64_t done)
{
	*dead_at(history, done) = (struct lab_history_dead){done, history->era};
}

static void open_search(struct search *search, struct lab_history *history, enum lab_side side, uint64_t calls)
{
	*search = (struct search){.history = history, .side = side, .all = calls};
	history->era++;
	for (uint64_t left = calls; left; left &= left - 1) {
		const struct lab_history_call *call = &history->calls[lab_bits_first(left)];

		if (call->step.kind != LAB_STEP_ALLOC)
			search->gives |= left & -left;
		for (uint64_t others = calls; others; others &= others - 1)
			if (history->calls[lab_bits_first(others)].end < call->begin)
				search->before[lab_bits_first(left)] |= others & -others;
	}
}

static uint64_t candidates(const struct search *search)
{
	uint64_t found = 0;

	for (uint64_t left = search->all & ~search->done; left; left &= left - 1)
		if (!(search->before[lab_bits_first(left)] & ~search->done))
			found |= left & -left;
	return found;
}

/* What gives first; of the others, whoever ended first. */
static unsigned pick(const struct search *search)
{
	uint64_t left = search->left[search->depth] & search->gives;
	unsigned first;

	if (!left)
		left = search->left[search->depth];
	first = lab_bits_first(left);
	for (left &= left - 1; left; left &= left - 1)
		if (search->history->calls[lab_bits_first(left)].end < search->history->calls[first].end)
			first = lab_bits_first(left);
	return first;
}

static void step_back(struct search *search)
{
	unsigned call = search->order[--search->depth];

	lab_model_undo(&search->history->model, search->side, &search->history->calls[call].step);
	search->done &= ~BIT(call);
}

static void step_on(struct search *search, unsigned call)
{
	const struct lab_step *step = &search->history->calls[call].step;

	if (!lab_model_accepts(&search->history->model, search->side, step) ||
	    is_dead(search->history, search->done | BIT(call)))
		return;
	lab_model_do(&search->history->model, search->side, step);
	search->done |= BIT(call);
	search->order[search->depth++] = call;
	search->left[search->depth] = candidates(search);
	search->steps++;
}

/*
 * Of requests that the counts cannot tell apart, the one that ended first goes first or none does: whichever order
 * holds with another in its place holds with the two exchanged.
 */
static uint64_t alike(const struct search *search, unsigned call)
{
	const struct lab_history_call *calls = search->history->calls;
	const struct lab_step *step = &calls[call].step;
	uint64_t found = 0;

	if (search->side != LAB_SIDE_COUNTS || step->kind != LAB_STEP_ALLOC)
		return 0;
	for (uint64_t left = search->left[search->depth]; left; left &= left - 1) {
		const struct lab_step *other = &calls[lab_bits_first(left)].step;

		if (other->kind == step->kind && other->zone == step->zone && other->floor == step->floor &&
		    other->request.order == step->request.order)
			found |= left & -left;
	}
	return found;
}

/* One step of the search, on or back; false: everything was tried. */
static bool move(struct search *search)
{
	unsigned call;

	if (search->left[search->depth]) {
		call = pick(search);
		search->left[search->depth] &= ~(BIT(call) | alike(search, call));
		step_on(search, call);
		return true;
	}
	if (!search->depth)
		return false;
	bury(search->history, search->done);
	step_back(search);
	return true;
}

enum lab_linear lab_history_search(struct lab_history *history, enum lab_side side, uint64_t calls)
{
	enum lab_linear answer = LAB_LINEAR_YES;
	struct search search;

	open_search(&search, history, side, calls);
	search.left[0] = candidates(&search);
	while (search.done != calls && answer == LAB_LINEAR_YES) {
		if (search.steps >= LAB_HISTORY_STEPS)
			answer = LAB_LINEAR_UNKNOWN;
		else if (!move(&search))
			answer = LAB_LINEAR_NO;
	}
	while (search.depth)
		step_back(&search);
	return answer;
}
