/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/model.h"

#include <stdlib.h>
#include <string.h>

#include "oracle/state.h"

enum lab_status lab_model_init(struct lab_model *model, const struct lab_oracle *oracle)
{
	*model = (struct lab_model){.oracle = oracle};
	model->frames = calloc(oracle->machine->frame_count + 1, sizeof(*model->frames));
	return model->frames ? LAB_OK : LAB_NO_MEMORY;
}

void lab_model_fini(struct lab_model *model)
{
	free(model->frames);
	model->frames = NULL;
}

void lab_model_reset(struct lab_model *model)
{
	if (model->used)
		memset(model->frames, 0, model->oracle->machine->frame_count * sizeof(*model->frames));
	memset(model->owned, 0, sizeof(model->owned));
	model->used = false;
}

static uint64_t frames_of(const struct lab_step *step)
{
	return UINT64_C(1) << step->request.order;
}

static bool leaves_enough(const struct lab_model *model, const struct lab_step *step)
{
	uint64_t after = model->owned[step->zone] + frames_of(step), total = model->oracle->total[step->zone];

	return after <= total && total - after >= step->floor;
}

static bool is_free(const struct lab_model *model, const struct lab_step *step)
{
	for (uint64_t i = 0; i < frames_of(step); i++)
		if (model->frames[step->frame + i].owner != LAB_OWNER_NONE)
			return false;
	return true;
}

static bool owns(const struct lab_model *model, const struct lab_step *step)
{
	const struct lab_model_frame *frame = &model->frames[step->frame];

	return frame->owner == step->request.owner && frame->head && frame->order == step->request.order;
}

static enum lab_status answer_to_stray(const struct lab_model *model, uint64_t frame)
{
	if (model->frames[frame].owner == LAB_OWNER_NONE)
		return LAB_NOT_ALLOCATED;
	return model->frames[frame].head ? LAB_WRONG_OWNER : LAB_NOT_HEAD;
}

bool lab_model_accepts(const struct lab_model *model, enum lab_side side, const struct lab_step *step)
{
	if (side == LAB_SIDE_COUNTS)
		return step->kind != LAB_STEP_ALLOC || leaves_enough(model, step);
	if (step->kind == LAB_STEP_ALLOC)
		return is_free(model, step);
	if (step->kind == LAB_STEP_STRAY)
		return step->status == answer_to_stray(model, step->frame);
	return owns(model, step);
}

/* Hands the block's frames over; those that are another's by now stay his. */
static void hand_over(struct lab_model *model, const struct lab_step *step, lab_owner from, lab_owner to)
{
	for (uint64_t i = 0; i < frames_of(step); i++) {
		struct lab_model_frame *frame = &model->frames[step->frame + i];

		if (frame->owner == from)
			*frame = (struct lab_model_frame){to, to ? step->request.order : 0, to && i == 0};
	}
}

void lab_model_do(struct lab_model *model, enum lab_side side, const struct lab_step *step)
{
	if (side == LAB_SIDE_COUNTS && step->kind == LAB_STEP_ALLOC)
		model->owned[step->zone] += frames_of(step);
	else if (side == LAB_SIDE_COUNTS && step->kind == LAB_STEP_FREE)
		model->owned[step->zone] -= frames_of(step);
	else if (side == LAB_SIDE_OWNERS && step->kind == LAB_STEP_ALLOC)
		hand_over(model, step, LAB_OWNER_NONE, step->request.owner);
	else if (side == LAB_SIDE_OWNERS && step->kind == LAB_STEP_FREE)
		hand_over(model, step, step->request.owner, LAB_OWNER_NONE);
	else if (side == LAB_SIDE_OWNERS && step->kind == LAB_STEP_TRANSFER)
		hand_over(model, step, step->request.owner, step->to);
}

void lab_model_undo(struct lab_model *model, enum lab_side side, const struct lab_step *step)
{
	if (side == LAB_SIDE_COUNTS && step->kind == LAB_STEP_ALLOC)
		model->owned[step->zone] -= frames_of(step);
	else if (side == LAB_SIDE_COUNTS && step->kind == LAB_STEP_FREE)
		model->owned[step->zone] += frames_of(step);
	else if (side == LAB_SIDE_OWNERS && step->kind == LAB_STEP_ALLOC)
		hand_over(model, step, step->request.owner, LAB_OWNER_NONE);
	else if (side == LAB_SIDE_OWNERS && step->kind == LAB_STEP_FREE)
		hand_over(model, step, LAB_OWNER_NONE, step->request.owner);
	else if (side == LAB_SIDE_OWNERS && step->kind == LAB_STEP_TRANSFER)
		hand_over(model, step, step->to, step->request.owner);
}

void lab_model_force(struct lab_model *model, const struct lab_step *step)
{
	model->used = true;
	/* whoever has these frames gives them back in a step that is still to come */
	for (uint64_t i = 0; step->kind == LAB_STEP_ALLOC && i < frames_of(step); i++)
		model->frames[step->frame + i].owner = LAB_OWNER_NONE;
	lab_model_do(model, LAB_SIDE_COUNTS, step);
	lab_model_do(model, LAB_SIDE_OWNERS, step);
}
