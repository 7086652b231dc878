/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: ABA
 * rule:  R01
 * found: explore
 * wild:  why Linux's slub steps its per-CPU transaction number so that it does not come round
 *
 * 1. Free frames are a stack, A on B on C, and the head carries a tag that each free changes. It has one bit.
 * 2. An allocation reads the head, A with tag 0, and the frame below it, B.
 * 3. An interrupt takes A, gives it back, takes A and B, and gives A back: two frees, and the tag is 0 again.
 * 4. The compare-and-swap finds what it expects and makes B the head, which is in use.
 */
#include "plat/atomic.h"
#include "tests/canary/frames.h"

#define TAG UINT64_C(1)

/* The head is a frame above its tag. */
struct stack {
	const struct lab_machine *machine;
	lab_atomic64 head;
	lab_atomic64 below[];
};

static void push(struct stack *stack, uint64_t frame)
{
	uint64_t head = lab_load_relaxed(&stack->head); /* the swap below compares it */

	do
		lab_store_relaxed(&stack->below[frame], head >> 1); /* published by the swap */
	/* Publishes the frame's content, and what lies below it, to pop. */
	while (!lab_cas_release(&stack->head, &head, frame << 1 | ((head & TAG) ^ TAG)));
}

static uint64_t pop(struct stack *stack)
{
	uint64_t head, below;

	do {
		head = lab_load_acquire(&stack->head); /* takes what lies below, which push published */
		if (!(head >> 1))
			return 0;
		below = lab_load_relaxed(&stack->below[head >> 1]); /* published with the head */
		/* The bug: the tag comes round after two frees. Takes content. */
	} while (!lab_cas_acquire(&stack->head, &head, below << 1 | (head & TAG)));
	return head >> 1;
}

static enum lab_status stack_create(const struct lab_machine *machine, void **ret_self)
{
	struct stack *stack = calloc(1, sizeof(*stack) + (machine->frame_count + 1) * sizeof(stack->below[0]));

	if (!stack)
		return LAB_SYSTEM;
	stack->machine = machine;
	for (uint64_t frame = machine->frame_count; frame; frame--)
		push(stack, frame);
	*ret_self = stack;
	return LAB_OK;
}

static enum lab_status stack_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct stack *stack = self;
	uint64_t frame = request->order ? 0 : pop(stack);

	if (!frame)
		return LAB_NO_MEMORY;
	*ret_block = canary_block(stack->machine, frame - 1);
	return LAB_OK;
}

static enum lab_status stack_free(void *self, void *block, const struct lab_request *request)
{
	struct stack *stack = self;

	push(stack, canary_frame(stack->machine, block) + 1);
	return LAB_OK;
}

static const struct lab_target table = {
	.abi = LAB_TARGET_ABI,
	.size = sizeof(table),
	.name = "r01-aba-short-tag",
	.summary = "a stack of frames whose tag comes round",
	.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ | LAB_CAP_NMI,
	.create = stack_create,
	.destroy = free,
	.alloc = stack_alloc,
	.free = stack_free,
	.page_shift_min = 6,
};

CANARY_ENTRY(table)
