/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_FUZZ_COVER_H
#define LAB_FUZZ_COVER_H

#include "engine/sim.h"

/* What the fuzzing engine counts beside the edges, and what it is not to count. */

/* In LLVMFuzzerInitialize, with all modules loaded: a fork server that runs already takes no more edges. */
void lab_fuzz_cover_open(void);

/* Has a run count pairs, and leave out of the coverage what depends on earlier runs. */
void lab_fuzz_cover_options(struct lab_sim_options *options);

/* After a run: hands the pairs on to the engine. */
void lab_fuzz_cover_take(void);

/* What runs until the next call with false is not counted. */
void lab_fuzz_cover_pause(bool pauses);

#endif
