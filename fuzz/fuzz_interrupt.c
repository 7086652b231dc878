/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "scenario/decode.h"

/*
 * A whole scenario on the deterministic engine: operations, nested interrupts and every choice of the schedule are the
 * fuzzer's bytes.
 */

static struct lab_sim *sim;
static struct lab_scenario scenario;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	sim = lab_fuzz_engine(lab_fuzz_target());
	lab_fuzz_scenario_init(&scenario);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct lab_sim_options options = {0};
	struct lab_sim_result result;

	lab_scenario_decode(bytes, count, &scenario);
	options.quiesce = lab_fuzz_quiesces(&scenario, count);
	lab_fuzz_run(sim, &scenario, &options, &result);
	lab_fuzz_event_hash = result.event_hash;
	if (result.found)
		lab_fuzz_report(&result.finding);
	return 0;
}
