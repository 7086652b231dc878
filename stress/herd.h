/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_STRESS_HERD_H
#define LAB_STRESS_HERD_H

#include <stdbool.h>
#include <stdint.h>

#include <labyrinth/arena.h>

#include "oracle/rule.h"
#include "plat/atomic.h"

/*
 * Processes on one arena of the reference allocator in shared memory, some of which are killed at random, got back by
 * one that lives, and started anew (R16). What is true lies beside the arena, and does not ask it: a table of who owns
 * which frame, by token, which each process keeps for its own frames; a pattern in each frame; and now and then all
 * stand still between two calls, and every frame is taken and counted.
 */
struct lab_herd_plan {
	unsigned processes;    /* up to LAB_HERD_MAX */
	uint64_t kills_second; /* 0: nobody is killed */
	uint64_t duration_ns, seed, frames;
	bool (*stop)(void); /* asked several times a second; may be NULL */
};

#define LAB_HERD_MAX 32u

struct lab_herd_result {
	uint64_t kills, reaper_kills; /* members; and who reaped */
	uint64_t reaps, retries;      /* done; and answers that it is not possible now */
	uint64_t reap_ns_most;        /* from its first call to its end */
	uint64_t censuses, ops;
	uint64_t seconds_ns;
	bool found;
	enum lab_rule rule;
	char detail[256];
};

/* Forks; the caller has one thread. May sleep. LAB_SYSTEM: errno: the herd could not be made. */
LAB_MUST_USE enum lab_status lab_herd_run(const struct lab_herd_plan *plan, struct lab_herd_result *ret_result);

/* What the members and their keeper share. All below is theirs. */
#define LAB_HERD_PAGE_SHIFT 8u

/* A member's own line, in shared memory. */
struct lab_herd_member {
	_Alignas(64) lab_atomic64 process; /* of the arena; 0: it has not joined yet */
	lab_atomic64 ops, rests;           /* rests: it is between two calls and stays there */
};

struct lab_herd {
	lab_atomic64 end, rest; /* asked of all members: to leave; to stand still */
	lab_atomic64 found;     /* 1: who writes the finding; 2: it is written */
	uint32_t rule;
	char detail[256];
	struct lab_herd_member members[LAB_HERD_MAX];
	uint64_t frames, seed;
	unsigned processes;
	void *metadata, *base;
	size_t metadata_bytes;
	lab_atomic64 owners[]; /* by frame: the token of who owns it; 0: nobody */
};

/* herd_member.c: the life of a member, in its process; does not return. `life` is no other's. */
_Noreturn void lab_herd_live(struct lab_herd *herd, unsigned index, uint64_t life);
/* The first finding is kept. */
void lab_herd_tell(struct lab_herd *herd, enum lab_rule rule, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A handle of this process, joined. LAB_OK, or why not. */
LAB_MUST_USE enum lab_status lab_herd_join(struct lab_herd *herd, struct lab_arena *ret_arena);

#endif
