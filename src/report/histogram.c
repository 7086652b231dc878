/* SPDX-License-Identifier: Apache-2.0 */
#include "report/histogram.h"

#include "base/assert.h"
#include "base/bits.h"

#define STEP_BITS 4u

_Static_assert(1u << STEP_BITS == LAB_HISTOGRAM_STEPS, "steps are a power of two");
_Static_assert(LAB_HISTOGRAM_BUCKETS == (64 - STEP_BITS + 1) * LAB_HISTOGRAM_STEPS, "every 64-bit value has a bucket");

/* Values below two times STEPS are their own bucket; above, the leading bit and the four after it choose. */
static unsigned bucket_of(uint64_t value)
{
	unsigned shift;

	if (value < LAB_HISTOGRAM_STEPS)
		return (unsigned)value;
	shift = 63 - (unsigned)__builtin_clzll(value) - STEP_BITS;
	return shift * LAB_HISTOGRAM_STEPS + (unsigned)(value >> shift);
}

uint64_t lab_histogram_bucket_end(unsigned bucket)
{
	unsigned shift;

	if (bucket < 2 * LAB_HISTOGRAM_STEPS)
		return bucket;
	shift = bucket / LAB_HISTOGRAM_STEPS - 1;
	return ((uint64_t)(bucket - shift * LAB_HISTOGRAM_STEPS) << shift) + lab_bits_low(shift);
}

void lab_histogram_add(struct lab_histogram *histogram, uint64_t value)
{
	histogram->counts[bucket_of(value)]++;
	histogram->total++;
	histogram->max = LAB_MAX(histogram->max, value);
}

void lab_histogram_merge(struct lab_histogram *into, const struct lab_histogram *from)
{
	for (unsigned bucket = 0; bucket < LAB_HISTOGRAM_BUCKETS; bucket++)
		into->counts[bucket] += from->counts[bucket];
	into->total += from->total;
	into->max = LAB_MAX(into->max, from->max);
}

uint64_t lab_histogram_percentile(const struct lab_histogram *histogram, uint64_t parts, uint64_t whole)
{
	unsigned __int128 wanted = (unsigned __int128)histogram->total * parts;
	unsigned __int128 seen = 0;

	lab_assert_cmp(whole, >, 0);
	lab_assert_cmp(parts, <=, whole);
	for (unsigned bucket = 0; bucket < LAB_HISTOGRAM_BUCKETS; bucket++) {
		seen += (unsigned __int128)histogram->counts[bucket] * whole;
		if (histogram->counts[bucket] && seen >= wanted)
			return LAB_MIN(lab_histogram_bucket_end(bucket), histogram->max);
	}
	return 0;
}
