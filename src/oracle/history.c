/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/history.h"

#include <stdlib.h>

#include "base/bits.h"
#include "oracle/state.h"

#define BIT(call) (UINT64_C(1) << (call))

enum lab_status lab_history_create(const struct lab_oracle *oracle, struct lab_history **ret_history)
{
	struct lab_history *history = calloc(1, sizeof(*history));

	if (!history)
		return LAB_NO_MEMORY;
	if (lab_model_init(&history->model, oracle) != LAB_OK) {
		free(history);
		return LAB_NO_MEMORY;
	}
	*ret_history = history;
	return LAB_OK;
}

void lab_history_destroy(struct lab_history *history)
{
	if (history)
		lab_model_fini(&history->model);
	free(history);
}

void lab_history_reset(struct lab_history *history)
{
	lab_model_reset(&history->model);
	history->kept = history->open = 0;
	history->now = 0;
	history->spilled = history->lost = false;
	history->windows = history->unjudged = 0;
}

/* Does calls that have ended, in the order of their ends: what is left does not depend on it. */
static void force(struct lab_history *history, uint64_t calls)
{
	while (calls) {
		unsigned first = lab_bits_first(calls);

		for (uint64_t left = calls & (calls - 1); left; left &= left - 1)
			if (history->calls[lab_bits_first(left)].end < history->calls[first].end)
				first = lab_bits_first(left);
		lab_model_force(&history->model, &history->calls[first].step);
		calls &= ~BIT(first);
	}
}

static void spill(struct lab_history *history)
{
	force(history, history->kept & ~history->open);
	history->kept = history->open;
	history->spilled = true;
}

unsigned lab_history_begin(struct lab_history *history)
{
	unsigned call;

	if (!history || history->lost)
		return LAB_HISTORY_NONE;
	if (!~history->kept)
		spill(history);
	if (!~history->kept) {
		history->lost = true;
		history->unjudged++;
		return LAB_HISTORY_NONE;
	}
	call = lab_bits_first(~history->kept);
	history->calls[call].begin = history->now++;
	history->kept |= BIT(call);
	history->open |= BIT(call);
	return call;
}

/* Whether the window's answers depend on owners at all: what is taken and given back alone is R01's. */
static bool asks_owners(const struct lab_history *history, uint64_t calls)
{
	for (; calls; calls &= calls - 1)
		if (history->calls[lab_bits_first(calls)].step.kind == LAB_STEP_STRAY)
			return true;
	return false;
}

static enum lab_linear search(struct lab_history *history, uint64_t calls)
{
	enum lab_linear answer = LAB_LINEAR_YES;

	history->broken = LAB_SIDE_COUNTS;
	if (history->model.oracle->target->caps & LAB_CAP_RESERVE)
		answer = lab_history_search(history, LAB_SIDE_COUNTS, calls);
	if (answer != LAB_LINEAR_YES || !asks_owners(history, calls))
		return answer;
	history->broken = LAB_SIDE_OWNERS;
	return lab_history_search(history, LAB_SIDE_OWNERS, calls);
}

/* Nothing is under way. */
static bool close_window(struct lab_history *history)
{
	enum lab_linear answer = LAB_LINEAR_YES;
	uint64_t calls = history->kept;

	history->kept = 0;
	if (history->spilled) {
		history->spilled = false;
		history->unjudged++;
		return true;
	}
	if (calls & (calls - 1)) { /* a call alone was judged by the other rules */
		history->windows++;
		answer = search(history, calls);
		history->unjudged += answer == LAB_LINEAR_UNKNOWN;
	}
	force(history, calls);
	return answer != LAB_LINEAR_NO;
}

bool lab_history_end(struct lab_history *history, unsigned call, const struct lab_step *step, uint64_t *ret_window)
{
	if (!history || call == LAB_HISTORY_NONE || history->lost)
		return true;
	history->open &= ~BIT(call);
	history->calls[call].end = history->now++;
	if (step)
		history->calls[call].step = *step;
	if (step && history->spilled)
		lab_model_force(&history->model, step);
	if (!step || history->spilled)
		history->kept &= ~BIT(call);
	if (history->open)
		return true;
	*ret_window = history->kept;
	return close_window(history);
}
