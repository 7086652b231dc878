/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_CLI_BENCH_FRAG_H
#define LAB_CLI_BENCH_FRAG_H

#include <stddef.h>
#include <stdint.h>

#include <labyrinth/target.h>

#include "report/emit.h"

/*
 * What is left in great blocks after days of a mixed workload, whose clock is a number: single frames and blocks up to
 * order 10 that live from half a minute to three days, more of them by day than by night.
 */
#define LAB_FRAG_FRAMES UINT64_C(32768)
#define LAB_FRAG_SHIFT  12u
#define LAB_FRAG_GREAT  9u /* the order that is looked at: 2 MiB */

/* At one moment. */
struct lab_frag_look {
	uint64_t free;                        /* frames that nobody owns */
	uint64_t great;                       /* of these, frames in whole free blocks of order 9 */
	uint64_t unusable[LAB_ORDER_MAX + 1]; /* free frames in blocks too small for that order */
};

struct lab_frag_result {
	enum lab_status status; /* of the instance: not LAB_OK: nothing else is known */
	bool own_memory;        /* blocks lie anywhere: a look is told by what memory is resident */
	uint64_t allocs, frees, refused, refused_single;
	struct lab_frag_look last, least; /* at the end; when `great` was the least of all hours */
	double great_mean;                /* over the hours, of `great` by what is free */
	uint64_t given;                   /* blocks of order 9 that the target gave at the end, one after the other */
};

/* bench_frag_week.c: the workload, in the calling process, whose memory is measured. May sleep. */
void lab_bench_frag_week(const struct lab_target *target, uint64_t days, uint64_t seed,
			 struct lab_frag_result *ret_result);

/* bench_frag_look.c. owned: a byte a frame. */
void lab_frag_look_at(const unsigned char *owned, uint64_t frames, struct lab_frag_look *ret_look);
/* For blocks that lie anywhere: all but `held` frames could be had as great blocks. */
void lab_frag_look_at_held(uint64_t owned, uint64_t held, uint64_t frames, struct lab_frag_look *ret_look);

struct lab_frag_words {
	const char *target, *days;
	bool quick;
};
/* The bench from its options to its exit code. */
int lab_bench_frag(const struct lab_frag_words *words, uint64_t seed, enum lab_format format);

/* bench_frag_tell.c */
void lab_bench_frag_tell(const struct lab_target *const *targets, const struct lab_frag_result *results, size_t count,
			 uint64_t days, enum lab_format format);

#endif
