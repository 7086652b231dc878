/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_ENGINE_LIVE_SHAKE_H
#define LAB_ENGINE_LIVE_SHAKE_H

/*
 * A shared access of a hooked module under real threads. Now and then the thread stays there for a moment, so that
 * others come in between two accesses that are nanoseconds apart. No system call; on threads that are no virtual CPU's,
 * nothing.
 */
void lab_live_shake(void);

#endif
