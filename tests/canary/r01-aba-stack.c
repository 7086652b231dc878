/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: ABA
 * rule:  R01
 * found: stress
 * wild:  https://github.com/pmodels/argobots/issues/178 (a naive lock-free stack in a memory pool)
 *
 * 1. Free frames are a stack: A on B on C. An allocation reads the head, A, and the frame below it, B.
 * 2. Before its compare-and-swap, an interrupt, or another CPU, allocates A, allocates B, and frees A: A is on C.
 * 3. The compare-and-swap finds A at the head, as before, and makes B the head, which is in use.
 * 4. The next allocation gets B: it has two owners.
 */
#include <stdlib.h>

#include <labyrinth/target.h>

#include "plat/atomic.h"

/* Single frames of the first span; 0 ends the stack, so a frame is told by its number plus one. */
struct stack {
	const struct lab_machine *machine;
	lab_atomic64 head;
	lab_atomic64 below[];
};

static void push(struct stack *stack, uint64_t name)
{
	uint64_t head = lab_load_relaxed(&stack->head); /* the swap below compares it */

	do
		lab_store_relaxed(&stack->below[name - 1], head); /* published by the swap */
	/* Publishes the frame's content, and what lies below it, to pop. */
	while (!lab_cas_acq_rel(&stack->head, &head, name));
}

static uint64_t pop(struct stack *stack)
{
	uint64_t head = lab_load_acquire(&stack->head); /* the partner of push */

	/* The bug: no tag tells whether the head that is the same again still has the same below it. */
	while (head && !lab_cas_acquire(&stack->head, &head, lab_load_relaxed(&stack->below[head - 1])))
		;
	return head;
}

static enum lab_status stack_create(const struct lab_machine *machine, void **ret_self)
{
	const struct lab_span *span = &machine->spans[0];
	struct stack *stack = calloc(1, sizeof(*stack) + machine->frame_count * sizeof(stack->below[0]));

	if (!stack)
		return LAB_SYSTEM;
	stack->machine = machine;
	for (uint64_t i = span->frame_count; i-- > 0;)
		push(stack, span->first_frame + i + 1);
	*ret_self = stack;
	return LAB_OK;
}

static enum lab_status stack_alloc(void *self, const struct lab_request *request, void **ret_block)
{
	struct stack *stack = self;
	uint64_t name;

	if (request->order || (request->gfp & LAB_GFP_DMA && stack->machine->spans[0].zone != LAB_ZONE_DMA))
		return LAB_NO_MEMORY;
	name = pop(stack);
	if (!name)
		return LAB_NO_MEMORY;
	*ret_block = (char *)stack->machine->base + ((name - 1) << stack->machine->page_shift);
	return LAB_OK;
}

static enum lab_status stack_free(void *self, void *block, const struct lab_request *request)
{
	struct stack *stack = self;

	push(stack, ((uint64_t)((char *)block - (char *)stack->machine->base) >> stack->machine->page_shift) + 1);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "r01-aba-stack",
		.summary = "a stack of frames without a tag",
		.caps = LAB_CAP_ARENA | LAB_CAP_IRQ | LAB_CAP_NMI,
		.create = stack_create,
		.destroy = free,
		.alloc = stack_alloc,
		.free = stack_free,
		.page_shift_min = 6,
	};

	return &target;
}
