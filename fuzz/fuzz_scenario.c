/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdio.h>
#include <xxhash.h>

#include "scenario/decode.h"

/*
 * A whole scenario on the deterministic engine with a scheduling point at every access of the target: operations,
 * interrupts, firing points and every choice of the schedule are the fuzzer's bytes.
 *
 * An input in so many, by its own bytes, runs twice: what leaks from one run into the next is R17. Only of a hooked
 * target, whose memory is put back.
 */
#define TWICE_ONE_IN 64u

static struct lab_sim *sim;
static struct lab_scenario scenario;
static bool hooked;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	sim = lab_fuzz_engine(lab_fuzz_target_hooked(&hooked));
	lab_fuzz_scenario_init(&scenario);
	return 0;
}

static void run_again(const struct lab_sim_options *options, const struct lab_sim_result *first)
{
	struct lab_finding finding = {.rule = LAB_R17_DETERMINISM, .frame = UINT64_MAX};
	struct lab_sim_result second;

	lab_fuzz_run_uncounted(sim, &scenario, options, &second);
	if (second.event_hash == first->event_hash)
		return;
	snprintf(finding.detail, sizeof(finding.detail), "event hash %016llx, run again %016llx",
		 (unsigned long long)first->event_hash, (unsigned long long)second.event_hash);
	lab_fuzz_report(&finding);
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
	if (hooked && XXH3_64bits(bytes, count) % TWICE_ONE_IN == 0)
		run_again(&options, &result);
	return 0;
}
