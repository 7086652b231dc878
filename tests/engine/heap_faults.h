/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_TESTS_HEAP_FAULTS_H
#define LAB_TESTS_HEAP_FAULTS_H

/* What heap_module.c does, by the order of the request. Blocks are of 20 bytes; the one of create is of 12. */
enum heap_fault {
	HEAP_SOUND,
	HEAP_READ_FREED,
	HEAP_WRITE_FREED,
	HEAP_WRITE_BEHIND,
	HEAP_READ_BEFORE,
	HEAP_FREE_TWICE,
	HEAP_FREE_INSIDE,
	HEAP_KEPT_BEHIND,
	HEAP_FREE_KEPT,
	HEAP_READ_KEPT,
	HEAP_READ_UNLESS_GONE, /* looks first whether it is still there, which is not enough */
};

#endif
