/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/coroutine.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/bits.h"
#include "plat/coroutine_stack.h"
#include "plat/sanitizer.h"
#include "plat/vm.h"

#if defined(__SANITIZE_ADDRESS__)
#define LAB_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LAB_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define LAB_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LAB_TSAN 1
#endif
#endif

#ifdef LAB_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef LAB_TSAN
#include <sanitizer/tsan_interface.h>
#endif

struct lab_coroutine {
	struct lab_stack_mark mark;
	void (*body)(void *arg);
	void *arg;
	void *mapping; /* NULL: an adopted stack */
	size_t mapping_bytes;
	const void *stack; /* what AddressSanitizer is told; of an adopted stack learnt at the first switch away */
	size_t stack_bytes;
	void *asan_fake_stack, *tsan_fiber;
};

/* One OS thread switches; a coroutine finds itself and who left for it here. */
static _Thread_local struct lab_coroutine *running, *left;

/* The new side's half of a switch: tells AddressSanitizer that it has arrived. */
LAB_NO_COVERAGE static void arrive(void)
{
#ifdef LAB_ASAN
	const void *stack;
	size_t bytes;

	__sanitizer_finish_switch_fiber(running->asan_fake_stack, &stack, &bytes);
	if (!left->mapping) {
		left->stack = stack;
		left->stack_bytes = bytes;
	}
#endif
}

LAB_NO_COVERAGE static void enter(void)
{
	struct lab_coroutine *self = running;

	arrive();
	self->body(self->arg);
	lab_assert(!"a coroutine's body returned");
}

enum lab_status lab_coroutine_adopt(struct lab_coroutine **ret_coroutine)
{
	struct lab_coroutine *self = calloc(1, sizeof(*self));

	if (!self)
		return LAB_NO_MEMORY;
#ifdef LAB_TSAN
	self->tsan_fiber = __tsan_get_current_fiber();
#endif
	*ret_coroutine = self;
	return LAB_OK;
}

enum lab_status lab_coroutine_create(size_t stack_bytes, void (*body)(void *arg), void *arg,
				     struct lab_coroutine **ret_coroutine)
{
	size_t guard = lab_vm_page_bytes(), bytes = lab_align_up(stack_bytes, guard);
	struct lab_coroutine *self = calloc(1, sizeof(*self));

	if (!self)
		return LAB_NO_MEMORY;
	self->mapping_bytes = bytes + guard;
	if (lab_vm_map(self->mapping_bytes, &self->mapping) != LAB_OK) {
		free(self);
		return LAB_SYSTEM;
	}
	if (mprotect(self->mapping, guard, PROT_NONE) != 0) {
		lab_vm_unmap(self->mapping, self->mapping_bytes);
		free(self);
		return LAB_SYSTEM;
	}
	self->stack = (char *)self->mapping + guard;
	self->stack_bytes = bytes;
	self->body = body;
	self->arg = arg;
	lab_stack_prepare(&self->mark, (char *)self->mapping + guard, bytes, enter);
#ifdef LAB_TSAN
	self->tsan_fiber = __tsan_create_fiber(0);
#endif
	*ret_coroutine = self;
	return LAB_OK;
}

void lab_coroutine_destroy(struct lab_coroutine *coroutine)
{
	if (!coroutine)
		return;
	if (coroutine->mapping) {
#ifdef LAB_ASAN
		/* What it left on its stack keeps its red zones, which a later mapping there would trip over. */
		ASAN_UNPOISON_MEMORY_REGION(coroutine->stack, coroutine->stack_bytes);
#endif
#ifdef LAB_TSAN
		__tsan_destroy_fiber(coroutine->tsan_fiber);
#endif
		lab_vm_unmap(coroutine->mapping, coroutine->mapping_bytes);
	}
	free(coroutine);
}

const void *lab_coroutine_stack(const struct lab_coroutine *coroutine, size_t *ret_bytes)
{
	*ret_bytes = coroutine->mapping ? coroutine->stack_bytes : 0;
	return coroutine->mapping ? coroutine->stack : NULL;
}

LAB_NO_COVERAGE void lab_coroutine_restart(struct lab_coroutine *coroutine)
{
	lab_assert(coroutine->mapping);
#ifdef LAB_ASAN
	ASAN_UNPOISON_MEMORY_REGION(coroutine->stack, coroutine->stack_bytes);
	coroutine->asan_fake_stack = NULL;
#endif
#ifdef LAB_TSAN
	__tsan_destroy_fiber(coroutine->tsan_fiber);
	coroutine->tsan_fiber = __tsan_create_fiber(0);
#endif
	lab_stack_prepare(&coroutine->mark, (void *)(uintptr_t)coroutine->stack, coroutine->stack_bytes, enter);
}

LAB_NO_COVERAGE void lab_coroutine_switch(struct lab_coroutine *from, struct lab_coroutine *to)
{
	lab_assert(from != to);
	left = from;
	running = to;
#ifdef LAB_ASAN
	__sanitizer_start_switch_fiber(&from->asan_fake_stack, to->stack, to->stack_bytes);
#endif
#ifdef LAB_TSAN
	__tsan_switch_to_fiber(to->tsan_fiber, 0);
#endif
	lab_stack_jump(&from->mark, &to->mark);
	arrive();
}
