/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sim.h"

#include "engine/hook.h"
#include "engine/hook_race.h"
#include "engine/sim_weak.h"

/*
 * What -fsanitize=thread puts before plain accesses, under the names that a hooked module's --wrap makes of them. The
 * module does the access itself when the hook returns.
 */

#define CODE __builtin_return_address(0)

/* The module does it, so a read is one of the newest value; only a marked one has an order that fences go by. */
#define WEAK_plain(address, bytes, write)                                                                              \
	do {                                                                                                           \
		if (write)                                                                                             \
			lab_sim_weak_plain(address, bytes);                                                            \
	} while (0)
#define WEAK_marked(address, bytes, write) lab_sim_weak_marked(address, bytes, write, CODE)

#define READ(name, bytes, kind)                                                                                        \
	LAB_HOOK void __wrap___tsan_##name(const void *address);                                                       \
	void __wrap___tsan_##name(const void *address)                                                                 \
	{                                                                                                              \
		lab_sim_access(LAB_SIM_READ, address, bytes, CODE);                                                    \
		lab_race_##kind(address, bytes, false, CODE);                                                          \
		WEAK_##kind(address, bytes, false);                                                                    \
	}
#define WRITE(name, bytes, kind)                                                                                       \
	LAB_HOOK void __wrap___tsan_##name(void *address);                                                             \
	void __wrap___tsan_##name(void *address)                                                                       \
	{                                                                                                              \
		lab_sim_access(LAB_SIM_WRITE, address, bytes, CODE);                                                   \
		lab_race_##kind(address, bytes, true, CODE);                                                           \
		WEAK_##kind(address, bytes, true);                                                                     \
	}
/* A plain x++ is two steps, but the hook is one and comes before both: the read happens only after the second. */
#define READ_WRITE(name, bytes, kind)                                                                                  \
	LAB_HOOK void __wrap___tsan_##name(void *address);                                                             \
	void __wrap___tsan_##name(void *address)                                                                       \
	{                                                                                                              \
		lab_sim_access(LAB_SIM_READ, address, bytes, CODE);                                                    \
		lab_race_##kind(address, bytes, false, CODE);                                                          \
		lab_sim_access(LAB_SIM_WRITE, address, bytes, CODE);                                                   \
		lab_race_##kind(address, bytes, true, CODE);                                                           \
		WEAK_##kind(address, bytes, true);                                                                     \
	}
#define EACH_WIDTH(what, prefix, kind)                                                                                 \
	what(prefix##1, 1, kind) what(prefix##2, 2, kind) what(prefix##4, 4, kind) what(prefix##8, 8, kind)            \
		what(prefix##16, 16, kind)
#define EACH_UNALIGNED(what, prefix, kind)                                                                             \
	what(prefix##2, 2, kind) what(prefix##4, 4, kind) what(prefix##8, 8, kind) what(prefix##16, 16, kind)

EACH_WIDTH(READ, read, plain)
EACH_WIDTH(WRITE, write, plain)
EACH_WIDTH(READ_WRITE, read_write, plain)
EACH_UNALIGNED(READ, unaligned_read, plain)
EACH_UNALIGNED(WRITE, unaligned_write, plain)
EACH_UNALIGNED(READ_WRITE, unaligned_read_write, plain)
EACH_WIDTH(READ, volatile_read, marked)
EACH_WIDTH(WRITE, volatile_write, marked)
EACH_UNALIGNED(READ, unaligned_volatile_read, plain)
EACH_UNALIGNED(WRITE, unaligned_volatile_write, plain)

LAB_HOOK void __wrap___tsan_read_range(const void *address, unsigned long bytes);
void __wrap___tsan_read_range(const void *address, unsigned long bytes)
{
	lab_sim_access(LAB_SIM_READ, address, bytes, CODE);
	lab_race_plain(address, bytes, false, CODE);
}

LAB_HOOK void __wrap___tsan_write_range(void *address, unsigned long bytes);
void __wrap___tsan_write_range(void *address, unsigned long bytes)
{
	lab_sim_access(LAB_SIM_WRITE, address, bytes, CODE);
	lab_race_plain(address, bytes, true, CODE);
	lab_sim_weak_plain(address, bytes);
}

/* C++ objects: the pointer to the table of virtual functions. */
LAB_HOOK void __wrap___tsan_vptr_read(void **address);
void __wrap___tsan_vptr_read(void **address)
{
	lab_sim_access(LAB_SIM_READ, address, sizeof(void *), CODE);
	lab_race_plain(address, sizeof(void *), false, CODE);
}

LAB_HOOK void __wrap___tsan_vptr_update(void **address, void *value);
void __wrap___tsan_vptr_update(void **address, void *value)
{
	lab_sim_access(LAB_SIM_WRITE, address, sizeof(void *), CODE);
	if (*address != value) /* a destructor that sets what is there races with nobody who calls */
		lab_race_plain(address, sizeof(void *), true, CODE);
	lab_sim_weak_plain(address, sizeof(void *));
}

/* For the stacks of race mode; they are no events. */
LAB_HOOK void __wrap___tsan_func_entry(void *caller);
void __wrap___tsan_func_entry(void *caller)
{
	lab_race_function_entry(caller);
}

LAB_HOOK void __wrap___tsan_func_exit(void);
void __wrap___tsan_func_exit(void)
{
	lab_race_function_exit();
}

LAB_HOOK void __wrap___tsan_ignore_thread_begin(void);
void __wrap___tsan_ignore_thread_begin(void)
{
}

LAB_HOOK void __wrap___tsan_ignore_thread_end(void);
void __wrap___tsan_ignore_thread_end(void)
{
}
