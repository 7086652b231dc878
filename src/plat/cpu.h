/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_CPU_H
#define LAB_PLAT_CPU_H

/* The CPU that the caller runs on now; it may move at any time. No system call. */
unsigned lab_cpu_now(void);

/* A number of the calling thread's own, from 1 on in the order of first calls; wraps at 65,533. Signal-safe. */
unsigned lab_thread_number(void);

#endif
