/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_FUZZ_FUZZ_H
#define LAB_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "engine/sim.h"

/* The entry points that every fuzzing engine and the stand-alone driver know. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* What the fuzz targets share. */

/* The event hash of the input that ran last; 0 where a fuzz target has none. The driver compares it between runs. */
extern uint64_t lab_fuzz_event_hash;

/* Set before abort: what ends the process is a finding, and no broken promise of our own. */
extern int lab_fuzz_found;

/* The target named by $LABYRINTH_TARGET, or `core`; ends the process with one line if it cannot be had. */
const struct lab_target *lab_fuzz_target(void);

/* The same with a scheduling point at each access, where it has such a module or is one; else *ret_hooked is false. */
const struct lab_target *lab_fuzz_target_hooked(bool *ret_hooked);

/* An engine for the target; ends the process with one line if it cannot be had. */
struct lab_sim *lab_fuzz_engine(const struct lab_target *target);

/* Room for all that the fuzz form can hold: an array that grows is a way of the process and not of the input. */
void lab_fuzz_scenario_init(struct lab_scenario *scenario);

/* Runs the scenario; ends the process with one line if the system denies what it takes. */
void lab_fuzz_run(struct lab_sim *sim, const struct lab_scenario *scenario, const struct lab_sim_options *options,
		  struct lab_sim_result *ret_result);
/* The same, and the fuzzing engine does not see it. */
void lab_fuzz_run_uncounted(struct lab_sim *sim, const struct lab_scenario *scenario,
			    const struct lab_sim_options *options, struct lab_sim_result *ret_result);

/*
 * Whether a run is to end with the rules of quiescence, which take every frame and cost most of a run's time on a large
 * machine: small machines always, of large ones one input in four, by its own size, so that equal inputs run equally.
 */
bool lab_fuzz_quiesces(const struct lab_scenario *scenario, size_t input_bytes);

/* Prints "finding: R01 ..." and aborts: every engine keeps the input of an abort. */
_Noreturn void lab_fuzz_report(const struct lab_finding *finding);

#endif
