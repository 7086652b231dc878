/* SPDX-License-Identifier: Apache-2.0 */
#include "cover.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Pairs are counted in bytes. libFuzzer looks into a section of that name by itself, and wipes it before each run.
 * AFL++ has no such thing: each byte gets an edge of its own there, as if the compiler had put a guard somewhere, and
 * goes into AFL's map when the run is over.
 */
#define PAIR_COUNT 8192u

/*
 * $LABYRINTH_PAIRS names a file that all processes of a campaign share, a byte for each pair: 1 once any run met it.
 * Several may write one at the same time, all the same. It is a number for people: without the file all goes on.
 */
static uint8_t *met;

static void open_met(void)
{
	const char *path = getenv("LABYRINTH_PAIRS");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
	void *map = MAP_FAILED;

	if (fd < 0)
		return;
	/* Not ftruncate: a page that the disk has no room for would be a crash of the target's. */
	if (posix_fallocate(fd, 0, PAIR_COUNT) == 0)
		map = mmap(NULL, PAIR_COUNT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	met = map == MAP_FAILED ? NULL : map;
}

/* Eight at a time: most are 0 in most runs. */
static void mark_met(const uint8_t *pairs)
{
	for (unsigned i = 0; met && i < PAIR_COUNT; i += sizeof(uint64_t)) {
		uint64_t eight;

		memcpy(&eight, pairs + i, sizeof(eight));
		for (unsigned j = i; eight && j < i + sizeof(eight); j++)
			if (pairs[j])
				met[j] = 1; /* asked first whether it is, this would be an edge that depends on earlier
					       runs */
	}
}

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
	open_met();
	__afl_selective_coverage = 1;
	__sanitizer_cov_trace_pc_guard_init(guards, guards + PAIR_COUNT);
}

void lab_fuzz_cover_take(void)
{
	mark_met(pairs);
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
	open_met();
}

void lab_fuzz_cover_take(void)
{
	mark_met(pairs);
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
