/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/futex.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool lab_futex_wait(const uint32_t *key, uint32_t seen, uint64_t timeout_ns)
{
	struct timespec timeout = {(time_t)(timeout_ns / UINT64_C(1000000000)),
				   (long)(timeout_ns % UINT64_C(1000000000))};

	return syscall(SYS_futex, key, FUTEX_WAIT_PRIVATE, seen, &timeout, NULL, 0) == 0;
}

void lab_futex_wake(const uint32_t *key)
{
	syscall(SYS_futex, key, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
