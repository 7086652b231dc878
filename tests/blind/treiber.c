/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: ABA
 * rule:  R01 R04 R11
 * found: explore stress
 *
 * Single frames on a lock-free stack, with a tag that each change steps. The bug: a push does not step it.
 */
#include "blind.h"

struct stack {
	const struct lab_machine *machine;
	uint64_t head; /* tag in the high half; in the low one the frame's number plus 1, 0: empty */
	uint32_t below[];
};

static void push(struct stack *stack, uint64_t frame)
{
	uint64_t head = blind_load(&stack->head), next;

	do {
		uint64_t tag = (head >> 32) + !BUG;

		blind_store(&stack->below[frame], (uint32_t)head);
		next = tag << 32 | (frame + 1);
	} while (!blind_cas(&stack->head, &head, next));
}

static uint64_t pop(struct stack *stack)
{
	uint64_t head = blind_load(&stack->head), next;

	do {
		if (!(uint32_t)head)
			return BLIND_NOTHING;
		next = (head >> 32) + !BUG;
		next = next << 32 | blind_load(&stack->below[(uint32_t)head - 1]);
	} while (!blind_cas(&stack->head, &head, next));
	return (uint32_t)head - 1;
}

static enum lab_status stack_create(const struct lab_machine *machine, void **ret_self)
{
	struct stack *stack = calloc(1, sizeof(*stack) + machine->frame_count * sizeof(stack->below[0]));

	if (!stack)
		return LAB_SYSTEM;
	stack->machine = machine;
	for (uint64_t frame = machine->frame_count; frame-- > 0;)
		if (blind_span(machine, frame))
			push(stack, frame);
	*ret_self = stack;
	return LAB_OK;
}

static void stack_destroy(void *self)
{
	free(self);
}

static enum lab_status stack_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct stack *stack = self;
	uint64_t frame = request->order || request->gfp & LAB_GFP_DMA ? BLIND_NOTHING : pop(stack);

	return blind_answer(stack->machine, frame, ret_block);
}

static enum lab_status stack_free(void *self, void *block, const struct lab_request *request)
{
	struct stack *stack = self;

	(void)request;
	push(stack, blind_frame(stack->machine, block));
	return LAB_OK;
}

BLIND_TARGET("treiber", stack, LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI)
