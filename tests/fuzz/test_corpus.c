/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/sim.h"
#include "report/file.h"
#include "report/walk.h"
#include "scenario/decode.h"
#include "target/registry.h"

/* The seeds together reach every operation, request class, failure and interrupt level: $LABYRINTH_CORPUS. */

#define SEED_BYTES_MAX 256u /* a few dozen bytes each, so that a fuzzer gets about quickly */

struct reached {
	unsigned files, ops[LAB_OP_KIND_COUNT][LAB_STATUS_COUNT], kinds[LAB_CONTEXT_KIND_COUNT];
	unsigned classes_ok[LAB_CLASS_COUNT], classes_failed[LAB_CLASS_COUNT], orders[LAB_ORDER_MAX + 1];
	lab_gfp flags;
	uint64_t interrupts[LAB_CONTEXT_KIND_COUNT], sleeps, reclaims;
	struct lab_sim *sim;
	struct lab_scenario scenario;
};

static void note(void *arg, unsigned context, const struct lab_op *op, enum lab_status status, uint64_t frame)
{
	struct reached *reached = arg;

	reached->ops[op->kind][status]++;
	if (op->kind != LAB_OP_ALLOC)
		return;
	reached->flags |= op->gfp;
	reached->orders[op->order]++;
	if (status == LAB_OK)
		reached->classes_ok[lab_gfp_class(op->gfp)]++;
	else
		reached->classes_failed[lab_gfp_class(op->gfp)]++;
}

static void run_seed(void *arg, const char *path)
{
	struct reached *reached = arg;
	const struct lab_sim_options options = {.quiesce = true, .op_done = note, .arg = reached};
	struct lab_sim_result result;
	uint8_t *bytes;
	size_t count;

	if (lab_file_read(path, SEED_BYTES_MAX, &bytes, &count) != LAB_OK)
		fail_msg("%s: cannot be read, or larger than %u bytes", path, SEED_BYTES_MAX);
	lab_scenario_decode(bytes, count, &reached->scenario);
	free(bytes);
	assert_int_equal(lab_sim_run(reached->sim, &reached->scenario, &options, &result), LAB_OK);
	if (result.found)
		fail_msg("%s: %s", path, result.finding.detail);
	for (unsigned i = 0; i < LAB_CONTEXT_KIND_COUNT; i++)
		reached->interrupts[i] += result.interrupts[i];
	reached->sleeps += result.sleeps;
	reached->reclaims += result.reclaims;
	assert_false(result.starved);
	reached->files++;
}

static void reach(struct reached *reached, const char *const *folders)
{
	const char *corpus = getenv("LABYRINTH_CORPUS");
	char path[LAB_WALK_PATH], failed[LAB_WALK_PATH];

	assert_non_null(corpus);
	lab_scenario_init(&reached->scenario);
	assert_int_equal(lab_sim_create(&lab_target_core, &reached->sim), LAB_OK);
	for (; *folders; folders++) {
		snprintf(path, sizeof(path), "%s/%s", corpus, *folders);
		if (lab_walk(path, run_seed, reached, failed) != LAB_OK)
			fail_msg("%s", failed);
	}
	lab_sim_destroy(reached->sim);
	lab_scenario_free(&reached->scenario);
}

static void test_reach(void **state)
{
	static struct reached reached;
	/* hot-unplug is skipped while no target offers it, but the operations must be there */
	const char *const folders[] = {"fuzz_sequential", "fuzz_interrupt", NULL};

	reach(&reached, folders);
	assert_true(reached.files >= 20);
	for (unsigned kind = 0; kind < LAB_OP_KIND_COUNT; kind++) {
		unsigned total = 0;

		for (unsigned status = 0; status < LAB_STATUS_COUNT; status++)
			total += reached.ops[kind][status];
		if (!total)
			fail_msg("no seed reaches %s", lab_op_name(kind));
	}
	for (unsigned class = 0; class < LAB_CLASS_COUNT; class ++)
		assert_true(reached.classes_ok[class]);
	assert_true(reached.classes_failed[LAB_CLASS_ORDINARY]);
	assert_true(reached.classes_failed[LAB_CLASS_HIGH]);
	assert_true(reached.classes_failed[LAB_CLASS_ATOMIC]);
	assert_int_equal(reached.flags, LAB_GFP_ALL);
	assert_true(reached.sleeps && reached.reclaims);
	for (unsigned kind = LAB_CONTEXT_SOFTIRQ; kind < LAB_CONTEXT_KIND_COUNT; kind++)
		assert_true(reached.interrupts[kind]);
	for (unsigned order = 0; order <= 4; order++)
		assert_true(reached.orders[order]);
	assert_true(reached.ops[LAB_OP_FREE_TWICE][LAB_NOT_ALLOCATED]);
	assert_true(reached.ops[LAB_OP_FREE_FOREIGN][LAB_WRONG_OWNER]);
	assert_true(reached.ops[LAB_OP_FREE_WRONG_ORDER][LAB_WRONG_ORDER]);
	assert_true(reached.ops[LAB_OP_FREE_WILD][LAB_BAD_ADDRESS]);
	assert_true(reached.ops[LAB_OP_FREE_WILD][LAB_NOT_HEAD]);
	assert_true(reached.ops[LAB_OP_MAP][LAB_BUSY]);
	assert_true(reached.ops[LAB_OP_TAKE][LAB_OK]);
	assert_true(reached.ops[LAB_OP_RECLAIM][LAB_OK]);
	assert_true(reached.ops[LAB_OP_UNMAP][LAB_OK]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reach)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
