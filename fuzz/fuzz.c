/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "cover.h"
#include "report/finding.h"
#include "scenario/arrays.h"
#include "target/registry.h"

#define SMALL_FRAMES 512u

/*
 * AddressSanitizer's stacks on the heap find uses after return, for a fifth of the time; in a build with another
 * sanitizer nobody calls this.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

uint64_t lab_fuzz_event_hash;
int lab_fuzz_found;

static _Noreturn void cannot(const char *what, const char *why)
{
	fprintf(stderr, "labyrinth: %s: %s\n", what, why);
	_Exit(3);
}

static const char *target_name(void)
{
	const char *name = getenv("LABYRINTH_TARGET");

	return name && name[0] ? name : "core";
}

const struct lab_target *lab_fuzz_target(void)
{
	const struct lab_target *target;
	char message[256];

	if (lab_target_open(target_name(), &target, message, sizeof(message)) != LAB_OK)
		cannot("LABYRINTH_TARGET", message);
	return target;
}

const struct lab_target *lab_fuzz_target_hooked(bool *ret_hooked)
{
	const struct lab_target *target;
	char message[256];

	if (lab_target_open_hooked(target_name(), &target, ret_hooked, message, sizeof(message)) != LAB_OK)
		cannot("LABYRINTH_TARGET", message);
	return target;
}

struct lab_sim *lab_fuzz_engine(const struct lab_target *target)
{
	struct lab_sim *sim;
	enum lab_status status = lab_sim_create(target, &sim);

	if (status != LAB_OK)
		cannot("engine", lab_status_name(status));
	lab_fuzz_cover_open();
	return sim;
}

void lab_fuzz_scenario_init(struct lab_scenario *scenario)
{
	const size_t contexts = LAB_FUZZ_TASK_MAX + LAB_FUZZ_LINE_MAX;

	lab_scenario_init(scenario);
	lab_scenario_reserve(scenario, contexts, contexts * LAB_FUZZ_OP_MAX, LAB_FUZZ_DIRECTIVE_MAX,
			     LAB_FUZZ_SCHEDULE_MAX);
}

bool lab_fuzz_quiesces(const struct lab_scenario *scenario, size_t input_bytes)
{
	return scenario->machine.frame_count <= SMALL_FRAMES || input_bytes % 4 == 0;
}

static void run(struct lab_sim *sim, const struct lab_scenario *scenario, const struct lab_sim_options *options,
		struct lab_sim_result *ret_result)
{
	enum lab_status status = lab_sim_run(sim, scenario, options, ret_result);

	if (status != LAB_OK)
		cannot("run", lab_status_name(status));
}

void lab_fuzz_run(struct lab_sim *sim, const struct lab_scenario *scenario, const struct lab_sim_options *options,
		  struct lab_sim_result *ret_result)
{
	struct lab_sim_options counted = *options;

	lab_fuzz_cover_options(&counted);
	run(sim, scenario, &counted, ret_result);
	lab_fuzz_cover_take();
}

void lab_fuzz_run_uncounted(struct lab_sim *sim, const struct lab_scenario *scenario,
			    const struct lab_sim_options *options, struct lab_sim_result *ret_result)
{
	lab_fuzz_cover_pause(true);
	run(sim, scenario, options, ret_result);
	lab_fuzz_cover_pause(false);
}

void lab_fuzz_report(const struct lab_finding *finding)
{
	char line[LAB_FINDING_LINE];

	lab_finding_line(finding, line, sizeof(line));
	fprintf(stderr, "%s\n", line);
	lab_fuzz_found = 1;
	abort();
}
