/* SPDX-License-Identifier: Apache-2.0 */
#include "cover.h"

#include <string.h>

/*
 * Pairs are counted in bytes. libFuzzer looks into a section of that name by itself, and wipes it before each run.
 * AFL++ has no such thing: each byte gets an edge of its own there, as if the compiler had put a guard somewhere, and
 * goes into AFL's map when the run is over.
 */
#define PAIR_COUNT 8192u

#if LAB_FUZZ_AFL

static uint8_t pairs[PAIR_COUNT];
static uint32_t guards[PAIR_COUNT];

/* AFL++'s runtime */
extern int __afl_selective_coverage; /* off and on do nothing unless it is set */
void __afl_coverage_off(void);
void __afl_coverage_on(void);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

void lab_fuzz_cover_open(void)
{
	__afl_selective_coverage = 1;
	__sanitizer_cov_trace_pc_guard_init(guards, guards + PAIR_COUNT);
}

void lab_fuzz_cover_take(void)
{
	for (unsigned i = 0; i < PAIR_COUNT; i += sizeof(uint64_t)) {
		uint64_t eight;

		memcpy(&eight, pairs + i, sizeof(eight));
		for (unsigned j = i; eight && j < i + sizeof(eight); j++)
			if (pairs[j])
				__sanitizer_cov_trace_pc_guard(&guards[j]);
	}
	memset(pairs, 0, sizeof(pairs));
}

void lab_fuzz_cover_pause(bool pauses)
{
	if (pauses)
		__afl_coverage_off();
	else
		__afl_coverage_on();
}

#else

/* libFuzzer takes a first run's edges of making a machine for new ones, once a machine, and is none the worse for it.
 */
static uint8_t pairs[PAIR_COUNT] __attribute__((section("__libfuzzer_extra_counters"), used));

void lab_fuzz_cover_open(void)
{
}

void lab_fuzz_cover_take(void)
{
}

void lab_fuzz_cover_pause(bool pauses)
{
}

#endif

static void aside(void *arg, bool begins)
{
	lab_fuzz_cover_pause(begins);
}

void lab_fuzz_cover_options(struct lab_sim_options *options)
{
	options->pairs = pairs;
	options->pair_count = PAIR_COUNT;
	options->aside = aside;
}
