/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_REPORT_HISTOGRAM_H
#define LAB_REPORT_HISTOGRAM_H

#include <stdint.h>

/*
 * How often each value came, log-linear: exact below 32, from there 16 steps to each doubling, so a value is told
 * within 1/16 (Gil Tene's HdrHistogram, two digits). One writer each, merged when the writers have ended; add is
 * wait-free and usable in signal handlers.
 */
#define LAB_HISTOGRAM_STEPS   16u /* to a doubling */
#define LAB_HISTOGRAM_BUCKETS (LAB_HISTOGRAM_STEPS * 61u)

struct lab_histogram {
	uint64_t counts[LAB_HISTOGRAM_BUCKETS];
	uint64_t total, max;
};

void lab_histogram_add(struct lab_histogram *histogram, uint64_t value);
void lab_histogram_merge(struct lab_histogram *into, const struct lab_histogram *from);

/* The greatest value that a bucket counts. */
uint64_t lab_histogram_bucket_end(unsigned bucket);

/*
 * The least value that at least `parts` of `whole` values do not exceed, rounded up to its bucket's end but never above
 * the greatest value that came; 0 when there is none. parts <= whole, whole > 0: 999 of 1000 is p99.9.
 */
uint64_t lab_histogram_percentile(const struct lab_histogram *histogram, uint64_t parts, uint64_t whole);

#endif
