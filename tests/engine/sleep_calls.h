/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TEST_SLEEP_CALLS_H
#define LAB_TEST_SLEEP_CALLS_H

/* What sleep_module can be told to do in each alloc; 0: nothing. */
enum sleep_call {
	SLEEP_NOT,
	SLEEP_MUTEX,
	SLEEP_MUTEX_TIMED,
	SLEEP_READ,
	SLEEP_WRITE,
	SLEEP_BARRIER,
	SLEEP_JOIN,
	SLEEP_SEMAPHORE,
	SLEEP_C11,
	SLEEP_NANO,
	SLEEP_CLOCK,
	SLEEP_MICRO,
	SLEEP_SECONDS,
	SLEEP_COUNT
};

#endif
