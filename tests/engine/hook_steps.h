/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_ENGINE_HOOK_STEPS_H
#define LAB_TESTS_ENGINE_HOOK_STEPS_H

/*
 * What the module of hook_module.c does, a step for each alloc, with the events that the engine must see: r, w or u and
 * how many bytes. Where gcc calls a hook for a whole object and clang one for each step, the two are told apart.
 */
#define HOOK_STEPS(STEP)                                                                                               \
	STEP(load8, "r1", NULL)                                                                                        \
	STEP(load16, "r2", NULL)                                                                                       \
	STEP(load32, "r4", NULL)                                                                                       \
	STEP(load64, "r8", NULL)                                                                                       \
	STEP(store8, "w1", NULL)                                                                                       \
	STEP(store16, "w2", NULL)                                                                                      \
	STEP(store32, "w4", NULL)                                                                                      \
	STEP(store64, "w8", NULL)                                                                                      \
	STEP(store128, "w16", NULL)                                                                                    \
	STEP(increment, "r4 w4", NULL)                                                                                 \
	STEP(volatile_store, "w4", NULL)                                                                               \
	STEP(volatile_load, "r4", NULL)                                                                                \
	STEP(unaligned, "r8 w4", NULL)                                                                                 \
	STEP(object_copy, "r8 w8 r8 w8 r8 w8", "w24 r24")                                                              \
	STEP(memory_copy, "r8 w8 r8 w8 r4 w4", NULL)                                                                   \
	STEP(memory_move, "r8 w8 r8 w8 r8 w8 r8 w8", NULL)                                                             \
	STEP(memory_fill, "w64 w64 w2", NULL)                                                                          \
	STEP(atomic8, "w1 r1 u1 u1 u1", NULL)                                                                          \
	STEP(atomic16, "w2 r2 u2 u2 u2", NULL)                                                                         \
	STEP(atomic32, "w4 r4 u4 u4 u4", NULL)                                                                         \
	STEP(atomic64, "w8 r8 u8 u8 u8", NULL)                                                                         \
	STEP(arithmetic, "u4 u4 u4 u4 u4 u4 r4", NULL)                                                                 \
	STEP(weak, "u8", NULL)                                                                                         \
	STEP(fences, "", NULL)                                                                                         \
	STEP(stack, "", NULL)                                                                                          \
	STEP(read_only, "", NULL)                                                                                      \
	STEP(heap, "w4 r4 r4 w4 w4", NULL)                                                                             \
	STEP(thread_local, "r4 w4", NULL)                                                                              \
	STEP(wide, "u16 u16 r16", NULL)

#endif
