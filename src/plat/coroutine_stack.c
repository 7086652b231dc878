/* SPDX-License-Identifier: Apache-2.0 */
#include "plat/coroutine_stack.h"

#include <stdint.h>
#include <string.h>

#include "base/assert.h"

#if defined(__x86_64__) && !defined(__ILP32__)

/* rdi: where to save the stack pointer, rsi: where to load it from. System V: rbx, rbp, r12-r15, mxcsr, x87 control. */
__asm__(".text\n"
	".globl lab_stack_jump\n"
	".hidden lab_stack_jump\n"
	".type lab_stack_jump, @function\n"
	".p2align 4\n"
	"lab_stack_jump:\n"
	"	endbr64\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	subq $8, %rsp\n"
	"	stmxcsr (%rsp)\n"
	"	fnstcw 4(%rsp)\n"
	"	movq %rsp, (%rdi)\n"
	"	movq (%rsi), %rsp\n"
	"	ldmxcsr (%rsp)\n"
	"	fldcw 4(%rsp)\n"
	"	addq $8, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size lab_stack_jump, . - lab_stack_jump\n");

void lab_stack_prepare(struct lab_stack_mark *mark, void *stack, size_t bytes, void (*entry)(void))
{
	/* From below: control words, r15 r14 r13 r12 rbx rbp, entry as return address, 0 as entry's own. */
	uint64_t *top = (uint64_t *)((uintptr_t)stack + bytes), *frame = top - 9;
	uint32_t mxcsr = 0x1f80;  /* all exceptions masked, round to nearest: the ABI's initial values */
	uint16_t control = 0x37f; /* the same for the x87 unit, extended precision */

	lab_assert_cmp((uintptr_t)top % 16, ==, 0);
	memset(frame, 0, 9 * sizeof(*frame));
	memcpy(frame, &mxcsr, sizeof(mxcsr));
	memcpy((char *)frame + 4, &control, sizeof(control));
	frame[7] = (uint64_t)(uintptr_t)entry; /* after its ret, rsp is 8 modulo 16, as after a call */
	mark->pointer = frame;
}

#elif defined(__aarch64__)

/* x0: where to save the stack pointer, x1: where to load it from. AAPCS64: x19-x30, d8-d15. */
__asm__(".text\n"
	".globl lab_stack_jump\n"
	".hidden lab_stack_jump\n"
	".type lab_stack_jump, %function\n"
	".p2align 4\n"
	"lab_stack_jump:\n"
	"	hint #34\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	ldr x9, [x1]\n"
	"	mov sp, x9\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size lab_stack_jump, . - lab_stack_jump\n");

void lab_stack_prepare(struct lab_stack_mark *mark, void *stack, size_t bytes, void (*entry)(void))
{
	uint64_t *top = (uint64_t *)((uintptr_t)stack + bytes), *frame = top - 20;

	lab_assert_cmp((uintptr_t)top % 16, ==, 0);
	memset(frame, 0, 20 * sizeof(*frame));
	frame[11] = (uint64_t)(uintptr_t)entry; /* x30, the link register; x29 = 0 ends the chain of frames */
	mark->pointer = frame;
}

#else

void lab_stack_prepare(struct lab_stack_mark *mark, void *stack, size_t bytes, void (*entry)(void))
{
	int failed = getcontext(&mark->context);

	lab_assert(!failed);
	mark->context.uc_stack.ss_sp = stack;
	mark->context.uc_stack.ss_size = bytes;
	mark->context.uc_link = NULL;
	makecontext(&mark->context, entry, 0);
}

void lab_stack_jump(struct lab_stack_mark *from, struct lab_stack_mark *to)
{
	int failed = swapcontext(&from->context, &to->context);

	lab_assert(!failed);
}

#endif
