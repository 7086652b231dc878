/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/prng.h"
#include "target/registry.h"
#include "tests/oracle/rig.h"

/* A right target must never be accused, whatever is done with it. */

#define HELD_MAX 24u

static void assert_no_finding(const struct lab_rig *rig)
{
	if (rig->finding_count)
		fail_msg("%s %s", lab_rule_info(rig->findings[0].rule)->id, rig->findings[0].detail);
}

static lab_gfp random_gfp(struct lab_prng *prng)
{
	static const lab_gfp classes[] = {LAB_GFP_KERNEL, LAB_GFP_NOWAIT, LAB_GFP_ATOMIC, LAB_GFP_KERNEL | LAB_GFP_HIGH,
					  LAB_GFP_MEMALLOC};
	lab_gfp gfp = classes[lab_prng_below(prng, LAB_ARRAY_COUNT(classes))];

	gfp |= lab_prng_chance(prng, 1, 4) ? LAB_GFP_ZERO : 0;
	gfp |= lab_prng_chance(prng, 1, 4) ? LAB_GFP_SHRED : 0;
	gfp |= lab_prng_chance(prng, 1, 4) ? LAB_GFP_EXCLUSIVE : 0;
	return gfp | (lab_prng_chance(prng, 1, 4) ? LAB_GFP_DMA : 0);
}

static void release_at(struct lab_rig *rig, struct lab_rig_block *held, unsigned *count, unsigned at)
{
	assert_int_equal(lab_rig_free(rig, at % LAB_RIG_ACTORS, &held[at]), LAB_OK);
	held[at] = held[--*count];
}

static void misuse(struct lab_rig *rig, struct lab_prng *prng, const struct lab_rig_block *held)
{
	struct lab_request shown = held->request;

	switch (lab_prng_below(prng, 3)) {
	case 0:
		shown.owner++;
		lab_rig_misuse(rig, 0, LAB_MISUSE_FOREIGN, held->block, &shown);
		break;
	case 1:
		shown.order++;
		lab_rig_misuse(rig, 1, LAB_MISUSE_WRONG_ORDER, held->block, &shown);
		break;
	default:
		shown.owner = lab_owner_make(1, UINT32_MAX);
		lab_rig_misuse(rig, 2, LAB_MISUSE_WILD,
			       (char *)rig->fixture.machine.base + 32 * lab_prng_below(prng, 200), &shown);
	}
}

static void run_random(struct lab_rig *rig, uint64_t seed)
{
	struct lab_rig_block held[HELD_MAX];
	struct lab_prng prng;
	unsigned count = 0;

	lab_prng_seed(&prng, seed, 0);
	for (unsigned step = 0; step < 2000; step++) {
		unsigned actor = (unsigned)lab_prng_below(&prng, LAB_RIG_ACTORS);
		unsigned at = count ? (unsigned)lab_prng_below(&prng, count) : 0;
		unsigned what = (unsigned)lab_prng_below(&prng, 10);

		if (what < 4 && count < HELD_MAX)
			count += lab_rig_alloc(rig, actor, random_gfp(&prng), (unsigned)lab_prng_below(&prng, 5),
					       &held[count]) == LAB_OK;
		else if (!count)
			continue;
		else if (what < 7)
			release_at(rig, held, &count, at);
		else if (what == 7)
			lab_rig_touch(rig, actor, &held[at]);
		else if (what == 8)
			lab_rig_give(rig, actor, actor, &held[at]);
		else if (rig->target->caps & LAB_CAP_OWNERSHIP)
			misuse(rig, &prng, &held[at]);
	}
	while (count)
		release_at(rig, held, &count, 0);
	lab_oracle_quiesce(rig->oracle, rig->self);
}

static void test_locked_is_clean(void **state)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct lab_rig rig;

		lab_rig_start(&rig, &lab_target_locked);
		run_random(&rig, seed);
		assert_no_finding(&rig);
		assert_int_equal(lab_oracle_owned(rig.oracle, LAB_ZONE_NORMAL), 0);
		assert_int_equal(lab_oracle_total(rig.oracle, LAB_ZONE_NORMAL), 60);
		assert_int_equal(lab_oracle_total(rig.oracle, LAB_ZONE_DMA), 16);
		assert_int_equal(lab_oracle_unjudged(rig.oracle), 0);
		assert_true(lab_oracle_low_water(rig.oracle, LAB_ZONE_NORMAL, LAB_CLASS_ORDINARY) >= 8);
		assert_true(lab_oracle_low_water(rig.oracle, LAB_ZONE_DMA, LAB_CLASS_ATOMIC) != UINT64_MAX);
		lab_rig_stop(&rig);
	}
}

static void test_malloc_is_clean(void **state)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct lab_rig rig;

		lab_rig_start(&rig, &lab_target_malloc);
		run_random(&rig, seed);
		assert_no_finding(&rig);
		assert_int_equal(lab_oracle_owned(rig.oracle, LAB_ZONE_NORMAL), 0);
		assert_int_equal(lab_oracle_unwatched(rig.oracle), 0);
		lab_rig_stop(&rig);
	}
}

/* The example of docs/targets.md, through the loader, under all that it claims. */
static void test_example_plugin_is_clean(void **state)
{
	const struct lab_target *target;
	char message[256] = "";

	if (lab_target_open(EXAMPLE_MODULE, &target, message, sizeof(message)) != LAB_OK)
		fail_msg("%s", message);
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct lab_rig rig;

		lab_rig_start(&rig, target);
		run_random(&rig, seed);
		assert_no_finding(&rig);
		assert_int_equal(lab_oracle_total(rig.oracle, LAB_ZONE_NORMAL), 60);
		lab_rig_stop(&rig);
	}
}

/* An oracle that is used again must know nothing of the run before. */
static void test_reset_forgets(void **state)
{
	struct lab_rig_block left_behind;
	struct lab_rig rig;

	lab_rig_start(&rig, &lab_target_locked);
	assert_int_equal(lab_rig_alloc(&rig, 0, LAB_GFP_KERNEL, 3, &left_behind), LAB_OK);
	lab_rig_touch(&rig, 0, &left_behind);
	lab_target_locked.destroy(rig.self);
	lab_oracle_reset(rig.oracle, true);
	assert_int_equal(lab_target_locked.create(&rig.fixture.machine, &rig.self), LAB_OK);
	run_random(&rig, 7);
	assert_no_finding(&rig);
	lab_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locked_is_clean),
		cmocka_unit_test(test_malloc_is_clean),
		cmocka_unit_test(test_example_plugin_is_clean),
		cmocka_unit_test(test_reset_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
