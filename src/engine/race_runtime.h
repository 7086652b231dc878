/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_RACE_RUNTIME_H
#define LAB_ENGINE_RACE_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

/*
 * What race mode calls in ThreadSanitizer's runtime, which exports it all and whose headers leave most of it out.
 * `code` and `caller` are addresses of instructions, for reports; `order` is the compiler's number of a memory order.
 */
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read1_pc(void *address, void *code);
void __tsan_read2_pc(void *address, void *code);
void __tsan_read4_pc(void *address, void *code);
void __tsan_read8_pc(void *address, void *code);
void __tsan_write1_pc(void *address, void *code);
void __tsan_write2_pc(void *address, void *code);
void __tsan_write4_pc(void *address, void *code);
void __tsan_write8_pc(void *address, void *code);
void __tsan_read_range_pc(void *address, size_t bytes, void *code);
void __tsan_write_range_pc(void *address, size_t bytes, void *code);

#define LAB_RACE_ATOMICS(type, bits)                                                                                   \
	type __tsan_atomic##bits##_load(const volatile type *object, int order);                                       \
	void __tsan_atomic##bits##_store(volatile type *object, type value, int order);                                \
	type __tsan_atomic##bits##_exchange(volatile type *object, type value, int order);                             \
	type __tsan_atomic##bits##_fetch_add(volatile type *object, type value, int order);                            \
	type __tsan_atomic##bits##_fetch_sub(volatile type *object, type value, int order);                            \
	type __tsan_atomic##bits##_fetch_and(volatile type *object, type value, int order);                            \
	type __tsan_atomic##bits##_fetch_or(volatile type *object, type value, int order);                             \
	type __tsan_atomic##bits##_fetch_xor(volatile type *object, type value, int order);                            \
	type __tsan_atomic##bits##_fetch_nand(volatile type *object, type value, int order);                           \
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *object, type expected, type desired, int order, \
							int order_failed);

LAB_RACE_ATOMICS(uint8_t, 8)
LAB_RACE_ATOMICS(uint16_t, 16)
LAB_RACE_ATOMICS(uint32_t, 32)
LAB_RACE_ATOMICS(uint64_t, 64)
#ifdef __SIZEOF_INT128__
LAB_RACE_ATOMICS(unsigned __int128, 128)
#endif

/* Contexts of the runtime that one thread switches between by hand. */
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
#define LAB_RACE_NO_SYNC 1u /* the switch is no edge */
void __tsan_switch_to_fiber(void *fiber, unsigned flags);

void __tsan_acquire(void *address);
void __tsan_release(void *address);
void __tsan_ignore_thread_begin(void); /* of the present fiber */
void __tsan_ignore_thread_end(void);
void __tsan_flush_memory(void); /* forgets all accesses, and nothing of what is ordered */
void __sanitizer_set_report_fd(void *fd);

/* What it asks us for: its options, and to look at each report, which is valid until the function returns. */
const char *__tsan_default_options(void);
void __tsan_on_report(void *report);
int __tsan_on_finalize(int failed); /* at the program's end; what it answers, if not 0, ends it with option exitcode */

int __tsan_get_report_data(void *report, const char **ret_description, int *ret_count, int *ret_stacks,
			   int *ret_accesses, int *ret_places, int *ret_mutexes, int *ret_threads, int *ret_tids,
			   void **ret_trace, size_t room);
/* The trace ends with NULL where it is shorter than its room, which must be zero before. */
int __tsan_get_report_mop(void *report, size_t index, int *ret_tid, void **ret_address, int *ret_bytes, int *ret_write,
			  int *ret_atomic, void **ret_trace, size_t room);

#endif
