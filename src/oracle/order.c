/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "oracle/state.h"

/*
 * R18: what calls answered, as steps of the model. Only answers that the order of calls can change are told: a failure
 * that overlaps others may be spurious (alone it is R10's), and what concerns the caller's own block alone (views, a
 * foreign token, a wrong order) depends on nobody else.
 */

static void add_call(char *text, size_t room, const struct lab_oracle *oracle, const struct lab_step *step)
{
	const char *name = oracle->config.actor_name(oracle->config.arg, step->actor);
	unsigned long long frame = step->frame, floor = step->floor;
	size_t used = strlen(text);

	text += used;
	room -= used;
	if (step->kind == LAB_STEP_ALLOC)
		snprintf(text, room, "; %s took %llu order %u, floor %llu", name, frame, step->request.order, floor);
	else if (step->kind == LAB_STEP_STRAY)
		snprintf(text, room, "; %s freeing %llu was told %s", name, frame, lab_status_name(step->status));
	else
		snprintf(text, room, "; %s %s %llu order %u", name, step->kind == LAB_STEP_FREE ? "freed" : "gave",
			 frame, step->request.order);
}

/* In the order in which they began. */
static void add_calls(char *text, size_t room, const struct lab_oracle *oracle, uint64_t window)
{
	const struct lab_history_call *calls = oracle->history->calls;

	while (window) {
		unsigned first = lab_bits_first(window);

		for (uint64_t others = window; others; others &= others - 1)
			if (calls[lab_bits_first(others)].begin < calls[first].begin)
				first = lab_bits_first(others);
		add_call(text, room, oracle, &calls[first].step);
		window &= ~(UINT64_C(1) << first);
	}
}

/* Of those calls that can be at fault, the one that ended last. */
static const struct lab_step *blamed(const struct lab_history *history, uint64_t window)
{
	enum lab_step_kind kind = history->broken == LAB_SIDE_COUNTS ? LAB_STEP_ALLOC : LAB_STEP_STRAY;
	const struct lab_history_call *last = NULL;

	for (; window; window &= window - 1) {
		const struct lab_history_call *call = &history->calls[lab_bits_first(window)];

		if (call->step.kind == kind && (!last || call->end > last->end))
			last = call;
	}
	return &last->step;
}

static void report(struct lab_oracle *oracle, uint64_t window)
{
	const struct lab_history *history = oracle->history;
	const struct lab_step *step = blamed(history, window);
	char text[192] = "";

	add_calls(text, sizeof(text), oracle, window);
	if (history->broken == LAB_SIDE_COUNTS)
		lab_oracle_report(oracle, LAB_R18_LINEARIZABILITY, step->actor, step->frame, step->request.order,
				  "no order of %u calls keeps each floor, %lld frames left%s", lab_bits_count(window),
				  (long long)(oracle->total[step->zone] - history->model.owned[step->zone]), text);
	else
		lab_oracle_report(oracle, LAB_R18_LINEARIZABILITY, step->actor, step->frame, step->request.order,
				  "no order of %u calls makes each answer right%s", lab_bits_count(window), text);
}

static void end(struct lab_oracle *oracle, unsigned number, const struct lab_step *step)
{
	uint64_t window;

	if (oracle->history && !lab_history_end(oracle->history, number, step, &window))
		report(oracle, window);
}

static struct lab_step step_of(const struct lab_oracle *oracle, enum lab_step_kind kind, unsigned actor,
			       const struct lab_request *request, const void *block)
{
	uint64_t frame = lab_shadow_frame(&oracle->shadow, block);

	return (struct lab_step){.kind = kind,
				 .actor = actor,
				 .request = *request,
				 .frame = frame,
				 .zone = lab_oracle_zone(oracle, frame)};
}

void lab_oracle_order_none(struct lab_oracle *oracle, unsigned number)
{
	end(oracle, number, NULL);
}

void lab_oracle_order_alloc(struct lab_oracle *oracle, const struct lab_call *call, const void *block)
{
	struct lab_step step;

	if (!oracle->history)
		return;
	step = step_of(oracle, LAB_STEP_ALLOC, call->actor, &call->request, block);
	/* what R03 told already is no news */
	if (call->best[step.zone].left >= 0 && (uint64_t)call->best[step.zone].left >= call->best[step.zone].floor)
		step.floor = call->best[step.zone].floor;
	/* where the arena ends is R05's to tell */
	if (!block || step.frame + (UINT64_C(1) << call->request.order) > oracle->machine->frame_count)
		lab_oracle_order_none(oracle, call->history);
	else
		end(oracle, call->history, &step);
}

void lab_oracle_order_free(struct lab_oracle *oracle, const struct lab_call *call, const void *block)
{
	struct lab_step step;

	if (!oracle->history)
		return;
	step = step_of(oracle, LAB_STEP_FREE, call->actor, &call->request, block);
	end(oracle, call->history, block ? &step : NULL);
}

void lab_oracle_order_stray(struct lab_oracle *oracle, const struct lab_call *call, const void *block,
			    enum lab_status status)
{
	bool told = status == LAB_NOT_ALLOCATED || status == LAB_NOT_HEAD || status == LAB_WRONG_OWNER;
	struct lab_step step;

	if (!oracle->history)
		return;
	step = step_of(oracle, LAB_STEP_STRAY, call->actor, &call->request, block);
	step.status = status;
	if (!block || !told || !lab_oracle_applies(oracle, LAB_R02_MISUSE) ||
	    step.frame >= oracle->machine->frame_count || !oracle->census[step.frame])
		lab_oracle_order_none(oracle, call->history);
	else
		end(oracle, call->history, &step);
}

void lab_oracle_order_transfer(struct lab_oracle *oracle, unsigned number, unsigned actor, const void *block,
			       const struct lab_request *from, lab_owner to)
{
	struct lab_step step;

	if (!oracle->history)
		return;
	step = step_of(oracle, LAB_STEP_TRANSFER, actor, from, block);
	step.to = to;
	end(oracle, number, to == from->owner ? NULL : &step);
}
