/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_SCALE_H
#define LAB_CLI_BENCH_SCALE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/strategy.h"
#include "report/emit.h"

/*
 * What an operation costs in shared memory, by how many CPUs work at the same time: atomic operations, and how often a
 * cache line moves from one CPU to another. Counted in the deterministic engine, so that more CPUs can be had than the
 * machine has, and the answer is the same on every machine.
 */
enum lab_scale_pattern {
	LAB_SCALE_REPEAT, /* one pair again and again */
	LAB_SCALE_BULK,   /* sixteen frames, then all are freed in the order they were taken */
	LAB_SCALE_GROW,   /* frames are taken and none freed */
	LAB_SCALE_REMOTE, /* each frame is freed by the next CPU */
	LAB_SCALE_FULL,   /* one pair again and again, in a zone at its marks, with less than 64 frames to give */
	LAB_SCALE_PATTERN_COUNT
};
const char *lab_scale_pattern_name(enum lab_scale_pattern pattern);

/* Words that moved most, together those of one name: "cpu # zone normal slot #". */
#define LAB_SCALE_WORDS 16u
struct lab_scale_word {
	char name[48];
	uint64_t moves, neighbours; /* neighbours: of these, because another word of its line was touched */
};

#define LAB_SCALE_SEEDS 4u /* schedules of each case, with a seed each */

/* What came of one target, pattern and number of CPUs. */
struct lab_scale_case {
	const char *target;
	enum lab_scale_pattern pattern;
	unsigned cpus;
	uint64_t ops, failed; /* alloc and free calls that were counted; of these, without memory */
	uint64_t atomics, updates, shared_updates, moves, neighbours;
	struct lab_scale_word words[LAB_SCALE_WORDS];
	unsigned word_count;
};

/* The names as they were written; NULL: not given. */
struct lab_scale_words {
	const char *target, *pattern, *cpus;
};
/* The bench from its options to its exit code. */
int lab_bench_scale(const struct lab_scale_words *words, uint64_t seed, enum lab_format format);

/* bench_scale_run.c: counts one case in a module, as lab_target_open_hooked takes it. message: where it fails. */
LAB_MUST_USE enum lab_status lab_bench_scale_case(const char *module, uint64_t seed, struct lab_scale_case *scale,
						  char *message, size_t room);

/* bench_scale_turns.c: CPUs take turns, an access each, in an order that the seed draws; each starts a little later. */
struct lab_strategy *lab_scale_turns(uint64_t seed);

/* bench_scale_tell.c: of each target and pattern, by CPUs in ascending order. */
void lab_bench_scale_tell(const struct lab_scale_case *cases, size_t count, enum lab_format format);

#endif
