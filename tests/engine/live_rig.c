/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live_rig.h"
#include "plat/clock.h"
#include "target/registry.h"

#include <stdlib.h>
#include <string.h>

const struct lab_host *lab_test_rig_host;
void (*lab_test_rig_hook)(const struct lab_request *request);

/* The census and the quiescence rules allocate as well; the hook is for what the driver asks. */
static lab_atomic32 working;

static enum lab_status create(const struct lab_machine *machine, void **ret_self)
{
	lab_test_rig_host = machine->host;
	return lab_target_core.create(machine, ret_self);
}

static enum lab_status alloc(void *self, const struct lab_request *request, void **ret_block)
{
	if (lab_test_rig_hook && lab_load_relaxed(&working))
		lab_test_rig_hook(request);
	return lab_target_core.alloc(self, request, ret_block);
}

static bool next(void *arg, const struct lab_actor *actor, struct lab_op *ret_op)
{
	bool full = actor->slots[0].block != NULL;

	/* A hardirq raises what is below it, which has to wait for its end. */
	if (actor->kind == LAB_CONTEXT_HARDIRQ &&
	    lab_load_relaxed(&actor->counts.ops[LAB_OP_RAISE]) < lab_load_relaxed(&actor->counts.runs)) {
		*ret_op = (struct lab_op){.kind = LAB_OP_RAISE};
		ret_op->peer = (uint16_t)lab_live_actor_index(actor->cpu, LAB_CONTEXT_SOFTIRQ);
		return true;
	}
	lab_store_relaxed(&working, 1);
	/* A handler's firing is over when it has nothing in hand. */
	if (actor->kind != LAB_CONTEXT_TASK && !full &&
	    lab_load_relaxed(&actor->counts.ops[LAB_OP_FREE]) >= lab_load_relaxed(&actor->counts.runs))
		return false;
	*ret_op = (struct lab_op){.kind = full ? LAB_OP_FREE : LAB_OP_ALLOC, .gfp = LAB_GFP_ATOMIC};
	return true;
}

struct lab_live_config lab_test_rig_config(unsigned threads)
{
	static struct lab_target target;
	struct lab_live_config config = {.target = &target,
					 .threads = threads,
					 .levels = RIG_LEVELS,
					 .source = RIG_SOURCE,
					 .irq_rate = 5000,
					 .seed = 1,
					 .watchdog_ns = LAB_LIVE_WATCHDOG_NS,
					 .round_ns = UINT64_C(1000000000)};

	target = lab_target_core;
	target.name = "rig";
	target.create = create;
	target.alloc = alloc;
	config.machine =
		(struct lab_scenario_machine){.frame_count = 512, .page_shift = 12, .order_max = 6, .span_count = 1};
	config.machine.spans[0] = (struct lab_span){0, 512, LAB_ZONE_NORMAL};
	config.machine.zones[LAB_ZONE_NORMAL] = (struct lab_zone_marks){.min = 16, .low = 20, .high = 24};
	return config;
}

void lab_test_rig_enable(void)
{
	lab_store_relaxed(&working, 1);
}

struct lab_live *lab_test_rig_run(const struct lab_live_config *config, uint64_t duration_ns, uint64_t op_limit)
{
	static const struct lab_live_driver driver = {.next = next};
	struct lab_live *live;

	lab_store_relaxed(&working, 0);
	assert_int_equal(lab_live_create(config, &live), LAB_OK);
	assert_null(lab_live_finding(live));
	assert_int_equal(lab_live_run(live, &driver, duration_ns, op_limit), LAB_OK);
	return live;
}

uint64_t lab_test_rig_fired(const struct lab_live *live, enum lab_context_kind kind)
{
	uint64_t sum = 0;

	for (unsigned i = kind; i < lab_live_actor_count(live); i += LAB_CONTEXT_KIND_COUNT)
		sum += lab_load_relaxed(&lab_live_actor(live, i)->counts.runs);
	return sum;
}

void lab_test_rig_expect(const struct lab_live *live, enum lab_rule rule, const char *word)
{
	const struct lab_finding *finding = lab_live_finding(live);

	assert_non_null(finding);
	if (finding->rule != rule || (word && !strstr(finding->detail, word)))
		print_error("found: %s %s\n", lab_rule_info(finding->rule)->id, finding->detail);
	assert_int_equal(finding->rule, rule);
	assert_true(!word || strstr(finding->detail, word));
}

void lab_test_rig_expect_clean(const struct lab_live *live)
{
	const struct lab_finding *finding = lab_live_finding(live);

	if (finding) {
		char *log = lab_live_log(live);

		print_error("found: %s %s\n%s", lab_rule_info(finding->rule)->id, finding->detail, log);
		free(log);
	}
	assert_null(finding);
}

void lab_test_rig_spin_ns(uint64_t ns)
{
	uint64_t began = lab_clock_mono_ns();

	while (lab_clock_mono_ns() - began < ns)
		lab_test_rig_host->cpu_relax();
}
