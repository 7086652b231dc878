/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class: ABA
 * rule:  R01
 * found: replay, stress
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

#define FRAMES 256u

/* Single frames of memory of its own. A frame is told by its number plus one; 0 ends the stack. */
struct stack {
	const struct lab_machine *machine;
	char *memory;
	lab_atomic64 head;
	lab_atomic64 below[FRAMES + 1];
};

static void push(struct stack *stack, uint64_t frame)
{
	uint64_t head = lab_load_relaxed(&stack->head); /* the swap below compares it */

	do
		lab_store_relaxed(&stack->below[frame], head); /* published by the swap */
	/* Publishes the frame's content, and what lies below it, to pop. */
	while (!lab_cas_release(&stack->head, &head, frame));
}

static uint64_t pop(struct stack *stack)
{
	uint64_t head, below;

	do {
		head = lab_load_acquire(&stack->head); /* takes what lies below, which push published */
		if (!head)
			return 0;
		below = lab_load_relaxed(&stack->below[head]); /* published with the head */
		stack->machine->host->cpu_relax();             /* lets who is in the middle of a push go first */
		/* The bug: no tag tells whether the head that is the same still has the same below it. Takes content.
		 */
	} while (!lab_cas_acquire(&stack->head, &head, below));
	return head;
}

static void stack_destroy(void *self)
{
	struct stack *stack = self;

	free(stack->memory);
	free(stack);
}

static enum lab_status stack_create(const struct lab_machine *machine, void **ret_self)
{
	struct stack *stack = calloc(1, sizeof(*stack));

	if (!stack)
		return LAB_SYSTEM;
	stack->machine = machine;
	stack->memory = aligned_alloc((size_t)1 << machine->page_shift, (size_t)FRAMES << machine->page_shift);
	if (!stack->memory) {
		free(stack);
		return LAB_SYSTEM;
	}
	for (uint64_t frame = FRAMES; frame > 0; frame--)
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
	*ret_block = stack->memory + ((frame - 1) << stack->machine->page_shift);
	return LAB_OK;
}

static enum lab_status stack_free(void *self, void *block, const struct lab_request *request)
{
	struct stack *stack = self;

	push(stack, ((uint64_t)((char *)block - stack->memory) >> stack->machine->page_shift) + 1);
	return LAB_OK;
}

__attribute__((visibility("default"))) const struct lab_target *lab_target_entry(void)
{
	static const struct lab_target target = {
		.abi = LAB_TARGET_ABI,
		.size = sizeof(target),
		.name = "r01-aba-stack",
		.summary = "a stack of frames without a tag",
		.caps = LAB_CAP_OWN_MEMORY | LAB_CAP_IRQ | LAB_CAP_NMI,
		.create = stack_create,
		.destroy = stack_destroy,
		.alloc = stack_alloc,
		.free = stack_free,
		.page_shift_min = 6,
	};

	return &target;
}
