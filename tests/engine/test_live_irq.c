/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live_rig.h"
#include "plat/atomic.h"
#include "plat/clock.h"

#include <string.h>

#define MS UINT64_C(1000000)
#define US UINT64_C(1000)

/* What the one thread of these tests and its handlers saw; relaxed atomics, for a handler may come anywhere. */
static struct {
	lab_atomic32 kinds[LAB_CONTEXT_KIND_COUNT]; /* contexts that are in the hook, outermost first */
	lab_atomic32 depth, deepest, disorder;
	lab_atomic32 entered[LAB_CONTEXT_KIND_COUNT];
	lab_atomic32 broke_in, nmi_broke_in, replayed;
} seen;

static uint32_t entered(enum lab_context_kind kind)
{
	return lab_load_relaxed(&seen.entered[kind]);
}

/* Stays a while, so that others come on top, and checks that what is on top is of a higher level. */
static void hook_nesting(const struct lab_request *request)
{
	uint32_t kind = lab_test_rig_host->context(), level = lab_fetch_add_relaxed(&seen.depth, 1);

	if (level >= LAB_CONTEXT_KIND_COUNT || (level && lab_load_relaxed(&seen.kinds[level - 1]) >= kind)) {
		lab_store_relaxed(&seen.disorder, 1);
	} else {
		lab_store_relaxed(&seen.kinds[level], kind);
		if (level + 1 > lab_load_relaxed(&seen.deepest))
			lab_store_relaxed(&seen.deepest, level + 1);
		lab_test_rig_spin_ns(30 * US);
	}
	lab_fetch_sub_relaxed(&seen.depth, 1);
}

static void test_levels_nest(void **state)
{
	struct lab_live_config config = lab_test_rig_config(1);

	config.source = *(enum lab_live_source *)*state;
	config.irq_rate = 10000;
	memset(&seen, 0, sizeof(seen));
	lab_test_rig_hook = hook_nesting;
	/* Timers must meet at the right moments, which takes longer where others use the processors too. */
	for (unsigned i = 0; i < 10 && lab_load_relaxed(&seen.deepest) < LAB_CONTEXT_KIND_COUNT; i++) {
		struct lab_live *live = lab_test_rig_run(&config, 200 * MS, 0);

		lab_test_rig_expect_clean(live);
		assert_int_equal(lab_load_relaxed(&seen.disorder), 0);
		for (unsigned kind = LAB_CONTEXT_SOFTIRQ; kind < LAB_CONTEXT_KIND_COUNT; kind++)
			assert_true(lab_test_rig_fired(live, kind) > 0);
		assert_true(lab_live_destroy(live));
	}
	assert_int_equal(lab_load_relaxed(&seen.deepest), LAB_CONTEXT_KIND_COUNT);
}

/*
 * In a task: masks, stays, and looks whether a softirq or hardirq came in; unmasks, and looks whether what had to wait
 * came at once. The nmi is not to be masked.
 */
static void hook_masking(const struct lab_request *request)
{
	uint32_t before, nmi_before, during;
	unsigned long outer, inner;

	lab_fetch_add_relaxed(&seen.entered[lab_test_rig_host->context()], 1);
	if (lab_test_rig_host->context() != LAB_CONTEXT_TASK)
		return;
	outer = lab_test_rig_host->irq_save();
	before = entered(LAB_CONTEXT_SOFTIRQ) + entered(LAB_CONTEXT_HARDIRQ);
	nmi_before = entered(LAB_CONTEXT_NMI);
	inner = lab_test_rig_host->irq_save();
	lab_test_rig_spin_ns(300 * US);
	lab_test_rig_host->irq_restore(inner);
	lab_test_rig_spin_ns(100 * US); /* still masked: it nests */
	during = entered(LAB_CONTEXT_SOFTIRQ) + entered(LAB_CONTEXT_HARDIRQ);
	if (during != before)
		lab_fetch_add_relaxed(&seen.broke_in, 1);
	if (entered(LAB_CONTEXT_NMI) != nmi_before)
		lab_fetch_add_relaxed(&seen.nmi_broke_in, 1);
	lab_test_rig_host->irq_restore(outer);
	if (entered(LAB_CONTEXT_SOFTIRQ) + entered(LAB_CONTEXT_HARDIRQ) != during)
		lab_fetch_add_relaxed(&seen.replayed, 1);
}

static void test_masking_and_replay(void **state)
{
	struct lab_live_config config = lab_test_rig_config(1);
	struct lab_live *live;

	config.source = *(enum lab_live_source *)*state;
	memset(&seen, 0, sizeof(seen));
	lab_test_rig_hook = hook_masking;
	live = lab_test_rig_run(&config, 300 * MS, 0);
	lab_test_rig_expect_clean(live);
	assert_int_equal(lab_load_relaxed(&seen.broke_in), 0);
	assert_true(lab_load_relaxed(&seen.nmi_broke_in) > 0);
	assert_true(lab_load_relaxed(&seen.replayed) > 0);
	assert_true(lab_live_destroy(live));
}

#if !LAB_SANITIZER_THREAD /* whose runtime delays signals and never nests them */
/* The next one goes out when the last was acknowledged, and not before its time. */
static void test_storm_keeps_its_rate(void **state)
{
	struct lab_live_config config = lab_test_rig_config(2);
	struct lab_live *live;
	uint64_t began, ms;

	config.source = LAB_LIVE_STORM;
	config.irq_rate = 50;
	lab_test_rig_hook = NULL;
	began = lab_clock_mono_ns();
	live = lab_test_rig_run(&config, 300 * MS, 0);
	ms = (lab_clock_mono_ns() - began) / MS;
	lab_test_rig_expect_clean(live);
	for (unsigned kind = LAB_CONTEXT_SOFTIRQ; kind < LAB_CONTEXT_KIND_COUNT; kind++) {
		uint64_t fired = lab_test_rig_fired(live, kind);
		unsigned sources = kind == LAB_CONTEXT_SOFTIRQ ? 2 : 1; /* each hardirq raises one */

		/* One may be sent again after 200 ms, when the machine is too busy to run its thread. */
		assert_true(fired >= 1);
		assert_true(fired <= sources * config.threads * (config.irq_rate * ms / 1000 + ms / 200 + 2));
	}
	assert_true(lab_live_destroy(live));
}

static void test_storm_at_full_speed(void **state)
{
	struct lab_live_config config = lab_test_rig_config(2);
	struct lab_live *live;

	config.source = LAB_LIVE_STORM;
	config.irq_rate = 0;
	lab_test_rig_hook = NULL;
	live = lab_test_rig_run(&config, 300 * MS, 0);
	lab_test_rig_expect_clean(live);
	for (unsigned kind = LAB_CONTEXT_SOFTIRQ; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		assert_true(lab_test_rig_fired(live, kind) >= 10);
	assert_true(lab_live_destroy(live));
}
#endif

static void test_only_the_levels_asked_for(void **state)
{
	struct lab_live_config config = lab_test_rig_config(1);
	struct lab_live *live;

	config.levels = 1u << LAB_CONTEXT_HARDIRQ;
	lab_test_rig_hook = NULL;
	live = lab_test_rig_run(&config, 100 * MS, 0);
	lab_test_rig_expect_clean(live);
	assert_int_equal(lab_test_rig_fired(live, LAB_CONTEXT_SOFTIRQ), 0);
	assert_true(lab_test_rig_fired(live, LAB_CONTEXT_HARDIRQ) > 0);
	assert_int_equal(lab_test_rig_fired(live, LAB_CONTEXT_NMI), 0);
	assert_true(lab_live_destroy(live));
}

/* Adds up what every actor did, so that two runs can be compared. */
static uint64_t fingerprint(uint64_t seed)
{
	struct lab_live_config config = lab_test_rig_config(1);
	struct lab_live *live;
	uint64_t sum = 0;

	config.source = LAB_LIVE_INJECT;
	config.seed = seed;
	lab_test_rig_hook = NULL;
	live = lab_test_rig_run(&config, 0, 500);
	lab_test_rig_expect_clean(live);
	assert_int_equal(lab_load_relaxed(&lab_live_actor(live, 0)->counts.ops[LAB_OP_ALLOC]) +
				 lab_load_relaxed(&lab_live_actor(live, 0)->counts.ops[LAB_OP_FREE]),
			 500);
	for (unsigned i = 0; i < lab_live_actor_count(live); i++)
		sum = sum * 1000003 + lab_load_relaxed(&lab_live_actor(live, i)->counts.runs);
	assert_true(lab_live_destroy(live));
	return sum;
}

static void test_one_thread_in_place_is_reproducible(void **state)
{
	uint64_t first = fingerprint(1);

	assert_true(fingerprint(1) == first);
	assert_true(fingerprint(2) != first);
}

static enum lab_live_source in_place = LAB_LIVE_INJECT;
#if !LAB_SANITIZER_THREAD
static enum lab_live_source by_timer = LAB_LIVE_TIMER;
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_levels_nest, &in_place),
		cmocka_unit_test_prestate(test_masking_and_replay, &in_place),
		cmocka_unit_test(test_only_the_levels_asked_for),
		cmocka_unit_test(test_one_thread_in_place_is_reproducible),
#if !LAB_SANITIZER_THREAD
		cmocka_unit_test_prestate(test_levels_nest, &by_timer),
		cmocka_unit_test_prestate(test_masking_and_replay, &by_timer),
		cmocka_unit_test(test_storm_keeps_its_rate),
		cmocka_unit_test(test_storm_at_full_speed),
#endif
	};

	return cmocka_run_group_tests_name("live-irq", tests, NULL, NULL);
}
