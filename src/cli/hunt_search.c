/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/artifact_out.h"
#include "cli/found.h"
#include "cli/hunt.h"
#include "cli/stop.h"
#include "plat/clock.h"

#define STRATEGY    "auto"
#define TELL_NS     UINT64_C(10000000000)
#define TELL_TTY_NS UINT64_C(500000000)
#define OTHERS_MOST 8u /* findings of another rule, then a scenario is left */
#define LOOK_EVERY  8u /* schedules between two looks at the clock */

static void tell_progress(const struct lab_hunt *hunt, uint64_t now_ns)
{
	bool terminal = isatty(STDERR_FILENO);
	double passed = (double)(now_ns - hunt->started_ns) / 1e9;

	fprintf(stderr, "%shunt: %.1f s of %.0f s, %" PRIu64 " scenarios, %" PRIu64 " schedules, no %s yet%s",
		terminal ? "\r" : "", passed, (double)hunt->plan->time_ns / 1e9, hunt->scenarios, hunt->schedules,
		lab_rule_info(hunt->plan->rule)->id, terminal ? "\033[K" : "\n");
}

bool lab_hunt_over(struct lab_hunt *hunt)
{
	uint64_t now_ns = lab_clock_mono_ns();

	if (now_ns - hunt->told_ns >= (isatty(STDERR_FILENO) ? TELL_TTY_NS : TELL_NS)) {
		hunt->told_ns = now_ns;
		tell_progress(hunt, now_ns);
	}
	return hunt->same.is || hunt->failed || lab_cli_stop_asked() ||
	       now_ns - hunt->started_ns >= hunt->plan->time_ns;
}

/* A live watchdog cannot tell who holds what: R08 and R09 are one and the same hang to it. */
static bool is_hunted(enum lab_rule hunted, enum lab_rule found)
{
	bool hangs = hunted == LAB_R08_INTERRUPT_SAFETY || hunted == LAB_R09_PROGRESS;

	return found == hunted || (hangs && (found == LAB_R08_INTERRUPT_SAFETY || found == LAB_R09_PROGRESS));
}

static void keep(struct lab_hunt *hunt, const struct lab_scenario *scenario, const struct lab_choices *choices,
		 const struct lab_sim_result *result)
{
	struct lab_hunt_catch *to = is_hunted(hunt->plan->rule, result->finding.rule) ? &hunt->same : &hunt->other;

	if (to == &hunt->other && hunt->near_last != hunt->scenarios) {
		hunt->near_last = hunt->scenarios;
		lab_scenario_copy(&hunt->near[hunt->near_count++ % LAB_HUNT_NEAR], scenario);
	}
	if (to->is)
		return;
	to->is = true;
	to->result = *result;
	lab_scenario_copy(&to->scenario, scenario);
	lab_choices_copy(&to->choices, choices);
}

/* False: a word was written that `settled` took for constant, so that choices were missed. */
static bool search(struct lab_hunt *hunt, const struct lab_scenario *scenario, struct lab_strategy *strategy)
{
	struct lab_choices choices = {0};
	const struct lab_sim_options options = {
		.quiesce = true, .settled = true, .strategy = strategy, .record = &choices};
	bool outgrown = false;
	unsigned others = 0;

	for (unsigned i = 1; !strategy->done && !outgrown && others < OTHERS_MOST; i++) {
		struct lab_sim_result result;

		choices.count = 0;
		if (lab_sim_run(hunt->sim, scenario, &options, &result) != LAB_OK) {
			hunt->failed = true;
			break;
		}
		hunt->schedules++;
		outgrown = result.outgrown;
		if (result.found) {
			keep(hunt, scenario, &choices, &result);
			others++;
		}
		if (hunt->same.is || (i % LOOK_EVERY == 0 && lab_hunt_over(hunt)))
			break;
	}
	lab_choices_free(&choices);
	return !outgrown;
}

bool lab_hunt_scenario(struct lab_hunt *hunt, const struct lab_scenario *scenario, uint64_t share)
{
	const struct lab_strategy_options options = {
		.seed = hunt->plan->seed + hunt->scenarios, .preemptions = LAB_NOBODY, .share = share};
	bool whole;

	hunt->scenarios++;
	do {
		struct lab_strategy *strategy = lab_strategy_create(STRATEGY, &options);

		whole = search(hunt, scenario, strategy);
		lab_strategy_destroy(strategy);
		if (!whole)
			lab_sim_settle(hunt->sim);
	} while (!whole && !lab_hunt_over(hunt));
	return lab_hunt_over(hunt);
}

static bool stop(void *arg)
{
	return lab_cli_stop_asked();
}

int lab_hunt_write(struct lab_hunt *hunt, const struct lab_hunt_catch *from, const char *path)
{
	const struct lab_hunt_plan *plan = hunt->plan;
	struct lab_isolate isolate;
	struct lab_found found;
	int code;

	if (lab_isolate_open(&isolate, LAB_HUNT_CPU_NS) != LAB_OK) {
		lab_cli_error("hunt: no memory to share with a child: %s", strerror(errno));
		return LAB_EXIT_HARNESS;
	}
	lab_found_init(&found, hunt->sim, &isolate);
	found.stop = stop;
	found.result = from->result;
	lab_scenario_copy(&found.scenario, &from->scenario);
	lab_choices_copy(&found.choices, &from->choices);
	code = lab_found_settle(&found, "hunt");
	if (!code)
		code = lab_artifact_out(&(struct lab_artifact_out){
			.command = "hunt",
			.target = plan->target_name,
			.strategy = STRATEGY,
			.folder = plan->findings_dir,
			.path = path,
			.hooked = plan->hooked,
			.seed = plan->seed,
			.scenario = &found.scenario,
			.choices = &found.choices,
			.result = &found.result,
			.ops_before = hunt->window.op_count,
			.format = plan->format,
		});
	lab_found_free(&found);
	lab_isolate_close(&isolate);
	return code;
}
