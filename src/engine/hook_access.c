/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim.h"

#include "engine/hook.h"
#include "plat/sanitizer.h"

/*
 * What -fsanitize=thread puts before plain accesses, under the names that a hooked module's --wrap makes of them. The
 * module does the access itself when the hook returns.
 */

#define READ(name, bytes)                                                                                              \
	LAB_HOOK void __wrap___tsan_##name(const void *address);                                                       \
	void __wrap___tsan_##name(const void *address)                                                                 \
	{                                                                                                              \
		lab_sim_access(LAB_SIM_READ, address, bytes, __builtin_return_address(0));                             \
	}
#define WRITE(name, bytes)                                                                                             \
	LAB_HOOK void __wrap___tsan_##name(void *address);                                                             \
	void __wrap___tsan_##name(void *address)                                                                       \
	{                                                                                                              \
		lab_sim_access(LAB_SIM_WRITE, address, bytes, __builtin_return_address(0));                            \
	}
/* A plain x++ is two steps, but the hook is one and comes before both: the read happens only after the second. */
#define READ_WRITE(name, bytes)                                                                                        \
	LAB_HOOK void __wrap___tsan_##name(void *address);                                                             \
	void __wrap___tsan_##name(void *address)                                                                       \
	{                                                                                                              \
		lab_sim_access(LAB_SIM_READ, address, bytes, __builtin_return_address(0));                             \
		lab_sim_access(LAB_SIM_WRITE, address, bytes, __builtin_return_address(0));                            \
	}
#define EACH_WIDTH(kind, prefix)                                                                                       \
	kind(prefix##1, 1) kind(prefix##2, 2) kind(prefix##4, 4) kind(prefix##8, 8) kind(prefix##16, 16)
#define EACH_UNALIGNED(kind, prefix) kind(prefix##2, 2) kind(prefix##4, 4) kind(prefix##8, 8) kind(prefix##16, 16)

EACH_WIDTH(READ, read)
EACH_WIDTH(WRITE, write)
EACH_WIDTH(READ_WRITE, read_write)
EACH_UNALIGNED(READ, unaligned_read)
EACH_UNALIGNED(WRITE, unaligned_write)
EACH_UNALIGNED(READ_WRITE, unaligned_read_write)
EACH_WIDTH(READ, volatile_read)
EACH_WIDTH(WRITE, volatile_write)
EACH_UNALIGNED(READ, unaligned_volatile_read)
EACH_UNALIGNED(WRITE, unaligned_volatile_write)

LAB_HOOK void __wrap___tsan_read_range(const void *address, unsigned long bytes);
void __wrap___tsan_read_range(const void *address, unsigned long bytes)
{
	lab_sim_access(LAB_SIM_READ, address, bytes, __builtin_return_address(0));
}

LAB_HOOK void __wrap___tsan_write_range(void *address, unsigned long bytes);
void __wrap___tsan_write_range(void *address, unsigned long bytes)
{
	lab_sim_access(LAB_SIM_WRITE, address, bytes, __builtin_return_address(0));
}

/* C++ objects: the pointer to the table of virtual functions. */
LAB_HOOK void __wrap___tsan_vptr_read(void **address);
void __wrap___tsan_vptr_read(void **address)
{
	lab_sim_access(LAB_SIM_READ, address, sizeof(void *), __builtin_return_address(0));
}

LAB_HOOK void __wrap___tsan_vptr_update(void **address, void *value);
void __wrap___tsan_vptr_update(void **address, void *value)
{
	lab_sim_access(LAB_SIM_WRITE, address, sizeof(void *), __builtin_return_address(0));
}

/* Race mode needs these for its stacks; here they are no events. */
LAB_HOOK void __wrap___tsan_func_entry(void *caller);
void __wrap___tsan_func_entry(void *caller)
{
}

LAB_HOOK void __wrap___tsan_func_exit(void);
void __wrap___tsan_func_exit(void)
{
}

LAB_HOOK void __wrap___tsan_ignore_thread_begin(void);
void __wrap___tsan_ignore_thread_begin(void)
{
}

LAB_HOOK void __wrap___tsan_ignore_thread_end(void);
void __wrap___tsan_ignore_thread_end(void)
{
}

/* Called by each module's constructor, and not wrapped, so that race mode reaches the real one. */
#if !LAB_SANITIZER_THREAD
LAB_HOOK void __tsan_init(void);
void __tsan_init(void)
{
}
#endif
