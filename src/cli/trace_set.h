/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_TRACE_SET_H
#define LAB_CLI_TRACE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which traces were seen, and how many of them once only: by Good and Turing's estimate the next run is a new one with
 * the chance once / total. The keys lie in memory that child processes share: what one adds, the others have. */
struct lab_trace_set {
	uint64_t *keys; /* the highest bit: seen more than once; 0: free */
	size_t room, count;
	uint64_t once, total;
	bool full; /* no more are told apart: count is a lower bound, and there is no estimate */
};

/* Into a zeroed set. Without memory it is full. */
void lab_trace_set_init(struct lab_trace_set *set);
void lab_trace_set_add(struct lab_trace_set *set, uint64_t hash);
void lab_trace_set_free(struct lab_trace_set *set);
/* In 0..1. */
double lab_trace_set_unseen(const struct lab_trace_set *set);

#endif
