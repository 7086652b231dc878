/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "engine/memory.h"

/*
 * The memory model on the classic litmus programs: every interleaving, and in each every value that every load may
 * read. An outcome that C11 allows has to be reached, one that it forbids must not.
 */

enum { X, Y, DATA, WORDS };
enum what { NOTHING, STORE, LOAD, ADD, SWAP, FENCE, PLAIN };
#define RLX __ATOMIC_RELAXED
#define ACQ __ATOMIC_ACQUIRE
#define REL __ATOMIC_RELEASE
#define AR  __ATOMIC_ACQ_REL
#define SC  __ATOMIC_SEQ_CST

#define THREADS 4u
#define STEPS   4u

struct litmus {
	const char *name;
	struct step {
		enum what what;
		int order;
		unsigned word;
		uint64_t value; /* stored, added, swapped for 0 */
	} threads[THREADS][STEPS];
	const char *outcome; /* what the loads of all threads, in their order, read; '.': anything */
	bool allowed;
};

/* what the first two of a litmus usually are */
#define STORES(word, order) {STORE, order, word, 1}
#define LOADS(word, order)  {LOAD, order, word, 0}
#define FENCES(order)       {FENCE, order, 0, 0}

static const struct litmus litmuses[] = {
	{"store buffering, relaxed", {{STORES(X, RLX), LOADS(Y, RLX)}, {STORES(Y, RLX), LOADS(X, RLX)}}, "00", true},
	{"store buffering, acquire and release",
	 {{STORES(X, REL), LOADS(Y, ACQ)}, {STORES(Y, REL), LOADS(X, ACQ)}},
	 "00",
	 true},
	{"store buffering, seq_cst", {{STORES(X, SC), LOADS(Y, SC)}, {STORES(Y, SC), LOADS(X, SC)}}, "00", false},
	{"store buffering, one store not seq_cst",
	 {{STORES(X, REL), LOADS(Y, SC)}, {STORES(Y, SC), LOADS(X, SC)}},
	 "00",
	 true},
	{"store buffering, one load not seq_cst",
	 {{STORES(X, SC), LOADS(Y, ACQ)}, {STORES(Y, SC), LOADS(X, SC)}},
	 "00",
	 true},
	{"store buffering, updates",
	 {{{ADD, AR, X, 1}, LOADS(Y, ACQ)}, {{ADD, AR, Y, 1}, LOADS(X, ACQ)}},
	 ".0.0",
	 true},
	{"store buffering, seq_cst updates",
	 {{{ADD, SC, X, 1}, LOADS(Y, SC)}, {{ADD, SC, Y, 1}, LOADS(X, SC)}},
	 ".0.0",
	 false},
	{"store buffering, the looks are updates",
	 {{STORES(X, RLX), {ADD, REL, Y, 0}}, {{ADD, ACQ, Y, 1}, LOADS(X, RLX)}},
	 "000",
	 false},
	{"store buffering, one look does not release",
	 {{STORES(X, RLX), {ADD, ACQ, Y, 0}}, {{ADD, AR, Y, 1}, LOADS(X, RLX)}},
	 "000",
	 true},
	{"store buffering, one look does not acquire",
	 {{STORES(X, RLX), {ADD, AR, Y, 0}}, {{ADD, REL, Y, 1}, LOADS(X, RLX)}},
	 "000",
	 true},
	{"store buffering, seq_cst fences",
	 {{STORES(X, RLX), FENCES(SC), LOADS(Y, RLX)}, {STORES(Y, RLX), FENCES(SC), LOADS(X, RLX)}},
	 "00",
	 false},
	{"store buffering, a fence and seq_cst",
	 {{STORES(X, RLX), FENCES(SC), LOADS(Y, RLX)}, {STORES(Y, SC), LOADS(X, SC)}},
	 "00",
	 false},
	{"store buffering, lesser fences",
	 {{STORES(X, RLX), FENCES(AR), LOADS(Y, RLX)}, {STORES(Y, RLX), FENCES(AR), LOADS(X, RLX)}},
	 "00",
	 true},
	{"message passing, relaxed", {{STORES(X, RLX), STORES(Y, RLX)}, {LOADS(Y, RLX), LOADS(X, RLX)}}, "10", true},
	{"message passing, released only",
	 {{STORES(X, RLX), STORES(Y, REL)}, {LOADS(Y, RLX), LOADS(X, RLX)}},
	 "10",
	 true},
	{"message passing, acquired only",
	 {{STORES(X, RLX), STORES(Y, RLX)}, {LOADS(Y, ACQ), LOADS(X, RLX)}},
	 "10",
	 true},
	{"message passing", {{STORES(X, RLX), STORES(Y, REL)}, {LOADS(Y, ACQ), LOADS(X, RLX)}}, "10", false},
	{"message passing, not yet", {{STORES(X, RLX), STORES(Y, REL)}, {LOADS(Y, ACQ), LOADS(X, RLX)}}, "00", true},
	{"message passing, and it came",
	 {{STORES(X, RLX), STORES(Y, REL)}, {LOADS(Y, ACQ), LOADS(X, RLX)}},
	 "11",
	 true},
	{"message passing, a plain write",
	 {{STORES(X, RLX), {PLAIN, 0, X, 2}, STORES(Y, REL)}, {LOADS(Y, ACQ), LOADS(X, RLX)}},
	 "11",
	 false},
	{"message passing, a plain write, late",
	 {{STORES(X, RLX), {PLAIN, 0, X, 2}, STORES(Y, RLX)}, {LOADS(Y, RLX), LOADS(X, RLX)}},
	 "11",
	 true},
	{"message passing, fences",
	 {{STORES(X, RLX), FENCES(REL), STORES(Y, RLX)}, {LOADS(Y, RLX), FENCES(ACQ), LOADS(X, RLX)}},
	 "10",
	 false},
	{"message passing, one fence",
	 {{STORES(X, RLX), FENCES(REL), STORES(Y, RLX)}, {LOADS(Y, RLX), LOADS(X, RLX)}},
	 "10",
	 true},
	{"message passing, a fence that only acquires",
	 {{STORES(X, RLX), FENCES(ACQ), STORES(Y, RLX)}, {LOADS(Y, RLX), FENCES(ACQ), LOADS(X, RLX)}},
	 "10",
	 true},
	{"message passing, by updates",
	 {{STORES(X, RLX), {ADD, REL, Y, 1}}, {{ADD, ACQ, Y, 0}, LOADS(X, RLX)}},
	 "010",
	 false},
	{"message passing, by updates that order nothing",
	 {{STORES(X, RLX), {ADD, RLX, Y, 1}}, {{ADD, ACQ, Y, 0}, LOADS(X, RLX)}},
	 "010",
	 true},
	{"message passing, by a swap",
	 {{STORES(X, RLX), {SWAP, REL, Y, 1}}, {LOADS(Y, ACQ), LOADS(X, RLX)}},
	 "010",
	 false},
	{"load buffering", {{LOADS(X, RLX), STORES(Y, RLX)}, {LOADS(Y, RLX), STORES(X, RLX)}}, "11", false},
	{"coherence of two loads", {{STORES(X, RLX)}, {LOADS(X, RLX), LOADS(X, RLX)}}, "10", false},
	{"coherence of two loads, both old", {{STORES(X, RLX)}, {LOADS(X, RLX), LOADS(X, RLX)}}, "00", true},
	{"coherence of a store and a load", {{STORES(X, RLX), LOADS(X, RLX)}, {{STORE, RLX, X, 2}}}, "0", false},
	{"coherence of loads by two, in order",
	 {{STORES(X, RLX)}, {LOADS(X, RLX), STORES(Y, REL)}, {LOADS(Y, ACQ), LOADS(X, RLX)}},
	 "110",
	 false},
	{"coherence of loads by two, not in order",
	 {{STORES(X, RLX)}, {LOADS(X, RLX), STORES(Y, RLX)}, {LOADS(Y, ACQ), LOADS(X, RLX)}},
	 "110",
	 true},
	{"all see one order of one word",
	 {{STORES(X, RLX)}, {{STORE, RLX, X, 2}}, {LOADS(X, RLX), LOADS(X, RLX)}, {LOADS(X, RLX), LOADS(X, RLX)}},
	 "1221",
	 false},
	{"an update reads the newest", {{{ADD, RLX, X, 1}}, {{ADD, RLX, X, 1}}}, "00", false},
	{"two orders of two words, acquire",
	 {{STORES(X, REL)}, {STORES(Y, REL)}, {LOADS(X, ACQ), LOADS(Y, ACQ)}, {LOADS(Y, ACQ), LOADS(X, ACQ)}},
	 "1010",
	 true},
	{"two orders of two words, seq_cst",
	 {{STORES(X, SC)}, {STORES(Y, SC)}, {LOADS(X, SC), LOADS(Y, SC)}, {LOADS(Y, SC), LOADS(X, SC)}},
	 "1010",
	 false},
	{"by way of another, relaxed",
	 {{STORES(X, RLX)}, {LOADS(X, RLX), STORES(Y, RLX)}, {LOADS(Y, RLX), LOADS(X, RLX)}},
	 "110",
	 true},
	{"by way of another",
	 {{STORES(DATA, RLX), STORES(X, REL)}, {LOADS(X, ACQ), STORES(Y, REL)}, {LOADS(Y, ACQ), LOADS(DATA, RLX)}},
	 "110",
	 false},
	{"a release sequence goes on by updates",
	 {{STORES(DATA, RLX), STORES(X, REL)}, {{ADD, RLX, X, 1}}, {LOADS(X, ACQ), LOADS(DATA, RLX)}},
	 "120",
	 false},
	{"a release sequence of two",
	 {{STORES(DATA, RLX), {ADD, REL, X, 1}}, {{ADD, REL, X, 1}}, {LOADS(X, ACQ), LOADS(DATA, RLX)}},
	 "0120",
	 false},
	{"a release sequence ends with another's store",
	 {{STORES(DATA, RLX), STORES(X, REL)}, {{STORE, RLX, X, 2}}, {LOADS(X, ACQ), LOADS(DATA, RLX)}},
	 "20",
	 true},
	{"a release sequence goes on by its own stores",
	 {{STORES(DATA, RLX), STORES(X, REL), {STORE, RLX, X, 2}}, {LOADS(X, ACQ), LOADS(DATA, RLX)}},
	 "20",
	 false},
	{"what an update acquires, it passes on only if it releases",
	 {{STORES(DATA, RLX), STORES(X, REL)}, {{ADD, ACQ, X, 1}, STORES(Y, RLX)}, {LOADS(Y, ACQ), LOADS(DATA, RLX)}},
	 "110",
	 true},
};

struct run {
	const struct litmus *litmus;
	struct lab_memory *memory;
	uint64_t words[WORDS];
	unsigned at[THREADS];
	char results[THREADS][STEPS + 1];
	/* the choices made, each with how many there were */
	unsigned taken[64], count[64], depth, next;
};

static unsigned choose(struct run *run, unsigned count)
{
	if (run->next == run->depth) {
		run->taken[run->depth] = 0;
		run->count[run->depth++] = count;
		assert_true(run->depth < LAB_ARRAY_COUNT(run->taken));
	}
	assert_int_equal(run->count[run->next], count);
	return run->taken[run->next++];
}

static bool next_run(struct run *run)
{
	run->depth = run->next;
	while (run->depth && ++run->taken[run->depth - 1] == run->count[run->depth - 1])
		run->depth--;
	return run->depth;
}

static void do_step(struct run *run, unsigned thread)
{
	const struct step *step = &run->litmus->threads[thread][run->at[thread]++];
	uint64_t *word = &run->words[step->word], read = *word;
	struct lab_memory_access access = {
		.cpu = thread, .context = thread, .order = step->order, .object = word, .bytes = sizeof(*word)};
	char *results = run->results[thread];

	switch (step->what) {
	case LOAD:
		read = lab_memory_load(run->memory, &access, choose(run, 1 + lab_memory_choices(run->memory, &access)))
			       .value;
		break;
	case ADD:
		lab_memory_update(run->memory, &access);
		*word += step->value;
		break;
	case SWAP:
		if (*word)
			(void)lab_memory_load(run->memory, &access, 0);
		else
			lab_memory_update(run->memory, &access);
		*word = *word ? *word : step->value;
		break;
	case FENCE:
		lab_memory_fence(run->memory, thread, step->order);
		return;
	case PLAIN:
		lab_memory_plain(run->memory, thread, word, sizeof(*word));
		*word = step->value;
		return;
	default:
		lab_memory_store(run->memory, &access, step->value);
		*word = step->value;
		return;
	}
	results[strlen(results)] = (char)('0' + read);
}

static bool step_any(struct run *run)
{
	unsigned ready[THREADS], count = 0;

	for (unsigned i = 0; i < THREADS; i++)
		if (run->at[i] < STEPS && run->litmus->threads[i][run->at[i]].what != NOTHING)
			ready[count++] = i;
	if (!count)
		return false;
	do_step(run, ready[choose(run, count)]);
	return true;
}

static bool matches(const struct run *run)
{
	char all[THREADS * STEPS + 1] = "";

	for (unsigned i = 0; i < THREADS; i++)
		strcat(all, run->results[i]);
	if (strlen(all) != strlen(run->litmus->outcome))
		fail_msg("%s: read '%s', expected as many as '%s'", run->litmus->name, all, run->litmus->outcome);
	for (size_t i = 0; all[i]; i++)
		if (run->litmus->outcome[i] != '.' && run->litmus->outcome[i] != all[i])
			return false;
	return true;
}

static bool is_reached(const struct litmus *litmus, struct lab_memory *memory)
{
	struct run run = {.litmus = litmus, .memory = memory};
	bool reached = false;

	do {
		memset(run.words, 0, sizeof(run.words));
		memset(run.at, 0, sizeof(run.at));
		memset(run.results, 0, sizeof(run.results));
		run.next = 0;
		lab_memory_meet(memory, THREADS);
		while (step_any(&run))
			;
		reached |= matches(&run);
	} while (next_run(&run));
	return reached;
}

static void test_litmus(void **state)
{
	for (size_t i = 0; i < LAB_ARRAY_COUNT(litmuses); i++)
		if (is_reached(&litmuses[i], *state) != litmuses[i].allowed)
			fail_msg("%s: %s is %s", litmuses[i].name, litmuses[i].outcome,
				 litmuses[i].allowed ? "allowed and never reached" : "forbidden and reached");
}

static int open_memory(void **state)
{
	*state = lab_memory_create();
	return *state ? 0 : -1;
}

static int close_memory(void **state)
{
	lab_memory_destroy(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_litmus)};

	return cmocka_run_group_tests(tests, open_memory, close_memory);
}
