/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_HOOK_RACE_H
#define LAB_ENGINE_HOOK_RACE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How hooks hand on to ThreadSanitizer's runtime what a context is about to do. The hooks' files are compiled twice:
 * with LAB_RACE for the program that has the runtime, and without it, where all of this is nothing.
 */
#ifndef LAB_RACE
#define LAB_RACE 0
#endif

#if LAB_RACE
#include "engine/race_runtime.h"

/* A plain access; a marked one is volatile, which counts as a relaxed atomic up to a word, as kernels have it. */
void lab_race_plain(const void *address, size_t bytes, bool write, const void *code);
void lab_race_marked(const void *address, size_t bytes, bool write, const void *code);
void lab_race_function_entry(void *caller);
void lab_race_function_exit(void);

/*
 * The runtime knows no fences. A fence that releases makes the context's later stores release, and one that acquires
 * takes what was released to the words that the context read before: at times more order than there is, never less, so
 * that nothing is reported that is no race. These answer the order that an operation is to be done with.
 */
void lab_race_fence(int order);
int lab_race_load_order(const volatile void *object, int order);
int lab_race_store_order(int order);
int lab_race_update_order(const volatile void *object, int order);

/* A block of the module's heap: whoever is handed it comes after whoever gave it back. */
void lab_race_heap_take(const void *block);
void lab_race_heap_give(const void *block, size_t bytes, const void *code);

/* Around a call into the runtime for the running context. False: nobody runs, and the runtime is not to know. */
bool lab_race_open(const void *code);
void lab_race_close(void);

/* An atomic operation: done by the runtime, with the order that was asked for; or by us, where nobody runs. */
#define LAB_RACE_DO(type, code, real, plain)                                                                           \
	({                                                                                                             \
		type done_;                                                                                            \
                                                                                                                       \
		if (lab_race_open(code)) {                                                                             \
			done_ = (real);                                                                                \
			lab_race_close();                                                                              \
		} else {                                                                                               \
			done_ = (plain);                                                                               \
		}                                                                                                      \
		done_;                                                                                                 \
	})

#else

#define LAB_RACE_DO(type, code, real, plain) (plain)

static inline void lab_race_plain(const void *address, size_t bytes, bool write, const void *code)
{
}
static inline void lab_race_marked(const void *address, size_t bytes, bool write, const void *code)
{
}
static inline void lab_race_function_entry(void *caller)
{
}
static inline void lab_race_function_exit(void)
{
}
static inline void lab_race_fence(int order)
{
}
static inline void lab_race_heap_take(const void *block)
{
}
static inline void lab_race_heap_give(const void *block, size_t bytes, const void *code)
{
}

#endif
#endif
