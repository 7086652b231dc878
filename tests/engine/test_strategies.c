/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* Each strategy against the probabilities and counts that are known of it, on programs small enough to know them. */

static unsigned counter, top, other, step_of[4];

static void start(void)
{
	counter = top = other = 0;
	memset(step_of, 0, sizeof(step_of));
}

/* Two contexts add one each, in two steps: 4 of the 6 orders of the four accesses lose one. */
static void add_one(unsigned context)
{
	unsigned seen = lab_program_get(&counter);

	lab_program_set(&counter, seen + 1);
}

static const struct lab_program lost_update = {add_one, start, 2, NULL};

static struct lab_strategy *make(const char *name, uint64_t seed, unsigned preemptions)
{
	const struct lab_strategy_options options = {.seed = seed, .preemptions = preemptions};
	struct lab_strategy *strategy = lab_strategy_create(name, &options);

	assert_non_null(strategy);
	return strategy;
}

/* In how many of `runs` schedules an update is lost, in thousandths. */
static unsigned lost_of_1000(const char *name, unsigned runs)
{
	struct lab_strategy *strategy = make(name, 1, LAB_NOBODY);
	unsigned lost = 0;

	lab_program_open(&lost_update);
	for (unsigned i = 0; i < runs; i++) {
		lab_program_run(strategy, NULL);
		lost += counter == 1;
	}
	lab_program_close();
	lab_strategy_destroy(strategy);
	return lost * 1000 / runs;
}

static void test_surw_is_uniform(void **state)
{
	assert_in_range(lost_of_1000("surw", 12000), 650, 684);
}

/* What the definitions of the others give for two contexts of four steps each: start, read, write, operation end. */
static void test_the_others(void **state)
{
	assert_in_range(lost_of_1000("random", 12000), 360, 390); /* 3/8: fair coins until one is done */
	assert_in_range(lost_of_1000("pos", 12000), 186, 214);    /* 1/5 */
	/* 12 of the 64 pairs of places for two changes among 8 steps, whoever has the higher priority */
	assert_in_range(lost_of_1000("pct", 12000), 174, 201);
}

struct outcomes {
	unsigned seen[64], count, runs, last; /* last: runs under the greatest bound */
	char told[160];
	bool complete;
};

static void note_outcome(struct outcomes *outcomes, unsigned outcome)
{
	for (unsigned i = 0; i < outcomes->count; i++)
		if (outcomes->seen[i] == outcome)
			return;
	assert_in_range(outcomes->count, 0, LAB_ARRAY_COUNT(outcomes->seen) - 1);
	outcomes->seen[outcomes->count++] = outcome;
}

static struct outcomes search(const struct lab_program *program, const char *name, unsigned preemptions, unsigned limit,
			      unsigned (*outcome)(void))
{
	struct lab_strategy *strategy = make(name, 1, preemptions);
	struct outcomes outcomes = {.runs = 0};
	unsigned bound = 0;

	lab_program_open(program);
	for (; !strategy->done && outcomes.runs < limit; outcomes.runs++) {
		outcomes.last = strategy->bound == bound ? outcomes.last + 1 : 1;
		bound = strategy->bound;
		lab_program_run(strategy, NULL);
		note_outcome(&outcomes, outcome());
	}
	strategy->ops->tell(strategy, outcomes.told, sizeof(outcomes.told));
	outcomes.complete = strategy->done && strategy->complete;
	lab_program_close();
	lab_strategy_destroy(strategy);
	return outcomes;
}

static unsigned counter_now(void)
{
	return counter;
}

/* Two contexts of 4 points each but the last (start, read, write, operation end). */
static void test_bound_counts(void **state)
{
	struct outcomes zero = search(&lost_update, "bound", 0, 1000, counter_now);
	struct outcomes all = search(&lost_update, "bound", 7, 1000, counter_now);

	assert_true(zero.complete && all.complete);
	assert_int_equal(zero.runs, 2); /* who goes first */
	assert_int_equal(zero.count, 1);
	assert_int_equal(all.count, 2);
	assert_string_equal(zero.told, "0 preempted: 2");
	/* with no limit that matters: all orders of 4 + 4 steps, 8! / (4! 4!) */
	assert_non_null(strstr(all.told, "7 preempted: 70"));
	assert_non_null(strstr(all.told, "6 preempted: 70"));
	assert_null(strstr(all.told, "5 preempted: 70"));
}

static unsigned write_count;

static void write_some(unsigned context)
{
	for (unsigned i = 0; i < write_count; i++)
		lab_program_set(context ? &top : &other, i);
}

static unsigned binomial(unsigned n, unsigned k)
{
	unsigned result = 1;

	for (unsigned i = 0; i < k && k <= n; i++)
		result = result * (n - i) / (i + 1);
	return k <= n ? result : 0;
}

/*
 * Two contexts of n steps. k preemptions cut the one that goes first into ceil(k/2) + 1 pieces or, with the other, as
 * many as alternate: 2 C(n-1, floor(k/2)) C(n-1, ceil(k/2)) schedules have exactly k.
 */
static void test_bound_closed_form(void **state)
{
	static const struct lab_program writers = {write_some, start, .tasks = 2};

	for (write_count = 0; write_count < 4; write_count++) {
		struct outcomes found = search(&writers, "bound", 3, 10000, counter_now);
		unsigned n = write_count + 2, within = 0; /* start, the writes, operation end */
		char expected[160] = "";

		for (unsigned k = 0; k <= 3; k++) {
			within += 2 * binomial(n - 1, k / 2) * binomial(n - 1, (k + 1) / 2);
			snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%s%u preempted: %u",
				 k ? ", " : "", k, within);
		}
		assert_true(found.complete);
		assert_string_equal(found.told, expected);
	}
}

/* A handler over one task of 4 steps: before each of them, or after all. */
static void test_irq_places(void **state)
{
	static const struct lab_program one = {add_one, start, 1, "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n"};
	static const struct lab_program two = {add_one, start, 1,
					       "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n"
					       "softirq tx cpu=0 { s0 = alloc atomic 0; }\n"};
	struct outcomes single = search(&one, "irq", 1, 1000, counter_now),
			pairs = search(&two, "irq", 2, 1000, counter_now);

	assert_true(single.complete && pairs.complete);
	assert_string_equal(single.told, "0 placed: 1, 1 placed: 5");
	/* both of the two: apart 4 * 3, at one place in either order 4 * 2, one inside the other 4 * 3; and 9 with less
	 */
	assert_string_equal(pairs.told, "0 placed: 1, 1 placed: 9, 2 placed: 41");
	assert_int_equal(single.count, 2);
	assert_int_equal(pairs.count, 3);
}

/* What can be seen of store buffering, message passing and the like where memory is sequentially consistent. */
static unsigned x, y, seen_by[4][2];

static void litmus_start(void)
{
	x = y = 0;
	memset(seen_by, 0, sizeof(seen_by));
}

static unsigned litmus_now(void)
{
	unsigned all = 0;

	for (unsigned i = 0; i < 4; i++)
		all = all << 2 | seen_by[i][0] << 1 | seen_by[i][1];
	return all;
}

static void store_buffering(unsigned context)
{
	lab_program_set(context ? &y : &x, 1);
	seen_by[context][0] = lab_program_get(context ? &x : &y);
}

static void message_passing(unsigned context)
{
	if (context) {
		seen_by[1][0] = lab_program_get(&y);
		seen_by[1][1] = lab_program_get(&x);
		return;
	}
	lab_program_set(&x, 1);
	lab_program_set(&y, 1);
}

static void independent_reads(unsigned context)
{
	bool x_first = context == 2;
	unsigned *seen = seen_by[x_first ? 2 : 3];

	if (context < 2) {
		lab_program_set(context ? &y : &x, 1);
		return;
	}
	seen[0] = lab_program_get(x_first ? &x : &y);
	seen[1] = lab_program_get(x_first ? &y : &x);
}

/* A stack of two whose head is popped by compare and swap, with no tag: pop reads head and next, then swaps. */
static void aba_start(void)
{
	start();
	top = 1; /* 1 -> 2 -> 0 */
	step_of[1] = 2;
	step_of[2] = 0;
}

static unsigned pop(void)
{
	unsigned head = lab_program_get(&top), next;

	if (!head)
		return 0;
	next = lab_program_get(&step_of[head]);
	return lab_program_swap(&top, head, next) ? head : 0;
}

static void push(unsigned node)
{
	unsigned head = lab_program_get(&top);

	lab_program_set(&step_of[node], head);
	lab_program_swap(&top, head, node);
}

static void aba(unsigned context)
{
	if (context == 0) {
		other = pop();
		return;
	}
	unsigned first = pop();

	pop();
	if (first)
		push(first);
}

static unsigned top_now(void)
{
	return top << 4 | other;
}

static const char *const irq_over_0 = "hardirq rx cpu=0 { s0 = alloc atomic 0; }\n";

static bool has_outcome(const struct outcomes *outcomes, unsigned outcome)
{
	for (unsigned i = 0; i < outcomes->count; i++)
		if (outcomes->seen[i] == outcome)
			return true;
	return false;
}

/* DPOR runs through to its end and sees what all schedules show, with few of them. */
static void same_outcomes(const struct lab_program *program, unsigned (*outcome)(void), unsigned expected,
			  unsigned dpor_runs, unsigned all_runs)
{
	struct outcomes full = search(program, "bound", 10, 100000, outcome),
			dpor = search(program, "dpor", 0, 6000, outcome);

	assert_true(dpor.complete && full.complete);
	assert_int_equal(dpor.runs, dpor_runs);
	assert_int_equal(full.last, all_runs);
	assert_int_equal(dpor.count, expected);
	assert_int_equal(full.count, expected);
	for (unsigned i = 0; i < full.count; i++)
		assert_true(has_outcome(&dpor, full.seen[i]));
}

static void test_dpor_sees_all(void **state)
{
	static const struct lab_program over = {add_one, start, 2, NULL}, tagged = {aba, aba_start, 2, NULL};
	static const struct lab_program alone = {add_one, start, 1, irq_over_0}, both = {add_one, start, 2, irq_over_0};

	same_outcomes(&over, counter_now, 2, 10, 70);
	same_outcomes(&alone, counter_now, 2, 5, 5);
	same_outcomes(&both, counter_now, 3, 183, 2310);
	same_outcomes(&tagged, top_now, 4, 34, 3804);
}

/* Where memory is sequentially consistent, what a litmus test may show is seen, and what it must not never is. */
static void test_litmus(void **state)
{
	static const struct lab_program sb = {store_buffering, litmus_start, 2, NULL};
	static const struct lab_program mp = {message_passing, litmus_start, 2, NULL};
	static const struct lab_program iriw = {independent_reads, litmus_start, 4, NULL};
	struct outcomes found = search(&sb, "dpor", 0, 6000, litmus_now);

	/* litmus_now: two bits a context, 0 first */
	assert_false(has_outcome(&found, 0)); /* neither saw the other's store */
	same_outcomes(&sb, litmus_now, 3, 10, 70);
	found = search(&mp, "dpor", 0, 6000, litmus_now);
	assert_false(has_outcome(&found, 2u << 4)); /* the flag, and not what it stands for */
	same_outcomes(&mp, litmus_now, 3, 10, 70);
	found = search(&iriw, "dpor", 0, 6000, litmus_now);
	assert_true(found.complete);
	assert_int_equal(found.count, 15);
	assert_false(has_outcome(&found, 2u << 2 | 2)); /* two that see the two stores in two orders */
	found = search(&iriw, "pos", 0, 6000, litmus_now);
	assert_int_equal(found.count, 15);
	assert_false(has_outcome(&found, 2u << 2 | 2));
}

static unsigned order;

static void order_start(void)
{
	start();
	order = 0;
}

/* The order of steps that the engine is not told of: not one of them touches what another does. */
static void log_call(unsigned context)
{
	order = order * 4 + context + 1;
}

static void log_steps(unsigned context)
{
	lab_program_set(&step_of[context], 1);
	order = order * 4 + context + 1;
	if (context == 0) {
		lab_program_set(&top, 1);
		order = order * 4 + 3;
	}
}

static unsigned order_now(void)
{
	return order;
}

/* Calls matter to one another, as the oracle sees their order; so do steps on one CPU, which hold each other up. */
static void test_dpor_dependence(void **state)
{
	static const struct lab_program calls = {log_call, order_start, 2, NULL};
	static const struct lab_program one_cpu = {log_call, order_start, 2, .one_cpu = true, .calls = 2};
	static const struct lab_program over = {log_steps, order_start, 1, irq_over_0};

	same_outcomes(&calls, order_now, 2, 2, 6);
	same_outcomes(&one_cpu, order_now, 6, 20, 20); /* 4! / (2! 2!) */
	same_outcomes(&over, order_now, 3, 5, 5);      /* before, between and after the task's two */
}

static int by_value(const void *a, const void *b)
{
	uint64_t x_ = *(const uint64_t *)a, y_ = *(const uint64_t *)b;

	return x_ < y_ ? -1 : x_ > y_;
}

/* No two of its runs are the same but for what does not matter, unless it cut one of them short. */
static void test_dpor_runs_no_trace_twice(void **state)
{
	static const struct lab_program iriw = {independent_reads, litmus_start, 4, NULL};
	struct lab_strategy *strategy = make("dpor", 1, 0);
	static uint64_t hashes[8192];
	size_t runs = 0, distinct = 1;
	char told[160], expected[160];

	lab_program_open(&iriw);
	for (; !strategy->done && runs < LAB_ARRAY_COUNT(hashes); runs++) {
		lab_program_run(strategy, NULL);
		hashes[runs] = lab_program_rig.result.trace_hash;
	}
	lab_program_close();
	assert_true(strategy->complete);
	qsort(hashes, runs, sizeof(hashes[0]), by_value);
	for (size_t i = 1; i < runs; i++)
		distinct += hashes[i] != hashes[i - 1];
	strategy->ops->tell(strategy, told, sizeof(told));
	snprintf(expected, sizeof(expected), "exhausted: %zu schedules, %zu of them cut short", runs, runs - distinct);
	assert_string_equal(told, expected);
	lab_strategy_destroy(strategy);
}

static unsigned shared_word;

static void run_on(unsigned context)
{
	for (unsigned i = 0; i < 20000; i++)
		lab_program_get(&shared_word);
}

/* A run that has no end in sight is not looked through for races: other strategies have their turn. */
static void test_dpor_gives_up_on_endless_runs(void **state)
{
	static const struct lab_program endless = {run_on, order_start, 2, NULL};
	struct lab_strategy *strategy = make("dpor", 1, 0);

	lab_program_open(&endless);
	lab_program_run(strategy, NULL);
	lab_program_close();
	assert_true(strategy->done);
	assert_false(strategy->complete);
	lab_strategy_destroy(strategy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_surw_is_uniform),
		cmocka_unit_test(test_the_others),
		cmocka_unit_test(test_bound_counts),
		cmocka_unit_test(test_bound_closed_form),
		cmocka_unit_test(test_irq_places),
		cmocka_unit_test(test_dpor_sees_all),
		cmocka_unit_test(test_litmus),
		cmocka_unit_test(test_dpor_dependence),
		cmocka_unit_test(test_dpor_runs_no_trace_twice),
		cmocka_unit_test(test_dpor_gives_up_on_endless_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
