/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_sim_search.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "plat/clock.h"
#include "scenario/text.h"
#include "target/registry.h"

#define LOOK_EVERY 64u /* schedules between two looks at the clock, which is a system call */

enum lab_status lab_bench_sim_rig_open(struct lab_bench_sim_rig *rig, const struct lab_bench_sim_program *program,
				       char *message, size_t room)
{
	const struct lab_target *target;
	struct lab_text_error error;
	enum lab_status status;
	bool hooked = false;
	char path[4096];

	if (!lab_target_find_module(program->module, path, sizeof(path))) {
		snprintf(message, room, "bench: targets/%s.so: expected beside the program", program->module);
		return LAB_INVALID;
	}
	status = lab_target_open_hooked(path, &target, &hooked, message, room);
	if (status != LAB_OK)
		return status;
	*rig = (struct lab_bench_sim_rig){.program = program};
	lab_scenario_init(&rig->scenario);
	lab_assert(lab_scenario_parse(program->text, strlen(program->text), &rig->scenario, &error) == LAB_OK);
	status = lab_sim_create(target, &rig->sim);
	if (status != LAB_OK)
		snprintf(message, room, "bench: the engine: %s", lab_status_name(status));
	return status;
}

void lab_bench_sim_rig_close(struct lab_bench_sim_rig *rig)
{
	if (rig->sim)
		lab_sim_destroy(rig->sim);
	lab_scenario_free(&rig->scenario);
}

static struct lab_strategy *strategy_of(const struct lab_bench_sim_search *search, uint64_t turn)
{
	const struct lab_strategy_options options = {.seed = search->seed + turn, .preemptions = LAB_NOBODY};

	return search->strategy ? lab_strategy_create(search->strategy, &options) : NULL;
}

static bool is_over(struct lab_bench_sim_search *search, uint64_t began_ns)
{
	if (search->schedules % LOOK_EVERY == 0)
		search->ns = lab_clock_thread_ns() - began_ns;
	return search->rule != LAB_RULE_COUNT || search->complete || search->schedules >= search->schedules_most ||
	       search->ns >= search->ns_most || (search->schedules % LOOK_EVERY == 0 && search->stopped());
}

/* Runs of a bound count for it when all of them are done. */
static void count_bound(struct lab_bench_sim_search *search, const struct lab_strategy *strategy, uint64_t *runs)
{
	++*runs;
	if (!strategy || strategy->bound <= search->bounds || search->bounds == LAB_BENCH_SIM_BOUNDS)
		return;
	search->within[search->bounds++] = *runs;
	*runs = 0;
}

/* False: a word was written that `settled` took for constant. */
static enum lab_status search_once(struct lab_bench_sim_rig *rig, struct lab_bench_sim_search *search,
				   uint64_t began_ns, bool *ret_outgrown)
{
	struct lab_strategy *strategy = strategy_of(search, 0);
	enum lab_status status = LAB_OK;
	uint64_t turn = 0, runs = 0;

	*ret_outgrown = false;
	while (status == LAB_OK && !*ret_outgrown && !is_over(search, began_ns)) {
		const struct lab_sim_options options = {
			.quiesce = true, .settled = search->settled, .strategy = strategy};
		struct lab_sim_result result;

		status = lab_sim_run(rig->sim, &rig->scenario, &options, &result);
		search->schedules++;
		search->steps += result.event_count;
		count_bound(search, strategy, &runs);
		*ret_outgrown = result.outgrown;
		if (result.found)
			search->rule = result.finding.rule;
		if (!strategy || !strategy->done)
			continue;
		search->complete = strategy->complete && !search->repeats;
		if (!search->repeats)
			break;
		lab_strategy_destroy(strategy);
		strategy = strategy_of(search, ++turn);
	}
	if (strategy)
		lab_strategy_destroy(strategy);
	return status;
}

enum lab_status lab_bench_sim_search(struct lab_bench_sim_rig *rig, struct lab_bench_sim_search *search)
{
	uint64_t began_ns = lab_clock_thread_ns();
	enum lab_status status;
	bool outgrown;

	do {
		search->schedules = search->steps = 0;
		search->bounds = 0;
		search->complete = false;
		search->rule = LAB_RULE_COUNT;
		status = search_once(rig, search, began_ns, &outgrown);
		if (outgrown) {
			lab_sim_settle(rig->sim);
			began_ns = lab_clock_thread_ns();
		}
	} while (outgrown && status == LAB_OK);
	search->ns = lab_clock_thread_ns() - began_ns;
	return status;
}
