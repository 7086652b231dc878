/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdio.h>

#include "scenario/decode.h"
#include "scenario/scenario.h"
#include "target/registry.h"

/*
 * One call at a time, no interrupts: the target against the oracle, and then against `locked`, the model, operation by
 * operation. Sequential calls leave an allocator no excuse, so a difference is R18, where it is one that the promises
 * fix:
 *
 * - A request of one frame succeeds exactly when a zone has a frame above the class's floor, which is a matter of
 *   counts. A greater one also depends on which frames are free, and that is the allocator's own choice: once such
 *   answers differ, or two blocks come from different zones, the two are in different states and the rest tells
 * nothing.
 * - When the reclaimer runs is a matter of what the target counts as free, and it frees what the contexts keep: from
 *   there on, and where a request slept and others went first, the two are in different states as well.
 * - Misuse of a block that the context holds has one right answer. A wild address may hit what the allocator chose to
 *   hand out: only "outside the memory" is the same for both.
 */

#define STEP_MAX (LAB_FUZZ_TASK_MAX * LAB_FUZZ_OP_MAX)

struct step {
	const struct lab_op *op;
	unsigned context;
	enum lab_status status;
	uint64_t frame;
	bool stirred; /* somebody slept, or the reclaimer ran, before this one ended */
};

struct history {
	struct step steps[STEP_MAX];
	size_t count;
	const struct lab_sim_result *result;
};

static struct lab_sim *sim, *model;
static const struct lab_target *target;
static struct lab_scenario scenario;
static struct history seen, expected;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const uint64_t exact = LAB_CAP_ARENA | LAB_CAP_RESERVE | LAB_CAP_EXACT | LAB_CAP_OWNERSHIP;

	target = lab_fuzz_target();
	sim = lab_fuzz_engine(target);
	if (target != &lab_target_locked && (target->caps & exact) == exact)
		model = lab_fuzz_engine(&lab_target_locked);
	lab_fuzz_scenario_init(&scenario);
	return 0;
}

static void note(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame)
{
	struct history *history = arg;

	if (history->count < STEP_MAX)
		history->steps[history->count++] =
			(struct step){op, context, status, frame, history->result->sleeps || history->result->reclaims};
}

static enum lab_zone zone_of(uint64_t frame)
{
	const struct lab_scenario_machine *machine = &scenario.machine;

	for (size_t i = 0; i < machine->span_count; i++)
		if (frame - machine->spans[i].first_frame < machine->spans[i].frame_count)
			return machine->spans[i].zone;
	return LAB_ZONE_COUNT;
}

enum verdict { SAME, DIFFERENT, APART }; /* APART: the states may differ from here on, rightly */

static enum verdict compare_alloc(const struct step *a, const struct step *b)
{
	if (a->status != b->status)
		return a->op->order ? APART : DIFFERENT;
	return a->status == LAB_OK && zone_of(a->frame) != zone_of(b->frame) ? APART : SAME;
}

static enum verdict compare(const struct step *a, const struct step *b)
{
	if (a->status == LAB_UNSUPPORTED || b->status == LAB_UNSUPPORTED)
		return SAME; /* one of them does not offer it */
	switch (a->op->kind) {
	case LAB_OP_ALLOC:
		return compare_alloc(a, b);
	case LAB_OP_FREE_WILD:
		return (a->status == LAB_BAD_ADDRESS) == (b->status == LAB_BAD_ADDRESS) ? SAME : DIFFERENT;
	case LAB_OP_DRAIN:
	case LAB_OP_WATERMARK:
		return SAME;
	default:
		return a->status == b->status ? SAME : DIFFERENT;
	}
}

static void compare_all(void)
{
	for (size_t i = 0; i < seen.count && i < expected.count; i++) {
		const struct step *a = &seen.steps[i], *b = &expected.steps[i];
		struct lab_finding finding = {.rule = LAB_R18_LINEARIZABILITY, .frame = UINT64_MAX};
		enum verdict verdict = compare(a, b);

		if (verdict == APART || a->stirred || b->stirred)
			return;
		if (verdict == SAME)
			continue;
		finding.actor = a->context;
		finding.order = a->op->order;
		snprintf(finding.detail, sizeof(finding.detail),
			 "operation %zu, %s of task %s: %s answers %s, the model %s", i + 1, lab_op_name(a->op->kind),
			 scenario.contexts[a->context].name, target->name, lab_status_name(a->status),
			 lab_status_name(b->status));
		lab_fuzz_report(&finding);
	}
}

static void run(struct lab_sim *on, struct history *history, bool quiesce, struct lab_sim_result *ret_result)
{
	const struct lab_sim_options options = {
		.quiesce = quiesce, .sequential = true, .op_done = note, .arg = history};

	history->count = 0;
	history->result = ret_result;
	lab_fuzz_run(on, &scenario, &options, ret_result);
	if (ret_result->found)
		lab_fuzz_report(&ret_result->finding);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct lab_sim_result result, unused;

	lab_scenario_decode(bytes, count, &scenario);
	run(sim, &seen, lab_fuzz_quiesces(&scenario, count), &result);
	lab_fuzz_event_hash = result.event_hash;
	if (model) {
		run(model, &expected, false, &unused);
		compare_all();
	}
	return 0;
}
