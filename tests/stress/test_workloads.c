/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bits.h"
#include "engine/live.h"
#include "stress/machine.h"
#include "stress/plug_backing.h"
#include "stress/workload.h"
#include "target/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* usage: test_workloads TARGET SOURCE WORKLOAD: a short run of one workload must be clean, and do what it is for. */

#define ACTORS_MAX  (4u * LAB_CONTEXT_KIND_COUNT)
#define DURATION_NS UINT64_C(200000000)
#define RUNS_MOST   50u  /* on a busy machine, under a sanitizer, one may be too short to show anything */
#define MIN         256u /* frames */

static const struct lab_target *target;
static const struct lab_workload *workload;
static enum lab_live_source source;

struct run {
	struct lab_workload_setting setting;
	struct lab_workload_shared shared;
	struct lab_workload_state states[ACTORS_MAX];
};

static bool next(void *arg, const struct lab_actor *actor, struct lab_op *ret_op)
{
	struct run *run = arg;

	return lab_workload_next(workload, &run->setting, &run->states[actor->index], actor, ret_op);
}

static void done(void *arg, const struct lab_actor *actor, const struct lab_op *op, enum lab_status status, uint64_t ns)
{
	struct run *run = arg;

	if (workload->done)
		workload->done(&run->setting, &run->states[actor->index], actor, op, status);
}

static uint64_t sum_of_ops(const struct lab_live *live, enum lab_context_kind kind, enum lab_op_kind op)
{
	uint64_t sum = 0;

	for (unsigned i = kind; i < lab_live_actor_count(live); i += LAB_CONTEXT_KIND_COUNT)
		sum += lab_load_relaxed(&lab_live_actor(live, i)->counts.ops[op]);
	return sum;
}

/* Every kind of context has taken blocks and let go of some, and the workload has done what it is for. */
static bool has_done_all(const struct run *run, const struct lab_live *live)
{
	if (strcmp(workload->name, "strand") == 0 && !lab_load_relaxed(&run->shared.rounds))
		return false;
	if (strcmp(workload->name, "hotplug") == 0 && !sum_of_ops(live, LAB_CONTEXT_TASK, LAB_OP_ONLINE))
		return false;
	if (strcmp(workload->name, "plug") == 0 &&
	    (!lab_load_relaxed(&run->shared.removed) || !lab_load_relaxed(&run->shared.walks)))
		return false;
	for (unsigned kind = LAB_CONTEXT_TASK; kind < LAB_CONTEXT_NMI; kind++) {
		uint64_t left = sum_of_ops(live, kind, LAB_OP_FREE) + sum_of_ops(live, kind, LAB_OP_GIVE) +
				sum_of_ops(live, kind, LAB_OP_RECLAIM);

		if (!left || !sum_of_ops(live, kind, LAB_OP_ALLOC))
			return false;
	}
	return true;
}

static void check_low_water(const struct lab_live *live)
{
	const struct lab_oracle *oracle = lab_live_oracle(live);

	for (unsigned zone = 0; zone < LAB_ZONE_COUNT; zone++)
		for (unsigned class = 0; class < LAB_CLASS_COUNT; class ++) {
			uint64_t low = lab_oracle_low_water(oracle, zone, class);

			assert_true(low >= lab_class_floor(class, lab_live_least_min(live, zone)) ||
				    !(target->caps & LAB_CAP_RESERVE));
		}
}

/* Both targets promise that no frame is out of reach. */
static void check_strand(const struct run *run)
{
	assert_true(lab_load_relaxed(&run->shared.reserve) >= lab_load_relaxed(&run->shared.rounds) * MIN);
	assert_int_equal(lab_load_relaxed(&run->shared.reached), lab_load_relaxed(&run->shared.reserve));
}

static void test_clean_run(void **state)
{
	struct run *run = calloc(1, sizeof(*run));
	struct lab_live_driver driver = {.next = next, .done = done, .arg = run};
	struct lab_live_config config = {.target = target,
					 .threads = 2,
					 .levels = 0xe,
					 .source = source,
					 .irq_rate = 2000,
					 .seed = 1,
					 .watchdog_ns = LAB_LIVE_WATCHDOG_NS,
					 .round_ns = DURATION_NS / 2,
					 .sample = 16,
					 .memory = lab_plug_move,
					 .memory_arg = &run->shared,
					 .kept_room = 1024};
	const struct lab_finding *finding;
	struct lab_live *live;

	lab_stress_machine(2048, MIN, config.threads, &config.machine);
	assert_int_equal(lab_live_create(&config, &live), LAB_OK);
	run->setting = (struct lab_workload_setting){.shared = &run->shared,
						     .machine = lab_live_machine(live),
						     .caps = target->caps,
						     .threads = config.threads,
						     .levels = config.levels,
						     .seed = config.seed};
	assert_int_equal(lab_plug_open(lab_live_machine(live), &run->shared), LAB_OK);
	for (unsigned i = 0; i < lab_live_actor_count(live); i++)
		lab_workload_begin(&run->setting, 0, i, &run->states[i]);
	for (unsigned runs = 0; runs < RUNS_MOST && !lab_live_finding(live) && !has_done_all(run, live); runs++)
		assert_int_equal(lab_live_run(live, &driver, DURATION_NS, 0), LAB_OK);
	finding = lab_live_finding(live);
	if (finding) {
		char *log = lab_live_log(live);

		print_error("%s %s\n%s", lab_rule_info(finding->rule)->id, finding->detail, log);
		free(log);
	}
	assert_null(finding);
	check_low_water(live);
	if (strcmp(workload->name, "strand") == 0)
		check_strand(run);
	assert_true(has_done_all(run, live));
	assert_true(lab_live_destroy(live));
	lab_plug_close(&run->shared);
	free(run);
}

int main(int argc, char **argv)
{
	static const char *const sources[] = {"timer", "storm", "inject"};
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_clean_run)};
	char message[256];

	if (argc != 4 || lab_target_open(argv[1], &target, message, sizeof(message)) != LAB_OK)
		return 2;
	for (unsigned i = 0; i < LAB_ARRAY_COUNT(sources); i++)
		if (strcmp(argv[2], sources[i]) == 0)
			source = i;
	workload = lab_workload_by_name(argv[3]);
	return workload ? cmocka_run_group_tests_name(argv[3], tests, NULL, NULL) : 2;
}
