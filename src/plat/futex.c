/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "plat/futex.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int private_flag(enum lab_futex_reach reach)
{
	return reach == LAB_FUTEX_OWN ? FUTEX_PRIVATE_FLAG : 0;
}

bool lab_futex_wait(const uint32_t *key, uint32_t seen, uint64_t timeout_ns, enum lab_futex_reach reach)
{
	struct timespec timeout = {(time_t)(timeout_ns / UINT64_C(1000000000)),
				   (long)(timeout_ns % UINT64_C(1000000000))};

	return syscall(SYS_futex, key, FUTEX_WAIT | private_flag(reach), seen, &timeout, NULL, 0) == 0;
}

void lab_futex_wake(const uint32_t *key, enum lab_futex_reach reach)
{
	syscall(SYS_futex, key, FUTEX_WAKE | private_flag(reach), INT_MAX, NULL, NULL, 0);
}
